"""One state that many screens show: Server-Sent Events for thousands of connections in one process.

A screen keeps no queue. What moved is a small set of words, and what goes out is made at the moment of writing: whoever
reads slowly misses what was in between and gets the newest. An idle connection costs one waiting task and no timer; the
beat of the whole audience keeps all of them alive.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable

from litestar.types import ASGIApp, Receive, Scope, Send

from services.kit.errors import Unavailable
from services.kit.eventstream import KEEP_ALIVE_SECONDS, SILENCE
from services.kit.graphcall import EVENT_STREAM
from services.kit.i18n import gettext as _

log = logging.getLogger(__name__)
MOST_MOVED = 64
"""Words a screen may be behind; one that is further behind gets everything."""
EVERYTHING = "*"
RETRY_MILLISECONDS = (1_000, 4_000)
"""When screens come back after a lost connection: not all of them in the same moment."""
MOST_SCREENS = 20_000
"""Of one process; whoever comes then asks again later."""
HEADERS = [
    (b"content-type", EVENT_STREAM.encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class Audience:
    """All screens of one process; `beat` keeps the silent ones alive, `close` ends them."""

    def __init__(self) -> None:
        self.screens: set[Screen] = set()
        self.closed = False

    def let_in(self, screen: "Screen") -> None:
        """Raises Unavailable where no more fit, or the process is about to end."""
        if self.closed or len(self.screens) >= MOST_SCREENS:
            raise Unavailable(_("Too many are looking on at the moment. Please try again soon."))
        self.screens.add(screen)

    async def beat(self) -> None:
        """Write a comment to everybody who has heard nothing for a while, until cancelled."""
        while True:
            await asyncio.sleep(KEEP_ALIVE_SECONDS / 2)
            for screen in tuple(self.screens):
                if screen.quiet:
                    screen.still_there()
                screen.quiet = True

    def close(self) -> None:
        """End all streams: those who look on come back, and find another process."""
        self.closed = True
        for screen in tuple(self.screens):
            screen.wake()


class Screen:
    """Somebody who looks on, from when it is made until `leave`. Subclasses say what they are told.

    Raises Unavailable as `Audience.let_in`.
    """

    __slots__ = ("audience", "left", "quiet", "waiting")

    def __init__(self, audience: Audience) -> None:
        self.audience = audience
        self.left: Callable[[Screen], None] | None = None
        """Called when it leaves."""
        self.quiet = False
        """Whether nothing was written since the last beat."""
        self.waiting: set[str] = set()
        """What moved and was not told yet; EVERYTHING where that is too much."""
        audience.let_in(self)

    def leave(self) -> None:
        self.audience.screens.discard(self)
        if self.left is not None:
            self.left(self)

    def moved(self, what: str) -> None:
        """Something changed; it is told as soon as what is being written has left."""
        self.waiting.add(what)
        if len(self.waiting) > MOST_MOVED:
            self.waiting = {EVERYTHING}
        self.wake()

    def taken(self) -> set[str]:
        waiting, self.waiting = self.waiting, set()
        return waiting

    def wake(self) -> None:
        raise NotImplementedError

    def still_there(self) -> None:
        """Let a silent connection not be taken for a dead one."""


class Stream(Screen):
    """A screen behind a connection of its own."""

    __slots__ = ("_send", "_writing")

    def __init__(self, audience: Audience) -> None:
        super().__init__(audience)
        self._send: Send | None = None
        self._writing: asyncio.Task[None] | None = None

    def told(self, moved: set[str]) -> bytes:
        """The events to write; `moved` is EVERYTHING at first and where much was missed. Nothing: as if it were not."""
        raise NotImplementedError

    def counts(self) -> bool:
        """Whether what the client showed still counts; else the stream ends."""
        return True

    def answer(self) -> ASGIApp:
        """Everything now, then whatever moves, until the client leaves."""

        async def app(_scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
                retry = random.randint(*RETRY_MILLISECONDS)
                self.waiting.clear()
                first = f"retry: {retry}\n\n".encode() + self.told({EVERYTHING})
                await send({"type": "http.response.body", "body": first, "more_body": True})
                self._send = send
                self.wake()  # for what moved while the first was written
                while (await receive())["type"] != "http.disconnect":
                    pass
            finally:
                self.leave()
                self._send = None

        return app

    def wake(self) -> None:
        if self._send is not None and self._writing is None and (self.waiting or self.audience.closed):
            self._writing = asyncio.ensure_future(self._write(self._send))

    def still_there(self) -> None:
        if self._send is not None and self._writing is None:
            self._writing = asyncio.ensure_future(self._write(self._send))

    async def _write(self, send: Send) -> None:
        """What waits, and what comes while that is written; a comment where nothing waits."""
        try:
            while True:
                if self.audience.closed or not self.counts():
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    self.leave()
                    return
                if body := self.told(self.taken()) if self.waiting else SILENCE:
                    self.quiet = False
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                if not self.waiting and not self.audience.closed:
                    return
        except Exception:
            log.exception("a stream ended")
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            self.leave()
        finally:
            self._writing = None


class Follower(Screen):
    """A screen within this process, such as a GraphQL subscription."""

    __slots__ = ("_news",)

    def __init__(self, audience: Audience) -> None:
        super().__init__(audience)
        self._news = asyncio.Event()

    def wake(self) -> None:
        self._news.set()

    async def steps(self) -> AsyncGenerator[set[str], None]:
        """What moved, EVERYTHING at first; ends with the process."""
        try:
            yield {EVERYTHING}
            while not self.audience.closed:
                await self._news.wait()
                self._news.clear()
                if self.waiting:
                    yield self.taken()
        finally:
            self.leave()
