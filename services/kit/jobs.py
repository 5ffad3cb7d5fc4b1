"""Jobs behind four verbs: `job`, `enqueue`, `every`, `heavy`.

The truth about a job is a row in its service's schema: payload, tries, lease, progress, outcome. Valkey and arq carry
nothing but ids, to wake a worker at once; what they lose, a sweep over the rows finds again. A worker that dies lets
its lease run out, and another takes the job; effects and `done` share one transaction, so they count exactly once.
"""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from arq.connections import ArqRedis, RedisSettings, create_pool
from redis.exceptions import RedisError
from sqlalchemy import (
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    and_,
    insert,
    select,
    text,
    update,
)
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import JSONB

from services.kit import tracing
from services.kit.db import HUB, NOBODY, Database, Reader, Writer
from services.kit.errors import Refused, Unavailable
from services.kit.heavy import heavy
from services.kit.i18n import gettext as _
from services.kit.log import table
from services.kit.lost import CONNECT_SECONDS

log = logging.getLogger(__name__)
NUDGE_SECONDS = 2.0
"""How long a request waits for a Valkey that hangs."""
FORGET_SECONDS = 60
"""An id older than this is told anew if its job still waits; until then, a killed worker's ids stand in the way."""
LONGEST_LINE = 500
"""So many ids keep every worker busy; more would only pile up behind them."""
OLDEST_REDIS = 7
LONGEST_SECONDS = 3600


def attach(metadata: MetaData) -> None:
    """Give a service's schema its `job` table."""
    Table(
        "job",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("name", Text, nullable=False),
        Column("payload", JSONB, nullable=False),
        Column("state", Text, nullable=False),
        Column("tries", Integer, nullable=False, server_default="0"),
        Column("owner", Uuid),
        Column("lease_until", DateTime(timezone=True)),
        Column("run_after", DateTime(timezone=True), nullable=False, server_default=sql.now()),
        Column("nudged_at", DateTime(timezone=True)),
        Column("progress", JSONB),
        Column("error", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=sql.now()),
        Column("finished_at", DateTime(timezone=True)),
        Index("ix_job_open", "run_after", postgresql_where=text("state IN ('queued', 'running')")),
    )


@dataclass(frozen=True)
class Job:
    """A kind of job: `work(run, payload)` with a typed payload; tried at most `tries` times.

    `turns` names the field of the payload by which jobs that keep a core busy take turns: at most as many of them run
    in a worker as `Queue.cores` says, and whose value had its turn longest ago comes next.
    """

    name: str
    payload: type[Any]
    work: Callable[["Run", Any], Awaitable[None]]
    tries: int = 5
    turns: str | None = None


def job(
    name: str, payload: type[Any], *, tries: int = 5, turns: str | None = None
) -> Callable[[Callable[["Run", Any], Awaitable[None]]], Job]:
    """Declare a job where its function stands."""
    return lambda work: Job(name, payload, work, tries, turns)


@dataclass(frozen=True)
class Every:
    """`work` about every `seconds` on each worker; it must bear running twice at the same time."""

    seconds: float
    work: Callable[[Database], Awaitable[None]]


def every(seconds: float) -> Callable[[Callable[[Database], Awaitable[None]]], Every]:
    return lambda work: Every(seconds, work)


class Status(msgspec.Struct, frozen=True):
    """`state` is queued, running, done or failed; `progress` is the job's own JSON object."""

    id: uuid.UUID
    state: str
    tries: int
    progress: dict[str, Any] | None
    error: str | None


async def connect(redis: RedisSettings) -> ArqRedis:
    """One attempt: a request must not wait for Valkey."""
    return await create_pool(redis, job_serializer=dumps, job_deserializer=loads, retry=redis.conn_retries)


def address(url: str) -> RedisSettings:
    """The server behind LOTSENNETZ_REDIS_URL. Raises Refused where that is no address."""
    try:
        return RedisSettings.from_dsn(url)
    except (RuntimeError, ValueError):
        raise Refused(
            _("LOTSENNETZ_REDIS_URL is not an address that starts with redis://, rediss:// or unix://")
        ) from None


