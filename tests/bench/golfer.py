"""Rounds in which nobody meets anybody twice: from the catalogue of designs, and by search alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from services.matching.solver import FirstOf, Problem, Seconds, Target, Weights, solve, warm
from services.matching.solver.bounds import repeats_bound
from services.matching.solver.designs import most_rounds
from services.matching.solver.problem import even_sizes

TITLE = "## Nobody meets twice (social golfers)"
# Groups, size, rounds: what search alone shall find, and within how many seconds.
BY_SEARCH = ((7, 3, 9, 10.0), (8, 3, 10, 10.0), (8, 4, 7, 10.0), (10, 5, 7, 10.0), (12, 5, 9, 10.0), (12, 6, 7, 10.0),
             (5, 10, 5, 5.0))  # fmt: skip
# Groups and size, and the most rounds known (OEIS A107431 and the tables it names).
KNOWN = (
    (3, 3, 4), (4, 3, 4), (4, 4, 5), (5, 3, 7), (5, 4, 5), (5, 5, 6), (6, 3, 8), (6, 4, 7), (6, 5, 6), (6, 6, 3),
    (7, 3, 10), (7, 4, 9), (7, 5, 7), (7, 7, 8), (8, 3, 11), (8, 4, 10), (8, 8, 9), (9, 3, 13), (9, 9, 10),
    (10, 4, 13), (11, 3, 16), (11, 11, 12), (13, 4, 17),
)  # fmt: skip


def problem(groups: int, size: int, rounds: int) -> Problem:
    """Nothing counts but repeats."""
    people = groups * size
    present = np.ones((rounds, people), dtype=np.bool_)
    least, most = even_sizes(present, groups)
    return Problem(
        keys=tuple(f"p{i}" for i in range(people)),
        affinity=np.zeros((people, people)),
        interest=np.zeros((people, groups)),
        table_topics=(None,) * groups,
        least=least,
        most=most,
        present=present,
        allowed=np.ones((people, groups), dtype=np.bool_),
        fixed=np.full((rounds, people), -1, dtype=np.int32),
        weights=Weights(0.0, 0.0, 1.0),
    )


def main(_files: Path | None, _seconds: Sequence[float], seeds: int, _match: str) -> str:
    """The section: repeats of the designs, and of search alone with the seconds of CPU that it took."""
    warm()
    return f"""{TITLE}

With the catalogue of designs, at once, for as many rounds as are known (at most 20):

| groups, size | rounds known | in the catalogue | repeats | seconds |
|---|---|---|---|---|
{chr(10).join(_designed())}

By search alone, {seeds} seeds each; repeats of each run, in rising order, and the most seconds of CPU that one took.

| groups, size, rounds | no fewer than | repeats | seconds, of at most |
|---|---|---|---|
{chr(10).join(_searched(seeds))}
"""


def _designed() -> Iterator[str]:
    for groups, size, rounds in KNOWN:
        given = problem(groups, size, min(rounds, 20))
        found = solve(given, FirstOf(Seconds(1.0), Target(0.0)), seed=1, clock=time.process_time)
        yield (
            f"| {groups}, {size} | {rounds} | {most_rounds(groups, size)} | {found.repeats:.0f} | {found.seconds:.2f} |"
        )


def _searched(seeds: int) -> Iterator[str]:
    for groups, size, rounds, budget in BY_SEARCH:
        given = problem(groups, size, rounds)
        bound = repeats_bound(given)
        stop = FirstOf(Seconds(budget), Target(-bound))
        found = [solve(given, stop, seed, designs=False, clock=time.process_time) for seed in range(seeds)]
        longest = max(one.seconds for one in found)
        repeats = ", ".join(f"{value:.0f}" for value in sorted(one.repeats for one in found))
        yield (f"| {groups}, {size}, {rounds} | {bound} | {repeats} | {longest:.1f}, {budget:g} |")
