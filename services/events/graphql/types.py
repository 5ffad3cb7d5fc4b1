"""What the graph shows of an event."""

import datetime as dt
import enum
from typing import TYPE_CHECKING, Annotated, Any, Self

import strawberry
from strawberry import ID, Info
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from services.events import access, papers, trips
from services.events import models as m
from services.kit.errors import Refused
from services.kit.graphql import Connection, decode_cursor, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, load, read, who

if TYPE_CHECKING:
    from services.events.graphql.registration.types import Attendance, EventRegistration, Vehicle

SERVICE = "events"
REGISTRATION = strawberry.lazy("services.events.graphql.registration.types")


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

    @strawberry.field(description="Places and who has them, for the organiser and the event's cities.")
    async def registration(self, info: Info[Any, Any]) -> Annotated["EventRegistration", REGISTRATION] | None:
        from services.events.graphql.registration.types import registration_of

        return await registration_of(info, self.row)

    @strawberry.field(description="Buses and cars, for the organiser and the event's cities; else empty.")
    async def vehicles(self, info: Info[Any, Any]) -> list[Annotated["Vehicle", REGISTRATION]]:
        from services.events.graphql.registration.types import vehicles_of

        return await vehicles_of(info, self.row)

    @strawberry.field(description="Who came, for the organiser and the event's cities; else empty.")
    async def attendance(self, info: Info[Any, Any]) -> list[Annotated["Attendance", REGISTRATION]]:
        from services.events.graphql.registration.types import attendance_of

        return await attendance_of(info, self.row)

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
