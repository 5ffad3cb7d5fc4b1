"""What cities publish, as everybody allowed reads it: the projection of their publications.

A row holds no value that is for the person alone. What only the network or the own city sees stands in the row and is
blanked on the way out, by the masks `shown_*` (`directory.fields`).
"""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Computed,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.fields import FIELDS
from services.directory.models.base import Base

PROFILE = f"CASE WHEN shown_{{0}} & {FIELDS['profile'].flag} <> 0 THEN coalesce(profile, '') ELSE '' END"


def _facets(found: str, own: str) -> Any:
    """The topics among the words `found`, and „=“ with the state and `own`: a column that follows from the row; nobody
    reads it with the row. Words are sorted by their bytes, those of topics come first.
    """
    words = f"tsvector_to_array({found})"
    value = f"({words})[1:width_bucket('$' COLLATE \"C\", {words})] || ('=' || left(ags, 2) || {own})"
    return mapped_column(ARRAY(Text), Computed(value, persisted=True), nullable=True, deferred=True)


class City(Base):
    """A municipality that publishes, by its AGS (Amtlicher Gemeindeschlüssel, 8 digits)."""

    __tablename__ = "city"
    __table_args__ = (
        Index("ix_city_sort_key_ags", "sort_key", "ags"),
        Index("ix_city_found", "found", postgresql_using="gin"),
    )
    ags: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    sort_key: Mapped[str]
    kind: Mapped[str]
    population: Mapped[int | None]
    website: Mapped[str | None]
    logo: Mapped[str | None]
    contact: Mapped[str] = mapped_column(server_default="")
    contact_email: Mapped[str | None]
    contact_phone: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="")
    """The state's name, from the register where there is one."""
    district: Mapped[str] = mapped_column(server_default="")
    size_class: Mapped[str | None]
    """By its population: see `directory.register.size_class`."""
    found: Mapped[str | None] = mapped_column(TSVECTOR)
    publication: Mapped[int | None]
    """Its newest publication; what `If-Match` is held against."""
    published_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When it last changed anything."""
    confirmed_on: Mapped[date] = mapped_column(server_default=func.current_date())
    """When it last said that all of it is true, by publishing it unchanged too."""
    told: Mapped[int | None]
    """The publication whose people have all been told of their entries."""


class Department(Base):
    __tablename__ = "department"
    ags: Mapped[str] = mapped_column(ForeignKey("directory.city.ags", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    sort_key: Mapped[str]
    target: Mapped[int]
    employees: Mapped[int | None]


class Navigator(Base):
    """A navigator as their city and they themselves want to be shown; `key` is the city's own name for the row."""

    __tablename__ = "navigator"
    __table_args__ = (
        UniqueConstraint("ags", "key"),
        Index("ix_navigator_sort_network_id", "sort_network", "id"),
        Index("ix_navigator_ags_sort_network_id", "ags", "sort_network", "id"),
        Index("ix_navigator_ags_id", "ags", "id"),
        Index("ix_navigator_found_public", "found_public", postgresql_using="gin"),
        Index("ix_navigator_found_network", "found_network", postgresql_using="gin"),
        Index("ix_navigator_offers", "offers", postgresql_using="gin"),
        Index("ix_directory_navigator_mentor", "mentor", postgresql_where=text("mentor IS NOT NULL")),
    )
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str] = mapped_column(ForeignKey("directory.city.ags"))
    key: Mapped[str]
    listed: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """The widest `Audience` that learns of the row at all."""
    shown_public: Mapped[int] = mapped_column(server_default="0")
    shown_network: Mapped[int] = mapped_column(server_default="0")
    shown_city: Mapped[int] = mapped_column(server_default="0")
    name: Mapped[str | None]
    sort_network: Mapped[str] = mapped_column(server_default="")
    """The sort key of the name where the network sees it, else of nothing: an order tells names too."""
    title: Mapped[str]
    department: Mapped[str]
    profile: Mapped[str | None]
    hours_share: Mapped[int | None] = mapped_column(SmallInteger)
    offers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    seeks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    works_on: Mapped[list[str]] = mapped_column(ARRAY(Text))
    topics_public: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """All topics that everybody sees, sorted; so for the others."""
    topics_network: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    topics_city: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    competences: Mapped[dict[str, list[str]] | None] = mapped_column(JSONB(none_as_null=True))
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    email: Mapped[str | None]
    phone: Mapped[str | None]
    chat: Mapped[str | None]
    room: Mapped[str | None]
    photo: Mapped[str | None]
    since: Mapped[date | None]
    until: Mapped[date | None]
    mentor: Mapped[uuid.UUID | None]
    """A navigator of any city, who may have gone since."""
    recruited: Mapped[str | None]
    tasks: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    coordinator: Mapped[bool] = mapped_column(server_default=text("false"))
    funded: Mapped[bool] = mapped_column(server_default=text("false"))
    found_public: Mapped[str | None] = mapped_column(TSVECTOR)
    """What the public can find the row by; so for the network."""
    found_network: Mapped[str | None] = mapped_column(TSVECTOR)
    facets_public: Mapped[list[str]] = _facets("found_public", PROFILE.format("public"))
    """What the public counts the row by (`finding.facets`); so for the network."""
    facets_network: Mapped[list[str]] = _facets("found_network", PROFILE.format("network"))
    changed_on: Mapped[date] = mapped_column(server_default=func.current_date())


