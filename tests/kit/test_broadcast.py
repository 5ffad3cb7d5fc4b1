"""Screens that read slowly, come too late, or stay when the process ends."""

import asyncio
from typing import Any

import pytest

from services.kit import broadcast
from services.kit.broadcast import EVERYTHING, MOST_MOVED, Audience, Follower, Stream
from services.kit.errors import Unavailable


class Shown(Stream):
    """Writes what moved, in order."""

    def told(self, moved: set[str]) -> bytes:
        return " ".join(sorted(moved)).encode()


async def test_who_reads_slowly_gets_the_newest_and_never_a_queue() -> None:
    audience, written = Audience(), list[bytes]()
    reads, gone = asyncio.Event(), asyncio.Event()

    async def send(message: Any) -> None:
        if "body" in message and written:
            await reads.wait()
        if "body" in message:
            written.append(message["body"])

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    screen = Shown(audience)
    task = asyncio.ensure_future(screen.answer()({}, receive, send))  # type: ignore[arg-type]
    await asyncio.sleep(0.01)
    assert written[0].endswith(b"\n\n*")
    for what in ("a", "b", "c", "b"):
        screen.moved(what)
        await asyncio.sleep(0)
    reads.set()
    await asyncio.sleep(0.01)
    assert written[1:] == [b"a", b"b c"]
    reads.clear()
    screen.moved("first")
    await asyncio.sleep(0)
    for number in range(10 * MOST_MOVED):
        screen.moved(str(number))
    assert len(screen.waiting) <= MOST_MOVED
    reads.set()
    await asyncio.sleep(0.01)
    assert EVERYTHING.encode() in written[-1].split()
    screen.still_there()
    await asyncio.sleep(0.01)
    assert written[-1] == b":\n\n"
    audience.close()
    await asyncio.sleep(0.01)
    assert (written[-1], audience.screens) == (b"", set())
    gone.set()
    await task
    with pytest.raises(Unavailable):
        Shown(audience)


async def test_no_more_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "MOST_SCREENS", 1)
    audience = Audience()
    first = Follower(audience)
    with pytest.raises(Unavailable):
        Follower(audience)
    first.leave()
    steps = Follower(audience).steps()
    assert await anext(steps) == {EVERYTHING}
    await steps.aclose()
    assert audience.screens == set()
