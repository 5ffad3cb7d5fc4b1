"""What screens are told of a day: pure, from the event, its clock, and who sits where."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from services.events import clock as clocks
from services.events.clock import Clock, RoundPhase
from services.events.models import Event


class Span(msgspec.Struct, frozen=True, rename="camel"):
    """A round or break; without an end, it lasts until somebody says something."""

    phase: str
    round: int
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None


class State(msgspec.Struct, frozen=True, rename="camel"):
    """The clock for screens that count down alone. `now` is the server's: the difference to the screen's own clock
    tells it when `endsAt` is; `timeline` is what is now and what follows by itself.
    """

    now: dt.datetime
    event: str
    revision: int
    phase: str
    round: int
    rounds: int
    started_at: dt.datetime | None
    ends_at: dt.datetime | None
    warns_at: dt.datetime | None
    left_seconds: float | None
    automatic: bool
    next_round: int | None
    timeline: list[Span]
    questions: list[str]
    cancelled: bool


class TopicShown(msgspec.Struct, frozen=True):
    code: str
    de: str
    en: str


class Companion(msgspec.Struct, frozen=True):
    name: str
    city: str


class Stop(msgspec.Struct, frozen=True):
    """A person's table in a round; `new` where the plan was changed on the day."""

    round: int
    table: int
    topic: TopicShown | None
    companions: list[Companion]
    new: bool


class EventShown(msgspec.Struct, frozen=True):
    id: str
    title: str
    hashtag: str
    date: dt.date
    timezone: str
    venue: str
    address: str


class Route(msgspec.Struct, frozen=True):
    """One person's day: where they sit `here` and now, where `next`, and all their rounds."""

    name: str
    here: Stop | None
    next: Stop | None
    rounds: list[Stop]


class Sent(msgspec.Struct, frozen=True):
    """A `Route` whose stops are JSON already."""

    name: str
    here: msgspec.Raw | None
    next: msgspec.Raw | None
    rounds: list[msgspec.Raw]


class Announced(msgspec.Struct, frozen=True):
    """What the organiser announced."""

    id: str
    text: str
    at: dt.datetime


class Mine(msgspec.Struct, frozen=True):
    """`announcements`, newest first: those for everybody, and those for this person."""

    event: EventShown
    live: State
    route: Route
    announcements: list[Announced]


def state(event: Event, clock: Clock, now: dt.datetime) -> State:
    spans = clocks.timeline(clocks.at(clock, now))
    at = spans[0]
    return State(
        now=now,
        event=str(event.id),
        revision=at.revision,
        phase=at.phase.value,
        round=at.round,
        rounds=at.rounds,
        started_at=at.started_at,
        ends_at=at.ends_at,
        warns_at=at.warns_at,
        left_seconds=None if at.left is None else at.left.total_seconds(),
        automatic=at.automatic,
        next_round=at.next_round,
        timeline=[Span(one.phase.value, one.round, one.started_at, one.ends_at) for one in spans],
        questions=list(event.questions),
        cancelled=event.status == "cancelled",
    )


def shown(event: Event) -> EventShown:
    return EventShown(
        id=str(event.id),
        title=event.title,
        hashtag=event.hashtag,
        date=event.date,
        timezone=event.timezone,
        venue=event.venue,
        address=event.address,
    )


@dataclass(frozen=True)
class Seat:
    round: int
    number: int
    person: uuid.UUID
    moved: bool


@dataclass
class Seating:
    """Who sits where, as it was read once: `people` by id, `topics` by round and table."""

    people: Mapping[uuid.UUID, Companion]
    topics: Mapping[tuple[int, int], TopicShown | None]
    tables: dict[tuple[int, int], list[uuid.UUID]] = field(default_factory=dict)
    seats: dict[uuid.UUID, list[Seat]] = field(default_factory=dict)
    encoded: dict[uuid.UUID, dict[int, msgspec.Raw]] = field(default_factory=dict)
    """The stops of those who asked, by round, as they are sent."""

    @classmethod
    def of(
        cls,
        people: Mapping[uuid.UUID, Companion],
        topics: Mapping[tuple[int, int], TopicShown | None],
        seats: Iterable[Seat],
    ) -> "Seating":
        """Seats in the order of rounds and names."""
        made = cls(people, topics)
        for seat in seats:
            made.tables.setdefault((seat.round, seat.number), []).append(seat.person)
            made.seats.setdefault(seat.person, []).append(seat)
        return made

    @property
    def moved(self) -> frozenset[uuid.UUID]:
        """Who sits elsewhere than planned before."""
        return frozenset(person for person, seats in self.seats.items() if any(seat.moved for seat in seats))

    def stops(self, person: uuid.UUID) -> list[Stop]:
        return [
            Stop(
                round=seat.round,
                table=seat.number,
                topic=self.topics.get((seat.round, seat.number)),
                companions=[self.people[other] for other in self.tables[seat.round, seat.number] if other != person],
                new=seat.moved,
            )
            for seat in self.seats.get(person, ())
        ]

    def route(self, person: uuid.UUID, here: int, following: int) -> Route:
        """With the rounds that are now and next, 0 for none."""
        stops = self.stops(person)
        by_round = {stop.round: stop for stop in stops}
        return Route(self.people[person].name, by_round.get(here), by_round.get(following), stops)

    def sent(self, person: uuid.UUID, here: int, following: int) -> Sent:
        """As `route`, for sending it to many at once: the stops are encoded when somebody first looks."""
        if person not in self.encoded:
            encode = msgspec.json.encode
            self.encoded[person] = {stop.round: msgspec.Raw(encode(stop)) for stop in self.stops(person)}
        stops = self.encoded[person]
        return Sent(self.people[person].name, stops.get(here), stops.get(following), list(stops.values()))


def rounds_of(clock: Clock, now: dt.datetime) -> tuple[int, int]:
    """Which round is running and which is next, 0 for none."""
    at = clocks.at(clock, now)
    return at.round if at.phase in {RoundPhase.RUNNING, RoundPhase.PAUSED} else 0, at.next_round or 0


class IdeaShown(msgspec.Struct, frozen=True):
    """An idea on the board; `hidden` only organisers get to see. `gone`: take it off."""

    id: str
    round: int | None = None
    table: int | None = None
    text: str = ""
    author: str | None = None
    source: str = ""
    noted: dt.datetime | None = None
    hidden: bool = False
    gone: bool = False


class Board(msgspec.Struct, frozen=True):
    """The ideas; with `all`, those that are not among them are gone."""

    all: bool
    ideas: Sequence[IdeaShown]
