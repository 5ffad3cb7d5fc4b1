"""Personal calendars, and what a person without an account may see of an event with their link."""

from typing import Any

import strawberry
from strawberry import ID, Info

from services.events import feeds
from services.events.graphql.linked import at, person
from services.events.graphql.types import SERVICE
from services.kit.db import HUB
from services.kit.resolvers import here


@strawberry.type
class Query:
    @strawberry.field(description="Where an event takes place online, for those who take part; `link` is their own.")
    async def online_link(self, info: Info[Any, Any], link: str, event: ID) -> str | None:
        key, who = await at(info, link, event)
        runtime = here(info, SERVICE)
        await runtime.refresh()
        async with runtime.db.read(HUB) as session:
            return await feeds.online_link(session, who, key)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        description="The address of one's own calendar, for calendar programs to subscribe to; the same for years "
        "unless it is revoked. `link` is the person's own."
    )
    async def open_calendar(self, info: Info[Any, Any], link: str) -> str:
        who, runtime = await person(info, link), here(info, SERVICE)
        await runtime.refresh()
        async with runtime.db.begin(HUB) as session:
            token = await feeds.opened(session, runtime.settings, who)
        return f"{runtime.settings.url_of(SERVICE)}/events/calendars/{token}/calendar.ics"

    @strawberry.mutation(description="End every address of one's own calendar; whether there was one.")
    async def revoke_calendar(self, info: Info[Any, Any], link: str) -> bool:
        who, runtime = await person(info, link), here(info, SERVICE)
        async with runtime.db.begin(HUB) as session:
            return await feeds.revoke(session, who)
