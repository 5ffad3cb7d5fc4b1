"""The events themselves: who organises them, what happens when, who takes part, and the confirmed rounds."""

import datetime as dt
import uuid
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Text, false, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
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
    date: Mapped[dt.date]
    last_day: Mapped[dt.date]
    """The same as `date` for most; seminars take several days."""
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
    revised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When SEQUENCE last rose; who takes part is no matter for calendars."""
    first_round: Mapped[datetime | None]
    round_minutes: Mapped[int]
    break_minutes: Mapped[int]
    rounds: Mapped[int]
    tables: Mapped[int]
    table_topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    plan: Mapped[uuid.UUID | None]
    """The plan of matching that was confirmed last."""
    module_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("events.module.id"), index=True)
    """The module that is taught."""
    series_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("events.series.id"), index=True)
    recurrence: Mapped[dt.date | None]
    """In a series: the day that the rule gave, wherever the occurrence was moved (RFC 5545, RECURRENCE-ID)."""
    changed_alone: Mapped[bool] = mapped_column(server_default=text("false"))
    """In a series: whether somebody changed this occurrence alone, which a change of all then leaves as it is."""
    former: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """Cities that took part and do not any more: AGS → when they left (ISO 8601), for their calendars."""
    reminded_at: Mapped[datetime | None]
    """When people were reminded of its date."""


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
    material: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Links: `title` and `url` each."""


class Room(Base):
    """A room of the venue."""

    __tablename__ = "room"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    name: Mapped[str]
    capacity: Mapped[int | None]
    features: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Of `draft.FEATURES`."""


class OnlineLink(Base):
    """Where an event takes place online; a table of its own because everybody reads events, but not this."""

    __tablename__ = "online_link"
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), primary_key=True)
    url: Mapped[str]


ABSENT: Final = ("no_show", "left")
"""The attendance of whoever is not there any more."""


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
    moved: Mapped[bool] = mapped_column(server_default=false())
    """Not where the person was planned before: the plan was changed on the day."""


class Contact(Base):
    """That somebody wants to stay in contact with somebody of their tables; they are when both say so."""

    __tablename__ = "contact"
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), primary_key=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    other_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[datetime] = mapped_column(server_default=func.now())
