"""A builder in the words of the organisers: topics, people, tables, rounds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

import numpy as np

from services.matching.solver import topics as hierarchy
from services.matching.solver.faults import Fault, Invalid
from services.matching.solver.problem import (
    MOST_PEOPLE,
    MOST_ROUNDS,
    MOST_TABLES,
    MOST_WEIGHT,
    Problem,
    Weights,
)


@dataclass(frozen=True, slots=True)
class _Person:
    key: str
    city: str
    offers: tuple[str, ...]
    seeks: tuple[str, ...]
    works_on: tuple[str, ...]


@dataclass(slots=True)
class Model:
    """Collects what is known, in any order, and checks all of it at the end: nothing raises before `problem()`."""

    tables: int = 5
    rounds: int = 3
    weights: Weights = field(default_factory=Weights)
    _topics: list[tuple[str, str | None]] = field(default_factory=list, init=False, repr=False)
    _people: list[_Person] = field(default_factory=list, init=False, repr=False)
    _table_topics: tuple[str, ...] | None = field(default=None, init=False, repr=False)

    def topic(self, code: str, parent: str | None = None) -> None:
        """Declares a topic; the parent may be declared later."""
        self._topics.append((code, parent))

    def person(
        self,
        key: str,
        *,
        city: str,
        offers: Iterable[str] = (),
        seeks: Iterable[str] = (),
        works_on: Iterable[str] = (),
    ) -> None:
        """Adds somebody to be seated; the lists hold topic codes."""
        self._people.append(_Person(key, city, tuple(offers), tuple(seeks), tuple(works_on)))

    def table_topics(self, codes: Iterable[str]) -> None:
        """Fixes what stands on the tables' signs: exactly one code per table. Left out, topics are chosen."""
        self._table_topics = tuple(codes)

    def check(self) -> None:
        """Raises Invalid with all faults at once; computes nothing."""
        faults = [*self._frame_faults(), *self._topic_faults(), *self._person_faults()]
        if faults:
            raise Invalid(faults)

    def problem(self) -> Problem:
        """The checked problem. Raises Invalid with all faults at once."""
        self.check()
        words = hierarchy.vocabulary(dict(self._topics))
        people = hierarchy.Profiles(
            hierarchy.marks(words, [p.offers for p in self._people]),
            hierarchy.marks(words, [p.seeks for p in self._people]),
            hierarchy.marks(words, [p.works_on for p in self._people]),
        )
        signs: tuple[str | None, ...] = (None,) * self.tables
        interest = np.zeros((len(self._people), self.tables))
        if words.codes:
            number = {code: t for t, code in enumerate(words.codes)}
            if self._table_topics is None:
                chosen = hierarchy.choose(words, people, self.tables)
            else:
                chosen = [number[code] for code in self._table_topics]
            signs = tuple(words.codes[t] for t in chosen)
            interest = hierarchy.interests(words, people, chosen)
        cities = tuple(dict.fromkeys(p.city for p in self._people))
        place = {city: c for c, city in enumerate(cities)}
        return Problem(
            keys=tuple(p.key for p in self._people),
            cities=cities,
            city=np.array([place[p.city] for p in self._people], dtype=np.int32),
            affinity=hierarchy.affinities(words, people),
            interest=interest,
            rounds=self.rounds,
            table_topics=signs,
            weights=self.weights,
        )

    def _frame_faults(self) -> list[Fault]:
        out: list[Fault] = []
        if not 1 <= self.tables <= MOST_TABLES:
            values = {"tables": self.tables, "least": 1, "most": MOST_TABLES}
            out.append(Fault(None, "tables", "tables-out-of-range", values))
        if not 1 <= self.rounds <= MOST_ROUNDS:
            values = {"rounds": self.rounds, "least": 1, "most": MOST_ROUNDS}
            out.append(Fault(None, "rounds", "rounds-out-of-range", values))
        for name, weight in asdict(self.weights).items():
            if not (math.isfinite(weight) and 0 <= weight <= MOST_WEIGHT):
                out.append(Fault(None, name, "weight-out-of-range", {"weight": weight, "most": MOST_WEIGHT}))
        count = len(self._people)
        if count == 0:
            out.append(Fault(None, "people", "no-people"))
        elif count > MOST_PEOPLE:
            out.append(Fault(None, "people", "too-many-people", {"people": count, "most": MOST_PEOPLE}))
        elif count < 2 * self.tables:
            # Two at a table is the least that is a meeting.
            values = {"people": count, "tables": self.tables, "fits": count // 2}
            out.append(Fault(None, "people", "too-few-people", values))
        return out

    def _topic_faults(self) -> list[Fault]:
        out: list[Fault] = []
        parents = dict(self._topics)
        seen: set[str] = set()
        for code, parent in self._topics:
            if code in seen:
                out.append(Fault(None, "topics", "duplicate-topic", {"topic": code}))
            seen.add(code)
            if parent is not None and parent not in parents:
                out.append(Fault(None, "topics", "unknown-parent", {"topic": code, "parent": parent}))
        out += [Fault(None, "topics", "topic-cycle", {"topic": c}) for c in parents if _circles(c, parents)]
        if self._table_topics is not None:
            if len(self._table_topics) != self.tables:
                values = {"given": len(self._table_topics), "tables": self.tables}
                out.append(Fault(None, "table_topics", "wrong-number-of-table-topics", values))
            for code in dict.fromkeys(self._table_topics):
                if code not in parents:
                    out.append(Fault(None, "table_topics", "unknown-topic", {"topic": code}))
        return out

    def _person_faults(self) -> list[Fault]:
        out: list[Fault] = []
        codes = {code for code, _ in self._topics}
        seen: set[str] = set()
        for person in self._people:
            if not person.key.strip():
                out.append(Fault(person.key, "key", "blank-key"))
            elif person.key in seen:
                out.append(Fault(person.key, "key", "duplicate-person"))
            seen.add(person.key)
            if not person.city.strip():
                out.append(Fault(person.key, "city", "blank-city"))
            for name in ("offers", "seeks", "works_on"):
                for code in dict.fromkeys(getattr(person, name)):
                    if code not in codes:
                        out.append(Fault(person.key, name, "unknown-topic", {"topic": code}))
        return out


def _circles(code: str, parents: dict[str, str | None]) -> bool:
    """Whether the way up from this topic comes back to it."""
    passed: set[str] = set()
    above = parents[code]
    while above is not None and above not in passed:
        if above == code:
            return True
        passed.add(above)
        above = parents.get(above)
    return False
