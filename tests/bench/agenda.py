"""`python -m tests.bench.agenda [--files FOLDER] [--seeds 10] [--print]`: plans of open spaces; writes
docs/benchmarks-agenda.md.

`--files` takes a folder with the public instances, which we may not ship (`<size>-<seed>.json`); without it our own are
used. Seconds are of CPU, of everything but compiling. What is proved needs OR-Tools.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any

from services.events.agenda import Problem, Seconds, Stop, check, replan, solve, warm
from services.events.agenda.exact import optimum
from tests.events.agenda.instances import SIZES, faults, instance, kept, problem, slots

OUT = Path(__file__).parents[2] / "docs" / "benchmarks-agenda.md"
PUBLIC = ("heilbronn", "town", "region", "state", "large")
PROVED = {"heilbronn", "small", "town"}
BUDGETS: dict[str, tuple[float | None, ...]] = {"region": (None, 1.0), "state": (None, 1.0, 2.0)}
# Of so many plans of each size, every room-slot is lost once.
DAYS = 4

Instances = dict[str, list[dict[str, Any]]]


def read(folder: Path | None, seeds: int) -> Instances:
    """The instances by size."""
    if folder is None:
        return {size: [instance(size, seed) for seed in range(seeds if size != "large" else 1)] for size in SIZES}
    found = {size: sorted(folder.glob(f"{size}-*.json"))[:seeds] for size in PUBLIC}
    return {size: [json.loads(path.read_text()) for path in paths] for size, paths in found.items() if paths}


def rows(size: str, given: list[dict[str, Any]], stop: Stop | None) -> str:
    """Means over one size's instances."""
    seconds, share, random, worst, broken = [], [], [], [], 0
    for seed, one in enumerate(given):
        made = problem(one)
        before = time.process_time()
        found = solve(made, stop, seed, clock=time.process_time)
        seconds.append(time.process_time() - before)
        share.append(kept(one, slots(found.plan)))
        random.append(found.random)
        worst.append(found.quality.worst_off.kept if found.quality.worst_off else 1.0)
        broken += len(faults(one, slots(found.plan))) + len(check(made, found.plan, found.kept))
    budget = f"{stop.seconds:g} s" if isinstance(stop, Seconds) else "usual"
    return (
        f"| {size} | {len(given)} | {budget} | {max(seconds):.2f} | {mean(share):.4f} | {mean(random):.3f} "
        f"| {mean(worst):.2f} | {broken} |"
    )


def proved(size: str, given: list[dict[str, Any]]) -> str:
    """How often the usual search is as good as the proved optimum."""
    equal = 0
    for seed, one in enumerate(given):
        made = problem(one)
        best = optimum(made)
        equal += best is not None and best.proved and best.worth == solve(made, seed=seed).quality.attended
    return f"| {size} | {len(given)} | {equal} |"


def days(size: str, given: list[dict[str, Any]]) -> str:
    """Every room-slot lost once: moves, and what is kept of a plan made freely."""
    share, moved, slot_moves, seconds = [], [], [], []
    for seed, one in enumerate(given[:DAYS]):
        made = problem(one)
        plan = solve(made, seed=seed).plan
        for slot, room in _places(made):
            before = time.process_time()
            after = replan(made, plan, lost=[(slot, room)], seed=seed)
            seconds.append(time.process_time() - before)
            share.append(after.result.kept / after.free)
            moved.append(len(after.moved))
            slot_moves.append(int((after.result.plan[:, 0] != plan[:, 0]).sum()))
    return (
        f"| {size} | {len(share)} | {max(slot_moves)} | {sum(count > 2 for count in moved)} | {min(share):.4f} "
        f"| {mean(share):.4f} | {max(seconds):.2f} |"
    )


def _places(made: Problem) -> Iterator[tuple[str, str]]:
    return ((slot, room) for slot in made.slots for room in made.rooms[:: max(1, len(made.rooms) // 5)])


HEAD = """# Agendas of open spaces

Made by `python -m tests.bench.agenda`. Seconds of CPU on one core, of everything but compiling. `kept`: the wishes that
people can attend, one in a slot, out of as many as there are slots; mean over the instances. „Usual“: the budget of a
search for which none is named.
"""

SECTION = """## {name}

| size | instances | budget | seconds at most | kept | random | worst-off | broken rules |
|---|---|---|---|---|---|---|---|
{kept}

As good as the optimum that CP-SAT proves:

| size | instances | equal |
|---|---|---|
{proved}

One room-slot lost:

| size | losses | at another time, at most | and a third in another room | of a free plan, at least | mean | seconds |
|---|---|---|---|---|---|---|
{days}
"""


def section(name: str, found: Instances) -> str:
    """What is measured of one set of instances."""
    sizes = [size for size in found if size != "large"]
    budgets = [(size, budget) for size in found for budget in BUDGETS.get(size, (None,))]
    kept = [rows(size, found[size], None if budget is None else Seconds(budget)) for size, budget in budgets]
    return SECTION.format(
        name=name,
        kept="\n".join(kept),
        proved="\n".join(proved(size, found[size]) for size in sizes if size in PROVED),
        days="\n".join(days(size, found[size]) for size in sizes),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.agenda", description=__doc__)
    parser.add_argument("--files", type=Path, metavar="FOLDER")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--print", action="store_true")
    asked = parser.parse_args()
    warm()
    public = [section("Public instances", read(asked.files, asked.seeds))] if asked.files else []
    text = "\n".join([HEAD, *public, section("Our own instances", read(None, asked.seeds))])
    print(text)
    if not asked.print:
        OUT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
