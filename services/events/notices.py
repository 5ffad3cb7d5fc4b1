"""What a mail about an event is still to be written of; `registration.telling` writes it."""

import uuid
from collections.abc import Collection, Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import delete

from services.events.models import Notice
from services.kit.db import Writer, driver

SEATS: Final = "seats_moved"
"""Somebody sits at other tables than those of the printed slips; screens that are open show it, and take it back."""
SESSIONS: Final = "sessions_moved"
"""A session that somebody hosts or has a seat in takes place elsewhere, or they have a seat in another."""
CERTIFICATE: Final = "certificate"
"""A certificate of attendance lies ready on somebody's page."""

NOTING = """
INSERT INTO events.notice (event_id, navigator_id, ags, kind, details)
SELECT event_id, navigator_id, ags, kind, details FROM json_populate_recordset(NULL::events.notice, $1::json)
"""


def notice(event_id: uuid.UUID, navigator_id: uuid.UUID | None, kind: str, **details: Any) -> dict[str, Any]:
    return {"event_id": event_id, "navigator_id": navigator_id, "ags": None, "kind": kind, "details": details}


async def note(session: Writer, notices: Iterable[dict[str, Any]]) -> None:
    """Have mails written; in one statement, and without reading back what only the hub may read."""
    if rows := list(notices):
        await (await driver(session)).execute(NOTING, msgspec.json.encode(rows).decode())


async def shown(session: Writer, event_id: uuid.UUID, people: Collection[uuid.UUID]) -> None:
    """These people saw their new tables on a screen: no mail says it again."""
    seen = Notice.event_id == event_id, Notice.kind == SEATS, Notice.navigator_id.in_(people)
    await session.execute(delete(Notice).where(*seen))
