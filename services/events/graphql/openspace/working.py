"""What the resolvers of an open space share: who acts, one unit of work, and what they are shown afterwards."""

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import msgspec
import strawberry
from sqlalchemy import select
from strawberry import ID, Info

from services.events import access, trips
from services.events import models as m
from services.events.graphql.openspace.plans import OpenSpacePlan, plans_of
from services.events.graphql.openspace.types import (
    ActionItem,
    MyOpenSpace,
    MySession,
    MyWish,
    OpenSpaceBoard,
    Proposal,
    Wish,
)
from services.events.graphql.parts import Topic
from services.events.graphql.types import SERVICE
from services.events.openspace import board, callers, interests, merging, overview
from services.events.openspace.callers import Caller, Link
from services.events.openspace.likeness import Likeness
from services.events.openspace.overview import Overview
from services.kit.db import HUB, NOBODY, Writer
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, read, who


class Work(msgspec.Struct, frozen=True):
    """A unit of work in an event's open space."""

    session: Writer
    event: m.Event
    caller: Caller
    now: dt.datetime


async def event_of(session: Any, value: str) -> m.Event:
    """Raises NotFound."""
    key = as_uuid(value)
    row: m.Event | None = (await trips.by_id(session, [key]))[0] if key else None
    if row is None:
        raise NotFound(_("There is no such event."))
    return row


def link_of(info: Info[Any, Any], link: str | None) -> Link | None:
    """What a link says. Raises NotFound for one that does not count."""
    return callers.read(here(info, SERVICE).settings, link) if link else None


@asynccontextmanager
async def working(info: Info[Any, Any], event: str, link: str | None = None) -> AsyncIterator[Work]:
    """A unit of work for whoever comes with this link or, without one, with a token. Raises as `callers.find`."""
    runtime, said, asking = here(info, SERVICE), link_of(info, link), who(info)
    if said is None:
        access.ORGANISER.check(asking)
        await runtime.refresh("directory")  # who names people should see those just published
    async with runtime.db.begin(callers.acting(asking, said)) as session:
        row = await event_of(session, event)
        caller = await callers.find(session, row, asking, said)
        yield Work(session, row, caller, dt.datetime.now(dt.UTC))


@strawberry.type(description="Why two proposals may be about the same thing; a person decides.")
class MergeSuggestion:
    one: ID
    other: ID
    score: float = strawberry.field(description="From 0 to 1.")
    words: list[str] = strawberry.field(description="What both write, in the words of the first.")
    topics: list[Topic]
    reason: str = strawberry.field(description="A sentence for people.")

    @classmethod
    def of(cls, row: Likeness) -> Self:
        said = [one if one.lower() == other.lower() else f"{one} / {other}" for one, other in row.words]
        parts = [_("Both write of {words}.", words=", ".join(f"„{one}“" for one in said))] if said else []
        parts += [_("Both have topics in common.")] if row.topics else []
        return cls(
            one=ID(row.one),
            other=ID(row.other),
            score=round(row.score, 2),
            words=[one for one, _other in row.words],
            topics=[Topic(code=ID(code)) for code in row.topics],
            reason=" ".join(parts) or _("They are written alike."),
        )


@strawberry.type(description="An open space as it is now, for whoever asks.")
class OpenSpace:
    found: strawberry.Private[Overview]
    caller: strawberry.Private[Caller]
    wishes_open: bool
    board: OpenSpaceBoard
    proposals: list[Proposal] = strawberry.field(
        description="By number; for the organiser, the event's cities and whoever has a link. People in them are for "
        "those who take part."
    )
    action_items: list[ActionItem] = strawberry.field(description="Of the event itself, beside those of its sessions.")
    me: MyOpenSpace | None = strawberry.field(description="For the person whose link it is.")

    @strawberry.field(description="The drafts of the agenda, newest first; for the organiser.")
    async def plans(self, info: Info[Any, Any]) -> list[OpenSpacePlan]:
        if not self.caller.organiser:
            return []
        async with read(info, SERVICE) as session:
            return await plans_of(session, self.found.event)

    @strawberry.field(description="Proposals that may be about the same thing, most alike first; for the organiser.")
    async def merge_suggestions(self, info: Info[Any, Any]) -> list[MergeSuggestion]:
        if not self.caller.organiser:
            return []
        async with read(info, SERVICE) as session:
            given = await merging.texts(session, self.found.event)
        return [MergeSuggestion.of(one) for one in await asyncio.to_thread(merging.suggested, given)]

    @strawberry.field(description="What a QR code at the event leads to: proposing and reading; for the organiser.")
    def event_link(self, info: Info[Any, Any]) -> str | None:
        if not self.caller.organiser:
            return None
        event = self.found.event
        return callers.write(here(info, SERVICE).settings, callers.EVENT, event.id, event.date)


async def shown(info: Info[Any, Any], event: str, link: str | None = None) -> OpenSpace:
    """The open space for whoever comes with this link or token, or with neither. Raises NotFound, and Forbidden for a
    link of another event.
    """
    runtime, said, asking = here(info, SERVICE), link_of(info, link), who(info)
    async with runtime.db.read(HUB) as session:
        row = await event_of(session, event)
        caller = await callers.find(session, row, asking, said) if said else Caller()
        seen = said is not None or access.may_see_people(asking, row)
        now = await board.read(session, row.id)
        now = now if seen else board.public(now)
        counts = await interests.counts(session, row.id) if seen else {}
        wishes = await interests.of_person(session, row.id, caller.person) if caller.person else {}
        seats = await overview.seats(session, row.id, caller.person) if caller.person else frozenset()
    if said is None and access.organises(asking, row) and access.ORGANISER.allows(asking):
        caller = Caller(organiser=True)
    acting = HUB if said else asking.acting if seen else NOBODY
    async with runtime.db.read(acting) as session:
        found = await overview.overview(session, row, counts)
        away = await _away(session, row, caller)
    people = seen and (said is None or caller.person is not None or caller.notes is not None)
    files_at = f"{runtime.settings.url_of(SERVICE)}/events/{row.id}/open-space/files"
    return OpenSpace(
        found=found,
        caller=caller,
        wishes_open=found.wishes_open,
        board=OpenSpaceBoard.of(now),
        proposals=[Proposal.of(one, files_at, people=people) for one in found.proposals],
        action_items=[ActionItem.of(one) for one in found.actions],
        me=_mine(found, caller, wishes, away, seats) if caller.person else None,
    )


async def _away(session: Any, event: m.Event, caller: Caller) -> list[ID]:
    query = select(m.Absence.slot_id).where(m.Absence.event_id == event.id, m.Absence.navigator_id == caller.person)
    return [ID(str(slot)) for slot in await session.scalars(query)] if caller.person else []


def _mine(
    found: Overview, caller: Caller, wishes: dict[Any, int], away: list[ID], seats: frozenset[uuid.UUID]
) -> MyOpenSpace:
    me = caller.person
    assert me is not None
    topics = found.proposals
    return MyOpenSpace(
        wishes=[MyWish(proposal=ID(str(key)), wish=Wish.of(weight)) for key, weight in wishes.items()],
        sessions=[MySession.of(one) for one in overview.choices(found, wishes, me, seats)],
        proposed=[ID(str(one.row.id)) for one in topics if me in {author.id for author in one.authors}],
        hosted=[ID(str(one.row.id)) for one in topics if me in {host.id for host in one.conveners}],
        away=away,
    )
