"""How far a plan is: looked up once, or followed until it is finished."""

import asyncio
import enum
import uuid
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from sqlalchemy import select

from services.kit import jobs
from services.kit.auth import Principal
from services.kit.db import Database
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.matching import access
from services.matching.models import Base, Event, Plan

WATCH_SECONDS = 0.25
LONGEST_WATCH_SECONDS = 3600.0
UNSEATABLE = "unseatable:"
"""How the error of a job begins whose people do not fit the tables; the round follows, counted from 0."""


class State(enum.Enum):
    """`CANCELLED`: before anything was found; a search that was cancelled later is DONE."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Standing(msgspec.Struct, frozen=True):
    """`objective`: of the best plan so far, None before the first that keeps the hard rules; no plan exceeds
    `upper_bound`.
    """

    state: State
    percent: int = 0
    objective: float | None = None
    upper_bound: float | None = None
    error: str | None = None

    @property
    def ended(self) -> bool:
        return self.state not in {State.QUEUED, State.RUNNING}


def standing(answer: dict[str, Any] | None, *, cancelled: bool, best: bool, job: jobs.Status | None) -> Standing:
    """From a plan's answer (or its `objective` and `upper_bound` alone), and the state of its job."""
    if answer is not None:
        return Standing(State.DONE, 100, answer["objective"], answer["upper_bound"])
    told = (job.progress if job else None) or {}
    figures = told.get("percent", 0), told.get("objective"), told.get("upper_bound")
    if job is None or job.state == "failed":
        return Standing(State.FAILED, *figures, error=_words(job.error) if job else None)
    if cancelled and not best and job.state in {"queued", "done"}:
        return Standing(State.CANCELLED, *figures)
    # A job that ended between two looks: its answer is there at the next.
    return Standing(State.QUEUED if job.state == "queued" else State.RUNNING, *figures)


def _words(error: str | None) -> str | None:
    if error is not None and error.startswith(UNSEATABLE):
        number = int(error.removeprefix(UNSEATABLE)) + 1
        return _("Round {round}: the people do not fit the tables that they can use.", round=number)
    return error


async def follow(db: Database, who: Principal, plan_id: uuid.UUID | None) -> AsyncGenerator[Standing, None]:
    """How far the plan is, now and whenever that changes; ends with it, and after an hour.

    Raises NotFound where there is none or `who` may not see it.
    """
    before: Standing | None = None
    for _turn in range(int(LONGEST_WATCH_SECONDS / WATCH_SECONDS)):
        now = await _look(db, who, plan_id) if plan_id else None
        if now is None:
            raise NotFound(_("There is no such plan."))
        if now != before:
            yield now
            before = now
        if now.ended:
            return
        await asyncio.sleep(WATCH_SECONDS)


async def _look(db: Database, who: Principal, plan_id: uuid.UUID) -> Standing | None:
    figures = Plan.answer["objective"], Plan.answer["upper_bound"]
    columns = Event, Plan.job_id, Plan.cancelled_at, Plan.best.is_not(None), Plan.answer.is_not(None), *figures
    async with db.read(who.acting) as session:
        found = select(*columns).join(Event, Event.id == Plan.event_id).where(Plan.id == plan_id)
        row = (await session.execute(found)).one_or_none()
        if row is None or not access.may_see(who, row[0]):
            return None
        _event, job_id, cancelled_at, best, answered, objective, bound = row
        known = await jobs.status(session, Base.metadata, [job_id]) if job_id else {}
    answer = {"objective": objective, "upper_bound": bound} if answered else None
    return standing(answer, cancelled=cancelled_at is not None, best=best, job=known.get(job_id))
