"""`python -m tests.load`: what the hub does under load; `--all` (or nothing) writes docs/benchmarks-load.md.

    python -m tests.load --mix weekday|rush|day --users 400 --seconds 15 --processes 2 --municipalities 11000
    python -m tests.load --mix day --users 1600 --split              against what `make split` starts
    python -m tests.load --mix rush --users 1600 --at http://…       against a hub that runs, with its LOTSENNETZ_…

Locust has to be there (`make load`). Everything that is started ends with this.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench import registering, sections
from tests.bench.data import Size, fill
from tests.load import measuring, places, report
from tests.load.places import Place, Servers
from tests.load.results import DAY, RUSH, SPLIT, WEEKDAY, Results, Row, named
from tests.load.running import MISSING, Measured

MINUTES = 11.5
STEPS, STEP_SECONDS = (40, 80, 120, 160, 240, 320, 480, 640), 6.0
LEAST, MOST = 1_000, 11_000
PEOPLE = 1_600
WITHIN = {1: (60.0, 20.0, 5.0), 2: (20.0, 5.0)}
"""In how many seconds a rush comes, by processes."""
FEW, SPLIT_PHONES, DAY_SECONDS = 800, 400, 45.0
"""Phones where PEOPLE are too many, and of the split."""


@dataclass
class Session:
    """What was measured, and how long there is still time."""

    found: Results
    begun: float
    minutes: float = MINUTES

    @property
    def passed(self) -> float:
        return (time.monotonic() - self.begun) / 60

    def add(self, row: Row) -> None:
        self.found.rows.append(row)
        report.write(self.found, self.passed)
        one = row.found
        print(
            f"{self.passed:4.1f} min  {row.mix:8} {row.where:12} {row.municipalities:>6,}  {one.users:>5,} users  "
            f"{'  '.join(report.cells(row))}  {one.broken}",
            flush=True,
        )

    async def part(self, name: str, minutes: float, work: Callable[[], Awaitable[None]]) -> None:
        """A part that may fail, or take too long, without the others; left out where its `minutes` are not there."""
        left = self.minutes - self.passed
        if left < minutes:
            self.note(f"{name}: no time was left")
            return
        try:
            async with asyncio.timeout(60 * left):
                await work()
        except TimeoutError:
            self.note(f"{name}: not to its end, or a server did not answer: the time was over")
        except Exception as problem:  # noqa: BLE001 - the others are still to be measured
            self.note(f"{name}: {type(problem).__name__} {str(problem)[:300]}")

    def note(self, words: str) -> None:
        self.found.notes.append(words)
        print(words, file=sys.stderr, flush=True)
        report.write(self.found, self.passed)


# The parts ------------------------------------------------------------------------------------------------------------


async def weekdays(session: Session, there: Servers, municipalities: int, processes: Sequence[int] = (1, 2)) -> None:
    """More and more users, until it breaks; with each number of processes on the same database."""
    database = await there.database()
    network = await fill(there.found.named(database), Size().shrunk(municipalities))
    for many in processes:
        async with places.apart(there, database, many) as place:
            session.found.disk[municipalities] = await place.size()
            calls = await measuring.drawn(place, network)
            for users in STEPS:
                found = await measuring.weekday(place, calls, users, STEP_SECONDS)
                session.add(Row(WEEKDAY, many, municipalities, found))
                if found.broken:
                    break
    await there.drop(database)


async def rushes(session: Session, there: Servers, processes: int, within: Sequence[float]) -> None:
    """In shorter and shorter times, until it breaks."""
    database = await there.database()
    async with places.apart(there, database, processes) as place:
        await measuring.people(place, PEOPLE)
        for seconds in within:
            found = await measuring.rush(place, PEOPLE, seconds)
            session.add(Row(RUSH, processes, len(registering.CITIES), found, seconds))
            if found.broken:
                break
    await there.drop(database)


async def days(session: Session, there: Servers, processes: int, phones: int) -> None:
    database = await there.database()
    async with places.apart(there, database, processes) as place:
        session.add(Row(DAY, processes, 1, await measuring.day(place, phones, DAY_SECONDS)))
    await there.drop(database)


async def splits(session: Session, folder: Path) -> None:
    async with places.split(folder) as place:
        network = await fill(place.owner, Size().shrunk(LEAST))
        calls = await measuring.drawn(place, network)
        session.add(Row(WEEKDAY, SPLIT, LEAST, await measuring.weekday(place, calls, STEPS[0], STEP_SECONDS)))
        session.add(Row(DAY, SPLIT, LEAST, await measuring.day(place, SPLIT_PHONES, DAY_SECONDS)))


async def every(minutes: float) -> int:
    """All of it, and the whole page."""
    session = Session(Results(os.getloadavg()[0]), time.monotonic(), minutes)
    with tempfile.TemporaryDirectory(prefix="ln-") as folder, places.servers(Path(folder)) as there:
        for municipalities in (LEAST, MOST):
            await session.part(
                f"a weekday at {municipalities:,} municipalities", 1.0,
                partial(weekdays, session, there, municipalities),
            )  # fmt: skip
        for processes, within in WITHIN.items():
            work = partial(rushes, session, there, processes, within)
            await session.part(f"a rush at {named(processes)}", (sum(within) + 20) / 60, work)
        for processes in (1, 2, 1):
            # The third says where it breaks, or what holds.
            again = bool(session.found.of(DAY, processes))
            held = session.found.best(DAY, processes) is not None
            phones = (2 * PEOPLE if held else FEW) if again else PEOPLE
            name = f"a day with {phones:,} phones at {named(processes)}"
            await session.part(name, (DAY_SECONDS + 20) / 60, partial(days, session, there, processes, phones))
    with tempfile.TemporaryDirectory(prefix="ln-") as folder:
        await session.part("the split", 1.5, partial(splits, session, Path(folder)))
    report.write(session.found, session.passed)
    print(report.DOC)
    return bool(session.found.notes)


# One measurement ------------------------------------------------------------------------------------------------------


async def one(asked: argparse.Namespace) -> int:
    """As it was asked for; its section on the page, and what it says."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ln-")))
        processes = asked.processes
        if asked.at:
            place = await stack.enter_async_context(places.elsewhere(asked.at))
        elif asked.split:
            processes, place = SPLIT, await stack.enter_async_context(places.split(folder))
        else:
            there = stack.enter_context(places.servers(folder))
            place = await stack.enter_async_context(places.apart(there, await there.database(), processes))
        row = Row(asked.mix, processes, asked.municipalities, await _measured(place, asked), asked.seconds)
    lines = list(report.single(row))
    sections.write(report.DOC, lines)
    print("\n".join(lines))
    return bool(row.found.broken)


