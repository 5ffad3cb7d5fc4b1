"""What no plan can exceed, person by person."""

from __future__ import annotations

import numpy as np

from services.events.agenda.problem import Problem


def chosen(wishes: list[tuple[int, int]]) -> dict[int, int]:
    """Which of somebody's wishes (weight, slots as bits) goes to which slot, by slot, so that they weigh the most: one
    wish in a slot, each wish once.

    The heaviest first, each that can be had beside those before (Edmonds and Fulkerson 1965).
    """
    held: dict[int, int] = {}

    def seat(wish: int, seen: set[int]) -> bool:
        slots = wishes[wish][1]
        for t in range(slots.bit_length()):
            if slots >> t & 1 and t not in seen:
                seen.add(t)
                if t not in held or seat(held[t], seen):
                    held[t] = wish
                    return True
        return False

    for wish in sorted(range(len(wishes)), key=lambda wish: wishes[wish], reverse=True):
        seat(wish, set())
    return held


def attended(wishes: list[tuple[int, int]]) -> int:
    """The most weight that somebody can attend of such wishes."""
    return sum(wishes[wish][0] for wish in chosen(wishes).values())


def attainable(problem: Problem) -> list[int]:
    """The weight that each person could attend if all wishes were in slots of their own."""
    return by_person(problem, [(1 << len(problem.slots)) - 1] * len(problem.topics))


def possible(problem: Problem) -> list[int]:
    """The weight that each person could attend if the topics went where that person wants them, within the rules."""
    slots = [0] * len(problem.topics)
    for s, t in np.argwhere(problem.allowed.any(axis=2)).tolist():
        slots[int(problem.topic_of[s])] |= 1 << t
    return by_person(problem, slots)


def by_person(problem: Problem, slots: list[int]) -> list[int]:
    """What each person can attend where topics are in these slots (bits)."""
    wishes: list[list[tuple[int, int]]] = [[] for _ in problem.people]
    for person, topic, weight in problem.wishes.tolist():
        wishes[person].append((weight, slots[topic]))
    return [attended(mine) for mine in wishes]
