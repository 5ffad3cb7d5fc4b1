"""Cells that list something, and names that tell one thing from another."""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
SEPARATORS = re.compile(r"([;,\n/|•]+)")
MOST_PIECES = 150
"""What a cell may list; whoever reads one checks it before (`count`)."""
LONGEST_NAME = 4
"""Pieces that together may be one name, such as „Steuern, Gebühren und Beiträge“."""


def count(cell: str) -> int:
    return len(SEPARATORS.findall(cell)) + 1


def pieces(cell: str, known: Callable[[str], bool], found: Callable[[str], T]) -> list[T]:
    """A cell's list taken apart; names that hold a separator themselves stay whole, the longest that is known first."""
    parts = SEPARATORS.split(cell)
    answers: list[T] = []
    start = 0
    while start < len(parts):
        if not parts[start].strip():
            start += 2
            continue
        last = min(len(parts), start + 2 * LONGEST_NAME)
        ends = range(last - (last - start + 1) % 2, start, -2)
        end = next((end for end in ends if known("".join(parts[start:end]).strip())), start + 1)
        answers.append(found("".join(parts[start:end]).strip()))
        start = end + 1
    return answers


def unique(names: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Keys by name, of (name, key) pairs: without blank names, and without those that have several keys."""
    keys: dict[str, set[str]] = {}
    for name, key in names:
        if name:
            keys.setdefault(name, set()).add(key)
    return {name: some.pop() for name, some in keys.items() if len(some) == 1}
