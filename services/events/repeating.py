"""Rules of series (RRULE, RFC 5545) as people say them: written from a choice, and told in words. Pure."""

import datetime as dt
import re
from typing import Final

from babel.dates import format_date, get_day_names

from services.events.recurrence import parts
from services.kit import i18n
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext

_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FIFTH: Final = 5
MOST_TIMES: Final = 100


def choices() -> list[tuple[str, str]]:
    """How often a meeting may take place, for a form."""
    return [
        ("WEEKLY", _("every week")),
        ("FORTNIGHTLY", _("every second week")),
        ("MONTHLY", _("every month on the same weekday, such as the second Tuesday")),
        ("LAST", _("every month on the last such weekday, such as the last Tuesday")),
        ("MONTHDAY", _("every month on the same date, such as the 14th")),
        ("QUARTERLY", _("every three months on the same weekday")),
        ("YEARLY", _("every year on the same date")),
    ]


def rule(choice: str, first: dt.date, times: int | None, until: dt.date | None) -> str:
    """The rule of a choice for meetings from `first` on. Raises Refused unless one of `times` and `until` is given."""
    if (times is None) == (until is None):
        words = _("Please say either how many times or until which day.")
        raise Refused(words, [Problem(words, field="times")])
    day, nth = _DAYS[first.weekday()], (first.day - 1) // 7 + 1
    same = f"{'-1' if nth == _FIFTH else nth}{day}"
    how = {
        "WEEKLY": "FREQ=WEEKLY",
        "FORTNIGHTLY": "FREQ=WEEKLY;INTERVAL=2",
        "MONTHLY": f"FREQ=MONTHLY;BYDAY={same}",
        "LAST": f"FREQ=MONTHLY;BYDAY=-1{day}",
        "MONTHDAY": f"FREQ=MONTHLY;BYMONTHDAY={first.day}",
        "QUARTERLY": f"FREQ=MONTHLY;INTERVAL=3;BYDAY={same}",
        "YEARLY": "FREQ=YEARLY",
    }[choice]
    return f"{how};COUNT={times}" if until is None else f"{how};UNTIL={until:%Y%m%d}"


def choice(said: str) -> str:
    """The choice that a rule was written from, empty where it is none of them."""
    found = parts(said)
    freq, interval, days = found["FREQ"], found.get("INTERVAL", "1"), found.get("BYDAY", "")
    simple = {("WEEKLY", "1"): "WEEKLY", ("WEEKLY", "2"): "FORTNIGHTLY", ("YEARLY", "1"): "YEARLY"}
    if not days and not found.keys() & {"BYMONTHDAY", "BYMONTH"}:
        return simple.get((freq, interval), "")
    if freq == "MONTHLY" and re.fullmatch(r"-?\d[A-Z]{2}", days):
        if interval == "1":
            return "LAST" if days.startswith("-1") else "MONTHLY"
        return "QUARTERLY" if interval == "3" else ""
    if freq == "MONTHLY" and interval == "1" and re.fullmatch(r"\d+", found.get("BYMONTHDAY", "")):
        return "MONTHDAY"
    return ""


def in_words(said: str, first: dt.date) -> str:
    """A rule as people say it; what is too special for that, as it is written."""
    found = parts(said)
    freq, interval = found["FREQ"], int(found.get("INTERVAL", "1"))
    every = {
        "DAILY": ngettext("every day", "every {number} days", interval),
        "WEEKLY": ngettext("every week", "every {number} weeks", interval),
        "MONTHLY": ngettext("every month", "every {number} months", interval),
        "YEARLY": ngettext("every year", "every {number} years", interval),
    }[freq]
    on = _on(found, first)
    if on is None:
        return said
    return " ".join(filter(None, (every, on))) + f", {_ends(found)}"


def _on(found: dict[str, str], first: dt.date) -> str | None:
    """On which day, empty where that goes without saying; None where words fail."""
    days, names = found.get("BYDAY", ""), get_day_names("wide", locale=i18n.language())
    if found.keys() & {"BYSETPOS", "BYMONTH"}:
        return None
    if found["FREQ"] == "WEEKLY":
        meant = [names[_DAYS.index(day)] for day in days.split(",")] if days else [names[first.weekday()]]
        return _("on {day}", day=" + ".join(meant))
    if ordinal := re.fullmatch(r"(-?\d)([A-Z]{2})", days):
        day = names[_DAYS.index(ordinal[2])]
        return {
            "1": _("on the first {day}", day=day),
            "2": _("on the second {day}", day=day),
            "3": _("on the third {day}", day=day),
            "4": _("on the fourth {day}", day=day),
            "5": _("on the fifth {day}", day=day),
            "-1": _("on the last {day}", day=day),
        }.get(ordinal[1])
    if days or "," in found.get("BYMONTHDAY", "") or found.get("BYMONTHDAY", "").startswith("-"):
        return None
    if found["FREQ"] == "MONTHLY":
        return _("on the {number}.", number=found.get("BYMONTHDAY", str(first.day)))
    return ""


def _ends(found: dict[str, str]) -> str:
    if "COUNT" in found:
        return ngettext("one time", "{number} times", int(found["COUNT"]))
    day = dt.datetime.strptime(found["UNTIL"][:8], "%Y%m%d").date()  # noqa: DTZ007  # a day, nowhere
    return _("until {day}", day=format_date(day, "medium", locale=i18n.locale()))
