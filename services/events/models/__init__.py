"""The tables of events: the events themselves, and copies of what they need of the others."""

from services.events.models.base import Base
from services.events.models.copies import City, Navigator, Topic
from services.events.models.event import AgendaItem, Event, Participant, Seat, Table
from services.events.models.openspace import (
    Absence,
    ActionItem,
    AgendaPlan,
    Closure,
    Harvest,
    HarvestFile,
    Interest,
    OpenSpace,
    Proposal,
    ProposalPerson,
    Room,
    Session,
    Slot,
)

__all__ = [
    "Absence",
    "ActionItem",
    "AgendaItem",
    "AgendaPlan",
    "Base",
    "City",
    "Closure",
    "Event",
    "Harvest",
    "HarvestFile",
    "Interest",
    "Navigator",
    "OpenSpace",
    "Participant",
    "Proposal",
    "ProposalPerson",
    "Room",
    "Seat",
    "Session",
    "Slot",
    "Table",
    "Topic",
]
