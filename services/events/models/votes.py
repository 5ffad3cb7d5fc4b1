"""Votes on ideas and results.

A ballot never stands beside a name. While a vote is open, `vote_turnout` says who has voted, so that nobody does twice.
When it closes, both go: what stays are the sums of each candidate.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.events.models.base import Base


class Vote(Base):
    __tablename__ = "vote"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), index=True)
    title: Mapped[str]
    source: Mapped[str]
    """Where an imported result was printed."""
    imported: Mapped[bool]
    criteria: Mapped[list[Any]] = mapped_column(JSONB)
    """As `votes.drafts.Criterion`, in their order."""
    tie_rule: Mapped[str]
    tie_criteria: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    """Which are compared first where totals are the same; they count from 0."""
    seed: Mapped[str]
    """Of the lot; drawn when the vote closes, so that nobody knows before what it says."""
    closes_at: Mapped[datetime | None] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]
    entitled: Mapped[int | None]
    """How many could vote, as it was when it closed; so for `voted`. Null while it is open and where nobody knows."""
    voted: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class VoteCandidate(Base):
    """What is voted on: an idea, a proposal with what came of it, or something else."""

    __tablename__ = "vote_candidate"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), index=True)
    vote_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.vote.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    title: Mapped[str]
    """As it was put to the vote, whatever becomes of the idea's words; gone with an idea that is withdrawn."""
    city: Mapped[str]
    """AGS; empty for none."""
    idea_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("events.idea.id", ondelete="SET NULL"), index=True)
    proposal_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("events.proposal.id", ondelete="SET NULL"), index=True
    )
    figures: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    """Points in each criterion, once it is closed; null where too few voted to tell them."""
    printed_total: Mapped[int | None]
    """As an imported result has it, right or wrong."""
    printed_rank: Mapped[int | None]


class VoteBallot(Base):
    """What somebody voted, until the vote closes."""

    __tablename__ = "vote_ballot"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    vote_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.vote.id", ondelete="CASCADE"), index=True)
    points: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """By candidate: points in each criterion. Who got none is left out."""


class VoteTurnout(Base):
    """Who has voted, until the vote closes."""

    __tablename__ = "vote_turnout"
    vote_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.vote.id", ondelete="CASCADE"), primary_key=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="CASCADE"), primary_key=True, index=True
    )
