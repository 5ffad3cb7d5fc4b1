"""The events' subgraph: it owns Event and adds the events to a City."""

from typing import Any

import strawberry
from strawberry import ID, Info
from strawberry.federation import Schema
from strawberry.tools import merge_types

from services.events.graphql.changing import Mutation
from services.events.graphql.openspace.asking import OpenSpaceQuery, OpenSpaceSubscription
from services.events.graphql.openspace.organising import Organising
from services.events.graphql.openspace.taking_part import TakingPart
from services.events.graphql.types import City, Event, event_of, event_page
from services.kit.graphql import FEDERATION_VERSION, Connection

__all__ = ["schema"]


@strawberry.type
class Query:
    @strawberry.field
    async def event(self, info: Info[Any, Any], id: ID) -> Event | None:
        return await event_of(info, id)

    @strawberry.field(description="Events, newest first; of one city (AGS) if given.")
    async def events(
        self, info: Info[Any, Any], city: ID | None = None, first: int = 20, after: str | None = None
    ) -> Connection[Event]:
        return await event_page(info, first, after, city)


schema = Schema(
    query=merge_types("Query", (Query, OpenSpaceQuery)),
    mutation=merge_types("Mutation", (Mutation, TakingPart, Organising)),
    subscription=merge_types("Subscription", (OpenSpaceSubscription,)),
    types=[City],
    federation_version=FEDERATION_VERSION,
)
