"""Why a plan is as it is: what runs beside a topic and what does not, and how many people care."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.events.agenda.problem import MOST_SEATS, OUT, Ints, Problem

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Shared:
    """Another topic, and how many people wish for both."""

    topic: str
    people: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a session is where it is; slot and room are None where it is left out.

    `interested`: people who wish for the topic. `seats`: of the room, None where nobody counts them. `apart`: topics
    that share interested people and never run at the same time, the most people first; `beside`: those that do run at
    the same time. Both leave out topics without common people, and name five at most.
    """

    topic: str
    slot: str | None
    room: str | None
    interested: int
    seats: int | None
    apart: tuple[Shared, ...]
    beside: tuple[Shared, ...]


@dataclass(frozen=True, slots=True)
class Unmet:
    """A wish that the plan does not keep: the topic is left out, or `instead` (in the same slot) is attended."""

    topic: str
    instead: str | None


@dataclass(frozen=True, slots=True)
class Day:
    """What one person can attend, slot by slot: None where nothing wished for runs."""

    person: str
    attended: tuple[str | None, ...]
    unmet: tuple[Unmet, ...]


def common(problem: Problem) -> NDArray[np.int64]:
    """How many people wish for both of two topics (topics×topics); on the diagonal, for one."""
    wished = np.zeros((len(problem.people), len(problem.topics)), dtype=np.float32)
    wished[problem.wishes[:, 0], problem.wishes[:, 1]] = 1.0
    out: NDArray[np.int64] = np.rint(wished.T @ wished).astype(np.int64)
    return out


def explain(problem: Problem, plan: Ints) -> tuple[Explanation, ...]:
    """One explanation for each session, in their order."""
    shared, slots = common(problem), _slots(problem, plan)
    out = []
    for topic, (slot, room) in zip(problem.topic_of.tolist(), plan.tolist(), strict=True):
        held = [other for other in range(len(problem.topics)) if other != topic and slots[other]]
        beside = [other for other in held if slot in slots[other]]
        apart = [other for other in held if slots[topic] and slots[topic].isdisjoint(slots[other])]
        placed = slot != OUT
        seats = int(problem.seats[room]) if placed else MOST_SEATS
        out.append(
            Explanation(
                topic=problem.topics[topic],
                slot=problem.slots[slot] if placed else None,
                room=problem.rooms[room] if placed else None,
                interested=int(problem.interested[topic]),
                seats=seats if seats < MOST_SEATS else None,
                apart=_named(problem, shared[topic], apart),
                beside=_named(problem, shared[topic], beside),
            )
        )
    return tuple(out)


def day(problem: Problem, plan: Ints, person: str) -> Day:
    """What somebody can attend, so that the wishes kept weigh the most; of a repeated topic, one session.

    Raises ValueError for somebody who is not in the problem.
    """
    slots, mine = _slots(problem, plan), problem.wishes[problem.wishes[:, 0] == problem.people.index(person)]
    wishes = [(int(weight), int(topic)) for _person, topic, weight in mine.tolist()]
    held: dict[int, int] = {}

    def seat(topic: int, seen: set[int]) -> bool:
        for slot in sorted(slots[topic] - seen):
            seen.add(slot)
            if slot not in held or seat(held[slot], seen):
                held[slot] = topic
                return True
        return False

    missed = [
        topic for _weight, topic in sorted(wishes, key=lambda wish: (-wish[0], wish[1])) if not seat(topic, set())
    ]
    names = problem.topics
    return Day(
        person=person,
        attended=tuple(names[held[t]] if t in held else None for t in range(len(problem.slots))),
        unmet=tuple(Unmet(names[topic], names[held[min(slots[topic])]] if slots[topic] else None) for topic in missed),
    )


def _slots(problem: Problem, plan: Ints) -> list[set[int]]:
    """The slots of each topic."""
    out: list[set[int]] = [set() for _ in problem.topics]
    for topic, slot in zip(problem.topic_of.tolist(), plan[:, 0].tolist(), strict=True):
        if slot != OUT:
            out[topic].add(slot)
    return out


def _named(problem: Problem, shared: NDArray[np.int64], topics: Collection[int]) -> tuple[Shared, ...]:
    first = sorted((topic for topic in topics if shared[topic]), key=lambda topic: (-shared[topic], topic))
    return tuple(Shared(problem.topics[topic], int(shared[topic])) for topic in first[:MOST_NAMED])
