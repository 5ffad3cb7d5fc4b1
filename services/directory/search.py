"""Finding cities, navigators, projects and topics: pages in a fixed order, batches for the loaders."""

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, or_, select, tuple_

from services.directory.models import City, Navigator, NavigatorTopic, Project, ProjectNavigator, Topic
from services.kit.db import Reader
from services.kit.text import folded

LONGEST_TEXT = 100
MOST_WORDS = 8


def _holds(text: str, *columns: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """Each word of `text` somewhere in one of the folded `columns`."""
    words = folded(text[:LONGEST_TEXT].replace("\0", "")).split()[:MOST_WORDS]
    return and_(True, *(or_(*(column.contains(word, autoescape=True) for column in columns)) for word in words))


async def navigators(
    session: Reader,
    limit: int,
    *,
    after: Sequence[str] | None = None,
    topic: str | None = None,
    city: str | None = None,
    text: str | None = None,
    by_name: bool = False,
) -> list[Navigator]:
    """Navigators by name order. `topic` finds its narrower ones too; `text` looks at names only if `by_name`.

    Without `by_name` the order is by id: an order by name would tell names to those who may not see them.
    """
    query = select(Navigator).limit(limit)
    if by_name:
        query = query.order_by(Navigator.sort_key, Navigator.id)
    else:
        query = query.order_by(Navigator.id)
    if after is not None:
        key, last = after
        place = uuid.UUID(last)
        query = query.where(
            tuple_(Navigator.sort_key, Navigator.id) > (key, place) if by_name else Navigator.id > place
        )
    if topic is not None:
        query = query.where(Navigator.id.in_(select(NavigatorTopic.navigator_id).where(NavigatorTopic.topic == topic)))
    if city is not None:
        query = query.where(Navigator.ags == city)
    if text:
        columns = (Navigator.search, Navigator.sort_key) if by_name else (Navigator.search,)
        query = query.where(_holds(text, *columns))
    return list((await session.scalars(query)).all())


async def projects(
    session: Reader,
    limit: int,
    *,
    after: Sequence[str] | None = None,
    topic: str | None = None,
    city: str | None = None,
    text: str | None = None,
    seeks_partners: bool | None = None,
) -> list[Project]:
    """Projects by title; `topic` finds its narrower ones too."""
    query = select(Project).order_by(Project.sort_key, Project.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(Project.sort_key, Project.id) > (after[0], uuid.UUID(after[1])))
    if topic is not None:
        narrower = select(Topic.code).where(Topic.path.contains([topic]))
        query = query.where(Project.topics.overlap(func.array(narrower.scalar_subquery())))
    if city is not None:
        query = query.where(Project.ags == city)
    if text:
        query = query.where(_holds(text, Project.search))
    if seeks_partners is not None:
        query = query.where(Project.seeks_partners == seeks_partners)
    return list((await session.scalars(query)).all())


async def cities(
    session: Reader, limit: int, *, after: Sequence[str] | None = None, text: str | None = None
) -> list[City]:
    query = select(City).order_by(City.sort_key, City.ags).limit(limit)
    if after is not None:
        query = query.where(tuple_(City.sort_key, City.ags) > (after[0], after[1]))
    if text:
        query = query.where(_holds(text, City.sort_key))
    return list((await session.scalars(query)).all())


async def topics(session: Reader, limit: int, after: int | None = None, text: str | None = None) -> list[Topic]:
    """Topics in tree order behind position `after`; each word of `text` stands in a label or synonym."""
    query = select(Topic).order_by(Topic.position).limit(limit)
    if after is not None:
        query = query.where(Topic.position > after)
    if text:
        query = query.where(_holds(text, Topic.search))
    return list((await session.scalars(query)).all())


async def cities_by_ags(session: Reader, keys: Sequence[str]) -> list[City | None]:
    rows = {row.ags: row for row in (await session.scalars(select(City).where(City.ags.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def navigators_by_id(session: Reader, keys: Sequence[uuid.UUID]) -> list[Navigator | None]:
    rows = {row.id: row for row in (await session.scalars(select(Navigator).where(Navigator.id.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def projects_by_id(session: Reader, keys: Sequence[uuid.UUID]) -> list[Project | None]:
    rows = {row.id: row for row in (await session.scalars(select(Project).where(Project.id.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def topics_by_code(session: Reader, keys: Sequence[str]) -> list[Topic | None]:
    rows = {row.code: row for row in (await session.scalars(select(Topic).where(Topic.code.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def navigators_of_projects(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Navigator]]:
    found: dict[uuid.UUID, list[Navigator]] = {key: [] for key in keys}
    rows = await session.execute(
        select(ProjectNavigator.project_id, Navigator)
        .join(Navigator, Navigator.id == ProjectNavigator.navigator_id)
        .where(ProjectNavigator.project_id.in_(keys))
        .order_by(Navigator.id)
    )
    for project_id, navigator in rows:
        found[project_id].append(navigator)
    return [found[key] for key in keys]


async def projects_of_navigators(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Project]]:
    found: dict[uuid.UUID, list[Project]] = {key: [] for key in keys}
    rows = await session.execute(
        select(ProjectNavigator.navigator_id, Project)
        .join(Project, Project.id == ProjectNavigator.project_id)
        .where(ProjectNavigator.navigator_id.in_(keys))
        .order_by(Project.sort_key, Project.id)
    )
    for navigator_id, project in rows:
        found[navigator_id].append(project)
    return [found[key] for key in keys]
