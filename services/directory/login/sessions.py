"""Browser sessions: begun anew at every login, listed for their owner, ended at once.

The cookie holds a signed token (`kit.auth`), so that every service knows who asks without asking the directory; what
ends before its time is revoked by the session's name.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import func, insert, select, update

from services.directory import audit, people
from services.directory.access import SECOND_FACTOR
from services.directory.models import Account, LoginSession
from services.directory.oauth.keys import signing_key
from services.directory.people import SESSION_SECONDS
from services.kit import revoked
from services.kit.auth import ALGORITHM, SESSION_TYPE, Principal, token_id
from services.kit.db import Reader, Writer
from services.kit.errors import Forbidden
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.settings import Settings

STRONG = frozenset({"mfa", "hwk", "swk", "pop"})
"""Authentication methods (RFC 8176) that stand for a second factor."""
MOST_SESSIONS = 50
BROWSERS = ("Firefox", "Edg", "OPR", "Chrome", "Safari")
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
SHOWN = {"Edg": "Edge", "OPR": "Opera", "Mac OS": "macOS"}


@dataclass(frozen=True)
class Begun:
    """`cookie` is the session cookie's value; `messages` end the browser's session before."""

    cookie: str
    seconds: int
    messages: list[Message]


async def begin(
    session: Writer,
    settings: Settings,
    account_id: uuid.UUID,
    *,
    how: str,
    amr: Sequence[str],
    user_agent: str,
    before: Principal,
) -> Begun:
    """A new session for the account; the one of `before` ends, so that nobody goes on under a name set before a login.

    Raises Forbidden for an account that is disabled, or whose role needs a second factor that `amr` does not show.
    """
    person = await people.person(session, account_id, lock=True)
    if person is None:
        row = await session.get(Account, account_id)
        if row is not None and row.disabled_at is None:
            raise Forbidden(_("Your city is suspended. Your state's central navigators can tell you why."))
        raise Forbidden(_("This account is closed. Please ask your coordinator."))
    names = {role.partition(":")[0] for role in person.roles}
    if names & set(SECOND_FACTOR) and not STRONG & set(amr):
        raise Forbidden(_("Your role needs a second factor. Please log in with a passkey or a second factor."))
    number, now = uuid.uuid4(), int(time.time())
    until = datetime.fromtimestamp(now, UTC) + timedelta(seconds=SESSION_SECONDS)
    await session.execute(
        insert(LoginSession).values(
            id=number, account_id=account_id, how=how, amr=list(amr), browser=browser(user_agent), expires_at=until
        )
    )
    await session.execute(update(Account).where(Account.id == account_id).values(seen_at=func.now()))
    messages = await end(session, uuid.UUID(before.session)) if before.session else []
    await audit.note(session, str(account_id), "session.begun", str(number), org=person.org, how=how)
    claims = {
        "iss": settings.issuer,
        "aud": settings.issuer,
        "sub": str(account_id),
        "client_id": "",
        "sid": str(number),
        "jti": token_id(),
        "scope": " ".join(sorted(person.scopes)),
        "roles": sorted(person.roles),
        "city": person.city,
        "amr": list(amr),
        "iat": now,
        "exp": now + SESSION_SECONDS,
    }
    key = await signing_key(session, settings.derived("signing"))
    cookie = jwt.encode({"alg": ALGORITHM, "typ": SESSION_TYPE}, claims, KeySet([key]), algorithms=[ALGORITHM])
    return Begun(cookie, SESSION_SECONDS, messages)


async def end(session: Writer, number: uuid.UUID) -> list[Message]:
    """End one session. Returns what to say, so that its cookie counts nowhere any more."""
    await session.execute(
        update(LoginSession)
        .where(LoginSession.id == number, LoginSession.ended_at.is_(None))
        .values(ended_at=func.now())
    )
    return list(revoked.names("session", [str(number)], SESSION_SECONDS))


async def living(session: Reader, account_id: uuid.UUID) -> list[LoginSession]:
    """The account's sessions that have not ended, newest first."""
    query = (
        select(LoginSession)
        .where(
            LoginSession.account_id == account_id,
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > func.now(),
        )
        .order_by(LoginSession.created_at.desc())
        .limit(MOST_SESSIONS)
    )
    return list((await session.scalars(query)).all())


def browser(user_agent: str) -> str:
    """Such as „Firefox, Linux“; nothing more of the header is kept."""
    found = (next((name for name in names if name in user_agent), "") for names in (BROWSERS, SYSTEMS))
    return ", ".join(SHOWN.get(name, name) for name in found if name)
