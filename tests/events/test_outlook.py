"""Feeds are held against what Outlook is known to stumble over: it does not run here, its rules are written down.

[MS-STANOICAL] says what Outlook reads of RFC 5545, [MS-OXCICAL] what becomes of it. What it cannot make sense of, it
leaves out without a word: a clock that is an hour off, a second calendar, an entry that comes twice.
"""

import datetime as dt
import re
from collections import Counter
from typing import Any

import icalendar
import msgspec
import pytest

from services.events.calendar import agenda_ics, feed_ics
from services.events.day import Day, Item
from services.kit.i18n import speaking
from tests.events.sample_day import sample_day

KEY, NAME = "person/1", "Meine Termine äöü 🧭"
LONG = "Übergrößenträger 🧭🧭 " * 12


def days() -> list[Day]:
    """Of several years and clocks, one of two days, one called off, one left; with texts that have to be folded."""
    one = sample_day()
    agenda = tuple(msgspec.structs.replace(item, title=f"{item.title} {LONG}", details=(LONG,)) for item in one.agenda)
    summer = dt.datetime(2026, 7, 1, 8, tzinfo=dt.UTC)
    replace = msgspec.structs.replace
    later = replace(
        one, id="later", date=dt.date(2026, 7, 1), last_day=dt.date(2026, 7, 2), title=LONG, agenda=(
            Item(summer, summer + dt.timedelta(hours=1), "Erster Tag"),
            Item(summer + dt.timedelta(days=1), None, "Ende"),
        ),
    )  # fmt: skip
    return [
        replace(one, agenda=agenda), later, replace(later, id="off", status="cancelled", sequence=3),
        replace(later, id="left", status="cancelled", left=True),
        replace(later, id="dublin", timezone="Europe/Dublin"),
    ]  # fmt: skip


@pytest.fixture(params=["feed", "file"])
def raw(request: pytest.FixtureRequest) -> bytes:
    if request.param == "file":
        return agenda_ics(days()[0])
    return feed_ics(days(), KEY, NAME)


def ical(value: Any) -> str:
    """As it is written."""
    return bytes(value.to_ical()).decode()


