"""What no plan can surpass. A bound may be loose; it must never be wrong."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from services.matching.solver.problem import HARD, Floats, Kinds, Problem, shares


def repeats_bound(problem: Problem) -> int:
    """A lower bound on the sum of c*(c-1)/2 over all pairs, c being the number of their meetings.

    That sum counts, for every two rounds, the pairs that share a table in both. A group of P people in one round is
    split among the G tables of the other, and has the fewest pairs left when split evenly: for equal groups
    C(R,2)·G·[r·C(q+1,2)+(G-r)·C(q,2)] with P = qG+r. Uneven groups have more. A second bound counts pairs: so many
    meetings at least are spread evenly over the pairs, where kinds are dealt out exactly also within each kind.
    """
    tables = problem.tables
    by_rounds = 0
    for one, other in combinations(problem.present, 2):
        groups = shares(int((one & other).sum()), tables)
        by_rounds += sum(_even(size, tables) for size in groups)
    return max(by_rounds, _by_pairs(problem))


def _by_pairs(problem: Problem) -> int:
    people, everyone = problem.people, bool(problem.present.all())
    meetings = sum(comb(size, 2) for row in problem.present for size in shares(int(row.sum()), problem.tables))
    whole = _even(meetings, comb(people, 2))
    exact = next((k for k in problem.kinds if k.weight == HARD), None) if everyone else None
    if exact is None or not _dealt_out(problem, exact) or int(problem.most.max() - problem.least.min()) > 1:
        return whole
    pairs, split = comb(people, 2), 0
    for residents in np.bincount(exact.of, minlength=len(exact.names)).tolist():
        inside = problem.rounds * sum(comb(size, 2) for size in shares(residents, problem.tables))
        split += _even(inside, comb(residents, 2))
        meetings -= inside
        pairs -= comb(residents, 2)
    return max(whole, split + _even(meetings, pairs))


def _dealt_out(problem: Problem, kinds: Kinds) -> bool:
    """Whether everybody is of a kind and each kind is shared out among the tables to within one."""
    if kinds.of.min() < 0:
        return False
    there = np.bincount(kinds.of, minlength=len(kinds.names))
    low, high = there // problem.tables, -(-there // problem.tables)
    return bool((kinds.low == low).all() and (kinds.high == high).all())


def upper_bound(problem: Problem) -> float:
    """An upper bound on the objective."""
    w = problem.weights
    found = w.affinity * affinity_bound(problem) + w.topic * topic_bound(problem)
    return found if w.repeat == HARD else found - w.repeat * repeats_bound(problem)


def affinity_bound(problem: Problem) -> float:
    """An upper bound on the affinity of the distinct pairs that meet.

    Every person takes the best partners, of each kind that is mixed as a hard rule no more than the seats open to it in
    all rounds. What is taken adds up with falling marginals, so the meetings beyond those that everybody is sure to
    have, and the meetings that cannot be repeats, go to the greatest marginals of all people. Each pair is counted from
    both sides, hence the half.
    """
    present = problem.present
    largest, smallest = problem.most.max(axis=1), problem.least.min(axis=1)
    width = int((largest - 1).clip(0).sum())
    best = _best_partners(problem, width)
    sure = (present * (smallest - 1).clip(0)[:, None]).sum(axis=0)
    rank = np.arange(width)
    base = np.where(rank < sure[:, None], best, 0.0)
    extra = np.where(rank < sure[:, None], 0.0, best)
    meetings = most_meetings(problem)
    left = max(0, 2 * meetings - int(sure.sum()))
    larger = np.sort(extra, axis=None)[::-1][:left]
    every = np.sort(np.concatenate([base.ravel(), larger]))[::-1]
    # c*(c-1)/2 is at most R/2 times c-1: so many meetings at least are not the first of their pair.
    again = -(-2 * repeats_bound(problem) // problem.rounds)
    return float(every[: max(0, 2 * (meetings - again))].sum()) / 2


def most_meetings(problem: Problem) -> int:
    """The most meetings (pairs at a table, summed over the rounds) that the tables' sizes allow."""
    total = 0
    for r, row in enumerate(problem.present):
        sizes = problem.least[r].tolist()
        left = int(row.sum()) - sum(sizes)
        # Pairs grow faster than people: filling the tables with most room for most pairs first is the most there is.
        for t in sorted(range(problem.tables), key=lambda t: -int(problem.most[r, t])):
            more = min(left, int(problem.most[r, t]) - sizes[t])
            if more > 0:
                sizes[t] += more
                left -= more
        total += sum(comb(size, 2) for size in sizes)
    return total


