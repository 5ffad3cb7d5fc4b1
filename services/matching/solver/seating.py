"""Exchanges of people, and the upkeep of what every table would be worth to everybody.

With that at hand, a proposal costs the same however large the tables are; keeping it up costs N steps for each
exchange made. While most proposals are accepted, it is cheaper to do without.
"""

from __future__ import annotations

from services.matching.solver.board import Array, Board, Rules
from services.matching.solver.compiled import compiled


@compiled
def _spread(board: Board, r: int, i: int, k: int, joins: int, leaves: int) -> None:
    """Values a pair anew in all rounds but r: `joins` where they sit apart, `leaves` where they sit together."""
    worth, seat = board.worth, board.seat
    for other in range(seat.shape[0]):
        at, there = seat[other, i], seat[other, k]
        if other == r or at < 0 or there < 0:
            continue
        if at == there:
            worth[other, at, i] += leaves
            worth[other, at, k] += leaves
        else:
            worth[other, there, i] += joins
            worth[other, at, k] += joins


@compiled
def _pair_moves(board: Board, rules: Rules, levels: int, r: int, i: int, k: int, more: int) -> None:
    """Counts one meeting of i and k in round r more or less, and values it in the other rounds."""
    before = board.code[i, k]
    after = before + more * levels
    board.code[i, k] = after
    board.code[k, i] = after
    joins = rules.soft_add[after] - rules.soft_add[before]
    _spread(board, r, i, k, joins, rules.soft_drop[after] - rules.soft_drop[before])


@compiled
def _leave(board: Board, rules: Rules, levels: int, valued: bool, r: int, i: int, a: int) -> None:
    """Takes i away from table a in round r; what the table is worth to others is up to `_shift`."""
    members, slot = board.members, board.slot
    last = board.size[r, a] - 1
    hole = slot[r, i]
    other = members[r, a, last]
    members[r, a, hole] = other
    slot[r, other] = hole
    board.size[r, a] = last
    board.seat[r, i] = -1
    board.visits[i, a] -= 1
    for k in range(rules.kind.shape[1]):
        v = rules.kind[i, k]
        board.gap[r, a, v, 0] -= 1
        board.gap[r, a, v, 1] += 1
    for s in range(last):
        k = members[r, a, s]
        if not valued:
            board.code[i, k] -= levels
            board.code[k, i] -= levels
            continue
        board.worth[r, a, k] -= rules.soft_drop[board.code[i, k]]
        _pair_moves(board, rules, levels, r, i, k, -1)
        # To be taken off again with everybody else's.
        board.worth[r, a, k] += rules.soft_add[board.code[i, k]]


@compiled
def _join(board: Board, rules: Rules, levels: int, valued: bool, r: int, i: int, b: int) -> None:
    """Seats i, who has no seat in round r, at table b; what the table is worth to others was up to `_shift`."""
    members = board.members
    last = board.size[r, b]
    for s in range(last):
        k = members[r, b, s]
        if not valued:
            board.code[i, k] += levels
            board.code[k, i] += levels
            continue
        board.worth[r, b, k] -= rules.soft_add[board.code[i, k]]
        _pair_moves(board, rules, levels, r, i, k, 1)
        board.worth[r, b, k] += rules.soft_drop[board.code[i, k]]
    members[r, b, last] = i
    board.slot[r, i] = last
    board.seat[r, i] = b
    board.size[r, b] = last + 1
    board.visits[i, b] += 1
    for k in range(rules.kind.shape[1]):
        v = rules.kind[i, k]
        board.gap[r, b, v, 0] += 1
        board.gap[r, b, v, 1] -= 1


@compiled
def _shift(board: Board, rules: Rules, r: int, i: int, a: int, j: int, b: int) -> None:
    """Makes table a worth less to everybody by i and more by j, and table b the other way round."""
    code_i, soft_add = board.code[i], rules.soft_add
    here, there = board.worth[r, a], board.worth[r, b]
    if j < 0:
        for x in range(code_i.size):
            value = soft_add[code_i[x]]
            here[x] -= value
            there[x] += value
        return
    code_j = board.code[j]
    for x in range(code_i.size):
        value = soft_add[code_i[x]] - soft_add[code_j[x]]
        here[x] -= value
        there[x] += value


@compiled
def _revalue(board: Board, rules: Rules, r: int, i: int, t: int) -> None:
    """What table t is worth to i, from the beginning."""
    price = rules.soft_drop if board.seat[r, i] == t else rules.soft_add
    total: int = 0
    for s in range(board.size[r, t]):
        total += price[board.code[i, board.members[r, t, s]]]
    board.worth[r, t, i] = total


@compiled
def exchange(board: Board, rules: Rules, levels: int, valued: bool, r: int, i: int, a: int, j: int, b: int) -> None:
    """Lets i and j change places, or i move alone (j = -1); unless `valued`, `worth` is left as it is."""
    _leave(board, rules, levels, valued, r, i, a)
    if j >= 0:
        _leave(board, rules, levels, valued, r, j, b)
    if valued:
        # While neither sits anywhere, every code is what it is without the two.
        _shift(board, rules, r, i, a, j, b)
    if j >= 0:
        _join(board, rules, levels, valued, r, j, a)
    _join(board, rules, levels, valued, r, i, b)
    if not valued:
        return
    _revalue(board, rules, r, i, a)
    _revalue(board, rules, r, i, b)
    if j >= 0:
        _revalue(board, rules, r, j, a)
        _revalue(board, rules, r, j, b)


@compiled
def value(board: Board, rules: Rules) -> None:
    """Works out `worth` from the beginning."""
    board.worth[:] = 0
    rounds, people = board.seat.shape
    for r in range(rounds):
        for k in range(people):
            t = board.seat[r, k]
            if t < 0:
                continue
            code_k, here = board.code[k], board.worth[r, t]
            for x in range(people):
                here[x] += rules.soft_drop[code_k[x]] if board.seat[r, x] == t else rules.soft_add[code_k[x]]


@compiled
def reprice(board: Board, rules: Rules, add: Array, drop: Array) -> None:
    """Brings `worth` up to date when the soft prices become those in `rules`, from `add` and `drop`: they differ for
    pairs that met already.
    """
    seat = board.seat
    for r in range(seat.shape[0]):
        for t in range(board.size.shape[1]):
            for s in range(board.size[r, t]):
                i = board.members[r, t, s]
                for z in range(s):
                    k = board.members[r, t, z]
                    first = True
                    for earlier in range(r):
                        first = first and (seat[earlier, i] < 0 or seat[earlier, i] != seat[earlier, k])
                    if first:
                        now = board.code[i, k]
                        _spread(board, -1, i, k, rules.soft_add[now] - add[now], rules.soft_drop[now] - drop[now])
