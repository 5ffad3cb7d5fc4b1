"""A sheet as cells, however its file was written, and how much of it is read."""

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from services.kit.errors import Problem, Refused, TooLarge
from services.kit.i18n import gettext as _

MOST_BYTES = 5_000_000
MOST_SHEETS = 20
MOST_ROWS = 5_000
MOST_COLUMNS = 200
MOST_MERGED = 50_000
"""Rows of all merged cells of a sheet together; what is merged beyond is read as if it was not."""
LONGEST_CELL = 32_767
"""Characters; Excel holds no more either."""

UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202c\u2060\ufeff]")
"""What comes along when people copy out of mails and browsers; it shows nothing, and nobody could find it."""
TWICE = re.compile("[ÃÂâ]")
NOT_CALCULATED = "#=?"
"""Stands for a formula whose value the file does not hold."""

Cell = str | float | bool | date
"""Numbers are floats. An empty cell is the empty text."""
Range = tuple[int, int, int, int]
"""First row, first column, last row, last column of merged cells, counted from 0."""


@dataclass(frozen=True)
class Table:
    """`rows` are as long as they have cells. `name` is empty in a file that has no sheets (CSV)."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]
    merged: tuple[Range, ...] = ()

    def at(self, row: int, column: int) -> Cell:
        cells = self.rows[row] if 0 <= row < len(self.rows) else ()
        return cells[column] if column < len(cells) else ""

    @property
    def width(self) -> int:
        return max(map(len, self.rows), default=0)


class Sparse:
    """Collects the cells of one sheet in any order; a sheet that announces a million rows costs nothing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cells: dict[tuple[int, int], Cell] = {}
        self.merged: list[Range] = []
        self.spanned = 0

    def put(self, row: int, column: int, value: Cell) -> None:
        """Raises TooLarge beyond the limits."""
        if isinstance(value, str):
            value = written(value[:LONGEST_CELL])
        if value == "":
            return
        if row >= MOST_ROWS:
            raise TooLarge(_("At most {most} rows in a sheet, please.", most=MOST_ROWS))
        if column >= MOST_COLUMNS:
            raise TooLarge(_("At most {most} columns in a sheet, please.", most=MOST_COLUMNS))
        self.cells[row, column] = value

    def merge(self, found: Range) -> None:
        first, left, last, right = found
        last, right = min(last, MOST_ROWS), min(right, MOST_COLUMNS)
        self.spanned += max(0, last - first) + 1
        if self.spanned <= MOST_MERGED and (last, right) != (first, left):
            self.merged.append((first, left, last, right))

    def table(self) -> Table:
        """The cells in rows; merged cells hold their value in the first of them only."""
        rows: list[tuple[Cell, ...]] = []
        for number, cells in groupby(sorted(self.cells.items()), key=lambda one: one[0][0]):
            rows.extend(() for _each in range(number - len(rows)))
            found = {column: value for (_row, column), value in cells}
            rows.append(tuple(found.get(column, "") for column in range(max(found) + 1)))
        return Table(self.name, tuple(rows), tuple(self.merged))


def written(text: str) -> str:
    """A text as somebody wrote it: letters in one piece (NFC), without what shows nothing, and „KÃ¤mmerei“ as what it
    was before a program took its UTF-8 for Windows-1252.
    """
    if text.isascii():
        return text.strip()
    if TWICE.search(text):
        with suppress(UnicodeError):  # where these letters are meant
            text = text.encode("cp1252").decode()
    return unicodedata.normalize("NFC", UNSEEN.sub("", text)).strip()


def unreadable(why: str, where: str = "") -> Refused:
    """What is said of a file that is no spreadsheet."""
    return Refused(_("The file cannot be read. Please correct it and send it again."), [Problem(why, where)])
