"""What resolvers of every service ask first: where am I, who is asking, load this."""

import datetime as dt
import uuid
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, cast

from strawberry import Info

from services.kit.auth import Principal
from services.kit.db import Reader
from services.kit.errors import Refused
from services.kit.graphql import Context, decode_cursor
from services.kit.i18n import gettext as _

if TYPE_CHECKING:
    from services.kit.service import Runtime


def here(info: Info[Any, Any], service: str) -> "Runtime":
    """The runtime of the resolver's own service."""
    return cast("Context", info.context).services[service]


def who(info: Info[Any, Any]) -> Principal:
    return cast("Context", info.context).principal


async def load(info: Info[Any, Any], service: str, by: Any, key: Any) -> Any:
    """The answer to `key` from `by(session, keys)`, which runs once for all that ask in the same turn."""
    return await cast("Context", info.context).load(here(info, service), by, key)


def read(info: Info[Any, Any], service: str) -> AbstractAsyncContextManager[Reader]:
    """A read session of the service; the fields of one request take turns. Not to be nested."""
    return cast("Context", info.context).read(here(info, service))


def as_uuid(value: str) -> uuid.UUID | None:
    """The id a client sent; None where it is none, which is an id of nothing."""
    try:
        return uuid.UUID(value)
    except ValueError:
        return None


def place_of(after: str | None) -> list[str] | None:
    """A cursor of a list whose rows have a UUID at the end."""
    place = decode_cursor(after, 2)
    if place is not None and as_uuid(place[1]) is None:
        raise Refused(_("„after“ is not a cursor of this list."))
    return place


def day_of(after: str | None) -> list[str] | None:
    """A cursor of a list in the order of a day and a UUID."""
    place = place_of(after)
    try:
        if place is not None:
            dt.date.fromisoformat(place[0])
    except ValueError:
        raise Refused(_("„after“ is not a cursor of this list.")) from None
    return place


def moment_of(after: str | None) -> tuple[dt.datetime, uuid.UUID] | None:
    """A cursor of a list in the order of a moment and a UUID."""
    place = decode_cursor(after, 2)
    if place is None:
        return None
    try:
        return dt.datetime.fromisoformat(place[0]).astimezone(dt.UTC), uuid.UUID(place[1])
    except (ValueError, OverflowError):
        raise Refused(_("„after“ is not a cursor of this list.")) from None
