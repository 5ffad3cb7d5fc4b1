"""Finding cities, navigators, projects and topics: pages in a fixed order, batches for the loaders.

What is looked through and in which order depends on who asks (`Viewer`): what somebody may not see, they can neither
find nor tell from an order.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, false, func, or_, select, true, tuple_

from services.directory import filters, wording
from services.directory.access import Viewer
from services.directory.fields import Audience
from services.directory.filters import NO_FILTERS, Filters
from services.directory.models import (
    City,
    Department,
    Navigator,
    NavigatorTopic,
    Project,
    ProjectNavigator,
    ProjectTopic,
    Topic,
)
from services.kit.db import Reader
from services.kit.text import folded

LONGEST_TEXT, MOST_WORDS = wording.LONGEST_TEXT, wording.MOST_WORDS


def _holds(text: str, *columns: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """Each word of `text` somewhere in one of the folded `columns`."""
    words = folded(text[:LONGEST_TEXT].replace("\0", "")).split()[:MOST_WORDS]
    return and_(True, *(or_(*(column.contains(word, autoescape=True) for column in columns)) for word in words))


def _found(text: str, column: SQLColumnExpression[Any]) -> ColumnElement[bool]:
    """Each word of `text` begins a word of the row."""
    words = wording.words(text[:LONGEST_TEXT])[:MOST_WORDS]
    if not words:
        return false() if text.strip() else true()  # „%“ is a word of nobody
    return column.op("@@")(func.to_tsquery("simple", " & ".join(f"{word}:*" for word in words)))


def _listed(viewer: Viewer) -> ColumnElement[bool]:
    """Whom the viewer may see at all."""
    if viewer.audience is Audience.PUBLIC:
        return Navigator.listed == Audience.PUBLIC
    if viewer.city is None:
        return Navigator.listed <= Audience.NETWORK
    return or_(Navigator.listed <= Audience.NETWORK, Navigator.ags == viewer.city)


async def navigators(
    session: Reader,
    limit: int,
    viewer: Viewer,
    *,
    after: Sequence[str] | None = None,
    topic: str | None = None,
    city: str | None = None,
    text: str | None = None,
    more: Filters = NO_FILTERS,
) -> list[Navigator]:
    """Navigators; the network gets them by name, everybody else by id. `topic` finds its narrower ones too."""
    public = viewer.audience is Audience.PUBLIC
    query = select(Navigator).where(_listed(viewer), *filters.of_navigators(more, viewer)).limit(limit)
    query = query.order_by(Navigator.id) if public else query.order_by(Navigator.sort_network, Navigator.id)
    if after is not None:
        key, last = after
        place = uuid.UUID(last)
        query = query.where(
            Navigator.id > place if public else tuple_(Navigator.sort_network, Navigator.id) > (key, place)
        )
    if topic is not None:
        links = select(NavigatorTopic.navigator_id).where(NavigatorTopic.topic == topic)
        query = query.where(Navigator.id.in_(links.where(NavigatorTopic.listed_public) if public else links))
    if city is not None:
        query = query.where(Navigator.ags == city)
    if text:
        query = query.where(_found(text, Navigator.found_public if public else Navigator.found_network))
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
    more: Filters = NO_FILTERS,
) -> list[Project]:
    """Projects by title; `topic` finds its narrower ones too."""
    query = select(Project).where(*filters.of_projects(more)).order_by(Project.sort_key, Project.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(Project.sort_key, Project.id) > (after[0], uuid.UUID(after[1])))
    if topic is not None:
        query = query.where(Project.id.in_(select(ProjectTopic.project_id).where(ProjectTopic.topic == topic)))
    if city is not None:
        query = query.where(Project.ags == city)
    if text:
        query = query.where(_found(text, Project.found))
    if seeks_partners is not None:
        query = query.where(Project.seeks_partners == seeks_partners)
    return list((await session.scalars(query)).all())


async def cities(
    session: Reader,
    limit: int,
    *,
    after: Sequence[str] | None = None,
    text: str | None = None,
    more: Filters = NO_FILTERS,
) -> list[City]:
    query = select(City).where(*filters.of_cities(more)).order_by(City.sort_key, City.ags).limit(limit)
    if after is not None:
        query = query.where(tuple_(City.sort_key, City.ags) > (after[0], after[1]))
    if text:
        query = query.where(_found(text, City.found))
    return list((await session.scalars(query)).all())


async def topics(session: Reader, limit: int, after: int | None = None, text: str | None = None) -> list[Topic]:
    """Topics in tree order behind position `after`; each word of `text` stands in a label or synonym."""
    query = select(Topic).where(Topic.merged_into.is_(None)).order_by(Topic.position).limit(limit)
    if after is not None:
        query = query.where(Topic.position > after)
    if text:
        query = query.where(_holds(text, Topic.search))
    return list((await session.scalars(query)).all())


# Batches for the loaders ------------------------------------------------------------------------------------------


async def cities_by_ags(session: Reader, keys: Sequence[str]) -> list[City | None]:
    rows = {row.ags: row for row in (await session.scalars(select(City).where(City.ags.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def departments_of_cities(session: Reader, keys: Sequence[str]) -> list[list[Department]]:
    found: dict[str, list[Department]] = {key: [] for key in keys}
    query = select(Department).where(Department.ags.in_(keys)).order_by(Department.sort_key, Department.key)
    for row in (await session.scalars(query)).all():
        found[row.ags].append(row)
    return [found[key] for key in keys]


async def navigators_by_id(session: Reader, keys: Sequence[uuid.UUID]) -> list[Navigator | None]:
    rows = {row.id: row for row in (await session.scalars(select(Navigator).where(Navigator.id.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def projects_by_id(session: Reader, keys: Sequence[uuid.UUID]) -> list[Project | None]:
    rows = {row.id: row for row in (await session.scalars(select(Project).where(Project.id.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def topics_by_code(session: Reader, keys: Sequence[str]) -> list[Topic | None]:
    rows = {row.code: row for row in (await session.scalars(select(Topic).where(Topic.code.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def narrower_topics(session: Reader, keys: Sequence[str]) -> list[list[Topic]]:
    found: dict[str, list[Topic]] = {key: [] for key in keys}
    query = select(Topic).where(Topic.parent.in_(keys), Topic.merged_into.is_(None)).order_by(Topic.position)
    for row in (await session.scalars(query)).all():
        found[row.parent or ""].append(row)
    return [found[key] for key in keys]


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
