"""Which topic of an open space runs when and where, so that people can attend what they wish for.

Depends on nothing but NumPy and Numba.

    >>> from services.events.agenda import Iterations, Model, check, solve
    >>> model = Model()
    >>> for slot in ("10:00", "11:00"):
    ...     model.slot(slot)
    >>> model.room("Saal", seats=40, features=["step-free"])
    >>> model.room("Studio", seats=12)
    >>> model.topic("chatbots", conveners=["ann"], needs=["step-free"])
    >>> model.topic("forms", conveners=["ann"])
    >>> model.topic("registers")
    >>> model.person("ann", likes=["registers"])
    >>> model.person("ben", must=["chatbots"], likes=["forms", "registers"])
    >>> problem = model.problem()
    >>> result = solve(problem, Iterations(2_000), seed=1)
    >>> check(problem, result.plan, result.kept), result.kept
    ([], 1.0)
"""

from services.events.agenda.check import Violation, check, recount
from services.events.agenda.conflict import Conflict, conflict
from services.events.agenda.construct import random_plan
from services.events.agenda.explain import Day, Explanation, Shared, Unmet, common, day, explain
from services.events.agenda.faults import Fault, Invalid
from services.events.agenda.model import Model
from services.events.agenda.problem import LIKE, MUST, OUT, Problem, Rules, Weights
from services.events.agenda.replan import Moved, Replan, replan
from services.events.agenda.result import Entry, Quality, Result, WorstOff, agenda, quality
from services.events.agenda.search import Keep, Progress, solve, usual, warm
from services.events.agenda.seating import seating, turned_away
from services.events.agenda.stop import Iterations, Seconds, Stop

__all__ = [
    "LIKE",
    "MUST",
    "OUT",
    "Conflict",
    "Day",
    "Entry",
    "Explanation",
    "Fault",
    "Invalid",
    "Iterations",
    "Keep",
    "Model",
    "Moved",
    "Problem",
    "Progress",
    "Quality",
    "Replan",
    "Result",
    "Rules",
    "Seconds",
    "Shared",
    "Stop",
    "Unmet",
    "Violation",
    "Weights",
    "WorstOff",
    "agenda",
    "check",
    "common",
    "conflict",
    "day",
    "explain",
    "quality",
    "random_plan",
    "recount",
    "replan",
    "seating",
    "solve",
    "turned_away",
    "usual",
    "warm",
]
