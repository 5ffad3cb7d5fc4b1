"""Which municipalities take part, by district and size class and one by one; departments beside their targets."""

import enum
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, Subquery, and_, bindparam, case, func, select, true, tuple_

from services.directory.access import Viewer
from services.directory.models import Care, Department, Navigator
from services.directory.stateview.ground import MOST_STATEMENTS, places, plain, seen, total, within
from services.directory.stateview.stale import STALE_MONTHS, months_ago
from services.kit.db import Reader
from services.kit.text import sort_key


@dataclass(frozen=True)
class Coverage:
    """One row of the coverage: the whole state, a district, or a size class; people as far as the viewer sees them.

    `size` is None where nobody told a population, `district` empty where the register does not say.
    """

    district_code: str | None
    district: str | None
    size: str | None
    municipalities: int
    taking_part: int
    with_navigators: int
    people: int
    population: int
    """Of those municipalities that told it; `reached` of them in those that have navigators."""
    reached: int


@dataclass(frozen=True)
class Covered:
    """A state's coverage; `sizes` from the smallest to the largest."""

    total: Coverage
    districts: tuple[Coverage, ...]
    sizes: tuple[Coverage, ...]


async def coverage(session: Reader, state: str, viewer: Viewer) -> Covered:
    rows: dict[int, list[Coverage]] = {ALL: [], DISTRICTS: [], SIZES: []}
    for row in await session.execute(_covered(state, viewer)):
        rows[row.level].append(Coverage(*row[1:]))
    by_name = sorted(rows[DISTRICTS], key=lambda row: (sort_key(row.district or ""), row.district_code))
    return Covered(rows[ALL][0], tuple(by_name), tuple(rows[SIZES]))


@lru_cache(maxsize=MOST_STATEMENTS)
def _covered(state: str, viewer: Viewer) -> Select[Any]:
    p = places(state, viewer).c
    level = func.grouping(p.district_code, p.size)
    there = p.people > 0
    query = select(
        level.label("level"),
        p.district_code,
        case((level == DISTRICTS, func.min(p.district))),
        p.size,
        func.count(),
        func.count().filter(p.takes_part),
        func.count().filter(there),
        total(p.people),
        total(p.population),
        total(p.population, there),
    ).group_by(func.grouping_sets(tuple_(), tuple_(p.district_code), tuple_(p.size)))
    return query.order_by(level, func.min(p.population))


DISTRICTS, SIZES, ALL = 0b01, 0b10, 0b11
"""What GROUPING answers: a bit for each column that a row is not grouped by."""


class Which(enum.Enum):
    """Which municipalities; those of INTERNAL are for those who look after the state."""

    TAKING_PART = "TAKING_PART"
    NOT_TAKING_PART = "NOT_TAKING_PART"
    WITHOUT_NAVIGATORS = "WITHOUT_NAVIGATORS"
    STALE = "STALE"
    BELOW_TARGET = "BELOW_TARGET"
    FREE_PLACES = "FREE_PLACES"
    ABOVE_QUOTA = "ABOVE_QUOTA"
    OVERDRAWN = "OVERDRAWN"
    WITHOUT_CARE = "WITHOUT_CARE"


INTERNAL = frozenset({Which.BELOW_TARGET, Which.FREE_PLACES, Which.ABOVE_QUOTA, Which.OVERDRAWN, Which.WITHOUT_CARE})


class By(enum.Enum):
    NAME = "NAME"
    POPULATION = "POPULATION"


@dataclass(frozen=True)
class Place:
    """A municipality in the list; `entitled` is None without a rule."""

    ags: str
    name: str
    sort_key: str
    district: str
    population: int | None
    size: str | None
    takes_part: bool
    confirmed_on: date | None
    people: int
    used: int
    own: int
    entitled: int | None

    @property
    def free(self) -> int | None:
        """Places that the state would pay and nobody holds."""
        return None if self.entitled is None else max(self.entitled - self.used, 0)


