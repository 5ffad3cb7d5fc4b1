"""The personal link of a day: what the QR code on a slip or badge opens, without a login, for this event alone."""

import datetime as dt
import uuid

from services.events.models import Event
from services.kit import links
from services.kit.settings import Settings

PURPOSE = "day of an event"
IDEA = "idea of an event"
AFTERWARDS = dt.timedelta(days=14)
"""How long after the day it still opens: for ideas that come late."""
LEAST = dt.timedelta(hours=1)


def token(settings: Settings, event: Event, navigator_id: uuid.UUID) -> str:
    """The same all the time, but for the second in which it ends: slips can be printed again."""
    return links.signed(settings, PURPOSE, event.id.bytes + navigator_id.bytes, _life(event))


def url(settings: Settings, event: Event, navigator_id: uuid.UUID) -> str:
    return f"{settings.url_of('events')}/events/{event.id}/mine/{token(settings, event, navigator_id)}"


def opened(settings: Settings, token: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """(event, navigator) of a link that still counts; whether they still take part, the database knows."""
    value = links.opened(settings, PURPOSE, token)
    if value is None or len(value) != 2 * links.ID_BYTES:
        return None
    return uuid.UUID(bytes=value[: links.ID_BYTES]), uuid.UUID(bytes=value[links.ID_BYTES :])


def idea_key(settings: Settings, event: Event, idea_id: uuid.UUID) -> str:
    """With what an idea without a name is changed by whoever noted it; kept by their phone alone."""
    return links.signed(settings, IDEA, idea_id.bytes, _life(event))


def opens(settings: Settings, key: str, idea_id: uuid.UUID) -> bool:
    return links.opened(settings, IDEA, key) == idea_id.bytes


def _life(event: Event) -> dt.timedelta:
    last = dt.datetime.combine(event.date, dt.time(), dt.UTC) + dt.timedelta(days=1) + AFTERWARDS
    return max(last - dt.datetime.now(dt.UTC), LEAST)