def test_lines_are_folded_between_characters(raw: bytes) -> None:
    assert raw.startswith(b"BEGIN:VCALENDAR\r\n")  # no mark of a byte order before it
    assert raw.endswith(b"END:VCALENDAR\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    lines = raw.removesuffix(b"\r\n").split(b"\r\n")
    assert sum(line.startswith(b" ") for line in lines) > 20
    for line in lines:
        assert 0 < len(line) <= 75
        line.decode()  # a character that is torn apart becomes two that nobody knows


def test_the_calendar_says_once_what_it_is(raw: bytes) -> None:
    calendar = icalendar.Calendar.from_ical(raw)
    names = Counter(name for name, _value in calendar.property_items(recursive=False) if name not in {"BEGIN", "END"})
    assert max(names.values()) == 1
    assert {"PRODID", "VERSION", "METHOD", "X-WR-CALNAME", "X-WR-RELCALID"} <= set(names)
    assert (str(calendar["version"]), str(calendar["method"])) == ("2.0", "PUBLISH")
    assert str(calendar["x-wr-relcalid"]) == str(calendar["uid"])  # or it opens as another calendar beside the first


def test_a_feed_is_asked_for_again_and_keeps_its_name() -> None:
    calendar = icalendar.Calendar.from_ical(feed_ics(days(), KEY, NAME))
    assert str(calendar["x-published-ttl"]) == "PT2H"
    assert str(calendar["x-wr-calname"]) == NAME
    other = icalendar.Calendar.from_ical(feed_ics(days()[:1], KEY, "Anders"))
    assert str(other["x-wr-relcalid"]) == str(calendar["x-wr-relcalid"])


def test_every_clock_that_is_named_is_described_by_a_yearly_rule(raw: bytes) -> None:
    calendar = icalendar.Calendar.from_ical(raw)
    described = [str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")]
    named = {
        str(entry[name].params["TZID"])
        for entry in calendar.walk("VEVENT")
        for name in ("dtstart", "dtend")
        if name in entry and "TZID" in entry[name].params
    }
    assert sorted(described) == sorted(named)
    for zone in calendar.walk("VTIMEZONE"):
        assert sorted(str(part.name) for part in zone.subcomponents) == ["DAYLIGHT", "STANDARD"]
        for part in zone.subcomponents:
            rule = ical(part["rrule"])
            assert re.fullmatch(r"FREQ=YEARLY;BYDAY=-?[1-5](MO|TU|WE|TH|FR|SA|SU);BYMONTH=\d+", rule)
            assert {"dtstart", "tzoffsetfrom", "tzoffsetto"} <= {name.lower() for name in part}
            first = min(entry.decoded("dtstart").year for entry in calendar.walk("VEVENT"))
            assert part.decoded("dtstart").year < first


def test_every_entry_is_one_appointment(raw: bytes) -> None:
    entries = icalendar.Calendar.from_ical(raw).walk("VEVENT")
    assert len({str(entry["uid"]) for entry in entries}) == len(entries)
    for entry in entries:
        names = Counter(name for name, _value in entry.property_items(recursive=False))
        assert max(count for name, count in names.items() if name not in {"CONFERENCE", "ATTACH"}) == 1
        assert {"UID", "DTSTAMP", "DTSTART", "SEQUENCE", "SUMMARY"} <= set(names)
        # Meetings of a series are entries of their own: nothing here is a part of another.
        assert not {"RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "ATTENDEE", "ORGANIZER", "VALARM"} & set(names)
        assert 0 <= int(str(entry["sequence"])) < 2**31
        assert ical(entry["dtstamp"]).endswith("Z")
        starts = entry.decoded("dtstart")
        if "dtend" in entry:
            ends = entry.decoded("dtend")
            assert isinstance(starts, dt.datetime) == isinstance(ends, dt.datetime)
            assert ends > starts
            assert entry["dtstart"].params.get("TZID") == entry["dtend"].params.get("TZID")
        if not isinstance(starts, dt.datetime):
            assert entry["dtstart"].params["VALUE"] == entry["dtend"].params["VALUE"] == "DATE"


def test_a_revision_replaces_what_is_there() -> None:
    before = {str(one["uid"]): one for one in icalendar.Calendar.from_ical(feed_ics(days(), KEY, NAME)).walk("VEVENT")}
    later = dt.timedelta(minutes=5)
    changed = [
        msgspec.structs.replace(
            day, title="Neu", venue="Anderswo", sequence=day.sequence + 1, updated=day.updated + later,
            agenda=tuple(msgspec.structs.replace(item, starts=item.starts + later) for item in day.agenda),
        )
        for day in days()
    ]  # fmt: skip
    after = {str(one["uid"]): one for one in icalendar.Calendar.from_ical(feed_ics(changed, KEY, NAME)).walk("VEVENT")}
    assert before.keys() == after.keys()
    for uid, one in after.items():
        assert int(str(one["sequence"])) == int(str(before[uid]["sequence"])) + 1
        assert one.decoded("dtstamp") > before[uid].decoded("dtstamp")


def test_what_does_not_take_place_says_so_in_its_name() -> None:
    """In a calendar that somebody subscribed to, Outlook shows what is CANCELLED like everything else."""
    for language, off, left in (
        ("de", "Abgesagt: ", "Nicht mehr dabei: "),
        ("en", "Called off: ", "No longer taking part: "),
    ):
        with speaking(language):
            entries = icalendar.Calendar.from_ical(feed_ics(days(), KEY, NAME)).walk("VEVENT")
        begins = Counter(
            next((word for word in (off, left) if str(one["summary"]).startswith(word)), "") for one in entries
        )
        assert {
            str(one["status"]) == "CANCELLED" for one in entries if str(one["summary"]).startswith((off, left))
        } == {True}
        assert (begins[off], begins[left]) == (3, 3)
