"""Who offers what is sought: the same page, however few are looked at before it is found."""

import random

import pytest

from services.directory import access
from services.directory.finding import likeness
from services.directory.finding.likeness import Offer
from services.directory.finding.terms import known
from services.kit.db import HUB
from services.kit.service import Hub
from tests.directory.read_world import CITIES, TOPICS, fill, viewers


async def test_a_page_is_the_same_whoever_is_looked_at_first(shared: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(shared, 11)
    rng, runtime = random.Random(11), shared.runtimes["directory"]
    asked = [
        (rng.sample(TOPICS, rng.randrange(1, 4)), rng.choice([None, *CITIES]), rng.randrange(1, 9)) for _ in range(40)
    ]

    async def pages(looked_at: int) -> list[list[Offer]]:
        monkeypatch.setattr(likeness, "LOOKED_AT", looked_at)
        async with runtime.db.read(HUB) as session:
            vocabulary = await known(session, runtime.memory)
            return [
                await likeness.offers(session, vocabulary, sought, access.viewer(who), limit, city=city)
                for who in viewers()
                for sought, city, limit in asked
            ]

    whole = await pages(10_000)
    assert any(len({one.value for one in page}) > 1 for page in whole)
    for few in (1, 4, 12, 25):
        assert await pages(few) == whole
