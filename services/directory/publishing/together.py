"""Cities that publish at the same moment share a transaction: while one is written, whoever comes next gathers.

Nobody waits for others to come, and alone all is as ever. A city that cannot be stored with the others is tried again
by itself, so that what is wrong is its own, and said in the words of who asked.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

from services.directory.publishing.outcome import Outcome
from services.directory.publishing.publish import Wish, publish, publish_all, remember, remembered
from services.kit.db import HUB, Acting
from services.kit.errors import HubError
from services.kit.service import Runtime

log = logging.getLogger(__name__)
MOST: Final = 16
"""Cities in one transaction."""
ROWS: Final = 200
"""Of a city; with more it has a transaction of its own, so that nobody waits for it."""
AT_ONCE: Final = 2
"""Transactions: while the database writes one, the next is checked."""

Waiting = tuple[Wish, asyncio.Future[Outcome | None]]


async def publish_now(runtime: Runtime, acting: Acting, wish: Wish) -> Outcome:
    """`publish`, and say what others hear of it, in a unit of work that may be shared. Raises as `publish`."""
    sent = wish.snapshot
    small = len(sent.departments) + len(sent.navigators) + len(sent.projects) <= ROWS
    if small and not remembered(wish):
        together: Together = runtime.memory.setdefault("together", Together(runtime))
        if outcome := await together.publish(wish):
            return outcome
    async with runtime.db.begin(acting) as session:
        outcome = await publish(session, wish.by, sent, expected=wish.expected)
        await runtime.say(session, outcome.messages)
    return outcome


class Together:
    """The publications of one process that wait for a transaction, and those under way."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.waiting: list[Waiting] = []
        self.working: set[asyncio.Task[None]] = set()

    async def publish(self, wish: Wish) -> Outcome | None:
        """What came of it; None where nothing is stored, and it has to be tried by itself."""
        answer: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()
        self.waiting.append((wish, answer))
        if len(self.working) < AT_ONCE:
            task = asyncio.create_task(self._work())
            self.working.add(task)
            task.add_done_callback(self.working.discard)
        return await answer

    async def _work(self) -> None:
        while group := self._next():
            outcomes: Iterable[Outcome | HubError | None] = [None] * len(group)
            try:
                outcomes = await self._stored([wish for wish, _answer in group])
            except Exception as problem:  # noqa: BLE001 - each of them tries again, and raises what is its own
                log.info("publishing together: %s", type(problem).__name__)
            finally:
                for (_wish, answer), outcome in zip(group, outcomes, strict=True):
                    if not answer.done():
                        answer.set_result(outcome if isinstance(outcome, Outcome) else None)

    def _next(self) -> list[Waiting]:
        """The first of those who wait, each city once: its second publication comes after its first."""
        group, rest = dict[str, Waiting](), list[Waiting]()
        for one in self.waiting:
            ags = one[0].snapshot.city.ags
            if one[1].done():  # whoever asked is gone
                continue
            if ags in group or len(group) == MOST:
                rest.append(one)
            else:
                group[ags] = one
        self.waiting = rest
        return list(group.values())

    async def _stored(self, wishes: list[Wish]) -> list[Outcome | HubError]:
        """As the hub's own work: each of them may write its city, and what is written is of these cities alone."""
        async with self.runtime.db.begin(HUB) as session:
            outcomes = await publish_all(session, wishes)
            found = [one for one in outcomes if isinstance(one, Outcome)]
            await self.runtime.say(session, [said for one in found for said in one.messages])
        for wish, outcome in zip(wishes, outcomes, strict=True):
            if isinstance(outcome, Outcome):
                remember(wish, outcome.version)
        return outcomes
