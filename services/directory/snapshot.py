"""A city's snapshot: what it may hold, and what it changes. Pure: no database, no clock.

The same values come from GraphQL, files and harvests; all end in `validate` and `diff`.
"""

import hmac
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from services.kit.checks import Checks
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _

MOST_ROWS = 5_000
MOST_TOPICS = 20
MOST_PEOPLE = 50
STAGES = ("IDEA", "PLANNED", "RUNNING", "DONE", "STOPPED")
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class CityRow(msgspec.Struct, frozen=True, rename="camel"):
    ags: str
    name: str
    kind: str = ""
    population: int | None = None
    website: str | None = None


class NavigatorRow(msgspec.Struct, frozen=True, rename="camel"):
    """`key` is the city's own, stable name of the row; topics are codes of the vocabulary, kept sorted."""

    key: str
    name: str
    title: str = ""
    department: str = ""
    offers: tuple[str, ...] = ()
    seeks: tuple[str, ...] = ()
    works_on: tuple[str, ...] = ()
    city: str | None = None
    """AGS; only there to be checked, because spreadsheets of several towns get mixed up."""


class ProjectRow(msgspec.Struct, frozen=True, rename="camel"):
    key: str
    title: str
    summary: str = ""
    stage: str = "IDEA"
    seeks_partners: bool = False
    topics: tuple[str, ...] = ()
    navigators: tuple[str, ...] = ()
    """Keys of navigators of the same snapshot."""


class Snapshot(msgspec.Struct, frozen=True, rename="camel"):
    """Everything a city publishes; what it leaves out is withdrawn."""

    city: CityRow
    navigators: tuple[NavigatorRow, ...] = ()
    projects: tuple[ProjectRow, ...] = ()


@dataclass(frozen=True)
class Identities:
    """The ids of one city's rows: the same whenever the city publishes a key again, and no other city's.

    They are made with a secret: with a public rule, whoever guesses that a key is a person's name could test the guess.
    """

    secret: bytes
    ags: str

    def _of(self, kind: str, key: str) -> uuid.UUID:
        digest = hmac.digest(self.secret, f"{self.ags}/{kind}/{key}".encode(), "sha256")
        return uuid.UUID(bytes=digest[:16], version=5)

    def navigator(self, key: str) -> uuid.UUID:
        return self._of("navigator", key)

    def project(self, key: str) -> uuid.UUID:
        return self._of("project", key)


class _Checks(Checks):
    """What rows of a directory are checked for beside their texts."""

    def key(self, row: str, value: str, seen: dict[str, str]) -> str:
        if not KEY.fullmatch(value):
            self.add(
                row,
                "key",
                _(
                    "A key has up to 64 letters (no umlauts), digits, dots, dashes, underscores "
                    "and starts with a letter or digit."
                ),
            )
        elif value in seen:
            self.add(row, "key", _("The key „{key}“ stands here twice, first in {row}.", key=value, row=seen[value]))
        else:
            seen[value] = row
        return value

    def topics(self, row: str, field: str, codes: Iterable[str], vocabulary: frozenset[str]) -> tuple[str, ...]:
        codes = tuple(codes)
        for code in dict.fromkeys(codes):
            if code not in vocabulary:
                self.add(row, field, _("The topic „{code}“ is not in the vocabulary.", code=code[:60]))
        if len(codes) > MOST_TOPICS:
            self.add(
                row, field, _("{length} topics are too many; at most {most}.", length=len(codes), most=MOST_TOPICS)
            )
        return tuple(sorted(set(codes)))


