"""What a status mail says of one event, in the current language."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_interval, format_time

from services.events.day import printable
from services.events.models import BoardingPoint, Event, Vehicle
from services.events.notices import CERTIFICATE, SEATS, SESSIONS
from services.events.registration.reading import Standing
from services.kit.i18n import gettext as _
from services.kit.i18n import locale

STANDING = (
    "place", "took_over", "waiting", "offered", "expired", "cancelled", "substituted", "release_given",
    "release_refused", "release_again",
)  # fmt: skip
"""Of these, the mail says what came last: where the person stands now."""


@dataclass(frozen=True)
class Said:
    headline: str
    lines: list[str]


@dataclass(frozen=True)
class Where:
    """What somebody boards, the tables at which they sit by round, and their sessions: when, what, in which room."""

    boarding: Sequence[tuple[Vehicle, BoardingPoint]] = ()
    seats: Sequence[tuple[int, int]] = ()
    sessions: Sequence[tuple[dt.datetime, str, str]] = ()


def said(event: Event, kinds: Mapping[str, Mapping[str, Any]], standing: Standing | None, where: Where) -> Said:
    """`kinds` are the notices in the order in which they were noted, each with its details."""
    if event.status == "cancelled":
        called_off = "event_cancelled" in kinds
        return Said(_("Called off"), [_("The event was called off. It does not take place.")] if called_off else [])
    headlines, lines = [], []
    last = next((kind for kind in reversed(list(kinds)) if kind in STANDING), None)
    if last:
        headline, words = _standing(event, last, standing)
        headlines.append(headline)
        lines += words
    if "announcement" in kinds:
        headlines.append(_("The organiser announces"))
        lines += [printable(line) for line in kinds["announcement"].get("lines", []) if line]
    if "event_changed" in kinds:
        headlines.append(_("The event has changed"))
        lines.append(_("The event has changed: please look at date, place and agenda once more."))
        if kinds["event_changed"].get("invited") and standing and standing.state == "invited":
            lines.append(_("You are invited and have not answered yet."))
    if SEATS in kinds:
        headlines.append(_("You sit elsewhere"))
        tables = [_("Round {round}: table {table}", round=number, table=table) for number, table in where.seats]
        lines += [_("The tables were planned anew. Your slip is out of date; your tables are now:"), *tables]
    if SESSIONS in kinds:
        headlines.append(_("Your sessions have moved"))
        if where.sessions:
            lines.append(_("The agenda of the open space has changed. Your sessions are now:"))
        else:
            lines.append(_("The agenda of the open space has changed: your session does not take place."))
        lines += [
            _("{time}, {room}: {title}", time=when(event, starts), room=printable(room), title=printable(title))
            for starts, title, room in where.sessions
        ]
    if "reminder" in kinds:
        headlines.append(_("Reminder"))
        lines.append(_("The event is near. If you cannot come, please give your place back or to a colleague."))
    if "bus_gone" in kinds:
        headlines.append(_("Travel"))
        bus = printable(str(kinds["bus_gone"].get("name", "")))
        lines.append(_("{vehicle} does not run. Please choose another.", vehicle=bus))
    if {"bus", "reminder", "place", "took_over"} & kinds.keys():
        headlines.append(_("Travel"))
        lines += [ride(event, *one) for one in where.boarding]
    if "follow_up" in kinds:
        headlines.append(_("Afterwards"))
        lines += [_("Thank you for taking part."), *filter(None, kinds["follow_up"].get("lines", []))]
    if CERTIFICATE in kinds:
        headlines.append(_("Your certificate"))
        lines.append(_("Your certificate of attendance is ready: you find it on your own page."))
    if "survey" in kinds:
        headlines.append(_("How was it?"))
        titles = [printable(title) for title in kinds["survey"].get("titles", [])]
        lines += [_("Please answer the survey „{title}“: without your name.", title=title) for title in titles]
    return Said(headlines[0] if headlines else "", lines)


def now(event: Event, standing: Standing) -> list[str]:
    """Where the person stands, for their page."""
    if standing.state == "invited":
        return [_("You are invited. Nothing is decided yet.")]
    if standing.state == "declined":
        return [_("You have no place and do not wait for one.")]
    if standing.state == "cancelled" and standing.release == "refused":
        return _standing(event, "release_refused", standing)[1]
    return _standing(event, "place" if standing.state == "registered" else standing.state, standing)[1]


def _standing(event: Event, kind: str, standing: Standing | None) -> tuple[str, list[str]]:
    if standing is None:
        return "", []
    if kind in {"place", "took_over"} and standing.state == "registered":
        took = [_("You take over the place of a colleague.")] if kind == "took_over" else []
        if standing.release == "again":
            return _standing(event, "release_again", standing)
        if standing.release != "pending":
            return _("Your place is confirmed"), [*took, _("Your place is confirmed.")]
        kept = [*took, _("A place is kept for you. It counts as soon as your superior has released it.")]
        return _("Your place is kept"), [*kept, _asked(standing)]
    if kind == "waiting" and standing.position:
        # Not that all places are taken: those of the city may be, while others' are free.
        words = _(
            "No place is free for you. You are number {position} on the waiting list.", position=standing.position
        )
        return _("Waiting list"), [words]
    if kind == "offered" and standing.offered_until:
        until = when(event, standing.offered_until)
        words = _("A place is free for you until {until}. Please take it or decline it on your page.", until=until)
        return _("A place is free"), [words]
    if kind == "release_again" and standing.release == "again":
        lines = [_("Your superior released you for another day, so the release is needed again. You keep your place.")]
        return _("Release needed again"), [*lines, _asked(standing)]
    words_of = {
        "expired": (_("Offer ended"), _("The time of your offer is over; the place went to the next.")),
        "cancelled": (
            _("Your registration was cancelled"),
            _("You have no place any more: your registration was cancelled."),
        ),
        "substituted": (_("Handed over"), _("A colleague has taken over your place.")),
        "release_given": (
            _("Your place is confirmed"),
            _("Your superior has released you for the event. Your place is confirmed."),
        ),
        "release_refused": (
            _("Not released"),
            _("Your superior has not released you for the event. Your place was given back."),
        ),
    }
    headline, line = words_of.get(kind, ("", ""))
    return headline, [line] if line else []


def _asked(standing: Standing) -> str:
    asked = _("Your superior has been asked by mail.")
    return asked if standing.superior else _("Please say on your page who your superior is.")


def ride(event: Event, vehicle: Vehicle, point: BoardingPoint) -> str:
    leaves = when(event, point.leaves + dt.timedelta(minutes=vehicle.delay))
    said = {"vehicle": printable(vehicle.name), "point": printable(point.name), "time": leaves}
    if vehicle.delay:
        return _("{vehicle} is late by {minutes} minutes and leaves {point} at {time}.", minutes=vehicle.delay, **said)
    return _("{vehicle} leaves {point} at {time}.", **said)


def day(event: Event) -> str:
    """As `written`; several days are `1.–3. Okt. 2019`."""
    if event.last_day > event.date:
        return format_interval(event.date, event.last_day, "yMMMMd", locale=locale())
    return written(event.date)


def hours(event: Event, starts: dt.datetime | None, ends: dt.datetime | None) -> str:
    """`07:00–17:00 Uhr` on the event's clock; nothing of several days."""
    if starts is None or ends is None or event.last_day > event.date:
        return ""
    start, end = (format_time(one, "short", tzinfo=ZoneInfo(event.timezone), locale=locale()) for one in (starts, ends))
    return _("{start}–{end}", start=start, end=end)


def written(day: dt.date) -> str:
    """`Dienstag, 1. Oktober 2019`."""
    return format_date(day, "full", locale=locale())


def when(event: Event, moment: dt.datetime) -> str:
    """Day and minute on the event's clock."""
    return format_datetime(moment, "short", tzinfo=ZoneInfo(event.timezone), locale=locale())
