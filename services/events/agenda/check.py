"""A second opinion on a plan, in plain Python and sharing no code with the model, the bounds or the search.

From the problem it reads only what was put in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.events.agenda.problem import Problem

# So many ways to spread repeated topics over their slots are tried for one person.
MOST_WAYS = 200_000
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Violation:
    """A hard rule that a plan breaks. `reason` is a stable code; slots and rooms count from 0, None = not of one.

    `topics` are the keys of those concerned.
    """

    reason: str
    message: str
    topics: tuple[str, ...] = ()
    slot: int | None = None
    room: int | None = None


Rows: TypeAlias = Sequence[Sequence[int]] | NDArray[Any]


def check(problem: Problem, plan: Rows, kept: float | None = None, seats: Rows | None = None) -> list[Violation]:
    """Every broken hard rule of a plan (n×2: slot and room, -1 and -1 where left out), empty where there is none; with
    `seats` (people×T: who attends what, -1 for nothing) also of these; with `kept`, also whether that is what they
    keep, or the plan, where everybody finds a seat.

    Reasons: "wrong-shape", "unknown-place", "required", "away", "unfit", "closed", "unpinned", "frozen", "room-taken",
    "clash", "full", "not-wished", "wrong-kept".
    """
    rows = _lists(plan)
    rules, topics = problem.rules, [problem.topics[topic] for topic in problem.topic_of.tolist()]
    if len(rows) != len(topics) or any(len(row) != 2 for row in rows):
        return [Violation("wrong-shape", f"{len(rows)} rows in place of {len(topics)}, or not of slot and room")]
    out: list[Violation] = []
    for s, (slot, room) in enumerate(rows):
        name = (topics[s],)
        if (slot, room) == (-1, -1):
            if rules.required[s]:
                out.append(Violation("required", f"{topics[s]} is left out", name))
            continue
        if not (0 <= slot < len(problem.slots) and 0 <= room < len(problem.rooms)):
            out.append(Violation("unknown-place", f"{topics[s]} is in slot {slot}, room {room}", name))
            continue
        pinned = rules.pinned[s].tolist()
        if any(want not in (-1, have) for want, have in zip(pinned, (slot, room), strict=True)):
            out.append(Violation("unpinned", f"{topics[s]} left the place it is pinned to", name, slot, room))
        if rules.frozen[slot]:
            if pinned[0] != slot:
                out.append(Violation("frozen", f"{topics[s]} was put into frozen slot {slot}", name, slot, room))
            continue
        if not rules.there[s, slot]:
            out.append(Violation("away", f"a convener of {topics[s]} is not there in slot {slot}", name, slot))
        if not rules.fits[s, room]:
            out.append(Violation("unfit", f"room {room} lacks what {topics[s]} needs", name, slot, room))
        if not rules.free[slot, room]:
            out.append(Violation("closed", f"room {room} of {topics[s]} is closed in slot {slot}", name, slot, room))
    for s, other in combinations(range(len(rows)), 2):
        both = (topics[s], topics[other])
        if rows[s][0] == rows[other][0] != -1:
            if rows[s][1] == rows[other][1]:
                out.append(Violation("room-taken", f"{both[0]} and {both[1]} share a room", both, *rows[s]))
            if rules.clash[s, other]:
                text = f"{both[0]} and {both[1]} share slot {rows[s][0]}"
                out.append(Violation("clash", text, both, rows[s][0]))
    if not out and seats is not None:
        out += _seats(problem, rows, _lists(seats))
    if not out and kept is not None:
        really = recount(problem, rows) if seats is None else _share(problem, _lists(seats))
        if abs(really - kept) > _TOLERANCE:
            out.append(Violation("wrong-kept", f"the plan keeps {really}, not {kept}"))
    return out


def _seats(problem: Problem, rows: list[list[int]], seats: list[list[int]]) -> list[Violation]:
    """What is wrong with who attends what."""
    out: list[Violation] = []
    topic_of, wishes = problem.topic_of.tolist(), {(p, s) for p, s, _weight in problem.wishes.tolist()}
    for person, mine in enumerate(seats):
        topics = [topic_of[s] for s in mine if s != -1]
        held = all(s == -1 or rows[s][0] == slot for slot, s in enumerate(mine))
        if not held or len(set(topics)) < len(topics) or not all((person, topic) in wishes for topic in topics):
            names = tuple(problem.topics[topic] for topic in topics)
            out.append(Violation("not-wished", f"{problem.people[person]} attends {names}", names))
    for s, count in Counter(s for mine in seats for s in mine if s != -1).items():
        if problem.seated and count > problem.seats[rows[s][1]]:
            name = problem.topics[topic_of[s]]
            out.append(Violation("full", f"{count} people attend {name}", (name,), *rows[s]))
    return out


def _share(problem: Problem, seats: list[list[int]]) -> float:
    """The share of wishes kept by who attends what."""
    topic_of = problem.topic_of.tolist()
    weight = {(p, s): w for p, s, w in problem.wishes.tolist()}
    got = sum(weight[person, topic_of[s]] for person, mine in enumerate(seats) for s in mine if s != -1)
    by_person: dict[int, list[int]] = {}
    for p, _s, w in problem.wishes.tolist():
        by_person.setdefault(p, []).append(w)
    could = sum(sum(sorted(mine, reverse=True)[: len(problem.slots)]) for mine in by_person.values())
    return got / could if could else 1.0


def recount(problem: Problem, plan: Rows) -> float:
    """The share of wishes kept where everybody finds a seat, from its definition: for each person the best of all ways
    to hear each wished topic once, in one of its slots, and one in a slot.

    Raises ValueError where somebody wishes for so many repeated topics that the ways cannot be counted.
    """
    slots: dict[int, list[int]] = {}
    for topic, (slot, _room) in zip(problem.topic_of.tolist(), _lists(plan), strict=True):
        if slot != -1:
            slots.setdefault(topic, []).append(slot)
    wishes: dict[int, list[tuple[int, int]]] = {}
    for person, topic, weight in problem.wishes.tolist():
        wishes.setdefault(person, []).append((topic, weight))
    got = could = 0
    for mine in wishes.values():
        could += sum(sorted((weight for _topic, weight in mine), reverse=True)[: len(problem.slots)])
        got += _best([(weight, slots[topic]) for topic, weight in mine if topic in slots])
    return got / could if could else 1.0


def _best(wishes: list[tuple[int, list[int]]]) -> int:
    ways: list[dict[int, int]] = [{}]
    for weight, slots in wishes:
        ways = [{**way, slot: max(way.get(slot, 0), weight)} for way in ways for slot in slots]
        if len(ways) > MOST_WAYS:
            raise ValueError("too many wishes for repeated topics to count all ways")
    return max(sum(way.values()) for way in ways)


def _lists(plan: Rows) -> list[list[int]]:
    return [[int(one) for one in row] for row in (plan.tolist() if isinstance(plan, np.ndarray) else plan)]
