"""Growth: what there was on a day, counted every day, as everybody sees it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on, insert

from services.directory.access import EVERYBODY
from services.directory.models import City, DailyCount, Navigator, Project
from services.directory.stateview.ground import seen, total
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
    zero = literal(0)

    def of(model: type[City | Navigator | Project], *columns: Any) -> Select[Any]:
        key = func.left(model.ags, 2)
        return select(key.label("state"), *columns).group_by(key)

    one = func.count()
    c = union_all(
        of(City, one.label("cities"), zero.label("navigators"), zero.label("projects")),
        of(Navigator, zero, one, zero).where(seen(EVERYBODY)),
        of(Project, zero, zero, one),
    ).subquery("counted").c  # fmt: skip
    sums = [total(c[name]).label(name) for name in COUNTED]
    return select(func.current_date().label("day"), c.state, *sums).group_by(c.state)


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
