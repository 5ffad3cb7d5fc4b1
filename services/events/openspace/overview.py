"""An open space as it is now, read at once: what is proposed, by whom, who cares, what is planned, what came of it."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec
from sqlalchemy import Subquery, select, union

from services.events.models import (
    ActionItem,
    Event,
    Harvest,
    HarvestFile,
    Navigator,
    OpenSpace,
    Proposal,
    ProposalPerson,
    Session,
    SessionSeat,
)
from services.events.openspace import venue
from services.events.openspace.interests import Count
from services.events.openspace.proposals import AUTHOR, CONVENER
from services.events.openspace.venue import Venue
from services.kit.db import Reader


class Topic(msgspec.Struct, frozen=True):
    """A proposal with what belongs to it. Authors, conveners and interest count those of all `merged` into it; of one
    that is merged itself, `authors` and `conveners` are its own.
    """

    row: Proposal
    authors: tuple[Navigator, ...] = ()
    conveners: tuple[Navigator, ...] = ()
    merged: tuple[uuid.UUID, ...] = ()
    interest: Count = Count()
    harvest: Harvest | None = None
    actions: tuple[ActionItem, ...] = ()
    files: tuple[HarvestFile, ...] = ()


class Overview(msgspec.Struct, frozen=True):
    """`proposals` by number; empty for whoever may not see them."""

    event: Event
    said: OpenSpace | None
    venue: Venue
    proposals: tuple[Topic, ...]
    sessions: tuple[Session, ...]
    actions: tuple[ActionItem, ...]
    """Of the event itself."""

    @property
    def revision(self) -> int:
        return self.said.revision if self.said else 0

    @property
    def wishes_open(self) -> bool:
        return self.said is None or self.said.wishes_open


async def overview(session: Reader, event: Event, counts: Mapping[uuid.UUID, Count]) -> Overview:
    """What the session's transaction may see of it; `counts` are the hub's (`interests.counts`)."""
    mine = Proposal.event_id == event.id
    rows = (await session.scalars(select(Proposal).where(mine).order_by(Proposal.number))).all()
    people = (
        select(ProposalPerson.proposal_id, ProposalPerson.role, Navigator)
        .join(Navigator, Navigator.id == ProposalPerson.navigator_id)
        .where(ProposalPerson.event_id == event.id)
        .order_by(Navigator.sort_key, Navigator.id)
    )
    root = {row.id: row.root for row in rows}
    held: dict[tuple[uuid.UUID, str], dict[Navigator, None]] = defaultdict(dict)
    for proposal, role, navigator in await session.execute(people):
        for key in {proposal, root.get(proposal, proposal)}:
            held[key, role][navigator] = None
    merged: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for row in rows:
        if row.root != row.id:
            merged[row.root].append(row.id)
    harvests = {
        row.proposal_id: row for row in await session.scalars(select(Harvest).where(Harvest.event_id == event.id))
    }
    actions: dict[uuid.UUID | None, list[ActionItem]] = defaultdict(list)
    items = select(ActionItem).where(ActionItem.event_id == event.id).order_by(ActionItem.due, ActionItem.id)
    for item in await session.scalars(items):
        actions[item.proposal_id].append(item)
    files: dict[uuid.UUID, list[HarvestFile]] = defaultdict(list)
    found = select(HarvestFile).where(HarvestFile.event_id == event.id)
    for file in await session.scalars(found.order_by(HarvestFile.created_at, HarvestFile.id)):
        files[file.proposal_id].append(file)
    sessions = select(Session).where(Session.event_id == event.id).order_by(Session.title, Session.part)
    return Overview(
        event=event,
        said=await session.get(OpenSpace, event.id),
        venue=await venue.venue(session, event.id),
        proposals=tuple(
            Topic(
                row=row,
                authors=tuple(held[row.id, AUTHOR]),
                conveners=tuple(held[row.id, CONVENER]),
                merged=tuple(merged[row.id]),
                interest=counts.get(row.id, Count()),
                harvest=harvests.get(row.id),
                actions=tuple(actions[row.id]),
                files=tuple(files[row.id]),
            )
            for row in rows
        ),
        sessions=tuple((await session.scalars(sessions)).all()),
        actions=tuple(actions[None]),
    )


class Choice(msgspec.Struct, frozen=True):
    """A session for one person: `strength` is the weight of their wish, `hosts` whether they host it.

    `suggested`: the one to go to in its slot: hosted, or with a seat.
    """

    session: Session
    strength: int
    hosts: bool
    suggested: bool


async def seats(session: Reader, event_id: uuid.UUID, navigator: uuid.UUID) -> frozenset[uuid.UUID]:
    """The sessions in which the person has a seat."""
    mine = SessionSeat.event_id == event_id, SessionSeat.navigator_id == navigator
    return frozenset((await session.scalars(select(SessionSeat.session_id).where(*mine))).all())


def expected(event_ids: Collection[uuid.UUID]) -> Subquery:
    """Who has a seat in which session or hosts it: `person`, `session`."""
    seated = select(SessionSeat.navigator_id.label("person"), SessionSeat.session_id.label("session"))
    hosts = (
        select(ProposalPerson.navigator_id, Session.id)
        .join(Proposal, Proposal.id == ProposalPerson.proposal_id)
        .join(Session, Session.proposal_id == Proposal.root)
        .where(Session.event_id.in_(event_ids), ProposalPerson.role == CONVENER)
    )
    return union(seated.where(SessionSeat.event_id.in_(event_ids)), hosts).subquery()


def choices(
    found: Overview, wishes: dict[uuid.UUID, int], navigator: uuid.UUID, seats: Collection[uuid.UUID]
) -> list[Choice]:
    """The published sessions that the person hosts or wished for, by slot."""
    hosted = {topic.row.id for topic in found.proposals if navigator in {one.id for one in topic.conveners}}
    order = {slot.id: number for number, slot in enumerate(found.venue.slots)}
    mine = [one for one in found.sessions if one.proposal_id in hosted or one.proposal_id in wishes]
    hosting = {one.slot_id for one in mine if one.proposal_id in hosted}

    def suggested(one: Session) -> bool:
        return one.proposal_id in hosted or (one.id in seats and one.slot_id not in hosting)

    return [
        Choice(one, wishes.get(one.proposal_id, 0), one.proposal_id in hosted, suggested(one))
        for one in sorted(mine, key=lambda one: (order.get(one.slot_id, 0), one.title, one.part))
    ]


class Going(msgspec.Struct, frozen=True):
    """Where somebody goes: a published session that they host (`mine`), or in which they have a seat."""

    session: Session
    room: str
    starts: datetime
    ends: datetime
    mine: bool
    hosts: tuple[str, ...]


async def going(session: Reader, event_id: uuid.UUID, navigator: uuid.UUID) -> list[Going]:
    """By time. Who hosts a session sits in no other at that time."""
    hosting = (
        select(Session.id, Navigator.id, Navigator.name)
        .join(Proposal, Proposal.root == Session.proposal_id)
        .join(ProposalPerson, ProposalPerson.proposal_id == Proposal.id)
        .join(Navigator, Navigator.id == ProposalPerson.navigator_id)
        .where(Session.event_id == event_id, ProposalPerson.role == CONVENER)
        .order_by(Navigator.sort_key, Navigator.id)
    )
    hosts: dict[uuid.UUID, dict[uuid.UUID, str]] = defaultdict(dict)
    for key, host, name in await session.execute(hosting):
        hosts[key][host] = name
    own = {key for key, people in hosts.items() if navigator in people}
    seated = await seats(session, event_id, navigator)
    if not own and not seated:
        return []
    rows = (await session.scalars(select(Session).where(Session.id.in_(own | seated)))).all()
    busy = {row.slot_id for row in rows if row.id in own}
    place = await venue.venue(session, event_id)
    rooms, slots = {room.id: room.name for room in place.rooms}, {slot.id: slot for slot in place.slots}
    found = [
        Going(row, rooms[row.room_id], slots[row.slot_id].starts, slots[row.slot_id].ends, row.id in own,
              tuple(hosts[row.id].values()))
        for row in rows
        if row.id in own or row.slot_id not in busy
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.starts, one.session.title))