async def municipalities(
    session: Reader,
    state: str,
    viewer: Viewer,
    limit: int,
    *,
    which: Which | None = None,
    district: str | None = None,
    size: str | None = None,
    by: By = By.NAME,
    after: Sequence[str] | None = None,
    cared_by: uuid.UUID | None = None,
) -> list[Place]:
    """The municipalities by name, or from the largest on; `district` takes its five digits, `after` (key, AGS).

    `cared_by`: those that this account looks after.
    """
    table = places(state, viewer)
    p = table.c
    columns: list[Any] = [p[name] for name in Place.__dataclass_fields__]
    query = select(*columns).where(_asked(which, table, state, viewer)).limit(limit)
    if district is not None:
        query = query.where(p.district_code == district)
    if size is not None:
        query = query.where(p.size == size)
    if cared_by is not None:
        query = query.where(p.ags.in_(select(Care.ags).where(Care.account_id == cared_by)))
    fewer = -func.coalesce(p.population, 0)
    key = p.sort_key if by is By.NAME else fewer
    query = query.order_by(key, p.ags)
    if after is not None:
        query = query.where(tuple_(key, p.ags) > (after[0] if by is By.NAME else int(after[0]), after[1]))
    return [Place(*row) for row in await session.execute(query)]


def _asked(which: Which | None, table: Subquery, state: str, viewer: Viewer) -> ColumnElement[bool]:
    p = table.c
    conditions: dict[Which, ColumnElement[bool]] = {
        Which.TAKING_PART: p.takes_part,
        Which.NOT_TAKING_PART: ~p.takes_part,
        Which.WITHOUT_NAVIGATORS: and_(p.takes_part, p.people == 0),
        Which.STALE: p.confirmed_on <= months_ago(STALE_MONTHS),
        Which.FREE_PLACES: p.entitled > p.used,
        Which.ABOVE_QUOTA: p.total > p.entitled,
        Which.OVERDRAWN: p.used > p.entitled,
        Which.WITHOUT_CARE: and_(p.takes_part, p.ags.not_in(select(Care.ags).where(within(Care.ags, state)))),
    }
    if which is Which.BELOW_TARGET:
        short = _staffed(viewer, within(Department.ags, state), within(Navigator.ags, state))
        return p.ags.in_(select(short.c.ags).where(short.c.actual < short.c.target))
    return conditions[which] if which else true()


@dataclass(frozen=True)
class Staffed:
    """A department's navigators, as far as the viewer sees where they work, beside how many it shall have."""

    key: str
    name: str
    target: int
    actual: int


def _staffed(viewer: Viewer, departments: ColumnElement[bool], people: ColumnElement[bool]) -> Subquery:
    said = (
        select(Navigator.ags, Navigator.department, func.count().label("people"))
        .where(people, seen(viewer, "department"))
        .group_by(Navigator.ags, Navigator.department)
        .subquery("said")
    )
    read = select(said.c.ags, plain(said.c.department).label("name"), said.c.people).subquery("read")
    there = (
        select(read.c.ags, read.c.name, func.sum(read.c.people).label("people"))
        .group_by(read.c.ags, read.c.name)
        .subquery("there")
    )
    same = and_(there.c.ags == Department.ags, there.c.name == plain(Department.name))
    return (
        select(
            Department.ags, Department.key, Department.name, Department.sort_key, Department.target,
            func.coalesce(there.c.people, 0).label("actual"),
        )
        .outerjoin(there, same)
        .where(departments)
        .subquery("staffed")
    )  # fmt: skip


async def departments(session: Reader, keys: Sequence[tuple[str, Viewer]]) -> list[list[Staffed]]:
    """For the loaders: the departments of cities as one viewer sees them (all keys have the same), by name."""
    asked, viewer = [ags for ags, _viewer in keys], keys[0][1]
    rows: dict[str, list[Staffed]] = {ags: [] for ags in asked}
    for ags, *values in await session.execute(_departments(viewer), {"asked": asked}):
        rows[ags].append(Staffed(*values))
    return [rows[ags] for ags in asked]


@lru_cache(maxsize=MOST_STATEMENTS)
def _departments(viewer: Viewer) -> Select[Any]:
    asked: BindParameter[Any] = bindparam("asked", expanding=True)
    found = _staffed(viewer, Department.ags.in_(asked), Navigator.ags.in_(asked)).c
    return select(found.ags, found.key, found.name, found.target, found.actual).order_by(found.sort_key, found.key)
