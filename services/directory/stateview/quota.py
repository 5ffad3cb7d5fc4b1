"""Places that a state pays: its rule by size, how many its cities may have, hold, and have beyond them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, text, tuple_

from services.directory import audit
from services.directory.access import EVERYBODY
from services.directory.models import QuotaRule
from services.directory.stateview.ground import MOST_STATEMENTS, places, total
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.i18n import gettext as _

MOST_STEPS = 20
MOST_PEOPLE = 10_000_000
MOST_PLACES = 1_000


@dataclass(frozen=True)
class Step:
    """From `population` inhabitants on, a municipality has `places`; below the first step it has none."""

    population: int
    places: int


@dataclass(frozen=True)
class Used:
    """Places of a size class, or of all. `entitled` of all municipalities, `free` of those that take part.

    `over` are funded navigators beyond what their city may have, `own` those that cities pay themselves.
    """

    size: str | None
    municipalities: int
    taking_part: int
    entitled: int
    used: int
    free: int
    over: int
    own: int


async def rule(session: Reader, state: str) -> list[Step]:
    """The state's rule, from the smallest on; empty where it has none."""
    query = select(QuotaRule.population, QuotaRule.places).where(QuotaRule.state == state)
    return [Step(*row) for row in await session.execute(query.order_by(QuotaRule.population))]


def entitled(steps: Sequence[Step], population: int) -> int:
    """What the rule gives a municipality of that size."""
    return max(
        (step for step in steps if step.population <= population), key=lambda s: s.population, default=Step(0, 0)
    ).places


async def set_rule(session: Writer, actor: str, state: str, steps: Sequence[Step]) -> None:
    """Replace the state's rule; no steps take it away. Raises Refused, with the step, for what is no rule."""
    checks = Checks()
    seen: set[int] = set()
    if len(steps) > MOST_STEPS:
        checks.add("steps", "population", _("At most {most} steps, please.", most=MOST_STEPS))
    for number, step in enumerate(steps[:MOST_STEPS]):
        checks.number(f"steps[{number}]", "population", step.population, 0, MOST_PEOPLE)
        checks.number(f"steps[{number}]", "places", step.places, 0, MOST_PLACES)
        if step.population in seen:
            checks.add(f"steps[{number}]", "population", _("Another step begins at the same population."))
        seen.add(step.population)
    checks.done(_("The rule was not changed. Please correct the steps named."))
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"lotsennetz quota {state}"}
    )
    await session.execute(delete(QuotaRule).where(QuotaRule.state == state))
    if steps:
        rows = [{"state": state, "population": step.population, "places": step.places} for step in steps]
        await session.execute(insert(QuotaRule), rows)
    told = [[step.population, step.places] for step in sorted(steps, key=lambda step: step.population)]
    await audit.note(session, actor, "quota.changed", state, org=state, steps=told)


async def used(session: Reader, state: str) -> tuple[Used, list[Used]]:
    """All places, and those by size class from the smallest on."""
    first, *rest = [Used(*row) for row in await session.execute(_used(state))]
    return first, rest


@lru_cache(maxsize=MOST_STATEMENTS)
def _used(state: str) -> Select[Any]:
    p = places(state, EVERYBODY).c  # places count everybody, whoever asks
    entitled = func.coalesce(p.entitled, 0)
    return (
        select(
            p.size,
            func.count(),
            func.count().filter(p.takes_part),
            total(entitled),
            total(p.used),
            total(func.greatest(entitled - p.used, 0), p.takes_part),
            total(func.greatest(p.used - entitled, 0)),
            total(p.own),
        )
        .group_by(func.grouping_sets(tuple_(), tuple_(p.size)))
        .order_by(func.grouping(p.size).desc(), func.min(p.population))
    )


@dataclass(frozen=True)
class Preview:
    """What a rule would give the municipalities of a size class, beside what the stored one gives."""

    size: str | None
    municipalities: int
    places: int
    now: int


async def preview(session: Reader, state: str, steps: Sequence[Step]) -> list[Preview]:
    """What `steps` would mean, from the smallest size class on."""
    p = places(state, EVERYBODY).c
    found: dict[str | None, Preview] = {}
    for size, population, now in await session.execute(select(p.size, p.population, p.entitled).order_by(p.population)):
        had = found.get(size, Preview(size, 0, 0, 0))
        more = entitled(steps, population or 0)
        found[size] = Preview(size, had.municipalities + 1, had.places + more, had.now + (now or 0))
    return list(found.values())
