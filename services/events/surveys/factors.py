"""The five factors of a change and what comes where one is missing (seed „Digital-Lotsen Sachsen“). Pure."""

from collections.abc import Collection
from typing import Final

FACTORS: Final = ("goal", "plan", "skills", "incentives", "resources")
"""In the order in which they are asked for."""
WITHOUT: Final = {
    "goal": "confusion",
    "plan": "scatter",
    "skills": "fear",
    "incentives": "stagnation",
    "resources": "frustration",
}
"""What comes of a change that has the other four factors and lacks this one."""
ALL: Final = "vision"


def outcomes(present: Collection[str]) -> tuple[str, ...]:
    """What comes of a change that has these factors: `vision`, or one outcome for each that is missing, in order."""
    return tuple(WITHOUT[factor] for factor in FACTORS if factor not in present) or (ALL,)
