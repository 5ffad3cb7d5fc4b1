"""The maximally diverse grouping problem: instances of MDGPLIB where its files are at hand, and our own of its kinds.

MDGPLIB (M. Gallego, M. Laguna, R. Martí, A. Duarte, Tabu search with strategic oscillation for the maximally diverse
grouping problem, Journal of the Operational Research Society 64, 2013): RanReal has weights uniform in [0, 100), RanInt
whole numbers from 0 to 100, Geo the distances of points with 2 to 21 coordinates in [0, 10). `ss` has equal sizes, `ds`
ranges. A file's first line is `n groups type low1 high1 low2 high2 …`, each further one `i j weight`.
"""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

import numpy as np

from services.matching.solver import Seconds
from services.matching.solver.grouping import Grouping, solve, warm

TITLE = "## One round of groups (MDGP)"
BEST = Path(__file__).with_name("mdgp_best.csv")

# Gap in per cent after so many seconds that we want to stay within: by kind, people and sizes.
SECONDS = (1.0, 10.0, 30.0)
BARS: dict[tuple[str, int, str], tuple[float | None, ...]] = {
    **{(kind, 120, "ss"): (0.15, 0.02, 0.0) for kind in ("RanReal", "RanInt", "Geo")},
    **{(kind, 120, "ds"): (0.30, 0.05, 0.02) for kind in ("RanReal", "RanInt", "Geo")},
    **{(kind, 240, sizes): (None, 0.10, 0.05) for kind in ("RanReal", "RanInt") for sizes in ("ss", "ds")},
    **{(kind, 480, sizes): (0.80, 0.25, 0.12) for kind in ("RanReal", "RanInt") for sizes in ("ss", "ds")},
    ("Geo", 480, "ss"): (-0.02, -0.035, -0.04),
}
GROUPS = {
    60: (6, 3),
    120: (10, 4),
    240: (12, 5),
    480: (20, 6),
}  # tables, and how far a size range reaches from the mean


@dataclass(frozen=True)
class Run:
    instance: str
    seconds: float
    gap: float
    used: float

    @property
    def family(self) -> tuple[str, int, str]:
        kind, people, sizes = re.fullmatch(r"(\w+?)_n(\d+)_(\w\w)_\w+", self.instance).groups()  # type: ignore[union-attr]
        return kind, int(people), sizes


def generated(name: str) -> Grouping:
    """Our own instance of this name, such as `RanReal_n120_ds_g1`; the same on every machine."""
    kind, size, sizes, _number = name.split("_")
    rnd = Random(name)
    n = int(size[1:])
    tables, reach = GROUPS[n]
    weights = np.zeros((n, n))
    dimensions = rnd.randint(2, 21)
    points = np.array([[rnd.random() * 10 for _ in range(dimensions)] for _ in range(n)])
    for i in range(n):
        for j in range(i):
            if kind == "Geo":
                weight = round(float(((points[i] - points[j]) ** 2).sum()) ** 0.5, 3)
            else:
                weight = rnd.random() * 100 if kind == "RanReal" else rnd.randint(0, 100)
            weights[i, j] = weights[j, i] = weight
    mean = n // tables
    low = [mean - (rnd.randint(0, reach) if sizes == "ds" else 0) for _ in range(tables)]
    high = [mean + (rnd.randint(0, reach) if sizes == "ds" else 0) for _ in range(tables)]
    return Grouping(weights=weights, low=np.array(low), high=np.array(high))


def read(path: Path) -> Grouping:
    """An instance file of MDGPLIB."""
    head, *rest = path.read_text(encoding="ascii").splitlines()
    words = head.split()
    n, tables = int(words[0]), int(words[1])
    sizes = np.array(words[3 : 3 + 2 * tables], dtype=np.int64)
    weights = np.zeros((n, n))
    for line in rest:
        if line.strip():
            i, j, weight = line.split()
            if i != j:
                weights[int(i), int(j)] = weights[int(j), int(i)] = float(weight)
    return Grouping(weights=weights, low=sizes[::2], high=sizes[1::2])


def known(path: Path) -> dict[str, float]:
    """The best value known of each instance, from a table with the columns `instance` and `best`."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["instance"]: float(row["best"]) for row in csv.DictReader(file)}


def instances(files: Path | None, match: str) -> Iterator[tuple[str, Grouping, float]]:
    """Name, instance and best known value."""
    best = known(BEST if files is None else files / "published.csv")
    for name in sorted(best):
        if re.search(match, name):
            yield name, generated(name) if files is None else read(files / f"{name}.txt"), best[name]


def main(files: Path | None, seconds: Sequence[float], seeds: int, match: str) -> str:
    """Measures and returns the section."""
    warm()
    runs: list[Run] = []
    for name, given, best in instances(files, match):
        for budget in seconds:
            found = [measured(name, given, best, budget, seed) for seed in range(1, seeds + 1)]
            runs += found
            gaps = [run.gap for run in found]
            print(f"{name} {budget:g} s: {median(gaps):.4f} ({min(gaps):.4f} to {max(gaps):.4f})", flush=True)
    return section(runs, seconds, seeds, own=files is None)


def measured(name: str, given: Grouping, best: float, seconds: float, seed: int) -> Run:
    """One search; its budget is CPU time of this process and includes laying out the problem."""
    began = time.process_time()
    again = Grouping(weights=given.weights, low=given.low, high=given.high)
    left = seconds - (time.process_time() - began)
    result = solve(again, Seconds(left), seed=seed, clock=time.process_time)
    used = time.process_time() - began
    assert again.keeps(result.groups)
    # Hundredths of a millionth are rounding.
    return Run(name, seconds, round(100 * (1 - result.value / best), 6), used)


def section(runs: Sequence[Run], seconds: Sequence[float], seeds: int, *, own: bool) -> str:
    against = "the best value that we ever found (`tests/bench/mdgp_best.csv`)" if own else "the published best value"
    which = "our own instances of the distributions of MDGPLIB" if own else "instances of MDGPLIB"
    names = {run.instance for run in runs}
    over = max((run.used - run.seconds for run in runs), default=0.0)
    lines = [
        TITLE,
        "",
        f"{len(names)} {which}, at most {seeds} seeds each (–: not measured), one process,",
        f"CPU seconds of everything but compiling (at most {over:.3f} s over). The gap in per cent to",
        f"{against}: median of a family's runs, and in brackets that of its worst instance.",
        "Negative is better than the best known. Aims in square brackets.",
        "",
        "| family | instances | " + " | ".join(f"{s:g} s" for s in seconds) + " |",
        "|---|---|" + "---|" * len(seconds),
    ]
    for family in sorted({run.family for run in runs}, key=lambda one: (one[1], one[2], one[0])):
        mine = [run for run in runs if run.family == family]
        kind, people, sizes = family
        cells = [_cell([run for run in mine if run.seconds == s], s, family) for s in seconds]
        lines.append(f"| n={people} {sizes} {kind} | {len({run.instance for run in mine})} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(runs: Sequence[Run], seconds: float, family: tuple[str, int, str]) -> str:
    if not runs:
        return "–"
    gap = median(run.gap for run in runs)
    worst = max(median(run.gap for run in runs if run.instance == name) for name in {run.instance for run in runs})
    bar = BARS[family][SECONDS.index(seconds)] if family in BARS and seconds in SECONDS else None
    text = f"{gap:.3f} ({worst:.3f})"
    return text if bar is None else f"{text} [≤ {bar:g}{'' if round(gap, 3) <= bar else ', missed'}]"
