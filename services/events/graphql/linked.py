"""What mutations and queries of people without a login share: their personal link."""

import uuid
from typing import Any

from strawberry import Info

from services.events import daylinks
from services.events.graphql.types import SERVICE
from services.events.registration import links as event_links
from services.kit import links
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here


def respondent(info: Info[Any, Any], link: str) -> tuple[uuid.UUID, uuid.UUID | None]:
    """As `person`, also by a link that is about one event; then with this event: that of the day, which QR codes hold,
    and the one that mails about registration have.
    """
    token = link.rstrip("/").rpartition("/")[2]
    settings = here(info, SERVICE).settings
    if (found := links.person(settings, token)) is not None:
        return found, None
    if (opened := daylinks.opened(settings, token)) is not None:
        return opened[1], opened[0]
    event, navigator = event_links.of_person(settings, token)
    return navigator, event


def person(info: Info[Any, Any], link: str) -> uuid.UUID:
    """Whose personal link it is; it may come as a whole address. Raises NotFound where it does not count (any more)."""
    found = links.person(here(info, SERVICE).settings, link.rstrip("/").rpartition("/")[2])
    if found is None:
        raise NotFound(_("This link is not valid any more."))
    return found


def guest(info: Info[Any, Any], link: str, event: str) -> tuple[uuid.UUID, uuid.UUID]:
    """Whose link it is, and the event that it shall speak for. Raises NotFound where it is about another one."""
    (whose, only), key = respondent(info, link), as_uuid(event)
    if key is None or only not in (None, key):
        raise NotFound(_("There is no such event."))
    return whose, key
