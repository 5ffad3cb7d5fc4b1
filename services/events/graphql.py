"""The events' subgraph: it owns Event and adds the events to a City."""

import datetime as dt
import enum
from collections.abc import Awaitable, Callable
from typing import Any, Self

import strawberry
from strawberry import ID, Info
from strawberry.federation import Schema
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from services.events import access, draft, intake, papers, trips
from services.events import models as m
from services.kit.db import Writer
from services.kit.errors import NotFound, Refused
from services.kit.graphql import FEDERATION_VERSION, Connection, decode_cursor, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, load, read, who

SERVICE = "events"


@strawberry.enum
class EventKind(enum.Enum):
    LEARNING_TRIP = "LEARNING_TRIP"
    SPEED_DATING = "SPEED_DATING"
    OPEN_SPACE = "OPEN_SPACE"
    MODULE = "MODULE"
    REVIEW = "REVIEW"
    MEETING = "MEETING"


@strawberry.enum
class EventStatus(enum.Enum):
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


@strawberry.federation.type(directives=[Key(fields=FieldSet("id"), resolvable=False)])
class Navigator:
    id: ID


@strawberry.federation.type(directives=[Key(fields=FieldSet("code"), resolvable=False)])
class Topic:
    code: ID


@strawberry.federation.type(keys=["ags"])
class City:
    ags: ID

    @strawberry.field(description="The events it hosts or travels to, newest first.")
    async def events(self, info: Info[Any, Any], first: int = 20, after: str | None = None) -> "Connection[Event]":
        return await _events(info, first, after, str(self.ags))

    @classmethod
    def resolve_reference(cls, ags: ID) -> "City":
        return cls(ags=ags)


@strawberry.type
class AgendaItem:
    id: ID
    starts: dt.datetime
    ends: dt.datetime | None
    title: str
    details: list[str]
    audience: City | None = strawberry.field(description="The only city it is for; null: everybody.")
    responsible: str


@strawberry.type
class Venue:
    name: str
    address: str


@strawberry.type(description="Somebody who takes part.")
class Participant:
    navigator: Navigator


@strawberry.type(description="A table in a round: its topic and who sits there.")
class RoundTable:
    number: int
    topic: Topic | None
    participants: list[Participant]


@strawberry.type(description="A round of the confirmed plan; numbers count from 1.")
class Round:
    number: int
    starts: dt.datetime | None
    ends: dt.datetime | None
    tables: list[RoundTable]


@strawberry.type(description="A paper of the day, made when it is fetched (with an access token, unless public).")
class Paper:
    name: str
    media_type: str
    url: str
    public: bool


