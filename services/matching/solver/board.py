"""What the kernel works on: a plan with its sums, the rules it is judged by, and how a stretch of search goes.

All in whole numbers. A mutable whole number is an array of one.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from numpy.typing import NDArray

from services.matching.solver.compiled import compiled

Array = NDArray[Any]

# Places in `tally`: the present objective, the best, whether the present plan is the best and not yet copied, how
# many proposals were accepted, and how many seats differ from `home`.
NOW, BEST, UNSAVED, ACCEPTED, MOVED, TALLY = 0, 1, 2, 3, 4, 5

# What one breach of a hard rule takes off: more than any exchange of two people can gain otherwise.
HARD: Final = 1 << 41


class Board(NamedTuple):
    """What an exchange changes. Shapes: `seat`, `slot`, `best` R×N (-1: absent); `members` R×G×(largest size); `size`
    R×G; `worth` R×G×N: what meeting those at a table would add for somebody by the soft prices, 0 at the own table;
    `own` R×N: what those there are worth to somebody now. `draws` alone keeps `hold` R×N: what the own table's topic
    is worth, or more than anything where somebody has to stay; `parting` K×R×N: what the mixing of some kinds gains
    when somebody leaves the table; `draw` G×N: what a table's topic would add, or less than anything where somebody
    cannot use the table. `visits` N×G; `gap` R×G×V×2: people of a kind at a table beyond the fewest, and seats left up
    to the most; `code` N×N: meetings of the two so far * number of levels + their level; `tally`; `random`: the
    generator's state.
    """

    seat: Array
    slot: Array
    members: Array
    size: Array
    worth: Array
    own: Array
    hold: Array
    parting: Array
    draw: Array
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
    `earlier`: pairs that met before, each once; `noise`: a power of two of draws from the exponential distribution with
    mean 2**16.
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
    earlier: Array
    noise: Array


class Pace(NamedTuple):
    """How a stretch of search goes. Of 256 proposals, `mates` exchange two people of one kind, and after those
    `whole` exchange two people in all rounds; where sizes are `uneven`, an eighth of all moves one person. `levels`:
    number of pairs' levels. `soft`: whether acceptance differs from the objective. `bound`: whether not everybody can
    use every table. `topical`: whether interest counts. `valued`: whether `worth` is kept. `near`: whether
    most exchanges are sought between two tables for a while. `most_moved`: how many seats
    may differ from `home`, -1 for any number.
    """

    levels: int
    mates: int
    whole: int
    uneven: bool
    soft: bool
    bound: bool
    topical: bool
    valued: bool
    near: bool
    most_moved: int


@compiled
def accept(board: Board, gain: int) -> None:
    """Counts an exchange and what it gains."""
    board.tally[ACCEPTED] += 1
    board.tally[NOW] += gain
    if board.tally[NOW] > board.tally[BEST]:
        board.tally[BEST] = board.tally[NOW]
        board.tally[UNSAVED] = 1


@compiled
def keep_best(board: Board) -> None:
    """Copies the best plan, where it is the present one and was not copied yet."""
    if board.tally[UNSAVED] == 1:
        board.best[:] = board.seat
        board.tally[UNSAVED] = 0
