"""What operators see of the solver: how far the plans of late stay below what may be possible at most."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from prometheus_client.metrics_core import Metric
from sqlalchemy import func, select, text

from services.kit.db import Reader
from services.kit.metrics import gauge
from services.matching.models import Plan

LATELY: Final = "7 days"
MOST: Final = 20


async def measures(session: Reader) -> Sequence[Metric]:
    """The gap of the last plans to their upper bounds, as a share of the bound; nothing where there are none."""
    newest = (
        select(Plan.id)
        .where(Plan.answer.is_not(None), Plan.created_at > func.now() - text(f"interval '{LATELY}'"))
        .order_by(Plan.created_at.desc())
        .limit(MOST)
    )
    value, bound = (Plan.answer[name].as_float() for name in ("objective", "upper_bound"))
    found = await session.execute(select(value, bound).where(Plan.id.in_(newest)))
    gaps = [max(0.0, 1 - reached / most) for reached, most in found if most and reached is not None]
    ranked = [(("median",), median(gaps)), (("worst",), max(gaps))] if gaps else []
    return [
        gauge(
            "lotsennetz_plan_gap",
            "How far the last plans stay below their upper bound, as a share of it",
            ("rank",),
            ranked,
        )
    ]
