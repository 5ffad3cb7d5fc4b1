"""What people do with the link of a mail and without an account: their registration, and a superior's release."""

import datetime as dt
from typing import Any

import strawberry
from strawberry import ID, Info

from services.events import daylinks
from services.events.graphql.modules import Module
from services.events.graphql.registration.types import BoardingPoint, Leg, RegistrationState, ReleaseState
from services.events.graphql.types import SERVICE, Event
from services.events.registration import links, own, reading, release, transport
from services.events.registration.reading import Key, Standing
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here


@strawberry.type(description="Somebody of the same city who could take the place over.")
class Colleague:
    id: ID
    name: str


@strawberry.type
class MyNeeds:
    diet: str
    access: str
    step_free: bool
    hearing_loop: bool


@strawberry.type(description="A vehicle to choose a seat in; it leaves `delay` minutes later than its points say.")
class VehicleChoice:
    id: ID
    name: str
    leg: Leg
    delay: int
    free: int
    points: list[BoardingPoint]


@strawberry.type(description="A seat of one's own.")
class MySeat:
    leg: Leg
    vehicle: ID
    point: ID
    seat: int


@strawberry.type(description="Where the person stands whose link it is. Positions count from 1, for those who wait.")
class MyRegistration:
    key: strawberry.Private[Key]
    state: RegistrationState
    release: ReleaseState
    superior: str = strawberry.field(description="Who is asked for the release; deleted after the day.")
    direct: bool
    offered_until: dt.datetime | None
    position: int | None
    city_position: int | None = strawberry.field(description="Among those of the same city.")

    @classmethod
    def of(cls, row: Standing) -> "MyRegistration":
        return cls(
            key=(row.event_id, row.navigator_id), state=RegistrationState(row.state),
            release=ReleaseState(row.release), superior=row.superior, direct=row.direct,
            offered_until=row.offered_until, position=row.position, city_position=row.city_position,
        )  # fmt: skip

    @strawberry.field
    async def event(self, info: Info[Any, Any]) -> Event:
        return Event.of((await own.known(here(info, SERVICE), self.key))[0])

    @strawberry.field
    async def name(self, info: Info[Any, Any]) -> str:
        return (await own.known(here(info, SERVICE), self.key))[1].name

    @strawberry.field
    async def needs(self, info: Info[Any, Any]) -> MyNeeds | None:
        need = (await own.known(here(info, SERVICE), self.key))[2]
        if need is None:
            return None
        return MyNeeds(diet=need.diet, access=need.access, step_free=need.step_free, hearing_loop=need.hearing_loop)

    @strawberry.field(description="Modules to attend before this one, which the person neither did nor has booked.")
    async def missing_modules(self, info: Info[Any, Any]) -> list[Module]:
        async with here(info, SERVICE).db.read(HUB) as session:
            found = await own.missing_modules(session, self.key)
        return [Module.of(row) for row in found]

    @strawberry.field(description="The vehicles of the event, to choose a seat.")
    async def vehicles(self, info: Info[Any, Any]) -> list[VehicleChoice]:
        async with here(info, SERVICE).db.read(HUB) as session:
            (rows,) = await transport.vehicles(session, [self.key[0]])
            keys = [row.id for row in rows]
            points, taken = await transport.points(session, keys), await transport.taken(session, keys)
        return [
            VehicleChoice(
                id=ID(str(row.id)), name=row.name, leg=Leg(row.leg), delay=row.delay, free=row.seats - used,
                points=[BoardingPoint(id=ID(str(one.id)), name=one.name, leaves=one.leaves) for one in stops],
            )
            for row, stops, used in zip(rows, points, taken, strict=True)
        ]  # fmt: skip

    @strawberry.field
    async def seats(self, info: Info[Any, Any]) -> list[MySeat]:
        async with here(info, SERVICE).db.read(HUB) as session:
            (rows,) = await transport.mine(session, [self.key])
        return [
            MySeat(leg=Leg(row.leg), vehicle=ID(str(row.vehicle_id)), point=ID(str(row.point_id)), seat=row.seat)
            for row in rows
        ]

    @strawberry.field(description="Who of the same city could take the place over, by name.")
    async def colleagues(self, info: Info[Any, Any]) -> list[Colleague]:
        async with here(info, SERVICE).db.read(HUB) as session:
            rows = await own.colleagues(session, self.key)
        return [Colleague(id=ID(str(row.id)), name=row.name) for row in rows]


