"""A snapshot whose texts say nothing of somebody any more. Pure."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from services.directory.snapshot.rows import CityRow, DepartmentRow, NavigatorRow, ProjectRow, Snapshot
from services.kit import naming
from services.kit.text import words

SHORTEST_PART = 3
TEXTS: dict[type[msgspec.Struct], tuple[str, ...]] = {
    CityRow: ("contact",),
    DepartmentRow: ("name",),
    NavigatorRow: ("title", "department"),
    ProjectRow: ("title", "summary", "department", "reusable", "lessons"),
}
"""Where somebody may be named."""
Row = TypeVar("Row", bound=msgspec.Struct)


def telling(rows: Iterable[NavigatorRow]) -> set[str]:
    """The values of these rows that lead to the person, wherever they stand."""
    values = {value for row in rows for value in (row.name, row.email, row.phone, row.chat, row.photo) if value}
    return set(filter(naming.telling, values))


def unnamed(snapshot: Snapshot, rows: Iterable[NavigatorRow]) -> Snapshot:
    """`snapshot` without what stands in the person's `rows` in any of its texts.

    The city's contact point loses address and number where it is the person: one that its office shares stays.
    """
    some = list(rows)
    said = telling(some)
    if not said:
        return snapshot
    write = naming.rewriting(dict.fromkeys(said, naming.GONE))

    def without(row: Row) -> Row:
        texts = {name: write(getattr(row, name)) for name in TEXTS[type(row)]}
        return msgspec.structs.replace(row, **texts) if any(getattr(row, k) != v for k, v in texts.items()) else row

    def project(row: ProjectRow) -> ProjectRow:
        links = tuple(msgspec.structs.replace(link, label=write(link.label)) for link in row.links)
        return without(row if links == row.links else msgspec.structs.replace(row, links=links))

    city = without(snapshot.city)
    if city != snapshot.city or any(_own(row, city.contact_email) for row in some):
        ways = {"contact_email": city.contact_email, "contact_phone": city.contact_phone}
        city = msgspec.structs.replace(city, **{name: None for name, value in ways.items() if value in said})
    return Snapshot(
        city,
        tuple(map(without, snapshot.departments)),
        tuple(map(without, snapshot.navigators)),
        tuple(map(project, snapshot.projects)),
    )


def _own(row: NavigatorRow, address: str | None) -> bool:
    """Whether an address is of this person alone: it is theirs, and has a part of their name."""
    if not address or address != row.email:
        return False
    said = "".join(words(address.partition("@")[0]))
    return any(part in said for part in words(row.name) if len(part) >= SHORTEST_PART)
