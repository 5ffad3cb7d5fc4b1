"""Rules that cannot hold together because somebody's or some table's seats do not add up.

Each of these takes what holds (`Relaxed`) and names rules of which it is certain that no plan keeps them all, or None.
None proves nothing. The sets need not be minimal.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from itertools import combinations, product
from math import comb
from typing import Final

import numpy as np

from services.matching.solver.flow import Network
from services.matching.solver.problem import Flags, Kinds, shares
from services.matching.solver.rules import SIZES, Relaxed, Rule, Sort

Found = frozenset[Rule]
Certificate = Callable[[Relaxed], Found | None]

# Classes of people times tables in one flow; beyond, the flow is left out.
_MOST_ARCS = 100_000
# Steps of the search for cliques in one round.
_MOST_STEPS = 20_000


def pairs(case: Relaxed) -> Found | None:
    """Two people who must meet and must not, or never can: nobody else has a part in it."""
    for pair, rule in case.must.items():
        if pair in case.apart:
            return case.apart[pair] | {rule}
    for (i, j), rule in case.must.items():
        if not any(_fits(case, r, {i, j}).any() for r in range(case.problem.rounds)):
            return case.personal((i, j)) | case.of_sort(Sort.MIXING, *SIZES) | {rule}
    return None


def _fits(case: Relaxed, r: int, people: set[int]) -> Flags:
    """The tables of round r where all of these can sit together (G)."""
    crowd = sorted(people)
    if not case.may[r, crowd].all():
        return np.zeros(case.problem.tables, dtype=np.bool_)
    counted = [i for i in crowd if case.there[r, i]]
    fits: Flags = case.places(r)[crowd].all(axis=0) & (case.most[r] >= len(counted))
    for kinds in case.kinds:
        for v, count in Counter(kinds.of[counted].tolist()).items():
            if v >= 0:
                fits &= kinds.high[r, :, v] >= count
    return fits


def cliques(case: Relaxed) -> Found | None:
    """More people who must all be apart than tables that they can use in one round."""
    seen: set[bytes] = set()
    for r in range(case.problem.rounds) if case.apart else ():
        situation = case.there[r].tobytes() + case.places(r).tobytes() + case.most[r].tobytes()
        if situation not in seen:
            seen.add(situation)
            found = cliques_of(case, r)
            if found is not None:
                return found
    return None


def cliques_of(case: Relaxed, r: int) -> Found | None:
    """More people who must all be apart than tables that they can use in this round."""
    near: dict[int, set[int]] = defaultdict(set)
    for i, j in case.apart:
        if case.there[r, i] and case.there[r, j]:
            near[i].add(j)
            near[j].add(i)
    places = case.places(r) & (case.most[r] > 0)
    for clique in _cliques(near):
        crowd = _unmatched(clique, places)
        if crowd is None:
            continue
        out = set(case.personal(crowd))
        if not (case.most[r] > 0).all():
            out |= case.of_sort(*SIZES)
        return frozenset(out.union(*(case.apart[pair] for pair in combinations(sorted(crowd), 2))))
    return None


def _cliques(near: dict[int, set[int]]) -> Iterator[list[int]]:
    """Cliques that cannot grow, until the steps are used up (C. Bron, J. Kerbosch, 1973, with pivots)."""
    stack: list[tuple[list[int], set[int], set[int]]] = [([], set(near), set())]
    for _step in range(min(_MOST_STEPS, 20_000_000 // (len(near) ** 2 + 1))):
        if not stack:
            return
        clique, more, done = stack.pop()
        if not more and not done:
            yield clique
            continue
        pivot = max(more | done, key=lambda i: (len(near[i] & more), -i))
        for i in sorted(more - near[pivot]):
            stack.append(([*clique, i], more & near[i], done & near[i]))
            more = more - {i}
            done = done | {i}


def _unmatched(people: list[int], places: Flags) -> set[int] | None:
    """Some of these people who have fewer tables than they are, all at different ones; None where all find one."""
    at: dict[int, int] = {}
    for person in people:
        reached, came, queue, end = {person}, {}, [person], None
        for i in queue:  # grows while it is read
            for t in np.flatnonzero(places[i]).tolist():
                if t in came:
                    continue
                came[t] = i
                if t not in at:
                    end = t
                    break
                reached.add(at[t])
                queue.append(at[t])
            if end is not None:
                break
        if end is None:
            return reached
        for _step in range(len(people)):
            i = came[end]
            back = next((t for t, k in at.items() if k == i), None)
            at[end] = i
            if back is None:
                break
            end = back
    return None


def seats(case: Relaxed) -> Found | None:
    """People who do not fit the sizes, reach and seats of one round, with each mixing alone."""
    for kinds in case.kinds:
        if (kinds.low > kinds.high).any():
            return frozenset({Rule(Sort.MIXING, kind=kinds.name)})
    for mixing in (None, *case.kinds):
        for r in range(case.problem.rounds):
            found = seats_of(case, r, mixing)
            if found is not None:
                return found
    return None


def seats_of(case: Relaxed, r: int, kinds: Kinds | None) -> Found | None:
    """People who do not fit this round, with this mixing or none."""
    problem, places = case.problem, case.places(r)
    of = [-1] * problem.people if kinds is None else kinds.of.tolist()
    groups: dict[tuple[int, bool, bytes], list[int]] = defaultdict(list)
    for i in np.flatnonzero(case.may[r]).tolist():
        groups[of[i], bool(case.there[r, i]), places[i].tobytes()].append(i)
    tables, kinds_there = problem.tables, 0 if kinds is None else len(kinds.names)
    if (len(groups) + kinds_there) * tables > _MOST_ARCS:
        return None
    # Nodes: entrance, exit, for each table one where people count for its most and one for its least, then kinds at
    # tables, then groups. Guests count for the least only; in a kind, they may spare the table as many.
    last, first = 2 + tables, 2 + 2 * tables
    net = Network(first + kinds_there * tables + len(groups))
    net.arc(1, 0, 0, problem.people)
    for t in range(tables):
        net.arc(2 + t, last + t, 0, int(case.most[r, t]))
        net.arc(last + t, 1, int(case.least[r, t]), problem.people)
    guests = Counter(of[i] for i in np.flatnonzero(case.may[r] & ~case.there[r]).tolist())
    for t, v in product(range(tables), range(kinds_there)):
        assert kinds is not None
        low = max(0, int(kinds.low[r, t, v]) - guests[v])
        net.arc(first + v * tables + t, 2 + t, low, int(kinds.high[r, t, v]))
    node = first + kinds_there * tables
    members: dict[int, list[int]] = {}
    for (v, there, _reach), people in groups.items():
        members[node] = people
        net.arc(0, node, len(people) if there else 0, len(people))
        for t in np.flatnonzero(places[people[0]]).tolist():
            to = last + t if not there else 2 + t if v < 0 else first + v * tables + t
            net.arc(node, to, 0, len(people))
        node += 1
    narrow = net.narrow()
    if narrow is None:
        return None
    concerned = {i for node, people in members.items() if node in narrow for i in people}
    # Where more people are wanted, those who are away count, and those who cannot come here.
    if 0 in narrow:
        concerned |= set(np.flatnonzero(~case.may[r]).tolist())
    out = set(case.personal(concerned)) | case.of_sort(*SIZES)
    if kinds is not None:
        out.add(Rule(Sort.MIXING, kind=kinds.name))
    return frozenset(out)


def partners(case: Relaxed) -> Found | None:
    """Somebody who must meet more people than there are places beside this person in all rounds."""
    wanted: dict[int, dict[int, Rule]] = defaultdict(dict)
    for (i, j), rule in case.must.items():
        wanted[i][j] = rule
        wanted[j][i] = rule
    for i, others in wanted.items():
        room = 0
        for r in np.flatnonzero(case.may[:, i]).tolist():
            places = case.places(r)
            beside = [j for j in others if case.may[r, j] and (places[i] & places[j]).any()]
            room += max((_beside(case, r, t, i, beside) for t in np.flatnonzero(places[i]).tolist()), default=0)
        if room < len(others):
            out = set(others.values()) | case.personal({i, *others})
            return frozenset(out | case.of_sort(Sort.MIXING, *SIZES))
    return None


def _beside(case: Relaxed, r: int, t: int, i: int, others: list[int]) -> int:
    """How many of these others can sit beside i at table t, at most."""
    counted = [j for j in others if case.there[r, j]]
    guests, mine = len(others) - len(counted), int(case.there[r, i])
    room = min(len(counted), max(0, int(case.most[r, t]) - mine))
    for kinds in case.kinds:
        fits = 0
        for v, count in Counter(kinds.of[counted].tolist()).items():
            own = mine if v == kinds.of[i] else 0
            fits += count if v < 0 else min(count, max(0, int(kinds.high[r, t, v]) - own))
        room = min(room, fits)
    return guests + room


def together(case: Relaxed) -> Found | None:
    """People who can meet in one round only, and so sit at one table then, where that table cannot be."""
    joined: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for pair in case.must:
        rounds = [r for r in range(case.problem.rounds) if _fits(case, r, set(pair)).any()]
        if len(rounds) == 1:
            joined[rounds[0]].append(pair)
    for r, edges in joined.items():
        for group in _components(edges):
            inside = [case.apart[pair] for pair in combinations(sorted(group), 2) if pair in case.apart]
            if inside or not _fits(case, r, group).any():
                musts = {case.must[pair] for pair in edges if pair[0] in group}
                out = set(case.personal(group)) | case.of_sort(Sort.MIXING, *SIZES) | musts
                return frozenset(out.union(*inside))
    return None


def dense(case: Relaxed) -> Found | None:
    """A group of people with more meetings among them than the tables of all rounds can give."""
    for group in _components(case.must):
        edges, members = [pair for pair in case.must if pair[0] in group], sorted(group)
        room = 0
        for r in range(case.problem.rounds):
            left = int(case.may[r, members].sum())
            guests = left - int(case.there[r, members].sum())
            for size in sorted(case.most[r].tolist(), reverse=True):
                taken = min(size + guests, left)
                room += comb(taken, 2)
                left -= taken
        if room < len(edges):
            return frozenset({case.must[pair] for pair in edges} | case.personal(group) | case.of_sort(*SIZES))
    return None


def _components(edges: Collection[tuple[int, int]]) -> list[set[int]]:
    at: dict[int, set[int]] = {}
    for i, j in edges:
        one, other = at.get(i, {i}), at.get(j, {j})
        if one is not other:
            one |= other
        for k in one:
            at[k] = one
    return list({id(group): group for group in at.values()}.values())


def repeats(case: Relaxed) -> Found | None:
    """Nobody may meet twice, and there are not enough people for that."""
    if not case.repeat:
        return None
    problem, there = case.problem, case.there
    # Two people who were given the same seats twice.
    for one, other in combinations(range(problem.rounds), 2):
        seen: dict[tuple[int, int], int] = {}
        for i in np.flatnonzero((case.fixed[one] >= 0) & (case.fixed[other] >= 0)).tolist():
            at = int(case.fixed[one, i]), int(case.fixed[other, i])
            if at in seen:
                return case.personal((seen[at], i)) | {Rule(Sort.REPEAT)}
            seen[at] = i
        both = int((there[one] & there[other]).sum())
        tables = [int((case.most[r] > 0).sum()) for r in (one, other)]
        # A table of one round is split among those of the other: with too many people, two stay together.
        if both > tables[0] * tables[1]:
            return case.of_sort(Sort.REPEAT, *(() if min(tables) == problem.tables else SIZES))
        for r, count in ((one, tables[1]), (other, tables[0])):
            alone = int(there[r].sum()) - both
            if int(case.least[r].max()) - alone > count and there[r].sum() == case.may[r].sum():
                return case.of_sort(Sort.REPEAT, Sort.AWAY, *SIZES)
    return _everybody_met(case)


def _everybody_met(case: Relaxed) -> Found | None:
    problem = case.problem
    apart = np.zeros((problem.people, problem.people), dtype=np.bool_)
    for i, j in case.apart:
        apart[i, j] = apart[j, i] = True
    # At the smallest table that each person can get, in each round, sit so many others, and always new ones.
    met = np.zeros(problem.people, dtype=np.int64)
    others = np.zeros((problem.people, problem.people), dtype=np.bool_)
    for r in range(problem.rounds):
        smallest = np.where(case.places(r), case.least[r], problem.people).min(axis=1)
        met += np.where(case.there[r], np.maximum(smallest - 1, 0), 0)
        others |= np.outer(case.there[r], case.may[r])
    np.fill_diagonal(others, False)
    excluded: Found = frozenset().union(*case.apart.values())
    if (met > (others & ~apart).sum(axis=1)).any():
        return excluded | case.personal(range(problem.people)) | case.of_sort(Sort.REPEAT, *SIZES)
    meetings = sum(comb(size, 2) for row in case.there for size in shares(int(row.sum()), problem.tables))
    if meetings > comb(problem.people, 2) - len(case.apart):
        return excluded | {Rule(Sort.REPEAT)}
    return None


CERTIFICATES: Final[tuple[Certificate, ...]] = (pairs, cliques, seats, partners, together, dense, repeats)
