"""From rows to what screens are told: a few statements for a whole event, whatever the number of people."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy import func as sql

from services.events.live import announcing
from services.events.live.state import Announced, Companion, IdeaShown, Seat, Seating, TopicShown
from services.events.models import City, Event, Idea, Live, Navigator, Participant, Table, Topic
from services.events.models import Seat as SeatRow
from services.events.models.live import clock_of
from services.kit.db import Reader

MOST_IDEAS = 5_000
"""Of one event."""
MOST_ANNOUNCED = 20
ANNOUNCED = dt.timedelta(days=2)
"""How long an announcement stays on screens."""


async def event_and_clock(session: Reader, event_id: uuid.UUID) -> tuple[Event, Any] | None:
    found = await session.execute(
        select(Event, Live).outerjoin(Live, Live.event_id == Event.id).where(Event.id == event_id)
    )
    row = found.one_or_none()
    return (row[0], clock_of(row[0], row[1])) if row else None


async def seating(session: Reader, event_id: uuid.UUID) -> Seating:
    people = await session.execute(
        select(Navigator.id, Navigator.name, sql.coalesce(City.name, Navigator.ags))
        .join(Participant, Participant.navigator_id == Navigator.id)
        .outerjoin(City, City.ags == Navigator.ags)
        .where(Participant.event_id == event_id)
    )
    tables = await session.execute(
        select(Table.round, Table.number, Table.topic, Topic.de, Topic.en)
        .outerjoin(Topic, Topic.code == Table.topic)
        .where(Table.event_id == event_id)
    )
    seats = await session.execute(
        select(SeatRow.round, SeatRow.number, SeatRow.navigator_id, SeatRow.moved)
        .join(Navigator, Navigator.id == SeatRow.navigator_id)
        .join(Participant, (Participant.navigator_id == Navigator.id) & (Participant.event_id == SeatRow.event_id))
        .where(SeatRow.event_id == event_id)
        .order_by(SeatRow.round, Navigator.sort_key, Navigator.id)
    )
    known: Mapping[uuid.UUID, Companion] = {key: Companion(name, city) for key, name, city in people}
    return Seating.of(
        known,
        {
            (number, table): TopicShown(code, de or code, en or code) if code else None
            for number, table, code, de, en in tables
        },
        (Seat(*row) for row in seats if row[2] in known),
    )


async def announcements(session: Reader, event_id: uuid.UUID) -> list[tuple[Announced, frozenset[uuid.UUID] | None]]:
    """What screens show, newest first, each with whom it is for; None is everybody."""
    since = dt.datetime.now(dt.UTC) - ANNOUNCED
    found = await announcing.with_audience(session, event_id, MOST_ANNOUNCED, since)
    return [(Announced(str(row.id), row.text, row.at), people) for row, people in found]


async def moved(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[SeatRow]]:
    """The seats of each event that are not as the slips say."""
    found: dict[uuid.UUID, list[SeatRow]] = {key: [] for key in keys}
    query = select(SeatRow).where(SeatRow.event_id.in_(keys), SeatRow.moved).order_by(SeatRow.round, SeatRow.number)
    for seat in await session.scalars(query.order_by(SeatRow.navigator_id)):
        found[seat.event_id].append(seat)
    return [found[key] for key in keys]


async def ideas(
    session: Reader, event_id: uuid.UUID, only: Collection[uuid.UUID] | None = None
) -> dict[uuid.UUID, tuple[Idea, str | None]]:
    """The ideas with their authors' names, as they were noted; withdrawn ones too, because screens may show them."""
    query = _ideas().where(Idea.event_id == event_id).limit(MOST_IDEAS)
    if only is not None:
        query = query.where(Idea.id.in_(only))
    return {idea.id: (idea, name) for idea, name in await session.execute(query)}


async def ideas_of(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[tuple[Idea, str | None]]]:
    """The ideas of each event, as `ideas`; of many events, those that were noted first."""
    found: dict[uuid.UUID, list[tuple[Idea, str | None]]] = {key: [] for key in keys}
    query = _ideas().where(Idea.event_id.in_(keys)).limit(2 * MOST_IDEAS)
    for idea, name in await session.execute(query):
        found[idea.event_id].append((idea, name))
    return [found[key] for key in keys]


def _ideas() -> Select[Idea, str]:
    return (
        select(Idea, Navigator.name)
        .outerjoin(Navigator, Navigator.id == Idea.navigator_id)
        .order_by(Idea.created_at, Idea.id)
    )


def idea_shown(idea: Idea, author: str | None, *, organiser: bool) -> IdeaShown:
    if idea.withdrawn or (idea.hidden and not organiser):
        return IdeaShown(str(idea.id), gone=True)
    return IdeaShown(
        id=str(idea.id),
        round=idea.round,
        table=idea.number,
        text=idea.text,
        author=author,
        source=idea.source,
        noted=idea.created_at,
        hidden=idea.hidden,
    )
