"""A login that has begun: what only the same browser may finish, once and soon.

Provider logins, passkeys and used links all pass through it. A flow is bound to the browser by a cookie or, for
somebody who is logged in, by the session; the database knows hashes only.
"""

import hashlib
import secrets
import uuid
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, select

from services.directory.models import LoginFlow
from services.kit.db import Reader, Writer
from services.kit.errors import Refused
from services.kit.i18n import gettext as _


class Flow(NamedTuple):
    account_id: uuid.UUID | None
    org: str | None
    secrets: dict[str, Any]
    onward: str


def hashed(value: str) -> str:
    """Tokens are long and random, so a fast hash serves."""
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()


async def begin(
    session: Writer,
    kind: str,
    browser: str,
    life: timedelta,
    *,
    account_id: uuid.UUID | None = None,
    org: str | None = None,
    known: dict[str, Any] | None = None,
    onward: str = "/",
) -> str:
    """A new flow for `browser`; returns the token with which it is finished. Raises Refused without a browser."""
    if not browser:
        raise Refused(_("Your browser does not keep cookies. Please allow them for this site, and try again."))
    token = secrets.token_urlsafe(32)
    await session.execute(
        insert(LoginFlow).values(
            token_hash=hashed(token),
            kind=kind,
            browser_hash=hashed(browser),
            org=org,
            account_id=account_id,
            secrets=known or {},
            onward=onward,
            expires_at=func.now() + life,
        )
    )
    return token


async def finish(session: Writer, kind: str, browser: str, token: str) -> Flow | None:
    """Use up the flow; None for a token that is unknown, used, too old or another browser's.

    Commit it before anything is checked that may fail: a wrong answer uses a challenge up as well.
    """
    gone = await session.execute(
        delete(LoginFlow)
        .where(
            LoginFlow.token_hash == hashed(token),
            LoginFlow.kind == kind,
            LoginFlow.browser_hash == hashed(browser),
            LoginFlow.expires_at > func.now(),
        )
        .returning(LoginFlow.account_id, LoginFlow.org, LoginFlow.secrets, LoginFlow.onward)
    )
    row = gone.one_or_none()
    return Flow(*row) if row else None


async def of_browser(session: Reader, kind: str, browser: str) -> Flow | None:
    """The newest living flow of this browser, left as it is."""
    found = await session.execute(
        select(LoginFlow.account_id, LoginFlow.org, LoginFlow.secrets, LoginFlow.onward)
        .where(LoginFlow.kind == kind, LoginFlow.browser_hash == hashed(browser), LoginFlow.expires_at > func.now())
        .order_by(LoginFlow.expires_at.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return Flow(*row) if row else None


async def finish_of_browser(session: Writer, kind: str, browser: str) -> Flow | None:
    """Use up what this browser had begun of `kind`; None where there is nothing."""
    found = await of_browser(session, kind, browser)
    gone = await session.execute(
        delete(LoginFlow)
        .where(LoginFlow.kind == kind, LoginFlow.browser_hash == hashed(browser))
        .returning(LoginFlow.token_hash)
    )
    return found if gone.all() else None
