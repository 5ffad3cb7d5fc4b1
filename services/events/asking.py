"""What surveys and votes have in common: they belong to an event and close at a moment."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sqlalchemy import func, select

from services.events.models import Survey, Vote
from services.kit.db import HUB, Database, Reader, Writer

Asking = TypeVar("Asking", Survey, Vote)
AT_ONCE = 100
"""What is due and closed in one turn; the rest in the next."""


async def close_due(db: Database, model: type[Asking], close: Callable[[Writer, uuid.UUID], Awaitable[None]]) -> None:
    """Close what is due, each by itself."""
    due = select(model.id).where(model.closed_at.is_(None), model.closes_at <= func.now()).limit(AT_ONCE)
    async with db.read(HUB) as session:
        keys = (await session.scalars(due)).all()
    for key in keys:
        async with db.begin(HUB) as session:
            await close(session, key)


async def of_events(session: Reader, model: type[Asking], keys: Sequence[uuid.UUID]) -> list[list[Asking]]:
    """Those of each event, oldest first."""
    found: dict[uuid.UUID, list[Asking]] = {key: [] for key in keys}
    query = select(model).where(model.event_id.in_(keys)).order_by(model.created_at, model.id)
    for row in await session.scalars(query):
        found[row.event_id].append(row)
    return [found[key] for key in keys]
