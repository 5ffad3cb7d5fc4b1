"""What the graph shows of an event."""

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Annotated, Any, Self
from zoneinfo import ZoneInfo

import strawberry
from strawberry import ID, Info

from services.events import access, daylinks, modules, papers, series, timetable, trips
from services.events import models as m
from services.events.graphql.day import ClockCommand, RoundClock, TableIdea
from services.events.graphql.modules import Module
from services.events.live import commands, reading
from services.events.live.state import state
from services.kit.graphql import Connection, encode_cursor, page_size
from services.kit.resolvers import as_uuid, day_of, here, load, read, who

if TYPE_CHECKING:
    from services.events.graphql.announcements import Announcement
    from services.events.graphql.cards import ProjectCard
    from services.events.graphql.certificates import Certificate
    from services.events.graphql.openspace.types import ActionItem
    from services.events.graphql.registration.types import Attendance, EventRegistration, Vehicle
    from services.events.graphql.surveys import Survey
    from services.events.graphql.voices import Quote, RetroEntry
    from services.events.graphql.votes.types import Vote
from services.events.graphql.parts import (
    DayLink,
    EventKind,
    EventStatus,
    Material,
    MovedSeat,
    Navigator,
    Paper,
    Participant,
    Round,
    RoundSettings,
    RoundTable,
    Topic,
)
from services.events.graphql.venue import Venue

SERVICE = "events"
REGISTRATION = strawberry.lazy("services.events.graphql.registration.types")


From = Annotated[
    dt.date | None, strawberry.argument(name="from", description="Events that are not over before this day.")
]
Until = Annotated[dt.date | None, strawberry.argument(description="Events that have begun by this day.")]


@strawberry.federation.type(keys=["ags"])
class City:
    ags: ID

    @strawberry.field(description="The events it hosts or travels to, newest first.")
    async def events(
        self,
        info: Info[Any, Any],
        first: int = 20,
        after: str | None = None,
        kind: EventKind | None = None,
        since: From = None,
        until: Until = None,
    ) -> "Connection[Event]":
        return await event_page(info, first, after, str(self.ags), kind, since, until)

    @strawberry.field(description="Where calendar programs subscribe to its events.")
    def calendar(self, info: Info[Any, Any]) -> str:
        return f"{here(info, SERVICE).settings.url_of(SERVICE)}/events/cities/{self.ags}/calendar.ics"

    @classmethod
    def resolve_reference(cls, ags: ID) -> "City":
        return cls(ags=ags)


@strawberry.type
class AgendaItem:
    id: ID
    day: dt.date
    starts: dt.datetime
    ends: dt.datetime | None
    title: str
    details: list[str]
    audience: City | None = strawberry.field(description="The only city it is for; null: everybody.")
    responsible: str
    material: list[Material]


@strawberry.type(description="Meetings that recur; each is an event of its own.")
class Series:
    id: ID
    rule: str = strawberry.field(description="An RRULE (RFC 5545): which days it gives.")

    @strawberry.field(description="In the order of the days that the rule gave them; at most 100 in most series.")
    async def events(self, info: Info[Any, Any]) -> list["Event"]:
        return [Event.of(row) for row in await load(info, SERVICE, series.occurrences, uuid.UUID(self.id))]


