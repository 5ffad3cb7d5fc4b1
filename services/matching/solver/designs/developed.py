"""Rounds developed from stored base rounds (`bases.txt`), after R. C. Bose's method of differences (1939).

The people are `orbits` copies of an abelian group of order n and `fixed` people whom it leaves in place. A base round
that seats everybody gives n rounds, one per element of the group; one that names a single person of each copy gives
one round, whose groups are the n translates of those named.

That such rounds exist was known of most of them: Kirkman triple systems (D. K. Ray-Chaudhuri, R. M. Wilson, 1971),
nearly Kirkman ones (A. Kotzig, A. Rosa, 1974), groups of four (H. Hanani, D. K. Ray-Chaudhuri, R. M. Wilson, On
resolvable designs, Discrete Math. 3, 1972; G. Ge, A. C. H. Ling, J. Combin. Des. 13, 2005), eight groups of four
(A. Aguado, A 10 days solution to the social golfer problem, 2004), difference matrices for 12 and 15 tables (D. M.
Johnson, A. L. Dulmage, N. S. Mendelsohn, 1961; P. J. Schellenberg, G. H. J. van Rees, S. A. Vanstone, 1978). Those
stored here come from our own search: simulated annealing of base rounds under such a group, often under further
symmetries that leave a base round as it is; cliques of orthomorphisms for the difference matrices.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from math import prod
from typing import NamedTuple

import numpy as np

from services.matching.solver.designs.fields import addition
from services.matching.solver.designs.schedule import Class, Ints, Schedule


class Base(NamedTuple):
    """One line of `bases.txt`; `text` holds the base rounds, those of one person per copy first."""

    people: int
    tables: int
    rounds: int
    moduli: tuple[int, ...]
    orbits: int
    fixed: int
    text: str

    @property
    def apart(self) -> int:
        """The rounds, the first ones, in which every group takes one person of each copy."""
        written, order = self.text.count("/") + 1, prod(self.moduli)
        return written - (self.rounds - written) // (order - 1) if order == self.tables else 0


@lru_cache(maxsize=1)
def bases() -> dict[tuple[int, int], list[Base]]:
    """All stored designs by people and tables."""
    out: dict[tuple[int, int], list[Base]] = {}
    for line in files(__package__).joinpath("bases.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        head, text = line.split(" | ")
        people, tables, rounds, moduli, orbits, fixed = head.split()
        group = tuple(int(m) for m in moduli.split("x"))
        base = Base(int(people), int(tables), int(rounds), group, int(orbits), int(fixed), text)
        out.setdefault((base.people, base.tables), []).append(base)
    return out


def develop(base: Base, most: int) -> Schedule:
    """Person n * o + x is element x of copy o; the fixed people come last. At most `most` rounds."""
    sums, n = addition(base.moduli), prod(base.moduli)
    rows: list[Ints] = []
    for text in base.text.split(" / "):
        points = np.array(text.split(), dtype=np.int32)
        if len(points) < base.people:
            rows.append(_translates(points, base, n, sums))
        else:
            rows.extend(_shifted(points, base, n, sums))
        if len(rows) >= most:
            break
    columns = np.repeat(np.arange(base.orbits, dtype=np.int32), n)
    classes = (Class(columns, min(base.apart, most)),) if base.apart else ()
    return Schedule(
        base.tables, np.array(rows[:most]), f"base rounds over Z{'×Z'.join(map(str, base.moduli))}", classes
    )


def _translates(points: Ints, base: Base, n: int, sums: Ints) -> Ints:
    seats = np.empty(base.people, dtype=np.int32)
    size = base.people // base.tables
    for place, point in enumerate(points):
        seats[point // n * n + sums[point % n]] = place // size * n + np.arange(n)
    return seats


def _shifted(points: Ints, base: Base, n: int, sums: Ints) -> Ints:
    """n×N: round t seats x + t where the base round seats x."""
    table = np.empty(base.people, dtype=np.int32)
    low, over = divmod(base.people, base.tables)
    sizes = np.full(base.tables, low)
    sizes[:over] += 1
    table[points] = np.repeat(np.arange(base.tables, dtype=np.int32), sizes)
    seats = np.empty((n, base.people), dtype=np.int32)
    seats[:, base.orbits * n :] = table[base.orbits * n :]
    for orbit in range(base.orbits):
        here = slice(orbit * n, orbit * n + n)
        for t in range(n):
            seats[t, here][sums[t]] = table[here]
    return seats
