"""What is kept until something public moves, and never longer."""

import asyncio

import pytest

from services.kit.lasting import lasting
from services.kit.runtime import Runtime
from services.kit.service import Hub


class Finding:
    """Counts how often it had to look."""

    def __init__(self) -> None:
        self.looked = 0

    async def __call__(self) -> int:
        self.looked += 1
        await asyncio.sleep(0.01)
        return self.looked


@pytest.fixture
async def runtime(shared: Hub) -> Runtime:
    found = shared.runtimes["directory"]
    assert found.news is not None
    async with asyncio.timeout(30):
        while found.news.version is None:
            await asyncio.sleep(0.01)
    return found


async def test_everybody_gets_one_answer_until_something_moves(runtime: Runtime) -> None:
    find = Finding()
    assert set(await asyncio.gather(*(lasting(runtime, "test", "a", find) for _one in range(5)))) == {1}
    assert await lasting(runtime, "test", "b", find) == 2
    assert await lasting(runtime, "test", "a", find) == 1
    assert runtime.news is not None
    runtime.news.moved("city")
    assert await lasting(runtime, "test", "a", find) == 3


async def test_what_moves_while_somebody_looks_is_not_kept(runtime: Runtime) -> None:
    find, news = Finding(), runtime.news
    assert news is not None
    looking = asyncio.ensure_future(lasting(runtime, "moving", "a", find))
    await asyncio.sleep(0)
    news.moved()
    assert await looking == 1
    assert await lasting(runtime, "moving", "a", find) == 2


async def test_who_waits_while_it_moves_is_answered_by_who_looked_after_they_came(runtime: Runtime) -> None:
    find, news = Finding(), runtime.news
    assert news is not None
    first = asyncio.ensure_future(lasting(runtime, "waiting", "a", find))
    await asyncio.sleep(0)
    news.moved()
    later = [asyncio.ensure_future(lasting(runtime, "waiting", "a", find)) for _one in range(5)]
    assert await first == 1
    news.moved()
    assert await asyncio.gather(*later) == [2] * 5
    assert await lasting(runtime, "waiting", "a", find) == 3


async def test_no_more_than_so_many_are_kept(runtime: Runtime) -> None:
    find = Finding()
    for key in ("a", "b", "c"):
        await lasting(runtime, "few", key, find, 2)
    assert [await lasting(runtime, "few", key, find, 2) for key in ("c", "b", "a")] == [3, 2, 4]


async def test_who_fails_leaves_the_way_free(runtime: Runtime) -> None:
    async def fail() -> int:
        raise ValueError("gone")

    with pytest.raises(ValueError, match="gone"):
        await lasting(runtime, "failing", "a", fail)
    assert await lasting(runtime, "failing", "a", Finding()) == 1
