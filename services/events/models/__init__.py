"""The tables of events: the events themselves, and copies of what they need of the others."""

from services.events.models.base import Base
from services.events.models.copies import City, Navigator, Topic
from services.events.models.event import AgendaItem, Event, Participant, Seat, Table
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

__all__ = [
    "TURN", "AgendaItem", "Base", "Boarding", "BoardingPoint", "City", "Event", "Navigator", "Need", "Notice",
    "Participant", "Registration", "RegistrationException", "RegistrationRules", "Seat", "Table", "Topic", "Vehicle",
]  # fmt: skip
