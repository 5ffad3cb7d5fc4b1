"""Who is named in what people and organisers wrote of events: written otherwise when their name changes or they go."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import func as sql
from sqlalchemy import or_, select, update

from services.events.models import (
    ActionItem,
    AgendaItem,
    Announcement,
    BoardingPoint,
    Event,
    Harvest,
    HarvestFile,
    Idea,
    Module,
    Need,
    Notice,
    Programme,
    ProjectCard,
    Proposal,
    Quote,
    Registration,
    RegistrationException,
    RetroEntry,
    Room,
    Session,
    Survey,
    SurveyAnswer,
    Vehicle,
    Vote,
    VoteCandidate,
)
from services.kit.db import Writer
from services.kit.naming import Write, rewrite

OF_EVENT: Final = ("title", "hashtag", "venue", "address", "questions")
OF_AGENDA: Final = ("title", "details", "responsible", "material")
WRITTEN: Final[dict[Any, tuple[str, ...]]] = {
    Proposal: ("title", "text", "source"),
    Session: ("title",),
    Harvest: ("results", "decisions", "minutes"),
    ActionItem: ("text", "owner"),
    HarvestFile: ("name", "alt", "caption"),
    Vote: ("title", "source", "criteria"),
    VoteCandidate: ("title",),
    Announcement: ("text",),
    Idea: ("text",),
    RetroEntry: ("text", "reply"),
    Quote: ("text",),
    RegistrationException: ("reason",),
    Survey: ("title", "questions"),
    Need: ("diet", "access"),
    Notice: ("details",),
    Room: ("name",),
    Vehicle: ("name",),
    BoardingPoint: ("name",),
}
"""What people write at tables, in an open space and afterwards, and what organisers note, ask and announce, where
somebody may be named.
"""
OFFERED: Final[dict[Any, tuple[str, ...]]] = {Module: ("title", "summary", "goals"), Programme: ("title",)}


@dataclass
class Rewritten:
    """Project cards and events of which the others hear otherwise now."""

    cards: set[uuid.UUID] = field(default_factory=set)
    events: set[uuid.UUID] = field(default_factory=set)

    def also(self, other: "Rewritten") -> None:
        self.cards |= other.cards
        self.events |= other.events


async def everywhere(session: Writer, ags: str, write: Write) -> Rewritten:
    """Rewrite what was written of the events of the city `ags`, and superiors' addresses wherever they are."""
    theirs = select(Event.id).where((Event.host == ags) | Event.guests.contains([ags]))
    shown = _keys(await rewrite(session, Event, OF_EVENT, write, Event.id.in_(theirs)))
    items = _keys(await rewrite(session, AgendaItem, OF_AGENDA, write, AgendaItem.event_id.in_(theirs)))
    held = or_(Event.id.in_(shown), Event.id.in_(select(AgendaItem.event_id).where(AgendaItem.id.in_(items))))
    noticed = {"sequence": Event.sequence + 1, "updated_at": sql.now(), "revised_at": sql.now()}
    await session.execute(  # calendars hold the old name
        update(Event).where(held).values(noticed).execution_options(synchronize_session=False)
    )
    for model, fields in WRITTEN.items():
        await rewrite(session, model, fields, write, model.event_id.in_(theirs))
    surveys = select(Survey.id).where(Survey.event_id.in_(theirs))
    await rewrite(session, SurveyAnswer, ("answers",), write, SurveyAnswer.survey_id.in_(surveys))
    for model, fields in OFFERED.items():
        await rewrite(session, model, fields, write, or_(model.host == ags, model.host == ags[:2]))
    await rewrite(session, Registration, ("superior",), _none(write), Registration.superior != "")
    cards = _keys(await rewrite(session, ProjectCard, ("title", "summary"), write, ProjectCard.event_id.in_(theirs)))
    of_shown = select(ProjectCard.id).where(ProjectCard.event_id.in_(shown))
    return Rewritten({*cards, *await session.scalars(of_shown)}, set(shown))


def _keys(changed: Iterable[tuple[Any, ...]]) -> list[Any]:
    return [key for key, *_more in changed]


def _none(write: Write) -> Write:
    """An address is there or not."""
    return lambda text: text if write(text) == text else ""
