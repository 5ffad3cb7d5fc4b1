"""Mails about registration: invitations and requests for a release at once, all else as one digest for each person.

What happens notes a `Notice` in its own unit of work; a regular task writes the mails. A digest waits until nothing
more happened for a while, so that who moved up, got a seat and heard of another room reads one mail and not three.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import delete, func, select, tuple_

from services.events import daylinks
from services.events.day import printable
from services.events.models import (
    Boarding,
    BoardingPoint,
    City,
    Event,
    Navigator,
    Notice,
    Registration,
    Room,
    Seat,
    Session,
    Slot,
    Vehicle,
)
from services.events.notices import CERTIFICATE, SEATS, SESSIONS
from services.events.openspace import overview
from services.events.registration import links, reading, wording
from services.events.registration.book import ASKED
from services.events.registration.reading import Key, Standing
from services.kit import i18n, mail
from services.kit.db import HUB, Database, Reader, Writer
from services.kit.errors import Refused
from services.kit.i18n import ngettext
from services.kit.service import Runtime

DIRECT = ("invitation", "contact", "release")
"""What nobody waits for."""
AFTERWARDS = frozenset({"follow_up", "survey", CERTIFICATE})
"""What is not about a booking: it comes with a way out, and to nobody who took it."""
OF_EVENT = frozenset({"event_changed", "event_cancelled"})
"""For who is invited and has not answered, neither are these."""
GONE = ("declined", "cancelled", "substituted")
ALL_OF = {"announcement": ("lines",), "survey": ("titles",)}
BATCH = 100
MOST_BATCHES = 50
QUIET = dt.timedelta(seconds=60)
LONGEST_QUIET = 5
"""A digest waits no longer than so many times `QUIET`, whatever goes on."""


@dataclass(frozen=True)
class World:
    """What the mails of one batch speak of."""

    runtime: Runtime
    events: dict[uuid.UUID, Event]
    people: dict[uuid.UUID, Navigator]
    cities: dict[str, City]
    rows: dict[Key, Registration]
    standings: dict[Key, Standing]
    boarding: dict[Key, list[tuple[Vehicle, BoardingPoint]]]
    seats: dict[Key, list[tuple[int, int]]]
    """Round and table, of people whose tables have moved."""
    sessions: dict[Key, list[tuple[dt.datetime, str, str]]]
    """When, what and where, of people whose sessions have moved."""

    def page(self, path: str) -> str:
        return f"{self.runtime.settings.url_of('events')}/events/{path}"

    def link(self, key: Key) -> str:
        """The person's own page of the event."""
        return daylinks.page(self.runtime.settings, self.events[key[0]], key[1])

    def unsubscribe(self, of: uuid.UUID | str) -> str:
        return self.page(f"invitations/{links.invitations(self.runtime.settings, of)}")

    def about(self, event: Event) -> dict[str, str]:
        """The event in words of the current language; one line each."""
        return {
            "title": printable(event.title),
            "date": wording.day(event),
            "place": ", ".join(filter(None, (printable(event.venue), printable(event.address)))),
        }


async def tell(runtime: Runtime, db: Database, quiet: dt.timedelta = QUIET) -> int:
    """Write what is due; returns how many mails were queued."""
    told = 0
    for step in (_direct, _digests):
        for _batch in range(MOST_BATCHES):
            async with db.begin(HUB) as session:
                found, mails = await step(session, runtime, quiet)
            told += mails
            if not found:
                break
    return told


# At once --------------------------------------------------------------------------------------------------------------


async def _direct(session: Writer, runtime: Runtime, _quiet: dt.timedelta) -> tuple[int, int]:
    query = select(Notice).where(Notice.kind.in_(DIRECT)).order_by(Notice.id).limit(BATCH)
    notices = (await session.scalars(query.with_for_update(skip_locked=True))).all()
    world = await _world(session, runtime, notices)
    told = 0
    for one in notices:
        write = {"invitation": _invitation, "contact": _contact, "release": _release}[one.kind]
        told += await write(session, world, one)
    await session.execute(delete(Notice).where(Notice.id.in_([one.id for one in notices])))
    return len(notices), told


async def _invitation(session: Writer, world: World, one: Notice) -> bool:
    assert one.navigator_id is not None
    person, event, key = world.people[one.navigator_id], world.events[one.event_id], (one.event_id, one.navigator_id)
    row = world.rows.get(key)
    if row is None or row.state != "invited" or event.status == "cancelled" or not person.invitable:
        return False
    return await _send(
        session, world, "invitation", person.email, row.language, f"invitation:{one.event_id}:{person.id}",
        event=event, unsubscribe=world.unsubscribe(person.id), name=printable(person.name),
        words=one.details.get("words", []), link=world.link(key),
    )  # fmt: skip


