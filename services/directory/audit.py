"""The audit log: who did what for whom, appended in the transaction that did it.

It names people by their accounts and clients by their ids, never by name or address, so that erasing a person leaves
nobody named in it. Entries go by age alone (`forget`); the database refuses every other change.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, text

from services.directory.models import AuditEntry
from services.kit.db import Reader, Writer

KEPT = timedelta(days=3 * 365)
"""As long as claims can be raised (§ 195 BGB)."""
HUB_ITSELF = "hub"


async def note(
    session: Writer, actor: str, action: str, subject: str, *, org: str | None = None, **details: Any
) -> None:
    """Append one entry. `org` is the city (AGS) or state (two digits) it concerns; `details` hold no personal data."""
    values = {
        "actor": actor or HUB_ITSELF,
        "action": action,
        "ags": org if org and len(org) == 8 else None,
        "state": org[:2] if org and org[:2].isdigit() else None,
        "subject": subject,
        "details": details,
    }
    await session.execute(insert(AuditEntry).inline().values(values))  # who writes may not read


async def page(session: Reader, limit: int, *, before: int | None = None, org: str | None = None) -> list[AuditEntry]:
    """The newest entries that the session may see; of one city or state where `org` is given."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    if org is not None:
        query = query.where(AuditEntry.ags == org if len(org) == 8 else AuditEntry.state == org)
    return list((await session.scalars(query)).all())


async def forget(session: Writer, kept: timedelta = KEPT) -> int:
    """Let go of what is older than `kept`, never of the last month; returns how many entries went."""
    return int(await session.scalar(text("SELECT forget_audit(:kept)"), {"kept": kept}) or 0)
