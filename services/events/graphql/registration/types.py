"""What the graph shows of registrations to organisers and to the cities of an event."""

import datetime as dt
import enum
from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.events import access
from services.events import models as m
from services.events.graphql.modules import Module
from services.events.graphql.parts import Navigator
from services.events.graphql.types import SERVICE, City
from services.events.registration import attendance, reading, transport
from services.kit.db import HUB
from services.kit.graphql import Connection, encode_cursor, page_size
from services.kit.resolvers import here, load, place_of, read, who


@strawberry.enum(description="SUBSTITUTED: a colleague took the place over.")
class RegistrationState(enum.Enum):
    INVITED = "invited"
    REGISTERED = "registered"
    WAITING = "waiting"
    OFFERED = "offered"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    SUBSTITUTED = "substituted"


@strawberry.enum(description="The superior's release; a place counts with NONE or GIVEN.")
class ReleaseState(enum.Enum):
    NONE = "none"
    PENDING = "pending"
    GIVEN = "given"
    AGAIN = strawberry.enum_value(
        "again", description="Given for another day, and asked for again; until it is refused, the place counts."
    )
    REFUSED = "refused"


@strawberry.enum
class AttendanceState(enum.Enum):
    EXPECTED = "expected"
    PRESENT = "present"
    LATE = "late"
    NO_SHOW = "no_show"
    LEFT = "left"


@strawberry.enum(
    description="What an exception went against: the order of the waiting list, a quota, the capacity, or the release "
    "that a superior had still to give."
)
class ExceptionKind(enum.Enum):
    ORDER = "order"
    QUOTA = "quota"
    PLACES = "places"
    RELEASE = "release"


@strawberry.enum
class Leg(enum.Enum):
    THERE = "there"
    BACK = "back"


@strawberry.type(description="One person and one event. Positions count from 1 and are there for those who wait.")
class ParticipantRegistration:
    navigator: Navigator
    city: City
    state: RegistrationState
    release: ReleaseState
    direct: bool = strawberry.field(description="Takes a place that becomes free without being asked again.")
    offered_until: dt.datetime | None
    position: int | None
    city_position: int | None = strawberry.field(description="Among those of the same city.")
    substitute: Navigator | None = strawberry.field(description="Who took the place over.")
    key: strawberry.Private[str]

    @classmethod
    def of(cls, row: reading.Standing, key: str = "") -> Self:
        return cls(
            navigator=Navigator(id=ID(str(row.navigator_id))),
            city=City(ags=ID(row.ags)),
            state=RegistrationState(row.state),
            release=ReleaseState(row.release),
            direct=row.direct,
            offered_until=row.offered_until,
            position=row.position,
            city_position=row.city_position,
            substitute=Navigator(id=ID(str(row.substitute))) if row.substitute else None,
            key=key,
        )


@strawberry.type(description="From so many inhabitants on, a city gets so many places.")
class SizeStep:
    population: int
    places: int


@strawberry.type
class StateCount:
    state: RegistrationState
    count: int


@strawberry.type(description="How one city of the event stands; without `quota` only the capacity limits it.")
class CityRegistrations:
    city: City
    quota: int | None
    taken: int
    free: int | None = strawberry.field(description="Of its quota; less than 0 after exceptions.")
    counts: list[StateCount]


@strawberry.type(description="What the organiser did against the rules, and why. The list only grows.")
class RegistrationException:
    navigator: Navigator | None = strawberry.field(description="For the organiser and the person's own city.")
    city: City
    kind: ExceptionKind
    reason: str
    at: dt.datetime


@strawberry.type(description="What somebody needs on the day; deleted the day after.")
class Needs:
    navigator: Navigator
    diet: str
    access: str
    step_free: bool
    hearing_loop: bool

    @classmethod
    def of(cls, row: m.Need) -> Self:
        return cls(
            navigator=Navigator(id=ID(str(row.navigator_id))), diet=row.diet, access=row.access,
            step_free=row.step_free, hearing_loop=row.hearing_loop,
        )  # fmt: skip


@strawberry.type(description="Somebody who has or hopes for a place and lacks modules that come before the event's.")
class UnpreparedPerson:
    navigator: Navigator
    modules: list[Module]


