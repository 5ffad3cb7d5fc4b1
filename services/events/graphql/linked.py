"""What mutations and queries of people without a login share: the link with which they come."""

import uuid
from typing import Any

from strawberry import Info

from services.events import daylinks
from services.events.daylinks import Opened
from services.events.graphql.types import SERVICE
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here


async def whose(info: Info[Any, Any], link: str) -> Opened:
    """Who comes with a link: to one event, or a personal one. It may be a whole address. Raises NotFound."""
    return await daylinks.opened(here(info, SERVICE), link)


async def at(info: Info[Any, Any], link: str, event: str) -> tuple[uuid.UUID, uuid.UUID]:
    """The event that somebody names, and who they are: by a personal link, or by the one to this event. Raises
    NotFound.
    """
    found, key = await whose(info, link), as_uuid(event)
    if key is None or found.event not in {None, key}:
        raise NotFound(_("There is no such event."))
    return key, found.person


async def person(info: Info[Any, Any], link: str) -> uuid.UUID:
    """By a personal link alone: for what goes beyond one event. Raises NotFound."""
    found = await whose(info, link)
    if found.event is not None:
        raise NotFound(_("This takes your personal link, not the one to an event."))
    return found.person
