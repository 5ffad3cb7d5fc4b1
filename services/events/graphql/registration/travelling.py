"""What organisers write of buses."""

from typing import Any

import strawberry
from strawberry import ID, Info

from services.events.graphql.changing import unit
from services.events.graphql.registration.types import Leg
from services.events.graphql.types import Event
from services.events.registration import transport
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid


@strawberry.input(description="`leaves` is HH:MM on the event's clock; with `id`, a point that there is.")
class BoardingPointInput:
    name: str
    leaves: str
    id: ID | None = None


@strawberry.input(description="With `id`, a vehicle that there is.")
class VehicleInput:
    name: str
    seats: int
    points: list[BoardingPointInput]
    leg: Leg = Leg.THERE
    id: ID | None = None

    def as_draft(self) -> transport.Draft:
        points = tuple(
            transport.Point(one.name, one.leaves, known(one.id) if one.id is not None else None) for one in self.points
        )
        return transport.Draft(
            self.name, self.leg.value, self.seats, points, known(self.id) if self.id is not None else None
        )


def known(value: str) -> Any:
    """Raises NotFound for what is no id."""
    key = as_uuid(value)
    if key is None:
        raise NotFound(_("There is no such vehicle or boarding point."))
    return key


@strawberry.type
class Mutation:
    @strawberry.mutation(description="A new vehicle, or one changed; who boards at a point that stays keeps the seat.")
    async def set_vehicle(self, info: Info[Any, Any], event: ID, vehicle: VehicleInput) -> Event:
        draft = vehicle.as_draft()
        return Event.of(
            await unit(info, event, lambda session, row: transport.set_vehicle(session, row, draft), say=False)
        )

    @strawberry.mutation(description="Remove a vehicle with all its seats; who had one is told.")
    async def remove_vehicle(self, info: Info[Any, Any], event: ID, vehicle: ID) -> Event:
        key = known(vehicle)
        return Event.of(
            await unit(info, event, lambda session, row: transport.remove_vehicle(session, row, key), say=False)
        )

    @strawberry.mutation(description="It runs late by so many minutes; who sits in it is told.")
    async def delay_vehicle(self, info: Info[Any, Any], event: ID, vehicle: ID, minutes: int) -> Event:
        key = known(vehicle)
        return Event.of(
            await unit(info, event, lambda session, row: transport.delay(session, row, key, minutes), say=False)
        )

    @strawberry.mutation(description="Seats for people who board at this point, for all of them or for none.")
    async def assign_seats(self, info: Info[Any, Any], event: ID, point: ID, navigators: list[ID]) -> Event:
        key = known(point)
        return Event.of(
            await unit(info, event, lambda session, row: transport.seat(session, row, key, navigators), say=False)
        )

    @strawberry.mutation(
        description="The roll-call of a vehicle: who is there, so that they attend the event, and who not."
    )
    async def call_roll(
        self, info: Info[Any, Any], event: ID, vehicle: ID, present: list[ID], absent: list[ID]
    ) -> Event:
        key = known(vehicle)
        return Event.of(
            await unit(info, event, lambda session, row: transport.roll_call(session, row, key, present, absent))
        )
