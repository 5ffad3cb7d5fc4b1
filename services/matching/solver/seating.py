"""Exchanges of people, and the upkeep of what every table would be worth to everybody.

With that at hand, a proposal costs the same however large the tables are; keeping it up costs N steps for each
exchange made. While most proposals are accepted, it is cheaper to do without.
"""

from __future__ import annotations

from services.matching.solver.board import Array, Board, Rules
from services.matching.solver.compiled import compiled

# The functions take arrays and not the tuples: numba hands on every array of a tuple at each call.


@compiled
def _spread(seat: Array, worth: Array, own: Array, r: int, i: int, k: int, joins: int, leaves: int) -> None:
    """Values a pair anew in all rounds but r: `joins` where they sit apart, `leaves` where they sit together."""
    for other in range(seat.shape[0]):
        at, there = seat[other, i], seat[other, k]
        if other == r or at < 0 or there < 0:
            continue
        if at == there:
            own[other, i] += leaves
            own[other, k] += leaves
        else:
            worth[other, there, i] += joins
            worth[other, at, k] += joins


@compiled
def _meet(
    seat: Array, group: Array, code: Array, worth: Array, own: Array, add: Array, drop: Array,
    step: int, valued: bool, r: int, i: int,
) -> int:  # fmt: skip
    """Counts one meeting more of i with each of a group in round r, or one less, as the sign of `step` (the number of
    levels) says, and values them anew; returns what the group is worth to i together.
    """
    total: int = 0
    for s in range(group.size):
        k = group[s]
        before = code[i, k]
        after = before + step
        code[i, k] = after
        code[k, i] = after
        if valued:
            own[r, k] += drop[after] if step > 0 else -drop[before]
            total += drop[after] if step > 0 else add[after]
            _spread(seat, worth, own, r, i, k, add[after] - add[before], drop[after] - drop[before])
    return total


@compiled
def _shift(here: Array, there: Array, code_i: Array, code_j: Array, alone: bool, add: Array) -> None:
    """Makes a table worth less to everybody by i and more by j, and another the other way round."""
    if alone:
        for x in range(code_i.size):
            value = add[code_i[x]]
            here[x] -= value
            there[x] += value
        return
    for x in range(code_i.size):
        value = add[code_i[x]] - add[code_j[x]]
        here[x] -= value
        there[x] += value


@compiled
def _leave(members: Array, slot: Array, size: Array, gap: Array, kind: Array, r: int, i: int, a: int) -> None:
    last = size[r, a] - 1
    hole = slot[r, i]
    other = members[r, a, last]
    members[r, a, hole] = other
    slot[r, other] = hole
    size[r, a] = last
    for k in range(kind.shape[1]):
        gap[r, a, kind[i, k], 0] -= 1
        gap[r, a, kind[i, k], 1] += 1


@compiled
def _join(members: Array, slot: Array, size: Array, gap: Array, kind: Array, r: int, i: int, b: int) -> None:
    last = size[r, b]
    members[r, b, last] = i
    slot[r, i] = last
    size[r, b] = last + 1
    for k in range(kind.shape[1]):
        gap[r, b, kind[i, k], 0] += 1
        gap[r, b, kind[i, k], 1] -= 1


@compiled
def exchange(board: Board, rules: Rules, levels: int, valued: bool, r: int, i: int, a: int, j: int, b: int) -> None:
    """Lets i and j change places, or i move alone (j = -1); unless `valued`, `worth` and `own` are left as they are."""
    seat, members, slot, size, gap = board.seat, board.members, board.slot, board.size, board.gap
    code, worth, own, visits = board.code, board.worth, board.own, board.visits
    kind, add, drop = rules.kind, rules.soft_add, rules.soft_drop
    _leave(members, slot, size, gap, kind, r, i, a)
    seat[r, i] = -1
    visits[i, a] -= 1
    visits[i, b] += 1
    if j >= 0:
        _leave(members, slot, size, gap, kind, r, j, b)
        seat[r, j] = -1
        visits[j, b] -= 1
        visits[j, a] += 1
    left, found = members[r, a, : size[r, a]], members[r, b, : size[r, b]]
    at_a = _meet(seat, left, code, worth, own, add, drop, -levels, valued, r, i)
    at_b: int = 0
    if j >= 0:
        at_b = _meet(seat, found, code, worth, own, add, drop, -levels, valued, r, j)
    if valued:
        # While neither sits anywhere, every code is what it is without the two.
        _shift(worth[r, a], worth[r, b], code[i], code[j], j < 0, add)
        bond = add[code[i, j]] if j >= 0 else 0
        worth[r, a, i] = at_a + bond
        if j >= 0:
            worth[r, b, j] = at_b + bond
    if j >= 0:
        total = _meet(seat, left, code, worth, own, add, drop, levels, valued, r, j)
        _join(members, slot, size, gap, kind, r, j, a)
        seat[r, j] = a
        if valued:
            own[r, j] = total
    total = _meet(seat, found, code, worth, own, add, drop, levels, valued, r, i)
    _join(members, slot, size, gap, kind, r, i, b)
    seat[r, i] = b
    if valued:
        own[r, i] = total
        worth[r, b, i] = 0
        if j >= 0:
            worth[r, a, j] = 0
        _clear(worth[r, a], left)
        _clear(worth[r, b], found)


