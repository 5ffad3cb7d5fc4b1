"""When a search ends. Asked between stretches of some thousand proposals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Stop(Protocol):
    """Anything that can say how much of a budget is spent."""

    def part(self, iterations: int, seconds: float) -> float:
        """How much of the budget is spent after so many proposals and seconds: the search ends at 1."""

    def left(self, iterations: int) -> int | None:
        """How many proposals may follow; None where they are not counted."""


@dataclass(frozen=True, slots=True)
class Seconds:
    """Ends after this much time on the clock. The plan then depends on the machine; use Iterations to repeat one."""

    seconds: float

    def part(self, iterations: int, seconds: float) -> float:
        return seconds / self.seconds if self.seconds > 0 else 1.0

    def left(self, iterations: int) -> int | None:
        return None


@dataclass(frozen=True, slots=True)
class Iterations:
    """Ends after exactly so many proposals. With one seed, the same plan on every machine."""

    iterations: int

    def part(self, iterations: int, seconds: float) -> float:
        return iterations / self.iterations if self.iterations > 0 else 1.0

    def left(self, iterations: int) -> int | None:
        return max(0, self.iterations - iterations)
