"""Buses: vehicles with seats, points where people board, who sits where, and the roll-call."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select, update

from services.events import trips
from services.events.draft import CLOCK
from services.events.models import Boarding, BoardingPoint, Event, Participant, Registration, Vehicle
from services.events.notices import note, notice
from services.events.registration import attendance
from services.events.registration.book import Book
from services.events.registration.desk import press
from services.events.registration.reading import Key, Standing
from services.kit.checks import Checks
from services.kit.db import Reader, Writer, put
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.service import Runtime

MOST_VEHICLES = 200
MOST_SEATS = 1_000
MOST_POINTS = 20
MOST_DELAY = 24 * 60


@dataclass(frozen=True)
class Point:
    """`leaves` is HH:MM on the event's clock."""

    name: str
    leaves: str
    id: uuid.UUID | None = None


@dataclass(frozen=True)
class Draft:
    name: str
    leg: str
    seats: int
    points: tuple[Point, ...]
    id: uuid.UUID | None = None


async def set_vehicle(session: Writer, event: Event, draft: Draft) -> Event:
    """A new vehicle, or one changed; who boards at a point that stays keeps their seat. Raises Refused or Conflict."""
    clean = _checked(draft)
    await trips.lock(session, event.id)
    vehicles = {row.id: row for row in await session.scalars(select(Vehicle).where(Vehicle.event_id == event.id))}
    if draft.id is not None and draft.id not in vehicles:
        raise NotFound(_("There is no such vehicle."))
    if draft.id is None and len(vehicles) >= MOST_VEHICLES:
        raise Refused(_("At most {most} vehicles, please.", most=MOST_VEHICLES))
    vehicle_id = draft.id or uuid.uuid4()
    if draft.id is not None:
        await _fits(session, vehicles[vehicle_id], clean)
    values = {"name": clean.name, "leg": clean.leg, "seats": clean.seats}
    await put(session, Vehicle, {"id": vehicle_id}, {"event_id": event.id, **values})
    if await _set_points(session, event, vehicle_id, clean.points):
        await _tell(session, event, vehicle_id, "bus")
    return event


def _checked(draft: Draft) -> Draft:
    checks = Checks()
    name = checks.text("vehicle", "name", draft.name, 100)
    checks.number("vehicle", "seats", draft.seats, 1, MOST_SEATS)
    if not 1 <= len(draft.points) <= MOST_POINTS:
        checks.add("vehicle", "points", _("Choose a number from {least} to {most}.", least=1, most=MOST_POINTS))
    points = []
    for i, point in enumerate(draft.points[:MOST_POINTS]):
        if not CLOCK.fullmatch(point.leaves):
            checks.add(f"points[{i}]", "leaves", _("A time looks like 09:30."))
        points.append(Point(checks.text(f"points[{i}]", "name", point.name, 200), point.leaves, point.id))
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))
    return Draft(name, draft.leg, draft.seats, tuple(points), draft.id)


async def _fits(session: Reader, vehicle: Vehicle, draft: Draft) -> None:
    """Nobody loses a seat by a change. Raises Conflict."""
    seats = (await session.scalars(select(Boarding).where(Boarding.vehicle_id == vehicle.id))).all()
    if seats and (draft.leg != vehicle.leg or max(one.seat for one in seats) > draft.seats):
        raise Conflict(_("People have seats in this vehicle that it would not have any more."))
    if {one.point_id for one in seats} - {point.id for point in draft.points}:
        raise Conflict(_("People board at a point that would be gone."))


async def _set_points(session: Writer, event: Event, vehicle_id: uuid.UUID, points: Sequence[Point]) -> bool:
    """Whether a point that was there before changed."""
    mine = BoardingPoint.vehicle_id == vehicle_id
    before = {row.id: (row.name, row.leaves) for row in await session.scalars(select(BoardingPoint).where(mine))}
    if {point.id for point in points if point.id} - before.keys():
        raise NotFound(_("There is no such boarding point."))
    kept = {point.id for point in points if point.id}
    await session.execute(delete(BoardingPoint).where(mine, BoardingPoint.id.not_in(kept)))
    moved = False
    for point in points:
        local = dt.datetime.combine(event.date, dt.time.fromisoformat(point.leaves), ZoneInfo(event.timezone))
        values: dict[str, Any] = {"name": point.name, "leaves": local.astimezone(dt.UTC)}
        moved |= point.id is not None and before[point.id] != (values["name"], values["leaves"])
        owned = {"event_id": event.id, "vehicle_id": vehicle_id}
        await put(session, BoardingPoint, {"id": point.id or uuid.uuid4()}, {**owned, **values})
    return moved