@strawberry.type(description="What a superior is asked; `open` while it can be decided with this link.")
class ReleaseRequest:
    event: Event
    name: str
    department: str
    release: ReleaseState
    open: bool


async def key_of(info: Info[Any, Any], link: str) -> Key:
    """Raises NotFound for a link that does not count."""
    return await daylinks.of_event(here(info, SERVICE), link)


@strawberry.type
class Query:
    @strawberry.field(description="With the end of the link in an invitation; null once it does not count.")
    async def my_registration(self, info: Info[Any, Any], link: str) -> MyRegistration | None:
        key = await key_of(info, link)
        async with here(info, SERVICE).db.read(HUB) as session:
            (row,) = await reading.standings(session, [key])
        return MyRegistration.of(row) if row else None

    @strawberry.field(description="With the end of the link in the mail to a superior. Looking decides nothing.")
    async def release_request(self, info: Info[Any, Any], link: str) -> ReleaseRequest:
        found = await release.asked(here(info, SERVICE), link)
        return ReleaseRequest(
            event=Event.of(found.event), name=found.person.name, department=found.person.department,
            release=ReleaseState(found.release), open=found.open,
        )  # fmt: skip


@strawberry.type
class Mutation:
    @strawberry.mutation(description="Register: a place, or the end of the waiting list; or take a place on offer.")
    async def register_for_event(
        self, info: Info[Any, Any], link: str, superior: str = "", direct: bool = False
    ) -> MyRegistration:
        key = await key_of(info, link)
        return MyRegistration.of(await own.register(here(info, SERVICE), key, superior, direct=direct))

    @strawberry.mutation(description="Decline, leave the waiting list, or give the place back.")
    async def decline_event(self, info: Info[Any, Any], link: str) -> MyRegistration:
        return MyRegistration.of(await own.decline(here(info, SERVICE), await key_of(info, link)))

    @strawberry.mutation(description="A colleague of the same city takes the place over, until the last minute.")
    async def hand_over_place(self, info: Info[Any, Any], link: str, to: ID) -> MyRegistration:
        key, colleague = await key_of(info, link), as_uuid(to)
        if colleague is None:
            raise NotFound(_("The directory has no such navigator."))
        return MyRegistration.of(await own.hand_over(here(info, SERVICE), key, colleague))

    @strawberry.mutation(description="Have a superior asked for the release; only the newest mail counts.")
    async def ask_for_release(self, info: Info[Any, Any], link: str, superior: str) -> MyRegistration:
        return MyRegistration.of(await release.ask(here(info, SERVICE), *await key_of(info, link), superior))

    @strawberry.mutation(description="What one needs on the day: seen by the organiser alone, deleted the day after.")
    async def set_my_needs(
        self, info: Info[Any, Any], link: str, diet: str = "", access: str = "", step_free: bool = False,
        hearing_loop: bool = False,
    ) -> MyRegistration:  # fmt: skip
        key, here_ = await key_of(info, link), here(info, SERVICE)
        return MyRegistration.of(
            await own.set_needs(here_, key, diet, access, step_free=step_free, hearing_loop=hearing_loop)
        )

    @strawberry.mutation(description="A seat in the vehicle that comes to this boarding point.")
    async def take_seat(self, info: Info[Any, Any], link: str, point: ID) -> MyRegistration:
        key, at = await key_of(info, link), as_uuid(point)
        if at is None:
            raise NotFound(_("There is no such boarding point."))
        return MyRegistration.of(await transport.board(here(info, SERVICE), key, at))

    @strawberry.mutation(description="Give the seat back and travel by oneself.")
    async def leave_seat(self, info: Info[Any, Any], link: str, leg: Leg) -> MyRegistration:
        return MyRegistration.of(await transport.alight(here(info, SERVICE), await key_of(info, link), leg.value))

    @strawberry.mutation(description="The superior's decision, once; the person is told by mail.")
    async def decide_release(self, info: Info[Any, Any], link: str, release_given: bool) -> ReleaseState:
        done = await release.decide(here(info, SERVICE), link, given=release_given)
        return ReleaseState(done.release)

    @strawberry.mutation(description="With the link of an invitation: no invitations any more.")
    async def end_invitations(self, info: Info[Any, Any], link: str) -> bool:
        runtime = here(info, SERVICE)
        await own.no_invitations(runtime, links.of_invitations(runtime.settings, link))
        return True
