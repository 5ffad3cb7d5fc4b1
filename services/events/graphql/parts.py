"""Parts of events that are made of nothing but values."""

import datetime as dt
import enum

import strawberry
from strawberry import ID
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet


@strawberry.enum
class EventKind(enum.Enum):
    LEARNING_TRIP = "LEARNING_TRIP"
    SPEED_DATING = "SPEED_DATING"
    OPEN_SPACE = "OPEN_SPACE"
    MODULE = "MODULE"
    REVIEW = "REVIEW"
    NETWORK_MEETING = "NETWORK_MEETING"
    MEETING = "MEETING"


@strawberry.enum(description="What a room has.")
class RoomFeature(enum.Enum):
    STEP_FREE = "STEP_FREE"
    ACCESSIBLE_TOILET = "ACCESSIBLE_TOILET"
    HEARING_LOOP = "HEARING_LOOP"
    QUIET = "QUIET"
    DAYLIGHT = "DAYLIGHT"
    PROJECTOR = "PROJECTOR"
    VIDEO_CONFERENCE = "VIDEO_CONFERENCE"
    PIN_BOARDS = "PIN_BOARDS"
    WIFI = "WIFI"
    MOVABLE_SEATS = "MOVABLE_SEATS"


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


@strawberry.type(description="A link to what an item of the agenda is about.")
class Material:
    title: str
    url: str


@strawberry.type
class Room:
    id: ID
    name: str
    capacity: int | None
    features: list[RoomFeature]


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


@strawberry.type(
    description="The rounds as the organiser wrote them (`RoundsInput`); `starts` is HH:MM on the event's clock."
)
class RoundSettings:
    starts: str
    count: int
    tables: int
    minutes: int
    break_minutes: int
    table_topics: list[str]
    day: dt.date


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
    organiser_only: bool
