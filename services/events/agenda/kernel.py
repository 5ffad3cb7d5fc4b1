"""The inner loop of the annealing, in whole numbers only.

People are bits: what a slot offers them is the union of its sessions' sets, and how many a session alone brings follows
from those who find one, and who find two. Whole numbers make the search the same on every machine.
"""

from __future__ import annotations

import numpy as np

from services.events.agenda.board import ANY, BEST, FORBIDDEN, MOVED, NEVER, NOW, Array, Board, Given, bits, missing
from services.events.agenda.chance import NOISE_BITS, advance, below
from services.events.agenda.compiled import compiled


@compiled
def _change(fans: Array, step: Array, one: Array, two: Array, size: Array, t: int, leaves: int, comes: int) -> int:
    """What the wishes kept in slot t gain when one session (n: none) leaves and another comes."""
    total = 0
    for layer in range(fans.shape[0]):
        count = 0
        for w in range(fans.shape[2]):
            left = (one[layer, t, w] & ~fans[layer, leaves, w]) | two[layer, t, w]
            count += bits(left | fans[layer, comes, w])
        total += step[layer] * (count - size[layer, t])
    return total


@compiled
def count(board: Board, given: Given, t: int) -> None:
    """Who finds one and two wishes in slot t, and how many."""
    fans, one, two = given.fans, board.one, board.two
    layers, words = fans.shape[0], fans.shape[2]
    for layer in range(layers):
        for w in range(words):
            one[layer, t, w] = two[layer, t, w] = np.uint64(0)
    rooms = (given.slot_of.size - 1) // board.size.shape[1]
    for place in range(t * rooms, (t + 1) * rooms):
        s = board.who[place]
        if s >= 0:
            for layer in range(layers):
                for w in range(words):
                    two[layer, t, w] |= one[layer, t, w] & fans[layer, s, w]
                    one[layer, t, w] |= fans[layer, s, w]
    for layer in range(layers):
        size = 0
        for w in range(words):
            size += bits(one[layer, t, w])
        board.size[layer, t] = size


@compiled
def attended(board: Board, given: Given, p: int) -> int:
    """The most that one of the others can attend: the heaviest wishes first, each where it, and those before, find a
    slot of their own (a transversal matroid, so greed is right: Edmonds and Fulkerson 1965).
    """
    held, came = board.held, board.came
    taken: int = 0
    total = 0
    for k in range(given.wish_at[p], given.wish_at[p + 1]):
        topic = given.wish_topic[k]
        seen: int = 0
        wave = board.slots[topic]
        for t in range(32):
            came[t] = -1
        found = -1
        for _step in range(33):
            if wave == 0:
                break
            reached: int = 0
            for t in range(32):
                if (wave >> t) & 1:
                    if not (taken >> t) & 1:
                        found = t
                        break
                    more = board.slots[given.wish_topic[held[t]]] & ~(seen | wave | reached)
                    for v in range(32):
                        if (more >> v) & 1:
                            came[v] = t
                    reached |= more
            if found >= 0:
                break
            seen |= wave
            wave = reached
        if found < 0:
            continue
        taken |= 1 << found
        while came[found] >= 0:
            held[found] = held[came[found]]
            found = came[found]
        held[found] = k
        total += given.wish_weight[k]
    return total


@compiled
def _set(board: Board, given: Given, s: int, place: int) -> None:
    """Puts s there; the slots of its topic change, nothing is counted."""
    before, after = given.slot_of[board.at[s]], given.slot_of[place]
    topic, nowhere = given.topic_of[s], board.size.shape[1]
    # Sessions of one topic are never in one slot: a bit is one session.
    if before != nowhere:
        board.slots[topic] &= ~(1 << before)
    if after != nowhere:
        board.slots[topic] |= 1 << after
    board.at[s] = place
    if place < board.who.size - 1:
        board.who[place] = s


@compiled
def _exchange(board: Board, given: Given, s: int, a: int, q: int, b: int) -> None:
    """s goes from a to b, and q (-1: nobody) from b to a."""
    if a < board.who.size - 1:
        board.who[a] = -1
    if q >= 0:
        _set(board, given, q, board.who.size - 1)
    _set(board, given, s, b)
    if q >= 0:
        _set(board, given, q, a)


