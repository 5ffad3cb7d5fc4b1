"""One unit of work on an event, as its organiser: the same for the graph and for pages."""

import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.events import access, intake, trips
from services.events.models import Event
from services.kit.auth import Principal
from services.kit.db import Reader, Writer
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.service import Runtime

T = TypeVar("T")


async def own(session: Reader, who: Principal, key: uuid.UUID | None) -> Event:
    """An event that `who` may change. Raises NotFound or Forbidden."""
    event = (await trips.by_id(session, [key]))[0] if key else None
    if event is None:
        raise NotFound(_("There is no such event."))
    access.may_change(who, event)
    return event


async def unit(
    runtime: Runtime,
    who: Principal,
    key: uuid.UUID | None,
    change: Callable[[Writer, Event], Awaitable[T]],
    *,
    say: bool = True,
) -> T:
    """What `change` gives; with `say`, the others hear of the event anew. Raises NotFound or Forbidden."""
    await runtime.refresh("directory")
    async with runtime.db.begin(who.acting) as session:
        event = await own(session, who, key)
        done = await change(session, event)
        if say:
            await runtime.say(session, await intake.messages(session, [event]))
    return done


async def create(runtime: Runtime, who: Principal, make: Callable[[Writer], Awaitable[Event]]) -> Event:
    """A new event, of which the others hear; `make` stores it."""

    async def one(session: Writer) -> list[Event]:
        return [await make(session)]

    return (await create_all(runtime, who, one))[0]


async def create_all(runtime: Runtime, who: Principal, make: Callable[[Writer], Awaitable[list[Event]]]) -> list[Event]:
    """As `create`, for several at once."""
    await runtime.refresh("directory")
    async with runtime.db.begin(who.acting) as session:
        rows = await make(session)
        await runtime.say(session, await intake.messages(session, rows))
    return rows


async def unit_all(
    runtime: Runtime, who: Principal, key: uuid.UUID | None, change: Callable[[Writer, Event], Awaitable[list[Event]]]
) -> list[Event]:
    """As `unit`, for a change of an event and others with it, of which the others hear; those that changed."""

    async def all_of_them(session: Writer, event: Event) -> list[Event]:
        rows = await change(session, event)
        await runtime.say(session, await intake.messages(session, rows))
        return rows

    return await unit(runtime, who, key, all_of_them, say=False)
