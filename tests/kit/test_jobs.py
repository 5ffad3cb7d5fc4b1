"""What the queue promises, with workers, Valkey and PostgreSQL killed beneath it: every effect exactly once."""

import asyncio
import gc
import os
import signal
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

import asyncpg
import psutil
import pytest
import pytest_asyncio
from sqlalchemy import delete, func, select, text, update

from services.kit import heavy, jobs, worker
from services.kit.errors import HubError, Unavailable
from services.kit.jobs import LostLease, Queue, Status
from tests.conftest import soak
from tests.kit import kill_jobs as toil
from tests.kit import kill_world as world
from tests.kit.kill_jobs import EFFECT, ROWS, TOIL, Task, Toys, working
from tests.waiting import WAIT_SECONDS, eventually

_numbers = count()


@asynccontextmanager
async def made(database: str, redis: str, url: str) -> AsyncIterator[Toys]:
    """The toy service on the empty database `url` of the server `database`."""
    admin = await asyncpg.connect(database)
    name = url.split("?", maxsplit=1)[0].rpartition("/")[2]
    await admin.execute(f'CREATE DATABASE "{name}"')
    await world.prepare(url, TOIL)
    queue = toil.queue(url, redis)
    try:
        yield Toys(url, redis, queue)
    finally:
        await forget_line(queue)
        await queue.close()
        await queue.db.close()
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            await admin.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process sweeps more often than a hub."""
    monkeypatch.setattr(worker, "SWEEP_SECONDS", 0.3)
    monkeypatch.setattr(worker, "NUDGE_AGAIN_SECONDS", 1.0)


@pytest_asyncio.fixture
async def toys(servers: Any) -> AsyncIterator[Toys]:
    url = servers.database_url(f"lotsennetz_jobs_{os.getpid()}_{next(_numbers)}")
    async with made(servers.database, servers.redis, url) as toys:
        yield toys


@pytest_asyncio.fixture(scope="module")
async def fragile() -> AsyncIterator[tuple[toil.Servers, Toys]]:
    """Servers that nobody else uses, with the toy service on them."""
    with toil.own_servers() as own:
        async with made(own.database, own.redis, own.database.replace("/lotsennetz?", "/toys?")) as toys:
            yield own, toys


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
    assert await worker.sweep(toys.queue) == 0


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
        await asyncio.sleep(worker.SWEEP_SECONDS)
        assert await toys.status(job) == Status(job, "queued", 0, None, None)
    async with working(toys.queue):
        await toys.finished(job)
    assert await toys.effects() == [1]


async def test_a_worker_that_is_stopped_gives_its_job_back_untried(toys: Toys) -> None:
    async with working(toys.queue):
        job = await toys.enqueue(toil.mark, number=1, seconds=2.0)
        await toys.progress(job)
    assert await toys.status(job) == Status(job, "queued", 0, {"pid": os.getpid()}, None)
    async with working(toys.queue):
        await toys.finished(job)
    assert (await toys.status(job)).tries == 1
    assert await toys.effects() == [1]


async def test_who_has_lost_the_lease_stores_nothing(toys: Toys) -> None:
    job = await toys.enqueue(toil.mark, number=1)
    first = await worker._claim(toys.queue, job)
    assert first
    assert await worker._claim(toys.queue, job) is None
    async with toys.queue.db.begin() as session:
        await session.execute(update(ROWS).values(lease_until=func.now() - text("interval '1 second'")))
    second = await worker._claim(toys.queue, job)
    assert second
    with pytest.raises(LostLease):
        await toil.leave(first[0], Task(1))
    with pytest.raises(LostLease):
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


# Taking turns -------------------------------------------------------------------------------------------------------


async def test_who_asks_for_much_does_not_hold_up_the_others(toys: Toys) -> None:
    wanted = [("anna", 12), ("ben", 4), ("cem", 4)]
    ids = [
        await toys.enqueue(toil.share, number=n, secret=who)
        for n, (who, many) in enumerate(wanted)
        for _ in range(many)
    ]
    async with working(toys.queue):
        await toys.finished(*ids)
    async with toys.queue.db.read() as session:
        order = (await session.scalars(select(EFFECT.c.number).order_by(EFFECT.c.id))).all()
    assert order == [0, 1, 2] * 4 + [0] * 8


async def test_no_more_than_the_cores_compute_and_other_jobs_go_on(toys: Toys) -> None:
    toys.queue.cores = 3
    toil.at_once[:] = [0, 0]
    toil.open_door.clear()
    try:
        async with working(toys.queue):
            ids = [await toys.enqueue(toil.share, number=n, secret=str(n)) for n in range(9)]
            await eventually(lambda: toys.is_("running", *ids[:3]))
            await toys.finished(await toys.enqueue(toil.mark, number=100))
            assert await toys.is_("queued", *ids[3:])
            toil.open_door.set()
            await toys.finished(*ids)
    finally:
        toil.open_door.set()
    assert toil.at_once == [0, 3]


async def test_turns_outlive_a_lost_wake_up(toys: Toys) -> None:
    ids = [await toys.enqueue(toil.share, number=n, secret="anna") for n in range(3)]
    await forget_line(toys.queue)
    async with working(toys.queue):
        await toys.finished(*ids)
    assert await toys.effects() == [0, 1, 2]


# Heavy by itself-- ----------------------------------------------------------------------------------------------------


async def computed(function: str, payload: Any) -> tuple[Any, list[Any]]:
    """Its answer, and what it told on the way."""
    told: list[Any] = []

    async def hear(value: Any) -> None:
        told.append(value)

    async with asyncio.timeout(WAIT_SECONDS):
        return await heavy.heavy(f"tests.kit.kill_heavy:{function}", payload, hear), told


async def test_heavy_answers_and_tells_how_far_it_is() -> None:
    assert await computed("count", {"to": 3}) == ({"counted": 3}, [{"at": 0}, {"at": 1}, {"at": 2}])


async def test_heavy_bears_a_function_that_prints() -> None:
    assert await computed("chatter", None) == ("said", [])


async def test_heavy_hears_that_its_caller_has_enough() -> None:
    async def until_three(value: int) -> bool:
        return value < 3

    async with asyncio.timeout(WAIT_SECONDS):
        answer = await heavy.heavy("tests.kit.kill_heavy:go_on", {"at_most": 3000}, until_three)
    assert answer == "had enough"


@pytest.mark.parametrize(
    ("function", "words"),
    [("stumble", "the tables have no legs"), ("nothing", "no attribute 'nothing'"), ("die", "without an answer")],
)
async def test_heavy_says_what_went_wrong(function: str, words: str) -> None:
    with pytest.raises(RuntimeError, match=words) as raised:
        await computed(function, None)
    assert "Fatal Python error" not in str(raised.value)


async def test_heavy_takes_and_gives_twenty_megabytes() -> None:
    text = "ä" * 10_000_000
    answer, told = await computed("weigh", {"text": text})
    assert answer["text"] == text
    assert told == [len(text)]


async def test_heavy_that_ends_before_it_has_read_everything_says_why() -> None:
    with pytest.raises(RuntimeError, match="No module named"):
        async with asyncio.timeout(WAIT_SECONDS):
            await heavy.heavy("no.such.module:function", {"text": "x" * 20_000_000}, _ignore)


async def _ignore(_value: Any) -> None: ...


async def test_heavy_ends_with_whoever_called_it() -> None:
    begun = asyncio.Event()
    pids: list[int] = []

    async def hear(value: dict[str, int]) -> None:
        pids.append(value["pid"])
        begun.set()

    calling = asyncio.create_task(heavy.heavy("tests.kit.kill_heavy:linger", {"seconds": 300}, hear))
    async with asyncio.timeout(WAIT_SECONDS):
        await begun.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert not psutil.pid_exists(pids[0])
