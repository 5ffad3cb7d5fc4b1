"""Timezones as calendar files describe them (VTIMEZONE, RFC 5545, 3.6.5). Pure.

Where the clocks change by the same rule each year, two observances with a yearly rule say it: Outlook makes one such
pair of whatever it reads, and of anything else a clock that is an hour off for half of the year ([MS-STANOICAL] 2.2.47,
[MS-OXCICAL] 2.1.3.1.1.19). Elsewhere each change is an observance of its own. Short forms with RDATE read the same to
people, but the reader in Thunderbird and Nextcloud (ical.js) then forgets the first change.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_DAY, _SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)


WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
Rule = tuple[int, int, str]
"""Month, which of its weekdays (-1: the last), weekday."""


def vtimezone(name: str, first: int, last: int) -> Timezone:
    """The clocks of `name` in the years from `first` to `last`."""
    zone = ZoneInfo(name)
    timezone = Timezone()
    timezone.add("tzid", name)
    # The change of the year before says how the clocks go when `first` begins.
    changes = list(_changes(zone, first - 1, last))
    if (rules := _yearly(changes, first - 1, last)) is not None:
        for moment, rule in rules:
            timezone.add_component(_observance(moment, rule))
        return timezone
    begins = dt.datetime(first, 1, 1, tzinfo=zone)
    for moment in (begins, *(one for one in changes if one.year >= first)):
        timezone.add_component(_observance(moment))
    return timezone


def _observance(moment: dt.datetime, rule: Rule | None = None) -> TimezoneDaylight | TimezoneStandard:
    """From `moment` on; with `rule` each year again."""
    onset = _onset(moment)
    observance = TimezoneDaylight() if moment.dst() else TimezoneStandard()
    observance.add("dtstart", onset)
    if rule is not None:
        month, number, day = rule
        observance.add("rrule", {"freq": "yearly", "bymonth": month, "byday": f"{number}{day}"})
    observance.add("tzoffsetfrom", onset - moment.astimezone(dt.UTC).replace(tzinfo=None))
    observance.add("tzoffsetto", moment.utcoffset())
    observance.add("tzname", moment.tzname())
    return observance


def _yearly(changes: Sequence[dt.datetime], first: int, last: int) -> list[tuple[dt.datetime, Rule]] | None:
    """The first two changes with the rules by which they come again every year; None where they do not."""
    years = range(first, last + 1)
    found = []
    for nth in (0, 1):
        same = [[one for one in changes if one.year == year][nth : nth + 1] for year in years]
        each = [one for some in same for one in some]
        if len(changes) != 2 * len(years) or len(each) != len(years):
            return None
        kinds = {(one.utcoffset(), one.tzname(), bool(one.dst()), _clock(one)) for one in each}
        rules = set.intersection(*(_rules(_onset(one)) for one in each))
        if len(kinds) != 1 or not rules:
            return None
        found.append((each[0], min(rules, key=lambda rule: rule[1])))
    return found


def _onset(moment: dt.datetime) -> dt.datetime:
    """When a change is, on the clock that it ends, as VTIMEZONE tells it."""
    before = (moment.astimezone(dt.UTC) - _SECOND).astimezone(moment.tzinfo).utcoffset() or dt.timedelta()
    return (moment.astimezone(dt.UTC) + before).replace(tzinfo=None)


def _clock(moment: dt.datetime) -> dt.time:
    return _onset(moment).time()


def _rules(day: dt.datetime) -> set[Rule]:
    """The rules that hit this day: its weekday counted from the month's beginning, or as the last."""
    weekday, number = WEEKDAYS[day.weekday()], (day.day - 1) // 7 + 1
    numbers = {number, -1} if (day + 7 * _DAY).month != day.month else {number}
    return {(day.month, one, weekday) for one in numbers}


def _changes(zone: ZoneInfo, first: int, last: int) -> Iterator[dt.datetime]:
    """The moments in these years from which on the clocks go otherwise."""
    earlier = dt.datetime(first, 1, 1, tzinfo=zone).astimezone(dt.UTC)
    for _step in range((last - first + 1) * 366):
        later = earlier + _DAY
        if later.astimezone(zone).utcoffset() != earlier.astimezone(zone).utcoffset():
            low, high = earlier, later
            while high - low > _SECOND:
                middle = low + dt.timedelta(seconds=(high - low) // _SECOND // 2)
                if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset():
                    low = middle
                else:
                    high = middle
            if high.astimezone(zone).year <= last:
                yield high.astimezone(zone)
        earlier = later
