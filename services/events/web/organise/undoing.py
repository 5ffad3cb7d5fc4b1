"""What was just taken away from an event, in the address of the page that offers to put it back."""

import base64
import binascii
import hashlib
import hmac
import uuid
import zlib
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from services.events.draft import Item, Room
from services.events.web.organise.times import Timing
from services.events.web.registration import here
from services.kit.pages import AnyRequest

LONGEST: Final = 4_000
"""Characters in an address; something longer is gone without a way back, which its button then does not promise."""
KINDS: Final[dict[str, type[msgspec.Struct]]] = {kind.__name__: kind for kind in (Item, Room, Timing)}


def address(request: AnyRequest, event: uuid.UUID, path: str, value: msgspec.Struct) -> str:
    """`path`, a page of the event, knowing `value`, which is of one of KINDS; only this hub can have written it."""
    kind, packed = type(value).__name__, zlib.compress(msgspec.json.encode(value))
    kept = f"{kind}.{_seal(request, event, kind, packed)}.{base64.urlsafe_b64encode(packed).decode()}"
    return f"{path}?{urlencode({'gone': kept})}" if len(kept) <= LONGEST else path


def known(request: AnyRequest, event: uuid.UUID, gone: str) -> Any:
    """What `address` was given; None for anything else."""
    kind, _dot, rest = gone[:LONGEST].partition(".")
    seal, _dot, text = rest.partition(".")
    try:
        packed = base64.urlsafe_b64decode(text.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        return None
    if kind not in KINDS or not hmac.compare_digest(_seal(request, event, kind, packed).encode(), seal.encode()):
        return None
    return msgspec.json.decode(zlib.decompress(packed), type=KINDS[kind])


def _seal(request: AnyRequest, event: uuid.UUID, kind: str, packed: bytes) -> str:
    key = here(request).settings.derived(f"gone {kind}")
    return hmac.digest(key, event.bytes + packed, hashlib.sha256).hex()
