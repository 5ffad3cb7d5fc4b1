"""The events themselves: who organises them, what happens when, who takes part, and the confirmed rounds."""

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.events.models.base import Base


class Event(Base):
    """A learning trip, a speed-dating day, …; moments are UTC, `timezone` says on whose clock the day runs."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_date_id", "date", "id"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organiser: Mapped[str]
    """The OAuth client that made it and may change it."""
    kind: Mapped[str]
    title: Mapped[str]
    hashtag: Mapped[str]
    date: Mapped[date]
    timezone: Mapped[str]
    venue: Mapped[str]
    address: Mapped[str]
    host: Mapped[str]
    guests: Mapped[list[str]] = mapped_column(ARRAY(Text))
    questions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str]
    sequence: Mapped[int]
    """RFC 5545 SEQUENCE: rises with every change that calendars must notice."""
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    first_round: Mapped[datetime | None]
    round_minutes: Mapped[int]
    break_minutes: Mapped[int]
    rounds: Mapped[int]
    tables: Mapped[int]
    table_topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    plan: Mapped[uuid.UUID | None]
    """The plan of matching that was confirmed last."""


class AgendaItem(Base):
    __tablename__ = "agenda_item"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    starts: Mapped[datetime]
    ends: Mapped[datetime | None]
    title: Mapped[str]
    details: Mapped[list[str]] = mapped_column(ARRAY(Text))
    audience: Mapped[str | None]
    """AGS of the only city it is for; None: everybody."""
    responsible: Mapped[str]


class Participant(Base):
    __tablename__ = "participant"
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), primary_key=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    attendance: Mapped[str] = mapped_column(server_default=text("'expected'"))
    """On the day: expected, present, late, no_show or left."""
    attendance_at: Mapped[datetime | None]


class Table(Base):
    """A table in a round of the confirmed plan; numbers count from 1."""

    __tablename__ = "round_table"
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str]


class Seat(Base):
    __tablename__ = "seat"
    __table_args__ = (
        ForeignKeyConstraint(
            ["event_id", "round", "number"],
            ["events.round_table.event_id", "events.round_table.round", "events.round_table.number"],
            ondelete="CASCADE",
        ),
    )
    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    number: Mapped[int]
