"""From rules that conflict to as few as could be."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.matching.solver import formulation
from services.matching.solver.check import check
from services.matching.solver.construct import Unseatable
from services.matching.solver.problem import Ints
from services.matching.solver.rules import ACROSS, Relaxed, Rule, Rulebook, Sort
from services.matching.solver.search import solve
from services.matching.solver.stop import Iterations

# What is known of some rules: a plan that keeps them, which of them conflict, or nothing.
Answer = Ints | frozenset[Rule] | None
Judge = Callable[[frozenset[Rule]], Answer]

# What is let go first, so that what is left is easily said: rules about single people, then about tables.
_ORDER: Final = (
    Sort.AWAY, Sort.REACH, Sort.SEAT, Sort.PAST, Sort.LEAST, Sort.MOST, Sort.EVEN, Sort.MIXING, Sort.EARLIER,
    Sort.REPEAT, Sort.NEVER, Sort.MUST,
)  # fmt: skip
# Beyond so many rules, some are let go at once.
_FEW = 16
# How long rules with literals may take, times what the same took without, and at least.
_ASSUMED, _ASSUMED_LEAST = 5.0, 0.3
_SEARCHED = 20_000


@dataclass(frozen=True, slots=True)
class Clock:
    """Until when there is time."""

    until: float

    @classmethod
    def of(cls, seconds: float) -> Clock:
        """From now on."""
        return cls(time.perf_counter() + seconds)

    @property
    def left(self) -> float:
        """Seconds, never below 0."""
        return max(0.0, self.until - time.perf_counter())


def minimal(rules: Collection[Rule], judge: Judge, clock: Clock) -> tuple[frozenset[Rule], bool]:
    """Fewer of these conflicting rules, and whether it is proved that each of them is needed.

    Each is let go in turn; where the others still conflict, it stays away.
    """
    todo = sorted(rules, key=lambda rule: (_ORDER.index(rule.sort), repr(rule)))
    kept: list[Rule] = []
    proved, chunk = True, max(1, len(todo) // 4) if len(todo) > _FEW else 1
    for _step in range(len(todo) * len(todo) + 1):
        if not todo:
            break
        if not clock.left:
            return frozenset([*kept, *todo]), False
        answer = judge(frozenset([*kept, *todo[chunk:]]))
        if isinstance(answer, frozenset):
            todo = [rule for rule in todo[chunk:] if rule in answer]
        elif chunk > 1:
            chunk //= 2
        else:
            proved = proved and answer is not None
            kept.append(todo.pop(0))
            chunk = max(1, len(todo) // 4) if len(todo) > _FEW else 1
    return frozenset(kept), proved


def by_programming(book: Rulebook, clock: Clock) -> Judge:
    """Judges by CP-SAT: round by round, then those rules that join the rounds."""

    def judge(rules: frozenset[Rule]) -> Answer:
        joint = [rules]
        if any(rule.sort in ACROSS for rule in rules):
            local = frozenset(rule for rule in rules if rule.sort not in {*ACROSS, Sort.EARLIER})
            once = frozenset(rule for rule in rules if rule.sort not in {Sort.REPEAT, Sort.EARLIER})
            joint = list(dict.fromkeys([local, once, rules]))
        answer: Answer = None
        for some in joint:
            answer = _judged(book, some, clock)
            if isinstance(answer, frozenset):
                return answer
        return answer

    return judge


def by_search(book: Rulebook, clock: Clock) -> Judge:
    """Judges without OR-Tools: a short search that finds a plan, or nothing is known."""

    def judge(rules: frozenset[Rule]) -> Answer:
        case = Relaxed(book, rules)
        for guests in (False, True) if (case.may & ~case.there).any() else (False,):
            given = case.as_problem(guests=guests)
            try:
                plan = solve(given, Iterations(_SEARCHED), seed=1).plan if clock.left else None
            except Unseatable:
                continue
            if plan is not None and not check(given, plan):
                return plan
        return None

    return judge


def _judged(book: Rulebook, rules: frozenset[Rule], clock: Clock) -> Answer:
    case = Relaxed(book, rules)
    if any(rule.sort in ACROSS for rule in rules):
        return _solved(case, range(book.problem.rounds), clock)
    plan = np.full((book.problem.rounds, book.problem.people), -1, dtype=np.int32)
    seen: dict[bytes, int] = {}
    unknown = False
    for r in range(book.problem.rounds):
        first = seen.setdefault(situation(case, r), r)
        if first < r:
            plan[r] = plan[first]
            continue
        answer = _solved(case, [r], clock)
        if isinstance(answer, frozenset):
            return answer
        if answer is None:
            unknown = True
        else:
            plan[r] = answer[r]
    return None if unknown else plan


def situation(case: Relaxed, r: int) -> bytes:
    """What one round has to look like, by itself."""
    arrays = [case.there[r], case.may[r], case.places(r), case.least[r], case.most[r]]
    arrays += [bounds[r] for kinds in case.kinds for bounds in (kinds.low, kinds.high)]
    return b"".join(array.tobytes() for array in arrays)


def _solved(case: Relaxed, rounds: Collection[int], clock: Clock) -> Answer:
    if not clock.left:
        return None
    before = clock.left
    try:
        form = formulation.Formulation(case, rounds)
        status = form.solved(clock.left)
        if status in {"optimal", "feasible"}:
            return form.plan()
        if status == "unknown":
            return None
        if len(case.rules) <= 2:
            return case.rules
        form = formulation.Formulation(case, rounds, assumed=True)
        status = form.solved(min(clock.left, _ASSUMED_LEAST + _ASSUMED * (before - clock.left)))
        return form.core() if status == "infeasible" else case.rules
    except formulation.TooLarge:
        return None
