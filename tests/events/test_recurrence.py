"""Rules of series: which days they give, and which are refused before anybody searches for their days."""

import datetime as dt

import pytest

from services.events import recurrence
from services.kit.errors import Refused

D = dt.date


@pytest.mark.parametrize(
    ("rule", "first", "given"),
    [
        ("FREQ=MONTHLY;BYDAY=2TU;COUNT=3", D(2027, 1, 12), [D(2027, 1, 12), D(2027, 2, 9), D(2027, 3, 9)]),
        ("RRULE:freq=weekly;interval=2;count=3", D(2027, 12, 27), [D(2027, 12, 27), D(2028, 1, 10), D(2028, 1, 24)]),
        (
            "FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20270114T235959Z",
            D(2027, 1, 4),
            [D(2027, 1, 4), D(2027, 1, 7), D(2027, 1, 11), D(2027, 1, 14)],
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", D(2028, 1, 31), [D(2028, 1, 31), D(2028, 2, 29), D(2028, 3, 31)]),
        (  # the last working day
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2",
            D(2027, 7, 30),
            [D(2027, 7, 30), D(2027, 8, 31)],
        ),
        (
            "FREQ=MONTHLY;COUNT=3",
            D(2027, 1, 31),
            [D(2027, 1, 31), D(2027, 3, 31), D(2027, 5, 31)],
        ),  # as RFC 5545 has it
        ("FREQ=YEARLY;BYMONTH=10;BYDAY=1TH;COUNT=2", D(2027, 10, 7), [D(2027, 10, 7), D(2028, 10, 5)]),
        ("FREQ=YEARLY;COUNT=2", D(2028, 2, 29), [D(2028, 2, 29), D(2032, 2, 29)]),
        ("FREQ=DAILY;INTERVAL=3;COUNT=2", D(2027, 3, 27), [D(2027, 3, 27), D(2027, 3, 30)]),
    ],
)
def test_a_rule_gives_its_days(rule: str, first: dt.date, given: list[dt.date]) -> None:
    assert list(recurrence.dates(rule, first)) == given


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "COUNT=3",
        "FREQ=WEEKLY",  # for ever
        "FREQ=WEEKLY;COUNT=3;UNTIL=20270601",
        "FREQ=WEEKLY;COUNT=0",
        "FREQ=WEEKLY;COUNT=101",
        "FREQ=DAILY;UNTIL=20280101",  # more than a series has
        "FREQ=WEEKLY;COUNT=3;COUNT=4",
        "FREQ=HOURLY;COUNT=3",
        "FREQ=WEEKLY;COUNT=3;BYHOUR=9",
        "FREQ=WEEKLY;COUNT=3;BYDAY=2MO",
        "FREQ=DAILY;COUNT=3;BYMONTH=2;BYMONTHDAY=30",  # would be searched for until the year 9999
        "FREQ=YEARLY;COUNT=3;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;COUNT=3;BYDAY=MO;BYSETPOS=6",
        "FREQ=MONTHLY;COUNT=3;BYDAY=FR;BYMONTHDAY=13",
        "FREQ=YEARLY;COUNT=3;BYDAY=20MO",
        "FREQ=WEEKLY;UNTIL=20270231",
        "FREQ=YEARLY;COUNT=100",  # beyond 2100
        "FREQ=WEEKLY;COUNT=3;X=" + "A" * 1000,
        "FREQ=MONTHLY;COUNT=3;BYDAY=2TU",  # 5 January is the first
        "FREQ=WEEKLY;UNTIL=20260101",
    ],
)
def test_other_rules_are_refused(rule: str) -> None:
    with pytest.raises(Refused) as caught:
        recurrence.dates(rule, D(2027, 1, 5))
    assert caught.value.problems


def test_a_rule_moves_with_its_meetings_or_must_be_said_anew() -> None:
    assert recurrence.shifted("FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4", D(2027, 1, 4), D(2027, 1, 14), 1) == (
        "FREQ=WEEKLY;BYDAY=TU,FR;UNTIL=20270115"
    )
    assert recurrence.shifted("FREQ=MONTHLY;UNTIL=20270305", D(2027, 1, 5), D(2027, 3, 5), 2) == (
        "FREQ=MONTHLY;UNTIL=20270307"
    )
    for rule, first, last in (
        ("FREQ=MONTHLY;BYDAY=2TU;COUNT=10", D(2027, 1, 12), D(2027, 10, 12)),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;COUNT=4", D(2027, 1, 4), D(2027, 1, 24)),  # they would part
    ):
        with pytest.raises(Refused, match="Regel"):
            recurrence.shifted(rule, first, last, 1)
