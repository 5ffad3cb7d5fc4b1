"""Plans of an open space: asked for, changed by hand, published, changed again while the day runs."""

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import insert as upsert

from services.events import notices
from services.events.models import (
    ABSENT,
    AgendaPlan,
    Event,
    OpenSpace,
    Participant,
    Proposal,
    ProposalPerson,
    Session,
    SessionSeat,
)
from services.events.openspace import board, interests, overview, proposals, solving, venue
from services.events.openspace.proposals import ACCEPTED, ALIVE, CONVENER, OPEN, PLANNED, turn
from services.events.openspace.question import Fault, Place, Question, Room, Topic, faults, numbered, sessions
from services.events.openspace.venue import Venue
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, NotFound, Problem
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid

MOST_PLANS: Final = 30
MOST_MOVED: Final = 2
"""How many sessions a plan for a running day moves, unless the organiser says otherwise."""


async def question(session: Reader, event: Event, now: dt.datetime) -> tuple[Question, dict[str, str]]:
    """What there is to plan as of `now`, and the titles of the topics by id.

    Whoever has left the event, did not come or went home neither wishes nor hosts.
    """
    asked, titles, _people = await _asked(session, event, now)
    return asked, titles


async def _asked(
    session: Reader, event: Event, now: dt.datetime
) -> tuple[Question, dict[str, str], dict[int, uuid.UUID]]:
    """The same, and who the question's people are."""
    place = await venue.venue(session, event.id)
    rows = (
        await session.scalars(select(Proposal).where(Proposal.event_id == event.id).order_by(Proposal.number))
    ).all()
    topics = {row.id: row for row in rows if row.status in ALIVE}
    needs: dict[uuid.UUID, set[str]] = {}
    for row in rows:
        needs.setdefault(row.root, set()).update(row.needs)
    hosts = await _hosts(session, event)
    wishes = {
        str(person): {str(root): weight for root, weight in each.items() if root in topics}
        for person, each in (await interests.all_of(session, event.id)).items()
    }
    hosted: dict[str, list[str]] = {}
    for root, people in hosts.items():
        for person in people if root in topics else ():
            hosted.setdefault(str(person), []).append(str(root))
    away: dict[str, list[str]] = {}
    for person, slot in place.away:
        if str(person) in hosted:
            away.setdefault(str(person), []).append(str(slot))
    number = numbered(wishes, hosted, away)
    at = {str(key): i for i, key in enumerate(topics)}
    asked = Question(
        slots=tuple(str(slot.id) for slot in place.slots),
        rooms=tuple(Room(str(room.id), room.capacity, tuple(room.features)) for room in place.rooms),
        topics=tuple(
            Topic(
                id=str(key),
                needs=tuple(sorted(needs[key])),
                times=row.times,
                conveners=tuple(sorted(number[str(one)] for one in hosts.get(key, ()))),
                required=row.status == ACCEPTED,
            )
            for key, row in topics.items()
        ),
        people=len(number),
        wishes=tuple(
            sorted((number[one], at[topic], weight) for one, each in wishes.items() for topic, weight in each.items())
        ),
        closed=tuple(sorted((str(room), str(slot)) for room, slot in place.closed)),
        away=tuple(sorted((number[one], slot) for one, slots in away.items() for slot in slots)),
        frozen=tuple(str(slot.id) for slot in place.slots if slot.starts <= now),
        was=tuple(await published(session, event)),
    )
    whose = {row: uuid.UUID(person) for person, row in number.items()}
    return asked, {str(key): row.title for key, row in topics.items()}, whose


async def _hosts(session: Reader, event: Event) -> dict[uuid.UUID, list[uuid.UUID]]:
    query = (
        select(Proposal.root, ProposalPerson.navigator_id)
        .join(ProposalPerson, ProposalPerson.proposal_id == Proposal.id)
        .join(Participant, Participant.navigator_id == ProposalPerson.navigator_id)
        .where(Proposal.event_id == event.id, Participant.event_id == event.id, ProposalPerson.role == CONVENER)
        .where(Participant.attendance.not_in(ABSENT))
        .distinct()
    )
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for root, navigator in await session.execute(query):
        found.setdefault(root, []).append(navigator)
    return found


async def published(session: Reader, event: Event) -> list[Place]:
    query = select(Session).where(Session.event_id == event.id).order_by(Session.proposal_id, Session.part)
    rows = await session.scalars(query)
    return [Place(str(row.proposal_id), row.part, str(row.slot_id), str(row.room_id)) for row in rows]


async def titles(session: Reader, event: Event) -> dict[str, str]:
    """The titles of all proposals by id."""
    found = select(Proposal.id, Proposal.title).where(Proposal.event_id == event.id)
    return {str(key): title for key, title in await session.execute(found)}


# Drafts -----------------------------------------------------------------------------------------------------------


