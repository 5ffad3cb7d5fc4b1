"""The rows below a header, with what is merged taken apart. Pure."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.kit.i18n import gettext as _
from services.kit.sheets.headers import Header
from services.kit.sheets.table import Cell, Table

SUM = re.compile(
    r"(Σ|(gesamt|zwischen)?summen?|gesamt(zahl|ergebnis)?|insgesamt|ergebnis|total|sum)[\s:=.,0-9]*", re.IGNORECASE
)


@dataclass(frozen=True)
class Row:
    """`place`: where it stands, for people; `number`: the same from 0; `cells` of the known columns, by their place."""

    place: str
    number: int
    cells: dict[int, Cell]


def column_title(title: str) -> str:
    return _("column {title}", title=title)


def place_of(sheet: str, number: int) -> str:
    """Where a row stands, as its program numbers it; `number` from 0."""
    if not sheet:
        return _("Row {number}", number=number + 1)
    return _("Sheet {sheet}, row {number}", sheet=sheet, number=number + 1)


def rows(table: Table, header: Header, note: Callable[[str, str], None]) -> Iterator[Row]:
    """Every row that says something in a known column; headings between the rows are skipped, and `note` is told where
    and why.
    """
    across, down = _merged(table, header)
    for number in range(header.first, len(table.rows)):
        cells = {place: down.get((number, place), table.at(number, place)) for place in header.columns}
        # A box that nobody ticked says nothing: it stands in every row that somebody prepared.
        said = {place: cell for place, cell in cells.items() if cell != "" and cell is not False}
        filled = [place for place in said if (number, place) not in down]
        if not filled:
            continue
        place = place_of(table.name, number)
        if number in across and len(filled) == 1:
            note(place, _("Skipped: a heading over several columns."))
            continue
        if sum(_again(table.at(number, p), header.titles[p]) for p in filled) > len(filled) // 2:
            note(place, _("Skipped: the header once more."))
            continue
        if SUM.fullmatch(_first(table, number)):
            note(place, _("Skipped: a sum."))
            continue
        yield Row(place, number, cells)


def _first(table: Table, number: int) -> str:
    """The text that a row begins with."""
    return next((cell for cell in table.rows[number] if isinstance(cell, str) and cell), "")


def _again(cell: Cell, title: str) -> bool:
    return isinstance(cell, str) and cell.casefold() in {title.casefold(), title.rpartition(": ")[2].casefold()}


def _merged(table: Table, header: Header) -> tuple[set[int], dict[tuple[int, int], Cell]]:
    """Rows that are merged across columns, and for cells merged downwards the value that stands in the first."""
    across: set[int] = set()
    down: dict[tuple[int, int], Cell] = {}
    for top, left, bottom, right in table.merged:
        if top < header.first:
            continue
        if right > left:
            across.add(top)
        if left in header.columns:
            value = table.at(top, left)
            down.update(((row, left), value) for row in range(top + 1, min(bottom + 1, len(table.rows))))
    return across, down
