"""Participants from a spreadsheet, as base64: over HTTP the file goes as it is (`web.importing`)."""

import asyncio
import base64
import binascii
import enum
from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.events.graphql.changing import own_event, unit
from services.events.graphql.parts import Navigator
from services.events.graphql.types import SERVICE
from services.events.registration import importing
from services.events.registration.importing import Entries, Outcome, Preview
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.rates import Rate
from services.kit.resolvers import here, who

FILES = Rate("participants", 60, per=600)
"""Files that one organiser has read."""


@strawberry.enum(
    description="UNCHANGED: takes part already. WAITING: stays on the waiting list. UNKNOWN: not in the directory. "
    "WRONG: has to be corrected."
)
class ImportOutcome(enum.Enum):
    ADDED = "added"
    UNCHANGED = "unchanged"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    WRONG = "wrong"


@strawberry.type(description="A row of the file and what becomes of it.")
class ImportLine:
    place: str = strawberry.field(description="Where it stands, for people.")
    name: str = strawberry.field(description="As the file says it.")
    outcome: ImportOutcome
    navigator: Navigator | None


@strawberry.type(description="Something to correct, or that was decided for the reader.")
class ImportRemark:
    place: str
    field: str
    message: str


@strawberry.type(description="What importing a list of participants does, or would do.")
class ParticipantImport:
    tag: str = strawberry.field(description="Send it with the same file to do what is shown here.")
    added: int
    unchanged: int
    waiting: int
    unknown: int
    wrong: int
    lines: list[ImportLine]
    problems: list[ImportRemark] = strawberry.field(description="While there are any, nobody is added.")
    notes: list[ImportRemark]

    @classmethod
    def of(cls, found: Preview) -> Self:
        return cls(
            tag=found.tag,
            **{outcome.value: found.count(outcome) for outcome in Outcome},
            lines=[
                ImportLine(
                    place=one.place,
                    name=one.name,
                    outcome=ImportOutcome(one.outcome.value),
                    navigator=Navigator(id=ID(one.navigator)) if one.navigator else None,
                )
                for one in found.lines
            ],
            problems=[ImportRemark(place=one.row, field=one.field, message=one.message) for one in found.problems],
            notes=[ImportRemark(place=one.place, field="", message=one.message) for one in found.notes],
        )


async def _read(info: Info[Any, Any], name: str, file: str) -> Entries:
    await here(info, SERVICE).rates.take(FILES, who(info).subject)
    try:
        content = base64.b64decode(file, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(_("The file is not in base64.")) from None
    return await asyncio.to_thread(importing.read, name, content)


@strawberry.type
class ImportQuery:
    @strawberry.field(
        description="What a list of participants (XLSX, ODS or CSV, in base64) would change; changes nothing. `name` "
        "is the file's."
    )
    async def preview_participants(
        self, info: Info[Any, Any], event: ID, file: str, name: str = ""
    ) -> ParticipantImport:
        runtime = here(info, SERVICE)
        await runtime.refresh("directory")
        async with runtime.db.read(who(info).acting) as session:
            row = await own_event(info, session, event)
        said = await _read(info, name, file)
        async with runtime.db.read(who(info).acting) as session:
            return ParticipantImport.of(await importing.preview(session, row, said))


@strawberry.type
class ImportMutation:
    @strawberry.mutation(
        description="Add the people of a list as its preview `tag` showed, all or nobody. OUTDATED if it would show "
        "something else now. A `reason` is needed, and kept, against the rules of a registration."
    )
    async def import_participants(
        self, info: Info[Any, Any], event: ID, file: str, tag: str, name: str = "", reason: str = ""
    ) -> ParticipantImport:
        said = await _read(info, name, file)
        done = await unit(info, event, lambda session, row: importing.apply(session, row, said, tag, reason))
        return ParticipantImport.of(done)
