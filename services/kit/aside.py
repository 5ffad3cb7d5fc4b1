"""Lines of a feed that cannot be applied: one that failed for a while is set aside, and the feed goes on without it.

What is set aside is the line's place, not what it says: that is read anew from the feed, where whoever was erased is
gone. Lines about the same person or thing wait behind it, so that their order stays. All of them are tried again
whenever a process starts to listen, such as one with a newer program, and every AGAIN_SECONDS. Nothing is lost
silently: a metric counts them, and an alert asks for it.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Final

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text, func

from services.kit.db import HUB, Database, Reader, Writer, driver
from services.kit.errors import Conflict, HubError
from services.kit.messages import Entry

log = logging.getLogger(__name__)
PATIENCE_SECONDS: Final = 30.0
"""A line is given up when it has failed for so long,"""
LEAST_TRIES: Final = 3
"""and at least so often."""
AGAIN_SECONDS: Final = 3600.0
MOST_AGAIN: Final = 1_000
"""Lines that are tried again in one go."""

Apply = Callable[[Writer, Sequence[Entry]], Awaitable[None]]


def attach(metadata: MetaData) -> None:
    """Give a service's schema its `aside` table."""
    Table(
        "aside",
        metadata,
        Column("feed", Text, primary_key=True),
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        Column("key", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("error", Text, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


class Patience:
    """How long this process has been failing at one line of each feed."""

    def __init__(self, seconds: float = PATIENCE_SECONDS, tries: int = LEAST_TRIES) -> None:
        self._seconds, self._tries = seconds, tries
        self._failing: dict[str, tuple[int, float, int]] = {}

    def ends(self, feed: str, position: int) -> bool:
        """Note that the line failed once more; whether that was enough."""
        at, since, tries = self._failing.get(feed, (0, 0.0, 0))
        if at != position:
            since, tries = time.monotonic(), 0
        self._failing[feed] = position, since, tries + 1
        return tries + 1 >= self._tries and time.monotonic() - since >= self._seconds


def at_fault(problem: Exception) -> bool:
    """Whether the line itself may be what is wrong: not a server that is away, busy or slow."""
    if isinstance(problem, HubError):
        return problem.status < 500 and not isinstance(problem, Conflict)
    return not isinstance(problem, (OSError, asyncio.TimeoutError))


async def put(db: Database, metadata: MetaData, feed: str, line: Entry, problem: Exception) -> None:
    """Step over `line`, unless another process has passed it already."""
    async with db.begin(HUB) as session:
        words = (feed, line.position, line.key, line.kind, type(problem).__name__)
        put = await (await driver(session)).fetchval(_statements(metadata)[0], *words)
    if put:
        log.error("line %d (%s) of %s is set aside: %s", line.position, line.kind, feed, type(problem).__name__)


async def behind(session: Writer, metadata: MetaData, feed: str, lines: Sequence[Entry]) -> None:
    """Set lines aside that are about what another waits for that is aside already."""
    connection = await driver(session)
    for line in lines:
        await connection.execute(_statements(metadata)[1], feed, line.position, line.key, line.kind)


async def again(
    db: Database, metadata: MetaData, feed: str, after: Callable[[int], Awaitable[list[Entry]]], apply: Apply
) -> int:
    """Try the lines of `feed` that are set aside, in their order; returns how many are done with."""
    _put, _behind, find, take, drop = _statements(metadata)
    async with db.read(HUB) as session:
        found = await (await driver(session)).fetch(find, feed, MOST_AGAIN)
    done, stuck = 0, set()
    for position, key in found:
        if key in stuck:
            continue
        try:
            async with db.begin(HUB) as session:
                connection = await driver(session)
                if not await connection.fetchval(take, feed, position):
                    continue  # another process was quicker
                await apply(session, [line for line in (await after(position - 1))[:1] if line.position == position])
                await connection.execute(drop, feed, position)
        except Exception as problem:
            if not at_fault(problem):
                raise
            stuck.add(key)
            log.warning("line %d of %s stays aside: %s", position, feed, type(problem).__name__)
        else:
            done += 1
    return done


async def counted(session: Reader, metadata: MetaData) -> dict[str, int]:
    """By feed, how many of its lines are set aside."""
    found = await (await driver(session)).fetch(f"SELECT feed, count(*) FROM {metadata.schema}.aside GROUP BY feed")  # noqa: S608 - our own table
    return {feed: count for feed, count in found}  # noqa: C416 - rows are no pairs


@cache
def _statements(metadata: MetaData) -> tuple[str, str, str, str, str]:
    """Step over a line and set it aside, set another behind it, find them, take one's turn, drop it."""
    schema = metadata.schema
    return (
        f"""
WITH moved AS (
    INSERT INTO {schema}.cursor AS c (feed, position) VALUES ($1, $2)
    ON CONFLICT (feed) DO UPDATE SET position = $2 WHERE c.position < $2 RETURNING 1
)
INSERT INTO {schema}.aside (feed, position, key, kind, error) SELECT $1, $2, $3, $4, $5 FROM moved RETURNING 1
""",  # noqa: S608 - our own tables, as below
        f"INSERT INTO {schema}.aside (feed, position, key, kind, error) VALUES ($1, $2, $3, $4, 'Waits')",  # noqa: S608
        f"SELECT position, key FROM {schema}.aside WHERE feed = $1 ORDER BY position LIMIT $2",  # noqa: S608
        f"SELECT 1 FROM {schema}.aside WHERE feed = $1 AND position = $2 FOR UPDATE",  # noqa: S608
        f"DELETE FROM {schema}.aside WHERE feed = $1 AND position = $2",  # noqa: S608
    )
