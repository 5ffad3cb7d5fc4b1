"""Publishing: lock the city, compare, store the difference, say it. One snapshot, one transaction."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, text, update

from services.contracts.directory import CityPublished, NavigatorPublished, NavigatorWithdrawn
from services.directory import audit, register, topics
from services.directory.models import City, Navigator, NavigatorTopic, Project, ProjectNavigator, Publication
from services.directory.snapshot import (
    CityRow,
    Difference,
    Identities,
    NavigatorRow,
    ProjectRow,
    Snapshot,
    diff,
    validate,
)
from services.kit.db import Reader, Writer, put
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.text import folded, sort_key


@dataclass(frozen=True)
class Outcome:
    """`publication` is None when the snapshot changed nothing."""

    ags: str
    publication: int | None
    difference: Difference
    messages: tuple[Message, ...]


async def publish(session: Writer, client: str, snapshot: Snapshot, secret: bytes) -> Outcome:
    """Make `snapshot` the truth about its city. The caller says `messages` at the end of its unit of work.

    `secret` is the hub's own for ids (`Identities`) and must stay the same.

    Raises Refused, with nothing stored, when any row is wrong. Two publications of one city take turns.
    """
    vocabulary = await topics.vocabulary(session)
    wanted = validate(snapshot, frozenset(vocabulary))
    ags = wanted.city.ags
    if not await register.known(session, ags):
        raise Refused(
            _("The municipality register does not hold {ags}.", ags=ags),
            [Problem(message=_("The municipality register does not hold {ags}.", ags=ags), row="city", field="ags")],
        )
    ids = Identities(secret, ags)
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"lotsennetz city {ags}"}
    )
    change = diff(await stored(session, ags), wanted)
    if not change:
        return Outcome(ags, None, change, ())
    await _store_city(session, wanted.city, change)
    await _store_navigators(session, ids, change, vocabulary)
    await _store_projects(session, ids, change)
    number = await session.scalar(
        insert(Publication)
        .values(
            ags=ags,
            client=client,
            added=change.count(lambda c: c.added),
            changed=change.count(lambda c: c.changed),
            withdrawn=change.count(lambda c: c.withdrawn),
            unchanged=change.count(lambda c: c.unchanged),
        )
        .returning(Publication.id)
    )
    await audit.note(session, client, "directory.published", str(number), org=ags)
    return Outcome(ags, number, change, tuple(_messages(wanted.city, ids, change)))


async def stored(session: Reader, ags: str) -> Snapshot | None:
    """The city's present snapshot, in the form `validate` gives; None before its first publication."""
    city = (await session.scalars(select(City).where(City.ags == ags))).one_or_none()
    if city is None:
        return None
    people = (await session.scalars(select(Navigator).where(Navigator.ags == ags).order_by(Navigator.key))).all()
    projects = (await session.scalars(select(Project).where(Project.ags == ags).order_by(Project.key))).all()
    links = await session.execute(
        select(ProjectNavigator.project_id, Navigator.key)
        .join(Navigator, Navigator.id == ProjectNavigator.navigator_id)
        .where(Navigator.ags == ags)
    )
    team: dict[Any, list[str]] = {}
    for project_id, key in links:
        team.setdefault(project_id, []).append(key)
    return Snapshot(
        CityRow(city.ags, city.name, city.kind, city.population, city.website),
        tuple(
            NavigatorRow(n.key, n.name, n.title, n.department, tuple(n.offers), tuple(n.seeks), tuple(n.works_on))
            for n in people
        ),
        tuple(
            ProjectRow(
                p.key, p.title, p.summary, p.stage, p.seeks_partners, tuple(p.topics), tuple(sorted(team.get(p.id, [])))
            )
            for p in projects
        ),
    )


async def _store_city(session: Writer, row: CityRow, change: Difference) -> None:
    if change.city_changed:
        values = {
            "name": row.name,
            "sort_key": sort_key(row.name),
            "kind": row.kind,
            "population": row.population,
            "website": row.website,
        }
        await put(session, City, {"ags": row.ags}, values)


async def _store_navigators(
    session: Writer, ids: Identities, change: Difference, vocabulary: dict[str, tuple[str, ...]]
) -> None:
    people = change.navigators
    gone = [ids.navigator(row.key) for row in (*people.withdrawn, *people.changed)]
    if gone:
        await session.execute(delete(NavigatorTopic).where(NavigatorTopic.navigator_id.in_(gone)))
    if people.withdrawn:
        withdrawn = gone[: len(people.withdrawn)]
        await session.execute(delete(Navigator).where(Navigator.id.in_(withdrawn)))
    if people.added:
        await session.execute(insert(Navigator), [_navigator_values(ids, row) for row in people.added])
    if people.changed:
        await session.execute(update(Navigator), [_navigator_values(ids, row) for row in people.changed])
    links = [
        {"navigator_id": ids.navigator(row.key), "topic": code}
        for row in (*people.added, *people.changed)
        for code in sorted({above for own in (*row.offers, *row.seeks, *row.works_on) for above in vocabulary[own]})
    ]
    if links:
        await session.execute(insert(NavigatorTopic), links)


def _navigator_values(ids: Identities, row: NavigatorRow) -> dict[str, Any]:
    return {
        "id": ids.navigator(row.key),
        "ags": ids.ags,
        "key": row.key,
        "name": row.name,
        "sort_key": sort_key(row.name),
        "title": row.title,
        "department": row.department,
        "search": folded(f"{row.title} {row.department}"),
        "offers": list(row.offers),
        "seeks": list(row.seeks),
        "works_on": list(row.works_on),
    }


async def _store_projects(session: Writer, ids: Identities, change: Difference) -> None:
    projects = change.projects
    if projects.withdrawn:
        gone = [ids.project(row.key) for row in projects.withdrawn]
        await session.execute(delete(Project).where(Project.id.in_(gone)))
    if projects.changed:
        await session.execute(update(Project), [_project_values(ids, row) for row in projects.changed])
        changed = [ids.project(row.key) for row in projects.changed]
        await session.execute(delete(ProjectNavigator).where(ProjectNavigator.project_id.in_(changed)))
    if projects.added:
        await session.execute(insert(Project), [_project_values(ids, row) for row in projects.added])
    links = [
        {
            "project_id": ids.project(row.key),
            "navigator_id": ids.navigator(key),
        }
        for row in (*projects.added, *projects.changed)
        for key in row.navigators
    ]
    if links:
        await session.execute(insert(ProjectNavigator), links)


def _project_values(ids: Identities, row: ProjectRow) -> dict[str, Any]:
    return {
        "id": ids.project(row.key),
        "ags": ids.ags,
        "key": row.key,
        "title": row.title,
        "sort_key": sort_key(row.title),
        "summary": row.summary,
        "search": folded(f"{row.title} {row.summary}"),
        "stage": row.stage,
        "seeks_partners": row.seeks_partners,
        "topics": list(row.topics),
    }


def _messages(city: CityRow, ids: Identities, change: Difference) -> list[Message]:
    said: list[Message] = []
    if change.city_changed:
        said.append(CityPublished(ags=city.ags, name=city.name, population=city.population))
    said += [
        NavigatorPublished(
            id=str(ids.navigator(row.key)),
            ags=city.ags,
            name=row.name,
            title=row.title,
            department=row.department,
            offers=row.offers,
            seeks=row.seeks,
            works_on=row.works_on,
        )
        for row in (*change.navigators.added, *change.navigators.changed)
    ]
    said += [NavigatorWithdrawn(id=str(ids.navigator(row.key)), ags=city.ags) for row in change.navigators.withdrawn]
    return said
