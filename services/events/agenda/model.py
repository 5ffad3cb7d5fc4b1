"""A builder in the words of the organisers: slots, rooms, topics, people, and the rules of the day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from services.events.agenda import faults
from services.events.agenda.faults import Invalid
from services.events.agenda.problem import LIKE, MOST_SEATS, MUST, OUT, Flags, Ints, Problem, Rules, Weights


@dataclass(frozen=True, slots=True)
class Room:
    """What was said of one room; `seats` is None where it holds everybody."""

    key: str
    seats: int | None
    features: frozenset[str]


@dataclass(frozen=True, slots=True)
class Topic:
    """What was said of one topic."""

    key: str
    conveners: tuple[str, ...]
    needs: frozenset[str]
    seats: int
    times: int
    required: bool


@dataclass(frozen=True, slots=True)
class Person:
    """What somebody wishes: topics and how much."""

    key: str
    wishes: Mapping[str, int]
    # Topics that were named twice, or both as „must“ and as „would like“: the checker complains of nothing else here.
    twice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pin:
    """One session of a topic is held in a slot, in a room, or both."""

    topic: str
    slot: str | None
    room: str | None


@dataclass(slots=True)
class Model:
    """Collects what is known, in any order, and checks all of it at the end: nothing raises before `problem()`.

    A wish counts as met when its topic is in a slot in which the person attends no other. With `seated`, nobody attends
    a session without a seat; else people may stand, and the seats of the room decide only between plans that keep the
    same wishes, unless `weights` or a topic's `seats` say otherwise. With
    `hosting`, a convener who is also one of the people is busy with the own topic: it counts as a wish, before all
    others.
    """

    weights: Weights = field(default_factory=Weights)
    hosting: bool = False
    seated: bool = False
    slots: list[str] = field(default_factory=list, init=False, repr=False)
    rooms: list[Room] = field(default_factory=list, init=False, repr=False)
    topics: list[Topic] = field(default_factory=list, init=False, repr=False)
    people: list[Person] = field(default_factory=list, init=False, repr=False)
    presence: list[tuple[str, tuple[str, ...]]] = field(default_factory=list, init=False, repr=False)
    closures: list[tuple[str, tuple[str, ...]]] = field(default_factory=list, init=False, repr=False)
    pins: list[Pin] = field(default_factory=list, init=False, repr=False)
    frozen: list[str] = field(default_factory=list, init=False, repr=False)
    aparts: list[tuple[str, str]] = field(default_factory=list, init=False, repr=False)

    def slot(self, key: str) -> None:
        """Adds a slot, in the order of the day."""
        self.slots.append(key)

    def room(self, key: str, seats: int | None = None, features: Iterable[str] = ()) -> None:
        """Adds a room that can be used in every slot; `features` are what topics may need (step-free, …)."""
        self.rooms.append(Room(key, seats, frozenset(features)))

    def topic(
        self,
        key: str,
        *,
        conveners: Iterable[str] = (),
        needs: Iterable[str] = (),
        seats: int = 0,
        times: int = 1,
        required: bool = False,
    ) -> None:
        """Adds a topic. `conveners` (keys of people, or of others) are in one place at a time; `needs`: features that
        the room must have; `seats`: the fewest that it must have; `times`: offered so often, in different slots;
        `required`: no plan without it.
        """
        self.topics.append(Topic(key, tuple(conveners), frozenset(needs), seats, times, required))

    def person(
        self, key: str, likes: Iterable[str] = (), must: Iterable[str] = (), wishes: Mapping[str, int] | None = None
    ) -> None:
        """Adds somebody who would like to attend some topics and must attend others; or `wishes` with their weights."""
        given = [*((topic, LIKE) for topic in likes), *((topic, MUST) for topic in must), *(wishes or {}).items()]
        names = [topic for topic, _weight in given]
        twice = tuple(topic for topic in dict.fromkeys(names) if names.count(topic) > 1)
        self.people.append(Person(key, dict(given), twice))

    def available(self, convener: str, slots: Iterable[str]) -> None:
        """Says that a convener is there in these slots only."""
        self.presence.append((convener, tuple(slots)))

    def closed(self, room: str, slots: Iterable[str]) -> None:
        """Says that a room cannot be used in these slots."""
        self.closures.append((room, tuple(slots)))

    def pin(self, topic: str, slot: str | None = None, room: str | None = None) -> None:
        """Holds a topic in a slot, a room, or both, and makes it required; a repeated topic once for each session."""
        self.pins.append(Pin(topic, slot, room))

    def freeze(self, slot: str) -> None:
        """Says that a slot is running or over: it holds what is pinned to it with a room, and takes nothing else."""
        self.frozen.append(slot)

    def apart(self, one: str, other: str) -> None:
        """Keeps two topics out of one slot."""
        self.aparts.append((one, other))

    def check(self) -> None:
        """Raises Invalid with all faults at once; computes nothing."""
        found = faults.of(self)
        if found:
            raise Invalid(found)

    def problem(self) -> Problem:
        """The checked problem. Raises Invalid with all faults at once."""
        self.check()
        topic_of = np.repeat(np.arange(len(self.topics)), [topic.times for topic in self.topics]).astype(np.int32)
        seats = [MOST_SEATS if room.seats is None else room.seats for room in self.rooms]
        return Problem(
            topics=tuple(topic.key for topic in self.topics),
            slots=tuple(self.slots),
            rooms=tuple(room.key for room in self.rooms),
            people=tuple(person.key for person in self.people),
            conveners=tuple(topic.conveners for topic in self.topics),
            topic_of=topic_of,
            wishes=self._wishes(),
            seats=np.array(seats, dtype=np.int32),
            rules=self._rules(topic_of),
            weights=self.weights,
            seated=self.seated,
        )

    def _wishes(self) -> Ints:
        number = {topic.key: s for s, topic in enumerate(self.topics)}
        rows: dict[tuple[int, int], int] = {}
        for p, person in enumerate(self.people):
            rows |= {(p, number[topic]): weight for topic, weight in person.wishes.items()}
            if self.hosting:
                most = max([MUST, *person.wishes.values()])
                rows |= {(p, s): most for s, topic in enumerate(self.topics) if person.key in topic.conveners}
        return np.array([(*pair, weight) for pair, weight in sorted(rows.items())], dtype=np.int32).reshape(-1, 3)

    def _rules(self, topic_of: Ints) -> Rules:
        slot, room = {key: t for t, key in enumerate(self.slots)}, {one.key: r for r, one in enumerate(self.rooms)}
        free: Flags = np.ones((len(self.slots), len(self.rooms)), dtype=np.bool_)
        for key, closed in self.closures:
            free[[slot[one] for one in closed], room[key]] = False
        frozen = np.array([key in self.frozen for key in self.slots])
        pinned = self._pinned(topic_of, slot, room)
        return Rules(
            there=self._there(slot)[topic_of],
            fits=np.array(
                [
                    [
                        topic.needs <= one.features and (one.seats is None or topic.seats <= one.seats)
                        for one in self.rooms
                    ]
                    for topic in self.topics
                ]
            )[topic_of],
            free=free,
            frozen=frozen,
            pinned=pinned,
            required=np.array([topic.required for topic in self.topics])[topic_of] | (pinned != OUT).any(axis=1),
            clash=self._clash(topic_of),
        )

    def _there(self, slot: Mapping[str, int]) -> Flags:
        """In which slots all conveners of a topic are there (topics×T)."""
        there = np.ones((len(self.topics), len(self.slots)), dtype=np.bool_)
        for convener, slots in self.presence:
            mine = np.isin(np.arange(len(self.slots)), [slot[key] for key in slots])
            for s, topic in enumerate(self.topics):
                if convener in topic.conveners:
                    there[s] &= mine
        return there

    def _pinned(self, topic_of: Ints, slot: Mapping[str, int], room: Mapping[str, int]) -> Ints:
        pinned = np.full((len(topic_of), 2), OUT, dtype=np.int32)
        number = {topic.key: s for s, topic in enumerate(self.topics)}
        used = [0] * len(self.topics)
        for pin in self.pins:
            topic = number[pin.topic]
            session = int(np.searchsorted(topic_of, topic)) + used[topic]
            used[topic] += 1
            pinned[session] = (
                OUT if pin.slot is None else slot[pin.slot],
                OUT if pin.room is None else room[pin.room],
            )
        return pinned

    def _clash(self, topic_of: Ints) -> Flags:
        """Which sessions may not share a slot: of one topic, of one convener, or kept apart."""
        number = {topic.key: s for s, topic in enumerate(self.topics)}
        hosts = [set(topic.conveners) for topic in self.topics]
        pairs = np.array(
            [[s == o or not one.isdisjoint(other) for o, other in enumerate(hosts)] for s, one in enumerate(hosts)]
        )
        for one, other in self.aparts:
            pairs[number[one], number[other]] = pairs[number[other], number[one]] = True
        clash: Flags = pairs[topic_of][:, topic_of]
        np.fill_diagonal(clash, val=False)
        return clash
