"""What the log promises: each message counts exactly once, in order, whatever is killed between any two steps."""

import asyncio
import itertools
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, groupby
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import delete, insert, select, text

from services.kit import aside, log
from services.kit.db import Database, Writer
from services.kit.errors import Unavailable
from services.kit.messages import Message
from tests.kit import kill_world as world
from tests.kit.kill_world import EFFECT, FACT, HEARD, SAID, Hummed, Line, Noted
from tests.kit.kill_zygote import Zygote, zygote

KILLS = int(os.environ.get("LOTSENNETZ_KILLS", "32"))
_numbers = count()


@dataclass
class Toys:
    url: str
    said: Database
    heard: Database

    async def lines(self) -> list[Line]:
        async with self.said.read() as session:
            return await world.lines(session)

    async def effects(self) -> list[Line]:
        async with self.heard.read() as session:
            return await world.effects(session)

    async def position(self) -> int:
        cursor = log.table(HEARD, "cursor")
        async with self.heard.read() as session:
            return await session.scalar(select(cursor.c.position)) or 0

    async def hear(self) -> int:
        return await world.hear(self.said, self.heard)

    async def say(self, *messages: Message) -> None:
        async with self.said.begin() as session:
            await log.say(session, SAID, messages)


@pytest_asyncio.fixture
async def toys(servers: Any) -> AsyncIterator[Toys]:
    """The two toy services on an empty database of their own."""
    name = f"lotsennetz_log_{os.getpid()}_{next(_numbers)}"
    url = servers.database_url(name)
    admin = await asyncpg.connect(servers.database)
    try:
        await admin.execute(f'CREATE DATABASE "{name}"')
        await world.prepare(url, SAID, HEARD)
        made = Toys(url, Database(url, "said", pool=20), Database(url, "heard", pool=5))
        yield made
        await made.said.close()
        await made.heard.close()
    finally:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.close()


def notes(unit: int, number: int) -> list[Noted]:
    return [Noted(unit=unit, number=n) for n in range(number)]


async def facts(toys: Toys) -> dict[int, int]:
    """How many messages each unit of work that is stored wanted to say."""
    async with toys.said.read() as session:
        found = await session.execute(select(FACT.c.unit, FACT.c.messages))
        return {row.unit: row.messages for row in found}


def wholly(said: Sequence[Line]) -> dict[int, int]:
    """How many messages each unit said; fails unless they stand together, in order, once."""
    found: dict[int, int] = {}
    for unit, together in groupby(said, lambda line: line[0]):
        numbers = [number for _unit, number in together]
        assert unit not in found
        assert numbers == list(range(len(numbers)))
        found[unit] = len(numbers)
    return found


async def unhurried(toys: Toys, unit: int, dice: random.Random) -> None:
    """A writer with pauses between its lock, its lines and its commit."""
    async with toys.said.begin() as session:
        messages = notes(unit, dice.randint(1, 5))
        await session.execute(insert(FACT).values(unit=unit, messages=len(messages)))
        for part in (messages[:2], messages[2:]):
            await asyncio.sleep(dice.random() * 0.004)
            await log.say(session, SAID, part)
        await asyncio.sleep(dice.random() * 0.004)


async def test_a_reader_beside_many_writers_loses_nothing_and_keeps_the_order(toys: Toys) -> None:
    dice = random.Random(20191001)
    writing = True

    async def read() -> None:
        while writing:
            await toys.hear()

    async def write(first: int) -> None:
        for unit in range(first, 120, 15):
            await unhurried(toys, unit, dice)

    readers = [asyncio.create_task(read()) for _ in range(2)]
    async with asyncio.timeout(60):
        await asyncio.gather(*(write(first) for first in range(15)))
        writing = False
        await asyncio.gather(*readers)
        await toys.hear()
    said = await toys.lines()
    assert await toys.effects() == said
    assert wholly(said) == await facts(toys)
    assert len(await facts(toys)) == 120


async def test_two_readers_of_one_service_take_turns(toys: Toys) -> None:
    for unit in range(30):
        await toys.say(*notes(unit, 3))
    read = await asyncio.gather(*(toys.hear() for _ in range(4)))
    assert sorted(read) == [0, 0, 0, 90]
    assert await toys.effects() == await toys.lines()


async def test_replay_from_the_start_gives_the_same_state(toys: Toys) -> None:
    for unit in range(7):
        await toys.say(*notes(unit, 2))
        await toys.hear()
    before = await toys.effects()
    async with toys.heard.begin() as session:
        await session.execute(delete(EFFECT))
        await session.execute(delete(log.table(HEARD, "cursor")))
    assert await toys.hear() == 14
    assert await toys.effects() == before


async def test_kinds_that_nobody_listens_to_are_stepped_over(toys: Toys) -> None:
    await toys.say(Hummed(), Noted(unit=1, number=0), Hummed(tune="lo"))
    assert await toys.hear() == 3
    assert await toys.effects() == [(1, 0)]
    assert await toys.hear() == 0
    async with toys.said.read() as session:
        assert await toys.position() == await log.position(session, SAID)


