"""What a plan of an open space was asked for, kept with it as JSON; and which hard rules an agenda breaks. Pure.

People are numbers from 0, in the order of what they wish for and host: the question is the same for the same wishes,
whoever has them, and holds nobody who would have to be erased from it. Topics, rooms and slots go by their ids.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec


class Topic(msgspec.Struct, frozen=True, omit_defaults=True):
    """`conveners` are people; one that is `required` may not be left out."""

    id: str
    needs: tuple[str, ...] = ()
    times: int = 1
    conveners: tuple[int, ...] = ()
    required: bool = False


class Room(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    capacity: int | None
    features: tuple[str, ...] = ()


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A session: the `part`th time (from 1) of a topic, where and when it is; None where it is left out."""

    topic: str
    part: int
    slot: str | None = None
    room: str | None = None


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """With `seed` and a budget of `iterations`, a plan can be computed again.

    `wishes`: (person, number of the topic from 0, weight). `closed`: (room, slot). `away`: (person, slot). `frozen`:
    slots that are running or over. `pinned`: sessions whose place is given. `was`: the published agenda, of which at
    most `most_moved` sessions may move.
    """

    slots: tuple[str, ...]
    rooms: tuple[Room, ...]
    topics: tuple[Topic, ...]
    people: int
    wishes: tuple[tuple[int, int, int], ...]
    closed: tuple[tuple[str, str], ...] = ()
    away: tuple[tuple[int, str], ...] = ()
    frozen: tuple[str, ...] = ()
    pinned: tuple[Place, ...] = ()
    was: tuple[Place, ...] = ()
    most_moved: int | None = None
    seed: int = 1
    seconds: float | None = None
    iterations: int | None = None


FaultKind = Literal["twice", "closed", "away", "features", "convener", "itself", "gone", "over", "required"]


class Fault(msgspec.Struct, frozen=True):
    """A hard rule that is broken at `session`; `other` is the session it collides with."""

    kind: FaultKind
    session: Place
    other: Place | None = None


def numbered(
    wishes: Mapping[str, Mapping[str, int]], hosts: Mapping[str, Sequence[str]], away: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """The number of each person, by what they wish for (weights by topic), host and miss, not by who they are."""
    people = wishes.keys() | hosts.keys() | away.keys()

    def known(one: str) -> tuple[list[tuple[str, int]], list[str], list[str]]:
        return sorted(wishes.get(one, {}).items()), sorted(hosts.get(one, ())), sorted(away.get(one, ()))

    return {one: number for number, one in enumerate(sorted(people, key=known))}


def sessions(question: Question) -> list[tuple[Topic, int]]:
    """Every session there shall be: topic and part."""
    return [(topic, part) for topic in question.topics for part in range(1, topic.times + 1)]


def placed(question: Question, agenda: Sequence[Place]) -> list[Place]:
    """The agenda in the order of `sessions`; what it does not name is left out."""
    there = {(place.topic, place.part): place for place in agenda}
    return [there.get((topic.id, part), Place(topic.id, part)) for topic, part in sessions(question)]


def faults(question: Question, agenda: Sequence[Place]) -> list[Fault]:
    """Every hard rule that the agenda breaks, session by session; written apart from the planner that keeps them."""
    return list(_faults(question, agenda))


def _faults(question: Question, agenda: Sequence[Place]) -> Iterator[Fault]:
    topics = {topic.id: topic for topic in question.topics}
    rooms = {room.id: room for room in question.rooms}
    closed, away, frozen = set(question.closed), set(question.away), set(question.frozen)
    was = {(place.topic, place.part): place for place in question.was}
    held: dict[tuple[str, str], Place] = {}
    hosted: dict[tuple[int, str], Place] = {}
    there: dict[tuple[str, str], Place] = {}
    for place in agenda:
        topic = topics.get(place.topic)
        if place.slot is None or place.room is None:
            if topic is not None and topic.required:
                yield Fault("required", place)
            continue
        if topic is None or place.room not in rooms or place.slot not in question.slots or place.part > topic.times:
            yield Fault("gone", place)
            continue
        if (other := held.setdefault((place.slot, place.room), place)) is not place:
            yield Fault("twice", place, other)
        if place.slot in frozen:
            if was.get((place.topic, place.part)) != place:
                yield Fault("over", place)
            continue
        if (place.room, place.slot) in closed:
            yield Fault("closed", place)
        if not set(topic.needs) <= set(rooms[place.room].features):
            yield Fault("features", place)
        if (other := there.setdefault((place.topic, place.slot), place)) is not place:
            yield Fault("itself", place, other)
        for person in topic.conveners:
            if (person, place.slot) in away:
                yield Fault("away", place)
            other = hosted.setdefault((person, place.slot), place)
            if other.topic != place.topic:
                yield Fault("convener", place, other)


def shared(question: Question) -> dict[tuple[str, str], int]:
    """How many people care for both of two topics, in both orders; pairs with nobody are left out."""
    wished: dict[int, list[str]] = {}
    for person, topic, _weight in question.wishes:
        wished.setdefault(person, []).append(question.topics[topic].id)
    found: dict[tuple[str, str], int] = {}
    for topics in wished.values():
        for one in topics:
            for other in topics:
                if one != other:
                    found[one, other] = found.get((one, other), 0) + 1
    return found


class Reason(msgspec.Struct, frozen=True):
    """Why a session is where it is: those that many of its people want too, in another slot or, sadly, in the same."""

    apart: tuple[tuple[str, int], ...]
    beside: tuple[tuple[str, int], ...]


def reasons(question: Question, agenda: Sequence[Place], most: int = 3) -> dict[tuple[str, int], Reason]:
    """By topic and part; of other topics with how many people in common, the `most` with the most people each."""
    slots: dict[str, set[str]] = {}
    for place in agenda:
        if place.slot is not None:
            slots.setdefault(place.topic, set()).add(place.slot)
    common = shared(question)
    partners: dict[str, list[tuple[str, int]]] = {}
    for (one, other), people in common.items():
        if other in slots:
            partners.setdefault(one, []).append((other, people))
    found = {}
    for place in agenda:
        if place.slot is None:
            continue
        others = sorted(partners.get(place.topic, ()), key=lambda two: (-two[1], two[0]))
        found[place.topic, place.part] = Reason(
            apart=tuple(two for two in others if place.slot not in slots[two[0]])[:most],
            beside=tuple(two for two in others if place.slot in slots[two[0]])[:most],
        )
    return found
