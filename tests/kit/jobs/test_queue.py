"""What the queue promises: each job has its effect once, whoever fails, and everybody has a turn."""

import asyncio
import os
import signal

import pytest
from sqlalchemy import func, select, text, update

from services.kit import jobs, worker
from services.kit.jobs import LostLease, Status
from tests.kit import kill_jobs as toil
from tests.kit.kill_jobs import EFFECT, ROWS, TOIL, Task, Toys, working
from tests.waiting import eventually


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
    await toil.forget_line(toys.queue)
    async with working(toys.queue):
        await toys.finished(*ids)
    assert await toys.effects() == [0, 1, 2]
