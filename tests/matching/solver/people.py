"""Problems for the tests: people with topics from a seeded generator."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from services.matching.solver import Model, Problem, Weights

KN, HN = "08335043", "08121000"


def problem(
    residents: Sequence[int],
    *,
    tables: int,
    rounds: int,
    seed: int = 0,
    names: Sequence[str] = (KN, HN),
    weights: Weights | None = None,
) -> Problem:
    """So many people of each city, each with topics mostly out of one of four fields with four topics."""
    rnd = Random(seed)
    model = Model(tables=tables, rounds=rounds, weights=weights or Weights())
    for f in range(4):
        model.topic(f"field{f}")
        for t in range(4):
            model.topic(f"field{f}.{t}", parent=f"field{f}")

    def some(home: int, least: int) -> list[str]:
        picked = {
            f"field{home if rnd.random() < 0.7 else rnd.randrange(4)}.{rnd.randrange(4)}"
            for _ in range(rnd.randint(least, 3))
        }
        return sorted(picked)

    number = 0
    for city, count in enumerate(residents):
        for _ in range(count):
            home = rnd.randrange(4)
            name = names[city] if city < len(names) else f"city{city}"
            model.person(f"p{number}", city=name, offers=some(home, 0), seeks=some(home, 1), works_on=some(home, 1))
            number += 1
    return model.problem()