@compiled
def _clear(row: Array, group: Array) -> None:
    for s in range(group.size):
        row[group[s]] = 0


@compiled
def seat_all(board: Board, kind: Array, levels: int) -> None:
    """Counts in a plan: from `seat`, with `gap` and `code` as they are where nobody sits and all else 0."""
    rounds, people = board.seat.shape
    for r in range(rounds):
        for i in range(people):
            t = board.seat[r, i]
            if t >= 0:
                board.visits[i, t] += 1
                group = board.members[r, t, : board.size[r, t]]
                for k in group:
                    board.code[i, k] += levels
                    board.code[k, i] += levels
                _join(board.members, board.slot, board.size, board.gap, kind, r, i, t)


@compiled
def worth_of(board: Board, rules: Rules, levels: int) -> int:
    """The objective of a plan, exactly as exchanges add it up; a rule about people who must meet counts for those who
    do.
    """
    total: int = 0
    people = board.code.shape[0]
    for i in range(people):
        for k in range(i):
            for before in range(board.code[i, k] - levels, -1, -levels):
                total += rules.add[before]
        for t in range(board.visits.shape[1]):
            if board.visits[i, t] > 0:
                total += rules.interest[i, t]
    rounds, tables, kinds, _ = board.gap.shape
    for r in range(rounds):
        for t in range(tables):
            for v in range(kinds):
                total += rules.price[v] * (min(board.gap[r, t, v, 0], 0) + min(board.gap[r, t, v, 1], 0))
    return total


@compiled
def value(board: Board, rules: Rules) -> None:
    """Works out `worth` and `own` from the beginning."""
    seat, code, worth, own = board.seat, board.code, board.worth, board.own
    add, drop = rules.soft_add, rules.soft_drop
    worth[:] = 0
    own[:] = 0
    rounds, people = seat.shape
    for r in range(rounds):
        for k in range(people):
            t = seat[r, k]
            if t < 0:
                continue
            code_k, here = code[k], worth[r, t]
            for x in range(people):
                here[x] += add[code_k[x]]
        for t in range(board.size.shape[1]):
            group = board.members[r, t, : board.size[r, t]]
            _clear(worth[r, t], group)
            for s in range(group.size):
                for z in range(s):
                    bond = drop[code[group[s], group[z]]]
                    own[r, group[s]] += bond
                    own[r, group[z]] += bond


@compiled
def reprice(board: Board, rules: Rules, add: Array, drop: Array, levels: int) -> None:
    """Brings `worth` and `own` up to date when the soft prices become those in `rules`, from `add` and `drop`: they
    differ for pairs that met already, in the plan or earlier.
    """
    seat, code, worth, own = board.seat, board.code, board.worth, board.own
    soft_add, soft_drop = rules.soft_add, rules.soft_drop
    for pair in range(rules.earlier.shape[0]):
        i, k = rules.earlier[pair]
        now = code[i, k]
        if now < levels:
            _spread(seat, worth, own, -1, i, k, soft_add[now] - add[now], 0)
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
                        now = code[i, k]
                        joins, leaves = soft_add[now] - add[now], soft_drop[now] - drop[now]
                        _spread(seat, worth, own, -1, i, k, joins, leaves)
