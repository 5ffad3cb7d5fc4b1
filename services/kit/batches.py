"""Many requests that want the same rows, served together in the order in which they came.

When a thousand people press a button at once, each in a transaction of their own, they wait for each other's locks with
a connection each, and the pool has ten. So a process serves one batch of each key after the other; processes take turns
by the locks of the database.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.kit.errors import Conflict, Unavailable
from services.kit.i18n import gettext as _

MOST_AT_ONCE = 100
TRIES = 3
LONGEST_LINE = 10_000

Key = TypeVar("Key", bound=Hashable)
Ask = TypeVar("Ask")
Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class _Waiting(Generic[Ask, Answer]):
    ask: Ask
    answer: asyncio.Future[Answer]


class Batches(Generic[Key, Ask, Answer]):
    """Lines of one process, one for each key."""

    def __init__(
        self,
        serve: Callable[[Key, Sequence[Ask]], Awaitable[Sequence[Answer | Exception]]],
        most_at_once: Callable[[], int] = lambda: MOST_AT_ONCE,
    ) -> None:
        """`serve` answers a batch, or says what is wrong with each; what it raises is told to all of the batch, a
        Conflict (with somebody's erasure, say) only when it comes again.
        """
        self._serve, self._most_at_once = serve, most_at_once
        self._lines: dict[Key, list[_Waiting[Ask, Answer]]] = {}
        self._working: dict[Key, asyncio.Task[None]] = {}

    async def ask(self, key: Key, ask: Ask) -> Answer:
        """Served in turn. Raises Unavailable where too many wait, and what came of it."""
        line = self._lines.setdefault(key, [])
        if len(line) >= LONGEST_LINE:
            raise Unavailable(_("Too many come at once. Please try again in a minute."))
        waiting = _Waiting[Ask, Answer](ask, asyncio.get_running_loop().create_future())
        line.append(waiting)
        if key not in self._working:
            self._working[key] = asyncio.create_task(self._work(key))
        return await waiting.answer

    async def _work(self, key: Key) -> None:
        """Batch by batch until nobody stands in line."""
        line = self._lines[key]
        try:
            while line:
                most = self._most_at_once()
                batch, line[:most] = line[:most], []
                if batch := [one for one in batch if not one.answer.done()]:  # whoever went away is not served
                    await self._answer(key, batch)
        finally:
            del self._working[key], self._lines[key]

    async def _answer(self, key: Key, batch: list[_Waiting[Ask, Answer]]) -> None:
        answers: Sequence[Answer | Exception] = ()
        for left in reversed(range(TRIES)):
            try:
                answers = await self._serve(key, [one.ask for one in batch])
                break
            except Exception as problem:  # noqa: BLE001 - each of them is told
                if isinstance(problem, Conflict) and left:  # nothing was stored
                    continue
                answers = [problem] * len(batch)
                break
        for one, answer in zip(batch, answers, strict=True):
            if one.answer.done():
                continue
            if isinstance(answer, Exception):
                one.answer.set_exception(answer)
            else:
                one.answer.set_result(answer)
