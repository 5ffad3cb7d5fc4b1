"""Working the jobs: claim with a lease, run, store the outcome; sweep for what nobody has told.

See `services.kit.jobs` for the promise. A worker outlives restarts of Valkey and of PostgreSQL.
"""

import asyncio
import logging
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.exceptions import RedisError
from sqlalchemy import FromClause, and_, or_, select, update
from sqlalchemy import func as sql
from sqlalchemy.exc import DBAPIError

from services.kit import tracing
from services.kit.db import NOBODY, Database
from services.kit.errors import HubError
from services.kit.jobs import LONGEST_SECONDS, Every, Job, LostLease, Queue, Run, connect, dumps, loads
from services.kit.log import table

log = logging.getLogger(__name__)
SWEEP_SECONDS = 1.0
NUDGE_AGAIN_SECONDS = 5.0
STOP_SECONDS = 5.0
AT_ONCE = 4
"""Jobs that one worker runs at a time, beside those that take turns."""
RECENT = timedelta(hours=1)
"""How far back a turn counts."""
Claimed = tuple[Run, str, Any]


async def _claim(queue: Queue, job_id: uuid.UUID) -> Claimed | None:
    """Take the job unless it is done, not yet due, or in somebody's living hands."""
    rows = table(queue.metadata, "job")
    return await _claim_where(queue, rows.c.id == job_id)


async def _claim_where(queue: Queue, which: Any) -> Claimed | None:
    rows = table(queue.metadata, "job")
    owner = uuid.uuid4()
    async with queue.db.begin(NOBODY) as session:
        row = (
            await session.execute(
                update(rows)
                .where(which, _open(rows))
                .values(
                    state="running",
                    owner=owner,
                    tries=rows.c.tries + 1,
                    lease_until=sql.now() + timedelta(seconds=queue.lease),
                )
                .returning(rows.c.id, rows.c.name, rows.c.payload, rows.c.tries)
            )
        ).one_or_none()
    if row is None:
        return None
    return Run(row.id, row.tries, queue.db, queue.metadata, owner), row.name, row.payload


def _open(rows: FromClause) -> Any:
    return or_(
        and_(rows.c.state == "queued", rows.c.run_after <= sql.now()),
        and_(rows.c.state == "running", rows.c.lease_until < sql.now()),
    )


def _whose_turn(rows: FromClause, kind: Job) -> Any:
    """The id of the next job of this kind: of whom the fewest run, and of those, whose last ended longest ago."""
    whose = rows.c.payload[kind.turns].astext
    others = rows.alias()
    recent = or_(
        and_(others.c.state == "running", others.c.lease_until >= sql.now()), others.c.finished_at > sql.now() - RECENT
    )
    turns = (
        select(
            others.c.payload[kind.turns].astext.label("whose"),
            sql.count().filter(others.c.state == "running").label("run"),
            sql.max(others.c.finished_at).label("last"),
        )
        .where(others.c.name == kind.name, recent)
        .group_by("whose")
        .subquery()
    )
    return (
        select(rows.c.id)
        .select_from(rows.outerjoin(turns, turns.c.whose == whose))
        .where(rows.c.name == kind.name, _open(rows))
        .order_by(sql.coalesce(turns.c.run, 0), turns.c.last.nulls_first(), rows.c.created_at, rows.c.id)
        .limit(1)
    )


async def _work(
    queue: Queue, kinds: dict[str, Job], slots: asyncio.Semaphore, job_id: uuid.UUID, trace: str = ""
) -> None:
    """Work this job, as part of `trace`, or where its kind takes turns, the one whose turn it is."""
    kind = await _taking_turns(queue, kinds, job_id)
    if kind is None:
        claimed = await _claim(queue, job_id)
        if claimed is not None:
            await _try(queue, kinds, claimed, trace)
        return
    if slots.locked():
        return  # who works now tells of the next
    rows = table(queue.metadata, "job")
    async with slots:
        waiting = rows.alias()  # inside an UPDATE, the table itself would be taken for the one that is updated
        turn = _whose_turn(waiting, kind).with_for_update(skip_locked=True, of=waiting)
        claimed = await _claim_where(queue, rows.c.id == turn.scalar_subquery())
        if claimed is None:
            return
        await _try(queue, kinds, claimed, trace if claimed[0].id == job_id else "")
    async with queue.db.read(NOBODY) as session:
        following = await session.scalar(_whose_turn(rows, kind))
    if following is not None:
        await queue.nudge(following)


async def _taking_turns(queue: Queue, kinds: dict[str, Job], job_id: uuid.UUID) -> Job | None:
    """The kind of this job if it is one that takes turns."""
    if all(kind.turns is None for kind in kinds.values()):
        return None
    rows = table(queue.metadata, "job")
    async with queue.db.read(NOBODY) as session:
        name = await session.scalar(select(rows.c.name).where(rows.c.id == job_id))
    kind = kinds.get(name or "")
    return kind if kind is not None and kind.turns is not None else None


async def _try(queue: Queue, kinds: dict[str, Job], claimed: Claimed, trace: str) -> None:
    with tracing.working(str(queue.metadata.schema), claimed[1], trace):
        await _run(queue, kinds, claimed)


async def _run(queue: Queue, kinds: dict[str, Job], claimed: Claimed) -> None:
    """One try: keep the lease alive, run, store the outcome."""
    run, name, payload = claimed
    job_id = run.id
    kind = kinds.get(name)
    if kind is None:  # a newer hub's job: leave it to a newer worker
        queue.count("unknown", "given back")
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
        queue.count(name, "refused" if run.failed else "done")
    except LostLease:
        queue.count(name, "lost")
        log.warning("job %s %s: the lease was lost", name, job_id)
    except asyncio.CancelledError:
        queue.count(name, "given back")
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
            async with queue.db.begin(NOBODY) as session:
                until = sql.now() + timedelta(seconds=queue.lease)
                await session.execute(update(rows).where(run.mine(rows)).values(lease_until=until))


async def _release(queue: Queue, run: Run, after: float = 0.0) -> None:
    """Give the job back untried: a worker that stops is no failure of the job."""
    rows = table(queue.metadata, "job")
    with suppress(HubError):
        async with queue.db.begin(NOBODY) as session:
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
    queue.count(kind.name, "refused" if refused else "failed" if final else "again")
    async with queue.db.begin(NOBODY) as session:
        await session.execute(update(rows).where(run.mine(rows)).values(error=words, lease_until=None, **outcome))


async def sweep(queue: Queue) -> int:
    """Tell the workers again of the jobs that are due and in nobody's hands, oldest first; returns of how many."""
    room = await queue.room()
    if not room:
        return 0
    rows = table(queue.metadata, "job")
    stale = sql.now() - timedelta(seconds=NUDGE_AGAIN_SECONDS)
    async with queue.db.begin(NOBODY) as session:
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
    slots = asyncio.Semaphore(queue.cores)

    async def run(ctx: dict[Any, Any], *args: Any, **_kwargs: Any) -> None:
        await _work(queue, kinds, slots, uuid.UUID(args[0]), *args[1:2])

    async def serve() -> None:
        while True:
            with suppress(RedisError, OSError):
                pool = await connect(queue.redis)
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
            max_jobs=AT_ONCE + queue.cores,
            poll_delay=0.1,
            job_serializer=dumps,
            job_deserializer=loads,
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
