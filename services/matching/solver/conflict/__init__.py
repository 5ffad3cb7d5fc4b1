"""Which hard rules cannot hold together, where no plan keeps them all.

First by counting (`counting`), then, with OR-Tools, by integer programming (`shrink`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.matching.solver import formulation
from services.matching.solver.conflict.counting import CERTIFICATES, Certificate
from services.matching.solver.conflict.reasons import Conflict, described
from services.matching.solver.conflict.shrink import Clock, by_programming, by_search, minimal
from services.matching.solver.problem import Ints, Problem
from services.matching.solver.rules import Relaxed, Rule, Rulebook

__all__ = ["Conflict", "Possible", "conflict"]


@dataclass(frozen=True, slots=True, eq=False)
class Possible:
    """There is no conflict: `plan` (R×N, int32) keeps every hard rule."""

    plan: Ints


def conflict(problem: Problem, seconds: float = 5.0) -> Conflict | Possible | None:
    """Hard rules that cannot hold together, as few as could be: without any one of them, the others can.

    None where neither a conflict nor a plan was found, which is no proof of either: in time, or without OR-Tools (the
    extra `exact`), with which alone it is certain that a small problem has an answer. The time is kept to within one
    step of the work, and does not count the loading of OR-Tools.
    """
    formulation.load()
    clock = Clock.of(seconds)
    book = Rulebook(problem)
    judge = (by_programming if formulation.AVAILABLE else by_search)(book, clock)
    found = _counted(book, clock)
    if found is None:
        answer = judge(frozenset(book.rules))
        if isinstance(answer, np.ndarray):
            return Possible(answer)
        if answer is None:
            return None
        found = answer
    rules, proved = minimal(found, judge, clock)
    return described(Relaxed(book, rules), proved)


def _counted(book: Rulebook, clock: Clock) -> frozenset[Rule] | None:
    """The fewest rules that any certificate finds to conflict."""
    best: frozenset[Rule] | None = None
    for certificate in CERTIFICATES:
        found = certificate(Relaxed(book, book.rules))
        if found is None:
            continue

        def again(some: frozenset[Rule], by: Certificate = certificate) -> frozenset[Rule] | None:
            return by(Relaxed(book, some))

        fewer, _proved = minimal(found, again, Clock.of(clock.left / 2))
        if best is None or len(fewer) < len(best):
            best = fewer
    return best
