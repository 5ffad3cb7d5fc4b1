"""Who attended which module of a programme, and one's own way through modules; in the graph."""

import enum
import uuid
from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.events import modules, qualification
from services.events.graphql.linked import person
from services.events.graphql.modules import Module, Programme
from services.events.graphql.parts import Navigator
from services.events.graphql.types import SERVICE, Event
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.graphql import Connection, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, place_of, who


@strawberry.enum(description="BOOKED until the event is over, then ATTENDED unless the person stayed away.")
class ModuleState(enum.Enum):
    ATTENDED = "ATTENDED"
    BOOKED = "BOOKED"
    OPEN = "OPEN"


@strawberry.type(description="A module that somebody attended or booked, and at which event.")
class ModuleStep:
    module: ID
    event: Event
    state: ModuleState


@strawberry.type(description="Somebody's way through a programme.")
class ProgrammePerson:
    navigator: Navigator
    steps: list[ModuleStep] = strawberry.field(description="In the programme's order.")
    lacking: list[ID] = strawberry.field(description="Modules that they have not attended, in the programme's order.")
    sort_key: strawberry.Private[str]

    @classmethod
    def of(cls, one: qualification.Person, order: list[uuid.UUID]) -> Self:
        steps = [(key, one.steps[key]) for key in order if key in one.steps]
        return cls(
            navigator=Navigator(id=ID(str(one.navigator.id))),
            steps=[
                ModuleStep(module=ID(str(key)), event=Event.of(step.event), state=ModuleState(step.state))
                for key, step in steps
            ],
            lacking=[ID(str(key)) for key in one.lacking],
            sort_key=one.navigator.sort_key,
        )


@strawberry.type(description="A coming event of a module, and the state of one's own registration if there is one.")
class ModuleDate:
    event: Event
    registration: str | None


@strawberry.type(description="A module on one's own way.")
class MyModule:
    module: Module
    state: ModuleState
    event: Event | None = strawberry.field(description="At which it was attended or is booked.")
    missing: list[Module] = strawberry.field(description="Modules to attend before, neither attended nor booked.")
    coming: list[ModuleDate] = strawberry.field(description="In which one's city takes part, next first.")

    @classmethod
    def of(cls, one: qualification.Own) -> Self:
        return cls(
            module=Module.of(one.module), state=ModuleState(one.state),
            event=Event.of(one.event) if one.event else None,
            missing=[Module.of(row) for row in one.missing],
            coming=[ModuleDate(event=Event.of(event), registration=state or None) for event, state in one.coming],
        )  # fmt: skip


@strawberry.type(description="A programme of one's city or state; without one, what was attended beside them.")
class MyProgramme:
    programme: Programme | None
    modules: list[MyModule]


@strawberry.type
class QualificationQuery:
    @strawberry.field(
        description="Who attended which module of a programme, by name: one's own city's navigators, and who takes "
        "part in events of it that one organises; with `lacking`, those who have not attended that module."
    )
    async def programme_people(
        self, info: Info[Any, Any], programme: ID, lacking: ID | None = None, first: int = 20, after: str | None = None
    ) -> Connection[ProgrammePerson]:
        key, without, place = as_uuid(programme), as_uuid(lacking or ""), place_of(after)
        async with here(info, SERVICE).db.read(HUB) as session:
            row = (await modules.programme_by_id(session, [key]))[0] if key else None
            if row is None or (lacking and without not in row.modules):
                raise NotFound(_("There is no such module or programme."))
            found = await qualification.people(
                session, who(info), row, page_size(first) + 1, after=place, lacking=without
            )
        return Connection.of(
            [ProgrammePerson.of(one, row.modules) for one in found],
            lambda node: encode_cursor(node.sort_key, node.navigator.id), first, after,
        )  # fmt: skip

    @strawberry.field(description="What the person whose personal link it is attended, and what comes next.")
    async def my_modules(self, info: Info[Any, Any], link: str) -> list[MyProgramme]:
        key = await person(info, link)
        async with here(info, SERVICE).db.read(HUB) as session:
            return [
                MyProgramme(
                    programme=Programme.of(one.programme) if one.programme else None,
                    modules=[MyModule.of(way) for way in one.modules],
                )
                for one in await qualification.own(session, key)
            ]
