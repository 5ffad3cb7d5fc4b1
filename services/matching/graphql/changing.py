"""What organisers do with plans."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import strawberry
from strawberry import ID, Info

from services.kit.db import HUB, Writer
from services.kit.errors import Conflict, NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, who
from services.matching import access, adjusting, days, jobs, met, rounds
from services.matching.graphql.inputs import (
    PlanChange,
    PlanRoundsInput,
    ReplanRoundsInput,
    budget,
    changes_of,
    today,
    wishes,
)
from services.matching.graphql.plans import SERVICE, Plan
from services.matching.models import Event
from services.matching.models import Plan as Row
from services.matching.problem import check, may_wish
from services.matching.question import Met, Question
from services.matching.strength import Strength, Wish


@asynccontextmanager
async def _organised(info: Info[Any, Any], plan: str) -> AsyncIterator[tuple[Writer, Row, Event]]:
    """A unit of work on a plan of the organiser's. Raises NotFound and Forbidden."""
    runtime, asking, key = here(info, SERVICE), who(info), as_uuid(plan)
    async with runtime.db.begin(asking.acting) as session:
        row = await rounds.plan_by_id(session, key) if key else None
        event = await rounds.event_by_id(session, row.event_id) if row else None
        if row is None or event is None:
            raise NotFound(_("There is no such plan."))
        access.may_plan(asking, event)
        # Locked only now: who may see a plan and not change it would find none.
        await session.refresh(row, with_for_update=True)
        yield session, row, event


@strawberry.type
class Mutation:
    @strawberry.mutation(
        description="Ask for a plan of an event's rounds; follow it by `plan`, `planProgress` or its event stream."
    )
    async def plan_rounds(self, info: Info[Any, Any], input: PlanRoundsInput) -> Plan:
        runtime, asking = here(info, SERVICE), who(info)
        wanted = wishes(input)
        key = as_uuid(input.event)
        await runtime.refresh()
        earlier: Sequence[Met] = ()
        if key and wanted.earlier_meetings is not Strength.OFF:
            async with runtime.db.read(HUB) as everything:  # people of this event may have met at others' events
                earlier = await met.before(everything, key)
        async with runtime.db.begin(asking.acting) as session:
            event = await rounds.event_by_id(session, key) if key else None
            if event is None:
                raise NotFound(_("There is no such event."))
            access.may_plan(asking, event)
            asked = met.told(await rounds.question(session, event, wanted), earlier)
            check(asked)  # complains now and in words, not later in the job
            row = await rounds.ask(session, event, asked)
            await jobs.begin(session, runtime.queue, event, row)
        return Plan.of(row)

    @strawberry.mutation(description="Plan the rest of a running day anew: a new plan, whose parent is the one so far.")
    async def replan_rounds(self, info: Info[Any, Any], input: ReplanRoundsInput) -> Plan:
        runtime, now = here(info, SERVICE), today(input)
        allowed = budget(input.seconds, input.iterations, input.seed)
        await runtime.refresh()
        async with _organised(info, input.plan) as (session, row, event):
            before = msgspec.convert(row.question, Question)
            topics = {code for code, _parent in before.topics}
            people = await rounds.participants(session, event, topics, before.published)
            wanted = msgspec.structs.replace(before, **{"iterations": None, **allowed})
            gone = frozenset(str(one) for one in event.gone)
            asked = days.rest(row, people, msgspec.structs.replace(now, gone=gone), wanted)
            check(asked)
            child = await rounds.ask(session, event, asked, parent=row.id, wanted=input.confirm)
            await jobs.begin(session, runtime.queue, event, child)
        return Plan.of(child)

    @strawberry.mutation(description="Compute a plan's question again: with a budget of iterations, the same plan.")
    async def recompute_plan(self, info: Info[Any, Any], id: ID) -> Plan:
        runtime = here(info, SERVICE)
        async with _organised(info, id) as (session, row, event):
            asked = msgspec.convert(row.question, Question)
            check(asked)
            child = await rounds.ask(session, event, asked, parent=row.id)
            await jobs.begin(session, runtime.queue, event, child)
        return Plan.of(child)

    @strawberry.mutation(
        description="A second plan beside this one: the same people, rules and budget, with other weights. It is "
        "valued as this one is, so that `comparedPlans` shows what is gained and what is given up for it."
    )
    async def second_plan(self, info: Info[Any, Any], plan: ID, more: Wish) -> Plan:
        runtime = here(info, SERVICE)
        async with _organised(info, plan) as (session, row, event):
            asked = msgspec.structs.replace(msgspec.convert(row.question, Question), more=more)
            check(asked)
            may_wish(asked)
            child = await rounds.ask(session, event, asked, parent=row.id)
            await jobs.begin(session, runtime.queue, event, child)
        return Plan.of(child)

    @strawberry.mutation(description="End the search; the best plan so far becomes the answer.")
    async def cancel_plan(self, info: Info[Any, Any], id: ID) -> Plan:
        async with _organised(info, id) as (session, row, _event):
            await rounds.cancel(session, row)
            await session.refresh(row)
        return Plan.of(row)

    @strawberry.mutation(description="A copy of a finished plan, to change it by hand.")
    async def copy_plan(self, info: Info[Any, Any], id: ID) -> Plan:
        async with _organised(info, id) as (session, row, event):
            if row.answer is None:
                raise Conflict(_("This plan is not finished yet."))
            asked = msgspec.convert(row.question, Question)
            copied = {"answer": row.answer, "pinned": row.pinned, "adjustments": row.adjustments}
            child = await rounds.ask(session, event, asked, parent=row.id, **copied)
        return Plan.of(child)

    @strawberry.mutation(
        description="Change a copy by hand, all changes or none. `expected` is the version that was looked at: whoever "
        "comes second gets a conflict. Changes that break rules are stored, and shown in `brokenRules`."
    )
    async def adjust_plan(self, info: Info[Any, Any], plan: ID, expected: int, changes: list[PlanChange]) -> Plan:
        async with _organised(info, plan) as (session, row, _event):
            adjusting.may_change(row, expected)
            wanted = changes_of(changes)
            after = adjusting.changed(row, wanted)
            await adjusting.store(session, row, wanted, after, await adjusting.scored(row, after.plan))
            await session.refresh(row)
        return Plan.of(row)

    @strawberry.mutation(
        description="Make this plan the event's; it replaces any confirmed before. One that breaks hard rules is only "
        "confirmed with `despiteBrokenRules`."
    )
    async def confirm_plan(self, info: Info[Any, Any], id: ID, despite_broken_rules: bool = False) -> Plan:
        runtime = here(info, SERVICE)
        async with _organised(info, id) as (session, row, _event):
            said = await rounds.confirm(session, row, despite_broken_rules=despite_broken_rules)
            await runtime.say(session, [said])
            await session.refresh(row)
        return Plan.of(row)
