"""Who met whom: read from the plans that were confirmed and whose day is over, and kept nowhere else.

So a meeting ends with its plan, with the person's place among the participants, and with the person's data; and an
event that is moved or called off afterwards counts as it was in the end. Who stayed away met nobody, and rounds that
did not take place count for nobody.
"""

import asyncio
import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

import msgspec
from sqlalchemy import delete, or_, select

from services.kit.db import HUB, Database, Reader, Writer
from services.kit.jobs import every
from services.matching.models import Event, Plan
from services.matching.question import Met, Question

HALF_LIFE = dt.timedelta(days=365)
"""After so long a meeting counts half: people who met at last year's day may well meet again."""
KEPT = dt.timedelta(days=3 * 365)
"""Older meetings count no more, and plans of events that lie so far back are deleted."""
MOST_EVENTS = 200
MOST_MEETINGS = 500_000
"""Meetings that are looked at, newest event first."""
MOST_PAIRS = 20_000
PARTS = 8
"""Meetings are counted in eighths, as finely as the search tells many pairs apart; what is less is left out."""
SWEEP_SECONDS = 24 * 3600.0


async def before(session: Reader, event_id: uuid.UUID) -> tuple[Met, ...]:
    """How often participants of this event met at events before it, the most first; at most MOST_PAIRS.

    Needs a session of the hub's own: whoever plans an event need not see those of others.
    """
    event = await session.get(Event, event_id)
    if event is None or not event.participants:
        return ()
    today = dt.datetime.now(dt.UTC).date()
    day = event.date or today
    plans = await session.execute(
        select(Event.last_day, Event.participants, Event.absent, Event.played, Plan.answer["keys"], Plan.answer["plan"])
        .join(Plan, Plan.event_id == Event.id)
        .where(
            Event.id != event.id,
            Event.cancelled.is_(False),
            Event.last_day < min(day, today),
            Event.last_day >= day - KEPT,
            Event.participants.overlap(event.participants),
            Plan.confirmed_at.is_not(None),
            Plan.answer.is_not(None),
        )
        .order_by(Event.last_day.desc(), Event.id)
        .limit(MOST_EVENTS)
    )
    there = {str(one) for one in event.participants}
    held = [
        (0.5 ** ((day - date) / HALF_LIFE), keys, seats[:played], there & {str(one) for one in {*came} - {*absent}})
        for date, came, absent, played, keys, seats in plans
    ]
    return await asyncio.to_thread(_counted, held)


def told(question: Question, earlier: Sequence[Met]) -> Question:
    """The question with what happened before among its people, beside what the organiser knows of it."""
    there = {one.id for one in question.people}
    found = (met for met in earlier if {met.one, met.other} <= there)
    return msgspec.structs.replace(question, earlier=(*question.earlier, *found))


def _counted(held: Iterable[tuple[float, Sequence[str], Sequence[Sequence[int]], set[str]]]) -> tuple[Met, ...]:
    """From what a meeting counts, keys, seats, and who counts, for each plan."""
    total: dict[tuple[str, str], float] = {}
    left = MOST_MEETINGS
    for weight, keys, seats, there in held:
        for pair in _meetings(keys, seats, there):
            total[pair] = total.get(pair, 0.0) + weight
            left -= 1
        if left < 0:
            break
    counted = {pair: round(times * PARTS) / PARTS for pair, times in total.items()}
    strongest = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_PAIRS]
    return tuple(Met(one, other, times) for (one, other), times in strongest if times)


def _meetings(keys: Sequence[str], seats: Iterable[Sequence[int]], there: set[str]) -> Iterator[tuple[str, str]]:
    """Each pair of people in `there` once for every round in which they shared a table, in order within the pair."""
    for row in seats:
        tables: dict[int, list[str]] = {}
        for key, table in zip(keys, row, strict=True):
            if table >= 0 and key in there:
                tables.setdefault(table, []).append(key)
        for group in tables.values():
            yield from combinations(sorted(group), 2)


async def forget(session: Writer) -> int:
    """Delete the plans of events that lie further back than KEPT; returns how many.

    A plan made since, of a day long gone, stays for as long: whoever made it wants to look at it.
    """
    oldest = dt.datetime.now(dt.UTC) - KEPT
    past = select(Event.id).where(or_(Event.last_day.is_(None), Event.last_day < oldest.date()))
    gone: Any = await session.execute(delete(Plan).where(Plan.event_id.in_(past), Plan.created_at < oldest))
    return int(gone.rowcount)


@every(SWEEP_SECONDS)
async def forgetting(db: Database) -> None:
    """Daily, on each worker."""
    async with db.begin(HUB) as session:
        await forget(session)
