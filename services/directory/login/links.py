"""Links sent by mail: invitations, and logins of those who have no other way. Each works once.

A link is bound to nothing but itself. Opening it changes nothing, because scanners of mails open everything; the button
on its page uses it up. Whether an address is known shows neither in the answer nor in its time: a job looks it up.
"""

import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from babel.dates import format_datetime, get_timezone
from sqlalchemy import delete, func, insert, select, text, update

from services.directory import audit, people
from services.directory.login import flows
from services.directory.login.flows import hashed
from services.directory.models import Account, LoginLink, Passkey
from services.kit import i18n, mail
from services.kit.bymail import ByMail
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, Refused
from services.kit.i18n import gettext as _
from services.kit.mail import Outbox, checked_address
from services.kit.messages import Message
from services.kit.service import Runtime
from services.kit.settings import Settings

LOGIN_LIFE = timedelta(minutes=15)
INVITATION_LIFE = timedelta(days=7)
MOST_ACCOUNTS = 5
"""Accounts that share an address, such as of a coordinator for two towns."""
LINK = "link"
ZONE = "Europe/Berlin"


class Invited(NamedTuple):
    account_id: uuid.UUID
    url: str
    messages: list[Message]


async def _send(session: Writer, runtime: Runtime, address: str) -> None:
    found = await session.scalars(
        select(Account)
        .where(func.lower(Account.email) == address.lower(), Account.disabled_at.is_(None))
        .order_by(Account.created_at)
        .limit(MOST_ACCOUNTS)
    )
    for account in found.all():
        url = await make(session, runtime.settings, account.id, LOGIN_LIFE)
        await _mail(session, runtime.outbox, "login", account, url, LOGIN_LIFE)


wanted = ByMail("login-link", "login links", _send)
"""A link for whoever has the address; a person who is asked for may not learn whether somebody has."""


async def _mail(session: Writer, outbox: Outbox, kind: str, account: Account, url: str, life: timedelta) -> None:
    if account.email is None:
        return
    until = format_datetime(
        datetime.now(UTC) + life, "short", tzinfo=get_timezone(ZONE), locale=i18n.LOCALES[account.language]
    )
    key = f"{kind}:{hashed(url)[:32]}"
    await mail.send(
        session, outbox, kind, to=account.email, language=account.language, key=key,
        name=account.name, link=url, until=until,
    )  # fmt: skip


async def make(session: Writer, settings: Settings, account_id: uuid.UUID, life: timedelta) -> str:
    """A new link for the account; its address comes from the settings alone, whatever host a request named."""
    token = secrets.token_urlsafe(32)
    await session.execute(
        insert(LoginLink).values(token_hash=hashed(token), account_id=account_id, expires_at=func.now() + life)
    )
    return f"{settings.issuer}/login/link/{token}"


async def good(session: Reader, token: str) -> bool:
    """Whether the link can still be used."""
    query = select(LoginLink.account_id).where(
        LoginLink.token_hash == hashed(token), LoginLink.used_at.is_(None), LoginLink.expires_at > func.now()
    )
    return await session.scalar(query) is not None


async def use(session: Writer, token: str, browser: str) -> bool:
    """Use the link up, and let `browser` go on for its account; False where it was used before or is too old.

    Every other link of the account ends with it.
    """
    used = await session.execute(
        update(LoginLink)
        .where(LoginLink.token_hash == hashed(token), LoginLink.used_at.is_(None), LoginLink.expires_at > func.now())
        .values(used_at=func.now())
        .returning(LoginLink.account_id)
    )
    account_id = used.scalar_one_or_none()
    if account_id is None:
        return False
    await session.execute(
        update(LoginLink)
        .where(LoginLink.account_id == account_id, LoginLink.used_at.is_(None))
        .values(used_at=func.now())
    )
    await flows.begin(session, LINK, browser, LOGIN_LIFE, account_id=account_id)
    await audit.note(session, str(account_id), "link.used", str(account_id))
    return True


async def invite(
    session: Writer,
    runtime: Runtime,
    actor: str,
    *,
    org: str,
    name: str,
    email: str,
    roles: tuple[str, ...],
    language: str = "de",
    by_mail: bool = True,
) -> Invited:
    """A new account with `roles` at `org`, and the link with which its person sets up the login.

    The session acts for the hub: who may invite whom is checked before.
    Raises Refused for what cannot be, Conflict where the organisation has an account with this address.
    """
    address = checked_address(email)
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('lotsennetz invite ' || :org, 0))"), {"org": org}
    )
    if await account_with(session, org, address) is not None:
        raise Conflict(_("Somebody there has this e-mail address already."))
    if not roles:
        raise Refused(_("Please choose at least one role."))
    account_id = await people.create(session, actor, org, name, address, roles)
    await session.execute(update(Account).where(Account.id == account_id).values(language=language))
    return await _invitation(session, runtime, account_id, by_mail=by_mail)


async def invite_again(
    session: Writer, runtime: Runtime, actor: str, account_id: uuid.UUID, *, by_mail: bool = True
) -> Invited:
    """A new invitation for somebody who lost every passkey: the old ones and all sessions end."""
    row = await people.account(session, account_id)
    await session.execute(delete(Passkey).where(Passkey.account_id == account_id))
    await audit.note(session, actor, "passkeys.reset", str(account_id), org=row.org)
    messages = await people.end_sessions(session, account_id)
    made = await _invitation(session, runtime, account_id, by_mail=by_mail)
    return made._replace(messages=messages)


async def _invitation(session: Writer, runtime: Runtime, account_id: uuid.UUID, *, by_mail: bool) -> Invited:
    url = await make(session, runtime.settings, account_id, INVITATION_LIFE)
    if by_mail:
        row = await people.account(session, account_id)
        await _mail(session, runtime.outbox, "invitation", row, url, INVITATION_LIFE)
    return Invited(account_id, url, [])


async def account_with(session: Reader, org: str, email: str) -> uuid.UUID | None:
    """The account of `org` with this address."""
    found: uuid.UUID | None = await session.scalar(
        select(Account.id).where(Account.org == org, func.lower(Account.email) == email.lower()).limit(1)
    )
    return found
