"""Contacts of a day: two who sat at one table stay in contact when both want it, and only for as long.

Until then neither sees more of the other than every table does. Sessions here act for the hub: people come with links.
"""

import uuid
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from services.events.models import City, Contact, Event, Navigator, Participant, Registration, Seat
from services.kit.db import Reader, Writer
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _

OPEN, WANTED, ASKED, AGREED = "OPEN", "WANTED", "ASKED", "AGREED"
"""Nobody said anything; oneself wants it; the other wants it; both do."""
MOST: Final = 500
MOST_EVENTS: Final = 200


class Met(NamedTuple):
    """Somebody of one's tables. `email` is empty until both agreed, and where the other shows none to the network."""

    id: uuid.UUID
    name: str
    city: str
    department: str
    email: str
    state: str
    tables: tuple[tuple[int, int], ...] = ()
    """Round and number of each table that they shared."""


class Taken(NamedTuple):
    """An event that somebody takes or took part in, or is registered for; `state` is that of the registration."""

    event: Event
    state: str
    tables: tuple[tuple[int, int], ...]


async def of_event(session: Reader, event_id: uuid.UUID, person: uuid.UUID) -> list[Met]:
    """Everybody with whom the person shares a table or a contact, by name."""
    own, other = aliased(Seat), aliased(Seat)
    same = and_(other.event_id == own.event_id, other.round == own.round, other.number == own.number)
    shared: dict[uuid.UUID, list[tuple[int, int]]] = {}
    query = (
        select(other.navigator_id, other.round, other.number)
        .join(own, same)
        .where(own.event_id == event_id, own.navigator_id == person, other.navigator_id != person)
        .order_by(other.round)
        .limit(MOST)
    )
    for key, round_, number in await session.execute(query):
        shared.setdefault(key, []).append((round_, number))
    wants, wanted = await _said(session, person, event_id)
    people = await _people(session, {*shared, *wants, *wanted})
    return [
        _met(row, city, _state(row.id in wants, row.id in wanted), tuple(shared.get(row.id, ())))
        for row, city in people
    ]


async def agreed(session: Reader, person: uuid.UUID) -> list[tuple[Met, uuid.UUID]]:
    """Everybody with whom the person is in contact, by name, and the event where they met."""
    mine, theirs = aliased(Contact), aliased(Contact)
    both = and_(
        theirs.event_id == mine.event_id, theirs.navigator_id == mine.other_id, theirs.other_id == mine.navigator_id
    )
    query = select(mine.other_id, mine.event_id).join(theirs, both).where(mine.navigator_id == person).limit(MOST)
    found: dict[uuid.UUID, uuid.UUID] = dict((await session.execute(query)).all())
    people = await _people(session, found)
    return [(_met(row, city, AGREED), found[row.id]) for row, city in people]


async def want(session: Writer, event_id: uuid.UUID, person: uuid.UUID, other: uuid.UUID) -> Met:
    """Say that one wants to stay in contact. Raises NotFound for somebody with whom one shares no table."""
    await _one(session, event_id, person, other)
    row = {"event_id": event_id, "navigator_id": person, "other_id": other}
    await session.execute(upsert(Contact).values(row).on_conflict_do_nothing())
    return await _one(session, event_id, person, other)


async def end(session: Writer, event_id: uuid.UUID, person: uuid.UUID, other: uuid.UUID) -> Met:
    """Take that back; neither sees the other's address any more. Raises NotFound."""
    found = await _one(session, event_id, person, other)
    of = Contact
    own = and_(of.event_id == event_id, of.navigator_id == person, of.other_id == other)
    await session.execute(delete(of).where(own))
    return found._replace(state=_state(False, found.state in {ASKED, AGREED}), email="")


async def _one(session: Reader, event_id: uuid.UUID, person: uuid.UUID, other: uuid.UUID) -> Met:
    found = next((one for one in await of_event(session, event_id, person) if one.id == other), None)
    if found is None:
        raise NotFound(_("You shared no table with this person."))
    return found


async def events_of(session: Reader, person: uuid.UUID) -> list[Taken]:
    """The person's events, newest first, with their tables."""
    takes = select(Participant.event_id).where(Participant.navigator_id == person)
    registered = select(Registration.event_id, Registration.state).where(Registration.navigator_id == person)
    states: dict[uuid.UUID, str] = dict((await session.execute(registered.limit(MOST))).all())
    taking = set((await session.scalars(takes.limit(MOST))).all())
    query = select(Event).where(Event.id.in_({*states, *taking})).order_by(Event.date.desc(), Event.id)
    rows = (await session.scalars(query.limit(MOST_EVENTS))).all()
    seats: dict[uuid.UUID, list[tuple[int, int]]] = {}
    sat = select(Seat).where(Seat.navigator_id == person).order_by(Seat.event_id, Seat.round).limit(MOST)
    for seat in await session.scalars(sat):
        seats.setdefault(seat.event_id, []).append((seat.round, seat.number))
    return [
        Taken(row, states.get(row.id, "registered" if row.id in taking else ""), tuple(seats.get(row.id, ())))
        for row in rows
    ]


async def about(session: Reader, person: uuid.UUID) -> list[dict[str, Any]]:
    """For an export: with whom the person wants to stay in contact."""
    query = select(Contact).where(Contact.navigator_id == person).order_by(Contact.at).limit(MOST)
    return [
        {"event": str(row.event_id), "with": str(row.other_id), "at": row.at.isoformat()}
        for row in await session.scalars(query)
    ]


async def _said(session: Reader, person: uuid.UUID, event_id: uuid.UUID) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """Whom the person wants to stay in contact with, and who with them."""
    of = Contact
    wants = select(of.other_id).where(of.event_id == event_id, of.navigator_id == person).limit(MOST)
    wanted = select(of.navigator_id).where(of.event_id == event_id, of.other_id == person).limit(MOST)
    return set((await session.scalars(wants)).all()), set((await session.scalars(wanted)).all())


async def _people(session: Reader, keys: Iterable[uuid.UUID]) -> list[tuple[Navigator, str]]:
    query = (
        select(Navigator, City.name)
        .outerjoin(City, City.ags == Navigator.ags)
        .where(Navigator.id.in_(list(keys)))
        .order_by(Navigator.sort_key, Navigator.id)
    )
    return [(row, name or row.ags) for row, name in await session.execute(query)]


def _met(row: Navigator, city: str, state: str, tables: tuple[tuple[int, int], ...] = ()) -> Met:
    return Met(row.id, row.name, city, row.department, row.email if state == AGREED else "", state, tables)


def _state(wants: bool, wanted: bool) -> str:
    return AGREED if wants and wanted else WANTED if wants else ASKED if wanted else OPEN
