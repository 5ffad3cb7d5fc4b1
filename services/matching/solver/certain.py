"""A plan that keeps every hard rule, or the rules that allow none."""

from __future__ import annotations

from collections.abc import Callable

from services.matching.solver.conflict import Conflict, Possible, conflict
from services.matching.solver.construct import Unseatable
from services.matching.solver.problem import Ints, Problem
from services.matching.solver.result import Result
from services.matching.solver.search import Progress, solve
from services.matching.solver.stop import Stop


def plan_or_conflict(
    problem: Problem,
    stop: Stop,
    seed: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    start: Ints | None = None,
    seconds: float = 5.0,
) -> Result | Conflict:
    """As `solve`, from `start` where there is one.

    Where hard rules stay broken, up to `seconds` more go into finding out why. If the rules conflict,
    that is the answer. If they do not and a plan is known, the search goes on from it, until `stop` once more. If
    neither is known, the answer is the plan with the fewest broken rules.
    Raises Unseatable where nobody can say more than that.
    """
    try:
        result = solve(problem, stop, seed, on_progress, start=start)
    except Unseatable:
        answer = conflict(problem, seconds)
        if not isinstance(answer, Conflict):
            raise
        return answer
    answer = conflict(problem, seconds) if result.broken else None
    if isinstance(answer, Conflict):
        return answer
    if isinstance(answer, Possible):
        return solve(problem, stop, seed, on_progress, start=answer.plan)
    return result
