"""What can be wrong with a matching problem, in a form that programs can read and people can understand."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from services.matching.solver.problem import HARD, MOST_PEOPLE, MOST_ROUNDS, MOST_TABLES, MOST_WEIGHT

if TYPE_CHECKING:
    from services.matching.solver.model import Model, Person, Two

_TEXTS: dict[str, str] = {
    "absent-host": "a host has to be there in every round",
    "bad-capacity": "table {table} cannot seat {least} to {most} people",
    "blank-city": "the city is blank",
    "blank-key": "the key is blank",
    "duplicate-host": "the person hosts more than one table",
    "duplicate-person": "two people have the same key",
    "duplicate-topic": "topic {topic} is declared twice",
    "host-out-of-reach": "the host cannot use table {table}",
    "must-and-never": "{one} and {other} must meet and must never meet",
    "no-people": "there is nobody to seat",
    "no-round": "the person is there in no round",
    "no-table": "the person can use no table",
    "rounds-out-of-range": "{rounds} rounds: between {least} and {most} are possible",
    "same-person": "{one} is named twice in one pair",
    "shared-host-table": "{hosts} hosts are given table {table}",
    "tables-out-of-range": "{tables} tables: between {least} and {most} are possible",
    "too-few-people": "{people} people are too few for {tables} tables; {fits} would fit",
    "too-few-places": "round {round}: {people} people are there and the tables have {places} places",
    "too-many-hosts": "{hosts} hosts for {tables} tables",
    "too-many-people": "{people} people: at most {most} are possible",
    "too-many-places": "round {round}: {people} people are there and the tables want {places} at least",
    "topic-cycle": "topic {topic} lies below itself",
    "unknown-parent": "topic {topic} lies below {parent}, which is not declared",
    "unknown-person": "{person} is not among the people",
    "unknown-round": "round {round} does not exist",
    "unknown-table": "table {table} does not exist",
    "unknown-topic": "topic {topic} is not declared",
    "weight-out-of-range": "the weight is {weight}; it must lie between 0 and {most}",
    "wrong-number-of-capacities": "{given} capacities for {tables} tables",
    "wrong-number-of-table-topics": "{given} table topics for {tables} tables",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the input. `person` is the key of the person concerned, None where it concerns all of them.

    `reason` is a stable code; `values` are the numbers and codes its sentence speaks of.
    """

    person: str | None
    field: str
    reason: str
    values: Mapping[str, str | int | float] = dataclasses.field(default_factory=dict)

    @property
    def message(self) -> str:
        """An English sentence for logs; translations start from `reason` and `values`."""
        text = _TEXTS[self.reason].format_map(self.values)
        where = self.field if self.person is None else f"{self.person}, {self.field}"
        return f"{where}: {text}"


