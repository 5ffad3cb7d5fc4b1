"""The board of an open space as everybody sees it, told to every screen when it changes.

It names no people, so that one reading serves all: each process reads and encodes a change once, however many screens
follow it. Changes are told by NOTIFY within the transaction that makes them; a screen that missed one gets the whole
board with the next.
"""

import asyncio
import datetime as dt
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

import msgspec
from sqlalchemy import select, text

from services.events.models import (
    ABSENT,
    Absence,
    Base,
    Event,
    OpenSpace,
    Participant,
    Proposal,
    ProposalPerson,
    Session,
)
from services.events.openspace import interests, venue
from services.events.openspace.proposals import CONVENER
from services.kit import eventstream
from services.kit.db import HUB, Database, Reader, Writer
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.news import Ear
from services.kit.service import Runtime

CHANNEL: Final = f"lotsennetz_{Base.metadata.schema}_open_space"
POLL_SECONDS: Final = 5.0
"""How old a board may be while nothing is heard of a change."""


class BoardSlot(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    starts: dt.datetime
    ends: dt.datetime


class BoardRoom(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    name: str
    capacity: int | None
    features: tuple[str, ...]
    closed: tuple[str, ...]
    """The slots in which it cannot be used."""


class BoardSession(msgspec.Struct, frozen=True, rename="camel"):
    """`moved_in`, `was_slot`, `was_room`: the revision that moved it last, and from where.

    `trouble`: `closed` while its room cannot be used then, `away` while somebody who hosts it is not there.
    """

    id: str
    proposal: str
    number: int
    part: int
    title: str
    slot: str
    room: str
    interested: int
    must: int
    moved_in: int | None
    was_slot: str | None
    was_room: str | None
    trouble: str | None


class Board(msgspec.Struct, frozen=True, rename="camel"):
    """The published agenda; `moved` are the sessions that its newest revision moved."""

    event: str
    cancelled: bool
    revision: int
    changed_at: dt.datetime | None
    slots: tuple[BoardSlot, ...]
    rooms: tuple[BoardRoom, ...]
    sessions: tuple[BoardSession, ...]
    moved: tuple[str, ...]


async def read(session: Reader, event_id: uuid.UUID) -> Board:
    """Reads for the hub: interests are counted, and who is away is not said. Raises NotFound."""
    status = await session.scalar(select(Event.status).where(Event.id == event_id))
    if status is None:
        raise NotFound(_("There is no such event."))
    said = await session.get(OpenSpace, event_id)
    place = await venue.venue(session, event_id)
    counts = await interests.counts(session, event_id)
    away = set((await session.scalars(_without_host(event_id))).all())
    revision = said.revision if said else 0
    rows = (
        await session.execute(
            select(Session, Proposal.number)
            .join(Proposal, Proposal.id == Session.proposal_id)
            .where(Session.event_id == event_id)
            .order_by(Proposal.number, Session.part)
        )
    ).all()
    sessions = []
    for row, number in rows:
        count = counts.get(row.proposal_id, interests.Count())
        closed = (row.room_id, row.slot_id) in place.closed
        sessions.append(
            BoardSession(
                id=str(row.id), proposal=str(row.proposal_id), number=number, part=row.part, title=row.title,
                slot=str(row.slot_id), room=str(row.room_id), interested=count.interested, must=count.must,
                moved_in=row.moved_in, was_slot=str(row.was_slot) if row.was_slot else None,
                was_room=str(row.was_room) if row.was_room else None,
                trouble="closed" if closed else "away" if row.id in away else None,
            )
        )  # fmt: skip
    return Board(
        event=str(event_id),
        cancelled=status == "cancelled",
        revision=revision,
        changed_at=said.changed_at if said else None,
        slots=tuple(BoardSlot(str(slot.id), slot.starts, slot.ends) for slot in place.slots),
        rooms=tuple(
            BoardRoom(
                str(room.id),
                room.name,
                room.capacity,
                tuple(room.features),
                tuple(str(slot.id) for slot in place.slots if (room.id, slot.id) in place.closed),
            )
            for room in place.rooms
        ),
        sessions=tuple(sessions),
        moved=tuple(one.id for one in sessions if one.moved_in == revision),
    )


def public(board: Board) -> Board:
    """For those who do not belong to the event: before the first plan is published, times and rooms are a draft."""
    return board if board.revision else msgspec.structs.replace(board, slots=(), rooms=())


def _without_host(event_id: uuid.UUID):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a statement
    """The published sessions of which somebody who hosts them is away, has gone home or did not come."""
    here, away = Participant.__table__.alias("here"), Absence.__table__.alias("away")
    host = ProposalPerson.navigator_id
    return (
        select(Session.id)
        .join(Proposal, Proposal.root == Session.proposal_id)
        .join(ProposalPerson, ProposalPerson.proposal_id == Proposal.id)
        .outerjoin(here, (here.c.navigator_id == host) & (here.c.event_id == event_id))
        .outerjoin(away, (away.c.navigator_id == host) & (away.c.slot_id == Session.slot_id))
        .where(
            Session.event_id == event_id,
            ProposalPerson.role == CONVENER,
            here.c.navigator_id.is_(None) | here.c.attendance.in_(ABSENT) | away.c.slot_id.is_not(None),
        )
    )


async def tell(session: Writer, event_id: uuid.UUID) -> None:
    """Let every process know, once the unit of work is committed, that the board has changed."""
    await session.execute(
        text("SELECT pg_notify(:channel, :told)"),
        {"channel": CHANNEL, "told": str(event_id)},
    )


def of(runtime: Runtime) -> "Boards":
    """Those that are followed in this process."""
    found: Boards = runtime.memory.setdefault("open space boards", Boards(runtime.db))
    return found


class Shown(msgspec.Struct, frozen=True):
    """A board and its line for event streams."""

    board: Board
    line: bytes


class _Watched:
    """One event's board in this process: how often a change was heard, and the last reading."""

    def __init__(self) -> None:
        self.readers, self.heard, self.read = 0, 0, -1
        self.at = 0.0
        self.shown: Shown | None = None
        self.turn, self.moved = asyncio.Lock(), asyncio.Event()

    def stale(self) -> None:
        self.heard += 1
        self.moved.set()
        self.moved = asyncio.Event()


class Boards(Ear):
    """The boards that somebody follows in this process. Listens to the database while there is one."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.reads = 0
        self._watched: dict[uuid.UUID, _Watched] = {}
        self._listening: asyncio.Task[None] | None = None

    async def follow(self, event_id: uuid.UUID) -> AsyncGenerator[Shown, None]:
        """The board now and whenever it is another. Raises NotFound where there is no such event."""
        watched = self._watched.setdefault(event_id, _Watched())
        watched.readers += 1
        if self._listening is None:
            self._listening = asyncio.create_task(self.listen())
        try:
            last: Shown | None = None
            while True:
                moved = watched.moved
                shown = await self._fresh(event_id, watched)
                if last is None or shown.line != last.line:
                    yield shown
                    last = shown
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await moved.wait()
        finally:
            watched.readers -= 1
            if not watched.readers:
                self._watched.pop(event_id, None)
            if not self._watched and self._listening is not None:
                self._listening.cancel()
                self._listening = None

    async def _fresh(self, event_id: uuid.UUID, watched: _Watched) -> Shown:
        """The board as it is now: read by the first who asks after a change, for all."""
        async with watched.turn:
            old = time.monotonic() - watched.at >= POLL_SECONDS
            if watched.shown is None or watched.read != watched.heard or old:
                heard = watched.heard
                async with self.db.read(HUB) as session:
                    board = public(await read(session, event_id))
                self.reads += 1
                watched.shown = Shown(board, eventstream.event("board", board))
                watched.read, watched.at = heard, time.monotonic()
            return watched.shown

    @property
    def channel(self) -> str:
        return CHANNEL

    def opened(self) -> None:
        for watched in self._watched.values():
            watched.stale()

    def heard(self, told: str) -> None:
        for event_id, watched in self._watched.items():
            if told == str(event_id):
                watched.stale()
