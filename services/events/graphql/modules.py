"""Modules and programmes in the graph."""

import uuid
from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.events import access, modules
from services.events import models as m
from services.events.modules import ModuleDraft, ProgrammeDraft
from services.kit.db import Writer
from services.kit.errors import NotFound, Refused
from services.kit.graphql import Connection, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, load, place_of, read, who

SERVICE = "events"


@strawberry.type(description="A qualification module: what events of the kind MODULE teach, however often.")
class Module:
    id: ID
    row: strawberry.Private[m.Module]
    host: ID = strawberry.field(description="AGS of the city, or the two digits of the state, that offers it.")
    title: str
    summary: str
    goals: list[str] = strawberry.field(description="What those who attended can do afterwards.")

    @classmethod
    def of(cls, row: m.Module) -> Self:
        return cls(
            id=ID(str(row.id)),
            row=row,
            host=ID(row.host),
            title=row.title,
            summary=row.summary,
            goals=list(row.goals),
        )

    @strawberry.field(description="Modules that one should have attended before.")
    async def prerequisites(self, info: Info[Any, Any]) -> list["Module"]:
        return await _modules(info, self.row.prerequisites)


@strawberry.type(description="Modules that together make a year.")
class Programme:
    id: ID
    row: strawberry.Private[m.Programme]
    host: ID = strawberry.field(description="AGS of the city, or the two digits of the state.")
    title: str
    year: int

    @classmethod
    def of(cls, row: m.Programme) -> Self:
        return cls(id=ID(str(row.id)), row=row, host=ID(row.host), title=row.title, year=row.year)

    @strawberry.field(description="In the order in which they are attended.")
    async def modules(self, info: Info[Any, Any]) -> list[Module]:
        return await _modules(info, self.row.modules)


async def _modules(info: Info[Any, Any], keys: list[uuid.UUID]) -> list[Module]:
    found = [await load(info, SERVICE, modules.by_id, key) for key in keys]
    return [Module.of(row) for row in found if row]


@strawberry.input
class ModuleInput:
    title: str
    host: ID = strawberry.field(description="AGS of the city, or the two digits of the state, that offers it.")
    summary: str = ""
    goals: list[str] = strawberry.field(default_factory=list)
    prerequisites: list[ID] = strawberry.field(default_factory=list, description="Modules to attend before.")

    def as_draft(self) -> ModuleDraft:
        return ModuleDraft(self.title, self.host, self.summary, tuple(self.goals), tuple(self.prerequisites))


@strawberry.input
class ProgrammeInput:
    title: str
    host: ID = strawberry.field(description="AGS of the city, or the two digits of the state.")
    year: int
    modules: list[ID] = strawberry.field(default_factory=list, description="In the order in which they are attended.")

    def as_draft(self) -> ProgrammeDraft:
        return ProgrammeDraft(self.title, self.host, self.year, tuple(self.modules))


@strawberry.type
class Query:
    @strawberry.field
    async def module(self, info: Info[Any, Any], id: ID) -> Module | None:
        key = as_uuid(id)
        row = await load(info, SERVICE, modules.by_id, key) if key else None
        return Module.of(row) if row else None

    @strawberry.field(description="Modules by title; of one city (AGS) or state (two digits) if given.")
    async def modules(
        self, info: Info[Any, Any], host: ID | None = None, first: int = 20, after: str | None = None
    ) -> Connection[Module]:
        place = place_of(after)
        async with read(info, SERVICE) as session:
            rows = await modules.page(session, page_size(first) + 1, after=place, host=host)
        return Connection.of(
            [Module.of(row) for row in rows], lambda node: encode_cursor(node.title, node.id), first, after
        )

    @strawberry.field
    async def programme(self, info: Info[Any, Any], id: ID) -> Programme | None:
        key = as_uuid(id)
        row = await load(info, SERVICE, modules.programme_by_id, key) if key else None
        return Programme.of(row) if row else None

    @strawberry.field(description="Programmes, newest year first; of one city or state, of one year if given.")
    async def programmes(
        self,
        info: Info[Any, Any],
        host: ID | None = None,
        year: int | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[Programme]:
        place = place_of(after)
        if place is not None and not place[0].isdecimal():
            raise Refused(_("„after“ is not a cursor of this list."))
        async with read(info, SERVICE) as session:
            rows = await modules.programmes(session, page_size(first) + 1, after=place, host=host, year=year)
        return Connection.of(
            [Programme.of(row) for row in rows], lambda node: encode_cursor(str(node.year), node.id), first, after
        )


@strawberry.type
class Mutation:
    @strawberry.mutation(description="A new module of the caller's city or state.")
    async def create_module(self, info: Info[Any, Any], module: ModuleInput) -> Module:
        runtime, asking = here(info, SERVICE), who(info)
        access.may_offer(asking, module.host)
        async with runtime.db.begin(asking.acting) as session:
            return Module.of(await modules.create_module(session, asking.subject, module.as_draft()))

    @strawberry.mutation(description="Replace a module's data.")
    async def change_module(self, info: Info[Any, Any], id: ID, module: ModuleInput) -> Module:
        runtime, asking = here(info, SERVICE), who(info)
        access.may_offer(asking, module.host)
        async with runtime.db.begin(asking.acting) as session:
            row = await _own(session, info, modules.by_id, id)
            return Module.of(await modules.change_module(session, row, module.as_draft()))

    @strawberry.mutation(description="A new programme of the caller's city or state.")
    async def create_programme(self, info: Info[Any, Any], programme: ProgrammeInput) -> Programme:
        runtime, asking = here(info, SERVICE), who(info)
        access.may_offer(asking, programme.host)
        async with runtime.db.begin(asking.acting) as session:
            return Programme.of(await modules.create_programme(session, asking.subject, programme.as_draft()))

    @strawberry.mutation(description="Replace a programme's data and modules.")
    async def change_programme(self, info: Info[Any, Any], id: ID, programme: ProgrammeInput) -> Programme:
        runtime, asking = here(info, SERVICE), who(info)
        access.may_offer(asking, programme.host)
        async with runtime.db.begin(asking.acting) as session:
            row = await _own(session, info, modules.programme_by_id, id)
            return Programme.of(await modules.change_programme(session, row, programme.as_draft()))


async def _own(session: Writer, info: Info[Any, Any], by_id: Any, value: str) -> Any:
    """The module or programme with this id, which the caller may change. Raises NotFound or Forbidden."""
    key = as_uuid(value)
    row = (await by_id(session, [key]))[0] if key else None
    if row is None:
        raise NotFound(_("There is no such module or programme."))
    access.may_rework(who(info), row)
    return row
