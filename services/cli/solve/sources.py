"""An organiser's file as rows with fields: a spreadsheet, or JSON that says the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from services.cli.solve.columns import LAYOUT, PEOPLE, TOPICS
from services.cli.solve.people import Note
from services.kit.errors import Problem, Refused, TooLarge
from services.kit.i18n import gettext as _
from services.kit.sheets.columns import Column, Layout, is_private, plain
from services.kit.sheets.headers import header_of, kind_of
from services.kit.sheets.opening import tables
from services.kit.sheets.rows import column_title, rows
from services.kit.sheets.table import MOST_BYTES, MOST_ROWS, Cell

Said = Cell | tuple[Cell, ...]
"""A cell, or a list whose entries are told apart already (JSON)."""


@dataclass(frozen=True)
class Row:
    """`said` by field; `place` is where it stands, for people."""

    place: str
    said: Mapping[str, Said]


@dataclass(frozen=True)
class Source:
    """The rows of a file by kind. `titles`: how it calls the columns, by kind and field; `unused`: what else the lists
    of people hold, each once.
    """

    layout: Layout
    rows: dict[str, list[Row]] = field(default_factory=dict)
    titles: dict[tuple[str, str], str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    unused: dict[str, None] = field(default_factory=dict)


def read(name: str, content: bytes, layout: Layout = LAYOUT) -> Source:
    """Raises Refused for what cannot be read, TooLarge beyond the limits. `name` may say what a CSV file holds."""
    if name.lower().endswith(".json") or content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in {b"{", b"["}:
        return _json(content, layout)
    source = Source(layout)
    found = [(table, header_of(layout, table, table.name or name.rpartition(".")[0])) for table in tables(content)]
    lists = any(header is not None and header.kind == PEOPLE and len(header.columns) > 1 for _table, header in found)
    for table, header in found:
        other = kind_of(layout, table.name) is None and header is not None and len(header.columns) == 1
        if header is None or (lists and other):  # rooms and speakers have names as well
            if table.rows and plain(table.name) not in layout.kinds:
                source.notes.append(Note(_("Sheet {sheet}", sheet=table.name), _("Left out: not a list of people.")))
            continue
        kind = header.kind
        for place, column in header.columns.items():
            source.titles.setdefault((kind, column.field), header.titles[place])
        if kind == PEOPLE:
            source.unused.update(dict.fromkeys(header.titles[place] for place in header.unknown))
        if left := ", ".join(header.titles[place] for place in (*header.unknown, *header.private)):
            source.notes.append(Note(table.name, _("These columns are not used: {columns}", columns=left)))

        def note(place: str, message: str) -> None:
            source.notes.append(Note(place, message))

        for row in rows(table, header, note):
            said = {column.field: row.cells[place] for place, column in header.columns.items()}
            source.rows.setdefault(kind, []).append(Row(row.place, said))
    return source


def title(source: Source, kind: str, field: str) -> str:
    """A column as the file calls it, or as the template does."""
    found = source.titles.get((kind, field))
    return column_title(found or next(one.label for one in source.layout.columns[kind] if one.field == field))


def _json(content: bytes, layout: Layout) -> Source:
    """`{"people": [{"name": …, "offers": […]}], "topics": [{"topic": …}]}`, or the list of people alone."""
    if len(content) > MOST_BYTES:
        raise TooLarge(_("The file is larger than {most} MB.", most=MOST_BYTES // 1_000_000))
    try:
        said: Any = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Refused(_("The file is no JSON."), [Problem(str(problem))]) from problem
    if isinstance(said, list):
        said = {"people": said}
    lists = {kind: said.get(kind, []) for kind in (PEOPLE, TOPICS)} if isinstance(said, dict) else {PEOPLE: None}
    source = Source(layout)
    for kind, some in lists.items():
        if not isinstance(some, list):
            raise Refused(_("The file needs a list „people“ of objects with a „name“."))
        if len(some) > MOST_ROWS:
            raise TooLarge(_("At most {most} rows in a sheet, please.", most=MOST_ROWS))
        known = layout.named(kind)
        for number, one in enumerate(some):
            place = f"{kind}[{number}]"
            entries = one.items() if isinstance(one, dict) else [(known_name(kind), one)]
            source.rows.setdefault(kind, []).append(Row(place, dict(_fields(source, kind, place, known, entries))))
    return source


def known_name(kind: str) -> str:
    """The field of a row that is nothing but its name."""
    return "name" if kind == PEOPLE else "topic"


def _fields(
    source: Source, kind: str, place: str, known: Mapping[str, Column], entries: Iterable[tuple[str, Any]]
) -> Iterable[tuple[str, Said]]:
    for name, value in entries:
        column = known.get(plain(name))
        if column is None:
            if kind == PEOPLE and not is_private(name):
                source.unused[name[:60]] = None
            source.notes.append(Note(place, _("These columns are not used: {columns}", columns=name[:60])))
        elif value is not None:
            source.titles.setdefault((kind, column.field), name)
            yield column.field, tuple(map(_cell, value)) if isinstance(value, list) else _cell(value)


def _cell(value: Any) -> Cell:
    """A value of JSON as a cell; what is none, as its text, so that whoever reads it finds it odd."""
    if isinstance(value, bool | str):
        return value.strip() if isinstance(value, str) else value
    return float(value) if isinstance(value, int | float) else msgspec.json.encode(value).decode()[:100]
