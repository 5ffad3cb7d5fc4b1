"""Matching's subgraph: it owns Plan and adds the plans to an Event."""

import asyncio
import enum
import uuid
from collections.abc import AsyncGenerator
from typing import Any, Self, cast

import strawberry
from strawberry import ID, Info
from strawberry.federation import Schema
from strawberry.tools import merge_types

from services.kit import jobs
from services.kit.db import HUB
from services.kit.errors import NotFound, Refused
from services.kit.graphql import FEDERATION_VERSION, Context
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, load, read, who
from services.matching import access, met, rounds
from services.matching import models as m
from services.matching.advising import AdviceQuery
from services.matching.jobs import PlanRounds
from services.matching.jobs import plan as plan_job
from services.matching.problem import LONGEST_SECONDS, check
from services.matching.stubs import SERVICE, City, Navigator, Topic

WATCH_SECONDS = 0.25
LONGEST_WATCH_SECONDS = 3600.0
MOST_SEED = 2**31 - 1


async def _statuses(session: Any, keys: list[uuid.UUID]) -> list[jobs.Status | None]:
    found = await jobs.status(session, m.Base.metadata, keys)
    return [found.get(key) for key in keys]


@strawberry.enum(description="How far a plan is.")
class PlanState(enum.Enum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@strawberry.type(description="How far the search is and what it has found so far.")
class Progress:
    percent: int
    objective: float | None
    upper_bound: float | None


@strawberry.type(description="How many people of a city sit at a table.")
class CityCount:
    city: City
    people: int


@strawberry.type(description="One table in one round; numbers count from 1.")
class PlannedTable:
    number: int
    topic: Topic | None
    navigators: list[Navigator]
    cities: list[CityCount]


@strawberry.type
class PlannedRound:
    number: int
    tables: list[PlannedTable]


@strawberry.type(description="A figure of the plan, the mean of random plans, and what no plan can beat.")
class Figure:
    value: float
    random: float
    bound: float


@strawberry.type(description="How good a plan is, beside chance and beside what no plan can exceed.")
class Quality:
    objective: Figure = strawberry.field(description="Benefit minus weighted repeats: what the search maximises.")
    benefit: Figure = strawberry.field(
        description="Topical affinity of the pairs who meet and interest in the tables visited."
    )
    repeats: Figure = strawberry.field(
        description="c·(c-1)/2 summed over pairs that meet c times, and c for each earlier meeting, which counts half "
        "after a year; 0 when nobody meets twice."
    )
    repeated_meetings: int = strawberry.field(description="Meetings beyond a pair's first.")
    fewest_cities: int = strawberry.field(description="The fewest different cities at any table.")
    least_affinity: float = strawberry.field(description="What the worst-off person gets.")
    seconds: float
    proposals: float = strawberry.field(description="Exchanges that the search tried.")


@strawberry.federation.type(keys=["id"], description="Rounds of tables for an event.")
class Plan:
    id: ID
    row: strawberry.Private[m.Plan]

    @classmethod
    def of(cls, row: m.Plan) -> Self:
        return cls(id=ID(str(row.id)), row=row)

    @strawberry.field
    def event(self) -> "Event":
        return Event(id=ID(str(self.row.event_id)))

    @strawberry.field
    async def state(self, info: Info[Any, Any]) -> PlanState:
        if self.row.answer is not None:
            return PlanState.DONE
        status = await load(info, SERVICE, _statuses, self.row.job_id)
        if status is not None and status.state == "done":
            return PlanState.RUNNING  # it ended between two looks; its answer is there at the next
        return PlanState(status.state) if status else PlanState.FAILED

    @strawberry.field(description="Why planning failed, if it did.")
    async def error(self, info: Info[Any, Any]) -> str | None:
        status = await load(info, SERVICE, _statuses, self.row.job_id) if self.row.answer is None else None
        return status.error if status and status.state == "failed" else None

    @strawberry.field
    async def progress(self, info: Info[Any, Any]) -> Progress:
        if self.row.answer is not None:
            return Progress(
                percent=100, objective=self.row.answer["objective"], upper_bound=self.row.answer["upper_bound"]
            )
        status = await load(info, SERVICE, _statuses, self.row.job_id)
        told = (status.progress if status else None) or {}
        return Progress(
            percent=told.get("percent", 0), objective=told.get("objective"), upper_bound=told.get("upper_bound")
        )

    @strawberry.field(description="Whether this is the plan the event goes by.")
    def confirmed(self) -> bool:
        return self.row.confirmed_at is not None

    @strawberry.field(description="Empty until the plan is done.")
    def rounds(self) -> list[PlannedRound]:
        city = {person["id"]: person["city"] for person in self.row.question["people"]}
        out: dict[int, PlannedRound] = {}
        for table in rounds.seating(self.row):
            seats = [city[navigator] for navigator in table.navigators]
            out.setdefault(table.round, PlannedRound(number=table.round, tables=[])).tables.append(
                PlannedTable(
                    number=table.table,
                    topic=Topic(code=ID(table.topic)) if table.topic else None,
                    navigators=[Navigator(id=ID(n)) for n in table.navigators],
                    cities=[CityCount(city=City(ags=ID(c)), people=seats.count(c)) for c in sorted(set(seats))],
                )
            )
        return list(out.values())

    @strawberry.field(description="Null until the plan is done.")
    def quality(self) -> Quality | None:
        answer = self.row.answer
        if answer is None:
            return None
        objective = Figure(value=answer["objective"], random=answer["random_objective"], bound=answer["upper_bound"])
        repeats = Figure(value=answer["repeats"], random=answer["random_repeats"], bound=answer["repeats_bound"])
        weight = answer["repeat_weight"]
        return Quality(
            objective=objective,
            repeats=repeats,
            benefit=Figure(
                value=objective.value + weight * repeats.value,
                random=objective.random + weight * repeats.random,
                bound=objective.bound + weight * repeats.bound,
            ),
            repeated_meetings=answer["repeated_meetings"],
            fewest_cities=min(min(row) for row in answer["cities_per_table"]),
            least_affinity=answer["least"],
            seconds=answer["seconds"],
            proposals=float(answer["iterations"]),
        )

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], id: ID) -> "Plan | None":
        return await _visible_plan(info, id)


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