@strawberry.type(description="How an event gives its places, and how it stands; cities see their own people only.")
class EventRegistration:
    event: strawberry.Private[m.Event]
    rules: strawberry.Private[m.RegistrationRules]
    opens_at: dt.datetime | None
    closes_at: dt.datetime | None
    places: int | None
    sizes: list[SizeStep]
    release_needed: bool
    offer_hours: int

    @strawberry.field(description="Each city with its quota; only the own one for who is not the organiser.")
    async def cities(self, info: Info[Any, Any]) -> list[CityRegistrations]:
        only = None if access.organises(who(info), self.event) else who(info).city
        async with read(info, SERVICE) as session:
            found = await reading.counts(session, self.event, self.rules)
        return [
            CityRegistrations(
                city=City(ags=ID(one.ags)),
                quota=one.quota,
                taken=one.taken,
                free=None if one.quota is None else one.quota - one.taken,
                counts=[StateCount(state=RegistrationState(k), count=n) for k, n in sorted(one.states.items())],
            )
            for one in found
            if only in (None, one.ags)
        ]

    @strawberry.field(description="By name; the waiting list alone (`states: [WAITING]`) in its order.")
    async def registrations(
        self,
        info: Info[Any, Any],
        states: list[RegistrationState] | None = None,
        releases: list[ReleaseState] | None = None,
        city: ID | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> Connection[ParticipantRegistration]:
        own = None if access.organises(who(info), self.event) else who(info).city
        place = place_of(after)
        size = page_size(first)
        chosen = [one.value for one in dict.fromkeys(states or ())]
        if own is not None and city not in (None, own):
            return Connection.of([], lambda node: node.key, first, after)
        async with read(info, SERVICE) as session:
            rows = await reading.page(
                session, self.event.id, size + 1, after=place, city=own or city, states=chosen,
                releases=[one.value for one in dict.fromkeys(releases or ())],
            )  # fmt: skip
        nodes = [ParticipantRegistration.of(row, encode_cursor(key, str(row.navigator_id))) for row, key in rows]
        return Connection.of(nodes, lambda node: node.key, first, after)

    @strawberry.field(description="Oldest first.")
    async def exceptions(self, info: Info[Any, Any]) -> list[RegistrationException]:
        asking = who(info)
        return [
            RegistrationException(
                navigator=Navigator(id=ID(str(row.navigator_id)))
                if row.navigator_id and (access.organises(asking, self.event) or asking.city == row.ags)
                else None,
                city=City(ags=ID(row.ags)),
                kind=ExceptionKind(row.kind),
                reason=row.reason,
                at=row.at,
            )
            for row in await load(info, SERVICE, reading.exceptions, self.event.id)
        ]

    @strawberry.field(description="For the organiser only, until the day after.")
    async def needs(self, info: Info[Any, Any]) -> list[Needs]:
        if not access.organises(who(info), self.event):
            return []
        return [Needs.of(row) for row in await load(info, SERVICE, reading.needs, self.event.id)]

    @strawberry.field(description="Who lacks modules that come before the event's, by name; for the organiser only.")
    async def unprepared(self, info: Info[Any, Any]) -> list[UnpreparedPerson]:
        if not access.organises(who(info), self.event):
            return []
        async with here(info, SERVICE).db.read(HUB) as session:
            found = await reading.unprepared(session, self.event)
        return [
            UnpreparedPerson(navigator=Navigator(id=ID(str(key))), modules=[Module.of(row) for row in rows])
            for key, rows in found
        ]


@strawberry.type
class BoardingPoint:
    id: ID
    name: str
    leaves: dt.datetime


@strawberry.type(description="A seat that somebody has; `present` as the roll-call found it.")
class Seat:
    navigator: Navigator
    seat: int
    point: ID
    present: bool | None


@strawberry.type(description="A bus or car; it leaves `delay` minutes later than its points say.")
class Vehicle:
    row: strawberry.Private[m.Vehicle]
    id: ID
    name: str
    leg: Leg
    seats: int
    delay: int

    @classmethod
    def of(cls, row: m.Vehicle) -> Self:
        return cls(row=row, id=ID(str(row.id)), name=row.name, leg=Leg(row.leg), seats=row.seats, delay=row.delay)

    @strawberry.field
    async def points(self, info: Info[Any, Any]) -> list[BoardingPoint]:
        rows = await load(info, SERVICE, transport.points, self.row.id)
        return [BoardingPoint(id=ID(str(row.id)), name=row.name, leaves=row.leaves) for row in rows]

    @strawberry.field
    async def free(self, info: Info[Any, Any]) -> int:
        return self.row.seats - int(await load(info, SERVICE, transport.taken, self.row.id))

    @strawberry.field(description="By seat, for the organiser and the event's cities.")
    async def aboard(self, info: Info[Any, Any]) -> list[Seat]:
        return [
            Seat(navigator=Navigator(id=ID(str(row.navigator_id))), seat=row.seat, point=ID(str(row.point_id)),
                 present=row.present)
            for row in await load(info, SERVICE, transport.aboard, self.row.id)
        ]  # fmt: skip


@strawberry.type(description="Whether a participant came.")
class Attendance:
    navigator: Navigator
    state: AttendanceState
    at: dt.datetime | None = strawberry.field(description="When that was noted.")


async def registration_of(info: Info[Any, Any], event: m.Event) -> EventRegistration | None:
    """For the organiser and the event's cities; null where the event has none."""
    if not access.may_see_people(who(info), event):
        return None
    rules = await load(info, SERVICE, reading.rules, event.id)
    return None if rules is None else EventRegistration(
        event=event, rules=rules, opens_at=rules.opens_at, closes_at=rules.closes_at, places=rules.places,
        sizes=[SizeStep(population=least, places=places) for least, places in rules.sizes],
        release_needed=rules.release_needed, offer_hours=rules.offer_hours,
    )  # fmt: skip


async def vehicles_of(info: Info[Any, Any], event: m.Event) -> list[Vehicle]:
    if not access.may_see_people(who(info), event):
        return []
    return [Vehicle.of(row) for row in await load(info, SERVICE, transport.vehicles, event.id)]


async def attendance_of(info: Info[Any, Any], event: m.Event) -> list[Attendance]:
    if not access.may_see_people(who(info), event):
        return []
    return [
        Attendance(
            navigator=Navigator(id=ID(str(row.navigator_id))), state=AttendanceState(row.attendance),
            at=row.attendance_at,
        )
        for row in await load(info, SERVICE, attendance.of, event.id)
    ]  # fmt: skip
