"""What a form was filled with, as a mark in the form: nobody saves over something newer without knowing of it."""

from hashlib import sha256
from typing import Annotated, Any

import msgspec

from services.kit.errors import Stale
from services.kit.i18n import gettext as _

Seen = Annotated[str, msgspec.Meta(max_length=32)]
"""The `tag` of what the form was filled with; a form that says nothing of it is not checked."""


def tag(shown: Any) -> str:
    """Of a value that JSON can write; empty for None, which is not there yet."""
    return "" if shown is None else sha256(msgspec.json.encode(shown, order="deterministic")).hexdigest()[:32]


def check(seen: str, now: Any, wanted: Any = None) -> None:
    """Raises Stale where `now` is not what the form was filled with, unless it is what the form wants already."""
    if not seen or seen == tag(now) or (wanted is not None and tag(wanted) == tag(now)):
        return
    if now is None:
        raise Stale(_("Somebody has removed this entry meanwhile. If you save it now, it is written anew."))
    raise Stale(_("Somebody has changed this meanwhile, in another window or from elsewhere."))
