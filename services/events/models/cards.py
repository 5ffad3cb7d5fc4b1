"""Ideas that shall become projects of cities."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.events.models.base import Base


class ProjectCard(Base):
    """An idea that was proposed to a city as a project of its own. It names no person: who cares for the idea is read
    from where it comes from, each time it is said.
    """

    __tablename__ = "project_card"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), index=True)
    city: Mapped[str]
    """AGS of the city that it was proposed to."""
    idea_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("events.idea.id", ondelete="SET NULL"), index=True)
    proposal_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("events.proposal.id", ondelete="SET NULL"), index=True
    )
    candidate_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("events.vote_candidate.id", ondelete="SET NULL"), index=True
    )
    """One of the three is where it comes from."""
    title: Mapped[str]
    summary: Mapped[str]
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str]
    """`proposed`, `accepted`, `declined` (both as the directory says) or `withdrawn`."""
    project_id: Mapped[uuid.UUID | None]
    """The directory's project, once it is accepted."""
    proposed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_at: Mapped[datetime | None]
