"""Where somebody stands, and what organisers and cities see of registrations; nothing is changed here."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, tuple_

from services.events import modules
from services.events.models import (
    AgendaItem,
    Boarding,
    City,
    Event,
    Module,
    Navigator,
    Need,
    Participant,
    Registration,
    RegistrationException,
    RegistrationRules,
)
from services.events.registration.book import held
from services.events.registration.rules import quota
from services.kit.db import Reader
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

LONGEST_TURN = 19
"""Digits."""
Key = tuple[uuid.UUID, uuid.UUID]
"""Event and navigator."""


@dataclass(frozen=True)
class Standing:
    """Where one person stands; positions count from 1 and are there for those who wait."""

    event_id: uuid.UUID
    navigator_id: uuid.UUID
    ags: str
    state: str
    release: str
    direct: bool
    offered_until: datetime | None
    substitute: uuid.UUID | None
    superior: str
    position: int | None = None
    city_position: int | None = None


async def standings(session: Reader, keys: Sequence[Key]) -> list[Standing | None]:
    query = select(Registration).where(tuple_(Registration.event_id, Registration.navigator_id).in_(keys))
    found = {(row.event_id, row.navigator_id): row for row in await session.scalars(query)}
    waiting = sorted({row.event_id for row in found.values() if row.state == "waiting"})
    places = await positions(session, waiting) if waiting else {}
    return [_standing(found[key], places.get(key, (None, None))) if key in found else None for key in keys]


async def positions(session: Reader, events: Sequence[uuid.UUID]) -> dict[Key, tuple[int | None, int | None]]:
    """The place of everybody who waits, among all and among those of their city."""
    rank = func.row_number()
    query = select(
        Registration.event_id,
        Registration.navigator_id,
        rank.over(partition_by=Registration.event_id, order_by=Registration.turn),
        rank.over(partition_by=(Registration.event_id, Registration.ags), order_by=Registration.turn),
    ).where(Registration.event_id.in_(events), Registration.state == "waiting")
    return {(event, person): (among_all, own) for event, person, among_all, own in await session.execute(query)}


def _standing(row: Registration, place: tuple[int | None, int | None]) -> Standing:
    return Standing(
        row.event_id, row.navigator_id, row.ags, row.state, row.release, row.direct, row.offered_until, row.substitute,
        row.superior, *place,
    )  # fmt: skip


# For organisers and cities --------------------------------------------------------------------------------------------


async def rules(session: Reader, keys: Sequence[uuid.UUID]) -> list[RegistrationRules | None]:
    query = select(RegistrationRules).where(RegistrationRules.event_id.in_(keys))
    found = {row.event_id: row for row in await session.scalars(query)}
    return [found.get(key) for key in keys]


async def hours(session: Reader, event: uuid.UUID, ags: str) -> tuple[datetime | None, datetime | None]:
    """When the agenda begins and ends for the people of a city."""
    theirs = or_(AgendaItem.audience.is_(None), AgendaItem.audience == ags)
    until = func.coalesce(AgendaItem.ends, AgendaItem.starts)
    query = select(func.min(AgendaItem.starts), func.max(until)).where(AgendaItem.event_id == event, theirs)
    begins, ends = (await session.execute(query)).one()
    return begins, ends


async def page(
    session: Reader, event: uuid.UUID, limit: int, *, after: Sequence[str] | None = None, city: str | None = None,
    states: Sequence[str] = (), releases: Sequence[str] = (), name: str = "",
) -> list[tuple[Standing, str]]:  # fmt: skip
    """Registrations with the name they are sorted by; who waits in order first if only they are asked for.

    With `name`, those whose name has it in it.
    """
    by_turn = list(states) == ["waiting"]
    order = Registration.turn if by_turn else Navigator.sort_key
    query = (
        select(Registration, Navigator.sort_key)
        .join(Navigator, Navigator.id == Registration.navigator_id)
        .where(Registration.event_id == event)
        .order_by(order, Registration.navigator_id)
        .limit(limit)
    )
    if city is not None:
        query = query.where(Registration.ags == city)
    if name:
        query = query.where(Navigator.name.icontains(name, autoescape=True))
    if states:
        query = query.where(Registration.state.in_(states))
    if releases:
        query = query.where(Registration.release.in_(releases))
    if after is not None:
        if by_turn and not (after[0].isascii() and after[0].isdecimal() and len(after[0]) < LONGEST_TURN):
            raise Refused(_("„after“ is not a cursor of this list."))
        place: Any = int(after[0]) if by_turn else after[0]
        query = query.where(tuple_(order, Registration.navigator_id) > (place, uuid.UUID(after[1])))
    found = (await session.execute(query)).all()
    waits = any(row.state == "waiting" for row, _key in found)
    places = await positions(session, [event]) if waits else {}
    return [
        (_standing(row, places.get((event, row.navigator_id), (None, None))), str(row.turn) if by_turn else key)
        for row, key in found
    ]


async def participants(
    session: Reader, event: uuid.UUID, limit: int, *, after: Sequence[str] | None = None, city: str | None = None,
    name: str = "",
) -> list[Navigator]:  # fmt: skip
    """Some of an event's participants by name; those whose name has `name` in it."""
    query = (
        select(Navigator)
        .join(Participant, Participant.navigator_id == Navigator.id)
        .where(Participant.event_id == event)
        .order_by(Navigator.sort_key, Navigator.id)
        .limit(limit)
    )
    if city is not None:
        query = query.where(Navigator.ags == city)
    if name:
        query = query.where(Navigator.name.icontains(name, autoescape=True))
    if after is not None:
        query = query.where(tuple_(Navigator.sort_key, Navigator.id) > (after[0], uuid.UUID(after[1])))
    return list((await session.scalars(query)).all())


