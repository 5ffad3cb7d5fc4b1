"""What can be wrong with what was said, in a form that programs can read and people can understand."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.events.agenda.problem import (
    MOST_PEOPLE,
    MOST_ROOMS,
    MOST_SEATS,
    MOST_SLOTS,
    MOST_TIMES,
    MOST_TOPICS,
    MOST_WEIGHT,
    MOST_WISHES,
)

if TYPE_CHECKING:
    from services.events.agenda.model import Model

TEXTS: dict[str, str] = {
    "apart-itself": "the topic is kept apart from itself",
    "bad-seats": "{seats} seats: between {least} and {most} are possible",
    "bad-times": "offered {times} times: between 1 and {most} are possible",
    "blank-key": "the key is blank",
    "duplicate": "the key {key} is given twice",
    "frozen-pin": "slot {slot} is frozen: a pin there needs a room",
    "nothing-pinned": "the pin names neither slot nor room",
    "pinned-too-often": "pinned {pins} times, offered {times} times",
    "pinned-together": "pinned to slot {slot} twice",
    "room-pinned-twice": "topics {one} and {other} are both pinned to room {room} in slot {slot}",
    "too-few": "there is none",
    "too-many": "{count} are too many: at most {most} are possible",
    "too-many-wishes": "{count} wishes are too many: at most {most} are possible",
    "unknown-convener": "nobody of that name is a convener",
    "unknown-feature": "no room has {feature}",
    "unknown-room": "room {room} does not exist",
    "unknown-slot": "slot {slot} does not exist",
    "unknown-topic": "topic {topic} does not exist",
    "weight-out-of-range": "the weight is {weight}; it must lie between {least} and {most}",
    "wished-twice": "topic {topic} is named twice",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the input. `kind` is "topic", "person", "room", "slot", "convener" or "weights", and `key`
    says which one; None where it concerns all of them.

    `reason` is a stable code; `values` are the numbers and keys its sentence speaks of.
    """

    kind: str
    key: str | None
    reason: str
    values: Mapping[str, str | int] = dataclasses.field(default_factory=dict)

    @property
    def message(self) -> str:
        """An English sentence for logs; translations start from `reason` and `values`."""
        text = TEXTS[self.reason].format_map(self.values)
        return f"{self.kind}: {text}" if self.key is None else f"{self.kind} {self.key}: {text}"


