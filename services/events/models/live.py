"""The day itself: the clock of the rounds, what was commanded, and ideas noted at the tables."""

import datetime as dt
import uuid
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.events.clock import Clock, RoundPhase
from services.events.models.base import Base
from services.events.models.event import Event


class Live(Base):
    """The clock of an event's rounds as it was commanded last (`events.clock`); no row: it never ran."""

    __tablename__ = "live"
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), primary_key=True)
    phase: Mapped[str]
    round: Mapped[int]
    started_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    left_milliseconds: Mapped[int | None]
    """What a paused round still has."""
    automatic: Mapped[bool]
    warning_seconds: Mapped[int]
    revision: Mapped[int]
    """Rises with every command; whoever commands names the one they looked at."""


class LiveStep(Base):
    """A command and what it made of the clock; never changed."""

    __tablename__ = "live_step"
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    command: Mapped[str]
    phase: Mapped[str]
    round: Mapped[int]
    ends_at: Mapped[datetime | None]


class Idea(Base):
    """An idea noted at a table, from a phone or from a paper card."""

    __tablename__ = "idea"
    __table_args__ = (Index("ix_idea_event_id_changed_at", "event_id", "changed_at"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"))
    round: Mapped[int | None]
    number: Mapped[int | None]
    """The table's."""
    text: Mapped[str]
    """Empty once it is withdrawn."""
    navigator_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="SET NULL"), index=True
    )
    """Who noted it, where they wanted to be named; of all others nothing is kept."""
    source: Mapped[str]
    hidden: Mapped[bool]
    """The organiser took it off the board."""
    withdrawn: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Announcement(Base):
    """What the organiser announced; for everybody unless one of `city`, `vehicle_id` and `session_id` is there."""

    __tablename__ = "announcement"
    __table_args__ = (Index("ix_announcement_event_id_at", "event_id", "at"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"))
    text: Mapped[str]
    city: Mapped[str | None]
    """AGS."""
    vehicle_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("events.vehicle.id", ondelete="CASCADE"), index=True
    )
    session_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("events.session.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


def clock_of(event: Event, row: Live | None) -> Clock:
    """The clock as it was commanded last; of an event without a row, the one that was never started."""
    never = Clock(rounds=event.rounds, minutes=event.round_minutes, pause=event.break_minutes)
    if row is None:
        return never
    left = None if row.left_milliseconds is None else dt.timedelta(milliseconds=row.left_milliseconds)
    return msgspec.structs.replace(
        never, phase=RoundPhase(row.phase), round=row.round, started_at=row.started_at, ends_at=row.ends_at, left=left,
        automatic=row.automatic, warning=row.warning_seconds, revision=row.revision,
    )  # fmt: skip


def row_of(clock: Clock) -> dict[str, Any]:
    """The columns of a clock; the event has the others."""
    return {
        "phase": clock.phase.value,
        "round": clock.round,
        "started_at": clock.started_at,
        "ends_at": clock.ends_at,
        "left_milliseconds": None if clock.left is None else round(clock.left / dt.timedelta(milliseconds=1)),
        "automatic": clock.automatic,
        "warning_seconds": clock.warning,
        "revision": clock.revision,
    }
