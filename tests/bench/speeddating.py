"""Rounds of speed dating with topics and cities: instances in the public benchmark's format, our own, their measure.

An instance: `people` N, `tables` G, `rounds` R, `cities`, `city[i]`, `offers[i]`, `seeks[i]`, `works_on[i]` (topic
numbers), `parent[t]` (a topic's field), pairs `must` and `never`, and `hosts` = [person, table].
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

import numpy as np

from services.matching.solver import HARD, Kinds, Pairs, Problem, Seconds, Weights, check, solve, warm
from services.matching.solver.problem import Floats, even_kinds, even_sizes

TITLE = "## Speed dating"
SIZES = {  # people, cities, tables, rounds, topics, fields
    "knmeetshn": (50, 2, 5, 3, 20, 5),
    "town": (36, 4, 6, 4, 20, 5),
    "region": (150, 12, 15, 5, 30, 6),
    "state": (400, 60, 40, 6, 40, 8),
}
INSTANCES = 5
# Mean score of a plain annealing on the public instances after 1 and 10 seconds, as published with them.
PEER = {"knmeetshn": (337, 343), "town": (195, 199), "region": (1818, 1886), "state": (7464, 7865)}


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def instance(size: str, seed: int) -> dict[str, Any]:
    """One of our own, of the same shape as the public ones: few large cities, people with a home field."""
    people, cities, tables, rounds, topics, fields = SIZES[size]
    rnd = Random(f"our {size} {seed}")
    parent = [topic % fields for topic in range(topics)]
    large = [1 / (1 + number) for number in range(cities)]
    city = [number % 2 for number in range(people)] if cities == 2 else [*range(cities)]
    city += rnd.choices(range(cities), large, k=people - len(city))
    rnd.shuffle(city)

    def some(home: int, least: int) -> list[int]:
        near = [topic for topic in range(topics) if parent[topic] == home]
        picked = [
            rnd.choice(near) if rnd.random() < 0.7 else rnd.randrange(topics) for _ in range(rnd.randint(least, 3))
        ]
        return sorted(set(picked))

    homes = [rnd.randrange(fields) for _ in range(people)]
    hosts = rnd.sample(range(people), tables // 3)
    guests = [person for person in range(people) if person not in hosts]
    pairs = [sorted(rnd.sample(guests, 2)) for _ in range(people // 10)]
    pairs = [list(pair) for pair in dict.fromkeys(map(tuple, pairs)) if city[pair[0]] != city[pair[1]]]
    return {
        "people": people, "cities": cities, "tables": tables, "rounds": rounds, "parent": parent, "city": city,
        "offers": [some(home, 0) for home in homes], "seeks": [some(home, 1) for home in homes],
        "works_on": [some(home, 1) for home in homes], "hosts": [[host, table] for table, host in enumerate(hosts)],
        "must": pairs[::2], "never": pairs[1::2],
    }  # fmt: skip


def problem(given: Mapping[str, Any]) -> Problem:
    """The problem whose objective is the instance's `score`: affinity of pairs that met less their repeats."""
    people, tables, rounds = given["people"], given["tables"], given["rounds"]
    present = np.ones((rounds, people), dtype=np.bool_)
    least, most = even_sizes(present, tables)
    fixed = np.full((rounds, people), -1, dtype=np.int32)
    for person, table in given["hosts"]:
        fixed[:, person] = table
    city = np.array(given["city"], dtype=np.int32)
    low, high = even_kinds(city, given["cities"], present, most)
    names = tuple(f"city{c}" for c in range(given["cities"]))
    return Problem(
        keys=tuple(f"p{i}" for i in range(people)),
        affinity=affinity(given),
        interest=np.zeros((people, tables)),
        table_topics=(None,) * tables,
        least=least,
        most=most,
        present=present,
        allowed=np.ones((people, tables), dtype=np.bool_),
        fixed=fixed,
        kinds=(Kinds("city", names, city, low, high),),
        must=_pairs(given["must"]),
        never=_pairs(given["never"]),
        weights=Weights(1.0, 0.0, 1.0),
    )


def affinity(given: Mapping[str, Any]) -> Floats:
    """1.0 where one offers what the other seeks (each way), 0.5 for each topic both work on (at most 1.0), 0.25 where
    only the fields agree (N×N).
    """
    topics = len(given["parent"])
    offers, seeks, works = (_marks(given[name], topics) for name in ("offers", "seeks", "works_on"))
    field = np.eye(topics)[given["parent"]]
    fields = np.minimum((offers + seeks + works) @ field, 1)
    one_way = (offers @ seeks.T > 0).astype(np.float64)
    fit: Floats = one_way + one_way.T + np.minimum(1.0, 0.5 * (works @ works.T))
    fit[(fit == 0) & (fields @ fields.T > 0)] = 0.25
    np.fill_diagonal(fit, 0.0)
    return fit


def _marks(lists: list[list[int]], topics: int) -> Floats:
    out = np.zeros((len(lists), topics))
    for person, named in enumerate(lists):
        out[person, named] = 1
    return out


def _pairs(pairs: list[list[int]]) -> Pairs:
    return Pairs(np.array(pairs, dtype=np.int32).reshape(-1, 2), np.full(len(pairs), HARD))


def main(files: Path | None, seconds: Sequence[float], _seeds: int, match: str) -> str:
    """The section: mean scores after these seconds of CPU, on the public instances where they are at hand."""
    warm()
    rows = list(_rows(files, seconds, match))
    source = "the public instances" if files else "instances of our own of the same sizes"
    return f"""{TITLE}

Means over {INSTANCES} of {source} for each size, all rules hard; seconds of CPU, of everything but compiling.
Score: affinity of the pairs that met less c·(c-1)/2 for a pair that met c times. „Peer“: a plain annealing on the
public instances, after 1 and 10 seconds.

| size | seconds | score | peer 1 s / 10 s | repeats | worst-off | broken rules | proposals or draws a second |
|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}
"""


def _rows(files: Path | None, seconds: Sequence[float], match: str) -> Iterator[str]:
    for size in SIZES:
        if match not in size:
            continue
        for budget in (0.1, *seconds):
            found = [_measured(files, size, seed, budget) for seed in range(INSTANCES)]
            score, repeats, least, broken, speed = (mean(column) for column in zip(*found, strict=True))
            peer = " / ".join(map(str, PEER[size]))
            yield (
                f"| {size} | {budget:g} | {score:.1f} | {peer} | {repeats:.1f} | {least:.1f} "
                f"| {broken * INSTANCES:.0f} | {speed / 1e6:.1f} million |"
            )


def _measured(files: Path | None, size: str, seed: int, budget: float) -> tuple[float, ...]:
    path = (files or Path()) / f"{size}-{seed}.json"
    given = problem(read(path) if files and path.exists() else instance(size, seed))
    found = solve(given, Seconds(budget), seed=1, clock=time.process_time)
    wrong = len(check(given, found.plan, found.objective))
    return found.objective, found.repeats, found.least, wrong, found.iterations / budget
