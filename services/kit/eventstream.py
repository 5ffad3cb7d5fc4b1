"""Server-Sent Events: what all answers of this kind share. Every proxy carries them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, TypeVar

import msgspec
from litestar.response import Stream

from services.kit.errors import Unknown
from services.kit.graphcall import EVENT_STREAM
from services.kit.i18n import gettext as _

T = TypeVar("T")
KEEP_ALIVE_SECONDS = 12.0
SILENCE = b":\n\n"
"""A comment: proxies close silent connections."""


def answer(lines: AsyncIterator[bytes]) -> Stream:
    # As a header: Litestar prefers the route's media type to the one of a stream.
    return Stream(lines, headers={"content-type": EVENT_STREAM, "cache-control": "no-store", "x-accel-buffering": "no"})


def event(name: str, data: Any = None) -> bytes:
    return f"event: {name}\ndata: ".encode() + (msgspec.json.encode(data) if data is not None else b"") + b"\n\n"


async def kept(
    results: AsyncIterator[T], closing: asyncio.Event, counts: Callable[[], bool] = lambda: True
) -> AsyncGenerator[T | None, None]:
    """What comes until the process is `closing`, and None whenever nothing came for a while. To be used with
    `aclosing`, which closes `results` too.

    Raises what `results` raises, and Unknown as soon as what the client showed no longer `counts`.
    """
    waiting, ending = asyncio.ensure_future(anext(results)), asyncio.ensure_future(closing.wait())
    try:
        while True:
            either = {waiting, ending}
            done, _waiting = await asyncio.wait(either, timeout=KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not counts():
                raise Unknown(_("The access token was revoked."))
            if not done:
                yield None
                continue
            if waiting not in done:
                return
            try:
                result = waiting.result()
            except StopAsyncIteration:
                return
            yield result
            waiting = asyncio.ensure_future(anext(results))
    finally:
        ending.cancel()
        # When the client has gone, whatever is awaited here is cancelled: a task of its own closes the source.
        end = asyncio.ensure_future(_close(waiting, results))
        _closing.add(end)
        end.add_done_callback(_closing.discard)


_closing: set[asyncio.Future[None]] = set()
"""The loop itself keeps only weak references to tasks."""


async def _close(waiting: asyncio.Future[Any], results: AsyncIterator[Any]) -> None:
    """End a source where it stands, so that nothing of it stays behind: no task, no session."""
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    if isinstance(results, AsyncGenerator):
        await results.aclose()
