"""What the annealing changes and what stays while it does, as arrays; and what a slot lacks for want of seats."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.events.agenda.compiled import compiled

Array = NDArray[Any]

# Places in `tally`: the present objective, the best, and how many sessions differ from home.
NOW, BEST, MOVED, TALLY = 0, 1, 2, 3

# What one required session left out takes off, and what says of a place that the session may not be there.
HARD: Final = 1 << 50
FORBIDDEN: Final = -(1 << 61)
NEVER: Final = -(1 << 60)
ANY: Final = 1 << 62
"""More than anything is worth."""


class Board(NamedTuple):
    """What a move changes. Places count slot by slot, M of them, and M is nowhere. People without wish for a repeated
    topic are bits of W words, in L layers, of which l holds those who wish at least so much.

    `at` (n): the place of each session; `who` (M+1): the session there or -1; `one`, `two` (L×T×W): who finds at least
    one or two wishes in a slot; `size` (L×T): bits of `one`; `slots` (topics): a topic's slots as bits; `value` (Q):
    what each of the other people attends, `tried` (Q) what it would be; `best` (n); `tally`; `random`: the generator's
    state; `seen` (Q), `turn` (1): who was looked at in this turn; `held`, `came` (32): for `attended`; `short` (T):
    what lacks for want of seats, in units; `load` (R), `crew` (2×R): for `missing`.
    """

    at: Array
    who: Array
    one: Array
    two: Array
    size: Array
    slots: Array
    value: Array
    tried: Array
    best: Array
    tally: Array
    random: Array
    seen: Array
    turn: Array
    held: Array
    came: Array
    short: Array
    load: Array
    crew: Array


class Given(NamedTuple):
    """What stays. `fans` (L×(n+1)×W), none at n; `step` (L): what a layer adds, in units; `cost` (n×(M+1)): what a
    place counts beside wishes, FORBIDDEN where the session may not be; `slot_of` (M+1), T for nowhere; `topic_of` (n);
    `clashes` from `clash_at[s]` on; `movable` (k) sessions; `free` (n): whether among them; `wish_at`, `wish_topic`,
    `wish_weight`: wishes of the Q others, the heaviest first, in units; `other_at`, `others`: who of them wishes for a
    session's topic; `home` (n); `noise`; `flat`: whether all places of a slot are the same to every session; `tight`
    (n×R): whether more people may come than there are seats, and `crowded`: whether that is so anywhere; `seats` (R);
    `extra` (L×n): how many of the others come on top of the fans.
    """

    fans: Array
    step: Array
    cost: Array
    slot_of: Array
    topic_of: Array
    clash_at: Array
    clashes: Array
    movable: Array
    free: Array
    wish_at: Array
    wish_topic: Array
    wish_weight: Array
    other_at: Array
    others: Array
    home: Array
    noise: Array
    flat: bool
    tight: Array
    crowded: bool
    seats: Array
    extra: Array


@compiled
def bits(x: np.uint64) -> int:
    """How many bits are set (Warren, Hacker's Delight, 5-1); compilers make one instruction of it."""
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))  # type: ignore[return-value]


@compiled
def missing(board: Board, given: Given, t: int, most: int) -> int:
    """What the wishes kept in slot t lose for want of seats, in units, at least: people who want one session only, in
    a room that is too small, or only such sessions together. By P. Hall, On representatives of subsets (1935), it is
    the most that any set of sessions lacks; looked at are those that lack the most as a rule. Where it is more than
    `most`, the answer is, too, but perhaps not all of it.
    """
    rooms = given.seats.size
    crew, load = board.crew, board.load
    # The sessions of rooms that are too small stand first, the others at the end.
    small, large = 0, rooms
    for r in range(rooms):
        s = board.who[t * rooms + r]
        if s >= 0 and given.tight[s, r]:
            crew[0, small], crew[1, small] = s, r
            small += 1
        elif s >= 0:
            large -= 1
            crew[0, large] = s
    if small == 0:
        return 0
    total = 0
    for layer in range(given.step.size):
        inside = 0
        for k in range(small):
            load[k] = 0
        for w in range(given.fans.shape[2]):
            one = two = loose = np.uint64(0)
            for k in range(small):
                fans = given.fans[layer, crew[0, k], w]
                two |= one & fans
                one |= fans
            for k in range(large, rooms):
                loose |= given.fans[layer, crew[0, k], w]
            two |= loose  # whoever wishes for one of those is not in need of these
            for k in range(small):
                load[k] += bits(given.fans[layer, crew[0, k], w] & ~two)
            inside += bits(one & ~loose)
        alone = 0
        for k in range(small):
            room = given.seats[crew[1, k]] - given.extra[layer, crew[0, k]]
            alone += max(0, load[k] - room)
            inside -= room
        total += given.step[layer] * max(alone, inside)
        if total > most:
            break
    return total
