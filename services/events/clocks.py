"""Timezones as calendar files describe them (VTIMEZONE, RFC 5545, 3.6.5). Pure.

Each time the clocks are changed is an observance of its own. Short forms with RDATE read the same to people, but the
reader in Thunderbird and Nextcloud (ical.js) then forgets the first change, and a summer is an hour off.
"""

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_DAY, _SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)


def vtimezone(name: str, first: int, last: int) -> Timezone:
    """The clocks of `name` in the years from `first` to `last`."""
    zone = ZoneInfo(name)
    timezone = Timezone()
    timezone.add("tzid", name)
    begins = dt.datetime(first, 1, 1, tzinfo=zone)
    before = begins.utcoffset()
    for moment in (begins, *_changes(zone, first, last)):
        offset = moment.utcoffset()
        observance = TimezoneDaylight() if moment.dst() else TimezoneStandard()
        # Onsets are told on the clock that they end.
        observance.add("dtstart", (moment.astimezone(dt.UTC) + (before or dt.timedelta())).replace(tzinfo=None))
        observance.add("tzoffsetfrom", before)
        observance.add("tzoffsetto", offset)
        observance.add("tzname", moment.tzname())
        timezone.add_component(observance)
        before = offset
    return timezone


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
