"""Computations in processes of their own: what they answer, tell on the way and say when they fail."""

import asyncio
from typing import Any

import psutil
import pytest

from services.kit import heavy
from tests.waiting import WAIT_SECONDS


async def computed(function: str, payload: Any) -> tuple[Any, list[Any]]:
    """Its answer, and what it told on the way."""
    told: list[Any] = []

    async def hear(value: Any) -> None:
        told.append(value)

    async with asyncio.timeout(WAIT_SECONDS):
        return await heavy.heavy(f"tests.kit.kill_heavy:{function}", payload, hear), told


async def test_heavy_answers_and_tells_how_far_it_is() -> None:
    assert await computed("count", {"to": 3}) == ({"counted": 3}, [{"at": 0}, {"at": 1}, {"at": 2}])


async def test_heavy_bears_a_function_that_prints() -> None:
    assert await computed("chatter", None) == ("said", [])


async def test_heavy_hears_that_its_caller_has_enough() -> None:
    async def until_three(value: int) -> bool:
        return value < 3

    async with asyncio.timeout(WAIT_SECONDS):
        answer = await heavy.heavy("tests.kit.kill_heavy:go_on", {"at_most": 3000}, until_three)
    assert answer == "had enough"


@pytest.mark.parametrize(
    ("function", "words"),
    [("stumble", "the tables have no legs"), ("nothing", "no attribute 'nothing'"), ("die", "without an answer")],
)
async def test_heavy_says_what_went_wrong(function: str, words: str) -> None:
    with pytest.raises(RuntimeError, match=words) as raised:
        await computed(function, None)
    assert "Fatal Python error" not in str(raised.value)


async def test_heavy_takes_and_gives_twenty_megabytes() -> None:
    text = "ä" * 10_000_000
    answer, told = await computed("weigh", {"text": text})
    assert answer["text"] == text
    assert told == [len(text)]


async def test_heavy_that_ends_before_it_has_read_everything_says_why() -> None:
    with pytest.raises(RuntimeError, match="No module named"):
        async with asyncio.timeout(WAIT_SECONDS):
            await heavy.heavy("no.such.module:function", {"text": "x" * 20_000_000}, _ignore)


async def _ignore(_value: Any) -> None: ...


async def test_heavy_ends_with_whoever_called_it() -> None:
    begun = asyncio.Event()
    pids: list[int] = []

    async def hear(value: dict[str, int]) -> None:
        pids.append(value["pid"])
        begun.set()

    calling = asyncio.create_task(heavy.heavy("tests.kit.kill_heavy:linger", {"seconds": 300}, hear))
    async with asyncio.timeout(WAIT_SECONDS):
        await begun.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert not psutil.pid_exists(pids[0])
