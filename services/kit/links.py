"""Links that speak for a person without a login: signed, for a limited time, about one thing only.

Every service of the hub reads them alone, because all derive the same key from the same secret.
"""

import base64
import binascii
import hashlib
import hmac
import time
import uuid
from datetime import timedelta

from services.kit.rates import Rate
from services.kit.settings import Settings

PERSON = "personal link"
CHANGES = Rate("changes with one link", 300, per=60)
"""Links that hang on a wall are for many."""
LOOKS = Rate("looks with one link", 600, per=60)
ID_BYTES = 16
_UNTIL_BYTES, _SEAL_BYTES = 4, 16
_LONGEST = 200


def signed(settings: Settings, purpose: str, value: bytes, life: timedelta) -> str:
    """A token that holds `value` (readable for whoever has it) for as long as `life`; letters for an address."""
    return signed_until(settings, purpose, value, int(time.time() + life.total_seconds()))


def signed_until(settings: Settings, purpose: str, value: bytes, until: int) -> str:
    """As `signed`, until a moment in seconds since 1970: the same token each time."""
    body = value + until.to_bytes(_UNTIL_BYTES, "big")
    return base64.urlsafe_b64encode(body + _seal(settings, purpose, body)).rstrip(b"=").decode()


def opened(settings: Settings, purpose: str, token: str) -> bytes | None:
    """The value of a token that we signed for this `purpose` and whose time is not over; else None."""
    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    body, seal = raw[:-_SEAL_BYTES], raw[-_SEAL_BYTES:]
    if len(body) < _UNTIL_BYTES or not hmac.compare_digest(seal, _seal(settings, purpose, body)):
        return None
    value, until = body[:-_UNTIL_BYTES], int.from_bytes(body[-_UNTIL_BYTES:], "big")
    return value if time.time() < until else None


def counted(link: str) -> str:
    """By what requests with a link are counted: it may come as a whole address."""
    return f"link:{link.rstrip('/').rpartition('/')[2][:_LONGEST]}"


def person(settings: Settings, token: str) -> uuid.UUID | None:
    """Whose personal link it is: its value begins with their id."""
    value = opened(settings, PERSON, token)
    return uuid.UUID(bytes=value[:ID_BYTES]) if value and len(value) >= ID_BYTES else None


def _seal(settings: Settings, purpose: str, body: bytes) -> bytes:
    return hmac.digest(settings.derived(f"links: {purpose}"), body, hashlib.sha256)[:_SEAL_BYTES]
