"""What runs beside the hub: searching for a plan, in a process of its own, and what a plan is worth.

Everything here is JSON in, JSON out (`kit.heavy`). An answer holds `keys` and `plan` (rounds × people, -1 for no seat)
in the same order, `table_topics`, and the figures of `solver.Result`.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from services.matching import solver
from services.matching.problem import build
from services.matching.question import Question
from services.matching.solver.construct import repaired
from services.matching.solver.objective import city_counts, worth

CHECKPOINT_SECONDS = 1.0
LEAST_SECONDS = 0.2
"""What a search that is resumed gets at least: the answer has to be made anyway."""
MOST_VIOLATIONS = 100
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
    """How far a search is, told to whoever called: percent and the best so far, with its seats now and then.

    `best`: the last that an earlier process had told, if it was stopped before its answer.
    """

    def __init__(self, problem: solver.Problem, question: Question, best: dict[str, Any] | None, tell: Tell) -> None:
        self.problem, self.question, self.tell = problem, question, tell
        self.iterations: int = best["iterations"] if best else 0
        self.seconds: float = best["seconds"] if best else 0.0
        self.stopped = Stopped()
        self.part = self._part(self.iterations, self.seconds)
        self.began, self.before = self.part, -math.inf
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
        if now.objective > self.before and time.monotonic() - self.told >= CHECKPOINT_SECONDS:
            self.told, self.before = time.monotonic(), now.objective
            plan = now.best.copy()
            value = worth(self.problem, plan)
            self.said = {"objective": value.objective if not value.broken else None, "upper_bound": now.upper_bound}
            told["best"] = {
                "keys": list(self.problem.keys),
                "plan": plan.tolist(),
                "iterations": self.iterations + now.iterations,
                "seconds": self.seconds + now.seconds,
                **self.said,
            }
        if not self.tell({"percent": round(100 * self.part), **self.said, **told}):
            self.stopped.pulled = True


def solve(asked: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Answer `question`, going on from `best` where an earlier process had got so far.

    Ends early, with the best plan so far, when `tell` says so. With a budget of iterations that was not interrupted,
    the same question gets the same plan on every machine. `{"unseatable": round}` is the answer where there is none.
    """
    question = msgspec.convert(asked["question"], Question)
    try:
        return _solved(question, asked.get("best"), tell)
    except solver.Unseatable as problem:
        return {"unseatable": problem.round}


def _solved(question: Question, best: dict[str, Any] | None, tell: Tell) -> dict[str, Any]:
    problem = build(question)
    solver.warm()
    account = Account(problem, question, best, tell)
    day: dict[str, Any] = {}
    if question.day is not None:
        was, over = np.array(question.day.plan, dtype=np.int32), question.day.over
        changed = solver.replan(
            problem, was, over, account.budget(), seed=question.seed, most_moved=question.day.most_moved,
            pinned=question.day.pinned, on_progress=account,
        )  # fmt: skip
        result = changed.result
        day = {"day": {"moved": changed.moved, "missing": changed.missing, "new": changed.new}}
    else:
        # Repaired, because somebody of that plan may have been erased.
        start = repaired(problem, seats(problem, best), question.seed) if best else None
        result = solver.solve(problem, account.budget(), question.seed, account, start=start)
    answer = {
        "keys": list(problem.keys),
        "table_topics": list(problem.table_topics),
        # One that is forbidden takes nothing off the worth.
        "repeat_weight": problem.weights.repeat if problem.weights.repeat != solver.HARD else 0.0,
        **result.as_json(),
        **day,
        **parts(problem, result.plan),
    }
    answer["iterations"] += account.iterations
    answer["seconds"] += account.seconds
    return answer | {"stopped": account.stopped.pulled, "resumed": best is not None}


def parts(problem: solver.Problem, plan: Any) -> dict[str, Any]:
    """The figures of a plan that follow from its seats alone, and the first of the hard rules that they break."""
    seated = np.array(plan, dtype=np.int32)
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
    }


def seats(problem: solver.Problem, answer: dict[str, Any]) -> Any:
    """The tables of an answer (rounds × people) in the problem's order; -1 for who is not in it."""
    place = {key: at for at, key in enumerate(answer["keys"])}
    return np.array(
        [[row[place[key]] if key in place else -1 for key in problem.keys] for row in answer["plan"]], dtype=np.int32
    )


def score(asked: dict[str, Any], _tell: Tell | None = None) -> dict[str, Any]:
    """What the seats of `answer` are worth for `question`: its figures that follow from the seats."""
    problem = build(msgspec.convert(asked["question"], Question))
    return parts(problem, seats(problem, asked["answer"]))
