"""The clock of a day of rounds: pure, from what was commanded and the time.

Nothing has to happen for a round to end: what was stored last and the time of the day say which round is running. So a
hub that was without power, and a screen without network, come to the same answer.
"""

import datetime as dt
import enum
from collections.abc import Iterator

import msgspec

from services.kit.errors import Conflict, Refused
from services.kit.i18n import gettext as _

MOST_MINUTES = 240
WARNING_SECONDS = 60
USUAL_MINUTES = 10
"""Where the event does not say how long a round is."""


class RoundPhase(enum.Enum):
    """`WAITING`: before the first round. `BREAK`: between two. `OVER`: after the last."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    BREAK = "break"
    OVER = "over"


class Clock(msgspec.Struct, frozen=True):
    """What was commanded last. `round` is the one that is running or was last, 0 before the first.

    `ends_at` is the end of the round, or of a break after which the next round begins by itself. `left` is what a
    paused round still has. `rounds`, `minutes` and `pause` (between rounds) are those of the event.
    """

    rounds: int
    minutes: int
    pause: int
    phase: RoundPhase = RoundPhase.WAITING
    round: int = 0
    started_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None
    left: dt.timedelta | None = None
    automatic: bool = False
    warning: int = WARNING_SECONDS
    """Seconds before the end of a round at which everybody is warned."""
    revision: int = 0

    @property
    def warns_at(self) -> dt.datetime | None:
        if self.phase is not RoundPhase.RUNNING or self.ends_at is None or not self.warning:
            return None
        return self.ends_at - dt.timedelta(seconds=self.warning)

    @property
    def begun(self) -> int:
        """How many rounds have begun or will by themselves: those in which people met, if nothing more is said."""
        if self.ends_at is not None and self.automatic and self.phase in {RoundPhase.RUNNING, RoundPhase.BREAK}:
            return self.rounds
        return self.round

    @property
    def next_round(self) -> int | None:
        return self.round + 1 if self.round < self.rounds and self.phase is not RoundPhase.OVER else None


def at(clock: Clock, now: dt.datetime) -> Clock:
    """The clock as it stands at `now`."""
    for step in _steps(clock):
        if step.ends_at is None or now < step.ends_at:
            return step
    return clock


def timeline(clock: Clock) -> list[Clock]:
    """What is now and what follows by itself, in order; behind the last, somebody has to say something."""
    return list(_steps(clock))


def _steps(clock: Clock) -> Iterator[Clock]:
    yield clock
    for _turn in range(2 * clock.rounds + 2):
        if clock.phase not in {RoundPhase.RUNNING, RoundPhase.BREAK} or clock.ends_at is None:
            return
        clock = (
            _begun(clock, clock.round + 1, clock.ends_at)
            if clock.phase is RoundPhase.BREAK
            else _ended(clock, clock.ends_at)
        )
        yield clock


def _begun(clock: Clock, number: int, moment: dt.datetime, minutes: int | None = None) -> Clock:
    return msgspec.structs.replace(
        clock, phase=RoundPhase.RUNNING, round=number, started_at=moment, left=None,
        ends_at=moment + dt.timedelta(minutes=minutes or clock.minutes or USUAL_MINUTES),
    )  # fmt: skip


def _ended(clock: Clock, moment: dt.datetime) -> Clock:
    last = clock.round >= clock.rounds
    goes_on = clock.automatic and not last
    return msgspec.structs.replace(
        clock, phase=RoundPhase.OVER if last else RoundPhase.BREAK, started_at=moment, left=None,
        ends_at=moment + dt.timedelta(minutes=clock.pause) if goes_on else None,
    )  # fmt: skip


# What an organiser commands: each takes the clock as it stands, and raises Conflict where it does not fit --------


def start(clock: Clock, now: dt.datetime, number: int | None = None, minutes: int | None = None) -> Clock:
    """Begin the next round, or round `number` (again, say), for `minutes` or as long as the event says."""
    if clock.phase in {RoundPhase.RUNNING, RoundPhase.PAUSED}:
        raise Conflict(_("Round {round} is not over yet.", round=clock.round))
    number = number if number is not None else clock.next_round
    if number is None:
        raise Conflict(_("The last round is over."))
    if not 1 <= number <= clock.rounds:
        raise Refused(_("Choose a round from 1 to {most}.", most=clock.rounds))
    return _begun(clock, number, now, _minutes(minutes) if minutes is not None else None)


def extend(clock: Clock, _now: dt.datetime, minutes: int) -> Clock:
    """Give what is running, the round or the break, some minutes more."""
    more = dt.timedelta(minutes=_minutes(minutes))
    if clock.left is not None:
        return msgspec.structs.replace(clock, left=_at_most(clock.left + more))
    if clock.ends_at is None or clock.started_at is None:
        raise Conflict(_("Nothing is running that could take longer."))
    return msgspec.structs.replace(clock, ends_at=clock.started_at + _at_most(clock.ends_at + more - clock.started_at))


def pause(clock: Clock, now: dt.datetime) -> Clock:
    if clock.phase is not RoundPhase.RUNNING or clock.ends_at is None:
        raise Conflict(_("No round is running."))
    return msgspec.structs.replace(clock, phase=RoundPhase.PAUSED, ends_at=None, left=clock.ends_at - now)


def resume(clock: Clock, now: dt.datetime) -> Clock:
    if clock.phase is not RoundPhase.PAUSED or clock.left is None:
        raise Conflict(_("No round is paused."))
    return msgspec.structs.replace(clock, phase=RoundPhase.RUNNING, ends_at=now + clock.left, left=None)


def end(clock: Clock, now: dt.datetime) -> Clock:
    """End the round early; the break begins now."""
    if clock.phase not in {RoundPhase.RUNNING, RoundPhase.PAUSED}:
        raise Conflict(_("No round is running."))
    return _ended(clock, now)


def following(clock: Clock, now: dt.datetime) -> Clock:
    """Begin the next round at once, whatever is left of the round or the break."""
    if clock.next_round is None:
        raise Conflict(_("The last round is over."))
    return _begun(clock, clock.next_round, now)


def finish(clock: Clock, now: dt.datetime) -> Clock:
    """No more rounds today; those that have not begun do not count."""
    if clock.phase is RoundPhase.OVER:
        raise Conflict(_("The last round is over."))
    return msgspec.structs.replace(clock, phase=RoundPhase.OVER, started_at=now, ends_at=None, left=None)


def setting(clock: Clock, now: dt.datetime, automatic: bool | None = None, warning: int | None = None) -> Clock:
    """Whether the next round begins by itself after the break, and when everybody is warned."""
    if warning is not None and not 0 <= warning <= 60 * MOST_MINUTES:
        raise Refused(_("Choose 0 to {most} seconds.", most=60 * MOST_MINUTES))
    changed = msgspec.structs.replace(
        clock,
        automatic=clock.automatic if automatic is None else automatic,
        warning=clock.warning if warning is None else warning,
    )
    if changed.automatic == clock.automatic or clock.phase is not RoundPhase.BREAK:
        return changed
    ends = (clock.started_at or now) + dt.timedelta(minutes=clock.pause)
    return msgspec.structs.replace(changed, ends_at=max(ends, now) if changed.automatic else None)


def _minutes(minutes: int) -> int:
    if not 1 <= minutes <= MOST_MINUTES:
        raise Refused(_("Choose 1 to {most} minutes.", most=MOST_MINUTES))
    return minutes


def _at_most(length: dt.timedelta) -> dt.timedelta:
    if length > dt.timedelta(minutes=2 * MOST_MINUTES):
        raise Conflict(_("A round takes {most} minutes at most.", most=2 * MOST_MINUTES))
    return length


def words(clock: Clock, zone: dt.tzinfo) -> str:
    """The state for people: „Round 2 is running until 10:42:10“."""
    ends = f"{clock.ends_at.astimezone(zone):%H:%M:%S}" if clock.ends_at else ""
    match clock.phase:
        case RoundPhase.WAITING:
            return _("No round has begun yet")
        case RoundPhase.RUNNING:
            return _("Round {round} is running until {time}", round=clock.round, time=ends)
        case RoundPhase.PAUSED:
            minutes, seconds = divmod(round((clock.left or dt.timedelta()).total_seconds()), 60)
            return _("Round {round} is paused with {left} left", round=clock.round, left=f"{minutes}:{seconds:02}")
        case RoundPhase.BREAK if ends:
            return _("Break after round {round}, until {time}", round=clock.round, time=ends)
        case RoundPhase.BREAK:
            return _("Break after round {round}", round=clock.round)
        case RoundPhase.OVER:
            return _("The rounds are over")