@strawberry.federation.type(keys=["id"], description="A learning trip, a speed-dating day, an open space, …")
class Event:
    id: ID
    row: strawberry.Private[m.Event]
    kind: EventKind
    title: str
    hashtag: str
    date: dt.date
    timezone: str
    venue: Venue
    status: EventStatus
    guiding_questions: list[str]
    updated_at: dt.datetime

    @classmethod
    def of(cls, row: m.Event) -> Self:
        return cls(
            id=ID(str(row.id)),
            row=row,
            kind=EventKind(row.kind),
            title=row.title,
            hashtag=row.hashtag,
            date=row.date,
            timezone=row.timezone,
            venue=Venue(name=row.venue, address=row.address),
            status=EventStatus(row.status),
            guiding_questions=list(row.questions),
            updated_at=row.updated_at,
        )

    @strawberry.field
    def host(self) -> City:
        return City(ags=ID(self.row.host))

    @strawberry.field
    def guests(self) -> list[City]:
        return [City(ags=ID(ags)) for ags in self.row.guests]

    @strawberry.field
    async def agenda(self, info: Info[Any, Any]) -> list[AgendaItem]:
        return [
            AgendaItem(
                id=ID(str(item.id)),
                starts=item.starts,
                ends=item.ends,
                title=item.title,
                details=list(item.details),
                audience=City(ags=ID(item.audience)) if item.audience else None,
                responsible=item.responsible,
            )
            for item in await load(info, SERVICE, trips.agendas, self.row.id)
        ]

    @strawberry.field(description="By name, for the organiser and the event's cities; empty for everybody else.")
    async def participants(self, info: Info[Any, Any]) -> list[Participant]:
        if not access.may_see_people(who(info), self.row):
            return []
        found = await load(info, SERVICE, trips.participants, self.row.id)
        return [Participant(navigator=Navigator(id=ID(str(n.id)))) for n in found]

    @strawberry.field(description="The confirmed plan, for the organiser and the event's cities; else empty.")
    async def rounds(self, info: Info[Any, Any]) -> list[Round]:
        if not access.may_see_people(who(info), self.row):
            return []
        found = await load(info, SERVICE, trips.tables, self.row.id)
        numbers = sorted({table.round for table, _seats in found})
        times = dict(enumerate(papers.round_times(self.row, max(numbers, default=0)), start=1))
        return [
            Round(
                number=number,
                starts=times[number][0] if number in times else None,
                ends=times[number][1] if number in times else None,
                tables=[
                    RoundTable(
                        number=table.number,
                        topic=Topic(code=ID(table.topic)) if table.topic else None,
                        participants=[Participant(navigator=Navigator(id=ID(str(n)))) for n in seats],
                    )
                    for table, seats in found
                    if table.round == number
                ],
            )
            for number in numbers
        ]

    @strawberry.field
    def papers(self, info: Info[Any, Any]) -> list[Paper]:
        base = f"{here(info, SERVICE).settings.url_of(SERVICE)}/events/{self.id}/papers"
        return [
            Paper(name=name, media_type=media_type, url=f"{base}/{name}", public=name in papers.PUBLIC)
            for name, (_make, media_type) in papers.PAPERS.items()
        ]

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], id: ID) -> "Event | None":
        return await _event(info, id)


async def _event(info: Info[Any, Any], value: str) -> Event | None:
    key = as_uuid(value)
    row = await load(info, SERVICE, trips.by_id, key) if key else None
    return Event.of(row) if row else None


async def _events(info: Info[Any, Any], first: int, after: str | None, city: str | None) -> Connection[Event]:
    place = decode_cursor(after, 2)
    if place is not None and not (_is_date(place[0]) and as_uuid(place[1])):
        raise Refused(_("„after“ is not a cursor of this list."))
    async with read(info, SERVICE) as session:
        rows = await trips.page(session, page_size(first) + 1, after=place, city=city)
    return Connection.of(
        [Event.of(row) for row in rows], lambda node: encode_cursor(node.date.isoformat(), str(node.id)), first, after
    )


def _is_date(value: str) -> bool:
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return False
    return True


@strawberry.type
class Query:
    @strawberry.field
    async def event(self, info: Info[Any, Any], id: ID) -> Event | None:
        return await _event(info, id)

    @strawberry.field(description="Events, newest first; of one city (AGS) if given.")
    async def events(
        self, info: Info[Any, Any], city: ID | None = None, first: int = 20, after: str | None = None
    ) -> Connection[Event]:
        return await _events(info, first, after, city)


@strawberry.input
class VenueInput:
    name: str = ""
    address: str = ""


@strawberry.input(description="A line of the agenda; times are HH:MM on the event's clock.")
class AgendaItemInput:
    starts: str
    title: str
    ends: str | None = None
    details: list[str] = strawberry.field(default_factory=list)
    audience: ID | None = strawberry.field(default=None, description="AGS of the only city it is for.")
    responsible: str | None = None


@strawberry.input(description="The speed dating's rounds; `starts` is HH:MM on the event's clock.")
class RoundsInput:
    starts: str
    count: int = 3
    tables: int = 5
    minutes: int = 10
    break_minutes: int = 2
    table_topics: list[str] = strawberry.field(default_factory=list)


