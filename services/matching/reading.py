"""What organisers' pages read beside the graph: what everybody is called, and their events and plans as lines."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, func, or_, select

from services.kit import i18n, jobs
from services.kit.auth import Principal
from services.kit.db import Reader
from services.kit.i18n import gettext as _
from services.matching.models import Base, City, Event, Navigator, Plan, Topic

MOST_EVENTS: Final = 100
MOST_TOPICS: Final = 2000


class Known(NamedTuple):
    """Somebody as organisers read of them; `city` is its name."""

    id: str
    name: str
    city: str
    department: str = ""

    @property
    def full(self) -> str:
        return f"{self.name} ({self.city})" if self.city else self.name


class Line(NamedTuple):
    """A plan in a list: what it was asked for and what came out, without everybody's seats."""

    id: uuid.UUID
    number: int
    created_at: dt.datetime
    parent: uuid.UUID | None
    rounds: int
    tables: int
    people: int
    more: str | None
    running: bool
    """Whether it came from a running day."""
    by_hand: bool
    confirmed: bool
    cancelled: bool
    best: bool
    job: jobs.Status | None
    answer: dict[str, Any] | None
    """`objective`, `random_objective`, `upper_bound`, `repeated_meetings` and `broken`."""


async def events(session: Reader, who: Principal) -> list[Event]:
    """Those that `who` may plan, the latest first."""
    mine = (Event.organiser == who.subject) | Event.cities[1].in_(sorted(who.where("coordinator")))
    query = select(Event).where(mine).order_by(Event.date.desc().nulls_last(), Event.id).limit(MOST_EVENTS)
    return list((await session.scalars(query)).all())


async def people(session: Reader, keys: Collection[str]) -> dict[str, Known]:
    """Whoever of `keys` is still known, in the order of their names."""
    query = (
        select(Navigator.id, Navigator.name, Navigator.department, func.coalesce(City.name, Navigator.ags))
        .outerjoin(City, City.ags == Navigator.ags)
        .where(Navigator.id.in_([uuid.UUID(key) for key in keys]))
        .order_by(Navigator.sort_key, Navigator.id)
    )
    return {
        str(key): Known(str(key), name or _("Somebody"), city, department)
        for key, name, department, city in await session.execute(query)
    }


def gone(key: str) -> Known:
    """Who is in a plan and was withdrawn since."""
    return Known(key, _("Somebody who left"), "")


async def cities(session: Reader, keys: Collection[str]) -> dict[str, str]:
    rows = await session.execute(select(City.ags, City.name).where(City.ags.in_(list(keys))))
    return {ags: name or ags for ags, name in rows}


async def topics(session: Reader) -> dict[str, str]:
    """What topics are called in the person's language, by code, in the order of their names."""
    label = Topic.en if i18n.language() == "en" else Topic.de
    query = select(Topic.code, label).order_by(label, Topic.code).limit(MOST_TOPICS)
    return {code: text or code for code, text in await session.execute(query)}


async def plans(session: Reader, event: uuid.UUID) -> list[Line]:
    """The event's plans, newest first; numbers count from 1, the oldest that is still there."""
    asked, answer = Plan.question, Plan.answer
    figures = ("objective", "random_objective", "upper_bound", "repeated_meetings", "broken")
    query = (
        select(
            Plan.id,
            func.row_number().over(order_by=(Plan.created_at, Plan.id)),
            Plan.created_at,
            Plan.parent,
            asked["rounds"],
            asked["tables"],
            func.jsonb_array_length(asked["people"]),
            asked["more"].astext,
            asked.has_key("day"),
            Plan.job_id.is_(None),
            Plan.confirmed_at.is_not(None),
            Plan.cancelled_at.is_not(None),
            Plan.best.is_not(None),
            Plan.job_id,
            Plan.answer.is_not(None),
            *(answer[name] for name in figures),
        )
        .where(Plan.event_id == event)
        .order_by(Plan.created_at.desc(), Plan.id.desc())
    )
    rows = (await session.execute(query)).all()
    waiting = [row[13] for row in rows if row[13] is not None and not row[14]]
    known = await jobs.status(session, Base.metadata, waiting) if waiting else {}
    return [
        Line._make((*row[:13], known.get(row[13]), dict(zip(figures, row[15:], strict=True)) if row[14] else None))
        for row in rows
    ]


async def number(session: Reader, plan: Plan) -> int:
    """Which of the event's plans it is, as `plans` counts them."""
    earlier = or_(Plan.created_at < plan.created_at, and_(Plan.created_at == plan.created_at, Plan.id <= plan.id))
    query = select(func.count()).select_from(Plan).where(Plan.event_id == plan.event_id, earlier)
    return int(await session.scalar(query) or 0)


def named(known: Mapping[str, Known], key: str) -> Known:
    return known.get(key) or gone(key)
