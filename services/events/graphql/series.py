"""Series of meetings: made, changed, called off."""

import enum
from typing import Any

import strawberry
from strawberry import ID, Info

from services.events import access, intake, series
from services.events.graphql.changing import changed_all
from services.events.graphql.inputs import EventInput
from services.events.graphql.types import SERVICE, Event, Series
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
        wanted = change.as_draft()
        access.may_hold(who(info), {wanted.host, *wanted.guests})
        return await changed_all(
            info,
            event,
            lambda session, row: series.change(session, row, scope.value, wanted, rule=rule, overwrite=overwrite),
        )

    @strawberry.mutation(description="Call off a meeting of a series, and with it the following or all.")
    async def cancel_series(self, info: Info[Any, Any], event: ID, scope: SeriesScope) -> list[Event]:
        return await changed_all(info, event, lambda session, row: series.cancel(session, row, scope.value))
