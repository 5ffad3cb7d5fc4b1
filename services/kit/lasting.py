"""What takes long to find out, kept in this process until anything public of its service changes (`kit.news`)."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from services.kit.runtime import Runtime

MOST: Final = 1_000
T = TypeVar("T")


@dataclass
class _Turn:
    """Those who want to know the same; `last` is what the last of them found, and the version when it began."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    people: int = 0
    last: tuple[int, Any] | None = None


@dataclass
class _Kept:
    version: int | None = None
    found: dict[Hashable, Any] = field(default_factory=dict)
    turns: dict[Hashable, _Turn] = field(default_factory=dict)


async def lasting(runtime: Runtime, name: str, key: Hashable, find: Callable[[], Awaitable[T]], most: int = MOST) -> T:
    """What `find` gives, which must be the same for whoever asks with that `key`; nobody changes what they get.

    It must follow from tables alone that tell when they move. Who asks the same at the same time waits for one answer,
    also where something moves meanwhile: it knows of all that had moved before they came. At most so many are kept
    under one name; nothing is where nobody would hear of a change.
    """
    news = runtime.news
    if news is None:
        return await find()
    kept: _Kept = runtime.memory.setdefault(name, _Kept())
    turn = kept.turns.setdefault(key, _Turn())
    turn.people += 1
    came: int | None = news.version
    try:
        async with turn.lock:
            before: int | None = news.version
            if kept.version != before:  # it may hold what somebody has had erased
                kept.found.clear()
                kept.version = before
            if before is not None and key in kept.found:
                known: T = kept.found[key]
                return known
            if before is not None and came is not None and turn.last is not None and turn.last[0] >= came:
                last: T = turn.last[1]
                return last
            found = await find()
            if before is not None:
                turn.last = before, found
                if before == news.version:
                    if len(kept.found) >= most:
                        del kept.found[next(iter(kept.found))]
                    kept.found[key] = found
            return found
    finally:
        turn.people -= 1
        if not turn.people:
            del kept.turns[key]