async def moved(session: Writer, event: Event, timezone: str) -> None:
    """The event has another day or clock: people board at the same time of that day. `timezone` is the one before."""
    for point in await session.scalars(select(BoardingPoint).where(BoardingPoint.event_id == event.id)):
        clock = point.leaves.astimezone(ZoneInfo(timezone)).time()
        point.leaves = dt.datetime.combine(event.date, clock, ZoneInfo(event.timezone)).astimezone(dt.UTC)


async def remove_vehicle(session: Writer, event: Event, vehicle_id: uuid.UUID) -> Event:
    """The vehicle is gone with all its seats; who had one is told."""
    vehicle = await _vehicle(session, event, vehicle_id)
    await _tell(session, event, vehicle_id, "bus_gone", name=vehicle.name)
    await session.execute(delete(Vehicle).where(Vehicle.id == vehicle_id))
    return event


async def delay(session: Writer, event: Event, vehicle_id: uuid.UUID, minutes: int) -> Event:
    """It runs late by so many minutes (0: on time again); who sits in it is told."""
    checks = Checks()
    checks.number("vehicle", "minutes", minutes, 0, MOST_DELAY)
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))
    vehicle = await _vehicle(session, event, vehicle_id)
    if vehicle.delay != minutes:
        vehicle.delay = minutes
        await _tell(session, event, vehicle_id, "bus")
    return event


async def _vehicle(session: Writer, event: Event, vehicle_id: uuid.UUID) -> Vehicle:
    await trips.lock(session, event.id)
    row = await session.get(Vehicle, vehicle_id)
    if row is None or row.event_id != event.id:
        raise NotFound(_("There is no such vehicle."))
    return row


async def _tell(session: Writer, event: Event, vehicle_id: uuid.UUID, kind: str, **details: str) -> None:
    aboard = (await session.scalars(select(Boarding.navigator_id).where(Boarding.vehicle_id == vehicle_id))).all()
    await note(session, [notice(event.id, key, kind, **details) for key in aboard])


# Seats ----------------------------------------------------------------------------------------------------------------


async def seat(session: Writer, event: Event, point_id: uuid.UUID, navigators: Sequence[str]) -> Event:
    """Give people seats, lowest numbers first, for those who board at this point. Raises Refused or Conflict."""
    people = await trips.people(session, event, navigators)
    await trips.lock(session, event.id)
    await give_seats(session, event.id, point_id, people)
    return event


async def give_seats(session: Writer, event_id: uuid.UUID, point_id: uuid.UUID, people: Collection[uuid.UUID]) -> None:
    """Within the event's turn: a seat for each or for none. Who sits in the vehicle already keeps the seat, who sits
    in another on the same leg leaves it.
    """
    point = await session.get(BoardingPoint, point_id)
    vehicle = await session.get(Vehicle, point.vehicle_id) if point else None
    if point is None or vehicle is None or point.event_id != event_id:
        raise NotFound(_("There is no such boarding point."))
    placed = select(Registration.navigator_id).where(
        Registration.event_id == event_id, Registration.state == "registered", Registration.navigator_id.in_(people)
    )
    there = select(Participant.navigator_id).where(
        Participant.event_id == event_id, Participant.navigator_id.in_(people)
    )
    if set(people) - set(await session.scalars(placed.union(there))):
        raise Conflict(_("Only who has a place in the event gets a seat."))
    rows = (await session.scalars(select(Boarding).where(Boarding.vehicle_id == vehicle.id))).all()
    seated = {row.navigator_id for row in rows}
    stays = (Boarding.vehicle_id == vehicle.id, Boarding.navigator_id.in_(people))
    await session.execute(update(Boarding).where(*stays).values(point_id=point.id))
    new = [key for key in people if key not in seated]
    used = {row.seat for row in rows}
    free = [number for number in range(1, vehicle.seats + 1) if number not in used]
    if len(free) < len(new):
        raise Conflict(_("There are {free} free seats in {vehicle}.", free=len(free), vehicle=vehicle.name))
    elsewhere = (Boarding.event_id == event_id, Boarding.leg == vehicle.leg, Boarding.navigator_id.in_(new))
    await session.execute(delete(Boarding).where(*elsewhere))
    if new:
        same = {"event_id": event_id, "leg": vehicle.leg, "vehicle_id": vehicle.id, "point_id": point.id}
        await session.execute(
            insert(Boarding),
            [{**same, "navigator_id": key, "seat": number} for key, number in zip(new, free, strict=False)],
        )


