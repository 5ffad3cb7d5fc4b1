"""What people say after a day: surveys, retrospectives, quotes.

An answer never stands beside a name. While a survey runs, `survey_turnout` says who has answered, so that nobody does
twice; when it closes, those rows go, and the answers are written anew in an order by chance: after that not even the
database knows whose is whose.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.events.models.base import Base

EVENT = "events.event.id"
NAVIGATOR = "events.navigator.id"


class Survey(Base):
    __tablename__ = "survey"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(EVENT, ondelete="CASCADE"), index=True)
    title: Mapped[str]
    questions: Mapped[list[Any]] = mapped_column(JSONB)
    """As `surveys.questions.Question`, in their order."""
    by_city: Mapped[bool]
    """Whether answers are also told by city, where enough people of it have answered."""
    closes_at: Mapped[datetime | None] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]
    answered: Mapped[int]
    """How many people have."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    asked_at: Mapped[datetime | None]
    """When people were written to, after the day."""


class SurveyAnswer(Base):
    __tablename__ = "survey_answer"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    survey_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.survey.id", ondelete="CASCADE"), index=True)
    ags: Mapped[str | None]
    """Only in a survey that is told by city."""
    answers: Mapped[list[Any]] = mapped_column(JSONB)
    """As `surveys.questions.Answer`, one for each question."""


class SurveyTurnout(Base):
    """Who has answered a survey that is still open."""

    __tablename__ = "survey_turnout"
    survey_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.survey.id", ondelete="CASCADE"), primary_key=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey(NAVIGATOR, ondelete="CASCADE"), primary_key=True, index=True
    )


class RetroEntry(Base):
    """An open question, a wish, a criticism or a praise of a review meeting."""

    __tablename__ = "retro_entry"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(EVENT, ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    text: Mapped[str]
    navigator_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(NAVIGATOR, ondelete="CASCADE"), index=True)
    """Null where it was said without a name: then nobody can take it back either."""
    reply: Mapped[str]
    hidden: Mapped[bool]
    position: Mapped[int]
    """Within its event. No moment: the minute would tell who it was."""


class Quote(Base):
    """What somebody agreed to be quoted with in a report; gone as soon as they agree no more."""

    __tablename__ = "quote"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(EVENT, ondelete="CASCADE"), index=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(NAVIGATOR, ondelete="CASCADE"), index=True)
    text: Mapped[str]
    named: Mapped[bool]
    """With name and city; otherwise with the city alone."""
    agreed_at: Mapped[datetime]
    chosen: Mapped[bool]
    """By the organiser, for the report."""
