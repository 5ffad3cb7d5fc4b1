"""What calendars need to know beyond the events themselves."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from services.events.models.base import Base


class CalendarFeed(Base):
    """A navigator's personal calendar: links to it hold `nonce`, and end with this row."""

    __tablename__ = "calendar_feed"
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="CASCADE"), primary_key=True
    )
    nonce: Mapped[bytes]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())


class LeftEvent(Base):
    """Who left an event in which they took part; their calendar shows it as cancelled for a while."""

    __tablename__ = "left_event"
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), primary_key=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    back_at: Mapped[datetime | None]
    """When they came back: their calendar must hear of it after what it heard of their leaving."""