@compiled
def _others(board: Board, given: Given, s: int, q: int) -> int:
    """What those who wish for repeated topics gain since their values were last kept."""
    board.turn[0] += 1
    turn, total = board.turn[0], 0
    for session in (s, q):
        if session >= 0:
            for k in range(given.other_at[session], given.other_at[session + 1]):
                p = given.others[k]
                if board.seen[p] != turn:
                    board.seen[p] = turn
                    board.tried[p] = attended(board, given, p)
                    total += board.tried[p] - board.value[p]
    return total


@compiled
def _settle(board: Board, given: Given, s: int, q: int) -> None:
    """Keeps the values that `_others` found."""
    for session in (s, q):
        if session >= 0:
            for k in range(given.other_at[session], given.other_at[session + 1]):
                board.value[given.others[k]] = board.tried[given.others[k]]


@compiled
def _clashes(clash_at: Array, clashes: Array, slot_of: Array, at: Array, s: int, t: int, but: int) -> bool:
    """Whether somebody in slot t, other than `but`, may not share it with s."""
    for k in range(clash_at[s], clash_at[s + 1]):
        other = clashes[k]
        if other != but and slot_of[at[other]] == t:
            return True
    return False


@compiled
def _moved(home: Array, s: int, a: int, b: int) -> int:
    """How many more sessions differ from home when s goes from a to b."""
    return np.int64(home[s] == a) - np.int64(home[s] == b)  # type: ignore[return-value]


@compiled
def _move(board: Board, given: Given, s: int, b: int, q: int, gain: int) -> None:
    """Puts s at b and q, who is there (-1: nobody), where s was; remembers the best plan."""
    nowhere = board.size.shape[1]
    a = board.at[s]
    t, u = given.slot_of[a], given.slot_of[b]
    board.tally[MOVED] += _moved(given.home, s, a, b)
    if q >= 0:
        board.tally[MOVED] += _moved(given.home, q, b, a)
    _exchange(board, given, s, a, q, b)
    if t != u:
        if t != nowhere:
            count(board, given, t)
        if u != nowhere:
            count(board, given, u)
        if given.others.size:
            _settle(board, given, s, q)
    if given.crowded:
        if t != nowhere:
            board.short[t] = missing(board, given, t, ANY)
        if u != nowhere:
            board.short[u] = missing(board, given, u, ANY)
    board.tally[NOW] += gain
    if board.tally[NOW] > board.tally[BEST]:
        board.tally[BEST] = board.tally[NOW]
        for k in range(board.at.size):
            board.best[k] = board.at[k]


@compiled
def anneal(board: Board, given: Given, temperature: int, proposals: int, most_moved: int) -> None:
    """Makes so many proposals at one temperature, in units of the objective: a session goes to a free place, or
    changes with the one that is there. Where `most_moved` is not -1, no more sessions differ from home.
    """
    # Out of the tuples once: numba would unpack them anew for every proposal.
    fans, step, cost, slot_of, free = given.fans, given.step, given.cost, given.slot_of, given.free
    clash_at, clashes, movable, noise, home = given.clash_at, given.clashes, given.movable, given.noise, given.home
    at, who, one, two, size, tally, short = (
        board.at,
        board.who,
        board.one,
        board.two,
        board.size,
        board.tally,
        board.short,
    )
    flat, others, crowded = given.flat, given.others.size > 0, given.crowded
    nobody, places, nowhere = at.size, slot_of.size - 1, size.shape[1]
    x = board.random[0]
    for _turn in range(proposals):
        x = advance(x)
        s = movable[below(x, movable.size)]
        x = advance(x)
        b = below(x, places + 1)
        a = at[s]
        t, u = slot_of[a], slot_of[b]
        if a == b or (flat and t == u):
            continue
        q = who[b]
        if (q >= 0 and not free[q]) or cost[s, b] < NEVER or (q >= 0 and cost[q, a] < NEVER):
            continue
        if most_moved >= 0:
            more = _moved(home, s, a, b)
            if q >= 0:
                more += _moved(home, q, b, a)
            if more > 0 and tally[MOVED] + more > most_moved:
                continue
        gain = cost[s, b] - cost[s, a]
        if q >= 0:
            gain += cost[q, a] - cost[q, b]
        if t != u:
            if u != nowhere and _clashes(clash_at, clashes, slot_of, at, s, u, q):
                continue
            if q >= 0 and t != nowhere and _clashes(clash_at, clashes, slot_of, at, q, t, s):
                continue
            other = q if q >= 0 else nobody
            if t != nowhere:
                gain += _change(fans, step, one, two, size, t, s, other)
            if u != nowhere:
                gain += _change(fans, step, one, two, size, u, other, s)
            if others:
                _exchange(board, given, s, a, q, b)
                gain += _others(board, given, s, q)
                _exchange(board, given, s, b, q, a)
        if crowded:
            x = advance(x)
            least = -((temperature * noise[below(x, noise.size)]) >> NOISE_BITS)
            if t != nowhere:
                gain += short[t]
            if u != nowhere and u != t:
                gain += short[u]
            if gain < least:  # even if nobody lacked a seat
                continue
            _exchange(board, given, s, a, q, b)
            if t != nowhere:
                gain -= missing(board, given, t, gain - least)
            if u != nowhere and u != t and gain >= least:
                gain -= missing(board, given, u, gain - least)
            _exchange(board, given, s, b, q, a)
            if gain < least:
                continue
        elif gain < 0:
            x = advance(x)
            if -gain > (temperature * noise[below(x, noise.size)]) >> NOISE_BITS:
                continue
        _move(board, given, s, b, q, gain)
    board.random[0] = x


