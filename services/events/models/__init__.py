"""The tables of events: the events themselves, and copies of what they need of the others."""

from services.events.models.base import Base
from services.events.models.cards import ProjectCard
from services.events.models.copies import City, Navigator, Topic
from services.events.models.departed import Departed, DepartedPair
from services.events.models.event import ABSENT, AgendaItem, Contact, Event, OnlineLink, Participant, Room, Seat, Table
from services.events.models.feeds import CalendarFeed, LeftEvent
from services.events.models.live import Announcement, Idea, Live, LiveStep
from services.events.models.modules import Module, Programme, Series
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
    Session,
    SessionSeat,
    Slot,
)
from services.events.models.papers import Certificate
from services.events.models.registration import (
    TURN,
    Boarding,
    BoardingPoint,
    Need,
    Notice,
    Registration,
    RegistrationException,
    RegistrationRules,
    Vehicle,
)
from services.events.models.surveys import Quote, RetroEntry, Survey, SurveyAnswer, SurveyTurnout
from services.events.models.votes import Vote, VoteBallot, VoteCandidate, VoteTurnout

__all__ = [
    "ABSENT",
    "TURN",
    "Absence",
    "ActionItem",
    "AgendaItem",
    "AgendaPlan",
    "Announcement",
    "Base",
    "Boarding",
    "BoardingPoint",
    "CalendarFeed",
    "Certificate",
    "City",
    "Closure",
    "Contact",
    "Departed",
    "DepartedPair",
    "Event",
    "Harvest",
    "HarvestFile",
    "Idea",
    "Interest",
    "LeftEvent",
    "Live",
    "LiveStep",
    "Module",
    "Navigator",
    "Need",
    "Notice",
    "OnlineLink",
    "OpenSpace",
    "Participant",
    "Programme",
    "ProjectCard",
    "Proposal",
    "ProposalPerson",
    "Quote",
    "Registration",
    "RegistrationException",
    "RegistrationRules",
    "RetroEntry",
    "Room",
    "Seat",
    "Series",
    "Session",
    "SessionSeat",
    "Slot",
    "Survey",
    "SurveyAnswer",
    "SurveyTurnout",
    "Table",
    "Topic",
    "Vehicle",
    "Vote",
    "VoteBallot",
    "VoteCandidate",
    "VoteTurnout",
]
