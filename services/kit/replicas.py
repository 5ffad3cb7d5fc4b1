"""Reads of the graph at a server that follows the primary (streaming replication), as if there were one server.

Whoever reads must see at least what everybody knew a moment ago, what was announced as new (`kit.news`), and what they
themselves have written. Each of these is a position in the primary's log of changes (LSN), and a read carries the
newest: on a replica that is not as far it gives nothing, and goes to the primary. The check is in the read itself, so
that there may be several replicas behind one address. A replica that does not answer is left alone for a while, unless
the primary does not answer either.

Nothing else is asked of a replica: not the hub's own machinery, nor whoever is about to change something.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from hashlib import blake2b
from typing import Any, Final, TypeVar

import asyncpg
from arq.connections import ArqRedis, RedisSettings
from redis.exceptions import RedisError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.kit.db import NOBODY, Acting, Database, Reader, driver, lsn, reached
from services.kit.errors import Conflict, HubError, Unavailable
from services.kit.jobs import connect

log = logging.getLogger(__name__)
LATE_SECONDS: Final = 1.0
"""How old what a replica shows may be, beside what was announced or written by whoever asks."""
AWAY_SECONDS: Final = 2.0
"""How long a replica, or Valkey, that did not answer is left alone."""
ASK_SECONDS: Final = 2.0
KEEP_SECONDS: Final = 10.0
"""How long it is known what somebody wrote; what is older than LATE_SECONDS everybody sees."""
MOST_WRITERS: Final = 10_000
NEVER: Final = (1 << 63) - 1
"""Behind every position: whoever is there reads from the primary."""
FLUSHED: Final = "SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn"
"""What was committed lies before it; nothing after it may ever reach a replica."""
APPLIED: Final = "SELECT pg_last_wal_replay_lsn() - '0/0'::pg_lsn"
T = TypeVar("T")

asker: ContextVar[str] = ContextVar("asker", default="")
"""Whose request this is: the subject of their token or session. Set where there are replicas."""


class Written:
    """Until where somebody has written, for all processes of a service: in Valkey for KEEP_SECONDS, by a hash."""

    def __init__(self, redis: RedisSettings, schema: str) -> None:
        self._redis, self._schema = redis, schema
        self._pool: ArqRedis | None = None
        self._turn = asyncio.Lock()
        self._here: dict[str, tuple[int, float]] = {}
        self._away_until = -math.inf

    async def note(self, writer: str, position: int) -> None:
        """Silent where Valkey is away: this process remembers, others learn it LATE_SECONDS later."""
        now = time.monotonic()
        if len(self._here) >= MOST_WRITERS:
            self._here = {one: (at, since) for one, (at, since) in self._here.items() if now - since < KEEP_SECONDS}
        if len(self._here) < MOST_WRITERS:
            self._here[writer] = (position, now)
        try:
            async with self._asking() as pool:
                await pool.set(self._key(writer), position, px=int(KEEP_SECONDS * 1000))
        except (RedisError, OSError) as problem:
            log.warning("nobody else knows what was written: %s", type(problem).__name__)

    async def of(self, writer: str) -> int:
        """0 for somebody who has not written lately, NEVER where that is not known."""
        position, since = self._here.get(writer, (0, 0.0))
        if position and time.monotonic() - since >= KEEP_SECONDS:
            del self._here[writer]
            position = 0
        try:
            async with self._asking() as pool:
                return max(position, int(await pool.get(self._key(writer)) or 0))
        except (RedisError, OSError, ValueError):
            return NEVER

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[ArqRedis]:
        """Raises OSError or RedisError where Valkey does not answer, and for AWAY_SECONDS after that at once: not every
        request should wait for it.
        """
        if time.monotonic() < self._away_until:
            raise ConnectionError
        try:
            async with asyncio.timeout(ASK_SECONDS):
                yield await self._connected()
        except (RedisError, OSError):
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise

    def _key(self, writer: str) -> str:
        return f"lotsennetz:written:{self._schema}:{blake2b(writer.encode(), digest_size=16).hexdigest()}"

    async def _connected(self) -> ArqRedis:
        async with self._turn:
            if self._pool is None:
                self._pool = await connect(self._redis)
            return self._pool

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.aclose()


class Replica:
    """The replica of one service's database; `version` says which announced state this process knows of."""

    def __init__(
        self,
        primary: Database,
        url: str,
        redis: RedisSettings,
        version: Callable[[], object],
        counted: Callable[[str], None],
    ) -> None:
        """`counted` hears of each read where it went: replica, behind (and so the primary), away (likewise)."""
        self.primary, self.db = primary, Database(url, primary.schema, milliseconds=primary.milliseconds)
        self.written = Written(redis, primary.schema or "")
        self._version, self._counted = version, counted
        self._known: tuple[object, int] | None = None
        self._asked = self._away_until = -math.inf
        self._turn = asyncio.Lock()
        primary.committed = self._committed

    @asynccontextmanager
    async def read(self, acting: Acting, milliseconds: int | None, who: str) -> AsyncIterator[Reader]:
        """As `Database.read`; `who` is the subject of whoever asks, empty for nobody."""
        async with AsyncExitStack() as stack:
            yield await self._opened(stack, acting, milliseconds, who)

    async def _opened(self, stack: AsyncExitStack, acting: Acting, milliseconds: int | None, who: str) -> Reader:
        async def at_replica(since: int) -> Reader | None:
            try:
                return await stack.enter_async_context(self.db.read(acting, milliseconds, since=since))
            except asyncpg.DivisionByZeroError:
                return None

        async def at_primary() -> Reader:
            return await stack.enter_async_context(self.primary.read(acting, milliseconds))

        return await self._from_either(who, at_replica, at_primary)

    async def answer(self, statement: str, values: Sequence[object], milliseconds: int, who: str) -> bytes | None:
        """As `Answers.read`; None at the replica is asked again at the primary."""
        asked = f"SELECT CASE WHEN {reached(f'${len(values) + 1}')} THEN ({statement}) END"

        async def at_replica(since: int) -> bytes | None:
            return await self.db.answers.read(asked, (*values, lsn(since)), milliseconds)

        async def at_primary() -> bytes | None:
            return await self.primary.answers.read(statement, values, milliseconds)

        return await self._from_either(who, at_replica, at_primary)

    async def _from_either(
        self, who: str, at_replica: Callable[[int], Awaitable[T | None]], at_primary: Callable[[], Awaitable[T]]
    ) -> T:
        """At the replica if it is as far as `who` must see, which gives None where it is not; else at the primary."""
        alone = time.monotonic() < self._away_until
        if alone:
            self._counted("away")
        elif (found := await self._tried(who, at_replica)) is not None:
            return found
        try:
            return await at_primary()
        except Unavailable:
            if not alone or (found := await self._tried(who, at_replica)) is None:
                raise
            return found

    async def _tried(self, who: str, at_replica: Callable[[int], Awaitable[T | None]]) -> T | None:
        since = await self._since(who)
        if since is None:
            self._counted("behind")
            return None
        try:
            found = await at_replica(since)
        except (Unavailable, Conflict) as problem:
            self._lost(problem)
            return None
        self._counted("replica" if found is not None else "behind")
        if found is not None:
            self._away_until = -math.inf
        return found

    async def _since(self, who: str) -> int | None:
        """Until where the replica must be; None where that is not known."""
        known = await self._everybody()
        wrote = await self.written.of(who) if who and known is not None else 0
        return None if known is None or wrote == NEVER else max(known, wrote)

    async def _everybody(self) -> int | None:
        """What everybody must see. Where the primary is away, what they had to see before."""
        if self._fresh():
            return self._known[1] if self._known else None
        async with self._turn:
            if not self._fresh():
                version, self._asked = self._version(), time.monotonic()
                try:
                    async with asyncio.timeout(ASK_SECONDS), self.primary.read(NOBODY) as session:
                        self._known = (version, int(await (await driver(session)).fetchval(FLUSHED)))
                except (HubError, TimeoutError) as problem:
                    log.warning("nobody knows how far %s is: %s", self.primary.schema, type(problem).__name__)
                    self._asked = time.monotonic()
                    if self._known is not None:
                        self._known = (version, self._known[1])
            return self._known[1] if self._known else None

    def _fresh(self) -> bool:
        if time.monotonic() - self._asked >= LATE_SECONDS:
            return False
        return self._known is not None and self._known[0] == self._version()

    def _lost(self, problem: Unavailable | Conflict) -> None:
        """Leave it alone for a while if it is gone; what it only could not do just now, the primary does.

        Raises `problem` where all connections are busy: the primary has no more of them.
        """
        if isinstance(problem.__cause__, PoolTimeout):
            raise problem
        self._counted("away")
        if isinstance(problem, Unavailable):
            log.warning("the replica of %s does not answer", self.primary.schema)
            self._away_until = time.monotonic() + AWAY_SECONDS

    async def _committed(self, connection: Any) -> None:
        """After each unit of work: remember until where whoever asked for it must see."""
        who = asker.get()
        if not who:
            return
        try:
            position = int(await connection.fetchval(FLUSHED))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            position = NEVER
        await self.written.note(who, position)

    async def behind(self) -> int:
        """How many bytes of the primary's log it has not applied. Raises Unavailable where either does not answer."""
        async with self.primary.read(NOBODY) as session:
            written = int(await (await driver(session)).fetchval(FLUSHED))
        async with self.db.read(NOBODY, since=0) as session:
            return max(0, written - int(await (await driver(session)).fetchval(APPLIED)))

    async def close(self) -> None:
        await self.db.close()
        await self.written.close()
