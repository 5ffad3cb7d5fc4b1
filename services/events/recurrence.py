"""Which days a rule gives (RRULE, RFC 5545): the part of it that meetings need. Pure."""

import datetime as dt
import itertools
import re
from typing import Final

from dateutil.rrule import rrulestr

from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _

MOST: Final = 100
LAST_YEAR: Final = 2100
_DAY, _DAYS = r"(?:MO|TU|WE|TH|FR|SA|SU)", r"[+-]?[1-5]?(?:MO|TU|WE|TH|FR|SA|SU)"
_MONTHDAY, _MONTH = r"(?:-?(?:[1-9]|[12]\d|3[01]))", r"(?:[1-9]|1[0-2])"
_FORMS: Final = {
    "FREQ": r"DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d?",
    "COUNT": r"[1-9]\d{0,2}",
    "UNTIL": r"(?:20\d\d|2100)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:T\d{6}Z?)?",
    "WKST": _DAY,
    "BYDAY": rf"{_DAYS}(?:,{_DAYS}){{0,6}}",
    "BYMONTHDAY": rf"{_MONTHDAY}(?:,{_MONTHDAY}){{0,30}}",
    "BYMONTH": rf"{_MONTH}(?:,{_MONTH}){{0,11}}",
    "BYSETPOS": r"-?[1-4](?:,-?[1-4]){0,7}",
}
_ENDS: Final = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}
_ALLOWED: Final = {
    "DAILY": _ENDS,
    "WEEKLY": _ENDS | {"BYDAY"},
    "MONTHLY": _ENDS | {"BYDAY", "BYMONTHDAY", "BYSETPOS"},
    "YEARLY": _ENDS | {"BYMONTH", "BYDAY", "BYMONTHDAY", "BYSETPOS"},
}
"""Rules beyond these give no day of a meeting, or take for ever to give none."""
_WEEK: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def parts(rule: str) -> dict[str, str]:
    """The parts of a rule, checked. Raises Refused."""
    text = rule.strip().upper().removeprefix("RRULE:").rstrip(";")
    if len(text) > 300:
        raise _no(_("The rule is too long."))
    pairs = [part.partition("=")[::2] for part in text.split(";")]
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _no(_("A part of the rule is given twice."))
    for name, value in found.items():
        if name not in _FORMS or not re.fullmatch(_FORMS[name], value):
            raise _no(_("This part of the rule cannot be used here: {part}", part=f"{name}={value}"[:60]))
    if (frequency := found.get("FREQ")) is None:
        raise _no(_("A rule looks like FREQ=MONTHLY;BYDAY=2TU;COUNT=10."))
    if strange := set(found) - _ALLOWED[frequency]:
        raise _no(_("{part} does not go with FREQ={frequency}.", part=min(strange), frequency=frequency))
    if ("COUNT" in found) == ("UNTIL" in found):
        raise _no(_("Say how often (COUNT) or until when (UNTIL) the meetings take place, one of both."))
    ordinal = any(char.isdigit() for char in found.get("BYDAY", ""))
    if (
        ("BYDAY" in found and "BYMONTHDAY" in found)
        or ("BYSETPOS" in found and ("BYDAY" not in found or ordinal))
        or (ordinal and frequency == "WEEKLY")
        or (frequency == "YEARLY" and "BYMONTH" not in found and len(found.keys() & {"BYDAY", "BYMONTHDAY"}))
    ):
        raise _no(_("These parts of the rule do not go together."))
    return found


def dates(rule: str, first: dt.date) -> tuple[dt.date, ...]:
    """The days of `rule`, of which `first` must be the first; at most MOST. Raises Refused.

    UNTIL counts as a day, whatever time stands in it: meetings are of a day.
    """
    found = parts(rule)
    strange = _no(_("The first meeting is not on a day that the rule gives."), "date")
    # Or the search for the next such day would go on for thousands of years.
    if "BYMONTH" in found and str(first.month) not in found["BYMONTH"].split(","):
        raise strange
    if "BYMONTHDAY" in found and not {str(first.day), str(_from_the_end(first))} & set(found["BYMONTHDAY"].split(",")):
        raise strange
    try:
        until = dt.date.fromisoformat(found.pop("UNTIL")[:8]) if "UNTIL" in found else None
    except ValueError:
        raise _no(_("UNTIL is not a day.")) from None
    count = int(found.pop("COUNT", MOST + 1))
    start = dt.datetime.combine(first, dt.time())
    endless = rrulestr(_text(found), dtstart=start)
    days = (moment.date() for moment in itertools.islice(endless, min(count, MOST + 1)))
    given = tuple(itertools.takewhile(lambda day: until is None or day <= until, days))
    if not given or given[0] != first:
        raise strange
    if len(given) > MOST:
        raise _no(_("A series has at most {most} meetings.", most=MOST))
    if given[-1].year > LAST_YEAR:
        raise _no(_("Choose a date in the years 2000 to 2100."))
    return given


def shifted(rule: str, first: dt.date, last: dt.date, days: int) -> str:
    """The rule for its meetings from `first` to `last`, so many days later.

    Raises Refused where a new rule must be said.
    """
    found = parts(ended(rule, last))
    step = dt.timedelta(days=days)
    try:
        wanted = tuple(day + step for day in dates(_text(found), first))
        if found["FREQ"] == "WEEKLY" and "BYDAY" in found:
            moved = {(_WEEK.index(day) + days) % 7 for day in found["BYDAY"].split(",")}
            found["BYDAY"] = ",".join(_WEEK[day] for day in sorted(moved))
        later = ended(_text(found), wanted[-1])
        if dates(later, first + step) == wanted:
            return later
    except (OverflowError, Refused):
        pass
    raise _no(_("Please send the new rule, too: the old one does not give the new days."))


def normal(rule: str) -> str:
    """The rule as it is kept: capitals, without its name."""
    return _text(parts(rule))


def ended(rule: str, until: dt.date) -> str:
    """The rule that gives no day after `until`."""
    found = parts(rule)
    found.pop("COUNT", None)
    return _text(found | {"UNTIL": until.strftime("%Y%m%d")})


def _text(found: dict[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in found.items())


def _from_the_end(day: dt.date) -> int:
    """-1 for the last day of its month."""
    following = (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return (day - following).days


def _no(message: str, field: str = "rule") -> Refused:
    row = "event" if field == "date" else ""
    return Refused(message, [Problem(message=message, row=row, field=field)])
