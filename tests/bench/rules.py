"""Small problems with hard rules of every sort: what can be kept is kept, and what conflicts is named."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from services.matching.solver import Seconds, check, solve, warm
from services.matching.solver.conflict import Conflict, conflict
from tests.matching.solver.cases import PLANTS, feasible, infeasible

TITLE = "## Hard rules"
MANY, PLANTED = 1_000, 100
SEARCH, AIM = 0.1, 5.0


def main(_files: Path | None, _seconds: Sequence[float], _seeds: int, _match: str) -> str:
    """The section: broken rules of a thousand problems, and how long the smallest conflict of a hundred takes."""
    warm()
    problems = [feasible(100_000 + seed) for seed in range(MANY)]
    plans = [solve(given, Seconds(SEARCH), seed=1, clock=time.process_time).plan for given in problems]
    faulty = sum(bool(check(given, plan)) for given, plan in zip(problems, plans, strict=True))
    return f"""{TITLE}

{MANY:,} random problems of few people, of which a plan is known that keeps every rule, {SEARCH:g} seconds of CPU each:
{faulty} plans with a broken rule, as the checker counts.

{PLANTED} problems of 10 to 28 people in which rules conflict; seconds of CPU until the smallest set of rules that does
is named and proved to be one, of at most {AIM:g}:

| planted | problems | named | median | longest |
|---|---|---|---|---|
{chr(10).join(_planted())}
"""


def _planted() -> Iterator[str]:
    named: dict[str, list[float | None]] = defaultdict(list)
    for number in range(PLANTED):
        plant, given = infeasible(number)
        began = time.process_time()
        found = conflict(given, AIM)
        took = time.process_time() - began
        named[plant].append(took if isinstance(found, Conflict) and found.minimal else None)
    for plant in (one.__name__ for one in PLANTS):
        seconds = [one for one in named[plant] if one is not None]
        yield (
            f"| {plant.replace('_', ' ')} | {len(named[plant])} | {len(seconds)} "
            f"| {median(seconds):.2f} | {max(seconds):.2f} |"
        )
