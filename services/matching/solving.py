"""What runs beside the hub: searching for a plan, in a process of its own, and what a plan is worth.

Everything here is JSON in, JSON out (`kit.heavy`). An answer holds `keys` and `plan` (rounds × people, -1 for no seat)
in the same order, `table_topics`, and the figures of `solver.Result`.
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

import msgspec
import numpy as np

from services.matching import solver
from services.matching.problem import build, met_before
from services.matching.question import Question, wished
from services.matching.solver import tradeoffs
from services.matching.solver.bounds import upper_bound
from services.matching.solver.conflict import Conflict, Possible, conflict
from services.matching.solver.construct import repaired
from services.matching.solver.objective import city_counts, worth
from services.matching.solver.search import revalued

CHECKPOINT_SECONDS = 1.0
LEAST_SECONDS = 0.2
"""What a search that is resumed gets at least: the answer has to be made anyway."""
CONFLICT_SECONDS = 5.0
MOST_VIOLATIONS = MOST_RULES = 100
UNSEATABLE: Final = "unseatable:"
"""How the reason begins where people do not fit the tables; the round follows, counted from 0."""
INVALID: Final = "invalid"
"""The reason where the question is no longer one, such as when people were erased and too few are left."""
Tell = Callable[[Any], bool]


class Stopped:
    """A stop that somebody else pulls."""

    def __init__(self) -> None:
        self.pulled = False

    def __call__(self, now: solver.Moment) -> bool:
        return self.pulled

    def part(self, now: solver.Moment) -> float | None:
        return None

    def left(self, now: solver.Moment) -> int | None:
        return None


class Account:
    """How far a search is, told to whoever called: percent, and what the best plan so far is worth.

    About every second also `best`: the iterations and seconds spent, and where they are new, `keys` and `plan`, the
    seats, with `table_topics`. `best` given: the last that an earlier process had told, if it was stopped before its
    answer. `problem` says what plans are worth, whatever the search goes by.
    """

    def __init__(self, problem: solver.Problem, question: Question, best: dict[str, Any] | None, tell: Tell) -> None:
        self.problem, self.question, self.tell = problem, question, tell
        self.bound = None if question.more is None else upper_bound(problem)
        self.iterations: int = best["iterations"] if best else 0
        self.seconds: float = best["seconds"] if best else 0.0
        self.stopped = Stopped()
        self.part = self._part(self.iterations, self.seconds)
        self.began = self.part
        self.before = -math.inf, -math.inf
        self.told = 0.0
        self.said: dict[str, Any] = {}

    def _part(self, iterations: int, seconds: float) -> float:
        if self.question.iterations is not None:
            return min(1.0, iterations / self.question.iterations)
        return min(1.0, seconds / (self.question.seconds or 1.0))

    def budget(self) -> solver.Stop:
        """What is left of it."""
        if self.question.iterations is not None:
            return solver.FirstOf(solver.Iterations(max(1, self.question.iterations - self.iterations)), self.stopped)
        left = max(LEAST_SECONDS, (self.question.seconds or 0.0) - self.seconds)
        return solver.FirstOf(solver.Seconds(left), self.stopped)

    def __call__(self, now: solver.Progress) -> None:
        self.part = max(self.part, self.began + (1.0 - self.began) * now.fraction)
        told: dict[str, Any] = {}
        if time.monotonic() - self.told >= CHECKPOINT_SECONDS:
            self.told = time.monotonic()
            told["best"] = {"iterations": self.iterations + now.iterations, "seconds": self.seconds + now.seconds}
            if (-now.broken, now.objective) > self.before:
                self.before = -now.broken, now.objective
                self.said = self._valued(now)
                if now.best is not None:
                    told["best"] |= {
                        "keys": list(self.problem.keys),
                        "plan": now.best.tolist(),
                        "table_topics": list(self.problem.table_topics),
                    }
        if not self.tell({"percent": round(100 * self.part), **self.said, **told}):
            self.stopped.pulled = True

    def _valued(self, now: solver.Progress) -> dict[str, Any]:
        """What the best so far is worth, said once it keeps the hard rules, and what no plan exceeds."""
        # A search with other weights, and that of a single round, have another measure.
        if now.best is None or (self.bound is None and self.problem.rounds > 1):
            return {"objective": now.objective if not now.broken else None, "upper_bound": now.upper_bound}
        value = worth(self.problem, now.best)
        return {
            "objective": value.objective if not value.broken else None,
            "upper_bound": self.bound or now.upper_bound,
        }


def solve(asked: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Answer `question`, going on from `best` where an earlier process had got so far.

    Where the plan breaks hard rules, some seconds more go into finding out which of them conflict; if they do not, the
    search goes on from a plan that keeps them all. Ends early, with the best plan so far, when `tell` says so.

    With a budget of iterations, the same question gets the same plan on every machine, unless something of this came in
    between. Where there is no plan at all, the answer is `{"failed": reason}`, with the `conflict` of rules if it was
    found.
    """
    question = msgspec.convert(asked["question"], Question)
    try:
        return _solved(question, asked.get("best"), tell)
    except solver.Unseatable as problem:
        why = conflict(build(question), CONFLICT_SECONDS)
        return {
            "failed": f"{UNSEATABLE}{problem.round}",
            "conflict": _told(why) if isinstance(why, Conflict) else None,
        }
    except solver.Invalid:
        return {"failed": INVALID}