async def _measured(place: Place, asked: argparse.Namespace) -> Measured:
    if asked.mix == RUSH:
        await measuring.people(place, asked.users)
        return await measuring.rush(place, asked.users, asked.seconds)
    if asked.mix == DAY:
        return await measuring.day(place, asked.users, asked.seconds)
    network = await fill(place.owner, Size().shrunk(asked.municipalities))
    return await measuring.weekday(place, await measuring.drawn(place, network), asked.users, asked.seconds)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", action="store_true", help="everything, and the whole page; so it is without --mix")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="when --all begins nothing more")
    parser.add_argument("--mix", choices=(WEEKDAY, RUSH, DAY))
    parser.add_argument("--users", type=int, default=100, help="of a weekday; people of a rush; phones of a day")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long; within which a rush comes")
    parser.add_argument("--processes", type=int, default=1, choices=(1, 2, 3, 4))
    parser.add_argument("--municipalities", type=int, default=LEAST, help="of a weekday")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--split", action="store_true", help="against what `make split` starts")
    where.add_argument("--at", help="against a hub at this address, whose database is empty")
    return parser.parse_args(given)


def main() -> int:
    asked = arguments()
    if places.locust() is None:
        print(MISSING, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))  # so that what was started is stopped
    return asyncio.run(every(asked.minutes) if asked.all or not asked.mix else one(asked))


if __name__ == "__main__":
    sys.exit(main())
