"""Ideas of events that a city may make its projects: it accepts them, which publishes a project, or declines them."""

import dataclasses
import uuid
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import delete, func, select, tuple_, update

from services.contracts.directory import ProjectCardDecided
from services.directory import audit, contacts, publishing
from services.directory.intake import PROPOSED, WITHDRAWN
from services.directory.models import ProposedProject
from services.directory.publishing import Outcome, Publisher
from services.directory.snapshot import Identities, ProjectRow, Snapshot, put
from services.kit.db import HUB, Database, Reader, Writer
from services.kit.errors import Conflict, NotFound
from services.kit.i18n import gettext as _
from services.kit.jobs import Every
from services.kit.service import Runtime

ACCEPTED, DECLINED = "ACCEPTED", "DECLINED"
KEPT = timedelta(days=365)
LOOK_SECONDS = 60.0
MOST_CITIES = 50
"""That one look tells of; the rest at the next."""
MOST_TITLES = 20
"""Of one mail."""


class Accepted(msgspec.Struct, frozen=True):
    """How a city accepts: under which key of its own (one is made if it is empty), with whom (None: with those who
    care for it), and whether others can join.
    """

    key: str = ""
    navigators: tuple[str, ...] | None = None
    seeks_partners: bool = True


async def accept(session: Writer, by: Publisher, ags: str, card: uuid.UUID, said: Accepted) -> Outcome:
    """Publish the idea as a project of the city `ags`, with the stage IDEA. Done already: nothing changes.

    A project that a later snapshot of the city left out is published again. Raises NotFound, Conflict and as
    `publishing.change`.
    """
    row = await _own(session, ags, card)
    if row.status not in {PROPOSED, ACCEPTED}:
        raise Conflict(_("This was declined or withdrawn already."))
    again = row.status == ACCEPTED
    key = row.key if again else said.key or f"idea-{card.hex[:12]}"
    ids = Identities(by.secret, ags)
    wanted = set(row.navigators) if said.navigators is None else {_id(one) for one in said.navigators}

    def step(stored: Snapshot) -> Snapshot:
        if any(project.key == key for project in stored.projects):
            if again:
                return stored
            raise Conflict(_("Your city has a project with the key „{key}“ already.", key=key[:64]))
        people = {ids.navigator(one.key): one.key for one in stored.navigators}
        if said.navigators is not None and not wanted <= people.keys():
            raise NotFound(_("Your city has no such navigator."))
        project = ProjectRow(
            key=key,
            title=row.title,
            summary=row.summary,
            seeks_partners=said.seeks_partners,
            topics=tuple(row.topics),
            navigators=tuple(people[one] for one in wanted if one in people),
        )
        return put(project)(stored)

    outcome = await publishing.change(session, by, ags, step)
    if again:
        return outcome
    await _decide(session, by.client, row, ACCEPTED, key)
    told = ProjectCardDecided(id=str(row.id), ags=ags, accepted=True, project=str(ids.project(key)))
    return dataclasses.replace(outcome, messages=(*outcome.messages, told))


async def decline(session: Writer, actor: str, ags: str, card: uuid.UUID) -> list[ProjectCardDecided]:
    """Returns what is to be said. Raises NotFound, and Conflict for what was accepted."""
    row = await _own(session, ags, card)
    if row.status == DECLINED:
        return []
    if row.status != PROPOSED:
        raise Conflict(_("This was answered already."))
    await _decide(session, actor, row, DECLINED)
    return [ProjectCardDecided(id=str(row.id), ags=ags, accepted=False)]


async def _decide(session: Writer, actor: str, row: ProposedProject, status: str, key: str = "") -> None:
    values = {"status": status, "key": key, "navigators": [], "decided_at": datetime.now(UTC)}
    await session.execute(update(ProposedProject).where(ProposedProject.id == row.id).values(**values))
    await session.refresh(row)
    await audit.note(session, actor, f"idea.{status.lower()}", str(row.id), org=row.ags)


async def _own(session: Writer, ags: str, key: uuid.UUID) -> ProposedProject:
    row = await session.get(ProposedProject, key, with_for_update=True)
    if row is None or row.ags != ags:
        raise NotFound(_("There is no such project card."))
    return row


def _id(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        raise NotFound(_("Your city has no such navigator.")) from None


async def by_id(session: Reader, key: uuid.UUID) -> ProposedProject:
    """Raises NotFound for what the session may not see."""
    row = await session.get(ProposedProject, key, populate_existing=True)
    if row is None:
        raise NotFound(_("There is no such project card."))
    return row


async def page(
    session: Reader, ags: str, limit: int, *, after: tuple[datetime, uuid.UUID] | None = None, status: str | None = None
) -> list[ProposedProject]:
    """What was proposed to the city, newest first."""
    of = ProposedProject
    query = select(of).where(of.ags == ags).order_by(of.at.desc(), of.id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(of.at, of.id) < after)
    if status is not None:
        query = query.where(of.status == status)
    return list(await session.scalars(query))


async def forget(session: Writer) -> None:
    """Let go of what came to nothing, after a year."""
    old = ProposedProject.decided_at < datetime.now(UTC) - KEPT
    await session.execute(delete(ProposedProject).where(ProposedProject.status.in_([DECLINED, WITHDRAWN]), old))


# Telling the city -------------------------------------------------------------------------------------------------


def regular(runtime: Runtime) -> Every:
    async def work(db: Database) -> None:
        await tell(runtime, db)

    return Every(LOOK_SECONDS, work)


async def tell(runtime: Runtime, db: Database) -> None:
    """Write to every city to which something was proposed since the last look: one mail for all of it."""
    waits = ProposedProject.told_at.is_(None), ProposedProject.status == PROPOSED
    async with db.read(HUB) as session:
        due = await session.scalars(select(ProposedProject.ags).where(*waits).distinct().limit(MOST_CITIES))
        cities = list(due)
    for ags in cities:
        async with db.begin(HUB) as session:
            query = select(ProposedProject).where(*waits, ProposedProject.ags == ags).order_by(ProposedProject.at)
            rows = list(await session.scalars(query.with_for_update()))
            if not rows:
                continue
            await contacts.write(
                session,
                runtime,
                ags,
                "ideas",
                key=f"ideas:{rows[-1].id}",
                titles=[(row.title, row.event_title) for row in rows[:MOST_TITLES]],
                more=max(0, len(rows) - MOST_TITLES),
                link=f"{runtime.settings.issuer}/city/{ags}/ideas",
            )
            told = update(ProposedProject).where(ProposedProject.id.in_([row.id for row in rows]))
            await session.execute(told.values(told_at=func.now()))
