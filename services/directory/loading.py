"""Loading many cities at once: JSON Lines in which each city begins with its own line, in transactions of many cities.

Memory stays flat, however long the stream: two batches are stored while the next one is read. What is refused are
whole cities, each by itself; a stream that breaks off leaves all batches before it.
"""

import asyncio
from collections.abc import AsyncIterable, Sequence

import msgspec

from services.directory import access, publishing, snapshot
from services.directory.publishing import Outcome, Publisher, Wish
from services.directory.snapshot import Rows, Snapshot
from services.kit.db import HUB
from services.kit.errors import MOST_PROBLEMS, HubError, Refused
from services.kit.service import Runtime

CITIES = 200
"""In one transaction."""
ROWS = 10_000
"""In one transaction, if that comes first."""
AT_ONCE = 2
"""Transactions: while the database writes one, the next is checked."""
MOST_BYTES = 2_000_000_000


class NotLoaded(msgspec.Struct, frozen=True):
    """A city that was refused, by its first line."""

    line: int
    ags: str
    detail: str
    problems: list[dict[str, str]]


class Loaded(msgspec.Struct):
    """`published` are cities that changed; `refused` the first of those that were not stored."""

    cities: int = 0
    published: int = 0
    unchanged: int = 0
    failed: int = 0
    added: int = 0
    changed: int = 0
    withdrawn: int = 0
    refused: list[NotLoaded] = []

    def count(self, rows: Rows, found: Outcome | HubError) -> None:
        self.cities += 1
        if isinstance(found, HubError):
            self.failed += 1
            if len(self.refused) < MOST_PROBLEMS:
                shown = rows.named(found) if isinstance(found, Refused) else found
                problems = shown.as_json()["problems"]
                ags = rows.city.ags[:8] if rows.city else ""
                self.refused.append(NotLoaded(rows.first, ags, found.message, problems))
            return
        self.published += found.publication is not None
        self.unchanged += found.publication is None
        self.added += found.difference.count(lambda change: change.added)
        self.changed += found.difference.count(lambda change: change.changed)
        self.withdrawn += found.difference.count(lambda change: change.withdrawn)


async def load(runtime: Runtime, actor: str, chunks: AsyncIterable[bytes]) -> Loaded:
    """Publish every city of the stream, for `actor` who may do that; what came of it."""
    loaded, by = Loaded(), Publisher(actor, runtime.settings.derived("identities"), runtime.memory, "REST")
    room = asyncio.Semaphore(AT_ONCE)
    batch: dict[str, Rows] = {}
    storing: dict[asyncio.Task[None], frozenset[str]] = {}
    size = 0
    try:
        async with asyncio.TaskGroup() as tasks:

            async def flush() -> None:
                if batch:
                    await room.acquire()
                    if same := [task for task, cities in storing.items() if not cities.isdisjoint(batch)]:
                        await asyncio.wait(same)  # the last word of a city counts: its earlier one has to be stored
                    task = tasks.create_task(_store(runtime, by, list(batch.values()), loaded, room))
                    storing[task] = frozenset(batch)
                    task.add_done_callback(storing.pop)
                    batch.clear()

            async for rows in _cities(chunks):
                ags = rows.city.ags if rows.city else f"line {rows.first}"
                if ags in batch or len(batch) == CITIES or size + rows.size > ROWS:
                    await flush()
                    size = 0
                batch[ags] = rows
                size += rows.size
            await flush()
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None  # all of them, for one reason
    loaded.refused.sort(key=lambda one: one.line)
    return loaded


async def _cities(chunks: AsyncIterable[bytes]) -> AsyncIterable[Rows]:
    """The rows of one city after the other. A line that cannot be read spoils the city before it: it may have been
    the next one's first.
    """
    rows: Rows | None = None
    async for number, line in snapshot.lines(chunks, MOST_BYTES):
        now = rows or Rows(number)
        kind, row = snapshot.read(now, number, line)
        if kind == "city" and rows is not None:
            yield rows
            now = Rows(number)
        rows = now
        if kind:
            rows.take(number, kind, row)
    if rows is not None:
        yield rows


async def _store(
    runtime: Runtime, by: Publisher, batch: Sequence[Rows], loaded: Loaded, room: asyncio.Semaphore
) -> None:
    """Publish a batch in one transaction, and count what came of it once that is durable."""
    try:
        found: list[Outcome | HubError | None] = [None] * len(batch)
        wanted: dict[int, Snapshot] = {}
        for index, rows in enumerate(batch):
            try:
                wanted[index] = rows.snapshot()
                access.checked_ags(wanted[index].city.ags)
            except HubError as problem:
                wanted.pop(index, None)
                found[index] = problem
        async with runtime.db.begin(HUB) as session:
            outcomes = await publishing.publish_all(session, [Wish(by, one) for one in wanted.values()])
            for index, outcome in zip(wanted, outcomes, strict=True):
                found[index] = outcome
            await runtime.say(session, [said for one in outcomes if isinstance(one, Outcome) for said in one.messages])
        for rows, one in zip(batch, found, strict=True):
            assert one is not None
            loaded.count(rows, one)
    finally:
        room.release()
