"""Between cities and above them: partnerships, who looks after whom, places, growth; how cities are read and told."""

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.models.base import Base


class Partnership(Base):
    """Two cities that work together; `ags` proposed it to `other`."""

    __tablename__ = "partnership"
    __table_args__ = (
        Index("ix_partnership_ags", "ags"),
        Index("ix_partnership_other", "other"),
    )
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str] = mapped_column(ForeignKey("directory.city.ags"))
    other: Mapped[str] = mapped_column(ForeignKey("directory.city.ags"))
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    note: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="PROPOSED")
    """PROPOSED, ACTIVE (everybody may see it) or ENDED."""
    proposed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    since: Mapped[date | None]
    ended_at: Mapped[datetime | None]


class Care(Base):
    """Which central navigator looks after a municipality: their case load."""

    __tablename__ = "care"
    ags: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("directory.account.id", ondelete="CASCADE"), index=True)
    since: Mapped[date] = mapped_column(server_default=func.current_date())


class Circular(Base):
    """What somebody who looks after a state wrote to the coordinators of its cities, all of them or some."""

    __tablename__ = "circular"
    __table_args__ = (Index("ix_circular_state_at", "state", "at", "id"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    """Two digits."""
    account_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("directory.account.id", ondelete="SET NULL"), index=True
    )
    """Who wrote it; None once their account is erased."""
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    subject: Mapped[str]
    text: Mapped[str]
    duty: Mapped[bool]
    """Whether it is about the recipients' duties, and therefore goes to those too who want no circulars."""
    audience: Mapped[str]
    """A name of `stateview.circulars.Audience`, and in `about` its district or size class."""
    about: Mapped[str]
    cities: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The keys of all to whose coordinators it goes."""
    recipients: Mapped[int]
    """How many there were when it was sent."""
    written: Mapped[int] = mapped_column(server_default="0")
    """How many mails have been put on their way."""
    finished_at: Mapped[datetime | None]


class QuotaRule(Base):
    """A state's rule: municipalities from `population` inhabitants on have `places` paid by the state (seed 003)."""

    __tablename__ = "quota_rule"
    state: Mapped[str] = mapped_column(primary_key=True)
    """Two digits."""
    population: Mapped[int] = mapped_column(primary_key=True)
    places: Mapped[int]


class DailyCount(Base):
    """What there was on a day, by state (two digits), for growth over time."""

    __tablename__ = "daily_count"
    day: Mapped[date] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    cities: Mapped[int]
    navigators: Mapped[int]
    projects: Mapped[int]


class Harvest(Base):
    """A city's own `https://…/.well-known/lotsennetz.json` that the hub reads on a schedule."""

    __tablename__ = "harvest"
    ags: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str]
    client: Mapped[str]
    """Who set it up; its publications are theirs."""
    etag: Mapped[str | None]
    asked_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    """When it was last read well."""
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    """In a row; it is read less often the more there are."""
    problem: Mapped[str | None]
    """Why the last reading failed, in words."""
    confirmed_by: Mapped[str | None]
    """The central navigator who said that the address is the city's; nobody where its published website says so."""
    waiting: Mapped[str | None]
    """The digest of what was read but would withdraw so many people that somebody has to agree first."""
    agreed: Mapped[str | None]
    """The digest that somebody agreed to."""


class Once(Base):
    """An idempotency key of a client, and what was answered to it."""

    __tablename__ = "once"
    client: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    """SHA-256 of the request, so that a key used for another one is refused."""
    answer: Mapped[dict[str, object]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Draft(Base):
    """An uploaded snapshot between the dry run and the yes (`directory.uploads`)."""

    __tablename__ = "draft"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str]
    by: Mapped[str]
    base: Mapped[int | None]
    """The publication it was compared with: another one since then is a conflict."""
    snapshot: Mapped[bytes] = mapped_column(LargeBinary)
    """The JSON of a `sheets.Reading`, deflated: the snapshot, and how the file was understood."""
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
