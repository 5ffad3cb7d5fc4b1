"""Series of meetings: made, changed, called off."""

import enum
import uuid
from typing import Any

import strawberry
from strawberry import ID, Info

from services.events import access, intake, series
from services.events import models as m
from services.events.graphql.changing import changed_all
from services.events.graphql.inputs import EventInput
from services.events.graphql.types import SERVICE, Event, Series
from services.events.registration import organising
from services.kit.db import Reader, Writer
from services.kit.resolvers import here, who


@strawberry.enum(description="Which meetings of a series are meant.")
class SeriesScope(enum.Enum):
    THIS = "THIS"
    FOLLOWING = "FOLLOWING"
    ALL = "ALL"


@strawberry.type
class Mutation:
    @strawberry.mutation(
        description="A series of meetings that starts with this one: an event for each day that the rule gives "
        "(RRULE, RFC 5545, such as FREQ=MONTHLY;BYDAY=2TU;COUNT=10), at most 100."
    )
    async def create_series(self, info: Info[Any, Any], event: EventInput, rule: str) -> Series:
        runtime, asking = here(info, SERVICE), who(info)
        wanted = event.as_draft()
        access.may_hold(asking, {wanted.host, *wanted.guests})
        await runtime.refresh("directory")
        async with runtime.db.begin(asking.acting) as session:
            row, events = await series.create(session, asking.subject, wanted, rule)
            await runtime.say(session, await intake.messages(session, events))
        return Series(id=ID(str(row.id)), rule=row.rule)

    @strawberry.mutation(
        description="Make a meeting of a series what is given, and with it the following or all, whose days move as "
        "its does or follow the new rule. Those that were changed alone keep their own, unless `overwrite`; those "
        "that were called off stay so. Gives the events that changed."
    )
    async def change_series(
        self,
        info: Info[Any, Any],
        event: ID,
        scope: SeriesScope,
        change: EventInput,
        rule: str | None = None,
        overwrite: bool = False,
    ) -> list[Event]:
        wanted, by = change.as_draft(), who(info).subject
        access.may_hold(who(info), {wanted.host, *wanted.guests})

        async def change_all(session: Writer, row: m.Event) -> list[m.Event]:
            before = await _before(session, row)
            rows = await series.change(session, by, row, scope.value, wanted, rule=rule, overwrite=overwrite)
            await _tell(session, rows, before)
            return rows

        return await changed_all(info, event, change_all)

    @strawberry.mutation(description="Call off a meeting of a series, and with it the following or all.")
    async def cancel_series(self, info: Info[Any, Any], event: ID, scope: SeriesScope) -> list[Event]:
        async def cancel_all(session: Writer, row: m.Event) -> list[m.Event]:
            before = await _before(session, row)
            rows = await series.cancel(session, row, scope.value)
            await _tell(session, rows, before)
            return rows

        return await changed_all(info, event, cancel_all)


Before = dict[uuid.UUID, tuple[str, organising.Essence]]


async def _before(session: Reader, event: m.Event) -> Before:
    """Status of each meeting, and what people must hear of when it changes."""
    every = (await series.occurrences(session, [event.series_id]))[0] if event.series_id else [event]
    return {one.id: (one.status, await organising.essence(session, one)) for one in every}


async def _tell(session: Writer, rows: list[m.Event], before: Before) -> None:
    """Have those written to who take part in a meeting that was changed or called off."""
    for one in rows:
        if one.id not in before:
            continue
        status, essence = before[one.id]
        if one.status == "cancelled" != status:
            await organising.tell_all(session, one, "event_cancelled")
        elif one.status != "cancelled":
            await organising.changed(session, one, essence)