async def check_server(redis: RedisSettings) -> None:
    """Raises Unavailable or Refused, in words, unless a Valkey or Redis new enough answers."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            pool = await connect(redis)
            try:
                found = str((await pool.info("server"))["redis_version"])  # Valkey says which Redis it equals
            finally:
                await pool.aclose()
    except (RedisError, OSError) as problem:
        reason = str(problem) or type(problem).__name__
        raise Unavailable(
            _("Valkey does not answer ({reason}). Please check LOTSENNETZ_REDIS_URL.", reason=reason)
        ) from problem
    if int(found.partition(".")[0]) < OLDEST_REDIS:
        raise Refused(
            _("Redis {found} is too old: Lotsennetz needs Valkey or Redis {needed} or newer.",
              found=found, needed=OLDEST_REDIS)
        )  # fmt: skip


@dataclass
class Queue:
    """The jobs of one service: its rows, and the line in Valkey that wakes its workers."""

    db: Database
    metadata: MetaData
    redis: RedisSettings
    lease: float = 30.0
    cores: int = 1
    """Computations that one worker runs at a time."""
    tried: Callable[[str, str, str], None] = lambda _service, _job, _outcome: None
    """Counts a try of a job: service, kind, how it ended (`Metrics.tried`)."""
    _pool: ArqRedis | None = field(default=None, repr=False)

    def count(self, job: str, outcome: str) -> None:
        self.tried(str(self.metadata.schema), job, outcome)

    @property
    def line(self) -> str:
        return f"lotsennetz:{self.metadata.schema}"

    async def _connected(self) -> ArqRedis:
        if self._pool is None:
            pool = await connect(self.redis)
            if self._pool is not None:  # somebody else was quicker
                await pool.aclose()
                return self._pool
            self._pool = pool
        return self._pool

    async def nudge(self, job_id: uuid.UUID) -> None:
        """Tell a worker; silent when Valkey is away, because the sweep tells again."""
        with suppress(RedisError, OSError):
            async with asyncio.timeout(NUDGE_SECONDS):
                pool = await self._connected()
                told = (str(job_id), tracing.carried())
                await pool.enqueue_job("run", *told, _queue_name=self.line, _expires=LONGEST_SECONDS)

    async def room(self) -> int:
        """How many more ids the line should take; none while Valkey is away. Forgets the old ones."""
        with suppress(RedisError, OSError):
            async with asyncio.timeout(NUDGE_SECONDS):
                pool = await self._connected()
                await pool.zremrangebyscore(self.line, "-inf", (time.time() - FORGET_SECONDS) * 1000)
                return max(0, LONGEST_LINE - int(await pool.zcard(self.line)))
        return 0

    async def close(self) -> None:
        if self._pool is not None:
            with suppress(RedisError, OSError):
                await self._pool.aclose()


async def enqueue(session: Writer, queue: Queue, kind: Job, payload: Any) -> uuid.UUID:
    """Store a job within the unit of work; a worker hears of it after the commit."""
    job_id = uuid.uuid4()
    await session.execute(
        insert(table(queue.metadata, "job")).values(
            id=job_id, name=kind.name, payload=msgspec.to_builtins(payload), state="queued"
        )
    )
    session.after_commit(lambda: queue.nudge(job_id))
    return job_id


async def status(session: Reader, metadata: MetaData, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Status]:
    rows = table(metadata, "job")
    found = await session.execute(
        select(rows.c.id, rows.c.state, rows.c.tries, rows.c.progress, rows.c.error).where(rows.c.id.in_(ids))
    )
    return {row.id: Status(*row) for row in found}


class LostLease(Exception):
    """Another worker has the job by now; what this one did is rolled back."""


@dataclass
class Run:
    """One try of one job, as its function sees it."""

    id: uuid.UUID
    tries: int
    db: Database
    metadata: MetaData
    owner: uuid.UUID
    finished: bool = False
    failed: bool = False

    def mine(self, rows: Table) -> Any:
        return and_(rows.c.id == self.id, rows.c.owner == self.owner, rows.c.state == "running")

    @asynccontextmanager
    async def finish(self, error: str | None = None) -> AsyncIterator[Writer]:
        """The unit of work that stores the job's effects and marks it done, or with `error` failed for good.

        Raises LostLease, storing nothing.
        """
        rows = table(self.metadata, "job")
        outcome = {"state": "failed", "error": error} if error else {"state": "done"}
        async with self.db.begin(HUB) as session:
            done = await session.execute(
                update(rows).where(self.mine(rows)).values(finished_at=sql.now(), lease_until=None, **outcome)
            )
            if done.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's result is a CursorResult
                raise LostLease
            yield session
        self.finished, self.failed = True, error is not None

    async def progress(self, value: dict[str, Any]) -> None:
        """Store how far it is, for whoever polls or subscribes. Raises LostLease: what nobody waits for shall end."""
        rows = table(self.metadata, "job")
        async with self.db.begin(NOBODY) as session:
            stored = await session.execute(update(rows).where(self.mine(rows)).values(progress=value))
        if stored.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's result is a CursorResult
            raise LostLease

    async def heavy(self, function: str, payload: Any, on_progress: Callable[[Any], Awaitable[bool | None]]) -> Any:
        """Run `module:function` in a process of its own; see `kit.heavy`."""
        return await heavy(function, payload, on_progress)


def dumps(value: Any) -> bytes:
    return json.dumps(value).encode()


def loads(value: bytes) -> Any:
    return json.loads(value)