class Invalid(ValueError):
    """Raised with every fault of a model at once, in the order of the people."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.message for fault in self.faults))


def of(model: Model) -> list[Fault]:
    """Every fault of a model: of the frame, the topics, the people, the hosts and the pairs, in this order."""
    found = [*_frame(model), *_topics(model), *_people(model), *_hosts(model), *_pairs(model)]
    # Counting heads makes sense only once everything named exists.
    return found or [*_places(model)]


def _frame(model: Model) -> Iterator[Fault]:
    if not 1 <= model.tables <= MOST_TABLES:
        values = {"tables": model.tables, "least": 1, "most": MOST_TABLES}
        yield Fault(None, "tables", "tables-out-of-range", values)
    if not 1 <= model.rounds <= MOST_ROUNDS:
        values = {"rounds": model.rounds, "least": 1, "most": MOST_ROUNDS}
        yield Fault(None, "rounds", "rounds-out-of-range", values)
    for name, weight in asdict(model.weights).items():
        if not _weight(weight, hard=name == "repeat"):
            yield Fault(None, name, "weight-out-of-range", {"weight": weight, "most": MOST_WEIGHT})
    for name, rule in model.spread.items():
        if not _weight(rule.weight):
            yield Fault(None, name, "weight-out-of-range", {"weight": rule.weight, "most": MOST_WEIGHT})
    if model.seats is not None:
        if len(model.seats) != model.tables:
            values = {"given": len(model.seats), "tables": model.tables}
            yield Fault(None, "capacities", "wrong-number-of-capacities", values)
        for table, (least, most) in enumerate(model.seats):
            if not 0 <= least <= most or most == 0:
                values = {"table": table, "least": least, "most": most}
                yield Fault(None, "capacities", "bad-capacity", values)
    count = len(model.people)
    if count == 0:
        yield Fault(None, "people", "no-people")
    elif count > MOST_PEOPLE:
        yield Fault(None, "people", "too-many-people", {"people": count, "most": MOST_PEOPLE})
    elif model.seats is None and count < 2 * model.tables:
        # Two at a table is the least that is a meeting.
        values = {"people": count, "tables": model.tables, "fits": count // 2}
        yield Fault(None, "people", "too-few-people", values)


def _topics(model: Model) -> Iterator[Fault]:
    parents = dict(model.topics)
    seen: set[str] = set()
    for code, parent in model.topics:
        if code in seen:
            yield Fault(None, "topics", "duplicate-topic", {"topic": code})
        seen.add(code)
        if parent is not None and parent not in parents:
            yield Fault(None, "topics", "unknown-parent", {"topic": code, "parent": parent})
    yield from (Fault(None, "topics", "topic-cycle", {"topic": code}) for code in parents if _circles(code, parents))
    if model.signs is not None:
        if len(model.signs) != model.tables:
            values = {"given": len(model.signs), "tables": model.tables}
            yield Fault(None, "table_topics", "wrong-number-of-table-topics", values)
        for code in dict.fromkeys(model.signs):
            if code not in parents:
                yield Fault(None, "table_topics", "unknown-topic", {"topic": code})


def _people(model: Model) -> Iterator[Fault]:
    codes = {code for code, _ in model.topics}
    seen: set[str] = set()
    for person in model.people:
        if not person.key.strip():
            yield Fault(person.key, "key", "blank-key")
        elif person.key in seen:
            yield Fault(person.key, "key", "duplicate-person")
        seen.add(person.key)
        if not person.kinds["city"].strip():
            yield Fault(person.key, "city", "blank-city")
        for name in ("offers", "seeks", "works_on"):
            for code in dict.fromkeys(getattr(person, name)):
                if code not in codes:
                    yield Fault(person.key, name, "unknown-topic", {"topic": code})
        yield from _reach(model, person)


def _reach(model: Model, person: Person) -> Iterator[Fault]:
    """Faults of the rounds and tables that a person was given."""
    if person.rounds is not None:
        if not person.rounds:
            yield Fault(person.key, "rounds", "no-round")
        for number in dict.fromkeys(person.rounds):
            if not 0 <= number < model.rounds:
                yield Fault(person.key, "rounds", "unknown-round", {"round": number})
    if person.tables is not None:
        if not person.tables:
            yield Fault(person.key, "tables", "no-table")
        for table in dict.fromkeys(person.tables):
            if not 0 <= table < model.tables:
                yield Fault(person.key, "tables", "unknown-table", {"table": table})


def _hosts(model: Model) -> Iterator[Fault]:
    people = {person.key: person for person in model.people}
    for key, times in Counter(key for key, _table in model.hosts).items():
        if key not in people:
            yield Fault(None, "hosts", "unknown-person", {"person": key})
        elif times > 1:
            yield Fault(key, "hosts", "duplicate-host")
        elif people[key].rounds is not None and set(people[key].rounds or ()) < set(range(model.rounds)):
            yield Fault(key, "hosts", "absent-host")
    for table, times in Counter(table for _key, table in model.hosts if table is not None).items():
        if not 0 <= table < model.tables:
            yield Fault(None, "hosts", "unknown-table", {"table": table})
        elif times > 1:
            yield Fault(None, "hosts", "shared-host-table", {"hosts": times, "table": table})
    for key, at in model.hosts:
        reach = people[key].tables if key in people else None
        if at is not None and reach is not None and at not in reach:
            yield Fault(key, "hosts", "host-out-of-reach", {"table": at})
    if len(model.hosts) > model.tables >= 1:
        yield Fault(None, "hosts", "too-many-hosts", {"hosts": len(model.hosts), "tables": model.tables})


def _pairs(model: Model) -> Iterator[Fault]:
    keys = {person.key for person in model.people}
    for name, rules in (("must", model.musts), ("never", model.nevers), ("earlier", model.before)):
        for two in rules:
            for key in dict.fromkeys((two.one, two.other)):
                if key not in keys:
                    yield Fault(None, name, "unknown-person", {"person": key})
            if two.one == two.other:
                yield Fault(None, name, "same-person", {"one": two.one})
            if not _weight(two.weight, hard=name != "earlier"):
                yield Fault(None, name, "weight-out-of-range", {"weight": two.weight, "most": MOST_WEIGHT})
    both = _hard(model.musts) & _hard(model.nevers)
    for one, other in sorted(tuple(sorted(pair)) for pair in both if len(pair) == 2):
        yield Fault(None, "must", "must-and-never", {"one": one, "other": other})


def _places(model: Model) -> Iterator[Fault]:
    if model.seats is None:
        return
    fewest, most = (sum(seats[k] for seats in model.seats) for k in (0, 1))
    for number in range(model.rounds):
        there = sum(person.rounds is None or number in person.rounds for person in model.people)
        if there > most:
            yield Fault(None, "capacities", "too-few-places", {"round": number, "people": there, "places": most})
        elif there < fewest:
            yield Fault(None, "capacities", "too-many-places", {"round": number, "people": there, "places": fewest})


def _hard(rules: Sequence[Two]) -> set[frozenset[str]]:
    return {frozenset((two.one, two.other)) for two in rules if two.weight == HARD}


def _weight(weight: float, *, hard: bool = True) -> bool:
    return (math.isfinite(weight) and 0 <= weight <= MOST_WEIGHT) or (hard and weight == HARD)


def _circles(code: str, parents: Mapping[str, str | None]) -> bool:
    """Whether the way up from this topic comes back to it."""
    passed: set[str] = set()
    above = parents[code]
    while above is not None and above not in passed:
        if above == code:
            return True
        passed.add(above)
        above = parents.get(above)
    return False
