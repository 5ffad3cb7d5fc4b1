"""What no plan can exceed, person by person."""

from __future__ import annotations

import numpy as np

from services.events.agenda.problem import OUT, Ints, Problem


def attended(wishes: list[tuple[int, int]]) -> int:
    """The most weight that somebody can attend of wishes (weight, slots as bits): one wish in a slot, each wish once.

    The heaviest first, each that can be had beside those before (Edmonds and Fulkerson 1965).
    """
    held: dict[int, int] = {}
    total = 0

    def seat(slots: int, seen: set[int]) -> bool:
        for t in range(slots.bit_length()):
            if slots >> t & 1 and t not in seen:
                seen.add(t)
                if t not in held or seat(held[t], seen):
                    held[t] = slots
                    return True
        return False

    for weight, slots in sorted(wishes, reverse=True):
        if seat(slots, set()):
            total += weight
    return total


def slots_of(problem: Problem, plan: Ints) -> list[int]:
    """The slots of each topic in a plan, as bits."""
    out = [0] * len(problem.topics)
    for topic, slot in zip(problem.topic_of.tolist(), plan[:, 0].tolist(), strict=True):
        if slot != OUT:
            out[topic] |= 1 << slot
    return out


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
