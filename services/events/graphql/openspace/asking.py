"""What can be asked about an open space, and followed."""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import strawberry
from strawberry import ID, Info

from services.events import access, trips
from services.events.graphql.openspace.inputs import SessionChange, changes_of
from services.events.graphql.openspace.plans import OpenSpaceQuality
from services.events.graphql.openspace.types import OpenSpaceBoard
from services.events.graphql.openspace.working import OpenSpace, shown
from services.events.graphql.types import SERVICE
from services.events.openspace import adjusting, board, planning, venue
from services.events.openspace.question import Question, faults
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, read, who


@strawberry.type(description="What changes by hand would make of a draft.")
class OpenSpaceAdjustment:
    before: OpenSpaceQuality
    after: OpenSpaceQuality
    broken_rules: list[str]


@strawberry.type
class OpenSpaceQuery:
    @strawberry.field(
        description="An event's open space; with a personal link also what it is for that person. Without link or "
        "token, what everybody may see."
    )
    async def open_space(self, info: Info[Any, Any], event: ID, link: str | None = None) -> OpenSpace:
        return await shown(info, event, link)

    @strawberry.field(description="What changes by hand would make of a draft, at once and without storing anything.")
    async def adjusted_open_space_plan(
        self, info: Info[Any, Any], plan: ID, changes: list[SessionChange]
    ) -> OpenSpaceAdjustment:
        wanted = changes_of(changes)
        async with read(info, SERVICE) as session:
            row = await planning.plan_by_id(session, plan)
            event = (await trips.by_id(session, [row.event_id]))[0]
            if event is None:
                raise NotFound(_("There is no such plan."))
            access.may_change(who(info), event)
            titles = await planning.titles(session, event)
            place = await venue.venue(session, event.id)
        made = adjusting.after(row, wanted)
        after = await adjusting.scored(row, made)
        asked = msgspec.convert(row.question, Question)
        return OpenSpaceAdjustment(
            before=OpenSpaceQuality.of(row.answer or {}),
            after=OpenSpaceQuality.of(after),
            broken_rules=[planning.told(fault, titles, place) for fault in faults(asked, made.agenda)],
        )


@strawberry.type
class OpenSpaceSubscription:
    @strawberry.subscription(description="An event's published agenda now and whenever it changes.")
    async def open_space_board(self, info: Info[Any, Any], id: ID) -> AsyncGenerator[OpenSpaceBoard, None]:
        key = as_uuid(id)
        if key is None:
            raise NotFound(_("There is no such event."))
        async for now in board.of(here(info, SERVICE)).follow(key):
            yield OpenSpaceBoard.of(now.board)
