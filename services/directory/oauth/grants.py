"""What people allow clients: codes, the families of refresh tokens, and their end (RFC 6749, 7009, 9700)."""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, insert, select, update

from services.directory.models import (
    Assertion,
    AuthorizationCode,
    Client,
    Consent,
    Grant,
    LoginFlow,
    LoginLink,
    LoginSession,
    RefreshToken,
)
from services.directory.oauth import policy
from services.directory.oauth.clients import hashed
from services.kit import revoked
from services.kit.db import Reader, Writer, put
from services.kit.messages import Message

MOST_GRANTS = 200


@dataclass(frozen=True)
class Kept:
    """A consent with the client it was given to."""

    client: Client
    scopes: tuple[str, ...]
    at: datetime


async def consented(session: Reader, account_id: uuid.UUID, client_id: str) -> frozenset[str]:
    """The scopes that the person has allowed the client before."""
    row = await session.get(Consent, (account_id, client_id))
    return frozenset(row.scopes if row else ())


async def consents(session: Reader, account_id: uuid.UUID) -> list[Kept]:
    """What the person has allowed, newest first."""
    rows = await session.execute(
        select(Consent, Client)
        .join(Client, Client.client_id == Consent.client_id)
        .where(Consent.account_id == account_id)
        .order_by(Consent.at.desc())
        .limit(MOST_GRANTS)
    )
    return [Kept(client, tuple(consent.scopes), consent.at) for consent, client in rows]


async def allow(
    session: Writer,
    account_id: uuid.UUID,
    client_id: str,
    scopes: Sequence[str],
    *,
    resource: str | None,
    redirect_uri: str,
    challenge: str,
    auth_time: datetime,
    amr: Sequence[str],
) -> str:
    """Remember the consent and make an authorization code for it; returns the code."""
    await put(
        session,
        Consent,
        {"account_id": account_id, "client_id": client_id},
        {"scopes": list(scopes), "at": datetime.now(UTC)},
    )
    grant_id, now, code = uuid.uuid4(), datetime.now(UTC), secrets.token_urlsafe(32)
    await session.execute(
        insert(Grant).values(
            id=grant_id,
            client_id=client_id,
            account_id=account_id,
            scopes=list(scopes),
            resource=resource,
            auth_time=auth_time,
            amr=list(amr),
            expires_at=now + policy.GRANT_LIFE,
        )
    )
    await session.execute(
        insert(AuthorizationCode).values(
            code_hash=hashed(code),
            grant_id=grant_id,
            redirect_uri=redirect_uri,
            challenge=challenge,
            expires_at=now + policy.CODE_LIFE,
        )
    )
    return code


async def end(session: Writer, grant_ids: Sequence[uuid.UUID], reason: str) -> list[Message]:
    """End these grants with all their tokens. Returns what to say."""
    await session.execute(
        update(Grant)
        .where(Grant.id.in_(grant_ids), Grant.ended_at.is_(None))
        .values(ended_at=func.now(), reason=reason)
    )
    return list(revoked.names("grant", [str(one) for one in grant_ids], policy.TOKEN_SECONDS))


async def take_back(session: Writer, account_id: uuid.UUID, client_id: str) -> list[Message]:
    """The person allows the client nothing any more. Returns what to say."""
    await session.execute(delete(Consent).where(Consent.account_id == account_id, Consent.client_id == client_id))
    ids = await session.scalars(
        select(Grant.id).where(Grant.account_id == account_id, Grant.client_id == client_id, Grant.ended_at.is_(None))
    )
    return await end(session, ids.all(), "withdrawn")


async def forget(session: Writer) -> None:
    """Let go of what has run out: codes, refresh tokens, grants, assertions, logins and links."""
    now = datetime.now(UTC)
    for model in (RefreshToken, Grant, Assertion, LoginFlow, LoginLink, LoginSession):
        await session.execute(delete(model).where(model.expires_at < now))
    # A code that was used goes with its grant: until then, using it again is noticed.
    await session.execute(
        delete(AuthorizationCode).where(AuthorizationCode.expires_at < now, AuthorizationCode.used_at.is_(None))
    )
