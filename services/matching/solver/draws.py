"""The other inner loop: one person is compared with everybody in a round at once, and changes places or stays.

Which one follows the Boltzmann distribution at the present temperature (a heat bath, R. J. Glauber 1963), drawn by
adding noise of the Gumbel distribution to every gain and taking the greatest sum (J. I. Yellott 1977). Where proposals
made one by one are mostly rejected, a draw weighs hundreds of them for the price of a few: all that it looks at lies
side by side. It serves problems without a limit of changed seats; `kernel.anneal` serves all.
"""

from __future__ import annotations

import numpy as np

from services.matching.solver.board import UNSAVED, Array, Board, Pace, Rules, accept, keep_best
from services.matching.solver.chance import advance, below
from services.matching.solver.compiled import compiled
from services.matching.solver.gains import comes, goes, meeting_gain, mixing_gain, visit_gain
from services.matching.solver.seating import exchange

# Worse than any breach of rules: what cannot be at all; whatever lies below the other has that in it.
_NEVER = -(1 << 58)
_UNLIKELY = -(1 << 57)


@compiled
def _part(parting: Array, gap: Array, kind: Array, price: Array, r: int, t: int, i: int) -> None:
    """What the mixing gains when i leaves table t."""
    for k in range(kind.shape[1]):
        parting[k, r, i] = goes(gap, price, r, t, kind[i, k])


@compiled
def _visited(board: Board, rules: Rules, i: int, t: int) -> None:
    """How table t draws i by its topic, and what that is worth in the round in which i alone sits there."""
    interest = rules.interest[i, t]
    if rules.allowed[i, t]:
        board.draw[t, i] = interest if board.visits[i, t] == 0 else 0
    else:
        board.draw[t, i] = _NEVER
    for r in range(board.seat.shape[0]):
        if board.seat[r, i] == t and rules.free[r, i]:
            board.hold[r, i] = interest if board.visits[i, t] == 1 else 0


@compiled
def recall(board: Board, rules: Rules, pace: Pace) -> None:
    """Works out `hold`, `parting` and, where it matters, `draw` from the beginning."""
    rounds, people = board.seat.shape
    for r in range(rounds):
        for i in range(people):
            board.hold[r, i] = 0 if rules.free[r, i] else -_NEVER
            if board.seat[r, i] >= 0:
                _part(board.parting, board.gap, rules.kind, rules.price, r, board.seat[r, i], i)
    if pace.topical or pace.bound:
        for i in range(people):
            for t in range(board.size.shape[1]):
                _visited(board, rules, i, t)


@compiled
def _after(board: Board, rules: Rules, wishes: bool, r: int, i: int, a: int, j: int, b: int) -> None:
    """Brings what is remembered up to date after an exchange."""
    members, size, gap = board.members, board.size, board.gap
    kind, price, parting = rules.kind, rules.price, board.parting
    for side in range(2):
        t = a if side == 0 else b
        for s in range(size[r, t]):
            _part(parting, gap, kind, price, r, t, members[r, t, s])
    if wishes:
        _visited(board, rules, i, a)
        _visited(board, rules, i, b)
        if j >= 0:
            _visited(board, rules, j, a)
            _visited(board, rules, j, b)


@compiled
def _weigh(
    seat: Array, alike: Array, other: Array, coming: Array, kind: Array, mine: int, parting: Array, code: Array,
    add: Array, score: Array,
) -> None:  # fmt: skip
    """What changing places with each person gains the one drawn, and the mixing of the first kinds, into `score`."""
    for j in range(score.size):
        bond = 2 * add[code[j]]
        if kind[j] == mine:
            score[j] = alike[seat[j]] - bond
        else:
            score[j] = other[seat[j]] - bond + coming[kind[j]] + parting[j]


@compiled
def _mix(seat: Array, away: Array, coming: Array, kind: Array, mine: int, parting: Array, score: Array) -> None:
    """Adds what the mixing of further kinds gains to `score`."""
    for j in range(score.size):
        if kind[j] != mine:
            score[j] += away[seat[j]] + coming[kind[j]] + parting[j]


