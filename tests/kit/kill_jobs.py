"""A toy service with jobs, and a worker process of it that the tests kill.

Each job leaves a row in `effect`, so that a job done twice or never is seen.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from arq.connections import RedisSettings
from sqlalchemy import BigInteger, Column, Identity, Integer, MetaData, Table, Text, insert, text

from services.kit import jobs
from services.kit.db import Database
from services.kit.errors import Refused
from services.kit.jobs import Job, Queue, Run, job
from tests.kit.kill_zygote import ROOT

TOIL = MetaData(schema="toil")
jobs.attach(TOIL)
EFFECT = Table(
    "effect",
    TOIL,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("number", Integer),
    Column("by", Text),
)
LEASE = 1.0


class Task(msgspec.Struct, frozen=True):
    number: int
    seconds: float = 0.0
    secret: str = ""


async def leave(run: Run, task: Task) -> None:
    async with run.finish() as session:
        await session.execute(insert(EFFECT).values(number=task.number, by=str(os.getpid())))


@job("mark", Task)
async def mark(run: Run, task: Task) -> None:
    """Sleeps between telling that it began and leaving its effect."""
    if task.seconds:
        await run.progress({"pid": os.getpid()})
        await asyncio.sleep(task.seconds)
    await leave(run, task)


@job("grind", Task)
async def grind(run: Run, task: Task) -> None:
    """As `mark`, with the time spent in a process of its own; its first try takes longer than anybody waits."""
    seconds = task.seconds if run.tries > 1 else 300.0
    await run.heavy("tests.kit.kill_heavy:linger", {"seconds": seconds}, run.progress)
    await leave(run, task)


@job("stumble", Task, tries=2)
async def stumble(run: Run, task: Task) -> None:
    async with run.finish() as session:
        await session.execute(insert(EFFECT).values(number=task.number))
        raise ValueError(f"cannot digest {task.secret}")


@job("refuse", Task)
async def refuse(run: Run, task: Task) -> None:
    raise Refused("There are more tables than people.")


@job("contend", Task)
async def contend(run: Run, task: Task) -> None:
    """Wants what another transaction holds, and does not wait long for it."""
    async with run.finish() as session:
        await session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        await session.execute(text("LOCK TABLE toil.effect IN EXCLUSIVE MODE"))
        await session.execute(insert(EFFECT).values(number=task.number))


KINDS: Sequence[Job] = (mark, grind, stumble, refuse, contend)


def queue(url: str, redis: str, pool: int = 10) -> Queue:
    return Queue(Database(url, "toil", pool=pool), TOIL, RedisSettings.from_dsn(redis), LEASE)


@asynccontextmanager
async def working(queue: Queue, kinds: Sequence[Job] = KINDS) -> AsyncIterator[asyncio.Task[None]]:
    """A worker in this process, stopped as a hub stops it."""
    task = asyncio.create_task(jobs.work(queue, kinds))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def worker_process(url: str, redis: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker that a test may kill or stop."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.kit.kill_jobs", url, redis, cwd=ROOT)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def main(url: str, redis: str) -> Any:
    await jobs.work(queue(url, redis), KINDS)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
