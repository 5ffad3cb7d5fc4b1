"""`make drills`: plays the faults one after another and writes their rows into docs/reliability.md.

python -m tests.drills --only kills --seconds 600 --seed 7
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from services.kit import logs
from tests.drills import checking, faults, figures
from tests.drills.faults import NotHere
from tests.drills.figures import Outcome
from tests.drills.stage import Stage, stage

WARM_SECONDS, BEFORE_SECONDS, AFTER_SECONDS = 10.0, 15.0, 40.0
OUT = Path("out") / "drills.log"

Strike = Callable[[Stage, float], Awaitable[None]]
Staging = Callable[[int, Path], AbstractAsyncContextManager[Stage]]


@contextlib.asynccontextmanager
async def usual(seed: int, folder: Path) -> AsyncIterator[Stage]:
    async with stage(seed, folder) as made:
        yield made


@contextlib.asynccontextmanager
async def with_a_standby(seed: int, folder: Path) -> AsyncIterator[Stage]:
    async with stage(seed, folder, failover=True, guarded=False) as made:
        await faults.synchronous(made)
        yield made


@contextlib.asynccontextmanager
async def on_a_small_disk(seed: int, folder: Path) -> AsyncIterator[Stage]:
    with faults.small_disk(folder / "primary"):
        async with stage(seed, folder) as made:
            yield made


@contextlib.asynccontextmanager
async def with_clocks(seed: int, folder: Path) -> AsyncIterator[Stage]:
    found = faults.clocks(folder)
    async with stage(seed, folder, more=found) as made:
        await faults.give_database_a_clock(made, found["database"])
        yield made


@dataclass(frozen=True)
class Drill:
    fault: str
    strike: Strike
    seconds: float = 30.0
    staging: Staging = usual


DRILLS = {
    "kills": Drill("`kill -9` of any process, by chance, {seconds:.0f} s", faults.kills, 600.0),
    "valkey": Drill("Valkey flushed every second, {seconds:.0f} s", faults.flushed),
    "slow": Drill("slow network, {seconds:.0f} s", faults.slow_network),
    "partition": Drill(
        "events alone {around:.0f} s, then without database and Valkey {below:.0f} s", faults.partition, 60.0
    ),
    "poison": Drill("a line that nobody can read, a job that always fails", faults.poison, 50.0),
    "mail": Drill("mail server dead, {seconds:.0f} s", faults.dead_mail_server),
    "queue": Drill("5,000 queued mails", faults.full_queue),
    "promotion": Drill("primary lost, replica promoted", faults.promoted, 30.0, with_a_standby),
    "disk": Drill("the database's disk full, {seconds:.0f} s", faults.full_disk, 30.0, on_a_small_disk),
    "clocks": Drill("clocks jump", faults.clock_jumps, 60.0, with_clocks),
}


def _staged(names: Sequence[str]) -> list[tuple[Staging, list[str]]]:
    """Drills one after the other; those that follow each other on the usual stage share it."""
    found: list[tuple[Staging, list[str]]] = []
    for name in names:
        staging = DRILLS[name].staging
        if found and found[-1][0] is staging is usual:
            found[-1][1].append(name)
        else:
            found.append((staging, [name]))
    return found


async def play(staging: Staging, names: Sequence[str], seconds: float | None, seed: int) -> AsyncIterator[Outcome]:
    """The drills `names` on one stage. Raises NotHere where this machine cannot play them."""
    with tempfile.TemporaryDirectory(prefix="ln-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        async with staging(seed, Path(folder)) as made:
            for name in names:
                yield await _played(made, name, seconds or DRILLS[name].seconds)


async def _played(made: Stage, name: str, seconds: float) -> Outcome:
    drill = DRILLS[name]
    fault = drill.fault.format(seconds=seconds, around=seconds * 2 / 3, below=seconds / 3)
    made.happened.clear()
    made.load.go_on()
    await asyncio.sleep(WARM_SECONDS)
    made.load.go_on()
    await asyncio.sleep(BEFORE_SECONDS)
    made.watch.begin()
    begin = time.monotonic()
    await drill.strike(made, seconds)
    end = time.monotonic()
    alarms = Counter(made.watch.held)
    await asyncio.sleep(AFTER_SECONDS)
    last = time.monotonic()
    await made.load.pause()
    outcome = Outcome(name, fault, list(made.load.samples), begin, end, last, list(made.happened), alarms=alarms)
    outcome.load = os.getloadavg()[0]
    took = await checking.settled(made.database, made.load, made.mailbox)
    outcome.lost, outcome.twice = await checking.checked(made.database, made.load, made.mailbox)
    outcome.happened.append("feeds, queues and mails never came through" if took is None else _through(took))
    if made.load.problems and name != "clocks":
        outcome.happened.append(", ".join(f"{n} × {what}" for what, n in made.load.problems.most_common(4)))
    if made.load.overtaken:
        outcome.happened.append(f"{made.load.overtaken} × not found right after it was written")
    return outcome


def _through(seconds: float) -> str:
    late = seconds + AFTER_SECONDS
    return "feeds, queues and mails were through" + (f" {late:.0f} s after" if seconds > 1 else "")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("--only", action="append", choices=DRILLS, metavar="NAME", help=", ".join(DRILLS))
    parser.add_argument(
        "--seconds", type=float, help="how long the fault lasts; each drill has its own length otherwise"
    )
    parser.add_argument("--seed", type=int, default=1, help="of what happens by chance")
    parser.add_argument("--print", action="store_true", dest="only_print", help="do not write docs/reliability.md")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    OUT.parent.mkdir(exist_ok=True)
    OUT.touch()
    os.dup2(os.open(OUT, os.O_WRONLY | os.O_APPEND), 2)  # the hub's processes say there what goes wrong
    logs.configure()
    return asyncio.run(_all(asked))


async def _all(asked: argparse.Namespace) -> int:
    failed = False
    for staging, names in _staged(asked.only or list(DRILLS)):
        try:
            async for outcome in play(staging, names, asked.seconds, asked.seed):
                print(outcome.row(), *outcome.wrong, sep="\n  ! ", flush=True)
                failed = failed or bool(outcome.wrong)
                if not asked.only_print:
                    figures.write(outcome)
        except NotHere as problem:
            print(f"{', '.join(names)}: not played, {problem}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
