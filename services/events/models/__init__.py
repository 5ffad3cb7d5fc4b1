"""The tables of events: the events themselves, and copies of what they need of the others."""

from services.events.models.base import Base
from services.events.models.copies import City, Navigator, Topic
from services.events.models.event import AgendaItem, Event, Participant, Seat, Table
from services.events.models.live import Idea, Live, LiveStep
from services.events.models.surveys import Quote, RetroEntry, Survey, SurveyAnswer, SurveyTurnout

__all__ = [
    "AgendaItem",
    "Base",
    "City",
    "Event",
    "Idea",
    "Live",
    "LiveStep",
    "Navigator",
    "Participant",
    "Quote",
    "RetroEntry",
    "Seat",
    "Survey",
    "SurveyAnswer",
    "SurveyTurnout",
    "Table",
    "Topic",
]
