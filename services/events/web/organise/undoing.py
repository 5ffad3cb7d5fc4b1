"""What was just taken away from an event, in the address of the page that offers to put it back."""

import base64
import binascii
import hashlib
import hmac
import uuid
import zlib
from typing import Annotated, Final, TypeVar
from urllib.parse import urlencode

import msgspec

from services.events.web.organise.ground import path_of
from services.events.web.registration import here
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest

T = TypeVar("T", bound=msgspec.Struct)
LONGEST: Final = 4_000
"""Characters in an address; something longer is gone without a way back, which its button then does not promise."""


class Restoring(msgspec.Struct, frozen=True):
    gone: Annotated[str, msgspec.Meta(max_length=LONGEST)]


def page(request: AnyRequest, event: uuid.UUID, rest: str, value: msgspec.Struct) -> str:
    """The address of the event's page that ends in `rest` and knows `value`; only this hub can have written it."""
    packed = zlib.compress(msgspec.json.encode(value))
    kept = f"{_seal(request, event, type(value), packed)}.{base64.urlsafe_b64encode(packed).decode()}"
    return path_of(event, f"{rest}?{urlencode({'gone': kept})}" if len(kept) <= LONGEST else rest)


def known(request: AnyRequest, event: uuid.UUID, gone: str, kind: type[T]) -> T | None:
    """What `page` was given; None for anything else."""
    seal, _dot, text = gone[:LONGEST].partition(".")
    try:
        packed = base64.urlsafe_b64decode(text.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        return None
    if not hmac.compare_digest(_seal(request, event, kind, packed).encode(), seal.encode()):
        return None
    return msgspec.json.decode(zlib.decompress(packed), type=kind)


def found(request: AnyRequest, event: uuid.UUID, gone: str, kind: type[T]) -> T:
    """As `known`. Raises NotFound."""
    value = known(request, event, gone, kind)
    if value is None:
        raise NotFound(_("This event has no such entry."))
    return value


def _seal(request: AnyRequest, event: uuid.UUID, kind: type, packed: bytes) -> str:
    key = here(request).settings.derived(f"gone {kind.__name__}")
    return hmac.digest(key, event.bytes + packed, hashlib.sha256).hex()
