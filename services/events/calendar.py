"""Event days as iCalendar (RFC 5545, with the properties of RFC 7986): one day as a file, many as a feed.

One entry spans the day, or the days, as an all-day note that leaves its owner free; it holds venue, agenda and guiding
questions and is what people look for ("where was that?"). Every agenda item is an entry of its own that blocks its
time. So Outlook and Thunderbird show the day at a glance and the items where they belong, and nobody appears
double-booked.

An entry has the same UID in every file and feed, and every revision of its event a higher SEQUENCE or a later DTSTAMP:
what a calendar program has already, it replaces.
"""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vText, vUri

from services.events.clocks import vtimezone
from services.events.day import Day, Item, on_day, printable, span
from services.kit.i18n import gettext as _
from services.kit.i18n import language

FORM: Final = 3
"""Rises when the same days are written otherwise: whoever has the older form must not be told that nothing changed."""
REFRESH: Final = dt.timedelta(hours=2)
"""Whole hours."""
# uuid5(NAMESPACE_URL, "urn:lotsennetz:calendar"); it makes every UID and must never change.
_NAMESPACE = UUID("dd052da0-7f33-537a-aeb1-11699f6df8ee")
_END = b"END:VCALENDAR\r\n"
_PRODUCT = "-//Lotsennetz//Event days//DE"


def agenda_ics(day: Day, city: str | None = None) -> bytes:
    """The day and its agenda as one VCALENDAR to publish, UTF-8, CRLF, folded at 75 octets.

    With `city`, items meant for another city are left out. Calendar and entries keep their UIDs over revisions (an item
    by `Item.id`, else by its position in `Day.agenda`); SEQUENCE, STATUS, DTSTAMP and LAST-MODIFIED come from the day.
    An item without an end lasts until the next later one starts; the last is a moment. Times are local with TZID, and
    the VTIMEZONE describes the day's year and the next. Whatever a text holds, it stays within its property.
    """
    calendar = _calendar(_uid(day, "calendar"), _name(day))
    calendar.add("last-modified", _utc(day))
    return _written(calendar, [day], city)


def feed_ics(days: Sequence[Day], key: str, name: str, city: str | None = None) -> bytes:
    """Many days as a calendar to subscribe to; `key` makes its UID. Otherwise as `agenda_ics`."""
    calendar = _calendar(str(uuid5(_NAMESPACE, f"feed/{key}")), name)
    if days:
        calendar.add("last-modified", max(_utc(day) for day in days))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", f"PT{REFRESH // dt.timedelta(hours=1)}H")  # what Outlook reads
    return _written(calendar, days, city)


def _calendar(uid: str, name: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("uid", uid)
    calendar.add("x-wr-relcalid", uid)  # by which Outlook knows a calendar again that it opened before
    for named in ("name", "x-wr-calname"):
        calendar.add(named, vText(name))  # or commas and backslashes of a title stand there unescaped
    return calendar


def _written(calendar: Calendar, days: Sequence[Day], city: str | None) -> bytes:
    """The calendar with the entries of the days, and the clocks that they name."""
    years = [year for day in days for year in (day.date.year, day.ends.year)]
    zones = [_zone(name, min(years), max(years)) for name in sorted({day.timezone for day in days})]
    entries = [_entries(day, city, language()) for day in days]
    return bytes(calendar.to_ical()).removesuffix(_END) + b"".join(zones + entries) + _END


@lru_cache(maxsize=64)
def _zone(name: str, first: int, last: int) -> bytes:
    return bytes(vtimezone(name, first, last + 1).to_ical())


@lru_cache(maxsize=512)
def _entries(day: Day, city: str | None, _language: str) -> bytes:
    """The day's entries as they stand in the file of everybody who may see the same of it: most feeds share them."""
    zone = ZoneInfo(day.timezone)
    chosen = [
        (f"item:{item.id}" if item.id else f"position:{position}", item)
        for position, item in enumerate(day.agenda)
        if city is None or item.audience in (None, city)
    ]
    items = [item for _key, item in chosen]
    entries = [_whole_day(day, items)] + [_entry(day, key, item, _end(item, items), zone) for key, item in chosen]
    return b"".join(bytes(entry.to_ical()) for entry in entries)


def _whole_day(day: Day, items: Sequence[Item]) -> Event:
    event = _event(day, "day", _name(day))
    event.add("dtstart", day.date)
    event.add("dtend", day.ends + dt.timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    _locate(event, day)
    agenda = []
    for item in sorted(items, key=lambda item: item.starts):
        audience = _("For {city}", city=printable(item.audience)) if item.audience else ""
        time = " ".join(filter(None, (on_day(day, item.starts), span(day, item.starts, item.ends))))
        agenda.append(f"{time} {printable(item.title)}" + (audience and f" ({audience})"))
    questions = [f"– {printable(question)}" for question in day.questions]
    online = [f"{_('Online')}: {printable(day.online)}"] if day.online else []
    parts = [online, agenda, [_("Guiding questions"), *questions] if questions else []]
    _describe(event, "\n\n".join("\n".join(part) for part in parts if part))
    return event


def _entry(day: Day, key: str, item: Item, ends: dt.datetime | None, zone: ZoneInfo) -> Event:
    title = printable(item.title)
    event = _event(day, key, f"{title} ({printable(item.audience)})" if item.audience else title)
    event.add("dtstart", item.starts.astimezone(zone))
    if ends:
        event.add("dtend", ends.astimezone(zone))
    event.add("transp", "OPAQUE")
    if not item.audience:
        _locate(event, day)  # what one city does alone (setting off, say) may be elsewhere
    lines = [*map(printable, item.details)]
    if item.responsible:
        lines.append(f"{_('Responsible')}: {printable(item.responsible)}")
    lines += [f"{printable(one.title)}: {printable(one.url)}" for one in item.material]
    _describe(event, "\n".join(lines))
    return event


def _event(day: Day, key: str, summary: str) -> Event:
    event = Event()
    event.add("uid", _uid(day, key))
    event.add("dtstamp", _utc(day))
    event.add("last-modified", _utc(day))
    event.add("sequence", day.sequence)
    event.add("status", day.status.upper())
    event.add("summary", _said(day, summary))
    return event


def _said(day: Day, summary: str) -> str:
    """Outlook shows what is CANCELLED in a calendar that somebody subscribed to like everything else."""
    if day.status != "cancelled":
        return summary
    return _("No longer taking part: {title}", title=summary) if day.left else _("Called off: {title}", title=summary)


def _locate(event: Event, day: Day) -> None:
    online = printable(day.online)
    place = ", ".join(filter(None, (printable(day.venue), printable(day.address)))) or online
    if place:
        event.add("location", place)
    if online:
        label = {"VALUE": "URI", "FEATURE": "VIDEO", "LABEL": _("Online")}
        event.add("conference", vUri(online), parameters=label)


def _describe(event: Event, text: str) -> None:
    if text:
        event.add("description", text)


def _end(item: Item, items: Sequence[Item]) -> dt.datetime | None:
    return item.ends or min((other.starts for other in items if other.starts > item.starts), default=None)


def _name(day: Day) -> str:
    return " – ".join(filter(None, (printable(day.hashtag), printable(day.title)))) or _("Agenda")


def _uid(day: Day, key: str) -> str:
    return str(uuid5(_NAMESPACE, f"{day.id}/{key}"))


def _utc(day: Day) -> dt.datetime:
    return day.updated.astimezone(dt.UTC)
