"""How much a rule counts, in words that organisers use, and what each is worth."""

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
