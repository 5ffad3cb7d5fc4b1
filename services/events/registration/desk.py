"""The desk where people press the button: whoever presses while it works is served together with others, in order.

All presses of one event need its lock; in batches (`kit.batches`) a thousand do not wait for each other.
"""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from services.events import intake
from services.events.models import Registration
from services.events.registration import reading
from services.events.registration.book import Book, opened
from services.events.registration.reading import Standing
from services.kit import batches, i18n
from services.kit.batches import Batches
from services.kit.db import HUB
from services.kit.errors import HubError, NotFound
from services.kit.i18n import gettext as _
from services.kit.service import Runtime

MOST_AT_ONCE = batches.MOST_AT_ONCE
Step = Callable[[Book, Registration], Awaitable[None]]
"""What a person does with their own row; it raises before it changes anything."""


@dataclass(frozen=True)
class _Press:
    person: uuid.UUID
    step: Step
    others: tuple[uuid.UUID, ...]
    language: str


async def press(
    runtime: Runtime, event: uuid.UUID, person: uuid.UUID, step: Step, others: tuple[uuid.UUID, ...] = ()
) -> Standing:
    """Do `step` in turn and say where the person stands then; `others` are the rows it needs beside their own.

    Raises NotFound for somebody without a registration, Unavailable where too many wait, and what `step` raises.
    """
    desk: Batches[uuid.UUID, _Press, Standing] | None = runtime.memory.get("registration desk")
    if desk is None:
        desk = runtime.memory["registration desk"] = Batches(partial(_batch, runtime), lambda: MOST_AT_ONCE)
    return await desk.ask(event, _Press(person, step, others, i18n.language()))


async def _batch(runtime: Runtime, event: uuid.UUID, batch: Sequence[_Press]) -> list[Standing | Exception]:
    problems: list[HubError | None] = []
    async with runtime.db.begin(HUB) as session:
        book = await opened(session, event, {key for one in batch for key in (one.person, *one.others)})
        for one in batch:
            with i18n.speaking(one.language):
                problems.append(await _step(book, one))
        if await book.close():
            await runtime.say(session, [await intake.message(session, book.event)])
        found = await reading.standings(session, [(event, one.person) for one in batch])
    return [
        problem or standing or NotFound(_("This link is not valid any more."))
        for problem, standing in zip(problems, found, strict=True)
    ]


async def _step(book: Book, one: _Press) -> HubError | None:
    row = book.rows.get(one.person)
    try:
        if row is None:
            return NotFound(_("This link is not valid any more."))
        await one.step(book, row)
    except HubError as problem:
        return problem
    return None