async def test_a_handler_that_raises_leaves_nothing_behind_and_is_asked_again(toys: Toys) -> None:
    await toys.say(*notes(1, 4))
    broken = True

    async def stumble(session: Writer, message: Noted) -> None:
        await world.keep(session, message)
        if broken and message.number == 2:
            raise ZeroDivisionError

    feed = log.LocalFeed(toys.said, SAID)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await log.catch_up(toys.heard, HEARD, "said", feed, {Noted: stumble})
        assert (await toys.position(), await toys.effects()) == (0, [])
    broken = False
    assert await log.catch_up(toys.heard, HEARD, "said", feed, {Noted: stumble}) == 4
    assert await toys.effects() == [(1, number) for number in range(4)]


async def test_a_unit_of_work_that_fails_says_nothing(toys: Toys) -> None:
    with pytest.raises(ZeroDivisionError):
        async with toys.said.begin() as session:
            await log.say(session, SAID, notes(1, 3))
            raise ZeroDivisionError
    await toys.say(*notes(2, 1))
    await toys.hear()
    assert await toys.lines() == await toys.effects() == [(2, 0)]


async def test_saying_nothing_takes_no_lock(toys: Toys) -> None:
    async with toys.said.begin() as session:
        await log.say(session, SAID, [])
        assert await session.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")) == 0


async def test_a_unit_of_work_holds_up_no_other_before_it_commits(toys: Toys) -> None:
    async with toys.said.begin() as slow:
        await log.say(slow, SAID, notes(1, 1))
        await log.say(slow, SAID, [Noted(unit=1, number=1)])
        await toys.say(*notes(2, 2))
        assert await toys.lines() == [(2, 0), (2, 1)]
    assert await toys.lines() == [(2, 0), (2, 1), (1, 0), (1, 1)]


async def test_a_log_longer_than_a_page(toys: Toys) -> None:
    messages = log.PAGE * 2 + 1
    await toys.say(*notes(1, messages))
    async with toys.said.read() as session:
        assert len(await log.after(session, SAID, 0, messages)) == log.PAGE
    assert await toys.hear() == messages
    assert await toys.effects() == [(1, number) for number in range(messages)]


async def test_a_reader_that_died_beyond_its_first_page_goes_on_there(toys: Toys) -> None:
    """The page that was applied stays applied, the next one is applied from its first line."""
    await toys.say(*notes(1, log.PAGE + 10))

    async def stumble(session: Writer, message: Noted) -> None:
        await world.keep(session, message)
        if message.number == log.PAGE + 5:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await log.catch_up(toys.heard, HEARD, "said", log.LocalFeed(toys.said, SAID), {Noted: stumble})
    assert len(await toys.effects()) == log.PAGE
    assert await toys.hear() == 10
    assert await toys.effects() == await toys.lines()


# Lines that cannot be applied -----------------------------------------------------------------------------------------


@dataclass
class Reader:
    """Somebody who cannot digest the second message of a unit, and loses patience at once."""

    toys: Toys
    broken: bool = True
    patience: aside.Patience = field(default_factory=lambda: aside.Patience(0.0, 2))

    async def keep(self, session: Writer, message: Noted) -> None:
        await world.keep(session, message)
        if self.broken and message.number == 1:
            raise ZeroDivisionError

    async def hear(self) -> int:
        feed = log.LocalFeed(self.toys.said, SAID)
        return await log.catch_up(self.toys.heard, HEARD, "said", feed, {Noted: self.keep}, self.patience)

    async def again(self) -> int:
        feed = log.LocalFeed(self.toys.said, SAID)
        return await aside.again(self.toys.heard, HEARD, "said", feed.after, log.applying({Noted: self.keep}))

    async def aside(self) -> int:
        async with self.toys.heard.read() as session:
            return (await aside.counted(session, HEARD)).get("said", 0)


async def test_a_line_that_cannot_be_applied_is_set_aside_with_those_about_the_same(toys: Toys) -> None:
    reader = Reader(toys)
    for unit in range(30):  # every unit is about something else
        await toys.say(*notes(unit, 3 if unit == 20 else 1))
    with pytest.raises(ZeroDivisionError):
        await reader.hear()
    assert await reader.hear() > 0
    others = [(unit, 0) for unit in range(30)]
    assert (await toys.effects(), await reader.aside()) == (others, 2)
    await toys.say(*notes(31, 1))
    assert await reader.hear() == 1
    assert await reader.again() == 0
    reader.broken = False
    assert await reader.again() == 2
    assert (await toys.effects(), await reader.aside()) == ([*others, (31, 0), (20, 1), (20, 2)], 0)


async def test_what_was_forgotten_since_is_not_applied_any_more(toys: Toys) -> None:
    reader = Reader(toys)
    await toys.say(*notes(1, 2))
    with pytest.raises(ZeroDivisionError):
        await reader.hear()
    await reader.hear()
    async with toys.said.begin() as session:
        await session.execute(text("UPDATE said.log SET kind = :kind, body = '{}'"), {"kind": log.FORGOTTEN})
    assert await reader.again() == 1
    assert (await toys.effects(), await reader.aside()) == ([(1, 0)], 0)


