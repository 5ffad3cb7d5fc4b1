"""Problems with rules of every sort from seeded generators: some that a plan keeps, some that none can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import combinations
from random import Random

import numpy as np

from services.matching.solver import HARD, Kinds, Pairs, Problem, Weights

Pair = tuple[int, int]


@dataclass
class Draft:
    """A problem in the making, from a plan that keeps its rules."""

    rnd: Random
    plan: np.ndarray
    tables: int
    least: np.ndarray
    most: np.ndarray
    allowed: np.ndarray
    fixed: np.ndarray
    kinds: list[Kinds] = field(default_factory=list)
    must: dict[Pair, float] = field(default_factory=dict)
    never: dict[Pair, float] = field(default_factory=dict)
    earlier: dict[Pair, float] = field(default_factory=dict)
    repeat: float = 10.0
    present: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.present = self.plan >= 0

    @property
    def people(self) -> int:
        return len(self.plan[0])

    @property
    def rounds(self) -> int:
        return len(self.plan)

    def some(self, count: int) -> list[int]:
        """People who are there in every round and bound to nothing, and room enough for them."""
        chosen = self.rnd.sample(range(self.people), count)
        for i in chosen:
            self.present[:, i] = True
            self.allowed[i] = True
            self.fixed[:, i] = -1
        for pairs in (self.must, self.never, self.earlier):
            for pair in [pair for pair in pairs if set(pair) & set(chosen)]:
                del pairs[pair]
        self.least, self.most = np.maximum(self.least - count, 0), self.most + count
        self.kinds = [replace(one, low=np.maximum(one.low - count, 0), high=one.high + count) for one in self.kinds]
        return sorted(chosen)

    def met(self) -> Counter[Pair]:
        found: Counter[Pair] = Counter()
        for row in self.plan.tolist():
            found.update((i, j) for i, j in combinations(range(self.people), 2) if row[i] == row[j] >= 0)
        return found

    def problem(self) -> Problem:
        n, rnd = self.people, self.rnd
        affinity = np.zeros((n, n))
        for i, j in combinations(range(n), 2):
            affinity[i, j] = affinity[j, i] = rnd.choice([0.0, 0.25, 0.5, 1.0, 2.0, 3.0])
        interest = np.array([[rnd.choice([0.0, 0.5, 1.0]) for _ in range(self.tables)] for _ in range(n)])
        return Problem(
            keys=tuple(f"p{i}" for i in range(n)),
            affinity=affinity,
            interest=interest,
            table_topics=(None,) * self.tables,
            least=self.least,
            most=np.minimum(self.most, n),
            present=self.present,
            allowed=self.allowed,
            fixed=np.where(self.present, self.fixed, -1),
            kinds=tuple(self.kinds),
            must=pairs(self.must),
            never=pairs(self.never),
            earlier=pairs(self.earlier),
            weights=Weights(rnd.choice([0.0, 1.0, 2.5]), rnd.choice([0.0, 0.5, 3.0]), self.repeat),
        )


def _pair(i: int, j: int) -> Pair:
    return min(i, j), max(i, j)


def pairs(rules: dict[Pair, float]) -> Pairs:
    who = np.array(sorted(rules), dtype=np.int32).reshape(-1, 2)
    return Pairs(who, np.array([rules[i, j] for i, j in who.tolist()]))


def draft(rnd: Random, people: tuple[int, int], tables: tuple[int, int], rounds: tuple[int, int]) -> Draft:
    """A plan, and rules of every sort that it keeps, some of them soft and broken."""
    n, g, r = rnd.randint(*people), rnd.randint(*tables), rnd.randint(*rounds)
    here = np.ones((r, n), dtype=np.bool_)
    if rnd.random() < 0.5:
        here = np.array([[rnd.random() < 0.85 for _ in range(n)] for _ in range(r)])
    plan = np.full((r, n), -1, dtype=np.int32)
    for row, there in zip(plan, here, strict=True):
        order = sorted(np.flatnonzero(there).tolist(), key=lambda _: rnd.random())
        even = rnd.random() < 0.6
        row[order] = [k % g if even else rnd.randrange(g) for k in range(len(order))]
    size = np.stack([np.bincount(row[row >= 0], minlength=g) for row in plan])
    slack = rnd.choice([0, 0, 1, 2])
    out = Draft(
        rnd,
        plan,
        g,
        least=np.maximum(size - slack, 0),
        most=size + slack,
        allowed=np.ones((n, g), dtype=np.bool_),
        fixed=np.full((r, n), -1, dtype=np.int32),
    )
    if rnd.random() < 0.5:
        _reach(out)
    _fix(out)
    for name in rnd.sample(["city", "office"], rnd.choice([0, 1, 1, 2])):
        out.kinds.append(_kinds(out, name))
    _pairs(out)
    return out


def _reach(out: Draft) -> None:
    for i in range(out.people):
        if out.rnd.random() < 0.4:
            used = set(out.plan[:, i].tolist())
            out.allowed[i] = [t in used or out.rnd.random() < 0.4 for t in range(out.tables)]


def _fix(out: Draft) -> None:
    if out.rounds > 1 and out.rnd.random() < 0.2:
        out.fixed[0] = out.plan[0]
    if out.rnd.random() < 0.4:
        for i in out.rnd.sample(range(out.people), out.rnd.randint(1, 2)):
            seats = {t for t in out.plan[:, i].tolist() if t >= 0}
            if len(seats) == 1:
                out.fixed[:, i] = np.where(out.plan[:, i] >= 0, out.plan[:, i], -1)
    if out.rnd.random() < 0.2:
        r, i = out.rnd.randrange(out.rounds), out.rnd.randrange(out.people)
        out.fixed[r, i] = out.plan[r, i]


def _kinds(out: Draft, name: str) -> Kinds:
    rnd, count = out.rnd, out.rnd.randint(1, 4)
    of = np.array([rnd.randrange(count) if rnd.random() < 0.9 else -1 for _ in range(out.people)], dtype=np.int32)
    seen = np.zeros((out.rounds, out.tables, count), dtype=np.int32)
    for r, row in enumerate(out.plan.tolist()):
        for i, t in enumerate(row):
            if t >= 0 and of[i] >= 0:
                seen[r, t, of[i]] += 1
    weight = HARD if rnd.random() < 0.7 else rnd.choice([0.5, 4.0])
    slack = rnd.choice([0, 1, 1]) if weight == HARD else -rnd.choice([0, 1])
    low = np.maximum(seen - slack, 0)
    high = np.maximum(seen + slack, low)
    if rnd.random() < 0.3:
        low, high = np.zeros_like(low), np.full_like(high, seen.max(initial=0))
    return Kinds(name, tuple(f"{name}{v}" for v in range(count)), of, low, high, weight)


def _pairs(out: Draft) -> None:
    rnd, met = out.rnd, out.met()
    together = sorted(met)
    apart = [pair for pair in combinations(range(out.people), 2) if pair not in met]
    for pair in rnd.sample(together, min(len(together), rnd.randint(0, 4))):
        out.must[pair] = HARD if rnd.random() < 0.7 else 2.0
    for pair in rnd.sample(apart, min(len(apart), rnd.randint(0, 5))):
        out.never[pair] = HARD if rnd.random() < 0.7 else 3.0
    if together and rnd.random() < 0.3:
        out.never[rnd.choice(together)] = 1.5
    if max(met.values(), default=0) < 2 and rnd.random() < 0.6:
        out.repeat = HARD
    else:
        out.repeat = rnd.choice([0.0, 1.0, 10.0])
    for pair in rnd.sample(apart if out.repeat == HARD else together + apart, min(len(apart), rnd.randint(0, 3))):
        out.earlier[pair] = rnd.choice([0.5, 1.0, 2.0])


def feasible(seed: int, people: tuple[int, int] = (4, 9), rounds: tuple[int, int] = (1, 3)) -> Problem:
    """A problem of which some plan keeps every hard rule."""
    rnd = Random(seed)
    return draft(rnd, people, (1, max(2, people[1] // 3)), rounds).problem()


# What makes a problem impossible. Each takes a draft to which it fits.


def must_and_never(out: Draft) -> None:
    i, j = out.some(2)
    out.must[i, j] = out.never[i, j] = HARD


def must_and_met_before(out: Draft) -> None:
    i, j = out.some(2)
    out.repeat, out.must[i, j], out.earlier[i, j] = HARD, HARD, 1.0


def must_without_a_common_round(out: Draft) -> None:
    i, j = out.some(2)
    half = out.rounds // 2
    out.present[:half, i], out.present[half:, j] = False, False
    out.least[:], out.most[:] = 0, out.people
    out.must[i, j] = HARD


def must_without_a_common_table(out: Draft) -> None:
    i, j = out.some(2)
    first = np.arange(out.tables) == 0
    out.allowed[i], out.allowed[j] = first, ~first
    out.must[i, j] = HARD


def must_of_two_hosts(out: Draft) -> None:
    i, j = out.some(2)
    out.fixed[:, i], out.fixed[:, j] = 0, out.tables - 1
    out.must[i, j] = HARD


def must_of_one_kind(out: Draft) -> None:
    i, j = out.some(2)
    of = np.full(out.people, -1, dtype=np.int32)
    of[[i, j]] = 0
    shape = (out.rounds, out.tables, 1)
    out.kinds = [Kinds("team", ("blue",), of, np.zeros(shape), np.ones(shape))]  # type: ignore[arg-type]
    out.must[i, j] = HARD


def must_too_many_partners(out: Draft) -> None:
    partners = out.people // 2
    who = out.some(partners + 1)
    out.most[:], out.least[:] = (partners - 1) // out.rounds + 1, 0
    out.must |= {(who[0], j): HARD for j in who[1:]}


def never_more_than_tables(out: Draft) -> None:
    out.never |= dict.fromkeys(combinations(out.some(out.tables + 1), 2), HARD)


def never_in_a_corner(out: Draft) -> None:
    who = out.some(out.tables)
    out.allowed[who, 0] = False
    out.never |= dict.fromkeys(combinations(who, 2), HARD)


def never_of_two_at_one_table(out: Draft) -> None:
    i, j = out.some(2)
    out.fixed[:, i] = 0
    out.allowed[j] = np.arange(out.tables) == 0
    out.never[i, j] = HARD


def never_in_a_ring(out: Draft) -> None:
    """Five in a ring, and as many beside them as there are tables beyond two: three colours for the ring."""
    who = out.some(5 + out.tables - 2)
    ring, hub = who[:5], who[5:]
    edges = [_pair(ring[k], ring[(k + 1) % 5]) for k in range(5)]
    edges += [_pair(i, j) for i in hub for j in ring] + list(combinations(hub, 2))
    out.never |= dict.fromkeys(edges, HARD)


def narrow_reach(out: Draft) -> None:
    who = out.some(out.people // 2)
    out.most[:, 0], out.least[:, 0] = len(who) - 1, 0
    out.allowed[who] = np.arange(out.tables) == 0


def lonely_table(out: Draft) -> None:
    wanted = out.rnd.randint(2, 4)
    who = out.some(out.people - wanted + 1)
    out.least[:, 0] = wanted
    out.allowed[who, 0] = False


def too_few_places(out: Draft) -> None:
    r = out.rnd.randrange(out.rounds)
    places = int(out.present[r].sum())
    while out.most[r].sum() >= places:
        t = int(out.most[r].argmax())
        out.most[r, t] -= 1
        out.least[r, t] = min(out.least[r, t], out.most[r, t])


def too_many_of_a_kind(out: Draft) -> None:
    most = out.rnd.randint(1, 2)
    who = out.some(out.tables * most + 1)
    of = np.ones(out.people, dtype=np.int32)
    of[who] = 0
    shape = (out.rounds, out.tables, 2)
    high = np.full(shape, out.people, dtype=np.int32)
    high[:, :, 0] = most
    out.kinds = [Kinds("town", ("Konstanz", "elsewhere"), of, np.zeros(shape, dtype=np.int32), high)]


def too_few_of_a_kind(out: Draft) -> None:
    who = out.some(out.tables - 1)
    of = np.full(out.people, -1, dtype=np.int32)
    of[who] = 0
    shape = (out.rounds, out.tables, 1)
    one = np.ones(shape, dtype=np.int32)
    out.kinds = [Kinds("town", ("Konstanz",), of, one, one * out.people)]


def two_kinds(out: Draft) -> None:
    """Table 0 takes those of the town only and those of the office only; each are enough, but not both at once."""
    half = out.people // 2
    who = out.some(2 * half)
    out.least[:, 0], out.most[:, 0] = 2, out.people
    of = np.ones((2, out.people), dtype=np.int32)
    of[0, who[:half]] = 0
    of[1, who[half - 1 :]] = 0
    shape = (out.rounds, out.tables, 2)
    low, high = np.zeros(shape, dtype=np.int32), np.full(shape, out.people, dtype=np.int32)
    high[:, 0, 1] = 0
    named = (("town", "Konstanz"), ("office", "library"))
    out.kinds = [Kinds(kind, (name, "other"), row, low, high) for (kind, name), row in zip(named, of, strict=True)]


def nobody_twice(out: Draft) -> None:
    """More rounds than people whom one could meet."""
    out.repeat = HARD
    extra = max(0, out.people // max(1, out.people // out.tables - 1) + 2 - out.rounds)
    rows = [np.array([k % out.tables for k in range(out.people)], dtype=np.int32) for _ in range(extra)]
    out.plan = np.vstack([out.plan, *rows]) if rows else out.plan
    shape = out.plan.shape
    out.present = np.ones(shape, dtype=np.bool_)
    out.fixed = np.full(shape, -1, dtype=np.int32)
    out.kinds, out.must = [], {}
    out.least = np.full((shape[0], out.tables), out.people // out.tables)
    out.most = np.full((shape[0], out.tables), -(-out.people // out.tables))


def past_against_never(out: Draft) -> None:
    pair = next((pair for pair, _ in out.met().most_common(1)), None)
    assert pair is not None
    r = next(r for r in range(out.rounds) if out.plan[r, pair[0]] == out.plan[r, pair[1]] >= 0)
    out.fixed[r] = out.plan[r]
    out.never[pair] = HARD


def two_hosts_twice(out: Draft) -> None:
    i, j = out.some(2)
    out.repeat = HARD
    out.fixed[:, i] = out.fixed[:, j] = 0


PLANTS: tuple[Callable[[Draft], None], ...] = (
    must_and_never, must_and_met_before, must_without_a_common_round, must_without_a_common_table, must_of_two_hosts,
    must_of_one_kind, must_too_many_partners, never_more_than_tables, never_in_a_corner, never_of_two_at_one_table,
    never_in_a_ring, narrow_reach, lonely_table, too_few_places, too_many_of_a_kind, too_few_of_a_kind, two_kinds,
    nobody_twice, past_against_never, two_hosts_twice,
)  # fmt: skip


def infeasible(number: int) -> tuple[str, Problem]:
    """A problem of which no plan keeps every hard rule, and the name of what was planted."""
    plant = PLANTS[number % len(PLANTS)]
    rnd = Random(number)
    out = draft(rnd, (10, 28), (2, 4), (2, 4))
    plant(out)
    return plant.__name__, replace(out.problem())
