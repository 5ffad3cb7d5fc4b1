"""The register that publications are checked against, and the shared vocabulary of topics (SKOS)."""

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.models.base import Base


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
        ForeignKey("directory.topic.code", deferrable=True, initially="DEFERRED"), index=True
    )
    de: Mapped[str]
    en: Mapped[str]
    synonyms: Mapped[list[str]] = mapped_column(ARRAY(Text))
    search: Mapped[str]
    """Labels and synonyms, folded."""
    path: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The codes from the field down to the topic itself, so that „and all below“ is one comparison."""
    position: Mapped[int]
    ozg: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """The fields of the Onlinezugangsgesetz (Themenfelder) it belongs to."""
    merged_into: Mapped[str | None] = mapped_column(
        ForeignKey("directory.topic.code", deferrable=True, initially="DEFERRED")
    )
    """The topic that took its place; what is merged is still understood when published."""
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now(), index=True)
    """The newest of all tells whether what a process remembers of the vocabulary is still true."""


class TopicProposal(Base):
    """A topic that a city misses, until a central navigator decides."""

    __tablename__ = "topic_proposal"
    __table_args__ = (Index("ix_topic_proposal_status_id", "status", "id"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ags: Mapped[str]
    de: Mapped[str]
    en: Mapped[str]
    parent: Mapped[str | None]
    synonyms: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="OPEN")
    """OPEN, ACCEPTED (as `code`), MERGED (a synonym of `code` now) or DECLINED."""
    code: Mapped[str | None]
    answer: Mapped[str] = mapped_column(server_default="")
    by: Mapped[str]
    decided_by: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_at: Mapped[datetime | None]
