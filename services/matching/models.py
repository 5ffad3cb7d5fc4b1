"""Matching's tables: its own copies of what it needs of the others, and the plans."""

import datetime as dt
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, MetaData, Text, Uuid, false, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kit import jobs, log, revoked
from services.kit.db import NAMING, TYPES


class Base(DeclarativeBase):
    metadata = MetaData(schema="matching", naming_convention=NAMING)
    type_annotation_map = TYPES


for attach in (log.attach, jobs.attach, revoked.attach):
    attach(Base.metadata)


class Topic(Base):
    """Copy of the directory's topic."""

    __tablename__ = "topic"
    code: Mapped[str] = mapped_column(primary_key=True)
    parent: Mapped[str | None]
    de: Mapped[str] = mapped_column(server_default="")
    en: Mapped[str] = mapped_column(server_default="")


class City(Base):
    """Copy of the directory's city: what it is called, and for partnerships, how large it is."""

    __tablename__ = "city"
    ags: Mapped[str] = mapped_column(primary_key=True)
    population: Mapped[int | None]
    name: Mapped[str] = mapped_column(server_default="")


class Navigator(Base):
    """Copy of the directory's navigator; the name, as the network sees it, is for organisers' pages alone."""

    __tablename__ = "navigator"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str]
    offers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    seeks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    works_on: Mapped[list[str]] = mapped_column(ARRAY(Text))
    department: Mapped[str] = mapped_column(server_default="")
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    since: Mapped[dt.date | None]
    name: Mapped[str] = mapped_column(server_default="")
    sort_key: Mapped[str] = mapped_column(server_default="")


class Event(Base):
    """Copy of the event: who may plan it, who takes part, and when it is, unless an older version said it."""

    __tablename__ = "event"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organiser: Mapped[str]
    cities: Mapped[list[str]] = mapped_column(ARRAY(Text))
    participants: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid))
    date: Mapped[dt.date | None]
    last_day: Mapped[dt.date | None]
    """The same as `date` for most."""
    cancelled: Mapped[bool] = mapped_column(server_default=false())
    absent: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    """Participants who were not there on the day."""
    gone: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    """Participants who are not there now: the rest of the day is planned without them."""
    played: Mapped[int | None]
    """How many rounds took place; None where nobody said it."""
    title: Mapped[str] = mapped_column(server_default="")
    rounds: Mapped[int] = mapped_column(server_default="0")
    tables: Mapped[int] = mapped_column(server_default="0")
    """As the organiser wrote them into the event; 0 where there are none."""
    table_topics: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")


class Plan(Base):
    """One plan of rounds for an event: what was asked, and what came out.

    `question` holds everything the solver saw (`question.Question`), so that a plan can be computed again; `answer` is
    None until the job is done, `best` what it has so far, and `failure` why there is no answer. A plan changed by hand
    is a copy of its `parent`: `version` goes up with each change, `adjustments` are the changes, and who is `pinned` is
    not moved.
    """

    __tablename__ = "plan"
    __table_args__ = (
        Index("uq_plan_confirmed", "event_id", unique=True, postgresql_where=text("confirmed_at IS NOT NULL")),
    )
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("matching.event.id"), index=True)
    job_id: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    question: Mapped[dict[str, Any]]
    answer: Mapped[dict[str, Any] | None]
    confirmed_at: Mapped[datetime | None]
    best: Mapped[dict[str, Any] | None]
    failure: Mapped[dict[str, Any] | None]
    cancelled_at: Mapped[datetime | None]
    parent: Mapped[uuid.UUID | None]
    """Not a foreign key: a copy outlives the plan that made room for others."""
    version: Mapped[int] = mapped_column(server_default="1")
    pinned: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    adjustments: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    wanted: Mapped[bool] = mapped_column(server_default=false())
    """Whether the event goes by it as soon as it is done."""
