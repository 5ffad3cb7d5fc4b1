"""What a search hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.matching.solver.problem import Ints

# Goes up whenever the same problem, seed and budget may give another plan.
VERSION = "4"


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A plan and how good it is.

    `plan` (R×N, int32): the table of each person in each round. `objective` lies at most at `upper_bound`;
    `random_objective` and
    `random_repeats` are means of random plans of the same sizes and mixing (20; fewer beyond 1000 people). `broken`:
    breaches of hard rules; while it is not 0, the plan cannot be used.
    `repeated_meetings`: meetings beyond a pair's first; `repeats`: sum of c*(c-1)/2 over pairs that met c times, never
    below `repeats_bound`.
    `cities_per_table` (R×G): distinct cities; `city_counts` (R×G): people per city. `least`: the affinity the worst-off
    person got. `iterations`: proposals or draws made. `problem_digest`, `seed` and `version` say what to repeat it
    with.
    """

    plan: Ints
    objective: float
    upper_bound: float
    random_objective: float
    random_repeats: float
    broken: int
    affinity: float
    topic: float
    repeats: float
    repeats_bound: int
    repeated_meetings: int
    cities_per_table: list[list[int]]
    city_counts: list[list[dict[str, int]]]
    least: float
    iterations: int
    seconds: float
    seed: int
    problem_digest: str
    version: str = VERSION

    def as_json(self) -> dict[str, Any]:
        """Everything in plain lists, dicts, numbers and strings."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "plan"} | {
            "plan": self.plan.tolist()
        }
