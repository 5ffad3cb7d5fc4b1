"""What the papers of an event day are made of: plain values, nothing looked up.

The event service fills a `Day` from its tables; `services.events.prints` and `services.events.calendar` turn it into
bytes. Moments are aware datetimes (any offset); every paper shows them on the clock of `Day.timezone`. Texts may hold
anything a person typed: the papers print them literally (see `printable`).
"""

import datetime as dt
import re
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date, format_interval, format_skeleton, format_time

from services.events.onsite import Bus, Certificate, Market
from services.kit.i18n import gettext as _
from services.kit.i18n import locale

Status = Literal["tentative", "confirmed", "cancelled"]

# Controls (NUL among them) and line separators act on a line; the rest has no glyph or turns the reading direction.
_SEPARATING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_INVISIBLE = re.compile("[\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]+")


class Link(msgspec.Struct, frozen=True):
    title: str
    url: str


class Item(msgspec.Struct, frozen=True):
    """One line of the agenda. `audience` is the city it is for (None: everybody), `responsible` who leads it, in words.

    `id` keeps the calendar entry's identity when the agenda is rearranged; without it the position counts.
    """

    starts: dt.datetime
    ends: dt.datetime | None
    title: str
    details: tuple[str, ...] = ()
    audience: str | None = None
    responsible: str = ""
    id: str = ""
    material: tuple[Link, ...] = ()


class Round(msgspec.Struct, frozen=True):
    """One round of table talk, numbered from 1; without times where the organiser has not set them."""

    number: int
    starts: dt.datetime | None = None
    ends: dt.datetime | None = None


class Table(msgspec.Struct, frozen=True):
    """One table, numbered from 1; `topic` may be empty."""

    number: int
    topic: str = ""


class Stop(msgspec.Struct, frozen=True):
    """In round `round` the person sits at table `table` (both numbers as printed)."""

    round: int
    table: int


class Person(msgspec.Struct, frozen=True):
    """A participant; a round without a stop is one the person sits out.

    `link` is their own for the day, printed as a QR code where there is one; `attendance` as it was noted.
    """

    name: str
    city: str
    department: str = ""
    route: tuple[Stop, ...] = ()
    link: str = ""
    attendance: str = "expected"


