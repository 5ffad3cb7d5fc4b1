"""Values as cells and as people read them: the way back from `records`, so that what is written is read as the same."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from services.directory.fields import ENTRY
from services.directory.sheets.columns import (
    CITY,
    COLUMNS,
    DEPARTMENTS,
    KINDS,
    NAVIGATORS,
    choice_label,
    entry_label,
    sheet_label,
)
from services.directory.sheets.keys import CALLED
from services.directory.sheets.labels import Labels, language_name
from services.directory.sheets.records import ROWS
from services.directory.snapshot import Change, Snapshot, diff
from services.kit.i18n import gettext as _
from services.kit.sheets.columns import Column

MOST_SHOWN = 100
"""Rows of each list on a page."""
TOGETHER = "; "


def written(kind: str) -> list[Column]:
    """The columns that have a place of their own in a row of the snapshot."""
    fields = {*ROWS[kind].__struct_fields__} - ({"city"} if kind == NAVIGATORS else set())
    return [column for column in COLUMNS[kind] if column.field.partition(".")[0] in fields]


def cell(column: Column, row: Any, labels: Labels) -> str | float | date | None:
    """What a cell says for a field of a row; None for nothing. A share is a part of one."""
    value: Any = row
    for name in column.field.split("."):
        value = getattr(value, name)
    if value is None or value in ("", (), {}):
        return None
    match column.form:
        case "topics":
            return TOGETHER.join(map(labels.name, value))
        case "languages":
            return TOGETHER.join(map(language_name, value))
        case "tasks":
            return TOGETHER.join(choice_label("tasks", code) for code in value)
        case "profile" | "recruited" | "stage":
            return choice_label(column.form, value)
        case "people":
            return TOGETHER.join(value)
        case "list":
            return "\n".join(value) if len(value) > 1 or "," not in value[0] else f"{value[0]};"
        case "links":
            return "\n".join(f"{link.url} {link.label}".strip() for link in value)
        case "visibility":
            return TOGETHER.join(f"{_seen(name)}: {choice_label('audience', who)}" for name, who in value.items())
        case "yes":
            return _("yes") if value else None
        case "share":
            return float(value) / 100
        case "number":
            return float(value)
    return value  # type: ignore[no-any-return]  # a text or a day


def _seen(field: str) -> str:
    if field == ENTRY:
        return entry_label()
    return next(one.label for one in COLUMNS[NAVIGATORS] if one.field.partition(".")[0] == field)


def words(column: Column, row: Any, labels: Labels, names: Mapping[str, str]) -> str:
    """The same for reading on a page, people by their names."""
    if column.form == "people":
        return TOGETHER.join(names.get(key, key) for key in getattr(row, column.field)) or "–"
    found = cell(column, row, labels)
    if found is None:
        return "–"
    if column.form == "person":
        return names.get(str(found), str(found))
    if isinstance(found, float):
        return f"{found * 100:.0f} %" if column.form == "share" else f"{found:.0f}"
    return found.strftime("%d.%m.%Y") if isinstance(found, date) else found


class Altered(msgspec.Struct, frozen=True):
    """A row that is new, that changes, or that goes: `fields` are label, old and new words, of those that matter."""

    key: str
    name: str
    fields: tuple[tuple[str, str, str], ...] = ()


class Section(msgspec.Struct, frozen=True):
    """What happens to one kind of rows: the first MOST_SHOWN of each, and how many there are."""

    kind: str
    label: str
    added: tuple[Altered, ...]
    changed: tuple[Altered, ...]
    withdrawn: tuple[Altered, ...]
    counts: tuple[int, int, int, int]
    """Added, changed, withdrawn, unchanged."""


def difference(before: Snapshot | None, wanted: Snapshot, labels: Labels) -> list[Section]:
    """What publishing `wanted` would change, for people; kinds that stay as they are included."""
    found = diff(before, wanted)
    people = (*(before.navigators if before else ()), *wanted.navigators)
    sections, names = [], {row.key: row.name for row in people}
    for kind in KINDS:
        if kind == CITY:
            change: Change[Any] = Change(
                added=() if before else (wanted.city,),
                changed=(wanted.city,) if before and found.city_changed else (),
                withdrawn=(),
                unchanged=() if found.city_changed else (wanted.city.ags,),
            )
            old: dict[str, Any] = {before.city.ags: before.city} if before else {}
        else:
            change = getattr(found, kind)
            old = {row.key: row for row in getattr(before, kind)} if before else {}
        sections.append(_section(kind, change, old, labels, names))
    return sections


def _section(kind: str, change: Change[Any], old: dict[str, Any], labels: Labels, names: Mapping[str, str]) -> Section:
    columns = written(kind)

    def told(row: Any, of: tuple[tuple[str, str, str], ...] = ()) -> Altered:
        name = row.name if kind in {CITY, DEPARTMENTS} else getattr(row, CALLED[kind])
        return Altered(row.ags if kind == CITY else row.key, name, of)

    def new(row: Any) -> Altered:
        said = ((column.label, "", words(column, row, labels, names)) for column in columns)
        return told(row, tuple(one for one in said if one[2] != "–"))

    def changed(row: Any) -> Altered:
        was = old[row.ags if kind == CITY else row.key]
        said = (
            (column.label, words(column, was, labels, names), words(column, row, labels, names)) for column in columns
        )
        return told(row, tuple(one for one in said if one[1] != one[2]))

    return Section(
        kind,
        sheet_label(kind),
        tuple(map(new, change.added[:MOST_SHOWN])),
        tuple(map(changed, change.changed[:MOST_SHOWN])),
        tuple(map(told, change.withdrawn[:MOST_SHOWN])),
        (len(change.added), len(change.changed), len(change.withdrawn), len(change.unchanged)),
    )
