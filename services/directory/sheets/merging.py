"""Snapshots put over one another. Pure."""

from collections.abc import Callable
from typing import Any

import msgspec

from services.directory.sheets.columns import CITY, DEPARTMENTS, KINDS, NAVIGATORS, PROJECTS
from services.directory.snapshot import Snapshot
from services.kit.i18n import gettext as _


def consistent(snapshot: Snapshot, note: Callable[[str, str], None]) -> Snapshot:
    """Without links to navigators who are not there any more: a list of people must not fail at a project's."""
    people = {row.key for row in snapshot.navigators}

    def told(kind: str, key: str) -> None:
        note(kind, _("„{key}“ loses a link to somebody who is not in the list any more.", key=key))

    navigators, projects = list(snapshot.navigators), list(snapshot.projects)
    for number, person in enumerate(navigators):
        if person.mentor and person.mentor not in people and len(person.mentor) != 36:
            navigators[number] = msgspec.structs.replace(person, mentor=None)
            told(NAVIGATORS, person.key)
    for number, project in enumerate(projects):
        if gone := set(project.navigators) - people:
            left = tuple(key for key in project.navigators if key not in gone)
            projects[number] = msgspec.structs.replace(project, navigators=left)
            told(PROJECTS, project.key)
    return msgspec.structs.replace(snapshot, navigators=tuple(navigators), projects=tuple(projects))


def rebased(before: Snapshot | None, wanted: Snapshot, now: Snapshot | None) -> Snapshot:
    """What `wanted` changed beside `before`, done to `now`, row by row; in a row that both changed, `wanted` counts."""
    if now is None or now == before:
        return wanted
    rows: dict[str, Any] = {CITY: now.city if before and before.city == wanted.city else wanted.city}
    for kind in (DEPARTMENTS, NAVIGATORS, PROJECTS):
        old = {row.key: row for row in getattr(before, kind)} if before else {}
        new = {row.key: row for row in getattr(wanted, kind)}
        changed = {key: row for key, row in new.items() if old.get(key) != row}
        gone = old.keys() - new.keys()
        kept = {row.key: row for row in getattr(now, kind) if row.key not in gone}
        rows[kind] = tuple((kept | changed).values())
    return consistent(Snapshot(**rows), lambda _place, _message: None)


def untouched(before: Snapshot | None, kinds: set[str]) -> tuple[str, ...]:
    """Kinds that a file left out and that are published."""
    return tuple(kind for kind in KINDS if kind not in kinds and before is not None and getattr(before, kind))
