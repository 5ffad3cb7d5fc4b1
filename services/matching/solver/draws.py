"""The other inner loop: one person is compared with everybody in a round at once, and changes places or stays.

Which one follows the Boltzmann distribution at the present temperature (a heat bath, R. J. Glauber 1963), drawn by
adding noise of the Gumbel distribution to every gain and taking the greatest sum (J. I. Yellott 1977). Where proposals
made one by one are mostly rejected, a draw weighs hundreds of them for the price of a few: all that it looks at lies
side by side. It serves problems that `fits` describes; `kernel.anneal` serves all.
"""

from __future__ import annotations

import numpy as np

from services.matching.solver.board import (
    ACCEPTED,
    BEST,
    NOW,
    UNSAVED,
    Array,
    Board,
    Pace,
    Rules,
)
from services.matching.solver.chance import advance, below
from services.matching.solver.compiled import compiled
from services.matching.solver.gains import comes, goes, meeting_gain, visit_gain
from services.matching.solver.seating import exchange

# Worse than any breach of rules: what cannot be at all; whatever lies below the other has that in it.
_NEVER = -(1 << 58)
_UNLIKELY = -(1 << 57)


@compiled
def _remember(board: Board, rules: Rules, r: int, i: int) -> None:
    """What i would lose by leaving the table in round r, and what the mixing gains by that."""
    t = board.seat[r, i]
    if t < 0:
        return
    stays = rules.interest[i, t] if board.visits[i, t] == 1 else 0
    board.loss[r, i] = board.worth[r, t, i] + stays
    board.parting[r, i] = goes(board.gap, rules.price, r, t, rules.kind[i, 0]) if rules.free[r, i] else _NEVER


@compiled
def _visited(board: Board, rules: Rules, i: int, t: int) -> None:
    """How table t draws i by its topic, and what its topic holds in the rounds in which i sits there."""
    board.draw[t, i] = rules.interest[i, t] if board.visits[i, t] == 0 else 0
    for r in range(board.seat.shape[0]):
        if board.seat[r, i] == t:
            _remember(board, rules, r, i)


@compiled
def recall(board: Board, rules: Rules) -> None:
    """Works out `loss`, `parting` and `draw` from the beginning; `worth` has to be right."""
    rounds, people = board.seat.shape
    for i in range(people):
        for t in range(board.size.shape[1]):
            board.draw[t, i] = rules.interest[i, t] if board.visits[i, t] == 0 else 0
        for r in range(rounds):
            board.parting[r, i] = _NEVER
            _remember(board, rules, r, i)


@compiled
def _after(board: Board, rules: Rules, r: int, i: int, a: int, j: int, b: int) -> None:
    """Brings what is remembered up to date after an exchange."""
    for side in range(2):
        t = a if side == 0 else b
        for s in range(board.size[r, t]):
            k = board.members[r, t, s]
            _remember(board, rules, r, k)
            # Meetings of these with i and j changed what they find in other rounds in which they sit together.
            for other in range(board.seat.shape[0]):
                at = board.seat[other, k]
                if other != r and at >= 0 and (at == board.seat[other, i] or (j >= 0 and at == board.seat[other, j])):
                    _remember(board, rules, other, k)
    for other in range(board.seat.shape[0]):
        _remember(board, rules, other, i)
        if j >= 0:
            _remember(board, rules, other, j)
    _visited(board, rules, i, a)
    _visited(board, rules, i, b)
    if j >= 0:
        _visited(board, rules, j, a)
        _visited(board, rules, j, b)


@compiled
def _weigh(
    seat: Array,
    alike: Array,
    other: Array,
    coming: Array,
    kind: Array,
    own: int,
    there: Array,
    loss: Array,
    draw: Array,
    parting: Array,
    code: Array,
    add: Array,
    noise: Array,
    score: Array,
) -> int:
    """What changing places with each person gains, noise added, into `score`; returns the greatest."""
    for j in range(score.size):
        bond = add[code[j]]
        if kind[j] == own:
            score[j] = alike[seat[j]] - bond - bond + (parting[j] if parting[j] == _NEVER else 0)
        else:
            score[j] = other[seat[j]] - bond - bond + coming[kind[j]] + parting[j]
    top = np.int64(_NEVER) * 2
    for j in range(score.size):
        value = score[j] + there[j] - loss[j] + draw[j] + noise[j]
        score[j] = value
        top = max(top, value)
    return top  # type: ignore[return-value]  # numba's int


@compiled
def anneal(board: Board, rules: Rules, pace: Pace, noise: Array, draws: int) -> None:
    """Makes so many draws at the temperature of `noise` (a power of two of values, and N more); keeps the best plan."""
    seat, size, worth, gap, tally = board.seat, board.size, board.worth, board.gap, board.tally
    loss, parting, draw = board.loss, board.parting, board.draw
    kind, price, soft_add = rules.kind, rules.price, rules.soft_add
    people, tables = seat.shape[1], size.shape[1]
    first = kind[:, 0].copy()
    alike, other, coming = np.empty(tables, np.int64), np.empty(tables, np.int64), np.empty(price.size, np.int64)
    score = np.empty(people, np.int64)
    mask = np.uint64(noise.size - people - 1)
    x = board.random[0]
    for _ in range(draws):
        x = advance(x)
        r = rules.open[below(x, rules.open.size)]
        x = advance(x)
        i = rules.movable[r, below(x, rules.movables[r])]
        begin = np.int64(x & mask)
        a = seat[r, i]
        v = first[i]
        stay = loss[r, i]
        leaving = parting[r, i]
        for t in range(tables):
            alike[t] = worth[r, t, i] + draw[t, i] - stay
            other[t] = alike[t] + leaving + comes(gap, price, r, t, v)
        alike[a] = _NEVER
        other[a] = _NEVER
        for w in range(price.size):
            coming[w] = comes(gap, price, r, a, w)
        top = _weigh(
            seat[r], alike, other, coming, first, v, worth[r, a], loss[r], draw[a], parting[r], board.code[i], soft_add,
            noise[begin : begin + people], score,
        )  # fmt: skip
        b = -1
        if pace.uneven and size[r, a] > rules.least[r, a]:
            x = advance(x)
            begin = np.int64(x & mask)
            for t in range(tables):
                if size[r, t] < rules.most[r, t] and other[t] + noise[begin + (t % people)] > top:
                    top = other[t] + noise[begin + (t % people)]
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
        mixing = 0
        if j < 0:
            mixing = leaving + comes(gap, price, r, b, v)
        elif first[j] != v:
            mixing = leaving + comes(gap, price, r, b, v) + parting[r, j] + comes(gap, price, r, a, first[j])
        gain = mixing + meeting_gain(board.members, size, board.code, rules.add, rules.drop, r, i, a, j, b)
        gain += visit_gain(board.visits, rules.interest, i, a, b)
        if j >= 0:
            gain += visit_gain(board.visits, rules.interest, j, b, a)
        if gain < 0 and tally[UNSAVED] == 1:
            board.best[:] = seat
            tally[UNSAVED] = 0
        exchange(board, rules, pace.levels, True, r, i, a, j, b)
        _after(board, rules, r, i, a, j, b)
        tally[ACCEPTED] += 1
        tally[NOW] += gain
        if tally[NOW] > tally[BEST]:
            tally[BEST] = tally[NOW]
            tally[UNSAVED] = 1
    if tally[UNSAVED] == 1:
        board.best[:] = seat
        tally[UNSAVED] = 0
    board.random[0] = x
