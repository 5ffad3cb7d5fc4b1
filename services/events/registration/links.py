"""Links of mails that are for one thing only: the superior's decision, and the end of invitations."""

import datetime as dt
import uuid

from services.events.models import Event, Registration
from services.events.registration.rules import ends
from services.kit import links
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.links import ID_BYTES
from services.kit.settings import Settings

RELEASE, INVITATIONS = "release link", "no invitations"
LONGEST = dt.timedelta(days=1000)
INVITATIONS_LIFE = dt.timedelta(days=365)
_COUNT_BYTES = 2


def superior(settings: Settings, event: Event, row: Registration) -> str:
    """The token by which the superior who was asked last decides, once."""
    life = min(ends(event.last_day, event.timezone) - dt.datetime.now(dt.UTC), LONGEST)
    value = event.id.bytes + row.navigator_id.bytes + row.release_asks.to_bytes(_COUNT_BYTES, "big")
    return links.signed(settings, RELEASE, value, life)


def of_superior(settings: Settings, token: str) -> tuple[uuid.UUID, uuid.UUID, int]:
    """Event, navigator, and which of the superiors who were asked. Raises NotFound."""
    value = links.opened(settings, RELEASE, token)
    if value is None or len(value) != 2 * ID_BYTES + _COUNT_BYTES:
        raise NotFound(_("This link is not valid any more."))
    ids, count = value[: 2 * ID_BYTES], value[2 * ID_BYTES :]
    return uuid.UUID(bytes=ids[:ID_BYTES]), uuid.UUID(bytes=ids[ID_BYTES:]), int.from_bytes(count, "big")


def invitations(settings: Settings, of: uuid.UUID | str) -> str:
    """The token that ends invitations to a navigator (id) or a city's contact point (AGS)."""
    value = of.bytes if isinstance(of, uuid.UUID) else of.encode()
    return links.signed(settings, INVITATIONS, value, INVITATIONS_LIFE)


def of_invitations(settings: Settings, token: str) -> uuid.UUID | str:
    """Raises NotFound."""
    value = links.opened(settings, INVITATIONS, token)
    if value is None:
        raise NotFound(_("This link is not valid any more."))
    return uuid.UUID(bytes=value) if len(value) == ID_BYTES else value.decode()
