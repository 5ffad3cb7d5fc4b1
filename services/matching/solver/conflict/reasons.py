"""Conflicts as values: what conflicts, for programs, and why, for people."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import comb

import numpy as np

from services.matching.solver.bounds import repeats_bound
from services.matching.solver.conflict import counting
from services.matching.solver.problem import Flags, Kinds
from services.matching.solver.rules import SIZES, Relaxed, Rule, Sort

Values = Mapping[str, str | int]

TEXTS: dict[str, str] = {
    "kind-and-never": "the mixing of {kind} does not fit to who must not meet",
    "kind-and-sizes": "the mixing of {kind} does not fit to the tables' sizes",
    "kind-in-reach": "the mixing of {kind} does not fit to who can sit where",
    "kind-too-few": "{people} people of {kind} {name} are there and the tables want {places}",
    "kind-too-many": "{people} people of {kind} {name} are there and {tables} tables take {places}",
    "kinds-together": "the mixings of {kind} and {other} do not fit together",
    "must-and-kind": "{pairs} pairs must meet, which does not fit to the mixing of {kind}",
    "must-and-never": "{one} and {other} must meet and must never meet",
    "must-and-never-others": "{pairs} pairs that must meet do not fit to {nevers} pairs that must never meet",
    "must-and-repeat": "{pairs} pairs must meet, which is not possible in {rounds} rounds without meeting twice",
    "must-in-one-round": "{people} people would all have to sit at one table, since there is one round",
    "must-met-before": "{one} and {other} must meet, have met before, and nobody may meet twice",
    "must-never-there-together": "{one} and {other} must meet and are never there in the same round",
    "must-no-common-table": "{one} and {other} must meet and can never sit at the same table",
    "must-of-one-kind": "{one} and {other} must meet, which the mixing of {kind} rules out",
    "must-too-many": "{pairs} pairs must meet, which the tables and rounds do not allow",
    "must-too-many-partners": "{one} must meet {partners} people, for whom the places beside do not suffice",
    "never-at-one-table": "{one} and {other} must never meet and both have to sit at table {table}",
    "never-too-few-tables": "{people} people who must all not meet each other, at {tables} tables",
    "never-too-many": "of {people} people, {pairs} pairs must not meet, for which {tables} tables do not suffice",
    "repeats": "in {rounds} rounds at {tables} tables, at least {meetings} meetings are repeated",
    "repeats-before": "after who met before, {rounds} rounds without meeting twice are not possible",
    "repeats-seated": "people who are given seats together more than once must not meet twice",
    "repeats-with-others": "nobody meets twice in {rounds} rounds, and {rules} other rules: not at once",
    "together": "{rules} rules cannot hold together",
    "too-few-people-in-reach": "tables that want {places} people at least can be used by {people}",
    "too-few-places": "{people} people are there and the tables have {places} places",
    "too-few-places-in-reach": "{people} people can use only tables with {places} places together",
    "too-many-places": "{people} people are there and the tables want {places} at least",
    "uneven-reach": "who can sit where does not allow tables that differ by one person at most",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """Hard rules that cannot hold together. `minimal`: proved that without any one of them, the others can.

    `reason` is a stable code; `values` are the numbers and names its sentence speaks of, of which `one` and, of pairs,
    `other` are keys. `people`: the keys of all concerned, also beyond those whose rules are named.
    `round` (from 0): where the rules conflict in that round alone; None where only several together, or it is not
    known. `tables` (from 0): those that the sentence speaks of, empty for all.
    """

    rules: tuple[Rule, ...]
    reason: str
    values: Values = dataclasses.field(default_factory=dict)
    people: tuple[str, ...] = ()
    tables: tuple[int, ...] = ()
    round: int | None = None
    minimal: bool = False

    @property
    def message(self) -> str:
        """An English sentence for logs; translations start from `reason` and `values`."""
        text = TEXTS[self.reason].format_map(self.values)
        return text if self.round is None else f"round {self.round}: {text}"


@dataclass(frozen=True, slots=True)
class _Said:
    reason: str
    values: Values
    people: tuple[int, ...] = ()
    tables: tuple[int, ...] = ()


def described(case: Relaxed, proved: bool) -> Conflict:
    """What to say of rules that hold in `case` and conflict."""
    r = _round(case)
    said = _said(case, 0 if r is None else r)
    keys = case.problem.keys
    named = {key for rule in case.rules for key in rule.people} | {keys[i] for i in said.people}
    return Conflict(
        rules=tuple(sorted(case.rules, key=lambda rule: (list(Sort).index(rule.sort), repr(rule)))),
        reason=said.reason,
        values=said.values,
        people=tuple(key for key in keys if key in named),
        tables=said.tables,
        round=r,
        minimal=proved,
    )


def _round(case: Relaxed) -> int | None:
    """The first round in which counting finds the conflict; None for all rules that need several rounds."""
    if case.must or case.repeat:
        return None
    for r in range(case.problem.rounds):
        if any(counting.seats_of(case, r, kinds) for kinds in (None, *case.kinds)) or counting.cliques_of(case, r):
            return r
    return None


def _said(case: Relaxed, r: int) -> _Said:
    sorts = Counter(rule.sort for rule in case.rules)
    if Sort.REPEAT in sorts and Sort.MUST not in sorts:
        return _repeats(case, sorts)
    if Sort.MUST in sorts:
        return _musts(case, sorts)
    if Sort.NEVER in sorts:
        return _nevers(case, sorts, r)
    if Sort.MIXING in sorts:
        return _mixing(case, sorts, r)
    return _sizes(case, sorts, r)


def _musts(case: Relaxed, sorts: Counter[Sort]) -> _Said:
    met, only = list(case.must), set(sorts) - {Sort.MUST}
    often = Counter(i for pair in met for i in pair)
    values: Values = {"pairs": len(met), "people": len(often)}
    alone = dict(zip(("one", "other"), case.book.keys(*met[0]))) if len(met) == 1 else None
    if Sort.REPEAT in only:
        if alone and only == {Sort.EARLIER, Sort.REPEAT} and met[0] in case.earlier:
            return _Said("must-met-before", alone)
        return _Said("must-and-repeat", {**values, "rounds": case.problem.rounds})
    if Sort.NEVER in only:
        if alone and only == {Sort.NEVER} and met[0] in case.never:
            return _Said("must-and-never", alone)
        return _Said("must-and-never-others", {**values, "nevers": len(case.never)})
    if Sort.MIXING in only:
        if alone:
            return _Said("must-of-one-kind", {**alone, "kind": case.kinds[0].name})
        return _Said("must-and-kind", {**values, "kind": case.kinds[0].name})
    if alone:
        return _Said("must-never-there-together" if only == {Sort.AWAY} else "must-no-common-table", alone)
    person, partners = often.most_common(1)[0]
    if partners == len(met):
        return _Said("must-too-many-partners", {"one": case.problem.keys[person], "partners": partners})
    return _Said("must-in-one-round" if case.problem.rounds == 1 else "must-too-many", values)


def _nevers(case: Relaxed, sorts: Counter[Sort], r: int) -> _Said:
    if Sort.MIXING in sorts:
        return _Said("kind-and-never", {"kind": case.kinds[0].name})
    concerned = sorted({i for pair in case.apart for i in pair})
    tables = _tables(case, r, concerned)
    if len(concerned) == 2 and len(tables) == 1:
        values: Values = dict(zip(("one", "other"), case.book.keys(*concerned)))
        return _Said("never-at-one-table", {**values, "table": tables[0]}, tables=tables)
    values = {"people": len(concerned), "pairs": len(case.apart), "tables": len(tables)}
    every = len(case.apart) == comb(len(concerned), 2)
    return _Said("never-too-few-tables" if every else "never-too-many", values, tables=tables)


def _tables(case: Relaxed, r: int, people: list[int]) -> tuple[int, ...]:
    """Where at least one of these people can sit in round r."""
    return tuple(np.flatnonzero((case.places(r)[people] & (case.most[r] > 0)).any(axis=0)).tolist())


def _mixing(case: Relaxed, sorts: Counter[Sort], r: int) -> _Said:
    kinds = case.kinds[0]
    if sorts[Sort.MIXING] > 1:
        return _Said("kinds-together", {"kind": kinds.name, "other": case.kinds[1].name})
    said = _counted(case, kinds, r)
    if said is not None:
        return said
    if set(sorts) <= {Sort.MIXING, *SIZES}:
        return _Said("kind-and-sizes", {"kind": kinds.name})
    return _Said("kind-in-reach", {"kind": kinds.name})


def _counted(case: Relaxed, kinds: Kinds, r: int) -> _Said | None:
    """A kind of which more, or fewer, are there than the tables take."""
    for v, name in enumerate(kinds.names):
        mine = (kinds.of == v) & case.there[r]
        most = int(np.minimum(kinds.high[r, :, v], case.most[r]).sum())
        values: dict[str, str | int] = {"kind": kinds.name, "name": name, "tables": case.problem.tables}
        if mine.sum() > most:
            values |= {"people": int(mine.sum()), "places": most, "most": int(kinds.high[r, :, v].max())}
            return _Said("kind-too-many", values, tuple(np.flatnonzero(mine).tolist()))
        may, least = (kinds.of == v) & case.may[r], int(kinds.low[r, :, v].sum())
        if may.sum() < least:
            values |= {"people": int(may.sum()), "places": least}
            return _Said("kind-too-few", values, tuple(np.flatnonzero(may).tolist()))
    return None


def _sizes(case: Relaxed, sorts: Counter[Sort], r: int) -> _Said:
    here = {rule.table for rule in case.rules if rule.sort in {Sort.LEAST, Sort.MOST}}
    tables = tuple(t for t in range(case.problem.tables) if t in here)
    places = case.places(r)
    if Sort.EVEN in sorts:
        return _Said("uneven-reach", {})
    if Sort.MOST in sorts and Sort.LEAST not in sorts:
        # Everybody who has no other table, not only those needed to see that it is too many.
        bound = np.flatnonzero(case.there[r] & ~np.delete(_whole_reach(case, r), tables, axis=1).any(axis=1))
        values = {"people": len(bound), "places": int(case.most[r, list(tables)].sum())}
        if set(sorts) == {Sort.MOST}:
            return _Said("too-few-places", values)
        return _Said("too-few-places-in-reach", values, tuple(bound.tolist()), tables)
    if Sort.LEAST in sorts and Sort.MOST not in sorts:
        able = np.flatnonzero(case.may[r] & places[:, list(tables)].any(axis=1))
        values = {"people": len(able), "places": int(case.least[r, list(tables)].sum())}
        if set(sorts) == {Sort.LEAST}:
            return _Said("too-many-places", values)
        return _Said("too-few-people-in-reach", values, (), tables)
    return _together(case)


def _whole_reach(case: Relaxed, r: int) -> Flags:
    return Relaxed(case.book, case.book.rules).places(r)


def _repeats(case: Relaxed, sorts: Counter[Sort]) -> _Said:
    problem, only = case.problem, set(sorts) - {Sort.REPEAT, Sort.AWAY}
    values: dict[str, str | int] = {"rounds": problem.rounds, "tables": problem.tables, "people": problem.people}
    if only <= SIZES:
        # Where sizes are at fault that the bound does not look at, it may be 0; but one there is.
        return _Said("repeats", {**values, "meetings": max(1, repeats_bound(dataclasses.replace(problem, kinds=())))})
    if only <= {Sort.SEAT, Sort.PAST}:
        return _Said("repeats-seated", values)
    if only <= {Sort.EARLIER, *SIZES}:
        return _Said("repeats-before", values)
    return _Said("repeats-with-others", {**values, "rules": len(case.rules) - 1})


def _together(case: Relaxed) -> _Said:
    return _Said("together", {"rules": len(case.rules)})
