"""Where an event takes place."""

import uuid
from typing import Any

import strawberry
from strawberry import ID, Info

from services.events import timetable
from services.events.graphql.parts import Room, RoomFeature
from services.kit.resolvers import load


@strawberry.type
class Venue:
    event: strawberry.Private[uuid.UUID]
    name: str
    address: str

    @strawberry.field
    async def rooms(self, info: Info[Any, Any]) -> list[Room]:
        return [
            Room(
                id=ID(str(room.id)),
                name=room.name,
                capacity=room.capacity,
                features=[RoomFeature(one) for one in room.features],
            )
            for room in await load(info, "events", timetable.rooms, self.event)
        ]
