"""The tables of events: the events themselves, and copies of what they need of the others."""

from services.events.models.base import Base
from services.events.models.copies import City, Navigator, Topic
from services.events.models.event import AgendaItem, Event, OnlineLink, Participant, Room, Seat, Table
from services.events.models.feeds import CalendarFeed, LeftEvent
from services.events.models.modules import Module, Programme, Series

__all__ = [
    "AgendaItem",
    "Base",
    "CalendarFeed",
    "City",
    "Event",
    "LeftEvent",
    "Module",
    "Navigator",
    "OnlineLink",
    "Participant",
    "Programme",
    "Room",
    "Seat",
    "Series",
    "Table",
    "Topic",
]
