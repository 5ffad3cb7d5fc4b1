"""What events says."""

import datetime as dt

from services.kit.messages import Message


class EventPublished(Message, frozen=True):
    """An event as it is now. `organiser` is the OAuth client that may change it; `cities` are host and guests.

    `date` is the day on the event's own clock; None where an older version said it. `absent` are participants who were
    not there on the day, `gone` those who are not there now: they, and who went home. `last_day` is that of an event of
    several days; None where an older version said it. `rounds`, `tables` and their topics are as the organiser wrote
    them into the event; 0 where there are none.
    """

    id: str
    organiser: str
    title: str
    cities: tuple[str, ...]
    participants: tuple[str, ...]
    date: dt.date | None = None
    cancelled: bool = False
    absent: tuple[str, ...] = ()
    last_day: dt.date | None = None
    gone: tuple[str, ...] = ()
    rounds: int = 0
    tables: int = 0
    table_topics: tuple[str, ...] = ()

    def key(self) -> str:
        return self.id


class RoundsPlayed(Message, frozen=True):
    """How many of the event's rounds took place, or will by themselves if nobody says anything more."""

    event: str
    rounds: int

    def key(self) -> str:
        return self.event


class ProjectCardProposed(Message, frozen=True):
    """An idea of an event as it is proposed to the city `ags` as its project, or not any more (`withdrawn`). Of one
    that is `decided`, or withdrawn, only words have changed: whoever has it changes these alone.

    `topics` are codes; `navigators` are ids of people of the city who noted or propose it by name.
    """

    id: str
    ags: str
    event: str
    event_title: str
    title: str
    summary: str
    topics: tuple[str, ...] = ()
    navigators: tuple[str, ...] = ()
    withdrawn: bool = False
    decided: bool = False

    def key(self) -> str:
        return self.id
