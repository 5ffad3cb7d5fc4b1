"""Making and changing events, and who takes part."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import strawberry
from strawberry import ID, Info

from services.events import access, changing, trips
from services.events import models as m
from services.events.draft import Draft
from services.events.graphql.inputs import EventInput
from services.events.graphql.types import SERVICE, Event
from services.events.registration import organising
from services.kit.db import Reader, Writer
from services.kit.resolvers import as_uuid, here, who

T = TypeVar("T")


async def own_event(info: Info[Any, Any], session: Reader, value: str) -> m.Event:
    """An event that the caller may change. Raises NotFound or Forbidden."""
    return await changing.own(session, who(info), as_uuid(value))


async def unit(
    info: Info[Any, Any], value: str, change: Callable[[Writer, m.Event], Awaitable[T]], *, say: bool = True
) -> T:
    """As `changing.unit`, for whoever asks the graph."""
    return await changing.unit(here(info, SERVICE), who(info), as_uuid(value), change, say=say)


async def changed_all(
    info: Info[Any, Any], value: str, change: Callable[[Writer, m.Event], Awaitable[list[m.Event]]]
) -> list[Event]:
    """As `changing.unit_all`, for whoever asks the graph."""
    rows = await changing.unit_all(here(info, SERVICE), who(info), as_uuid(value), change)
    return [Event.of(row) for row in rows]


async def changed(info: Info[Any, Any], value: str, change: Callable[[Writer, m.Event], Awaitable[m.Event]]) -> Event:
    """As `unit`, for a change that answers with the event."""
    return Event.of(await unit(info, value, change))


async def created(info: Info[Any, Any], wanted: Draft) -> Event:
    """A new event that the caller organises. Raises Refused or Forbidden."""
    asking = who(info)
    access.may_hold(asking, {wanted.host, *wanted.guests})
    row = await changing.create(
        here(info, SERVICE), asking, lambda session: trips.create(session, asking.subject, wanted)
    )
    return Event.of(row)


@strawberry.type
class Mutation:
    @strawberry.mutation(description="A new event, organised by the calling client.")
    async def create_event(self, info: Info[Any, Any], event: EventInput) -> Event:
        return await created(info, event.as_draft())

    @strawberry.mutation(description="Replace an event's data and agenda; participants and the confirmed plan stay.")
    async def change_event(self, info: Info[Any, Any], id: ID, event: EventInput) -> Event:
        wanted = event.as_draft()
        access.may_hold(who(info), {wanted.host, *wanted.guests})
        return await changed(info, id, lambda session, row: organising.rewrite(session, row, wanted))

    @strawberry.mutation(description="Call an event off; calendars show it as cancelled.")
    async def cancel_event(self, info: Info[Any, Any], id: ID) -> Event:
        return await changed(info, id, organising.cancel)

    @strawberry.mutation(description="Add navigators of the event's cities, as its registration allows if it has one.")
    async def add_participants(self, info: Info[Any, Any], event: ID, navigators: list[ID]) -> Event:
        return await changed(info, event, lambda session, row: organising.add(session, row, navigators))

    @strawberry.mutation(description="Take navigators out of an event and off their seats.")
    async def remove_participants(self, info: Info[Any, Any], event: ID, navigators: list[ID]) -> Event:
        return await changed(info, event, lambda session, row: organising.remove(session, row, navigators))
