"""How many rows answer, by kind, state, size, topic, profile, language and stage.

Of all rows that answer, and only by what the viewer sees of each: a count tells as much as a row. Where nothing was
asked, or a state alone, they are counted already (`tallies`); else every row that answers is looked at, which holds
what it is counted by.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    SQLColumnExpression,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from services.directory import filters
from services.directory.access import Viewer
from services.directory.fields import Audience
from services.directory.finding import tallies
from services.directory.finding.ranking import (
    ASKED,
    MOST_STATEMENTS,
    Kind,
    Narrow,
    Question,
    by_index,
    sources,
    tiers,
    topics,
)
from services.directory.finding.terms import Known
from services.directory.models import City, Navigator, Project
from services.directory.wording import TOPIC
from services.kit.db import Reader
from services.kit.lasting import lasting
from services.kit.service import Runtime

MOST_VALUES = 50
"""Values of one facet, the most frequent ones."""
OWN: Final = "="
"""Before a row's state with its stage, or its profile if it has one; `#` stands before topics."""
AGS: Final = {Kind.CITY: City.ags, Kind.NAVIGATOR: Navigator.ags, Kind.PROJECT: Project.ags}
NONE: Final = cast(null(), Text)
Rows = list[tuple[str, str, int]]
"""(name, value, rows), the most frequent value of a name first."""


@dataclass
class Facets:
    """Value → rows, the most frequent first; topics are counted with their narrower ones."""

    kind: dict[str, int] = field(default_factory=dict)
    state: dict[str, int] = field(default_factory=dict)
    size_class: dict[str, int] = field(default_factory=dict)
    topic: dict[str, int] = field(default_factory=dict)
    profile: dict[str, int] = field(default_factory=dict)
    language: dict[str, int] = field(default_factory=dict)
    stage: dict[str, int] = field(default_factory=dict)


async def counted(
    runtime: Runtime,
    known: Known,
    wanted: Question,
    reading: Callable[[], AbstractAsyncContextManager[Reader]],
    *,
    sizes: bool = False,
) -> Facets:
    """As `count`: kept until anything changes. The question names its viewer, so nobody gets what another may see."""

    async def find() -> Facets:
        async with reading() as session:
            return await count(session, known, wanted, sizes)

    return await lasting(runtime, "facets", (wanted, sizes), find)


def _tallied(wanted: Question) -> bool:
    return wanted.asked.empty and wanted.wanted.said() <= {"state"}


async def count(session: Reader, known: Known, wanted: Question, sizes: bool = False) -> Facets:
    """Without sizes, or with `sizes` alone: these take a look at the cities of all rows."""
    found = Facets()
    if not wanted.tiers():
        return found
    if Kind.TOPIC in wanted.kinds and (among := len(topics(known, wanted, tiers(known, wanted), None))):
        found.kind[Kind.TOPIC.name] = among
    if not wanted.kinds - {Kind.TOPIC}:
        return found
    for name, value, number in await _rows(session, wanted, sizes):
        values: dict[str, int] = getattr(found, name)
        if len(values) < MOST_VALUES and (name != "topic" or value in known.paths):
            values[value] = int(number)
    return found


async def _rows(session: Reader, wanted: Question, sizes: bool) -> Rows:
    query = wanted.tsquery(None)
    narrow = wanted.narrow(query)
    if _tallied(wanted) and not sizes:
        kinds = [kind.name for kind in wanted.kinds]
        return await tallies.tallied(session, kinds, wanted.wanted.state, wanted.viewer)
    await by_index(session, wanted)
    if sizes:
        return [tuple(row) for row in await session.execute(_sizes(narrow), {ASKED: query})]
    return _told(tuple(row) for row in await session.execute(_counted(narrow), {ASKED: query}))


def _told(rows: Iterable[tuple[str, str | None, str | None, int]]) -> Rows:
    """What the rows of `_counted` come to."""
    found = Counter[tuple[str, str]]()
    for name, value, language, number in rows:
        if language is not None:
            found["language", language] += number
        if value is None:
            continue
        if name not in Kind.__members__:
            found[name, value] += number
        elif value[0] == OWN:
            found["kind", name] += number
            found["state", value[1:3]] += number
            if len(value) > 3:
                found["stage" if name == Kind.PROJECT.name else "profile", value[3:]] += number
        elif value[0] == TOPIC:
            found["topic", value[1:]] += number
    return sorted(((*key, number) for key, number in found.items()), key=lambda row: (row[0], -row[2], row[1]))


@lru_cache(maxsize=MOST_STATEMENTS)
def _counted(wanted: Narrow) -> CompoundSelect[Any]:
    """(kind, what rows hold to be counted by, language, rows): each value has its own sum over all languages, and the
    other way round. With the name `profile` those that only the viewer's city sees.
    """
    counts = list[Select[Any]]()
    home = wanted.viewer.city if wanted.viewer.audience is not Audience.PUBLIC else None
    for kind, _sort, _key, where in sources(wanted):
        counts.append(_by(kind.name, *_held(kind, wanted.viewer), *where))
        if kind is Kind.NAVIGATOR and home is not None:
            where += [Navigator.ags == home, filters.seen_at_home("profile"), Navigator.profile.is_not(None)]
            counts.append(_by("profile", Navigator.profile, NONE, *where))
    return union_all(*counts)


def _by(
    name: str, value: SQLColumnExpression[Any], language: ColumnElement[Any], *where: ColumnElement[bool]
) -> Select[Any]:
    each = select(value.label("value"), language.label("language")).where(*where).subquery()
    columns = each.c.value, each.c.language
    return select(literal(name).label("name"), *columns, func.count()).group_by(*columns)


def _held(kind: Kind, viewer: Viewer) -> tuple[SQLColumnExpression[str], ColumnElement[Any]]:
    """What each row gives, side by side: PostgreSQL fills the shorter side with nulls."""
    if kind is Kind.CITY:
        return literal(OWN) + func.left(City.ags, 2), NONE
    if kind is Kind.PROJECT:
        return func.unnest(Project.facets), NONE
    facets = Navigator.facets_public if viewer.audience is Audience.PUBLIC else Navigator.facets_network
    return func.unnest(facets), func.unnest(case((filters.seen("languages", viewer), Navigator.languages)))


@lru_cache(maxsize=MOST_STATEMENTS)
def _sizes(wanted: Narrow) -> Select[Any]:
    each = union_all(*(select(AGS[kind].label("ags")).where(*where) for kind, _sort, _key, where in sources(wanted)))
    hits, rows = each.subquery("hits"), func.count().label("rows")
    columns: list[Any] = [literal("size_class"), City.size_class, rows]
    of_cities = select(*columns).join(hits, hits.c.ags == City.ags).where(City.size_class.is_not(None))
    return of_cities.group_by(City.size_class).order_by(rows.desc(), City.size_class)
