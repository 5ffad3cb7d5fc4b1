"""What can be asked about plans, and followed."""

from collections.abc import AsyncGenerator
from typing import Any, cast

import strawberry
from strawberry import ID, Info

from services.kit.errors import Conflict, NotFound, Refused
from services.kit.graphql import Context
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, who
from services.matching import access, adjusting, progress
from services.matching.comparing import compared
from services.matching.graphql.answers import Adjustment
from services.matching.graphql.inputs import PlanChange, changes_of
from services.matching.graphql.plans import SERVICE, Plan, visible, visible_plan
from services.matching.graphql.weighing import PlanComparison


@strawberry.type
class Query:
    @strawberry.field(description="Null if there is none or the caller may not see it.")
    async def plan(self, info: Info[Any, Any], id: ID) -> Plan | None:
        return await visible_plan(info, id)

    @strawberry.field(
        description="Two plans of one event beside each other; null if the caller may not see both. Both are done."
    )
    async def compared_plans(self, info: Info[Any, Any], one: ID, other: ID) -> PlanComparison | None:
        first, second = await visible(info, one), await visible(info, other)
        if first is None or second is None:
            return None
        if first[1].id != second[1].id:
            raise Refused(_("Only plans of one event can be compared."))
        if first[0].answer is None or second[0].answer is None:
            raise Conflict(_("This plan is not finished yet."))
        return PlanComparison.of(compared(first[0], second[0]))

    @strawberry.field(description="What changes by hand would make of a plan, at once and without storing anything.")
    async def adjusted_plan(self, info: Info[Any, Any], plan: ID, changes: list[PlanChange]) -> Adjustment:
        found = await visible(info, plan)
        if found is None:
            raise NotFound(_("There is no such plan."))
        row, event = found
        access.may_plan(who(info), event)
        after = adjusting.changed(row, changes_of(changes))
        before = await adjusting.scored(row, (row.answer or {})["plan"])
        return Adjustment.of(before, await adjusting.scored(row, after.plan))


@strawberry.type
class Subscription:
    @strawberry.subscription(description="The plan whenever it got further; ends when it is done or failed.")
    async def plan_progress(self, info: Info[Any, Any], id: ID) -> AsyncGenerator[Plan, None]:
        context = cast("Context", info.context)
        async for _standing in progress.follow(here(info, SERVICE).db, who(info), as_uuid(id)):
            context.loaders.clear()  # a loader remembers its answers for one request, and this one is long
            plan = await visible_plan(info, id)
            if plan is not None:
                yield plan
