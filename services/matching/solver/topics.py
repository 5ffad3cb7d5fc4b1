"""Topics as a forest, and what follows from it: affinities of people, interests in tables, topics for tables.

A topic's field is the topmost topic above it, or itself where nothing lies above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.problem import Floats

Marks = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """T topics: `codes`; `under` (T×T, 1 where the row's topic is the column's or lies below it); `field` (T)."""

    codes: tuple[str, ...]
    under: Marks
    field: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Profiles:
    """What N people said, as 0/1 marks N×T."""

    offers: Marks
    seeks: Marks
    works_on: Marks

    @property
    def named(self) -> Marks:
        """1 where the person named the topic anywhere."""
        return np.maximum(np.maximum(self.offers, self.seeks), self.works_on)


def vocabulary(parents: Mapping[str, str | None]) -> Vocabulary:
    """Code → parent as arrays. The parents must be declared and free of cycles."""
    codes = tuple(parents)
    number = {code: t for t, code in enumerate(codes)}
    under = np.zeros((len(codes), len(codes)), dtype=np.float32)
    field = np.zeros(len(codes), dtype=np.int32)
    for code, t in number.items():
        above: str | None = code
        while above is not None:
            under[t, number[above]] = 1
            field[t] = number[above]
            above = parents[above]
    return Vocabulary(codes, under, field)


def marks(words: Vocabulary, lists: Sequence[Sequence[str]]) -> Marks:
    """0/1 marks N×T of N lists of codes."""
    number = {code: t for t, code in enumerate(words.codes)}
    out = np.zeros((len(lists), len(words.codes)), dtype=np.float32)
    for person, named in enumerate(lists):
        out[person, [number[code] for code in named]] = 1
    return out


def affinities(words: Vocabulary, people: Profiles) -> Floats:
    """How much two people have to say to each other (N×N, symmetric, zero diagonal, at most 3.0).

    Each way: 1.0 where one offers exactly what the other seeks, else 0.5 where an offered topic lies above or below a
    sought one. To this comes 0.5 for each topic both work on, at most 1.0. Where all this is nothing, 0.25 if the two
    share a field.
    """
    beside = words.under + words.under.T
    exact = people.offers @ people.seeks.T > 0
    near = people.offers @ beside @ people.seeks.T > 0
    one_way = np.where(exact, 1.0, np.where(near, 0.5, 0.0))
    del exact, near
    fit: Floats = one_way + one_way.T
    fit += np.minimum(1.0, 0.5 * (people.works_on @ people.works_on.T))
    fields = _fields(words, people)
    fit[(fit == 0) & (fields @ fields.T > 0)] = 0.25
    np.fill_diagonal(fit, 0.0)
    return fit


def interests(words: Vocabulary, people: Profiles, topics: Sequence[int]) -> Floats:
    """How much each person wants to sit at a table with each of these topics (N × number of topics, 0 to 1).

    1.0 where the person named the topic or one below it; else 0.5 where the person named any topic of the same field
    (above it or beside it); else 0.
    """
    inside = people.named @ words.under > 0
    near = _fields(words, people)[:, words.field] > 0
    every = np.where(inside, 1.0, np.where(near, 0.5, 0.0))
    out: Floats = np.ascontiguousarray(every[:, list(topics)], dtype=np.float64)
    return out


def choose(words: Vocabulary, people: Profiles, tables: int) -> list[int]:
    """Topics for G tables that cover people's interests: greedy, each person's next interest counting less the more is
    covered already; of equals the one declared first. A topic is named twice only when nobody cares for those left.

    Only topics that somebody named are taken: a field's own sign says less than a topic's. Where nobody named any, all.
    """
    named = np.flatnonzero(people.named.sum(axis=0)).tolist()
    candidates: list[int] = named or list(range(len(words.codes)))
    interest = interests(words, people, candidates)
    covered = np.zeros(len(interest))
    fresh = set(range(len(candidates)))
    chosen: list[int] = []
    for _ in range(tables):
        # Rounded: sums in another order must not turn a tie into a choice.
        gain = np.round((interest / (1.0 + covered)[:, None]).sum(axis=0), 6)
        pool = sorted(t for t in fresh if gain[t] > 0) or range(len(candidates))
        best = max(pool, key=lambda t: (gain[t], -t))
        chosen.append(candidates[best])
        covered += interest[:, best]
        fresh.discard(best)
    return chosen


def _fields(words: Vocabulary, people: Profiles) -> Marks:
    """1 where the person named anything in the field of that number (N×T; only fields' own columns are filled)."""
    member = np.zeros((len(words.codes), len(words.codes)), dtype=np.float32)
    member[np.arange(len(words.codes)), words.field] = 1
    out: Marks = np.minimum(people.named @ member, np.float32(1))
    return out
