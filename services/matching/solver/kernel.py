"""The inner loop of the annealing, in whole numbers only.

Whole numbers make the search the same on every machine (no rounding, no library's exp or log) and let the compiler sum
in any order. A mutable whole number is an array of one.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.compiled import compiled

Array = NDArray[Any]

# Places in `tally`: the present objective, the best, whether the present plan is the best and not yet copied, how
# many proposals were accepted, and how many seats differ from `home`.
NOW, BEST, UNSAVED, ACCEPTED, MOVED, TALLY = 0, 1, 2, 3, 4, 5

# What one breach of a hard rule takes off: more than any exchange of two people can gain otherwise.
HARD: Final = 1 << 41

_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


class Board(NamedTuple):
    """What an exchange changes. Shapes: `seat`, `slot`, `best` R×N (-1: absent); `members` R×G×(largest size); `size`
    R×G; `worth` R×G×N: what meeting those at a table would add for somebody by the soft prices, at the own table what
    they are worth now; `visits` N×G; `gap` R×G×V×2: people of a kind at a table beyond the fewest, and seats left up to
    the most; `code` N×N: meetings of the two so far * number of levels + their level; `tally`; `random`: the
    generator's state.
    """

    seat: Array
    slot: Array
    members: Array
    size: Array
    worth: Array
    visits: Array
    gap: Array
    code: Array
    best: Array
    tally: Array
    random: Array


class Rules(NamedTuple):
    """What stays. `add` and `drop` give for a code what one more meeting adds and what one meeting less takes away, and
    `drop` of a code without meetings is 0; the search accepts by `soft_add` and `soft_drop`. `interest` N×G; `kind`
    N×K, into the V kinds of `price`; `least`, `most` R×G; `allowed` N×G; `movable` R×N, of which the first
    `movables[r]` count; `free` R×N; `open`: the rounds in which anybody can move; `residents`: the people sorted by
    their first kind, those of kind v from `start[v]` on; `home` R×N: seats that count as moved when left, -1 for none;
    `noise`: a power of two of draws from the exponential distribution with mean 2**16.
    """

    add: Array
    drop: Array
    soft_add: Array
    soft_drop: Array
    interest: Array
    kind: Array
    price: Array
    least: Array
    most: Array
    allowed: Array
    movable: Array
    movables: Array
    free: Array
    open: Array
    start: Array
    residents: Array
    home: Array
    noise: Array


class Pace(NamedTuple):
    """How a stretch of search goes. Of 256 proposals, `mates` exchange two people of one kind, and after those
    `whole` exchange two people in all rounds; where sizes are `uneven`, an eighth of all moves one person. `levels`:
    number of pairs' levels. `soft`: whether acceptance differs from the objective. `bound`: whether not everybody can
    use every table. `topical`: whether interest counts. `most_moved`: how many seats may differ from `home`, -1 for any
    number.
    """

    levels: int
    mates: int
    whole: int
    uneven: bool
    soft: bool
    bound: bool
    topical: bool
    most_moved: int


@compiled
def advance(x: np.uint64) -> np.uint64:
    """The next state of a xorshift generator (Marsaglia 2003, shifts 12, 25, 27); never 0 from another state."""
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    return x


@compiled
def below(x: np.uint64, n: int) -> int:
    """A number from 0 to n-1 out of a state: its upper half times n (Lemire 2019, no rejection; Vigna's factor)."""
    mixed = (x * np.uint64(2685821657736338717)) >> _HALF
    return np.int64((mixed * np.uint64(n)) >> _HALF)  # type: ignore[return-value]  # numba's int


@compiled
def meeting_gain(
    members: Array, size: Array, code: Array, add: Array, drop: Array, r: int, i: int, a: int, j: int, b: int
) -> int:
    """What meetings gain when i (at table a) and j (at table b) change places in round r; for j = -1, i moves alone."""
    code_i = code[i]
    here, there = members[r, a], members[r, b]
    gain: int = 0
    if j < 0:
        for s in range(size[r, a]):
            gain -= drop[code_i[here[s]]]
        for s in range(size[r, b]):
            gain += add[code_i[there[s]]]
        return gain
    code_j = code[j]
    for s in range(size[r, a]):
        k = here[s]
        gain += add[code_j[k]] - drop[code_i[k]]
    for s in range(size[r, b]):
        k = there[s]
        gain += add[code_i[k]] - drop[code_j[k]]
    # The loops let i meet j twice over; they trade places and do not meet.
    gain -= 2 * add[code_i[j]]
    return gain


@compiled
def visit_gain(visits: Array, interest: Array, i: int, a: int, b: int) -> int:
    """What i's interest in tables gains when one visit of a becomes one of b."""
    gain: int = 0
    if visits[i, b] == 0:
        gain += interest[i, b]
    if visits[i, a] == 1:
        gain -= interest[i, a]
    return gain


@compiled
def _comes(gap: Array, price: Array, r: int, t: int, v: int) -> int:
    """What the mixing gains when one of kind v comes to table t."""
    gain: int = 0
    if gap[r, t, v, 0] < 0:
        gain = price[v]
    elif gap[r, t, v, 1] <= 0:
        gain = -price[v]
    return gain


@compiled
def _goes(gap: Array, price: Array, r: int, t: int, v: int) -> int:
    """What the mixing gains when one of kind v leaves table t."""
    gain: int = 0
    if gap[r, t, v, 1] < 0:
        gain = price[v]
    elif gap[r, t, v, 0] <= 0:
        gain = -price[v]
    return gain


@compiled
def mixing_gain(kind: Array, gap: Array, price: Array, r: int, i: int, a: int, j: int, b: int) -> int:
    """What the mixing of kinds gains when i and j change places, or i moves alone (j = -1)."""
    gain: int = 0
    for k in range(kind.shape[1]):
        v = kind[i, k]
        if j < 0:
            gain += _goes(gap, price, r, a, v) + _comes(gap, price, r, b, v)
        else:
            w = kind[j, k]
            if v != w:
                gain += _goes(gap, price, r, a, v) + _comes(gap, price, r, b, v)
                gain += _goes(gap, price, r, b, w) + _comes(gap, price, r, a, w)
    return gain


@compiled
def _pair_moves(board: Board, rules: Rules, levels: int, r: int, i: int, k: int, more: int) -> None:
    """Counts one meeting of i and k in round r more or less, and values it in the other rounds."""
    code, worth, seat = board.code, board.worth, board.seat
    before = code[i, k]
    after = before + more * levels
    code[i, k] = after
    code[k, i] = after
    joins = rules.soft_add[after] - rules.soft_add[before]
    leaves = rules.soft_drop[after] - rules.soft_drop[before]
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
def _leave(board: Board, rules: Rules, levels: int, r: int, i: int, a: int) -> None:
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
        board.worth[r, a, k] -= rules.soft_drop[board.code[i, k]]
        _pair_moves(board, rules, levels, r, i, k, -1)
        # To be taken off again with everybody else's.
        board.worth[r, a, k] += rules.soft_add[board.code[i, k]]


@compiled
def _join(board: Board, rules: Rules, levels: int, r: int, i: int, b: int) -> None:
    """Seats i, who has no seat in round r, at table b; what the table is worth to others was up to `_shift`."""
    members = board.members
    last = board.size[r, b]
    for s in range(last):
        k = members[r, b, s]
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
def exchange(board: Board, rules: Rules, levels: int, r: int, i: int, a: int, j: int, b: int) -> None:
    """Lets i and j change places, or i move alone (j = -1)."""
    _leave(board, rules, levels, r, i, a)
    if j >= 0:
        _leave(board, rules, levels, r, j, b)
    # While neither sits anywhere, every code is what it is without the two.
    _shift(board, rules, r, i, a, j, b)
    if j >= 0:
        _join(board, rules, levels, r, j, a)
    _join(board, rules, levels, r, i, b)
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
    rounds = board.seat.shape[0]
    for r in range(rounds):
        for t in range(board.size.shape[1]):
            for s in range(board.size[r, t]):
                i = board.members[r, t, s]
                for z in range(s):
                    k = board.members[r, t, z]
                    first = True
                    for earlier in range(r):
                        if board.seat[earlier, i] >= 0 and board.seat[earlier, i] == board.seat[earlier, k]:
                            first = False
                            break
                    if not first:
                        continue
                    now = board.code[i, k]
                    joins, leaves = rules.soft_add[now] - add[now], rules.soft_drop[now] - drop[now]
                    for other in range(rounds):
                        at, there = board.seat[other, i], board.seat[other, k]
                        if at < 0 or there < 0:
                            continue
                        if at == there:
                            board.worth[other, at, i] += leaves
                            board.worth[other, at, k] += leaves
                        else:
                            board.worth[other, there, i] += joins
                            board.worth[other, at, k] += joins


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
def _keep_best(board: Board) -> None:
    if board.tally[UNSAVED] == 1:
        board.best[:] = board.seat
        board.tally[UNSAVED] = 0


@compiled
def _accepted(board: Board, gain: int) -> None:
    board.tally[ACCEPTED] += 1
    board.tally[NOW] += gain
    if board.tally[NOW] > board.tally[BEST]:
        board.tally[BEST] = board.tally[NOW]
        board.tally[UNSAVED] = 1


@compiled
def _whole(board: Board, rules: Rules, levels: int, i: int, j: int, limit: int) -> None:
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
            exchange(board, rules, levels, r, i, a, j, b)
    if -total <= limit:
        if total < 0 and board.tally[UNSAVED] == 1:
            # The best plan is the one before: go back, keep it, and come again.
            _back(board, rules, levels, i, j)
            _keep_best(board)
            _back(board, rules, levels, i, j)
        _accepted(board, total)
    else:
        _back(board, rules, levels, i, j)


@compiled
def _back(board: Board, rules: Rules, levels: int, i: int, j: int) -> None:
    for r in range(board.seat.shape[0]):
        a, b = board.seat[r, i], board.seat[r, j]
        if a != b:
            exchange(board, rules, levels, r, i, a, j, b)


@compiled
def anneal(board: Board, rules: Rules, pace: Pace, temperature: int, proposals: int, probe: Array) -> int:
    """Makes so many proposals at one temperature (in units of the objective's whole numbers) and keeps the best plan.

    With a `probe` of length > 0 nothing is accepted: it is filled with the gains of proposals that break no hard rule,
    and the number of those is returned.
    """
    # Out of the tuples once: numba would unpack them anew for every proposal.
    members, size, code = board.members, board.size, board.code
    seat, visits, gap, tally = board.seat, board.visits, board.gap, board.tally
    worth, add, drop, soft_add = board.worth, rules.add, rules.drop, rules.soft_add
    interest, kind, price = rules.interest, rules.kind, rules.price
    least, most, allowed, free, home = rules.least, rules.most, rules.allowed, rules.free, rules.home
    movable, movables, rounds = rules.movable, rules.movables, rules.open
    start, residents, noise = rules.start, rules.residents, rules.noise
    mates, uneven, soft, bound, most_moved = pace.mates, pace.uneven, pace.soft, pace.bound, pace.most_moved
    topical = pace.topical
    tables = size.shape[1]
    x = board.random[0]
    probed = 0
    for _ in range(proposals):
        x = advance(x)
        bits = np.int64(x & _LOW)
        r = rounds[below(x, rounds.size)]
        x = advance(x)
        i = movable[r, below(x, movables[r])]
        a = seat[r, i]
        x = advance(x)
        j = -1
        if uneven and (bits >> 8) & 7 == 0:
            b = below(x, tables)
            if a == b or size[r, a] <= least[r, a] or size[r, b] >= most[r, b]:
                continue
            if bound and not allowed[i, b]:
                continue
        else:
            if bits & 255 < mates:
                v = kind[i, 0]
                j = residents[start[v] + below(x, start[v + 1] - start[v])]
                if not free[r, j]:
                    continue
            else:
                j = movable[r, below(x, movables[r])]
                if bits & 255 >= 256 - pace.whole and i != j and probe.size == 0:
                    x = advance(x)
                    limit = (temperature * noise[below(x, noise.size)]) >> 16
                    _whole(board, rules, pace.levels, i, j, limit)
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
        gain += worth[r, b, i] - worth[r, a, i]
        if j >= 0:
            # Each counts the other at the table that the other leaves.
            gain += worth[r, a, j] - worth[r, b, j] - 2 * soft_add[code[i, j]]
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
            _keep_best(board)
        exchange(board, rules, pace.levels, r, i, a, j, b)
        tally[MOVED] += moved
        _accepted(board, gain)
    _keep_best(board)
    board.random[0] = x
    return probed
