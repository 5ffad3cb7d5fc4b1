"""What an organiser writes of an event."""

import datetime as dt

import strawberry
from strawberry import ID

from services.events import draft
from services.events.graphql.parts import EventKind, RoomFeature


@strawberry.input(description="A room; `id` says which one of the event's it is where its name changes.")
class RoomInput:
    name: str
    capacity: int | None = None
    features: list[RoomFeature] = strawberry.field(default_factory=list)
    id: ID | None = None


@strawberry.input
class VenueInput:
    name: str = ""
    address: str = ""
    rooms: list[RoomInput] | None = strawberry.field(default=None, description="Not given: they stay as they are.")


@strawberry.input(description="A link to slides, minutes, a video: https only.")
class MaterialInput:
    title: str
    url: str


@strawberry.input(description="A line of the agenda; times are HH:MM on the event's clock.")
class AgendaItemInput:
    starts: str
    title: str
    ends: str | None = None
    details: list[str] = strawberry.field(default_factory=list)
    audience: ID | None = strawberry.field(default=None, description="AGS of the only city it is for.")
    responsible: str | None = None
    day: dt.date | None = strawberry.field(default=None, description="The event's first day if not given.")
    material: list[MaterialInput] = strawberry.field(default_factory=list)
    id: ID | None = strawberry.field(
        default=None,
        description="Which entry of the event it was. Without it, the one of the same title, else of the same time, "
        "keeps its id, and with it its place in people's calendars.",
    )


@strawberry.input(description="The speed dating's rounds; `starts` is HH:MM on the event's clock.")
class RoundsInput:
    starts: str
    count: int = 3
    tables: int = 5
    minutes: int = 10
    break_minutes: int = 2
    table_topics: list[str] = strawberry.field(default_factory=list)
    day: dt.date | None = strawberry.field(default=None, description="The event's first day if not given.")


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
    last_day: dt.date | None = strawberry.field(default=None, description="Of an event of several days.")
    online_link: str = strawberry.field(default="", description="https; for participants and the organiser only.")
    module: ID | None = strawberry.field(default=None, description="What an event of the kind MODULE teaches.")

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
                draft.Item(
                    i.starts,
                    i.title,
                    i.ends,
                    tuple(i.details),
                    i.audience,
                    i.responsible,
                    i.day,
                    tuple(draft.Link(one.title, one.url) for one in i.material),
                    i.id,
                )
                for i in self.agenda
            ),
            rounds=draft.Rounds(
                self.rounds.starts,
                self.rounds.count,
                self.rounds.tables,
                self.rounds.minutes,
                self.rounds.break_minutes,
                tuple(self.rounds.table_topics),
                self.rounds.day,
            )
            if self.rounds
            else None,
            last_day=self.last_day,
            rooms=tuple(
                draft.Room(room.name, room.capacity, tuple(one.value for one in room.features), room.id)
                for room in venue.rooms
            )
            if venue.rooms is not None
            else None,
            online=self.online_link,
            module=self.module,
        )
