"""Snapshots as JSON and as JSON Lines: read strictly, in pieces, with every problem by its line. Pure.

Each line is one row: `{"city": {…}}` first, then `{"department": {…}}`, `{"navigator": {…}}` and `{"project": {…}}` in
any order; empty lines do not count.
"""

import re
from codecs import BOM_UTF8
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from services.directory.snapshot.rows import CityRow, DepartmentRow, NavigatorRow, ProjectRow, Snapshot
from services.directory.snapshot.validation import MOST_ROWS
from services.kit.errors import MOST_PROBLEMS, Problem, Refused, TooLarge
from services.kit.i18n import gettext as _

LONGEST_LINE: Final = 100_000
"""Bytes; the longest row that can be right has a third of that."""
PATH: Final = re.compile(r"(?P<reason>.*?)(?: - at (?:key in )?`\$\.?(?P<path>.*?)`)?\Z", re.DOTALL)

FIELD: Final = re.compile(r"(?:unknown|required) field `(.*?)`")


class _City(CityRow, frozen=True, forbid_unknown_fields=True):
    pass


class _Department(DepartmentRow, frozen=True, forbid_unknown_fields=True):
    pass


class _Navigator(NavigatorRow, frozen=True, forbid_unknown_fields=True):
    pass


class _Project(ProjectRow, frozen=True, forbid_unknown_fields=True):
    pass


class _Whole(msgspec.Struct, forbid_unknown_fields=True):
    city: _City
    departments: tuple[_Department, ...] = ()
    navigators: tuple[_Navigator, ...] = ()
    projects: tuple[_Project, ...] = ()


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """Exactly one of them."""

    city: _City | UnsetType = UNSET
    department: _Department | UnsetType = UNSET
    navigator: _Navigator | UnsetType = UNSET
    project: _Project | UnsetType = UNSET


_whole = msgspec.json.Decoder(_Whole).decode
_line = msgspec.json.Decoder(Line).decode
LISTS: Final = {"department": "departments", "navigator": "navigators", "project": "projects"}


def decoded(body: bytes) -> Snapshot:
    """The snapshot in a JSON document. Raises Refused, with row and field, for a name or value that does not belong."""
    try:
        whole = _whole(body.removeprefix(BOM_UTF8))  # as editors on Windows write it
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        reason, path = _told(problem)
        row, _dot, field = path.partition(".") if path.count("[") or path.startswith("city.") else ("", "", path)
        raise Refused(_("This is no snapshot in JSON."), [Problem(_fits(reason), row=row, field=field)]) from problem
    return Snapshot(whole.city, whole.departments, whole.navigators, whole.projects)


class Rows:
    """The rows of one city, as its lines come."""

    def __init__(self, first: int = 1) -> None:
        self.first = first
        """The number of its first line."""
        self.city: CityRow | None = None
        self.rows: dict[str, list[Any]] = {name: [] for name in LISTS.values()}
        self.places: dict[str, list[int]] = {name: [] for name in LISTS.values()}
        self.problems: list[Problem] = []

    @property
    def size(self) -> int:
        return sum(map(len, self.rows.values()))

    def refuse(self, number: int, message: str, field: str = "") -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(message, row=f"line {number}", field=field))

    def add(self, number: int, line: bytes) -> None:
        """Take one line; what is wrong with it waits for `snapshot`."""
        kind, row = read(self, number, line)
        if kind:
            self.take(number, kind, row)

    def take(self, number: int, kind: str, row: Any) -> None:
        if kind == "city":
            if self.city is not None:
                self.refuse(number, _("The city stands here twice."), "city")
            self.city = row
        elif len(self.rows[LISTS[kind]]) == MOST_ROWS:
            message = _("At most {most} {field} in one snapshot, please.", most=MOST_ROWS, field=LISTS[kind])
            self.refuse(number, message, kind)
        else:
            self.rows[LISTS[kind]].append(row)
            self.places[LISTS[kind]].append(number)

    def snapshot(self) -> Snapshot:
        """All of it. Raises Refused with every problem by its line."""
        if self.city is None and not self.problems:
            self.refuse(self.first, _('The first line must be the city: {"city": {"ags": …, "name": …}}'), "city")
        if self.city is None or self.problems:
            raise Refused(_("The snapshot was not published. Please correct the lines named and send it again."),
                          self.problems)  # fmt: skip
        return Snapshot(self.city, **{name: tuple(rows) for name, rows in self.rows.items()})

    def named(self, problem: Refused) -> Refused:
        """The same problem, its rows named by their lines."""

        def named(one: Problem) -> Problem:
            kind, bracket, index = one.row.partition("[")
            if not bracket or kind not in self.places or int(index[:-1]) >= len(self.places[kind]):
                return msgspec.structs.replace(one, row=f"line {self.first}") if one.row == "city" else one
            return msgspec.structs.replace(one, row=f"line {self.places[kind][int(index[:-1])]}")

        return Refused(problem.message, [named(one) for one in problem.problems])


def read(rows: Rows, number: int, line: bytes) -> tuple[str, Any]:
    """Which kind of row a line holds, and the row; an empty kind for one that holds none, which `rows` then knows."""
    try:
        found = _line(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        reason, path = _told(problem)
        rows.refuse(number, _fits(reason), path.partition(".")[2] or path)
        return "", None
    given = [name for name in Line.__struct_fields__ if getattr(found, name) is not UNSET]
    if len(given) != 1:
        rows.refuse(number, _("Each line holds one row: city, department, navigator or project."))
        return "", None
    return given[0], getattr(found, given[0])


async def lines(chunks: AsyncIterable[bytes], most: int) -> AsyncIterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers from 1 on; no more is kept than one line and one chunk.

    Raises TooLarge for a line beyond LONGEST_LINE and for more than `most` bytes in all.
    """
    number = total = 0
    rest = b""
    async for chunk in chunks:
        total += len(chunk)
        if total > most:
            raise TooLarge(_("At most {most} bytes in one request, please.", most=most))
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            number += 1
            if line := _checked(number, line):
                yield number, line
        _checked(number + 1, rest)
    if line := _checked(number + 1, rest):
        yield number + 1, line


def _checked(number: int, line: bytes) -> bytes:
    if len(line) > LONGEST_LINE:
        raise TooLarge(_("Line {number} is longer than {most} bytes.", number=number, most=LONGEST_LINE))
    return line.removeprefix(BOM_UTF8).strip() if number == 1 else line.strip()


def _told(problem: Exception) -> tuple[str, str]:
    """What msgspec says, and where."""
    found, named = PATH.match(str(problem)), FIELD.search(str(problem))
    reason, path = (found["reason"], found["path"] or "") if found else (str(problem), "")
    return reason, ".".join(filter(None, (path, named[1] if named else "")))


def _fits(reason: str) -> str:
    return _("This does not fit: {reason}", reason=reason[:200])