class NavigatorTopic(Base):
    """Every topic of a navigator and every topic above it, for finding people by topic with its narrower ones."""

    __tablename__ = "navigator_topic"
    __table_args__ = (
        Index(
            "ix_navigator_topic_public", "topic", "navigator_id", unique=True, postgresql_where=text("listed_public")
        ),
        Index("ix_navigator_topic_network", "topic", "sort_network", "navigator_id"),
    )
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("directory.navigator.id", ondelete="CASCADE"), primary_key=True
    )
    topic: Mapped[str] = mapped_column(primary_key=True)  # no foreign key: topics stay, and there are many rows
    listed_public: Mapped[bool] = mapped_column(server_default=text("true"))
    """Whether everybody sees both the person and that topic; the network sees all rows of this table."""
    sort_network: Mapped[str] = mapped_column(server_default="")


class Project(Base):
    __tablename__ = "project"
    __table_args__ = (
        UniqueConstraint("ags", "key"),
        Index("ix_project_sort_key_id", "sort_key", "id"),
        Index("ix_project_ags_sort_key_id", "ags", "sort_key", "id"),
        Index("ix_project_found", "found", postgresql_using="gin"),
    )
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str] = mapped_column(ForeignKey("directory.city.ags"))
    key: Mapped[str]
    title: Mapped[str]
    sort_key: Mapped[str]
    summary: Mapped[str]
    department: Mapped[str] = mapped_column(server_default="")
    stage: Mapped[str]
    seeks_partners: Mapped[bool]
    seeks_test_area: Mapped[bool] = mapped_column(server_default=text("false"))
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    navigators: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    """Who works on it, sorted: as in `project_navigator`, without a look into a second table for each project."""
    reusable: Mapped[str] = mapped_column(server_default="")
    lessons: Mapped[str] = mapped_column(server_default="")
    links: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default="[]")
    found: Mapped[str | None] = mapped_column(TSVECTOR)
    facets: Mapped[list[str]] = _facets("found", "stage")
    changed_on: Mapped[date] = mapped_column(server_default=func.current_date())


class ProjectTopic(Base):
    """Every topic of a project and every topic above it, in the order of the projects' titles."""

    __tablename__ = "project_topic"
    topic: Mapped[str] = mapped_column(primary_key=True)  # no foreign key: topics stay, and there are many rows
    sort_key: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("directory.project.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ProjectNavigator(Base):
    __tablename__ = "project_navigator"
    project_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("directory.project.id", ondelete="CASCADE"), primary_key=True
    )
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("directory.navigator.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Tally(Base):
    """How many rows of a kind in a state (two digits) have a value, as far as each audience sees it: a part of the sum.

    Written by triggers alone, with every change of the rows; `finding.tallies` adds up what has come together.
    """

    __tablename__ = "tally"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    state: Mapped[str]
    kind: Mapped[str]
    """CITY, NAVIGATOR or PROJECT."""
    name: Mapped[str]
    """What it is a value of: kind, topic (with those above it), profile, language or stage."""
    value: Mapped[str]
    public: Mapped[int]
    network: Mapped[int]


class Publication(Base):
    """One accepted snapshot or change: who, when, how, how much. Names no person."""

    __tablename__ = "publication"
    __table_args__ = (Index("ix_publication_ags_id", "ags", "id"),)
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    ags: Mapped[str] = mapped_column(ForeignKey("directory.city.ags"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    client: Mapped[str]
    via: Mapped[str] = mapped_column(server_default="GRAPHQL")
    """GRAPHQL, REST, UPLOAD, PAGE, HARVEST or RESTORE."""
    restored: Mapped[int | None]
    """The publication whose snapshot came back."""
    added: Mapped[int]
    changed: Mapped[int]
    withdrawn: Mapped[int]
    unchanged: Mapped[int]


class Source(Base):
    """What a city sent, as validated: the newest is what the next publication is compared with, older ones can be
    restored until they are forgotten. It holds what is for the person alone; only the city itself reads it.
    """

    __tablename__ = "source"
    __table_args__ = (Index("ix_source_ags_publication", "ags", "publication_id"),)
    publication_id: Mapped[int] = mapped_column(
        ForeignKey("directory.publication.id", ondelete="CASCADE"), primary_key=True
    )
    ags: Mapped[str] = mapped_column(ForeignKey("directory.city.ags"))
    snapshot: Mapped[bytes] = mapped_column(LargeBinary)
    """The JSON of a `Snapshot`, deflated."""
    digest: Mapped[str]
    """SHA-256 of that JSON, for telling at a glance that nothing changed."""
    changes: Mapped[dict[str, dict[str, list[str]]]] = mapped_column(JSONB)
    """Kind of row → key → the fields that changed; `+` for a new row, `-` for one that went."""
