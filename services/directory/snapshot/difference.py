"""What one snapshot changes beside another. Pure."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec.structs import astuple

from services.directory.snapshot.rows import DepartmentRow, NavigatorRow, ProjectRow, Snapshot


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


R = TypeVar("R", bound=_Keyed)


@dataclass(frozen=True)
class Change(Generic[R]):
    """The difference between two lists of rows, by key. `unchanged` are keys, in order."""

    added: tuple[R, ...]
    changed: tuple[R, ...]
    withdrawn: tuple[R, ...]
    unchanged: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.withdrawn)


@dataclass(frozen=True)
class Difference:
    city_changed: bool
    departments: Change[DepartmentRow]
    navigators: Change[NavigatorRow]
    projects: Change[ProjectRow]

    def __bool__(self) -> bool:
        return bool(self.city_changed or self.departments or self.navigators or self.projects)

    def count(self, of: Callable[[Change[Any]], tuple[Any, ...]]) -> int:
        return len(of(self.departments)) + len(of(self.navigators)) + len(of(self.projects))


def diff(stored: Snapshot | None, wanted: Snapshot) -> Difference:
    """What has to happen for `wanted` to be true; None is a city that never published."""
    return Difference(
        city_changed=stored is None or stored.city != wanted.city,
        departments=_change(stored.departments if stored else (), wanted.departments),
        navigators=_change(stored.navigators if stored else (), wanted.navigators),
        projects=_change(stored.projects if stored else (), wanted.projects),
    )


def fields_changed(before: msgspec.Struct, after: msgspec.Struct) -> tuple[str, ...]:
    """The names of the fields in which two rows of one kind differ, as clients write them."""
    values = zip(before.__struct_encode_fields__, astuple(before), astuple(after), strict=True)
    return tuple(told for told, old, new in values if old != new)


def without(snapshot: Snapshot, keys: Collection[str]) -> Snapshot:
    """The snapshot without these navigators, whom nothing in it names any more."""
    if not keys:
        return snapshot
    return msgspec.structs.replace(
        snapshot,
        navigators=tuple(
            msgspec.structs.replace(row, mentor=None) if row.mentor in keys else row
            for row in snapshot.navigators
            if row.key not in keys
        ),
        projects=tuple(
            msgspec.structs.replace(row, navigators=tuple(key for key in row.navigators if key not in keys))
            for row in snapshot.projects
        ),
    )


def _change(stored: tuple[R, ...], wanted: tuple[R, ...]) -> Change[R]:
    before = {row.key: row for row in stored}
    after = {row.key for row in wanted}
    return Change(
        added=tuple(row for row in wanted if row.key not in before),
        changed=tuple(row for row in wanted if row.key in before and before[row.key] != row),
        withdrawn=tuple(row for row in stored if row.key not in after),
        unchanged=tuple(row.key for row in wanted if before.get(row.key) == row),
    )
