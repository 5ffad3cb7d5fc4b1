"""Rounds and tables as people write them: „1-3“, „ab 2“, „bis 3“, „1, 4“, „nicht 2“. Pure."""

import re
from dataclasses import dataclass
from datetime import date

from services.kit.i18n import gettext as _
from services.kit.sheets.table import Cell
from services.kit.sheets.values import MONTHS, Odd, short
from services.kit.text import folded

HIGHEST = 1000
"""No plan has more rounds or tables."""
ALL = {"", "alle", "all", "immer", "always", "egal", "any", "ganztags", "ganztägig"}
FILLING = re.compile(r"\b(runden?|rounds?|tische?n?|tables?|nur|only|der|die|the|nr|in)\b\.?|(?<=\d)\.(?!\d)")
DASHES = re.compile(r"\s*[‐‑‒–—-]\s*|(?<=\d)\s*(?:bis|to|until)\s*(?=\d)")
JOINED = re.compile(r"\s*[,;/+&\n]\s*|\s+(?:und|and|u)\s+|\s+")
BUT = re.compile(r"^(?:(?:alle|all)\s+)?(?:nicht|ohne|außer|ausser|not|except|without|but)\s+")
FROM = re.compile(r"\b(?:ab|from)\s*(\d+)")
UPTO = re.compile(r"\b(?:bis|until|to|up to)\s*(\d+)")
DAY = re.compile(r"(\d{1,2})[. -]+([a-z]{3,9})\.?")
"""„01. Mrz“ and „3-Jan“: how CSV has what became a day."""
LONGEST_DAY = 20
SPAN = re.compile(r"(\d{1,4})?(-)?(\d{1,4})?")


@dataclass(frozen=True)
class Numbers:
    """`spans`: first and last, both counted from 1 and included; None for an open end. `but`: all others."""

    spans: tuple[tuple[int, int | None], ...]
    but: bool = False

    @property
    def highest(self) -> int:
        """The greatest number that is named."""
        return max(last or first for first, last in self.spans)

    def of(self, most: int) -> tuple[int, ...]:
        """The numbers meant where there are `most`, from 0, those beyond included where they are named."""
        named = {n for first, last in self.spans for n in range(first - 1, last if last is not None else most)}
        return tuple(sorted(set(range(most)) - named if self.but else named))


def read(cell: Cell | tuple[Cell, ...]) -> Numbers | None:
    """None for all of them. Raises Odd for what is no such list."""
    if isinstance(cell, tuple):
        found = [one for one in map(read, cell) if one is not None]
        return Numbers(tuple(span for one in found for span in one.spans)) if found else None
    if days := day(cell):
        return Numbers((days,))
    said = DASHES.sub("-", " ".join(FILLING.sub(" ", short(cell).casefold()).split()))
    if said in ALL:
        return None
    rest = BUT.sub("", said)
    spans = tuple(_span(part) for part in JOINED.split(UPTO.sub(r"-\1", FROM.sub(r"\1-", rest))) if part)
    return Numbers(spans, but=rest != said)


def day(cell: Cell) -> tuple[int, int] | None:
    """First and last of „1-3“ where the program made a day of it, whichever of them it took for the month."""
    if isinstance(cell, date):
        return min(cell.day, cell.month), max(cell.day, cell.month)
    found = DAY.fullmatch(folded(cell)) if isinstance(cell, str) and len(cell) < LONGEST_DAY else None
    month = MONTHS.get(found[2][:3]) if found else None
    return (min(int(found[1]), month), max(int(found[1]), month)) if found and month else None


def _span(said: str) -> tuple[int, int | None]:
    found = SPAN.fullmatch(said)
    if found is None or not (found[1] or found[3]) or (found[3] and not found[2]):
        raise _odd()
    first = int(found[1] or 1)
    last = (int(found[3]) if found[3] else None) if found[2] else first
    if not 1 <= first <= HIGHEST or (last is not None and not first <= last <= HIGHEST):
        raise _odd()
    return first, last


def _odd() -> Odd:
    return Odd(_("Write numbers such as „1-3“, „from 2“, „up to 3“ or „1, 4“."))
