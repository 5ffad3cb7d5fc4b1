"""The faults. Each function strikes for about so many seconds and leaves the rest of the world as it found it."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
from redis.asyncio import Redis

from services.directory.login import links
from services.kit import bymail, jobs, mail
from services.kit.db import HUB
from tests.drills.stage import Stage, end, lives
from tests.stories.deployments import Process

PROMOTE_AFTER = 5.0
"""Seconds until an operator, or what stands in for one, has noticed that the primary is gone."""
DISK_MEGABYTES = 600
JOBS = 5_000
POISON = """INSERT INTO directory.log (kind, key, body)
VALUES ('NavigatorPublished', 'poison', '{"kind": "NavigatorPublished", "id": 1}')"""


class NotHere(Exception):
    """This machine cannot play the drill; the message says why."""


async def run(database: str, *statements: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def kills(stage: Stage, seconds: float) -> None:
    """SIGKILL for one process after another, by chance; each is started again as soon as that is noticed."""
    until, killed = time.monotonic() + seconds, Counter[str]()
    servers: dict[str, Callable[[], psutil.Process]] = {
        "router": lambda: stage.router,
        "Valkey": stage.valkey,
        "PostgreSQL": stage.postgres,
        "replica": lambda: stage.postgres("replica"),
    }
    while time.monotonic() < until:
        await asyncio.sleep(stage.chance.uniform(1, 6))
        targets: list[Process | str] = [*stage.there.processes, *servers]
        which = stage.chance.choice(targets)
        with contextlib.suppress(psutil.Error):  # it was dead already
            if isinstance(which, Process):
                if which.running is None:
                    continue
                await asyncio.to_thread(which.kill)
                killed["service" if which.verb == "serve" else "worker"] += 1
            else:
                end(servers[which]())
                killed[which] += 1
    stage.happened.append(
        f"{sum(killed.values())} killed: " + ", ".join(f"{count} × {name}" for name, count in sorted(killed.items()))
    )


async def flushed(stage: Stage, seconds: float) -> None:
    """Valkey forgets everything, every second."""
    redis: Redis = Redis.from_url(stage.there.hub.settings.redis_url or "")
    times = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                await redis.flushall()
                times += 1
                await asyncio.sleep(1)
    except TimeoutError:
        stage.happened.append(f"flushed {times} times")
    finally:
        await redis.aclose()


async def synchronous(stage: Stage) -> None:
    """From now on the primary acknowledges what the replica has, too."""
    await run(stage.database, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
    connection = await asyncpg.connect(stage.database)
    try:
        async with asyncio.timeout(30):
            while await connection.fetchval("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 0:
                await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def promoted(stage: Stage, seconds: float) -> None:
    """The primary dies for good; the replica is promoted by hand, and the services find it by themselves."""
    end(stage.postgres())
    await asyncio.sleep(PROMOTE_AFTER)
    await run(stage.there.replica, "SELECT pg_promote()")
    stage.database = stage.there.replica
    stage.happened.append(f"replica promoted after {PROMOTE_AFTER:.0f} s")
    await asyncio.sleep(max(0.0, seconds - PROMOTE_AFTER))


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of its own at `folder`, with little room. Raises NotHere where one may not mount."""
    folder.mkdir(parents=True)
    size = f"size={DISK_MEGABYTES}m,mode=0755"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        raise NotHere("mounting a small file system needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


async def full_disk(stage: Stage, seconds: float) -> None:
    """Not a byte is left where the primary keeps its data; half-way its log needs a new file, which ends it."""
    ballast = stage.folder / "primary" / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(ballast.parent).free)
    first = psutil.Process(stage.postgres().pid)
    await asyncio.sleep(seconds / 2)
    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await run(stage.database, *(["SELECT pg_switch_wal()", "CREATE TEMP TABLE t AS SELECT 1"] * 5))
    await asyncio.sleep(seconds / 2)
    stage.happened.append("PostgreSQL went on" if lives(first) else "PostgreSQL stopped itself")
    ballast.unlink()


async def slow_network(stage: Stage, seconds: float) -> None:
    """Everything takes 10 ms more to the database and Valkey, and 100 ms more between services and router, each way."""
    for (_who, whom), wire in stage.wires.all.items():
        wire.slow(0.01 if whom in {"primary", "replica", "valkey"} else 0.1)
    await asyncio.sleep(seconds)
    for wire in stage.wires.all.values():
        wire.mend()


async def partition(stage: Stage, seconds: float) -> None:
    """First nobody reaches events and it reaches nobody, but for the database; then it loses database and Valkey."""
    around = stage.wires.between("events", ("directory", "matching", "router"))
    below = stage.wires.between("events", ("primary", "replica", "valkey"))
    for wires, share in ((around, 2 / 3), (below, 1 / 3)):
        for wire in wires:
            wire.silence()
        await asyncio.sleep(seconds * share)
        for wire in wires:
            wire.mend()
            wire.cut()  # what waited was lost on the way
            wire.mend()