async def participates(session: Reader, event: uuid.UUID, person: uuid.UUID) -> bool:
    return await session.get(Participant, (event, person)) is not None


@dataclass(frozen=True)
class CityCount:
    """How one city of an event stands; `quota` None: no limit of its own."""

    ags: str
    quota: int | None
    taken: int
    states: dict[str, int]


async def counts(session: Reader, event: Event, rules: RegistrationRules) -> list[CityCount]:
    """Of every city of the event; of registrations that the session may see."""
    cities = [event.host, *event.guests]
    people = select(City.ags, City.population).where(City.ags.in_(cities))
    population: dict[str, int | None] = dict(list(await session.execute(people)))
    by_state = (
        select(Registration.ags, Registration.state, func.count())
        .where(Registration.event_id == event.id)
        .group_by(Registration.ags, Registration.state)
    )
    states: dict[str, dict[str, int]] = {ags: {} for ags in cities}
    for ags, state, count in await session.execute(by_state):
        states.setdefault(ags, {})[state] = count
    taken = await held(session, event.id)
    return [
        CityCount(ags, quota(rules.sizes, rules.parties, ags, population.get(ags)), taken[ags], of)
        for ags, of in sorted(states.items())
    ]


async def exceptions(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[RegistrationException]]:
    """Of each event, oldest first."""
    found: dict[uuid.UUID, list[RegistrationException]] = {key: [] for key in keys}
    query = select(RegistrationException).where(RegistrationException.event_id.in_(keys))
    for row in await session.scalars(query.order_by(RegistrationException.id)):
        found[row.event_id].append(row)
    return [found[key] for key in keys]


async def needs(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Need]]:
    """Of each event, by name."""
    found: dict[uuid.UUID, list[Need]] = {key: [] for key in keys}
    query = select(Need).join(Navigator, Navigator.id == Need.navigator_id).where(Need.event_id.in_(keys))
    for row in await session.scalars(query.order_by(Navigator.sort_key, Navigator.id)):
        found[row.event_id].append(row)
    return [found[key] for key in keys]


async def unprepared(session: Reader, event: Event) -> list[tuple[uuid.UUID, list[Module]]]:
    """Who has or hopes for a place and lacks modules that come before the event's, by name. Under HUB: people attended
    them wherever they were held.
    """
    if event.module_id is None:
        return []
    hoping = select(Registration.navigator_id).where(
        Registration.event_id == event.id, Registration.state.in_(["registered", "offered", "waiting"])
    )
    there = hoping.union(select(Participant.navigator_id).where(Participant.event_id == event.id))
    query = select(Navigator.id).where(Navigator.id.in_(there)).order_by(Navigator.sort_key, Navigator.id)
    people = (await session.scalars(query)).all()
    found = await modules.lacking(session, event, people)
    return [(key, found[key]) for key in people if key in found]


async def about(session: Reader, navigator_id: uuid.UUID) -> dict[str, Any]:
    """What registration holds about one person, as JSON."""
    registrations = await session.scalars(
        select(Registration).where(Registration.navigator_id == navigator_id).order_by(Registration.event_id)
    )
    seats = await session.scalars(
        select(Boarding).where(Boarding.navigator_id == navigator_id).order_by(Boarding.event_id, Boarding.leg)
    )
    wanted = await session.scalars(select(Need).where(Need.navigator_id == navigator_id).order_by(Need.event_id))
    reasons = await session.scalars(
        select(RegistrationException)
        .where(RegistrationException.navigator_id == navigator_id)
        .order_by(RegistrationException.id)
    )
    return {
        "registrations": [
            {
                "event": str(row.event_id), "state": row.state, "release": row.release, "superior": row.superior,
                "language": row.language, "changed": row.changed_at.isoformat(),
            }
            for row in registrations
        ],
        "boarding": [
            {"event": str(row.event_id), "leg": row.leg, "vehicle": str(row.vehicle_id), "seat": row.seat,
             "present": row.present}
            for row in seats
        ],
        "needs": [
            {"event": str(row.event_id), "diet": row.diet, "access": row.access, "stepFree": row.step_free,
             "hearingLoop": row.hearing_loop}
            for row in wanted
        ],
        "exceptions": [
            {"event": str(row.event_id), "kind": row.kind, "reason": row.reason, "at": row.at.isoformat()}
            for row in reasons
        ],
    }  # fmt: skip
