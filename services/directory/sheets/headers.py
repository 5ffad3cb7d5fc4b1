"""Where in a sheet its header is, what kind of rows stand below, and what each column means. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from services.directory.sheets.columns import (
    CITY,
    DEPARTMENTS,
    IGNORED,
    NAVIGATORS,
    NEEDED,
    PRIVATE,
    PROJECTS,
    SHEETS,
    Column,
    named,
    plain,
)
from services.directory.sheets.table import Cell, Table

DETECTED = (NAVIGATORS, PROJECTS, DEPARTMENTS, CITY)
"""What a sheet may hold whose name says nothing: where columns fit two kinds alike, the first."""
LOOKED_AT = 40
"""Rows that may stand above the header: titles, logos, dates of printing."""
CANDIDATES = 4
"""Rows that are looked at for typing errors: those with most columns that need none."""
LEAST = 2
"""Columns that are recognised before a row counts as a header, unless the sheet's name says what it is."""
CLOSE = 0.84
LONG = 6
"""Letters of a word that says what a sheet holds wherever it stands in the sheet's name."""
TYPOS = range(5, 41)
"""How long names are that may have a typing error."""
_private = {plain(name) for name in PRIVATE}


@dataclass(frozen=True)
class Header:
    """`first` is the first row below, from 0; `titles` are the columns as people see them, by place."""

    kind: str
    first: int
    columns: dict[int, Column]
    titles: dict[int, str]
    private: list[int] = field(default_factory=list)

    @property
    def unknown(self) -> list[int]:
        return [place for place in self.titles if place not in self.columns and place not in self.private]


def kind_of(name: str) -> str | None:
    """What a sheet of this name holds, if the name says it."""
    said = plain(name[:60])
    names = {plain(one): kind for kind, some in SHEETS.items() for one in some}
    if said in names:
        return names[said]
    without_numbers = said.rstrip("0123456789")
    close = get_close_matches(without_numbers, names, n=1, cutoff=CLOSE) if len(without_numbers) >= 4 else []
    if close:
        return names[close[0]]
    long = [one for one in names if len(one) >= LONG]
    ends = (names[one] for one in long if without_numbers.endswith(one))  # what a German compound is, stands last
    return next(ends, None) or next((names[one] for one in long if one in said), None)


def header_of(table: Table, name: str) -> Header | None:
    """The header that recognises most columns; None for a sheet that is none of ours. `name` may say what it holds,
    but what the columns say counts where the name does not fit them.
    """
    kind = kind_of(name)
    if kind == IGNORED:
        return None
    found = _best(table, [kind], named=True) if kind else None
    return found or _best(table, DETECTED, named=False)


def _best(table: Table, kinds: Sequence[str], *, named: bool) -> Header | None:
    places = [
        (len(_read(kind, table, row, above, typos=False).columns), kind, row, above)
        for kind in kinds
        for first in range(min(len(table.rows), LOOKED_AT))
        for row, above in ((first, None), (first + 1, first))
    ]
    places.sort(key=lambda place: -place[0])  # stable: earlier kinds and rows, and one row of headers, come first
    candidates = [_read(kind, table, row, above) for _columns, kind, row, above in places[:CANDIDATES]]
    fitting = [found for found in candidates if _fits(found, named=named)]
    return max(fitting, key=lambda found: len(found.columns), default=None)


def _fits(found: Header, *, named: bool) -> bool:
    fields = {column.field for column in found.columns.values()}
    if named:
        return bool(fields & set(NEEDED[found.kind]))
    # Lists of all kinds have names; only a city's has its key.
    needed = {"ags"} if found.kind == CITY else set(NEEDED[found.kind])
    return bool(fields & needed) and len(fields) >= LEAST


def _read(kind: str, table: Table, row: int, above: int | None, *, typos: bool = True) -> Header:
    """The header in `row`; with `above`, in two rows, where groups stand over several columns."""
    lower = [_title(table.at(row, column)) for column in range(table.width)]
    groups = _groups(table, above, lower) if above is not None else [""] * len(lower)
    found = Header(kind, row + 1, {}, {})
    taken: set[str] = set()
    for place, (group, own) in enumerate(zip(groups, lower, strict=True)):
        said = f"{group}: {own}" if group and own and group != own else own or group
        if not said:
            continue
        found.titles[place] = said
        if plain(said) in _private or plain(own) in _private:
            found.private.append(place)
            continue
        column = _meant(kind, [said, own or group], typos)
        if column is not None and column.field not in taken:
            taken.add(column.field)
            found.columns[place] = column
    return found


def _title(cell: Cell) -> str:
    return " ".join(cell.split())[:80] if isinstance(cell, str) else ""


def _groups(table: Table, row: int, lower: Sequence[str]) -> list[str]:
    """The upper row, each group over all its columns: as cells are merged or, where none are, up to the next group."""
    upper = [_title(table.at(row, column)) for column in range(len(lower))]
    spans = {left: right for top, left, bottom, right in table.merged if top <= row <= bottom}
    groups = list(upper)
    for left, right in spans.items():
        for column in range(left, min(right + 1, len(groups))):
            groups[column] = upper[left]
    if not spans:
        for column in range(1, len(groups)):
            if not groups[column] and lower[column]:
                groups[column] = groups[column - 1]
    return groups


def _meant(kind: str, said: Sequence[str], typos: bool) -> Column | None:
    known = named(kind)
    for one in said:
        if found := known.get(plain(one)):
            return found
    for name in map(plain, said if typos else ()):
        if len(name) in TYPOS and (close := get_close_matches(name, known, n=1, cutoff=CLOSE)):
            return known[close[0]]
    return None