class Invalid(ValueError):
    """Raised with every fault of a model at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.message for fault in self.faults))


def of(model: Model) -> list[Fault]:
    """Every fault of a model: of weights, slots, rooms, topics, people, conveners and pins, in this order."""
    return [
        *_weights(model),
        *_counted("slot", model.slots, 1, MOST_SLOTS),
        *(_slot("slot", None, key) for key in model.frozen if key not in model.slots),
        *_rooms(model),
        *_topics(model),
        *_people(model),
        *_conveners(model),
        *_pins(model),
    ]


def _counted(kind: str, keys: Sequence[str], least: int, most: int) -> Iterator[Fault]:
    """Faults of a list of keys by itself."""
    if len(keys) < least:
        yield Fault(kind, None, "too-few")
    if len(keys) > most:
        yield Fault(kind, None, "too-many", {"count": len(keys), "most": most})
    for key, count in Counter(keys).items():
        if not key.strip():
            yield Fault(kind, key, "blank-key")
        elif count > 1:
            yield Fault(kind, key, "duplicate", {"key": key})


def _slot(kind: str, key: str | None, slot: str) -> Fault:
    return Fault(kind, key, "unknown-slot", {"slot": slot})


def _unknown_slots(model: Model, kind: str, key: str, slots: Iterable[str]) -> Iterator[Fault]:
    yield from (_slot(kind, key, slot) for slot in dict.fromkeys(slots) if slot not in model.slots)


def _weights(model: Model) -> Iterator[Fault]:
    for name, weight in dataclasses.asdict(model.weights).items():
        if not 0 <= weight <= MOST_WEIGHT:
            yield Fault("weights", name, "weight-out-of-range", {"weight": weight, "least": 0, "most": MOST_WEIGHT})


def _seats(kind: str, key: str, seats: int, least: int) -> Iterator[Fault]:
    if not least <= seats <= MOST_SEATS:
        yield Fault(kind, key, "bad-seats", {"seats": seats, "least": least, "most": MOST_SEATS})


def _rooms(model: Model) -> Iterator[Fault]:
    yield from _counted("room", [room.key for room in model.rooms], 1, MOST_ROOMS)
    for room in model.rooms:
        if room.seats is not None:
            yield from _seats("room", room.key, room.seats, 1)
    keys = {room.key for room in model.rooms}
    for key, slots in model.closures:
        if key not in keys:
            yield Fault("room", key, "unknown-room", {"room": key})
        yield from _unknown_slots(model, "room", key, slots)


def _topics(model: Model) -> Iterator[Fault]:
    yield from _counted("topic", [topic.key for topic in model.topics], 1, MOST_TOPICS)
    sessions = sum(min(max(topic.times, 0), MOST_TIMES) for topic in model.topics)
    if len(model.topics) <= MOST_TOPICS < sessions:
        yield Fault("topic", None, "too-many", {"count": sessions, "most": MOST_TOPICS})
    features = frozenset[str]().union(*(room.features for room in model.rooms))
    for topic in model.topics:
        yield from _seats("topic", topic.key, topic.seats, 0)
        if not 1 <= topic.times <= MOST_TIMES:
            yield Fault("topic", topic.key, "bad-times", {"times": topic.times, "most": MOST_TIMES})
        for feature in sorted(topic.needs - features):
            yield Fault("topic", topic.key, "unknown-feature", {"feature": feature})
    keys = {topic.key for topic in model.topics}
    for pair in model.aparts:
        for key in pair:
            if key not in keys:
                yield Fault("topic", key, "unknown-topic", {"topic": key})
        if pair[0] == pair[1]:
            yield Fault("topic", pair[0], "apart-itself")


def _people(model: Model) -> Iterator[Fault]:
    yield from _counted("person", [person.key for person in model.people], 0, MOST_PEOPLE)
    keys = {topic.key for topic in model.topics}
    for person in model.people:
        if len(person.wishes) > MOST_WISHES:
            yield Fault("person", person.key, "too-many-wishes", {"count": len(person.wishes), "most": MOST_WISHES})
        for topic, weight in person.wishes.items():
            if topic not in keys:
                yield Fault("person", person.key, "unknown-topic", {"topic": topic})
            if not 1 <= weight <= MOST_WEIGHT:
                values: dict[str, str | int] = {"weight": weight, "least": 1, "most": MOST_WEIGHT}
                yield Fault("person", person.key, "weight-out-of-range", values)
        for topic in person.twice:
            yield Fault("person", person.key, "wished-twice", {"topic": topic})


def _conveners(model: Model) -> Iterator[Fault]:
    known = {key for topic in model.topics for key in topic.conveners} | {person.key for person in model.people}
    for topic in model.topics:
        if any(not key.strip() for key in topic.conveners):
            yield Fault("topic", topic.key, "blank-key")
    for key, slots in model.presence:
        if key not in known:
            yield Fault("convener", key, "unknown-convener")
        yield from _unknown_slots(model, "convener", key, slots)


def _pins(model: Model) -> Iterator[Fault]:
    times = {topic.key: topic.times for topic in model.topics}
    rooms = {room.key for room in model.rooms}
    often = Counter(pin.topic for pin in model.pins)
    together = Counter((pin.topic, pin.slot) for pin in model.pins if pin.slot is not None)
    places: dict[tuple[str, str], str] = {}
    for topic, count in often.items():
        if topic not in times:
            yield Fault("topic", topic, "unknown-topic", {"topic": topic})
        elif count > times[topic]:
            yield Fault("topic", topic, "pinned-too-often", {"pins": count, "times": times[topic]})
    for (topic, slot), count in together.items():
        if count > 1:
            yield Fault("topic", topic, "pinned-together", {"slot": slot})
    for pin in model.pins:
        if pin.slot is None and pin.room is None:
            yield Fault("topic", pin.topic, "nothing-pinned")
        if pin.slot is not None and pin.slot not in model.slots:
            yield _slot("topic", pin.topic, pin.slot)
        if pin.room is not None and pin.room not in rooms:
            yield Fault("topic", pin.topic, "unknown-room", {"room": pin.room})
        if pin.slot in model.frozen and pin.room is None:
            yield Fault("topic", pin.topic, "frozen-pin", {"slot": str(pin.slot)})
        if pin.slot is not None and pin.room is not None:
            other = places.setdefault((pin.slot, pin.room), pin.topic)
            if other != pin.topic:
                values = {"one": other, "other": pin.topic, "room": pin.room, "slot": pin.slot}
                yield Fault("topic", pin.topic, "room-pinned-twice", values)
