"""Counting by looking at every row and at the topics of each: slow, and what the quick ways are held against."""

from typing import Any

from sqlalchemy import Text, Uuid, case, cast, func, literal, null, select, true, union_all
from sqlalchemy.dialects.postgresql import ARRAY

from services.directory import filters
from services.directory.fields import Audience
from services.directory.finding.ranking import ASKED, Kind, Narrow, Question, sources
from services.directory.models import City, Navigator, NavigatorTopic, Project, ProjectTopic
from services.kit.db import Reader


async def counted(session: Reader, wanted: Question) -> dict[str, dict[str, int]]:
    """Facet → value → rows, without the topics that are found themselves."""
    query, found = wanted.tsquery(None), dict[str, dict[str, int]]()
    if wanted.tiers() and wanted.kinds - {Kind.TOPIC}:
        for name, value, number in await session.execute(_statement(wanted.narrow(query)), {ASKED: query}):
            found.setdefault(name, {})[value] = int(number)
    return found


def _statement(wanted: Narrow) -> Any:
    hits = union_all(*(_hits(kind, wanted).where(*where) for kind, _sort, _key, where in sources(wanted))).cte("hits")
    rows = func.count().label("rows")

    def by(name: str, value: Any, *where: Any) -> Any:
        return select(literal(name).label("name"), value.label("value"), rows).where(*where).group_by(value)

    languages = func.unnest(hits.c.languages).table_valued("value", name="languages").render_derived()
    each = union_all(
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
    ).subquery()
    return select(each.c.name, each.c.value, func.sum(each.c.rows)).group_by(each.c.name, each.c.value)


def _hits(kind: Kind, wanted: Narrow) -> Any:
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
