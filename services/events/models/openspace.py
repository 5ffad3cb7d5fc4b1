"""An open space: what people propose, who cares for it, where it happens, and what comes of it."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, LargeBinary, Text, UniqueConstraint, func
from sqlalchemy import text as plain
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, deferred, mapped_column

from services.events.models.base import Base


def _event(*, key: bool = False) -> Mapped[uuid.UUID]:
    return mapped_column(ForeignKey("events.event.id", ondelete="CASCADE"), primary_key=key, index=not key)


def _proposal(*, key: bool = False) -> Mapped[uuid.UUID]:
    return mapped_column(ForeignKey("events.proposal.id", ondelete="CASCADE"), primary_key=key, index=not key)


class OpenSpace(Base):
    """What an event says of its open space; an event without a row has taken no decision yet."""

    __tablename__ = "open_space"
    event_id: Mapped[uuid.UUID] = _event(key=True)
    wishes_open: Mapped[bool] = mapped_column(server_default=plain("true"))
    """Whether people may still say what interests them: until the first plan is published, or as the organiser says."""
    revision: Mapped[int] = mapped_column(server_default=plain("0"))
    """Rises with every published change of the plan; 0 before the first."""
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Proposal(Base):
    """A topic that somebody would like to talk about.

    There is no moment of its own: who proposed without a name shall not be found by when they did.
    """

    __tablename__ = "proposal"
    __table_args__ = (UniqueConstraint("event_id", "number"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = _event()
    number: Mapped[int]
    """Counts from 1 within the event; what people call it on the wall."""
    title: Mapped[str]
    text: Mapped[str]
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    needs: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Features that its room must have."""
    origin: Mapped[str]
    """`person`, `organiser` or `idea`; `source` says more of an idea, such as its round and table."""
    source: Mapped[str]
    anonymous: Mapped[bool]
    status: Mapped[str]
    times: Mapped[int] = mapped_column(server_default=plain("1"))
    """How often it takes place."""
    merged_into: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("events.proposal.id", ondelete="SET NULL"))
    """The proposal that a person merged it into; taking that back restores it as it was."""
    root: Mapped[uuid.UUID] = mapped_column(index=True)
    """The proposal under which it takes place in the end; itself unless merged."""


class ProposalPerson(Base):
    """Who proposed it (`author`) and who hosts its session (`convener`)."""

    __tablename__ = "proposal_person"
    event_id: Mapped[uuid.UUID] = _event()
    proposal_id: Mapped[uuid.UUID] = _proposal(key=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(primary_key=True)


class Interest(Base):
    """That somebody would like to (weight 1) or must (3) be there. It ends with their part in the event."""

    __tablename__ = "interest"
    __table_args__ = (
        ForeignKeyConstraint(
            ["event_id", "navigator_id"],
            ["events.participant.event_id", "events.participant.navigator_id"],
            ondelete="CASCADE",
        ),
    )
    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    proposal_id: Mapped[uuid.UUID] = _proposal(key=True)
    weight: Mapped[int]


class Slot(Base):
    """A time in which sessions run beside each other, one in each room."""

    __tablename__ = "slot"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = _event()
    starts: Mapped[datetime]
    ends: Mapped[datetime]


class Closure(Base):
    """A room that cannot be used in a slot."""

    __tablename__ = "closure"
    event_id: Mapped[uuid.UUID] = _event()
    room_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.room.id", ondelete="CASCADE"), primary_key=True)
    slot_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.slot.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Absence(Base):
    """A slot in which somebody is not there to host anything."""

    __tablename__ = "absence"
    event_id: Mapped[uuid.UUID] = _event()
    navigator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    slot_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.slot.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class AgendaPlan(Base):
    """A draft of the sessions: what was asked and what came of it.

    The question counts people and names none (`openspace.question`), so that nobody has to be erased from it.
    """

    __tablename__ = "agenda_plan"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = _event()
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    question: Mapped[dict[str, Any]]
    answer: Mapped[dict[str, Any] | None]
    job_id: Mapped[uuid.UUID | None]
    parent: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("events.agenda_plan.id", ondelete="SET NULL"))
    version: Mapped[int] = mapped_column(server_default=plain("0"))
    """Rises with each change by hand."""
    revision: Mapped[int | None]
    """As which it was published last."""


class Session(Base):
    """A topic in a room at a time, as published. `part` counts from 1 where a topic takes place several times."""

    __tablename__ = "session"
    __table_args__ = (UniqueConstraint("proposal_id", "part"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = _event()
    proposal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.proposal.id", ondelete="CASCADE"))
    part: Mapped[int]
    slot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.slot.id", ondelete="CASCADE"), index=True)
    room_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.room.id", ondelete="CASCADE"), index=True)
    title: Mapped[str]
    """As everybody reads it: the proposals themselves are for the event's cities."""
    moved_in: Mapped[int | None]
    """The revision that moved it last; null while it is where it was first."""
    was_slot: Mapped[uuid.UUID | None]
    was_room: Mapped[uuid.UUID | None]


class SessionSeat(Base):
    """Who has a seat in which session, as the published plan gives them: no more than its room holds."""

    __tablename__ = "session_seat"
    __table_args__ = (
        ForeignKeyConstraint(
            ["event_id", "navigator_id"],
            ["events.participant.event_id", "events.participant.navigator_id"],
            ondelete="CASCADE",
        ),
    )
    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    navigator_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    session_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("events.session.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Harvest(Base):
    """What came of a topic: results, decisions, minutes."""

    __tablename__ = "harvest"
    event_id: Mapped[uuid.UUID] = _event()
    proposal_id: Mapped[uuid.UUID] = _proposal(key=True)
    results: Mapped[str]
    decisions: Mapped[str]
    minutes: Mapped[str]
    version: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ActionItem(Base):
    """Who does what until when; `proposal_id` is null for what no session agreed on."""

    __tablename__ = "action_item"
    __table_args__ = (Index("ix_action_item_city_due", "city", "due"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = _event()
    proposal_id: Mapped[uuid.UUID | None] = _proposal()
    text: Mapped[str]
    owner_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("events.navigator.id", ondelete="SET NULL"), index=True
    )
    owner: Mapped[str]
    """In words, where nobody of the directory is meant."""
    city: Mapped[str]
    """AGS; empty for none."""
    due: Mapped[date | None]
    status: Mapped[str]
    idea_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("events.idea.id", ondelete="SET NULL"), index=True)
    """The idea of a table that it follows from; so for what was voted on."""
    candidate_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("events.vote_candidate.id", ondelete="SET NULL"), index=True
    )


class HarvestFile(Base):
    """A photo or document of a session, freed of what cameras write into it."""

    __tablename__ = "harvest_file"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = _event()
    proposal_id: Mapped[uuid.UUID] = _proposal()
    name: Mapped[str]
    media_type: Mapped[str]
    alt: Mapped[str]
    """What is to be seen, for those who do not see it."""
    caption: Mapped[str] = mapped_column(server_default=plain("''"))
    """What minutes print below it."""
    consent: Mapped[bool] = mapped_column(server_default=plain("false"))
    """Whether all who are to be seen agreed that minutes print it."""
    size: Mapped[int]
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
