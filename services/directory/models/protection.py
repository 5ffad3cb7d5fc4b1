"""What people decide about their own data. Rows are the person's; the city that published them sees none of it."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.models.base import Base


class OwnWord(Base):
    """What a navigator said about their own entry; it stands above what the city publishes."""

    __tablename__ = "own_word"
    navigator_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str] = mapped_column(index=True)
    corrections: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """Field → value, as a row of a snapshot has them."""
    visibility: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """Field → audience; may only narrow what the city chose, or widen it by consent within the field's limit."""
    consents: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """Field → the day on which the person agreed to show it to more people than the city does."""
    hidden: Mapped[bool] = mapped_column(server_default=text("false"))
    """Hidden for safety: nobody outside the own city sees the row."""
    objected_at: Mapped[datetime | None]
    """Art. 21 GDPR: until it is decided, the row is hidden."""
    objection: Mapped[str] = mapped_column(server_default="")
    confirmed_at: Mapped[datetime | None]
    """When they last said that it is right."""
    lapsed_at: Mapped[datetime | None]
    """Hidden by the hub itself, because nobody has confirmed the entry for too long or the person has left."""
    vanished_at: Mapped[datetime | None]
    """When the city was first found not to publish the person any more; kept for a while, should they come back."""
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Erased(Base):
    """A tombstone: this id is published by nobody any more. It holds no data of the person, and outlives a restore."""

    __tablename__ = "erased"
    navigator_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Tombstone(Base):
    """What a restored database has yet to do again before anybody is answered: `kind` as the audit log calls it."""

    __tablename__ = "tombstone"
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True, server_default="")
    at: Mapped[datetime]


class Told(Base):
    """That a person was told of their entry (Art. 14 GDPR), and by what they are found again; no address, no text."""

    __tablename__ = "told"
    navigator_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(server_default="", index=True)
    """A keyed digest of the address, for those who ask for a new link."""
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    vanished_at: Mapped[datetime | None]
    """As of `OwnWord`; kept as long as earlier publications may hold the person."""
