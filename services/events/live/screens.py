"""The screens of a day: what each kind of stream is told when something moved."""

import datetime as dt
import uuid
from collections.abc import Callable

from services.events.live.rooms import ANNOUNCEMENTS, CLOCK, IDEAS, PARTS, PEOPLE, Room
from services.kit.broadcast import EVERYTHING, Stream

OVERLAP = dt.timedelta(seconds=10)
"""How far before the last idea a screen had we look again: changes become visible in the order of their commits."""


class ClockScreen(Stream):
    """The clock and what is announced, for everybody; with a `person`, where they sit as well."""

    __slots__ = ("_rounds", "person", "room")

    def __init__(self, room: Room, person: uuid.UUID | None = None) -> None:
        super().__init__(room.rooms.audience)
        self.room, self.person = room, person
        self._rounds: tuple[int, int] | None = None
        room.look(self, CLOCK, ANNOUNCEMENTS, *([PEOPLE] if person else []), person=person)

    def counts(self) -> bool:
        return self.person is None or self.room.takes_part(self.person)

    def told(self, moved: set[str]) -> bytes:
        clock = self.room.told_state() if moved & {CLOCK, EVERYTHING} else b""
        if ANNOUNCEMENTS in moved or (EVERYTHING in moved and self.room.announced(self.person)):
            clock += self.room.told_announcements(self.person)
        if self.person is None:
            return clock
        rounds = self.room.rounds()
        if rounds == self._rounds and not moved & {PEOPLE, EVERYTHING}:
            return clock
        self._rounds = rounds
        return clock + self.room.told_route(self.person)


class BoardScreen(Stream):
    """The board of ideas; organisers see hidden ones too. `since` is the last change that it had before."""

    __slots__ = ("_counts", "organiser", "room", "since")

    def __init__(self, room: Room, *, organiser: bool, since: dt.datetime | None, counts: Callable[[], bool]) -> None:
        super().__init__(room.rooms.audience)
        self.room, self.organiser, self._counts = room, organiser, counts
        self.since = since - OVERLAP if since else None
        room.look(self, IDEAS)

    def counts(self) -> bool:
        return self._counts()

    def told(self, moved: set[str]) -> bytes:
        if moved & {IDEAS, EVERYTHING}:
            since, self.since = self.since, None
            return self.room.told_board(organiser=self.organiser, since=since)
        keys = sorted(uuid.UUID(word) for word in moved - PARTS)
        return b"".join(self.room.told_idea(key, organiser=self.organiser) for key in keys)