def _solved(question: Question, best: dict[str, Any] | None, tell: Tell) -> dict[str, Any]:
    usual = build(question)
    problem = usual if question.more is None else build(wished(question))
    solver.warm()
    told = Account(usual, question, best, tell)
    day: dict[str, Any] = {}
    if question.day is not None:
        was, over = np.array(question.day.plan, dtype=np.int32), question.day.over
        changed = solver.replan(
            problem, was, over, told.budget(), seed=question.seed, most_moved=question.day.most_moved,
            pinned=question.day.pinned, gone=question.day.gone, begun=seats(problem, best) if best else None,
            on_progress=told,
        )  # fmt: skip
        result = changed.result
        day = {"day": {"moved": changed.moved, "missing": changed.missing, "new": changed.new}}
    else:
        # Repaired, because somebody of that plan may have been erased.
        start = repaired(problem, seats(problem, best), question.seed) if best else None
        result = solver.solve(problem, told.budget(), question.seed, told, start=start)
    why = conflict(problem, CONFLICT_SECONDS) if result.broken and not day and not told.stopped.pulled else None
    if isinstance(why, Possible):
        result = solver.solve(problem, told.budget(), question.seed, told, start=why.plan)
    if problem is not usual:
        result = revalued(usual, result)
    answer = {
        "keys": list(problem.keys),
        "table_topics": list(problem.table_topics),
        # One that is forbidden takes nothing off the worth.
        "repeat_weight": usual.weights.repeat if usual.weights.repeat != solver.HARD else 0.0,
        **result.as_json(),
        **day,
        **parts(question, usual, result.plan),
    }
    answer["iterations"] += told.iterations
    answer["seconds"] += told.seconds
    return answer | {
        "stopped": told.stopped.pulled,
        "resumed": best is not None,
        "helped": isinstance(why, Possible),
        "conflict": _told(why) if isinstance(why, Conflict) else None,
    }


def _told(why: Conflict) -> dict[str, Any]:
    told = ("reason", "values", "people", "tables", "round", "minimal")
    return {name: getattr(why, name) for name in told} | {"rules": [asdict(rule) for rule in why.rules[:MOST_RULES]]}


def parts(question: Question, problem: solver.Problem, plan: Any) -> dict[str, Any]:
    """The figures of a plan that follow from its seats alone, what it gives to whom, and the first of the hard rules
    that they break. `problem` is the question's.
    """
    seated = np.array(plan, dtype=np.int32)
    cities = [person.city for person in question.people]
    value = worth(problem, seated)
    counts = city_counts(problem, seated)
    found = solver.check(problem, seated)
    return {
        "objective": value.objective,
        "affinity": value.affinity,
        "topic": value.topic,
        "repeats": value.repeats,
        "penalties": value.penalties,
        "broken": len(found),
        "violations": [
            {"reason": one.reason, "round": one.round, "table": one.table, "people": one.people, "kind": one.kind}
            for one in found[:MOST_VIOLATIONS]
        ],
        "repeated_meetings": value.repeated_meetings,
        "least": value.least,
        "cities_per_table": [[len(table) for table in tables] for tables in counts],
        "city_counts": counts,
        "trade_offs": asdict(tradeoffs.account(problem, seated, cities, met_before(question, problem))),
    }


def seats(problem: solver.Problem, answer: dict[str, Any]) -> Any:
    """The tables of an answer (rounds × people) in the problem's order; -1 for who is not in it."""
    place = {key: at for at, key in enumerate(answer["keys"])}
    return np.array(
        [[row[place[key]] if key in place else -1 for key in problem.keys] for row in answer["plan"]], dtype=np.int32
    )


def score(asked: dict[str, Any], _tell: Tell | None = None) -> dict[str, Any]:
    """What the seats of `answer` are worth for `question`: its figures that follow from the seats."""
    question = msgspec.convert(asked["question"], Question)
    problem = build(question)
    return parts(question, problem, seats(problem, asked["answer"]))
