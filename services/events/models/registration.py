"""Registration: who was invited, who has a place, who waits, and why somebody came first; buses, needs, mails to be."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Sequence,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.events.models.base import Base

TURN = Sequence("registration_turn", schema="events", metadata=Base.metadata)
"""What the waiting list is ordered by, in every event."""


class RegistrationRules(Base):
    """How one event gives its places; an event without it knows participants only."""

    __tablename__ = "registration_rules"
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), primary_key=True)
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    places: Mapped[int | None]
    """None: as many as come, within the quotas."""
    sizes: Mapped[list[Any]] = mapped_column(JSONB)
    """`[[population, places], …]`, rising: what a city of at least so many inhabitants gets; empty: no rule."""
    parties: Mapped[dict[str, Any]]
    """Places by AGS; they come before the rule by size."""
    release_needed: Mapped[bool]
    offer_hours: Mapped[int]
    """How long a place from the waiting list stays offered."""


class Registration(Base):
    """One person and one event. `state` is invited, registered, waiting, offered, declined, cancelled or substituted;
    `release`, the superior's, is none, pending, given or refused; again, where it was given for another day and is
    asked for anew.

    Who is registered and needs no release, or has it, is a `Participant`.
    """

    __tablename__ = "registration"
    __table_args__ = (
        Index("ix_registration_turn", "event_id", "turn", postgresql_where=text("state = 'waiting'")),
        Index("ix_registration_offered", "offered_until", postgresql_where=text("state = 'offered'")),
    )
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), primary_key=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    ags: Mapped[str]
    """Whose quota the place is taken from."""
    state: Mapped[str]
    turn: Mapped[int | None] = mapped_column(BigInteger)
    """Who waits with a lower one comes first; drawn anew whenever somebody begins to wait."""
    direct: Mapped[bool] = mapped_column(server_default=text("false"))
    """Takes a place that becomes free at once, without being asked again."""
    offered_until: Mapped[datetime | None]
    release: Mapped[str]
    superior: Mapped[str] = mapped_column(server_default=text("''"))
    """The superior's address; deleted after the day. Never shown to anybody but the person."""
    release_asks: Mapped[int] = mapped_column(server_default=text("0"))
    """How often a superior was asked; only the newest link counts."""
    released_at: Mapped[datetime | None]
    substitute: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("events.navigator.id", ondelete="SET NULL"))
    """Who took over the place of somebody `substituted`."""
    language: Mapped[str] = mapped_column(server_default=text("'de'"))
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RegistrationException(Base):
    """What an organiser did against the rules or out of turn, and why; nothing of it changes any more.

    `kind` is `order`, `quota`, `places` or `release`. `navigator_id` is gone where the person is, and the reason with
    it.
    """

    __tablename__ = "registration_exception"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), index=True)
    navigator_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="SET NULL"), index=True
    )
    ags: Mapped[str]
    kind: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Need(Base):
    """What somebody needs on the day: for the organiser's eyes, and deleted the day after."""

    __tablename__ = "need"
    __table_args__ = (
        ForeignKeyConstraint(
            ["event_id", "navigator_id"],
            ["events.registration.event_id", "events.registration.navigator_id"],
            ondelete="CASCADE",
        ),
    )
    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    diet: Mapped[str]
    access: Mapped[str]
    step_free: Mapped[bool]
    hearing_loop: Mapped[bool]


class Vehicle(Base):
    """A bus or car; `leg` is `there` or `back`."""

    __tablename__ = "vehicle"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    leg: Mapped[str]
    seats: Mapped[int]
    delay: Mapped[int] = mapped_column(server_default=text("0"))
    """Minutes that it runs late."""


class BoardingPoint(Base):
    __tablename__ = "boarding_point"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), index=True)
    vehicle_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.vehicle.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    leaves: Mapped[datetime]


class Boarding(Base):
    """Who sits where in which vehicle; the roll-call says who is there."""

    __tablename__ = "boarding"
    __table_args__ = (UniqueConstraint("vehicle_id", "seat"),)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), primary_key=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    leg: Mapped[str] = mapped_column(primary_key=True)
    vehicle_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.vehicle.id", ondelete="CASCADE"))
    point_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.boarding_point.id", ondelete="CASCADE"), index=True)
    seat: Mapped[int]
    """Counts from 1."""
    present: Mapped[bool | None]
    """As the roll-call found it; None before."""


class Notice(Base):
    """A mail that is still to be written: several about one person become one (`registration.telling`).

    Without a navigator it is for the contact point of the city `ags`.
    """

    __tablename__ = "notice"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), index=True)
    navigator_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="CASCADE"), index=True
    )
    ags: Mapped[str | None]
    kind: Mapped[str]
    details: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