@strawberry.federation.type(keys=["id"], description="A learning trip, a speed-dating day, an open space, …")
class Event:
    id: ID
    row: strawberry.Private[m.Event]
    kind: EventKind
    title: str
    hashtag: str
    date: dt.date
    last_day: dt.date = strawberry.field(description="The same as `date` unless it takes several days.")
    timezone: str
    venue: Venue
    status: EventStatus
    guiding_questions: list[str]
    updated_at: dt.datetime
    recurrence_date: dt.date | None = strawberry.field(
        description="In a series: the day that the rule gave it, wherever it was moved."
    )
    changed_alone: bool = strawberry.field(
        description="In a series: changed alone, and therefore not changed with all."
    )

    @classmethod
    def of(cls, row: m.Event) -> Self:
        return cls(
            id=ID(str(row.id)),
            row=row,
            kind=EventKind(row.kind),
            title=row.title,
            hashtag=row.hashtag,
            date=row.date,
            last_day=row.last_day,
            timezone=row.timezone,
            venue=Venue(event=row.id, name=row.venue, address=row.address),
            status=EventStatus(row.status),
            guiding_questions=list(row.questions),
            updated_at=row.updated_at,
            recurrence_date=row.recurrence,
            changed_alone=row.changed_alone,
        )

    @strawberry.field
    def host(self) -> City:
        return City(ags=ID(self.row.host))

    @strawberry.field
    def guests(self) -> list[City]:
        return [City(ags=ID(ags)) for ags in self.row.guests]

    @strawberry.field(description="What an event of the kind MODULE teaches.")
    async def module(self, info: Info[Any, Any]) -> Module | None:
        row = await load(info, SERVICE, modules.by_id, self.row.module_id) if self.row.module_id else None
        return Module.of(row) if row else None

    @strawberry.field(description="The meetings of which this is one.")
    async def series(self, info: Info[Any, Any]) -> Series | None:
        row = await load(info, SERVICE, series.by_id, self.row.series_id) if self.row.series_id else None
        return Series(id=ID(str(row.id)), rule=row.rule) if row else None

    @strawberry.field(description="For the organiser; participants have it in their calendar and by `onlineLink`.")
    async def online_link(self, info: Info[Any, Any]) -> str | None:
        if not access.may_see_online(who(info), self.row):
            return None
        found: str | None = await load(info, SERVICE, timetable.online, self.row.id)
        return found

    @strawberry.field
    async def agenda(self, info: Info[Any, Any]) -> list[AgendaItem]:
        zone = ZoneInfo(self.row.timezone)
        return [
            AgendaItem(
                id=ID(str(item.id)),
                day=item.starts.astimezone(zone).date(),
                starts=item.starts,
                ends=item.ends,
                title=item.title,
                details=list(item.details),
                audience=City(ags=ID(item.audience)) if item.audience else None,
                responsible=item.responsible,
                material=[Material(title=one["title"], url=one["url"]) for one in item.material],
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

    @strawberry.field(description="For writing the event anew: who leaves `rounds` out of it, calls them off.")
    def round_settings(self) -> RoundSettings | None:
        found = timetable.rounds_of(self.row)
        if found is None:
            return None
        return RoundSettings(
            starts=found.starts, count=found.count, tables=found.tables, minutes=found.minutes,
            break_minutes=found.break_minutes, table_topics=list(found.table_topics), day=found.day or self.row.date,
        )  # fmt: skip

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

    @strawberry.field(description="Oldest first, for the organiser and the event's cities; else empty.")
    async def votes(
        self, info: Info[Any, Any]
    ) -> list[Annotated["Vote", strawberry.lazy("services.events.graphql.votes.types")]]:
        from services.events.graphql.votes import votes_of

        return await votes_of(info, self)

    @strawberry.field(description="Who does what until when, by day; for the organiser and the event's cities.")
    async def action_items(
        self, info: Info[Any, Any]
    ) -> list[Annotated["ActionItem", strawberry.lazy("services.events.graphql.openspace.types")]]:
        from services.events.graphql.actions import action_items_of

        return await action_items_of(info, self)

    @strawberry.field(description="Ideas that were proposed to cities as projects, for the organiser and the cities.")
    async def project_cards(
        self, info: Info[Any, Any]
    ) -> list[Annotated["ProjectCard", strawberry.lazy("services.events.graphql.cards")]]:
        from services.events.graphql.cards import cards_of

        return await cards_of(info, self)

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
        organiser = access.organises(who(info), self.row)
        rows = await load(info, SERVICE, reading.ideas_of, self.row.id)
        shown = (reading.idea_shown(*row, organiser=organiser) for row in rows)
        return [TableIdea.of(idea) for idea in shown if not idea.gone]

    @strawberry.field(description="Everybody's link to the event, as in mails and QR codes; for the organiser.")
    async def day_links(self, info: Info[Any, Any]) -> list[DayLink]:
        if not access.organises(who(info), self.row):
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

    @strawberry.field(description="Those that were issued and count, by name; for the organiser, else empty.")
    async def certificates(
        self, info: Info[Any, Any]
    ) -> list[Annotated["Certificate", strawberry.lazy("services.events.graphql.certificates")]]:
        from services.events.graphql.certificates import certificates_of

        return await certificates_of(info, self.row)

    @strawberry.field(description="Newest first, for the organiser and the event's cities; else empty.")
    async def announcements(
        self, info: Info[Any, Any]
    ) -> list[Annotated["Announcement", strawberry.lazy("services.events.graphql.announcements")]]:
        from services.events.graphql.announcements import announcements_of

        return await announcements_of(info, self.row)

    @strawberry.field
    def papers(self, info: Info[Any, Any]) -> list[Paper]:
        base = f"{here(info, SERVICE).settings.url_of(SERVICE)}/events/{self.id}/papers"
        return [
            Paper(
                name=name,
                media_type=media_type,
                url=f"{base}/{name}",
                public=name in papers.PUBLIC,
                organiser_only=name in papers.ORGANISERS,
            )
            for name, media_type in papers.MEDIA.items()
        ]

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], id: ID) -> "Event | None":
        return await event_of(info, id)


async def event_of(info: Info[Any, Any], value: str) -> Event | None:
    key = as_uuid(value)
    row = await load(info, SERVICE, trips.by_id, key) if key else None
    return Event.of(row) if row else None


async def event_page(
    info: Info[Any, Any],
    first: int,
    after: str | None,
    city: str | None,
    kind: EventKind | None,
    since: dt.date | None,
    until: dt.date | None,
    state: str | None = None,
    soonest: bool = False,
) -> Connection[Event]:
    place = day_of(after)
    async with read(info, SERVICE) as session:
        rows = await trips.page(
            session, page_size(first) + 1, after=place, city=city, state=state, kind=kind.value if kind else None,
            since=since, until=until, soonest=soonest,
        )  # fmt: skip
    return Connection.of(
        [Event.of(row) for row in rows], lambda node: encode_cursor(node.date.isoformat(), str(node.id)), first, after
    )
