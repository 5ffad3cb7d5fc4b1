"""Cities that join a project of another which looks for partners: each with the people it names, until one of the two
ends it.

Sessions here act for the hub, because the other city's contacts are told; whose project it is, is asked of the row.
"""

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from services.directory import access, audit, contacts
from services.directory.models import City, Navigator, Project, ProjectPartner, ProjectPartnerNavigator
from services.kit.auth import Principal
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.service import Runtime

MOST_PARTNERS = 200
"""Of one project."""
MOST_PEOPLE = 50
"""Of one city in one project."""
LONGEST_NOTE = 300


class Partner(NamedTuple):
    row: ProjectPartner
    navigators: list[Navigator]


async def join(
    session: Writer, runtime: Runtime, who: Principal, key: uuid.UUID, navigators: Sequence[uuid.UUID | None], note: str
) -> Project:
    """Let one's city join with these people, or say anew with whom. Raises Refused, NotFound, and Conflict where the
    project looks for nobody.
    """
    ags = access.own_city(who)
    project = await _project(session, key)
    if project.ags == ags:
        raise Refused(_("This is your own project."))
    if await session.get(City, ags) is None:
        raise Refused(_("Your city has not published here yet. Please publish first."))
    checks = Checks()
    note = checks.text("", "note", note, LONGEST_NOTE, required=False)
    wanted = set(navigators)
    theirs = select(Navigator.id).where(Navigator.ags == ags, Navigator.id.in_(wanted - {None}))
    if len(wanted) > MOST_PEOPLE:
        checks.add("", "navigators", _("At most {most} people in one project, please.", most=MOST_PEOPLE))
    elif set(await session.scalars(theirs)) != wanted:
        checks.add("", "navigators", _("Your city has no such navigator."))
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))
    of = (ProjectPartner.project_id == project.id, ProjectPartner.ags == ags)
    there = await session.scalar(select(ProjectPartner).where(*of))
    if there is None:
        if not project.seeks_partners:
            raise Conflict(_("This project does not look for partners."))
        count = select(func.count()).select_from(ProjectPartner).where(ProjectPartner.project_id == project.id)
        if (await session.scalar(count) or 0) >= MOST_PARTNERS:
            raise Conflict(_("This project has {most} partners already.", most=MOST_PARTNERS))
    values = {"project_id": project.id, "ags": ags, "note": note}
    said = upsert(ProjectPartner).values(values)
    await session.execute(said.on_conflict_do_update(index_elements=["project_id", "ags"], set_={"note": note}))
    people = ProjectPartnerNavigator
    await session.execute(delete(people).where(people.project_id == project.id, people.ags == ags))
    if rows := [{"project_id": project.id, "ags": ags, "navigator_id": one} for one in sorted(wanted, key=str)]:
        await session.execute(insert(people), rows)
    if there is None:
        await _noted(session, runtime, who, project, "joined", other=project.ags, note=note)
    return project


async def leave(session: Writer, runtime: Runtime, who: Principal, key: uuid.UUID, partner: str | None) -> Project:
    """Take one's own city out of a project, or the city `partner` out of one's own project. Out already: nothing.

    Raises NotFound, and Forbidden for others.
    """
    ags = access.own_city(who)
    project = await _project(session, key)
    gone = partner or ags
    access.may_release(ags, project, gone)
    of = (ProjectPartner.project_id == project.id, ProjectPartner.ags == gone)
    left = await session.execute(delete(ProjectPartner).where(*of).returning(ProjectPartner.ags))
    if left.first() is not None:
        step, other = ("left", project.ags) if gone == ags else ("released", gone)
        await _noted(session, runtime, who, project, step, other=other)
    return project


async def _project(session: Writer, key: uuid.UUID) -> Project:
    """The project, so that those who join take turns. Raises NotFound."""
    row = await session.get(Project, key, with_for_update={"key_share": True})
    if row is None:
        raise NotFound(_("There is no such project."))
    return row


async def _noted(
    session: Writer, runtime: Runtime, who: Principal, project: Project, step: str, *, other: str, note: str = ""
) -> None:
    """In both cities' audit logs, and as a mail to the one that did not do it."""
    ags = access.own_city(who)
    for city in (ags, other):
        await audit.note(session, who.subject, f"project.{step}", str(project.id), org=city)
    name = await session.scalar(select(City.name).where(City.ags == ags))
    await contacts.write(
        session,
        runtime,
        other,
        "partner",
        key=f"partner:{project.id}:{ags}:{step}:{uuid.uuid4().hex[:8]}",
        step=step,
        city=name,
        project=project.title,
        note=note,
    )


async def of_projects(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Partner]]:
    """The partners of each project by key of their city, with their people by id."""
    found: dict[uuid.UUID, dict[str, Partner]] = {key: {} for key in keys}
    of = ProjectPartner
    for row in await session.scalars(select(of).where(of.project_id.in_(keys)).order_by(of.ags)):
        found[row.project_id][row.ags] = Partner(row, [])
    people = ProjectPartnerNavigator
    query = (
        select(people.project_id, people.ags, Navigator)
        .join(Navigator, Navigator.id == people.navigator_id)
        .where(people.project_id.in_(keys))
        .order_by(Navigator.id)
    )
    for project, ags, navigator in await session.execute(query):
        found[project][ags].navigators.append(navigator)
    return [list(found[key].values()) for key in keys]
