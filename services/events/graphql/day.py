"""What the graph shows of a running day."""

import datetime as dt
from typing import Self

import strawberry
from strawberry import ID

from services.events.clock import RoundPhase
from services.events.live import state
from services.events.models import LiveStep


@strawberry.type(description="A round or break; without an end, it lasts until somebody says something.")
class ClockSpan:
    phase: RoundPhase
    round: int
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None


@strawberry.type(
    description="The clock of the rounds. `now` is the hub's time: with it, a screen goes on counting alone, along "
    "`timeline`."
)
class RoundClock:
    now: dt.datetime
    revision: int = strawberry.field(description="What a command names as `expected`; 0 before the first.")
    phase: RoundPhase
    round: int = strawberry.field(description="The round that is running or was last; 0 before the first.")
    rounds: int
    started_at: dt.datetime | None
    ends_at: dt.datetime | None
    warns_at: dt.datetime | None
    left_seconds: float | None = strawberry.field(description="What a paused round still has.")
    automatic: bool = strawberry.field(description="Whether the next round begins by itself after the break.")
    next_round: int | None
    timeline: list[ClockSpan] = strawberry.field(description="What is now, and what follows by itself.")
    questions: list[str]

    @classmethod
    def of(cls, now: state.State) -> Self:
        return cls(
            now=now.now,
            revision=now.revision,
            phase=RoundPhase(now.phase),
            round=now.round,
            rounds=now.rounds,
            started_at=now.started_at,
            ends_at=now.ends_at,
            warns_at=now.warns_at,
            left_seconds=now.left_seconds,
            automatic=now.automatic,
            next_round=now.next_round,
            timeline=[
                ClockSpan(phase=RoundPhase(s.phase), round=s.round, starts_at=s.starts_at, ends_at=s.ends_at)
                for s in now.timeline
            ],
            questions=now.questions,
        )


@strawberry.type(description="What an organiser commanded, and what became of the clock.")
class ClockCommand:
    revision: int
    at: dt.datetime
    command: str
    phase: RoundPhase
    round: int
    ends_at: dt.datetime | None

    @classmethod
    def of(cls, row: LiveStep) -> Self:
        return cls(
            revision=row.revision,
            at=row.at,
            command=row.command,
            phase=RoundPhase(row.phase),
            round=row.round,
            ends_at=row.ends_at,
        )


@strawberry.type(description="An idea of a table. `gone`: it was withdrawn or taken off the board.")
class TableIdea:
    id: ID
    round: int | None
    table: int | None
    text: str
    author: str | None = strawberry.field(description="Who noted it, if they wanted to be named.")
    source: str = strawberry.field(description="`phone` or `paper`.")
    noted_at: dt.datetime | None
    hidden: bool = strawberry.field(description="The organiser took it off the board; nobody else sees it.")
    gone: bool

    @classmethod
    def of(cls, idea: state.IdeaShown) -> Self:
        return cls(
            id=ID(idea.id),
            round=idea.round,
            table=idea.table,
            text=idea.text,
            author=idea.author,
            source=idea.source,
            noted_at=idea.noted,
            hidden=idea.hidden,
            gone=idea.gone,
        )


@strawberry.type(description="An idea, and the key with which it is changed by whoever noted it without a name.")
class NotedIdea:
    idea: TableIdea
    key: str


@strawberry.type(description="Somebody who shares a table.")
class TableCompanion:
    name: str
    city: str


@strawberry.type(description="A topic as it stands on a table.")
class TableTopic:
    code: ID
    de: str
    en: str


@strawberry.type(description="One's table in a round. `new`: the plan was changed on the day, the slip says another.")
class TableStop:
    round: int
    table: int
    topic: TableTopic | None
    companions: list[TableCompanion]
    new: bool

    @classmethod
    def of(cls, stop: state.Stop) -> Self:
        topic = stop.topic
        return cls(
            round=stop.round,
            table=stop.table,
            topic=TableTopic(code=ID(topic.code), de=topic.de, en=topic.en) if topic else None,
            companions=[TableCompanion(name=one.name, city=one.city) for one in stop.companions],
            new=stop.new,
        )


@strawberry.type(description="What the organiser announced to everybody, or to those among whom one is.")
class DayAnnouncement:
    id: ID
    text: str
    at: dt.datetime


@strawberry.type(description="A person's own day.")
class MyDay:
    event: ID
    title: str
    hashtag: str
    date: dt.date
    timezone: str
    venue: str
    address: str
    name: str
    clock: RoundClock
    here: TableStop | None = strawberry.field(description="The table of the round that is running.")
    next: TableStop | None = strawberry.field(description="The table of the round that comes then.")
    rounds: list[TableStop] = strawberry.field(description="The tables of all rounds, those so far too.")
    announcements: list[DayAnnouncement] = strawberry.field(description="Newest first.")

    @classmethod
    def of(cls, mine: state.Mine) -> Self:
        route, event = mine.route, mine.event
        return cls(
            event=ID(event.id),
            title=event.title,
            hashtag=event.hashtag,
            date=event.date,
            timezone=event.timezone,
            venue=event.venue,
            address=event.address,
            name=route.name,
            clock=RoundClock.of(mine.live),
            here=TableStop.of(route.here) if route.here else None,
            next=TableStop.of(route.next) if route.next else None,
            rounds=[TableStop.of(stop) for stop in route.rounds],
            announcements=[DayAnnouncement(id=ID(one.id), text=one.text, at=one.at) for one in mine.announcements],
        )
