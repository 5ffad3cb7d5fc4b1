"""People who may become navigators: asked, nominated, or by their own application; and what they say of themselves."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.models.base import Base


class Candidate(Base):
    """Somebody who may become a navigator of a city, until they and the city have decided; kept for a while after."""

    __tablename__ = "candidate"
    __table_args__ = (Index("ix_candidate_ags_at", "ags", "at", "id"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str]
    way: Mapped[str]
    """ASKED, NOMINATED or APPLIED, as in a navigator's `recruited`."""
    status: Mapped[str]
    """WAITING for the person, AGREED by the person and waiting for the city; DECLINED by the person; TAKEN, REFUSED or
    WITHDRAWN by the city.
    """
    name: Mapped[str]
    email: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="de")
    """In which they are written to: of who asked them, and theirs as soon as they use it."""
    department: Mapped[str]
    nominator: Mapped[str]
    """Who nominated them, in words; empty for the other ways."""
    hours: Mapped[int]
    """What the role is expected to take, in hours a month; said before anybody answers."""
    words: Mapped[str]
    """Of the city to whom it asks, or of the applicant to the city."""
    answer: Mapped[str]
    """Why the person declined or the city refused."""
    turn: Mapped[int]
    """Counts the links that were sent; only the newest one opens."""
    key: Mapped[str]
    """The city's own key of the navigator that they became; empty before."""
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When the newest link was sent."""
    answered_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]


class NavigatorCall(Base):
    """A city's call for navigators: while it stands, people can apply on its page."""

    __tablename__ = "navigator_call"
    ags: Mapped[str] = mapped_column(primary_key=True)
    hours: Mapped[int]
    """As `Candidate.hours`."""
    words: Mapped[str]
    until: Mapped[date | None]
    """The last day of the call."""
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SelfAssessment(Base):
    """What a navigator notes about their own competences, for themselves alone."""

    __tablename__ = "self_assessment"
    navigator_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str] = mapped_column(index=True)
    levels: Mapped[dict[str, Any]]
    """Statement → level, from 1 to 4; `protection.assessment` has the statements."""
    notes: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SharedAssessment(Base):
    """A copy of a self-assessment that the person lets their city's coordinators read, until they take it back."""

    __tablename__ = "shared_assessment"
    navigator_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str] = mapped_column(index=True)
    levels: Mapped[dict[str, Any]]
    notes: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
