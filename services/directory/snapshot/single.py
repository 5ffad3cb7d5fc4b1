"""Single changes of a snapshot: the steps from what a city published last to what it wants. Pure."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from services.directory.snapshot.difference import without
from services.directory.snapshot.rows import CityRow, DepartmentRow, NavigatorRow, ProjectRow, Snapshot
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _

Kind = Literal["departments", "navigators", "projects"]
Step = Callable[[Snapshot], Snapshot]
KINDS: dict[type[Any], Kind] = {DepartmentRow: "departments", NavigatorRow: "navigators", ProjectRow: "projects"}


def put(row: CityRow | DepartmentRow | NavigatorRow | ProjectRow) -> Step:
    """Add `row`, or put it in the place of the one with its key."""
    if isinstance(row, CityRow):
        return lambda stored: msgspec.structs.replace(stored, city=row)
    kind = KINDS[type(row)]

    def step(stored: Snapshot) -> Snapshot:
        rows = {one.key: one for one in getattr(stored, kind)}
        before = rows.get(row.key)
        changed = msgspec.structs.replace(stored, **{kind: tuple((rows | {row.key: row}).values())})
        if isinstance(row, DepartmentRow) and before is not None and before.name != row.name:
            return _renamed(changed, before.name, row.name)
        return changed

    return step


def drop(kind: Kind, key: str) -> Step:
    """Withdraw the row with `key`; nothing names it any more. The step raises NotFound where there is none."""

    def step(stored: Snapshot) -> Snapshot:
        rows = getattr(stored, kind)
        if not any(row.key == key for row in rows):
            raise NotFound(_("Nothing is published under the key „{key}“.", key=key[:64]))
        if kind == "navigators":
            return without(stored, {key})
        return msgspec.structs.replace(stored, **{kind: tuple(row for row in rows if row.key != key)})

    return step


def _renamed(snapshot: Snapshot, before: str, after: str) -> Snapshot:
    """Rows hold a department by its name."""

    def moved(row: Any) -> Any:
        return msgspec.structs.replace(row, department=after) if row.department == before else row

    return msgspec.structs.replace(
        snapshot,
        navigators=tuple(map(moved, snapshot.navigators)),
        projects=tuple(map(moved, snapshot.projects)),
    )
