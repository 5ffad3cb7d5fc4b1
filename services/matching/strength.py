"""How much something counts in a plan, in words that organisers use, and what each is worth."""

import enum
import math
from typing import Final


class Strength(enum.Enum):
    """HARD forbids every breach; OFF makes it no rule."""

    HARD = "hard"
    STRONG = "strong"
    NORMAL = "normal"
    WEAK = "weak"
    OFF = "off"

    @property
    def points(self) -> float:
        """What one breach of a rule takes off a plan's worth; infinite for what is forbidden."""
        return POINTS[self]

    @property
    def factor(self) -> float:
        """By what a gain is multiplied: 1 where it counts NORMAL."""
        return POINTS[self] / POINTS[Strength.NORMAL]

    @property
    def weaker(self) -> "Strength":
        """The next word down, and no less than WEAK; what is forbidden or does not count stays so."""
        return {Strength.STRONG: Strength.NORMAL, Strength.NORMAL: Strength.WEAK}.get(self, self)

    @property
    def raised(self) -> "Strength":
        """STRONG, unless it is more than that already."""
        return self if self is Strength.HARD else Strength.STRONG


POINTS: Final = {
    Strength.HARD: math.inf,
    Strength.STRONG: 10.0,
    Strength.NORMAL: 3.0,
    Strength.WEAK: 1.0,
    Strength.OFF: 0.0,
}
"""What one breach takes off a plan's worth: one person too many of a city at a table, one repeated meeting, one pair
that should have met. For comparison: a meeting of two who have much to say to each other is worth 1 to 3 points.
"""


class Wish(enum.Enum):
    """What a second plan shall have more of than the first."""

    NEW_MEETINGS = "new-meetings"
    COMMON_TOPICS = "common-topics"
    TABLE_TOPICS = "table-topics"
    MIXED_CITIES = "mixed-cities"
