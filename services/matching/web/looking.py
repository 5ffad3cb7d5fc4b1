"""What every page about groups asks first: who looks, at which event, at which plan, and what everybody is called."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from services.kit import forms, jobs
from services.kit.auth import Principal
from services.kit.db import Reader
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest
from services.kit.service import Runtime
from services.matching import access, progress, reading, rounds
from services.matching.models import Base, Event, Plan
from services.matching.reading import Known
from services.matching.rounds import ABSENT
from services.matching.web import words
from services.matching.web.people import People

SERVICE: Final = "matching"


def here(request: AnyRequest) -> Runtime:
    runtime: Runtime = request.app.state.hub.runtimes[SERVICE]
    return runtime


@dataclass
class Organised:
    """An event as its organiser looks at it."""

    who: Principal
    event: Event
    people: People

    @property
    def path(self) -> str:
        return f"/organise/{self.event.id}/groups"

    @property
    def title(self) -> str:
        return self.event.title or _("Event")


@dataclass
class Planned(Organised):
    """One of its plans. `standing`: how far it is; `seen`: its answer, or the best so far."""

    row: Plan
    number: int
    standing: progress.Standing
    topics: dict[str, str]
    cities: dict[str, str]

    @property
    def at(self) -> str:
        return f"{self.path}/{self.row.id}"

    @property
    def name(self) -> str:
        return _("Plan {number}", number=self.number)

    @property
    def changeable(self) -> bool:
        """Whether people can be moved in it; else in a copy."""
        return self.row.answer is not None and self.row.job_id is None and self.row.confirmed_at is None

    @property
    def rounds(self) -> int:
        return int(self.row.question["rounds"])

    @property
    def more(self) -> str:
        """Of what it was to have more than the plan beside it, in words; empty for a plan without a wish."""
        wish: str | None = self.row.question.get("more")
        return words.wish(wish) if wish else ""

    @property
    def answer(self) -> dict[str, Any]:
        return self.row.answer or {}

    @cached_property
    def seen(self) -> dict[str, Any]:
        found = self.row.best if rounds.preliminary(self.row) else self.row.answer
        return found or {"keys": [], "plan": [], "table_topics": []}

    @cached_property
    def seats(self) -> dict[str, list[int | None]]:
        """Everybody's tables by round, counted from 1; None for no seat."""
        tables = zip(*self.seen["plan"], strict=True)
        return {
            key: [None if table == ABSENT else table + 1 for table in row]
            for key, row in zip(self.seen["keys"], tables, strict=True)
        }

    def topic(self, table: int) -> str:
        """What a table is about; tables count from 1."""
        code = self.seen["table_topics"][table - 1]
        return self.topics.get(code, code) if code else ""

    @cached_property
    def names(self) -> dict[str, str]:
        """What people and cities are called, by key, for sentences."""
        keys: Collection[str] = self.seats or [one["id"] for one in self.row.question["people"]]
        return {**self.cities, **{key: reading.named(self.people.known, key).name for key in keys}}


async def organised(request: AnyRequest, event: uuid.UUID) -> Organised:
    """Raises Unknown for nobody, NotFound and Forbidden."""
    who = await forms.person(request)
    async with here(request).db.read(who.acting) as session:
        row = await _event(session, who, event)
        return Organised(who, row, People(await reading.people(session, [str(one) for one in row.participants])))


async def planned(request: AnyRequest, event: uuid.UUID, plan: uuid.UUID) -> Planned:
    """Raises as `organised`."""
    who = await forms.person(request)
    async with here(request).db.read(who.acting) as session:
        found, row = await _event(session, who, event), await rounds.plan_by_id(session, plan)
        if row is None or row.event_id != found.id:
            raise NotFound(_("There is no such plan."))
        keys = {one["id"] for one in row.question["people"]} | {str(one) for one in found.participants}
        job = await jobs.status(session, Base.metadata, [row.job_id]) if row.job_id and row.answer is None else {}
        return Planned(
            who,
            found,
            People(await reading.people(session, keys)),
            row,
            await reading.number(session, row),
            progress.standing(
                row.answer,
                cancelled=row.cancelled_at is not None,
                best=row.best is not None,
                job=job.get(row.job_id) if row.job_id else None,
            ),
            await reading.topics(session),
            await reading.cities(session, {one["city"] for one in row.question["people"]}),
        )


async def _event(session: Reader, who: Principal, event: uuid.UUID) -> Event:
    row = await rounds.event_by_id(session, event)
    if row is None:
        raise NotFound(_("There is no such event."))
    access.may_plan(who, row)
    return row


def some(found: list[Known], after: str, most: int) -> tuple[list[Known], str]:
    """A page of people that begins behind the number `after`, and the number of the next page's; empty for none."""
    start = int(after) if after.isascii() and after.isdecimal() and len(after) < 6 else 0
    return found[start : start + most], str(start + most) if len(found) > start + most else ""
