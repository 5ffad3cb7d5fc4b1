"""Copies of what events need of the directory."""

import uuid

from sqlalchemy import Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.events.models.base import Base


class City(Base):
    """Copy of the directory's city."""

    __tablename__ = "city"
    ags: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    population: Mapped[int | None]
    email: Mapped[str] = mapped_column(server_default=text("''"))
    """The city's public contact point; empty where it has none."""
    invitable: Mapped[bool] = mapped_column(server_default=text("true"))
    """False: wants no invitations any more."""


class Topic(Base):
    """Copy of the directory's topic."""

    __tablename__ = "topic"
    code: Mapped[str] = mapped_column(primary_key=True)
    de: Mapped[str]
    en: Mapped[str]
    parent: Mapped[str | None]
    """The code above it; none for a field."""


class Navigator(Base):
    """Copy of the directory's navigator: what stands on the papers, and where their mails go."""

    __tablename__ = "navigator"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str]
    name: Mapped[str]
    sort_key: Mapped[str]
    department: Mapped[str]
    email: Mapped[str] = mapped_column(server_default=text("''"))
    """For mails about events; empty unless the network may see it. Shown to those alone with whom they agreed to stay
    in contact.
    """
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    """What they offer, seek or work on."""
    invitable: Mapped[bool] = mapped_column(server_default=text("true"))
    """False: wants no invitations any more."""
