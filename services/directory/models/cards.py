"""Projects that come from events, and cities that join the projects of others."""

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Text, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.models.base import Base


class ProposedProject(Base):
    """An idea of an event that a city may make its project: a copy of what events said, until the city decides."""

    __tablename__ = "proposed_project"
    __table_args__ = (Index("ix_proposed_project_ags_at", "ags", "at", "id"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str]
    """To whom it is proposed. No foreign key: what a feed says must never fail."""
    event_id: Mapped[uuid.UUID]
    event_title: Mapped[str]
    title: Mapped[str]
    summary: Mapped[str]
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    navigators: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid))
    """People of the city who care for it; forgotten as soon as it is decided."""
    status: Mapped[str]
    """PROPOSED, ACCEPTED, DECLINED or WITHDRAWN."""
    key: Mapped[str]
    """The city's own key of the project that it became; empty before."""
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    """When the city was written to."""


class ProjectPartner(Base):
    """A city that works on a project of another."""

    __tablename__ = "project_partner"
    project_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("directory.project.id", ondelete="CASCADE"), primary_key=True
    )
    ags: Mapped[str] = mapped_column(ForeignKey("directory.city.ags", ondelete="CASCADE"), primary_key=True, index=True)
    note: Mapped[str]
    since: Mapped[date] = mapped_column(server_default=func.current_date())


class ProjectPartnerNavigator(Base):
    """Somebody of a partner city who works on the project; gone as soon as their city publishes them no more."""

    __tablename__ = "project_partner_navigator"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "ags"],
            ["directory.project_partner.project_id", "directory.project_partner.ags"],
            ondelete="CASCADE",
        ),
    )
    project_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str] = mapped_column(primary_key=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("directory.navigator.id", ondelete="CASCADE"), primary_key=True, index=True
    )
