"""Setting up a harvest through GraphQL, and how it goes."""

import datetime as dt
from typing import Any

import strawberry
from strawberry import ID, Info

from services.directory import access, harvest, jobs
from services.directory.graphql.types import SERVICE
from services.kit.resolvers import here, read, who


@strawberry.type(description="What the hub reads for a city by itself.")
class Harvest:
    url: str
    usable: bool = strawberry.field(description="Whether the address counts as the city's own; only then it is read.")
    read_at: dt.datetime | None = strawberry.field(description="When it was last read well.")
    failures: int = strawberry.field(description="In a row.")
    problem: str | None = strawberry.field(description="Why the last reading failed.")
    waiting: bool = strawberry.field(description="Whether somebody has to agree on the page first.")


def _of(row: Any, usable: bool) -> Harvest:
    return Harvest(
        url=row.url,
        usable=usable,
        read_at=row.read_at,
        failures=row.failures,
        problem=row.problem,
        waiting=row.waiting is not None,
    )


@strawberry.type
class HarvestQuery:
    @strawberry.field(description="What the hub reads for your city; null if nothing.")
    async def harvest(self, info: Info[Any, Any], ags: ID) -> Harvest | None:
        access.may_publish(who(info), access.checked_ags(ags))
        async with read(info, SERVICE) as session:
            row = await harvest.of(session, ags)
            return _of(row, await harvest.usable(session, row)) if row else None


@strawberry.type
class HarvestMutation:
    @strawberry.mutation(
        description="Read your city's own https://…/.well-known/lotsennetz.json every hour and publish it; null "
        "ends it."
    )
    async def set_harvest(self, info: Info[Any, Any], ags: ID, url: str | None) -> Harvest | None:
        runtime, asking = here(info, SERVICE), who(info)
        access.may_publish(asking, access.checked_ags(ags))
        async with runtime.db.begin(asking.acting) as session:
            if url is None:
                await harvest.remove(session, asking, ags)
                return None
            row = await harvest.set_up(session, asking, ags, url, local=runtime.settings.outbound_local)
            await jobs.ask_for_harvest(session, runtime, ags)
            return _of(row, await harvest.usable(session, row))
