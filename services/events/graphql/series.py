"""Series of meetings: made, changed, called off."""

import enum
from typing import Any

import strawberry
from strawberry import ID, Info

from services.events import access, changing, series
from services.events import models as m
from services.events.graphql.changing import changed_all
from services.events.graphql.inputs import EventInput
from services.events.graphql.types import SERVICE, Event, Series
from services.kit.db import Writer
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
        asking = who(info)
        wanted = event.as_draft()
        access.may_hold(asking, {wanted.host, *wanted.guests})
        made: list[m.Series] = []

        async def store(session: Writer) -> list[m.Event]:
            row, events = await series.create(session, asking.subject, wanted, rule)
            made.append(row)
            return events

        await changing.create_all(here(info, SERVICE), asking, store)
        (row,) = made
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
            return await series.rewrite(session, by, row, scope.value, wanted, rule=rule, overwrite=overwrite)

        return await changed_all(info, event, change_all)

    @strawberry.mutation(description="Call off a meeting of a series, and with it the following or all.")
    async def cancel_series(self, info: Info[Any, Any], event: ID, scope: SeriesScope) -> list[Event]:
        return await changed_all(info, event, lambda session, row: series.call_off(session, row, scope.value))
