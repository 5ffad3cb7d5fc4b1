"""What the queue promises with workers, Valkey and PostgreSQL killed beneath it: every effect exactly once."""

import asyncio
import gc
import signal
import time
import uuid
from collections import Counter
from itertools import count

import psutil
import pytest
from sqlalchemy import delete, update

from services.kit import jobs, worker
from services.kit.errors import HubError, Unavailable
from tests.conftest import soak
from tests.kit import kill_jobs as toil
from tests.kit.kill_jobs import EFFECT, ROWS, Task, Toys, working
from tests.waiting import WAIT_SECONDS, eventually


async def test_a_killed_worker_takes_its_heavy_process_with_it_and_another_finishes(toys: Toys) -> None:
    async with toil.worker_process(toys.url, toys.redis) as process:
        job = await toys.enqueue(toil.grind, number=1, seconds=0.1)
        heavy = psutil.Process((await toys.progress(job))["pid"])
        process.kill()
        await asyncio.to_thread(process.wait)
        async with working(toys.queue):
            await toys.finished(job)
    assert await toys.effects() == [1]
    assert (await toys.status(job)).tries == 2
    heavy.wait(WAIT_SECONDS)  # raises while it lives


async def test_workers_killed_one_after_the_other(toys: Toys) -> None:
    """Each worker dies among its jobs; the last one finishes what they left."""
    ids: list[uuid.UUID] = []
    for _ in range(3):
        async with toil.worker_process(toys.url, toys.redis) as process:
            fresh = [await toys.enqueue(toil.mark, number=len(ids) + n, seconds=0.05) for n in range(20)]
            ids += fresh
            await toys.progress(fresh[4])
            process.kill()
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
        await worker.sweep(toys.queue)
    assert await toys.queue._pool.zcard(toys.queue.line) <= 1000
    async with working(toys.queue):
        await eventually(toys.all_done)
    assert Counter(await toys.effects()) == Counter(range(300))


async def test_ids_that_killed_workers_left_behind_do_not_stand_in_the_way(toys: Toys) -> None:
    """arq looks at the first hundred ids only, and leaves alone for an hour those that a killed worker held."""
    await toys.queue.nudge(uuid.uuid4())
    line, pool = toys.queue.line, toys.queue._pool
    assert pool is not None
    for _ in range(150):
        id = uuid.uuid4().hex
        await pool.zadd(line, {id: (time.time() - 2 * jobs.FORGET_SECONDS) * 1000})
        await pool.set(f"arq:in-progress:{id}", "1", ex=3600)
    job = await toys.enqueue(toil.mark, number=1)
    async with working(toys.queue):
        await toys.finished(job)


# Servers killed -------------------------------------------------------------------------------------------------------

Fragile = tuple[toil.Servers, Toys]
cut_off = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The redis client leaves the closing of a connection that was cut to the garbage collector."""


@cut_off
async def test_valkey_killed_while_jobs_wait(fragile: Fragile) -> None:
    own, toys = fragile
    before = len(await toys.effects())
    ids = [await toys.enqueue(toil.mark, number=number, seconds=0.02) for number in range(25)]
    async with working(toys.queue):
        await toys.progress(ids[0])
        own.kill_valkey()
        ids += [await toys.enqueue(toil.mark, number=number) for number in range(25, 50)]  # nobody is told of these
        own.valkey.start()
        await toys.finished(*ids)
    assert len(await toys.effects()) == before + 50
    assert set(await toys.effects()) == set(range(50))
    gc.collect()


@cut_off
async def test_nobody_waits_long_for_a_valkey_that_hangs(fragile: Fragile) -> None:
    own, toys = fragile
    job = await toys.enqueue(toil.mark, number=1)
    own.signal_valkey(signal.SIGSTOP)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            other = await toys.enqueue(toil.mark, number=2)
            with pytest.raises(Unavailable):
                await jobs.check_server(toys.queue.redis)
    finally:
        own.signal_valkey(signal.SIGCONT)
    async with working(toys.queue):
        await toys.finished(job, other)
    gc.collect()


@pytest.mark.parametrize("mode", ["immediate", pytest.param("fast", marks=soak)])
async def test_postgres_restarted_under_load(fragile: Fragile, mode: str) -> None:
    own, toys = fragile
    async with toys.queue.db.begin() as session:
        await session.execute(delete(EFFECT))
    promised: dict[int, uuid.UUID] = {}
    tried = count()
    going = True

    async def ask() -> None:
        while going:
            number = next(tried)
            try:
                promised[number] = await toys.enqueue(toil.mark, number=number, seconds=0.01)
            except HubError:
                await asyncio.sleep(0.05)

    async with working(toys.queue), working(toys.queue), asyncio.timeout(WAIT_SECONDS):
        asking = [asyncio.create_task(ask()) for _ in range(3)]
        for _ in range(2):
            enough = len(promised) + 20
            while len(promised) < enough:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(own.restart_postgres, mode)
        going = False
        await asyncio.gather(*asking)
        await toys.finished(*promised.values())
        await eventually(toys.all_done)
    effects = Counter(await toys.effects())
    assert set(promised) <= set(effects)  # who got no answer may have been stored all the same
    assert set(effects.values()) == {1}
