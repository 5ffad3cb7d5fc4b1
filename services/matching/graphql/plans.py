"""Plan and Event as the graph knows them."""

import uuid
from typing import Any, Self

import msgspec
import strawberry
from strawberry import ID, Info

from services.kit import jobs
from services.kit.resolvers import as_uuid, load, read, who
from services.matching import access, progress, rounds
from services.matching import models as m
from services.matching.graphql.answers import (
    BrokenRule,
    DayChanges,
    Navigator,
    PlannedRound,
    Progress,
    Provenance,
    Quality,
    RuleConflict,
    planned,
)
from services.matching.graphql.weighing import TradeOffs
from services.matching.question import Question
from services.matching.strength import Wish

SERVICE = "matching"


async def _statuses(session: Any, keys: list[uuid.UUID]) -> list[jobs.Status | None]:
    found = await jobs.status(session, m.Base.metadata, keys)
    return [found.get(key) for key in keys]


@strawberry.federation.type(keys=["id"], description="Rounds of tables for an event.")
class Plan:
    id: ID
    row: strawberry.Private[m.Plan]

    @classmethod
    def of(cls, row: m.Plan) -> Self:
        return cls(id=ID(str(row.id)), row=row)

    async def standing(self, info: Info[Any, Any]) -> progress.Standing:
        asked = self.row.answer is None and self.row.job_id is not None
        job = await load(info, SERVICE, _statuses, self.row.job_id) if asked else None
        return progress.standing(
            self.row.answer,
            cancelled=self.row.cancelled_at is not None,
            best=self.row.best is not None,
            job=job,
        )

    @strawberry.field
    def event(self) -> "Event":
        return Event(id=ID(str(self.row.event_id)))

    @strawberry.field
    async def state(self, info: Info[Any, Any]) -> progress.State:
        return (await self.standing(info)).state

    @strawberry.field(description="Why planning failed, if it did.")
    async def error(self, info: Info[Any, Any]) -> str | None:
        return (await self.standing(info)).error

    @strawberry.field
    async def progress(self, info: Info[Any, Any]) -> Progress:
        now = await self.standing(info)
        return Progress(percent=now.percent, objective=now.objective, upper_bound=now.upper_bound)

    @strawberry.field(description="Whether this is the plan the event goes by.")
    def confirmed(self) -> bool:
        return self.row.confirmed_at is not None

    @strawberry.field(description="Whether somebody ended the search early.")
    def cancelled(self) -> bool:
        return self.row.cancelled_at is not None

    @strawberry.field(description="The plan that this one was copied, recomputed or planned on from.")
    async def parent(self, info: Info[Any, Any]) -> "Plan | None":
        row = await load(info, SERVICE, rounds.plans_by_id, self.row.parent) if self.row.parent else None
        return Plan.of(row) if row else None

    @strawberry.field(description="Goes up with each change by hand; `adjustPlan` wants to know it.")
    def version(self) -> int:
        return self.row.version

    @strawberry.field(description="Whose seats are not to be changed.")
    def pinned(self) -> list[Navigator]:
        return [Navigator.of(str(one)) for one in self.row.pinned]

    @strawberry.field(
        description="Whether `rounds` are the best so far, of a search that has not ended with an answer. They may "
        "still break hard rules: `progress.objective` is null until there are some that do not."
    )
    def preliminary(self) -> bool:
        return rounds.preliminary(self.row)

    @strawberry.field(
        description="While the search goes on, its best so far (see `preliminary`); empty before there is one. Who is "
        "not there in a round has no seat."
    )
    def rounds(self) -> list[PlannedRound]:
        return planned(self.row)

    @strawberry.field(description="Null until the plan is done.")
    def quality(self) -> Quality | None:
        return Quality.of(self.row.answer) if self.row.answer else None

    @strawberry.field(
        description="Of what this plan was to have more than its parent; its figures count as the parent's do."
    )
    def more(self) -> Wish | None:
        wish = self.row.question.get("more")
        return Wish(wish) if wish else None

    @strawberry.field(
        description="What the plan gives to whom, and what it gives up; for the organiser only, null until it is done."
    )
    async def trade_offs(self, info: Info[Any, Any]) -> TradeOffs | None:
        answer = await self._for_organiser(info)
        return TradeOffs.of(answer) if "trade_offs" in answer else None

    @strawberry.field(description="The first hundred hard rules that the plan breaks; for the organiser only.")
    async def broken_rules(self, info: Info[Any, Any]) -> list[BrokenRule]:
        answer = await self._for_organiser(info)
        return [BrokenRule.of(found) for found in answer.get("violations", ())]

    @strawberry.field(
        description="Why no plan keeps all hard rules, or people fit no tables at all, where that was found out; for "
        "the organiser only."
    )
    async def conflict(self, info: Info[Any, Any]) -> RuleConflict | None:
        found = (await self._for_organiser(info)).get("conflict")
        return RuleConflict.of(found) if found else None

    async def _for_organiser(self, info: Info[Any, Any]) -> dict[str, Any]:
        """The answer or why there is none; empty for everybody else: who shall never meet whom is nobody's business."""
        event = await load(info, SERVICE, rounds.events_by_id, self.row.event_id)
        return (
            self.row.answer or self.row.failure or {}
            if event is not None and access.organises(who(info), event)
            else {}
        )

    @strawberry.field(description="For plans of a running day: what has changed; null until the plan is done.")
    def day(self) -> DayChanges | None:
        day = (self.row.answer or {}).get("day")
        return DayChanges.of(self.row.question["day"], day) if day else None

    @strawberry.field(description="Null until the plan is done.")
    def provenance(self) -> Provenance | None:
        if self.row.answer is None:
            return None
        question = msgspec.convert(self.row.question, Question)
        return Provenance.of(self.row.answer, question, len(self.row.adjustments))

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], id: ID) -> "Plan | None":
        return await visible_plan(info, id)


@strawberry.federation.type(keys=["id"])
class Event:
    id: ID

    @strawberry.field(description="The plans of its rounds, newest first; for the organiser and the event's cities.")
    async def plans(self, info: Info[Any, Any]) -> list[Plan]:
        key = as_uuid(self.id)
        event = await load(info, SERVICE, rounds.events_by_id, key) if key else None
        if event is None or not access.may_see(who(info), event):
            return []
        return [Plan.of(row) for row in await load(info, SERVICE, rounds.plans_of_events, key)]

    @classmethod
    def resolve_reference(cls, id: ID) -> "Event":
        return cls(id=id)


async def visible(info: Info[Any, Any], value: str) -> tuple[m.Plan, m.Event] | None:
    """The plan and its event if it exists and the caller may see it; both failures look alike."""
    key = as_uuid(value)
    if key is None:
        return None
    async with read(info, SERVICE) as session:
        row = await rounds.plan_by_id(session, key)
        event = await rounds.event_by_id(session, row.event_id) if row else None
    return (row, event) if row and event and access.may_see(who(info), event) else None


async def visible_plan(info: Info[Any, Any], value: str) -> Plan | None:
    found = await visible(info, value)
    return Plan.of(found[0]) if found else None
