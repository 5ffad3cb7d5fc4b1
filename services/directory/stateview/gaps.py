"""Topics that people of a state seek and nobody there offers, and the other way round."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, SQLColumnExpression, Subquery, func, select

from services.directory.access import Viewer
from services.directory.models import Navigator, Topic
from services.directory.stateview.ground import MOST_STATEMENTS, seen, within
from services.kit.db import Reader

MOST_GAPS = 200


@dataclass(frozen=True)
class Gap:
    """A topic that `people` of the state seek (or offer), and how many in other states offer (or seek) it.

    An offer serves its own topic and the wider ones above it, as everywhere here.
    """

    code: str
    de: str
    en: str
    people: int
    elsewhere: int


async def sought(session: Reader, state: str, viewer: Viewer) -> list[Gap]:
    """What somebody seeks and nobody in the state offers; most wanted first, at most MOST_GAPS."""
    return [Gap(*row) for row in await session.execute(_unanswered(state, viewer, "seeks", "offers"))]


async def offered(session: Reader, state: str, viewer: Viewer) -> list[Gap]:
    """What somebody offers and nobody in the state seeks; most offered first, at most MOST_GAPS."""
    return [Gap(*row) for row in await session.execute(_unanswered(state, viewer, "offers", "seeks"))]


def _said(field: str, viewer: Viewer) -> Subquery:
    """(id, ags, code) of what people offer or seek, as far as the viewer sees it."""
    column: SQLColumnExpression[Any] = getattr(Navigator, field)
    code = func.unnest(column).label("code")
    return select(Navigator.id, Navigator.ags, code).where(seen(viewer, field)).subquery(field)


@lru_cache(maxsize=MOST_STATEMENTS)
def _unanswered(state: str, viewer: Viewer, field: str, other: str) -> Select[Any]:
    """What is sought may stand above its answer in the tree, what is offered below it."""
    said, answers, wider = _said(field, viewer), _said(other, viewer), field == "seeks"
    narrow, wide = Topic.code.label("one"), func.unnest(Topic.path).label("one")
    first, second = (wide, narrow) if wider else (narrow, wide)
    meets = select(first, second.label("other")).subquery("meets")
    mine = select(said.c.code, func.count().label("people")).where(within(said.c.ags, state)).group_by(said.c.code)
    here = select(answers.c.code).where(within(answers.c.ags, state)).distinct().cte("here")
    own = mine.cte("own")
    answered = select(meets.c.one).join(here, here.c.code == meets.c.other)
    left = select(own.c.code, own.c.people).where(own.c.code.not_in(answered)).cte("left")
    elsewhere = (
        select(left.c.code, func.count(answers.c.id.distinct()).label("people"))
        .join(meets, meets.c.one == left.c.code)
        .join(answers, answers.c.code == meets.c.other)
        .where(~within(answers.c.ags, state))
        .group_by(left.c.code)
        .subquery("elsewhere")
    )
    return (
        select(Topic.code, Topic.de, Topic.en, left.c.people, func.coalesce(elsewhere.c.people, 0))
        .join(left, left.c.code == Topic.code)
        .outerjoin(elsewhere, elsewhere.c.code == Topic.code)
        .order_by(left.c.people.desc(), Topic.position)
        .limit(MOST_GAPS)
    )
