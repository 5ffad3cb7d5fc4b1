"""The agenda as calendar programs read it: parsed back with the library that reads, not the code that wrote."""

import datetime as dt
from zoneinfo import ZoneInfo

import icalendar
import msgspec
import pytest
from dateutil.rrule import rrulestr

from services.events.calendar import agenda_ics
from services.events.clocks import vtimezone
from services.events.day import Day, Item
from services.kit.i18n import speaking
from tests.events.sample_day import at, sample_day
from tests.events.test_outlook import ical


def entries(day: Day, city: str | None = None) -> list[icalendar.Component]:
    return icalendar.Calendar.from_ical(agenda_ics(day, city)).walk("VEVENT")


def text(entry: icalendar.Component, name: str) -> str:
    return str(entry[name])


def utc(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).strftime("%H:%M")


def test_the_day_and_its_items_have_the_right_times() -> None:
    whole, *items = entries(sample_day())
    assert (whole.decoded("dtstart"), whole.decoded("dtend")) == (dt.date(2019, 10, 1), dt.date(2019, 10, 2))
    assert whole["transp"] == "TRANSPARENT"
    assert "10:45–11:30 Speeddating: Interkommunales Netzwerken\n" in text(whole, "description")
    found = [(utc(e.decoded("dtstart")), utc(e.decoded("dtend")) if "dtend" in e else None) for e in items]
    assert found == [
        ("05:00", "08:30"),  # setting off: no end given, so until the day begins in Heilbronn
        ("08:30", "08:45"),
        ("08:45", "09:30"),
        ("09:30", "10:00"),
        ("10:00", "11:00"),
        ("11:00", "13:00"),
        ("13:00", "15:00"),
        ("15:00", None),
    ]
    assert str(items[2]["dtstart"].params["TZID"]) == "Europe/Berlin"
    assert "location" not in items[0]
    assert items[1]["location"] == "Jugendherberge auf der Bundesgartenschau, Heilbronn"


def test_every_entry_carries_the_days_revision() -> None:
    day = msgspec.structs.replace(sample_day(), status="cancelled")
    for entry in entries(day):
        assert entry["sequence"] == 2
        assert entry["status"] == "CANCELLED"
        assert entry.decoded("dtstamp") == entry.decoded("last-modified") == day.updated


def test_uids_survive_revisions_and_differ_between_days() -> None:
    day = sample_day()
    moved = msgspec.structs.replace(
        day, agenda=tuple(reversed(day.agenda)), title="Anders", sequence=3, updated=day.updated + dt.timedelta(days=1)
    )
    other = msgspec.structs.replace(day, id="other")
    uids = {str(e["uid"]) for e in entries(day)}
    assert len(uids) == 9
    assert {str(e["uid"]) for e in entries(moved)} == uids
    assert {str(e["uid"]) for e in entries(day, "Heilbronn")} < uids
    assert uids.isdisjoint(str(e["uid"]) for e in entries(other))
    assert str(icalendar.Calendar.from_ical(agenda_ics(day))["uid"]) == str(
        icalendar.Calendar.from_ical(agenda_ics(moved))["uid"]
    )
    assert "b1852f27-911f-5180-b3f2-ed3c1d6e12d5" in agenda_ics(day).decode()  # for ever


def test_a_city_sees_its_own_items() -> None:
    assert [str(e["summary"]) for e in entries(sample_day(), "Heilbronn")][1:] == [
        "#KNmeetsHN – Was & Warum?",
        "Speeddating: Interkommunales Netzwerken",
        "Vorstellung der gesammelten Ideen",
        "Gemeinsame Mittagspause",
        "Open Space",
    ]
    assert len(entries(sample_day(), "Konstanz")) == 9