@compiled
def tried(board: Board, given: Given, moves: Array, worth: Array) -> None:
    """What each row of moves is worth: sessions (-1: none) and their new places, alternating. FORBIDDEN where one may
    not be there, or a place is taken. The plan stays as it is.
    """
    nowhere, slots = given.slot_of.size - 1, board.size.shape[1]
    width = moves.shape[1] // 2
    before = np.empty(width, dtype=np.int64)
    for row in range(moves.shape[0]):
        total = 0
        for k in range(width):
            s = moves[row, 2 * k]
            if s >= 0:
                before[k] = board.at[s]
                board.who[board.at[s]] = -1
                _set(board, given, s, nowhere)
        for k in range(width):
            s, place = moves[row, 2 * k], moves[row, 2 * k + 1]
            if s >= 0:
                cost, t = given.cost[s, place], given.slot_of[place]
                clash = t < slots and _clashes(given.clash_at, given.clashes, given.slot_of, board.at, s, t, -1)
                if clash or cost < NEVER or board.who[place] >= 0:
                    total = FORBIDDEN
                    break
                total += cost - given.cost[s, before[k]]
                _set(board, given, s, place)
        if total != FORBIDDEN:
            total += _counted(board, given, moves[row], before)
        for back in range(2):
            for k in range(width):
                s = moves[row, 2 * k]
                if s >= 0 and back == 0:
                    board.who[board.at[s]] = -1
                    _set(board, given, s, nowhere)
                elif s >= 0:
                    _set(board, given, s, before[k])
        worth[row] = total


@compiled
def _counted(board: Board, given: Given, moves: Array, before: Array) -> int:
    """What the wishes kept gain by these moves, which are done; counts are left as they were."""
    total = 0
    slots = board.size.shape[1]
    for t in range(slots):
        touched = False
        for k in range(before.size):
            if moves[2 * k] >= 0 and t in (given.slot_of[before[k]], given.slot_of[moves[2 * k + 1]]):
                touched = True
        if touched:
            for layer in range(given.step.size):
                total += given.step[layer] * (_union(board, given, layer, t) - board.size[layer, t])
            if given.crowded:
                total += board.short[t] - missing(board, given, t, ANY)
    board.turn[0] += 1
    for k in range(before.size):
        s = moves[2 * k]
        if s >= 0:
            for j in range(given.other_at[s], given.other_at[s + 1]):
                p = given.others[j]
                if board.seen[p] != board.turn[0]:
                    board.seen[p] = board.turn[0]
                    total += attended(board, given, p) - board.value[p]
    return total


@compiled
def _union(board: Board, given: Given, layer: int, t: int) -> int:
    """How many people of a layer find a wish in slot t."""
    rooms = (given.slot_of.size - 1) // board.size.shape[1]
    size = 0
    for w in range(given.fans.shape[2]):
        found = np.uint64(0)
        for place in range(t * rooms, (t + 1) * rooms):
            s = board.who[place]
            if s >= 0:
                found |= given.fans[layer, s, w]
        size += bits(found)
    return size
