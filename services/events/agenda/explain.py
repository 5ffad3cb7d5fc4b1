"""Why a plan is as it is: what runs beside a topic and what does not, and how many people care."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.events.agenda.problem import MOST_SEATS, OUT, Ints, Problem
from services.events.agenda.seating import seating, turned_away

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Shared:
    """Another topic, and how many people wish for both."""

    topic: str
    people: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a session is where it is; slot and room are None where it is left out.

    `interested`: people who wish for the topic. `seats`: of the room, None where nobody counts them. `turned_away`: how
    many would come and find no seat. `apart`: topics
    that share interested people and never run at the same time, the most people first; `beside`: those that do run at
    the same time. Both leave out topics without common people, and name five at most.
    """

    topic: str
    slot: str | None
    room: str | None
    interested: int
    seats: int | None
    turned_away: int
    apart: tuple[Shared, ...]
    beside: tuple[Shared, ...]


@dataclass(frozen=True, slots=True)
class Unmet:
    """A wish that the plan does not keep: `instead` (in the same slot) is attended; None where the topic is left out,
    or its room is full.
    """

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
    away = turned_away(problem, plan, seating(problem, plan))
    out = []
    for s, (topic, (slot, room)) in enumerate(zip(problem.topic_of.tolist(), plan.tolist(), strict=True)):
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
                turned_away=int(away[s]),
                apart=_named(problem, shared[topic], apart),
                beside=_named(problem, shared[topic], beside),
            )
        )
    return tuple(out)


def day(problem: Problem, plan: Ints, person: str) -> Day:
    """What somebody attends when seats are given to everybody (`seating`); of a repeated topic, one session.

    Raises ValueError for somebody who is not in the problem.
    """
    number = problem.people.index(person)
    mine = [OUT if s == OUT else int(problem.topic_of[s]) for s in seating(problem, plan)[number].tolist()]
    wishes = problem.wishes[problem.wishes[:, 0] == number]
    slots, names = _slots(problem, plan), problem.topics

    def instead(topic: int) -> str | None:
        taken = [mine[t] for t in sorted(slots[topic]) if mine[t] != OUT]
        return names[taken[0]] if taken else None

    missed = sorted((-weight, topic) for _person, topic, weight in wishes.tolist() if topic not in mine)
    return Day(
        person=person,
        attended=tuple(None if topic == OUT else names[topic] for topic in mine),
        unmet=tuple(Unmet(names[topic], instead(topic)) for _weight, topic in missed),
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
