"""Large events, and a day that goes otherwise than planned."""

from __future__ import annotations

import dataclasses
import resource
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from services.matching.solver import HARD, Model, Moment, Problem, Seconds, Weights, check, replan, solve, warm
from services.matching.solver.problem import even_kinds, even_sizes

TITLE = "## Large events"
CITIES, TOPICS, FIELDS, ROUNDS = 20, 60, 10, 6
REFERENCE = 600.0


def problem(
    people: int, *, seed: int = 5, tables: int = 0, weights: Weights | None = None, apart: bool = True
) -> Problem:
    """So many people of 20 cities at tables of eight; as hard rules, nobody meets twice or sits with the own city."""
    rnd = Random(seed)
    model = Model(tables=tables or people // 8, rounds=ROUNDS, weights=weights or Weights(1.0, 0.0, HARD))
    for field in range(FIELDS):
        model.topic(f"field{field}")
    for topic in range(TOPICS):
        model.topic(f"topic{topic}", parent=f"field{topic % FIELDS}")

    def some(home: int, least: int) -> set[str]:
        near = range(home, TOPICS, FIELDS)
        return {
            f"topic{rnd.choice(near) if rnd.random() < 0.7 else rnd.randrange(TOPICS)}"
            for _ in range(rnd.randint(least, 3))
        }

    for number in range(people):
        home = rnd.randrange(FIELDS)
        model.person(
            f"p{number}",
            city=f"city{number % CITIES}",
            offers=sorted(some(home, 0)),
            seeks=sorted(some(home, 1)),
            works_on=sorted(some(home, 1)),
        )
    if apart:
        model.apart("city")
    return model.problem()


class _Watched:
    """Seconds of a search, and when its first draw or proposal came."""

    def __init__(self, seconds: float) -> None:
        self.budget = Seconds(seconds)
        self.first: float | None = None

    def __call__(self, now: Moment) -> bool:
        self.first = now.seconds if self.first is None else self.first
        return self.budget(now)

    def part(self, now: Moment) -> float | None:
        return self.budget.part(now)

    def left(self, now: Moment) -> int | None:
        return self.budget.left(now)


def main(_files: Path | None, seconds: Sequence[float], _seeds: int, _match: str) -> str:
    """The section. Where 600 is among the seconds, the reference of ten minutes is made, too."""
    warm()
    return f"""{TITLE}

{CITIES} cities, tables of eight, {ROUNDS} rounds; as hard rules, nobody meets twice and no two of a city share a table.
Seconds of CPU. A draw weighs the exchanges of one person with everybody at once; both are counted without the
time until the first.

| people | seconds | affinity | repeats | broken rules | draws a second | exchanges weighed a second | memory |
|---|---|---|---|---|---|---|---|
{chr(10).join(_sizes(seconds))}

### The day goes otherwise than planned

500 people at 50 tables, six rounds; after the second, one in twenty is gone and one in twenty has come.

| | seconds | objective | seats changed | broken rules |
|---|---|---|---|---|
{chr(10).join(_day())}
"""


def _sizes(seconds: Sequence[float]) -> Iterator[str]:
    for people, budgets in ((200, (1.0,)), (2000, tuple(s for s in (1.0, 10.0, 30.0, REFERENCE) if s in seconds))):
        given = problem(people)
        for budget in budgets:
            stop = _Watched(budget)
            found = solve(given, stop, seed=1, clock=time.process_time)
            speed = found.iterations / max(found.seconds - (stop.first or 0.0), 1e-9) / 1e6
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            yield (
                f"| {people} | {budget:g} | {found.affinity:.0f} | {found.repeats:.0f} "
                f"| {len(check(given, found.plan, found.objective))} | {speed:.2f} million "
                f"| {speed * people:.0f} million "
                f"| {memory:.0f} MB |"
            )


def _day() -> Iterator[str]:
    whole = problem(525, tables=50, weights=Weights(), apart=False)
    late = range(500, 525)
    gone = Random(3).sample(range(500), 25)
    morning = there(whole, {number: set() for number in late})
    plan = solve(morning, Seconds(10.0), seed=1, clock=time.process_time).plan
    now = there(whole, {n: {2, 3, 4, 5} for n in late} | {n: {0, 1} for n in gone})
    for name, budget, most in (("planned anew", 10.0, 10_000), ("few seats change", 2.0, None)):
        found = replan(now, plan, 2, Seconds(budget), seed=1, most_moved=most, clock=time.process_time)
        yield (f"| {name} | {budget:g} | {found.result.objective:.0f} | {len(found.moved)} | {found.result.broken} |")


def there(given: Problem, only: dict[int, set[int]]) -> Problem:
    """The problem with these people there in these rounds alone."""
    present = given.present.copy()
    for number, rounds in only.items():
        present[:, number] = [r in rounds for r in range(given.rounds)]
    least, most = even_sizes(present, given.tables)
    kinds = []
    for one in given.kinds:
        low, high = even_kinds(one.of, len(one.names), present, most)
        kinds.append(dataclasses.replace(one, low=low, high=high))
    return dataclasses.replace(given, present=present, least=least, most=most, kinds=tuple(kinds))