def check(asked: Question) -> None:
    """Raises Conflict where there is nothing to plan, or nowhere."""
    if not asked.slots or not asked.rooms:
        raise Conflict(_("Please enter rooms and times first."))
    if not asked.topics:
        raise Conflict(_("There are no proposals to plan."))
    features = {feature for room in asked.rooms for feature in room.features}
    if lacking := sorted({need for topic in asked.topics for need in topic.needs} - features):
        raise Conflict(_("No room has what some topics need: {needs}.", needs=", ".join(lacking)))


async def keep(session: Writer, event: Event, asked: Question, **values: Any) -> AgendaPlan:
    """A new draft; beyond MOST_PLANS, the oldest that was never published makes room."""
    old = select(AgendaPlan.id).where(AgendaPlan.event_id == event.id, AgendaPlan.revision.is_(None))
    gone = (
        await session.scalars(old.order_by(AgendaPlan.created_at.desc(), AgendaPlan.id).offset(MOST_PLANS - 1))
    ).all()
    await session.execute(delete(AgendaPlan).where(AgendaPlan.id.in_(gone)))
    key = uuid.uuid4()
    await session.execute(
        insert(AgendaPlan).values(id=key, event_id=event.id, question=msgspec.to_builtins(asked), **values)
    )
    return (await session.scalars(select(AgendaPlan).where(AgendaPlan.id == key))).one()


async def plan_by_id(session: Reader, value: str) -> AgendaPlan:
    key = as_uuid(value)
    found = (await session.scalars(select(AgendaPlan).where(AgendaPlan.id == key))).one_or_none() if key else None
    if found is None:
        raise NotFound(_("There is no such plan."))
    return found


def agenda(answer: Mapping[str, Any] | None) -> list[Place]:
    """The sessions of a plan's answer. Raises Conflict while it has none."""
    if answer is None:
        raise Conflict(_("This plan is not finished yet."))
    return msgspec.convert(answer["agenda"], list[Place])


def pinned(parent: AgendaPlan, asked: Question) -> list[Place]:
    """The pinned sessions of a draft that can be planned still. Raises Conflict while it is not finished."""
    pins = {(topic, part) for topic, part in (parent.answer or {}).get("pinned", ())}
    there = {(topic.id, part) for topic, part in sessions(asked)}
    return [place for place in agenda(parent.answer) if (place.topic, place.part) in pins & there and place.slot]


# Publishing -------------------------------------------------------------------------------------------------------


async def publish(session: Writer, event: Event, wanted: Sequence[Place], now: dt.datetime) -> int:
    """Make this the event's agenda, give everybody their seats, and return its revision; wishes are closed then.

    Raises Conflict with every hard rule that it breaks as things are now, not as they were when it was planned.
    """
    await turn(session, event)
    asked, titles, people = await _asked(session, event, now)
    placed = [place for place in wanted if place.slot is not None]
    required = {topic.id for topic in asked.topics if topic.required} - {place.topic for place in placed}
    found = faults(asked, [*placed, *(Place(topic, 1) for topic in sorted(required))])
    if found:
        place = await venue.venue(session, event.id)
        words = list(dict.fromkeys(told(fault, titles, place) for fault in found))
        raise Conflict(
            _("This plan cannot be published as things are: {reason}", reason=words[0]), [Problem(one) for one in words]
        )
    revision = await raised(session, event, close_wishes=True)
    async with _told(session, event, now, first=revision == 1):
        await _store(session, event, placed, titles, revision)
        await _seat(session, event, await asyncio.to_thread(solving.seats, asked, placed), people)
    here = [uuid.UUID(place.topic) for place in placed]
    mine = Proposal.event_id == event.id
    await session.execute(
        update(Proposal).where(mine, Proposal.id.in_(here), Proposal.status.in_(ALIVE)).values(status=PLANNED)
    )
    await session.execute(
        update(Proposal).where(mine, Proposal.id.not_in(here), Proposal.status == PLANNED).values(status=OPEN)
    )
    return revision


async def decide(
    session: Writer, event: Event, row: Proposal, status: str, times: int | None, now: dt.datetime
) -> None:
    """As `proposals.decide`; what is planned and cancelled leaves the published agenda, and its people hear of it."""
    planned = row.status == PLANNED
    async with _told(session, event, now):
        await proposals.decide(session, event, row, status, times)
    if planned:
        await raised(session, event)


@contextlib.asynccontextmanager
async def _told(session: Writer, event: Event, now: dt.datetime, *, first: bool = False) -> AsyncIterator[None]:
    """On the day, whoever is elsewhere after what is done within gets a mail; the `first` plan is no news."""
    on_the_day = event.date <= now.astimezone(ZoneInfo(event.timezone)).date() <= event.last_day
    if first or not on_the_day:
        yield
        return
    before = await _whereabouts(session, event)
    yield
    after = await _whereabouts(session, event)
    elsewhere = [one for one in sorted(after.keys() | before.keys()) if after.get(one) != before.get(one)]
    await notices.note(session, [notices.notice(event.id, one, notices.SESSIONS) for one in elsewhere])


