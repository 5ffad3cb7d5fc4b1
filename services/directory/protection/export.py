"""Everything the directory holds about a person, as JSON (Art. 15, 20 GDPR)."""

from typing import Any

import msgspec
from sqlalchemy import func, or_, select

from services.directory import models as m
from services.directory import store
from services.directory.fields import FIELDS
from services.directory.protection import assessment
from services.directory.protection import person as who
from services.directory.protection.own import choices
from services.directory.protection.person import Person
from services.kit.db import Reader
from services.kit.log import table
from services.kit.settings import Settings

MOST = 1_000
"""Publications and lines of the audit log."""


async def export(session: Reader, settings: Settings, person: Person, token: str) -> dict[str, Any]:
    """Shape: see the keys; moments and days as ISO 8601. `elsewhere` are addresses that hold the rest."""
    audiences = choices(person)
    account = await who.account_of(session, person)
    mails = table(m.Base.metadata, "mail")
    letters = select(mails.c.kind, mails.c.state, mails.c.created_at, mails.c.finished_at)
    return msgspec.to_builtins(  # type: ignore[no-any-return]
        {
            "id": str(person.id),
            "source": {"ags": person.ags, "name": person.city.name, "contact": person.city.contact_email},
            "published": msgspec.to_builtins(person.row),
            "shown": msgspec.to_builtins(person.shown),
            "fields": {
                name: {"audience": audiences[name].sees.name, "basis": field.basis, "category": field.category}
                for name, field in FIELDS.items()
            },
            "ownWord": _row(person.own),
            "stored": _row(await session.get(m.Navigator, person.id)),
            "publications": await _publications(session, person),
            "projects": await _projects(session, person),
            "told": _row(await session.get(m.Told, person.id)),
            "mails": [
                dict(row)
                for row in (
                    await session.execute(letters.where(mails.c.key.contains(str(person.id))).limit(MOST))
                ).mappings()
            ],
            "audit": await _audit(session, [str(person.id), *([str(account.id)] if account else [])]),
            "selfAssessment": assessment.about(await session.get(m.SelfAssessment, person.id)),
            "sharedAssessment": assessment.about(await session.get(m.SharedAssessment, person.id)),
            "candidacies": await _candidacies(session, person),
            "account": _row(account),
            "elsewhere": [f"{settings.url_of(name)}/{name}/my-data/{token}" for name in ("events", "matching")],
        },
        str_keys=True,
        enc_hook=str,
    )


def _row(row: m.Base | None) -> dict[str, Any] | None:
    """All columns but those that PostgreSQL makes of the others."""
    if row is None:
        return None
    return {column.name: getattr(row, column.name) for column in row.__table__.columns if column.computed is None}


async def _publications(session: Reader, person: Person) -> list[dict[str, Any]]:
    """The stored publications of the city that hold the person, each with what it said of them."""
    query = (
        select(m.Publication.id, m.Publication.at, m.Publication.via, m.Source.snapshot)
        .join(m.Source, m.Source.publication_id == m.Publication.id)
        .where(m.Publication.ags == person.ags)
        .order_by(m.Publication.id.desc())
        .limit(MOST)
    )
    found = []
    for number, at, via, packed in await session.execute(query):
        row = next((one for one in store.unpacked(packed).navigators if one.key == person.row.key), None)
        if row is not None:
            found.append({"id": number, "at": at, "via": via, "row": msgspec.to_builtins(row)})
    return found


async def _projects(session: Reader, person: Person) -> list[dict[str, Any]]:
    """Projects of other cities that the person's city has them in, and ideas of events that wait for the city."""
    part, idea = m.ProjectPartnerNavigator, m.ProposedProject
    joined = select(m.Project.id, m.Project.title).join(part, part.project_id == m.Project.id)
    joined = joined.where(part.navigator_id == person.id).order_by(m.Project.id).limit(MOST)
    cared = select(idea.id, idea.title).where(idea.ags == person.ags, idea.navigators.contains([person.id]))
    found = [("partner", row) for row in await session.execute(joined)]
    found += [("idea", row) for row in await session.execute(cared.order_by(idea.id).limit(MOST))]
    return [{"as": kind, "id": row.id, "title": row.title} for kind, row in found]


async def _candidacies(session: Reader, person: Person) -> list[dict[str, Any] | None]:
    """How they became a navigator of the city, or were asked before."""
    of = m.Candidate
    addresses = {row.email.lower() for row in (person.row, person.shown) if row.email}
    theirs = or_(of.key == person.row.key, func.lower(of.email).in_(addresses))
    return [_row(row) for row in await session.scalars(select(of).where(of.ags == person.ags, theirs).limit(MOST))]


async def _audit(session: Reader, ids: list[str]) -> list[dict[str, Any]]:
    query = select(m.AuditEntry.at, m.AuditEntry.action, m.AuditEntry.details).where(
        or_(m.AuditEntry.subject.in_(ids), m.AuditEntry.actor.in_(ids))
    )
    return [dict(row) for row in (await session.execute(query.order_by(m.AuditEntry.id).limit(MOST))).mappings()]
