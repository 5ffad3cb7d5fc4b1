"""Who sits where in which round: plans for speed dating with topics and mixed cities.

Depends on nothing but NumPy and Numba.

    >>> from services.matching.solver import Iterations, Model, check, solve
    >>> model = Model(tables=2, rounds=2)
    >>> model.topic("online-forms")
    >>> for number in range(8):
    ...     offers, seeks = (["online-forms"], []) if number % 2 else ([], ["online-forms"])
    ...     model.person(f"p{number}", city="KN" if number < 4 else "HN", offers=offers, seeks=seeks)
    >>> problem = model.problem()
    >>> result = solve(problem, stop=Iterations(20_000), seed=1)
    >>> result.plan.shape, check(problem, result.plan, result.objective)
    ((2, 8), [])
    >>> result.random_objective < result.objective <= result.upper_bound
    True
"""

from services.matching.solver.certain import plan_or_conflict
from services.matching.solver.check import Violation, check, recount
from services.matching.solver.conflict import Conflict, Possible, conflict
from services.matching.solver.construct import Unseatable, random_plan, repaired
from services.matching.solver.faults import Fault, Invalid
from services.matching.solver.model import Model
from services.matching.solver.problem import HARD, Kinds, Pairs, Problem, Weights
from services.matching.solver.replan import Replan, replan
from services.matching.solver.result import Result
from services.matching.solver.search import Keep, Progress, solve, warm
from services.matching.solver.stop import FirstOf, Iterations, Moment, NoImprovement, Seconds, Stop, Target

__all__ = [
    "HARD",
    "Conflict",
    "Fault",
    "FirstOf",
    "Invalid",
    "Iterations",
    "Keep",
    "Kinds",
    "Model",
    "Moment",
    "NoImprovement",
    "Pairs",
    "Possible",
    "Problem",
    "Progress",
    "Replan",
    "Result",
    "Seconds",
    "Stop",
    "Target",
    "Unseatable",
    "Violation",
    "Weights",
    "check",
    "conflict",
    "plan_or_conflict",
    "random_plan",
    "recount",
    "repaired",
    "replan",
    "solve",
    "warm",
]
