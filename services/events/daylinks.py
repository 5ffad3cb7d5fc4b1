"""The one link of a person to an event: what mails carry and the QR code on a slip or badge holds.

It opens everything of theirs at this event without a login, until the event is over and 30 days more, wherever it is
moved. Links that were sent out before there was one (`BEFORE`) keep working until their own time is over.
"""

import datetime as dt
import time
import uuid
from typing import Final, NamedTuple

from sqlalchemy import select

from services.events.models import Event
from services.kit import links
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.service import Runtime
from services.kit.settings import Settings

PURPOSE: Final = "a person's link to an event"
BEFORE: Final = ("event link", "day of an event")
IDEA: Final = "idea of an event"
AFTERWARDS: Final = dt.timedelta(days=30)
"""How long after the event it still opens."""
LEAST: Final = dt.timedelta(hours=1)
KEPT_SECONDS: Final = 30.0
"""For how long a process believes what it read of when an event ends."""
MOST_KEPT: Final = 1_000
_NO_END: Final = 2**32 - 1
"""The link itself does not say when it ends, because events are moved; the event does."""


class Opened(NamedTuple):
    """Whose link it is, and to which event; None: a personal link, for all their events. `old` ends by itself."""

    person: uuid.UUID
    event: uuid.UUID | None
    old: bool = False


def token(settings: Settings, event: Event, navigator_id: uuid.UUID) -> str:
    """The same all the time: slips can be printed again."""
    return links.signed_until(settings, PURPOSE, event.id.bytes + navigator_id.bytes, _NO_END)


def url(settings: Settings, event: Event, navigator_id: uuid.UUID) -> str:
    """What the QR code holds: the person's day, as JSON for programs and as a page for browsers."""
    return f"{settings.url_of('events')}/events/{event.id}/mine/{token(settings, event, navigator_id)}"


def page(settings: Settings, event: Event, navigator_id: uuid.UUID) -> str:
    """What mails link to."""
    return f"{settings.url_of('events')}/events/registration/{token(settings, event, navigator_id)}"


def read(settings: Settings, link: str) -> Opened | None:
    """Who comes with a link, which may be a whole address; whether it still counts, `opened` or `counts` know."""
    said = link.rstrip("/").rpartition("/")[2]
    for purpose in (PURPOSE, *BEFORE):
        value = links.opened(settings, purpose, said)
        if value is not None and len(value) == 2 * links.ID_BYTES:
            event, person = uuid.UUID(bytes=value[: links.ID_BYTES]), uuid.UUID(bytes=value[links.ID_BYTES :])
            return Opened(person, event, old=purpose != PURPOSE)
    person_ = links.person(settings, said)
    return Opened(person_, None) if person_ else None


async def opened(runtime: Runtime, link: str) -> Opened:
    """Who comes with a link that counts; whether they still take part, the database knows. Raises NotFound."""
    found = read(runtime.settings, link)
    if found is None or not (found.old or found.event is None or await _lasts(runtime, found.event)):
        raise NotFound(_("This link is not valid any more."))
    return found


async def of_event(runtime: Runtime, link: str) -> tuple[uuid.UUID, uuid.UUID]:
    """Event and navigator of a link to one event. Raises NotFound, also for a personal link."""
    found = await opened(runtime, link)
    if found.event is None:
        raise NotFound(_("This link is not valid any more."))
    return found.event, found.person


def counts(found: Opened, event: Event) -> bool:
    """Whether the link is one to this event, and not too old."""
    return found.event is None or (found.event == event.id and (found.old or time.time() < _until(event.last_day)))


def idea_key(settings: Settings, event: Event, idea_id: uuid.UUID) -> str:
    """With what an idea without a name is changed by whoever noted it; kept by their phone alone."""
    life = dt.datetime.fromtimestamp(_until(event.last_day), dt.UTC) - dt.datetime.now(dt.UTC)
    return links.signed(settings, IDEA, idea_id.bytes, max(life, LEAST))


def opens(settings: Settings, key: str, idea_id: uuid.UUID) -> bool:
    return links.opened(settings, IDEA, key) == idea_id.bytes


def _until(last_day: dt.date) -> float:
    """The end of the last day that has this date anywhere on earth, and `AFTERWARDS`; seconds since 1970."""
    over = dt.datetime.combine(last_day + dt.timedelta(days=1), dt.time(12), dt.UTC)
    return (over + AFTERWARDS).timestamp()


async def _lasts(runtime: Runtime, event_id: uuid.UUID) -> bool:
    """Whether links to an event count; one that is over is looked at again, it may have been moved."""
    kept: dict[uuid.UUID, tuple[float, float]] = runtime.memory.setdefault("links to events", {})
    until, believed = kept.get(event_id, (0.0, 0.0))
    if time.monotonic() < believed and time.time() < until:
        return True
    async with runtime.db.read(HUB) as session:
        last_day = await session.scalar(select(Event.last_day).where(Event.id == event_id))
    if last_day is None:
        return False
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[event_id] = (_until(last_day), time.monotonic() + KEPT_SECONDS)
    return time.time() < _until(last_day)
