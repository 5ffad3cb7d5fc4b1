"""Which required topics cannot be held together, as few as could be, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.events.agenda.problem import OUT, Problem

TEXTS: dict[str, str] = {
    "never-there": "the conveners of {topic} are never there together",
    "no-room": "no room has what {topic} needs",
    "away": "the conveners of {topic} are not there in slot {slot}",
    "unfit": "room {room} lacks what {topic} needs",
    "closed": "room {room} cannot be used in slot {slot}, to which {topic} is pinned",
    "no-place": "no room that {topic} can use is free in a slot in which its conveners are there",
    "convener": "{convener} has {topics} topics and {slots} slots for them",
    "same-slot": "{one} and {other} may not share a slot, and both have only slot {slot}",
    "one-place": "{one} and {other} both have only room {room} in slot {slot}",
    "too-few-places": "{topics} topics have {places} places together",
    "repeated": "{topic} is offered {times} times and has {slots} slots",
    "together": "{topics} topics cannot be held together",
}

# Steps of one look at whether some sessions can be held together, and of all of them.
_STEPS, _ALL_STEPS = 20_000, 400_000


@dataclass(frozen=True, slots=True)
class Conflict:
    """Required topics that no plan holds together. `minimal`: proved that without any one of them, the others can be.

    `reason` is a stable code; `values` are the numbers and keys its sentence speaks of. `slots` and `rooms` are those
    that these topics could have, each by itself.
    """

    reason: str
    values: Mapping[str, str | int]
    topics: tuple[str, ...]
    slots: tuple[str, ...]
    rooms: tuple[str, ...]
    minimal: bool

    @property
    def message(self) -> str:
        """An English sentence for logs; translations start from `reason` and `values`."""
        return TEXTS[self.reason].format_map(self.values)


@dataclass(slots=True)
class _Steps:
    left: int


def conflict(problem: Problem) -> Conflict | None:
    """Why required sessions cannot all be held; None where they can, or where looking took too long to tell."""
    places = [np.flatnonzero(row).tolist() for row in problem.allowed.reshape(problem.sessions, -1)]
    required = np.flatnonzero(problem.rules.required).tolist()
    for s in required:
        if not places[s]:
            return _said(problem, [s], places, minimal=True)
    rest = _Steps(_ALL_STEPS)
    if _possible(problem, required, places, rest) is not False:
        return None
    kept, proved = list(required), True
    # Those with the most places are let go first: what is left is then easily said.
    for s in sorted(required, key=lambda s: (-len(places[s]), s)):
        fewer = [other for other in kept if other != s]
        answer = _possible(problem, fewer, places, rest)
        if answer is False:
            kept = fewer
        proved = proved and answer is not None
    return _said(problem, kept, places, minimal=proved)


def _possible(problem: Problem, sessions: Sequence[int], places: list[list[int]], rest: _Steps) -> bool | None:
    """Whether these can be held together; None where that takes too many steps.

    The one with the fewest places left comes first. A matching that forgets clashes tells early that it is in vain.
    """
    rooms = len(problem.rooms)
    clashes = [np.flatnonzero(row).tolist() for row in problem.rules.clash]
    steps = _Steps(min(_STEPS, rest.left))

    def search(open_: dict[int, list[int]]) -> bool | None:
        steps.left -= 1
        rest.left -= 1
        if not open_:
            return True
        if steps.left < 0:
            return None
        if not _matched(open_):
            return False
        s = min(open_, key=lambda one: (len(open_[one]), one))
        unknown = False
        for place in open_[s]:
            slot = place // rooms
            less = {
                other: [p for p in mine if p != place and not (other in clashes[s] and p // rooms == slot)]
                for other, mine in open_.items()
                if other != s
            }
            answer = search(less) if all(less.values()) else False
            if answer:
                return True
            unknown = unknown or answer is None
        return None if unknown else False

    return search({s: places[s] for s in sessions})


def _matched(places: Mapping[int, Sequence[int]]) -> bool:
    """Whether each session finds a place of its own, clashes forgotten."""
    held: dict[int, int] = {}

    def seat(s: int, seen: set[int]) -> bool:
        for place in places[s]:
            if place not in seen:
                seen.add(place)
                if place not in held or seat(held[place], seen):
                    held[place] = s
                    return True
        return False

    return all(seat(s, set()) for s in places)


def _said(problem: Problem, sessions: list[int], places: list[list[int]], *, minimal: bool) -> Conflict:
    rooms = len(problem.rooms)
    topics = list(dict.fromkeys(problem.topic_of[sessions].tolist()))
    every = sorted({place for s in sessions for place in places[s]})
    slots = sorted({place // rooms for place in every})
    reason, values = _alone(problem, sessions[0]) if len(sessions) == 1 else _several(problem, sessions, topics, every)
    return Conflict(
        reason,
        values,
        tuple(problem.topics[topic] for topic in topics),
        tuple(problem.slots[t] for t in slots),
        tuple(problem.rooms[r] for r in sorted({place % rooms for place in every})),
        minimal,
    )


def _alone(problem: Problem, s: int) -> tuple[str, dict[str, str | int]]:
    """Why one session has no place."""
    rules, (slot, room) = problem.rules, problem.rules.pinned[s].tolist()
    values: dict[str, str | int] = {"topic": problem.topics[problem.topic_of[s]]}
    if slot != OUT:
        values["slot"] = problem.slots[slot]
    if room != OUT:
        values["room"] = problem.rooms[room]
    if not rules.there[s].any():
        return "never-there", values
    if not rules.fits[s].any():
        return "no-room", values
    if slot != OUT and not rules.there[s, slot]:
        return "away", values
    if room != OUT and not rules.fits[s, room]:
        return "unfit", values
    if slot != OUT and room != OUT and not rules.free[slot, room]:
        return "closed", values
    return "no-place", values


def _several(
    problem: Problem, sessions: list[int], topics: list[int], places: list[int]
) -> tuple[str, dict[str, str | int]]:
    rooms = len(problem.rooms)
    slots = sorted({place // rooms for place in places})
    names = [problem.topics[topic] for topic in topics]
    if len(sessions) > len(places):
        if len(places) == 1 and len(names) == 2:
            where: dict[str, str | int] = {"slot": problem.slots[slots[0]], "room": problem.rooms[places[0] % rooms]}
            return "one-place", {"one": names[0], "other": names[1], **where}
        return "too-few-places", {"topics": len(sessions), "places": len(places)}
    if len(sessions) > len(slots):
        if len(topics) == 1:
            return "repeated", {"topic": names[0], "times": len(sessions), "slots": len(slots)}
        same = [who for who in problem.conveners[topics[0]] if all(who in problem.conveners[other] for other in topics)]
        if same:
            return "convener", {"convener": same[0], "topics": len(sessions), "slots": len(slots)}
        if len(sessions) == 2:
            return "same-slot", {"one": names[0], "other": names[1], "slot": problem.slots[slots[0]]}
    return "together", {"topics": len(sessions)}
