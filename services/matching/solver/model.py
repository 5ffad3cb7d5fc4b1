"""A builder in the words of the organisers: topics, people, tables, rounds, and the rules of the day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from services.matching.solver import faults
from services.matching.solver import topics as hierarchy
from services.matching.solver.faults import Invalid
from services.matching.solver.problem import (
    HARD,
    MOST_WEIGHT,
    Flags,
    Floats,
    Ints,
    Kinds,
    Pairs,
    Problem,
    Weights,
    even_kinds,
    even_sizes,
)

CITY = "city"


@dataclass(frozen=True, slots=True)
class Person:
    """What was said of one person."""

    key: str
    kinds: Mapping[str, str]
    offers: tuple[str, ...] = ()
    seeks: tuple[str, ...] = ()
    works_on: tuple[str, ...] = ()
    rounds: tuple[int, ...] | None = None
    tables: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Two:
    """A rule about two people, or an earlier meeting of theirs."""

    one: str
    other: str
    weight: float


@dataclass(frozen=True, slots=True)
class Spread:
    """How one kind is mixed: evenly, or at most `most` of each at a table."""

    weight: float
    most: int | None = None


@dataclass(slots=True)
class Model:
    """Collects what is known, in any order, and checks all of it at the end: nothing raises before `problem()`.

    Rounds and tables count from 0. Cities are mixed evenly, as a hard rule, unless `mix` or `apart` say otherwise.
    """

    tables: int = 5
    rounds: int = 3
    weights: Weights = field(default_factory=Weights)
    earlier_weight: float | None = None
    """What a meeting with an earlier partner takes off, times how often they met; HARD forbids it; None: what a repeat
    on the day does.
    """
    topics: list[tuple[str, str | None]] = field(default_factory=list, init=False, repr=False)
    people: list[Person] = field(default_factory=list, init=False, repr=False)
    signs: tuple[str, ...] | None = field(default=None, init=False, repr=False)
    seats: tuple[tuple[int, int], ...] | None = field(default=None, init=False, repr=False)
    hosts: list[tuple[str, int | None]] = field(default_factory=list, init=False, repr=False)
    musts: list[Two] = field(default_factory=list, init=False, repr=False)
    nevers: list[Two] = field(default_factory=list, init=False, repr=False)
    before: list[Two] = field(default_factory=list, init=False, repr=False)
    spread: dict[str, Spread] = field(default_factory=lambda: {CITY: Spread(HARD)}, init=False, repr=False)

    def topic(self, code: str, parent: str | None = None) -> None:
        """Declares a topic; the parent may be declared later."""
        self.topics.append((code, parent))

    def person(
        self,
        key: str,
        *,
        city: str,
        offers: Iterable[str] = (),
        seeks: Iterable[str] = (),
        works_on: Iterable[str] = (),
        kinds: Mapping[str, str] | None = None,
        rounds: Iterable[int] | None = None,
        tables: Iterable[int] | None = None,
    ) -> None:
        """Adds somebody to be seated; the lists hold topic codes.

        `kinds`: what else tables may mix, such as the department; blank for none. `rounds`: those in which the person
        is there, `tables`: those that the person can reach or use; both None for all.
        """
        self.people.append(
            Person(
                key,
                {CITY: city, **(kinds or {})},
                tuple(offers),
                tuple(seeks),
                tuple(works_on),
                None if rounds is None else tuple(rounds),
                None if tables is None else tuple(tables),
            )
        )

    def table_topics(self, codes: Iterable[str]) -> None:
        """Fixes what stands on the tables' signs: exactly one code per table. Left out, topics are chosen."""
        self.signs = tuple(codes)

    def capacities(self, seats: Iterable[tuple[int, int]]) -> None:
        """The fewest and the most people of each table. Left out, tables differ by one person at most."""
        self.seats = tuple(seats)

    def host(self, key: str, table: int | None = None) -> None:
        """Somebody who stays at one table in every round; no two hosts share a table. None: the table is chosen."""
        self.hosts.append((key, table))

    def must(self, one: str, other: str, weight: float = HARD) -> None:
        """The two shall meet at least once."""
        self.musts.append(Two(one, other, weight))

    def never(self, one: str, other: str, weight: float = HARD) -> None:
        """The two shall not share a table."""
        self.nevers.append(Two(one, other, weight))

    def earlier(self, one: str, other: str, times: float = 1.0) -> None:
        """The two met before, `times` counted with its decay: meetings now are repeats."""
        self.before.append(Two(one, other, times))

    def mix(self, kind: str, weight: float | None = HARD) -> None:
        """Spreads people of this kind as evenly as they go over the tables; None: does not."""
        self.spread.pop(kind, None)
        if weight is not None:
            self.spread[kind] = Spread(weight)

    def apart(self, kind: str, most: int = 1, weight: float = HARD) -> None:
        """Seats at most so many people of one city, department, … at a table."""
        self.spread[kind] = Spread(weight, most)

    def check(self) -> None:
        """Raises Invalid with all faults at once; computes nothing."""
        found = faults.of(self)
        if found:
            raise Invalid(found)

    def problem(self) -> Problem:
        """The checked problem. Raises Invalid with all faults at once."""
        self.check()
        words = hierarchy.vocabulary(dict(self.topics))
        said = hierarchy.Profiles(
            hierarchy.marks(words, [p.offers for p in self.people]),
            hierarchy.marks(words, [p.seeks for p in self.people]),
            hierarchy.marks(words, [p.works_on for p in self.people]),
        )
        signs, interest = self._signs(words, said)
        present, allowed = self._where()
        least, most = self._sizes(present)
        own = self.earlier_weight is not None and self.earlier_weight != self.weights.repeat
        return Problem(
            keys=tuple(p.key for p in self.people),
            affinity=hierarchy.affinities(words, said),
            interest=interest,
            table_topics=signs,
            least=least,
            most=most,
            present=present,
            allowed=allowed,
            fixed=self._fixed(interest, present),
            kinds=tuple(self._kinds(name, one, present, most) for name, one in self.spread.items()),
            must=self._pairs(self.musts),
            never=self._pairs([*self.nevers, *(self._avoided() if own else ())]),
            earlier=self._pairs([] if own else self.before),
            weights=self.weights,
        )

    def _avoided(self) -> Iterable[Two]:
        """Earlier meetings as pairs that had better not meet."""
        weight = self.earlier_weight or 0.0
        for two in self.before:
            if two.weight and weight:
                yield replace(two, weight=HARD if weight == HARD else min(MOST_WEIGHT, weight * two.weight))

    def _signs(self, words: hierarchy.Vocabulary, said: hierarchy.Profiles) -> tuple[tuple[str | None, ...], Floats]:
        """What stands on the tables, and everybody's interest in it (N×G)."""
        if not words.codes:
            return (None,) * self.tables, np.zeros((len(self.people), self.tables))
        number = {code: t for t, code in enumerate(words.codes)}
        if self.signs is None:
            chosen = hierarchy.choose(words, said, self.tables)
        else:
            chosen = [number[code] for code in self.signs]
        return tuple(words.codes[t] for t in chosen), hierarchy.interests(words, said, chosen)

    def _where(self) -> tuple[Flags, Flags]:
        """Who is there in which round (R×N), and who can use which table (N×G)."""
        present = np.zeros((self.rounds, len(self.people)), dtype=np.bool_)
        allowed = np.zeros((len(self.people), self.tables), dtype=np.bool_)
        for i, person in enumerate(self.people):
            present[slice(None) if person.rounds is None else list(person.rounds), i] = True
            allowed[i, slice(None) if person.tables is None else list(person.tables)] = True
        return present, allowed

    def _sizes(self, present: Flags) -> tuple[Ints, Ints]:
        if self.seats is None:
            return even_sizes(present, self.tables)
        least, most = np.array(self.seats, dtype=np.int32).T
        rows = np.ones((self.rounds, 1), dtype=np.int32)
        return rows * least, rows * np.minimum(most, len(self.people))

    def _fixed(self, interest: Floats, present: Flags) -> Ints:
        """Hosts at their tables: first those who were given one, then each where the interest is greatest."""
        number = {p.key: i for i, p in enumerate(self.people)}
        fixed = np.full(present.shape, -1, dtype=np.int32)
        taken = {table for _key, table in self.hosts if table is not None}
        for key, table in sorted(self.hosts, key=lambda host: host[1] is None):
            i, at = number[key], table
            if at is None:
                reach = self.people[i].tables
                free = [t for t in range(self.tables) if t not in taken and (reach is None or t in reach)]
                # Where none of the free ones is in reach, the checker says so: which host has to go is not ours to say.
                free = free or [t for t in range(self.tables) if t not in taken]
                at = max(free, key=lambda t: (round(float(interest[i, t]), 6), -t))
                taken.add(at)
            fixed[present[:, i], i] = at
        return fixed

    def _kinds(self, name: str, rule: Spread, present: Flags, most: Ints) -> Kinds:
        said = [person.kinds.get(name, "") for person in self.people]
        names = tuple(dict.fromkeys(kind for kind in said if kind.strip()))
        number = {kind: v for v, kind in enumerate(names)}
        of = np.array([number.get(kind, -1) for kind in said], dtype=np.int32)
        if rule.most is None:
            low, high = even_kinds(of, len(names), present, most)
        else:
            low = np.zeros((*most.shape, len(names)), dtype=np.int32)
            high = np.full_like(low, rule.most)
        return Kinds(name, names, of, low, high, rule.weight)

    def _pairs(self, rules: Sequence[Two]) -> Pairs:
        """Rules as arrays; what was said twice of the same two counts once, with its greatest weight."""
        number = {p.key: i for i, p in enumerate(self.people)}
        found: dict[tuple[int, int], float] = {}
        for two in rules:
            i, j = number[two.one], number[two.other]
            pair = (min(i, j), max(i, j))
            found[pair] = max(found.get(pair, 0.0), two.weight)
        who = np.array(sorted(found), dtype=np.int32).reshape(-1, 2)
        return Pairs(who, np.array([found[i, j] for i, j in who.tolist()], dtype=np.float64))
