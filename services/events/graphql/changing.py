"""Making and changing events, and who takes part."""

from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from strawberry import ID, Info

from services.events import access, intake, trips
from services.events import models as m
from services.events.graphql.inputs import EventInput
from services.events.graphql.types import SERVICE, Event
from services.kit.db import Reader, Writer
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, who


async def own_event(info: Info[Any, Any], session: Reader, value: str) -> m.Event:
    """An event that the caller may change. Raises NotFound or Forbidden."""
    key = as_uuid(value)
    event = (await trips.by_id(session, [key]))[0] if key else None
    if event is None:
        raise NotFound(_("There is no such event."))
    access.may_change(who(info), event)
    return event


async def changed_all(
    info: Info[Any, Any], value: str, change: Callable[[Writer, m.Event], Awaitable[list[m.Event]]]
) -> list[Event]:
    """One unit of work on an event that the caller may change, and on others with it; those that changed.

    Raises NotFound or Forbidden.
    """
    runtime, asking = here(info, SERVICE), who(info)
    await runtime.refresh("directory")
    async with runtime.db.begin(asking.acting) as session:
        rows = await change(session, await own_event(info, session, value))
        await runtime.say(session, await intake.messages(session, rows))
    return [Event.of(row) for row in rows]


async def changed(info: Info[Any, Any], value: str, change: Callable[[Writer, m.Event], Awaitable[m.Event]]) -> Event:
    """As `changed_all`, of one event."""

    async def one(session: Writer, event: m.Event) -> list[m.Event]:
        return [await change(session, event)]

    return (await changed_all(info, value, one))[0]


@strawberry.type
class Mutation:
    @strawberry.mutation(description="A new event, organised by the calling client.")
    async def create_event(self, info: Info[Any, Any], event: EventInput) -> Event:
        runtime, asking = here(info, SERVICE), who(info)
        wanted = event.as_draft()
        access.may_hold(asking, {wanted.host, *wanted.guests})
        await runtime.refresh("directory")
        async with runtime.db.begin(asking.acting) as session:
            row = await trips.create(session, asking.subject, wanted)
            await runtime.say(session, await intake.messages(session, [row]))
        return Event.of(row)

    @strawberry.mutation(description="Replace an event's data and agenda; participants and the confirmed plan stay.")
    async def change_event(self, info: Info[Any, Any], id: ID, event: EventInput) -> Event:
        wanted = event.as_draft()
        access.may_hold(who(info), {wanted.host, *wanted.guests})
        return await changed(info, id, lambda session, row: trips.change(session, row, wanted))

    @strawberry.mutation(description="Call an event off; calendars show it as cancelled.")
    async def cancel_event(self, info: Info[Any, Any], id: ID) -> Event:
        return await changed(info, id, trips.cancel)

    @strawberry.mutation(description="Add navigators of the event's cities; who is in already stays.")
    async def add_participants(self, info: Info[Any, Any], event: ID, navigators: list[ID]) -> Event:
        return await changed(info, event, lambda session, row: trips.add_participants(session, row, navigators))

    @strawberry.mutation(description="Take navigators out of an event and off their seats.")
    async def remove_participants(self, info: Info[Any, Any], event: ID, navigators: list[ID]) -> Event:
        return await changed(info, event, lambda session, row: trips.remove_participants(session, row, navigators))