async def test_a_line_that_nobody_can_read(toys: Toys) -> None:
    reader = Reader(toys, broken=False)
    async with toys.said.begin() as session:
        await session.execute(text("INSERT INTO said.log (kind, key, body) VALUES ('Noted', 'x', '{\"unit\": 1}')"))
    await toys.say(*notes(2, 2))
    with pytest.raises(msgspec.ValidationError):
        await reader.hear()
    await reader.hear()
    assert (await toys.effects(), await reader.aside()) == ([(2, 0), (2, 1)], 1)


async def test_a_server_that_is_away_sets_nothing_aside(toys: Toys) -> None:
    reader = Reader(toys)
    await toys.say(*notes(1, 1))

    async def away(_session: Writer, _message: Noted) -> None:
        raise Unavailable("The database does not answer.")

    for _turn in range(3):
        with pytest.raises(Unavailable):
            feed = log.LocalFeed(toys.said, SAID)
            await log.catch_up(toys.heard, HEARD, "said", feed, {Noted: away}, reader.patience)
    assert (await toys.position(), await reader.aside()) == (0, 0)


# Killed ---------------------------------------------------------------------------------------------------------------


@dataclass
class Killer:
    """Orders writers and readers that die, and remembers what they promised before."""

    toys: Toys
    zygotes: tuple[Zygote, Zygote]
    acknowledged: set[int] = field(default_factory=set)
    units: Iterator[int] = field(default_factory=count)
    kills: int = 0

    async def writer(self, units: int, die: int = 0, kill_after: float | None = None) -> dict[str, Any]:
        order = [(next(self.units), 1 + n % 4) for n in range(units)]
        return self._heard(
            await self.zygotes[0].order("writer", url=self.toys.url, units=order, die=die, kill_after=kill_after)
        )

    async def reader(self, turns: int, die: int = 0, kill_after: float | None = None) -> dict[str, Any]:
        return self._heard(
            await self.zygotes[1].order(
                "reader", url=self.toys.url, turns=turns, page=3, die=die, kill_after=kill_after
            )
        )

    def _heard(self, told: dict[str, Any]) -> dict[str, Any]:
        assert told["ended"] in {0, -signal.SIGKILL}
        self.acknowledged |= set(told["acknowledged"])
        self.kills += told["ended"] != 0
        return told

    async def waiting_lines(self) -> None:
        """Whatever a reader left, and then some, so that the next one passes through every step."""
        await self.toys.hear()
        for _ in range(2):
            unit = next(self.units)
            await world.write(self.toys.said, unit, 2)
            self.acknowledged.add(unit)


@pytest_asyncio.fixture
async def killer(toys: Toys) -> AsyncIterator[Killer]:
    module = "tests.kit.kill_world"
    async with zygote(module) as writing, zygote(module) as reading:
        yield Killer(toys, (writing, reading))


async def assert_exactly_once(killer: Killer) -> None:
    """After the last survivor has caught up: the log is whole, and the reader did what it says, once, in order."""
    toys = killer.toys
    await toys.hear()  # waits for the cursor where the server has not yet noticed the last death
    said = await toys.lines()
    assert wholly(said) == await facts(toys)
    assert killer.acknowledged <= wholly(said).keys()
    assert await toys.effects() == said
    async with toys.said.read() as session:
        assert await toys.position() == await log.position(session, SAID)


async def test_a_writer_or_reader_killed_between_any_two_steps(killer: Killer) -> None:
    """Each step in turn, as often as three quarters of LOTSENNETZ_KILLS allow, and at least once."""
    steps = {"writer": (await killer.writer(2))["steps"]}
    await killer.waiting_lines()
    steps["reader"] = (await killer.reader(1))["steps"]
    turns = itertools.chain.from_iterable(
        [("writer", step) for step in range(1, steps["writer"] + 1)]
        + [("reader", step) for step in range(1, steps["reader"] + 1)]
        for _ in itertools.count()
    )
    died: dict[str, set[int]] = {"writer": set(), "reader": set()}
    for number, (role, step) in enumerate(turns):
        if number >= max(sum(steps.values()), KILLS * 3 // 4):
            break
        if role == "reader":
            await killer.waiting_lines()
        told = await (killer.writer(2, die=step) if role == "writer" else killer.reader(1, die=step))
        assert told["ended"] == -signal.SIGKILL, (role, step, told)
        died[role].add(step)
        if step == steps[role]:
            await assert_exactly_once(killer)
    assert {role: len(found) for role, found in died.items()} == steps
    await assert_exactly_once(killer)


async def test_writers_and_readers_killed_at_random_times(killer: Killer) -> None:
    dice = random.Random(20191001)
    while killer.kills < KILLS / 4:
        await asyncio.gather(
            killer.writer(100, kill_after=0.05 + dice.random() * 0.3),
            killer.reader(100, kill_after=0.05 + dice.random() * 0.3),
        )
    await assert_exactly_once(killer)
