"""What past events count of people who were deleted: numbers of cities, and nothing that leads to anybody."""

import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from services.events.models.base import Base


class Departed(Base):
    """How many people of a city took part in an event and were deleted after it."""

    __tablename__ = "departed"
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), primary_key=True)
    ags: Mapped[str] = mapped_column(primary_key=True)
    registered: Mapped[int]
    attended: Mapped[int]
    unnoted: Mapped[int]
    """Of the attended, those of whom nobody noted whether they came."""
    people: Mapped[int]
    """Of the attended, those for whom it was the first event of its year."""


class DepartedPair(Base):
    """How many pairs of people of two cities (`one` < `other`) first met in their year at this event, where somebody of
    each pair was deleted after it.
    """

    __tablename__ = "departed_pair"
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), primary_key=True)
    one: Mapped[str] = mapped_column(primary_key=True)
    other: Mapped[str] = mapped_column(primary_key=True)
    pairs: Mapped[int]
