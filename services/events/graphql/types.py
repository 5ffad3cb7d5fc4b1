"""What the graph shows of an event."""

import datetime as dt
import enum
from typing import TYPE_CHECKING, Annotated, Any, Self

import strawberry
from strawberry import ID, Info
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from services.events import access, daylinks, papers, trips
from services.events import models as m
from services.events.graphql.day import ClockCommand, RoundClock, TableIdea
from services.events.live import commands, reading
from services.events.live.state import state
from services.kit.errors import Refused
from services.kit.graphql import Connection, decode_cursor, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, load, read, who

if TYPE_CHECKING:
    from services.events.graphql.surveys import Survey
    from services.events.graphql.voices import Quote, RetroEntry

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
        return await event_page(info, first, after, str(self.ags))

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


@strawberry.type(description="A seat that is not the one on the slip: the plan was changed on the day.")
class MovedSeat:
    navigator: Navigator
    round: int
    table: int


@strawberry.type(description="What opens somebody's own day without a login: `link` for queries, `url` for a QR code.")
class DayLink:
    navigator: Navigator
    link: str
    url: str


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

    @strawberry.field(description="Oldest first, for the organiser and the event's cities; else empty.")
    async def surveys(
        self, info: Info[Any, Any]
    ) -> list[Annotated["Survey", strawberry.lazy("services.events.graphql.surveys")]]:
        from services.events.graphql.surveys import surveys_of

        return await surveys_of(info, self)

    @strawberry.field(description="What was said in the retrospective, for the organiser and the event's cities.")
    async def retrospective(
        self, info: Info[Any, Any]
    ) -> list[Annotated["RetroEntry", strawberry.lazy("services.events.graphql.voices")]]:
        from services.events.graphql.voices import retrospective_of

        return await retrospective_of(info, self)

    @strawberry.field(description="What people agreed to be quoted with, for the organiser and the event's cities.")
    async def quotes(
        self, info: Info[Any, Any]
    ) -> list[Annotated["Quote", strawberry.lazy("services.events.graphql.voices")]]:
        from services.events.graphql.voices import quotes_of

        return await quotes_of(info, self)

    @strawberry.field(description="The clock of its rounds; null where it has none.")
    async def clock(self, info: Info[Any, Any]) -> RoundClock | None:
        found = await load(info, SERVICE, commands.clocks_of, self.row.id)
        return RoundClock.of(state(self.row, found, dt.datetime.now(dt.UTC))) if found and found.rounds else None

    @strawberry.field(description="What was commanded of the clock, for the organiser; empty for everybody else.")
    async def clock_history(self, info: Info[Any, Any]) -> list[ClockCommand]:
        return [ClockCommand.of(row) for row in await load(info, SERVICE, commands.histories, self.row.id)]

    @strawberry.field(description="Who sits elsewhere than their slip says, for the organiser and the event's cities.")
    async def moved_seats(self, info: Info[Any, Any]) -> list[MovedSeat]:
        if not access.may_see_people(who(info), self.row):
            return []
        found = await load(info, SERVICE, reading.moved, self.row.id)
        return [
            MovedSeat(navigator=Navigator(id=ID(str(one.navigator_id))), round=one.round, table=one.number)
            for one in found
        ]

    @strawberry.field(description="The board of ideas, for the organiser and the event's cities; else empty.")
    async def ideas(self, info: Info[Any, Any]) -> list[TableIdea]:
        if not access.may_see_people(who(info), self.row):
            return []
        organiser = who(info).subject == self.row.organiser
        rows = await load(info, SERVICE, reading.ideas_of, self.row.id)
        shown = (reading.idea_shown(*row, organiser=organiser) for row in rows)
        return [TableIdea.of(idea) for idea in shown if not idea.gone]

    @strawberry.field(description="Everybody's personal link of the day, for slips and QR codes; for the organiser.")
    async def day_links(self, info: Info[Any, Any]) -> list[DayLink]:
        if who(info).subject != self.row.organiser:
            return []
        settings = here(info, SERVICE).settings
        found = await load(info, SERVICE, trips.participants, self.row.id)
        return [
            DayLink(
                navigator=Navigator(id=ID(str(n.id))),
                link=daylinks.token(settings, self.row, n.id),
                url=daylinks.url(settings, self.row, n.id),
            )
            for n in found
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
        return await event_of(info, id)


async def event_of(info: Info[Any, Any], value: str) -> Event | None:
    key = as_uuid(value)
    row = await load(info, SERVICE, trips.by_id, key) if key else None
    return Event.of(row) if row else None


async def event_page(info: Info[Any, Any], first: int, after: str | None, city: str | None) -> Connection[Event]:
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
