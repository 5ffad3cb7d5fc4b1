"""The best plan of a small problem, to confirm what the search finds. Needs OR-Tools (the extra `exact`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.events.agenda.problem import OUT, Ints, Problem


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The best plan (n×2), the weight of the wishes it keeps, and what the weights of the problem take off; `proved`:
    whether none is better, or only time was up.
    """

    plan: Ints
    worth: int
    proved: bool


def optimum(problem: Problem, seconds: float = 60.0, workers: int = 1) -> Optimum | None:
    """The plan that keeps the most wishes, less what `Problem.weights` take off; None where the hard rules allow none.

    What weighs nothing is left to chance here. Raises TimeoutError where nothing was found in time, and ImportError
    without OR-Tools.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    n, slots = problem.sessions, range(len(problem.slots))
    alike = [_alike(problem, t) for t in slots]
    held: dict[tuple[int, int, int], Any] = {
        (s, t, k): model.new_bool_var("")
        for t in slots
        for k, rooms in enumerate(alike[t])
        for s in np.flatnonzero(problem.allowed[:, t, rooms[0]]).tolist()
    }
    there = {
        (s, t): [held[s, t, k] for k in range(len(alike[t])) if (s, t, k) in held] for s in range(n) for t in slots
    }
    for t in slots:
        for k, rooms in enumerate(alike[t]):
            model.add(sum(held[s, t, k] for s in range(n) if (s, t, k) in held) <= len(rooms))
        for s, other in np.argwhere(np.triu(problem.rules.clash)).tolist():
            model.add_at_most_one([*there[s, t], *there[other, t]])
    off: list[Any] = []
    for s in range(n):
        every = [one for t in slots for one in there[s, t]]
        if problem.rules.required[s]:
            model.add_exactly_one(every)
        else:
            model.add_at_most_one(every)
            off.append(problem.weights.left_out * (1 - sum(every)))
    if problem.weights.seatless:
        off += [problem.weights.seatless * int(problem.beyond[s, alike[t][k][0]]) * x for (s, t, k), x in held.items()]
    seats = {
        (s, t): sum(int(problem.seats[alike[t][k][0]]) * one for (o, u, k), one in held.items() if (o, u) == (s, t))
        for s, t in there
    }
    model.maximize(sum(_wishes(model, problem, there, seats if problem.seated else {})) - sum(off))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise TimeoutError("no plan was found in time")
    plan = np.full((n, 2), OUT, dtype=np.int32)
    for (s, t, k), one in held.items():
        if solver.value(one):
            plan[s] = t, alike[t][k].pop()
    return Optimum(plan, round(solver.objective_value), status == cp_model.OPTIMAL)


def _alike(problem: Problem, t: int) -> list[list[int]]:
    """The rooms of slot t in groups that are the same to every session."""
    groups: dict[bytes, list[int]] = {}
    for r in range(len(problem.rooms)):
        beyond = problem.beyond[:, r].tobytes() if problem.weights.seatless or problem.seated else b""
        groups.setdefault(problem.allowed[:, t, r].tobytes() + beyond, []).append(r)
    return list(groups.values())


def _wishes(
    model: Any, problem: Problem, there: dict[tuple[int, int], list[Any]], seats: dict[tuple[int, int], Any]
) -> list[Any]:
    """What each person attends: one wish in a slot where it is held and, where `seats` are named, has some left; and
    each wish once.
    """
    sessions: list[list[int]] = [[] for _ in problem.topics]
    for s, topic in enumerate(problem.topic_of.tolist()):
        sessions[topic].append(s)
    wishes: dict[int, list[tuple[int, int]]] = {}
    for person, topic, weight in problem.wishes.tolist():
        wishes.setdefault(person, []).append((topic, weight))
    out = []
    comes: dict[tuple[int, int], list[Any]] = {}
    for mine in wishes.values():
        heard: dict[int, list[Any]] = {}
        for topic, weight in mine:
            again = []
            for t in range(len(problem.slots)):
                here = [one for s in sessions[topic] for one in there[s, t]]
                if here:
                    hears = model.new_bool_var("")
                    model.add(hears <= sum(here))
                    heard.setdefault(t, []).append(hears)
                    again.append(hears)
                    comes.setdefault((topic, t), []).append(hears)
                    out.append(weight * hears)
            if len(sessions[topic]) > 1:
                model.add_at_most_one(again)
        for some in heard.values():
            model.add_at_most_one(some)
    for (topic, t), some in comes.items():
        if seats:
            model.add(sum(some) <= sum(seats[s, t] for s in sessions[topic]))
    return out
