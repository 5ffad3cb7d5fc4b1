"""The rows below a header as values by field, with everything that cannot be read named by row and column."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from services.directory.fields import ENTRY
from services.directory.sheets.columns import (
    CITY,
    DEPARTMENTS,
    NAVIGATORS,
    PROJECTS,
    choice_label,
    choices,
    entry_names,
    named,
)
from services.directory.sheets.labels import Found, Labels, language_code
from services.directory.snapshot import CityRow, DepartmentRow, Link, NavigatorRow, ProjectRow
from services.kit.checks import Checks
from services.kit.errors import TooLarge
from services.kit.i18n import gettext as _
from services.kit.sheets import values
from services.kit.sheets.columns import Column, plain
from services.kit.sheets.headers import Header
from services.kit.sheets.lists import MOST_PIECES, count, pieces
from services.kit.sheets.rows import column_title, rows
from services.kit.sheets.table import Cell, Table

ROWS: dict[str, Any] = {CITY: CityRow, DEPARTMENTS: DepartmentRow, NAVIGATORS: NavigatorRow, PROJECTS: ProjectRow}
_EMPTY = {
    kind: {
        one.name: one.default if one.default_factory is msgspec.NODEFAULT else one.default_factory()
        for one in msgspec.structs.fields(row)
        if not one.required
    }
    for kind, row in ROWS.items()
}
"""What an empty cell means, by field."""
LINK = re.compile(r"\n|[;,]\s+(?=https?://)")
WITHOUT_ZERO = re.compile(r"[1-9][0-9]{6,}")
"""A number with its area code, as it looks after a program took it for a figure."""
CHOICES = {"profile", "recruited", "stage"}
MOST_LISTED = 2_000_000
"""Characters of a file in cells that are lists: each is looked up in several ways."""
MOST_SUGGESTIONS = 100
"""Problems until which the nearest topic is looked for."""


@dataclass
class Record:
    """`values` by field of the snapshot's row; `raw` are cells that name other rows, resolved when keys are known."""

    place: str
    number: int
    header: Header
    values: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)

    def title(self, name: str) -> str:
        """The column of a field, as the file calls it."""
        found = next((place for place, column in self.header.columns.items() if column.field == name), None)
        return column_title(self.header.titles[found]) if found is not None else ""


@dataclass(frozen=True)
class Context:
    """`names` are names as published: those are right as they stand. `note` takes a place and a message."""

    labels: Labels
    names: frozenset[str]
    checks: Checks
    note: Callable[[str, str], None]
    listed: list[int] = field(default_factory=lambda: [0])
    """How many characters of lists were looked at so far."""

    def look_at(self, said: str) -> str:
        """Raises TooLarge where a file has more in its lists than is looked at."""
        self.listed[0] += len(said)
        if self.listed[0] > MOST_LISTED:
            raise TooLarge(_("The file has more cells than the hub reads."))
        return said


def records(table: Table, header: Header, context: Context) -> Iterator[Record]:
    """Every row that says something in a known column; headings between the rows are skipped."""
    for row in rows(table, header, context.note):
        record = Record(row.place, row.number, header)
        for column_place, column in header.columns.items():
            _cell(record, column, row.cells[column_place], header.titles[column_place], context)
        if header.kind == NAVIGATORS:
            _name(record, context)
        yield record


def _cell(record: Record, column: Column, cell: Cell, title: str, context: Context) -> None:
    """Put a cell's value into the record, or say what is wrong with it."""
    empty = _EMPTY[record.header.kind].get(column.field, () if column.form == "list" else "")
    try:
        value = _value(record, column, cell, context, title)
    except values.Odd as odd:
        context.checks.add(record.place, column_title(title), str(odd))
        value = None
    record.values[column.field] = empty if value in (None, "", ()) else value
    if column.form == "phone" and value and WITHOUT_ZERO.fullmatch(value):
        context.note(record.place, _("{column} begins without 0: did the program drop it?", column=column_title(title)))


def _value(record: Record, column: Column, cell: Cell, context: Context, title: str) -> Any:
    form = column.form
    if cell == "":
        return None
    if form in SIMPLE:
        return SIMPLE[form](cell)
    said = context.look_at(values.text(cell))
    if not said:
        return None
    if count(said) > MOST_PIECES:
        raise values.Odd(_("At most {most} entries here, please.", most=MOST_PIECES))
    if form in {"person", "people"}:
        record.raw[column.field] = said
        return None
    if form in CHOICES:
        return _choice(form, said)
    if form == "topics":
        return _topics(record, said, context, title)
    if form == "list":
        separator = "\n" if "\n" in said else ";" if ";" in said else ","
        return tuple(filter(None, (one.strip() for one in said.split(separator))))
    if form == "links":
        found = (one.strip().partition(" ") for one in LINK.split(said) if one.strip())
        return tuple(Link(url, label.strip()) for url, _space, label in found)
    if form == "visibility":
        return _visibility(said)
    known: Callable[[str], str | None] = choices("tasks").get if form == "tasks" else language_code
    return _codes(said, known, plain if form == "tasks" else str.strip)


