"""Rules of series as people say them: what a choice gives, and every rule in words."""

import datetime as dt

import pytest

from services.events import recurrence, repeating
from services.kit.errors import Refused
from services.kit.i18n import speaking

TUESDAY = dt.date(2027, 2, 9)
LAST = dt.date(2027, 3, 30)


@pytest.mark.parametrize(
    ("choice", "first", "days", "words"),
    [
        ("WEEKLY", TUESDAY, ["02-16", "02-23"], "jede Woche am Dienstag, 3 Mal"),
        ("FORTNIGHTLY", TUESDAY, ["02-23", "03-09"], "alle 2 Wochen am Dienstag, 3 Mal"),
        ("MONTHLY", TUESDAY, ["03-09", "04-13"], "jeden Monat am zweiten Dienstag, 3 Mal"),
        ("MONTHLY", LAST, ["04-27", "05-25"], "jeden Monat am letzten Dienstag, 3 Mal"),
        ("LAST", LAST, ["04-27", "05-25"], "jeden Monat am letzten Dienstag, 3 Mal"),
        ("MONTHDAY", TUESDAY, ["03-09", "04-09"], "jeden Monat am 9., 3 Mal"),
        ("QUARTERLY", TUESDAY, ["05-11", "08-10"], "alle 3 Monate am zweiten Dienstag, 3 Mal"),
        ("YEARLY", TUESDAY, ["02-09", "02-09"], "jedes Jahr, 3 Mal"),
    ],
)
def test_a_choice_gives_days_and_is_told_in_words(choice: str, first: dt.date, days: list[str], words: str) -> None:
    rule = repeating.rule(choice, first, 3, None)
    assert [f"{day:%m-%d}" for day in recurrence.dates(rule, first)] == [f"{first:%m-%d}", *days]
    assert repeating.choice(rule) == ("LAST" if first == LAST else choice)
    with speaking("de"):
        assert repeating.in_words(rule, first) == words


def test_until_a_day() -> None:
    rule = repeating.rule("WEEKLY", TUESDAY, None, dt.date(2027, 3, 1))
    assert len(recurrence.dates(rule, TUESDAY)) == 3
    with speaking("en"):
        assert repeating.in_words(rule, TUESDAY) == "every week on Tuesday, until 1 Mar 2027"


def test_one_of_both_ends() -> None:
    for times, until in ((None, None), (3, TUESDAY)):
        with pytest.raises(Refused) as caught:
            repeating.rule("WEEKLY", TUESDAY, times, until)
        assert caught.value.problems[0].field == "times"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYDAY=2TU;COUNT=2", "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1;COUNT=2",
        "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", "FREQ=MONTHLY;BYMONTHDAY=1,9;COUNT=2",
    ],
)  # fmt: skip
def test_what_is_too_special_stays_as_it_is_written(rule: str) -> None:
    assert repeating.in_words(rule, TUESDAY) == rule
    assert repeating.choice(rule) == ""


def test_every_choice_is_a_rule() -> None:
    with speaking("de"):
        for choice, words in repeating.choices():
            assert words
            recurrence.parts(repeating.rule(choice, TUESDAY, 2, None))