async def raised(session: Writer, event: Event, *, close_wishes: bool = False) -> int:
    """The next revision of the published agenda, which the boards hear of."""
    values: dict[str, Any] = {"revision": OpenSpace.revision + 1, "changed_at": sql.now()}
    values |= {"wishes_open": False} if close_wishes else {}
    first = {"event_id": event.id, "revision": 1, "wishes_open": not close_wishes}
    statement = upsert(OpenSpace).values(**first).on_conflict_do_update(index_elements=["event_id"], set_=values)
    revision = (await session.execute(statement.returning(OpenSpace.revision))).scalar_one()
    await board.tell(session, event.id)
    return revision


async def open_wishes(session: Writer, event: Event, *, wanted: bool) -> None:
    """Let people say what interests them, or not any more."""
    values = {"wishes_open": wanted}
    statement = upsert(OpenSpace).values(event_id=event.id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["event_id"], set_=values))


async def _store(
    session: Writer, event: Event, placed: Sequence[Place], titles: Mapping[str, str], revision: int
) -> None:
    query = select(Session).where(Session.event_id == event.id)
    before = {(str(row.proposal_id), row.part): row for row in await session.scalars(query)}
    gone = [row.id for key, row in before.items() if key not in {(place.topic, place.part) for place in placed}]
    await session.execute(delete(Session).where(Session.id.in_(gone)))
    for place in placed:
        was = before.get((place.topic, place.part))
        at = {"slot_id": uuid.UUID(place.slot), "room_id": uuid.UUID(place.room), "title": titles[place.topic]}
        if was is None:
            key = {"id": uuid.uuid4(), "event_id": event.id, "proposal_id": uuid.UUID(place.topic), "part": place.part}
            await session.execute(insert(Session).values(**key, **at))
        elif (was.slot_id, was.room_id) != (at["slot_id"], at["room_id"]):
            moved = {"moved_in": revision, "was_slot": was.slot_id, "was_room": was.room_id}
            await session.execute(update(Session).where(Session.id == was.id).values(**at, **moved))
        elif was.title != at["title"]:
            await session.execute(update(Session).where(Session.id == was.id).values(title=at["title"]))


async def _seat(
    session: Writer, event: Event, seats: Sequence[tuple[int, str, int]], people: Mapping[int, uuid.UUID]
) -> None:
    """Store who attends what (person, topic, part) instead of what was stored before."""
    query = select(Session.proposal_id, Session.part, Session.id).where(Session.event_id == event.id)
    keys = {(str(topic), part): key for topic, part, key in await session.execute(query)}
    await session.execute(delete(SessionSeat).where(SessionSeat.event_id == event.id))
    rows = [
        {"event_id": event.id, "navigator_id": people[person], "session_id": keys[topic, part]}
        for person, topic, part in seats
    ]
    if rows:
        await session.execute(insert(SessionSeat), rows)


async def _whereabouts(session: Reader, event: Event) -> dict[uuid.UUID, set[tuple[uuid.UUID, ...]]]:
    """In which sessions everybody has a seat or hosts, with slot and room."""
    found: dict[uuid.UUID, set[tuple[uuid.UUID, ...]]] = {}
    there = overview.expected([event.id])
    places = select(there.c.person, Session.id, Session.slot_id, Session.room_id)
    for person, *place in await session.execute(places.join(Session, Session.id == there.c.session)):
        found.setdefault(person, set()).add(tuple(place))
    return found


# Words ------------------------------------------------------------------------------------------------------------


def told(fault: Fault, titles: Mapping[str, str], place: Venue) -> str:
    """What is wrong, for the organiser."""
    session, other = fault.session, fault.other
    rooms = {str(room.id): room.name for room in place.rooms}
    times = {str(slot.id): number for number, slot in enumerate(place.slots, 1)}
    said = {
        "title": titles.get(session.topic, "…"),
        "other": titles.get(other.topic, "…") if other else "",
        "room": rooms.get(session.room or "", "…"),
        "slot": times.get(session.slot or "", "…"),
    }
    return {
        "twice": _("„{title}“ and „{other}“ are both in {room} in slot {slot}.", **said),
        "closed": _("„{title}“ is in {room} in slot {slot}, which cannot be used then.", **said),
        "away": _("Somebody who hosts „{title}“ is not there in slot {slot}.", **said),
        "features": _("„{title}“ needs a feature that {room} does not have.", **said),
        "convener": _("Somebody would host „{title}“ and „{other}“ at the same time, in slot {slot}.", **said),
        "itself": _("„{title}“ would take place twice in slot {slot}.", **said),
        "gone": _("„{title}“ or its place is not there any more.", **said),
        "over": _("Slot {slot} has begun: „{title}“ cannot come there or leave it.", **said),
        "required": _("„{title}“ was accepted and must be planned.", **said),
    }[fault.kind]