@compiled
def _highest(there: Array, own: Array, hold: Array, noise: Array, score: Array) -> int:
    """Adds what the people themselves gain, and noise, to `score`; returns the greatest."""
    top = np.int64(_NEVER) * 2
    for j in range(score.size):
        value = score[j] + there[j] - own[j] - hold[j] + noise[j]
        score[j] = value
        top = max(top, value)
    return top  # type: ignore[return-value]  # numba's int


@compiled
def anneal(board: Board, rules: Rules, pace: Pace, noise: Array, draws: int) -> None:
    """Makes so many draws at the temperature of `noise` (a power of two of values, and N more); keeps the best plan."""
    seat, size, worth, gap, tally = board.seat, board.size, board.worth, board.gap, board.tally
    own, hold, parting, draw, code = board.own, board.hold, board.parting, board.draw, board.code
    price, soft_add, least, most = rules.price, rules.soft_add, rules.least, rules.most
    rounds, movable, movables = rules.open, rules.movable, rules.movables
    people, tables, kinds = seat.shape[1], size.shape[1], rules.kind.shape[1]
    kind = np.ascontiguousarray(rules.kind.T)
    wishes = pace.topical or pace.bound
    alike, away, other = np.empty(tables, np.int64), np.zeros((kinds, tables), np.int64), np.empty(tables, np.int64)
    coming, score = np.empty(price.size, np.int64), np.empty(people, np.int64)
    mask = np.uint64(noise.size - people - 1)
    x = board.random[0]
    for _ in range(draws):
        x = advance(x)
        r = rounds[below(x, rounds.size)]
        x = advance(x)
        i = movable[r, below(x, movables[r])]
        begin = np.int64(x & mask)
        a = seat[r, i]
        stay = own[r, i] + hold[r, i]
        for t in range(tables):
            alike[t] = worth[r, t, i] - stay
        if wishes:
            for t in range(tables):
                alike[t] += draw[t, i]
        alike[a] = _NEVER
        for k in range(kinds):
            leaving = parting[k, r, i]
            for t in range(tables):
                away[k, t] = leaving + comes(gap, price, r, t, kind[k, i])
        for t in range(tables):
            other[t] = alike[t] + away[0, t]
        for w in range(price.size):
            coming[w] = comes(gap, price, r, a, w)
        _weigh(seat[r], alike, other, coming, kind[0], kind[0, i], parting[0, r], code[i], soft_add, score)
        for k in range(1, kinds):
            _mix(seat[r], away[k], coming, kind[k], kind[k, i], parting[k, r], score)
        if wishes:
            score += draw[a]
        top = _highest(worth[r, a], own[r], hold[r], noise[begin : begin + people], score)
        b = -1
        if pace.uneven and size[r, a] > least[r, a]:
            x = advance(x)
            begin = np.int64(x & mask)
            for t in range(tables):
                if size[r, t] < most[r, t]:
                    moved = alike[t] + away[:, t].sum() + noise[begin + (t % people)]
                    if moved > top:
                        top = moved
                        b = t
        x = advance(x)
        if top <= noise[np.int64(x & mask)]:
            continue  # the noise of staying
        j = -1
        if b < 0:
            for k in range(people):
                if score[k] == top:
                    j = k
                    break
            b = seat[r, j]
            if j < 0 or b < 0 or top < _UNLIKELY:
                continue
        gain = meeting_gain(board.members, size, code, rules.add, rules.drop, r, i, a, j, b)
        gain += mixing_gain(rules.kind, gap, price, r, i, a, j, b)
        gain += visit_gain(board.visits, rules.interest, i, a, b)
        if j >= 0:
            gain += visit_gain(board.visits, rules.interest, j, b, a)
        if gain < 0 and tally[UNSAVED] == 1:
            keep_best(board)
        exchange(board, rules, pace.levels, True, r, i, a, j, b)
        _after(board, rules, wishes, r, i, a, j, b)
        accept(board, gain)
    keep_best(board)
    board.random[0] = x