async def board(runtime: Runtime, key: Key, point_id: uuid.UUID) -> Standing:
    """A person takes a seat for themselves."""

    async def step(book: Book, row: Registration) -> None:
        book.still()
        await book.session.flush()  # who registered in the same batch
        await give_seats(book.session, key[0], point_id, [row.navigator_id])

    return await press(runtime, *key, step)


async def alight(runtime: Runtime, key: Key, leg: str) -> Standing:
    """A person gives their seat back and travels by themselves."""

    async def step(book: Book, row: Registration) -> None:
        mine = (Boarding.event_id == key[0], Boarding.navigator_id == row.navigator_id, Boarding.leg == leg)
        await book.session.execute(delete(Boarding).where(*mine))

    return await press(runtime, *key, step)


async def roll_call(
    session: Writer, event: Event, vehicle_id: uuid.UUID, present: Sequence[str], absent: Sequence[str]
) -> Event:
    """Note who is there; on the way to the event they attend it. Who is not in the bus may still come by themselves.

    Raises Refused for somebody who has no seat in the vehicle, or is named in both.
    """
    vehicle = await _vehicle(session, event, vehicle_id)
    found = {True: set(trips.ids(present)), False: set(trips.ids(absent))}
    aboard = set(await session.scalars(select(Boarding.navigator_id).where(Boarding.vehicle_id == vehicle_id)))
    if found[True] & found[False] or (found[True] | found[False]) - aboard:
        raise Refused(_("The roll-call names people who have no seat in this vehicle, or somebody twice."))
    for there, people in found.items():
        mine = (Boarding.vehicle_id == vehicle_id, Boarding.navigator_id.in_(people))
        await session.execute(update(Boarding).where(*mine).values(present=there))
    if vehicle.leg == "there":
        await attendance.there(session, event, found[True])
    return event


# Reading --------------------------------------------------------------------------------------------------------------


async def vehicles(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Vehicle]]:
    """Of each event: there first, then back, by name."""
    found: dict[uuid.UUID, list[Vehicle]] = {key: [] for key in keys}
    query = select(Vehicle).where(Vehicle.event_id.in_(keys)).order_by(Vehicle.leg.desc(), Vehicle.name, Vehicle.id)
    for row in await session.scalars(query):
        found[row.event_id].append(row)
    return [found[key] for key in keys]


async def points(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[BoardingPoint]]:
    """Of each vehicle, by time."""
    found: dict[uuid.UUID, list[BoardingPoint]] = {key: [] for key in keys}
    query = select(BoardingPoint).where(BoardingPoint.vehicle_id.in_(keys))
    for row in await session.scalars(query.order_by(BoardingPoint.leaves, BoardingPoint.id)):
        found[row.vehicle_id].append(row)
    return [found[key] for key in keys]


async def aboard(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Boarding]]:
    """Of each vehicle, by seat."""
    found: dict[uuid.UUID, list[Boarding]] = {key: [] for key in keys}
    query = select(Boarding).where(Boarding.vehicle_id.in_(keys)).order_by(Boarding.seat)
    for row in await session.scalars(query):
        found[row.vehicle_id].append(row)
    return [found[key] for key in keys]


async def taken(session: Reader, keys: Sequence[uuid.UUID]) -> list[int]:
    """Seats of each vehicle that are given."""
    query = select(Boarding.vehicle_id, func.count()).where(Boarding.vehicle_id.in_(keys))
    found: dict[uuid.UUID, int] = dict(list(await session.execute(query.group_by(Boarding.vehicle_id))))
    return [found.get(key, 0) for key in keys]


async def mine(session: Reader, keys: Sequence[Key]) -> list[list[Boarding]]:
    """Where each person sits."""
    query = select(Boarding).where(
        Boarding.event_id.in_({event for event, _person in keys}),
        Boarding.navigator_id.in_({person for _event, person in keys}),
    )
    found: dict[Key, list[Boarding]] = {key: [] for key in keys}
    for row in await session.scalars(query.order_by(Boarding.leg.desc())):
        found.setdefault((row.event_id, row.navigator_id), []).append(row)
    return [found[key] for key in keys]