async def _contact(session: Writer, world: World, one: Notice) -> bool:
    city, event = world.cities.get(one.ags or ""), world.events[one.event_id]
    if city is None or not city.invitable or event.status == "cancelled":
        return False
    return await _send(
        session, world, "contact", city.email, one.details["language"], f"contact:{one.event_id}:{city.ags}",
        event=event, unsubscribe=world.unsubscribe(city.ags), city=printable(city.name),
        words=one.details.get("words", []),
    )  # fmt: skip


async def _release(session: Writer, world: World, one: Notice) -> bool:
    assert one.navigator_id is not None
    person, event = world.people[one.navigator_id], world.events[one.event_id]
    row = world.rows.get((one.event_id, one.navigator_id))
    if row is None or row.state != "registered" or row.release not in ASKED or event.status == "cancelled":
        return False
    return await _send(
        session, world, "release", row.superior, row.language,
        f"release:{one.event_id}:{person.id}:{row.release_asks}", event=event, name=printable(person.name),
        department=printable(person.department), before=_day_before(one, row.language),
        link=world.page(f"release/{links.superior(world.runtime.settings, event, row)}"),
    )  # fmt: skip


def _day_before(one: Notice, language: str) -> str:
    """For which day the superior was asked before, in words; empty for the first time."""
    before = one.details.get("before", "")
    with i18n.speaking(language):
        return wording.written(dt.date.fromisoformat(before)) if before else ""


# Digests --------------------------------------------------------------------------------------------------------------


async def _digests(session: Writer, runtime: Runtime, quiet: dt.timedelta) -> tuple[int, int]:
    now, waits = func.clock_timestamp(), Notice.kind.not_in(DIRECT)
    due = (
        select(Notice.navigator_id)
        .where(waits)
        .group_by(Notice.navigator_id)
        .having((func.max(Notice.at) <= now - quiet) | (func.min(Notice.at) <= now - LONGEST_QUIET * quiet))
        .order_by(func.min(Notice.id))
        .limit(BATCH)
    )
    query = select(Notice).where(waits, Notice.navigator_id.in_((await session.scalars(due)).all()))
    notices = (await session.scalars(query.order_by(Notice.id).with_for_update(skip_locked=True))).all()
    world = await _world(session, runtime, notices)
    told = 0
    by_person = sorted(notices, key=lambda one: (str(one.navigator_id), one.id))
    for person_id, those in groupby(by_person, key=lambda one: one.navigator_id):
        if person_id is not None:
            told += await _digest(session, world, world.people[person_id], list(those))
    await session.execute(delete(Notice).where(Notice.id.in_([one.id for one in notices])))
    return len(notices), told


async def _digest(session: Writer, world: World, person: Navigator, notices: list[Notice]) -> bool:
    languages = [row.language for one in notices if (row := world.rows.get((one.event_id, person.id)))]
    language = languages[-1] if languages else "de"
    with i18n.speaking(language):
        items, headlines, booked = [], [], False
        for event_id in dict.fromkeys(one.event_id for one in notices):
            event, key = world.events[event_id], (event_id, person.id)
            row = world.rows.get(key)
            kinds = _kinds([one for one in notices if one.event_id == event_id and _concerned(one, row)])
            free = AFTERWARDS if _booked(row) else AFTERWARDS | OF_EVENT
            if not person.invitable:
                kinds = {kind: details for kind, details in kinds.items() if kind not in free}
            booked = booked or bool(kinds.keys() - free)
            where = wording.Where(world.boarding.get(key, []), world.seats.get(key, []), world.sessions.get(key, []))
            said = wording.said(event, kinds, world.standings.get(key), where)
            if said.lines:
                link = "" if event.status == "cancelled" else world.link(key)
                items.append({**world.about(event), "lines": said.lines, "link": link})
                headlines.append(f"{said.headline}: {printable(event.title)}")
        if not items:
            return False
        count = len(items)
        subject = headlines[0] if count == 1 else ngettext("News of {number} event", "News of {number} events", count)
    way_out: dict[str, Any] = {} if booked else {"unsubscribe": world.unsubscribe(person.id)}
    return await _send(
        session, world, "status", person.email, language, f"status:{person.id}:{notices[-1].id}",
        name=printable(person.name), subject=subject, items=items, **way_out,
    )  # fmt: skip


def _booked(row: Registration | None) -> bool:
    """Whether news of the event are about a booking: not while somebody is invited and has not answered."""
    return row is None or row.state != "invited"


