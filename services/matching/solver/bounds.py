"""What no plan can surpass. A bound may be loose; it must never be wrong."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np

from services.matching.solver.problem import Floats, Problem


def repeats_bound(problem: Problem) -> int:
    """A lower bound on the sum of c*(c-1)/2 over all pairs, c being the number of their meetings.

    That sum counts, for every two rounds, the pairs that share a table in both. A group of P people in one round is
    split among the G tables of the other, and has the fewest pairs left when split evenly. A second bound counts
    pairs: meetings within each city, and between cities, are given by the rules and spread evenly over the pairs.
    """
    groups = _shares(problem.people, problem.tables)
    two_rounds = sum(_even(size, problem.tables) for size in groups)
    by_rounds = comb(problem.rounds, 2) * two_rounds

    meetings = problem.rounds * sum(comb(size, 2) for size in groups)
    pairs = comb(problem.people, 2)
    by_pairs = 0
    for residents in problem.residents.tolist():
        inside = problem.rounds * sum(comb(size, 2) for size in _shares(residents, problem.tables))
        by_pairs += _even(inside, comb(residents, 2))
        meetings -= inside
        pairs -= comb(residents, 2)
    by_pairs += _even(meetings, pairs)
    return max(by_rounds, by_pairs)


def upper_bound(problem: Problem) -> float:
    """An upper bound on the objective."""
    w = problem.weights
    return w.affinity * affinity_bound(problem) + w.topic * topic_bound(problem) - w.repeat * repeats_bound(problem)


def affinity_bound(problem: Problem) -> float:
    """An upper bound on the affinity of the distinct pairs that meet.

    Every person takes the best partners, of each city no more than the seats open to it in all rounds. What is
    taken adds up with falling marginals, so the places at larger tables, and the meetings that cannot be repeats, go to
    the greatest marginals of all people. Each pair is counted from both sides, hence the half.
    """
    small, _ = problem.sizes
    rounds = problem.rounds
    best = _best_partners(problem)
    sure = rounds * (small - 1)
    base, extra = best[:, :sure], best[:, sure:]
    at_larger = rounds * (problem.people % problem.tables) * (small + 1)
    larger = np.sort(extra, axis=None)[::-1][:at_larger]
    every = np.sort(np.concatenate([base.ravel(), larger]))[::-1]
    meetings = rounds * sum(comb(size, 2) for size in _shares(problem.people, problem.tables))
    # c*(c-1)/2 is at most R/2 times c-1: so many meetings at least are not the first of their pair.
    again = -(-2 * repeats_bound(problem) // rounds)
    return float(every[: 2 * (meetings - again)].sum()) / 2


def topic_bound(problem: Problem) -> float:
    """An upper bound on the interests met: everyone at R different tables, each table with its seats in all rounds."""
    _, large = problem.sizes
    by_person = np.sort(problem.interest, axis=1)[:, ::-1][:, : problem.rounds].sum()
    by_table = np.sort(problem.interest, axis=0)[::-1][: problem.rounds * large].sum()
    return float(min(by_person, by_table))


def _best_partners(problem: Problem) -> Floats:
    """Each person's greatest affinities in falling order (N × R*(large size - 1)), padded with 0, respecting the seats
    that each city can take.
    """
    _, large = problem.sizes
    n, rounds, width = problem.people, problem.rounds, problem.rounds * (large - 1)
    best = np.zeros((n, width))
    alone: list[Any] = []
    waiting: list[Floats] = []
    for city, residents in enumerate(problem.residents.tolist()):
        members = np.flatnonzero(problem.city == city)
        seats = -(-residents // problem.tables)
        if rounds * seats >= residents and rounds * (seats - 1) >= residents - 1:
            alone.append(members)
            continue
        values = np.sort(problem.affinity[:, members], axis=1)[:, ::-1]
        values[members, rounds * (seats - 1) :] = 0.0
        waiting.append(values[:, : rounds * seats])
        # Merged in bulk: once per city would sort the same best again for every small one.
        if sum(part.shape[1] for part in waiting) > max(width, 512):
            best = _merge([best, *waiting], width)
            waiting.clear()
    if alone:
        waiting.append(problem.affinity[:, np.concatenate(alone)])
    return _merge([best, *waiting], width)


def _merge(parts: list[Floats], width: int) -> Floats:
    """The greatest `width` values of each row of all, in falling order."""
    return np.ascontiguousarray(np.sort(np.concatenate(parts, axis=1), axis=1)[:, ::-1][:, :width])


def _shares(total: int, parts: int) -> list[int]:
    """The total in that many parts that differ by one at most."""
    q, r = divmod(total, parts)
    return [q + 1] * r + [q] * (parts - r)


def _even(total: int, parts: int) -> int:
    """The least sum of k*(k-1)/2 over that many whole numbers with this total."""
    if parts == 0:
        return 0
    q, r = divmod(total, parts)
    return r * comb(q + 1, 2) + (parts - r) * comb(q, 2)
