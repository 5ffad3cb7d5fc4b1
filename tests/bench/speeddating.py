"""Instances of speed dating as the benchmark's format describes them, and how plans of them are measured.

An instance: `people` N, `tables` G, `rounds` R, `cities`, `city[i]`, `offers[i]`, `seeks[i]`, `works_on[i]` (topic
numbers), `parent[t]` (a topic's field), pairs `must` and `never`, and `hosts` = [person, table].
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from services.matching.solver import HARD, Kinds, Pairs, Problem, Weights
from services.matching.solver.problem import Floats, even_kinds, even_sizes


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


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
