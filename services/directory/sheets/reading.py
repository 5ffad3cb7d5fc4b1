"""From a file to a snapshot: what was read, how it was understood, and what is wrong by sheet, row and column. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from services.directory.sheets import merging
from services.directory.sheets.columns import (
    CITY,
    COLUMNS,
    DEPARTMENTS,
    KINDS,
    LAYOUT,
    NAVIGATORS,
    NEEDED,
    PROJECTS,
    field_label,
    sheet_label,
    snake,
)
from services.directory.sheets.keys import CALLED, Keys, twice
from services.directory.sheets.labels import Labels
from services.directory.sheets.records import ROWS, Context, Record, records
from services.directory.snapshot import MOST_ROWS, CityRow, Competences, Snapshot, validate
from services.kit.checks import Checks
from services.kit.errors import Problem, Refused, TooLarge
from services.kit.i18n import gettext as _
from services.kit.sheets.headers import Header, header_of, kind_of
from services.kit.sheets.opening import tables
from services.kit.sheets.rows import column_title
from services.kit.sheets.table import Table

MOST_NOTES = 300
ROW_NAME = re.compile(r"[a-z]+\[\d+\]")


class Sheet(msgspec.Struct, frozen=True):
    """How one sheet was understood: pairs of a column's title and what it was taken for."""

    name: str
    kind: str
    rows: int
    columns: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Fields without a column: of rows that are published already, they stay."""


class Note(msgspec.Struct, frozen=True):
    """Something that was decided for the reader: where, and what."""

    place: str
    message: str


class Reading(msgspec.Struct, frozen=True):
    """`kept` are kinds that the file does not hold and that stay as published; `ignored` are sheets that were not
    recognised; `more` counts the notes beyond MOST_NOTES.
    """

    snapshot: Snapshot
    sheets: tuple[Sheet, ...] = ()
    notes: tuple[Note, ...] = ()
    kept: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    more: int = 0


def read(name: str, content: bytes, ags: str, base: Snapshot | None, labels: Labels) -> Reading:
    """The file as the snapshot that it would make of `base`, what the city publishes now.

    What the file does not hold stays as in `base`: whole kinds of rows, and fields without a column. Raises TooLarge
    beyond the limits, Refused with every problem as a person finds it („Blatt Lotsen, Zeile 7“ – „Spalte E-Mail“);
    then nothing of it is usable. `name` is the file's: where it has no sheets, it may say what the rows are.
    """
    found, ignored = _sheets(tables(content), name.rpartition(".")[0])
    if not found:
        known = ", ".join(sheet_label(kind) for kind in KINDS)
        raise Refused(
            _("The file cannot be read. Please correct it and send it again."),
            [Problem(_("There is no sheet with columns such as name, department and e-mail. Sheets are called: {known}",
                       known=known))],
        )  # fmt: skip
    return _Reader(ags, base, labels).read(found, ignored)


def _sheets(of: Sequence[Table], file: str) -> tuple[list[tuple[Table, Header]], list[str]]:
    found: list[tuple[Table, Header]] = []
    ignored: list[str] = []
    for table in of:
        header = header_of(LAYOUT, table, table.name or file)
        if header is not None:
            found.append((table, header))
        elif kind_of(LAYOUT, table.name) in KINDS and table.rows:
            raise Refused(
                _("The file cannot be read. Please correct it and send it again."),
                [Problem(_("The columns were not recognised. One is called „Name“, or as in the template."),
                         row=_("Sheet {sheet}", sheet=table.name))],
            )  # fmt: skip
        elif table.rows:
            ignored.append(table.name or "–")
    return found, ignored


class _Reader:
    def __init__(self, ags: str, base: Snapshot | None, labels: Labels) -> None:
        self.ags, self.base, self.labels = ags, base, labels
        self.checks = Checks()
        self.notes: list[Note] = []
        self.more = 0
        self.places: dict[str, Record] = {}
        """Where rows stand in the file, by their names in the snapshot, such as `navigators[3]`."""

    def note(self, place: str, message: str) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes.append(Note(place, message))
        else:
            self.more += 1

    def read(self, found: Sequence[tuple[Table, Header]], ignored: Sequence[str]) -> Reading:
        names = frozenset(row.name for row in self.base.navigators) if self.base else frozenset[str]()
        context = Context(self.labels, names, self.checks, self.note)
        rows: dict[str, list[Record]] = {}
        sheets = []
        for table, header in found:
            some = list(records(table, header, context))
            rows.setdefault(header.kind, []).extend(some)
            if len(rows[header.kind]) > MOST_ROWS:
                raise TooLarge(_("At most {most} rows in a sheet, please.", most=MOST_ROWS))
            sheets.append(_told(table, header, len(some)))
        snapshot = self._valid(self._snapshot(rows))
        kept = merging.untouched(self.base, set(rows))
        return Reading(snapshot, tuple(sheets), tuple(self.notes), kept, tuple(ignored), self.more)

    def _snapshot(self, rows: Mapping[str, Sequence[Record]]) -> Snapshot:
        base = self.base or Snapshot(CityRow(self.ags, ""))
        keys = Keys(self.base, self.note)
        twice(rows.get(NAVIGATORS, ()), self.checks)
        for kind in (DEPARTMENTS, NAVIGATORS, PROJECTS):
            keys.give(kind, rows.get(kind, ()))
        made = {kind: self._made(kind, rows[kind]) for kind in (DEPARTMENTS, NAVIGATORS, PROJECTS) if kind in rows}
        merged = msgspec.structs.replace(base, city=self._city(base.city, rows.get(CITY)), **made)
        keys.people((row.key, row.name, row.email) for row in merged.navigators)
        for kind in (NAVIGATORS, PROJECTS):
            for row in rows.get(kind, ()):
                keys.resolve(row, self.checks)
            if kind in rows:
                merged = msgspec.structs.replace(merged, **{kind: self._made(kind, rows[kind])})
        return merging.consistent(merged, lambda kind, message: self.note(sheet_label(kind), message))

    def _city(self, base: CityRow, rows: Sequence[Record] | None) -> CityRow:
        """The city of the file over the one published. It may only be the city that publishes."""
        if not rows:
            if not base.name:
                message = _("Your city has published nothing yet: the file needs a sheet „{sheet}“ with its name.",
                            sheet=sheet_label(CITY))  # fmt: skip
                self.checks.add("", "", message)
            return base
        for row in rows[1:]:
            self.checks.add(row.place, "", _("There is one row for the city, no more."))
        said = dict(rows[0].values)
        self.places[CITY] = rows[0]
        if said.pop("ags", "") not in {"", self.ags}:
            message = _("This is another city: you publish for {ags}.", ags=self.ags)
            self.checks.add(rows[0].place, rows[0].title("ags"), message)
        return msgspec.structs.replace(base, **said)

    def _made(self, kind: str, rows: Sequence[Record]) -> tuple[Any, ...]:
        """Rows of the snapshot, each over the published one with its key, as far as columns leave something out."""
        before = {row.key: row for row in getattr(self.base, kind)} if self.base else {}
        made = []
        for number, row in enumerate(rows):
            self.places[f"{kind}[{number}]"] = row
            old = before.get(row.values["key"])
            said = {field: value for field, value in row.values.items() if "." not in field}
            areas = {field.partition(".")[2]: value for field, value in row.values.items() if "." in field}
            if areas:
                said["competences"] = msgspec.structs.replace(old.competences if old else Competences(), **areas)
            if old:
                made.append(msgspec.structs.replace(old, **said))
            else:
                made.append(ROWS[kind](**{CALLED[kind]: ""} | said))
        return tuple(made)

    def _valid(self, snapshot: Snapshot) -> Snapshot:
        """As `snapshot.validate`; raises Refused with its problems beside our own, told by sheet, row and column."""
        valid = snapshot
        named = {(one.row, one.field) for one in self.checks.found}
        try:
            valid = validate(snapshot, self.labels.codes)
        except Refused as problem:
            for one in problem.problems:
                field = snake(one.field.partition("[")[0])
                row = self.places.get(one.row)
                kind = one.row.partition("[")[0]
                place = row.place if row else sheet_label(kind) if kind in KINDS else ""
                title = (row.title(field) if row else "") or column_title(_label(kind, field))
                if (place, title) not in named:
                    self.checks.add(place, title, self._said(one.message))
        order = {row.place: number for number, row in enumerate(self.places.values())}
        self.checks.found.sort(key=lambda one: order.get(one.row, -1))
        self.checks.done(_("Nothing was taken over yet. Please correct what is named and send the file again."))
        return valid

    def _said(self, message: str) -> str:
        """A message with rows as people find them."""
        for name in ROW_NAME.findall(message):
            if name in self.places:
                message = message.replace(name, self.places[name].place)
        return message


def _label(kind: str, field: str) -> str:
    if kind not in KINDS:
        return field
    label = field_label(kind, field)
    return label if label != field else field_label(kind, field.partition(".")[0])


def _told(table: Table, header: Header, rows: int) -> Sheet:
    titles = header.titles
    covered = {one.field.partition(".")[0] for one in header.columns.values()} | {"key", "city", "ags"}
    covered |= {"name"} if covered & set(NEEDED[header.kind]) else set()
    fields = [one for one in COLUMNS[header.kind] if one.field.partition(".")[0] in ROWS[header.kind].__struct_fields__]
    return Sheet(
        name=table.name,
        kind=header.kind,
        rows=rows,
        columns=tuple((titles[place], found.label) for place, found in header.columns.items()),
        unknown=tuple(titles[place] for place in header.unknown),
        private=tuple(titles[place] for place in header.private),
        kept=tuple(one.label for one in fields if one.field.partition(".")[0] not in covered),
    )
