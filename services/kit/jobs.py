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
from datetime import timedelta
from typing import Any

import msgspec
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker, func
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
    or_,
    select,
    text,
    update,
)
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError

from services.kit.db import CONNECT_SECONDS, Database, Reader, Writer
from services.kit.errors import HubError, Refused, Unavailable
from services.kit.heavy import heavy
from services.kit.i18n import gettext as _
from services.kit.log import table

log = logging.getLogger(__name__)
SWEEP_SECONDS = 1.0
NUDGE_AGAIN_SECONDS = 5.0
NUDGE_SECONDS = 2.0
"""How long a request waits for a Valkey that hangs."""
STOP_SECONDS = 5.0
FORGET_SECONDS = 60
"""An id older than this is told anew if its job still waits; until then, a killed worker's ids stand in the way."""
LONGEST_LINE = 500
"""So many ids keep every worker busy; more would only pile up behind them."""
OLDEST_REDIS = 7
LONGEST_SECONDS = 3600
AT_ONCE = 4
"""Jobs that one worker runs at a time; each heavy one is a process."""


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
    """A kind of job: `work(run, payload)` with a typed payload; tried at most `tries` times."""

    name: str
    payload: type[Any]
    work: Callable[["Run", Any], Awaitable[None]]
    tries: int = 5


def job(name: str, payload: type[Any], *, tries: int = 5) -> Callable[[Callable[["Run", Any], Awaitable[None]]], Job]:
    """Declare a job where its function stands."""
    return lambda work: Job(name, payload, work, tries)


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


async def _connect(redis: RedisSettings) -> ArqRedis:
    """One attempt: a request must not wait for Valkey."""
    return await create_pool(redis, job_serializer=_dumps, job_deserializer=_loads, retry=redis.conn_retries)


async def check_server(redis: RedisSettings) -> None:
    """Raises Unavailable or Refused, in words, unless a Valkey or Redis new enough answers."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            pool = await _connect(redis)
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
    _pool: ArqRedis | None = field(default=None, repr=False)

    @property
    def line(self) -> str:
        return f"lotsennetz:{self.metadata.schema}"

    async def _connected(self) -> ArqRedis:
        if self._pool is None:
            pool = await _connect(self.redis)
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
                await pool.enqueue_job("run", str(job_id), _queue_name=self.line, _expires=LONGEST_SECONDS)

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

    def mine(self, rows: Table) -> Any:
        return and_(rows.c.id == self.id, rows.c.owner == self.owner, rows.c.state == "running")

    @asynccontextmanager
    async def finish(self) -> AsyncIterator[Writer]:
        """The unit of work that stores the job's effects and marks it done. Raises LostLease, storing nothing."""
        rows = table(self.metadata, "job")
        async with self.db.begin() as session:
            done = await session.execute(
                update(rows).where(self.mine(rows)).values(state="done", finished_at=sql.now(), lease_until=None)
            )
            if done.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's result is a CursorResult
                raise LostLease
            yield session
        self.finished = True

    async def progress(self, value: dict[str, Any]) -> None:
        """Store how far it is, for whoever polls or subscribes."""
        rows = table(self.metadata, "job")
        async with self.db.begin() as session:
            await session.execute(update(rows).where(self.mine(rows)).values(progress=value))

    async def heavy(self, function: str, payload: Any, on_progress: Callable[[Any], Awaitable[None]]) -> Any:
        """Run `module:function` in a process of its own; see `kit.heavy`."""
        return await heavy(function, payload, on_progress)


async def _claim(queue: Queue, job_id: uuid.UUID) -> tuple[Run, str, Any] | None:
    """Take the job unless it is done, not yet due, or in somebody's living hands."""
    rows = table(queue.metadata, "job")
    owner = uuid.uuid4()
    async with queue.db.begin() as session:
        row = (
            await session.execute(
                update(rows)
                .where(rows.c.id == job_id, _open(rows))
                .values(
                    state="running",
                    owner=owner,
                    tries=rows.c.tries + 1,
                    lease_until=sql.now() + timedelta(seconds=queue.lease),
                )
                .returning(rows.c.name, rows.c.payload, rows.c.tries)
            )
        ).one_or_none()
    if row is None:
        return None
    return Run(job_id, row.tries, queue.db, queue.metadata, owner), row.name, row.payload


def _open(rows: Table) -> Any:
    return or_(
        and_(rows.c.state == "queued", rows.c.run_after <= sql.now()),
        and_(rows.c.state == "running", rows.c.lease_until < sql.now()),
    )


async def _work(queue: Queue, kinds: dict[str, Job], job_id: uuid.UUID) -> None:
    """One try: claim, keep the lease alive, run, store the outcome."""
    claimed = await _claim(queue, job_id)
    if claimed is None:
        return
    run, name, payload = claimed
    kind = kinds.get(name)
    if kind is None:  # a newer hub's job: leave it to a newer worker
        await _release(queue, run, after=NUDGE_AGAIN_SECONDS)
        return
    if run.tries > kind.tries:  # it took its workers down with it each time
        await _failed(queue, run, kind, RuntimeError())
        return
    alive = asyncio.create_task(_keep_lease(queue, run))
    try:
        await kind.work(run, msgspec.convert(payload, kind.payload))
        if not run.finished:
            async with run.finish():
                pass
    except LostLease:
        log.warning("job %s %s: the lease was lost", name, job_id)
    except asyncio.CancelledError:
        await asyncio.shield(_release(queue, run))
        raise
    except Exception as problem:
        log.exception("job %s %s, try %d of %d", name, job_id, run.tries, kind.tries)
        with suppress(HubError):
            await _failed(queue, run, kind, problem)
    finally:
        alive.cancel()


