"""What the papers of the place itself are made of: rooms and sessions, buses, certificates. Plain values."""

import datetime as dt

import msgspec


class Slot(msgspec.Struct, frozen=True):
    starts: dt.datetime
    ends: dt.datetime


class Room(msgspec.Struct, frozen=True):
    """`features` are the codes of `draft.FEATURES`; `closed` are slots, by place, in which it cannot be used."""

    name: str
    capacity: int | None = None
    features: tuple[str, ...] = ()
    closed: frozenset[int] = frozenset()


class Guest(msgspec.Struct, frozen=True):
    """Somebody who is expected in a session; `must`: who cannot do without it."""

    name: str
    city: str
    must: bool = False


class Topic(msgspec.Struct, frozen=True):
    """`number` is what people call it on the wall, `hosts` are names."""

    number: int
    title: str
    hosts: tuple[str, ...] = ()


class Session(msgspec.Struct, frozen=True):
    """A topic in a room at a time, both by their places; `expected` people, of whom some papers name the `guests`."""

    room: int
    slot: int
    topic: Topic
    expected: int = 0
    guests: tuple[Guest, ...] = ()


class Market(msgspec.Struct, frozen=True):
    """The open space as it stands on the wall; `waiting` are topics without a session."""

    rooms: tuple[Room, ...] = ()
    slots: tuple[Slot, ...] = ()
    sessions: tuple[Session, ...] = ()
    waiting: tuple[Topic, ...] = ()


class Passenger(msgspec.Struct, frozen=True):
    seat: int
    name: str
    city: str


class BoardingPoint(msgspec.Struct, frozen=True):
    name: str
    leaves: dt.datetime
    passengers: tuple[Passenger, ...] = ()


class Bus(msgspec.Struct, frozen=True):
    """`leg` is `there` or `back`; `delay` in minutes."""

    name: str
    leg: str
    seats: int
    points: tuple[BoardingPoint, ...] = ()
    delay: int = 0


class Certificate(msgspec.Struct, frozen=True):
    """`code` as it is written on paper, `url` where it is checked; `minutes` None where it says nothing of them."""

    name: str
    city: str
    code: str
    url: str
    issued: dt.datetime
    minutes: int | None = None
