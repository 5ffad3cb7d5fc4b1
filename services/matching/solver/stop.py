"""When a search ends. A stop is asked between chunks of proposals; it looks at the moment and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a search stands.

    `iterations`: proposals so far, or draws where somebody is compared with everybody at once; `idle`: those since the
    best plan was last improved, counted from the end of the first cooling on; `objective`: of the best plan;
    `seconds`: since the start.
    """

    iterations: int
    idle: int
    objective: float
    seconds: float


class Stop(Protocol):
    """Anything that can say how far a search is."""

    def __call__(self, now: Moment) -> bool:
        """Whether the search ends here."""

    def part(self, now: Moment) -> float | None:
        """How much of the budget is spent (0 to 1), by which cooling is planned; None where no end is in sight."""

    def left(self, now: Moment) -> int | None:
        """How many proposals may follow; None where they are not counted."""


@dataclass(frozen=True, slots=True)
class Seconds:
    """Ends after this much time on the clock. The plan then depends on the machine; use Iterations to repeat one."""

    seconds: float

    def __call__(self, now: Moment) -> bool:
        return now.seconds >= self.seconds

    def part(self, now: Moment) -> float | None:
        return now.seconds / self.seconds if self.seconds > 0 else 1.0

    def left(self, now: Moment) -> int | None:
        return None


@dataclass(frozen=True, slots=True)
class Iterations:
    """Ends after exactly so many proposals. With one seed, the same plan on every machine."""

    iterations: int

    def __call__(self, now: Moment) -> bool:
        return now.iterations >= self.iterations

    def part(self, now: Moment) -> float | None:
        return now.iterations / self.iterations if self.iterations > 0 else 1.0

    def left(self, now: Moment) -> int | None:
        return max(0, self.iterations - now.iterations)


@dataclass(frozen=True, slots=True)
class NoImprovement:
    """Ends when so many proposals in a row, after the first cooling, brought nothing better."""

    iterations: int

    def __call__(self, now: Moment) -> bool:
        return now.idle >= self.iterations

    def part(self, now: Moment) -> float | None:
        return None

    def left(self, now: Moment) -> int | None:
        return None


@dataclass(frozen=True, slots=True)
class Target:
    """Ends when the best plan is worth at least this."""

    objective: float

    def __call__(self, now: Moment) -> bool:
        return now.objective >= self.objective - 1e-9

    def part(self, now: Moment) -> float | None:
        return None

    def left(self, now: Moment) -> int | None:
        return None


@dataclass(frozen=True, slots=True, init=False)
class FirstOf:
    """Ends with the first of several.

    Cooling is planned by the budgets among them; with NoImprovement among them, in rounds of doubling length instead.
    """

    stops: tuple[Stop, ...]

    def __init__(self, *stops: Stop) -> None:
        flat: list[Stop] = []
        for stop in stops:
            flat += stop.stops if isinstance(stop, FirstOf) else [stop]
        object.__setattr__(self, "stops", tuple(flat))

    def __call__(self, now: Moment) -> bool:
        return any(stop(now) for stop in self.stops)

    def part(self, now: Moment) -> float | None:
        if any(isinstance(stop, NoImprovement) for stop in self.stops):
            return None
        return max((part for part in (stop.part(now) for stop in self.stops) if part is not None), default=None)

    def left(self, now: Moment) -> int | None:
        return min((left for left in (stop.left(now) for stop in self.stops) if left is not None), default=None)
