"""What an open space holds about a person, and for how long."""

import datetime as dt
import uuid
from typing import Any, Final

from sqlalchemy import delete, select

from services.events.models import (
    Absence,
    ActionItem,
    AgendaPlan,
    Event,
    Interest,
    Proposal,
    ProposalPerson,
    Session,
    SessionSeat,
    Slot,
)
from services.kit.db import HUB, Database, Reader
from services.kit.jobs import every

KEPT: Final = dt.timedelta(days=30)
"""How long after the day it is known who cared for what and who was away; what was planned and came of it stays."""


async def about(session: Reader, navigator_id: uuid.UUID) -> dict[str, Any]:
    """Everything that is held about one person, as JSON. Nobody knows whose a proposal without a name is."""
    roles = (
        select(Proposal.event_id, Proposal.id, Proposal.title, ProposalPerson.role)
        .join(ProposalPerson, ProposalPerson.proposal_id == Proposal.id)
        .where(ProposalPerson.navigator_id == navigator_id)
        .order_by(Proposal.event_id, Proposal.number, ProposalPerson.role)
    )
    wishes = (
        select(Interest.event_id, Proposal.id, Proposal.title, Interest.weight)
        .join(Proposal, Proposal.id == Interest.proposal_id)
        .where(Interest.navigator_id == navigator_id)
        .order_by(Interest.event_id, Proposal.number)
    )
    away = (
        select(Absence.event_id, Slot.starts, Slot.ends)
        .join(Slot, Slot.id == Absence.slot_id)
        .where(Absence.navigator_id == navigator_id)
        .order_by(Slot.starts)
    )
    seats = (
        select(Session.event_id, Session.id, Session.title)
        .join(SessionSeat, SessionSeat.session_id == Session.id)
        .where(SessionSeat.navigator_id == navigator_id)
        .order_by(Session.event_id, Session.title, Session.part)
    )
    actions = select(ActionItem).where(ActionItem.owner_id == navigator_id).order_by(ActionItem.id)
    return {
        "proposals": [
            {"event": str(event), "id": str(key), "title": title, "role": role}
            for event, key, title, role in await session.execute(roles)
        ],
        "wishes": [
            {"event": str(event), "id": str(key), "title": title, "weight": weight}
            for event, key, title, weight in await session.execute(wishes)
        ],
        "seats": [
            {"event": str(event), "session": str(key), "title": title}
            for event, key, title in await session.execute(seats)
        ],
        "away": [
            {"event": str(event), "starts": starts.isoformat(), "ends": ends.isoformat()}
            for event, starts, ends in await session.execute(away)
        ],
        "actionItems": [
            {"event": str(item.event_id), "text": item.text, "due": item.due.isoformat() if item.due else None,
             "status": item.status}
            for item in await session.scalars(actions)
        ],
    }  # fmt: skip


@every(3600)
async def forget(db: Database) -> None:
    """What nobody needs any more once the day is long over."""
    over = dt.datetime.now(dt.UTC).date() - KEPT
    async with db.begin(HUB) as session:
        old = select(Event.id).where(Event.last_day < over)
        for model in (Interest, SessionSeat, Absence):
            await session.execute(delete(model).where(model.event_id.in_(old)))
        drafts = AgendaPlan.event_id.in_(old), AgendaPlan.revision.is_(None)
        await session.execute(delete(AgendaPlan).where(*drafts))
