"""What is counted, as rows are written or by what each holds, is what somebody counts who looks at all of them."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import select, text

from services.directory import access, history, publishing, vocabulary
from services.directory.access import APPROVE
from services.directory.fields import FIELDS, Audience
from services.directory.filters import Filters
from services.directory.finding import facets, ranking, tallies
from services.directory.finding.ranking import Kind
from services.directory.finding.terms import known
from services.directory.models import Navigator, Publication, Topic
from services.directory.protection import erasure, own, person
from services.directory.protection.own import Desk
from services.directory.snapshot import PROFILES, STAGES, Snapshot
from services.kit.auth import Principal
from services.kit.db import HUB, Writer
from services.kit.errors import Refused
from services.kit.service import Hub
from tests.conftest import SOAK
from tests.directory import plain_counts
from tests.directory.read_world import CITIES, TOPICS, WORDS, snapshot, viewers

OPERATOR = Principal("hub", "operator", scopes=frozenset({APPROVE}), roles=frozenset({"operator:"}))
Step = Callable[..., Awaitable[object]]


class World:
    """A directory to which things happen by chance."""

    def __init__(self, hub: Hub, seed: int) -> None:
        self.hub, self.runtime, self.rng = hub, hub.runtimes["directory"], random.Random(seed)
        self.desk = Desk(hub.settings, self.runtime.memory)
        self.by = publishing.Publisher("test", hub.settings.derived("identities"), self.runtime.memory)

    async def publish(self, session: Writer, ags: str | None = None) -> None:
        drawn = snapshot(self.rng, ags or self.rng.choice(CITIES))
        sent = msgspec.json.decode(msgspec.json.encode(drawn), type=Snapshot)  # dates as clients send them
        await publishing.publish(session, self.by, sent)

    async def restore(self, session: Writer) -> None:
        query = select(Publication).order_by(Publication.id.desc()).limit(8)
        rows = list(await session.scalars(query))
        if rows:
            old = self.rng.choice(rows)
            await history.restore(session, self.by, old.ags, old.id)

    async def _somebody(self, session: Writer) -> person.Person:
        rows = list(await session.scalars(select(Navigator.id).order_by(Navigator.id)))
        return await person.find(session, self.hub.settings, self.rng.choice(rows), lock=True)

    async def erase(self, session: Writer) -> None:
        await erasure.erase(session, self.desk, await self._somebody(session), actor="test")

    async def hide(self, session: Writer) -> None:
        await own.hide(session, self.desk, await self._somebody(session), hidden=self.rng.random() < 0.7)

    async def object(self, session: Writer) -> None:
        await own.object_(session, self.desk, await self._somebody(session), "")

    async def show(self, session: Writer) -> None:
        names = self.rng.sample(["entry", "profile", "languages", "offers", "seeks", "works_on"], 3)
        widest = {name: FIELDS[name].widest if name in FIELDS else Audience.PUBLIC for name in names}
        chosen = {name: self.rng.choice([one for one in Audience if widest[name] <= one < 3]) for name in names}
        await own.show(session, self.desk, await self._somebody(session), chosen)

    async def correct(self, session: Writer) -> None:
        wanted = {"offers": self.rng.sample(["culture", "e-file", "finance"], 2), "languages": ["de"]}
        await own.correct(session, self.desk, await self._somebody(session), wanted)

    async def merge(self, session: Writer) -> None:
        living = select(Topic.code).where(Topic.merged_into.is_(None), Topic.parent.is_not(None)).order_by(Topic.code)
        one, other = self.rng.sample(list(await session.scalars(living)), 2)
        with suppress(Refused):  # one stands below the other
            await vocabulary.merge(session, self.runtime, OPERATOR, one, other)

    async def move(self, session: Writer) -> None:
        """As the job does after a merge."""
        gone = list(await session.scalars(select(Topic.code).where(Topic.merged_into.is_not(None))))
        for ags in CITIES if gone else ():
            await publishing.republish(session, self.by, ags, gone)

    async def sum_up(self, session: Writer) -> None:
        await tallies.sum_up(session)


STEPS = (
    World.publish, World.publish, World.publish, World.restore, World.erase, World.hide, World.object, World.show,
    World.show, World.correct, World.merge, World.move, World.sum_up,
)  # fmt: skip


@pytest_asyncio.fixture
async def world(hub: Hub, request: pytest.FixtureRequest) -> World:
    made = World(hub, getattr(request, "param", 7))
    for ags in CITIES:
        async with made.runtime.db.begin(HUB) as session:
            await made.publish(session, ags)
    return made


async def wrong(world: World) -> int:
    async with world.runtime.db.begin(HUB) as session:
        return await tallies.correct(session)


@pytest.mark.parametrize("world", range(3 if SOAK else 1), indirect=True)
async def test_counts_are_right_whatever_happens(world: World) -> None:
    for turn in range(40):
        step = world.rng.choice(STEPS)
        async with world.runtime.db.begin(HUB) as session:
            await step(world, session)
        assert await wrong(world) == 0, (turn, step.__name__)
    await _everybody_sees_what_there_is(world)


async def _everybody_sees_what_there_is(world: World) -> None:
    """For each viewer, kind and state, and for words and filters: as somebody counts who looks at every row."""
    questions: list[tuple[str, list[Kind], Filters]] = [
        ("", kinds, Filters(state=state))
        for kinds in (list(Kind), [Kind.CITY], [Kind.NAVIGATOR, Kind.PROJECT])
        for state in (None, "08", "14", "16")
    ]
    questions += [_drawn(world.rng) for _turn in range(40)]
    async with world.runtime.db.read(HUB) as session:
        vocabulary = await known(session, world.runtime.memory)
        for who in viewers():
            for words, kinds, narrow in questions:
                wanted = await ranking.question(session, vocabulary, words, kinds, narrow, access.viewer(who))
                found = asdict(await facets.count(session, vocabulary, wanted))
                found |= {"size_class": (await facets.count(session, vocabulary, wanted, True)).size_class}
                found["kind"].pop("TOPIC", None)
                plain = await plain_counts.counted(session, wanted)
                assert {name: values for name, values in found.items() if values} == plain, (who, words, narrow)


def _drawn(rng: random.Random) -> tuple[str, list[Kind], Filters]:
    """A question of words, or of filters, or of both."""
    said: dict[str, Any] = {
        "state": ["08", "14"], "size_class": ["SMALL_TOWN", "LARGE_CITY"], "city": CITIES, "topic": TOPICS,
        "profile": PROFILES, "language": ["de", "tr"], "offers": TOPICS, "coordinator": [True, False],
        "stage": STAGES, "seeks_partners": [True],
    }  # fmt: skip
    words = ["", *WORDS, "Projekt", "Name", "Stadt", "Amt", "Akte", "Finanzen", "Kultur", "Kulturamt say"]
    filtered = rng.sample(list(said), rng.choice([0, 0, 1, 2]))
    kinds = rng.choice([list(Kind), [Kind.NAVIGATOR], [Kind.PROJECT, Kind.CITY]])
    return rng.choice(words), kinds, Filters(**{name: rng.choice(list(said[name])) for name in filtered})


async def test_who_publishes_at_the_same_time_is_counted_once(world: World) -> None:
    async def work(step: Step, *more: object) -> None:
        async with world.runtime.db.begin(HUB) as session:
            await step(world, session, *more)

    for _turn in range(5):
        published = (work(World.publish, ags) for ags in CITIES)
        await asyncio.gather(*published, *(work(World.sum_up) for _one in range(3)))
    assert await wrong(world) == 0


async def test_what_is_summed_up_is_one_row_for_each_count(world: World) -> None:
    async with world.runtime.db.begin(HUB) as session:
        await tallies.sum_up(session)
    several = "SELECT count(*) FROM (SELECT FROM tally GROUP BY state, kind, name, value HAVING count(*) > 1) one"
    async with world.runtime.db.read(HUB) as session:
        assert await session.scalar(text(several)) == 0
        assert await session.scalar(text("SELECT count(*) FROM tally")) > 20
    assert await wrong(world) == 0


async def test_a_wrong_count_is_found_and_put_right(world: World) -> None:
    async with world.runtime.db.begin(HUB) as session:
        await session.execute(text("UPDATE tally SET public = public + 2 WHERE value = 'CITY' AND state = '08'"))
        await session.execute(text("DELETE FROM tally WHERE name = 'stage' AND state = '14'"))
    assert await wrong(world) > 0
    assert await wrong(world) == 0
    await _everybody_sees_what_there_is(world)
