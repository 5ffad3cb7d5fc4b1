"""The clock of a day, as pure sums: what follows from what was commanded, and when."""

import datetime as dt

import pytest

from services.events import clock
from services.events.clock import Clock, RoundPhase
from services.kit.errors import Conflict, HubError, Refused

NINE = dt.datetime(2030, 10, 1, 9, tzinfo=dt.UTC)
NEW = Clock(rounds=3, minutes=10, pause=2)


def after(minutes: float) -> dt.datetime:
    return NINE + dt.timedelta(minutes=minutes)


def standing(one: Clock, minutes: float) -> tuple[RoundPhase, int, dt.datetime | None]:
    now = clock.at(one, after(minutes))
    return now.phase, now.round, now.ends_at


def test_by_hand_a_break_lasts_until_somebody_begins_the_next_round() -> None:
    first = clock.start(NEW, NINE)
    assert standing(first, 9.9) == (RoundPhase.RUNNING, 1, after(10))
    assert first.warns_at == after(9)
    assert standing(first, 500) == (RoundPhase.BREAK, 1, None)
    second = clock.start(clock.at(first, after(500)), after(500))
    assert standing(second, 500) == (RoundPhase.RUNNING, 2, after(510))
    last = clock.following(clock.at(second, after(501)), after(501))
    assert standing(last, 600) == (RoundPhase.OVER, 3, None)
    assert (first.begun, second.begun, last.begun) == (1, 2, 3)


def test_by_itself_the_whole_day_follows_from_one_command() -> None:
    one = clock.start(clock.setting(NEW, NINE, automatic=True), NINE)
    assert [(step.phase.value, step.round, step.ends_at) for step in clock.timeline(one)] == [
        ("running", 1, after(10)), ("break", 1, after(12)), ("running", 2, after(22)), ("break", 2, after(24)),
        ("running", 3, after(34)), ("over", 3, None),
    ]  # fmt: skip
    for minutes, phase, number in ((11, RoundPhase.BREAK, 1), (12, RoundPhase.RUNNING, 2), (34, RoundPhase.OVER, 3)):
        assert standing(one, minutes)[:2] == (phase, number)
    assert one.begun == 3
    held = clock.pause(clock.at(one, after(13)), after(13))
    assert (held.begun, held.left) == (2, dt.timedelta(minutes=9))
    assert clock.resume(held, after(60)).ends_at == after(69)


def test_minutes_more() -> None:
    one = clock.extend(clock.start(NEW, NINE), after(1), 5)
    assert one.ends_at == after(15)
    assert clock.extend(clock.pause(one, after(5)), after(6), 1).left == dt.timedelta(minutes=11)
    resting = clock.at(clock.start(clock.setting(NEW, NINE, automatic=True), NINE), after(11))
    assert clock.extend(resting, after(11), 5).ends_at == after(17)
    for wrong in (0, -1, 241):
        with pytest.raises(Refused):
            clock.extend(one, NINE, wrong)
    with pytest.raises(Conflict):
        clock.extend(clock.extend(clock.extend(one, NINE, 240), NINE, 220), NINE, 30)


def test_the_break_is_told_to_end_or_to_wait() -> None:
    resting = clock.at(clock.start(NEW, NINE), after(11))
    assert clock.setting(resting, after(11), automatic=True).ends_at == after(12)
    assert clock.setting(resting, after(30), automatic=True).ends_at == after(30)
    by_itself = clock.setting(resting, after(11), automatic=True)
    assert clock.setting(by_itself, after(11.5), automatic=False).ends_at is None
    assert clock.setting(NEW, NINE, warning=0).warns_at is None
    assert clock.start(clock.setting(NEW, NINE, warning=0), NINE).warns_at is None


@pytest.mark.parametrize(
    ("does", "raises"),
    [
        (lambda: clock.start(clock.start(NEW, NINE), NINE), Conflict),
        (lambda: clock.start(NEW, NINE, 4), Refused),
        (lambda: clock.start(NEW, NINE, 1, 0), Refused),
        (lambda: clock.start(clock.finish(NEW, NINE), NINE), Conflict),
        (lambda: clock.pause(NEW, NINE), Conflict),
        (lambda: clock.resume(clock.start(NEW, NINE), NINE), Conflict),
        (lambda: clock.end(NEW, NINE), Conflict),
        (lambda: clock.extend(NEW, NINE, 1), Conflict),
        (lambda: clock.finish(clock.finish(NEW, NINE), NINE), Conflict),
        (lambda: clock.following(clock.start(NEW, NINE, 3), NINE), Conflict),
        (lambda: clock.setting(NEW, NINE, warning=-1), Refused),
    ],
)
def test_what_does_not_fit_is_refused(does: object, raises: type[HubError]) -> None:
    with pytest.raises(raises):
        does()  # type: ignore[operator]


def test_a_round_is_played_again_and_the_day_ends_early() -> None:
    over = clock.finish(clock.start(NEW, NINE, 2), after(3))
    assert (over.phase, over.begun, over.next_round) == (RoundPhase.OVER, 2, None)
    assert standing(clock.start(over, after(9), 2, 5), 10) == (RoundPhase.RUNNING, 2, after(14))
    ended = clock.end(clock.pause(clock.start(NEW, NINE), after(1)), after(2))
    assert (ended.phase, ended.left, ended.started_at) == (RoundPhase.BREAK, None, after(2))


def test_breaks_of_no_length_and_days_of_many_rounds_end() -> None:
    many = clock.start(clock.setting(Clock(rounds=20, minutes=1, pause=0), NINE, automatic=True), NINE)
    assert standing(many, 19.5)[:2] == (RoundPhase.RUNNING, 20)
    assert standing(many, 10_000)[:2] == (RoundPhase.OVER, 20)
