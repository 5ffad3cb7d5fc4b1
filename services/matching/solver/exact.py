"""The best plan of a small problem, to confirm what the search finds. Needs OR-Tools (the extra `exact`)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from services.matching.solver.formulation import Formulation
from services.matching.solver.objective import worth
from services.matching.solver.problem import HARD, Ints, Kinds, Pairs, Problem
from services.matching.solver.rules import Relaxed, Rulebook

# Weights of the objective in whole numbers.
_SCALE = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The best plan (R×N, int32) and its objective; `proved`: whether none is better, or only time was up."""

    plan: Ints
    objective: float
    proved: bool


def optimum(problem: Problem, seconds: float = 60.0) -> Optimum | None:
    """The best plan of a small problem (about ten people), None where no plan keeps every hard rule.

    Raises TimeoutError where neither a plan nor its absence was found in time, `formulation.TooLarge`, and ImportError
    without OR-Tools.
    """
    book = Rulebook(problem)
    form = Formulation(Relaxed(book, book.rules), range(problem.rounds), apiece=True)
    form.model.maximize(sum([*_pairs(form), *_topics(form), *_kinds(form)]))
    status = form.solved(seconds)
    if status == "infeasible":
        return None
    if status == "unknown":
        raise TimeoutError("no plan was found in time")
    plan = form.plan()
    return Optimum(plan, worth(problem, plan).objective, status == "optimal")


def _pairs(form: Formulation) -> list[Any]:
    """What meetings add to the objective, but for what all plans have in common."""
    problem = form.case.problem
    weights, out = problem.weights, []
    again = 0.0 if weights.repeat == HARD else weights.repeat
    # What is lost without a meeting that must be is gained with it: the same but for a constant.
    once, each = _by_pair(problem.must), _by_pair(problem.never)
    before = _by_pair(problem.earlier)
    for i, j in combinations(range(problem.people), 2):
        first = weights.affinity * float(problem.affinity[i, j]) + once.get((i, j), 0.0)
        every = -each.get((i, j), 0.0) - again * before.get((i, j), 0.0)
        if not first and not every and not again:
            continue
        meetings = sum(form.together(r, i, j) for r in form.rounds)
        met = form.bool()
        form.model.add(meetings >= met)
        form.model.add(meetings <= len(form.rounds) * met)
        out += [round(first * _SCALE) * met, round(every * _SCALE) * meetings]
        if again and len(form.rounds) > 1:
            # c*(c-1)/2 is the greatest of these straight lines.
            times = form.model.new_int_var(0, len(form.rounds) ** 2, "")
            for k in range(1, len(form.rounds)):
                form.model.add(times >= k * meetings - k * (k + 1) // 2)
            out.append(-round(again * _SCALE) * times)
    return out


def _by_pair(pairs: Pairs) -> dict[tuple[int, int], float]:
    """The soft weights of each pair, added up."""
    out: dict[tuple[int, int], float] = {}
    for (i, j), weight in zip(pairs.who.tolist(), pairs.weights.tolist()):
        if weight != HARD:
            out[min(i, j), max(i, j)] = out.get((min(i, j), max(i, j)), 0.0) + weight
    return out


def _topics(form: Formulation) -> list[Any]:
    problem, out = form.case.problem, []
    for i, t in product(range(problem.people), range(problem.tables)):
        value = round(problem.weights.topic * float(problem.interest[i, t]) * _SCALE)
        there = [form.seat[key] for r in form.rounds if (key := (r, form.alone[i], t)) in form.seat]
        if value and there:
            visited = form.bool()
            form.model.add(sum(there) >= visited)
            out.append(value * visited)
    return out


def _kinds(form: Formulation) -> list[Any]:
    problem = form.case.problem
    return [over for kinds in problem.kinds if kinds.weight != HARD for over in _beyond(form, kinds)]


def _beyond(form: Formulation, kinds: Kinds) -> list[Any]:
    """What people beyond the bounds of a soft mixing take off."""
    problem, out = form.case.problem, []
    for r, t, v in product(form.rounds, range(problem.tables), range(len(kinds.names))):
        here = form.count(r, t, kinds, v)
        for beyond in (int(kinds.low[r, t, v]) - here, here - int(kinds.high[r, t, v])):
            over = form.model.new_int_var(0, 2 * problem.people, "")
            form.model.add(over >= beyond)
            out.append(-round(kinds.weight * _SCALE) * over)
    return out
