"""Action items of all events: a city's or one's own, by their day, and ticked off."""

import datetime as dt
from typing import Any

import strawberry
from strawberry import ID, Info

from services.events import access, actions
from services.events.graphql.linked import whose
from services.events.graphql.openspace.types import ActionItem, ActionState
from services.events.graphql.types import SERVICE, Event
from services.kit.db import HUB
from services.kit.graphql import Connection, encode_cursor, page_size
from services.kit.resolvers import as_uuid, day_of, here, read, who


@strawberry.type
class ActionQuery:
    @strawberry.field(
        description="What is to be done after events that one organises or one's city is part of, by its day; what has "
        "no day comes last. `until`: due by then."
    )
    async def action_items(
        self,
        info: Info[Any, Any],
        city: ID | None = None,
        event: ID | None = None,
        until: dt.date | None = None,
        states: list[ActionState] | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> Connection[ActionItem]:
        place = day_of(after)
        key, wanted = as_uuid(event) if event else None, {one.value for one in states or ()}
        if event and key is None:
            return Connection.of([], lambda _node: "", page_size(first), after)
        async with read(info, SERVICE) as session:
            rows = await actions.page(
                session,
                page_size(first) + 1,
                after=place,
                city=city,
                event=key,
                until=until,
                states=sorted(wanted),
            )
        return Connection.of([ActionItem.of(row) for row in rows], _cursor, first, after)

    @strawberry.field(description="What whoever has the link has taken on, by its day.")
    async def my_action_items(self, info: Info[Any, Any], link: str) -> list[ActionItem]:
        mine = await whose(info, link)
        async with here(info, SERVICE).db.read(HUB) as session:
            return [ActionItem.of(row) for row in await actions.of_person(session, mine.person, mine.event)]


def _cursor(node: ActionItem) -> str:
    return encode_cursor((node.due or actions.NEVER).isoformat(), str(node.id))


@strawberry.type
class ActionMutation:
    @strawberry.mutation(
        description="Say how far an action item is, DONE if nothing else is said: as the organiser, for the city that "
        "it is for, or with the link of whoever has taken it on."
    )
    async def tick_action_item(
        self, info: Info[Any, Any], id: ID, state: ActionState = ActionState.DONE, link: str | None = None
    ) -> ActionItem:
        key, mine = as_uuid(id), await whose(info, link) if link else None
        if mine is None:
            access.ORGANISER.check(who(info))
            async with read(info, SERVICE) as seen:  # of what one does not see, one does not learn that it is there
                access.may_tick(who(info), *await actions.by_id(seen, key))
        async with here(info, SERVICE).db.begin(HUB) as session:
            if mine is not None:
                item = await actions.of(session, mine.person, key, mine.event)
            else:
                item, _event = await actions.by_id(session, key)
            return ActionItem.of(await actions.tick(session, item, state.value))


async def action_items_of(info: Info[Any, Any], event: Event) -> list[ActionItem]:
    if not access.may_see_people(who(info), event.row):
        return []
    async with read(info, SERVICE) as session:
        return [ActionItem.of(row) for row in await actions.page(session, actions.MOST_OF_ONE, event=event.row.id)]
