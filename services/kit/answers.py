"""Statements whose answer is sent on as it is: read-only, for nobody in particular, thousands of times a second.

What a session of the mapper does for a read costs more than the read itself: here a statement is prepared once for each
connection, and a question is one message to the server and one back. Those that are known to be quick share a few
connections, so that many questions and many answers travel together (`kit.pipeline`); each of the others has one for
itself, as long as it takes. Who stands behind one that turns out to be slow is asked again elsewhere.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import asyncpg

from services.kit.errors import TooSlow
from services.kit.i18n import gettext as _
from services.kit.lost import CONNECT_SECONDS, translated, watched
from services.kit.pipeline import STATEMENTS, Behind, Pipeline, Question

SHARED: Final = 3
"""Connections for quick statements; one for each core or two keeps the server busy."""
DEPTH: Final = 16
"""Questions at most that travel together."""
QUICK_SECONDS: Final = 0.005
LATE_SECONDS: Final = 0.05
SETTINGS: Final = {
    "default_transaction_read_only": "on",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    # A vocabulary of 200 rows looks cheap to read whole, but not once for every row of a page.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # The statements say in which order they go; looking for a better one takes seconds where many rows are joined.
    "join_collapse_limit": "1",
    "from_collapse_limit": "1",
}
"""How the server treats connections for answers."""


class Answers:
    """Connections for answers, at most `size`; `settings` are the server's beside our own."""

    def __init__(self, dsn: str, settings: Mapping[str, str], size: int) -> None:
        self._dsn, self._settings = dsn, {**settings, **SETTINGS}
        self._turns = asyncio.Semaphore(max(1, size - SHARED))
        self._shared: list[Pipeline] = []
        self._free: list[Pipeline] = []
        self._taken: set[Pipeline] = set()
        self._quick: dict[str, None] = {}
        self._watch: asyncio.TimerHandle | None = None

    async def read(self, statement: str, values: Sequence[object], milliseconds: int) -> bytes | None:
        """The bytes that one statement gives. Raises TooSlow after `milliseconds`, else as `Database.read`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + milliseconds / 1000
        if self._watch is None:
            self._watch = loop.call_later(LATE_SECONDS, self._look, loop)
        with translated():
            try:
                if statement in self._quick and (shared := self._least()) is not None:
                    with suppress(Behind):
                        return await shared.ask(Question(statement, values, until, loop.create_future()))
                return await self._alone(Question(statement, values, until, loop.create_future()), loop)
            except TimeoutError as problem:
                raise TooSlow(_("The answer takes too long. Please ask for less at once.")) from problem

    def _least(self) -> Pipeline | None:
        """The shared connection on which the fewest wait, if there is room."""
        found, least = None, DEPTH
        for one in self._shared:
            if len(one.waiting) < least and not (one.late or one.closed):
                found, least = one, len(one.waiting)
        return found

    async def _alone(self, question: Question, loop: asyncio.AbstractEventLoop) -> bytes | None:
        """Answered on a connection with nobody else, which is shared from then on if too few are."""
        async with self._turns:
            self._free = [one for one in self._free if not one.closed]
            pipeline = self._free.pop() if self._free else await self._connect()
            self._taken.add(pipeline)
            begun = loop.time()
            try:
                found = await pipeline.ask(question)
            except asyncio.CancelledError:
                pipeline.close()  # nobody waits to learn how far it came
                raise
            finally:
                self._taken.discard(pipeline)
                self._shared = [one for one in self._shared if not one.closed]
                if not pipeline.closed:
                    (self._free if len(self._shared) >= SHARED else self._shared).append(pipeline)
        if loop.time() - begun < QUICK_SECONDS:
            if len(self._quick) >= STATEMENTS:
                del self._quick[next(iter(self._quick))]
            self._quick[question.statement] = None
        return found

    async def _connect(self) -> Pipeline:
        dsn, settings = self._dsn, self._settings
        connected = asyncpg.connect(dsn, timeout=CONNECT_SECONDS, server_settings=settings, statement_cache_size=0)
        return Pipeline(watched(await connected))

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Now and then while somebody waits: what takes long is not quick."""
        used = [one for one in (*self._shared, *self._taken) if one.waiting]
        for one in used:
            if late := one.look(loop.time(), LATE_SECONDS):
                self._quick.pop(late.statement, None)
        self._watch = loop.call_later(LATE_SECONDS, self._look, loop) if used else None

    async def close(self) -> None:
        every = (*self._shared, *self._free, *self._taken)
        self._shared, self._free = [], []
        for pipeline in every:
            pipeline.close()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
