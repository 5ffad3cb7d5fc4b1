"""Retrospectives and quotes, for organisers, their cities and whoever has a personal link."""

import enum
import uuid
from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.events import access, trips, voices
from services.events import models as m
from services.events.graphql.linked import at, whose
from services.events.graphql.parts import Navigator
from services.events.graphql.types import SERVICE, City, Event
from services.kit.db import HUB, Reader
from services.kit.errors import NotFound, Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, load, who


@strawberry.enum
class VoiceKind(enum.Enum):
    QUESTION = "QUESTION"
    WISH = "WISH"
    CRITICISM = "CRITICISM"
    PRAISE = "PRAISE"


@strawberry.type(description="Something said in a retrospective.")
class RetroEntry:
    id: ID
    kind: VoiceKind
    text: str
    author: Navigator | None = strawberry.field(description="Null where it was said without a name.")
    reply: str
    hidden: bool

    @classmethod
    def of(cls, row: m.RetroEntry) -> Self:
        author = Navigator(id=ID(str(row.navigator_id))) if row.navigator_id else None
        return cls(
            id=ID(str(row.id)), kind=VoiceKind(row.kind), text=row.text, author=author, reply=row.reply,
            hidden=row.hidden,
        )  # fmt: skip


@strawberry.type(description="What somebody agreed to be quoted with.")
class Quote:
    id: ID
    text: str
    city: City
    navigator: Navigator | None = strawberry.field(description="Null where the name shall not stand beside it.")
    chosen: bool = strawberry.field(description="For the report, by the organiser.")

    @classmethod
    def of(cls, row: m.Quote, ags: str) -> Self:
        named = Navigator(id=ID(str(row.navigator_id))) if row.named else None
        return cls(id=ID(str(row.id)), text=row.text, city=City(ags=ID(ags)), navigator=named, chosen=row.chosen)


async def retrospective_of(info: Info[Any, Any], event: Event) -> list[RetroEntry]:
    """Hidden entries are for the organiser alone."""
    if not access.may_see_people(who(info), event.row):
        return []
    own = access.organises(who(info), event.row)
    found = await load(info, SERVICE, voices.entries, event.row.id)
    return [RetroEntry.of(one) for one in found if own or not one.hidden]


async def quotes_of(info: Info[Any, Any], event: Event) -> list[Quote]:
    if not access.may_see_people(who(info), event.row):
        return []
    return [Quote.of(one, ags) for one, ags in await load(info, SERVICE, voices.quotes, event.row.id)]


@strawberry.type
class VoiceQuery:
    @strawberry.field(description="The board of an event that whoever has the link takes part in.")
    async def retrospective(self, info: Info[Any, Any], link: str, event: ID) -> list[RetroEntry]:
        key, mine = await at(info, link, event)
        async with here(info, SERVICE).db.read(HUB) as session:
            if await session.get(m.Participant, (key, mine)) is None:
                raise NotFound(_("There is no such event."))
            return [RetroEntry.of(one) for one in (await voices.entries(session, [key]))[0] if not one.hidden]


async def _event_of(info: Info[Any, Any], session: Reader, found: m.RetroEntry | m.Quote | None, words: str) -> None:
    """Raises NotFound or Forbidden unless it belongs to an event that the caller organises."""
    event = (await trips.by_id(session, [found.event_id]))[0] if found else None
    if event is None:
        raise NotFound(words)
    access.may_change(who(info), event)


@strawberry.type
class VoiceMutation:
    @strawberry.mutation(description="Say something on the board of an event that one takes part in.")
    async def say_in_retrospective(
        self, info: Info[Any, Any], link: str, event: ID, kind: VoiceKind, text: str, named: bool = False
    ) -> RetroEntry:
        key, mine = await at(info, link, event)
        async with here(info, SERVICE).db.begin(HUB) as session:
            return RetroEntry.of(await voices.speak(session, key, mine, kind.value, text, named=named))

    @strawberry.mutation(description="Take back what one said with one's name.")
    async def take_back_retro_entry(self, info: Info[Any, Any], link: str, id: ID) -> bool:
        mine = await whose(info, link)
        async with here(info, SERVICE).db.begin(HUB) as session:
            await voices.take_back(session, as_uuid(id) or uuid.UUID(int=0), mine.person, mine.event)
        return True

    @strawberry.mutation(description="Reply to an entry or take it off the board, as the organiser.")
    async def moderate_retro_entry(
        self, info: Info[Any, Any], id: ID, reply: str | None = None, hidden: bool | None = None
    ) -> RetroEntry:
        async with here(info, SERVICE).db.begin(who(info).acting) as session:
            key = as_uuid(id)
            found = await voices.entry_by_id(session, key) if key else None
            await _event_of(info, session, found, _("There is no such entry."))
            assert found is not None
            await voices.moderate(session, found, reply=reply, hidden=hidden)
            return RetroEntry.of(found)

    @strawberry.mutation(description="Agree to be quoted in reports; `consent` has to be true.")
    async def give_quote(
        self, info: Info[Any, Any], link: str, event: ID, text: str, consent: bool, named: bool = False
    ) -> ID:
        if not consent:
            message = _("Nobody is quoted without their consent.")
            raise Refused(message, [Problem(message, field="consent")])
        key, mine = await at(info, link, event)
        async with here(info, SERVICE).db.begin(HUB) as session:
            return ID(str((await voices.quote(session, key, mine, text, named=named)).id))

    @strawberry.mutation(description="Do not be quoted any more; what one gave is deleted.")
    async def withdraw_quote(self, info: Info[Any, Any], link: str, id: ID) -> bool:
        mine = await whose(info, link)
        async with here(info, SERVICE).db.begin(HUB) as session:
            await voices.withdraw_quote(session, as_uuid(id) or uuid.UUID(int=0), mine.person, mine.event)
        return True

    @strawberry.mutation(description="Choose a quote for the report, or not, as the organiser.")
    async def choose_quote(self, info: Info[Any, Any], id: ID, chosen: bool) -> bool:
        async with here(info, SERVICE).db.begin(who(info).acting) as session:
            key = as_uuid(id)
            found = await voices.quote_by_id(session, key) if key else None
            await _event_of(info, session, found, _("There is no such quote."))
            assert found is not None
            await voices.choose(session, found.id, chosen=chosen)
        return chosen
