"""The desk where people press the button: whoever presses while it works is served together with others, in order.

When registration opens, a thousand people press at once. Each in a transaction of their own, they would wait for the
event's lock with a connection each, and the pool has ten. So a process serves one batch of each event after the other,
in the order in which they came; processes take turns by the lock.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from services.events import intake
from services.events.models import Registration
from services.events.registration import reading
from services.events.registration.book import Book, opened
from services.events.registration.reading import Standing
from services.kit import i18n
from services.kit.db import HUB
from services.kit.errors import Conflict, HubError, NotFound, Unavailable
from services.kit.i18n import gettext as _
from services.kit.service import Runtime

MOST_AT_ONCE = 100
TRIES = 3
LONGEST_LINE = 10_000
Step = Callable[[Book, Registration], Awaitable[None]]
"""What a person does with their own row; it raises before it changes anything."""


@dataclass(frozen=True)
class _Press:
    person: uuid.UUID
    step: Step
    others: tuple[uuid.UUID, ...]
    language: str
    answer: asyncio.Future[Standing]


@dataclass
class _Desk:
    lines: dict[uuid.UUID, list[_Press]] = field(default_factory=dict)
    working: dict[uuid.UUID, asyncio.Task[None]] = field(default_factory=dict)


async def press(
    runtime: Runtime, event: uuid.UUID, person: uuid.UUID, step: Step, others: tuple[uuid.UUID, ...] = ()
) -> Standing:
    """Do `step` in turn and say where the person stands then; `others` are the rows it needs beside their own.

    Raises NotFound for somebody without a registration, Unavailable where too many wait, and what `step` raises.
    """
    desk: _Desk = runtime.memory.setdefault("registration desk", _Desk())
    line = desk.lines.setdefault(event, [])
    if len(line) >= LONGEST_LINE:
        raise Unavailable(_("Too many people register at once. Please try again in a minute."))
    answer: asyncio.Future[Standing] = asyncio.get_running_loop().create_future()
    line.append(_Press(person, step, others, i18n.language(), answer))
    if event not in desk.working:
        desk.working[event] = asyncio.create_task(_serve(runtime, desk, event))
    return await answer


async def _serve(runtime: Runtime, desk: _Desk, event: uuid.UUID) -> None:
    """Batch by batch until nobody stands in line."""
    line = desk.lines[event]
    try:
        while line:
            batch, line[:MOST_AT_ONCE] = line[:MOST_AT_ONCE], []
            for left in reversed(range(TRIES)):
                try:
                    await _batch(runtime, event, batch)
                    break
                except Exception as problem:  # noqa: BLE001 - each of them is told
                    if isinstance(problem, Conflict) and left:  # with somebody's erasure, say; nothing was stored
                        continue
                    for one in batch:
                        if not one.answer.done():
                            one.answer.set_exception(problem)
                    break
    finally:
        del desk.working[event], desk.lines[event]


async def _batch(runtime: Runtime, event: uuid.UUID, batch: list[_Press]) -> None:
    problems: list[HubError | None] = []
    async with runtime.db.begin(HUB) as session:
        book = await opened(session, event, {key for one in batch for key in (one.person, *one.others)})
        for one in batch:
            with i18n.speaking(one.language):
                problems.append(await _step(book, one))
        if await book.close():
            await runtime.say(session, [await intake.message(session, book.event)])
        found = await reading.standings(session, [(event, one.person) for one in batch])
    for one, problem, standing in zip(batch, problems, found, strict=True):
        if one.answer.done():  # whoever asked went away
            continue
        if problem is not None or standing is None:
            one.answer.set_exception(problem or NotFound(_("This link is not valid any more.")))
        else:
            one.answer.set_result(standing)


async def _step(book: Book, one: _Press) -> HubError | None:
    if one.answer.cancelled():
        return None
    row = book.rows.get(one.person)
    try:
        if row is None:
            return NotFound(_("This link is not valid any more."))
        await one.step(book, row)
    except HubError as problem:
        return problem
    return None