async def _keep_lease(queue: Queue, run: Run) -> None:
    rows = table(queue.metadata, "job")
    while True:
        await asyncio.sleep(queue.lease / 3)
        with suppress(HubError):
            async with queue.db.begin() as session:
                until = sql.now() + timedelta(seconds=queue.lease)
                await session.execute(update(rows).where(run.mine(rows)).values(lease_until=until))


async def _release(queue: Queue, run: Run, after: float = 0.0) -> None:
    """Give the job back untried: a worker that stops is no failure of the job."""
    rows = table(queue.metadata, "job")
    with suppress(HubError):
        async with queue.db.begin() as session:
            await session.execute(
                update(rows)
                .where(run.mine(rows))
                .values(
                    state="queued",
                    tries=rows.c.tries - 1,
                    lease_until=None,
                    nudged_at=None,
                    run_after=sql.now() + timedelta(seconds=after),
                )
            )


async def _failed(queue: Queue, run: Run, kind: Job, problem: Exception) -> None:
    """Later again, waiting longer each time; for good when the tries are used up or the input itself is refused."""
    rows = table(queue.metadata, "job")
    refused = isinstance(problem, HubError) and problem.status < 500 and not isinstance(problem.__cause__, DBAPIError)
    final = run.tries >= kind.tries or refused  # a deadlock is a Conflict too, and worth another try
    words = problem.message if isinstance(problem, HubError) else type(problem).__name__
    outcome: dict[str, Any] = (
        {"state": "failed", "finished_at": sql.now()}
        if final
        else {"state": "queued", "run_after": sql.now() + timedelta(seconds=min(2**run.tries, 300)), "nudged_at": None}
    )
    async with queue.db.begin() as session:
        await session.execute(update(rows).where(run.mine(rows)).values(error=words, lease_until=None, **outcome))


async def sweep(queue: Queue) -> int:
    """Tell the workers again of the jobs that are due and in nobody's hands, oldest first; returns of how many."""
    room = await queue.room()
    if not room:
        return 0
    rows = table(queue.metadata, "job")
    stale = sql.now() - timedelta(seconds=NUDGE_AGAIN_SECONDS)
    async with queue.db.begin() as session:
        due = (
            await session.scalars(
                update(rows)
                .where(
                    rows.c.id.in_(
                        select(rows.c.id)
                        .where(_open(rows), or_(rows.c.nudged_at.is_(None), rows.c.nudged_at < stale))
                        .order_by(rows.c.created_at)
                        .limit(room)
                        .with_for_update(skip_locked=True)
                    )
                )
                .values(nudged_at=sql.now())
                .returning(rows.c.id)
            )
        ).all()
    for job_id in due:
        await queue.nudge(job_id)
    return len(due)


async def _put_down(worker: Worker) -> None:
    """Cancel its jobs and let arq take note of each: cancelled at that, arq would go on after it was closed."""
    cancelled: set[asyncio.Task[Any]] = set()
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            while busy := [task for task in worker.tasks.values() if not task.done()]:
                for task in set(worker.job_tasks.values()) - cancelled:
                    task.cancel()
                    cancelled.add(task)
                await asyncio.wait(busy, timeout=0.1)


async def work(queue: Queue, jobs: Sequence[Job], regular: Sequence[Every] = ()) -> None:
    """Work this service's jobs until cancelled; survives restarts of Valkey and of PostgreSQL."""
    kinds = {kind.name: kind for kind in jobs}

    async def run(ctx: dict[Any, Any], *args: Any, **_kwargs: Any) -> None:
        await _work(queue, kinds, uuid.UUID(args[0]))

    async def serve() -> None:
        while True:
            with suppress(RedisError, OSError):
                pool = await _connect(queue.redis)
                try:
                    await serve_from(pool)
                finally:
                    await pool.aclose()  # arq does not close it where it failed
            log.warning("worker %s: Valkey is away", queue.line)
            await asyncio.sleep(0.5)

    async def serve_from(pool: ArqRedis) -> None:
        worker = Worker(
            [func(run, name="run", timeout=LONGEST_SECONDS, max_tries=1000, keep_result=0)],
            queue_name=queue.line,
            redis_pool=pool,
            handle_signals=False,
            max_jobs=AT_ONCE,
            poll_delay=0.1,
            job_serializer=_dumps,
            job_deserializer=_loads,
            log_results=False,
        )
        try:
            await worker.async_run()
        finally:
            await _put_down(worker)
            await worker.close()

    async def repeat(task: Every) -> None:
        while True:
            try:
                await task.work(queue.db)
            except Exception as problem:  # noqa: BLE001  # whatever it was, the next turn may go well
                log.warning("regular task of %s: %s", queue.line, type(problem).__name__)
            await asyncio.sleep(task.seconds)

    async def sweeping(_db: Database) -> None:
        await sweep(queue)

    async with asyncio.TaskGroup() as group:
        group.create_task(serve())
        for task in (Every(SWEEP_SECONDS, sweeping), *regular):
            group.create_task(repeat(task))


def _dumps(value: Any) -> bytes:
    return json.dumps(value).encode()


def _loads(value: bytes) -> Any:
    return json.loads(value)
