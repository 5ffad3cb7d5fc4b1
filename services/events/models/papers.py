"""What papers leave behind: certificates that anybody can check."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from services.events.models.base import Base


class Certificate(Base):
    """That somebody attended an event; it counts for as long as it is here.

    No foreign key leads to the person: a certificate outlives their role in a city, but not their erasure.
    """

    __tablename__ = "certificate"
    __table_args__ = (UniqueConstraint("event_id", "navigator_id"),)
    code: Mapped[str] = mapped_column(primary_key=True)
    """Symbols of Crockford's base 32 without dashes; by chance, so it tells nothing."""
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), index=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(index=True)
    initials: Mapped[str]
    """All that whoever checks it sees of the name."""
    minutes: Mapped[int | None]
    """How long the person took part; None where the certificate says nothing of it."""
    issued_at: Mapped[datetime] = mapped_column(server_default=func.now())
