"""What the queue promises, with workers, Valkey and PostgreSQL killed beneath it: every effect exactly once."""

import asyncio
import os
import signal
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import asyncpg
import psutil
import pytest
import pytest_asyncio
from sqlalchemy import func, select, text, update

from services.kit import jobs
from services.kit.db import Database
from services.kit.errors import HubError
from services.kit.jobs import Job, LostLease, Queue, Status
from services.kit.log import table
from tests.kit import kill_jobs as toil
from tests.kit import kill_world as world
from tests.kit.kill_jobs import EFFECT, TOIL, Task, working

ROWS = table(TOIL, "job")
WAIT_SECONDS = 60
_numbers = count()


async def eventually(true: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not await true():
            await asyncio.sleep(0.05)


@dataclass
class Toys:
    """The toy service on a database and a line in Valkey of its own."""

    url: str
    redis: str
    queue: Queue

    async def enqueue(self, kind: Job, **task: Any) -> uuid.UUID:
        async with self.queue.db.begin() as session:
            return await jobs.enqueue(session, self.queue, kind, Task(**task))

    async def status(self, job: uuid.UUID) -> Status:
        async with self.queue.db.read() as session:
            return (await jobs.status(session, TOIL, [job]))[job]

    async def is_(self, state: str, *ids: uuid.UUID) -> bool:
        async with self.queue.db.read() as session:
            found = await jobs.status(session, TOIL, ids)
        return {status.state for status in found.values()} == {state}

    async def finished(self, *ids: uuid.UUID) -> None:
        await eventually(lambda: self.is_("done", *ids))

    async def effects(self) -> list[int]:
        async with self.queue.db.read() as session:
            return sorted((await session.scalars(select(EFFECT.c.number))).all())

    async def progress(self, job: uuid.UUID) -> dict[str, Any]:
        """Its progress, as soon as there is any."""
        await eventually(lambda: self._progress(job))
        return await self._progress(job) or {}

    async def _progress(self, job: uuid.UUID) -> dict[str, Any] | None:
        return (await self.status(job)).progress


@pytest_asyncio.fixture
async def toys(servers: Any) -> AsyncIterator[Toys]:
    async with asyncio.timeout(600):
        name = f"lotsennetz_jobs_{os.getpid()}_{next(_numbers)}"
        admin = await asyncpg.connect(servers.database)
        await admin.execute(f'CREATE DATABASE "{name}"')
        url = servers.database_url(name)
        await world.prepare(url, TOIL)
        queue = toil.queue(url, servers.redis)
        yield Toys(url, servers.redis, queue)
        await forget_line(queue)
        await queue.close()
        await queue.db.close()
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


async def forget_line(queue: Queue) -> None:
    """The next test's workers must not be woken by this one's ids."""
    await queue.nudge(uuid.uuid4())
    if queue._pool is not None:
        await queue._pool.delete(queue.line)


async def test_a_job_of_a_failed_unit_of_work_never_was(toys: Toys) -> None:
    with pytest.raises(ZeroDivisionError):
        async with toys.queue.db.begin() as session:
            job = await jobs.enqueue(session, toys.queue, toil.mark, Task(1))
            raise ZeroDivisionError
    async with toys.queue.db.read() as session:
        assert await jobs.status(session, TOIL, [job]) == {}
    assert await jobs.sweep(toys.queue) == 0


async def test_effect_and_done_become_true_together_and_once(toys: Toys) -> None:
    together = select(
        select(func.count()).select_from(EFFECT).scalar_subquery(),
        select(func.count()).select_from(ROWS).where(ROWS.c.state == "done").scalar_subquery(),
    )
    async with working(toys.queue), working(toys.queue):
        ids = [await toys.enqueue(toil.mark, number=number) for number in range(40)]
        while not await toys.is_("done", *ids):
            async with toys.queue.db.read() as session:
                effects, done = (await session.execute(together)).one()
            assert effects == done
    assert await toys.effects() == list(range(40))
    assert {(await toys.status(job)).tries for job in ids} == {1}


async def test_an_exception_is_tried_again_later_and_fails_in_the_end_without_telling_the_payload(toys: Toys) -> None:
    async with working(toys.queue):
        job = await toys.enqueue(toil.stumble, number=1, secret="Erika Mustermann")
        await eventually(lambda: toys.is_("queued", job))
        await eventually(lambda: toys.is_("failed", job))
    assert await toys.status(job) == Status(job, "failed", 2, None, "ValueError")
    assert await toys.effects() == []


async def test_refused_input_fails_at_once(toys: Toys) -> None:
    async with working(toys.queue):
        job = await toys.enqueue(toil.refuse, number=1)
        await eventually(lambda: toys.is_("failed", job))
    assert await toys.status(job) == Status(job, "failed", 1, None, "There are more tables than people.")


async def test_a_database_that_asks_to_try_again_is_no_refusal(toys: Toys) -> None:
    async with working(toys.queue):
        async with toys.queue.db.begin() as session:
            await session.execute(text("LOCK TABLE toil.effect IN EXCLUSIVE MODE"))
            job = await toys.enqueue(toil.contend, number=1)

            async def tried() -> bool:
                return (await toys.status(job)).error is not None

            await eventually(tried)
        await toys.finished(job)
    assert await toys.effects() == [1]


async def test_progress_is_seen_while_the_job_runs(toys: Toys) -> None:
    async with working(toys.queue):
        job = await toys.enqueue(toil.mark, number=1, seconds=1.0)
        assert await toys.progress(job) == {"pid": os.getpid()}
        assert (await toys.status(job)).state == "running"
        await toys.finished(job)


async def test_a_job_that_nobody_knows_waits_for_a_worker_that_does(toys: Toys) -> None:
    job = await toys.enqueue(toil.mark, number=1)
    async with working(toys.queue, [toil.refuse]):
        other = await toys.enqueue(toil.refuse, number=2)
        await eventually(lambda: toys.is_("failed", other))
        await asyncio.sleep(jobs.SWEEP_SECONDS)
        assert await toys.status(job) == Status(job, "queued", 0, None, None)
    async with working(toys.queue):
        await toys.finished(job)
    assert await toys.effects() == [1]


async def test_a_worker_that_is_stopped_gives_its_job_back_untried(toys: Toys) -> None:
    async with working(toys.queue):
        job = await toys.enqueue(toil.mark, number=1, seconds=2.0)
        await toys.progress(job)
    status = await toys.status(job)
    assert (status.state, status.tries) == ("queued", 0)
    async with working(toys.queue):
        await toys.finished(job)
    assert (await toys.status(job)).tries == 1
    assert await toys.effects() == [1]


async def test_who_has_lost_the_lease_stores_nothing(toys: Toys) -> None:
    job = await toys.enqueue(toil.mark, number=1)
    first = await jobs._claim(toys.queue, job)
    assert first
    assert await jobs._claim(toys.queue, job) is None
    async with toys.queue.db.begin() as session:
        await session.execute(update(ROWS).values(lease_until=func.now() - text("interval '1 second'")))
    second = await jobs._claim(toys.queue, job)
    assert second
    with pytest.raises(LostLease):
        await toil.leave(first[0], Task(1))
    await first[0].progress({"by": "the first"})
    await toil.leave(second[0], Task(2))
    with pytest.raises(LostLease):
        await toil.leave(second[0], Task(3))
    assert await toys.effects() == [2]
    assert (await toys.status(job)).progress is None


async def test_a_worker_that_was_asleep_while_another_did_its_job(toys: Toys) -> None:
    async with toil.worker_process(toys.url, toys.redis) as sleeper:
        job = await toys.enqueue(toil.mark, number=1, seconds=0.5)
        await toys.progress(job)
        sleeper.send_signal(signal.SIGSTOP)
        async with working(toys.queue):
            await toys.finished(job)
            sleeper.send_signal(signal.SIGCONT)
            other = await toys.enqueue(toil.mark, number=2, seconds=1.0)  # time enough for the sleeper to try
            await toys.finished(other)
    assert await toys.effects() == [1, 2]
    assert (await toys.status(job)).tries == 2


async def test_a_killed_worker_takes_its_heavy_process_with_it_and_another_finishes(toys: Toys) -> None:
    async with toil.worker_process(toys.url, toys.redis) as worker:
        job = await toys.enqueue(toil.grind, number=1, seconds=0.1)
        heavy = psutil.Process((await toys.progress(job))["pid"])
        worker.kill()
        await worker.wait()
        async with working(toys.queue):
            await toys.finished(job)
    assert await toys.effects() == [1]
    assert (await toys.status(job)).tries == 2
    heavy.wait(WAIT_SECONDS)
    assert not heavy.is_running()


async def test_workers_killed_one_after_the_other(toys: Toys) -> None:
    """Each worker dies among its jobs; the last one finishes what they left."""
    ids: list[uuid.UUID] = []
    for _ in range(3):
        async with toil.worker_process(toys.url, toys.redis) as worker:
            fresh = [await toys.enqueue(toil.mark, number=len(ids) + n, seconds=0.05) for n in range(20)]
            ids += fresh
            await toys.progress(fresh[4])
            worker.kill()
    async with working(toys.queue):
        await toys.finished(*ids)
    assert await toys.effects() == list(range(60))


async def test_a_job_that_kills_its_worker_each_time_fails_in_the_end(toys: Toys) -> None:
    job = await toys.enqueue(toil.mark, number=1)
    async with toys.queue.db.begin() as session:
        await session.execute(update(ROWS).values(tries=toil.mark.tries))
    async with working(toys.queue):
        await eventually(lambda: toys.is_("failed", job))
    assert await toys.effects() == []


async def test_jobs_that_wait_for_busy_workers_do_not_pile_up_in_valkey(toys: Toys) -> None:
    """The sweep tells again of every job that waits; whoever has much to do must not drown in it."""
    async with toys.queue.db.begin() as session:
        for number in range(300):
            await jobs.enqueue(session, toys.queue, toil.mark, Task(number))
    assert toys.queue._pool is not None
    for _ in range(20):
        async with toys.queue.db.begin() as session:
            await session.execute(update(ROWS).values(nudged_at=None))
        await jobs.sweep(toys.queue)
    assert await toys.queue._pool.zcard(toys.queue.line) <= 1000
    async with working(toys.queue):
        await eventually(lambda: toys.is_("done", *[]) if False else _all_done(toys))
    assert Counter(await toys.effects()) == Counter(range(300))


async def _all_done(toys: Toys) -> bool:
    async with toys.queue.db.read() as session:
        return not await session.scalar(select(func.count()).select_from(ROWS).where(ROWS.c.state != "done"))


# `heavy` by itself ----------------------------------------------------------------------------------------------------


async def heavy(function: str, payload: Any) -> tuple[Any, list[Any]]:
    """Its answer, and what it told on the way."""
    told: list[Any] = []

    async def hear(value: Any) -> None:
        told.append(value)

    async with asyncio.timeout(WAIT_SECONDS):
        return await jobs.heavy(f"tests.kit.kill_heavy:{function}", payload, hear), told


async def test_heavy_answers_and_tells_how_far_it_is() -> None:
    assert await heavy("count", {"to": 3}) == ({"counted": 3}, [{"at": 0}, {"at": 1}, {"at": 2}])


async def test_heavy_bears_a_function_that_prints() -> None:
    assert await heavy("chatter", None) == ("said", [])


@pytest.mark.parametrize(
    ("function", "words"),
    [("stumble", "the tables have no legs"), ("nothing", "no attribute 'nothing'"), ("die", "without an answer")],
)
async def test_heavy_says_what_went_wrong(function: str, words: str) -> None:
    with pytest.raises(RuntimeError, match=words) as raised:
        await heavy(function, None)
    assert "Fatal Python error" not in str(raised.value)


async def test_heavy_takes_and_gives_twenty_megabytes() -> None:
    text = "ä" * 10_000_000
    answer, told = await heavy("weigh", {"text": text})
    assert answer["text"] == text
    assert told == [len(text)]


async def test_heavy_that_ends_before_it_has_read_everything_says_why() -> None:
    with pytest.raises(RuntimeError, match="No module named"):
        async with asyncio.timeout(WAIT_SECONDS):
            await jobs.heavy("no.such.module:function", {"text": "x" * 20_000_000}, _ignore)


async def _ignore(_value: Any) -> None: ...


async def test_heavy_ends_with_whoever_called_it() -> None:
    begun = asyncio.Event()
    pids: list[int] = []

    async def hear(value: dict[str, int]) -> None:
        pids.append(value["pid"])
        begun.set()

    calling = asyncio.create_task(jobs.heavy("tests.kit.kill_heavy:linger", {"seconds": 300}, hear))
    async with asyncio.timeout(WAIT_SECONDS):
        await begun.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert not psutil.pid_exists(pids[0])