FAKETIME = (
    os.environ.get("LOTSENNETZ_FAKETIME", ""),
    *(str(one) for one in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")),
)


def clocks(folder: Path) -> dict[str, dict[str, str]]:
    """What processes of the services, and the database, need so that their clocks can be set. Raises NotHere where the
    Debian package `libfaketime` is not there.
    """
    library = next((one for one in FAKETIME if one and Path(one).exists()), None)
    if library is None:
        raise NotHere("needs libfaketime (Debian package of that name, or its path in LOTSENNETZ_FAKETIME)")
    found = {}
    for name in ("directory", "matching", "events", "database"):
        file = folder / f"{name}.clock"
        file.write_text("+0")
        file.chmod(0o644)
        found[name] = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
    return found


async def give_database_a_clock(stage: Stage, env: dict[str, str]) -> None:
    """Start it again below the library: its guard does so, with this process's environment."""
    before, kept = stage.postgres().pid, dict(os.environ)
    os.environ.update(env)
    try:
        end(stage.postgres(), signal.SIGINT)
        async with asyncio.timeout(60):
            while True:
                await asyncio.sleep(0.2)
                with contextlib.suppress(psutil.Error, OSError, asyncpg.PostgresError):
                    if stage.postgres().pid != before:
                        await run(stage.database, "SELECT 1")
                        break
    finally:
        os.environ.clear()
        os.environ.update(kept)


async def clock_jumps(stage: Stage, seconds: float) -> None:
    """One after the other jumps and jumps back: events' clock two hours ahead, directory's an hour back, the database's
    an hour ahead.
    """
    jumps = (("events", "+7200"), ("directory", "-3600"), ("database", "+3600"))
    for name, offset in jumps:
        file, before = stage.folder / f"{name}.clock", Counter(stage.load.problems)
        file.write_text(offset)
        await asyncio.sleep(seconds / len(jumps) / 2)
        file.write_text("+0")
        await asyncio.sleep(seconds / len(jumps) / 2)
        problems = stage.load.problems - before
        said = ", ".join(f"{count} × {what}" for what, count in sorted(problems.items())) or "no request failed"
        stage.happened.append(f"{name} {offset} s: {said}")


async def poison(stage: Stage, seconds: float) -> None:
    """A line that nobody can read stands in the directory's log, and a job that fails each time in its queue."""
    directory = stage.there.hub.runtimes["directory"]
    async with directory.db.begin(HUB) as session:
        job = await jobs.enqueue(session, directory.queue, links.wanted.job(directory), bymail.Wanted("poison"))
    await run(stage.database, POISON)
    await asyncio.sleep(seconds)
    connection = await asyncpg.connect(stage.database)
    try:
        state = await connection.fetchval("SELECT state FROM directory.job WHERE id = $1", job)
        aside = [
            await connection.fetchval(f"SELECT count(*) FROM {name}.aside WHERE key = 'poison'")
            for name in ("matching", "events")
        ]
        await connection.execute("DELETE FROM matching.aside; DELETE FROM events.aside")  # or it is alarmed for ever
    finally:
        await connection.close()
    stage.happened.append(f"the job is {state}, the line was set aside by {sum(aside)} of 2 readers")


async def dead_mail_server(stage: Stage, seconds: float) -> None:
    """The mail server hangs up at once, then it does not answer at all."""
    wire = stage.wires.all["workers", "mail"]
    wire.cut()
    await asyncio.sleep(seconds / 2)
    wire.mend()
    wire.silence()
    await asyncio.sleep(seconds / 2)
    wire.mend()


async def full_queue(stage: Stage, _seconds: float) -> None:
    """5,000 mails are queued while no worker runs; then the worker comes. Ends when the last has left."""
    directory, worker = stage.there.hub.runtimes["directory"], stage.process("directory", "work")
    await stage.stop(worker)
    for first in range(0, JOBS, 250):
        async with directory.db.begin(HUB) as session:
            for number in range(first, first + 250):
                await mail.send(
                    session, directory.outbox, "login", to=f"nr{number}@queue.example", language="de",
                    key=f"drill:{number}", name="Kim", link="https://hub.example", until="morgen",
                )  # fmt: skip
        await asyncio.sleep(0)
    begun = time.monotonic()
    await stage.start(worker)
    connection = await asyncpg.connect(stage.database)
    try:
        left = "SELECT count(*) FROM directory.mail WHERE state = 'queued' AND key LIKE 'drill:%'"
        async with asyncio.timeout(1800):
            while await connection.fetchval(left):
                await asyncio.sleep(0.5)
    finally:
        await connection.close()
    took = time.monotonic() - begun
    heads = await asyncio.to_thread(stage.mailbox.heads)
    got = Counter(to for to, _message, _subject in heads if to.endswith("@queue.example"))
    once = sum(count == 1 for count in got.values())
    stage.happened.append(f"worked in {took:.0f} s ({JOBS / took:.0f} a second); {once} of {JOBS} arrived exactly once")
