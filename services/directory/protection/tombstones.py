"""What people had erased, hidden or taken back stays so when a backup is restored.

`listed` is what `lotsennetz backup` and `tombstones` keep beside the backups. A restore writes it into the table
`tombstone`, in the transaction that brings the rows back; `replay` does it again before any process of the restored hub
answers.
"""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from services.contracts.directory import NavigatorErased
from services.directory import audit, people
from services.directory import models as m
from services.directory.protection import erasure, own, person
from services.directory.protection.own import Desk
from services.kit import log, mail
from services.kit.backups.remembered import Tombstone
from services.kit.db import HUB, Reader, Writer
from services.kit.errors import NotFound
from services.kit.messages import Message
from services.kit.runtime import Runtime

ENTRY: Final = "entry.erased"
TABLE: Final = m.Tombstone.__table__.fullname  # type: ignore[attr-defined]  # every model is a table
MOST = 1_000_000


async def listed(session: Reader) -> list[Tombstone]:
    """All that people decided against, as far as this database knows: by the audit log's names of it, oldest first."""
    entries = await session.execute(select(m.Erased.at, m.Erased.navigator_id, m.Erased.ags).limit(MOST))
    noted = await session.execute(
        select(m.AuditEntry.at, m.AuditEntry.action, m.AuditEntry.subject, m.AuditEntry.ags)
        .where(m.AuditEntry.action.in_(AGAIN.keys() - {ENTRY}))
        .limit(MOST)
    )
    return sorted(
        [
            *(Tombstone(at, ENTRY, str(key), ags) for at, key, ags in entries),
            *(Tombstone(at, action, key, ags or "") for at, action, key, ags in noted),
        ]
    )


async def replay(runtime: Runtime) -> int:
    """Do all of it again, oldest first, in a restored database; returns how many tombstones there were.

    Each is a unit of work of its own: whoever is interrupted goes on at the next start.
    """
    done = 0
    while await _next(runtime):
        done += 1
    return done


async def _next(runtime: Runtime) -> bool:
    async with runtime.db.begin(HUB) as session:
        query = select(m.Tombstone).order_by(m.Tombstone.at, m.Tombstone.kind, m.Tombstone.key).limit(1)
        stone = (await session.scalars(query.with_for_update())).one_or_none()
        if stone is None:
            return False
        if (again := AGAIN.get(stone.kind)) is not None:  # else of a newer hub
            await runtime.say(session, await again(session, runtime, stone))
        await session.delete(stone)
    return True


# What is done again -----------------------------------------------------------------------------------------------


async def _entry(session: Writer, runtime: Runtime, stone: m.Tombstone) -> list[Message]:
    """As the person did; who is not among the restored rows must not come by a city's next list either."""
    key = uuid.UUID(stone.key)
    try:
        found = await person.find(session, runtime.settings, key, lock=True, withdrawn=True, ags=stone.place)
    except NotFound:
        ban = upsert(m.Erased).values(navigator_id=key, ags=stone.place, at=stone.at).on_conflict_do_nothing()
        await session.execute(ban)
        await log.forget(session, m.Base.metadata, stone.key)
        return [NavigatorErased(id=stone.key, ags=stone.place)]
    return await erasure.erase(session, _desk(runtime), found, actor=audit.HUB_ITSELF)


async def _account(session: Writer, _runtime: Runtime, stone: m.Tombstone) -> list[Message]:
    key = uuid.UUID(stone.key)
    messages = await people.end_sessions(session, key)
    gone = await session.execute(delete(m.Account).where(m.Account.id == key).returning(m.Account.id))
    if gone.first() is None:
        return []
    await audit.note(session, audit.HUB_ITSELF, stone.kind, stone.key, org=stone.place or None)
    return messages


async def _candidate(session: Writer, _runtime: Runtime, stone: m.Tombstone) -> list[Message]:
    key = uuid.UUID(stone.key)
    gone = await session.execute(delete(m.Candidate).where(m.Candidate.id == key).returning(m.Candidate.id))
    if gone.first() is not None:
        await mail.take_back(session, m.Base.metadata, stone.key)
        await audit.note(session, audit.HUB_ITSELF, stone.kind, stone.key, org=stone.place or None)
    return []


async def _assessment(session: Writer, runtime: Runtime, stone: m.Tombstone) -> list[Message]:
    rows, key = m.SelfAssessment, uuid.UUID(stone.key)
    await session.execute(delete(rows).where(rows.navigator_id == key, rows.changed_at <= stone.at))
    return await _shared(session, runtime, stone)


async def _shared(session: Writer, _runtime: Runtime, stone: m.Tombstone) -> list[Message]:
    rows, key = m.SharedAssessment, uuid.UUID(stone.key)
    await session.execute(delete(rows).where(rows.navigator_id == key, rows.at <= stone.at))
    return []


async def _hidden(session: Writer, runtime: Runtime, stone: m.Tombstone) -> list[Message]:
    return await _said(session, runtime, stone, hidden=True)


async def _unhidden(session: Writer, runtime: Runtime, stone: m.Tombstone) -> list[Message]:
    return await _said(session, runtime, stone, hidden=False)


async def _objected(session: Writer, runtime: Runtime, stone: m.Tombstone) -> list[Message]:
    """Hidden until it is decided; the reason is lost."""
    return await _said(session, runtime, stone, objected_at=stone.at)


async def _rejected(session: Writer, runtime: Runtime, stone: m.Tombstone) -> list[Message]:
    return await _said(session, runtime, stone, objected_at=None, objection="")


async def _said(session: Writer, runtime: Runtime, stone: m.Tombstone, **values: Any) -> list[Message]:
    try:
        found = await person.find(session, runtime.settings, uuid.UUID(stone.key), lock=True)
    except NotFound:
        return []
    return await own.keep(session, _desk(runtime), found, **values)


def _desk(runtime: Runtime) -> Desk:
    return Desk(runtime.settings, runtime.memory)


Again = Callable[[Writer, Runtime, m.Tombstone], Awaitable[list[Message]]]
AGAIN: Final[Mapping[str, Again]] = {
    ENTRY: _entry,
    "account.erased": _account,
    "candidate.erased": _candidate,
    "assessment.erased": _assessment,
    "assessment.unshared": _shared,
    "entry.hidden": _hidden,
    "entry.unhidden": _unhidden,
    "entry.objected": _objected,
    "objection.rejected": _rejected,
}
"""By action. Of two about the same, the newest is kept beside the backups; they are done in their order."""
