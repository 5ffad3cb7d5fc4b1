"""Ideas of the tables: noted from a phone or from paper cards, put right, withdrawn, taken off the board."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import func as sql
from sqlalchemy import insert, select, update

from services.events.live.reading import MOST_IDEAS
from services.events.models import Event, Idea, Participant, VoteCandidate
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.rates import Rate

LONGEST = 500
MOST_TABLES = 1_000
MOST_CARDS = 500
"""Cards typed in at once."""
OFTEN = Rate("idea", 10, per=60)
DAILY = Rate("ideas of a day", 100, per=86_400)
PHONE, PAPER = "phone", "paper"
"""Where an idea was noted."""


class Card(msgspec.Struct, frozen=True):
    """An idea as somebody writes it; `author` is a participant who wants to be named."""

    text: str
    round: int | None = None
    table: int | None = None
    author: uuid.UUID | None = None


async def note(session: Writer, event: Event, cards: Sequence[Card], source: str) -> list[Idea]:
    """Store ideas. Raises Refused, with nothing stored, naming each card that is wrong."""
    if len(cards) > MOST_CARDS:
        raise Refused(_("At most {most} entries, please.", most=MOST_CARDS))
    checks, rows = Checks(), []
    authors = {card.author for card in cards if card.author}
    known = set(
        await session.scalars(
            select(Participant.navigator_id).where(
                Participant.event_id == event.id, Participant.navigator_id.in_(authors)
            )
        )
    )
    for i, card in enumerate(cards):
        where = f"ideas[{i}]"
        text = checks.text(where, "text", card.text, LONGEST)
        if card.round is not None:
            checks.number(where, "round", card.round, 1, max(1, event.rounds))
        if card.table is not None:
            checks.number(where, "table", card.table, 1, MOST_TABLES)
        if card.author is not None and card.author not in known:
            checks.add(where, "author", _("The person is not among the participants."))
        rows.append(
            {"id": uuid.uuid4(), "event_id": event.id, "round": card.round, "number": card.table, "text": text,
             "navigator_id": card.author, "source": source, "hidden": False, "withdrawn": False}
        )  # fmt: skip
    checks.done(_("Nothing was stored. Please correct the ideas named."))
    count = await session.scalar(select(sql.count()).select_from(Idea).where(Idea.event_id == event.id)) or 0
    if count + len(rows) > MOST_IDEAS:
        raise Conflict(_("An event takes {most} ideas at most.", most=MOST_IDEAS))
    if not rows:
        return []
    made = await session.scalars(insert(Idea).returning(Idea, sort_by_parameter_order=True), rows)
    return list(made.all())


async def by_id(session: Reader, idea_id: uuid.UUID | None) -> Idea:
    """Raises NotFound; what was withdrawn is there no more."""
    found = await session.get(Idea, idea_id) if idea_id else None
    if found is None or found.withdrawn:
        raise NotFound(_("There is no such idea."))
    return found


async def change(session: Writer, idea: Idea, **values: Any) -> Idea:
    """Change columns of an idea. A text is checked; None as text withdraws it: nothing of it stays but its place."""
    if "text" in values:
        text = values.pop("text")
        if text is None:
            values |= {"text": "", "withdrawn": True, "navigator_id": None}
            voted_on = update(VoteCandidate).where(VoteCandidate.idea_id == idea.id)
            await session.execute(voted_on.values(title="…"))
        else:
            checks = Checks()
            values["text"] = checks.text("idea", "text", text, LONGEST)
            checks.done(_("Nothing was stored. Please correct the ideas named."))
    changed = await session.scalars(
        update(Idea)
        .where(Idea.id == idea.id)
        .values(**values)
        .returning(Idea)
        .execution_options(populate_existing=True)
    )
    return changed.one()
