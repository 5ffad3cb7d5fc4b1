"""The keys that sign access tokens and sessions: sealed at rest, published before they sign, renewed by age.

A new key is published at once and signs LEAD_SECONDS later, when everybody has read it; an old one stays published for
as long as anything it signed may live.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwe
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import delete, func, insert, select, text, update

from services.directory.models import SigningKey
from services.directory.people import SESSION_SECONDS
from services.kit import revoked
from services.kit.auth import ALGORITHM, KEYS_SECONDS
from services.kit.db import Reader, Writer
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.messages import Message

LEAD_SECONDS = 2 * KEYS_SECONDS
ROTATE_AFTER = timedelta(days=90)
SEAL = {"alg": "dir", "enc": "A256GCM"}
_opened: dict[tuple[str, bytes], ECKey] = {}
"""Keys that this process has unsealed, by id and seal: unsealing costs as much as signing."""


async def signing_key(session: Writer, seal: bytes) -> ECKey:
    """The key that signs now; made at the first call. Raises Refused when the hub's secret has changed."""
    row = await _newest_key(session)
    if row is None:
        await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('lotsennetz signing key', 0))"))
        row = await _newest_key(session)
    if row is None:
        row = await _make(session, seal, datetime.now(UTC))
    return opened(row, seal)


def opened(row: SigningKey, seal: bytes) -> ECKey:
    """The private key of a row. Raises Refused when it was sealed with another secret."""
    found = _opened.get((row.kid, seal))
    if found is None:
        try:
            plain = jwe.decrypt_compact(row.sealed, OctKey.import_key(seal)).plaintext
        except Exception as problem:
            raise Refused(
                _(
                    "The signing key cannot be opened: LOTSENNETZ_SECRET is not the one it was made with. "
                    "A hub that started without it keeps its own in the file „secret“ of its data folder."
                )
            ) from problem
        found = ECKey.import_key({**json.loads(plain or b"{}"), "kid": row.kid})
        _opened.clear()  # one signs at a time
        _opened[row.kid, seal] = found
    return found


async def _make(session: Writer, seal: bytes, signs_from: datetime) -> SigningKey:
    key = ECKey.generate_key("P-256")
    kid = key.thumbprint()
    public = {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": ALGORITHM}
    sealed = jwe.encrypt_compact(SEAL, json.dumps(key.as_dict(private=True)), OctKey.import_key(seal))
    return (
        await session.scalars(
            insert(SigningKey)
            .values(kid=kid, public=public, sealed=sealed.encode(), signs_from=signs_from)
            .returning(SigningKey)
        )
    ).one()


async def _newest_key(session: Reader) -> SigningKey | None:
    return (
        await session.scalars(
            select(SigningKey)
            .where(SigningKey.retired_at.is_(None), SigningKey.signs_from <= func.now())
            .order_by(SigningKey.signs_from.desc())
            .limit(1)
        )
    ).one_or_none()


async def rotate(session: Writer, seal: bytes, *, at_once: bool = False) -> list[Message]:
    """Make the next key. `at_once`, for a key that leaked: the old are gone with all they signed.

    Returns what to say, because verifiers remember the keys that they have read.
    """
    gone: Sequence[str] = ()
    if at_once:
        gone = (await session.scalars(delete(SigningKey).returning(SigningKey.kid))).all()
    lead = timedelta(seconds=0 if at_once else LEAD_SECONDS)
    await _make(session, seal, datetime.now(UTC) + lead)
    return list(revoked.leaked(gone, SESSION_SECONDS))


async def renew(session: Writer, seal: bytes) -> None:
    """Rotate by age; retire what a newer key has followed, and forget what nothing living was signed with."""
    now = datetime.now(UTC)
    newest = await session.scalar(select(func.max(SigningKey.signs_from)))
    if newest is not None and newest < now - ROTATE_AFTER:
        await rotate(session, seal)
    current = await _newest_key(session)
    if current is not None:
        await session.execute(
            update(SigningKey)
            .where(SigningKey.retired_at.is_(None), SigningKey.signs_from < current.signs_from)
            .values(retired_at=now)
        )
    await session.execute(
        delete(SigningKey).where(SigningKey.retired_at < now - timedelta(seconds=SESSION_SECONDS + LEAD_SECONDS))
    )


async def key_set(session: Reader) -> dict[str, Any]:
    """The published keys (RFC 7517), newest first; retired ones stay while what they signed may live."""
    rows = (await session.scalars(select(SigningKey).order_by(SigningKey.created_at.desc()).limit(20))).all()
    return {"keys": [row.public for row in rows]}
