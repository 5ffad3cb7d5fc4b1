"""The inner loop of the annealing, in whole numbers only.

Whole numbers make the search the same on every machine (no rounding, no library's exp or log) and let the compiler sum
in any order.
"""

from __future__ import annotations

import numpy as np

from services.matching.solver.board import HARD, MOVED, UNSAVED, Array, Board, Pace, Rules, accept, keep_best
from services.matching.solver.chance import LOW, advance, below
from services.matching.solver.compiled import compiled
from services.matching.solver.gains import meeting_gain, mixing_gain, visit_gain
from services.matching.solver.seating import exchange

# One less than the number of proposals made at one table, which is a power of two.
_STAY = 63


@compiled
def _all_gain(board: Board, rules: Rules, r: int, i: int, a: int, j: int, b: int) -> int:
    """Everything that an exchange of two people gains."""
    gain = meeting_gain(board.members, board.size, board.code, rules.add, rules.drop, r, i, a, j, b)
    gain += mixing_gain(rules.kind, board.gap, rules.price, r, i, a, j, b)
    gain += visit_gain(board.visits, rules.interest, i, a, b) + visit_gain(board.visits, rules.interest, j, b, a)
    return gain


@compiled
def _moved(home: Array, r: int, i: int, a: int, b: int) -> int:
    """How many more seats differ from home when i goes from a to b."""
    more = 0
    if home[r, i] == a:
        more = 1
    elif home[r, i] == b:
        more = -1
    return more


@compiled
def _whole(board: Board, rules: Rules, levels: int, valued: bool, i: int, j: int, limit: int) -> None:
    """Exchanges i and j in all rounds unless that loses more than `limit`: who meets how often stays as it is."""
    total: int = 0
    done = 0
    rounds = board.seat.shape[0]
    for r in range(rounds):
        a, b = board.seat[r, i], board.seat[r, j]
        if not (rules.free[r, i] and rules.free[r, j] and rules.allowed[i, b] and rules.allowed[j, a]):
            return
    for r in range(rounds):
        a, b = board.seat[r, i], board.seat[r, j]
        done += 1
        if a != b:
            total += _all_gain(board, rules, r, i, a, j, b)
            exchange(board, rules, levels, valued, r, i, a, j, b)
    if -total <= limit:
        if total < 0 and board.tally[UNSAVED] == 1:
            # The best plan is the one before: go back, keep it, and come again.
            _back(board, rules, levels, valued, i, j)
            keep_best(board)
            _back(board, rules, levels, valued, i, j)
        accept(board, total)
    else:
        _back(board, rules, levels, valued, i, j)


@compiled
def _back(board: Board, rules: Rules, levels: int, valued: bool, i: int, j: int) -> None:
    for r in range(board.seat.shape[0]):
        a, b = board.seat[r, i], board.seat[r, j]
        if a != b:
            exchange(board, rules, levels, valued, r, i, a, j, b)


@compiled
def anneal(board: Board, rules: Rules, pace: Pace, temperature: int, proposals: int, probe: Array) -> int:
    """Makes so many proposals at one temperature (in units of the objective's whole numbers) and keeps the best plan.

    With a `probe` of length > 0 nothing is accepted: it is filled with the gains of proposals that break no hard rule,
    and the number of those is returned.
    """
    # Out of the tuples once: numba would unpack them anew for every proposal.
    members, size, code = board.members, board.size, board.code
    seat, visits, gap, tally = board.seat, board.visits, board.gap, board.tally
    worth, own, valued, add, drop = board.worth, board.own, pace.valued, rules.add, rules.drop
    soft_add, soft_drop = rules.soft_add, rules.soft_drop
    interest, kind, price = rules.interest, rules.kind, rules.price
    least, most, allowed, free, home = rules.least, rules.most, rules.allowed, rules.free, rules.home
    movable, movables, rounds = rules.movable, rules.movables, rules.open
    start, residents, noise = rules.start, rules.residents, rules.noise
    mates, uneven, soft, bound, most_moved = pace.mates, pace.uneven, pace.soft, pace.bound, pace.most_moved
    topical = pace.topical
    tables = size.shape[1]
    x = board.random[0]
    probed = 0
    r = a = near = 0
    for turn in range(proposals):
        if turn & _STAY == 0:
            # A while at one table, or at two: what is looked at then stays in the nearest cache.
            x = advance(x)
            r = rounds[below(x, rounds.size)]
            x = advance(x)
            a = seat[r, movable[r, below(x, movables[r])]]
            x = advance(x)
            near = below(x, tables)
        x = advance(x)
        bits = np.int64(x & LOW)
        i = members[r, a, below(x, size[r, a])] if size[r, a] > 0 else -1
        if i < 0 or not free[r, i]:
            continue
        x = advance(x)
        j = -1
        if uneven and (bits >> 8) & 7 == 0:
            b = near if pace.near else below(x, tables)
            if a == b or size[r, a] <= least[r, a] or size[r, b] >= most[r, b]:
                continue
            if bound and not allowed[i, b]:
                continue
        else:
            if pace.near and (bits >> 11) & 3 != 0:
                if near == a or size[r, near] == 0:
                    continue
                j = members[r, near, below(x, size[r, near])]
                if not free[r, j]:
                    continue
            elif bits & 255 < mates:
                v = kind[i, 0]
                j = residents[start[v] + below(x, start[v + 1] - start[v])]
                if not free[r, j]:
                    continue
            else:
                j = movable[r, below(x, movables[r])]
                if bits & 255 >= 256 - pace.whole and i != j and probe.size == 0:
                    x = advance(x)
                    limit = (temperature * noise[below(x, noise.size)]) >> 16
                    _whole(board, rules, pace.levels, valued, i, j, limit)
                    continue
            b = seat[r, j]
            if a == b:
                continue
            if bound and not (allowed[i, b] and allowed[j, a]):
                continue
        moved = 0
        if most_moved >= 0:
            moved = _moved(home, r, i, a, b)
            if j >= 0:
                moved += _moved(home, r, j, b, a)
            if moved > 0 and tally[MOVED] + moved > most_moved:
                continue
        mixing = mixing_gain(kind, gap, price, r, i, a, j, b)
        if mixing < -(HARD >> 1):
            continue
        gain = mixing
        if topical:
            gain += visit_gain(visits, interest, i, a, b)
            if j >= 0:
                gain += visit_gain(visits, interest, j, b, a)
        aside = gain
        if not valued:
            gain += meeting_gain(members, size, code, soft_add, soft_drop, r, i, a, j, b)
        elif j < 0:
            gain += worth[r, b, i] - own[r, i]
        else:
            # Each counts the other at the table that the other leaves.
            gain += worth[r, b, i] - own[r, i] + worth[r, a, j] - own[r, j] - 2 * soft_add[code[i, j]]
        if probe.size > 0:
            if gain > -(HARD >> 1):
                probe[probed] = gain
                probed += 1
                if probed == probe.size:
                    break
            continue
        if gain < 0:
            x = advance(x)
            if -gain > (temperature * noise[below(x, noise.size)]) >> 16:
                continue
        if soft:
            gain = aside + meeting_gain(members, size, code, add, drop, r, i, a, j, b)
        if gain < 0:
            keep_best(board)
        exchange(board, rules, pace.levels, valued, r, i, a, j, b)
        tally[MOVED] += moved
        accept(board, gain)
    keep_best(board)
    board.random[0] = x
    return probed