def topic_bound(problem: Problem) -> float:
    """An upper bound on the interests met: everyone at different tables, each table with its seats in all rounds."""
    rounds = problem.present.sum(axis=0)
    ranked = np.sort(problem.interest, axis=1)[:, ::-1]
    by_person = np.where(np.arange(problem.tables) < rounds[:, None], ranked, 0.0).sum()
    seats = problem.most.sum(axis=0)
    columns = np.sort(problem.interest, axis=0)[::-1]
    by_table = np.where(np.arange(problem.people)[:, None] < seats, columns, 0.0).sum()
    return float(min(by_person, by_table))


def _best_partners(problem: Problem, width: int) -> Floats:
    """Each person's greatest affinities in falling order (N × width), padded with 0, respecting the seats that each
    kind of the first hard mixing can take, and as many as the person can meet at all.
    """
    n = problem.people
    hard = next((kinds for kinds in problem.kinds if kinds.weight == HARD), None)
    if hard is None:
        return _cut(problem, _merge([problem.affinity], width))
    best = np.zeros((n, width))
    alone: list[Any] = [np.flatnonzero(hard.of < 0)]
    waiting: list[Floats] = []
    seats = hard.high.max(axis=1).sum(axis=0)
    for kind, open_ in enumerate(seats.tolist()):
        members = np.flatnonzero(hard.of == kind)
        own = max(0, open_ - problem.rounds)  # beside oneself
        if open_ >= len(members) and own >= len(members) - 1:
            alone.append(members)
            continue
        values = np.sort(problem.affinity[:, members], axis=1)[:, ::-1]
        values[members, own:] = 0.0
        waiting.append(values[:, :open_])
        # Merged in bulk: once per kind would sort the same best again for every small one.
        if sum(part.shape[1] for part in waiting) > max(width, 512):
            best = _merge([best, *waiting], width)
            waiting.clear()
    together = np.concatenate(alone)
    if together.size:
        waiting.append(problem.affinity[:, together])
    return _cut(problem, _merge([best, *waiting], width))


def _cut(problem: Problem, best: Floats) -> Floats:
    """Nothing beyond what a person can meet in the rounds in which the person is there."""
    most = (problem.present * (problem.most.max(axis=1) - 1).clip(0)[:, None]).sum(axis=0)
    cut: Floats = np.where(np.arange(best.shape[1]) < most[:, None], best, 0.0)
    return cut


def _merge(parts: list[Floats], width: int) -> Floats:
    """The greatest `width` values of each row of all, in falling order, padded with 0."""
    every = np.concatenate(parts, axis=1)
    if every.shape[1] > width:
        every = -np.partition(-every, width - 1, axis=1)[:, :width] if width else every[:, :0]
    found = np.sort(every, axis=1)[:, ::-1]
    short = width - found.shape[1]
    return np.ascontiguousarray(np.pad(found, ((0, 0), (0, short))) if short > 0 else found)


def _even(total: int, parts: int) -> int:
    """The least sum of k*(k-1)/2 over that many whole numbers with this total."""
    if parts == 0:
        return 0
    q, r = divmod(total, parts)
    return r * comb(q + 1, 2) + (parts - r) * comb(q, 2)
