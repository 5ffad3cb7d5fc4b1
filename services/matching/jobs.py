"""Matching's jobs: the solver runs in a process of its own and tells how far it is."""

import hashlib
import uuid
from typing import Any

import msgspec
from sqlalchemy import select, update

from services.kit import log
from services.kit.db import HUB, Writer
from services.kit.jobs import Queue, Run, enqueue, job
from services.matching import rounds
from services.matching.intake import only, without_strangers
from services.matching.models import Base, Event, Plan


class PlanRounds(msgspec.Struct, frozen=True):
    """`turn` stands for the organiser: theirs take turns with those of others."""

    plan: str
    turn: str = ""


@job("plan", PlanRounds, turns="turn")
async def plan(run: Run, asked: PlanRounds) -> None:
    """Answer a plan's question, going on from the best that a killed worker had found."""
    plan_id = uuid.UUID(asked.plan)
    async with run.db.read(HUB) as session:
        found = select(Plan.question, Plan.best, Plan.cancelled_at).where(Plan.id == plan_id)
        row = (await session.execute(found)).one_or_none()
    if row is None or (row.cancelled_at and row.best is None):
        return  # nobody waits for it any more

    async def tell(told: dict[str, Any]) -> bool:
        """Keep what was told; whether the search shall go on."""
        best = told.pop("best", None)
        await run.progress(told)
        async with run.db.begin(HUB) as session:
            if best is not None:
                known = await _people(session, plan_id)
                kept = Plan.best.op("||")(best) if "plan" not in best else only(best, known)
                await session.execute(update(Plan).where(Plan.id == plan_id).values(best=kept))
            return await session.scalar(select(Plan.cancelled_at).where(Plan.id == plan_id)) is None

    answer = await run.heavy("services.matching.solving:solve", {"question": row.question, "best": row.best}, tell)
    if "failed" in answer:
        async with run.finish(answer["failed"]) as session:
            failure = without_strangers({"conflict": answer.get("conflict")}, await _people(session, plan_id))
            await session.execute(update(Plan).where(Plan.id == plan_id).values(failure=failure))
        return
    async with run.finish() as session:
        known = await _people(session, plan_id)
        values = {"answer": only(answer, known), "best": None}
        await session.execute(update(Plan).where(Plan.id == plan_id).values(**values))
        await log.say(session, Base.metadata, await rounds.confirmed_if_wanted(session, plan_id))


async def _people(session: Writer, plan_id: uuid.UUID) -> set[str]:
    """Who is in the plan now, until this unit of work ends: somebody may have been erased meanwhile."""
    people = select(Plan.question["people"]).where(Plan.id == plan_id).with_for_update()
    return {person["id"] for person in await session.scalar(people) or ()}


async def begin(session: Writer, queue: Queue, event: Event, row: Plan) -> None:
    """Let a worker answer the plan's question, when it is its organiser's turn."""
    turn = hashlib.sha256(event.organiser.encode()).hexdigest()[:16]
    row.job_id = await enqueue(session, queue, plan, PlanRounds(plan=str(row.id), turn=turn))
