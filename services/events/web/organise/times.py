"""When the sessions of an open space run: several times in one go; one that is taken away can be put back."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from services.events import trips
from services.events.draft import CLOCK
from services.events.models import Event, Slot
from services.events.openspace import venue
from services.events.openspace.drafts import MOST_SLOTS, SlotDraft
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _

FIELDS: Final = ("on", "begins", "count", "minutes", "pause")
MINUTES: Final = 45
PAUSE: Final = 15
"""Minutes that are suggested, so that people can change rooms."""
LONGEST: Final = 8 * 60
"""Minutes."""


class Timing(msgspec.Struct, frozen=True):
    """`count` times of `minutes` each, `pause` minutes apart, the first of which begins `on` this day.

    `back` is the page that shows them.
    """

    begins: Annotated[str, msgspec.Meta(max_length=5)]
    on: dt.date | None = None
    count: int = 1
    minutes: int = MINUTES
    pause: int = 0
    back: Literal["/venue", "/day/board"] = "/venue"


class Dropping(msgspec.Struct, frozen=True):
    slot: uuid.UUID


async def shown(session: Reader, event: Event) -> dict[str, Any]:
    """What the page needs: the times, and what to suggest."""
    found = (await venue.venue(session, event.id)).slots
    zone = ZoneInfo(event.timezone)
    last = found[-1].ends.astimezone(zone) + dt.timedelta(minutes=PAUSE) if found else None
    fits = last is not None and event.date <= last.date() <= event.last_day
    return {
        "slots": [(slot.id, _written(event, slot)) for slot in found],
        "times": {
            "on": last.date() if fits and last else event.date,
            "begins": last.strftime("%H:%M") if fits and last else "13:00",
            "count": 1 if found else 3, "minutes": MINUTES, "pause": PAUSE,
        },
    }  # fmt: skip


async def add(session: Writer, event: Event, said: Timing) -> int:
    """Further times, behind or between those that are there; how many. Raises Refused."""
    await trips.lock(session, event.id)
    more = _further(event, said)
    await venue.set_slots(session, event, [*_kept((await venue.venue(session, event.id)).slots), *more])
    return len(more)


async def drop(session: Writer, event: Event, slot: uuid.UUID) -> Timing:
    """The time is gone; what `add` puts back. Raises NotFound, or Conflict where a session runs then."""
    await trips.lock(session, event.id)
    there = (await venue.venue(session, event.id)).slots
    gone = next((one for one in there if one.id == slot), None)
    if gone is None:
        raise NotFound(_("This event has no such entry."))
    await venue.set_slots(session, event, _kept([one for one in there if one is not gone]))
    begins = gone.starts.astimezone(ZoneInfo(event.timezone))
    return Timing(f"{begins:%H:%M}", begins.date(), minutes=int((gone.ends - gone.starts).total_seconds()) // 60)


def _further(event: Event, said: Timing) -> list[SlotDraft]:
    """Raises Refused with what is wrong, by field."""
    checks, day = Checks(), said.on or event.date
    checks.number("", "count", said.count, 1, MOST_SLOTS)
    checks.number("", "minutes", said.minutes, 5, LONGEST)
    checks.number("", "pause", said.pause, 0, LONGEST)
    if not CLOCK.fullmatch(said.begins):
        checks.add("", "begins", _("A time looks like 09:30."))
    if not event.date <= day <= event.last_day:
        checks.add("", "on", _("Choose a day of the event."))
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))
    first = dt.datetime.combine(day, dt.time.fromisoformat(said.begins), ZoneInfo(event.timezone)).astimezone(dt.UTC)
    length, step = dt.timedelta(minutes=said.minutes), dt.timedelta(minutes=said.minutes + said.pause)
    return [SlotDraft(first + n * step, first + n * step + length) for n in range(said.count)]


def _kept(slots: Sequence[Slot]) -> list[SlotDraft]:
    return [SlotDraft(slot.starts, slot.ends, str(slot.id)) for slot in slots]


def _written(event: Event, slot: Slot) -> str:
    zone = ZoneInfo(event.timezone)
    begins, ends = slot.starts.astimezone(zone), slot.ends.astimezone(zone)
    day = f"{begins:%d.%m.%Y}, " if event.last_day != event.date else ""
    return f"{day}{begins:%H:%M} – {ends:%H:%M}"
