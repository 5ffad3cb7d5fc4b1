"""A plan from which the search goes on: as this command wrote it, perhaps changed by hand since."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from services.cli.solve.columns import PEOPLE
from services.cli.solve.numbers import HIGHEST
from services.cli.solve.people import Given, Note
from services.cli.solve.spellings import spelled
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.sheets.columns import Column, Layout
from services.kit.sheets.headers import Header, header_of
from services.kit.sheets.opening import tables
from services.kit.sheets.rows import column_title, rows
from services.kit.sheets.table import MOST_ROWS, Cell, Table
from services.matching.solver.problem import MOST_ROUNDS, Ints

NOWHERE = {"", "-", "–", "—"}
SEAT = re.compile(r"(?:(?:tisch|table)\s*)?(\d{1,4})(?:\.0)?")
ROUND_COLUMNS = tuple(
    Column(f"round {number}", "table", f"Runde {number}", f"Round {number}") for number in range(1, MOST_ROUNDS + 1)
)
LAYOUT = Layout(
    {PEOPLE: (Column("name", "text", "Name", "Name"), *ROUND_COLUMNS)},
    {PEOPLE: ("Wer sitzt wo", "Who sits where")},
    {PEOPLE: ("name",)},
    {PEOPLE: ("name",)},
)


@dataclass(frozen=True)
class Seated:
    """Somebody of a plan. `tables`: by round, from 1; None where the person has no seat."""

    name: str
    place: str
    tables: tuple[int | None, ...]


@dataclass(frozen=True)
class Start:
    """A plan by person."""

    people: tuple[Seated, ...]

    @property
    def rounds(self) -> int:
        return max(len(one.tables) for one in self.people)

    @property
    def tables(self) -> int:
        return max((table or 0 for one in self.people for table in one.tables), default=0)


def read(name: str, content: bytes) -> Start:
    """Raises Refused for what is no plan, with every seat that is none by row and column."""
    problems: list[Problem] = []
    is_json = name.lower().endswith(".json") or content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in {b"{", b"["}
    people = tuple(_json(content, problems) if is_json else _sheets(content, problems))
    if problems:
        raise Refused(_("The plan {file} cannot be read.", file=name), problems)
    if not people:
        message = _("It needs the sheet „Who sits where“: a column „Name“ and one for each round, „Round 1“, …")
        raise Refused(_("The plan {file} cannot be read.", file=name), [Problem(message)])
    return Start(people)


def seats(start: Start, given: Given, rounds: int, most: int) -> tuple[Ints, list[Note]]:
    """Where everybody sits in the plan (R×N, -1 where that is not known), and who is in one of the lists alone.

    Raises Refused for tables that there are not.
    """
    found = np.full((rounds, len(given.people)), -1, dtype=np.int32)
    known = {spelled(one.name): one for one in start.people}
    problems, new = [], []
    for number, person in enumerate(given.people):
        one = known.pop(spelled(person.key), None)
        if one is None:
            new.append(person.key)
            continue
        there = set(range(rounds) if person.rounds is None else person.rounds.of(rounds))
        for r, table in enumerate(one.tables[:rounds]):
            if table is not None and table > most:
                message = _("There is no table {table}.", table=table)
                problems.append(Problem(message, row=one.place, field=column_title(ROUND_COLUMNS[r].label)))
            elif table is not None and r in there:
                found[r, number] = table - 1
    if problems:
        raise Refused(_("The plan does not fit the list of people."), problems)
    gone = [one.name for one in known.values()]
    notes = []
    if new:
        notes.append(Note("", _("New, and not in the plan: {names}", names=", ".join(new))))
    if gone:
        notes.append(Note("", _("In the plan, and not in the list: {names}", names=", ".join(gone))))
    return found, notes


def changed(before: Ints, after: Ints) -> int:
    """How many seats differ, of those that were known and still are taken."""
    return int(((before >= 0) & (after >= 0) & (before != after)).sum())


def _sheets(content: bytes, problems: list[Problem]) -> Iterable[Seated]:
    found = [(table, header_of(LAYOUT, table, table.name)) for table in tables(content)]
    plans = [(table, header) for table, header in found if header is not None]
    if not plans:
        return []
    table, header = max(plans, key=lambda one: len(one[1].columns))
    return list(_rows(table, header, problems))


def _rows(table: Table, header: Header, problems: list[Problem]) -> Iterable[Seated]:
    at = {column.field: place for place, column in header.columns.items()}
    rounds = [number for number, column in enumerate(ROUND_COLUMNS) if column.field in at]
    if not rounds:
        return
    for row in rows(table, header, lambda _place, _message: None):
        name = row.cells[at["name"]]
        if not isinstance(name, str) or not name.strip():
            continue

        def read(r: int, row: Any = row) -> int | None:
            place = at.get(ROUND_COLUMNS[r].field)
            title = column_title(header.titles[place]) if place is not None else ""
            return None if place is None else _seat(row.cells[place], row.place, title, problems)

        yield Seated(name.strip(), row.place, tuple(map(read, range(rounds[-1] + 1))))


def _json(content: bytes, problems: list[Problem]) -> Iterable[Seated]:
    try:
        said: Any = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Refused(_("The file is no JSON."), [Problem(str(problem))]) from problem
    people = said.get("people") if isinstance(said, dict) else None
    for number, one in enumerate(people[:MOST_ROWS] if isinstance(people, list) else ()):
        place = f"people[{number}]"
        listed = one.get("seats") if isinstance(one, dict) and isinstance(one.get("name"), str) else None
        if not isinstance(listed, list):
            problems.append(Problem(_("This needs a name and a list of seats."), row=place))
        else:
            yield Seated(
                one["name"], place, tuple(_seat(cell, place, "seats", problems) for cell in listed[:MOST_ROUNDS])
            )


def _seat(cell: Cell | None, place: str, title: str, problems: list[Problem]) -> int | None:
    """A table's number; None for nobody's seat."""
    text = "" if cell is None else str(cell).strip().casefold()
    found = SEAT.fullmatch(text)
    if found and 1 <= int(found[1]) <= HIGHEST:
        return int(found[1])
    if text not in NOWHERE:
        problems.append(Problem(_("„{said}“ is no table's number.", said=text[:40]), row=place, field=title))
    return None