class Day(msgspec.Struct, frozen=True):
    """Everything printed about one event day.

    `kind` is `learning_trip`, `speed_dating`, `open_space`, `module`, `review`, `network_meeting`, `meeting` (printed
    in the reader's language) or any other short text, printed as it is. `last_day` is None where it takes one day;
    `online`, where it takes place online, is only for those who take part. `goals` are those of the module it teaches;
    `market`, `buses` and `certificates` are filled for the papers that print them; `left` is set in the calendar of who
    takes no part any more, to whom it is `cancelled`.
    `updated` dates the papers and `sequence` counts the published revisions (RFC 5545 SEQUENCE).

    Raises ValueError where the parts do not fit together: a naive moment, an unknown timezone or status, numbers below
    1 or given twice, an agenda item's id given twice, a stop at an unknown round or table, two stops of one person in
    one round.
    """

    id: str
    title: str
    hashtag: str
    kind: str
    date: dt.date
    venue: str
    address: str
    host: str
    updated: dt.datetime
    guests: tuple[str, ...] = ()
    agenda: tuple[Item, ...] = ()
    questions: tuple[str, ...] = ()
    rounds: tuple[Round, ...] = ()
    tables: tuple[Table, ...] = ()
    participants: tuple[Person, ...] = ()
    timezone: str = "Europe/Berlin"
    sequence: int = 0
    last_day: dt.date | None = None
    online: str = ""
    status: Status = "confirmed"
    goals: tuple[str, ...] = ()
    market: Market = Market()
    buses: tuple[Bus, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    left: bool = False

    @property
    def ends(self) -> dt.date:
        return self.last_day or self.date

    def __post_init__(self) -> None:
        if self.ends < self.date:
            raise ValueError("a day ends before it begins")
        try:
            ZoneInfo(self.timezone)
        except (KeyError, OSError) as error:
            raise ValueError(f"unknown timezone {self.timezone!r}") from error
        if self.status not in get_args(Status):
            raise ValueError(f"unknown status {self.status!r}")
        moments = [self.updated, *(i.starts for i in self.agenda), *(i.ends for i in self.agenda if i.ends)]
        moments += [moment for r in self.rounds for moment in (r.starts, r.ends) if moment]
        moments += [moment for slot in self.market.slots for moment in (slot.starts, slot.ends)]
        moments += [point.leaves for bus in self.buses for point in bus.points]
        moments += [one.issued for one in self.certificates]
        if any(moment.tzinfo is None for moment in moments):
            raise ValueError("every moment of a day needs a timezone")
        ids = [item.id for item in self.agenda if item.id]
        if len(set(ids)) < len(ids):
            raise ValueError(f"an agenda item's id is given twice: {ids}")
        if any(len(self.market.rooms) <= s.room or len(self.market.slots) <= s.slot for s in self.market.sessions):
            raise ValueError("a session is in an unknown room or slot")
        rounds = _numbers("round", [r.number for r in self.rounds])
        tables = _numbers("table", [t.number for t in self.tables])
        for person in self.participants:
            visited = [stop.round for stop in person.route]
            if len(set(visited)) < len(visited):
                raise ValueError("somebody has two tables in one round")
            if not rounds.issuperset(visited) or not tables.issuperset(stop.table for stop in person.route):
                raise ValueError("somebody is sent to an unknown round or table")


def _numbers(what: str, numbers: list[int]) -> set[int]:
    if any(number < 1 for number in numbers) or len(set(numbers)) < len(numbers):
        raise ValueError(f"{what} numbers start at 1 and are given once: {numbers}")
    return set(numbers)


def printable(text: str) -> str:
    """`text` as one line that is safe to print: controls (NUL included) and line breaks become single spaces.

    Bidirectional overrides, noncharacters and lone surrogates disappear. Everything else stays, markup of any kind
    included: what a person typed is what the paper shows.
    """
    return re.sub(" {2,}", " ", _INVISIBLE.sub("", _SEPARATING.sub(" ", text))).strip()


def date_words(day: Day, style: Literal["full", "long"] = "full") -> str:
    """The date in the current language: `Dienstag, 1. Oktober 2019` in full, `1. Oktober 2019` long.

    Several days are `1.–3. Okt. 2019` in both.
    """
    if day.ends > day.date:
        return format_interval(day.date, day.ends, "yMMMMd", locale=locale())
    return format_date(day.date, style, locale=locale())


def span(day: Day, starts: dt.datetime | None, ends: dt.datetime | None) -> str:
    """`10:45–11:00`, or `10:45` without an end, on the day's own clock; empty without a start."""
    return "–".join(_clock(day, moment) for moment in (starts, ends) if moment)


def on_day(day: Day, moment: dt.datetime) -> str:
    """Which day of several it is: `Di., 1. Okt.`; empty where the day is one."""
    if day.ends == day.date:
        return ""
    return format_skeleton("MMMEd", moment.astimezone(ZoneInfo(day.timezone)).date(), locale=locale())


def spoken_span(day: Day, starts: dt.datetime | None, ends: dt.datetime | None) -> str:
    """`span` as it stands in running text: German says `10:45–11:00 Uhr`."""
    if starts is None or ends is None:
        return ""
    return _("{start}–{end}", start=_clock(day, starts), end=_clock(day, ends))


def spoken(day: Day, moment: dt.datetime) -> str:
    """One time of day as it stands in running text: German says `07:00 Uhr`."""
    return _("{time} o'clock", time=_clock(day, moment))


def long_date(day: Day, moment: dt.datetime) -> str:
    """The day of a moment on the event's clock: `1. Oktober 2019`."""
    return format_date(moment.astimezone(ZoneInfo(day.timezone)).date(), "long", locale=locale())


def as_of(day: Day) -> str:
    """When the day was last changed, in words: `Stand: 24. September 2019, 09:30 Uhr`."""
    return _("As of {date}, {time}", date=long_date(day, day.updated), time=_clock(day, day.updated))


def _clock(day: Day, moment: dt.datetime) -> str:
    return format_time(moment.astimezone(ZoneInfo(day.timezone)).time(), "short", locale=locale())
