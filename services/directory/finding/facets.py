"""How many rows answer, by kind, state, size, topic, profile, language and stage.

Of all rows that answer, and only by what the viewer sees of each: a count tells as much as a row. Where nothing was
asked, or a state alone, they are counted already (`tallies`); else every row that answers is looked at.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Select,
    Text,
    Uuid,
    case,
    cast,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.directory import filters
from services.directory.fields import Audience
from services.directory.finding import tallies
from services.directory.finding.ranking import ASKED, MOST_STATEMENTS, Kind, Narrow, Question, sources, tiers, topics
from services.directory.finding.terms import Known
from services.directory.models import City, Navigator, NavigatorTopic, Project, ProjectTopic
from services.kit.db import Reader
from services.kit.lasting import lasting
from services.kit.service import Runtime

MOST_VALUES = 50
"""Values of one facet, the most frequent ones."""


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
    sizes = sizes and _tallied(wanted)

    async def find() -> Facets:
        async with reading() as session:
            return await count(session, known, wanted, sizes)

    return await lasting(runtime, "facets", (wanted, sizes), find)


def _tallied(wanted: Question) -> bool:
    return wanted.asked.empty and wanted.wanted.said() <= {"state"}


async def count(session: Reader, known: Known, wanted: Question, sizes: bool = False) -> Facets:
    """What is counted already comes without sizes, or with `sizes` alone: these take a look at every row."""
    found = Facets()
    if not wanted.tiers():
        return found
    if Kind.TOPIC in wanted.kinds and (among := len(topics(known, wanted, tiers(known, wanted), None))):
        found.kind[Kind.TOPIC.name] = among
    if not wanted.kinds - {Kind.TOPIC}:
        return found
    query = wanted.tsquery(None)
    rows: Iterable[tuple[str, str, int]]
    if not _tallied(wanted):
        rows = [tuple(row) for row in await session.execute(_counted(wanted.narrow(query)), {ASKED: query})]
    elif sizes:
        rows = [tuple(row) for row in await session.execute(_sizes(wanted.narrow(query)))]
    else:
        kinds = [kind.name for kind in wanted.kinds]
        rows = await tallies.tallied(session, kinds, wanted.wanted.state, wanted.viewer)
    for name, value, number in rows:
        values: dict[str, int] = getattr(found, name)
        if len(values) < MOST_VALUES and (name != "topic" or value in known.paths):
            values[value] = int(number)
    return found


@lru_cache(maxsize=MOST_STATEMENTS)
def _counted(wanted: Narrow) -> Select[Any]:
    hits = _all(wanted).cte("hits").prefix_with("MATERIALIZED")
    rows = func.count().label("rows")

    def by(name: str, value: Any, *where: Any) -> Select[Any]:
        return select(literal(name).label("name"), value.label("value"), rows).where(*where).group_by(value)

    languages = func.unnest(hits.c.languages).table_valued("value", name="languages").render_derived()
    counts = [
        by("kind", hits.c.kind),
        by("state", func.left(hits.c.ags, 2)),
        by("size_class", City.size_class, City.ags == hits.c.ags, City.size_class.is_not(None)),
        by("profile", hits.c.profile, hits.c.profile.is_not(None)),
        by("stage", hits.c.stage, hits.c.stage.is_not(None)),
        by("language", languages.c.value).select_from(hits.join(languages, true())),
        by(
            "topic",
            NavigatorTopic.topic,
            NavigatorTopic.navigator_id == hits.c.id,
            NavigatorTopic.listed_public if wanted.viewer.audience is Audience.PUBLIC else true(),
        ),
        by("topic", ProjectTopic.topic, ProjectTopic.project_id == hits.c.id),
    ]
    each = union_all(*counts).subquery()
    total = func.sum(each.c.rows).label("total")
    return select(each.c.name, each.c.value, total).group_by(each.c.name, each.c.value).order_by(
        each.c.name, total.desc(), each.c.value
    )  # fmt: skip


@lru_cache(maxsize=MOST_STATEMENTS)
def _sizes(wanted: Narrow) -> Select[Any]:
    hits, rows = _all(wanted).subquery("hits"), func.count().label("rows")
    columns: list[Any] = [literal("size_class"), City.size_class, rows]
    of_cities = select(*columns).join(hits, hits.c.ags == City.ags).where(City.size_class.is_not(None))
    return of_cities.group_by(City.size_class).order_by(rows.desc(), City.size_class)


def _all(wanted: Narrow) -> CompoundSelect[Any]:
    return union_all(*(_hits(kind, wanted).where(*where) for kind, _sort, _key, where in sources(wanted)))


def _hits(kind: Kind, wanted: Narrow) -> Select[Any]:
    none, no_words = cast(null(), Text), cast(null(), ARRAY(Text))
    columns: list[Any] = [Project.ags, Project.id, none, no_words, Project.stage]
    if kind is Kind.CITY:
        columns = [City.ags, cast(null(), Uuid), none, no_words, none]
    elif kind is Kind.NAVIGATOR:
        profile = case((filters.seen("profile", wanted.viewer), Navigator.profile))
        languages = case((filters.seen("languages", wanted.viewer), Navigator.languages))
        columns = [Navigator.ags, Navigator.id, profile, languages, none]
    names = ("ags", "id", "profile", "languages", "stage")
    named = [column.label(name) for name, column in zip(names, columns, strict=True)]
    return select(literal(kind.name).label("kind"), *named)
