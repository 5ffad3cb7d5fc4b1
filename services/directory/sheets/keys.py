"""Keys for rows that bring none, and the rows that others name. Pure.

A row without a key is the published one with the same e-mail or, where that is unique, the same name; else its key is
made of the part before the @, or of the name. So the same list sent again means the same people.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from services.directory.sheets.columns import DEPARTMENTS, NAVIGATORS, PROJECTS
from services.directory.sheets.labels import Found
from services.directory.sheets.records import Record
from services.directory.snapshot import Snapshot
from services.kit.checks import Checks
from services.kit.i18n import gettext as _
from services.kit.sheets.columns import plain
from services.kit.sheets.lists import pieces, unique
from services.kit.sheets.values import name as straight
from services.kit.sheets.values import slug, undecorated

CALLED = {DEPARTMENTS: "name", NAVIGATORS: "name", PROJECTS: "title"}
"""Which field names a row for people."""


class Keys:
    """Gives keys to records, then finds people by what cells call them."""

    def __init__(self, base: Snapshot | None, note: Callable[[str, str], None]) -> None:
        self.base, self.note = base, note
        self.found: dict[str, str] = {}
        """Keys of navigators by key, e-mail and unique name."""

    def give(self, kind: str, rows: Sequence[Record]) -> None:
        taken = {row.values["key"] for row in rows if row.values.get("key")}
        before: Sequence[Any] = getattr(self.base, kind) if self.base else ()
        by_email = unique((_email(getattr(row, "email", None)), row.key) for row in before)
        by_name = unique((_name(kind, getattr(row, CALLED[kind])), row.key) for row in before)
        alike = Counter(_name(kind, row.values.get(CALLED[kind], "")) for row in rows)
        for row in rows:
            if row.values.get("key"):
                continue
            name, email = row.values.get(CALLED[kind], ""), row.values.get("email") or ""
            key = by_email.get(_email(email), "")
            if not key and alike[_name(kind, name)] == 1:
                key = by_name.get(_name(kind, name), "")
            if not key or key in taken:
                key = new_key(email, _bare(kind, name), taken, f"{row.number + 1}")
                self.note(row.place, _("There is no key; made from the e-mail or the name: {key}", key=key))
            taken.add(key)
            row.values["key"] = key

    def people(self, people: Iterable[tuple[str, str, str | None]]) -> None:
        """Those whom cells can name: key, name and e-mail of each."""
        some = list(people)
        names = [(plain(name), key) for key, name, _email_ in some]
        turned = [(plain("".join(reversed(name.rpartition(" ")))), key) for key, name, _email_ in some if " " in name]
        emails = [(_email(email), key) for key, _name, email in some]
        self.found = unique([*names, *turned]) | unique(emails) | {key: key for key, _name, _email_ in some}

    def person(self, said: str) -> str | None:
        for one in (said, _email(said), plain(said), plain(straight(said, turned=True))):
            if one in self.found:
                return self.found[one]
        return None

    def resolve(self, row: Record, checks: Checks) -> None:
        """Put keys in the place of what the row's cells call people. Who is meant is not repeated in what is wrong."""
        if said := row.raw.get("mentor"):
            row.values["mentor"] = self.person(said) or (said if _looks_like_id(said) else None)
            if row.values["mentor"] is None:
                checks.add(row.place, row.title("mentor"), _("Nobody in the file has this key, name or e-mail."))
        if said := row.raw.get("navigators"):
            some = pieces(said, lambda one: self.person(one) is not None, lambda one: Found("", self.person(one)))
            for number, found in enumerate(some, 1):
                if found.code is None:
                    message = _("Nobody in the file has the key, name or e-mail of entry {number}.", number=number)
                    checks.add(row.place, row.title("navigators"), message)
            row.values["navigators"] = tuple(dict.fromkeys(found.code for found in some if found.code))


def twice(rows: Iterable[Record], checks: Checks) -> None:
    """Nobody may stand in two rows: the same name and the same e-mail, and no keys that tell them apart."""
    seen: dict[tuple[str, str], str] = {}
    for row in rows:
        who = _name(NAVIGATORS, row.values.get("name", "")), _email(row.values.get("email"))
        if not all(who) or row.values.get("key"):
            continue
        if who in seen:
            message = _("The same person stands in: {row}. Put both into one row, or give each a key.", row=seen[who])
            checks.add(row.place, row.title("name"), message)
        seen.setdefault(who, row.place)


def _bare(kind: str, name: str) -> str:
    return undecorated(name) if kind == NAVIGATORS else name


def _name(kind: str, name: str) -> str:
    return plain(_bare(kind, name))


def _email(said: str | None) -> str:
    return (said or "").strip().casefold()


def new_key(email: str, name: str, taken: Collection[str], otherwise: str = "1") -> str:
    """Made of the part before the @, or of the name; with the first number that makes it unique."""
    wanted = slug(email.partition("@")[0]) or slug(name) or otherwise
    number, key = 1, wanted
    while key in taken:
        number += 1
        key = f"{wanted}-{number}"
    return key


def _looks_like_id(said: str) -> bool:
    return len(said) == 36 and said.count("-") == 4
