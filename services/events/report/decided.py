"""Votes that are over, as papers tell them."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from services.events import votes
from services.events.models import Vote
from services.events.prints.votes import Line, Result
from services.kit.db import Reader


async def results(
    session: Reader, over: Sequence[Vote], events: Mapping[uuid.UUID, tuple[str, dt.date]]
) -> list[Result]:
    """The results of closed votes in their order, with title and date of their events; without those in which too few
    people voted. Under HUB.
    """
    found = []
    for one in await votes.found(session, over):
        places = votes.places(one.vote, one.candidates)
        if places is None:
            continue
        rows = {str(row.id): row for row in one.candidates}
        lines = tuple(
            Line(
                title=rows[place.key].title,
                points=tuple(rows[place.key].figures or ()),
                total=place.total,
                rank=place.rank,
                decided=place.decided,
                remark=votes.remark(rows[place.key], place),
            )
            for place in places
        )
        title, date = events[one.vote.event_id]
        criteria = tuple(criterion.name for criterion in votes.criteria_of(one.vote))
        found.append(
            Result(
                one.vote.title, title, date, criteria, lines, one.turnout.entitled, one.turnout.voted, one.vote.source
            )
        )
    return found
