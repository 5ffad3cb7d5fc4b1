"""People of the cities and states: their accounts, and what they may do."""

import uuid
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update

from services.directory import audit
from services.directory.access import OPERATOR, ROLES, checked_org, scopes_of
from services.directory.models import Account, Client, Grant, LoginLink, LoginSession, RoleGrant
from services.kit import revoked
from services.kit.checks import Checks
from services.kit.db import Reader, Writer, put
from services.kit.errors import NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.messages import Message

SESSION_SECONDS = 12 * 3600
"""How long a login lasts at most; the longest that anything of a person lives without being asked for again."""
HUB_ORG = "hub"


@dataclass(frozen=True)
class Person:
    """An account as tokens and sessions speak of it; `roles` as `name:where`."""

    id: uuid.UUID
    org: str
    name: str
    roles: frozenset[str]

    @property
    def city(self) -> str | None:
        return self.org if len(self.org) == 8 else None

    @property
    def scopes(self) -> frozenset[str]:
        return scopes_of(self.roles)


async def person(session: Reader, account_id: uuid.UUID, *, lock: bool = False) -> Person | None:
    """The account with its roles; None where there is none, it is disabled, or its city is suspended.

    With `lock`, for whatever is issued next: nobody takes a role away before this transaction ends.
    """
    row = await session.get(Account, account_id, populate_existing=lock, with_for_update=True if lock else None)
    if row is None or row.disabled_at is not None or await suspended(session, row.org):
        return None
    grants = await session.execute(select(RoleGrant.role, RoleGrant.at).where(RoleGrant.account_id == account_id))
    return Person(row.id, row.org, row.name, frozenset(f"{role}:{at}" for role, at in grants))


async def suspended(session: Reader, org: str) -> bool:
    """Whether the organisation is a city whose programs were suspended, and none is left that acts for it."""
    found = set((await session.scalars(select(Client.status).where(Client.ags == org).distinct())).all())
    return "suspended" in found and "active" not in found


async def create(
    session: Writer, actor: str, org: str, name: str, email: str | None, roles: tuple[str, ...], source: str = "invited"
) -> uuid.UUID:
    """A new account of `org` with `roles` there. Raises Refused, with the field, for what cannot be."""
    checks = Checks()
    clean = checks.text("account", "name", name, 120)
    checks.done(_("The person was not added. Please correct the fields named."))
    account_id = uuid.uuid4()
    await session.execute(insert(Account).values(id=account_id, org=checked_org(org), name=clean, email=email))
    await audit.note(session, actor, "account.created", str(account_id), org=org)
    for role in roles:
        await grant(session, actor, account_id, org, role, source)
    return account_id


async def grant(
    session: Writer, actor: str, account_id: uuid.UUID, org: str, role: str, source: str = "invited"
) -> list[Message]:
    """Give the account `role` at its own organisation. Returns what to say: its sessions begin anew with the role."""
    wanted = ROLES.get(role)
    if wanted is None or wanted.place != place_of(org):
        raise Refused(_("There is no role „{role}“ there.", role=role[:40]))
    at = "" if role == OPERATOR else org
    await _locked(session, account_id)
    await put(session, RoleGrant, {"account_id": account_id, "role": role, "at": at}, {"source": source})
    await audit.note(session, actor, "role.granted", str(account_id), org=org, role=role)
    return await end_sessions(session, account_id)


async def withdraw(session: Writer, actor: str, account_id: uuid.UUID, role: str) -> list[Message]:
    """Take `role` away. Returns what to say: whatever was issued with it ends."""
    if role not in ROLES:
        raise Refused(_("There is no role „{role}“ there.", role=role[:40]))
    row = await _locked(session, account_id)
    await session.execute(delete(RoleGrant).where(RoleGrant.account_id == account_id, RoleGrant.role == role))
    await audit.note(session, actor, "role.withdrawn", str(account_id), org=row.org, role=role)
    return await end_sessions(session, account_id)


async def disable(session: Writer, actor: str, account_id: uuid.UUID, *, disabled: bool = True) -> list[Message]:
    """Close the account, or open it again. Returns what to say: closed, every session and token of it ends at once."""
    row = await _locked(session, account_id)
    await session.execute(
        update(Account).where(Account.id == account_id).values(disabled_at=func.now() if disabled else None)
    )
    await audit.note(
        session, actor, "account.disabled" if disabled else "account.enabled", str(account_id), org=row.org
    )
    if not disabled:
        return []
    await session.execute(
        update(LoginLink)
        .where(LoginLink.account_id == account_id, LoginLink.used_at.is_(None))
        .values(used_at=func.now())
    )
    await session.execute(
        update(Grant)
        .where(Grant.account_id == account_id, Grant.ended_at.is_(None))
        .values(ended_at=func.now(), reason="disabled")
    )
    return await end_sessions(session, account_id)


def place_of(org: str) -> str:
    """What kind of organisation it is, as `access.ROLES` speaks of it."""
    return "hub" if org == HUB_ORG else "state" if len(org) == 2 else "city"


async def of(session: Reader, org: str, limit: int) -> list[tuple[Account, frozenset[str]]]:
    """The accounts of an organisation by name, each with its roles."""
    rows = (await session.scalars(select(Account).where(Account.org == org).order_by(Account.name).limit(limit))).all()
    grants = await session.execute(
        select(RoleGrant.account_id, RoleGrant.role).where(RoleGrant.account_id.in_([row.id for row in rows]))
    )
    roles: dict[uuid.UUID, set[str]] = {}
    for account_id, role in grants:
        roles.setdefault(account_id, set()).add(role)
    return [(row, frozenset(roles.get(row.id, ()))) for row in rows]


async def end_sessions(session: Writer, account_id: uuid.UUID) -> list[Message]:
    """End every browser session of the account. Returns what to say, which ends its access tokens too."""
    await session.execute(
        update(LoginSession)
        .where(LoginSession.account_id == account_id, LoginSession.ended_at.is_(None))
        .values(ended_at=func.now())
    )
    return list(revoked.names("subject", [str(account_id)], SESSION_SECONDS))


async def _locked(session: Writer, account_id: uuid.UUID) -> Account:
    """The account, so that nothing is issued for it meanwhile; see `person`."""
    row = await session.get(Account, account_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise NotFound(_("There is no such account."))
    return row


async def account(session: Reader, account_id: uuid.UUID) -> Account:
    """The account's row, closed or not. Raises NotFound where there is none, or the session may not see it."""
    row = await session.get(Account, account_id)
    if row is None:
        raise NotFound(_("There is no such account."))
    return row
