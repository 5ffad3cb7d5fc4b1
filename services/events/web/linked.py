"""Who comes with their link to an event, without a login."""

import uuid
from typing import Any

from litestar import Request

from services.events import daylinks
from services.events.live.rooms import PEOPLE, Room, rooms_of
from services.events.web.registration import here
from services.kit import links
from services.kit.auth import ANONYMOUS
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.pages import ask_as
from services.kit.resolvers import as_uuid


async def theirs(request: Request[Any, Any, Any], event_id: str, token: str, *parts: str) -> tuple[Room, uuid.UUID]:
    """The room of a personal link's event, and whose link it is. Raises NotFound for a link that does not count."""
    runtime = here(request)
    await runtime.rates.take(links.LOOKS, links.counted(token))
    event, person = await daylinks.of_event(runtime, token)
    room = await rooms_of(runtime).open(event, PEOPLE, *parts)
    if event != as_uuid(event_id) or not room.takes_part(person):
        raise NotFound(_("This link is not valid any more."))
    return room, person


async def by_link(request: Request[Any, Any, Any], token: str, query: str, **variables: Any) -> dict[str, Any]:
    """What the graph answers to whoever has the link, and to nobody else: it is `$link` in the query.

    Counted by the link, as a whole event may sit behind one address. Raises the HubError in the answer.
    """
    rate = links.CHANGES if query.startswith("mutation") else links.LOOKS
    await here(request).rates.take(rate, links.counted(token))
    return await ask_as(request, ANONYMOUS, "events", query, link=token, **variables)
