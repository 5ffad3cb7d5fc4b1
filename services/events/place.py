"""From rows to what the papers of the place are made of: the open space, buses, certificates."""

import uuid
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import select

from services.events import certificates as attested
from services.events import onsite, trips
from services.events.models import Event, Module, Navigator, Proposal, ProposalPerson
from services.events.openspace import board, interests
from services.events.openspace.proposals import ALIVE, CONVENER
from services.events.registration import transport
from services.kit.db import Reader
from services.kit.settings import Settings


async def market(session: Reader, event: Event, *, guests: bool) -> onsite.Market:
    """The published sessions and the topics without one; with the names of who wished for them if `guests`.

    Reads for the hub.
    """
    shown = await board.read(session, event.id)
    hosts = await _hosts(session, event.id)
    topics: dict[str, onsite.Topic] = {}
    alive = Proposal.status.in_(ALIVE), Proposal.root == Proposal.id
    query = select(Proposal).where(Proposal.event_id == event.id, *alive).order_by(Proposal.number)
    for row in await session.scalars(query):
        topics[str(row.id)] = onsite.Topic(row.number, row.title, hosts.get(row.id, ()))
    who = await _guests(session, event) if guests else {}
    slots = {slot.id: place for place, slot in enumerate(shown.slots)}
    rooms = {room.id: place for place, room in enumerate(shown.rooms)}
    sessions = [
        onsite.Session(
            room=rooms[one.room],
            slot=slots[one.slot],
            topic=onsite.Topic(one.number, one.title, hosts.get(uuid.UUID(one.proposal), ())),
            expected=one.interested,
            guests=who.get(uuid.UUID(one.proposal), ()),
        )
        for one in shown.sessions
    ]
    planned = {one.proposal for one in shown.sessions}
    return onsite.Market(
        rooms=tuple(
            onsite.Room(room.name, room.capacity, room.features, frozenset(slots[one] for one in room.closed))
            for room in shown.rooms
        ),
        slots=tuple(onsite.Slot(slot.starts, slot.ends) for slot in shown.slots),
        sessions=tuple(sessions),
        waiting=tuple(topic for key, topic in topics.items() if key not in planned),
    )


async def _hosts(session: Reader, event_id: uuid.UUID) -> dict[uuid.UUID, tuple[str, ...]]:
    """The names of who hosts each topic, whatever was merged into it."""
    query = (
        select(Proposal.root, Navigator.name)
        .join(ProposalPerson, ProposalPerson.proposal_id == Proposal.id)
        .join(Navigator, Navigator.id == ProposalPerson.navigator_id)
        .where(Proposal.event_id == event_id, ProposalPerson.role == CONVENER)
        .order_by(Navigator.sort_key, Navigator.id)
    )
    found: defaultdict[uuid.UUID, dict[str, None]] = defaultdict(dict)
    for root, name in await session.execute(query):
        found[root][name] = None
    return {root: tuple(names) for root, names in found.items()}


async def _guests(session: Reader, event: Event) -> Mapping[uuid.UUID, tuple[onsite.Guest, ...]]:
    """By topic, who wished for it and takes part."""
    people = {one.id: one for one in (await trips.participants(session, [event.id]))[0]}
    cities = await trips.names(session, [event])
    found: defaultdict[uuid.UUID, list[onsite.Guest]] = defaultdict(list)
    for key, wishes in (await interests.all_of(session, event.id)).items():
        if (person := people.get(key)) is not None:
            for root, weight in wishes.items():
                city = cities.get(person.ags, person.ags)
                found[root].append(onsite.Guest(person.name, city, weight >= interests.MUST))
    return {root: tuple(some) for root, some in found.items()}


async def buses(session: Reader, event: Event) -> tuple[onsite.Bus, ...]:
    """There first, then back, by name, with everybody who has a seat."""
    vehicles = (await transport.vehicles(session, [event.id]))[0]
    keys = [one.id for one in vehicles]
    points, aboard = await transport.points(session, keys), await transport.aboard(session, keys)
    riders = {one.navigator_id for some in aboard for one in some}
    people = {one.id: one for one in await session.scalars(select(Navigator).where(Navigator.id.in_(riders)))}
    cities = await trips.names(session, [event])
    made = []
    for vehicle, stops, seats in zip(vehicles, points, aboard, strict=True):
        at: defaultdict[uuid.UUID, list[onsite.Passenger]] = defaultdict(list)
        for one in seats:
            person = people[one.navigator_id]
            at[one.point_id].append(onsite.Passenger(one.seat, person.name, cities.get(person.ags, person.ags)))
        boarding = [onsite.BoardingPoint(stop.name, stop.leaves, tuple(at[stop.id])) for stop in stops]
        made.append(onsite.Bus(vehicle.name, vehicle.leg, vehicle.seats, tuple(boarding), vehicle.delay))
    return tuple(made)


async def certificates(
    session: Reader, event: Event, settings: Settings, alone: uuid.UUID | None = None
) -> tuple[onsite.Certificate, ...]:
    """Those that count, by name; of one person if `alone`."""
    cities = await trips.names(session, [event])
    return tuple(
        onsite.Certificate(
            name=person.name,
            city=cities.get(person.ags, person.ags),
            code=attested.written(row.code),
            url=attested.url(settings, row.code),
            issued=row.issued_at,
            minutes=row.minutes,
        )
        for row, person in (await attested.of_events(session, [event.id]))[0]
        if alone in {None, person.id}
    )


async def goals(session: Reader, event: Event) -> tuple[str, ...]:
    """What the module wants to teach that the event teaches."""
    found = await session.scalar(select(Module.goals).where(Module.id == event.module_id)) if event.module_id else None
    return tuple(found or ())
