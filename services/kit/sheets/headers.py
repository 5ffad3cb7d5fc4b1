"""Where in a sheet its header is, what kind of rows stand below, and what each column means. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from services.kit.sheets.columns import Column, Layout, is_private, not_mistyped, plain
from services.kit.sheets.table import Cell, Table

LOOKED_AT = 40
"""Rows that may stand above the header: titles, logos, dates of printing."""
CANDIDATES = 4
"""Rows that are looked at for typing errors: those with most columns that need none."""
CLOSE = 0.84
LONG = 6
"""Letters of a word that says what a sheet holds wherever it stands in the sheet's name."""
TYPOS = range(5, 41)
"""How long names are that may have a typing error."""


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


def kind_of(layout: Layout, name: str) -> str | None:
    """What a sheet of this name holds, if the name says it."""
    said, names = plain(name[:60]), layout.kinds
    if said in names:
        return names[said]
    without_numbers = said.rstrip("0123456789")
    close = get_close_matches(without_numbers, names, n=1, cutoff=CLOSE) if len(without_numbers) >= 4 else []
    if close:
        return names[close[0]]
    long = [one for one in names if len(one) >= LONG]
    ends = (names[one] for one in long if without_numbers.endswith(one))  # what a German compound is, stands last
    return next(ends, None) or next((names[one] for one in long if one in said), None)


def header_of(layout: Layout, table: Table, name: str) -> Header | None:
    """The header that recognises most columns; None for a sheet that is none of ours. `name` may say what it holds,
    but what the columns say counts where the name does not fit them.
    """
    kind = kind_of(layout, name)
    if kind is not None and kind not in layout.columns:
        return None
    found = _best(layout, table, {kind: layout.needed[kind]}, least=1) if kind else None
    return found or _best(layout, table, layout.telling, least=layout.least)


def _best(layout: Layout, table: Table, kinds: Mapping[str, Sequence[str]], *, least: int) -> Header | None:
    """`kinds` are those that the sheet may be of, with the fields of which it then has one."""
    places = [
        (len(_read(layout, kind, table, row, above, typos=False).columns), kind, row, above)
        for kind in kinds
        for first in range(min(len(table.rows), LOOKED_AT))
        for row, above in ((first, None), (first + 1, first))
    ]
    places.sort(key=lambda place: -place[0])  # stable: earlier kinds and rows, and one row of headers, come first
    candidates = [_read(layout, kind, table, row, above) for _columns, kind, row, above in places[:CANDIDATES]]
    fitting = [found for found in candidates if _fits(found, kinds[found.kind], least)]
    return max(fitting, key=lambda found: len(found.columns), default=None)


def _fits(found: Header, needed: Sequence[str], least: int) -> bool:
    fields = {column.field for column in found.columns.values()}
    return bool(fields & set(needed)) and len(fields) >= least


def _read(layout: Layout, kind: str, table: Table, row: int, above: int | None, *, typos: bool = True) -> Header:
    """The header in `row`; with `above`, in two rows, where groups stand over several columns."""
    lower = [_title(table.at(row, column)) for column in range(table.width)]
    groups = _groups(table, above, lower) if above is not None else [""] * len(lower)
    found = Header(kind, row + 1, {}, {})
    taken: set[str] = set()
    open_: dict[int, list[str]] = {}
    for place, (group, own) in enumerate(zip(groups, lower, strict=True)):
        said = f"{group}: {own}" if group and own and group != own else own or group
        if not said:
            continue
        found.titles[place] = said
        if is_private(said) or is_private(own):
            found.private.append(place)
        else:
            open_[place] = [said, own or group]
    # What is called so comes before what is only spelt alike, wherever it stands.
    for meant in (_called, _mistyped) if typos else (_called,):
        for place, names in open_.items():
            column = meant(layout.named(kind), names) if place not in found.columns else None
            if column is not None and column.field not in taken:
                taken.add(column.field)
                found.columns[place] = column
    return replace(found, columns=dict(sorted(found.columns.items())))


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


def _called(known: Mapping[str, Column], said: Sequence[str]) -> Column | None:
    return next((known[name] for name in map(plain, said) if name in known), None)


def _mistyped(known: Mapping[str, Column], said: Sequence[str]) -> Column | None:
    names = [plain(one) for one in said]
    if not_mistyped().intersection(names) or _called(known, said):
        return None
    for name in names:
        if len(name) in TYPOS and (close := get_close_matches(name, known, n=1, cutoff=CLOSE)):
            return known[close[0]]
    return None