def ags(cell: Cell) -> str:
    """Eight digits, also where the program dropped the zero in front, or of the regional key (ARS) with twelve."""
    said = "".join(values.short(cell).split())
    if said.isascii() and said.isdigit() and len(said) in {11, 12}:
        said = said.zfill(12)
        return said[:5] + said[9:]
    return said.zfill(8) if said.isascii() and said.isdigit() and len(said) == 7 else said


SIMPLE: dict[str, Callable[[Cell], Any]] = {
    "text": values.text,
    "email": values.email,
    "phone": values.phone,
    "ags": ags,
    "number": values.number,
    "share": values.share,
    "yes": values.yes,
    "day": values.day,
    "last day": lambda cell: values.day(cell, last=True),
}


def _choice(form: str, said: str) -> str:
    code = choices(form).get(plain(said))
    if code is None:
        offered = ", ".join(choice_label(form, one) for one in dict.fromkeys(choices(form).values()))
        raise values.Odd(_("Choose one of {values}.", values=offered))
    return code


def _topics(record: Record, said: str, context: Context, title: str) -> tuple[str, ...]:
    codes: list[str] = []
    for found in context.labels.read(said):
        if found.code is not None:
            codes.append(found.code)
            if not found.sure:
                label = context.labels.name(found.code)
                context.note(
                    record.place, _("„{said}“ was understood as „{label}“.", said=found.said[:60], label=label)
                )
            continue
        near = context.labels.near(found.said) if len(context.checks.found) < MOST_SUGGESTIONS else ""
        message = (
            _("There is no topic „{said}“. Do you mean „{near}“?", said=found.said[:60], near=near)
            if near
            else _("There is no topic „{said}“. The template lists all of them.", said=found.said[:60])
        )
        context.checks.add(record.place, column_title(title), message)
    return tuple(dict.fromkeys(codes))


def _codes(said: str, known: Callable[[str], str | None], form: Callable[[str], str]) -> tuple[str, ...]:
    """A list of codes. Raises Odd for the first entry that is none."""
    found = pieces(said, lambda one: known(form(one)) is not None, lambda one: Found(one, known(form(one))))
    if strange := next((one.said for one in found if one.code is None), None):
        raise values.Odd(_("„{said}“ is not known here.", said=strange[:40]))
    return tuple(dict.fromkeys(one.code for one in found if one.code is not None))


def _visibility(said: str) -> dict[str, str]:
    """„Telefon: alle; Raum: Netzwerk“ by field. Raises Odd for what is neither."""
    chosen: dict[str, str] = {}
    for part in re.split(r"[;\n]", said):
        if not part.strip():
            continue
        name, _colon, audience = part.rpartition(":")
        column = named(NAVIGATORS).get(plain(name))
        code = choices("audience").get(plain(audience))
        is_entry = plain(name) in entry_names()
        if code is None or not (column or is_entry):
            offered = ", ".join(choice_label("audience", one) for one in dict.fromkeys(choices("audience").values()))
            raise values.Odd(_("Write a field and who sees it, such as „Telefon: alle“. There are: {values}.",
                               values=offered))  # fmt: skip
        chosen[ENTRY if is_entry or column is None else column.field.partition(".")[0]] = code
    return chosen


def _name(record: Record, context: Context) -> None:
    """One name out of the columns that hold parts of it."""
    said = record.values
    turned, first, last, degree = (said.pop(one, "") for one in ("turned_name", "first_name", "last_name", "degree"))
    whole = said.get("name", "")
    if last or (first and whole):  # „Name“ beside „Vorname“ is the last one
        whole = f"{first} {last or whole}".strip()
    elif turned or (whole and whole not in context.names):
        straight = values.name(turned or whole, turned=bool(turned))
        if straight != (turned or whole) and not turned:
            context.note(record.place, _("The name was turned: first name, last name."))
        whole = straight
    elif first:
        whole = first
    if degree and not whole.startswith(degree):
        whole = f"{degree} {whole}"
    said["name"] = whole
