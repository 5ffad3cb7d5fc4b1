"""The events' jobs: what takes longer than a request may, each feature's own, and tidying up."""

import hashlib
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import select, update

from services.events import feeds
from services.events.models import AgendaPlan, Event
from services.events.openspace import forgetting
from services.events.registration import keeping
from services.kit.db import HUB, Database, Writer
from services.kit.jobs import Every, Job, Queue, Run, enqueue, job
from services.kit.service import Runtime


class PlanOpenSpace(msgspec.Struct, frozen=True):
    """`turn` stands for the organiser: theirs take turns with those of others."""

    plan: str
    turn: str = ""


@job("plan_open_space", PlanOpenSpace, turns="turn")
async def plan_open_space(run: Run, asked: PlanOpenSpace) -> None:
    """Answer a draft's question in a process of its own."""
    key = uuid.UUID(asked.plan)
    async with run.db.read(HUB) as session:
        question = await session.scalar(select(AgendaPlan.question).where(AgendaPlan.id == key))
    if question is None:
        return  # nobody waits for it any more

    async def tell(told: dict[str, Any]) -> None:
        await run.progress(told)

    answer = await run.heavy("services.events.openspace.solving:solve", question, tell)
    if "failed" in answer:
        async with run.finish(answer["failed"]):
            return
    async with run.finish() as session:
        await session.execute(update(AgendaPlan).where(AgendaPlan.id == key).values(answer=answer))


async def begin(session: Writer, queue: Queue, event: Event, row: AgendaPlan) -> None:
    """Let a worker answer the draft's question, when it is its organiser's turn."""
    turn = hashlib.sha256(event.organiser.encode()).hexdigest()[:16]
    row.job_id = await enqueue(session, queue, plan_open_space, PlanOpenSpace(plan=str(row.id), turn=turn))


JOBS: Final = (plan_open_space,)
REGULAR: Final = (forgetting.forget,)

REGULAR_SECONDS = 3600.0


async def _left(db: Database) -> None:
    async with db.begin(HUB) as session:
        await feeds.forget(session)


def duties(runtime: Runtime) -> Sequence[Job | Every]:
    return [Every(REGULAR_SECONDS, _left), *keeping.duties(runtime)]
