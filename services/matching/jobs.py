"""Matching's jobs: the solver runs in a process of its own and tells how far it is."""

import uuid
from typing import Any

import msgspec
from sqlalchemy import select, update

from services.kit.db import HUB
from services.kit.jobs import Run, job
from services.matching.intake import only
from services.matching.models import Plan


class PlanRounds(msgspec.Struct, frozen=True):
    plan: str


@job("plan", PlanRounds)
async def plan(run: Run, asked: PlanRounds) -> None:
    """Answer a plan's question."""
    plan_id = uuid.UUID(asked.plan)
    async with run.db.read(HUB) as session:
        question = (await session.execute(select(Plan.question).where(Plan.id == plan_id))).scalar_one()

    async def tell(progress: dict[str, Any]) -> None:
        await run.progress(progress)

    answer = await run.heavy("services.matching.problem:solve", question, tell)
    async with run.finish() as session:
        still = await session.scalar(select(Plan.question).where(Plan.id == plan_id).with_for_update())
        known = {person["id"] for person in (still or question)["people"]}  # somebody may have been erased meanwhile
        await session.execute(update(Plan).where(Plan.id == plan_id).values(answer=only(answer, known)))
