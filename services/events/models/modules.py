"""What is taught, and what leads from one meeting to the next."""

import uuid
from datetime import date

from sqlalchemy import Index, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.events.models.base import Base


class Module(Base):
    """A qualification module: what an event of the kind MODULE teaches, however often it is held."""

    __tablename__ = "module"
    __table_args__ = (Index("ix_module_host_title", "host", "title", "id"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organiser: Mapped[str]
    host: Mapped[str]
    """AGS of the city, or the two digits of the state, that offers it."""
    title: Mapped[str]
    summary: Mapped[str]
    goals: Mapped[list[str]] = mapped_column(ARRAY(Text))
    prerequisites: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid))
    """Modules that one should have attended before."""


class Programme(Base):
    """Modules that together make a year."""

    __tablename__ = "programme"
    __table_args__ = (Index("ix_programme_year_id", "year", "id"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organiser: Mapped[str]
    host: Mapped[str]
    title: Mapped[str]
    year: Mapped[int]
    modules: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid))
    """In the order in which they are attended."""


class Series(Base):
    """Meetings that recur; each occurrence is an event of its own."""

    __tablename__ = "series"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organiser: Mapped[str]
    rule: Mapped[str]
    """An RRULE (RFC 5545) as `recurrence.dates` reads it."""
    starts: Mapped[date]
    """The first day that the rule gives."""