async def _visible_plan(info: Info[Any, Any], value: str) -> Plan | None:
    """The plan if it exists and the caller may see it; both failures look alike."""
    key = as_uuid(value)
    if key is None:
        return None
    async with read(info, SERVICE) as session:
        row = await rounds.plan_by_id(session, key)
        event = await rounds.event_by_id(session, row.event_id) if row else None
    return Plan.of(row) if row and event and access.may_see(who(info), event) else None


@strawberry.input(description="How an event's rounds shall be planned.")
class PlanRoundsInput:
    event: ID
    rounds: int
    tables: int
    table_topics: list[str] = strawberry.field(
        default_factory=list, description="One topic for each table; empty: chosen by what the participants care for."
    )
    seconds: float = strawberry.field(default=3.0, description="How long to search, at most 120.")
    seed: int = strawberry.field(default=1, description="Another seed, another plan.")


@strawberry.type
class Query:
    @strawberry.field(description="Null if there is none or the caller may not see it.")
    async def plan(self, info: Info[Any, Any], id: ID) -> Plan | None:
        return await _visible_plan(info, id)


@strawberry.type
class Mutation:
    @strawberry.mutation(description="Ask for a plan of an event's rounds; follow it by `plan` or `planProgress`.")
    async def plan_rounds(self, info: Info[Any, Any], input: PlanRoundsInput) -> Plan:
        runtime, asking = here(info, SERVICE), who(info)
        if not 0.1 <= input.seconds <= LONGEST_SECONDS or not 0 <= input.seed <= MOST_SEED:
            raise Refused(
                _("Choose 0.1 to {most} seconds and a seed from 0 to {seed}.", most=LONGEST_SECONDS, seed=MOST_SEED)
            )
        key = as_uuid(input.event)
        await runtime.refresh()
        async with runtime.db.read(HUB) as everything:  # people of this event may have met at others' events
            earlier = await met.before(everything, key) if key else ()
        async with runtime.db.begin(asking.acting) as session:
            event = await rounds.event_by_id(session, key) if key else None
            if event is None:
                raise NotFound(_("There is no such event."))
            access.may_plan(asking, event)
            asked = await rounds.question(
                session, event, input.rounds, input.tables, input.table_topics, input.seconds, input.seed, earlier
            )
            check(asked)  # complains now and in words, not later in the job
            row = await rounds.ask(session, event, asked)
            row.job_id = await jobs.enqueue(session, runtime.queue, plan_job, PlanRounds(plan=str(row.id)))
        return Plan.of(row)

    @strawberry.mutation(description="Make this plan the event's; it replaces any confirmed before.")
    async def confirm_plan(self, info: Info[Any, Any], id: ID) -> Plan:
        runtime, asking = here(info, SERVICE), who(info)
        key = as_uuid(id)
        async with runtime.db.begin(asking.acting) as session:
            row = await rounds.plan_by_id(session, key) if key else None
            event = await rounds.event_by_id(session, row.event_id) if row else None
            if row is None or event is None:
                raise NotFound(_("There is no such plan."))
            access.may_plan(asking, event)
            await runtime.say(session, [await rounds.confirm(session, row)])
            await session.refresh(row)
        return Plan.of(row)


@strawberry.type
class Subscription:
    @strawberry.subscription(description="The plan whenever it got further; ends when it is done or failed.")
    async def plan_progress(self, info: Info[Any, Any], id: ID) -> AsyncGenerator[Plan, None]:
        context = cast(Context, info.context)
        before: object = None
        for _turn in range(int(LONGEST_WATCH_SECONDS / WATCH_SECONDS)):
            context.loaders.clear()  # a loader remembers its answers for one request, and this one is long
            plan = await _visible_plan(info, id)
            if plan is None:
                raise NotFound(_("There is no such plan."))
            async with read(info, SERVICE) as session:
                status = (await _statuses(session, [plan.row.job_id]))[0] if plan.row.job_id else None
            now = (status and (status.state, status.progress), plan.row.answer is not None)
            if now != before:
                yield plan
                before = now
            if plan.row.answer is not None or status is None or status.state == "failed":
                return
            await asyncio.sleep(WATCH_SECONDS)


schema = Schema(
    query=merge_types("Query", (Query, AdviceQuery)),
    mutation=Mutation,
    subscription=Subscription,
    types=[Event],
    federation_version=FEDERATION_VERSION,
)