def validate(snapshot: Snapshot, vocabulary: frozenset[str]) -> Snapshot:
    """The snapshot with its texts cleaned and its topics sorted. Raises Refused with every problem by row and field."""
    checks = _Checks()
    for field, rows in (("navigators", snapshot.navigators), ("projects", snapshot.projects)):
        if len(rows) > MOST_ROWS:
            message = _("At most {most} {field} in one snapshot, please.", most=MOST_ROWS, field=field)
            raise Refused(message, [Problem(message, row=f"{field}[{MOST_ROWS}]", field=field)])
    city = _city(checks, snapshot.city)
    seen: dict[str, str] = {}
    people = tuple(
        _navigator(checks, f"navigators[{i}]", row, city.ags, vocabulary, seen)
        for i, row in enumerate(snapshot.navigators)
    )
    own: dict[str, str] = {}
    projects = tuple(
        _project(checks, f"projects[{i}]", row, vocabulary, seen, own) for i, row in enumerate(snapshot.projects)
    )
    checks.done(_("The snapshot was not published. Please correct the rows named and send it again."))
    return Snapshot(city, people, projects)


def _city(checks: _Checks, row: CityRow) -> CityRow:
    if row.population is not None:
        checks.number("city", "population", row.population, 0, 10_000_000)
    website = row.website
    if website is not None:
        website = checks.text("city", "website", website, 300, required=False) or None
        if website and not re.fullmatch(r"https?://[^\s/@]+\.[^\s@]*", website):
            checks.add("city", "website", _("An address starts with https:// or http://"))
    return CityRow(
        ags=row.ags,
        name=checks.text("city", "name", row.name, 100),
        kind=checks.text("city", "kind", row.kind, 60, required=False),
        population=row.population,
        website=website,
    )


def _navigator(
    checks: _Checks, where: str, row: NavigatorRow, ags: str, vocabulary: frozenset[str], seen: dict[str, str]
) -> NavigatorRow:
    if row.city is not None and row.city != ags:
        checks.add(
            where, "city", _("The city {city} is not yours: you publish for {ags}.", city=row.city[:20], ags=ags)
        )
    return NavigatorRow(
        key=checks.key(where, row.key, seen),
        name=checks.text(where, "name", row.name, 120),
        title=checks.text(where, "title", row.title, 80, required=False),
        department=checks.text(where, "department", row.department, 120, required=False),
        offers=checks.topics(where, "offers", row.offers, vocabulary),
        seeks=checks.topics(where, "seeks", row.seeks, vocabulary),
        works_on=checks.topics(where, "worksOn", row.works_on, vocabulary),
    )


def _project(
    checks: _Checks,
    where: str,
    row: ProjectRow,
    vocabulary: frozenset[str],
    people: Mapping[str, str],
    seen: dict[str, str],
) -> ProjectRow:
    if row.stage not in STAGES:
        checks.add(where, "stage", _("The stage is one of {stages}.", stages=", ".join(STAGES)))
    if len(row.navigators) > MOST_PEOPLE:
        checks.add(where, "navigators", _("At most {most} people in one project, please.", most=MOST_PEOPLE))
    for key in dict.fromkeys(row.navigators):
        if key not in people:
            checks.add(where, "navigators", _("No navigator of this snapshot has the key „{key}“.", key=key[:64]))
    return ProjectRow(
        key=checks.key(where, row.key, seen),
        title=checks.text(where, "title", row.title, 200),
        summary=checks.text(where, "summary", row.summary, 2_000, required=False),
        stage=row.stage,
        seeks_partners=row.seeks_partners,
        topics=checks.topics(where, "topics", row.topics, vocabulary),
        navigators=tuple(sorted(set(row.navigators))),
    )


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
    navigators: Change[NavigatorRow]
    projects: Change[ProjectRow]

    def __bool__(self) -> bool:
        return bool(self.city_changed or self.navigators or self.projects)

    def count(self, of: Callable[[Change[Any]], tuple[Any, ...]]) -> int:
        return len(of(self.navigators)) + len(of(self.projects))


def diff(stored: Snapshot | None, wanted: Snapshot) -> Difference:
    """What has to happen for `wanted` to be true; None is a city that never published."""
    return Difference(
        city_changed=stored is None or stored.city != wanted.city,
        navigators=_change(stored.navigators if stored else (), wanted.navigators),
        projects=_change(stored.projects if stored else (), wanted.projects),
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