@strawberry.input
class EventInput:
    title: str
    date: dt.date
    host: ID = strawberry.field(description="AGS of the host city.")
    kind: EventKind = EventKind.LEARNING_TRIP
    guests: list[ID] = strawberry.field(default_factory=list, description="AGS of the cities that travel there.")
    hashtag: str = ""
    timezone: str = "Europe/Berlin"
    venue: VenueInput | None = None
    guiding_questions: list[str] = strawberry.field(default_factory=list)
    agenda: list[AgendaItemInput] = strawberry.field(default_factory=list)
    rounds: RoundsInput | None = None

    def as_draft(self) -> draft.Draft:
        venue = self.venue or VenueInput()
        return draft.Draft(
            title=self.title,
            date=self.date,
            host=str(self.host),
            kind=self.kind.value,
            guests=tuple(str(ags) for ags in self.guests),
            hashtag=self.hashtag,
            timezone=self.timezone,
            venue=venue.name,
            address=venue.address,
            questions=tuple(self.guiding_questions),
            agenda=tuple(
                draft.Item(i.starts, i.title, i.ends, tuple(i.details), i.audience, i.responsible) for i in self.agenda
            ),
            rounds=draft.Rounds(
                self.rounds.starts,
                self.rounds.count,
                self.rounds.tables,
                self.rounds.minutes,
                self.rounds.break_minutes,
                tuple(self.rounds.table_topics),
            )
            if self.rounds
            else None,
        )


async def _changed(info: Info[Any, Any], value: str, change: Callable[[Writer, m.Event], Awaitable[m.Event]]) -> Event:
    """One unit of work on an event that the caller may change. Raises NotFound or Forbidden."""
    runtime, asking = here(info, SERVICE), who(info)
    await runtime.refresh("directory")
    async with runtime.db.begin(asking.acting) as session:
        key = as_uuid(value)
        event = (await trips.by_id(session, [key]))[0] if key else None
        if event is None:
            raise NotFound(_("There is no such event."))
        access.may_change(asking, event)
        row = await change(session, event)
        await runtime.say(session, [await intake.message(session, row)])
    return Event.of(row)


@strawberry.type
class Mutation:
    @strawberry.mutation(description="A new event, organised by the calling client.")
    async def create_event(self, info: Info[Any, Any], event: EventInput) -> Event:
        runtime, asking = here(info, SERVICE), who(info)
        wanted = event.as_draft()
        access.may_hold(asking, {wanted.host, *wanted.guests})
        await runtime.refresh("directory")
        async with runtime.db.begin(asking.acting) as session:
            row = await trips.create(session, asking.subject, wanted)
            await runtime.say(session, [await intake.message(session, row)])
        return Event.of(row)

    @strawberry.mutation(description="Replace an event's data and agenda; participants and the confirmed plan stay.")
    async def change_event(self, info: Info[Any, Any], id: ID, event: EventInput) -> Event:
        wanted = event.as_draft()
        access.may_hold(who(info), {wanted.host, *wanted.guests})
        return await _changed(info, id, lambda session, row: trips.change(session, row, wanted))

    @strawberry.mutation(description="Call an event off; calendars show it as cancelled.")
    async def cancel_event(self, info: Info[Any, Any], id: ID) -> Event:
        return await _changed(info, id, trips.cancel)

    @strawberry.mutation(description="Add navigators of the event's cities; who is in already stays.")
    async def add_participants(self, info: Info[Any, Any], event: ID, navigators: list[ID]) -> Event:
        return await _changed(info, event, lambda session, row: trips.add_participants(session, row, navigators))

    @strawberry.mutation(description="Take navigators out of an event and off their seats.")
    async def remove_participants(self, info: Info[Any, Any], event: ID, navigators: list[ID]) -> Event:
        return await _changed(info, event, lambda session, row: trips.remove_participants(session, row, navigators))


schema = Schema(query=Query, mutation=Mutation, types=[City], federation_version=FEDERATION_VERSION)