def test_what_people_type_stays_in_its_property() -> None:
    evil = 'x\r\nATTENDEE:mailto:a@b\nEND:VEVENT\rBEGIN:VALARM\0\x0b\u2028;,:\\ "q"'
    day = msgspec.structs.replace(
        sample_day(),
        title=evil,
        venue=evil,
        hashtag=evil,
        questions=(evil,),
        agenda=(Item(at("09:00"), at("10:00"), evil, (evil,), evil, evil, evil),),
    )
    raw = agenda_ics(day)
    calendar = icalendar.Calendar.from_ical(raw)
    assert [component.name for component in calendar.walk()] == [
        "VCALENDAR", "VTIMEZONE", "DAYLIGHT", "STANDARD", "VEVENT", "VEVENT",
    ]  # fmt: skip
    plain = 'x ATTENDEE:mailto:a@b END:VEVENT BEGIN:VALARM ;,:\\ "q"'
    for entry in calendar.walk("VEVENT"):
        assert "attendee" not in entry
        assert plain in text(entry, "summary")
        assert plain in text(entry, "description")
    unfolded = raw.replace(b"\r\n ", b"").split(b"\r\n")
    names = [line for line in unfolded if line.startswith((b"NAME:", b"X-WR-CALNAME:"))]
    assert [name.count(rb"\;\,:\\ ") for name in names] == [2, 2]
    lines = raw.split(b"\r\n")
    assert not any(line.startswith((b"ATTENDEE", b"BEGIN:VALARM")) for line in lines)
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in lines)
    assert b"\0" not in raw


def test_the_timezone_is_said_by_the_rule_that_outlook_makes_of_it() -> None:
    """[MS-OXCICAL] 2.1.3.1.1.19: one STANDARD, one DAYLIGHT, each yearly on one BYDAY that counts."""
    (zone,) = icalendar.Calendar.from_ical(agenda_ics(sample_day())).walk("VTIMEZONE")
    assert str(zone["tzid"]) == "Europe/Berlin"
    assert [(part.name, ical(part["rrule"])) for part in zone.subcomponents] == [
        ("DAYLIGHT", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3"), ("STANDARD", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"),
    ]  # fmt: skip
    assert [part.decoded("dtstart") for part in zone.subcomponents] == [
        dt.datetime(2018, 3, 25, 2), dt.datetime(2018, 10, 28, 3),  # noqa: DTZ001 - on the clock that ends
    ]  # fmt: skip
    assert len(zone.to_ical()) < 400


ZONES = {
    "Europe/Berlin": True,
    "Europe/Dublin": True,
    "America/New_York": True,
    "Africa/Casablanca": False,
    "UTC": False,
}
"""Whether the clocks change by the same rule every year."""


@pytest.mark.parametrize("name", ZONES)
def test_a_timezone_is_read_as_it_is_meant_by_programs_that_know_no_other(name: str) -> None:
    """As ical.js reads it: the observance that began last counts, and none with RDATE begins with its DTSTART."""
    described, zone = vtimezone(name, 2026, 2027), ZoneInfo(name)
    assert not [one for one in described.subcomponents if "rdate" in one]
    assert [("rrule" in one) for one in described.subcomponents] == [ZONES[name]] * len(described.subcomponents)
    onsets = sorted(
        (onset - one.decoded("tzoffsetfrom"), one.decoded("tzoffsetto"))
        for one in described.subcomponents
        for onset in _onsets(one)
    )
    for hours in range(2 * 365 * 24 - 48):
        moment = dt.datetime(2026, 1, 2) + dt.timedelta(hours=hours)  # noqa: DTZ001 - UTC, as the onsets
        offset = [to for onset, to in onsets if onset <= moment][-1]
        assert moment.replace(tzinfo=dt.UTC).astimezone(zone).utcoffset() == offset, moment


def _onsets(observance: icalendar.Component) -> list[dt.datetime]:
    begins: dt.datetime = observance.decoded("dtstart")
    if "rrule" not in observance:
        return [begins]
    rule = rrulestr(ical(observance["rrule"]), dtstart=begins)
    return list(rule.between(begins, dt.datetime(2028, 1, 1), inc=True))  # noqa: DTZ001 - as DTSTART


def test_german_first_english_second_and_always_the_same_bytes() -> None:
    assert "Leitfragen" in text(entries(sample_day())[0], "description")
    with speaking("en"):
        assert "Guiding questions" in text(entries(sample_day())[0], "description")
    assert agenda_ics(sample_day()) == agenda_ics(sample_day())
