"""The audit log: who did what for whom, appended in the transaction that did it.

It names people by their accounts and clients by their ids, never by name or address, so that erasing a person leaves
nobody named in it. Entries go by age alone (`forget`); the database refuses every other change.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Text, cast, insert, select, text

from services.directory.models import Account, AuditEntry, Client
from services.kit.db import Reader, Writer
from services.kit.i18n import gettext as _

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


def in_words(action: str) -> str:
    """What was done, for people; the action itself where a newer version of the hub wrote it."""
    return {
        "account.created": _("Account made"),
        "account.disabled": _("Account closed"),
        "account.enabled": _("Account opened again"),
        "assessment.erased": _("Self-assessment erased by the person"),
        "assessment.read": _("Shared self-assessment read"),
        "assessment.shared": _("Self-assessment shared by the person"),
        "assessment.unshared": _("Self-assessment taken back by the person"),
        "call.closed": _("Call for navigators closed"),
        "call.opened": _("Call for navigators opened"),
        "candidate.agreed": _("Somebody wants to become a navigator"),
        "candidate.applied": _("Somebody applied as a navigator"),
        "candidate.asked": _("Somebody asked to become a navigator"),
        "candidate.declined": _("Somebody does not want to become a navigator"),
        "candidate.erased": _("A question or application erased by the person"),
        "candidate.nominated": _("Somebody nominated as a navigator"),
        "candidate.refused": _("Somebody not taken as a navigator"),
        "candidate.taken": _("Somebody became a navigator"),
        "candidate.withdrawn": _("A question taken back"),
        "care.assigned": _("Municipality given to a central navigator"),
        "care.released": _("Municipality given to nobody"),
        "circular.sent": _("Circular sent to coordinators"),
        "city.reminded": _("City reminded to look at its entries"),
        "client.added": _("Program added by the operator"),
        "client.approve": _("Program approved"),
        "client.changed": _("Program changed its registration"),
        "client.registered": _("Program registered"),
        "client.reject": _("Registration rejected"),
        "client.renewed": _("New secret for a program"),
        "client.resume": _("Program may act again"),
        "client.suspend": _("Program suspended"),
        "client.withdrawn": _("Program withdrawn"),
        "directory.published": _("Directory published"),
        "account.erased": _("Account erased"),
        "entry.confirmed": _("Entry confirmed by the person"),
        "entry.corrected": _("Entry corrected by the person"),
        "entry.erased": _("Entry erased"),
        "entry.hidden": _("Entry hidden by the person"),
        "entry.objected": _("Objection by the person"),
        "entry.shown": _("Audience chosen by the person"),
        "entry.unhidden": _("Entry shown again by the person"),
        "harvest.agreed": _("Agreed to a harvest"),
        "harvest.configured": _("Harvest set up"),
        "harvest.confirmed": _("Address of a harvest confirmed"),
        "harvest.removed": _("Harvest removed"),
        "idea.accepted": _("Idea of an event made a project"),
        "idea.declined": _("Idea of an event declined"),
        "identity.bound": _("Login of the city bound to the account"),
        "link.used": _("Link from a mail used"),
        "objection.rejected": _("Objection rejected"),
        "passkey.made": _("Passkey made"),
        "passkey.removed": _("Passkey removed"),
        "passkeys.reset": _("All passkeys removed"),
        "partnership.accepted": _("Partnership agreed"),
        "partnership.declined": _("Partnership declined"),
        "partnership.ended": _("Partnership ended"),
        "partnership.proposed": _("Partnership proposed"),
        "project.joined": _("City joined a project"),
        "project.left": _("City left a project"),
        "project.released": _("City let go from a project"),
        "provider.configured": _("Login of the city set up"),
        "provider.removed": _("Login of the city removed"),
        "quota.changed": _("Rule of the places changed"),
        "role.granted": _("Role given"),
        "role.withdrawn": _("Role taken"),
        "session.begun": _("Logged in"),
        "topic.accepted": _("Proposed topic accepted"),
        "topic.declined": _("Proposed topic declined"),
        "topic.merged": _("Proposed topic became a synonym"),
        "topic.proposed": _("Topic proposed"),
        "topics.merged": _("Topics merged"),
    }.get(action, action)


async def names(session: Reader, rows: Sequence[AuditEntry]) -> dict[str, str]:
    """The names of the accounts and programs in these entries, as far as the session may see them."""
    ids = {value for row in rows for value in (row.actor, row.subject)}
    people = await session.execute(select(Account.id, Account.name).where(cast(Account.id, Text).in_(ids)))
    programs = await session.execute(select(Client.client_id, Client.name).where(Client.client_id.in_(ids)))
    return {str(key): name for key, name in (*people, *programs)}


async def forget(session: Writer, kept: timedelta = KEPT) -> int:
    """Let go of what is older than `kept`, never of the last month; returns how many entries went."""
    return int(await session.scalar(text("SELECT forget_audit(:kept)"), {"kept": kept}) or 0)