def _concerned(one: Notice, row: Registration | None) -> bool:
    """Who had not answered when it was noted and has declined since, is not written to."""
    return not one.details.get("invited") or (row is not None and row.state not in GONE)


def _kinds(notices: Iterable[Notice]) -> dict[str, dict[str, Any]]:
    """What was noted of one event, by kind: the newest of each, and of announcements and surveys all of them."""
    found: dict[str, dict[str, Any]] = {}
    for one in notices:
        before = found.pop(one.kind, {})
        together = {key: [*before.get(key, ()), *one.details.get(key, ())] for key in ALL_OF.get(one.kind, ())}
        found[one.kind] = one.details | together
    return found


async def _send(
    session: Writer, world: World, kind: str, to: str, language: str, key: str, *, event: Event | None = None,
    **values: Any,
) -> bool:  # fmt: skip
    """False where there is no address that mails can go to, or `key` made one before."""
    if not to:
        return False
    if event is not None:
        with i18n.speaking(language):
            values["event"] = world.about(event)
    try:
        return await mail.send(
            session, world.runtime.outbox, kind, to=to, language=language, key=key, **values,
        )  # fmt: skip
    except Refused:  # the city published something that is no address
        return False


# Looking up -----------------------------------------------------------------------------------------------------------


async def _world(session: Reader, runtime: Runtime, notices: Iterable[Notice]) -> World:
    """All that a batch needs, in a few statements."""
    keys = sorted({(one.event_id, one.navigator_id) for one in notices if one.navigator_id})
    events = {one.event_id for one in notices}
    people, cities = {key for _event, key in keys}, {one.ags for one in notices if one.ags}
    of_key = tuple_(Registration.event_id, Registration.navigator_id).in_(keys)
    rows = {(row.event_id, row.navigator_id): row for row in await session.scalars(select(Registration).where(of_key))}
    return World(
        runtime,
        {row.id: row for row in await session.scalars(select(Event).where(Event.id.in_(events)))},
        {row.id: row for row in await session.scalars(select(Navigator).where(Navigator.id.in_(people)))},
        {row.ags: row for row in await session.scalars(select(City).where(City.ags.in_(cities)))},
        rows,
        {(one.event_id, one.navigator_id): one for one in await reading.standings(session, keys) if one},
        await _boarding(session, keys),
        await _seats(session, [(one.event_id, one.navigator_id) for one in notices if one.kind == SEATS]),
        await _sessions(session, [(one.event_id, one.navigator_id) for one in notices if one.kind == SESSIONS]),
    )


async def _boarding(session: Reader, keys: list[Key]) -> dict[Key, list[tuple[Vehicle, BoardingPoint]]]:
    found: dict[Key, list[tuple[Vehicle, BoardingPoint]]] = {}
    query = (
        select(Boarding, Vehicle, BoardingPoint)
        .join(Vehicle, Vehicle.id == Boarding.vehicle_id)
        .join(BoardingPoint, BoardingPoint.id == Boarding.point_id)
        .where(tuple_(Boarding.event_id, Boarding.navigator_id).in_(keys))
        .order_by(BoardingPoint.leaves)
    )
    for row, vehicle, point in await session.execute(query):
        found.setdefault((row.event_id, row.navigator_id), []).append((vehicle, point))
    return found


async def _seats(
    session: Reader, keys: Sequence[tuple[uuid.UUID, uuid.UUID | None]]
) -> dict[Key, list[tuple[int, int]]]:
    found: dict[Key, list[tuple[int, int]]] = {}
    query = select(Seat).where(tuple_(Seat.event_id, Seat.navigator_id).in_(keys)).order_by(Seat.round)
    for row in await session.scalars(query) if keys else ():
        found.setdefault((row.event_id, row.navigator_id), []).append((row.round, row.number))
    return found


async def _sessions(
    session: Reader, keys: Sequence[tuple[uuid.UUID, uuid.UUID | None]]
) -> dict[Key, list[tuple[dt.datetime, str, str]]]:
    found: dict[Key, list[tuple[dt.datetime, str, str]]] = {}
    there = overview.expected({event for event, _person in keys})
    query = (
        select(Session.event_id, there.c.person, Slot.starts, Session.title, Room.name)
        .join(there, there.c.session == Session.id)
        .join(Slot, Slot.id == Session.slot_id)
        .join(Room, Room.id == Session.room_id)
        .where(tuple_(Session.event_id, there.c.person).in_(keys))
        .order_by(Slot.starts, Session.title)
    )
    for event, person, *place in await session.execute(query) if keys else ():
        found.setdefault((event, person), []).append((place[0], place[1], place[2]))
    return found
