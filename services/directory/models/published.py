"""What cities publish, and the register it is checked against."""

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Identity, Index, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.models.base import Base


class City(Base):
    """A municipality that publishes, by its AGS (Amtlicher Gemeindeschlüssel, 8 digits)."""

    __tablename__ = "city"
    ags: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    sort_key: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    population: Mapped[int | None]
    website: Mapped[str | None]


class Municipality(Base):
    """A municipality of the official register, whether it takes part or not; `area` in hectares."""

    __tablename__ = "municipality"
    __table_args__ = (Index("ix_municipality_sort_key_ags", "sort_key", "ags"),)
    ags: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    sort_key: Mapped[str]
    search: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    district: Mapped[str]
    population: Mapped[int]
    area: Mapped[int]
    postal_code: Mapped[str]
    state_of: Mapped[date]
    """The day of the register that last held it."""
    ended: Mapped[bool]
    """Merged or dissolved since: the newest register does not hold it any more."""


class Topic(Base):
    """A topic of the shared vocabulary; `position` is its place in a walk through the tree."""

    __tablename__ = "topic"
    code: Mapped[str] = mapped_column(primary_key=True)
    parent: Mapped[str | None] = mapped_column(
        ForeignKey("directory.topic.code", deferrable=True, initially="DEFERRED")
    )
    de: Mapped[str]
    en: Mapped[str]
    synonyms: Mapped[list[str]] = mapped_column(ARRAY(Text))
    search: Mapped[str]
    """Labels and synonyms, folded."""
    path: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The codes from the field down to the topic itself, so that „and all below“ is one comparison."""
    position: Mapped[int]


class Navigator(Base):
    """A navigator as their city published them; `key` is the city's own name for the row."""

    __tablename__ = "navigator"
    __table_args__ = (UniqueConstraint("ags", "key"), Index("ix_navigator_sort_key_id", "sort_key", "id"))
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str] = mapped_column(ForeignKey("directory.city.ags"))
    key: Mapped[str]
    name: Mapped[str]
    sort_key: Mapped[str]
    title: Mapped[str]
    department: Mapped[str]
    search: Mapped[str]
    """Title and department, folded for searching; the name is in `sort_key` and only some may search it."""
    offers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    seeks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    works_on: Mapped[list[str]] = mapped_column(ARRAY(Text))


class NavigatorTopic(Base):
    """Every topic of a navigator and every topic above it, for finding people by topic with its narrower ones."""

    __tablename__ = "navigator_topic"
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("directory.navigator.id", ondelete="CASCADE"), primary_key=True
    )
    topic: Mapped[str] = mapped_column(ForeignKey("directory.topic.code"), primary_key=True, index=True)


class Project(Base):
    __tablename__ = "project"
    __table_args__ = (UniqueConstraint("ags", "key"), Index("ix_project_sort_key_id", "sort_key", "id"))
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str] = mapped_column(ForeignKey("directory.city.ags"))
    key: Mapped[str]
    title: Mapped[str]
    sort_key: Mapped[str]
    summary: Mapped[str]
    search: Mapped[str]
    stage: Mapped[str]
    seeks_partners: Mapped[bool]
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text))


class ProjectNavigator(Base):
    __tablename__ = "project_navigator"
    project_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("directory.project.id", ondelete="CASCADE"), primary_key=True
    )
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("directory.navigator.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Publication(Base):
    """One accepted snapshot: who, when, how much changed. Names no person."""

    __tablename__ = "publication"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    ags: Mapped[str] = mapped_column(ForeignKey("directory.city.ags"), index=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    client: Mapped[str]
    added: Mapped[int]
    changed: Mapped[int]
    withdrawn: Mapped[int]
    unchanged: Mapped[int]
