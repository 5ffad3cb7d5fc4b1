"""Growth: what there was on a day, counted every day, as everybody sees it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on, insert

from services.directory.models import DailyCount, Tally
from services.directory.stateview.ground import total
from services.directory.stateview.stale import months_ago
from services.kit.db import Reader, Writer

MOST_MONTHS = 120
COUNTED = ("cities", "navigators", "projects")


@dataclass(frozen=True)
class Growth:
    """What there was on the last day of a month that was counted; of this month, what there is now."""

    day: date
    cities: int
    navigators: int
    projects: int


def _now() -> Select[Any]:
    """(day, state, cities, navigators, projects) of today for each state that has any."""
    columns: list[Any] = [func.current_date().label("day"), Tally.state]
    for kind, name in zip(("CITY", "NAVIGATOR", "PROJECT"), COUNTED, strict=True):
        columns.append(total(Tally.public, Tally.kind == kind).label(name))
    of_states = select(*columns).where(Tally.name == "kind")
    return of_states.group_by(Tally.state).having(func.sum(Tally.public) > 0)


async def count(session: Writer) -> None:
    """Note what there is today; the last count of a day is the one that stays."""
    rows = insert(DailyCount).from_select(["day", "state", *COUNTED], _now())
    await session.execute(
        rows.on_conflict_do_update(
            index_elements=["day", "state"], set_={name: rows.excluded[name] for name in COUNTED}
        )
    )


async def growth(session: Reader, state: str, months: int) -> list[Growth]:
    """The state's last `months` by month, oldest first, as far as they were counted; the last one is now."""
    now = _now().subquery("now").c
    kept = select(DailyCount.day, *(getattr(DailyCount, name) for name in COUNTED)).where(
        DailyCount.state == state,
        DailyCount.day < func.current_date(),
        DailyCount.day >= func.date_trunc("month", months_ago(months - 1)),
    )
    c = union_all(kept, select(now.day, *(now[name] for name in COUNTED)).where(now.state == state)).subquery("all").c
    month = func.date_trunc("month", c.day)
    query = select(c.day, *(c[name] for name in COUNTED)).ext(distinct_on(month)).order_by(month, c.day.desc())
    return [Growth(*row) for row in await session.execute(query)]
