"""Who looks on at which event, in this process: told as soon as the database says that something moved.

A room reads an event once for all its screens: the clock when it was commanded, the seats when they changed. What is
written to a screen is made of what the room has, without a question to the database.
"""

import asyncio
import datetime as dt
import hashlib
import logging
import time
import uuid
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from services.events import clock as clocks
from services.events import notices
from services.events.clock import Clock
from services.events.live import reading
from services.events.live.state import Announced, Board, IdeaShown, Mine, Seating, State, rounds_of, shown, state
from services.events.models import Event, Idea
from services.kit import eventstream
from services.kit.broadcast import Audience, Screen
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.news import Ear
from services.kit.service import Runtime

log = logging.getLogger(__name__)
EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)
CHANNEL = "lotsennetz_events_live"
CLOCK, PEOPLE, IDEAS, VOTES, ANNOUNCEMENTS = "clock", "people", "ideas", "votes", "announcements"
PARTS = frozenset({CLOCK, PEOPLE, IDEAS, VOTES, ANNOUNCEMENTS})
"""Of `VOTES` a room keeps nothing: who shows them reads them."""
DEAF_SECONDS = 1.0
"""How long something that was read counts while the database tells nothing."""
AGAIN_SECONDS = 1.0
TOGETHER_SECONDS = 0.2
"""How long changes of seats and ideas are gathered; the clock never waits."""
KEPT_SECONDS = 60.0
"""How long a room stays in memory that nobody looks at."""
FRESH_SECONDS = 0.2
"""For how long the same bytes are written to all screens; the time in them is that old at most."""


class Rooms(Ear):
    """All rooms of one process."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime.db)
        self.runtime, self.audience = runtime, Audience()
        self.rooms: dict[uuid.UUID, Room] = {}
        self.hearing = False

    @property
    def channel(self) -> str:
        return CHANNEL

    async def open(self, event_id: uuid.UUID | None, *parts: str) -> "Room":
        """The room of an event, with `parts` as they are now. Raises NotFound where there is no such event."""
        if event_id is None:
            raise NotFound(_("There is no such event."))
        found = self.rooms.get(event_id) or Room(self, event_id)
        self.rooms[event_id] = found
        try:
            await found.fresh(*parts)
        except NotFound:
            if not found.screens:
                self.rooms.pop(event_id, None)
            raise
        return found

    def opened(self) -> None:
        self.hearing = True
        for room in self.rooms.values():
            room.moved(*PARTS)

    def closed(self) -> None:
        self.hearing = False

    def heard(self, told: str) -> None:
        what, *keys = told.split(" ")
        if what == "names":
            for room in self.rooms.values():
                room.moved(PEOPLE, IDEAS)
        elif (found := self.rooms.get(uuid.UUID(keys[0]))) is not None:
            if what == "idea":
                found.noted(uuid.UUID(keys[1]))
            else:
                found.moved(what if what in PARTS else CLOCK)

    async def forget(self) -> None:
        """Let go of rooms that nobody looks at, until cancelled."""
        while True:
            await asyncio.sleep(KEPT_SECONDS)
            for key, room in list(self.rooms.items()):
                if not room.screens and time.monotonic() - room.used > KEPT_SECONDS:
                    room.close()
                    del self.rooms[key]


async def beside(runtime: Runtime) -> None:
    """Keep this process's rooms true, and end their streams before it ends."""
    rooms = rooms_of(runtime)

    async def closing() -> None:
        await runtime.closing.wait()
        rooms.audience.close()

    async with asyncio.TaskGroup() as group:
        for work in (rooms.listen(), rooms.audience.beat(), rooms.forget(), closing()):
            group.create_task(work)


def rooms_of(runtime: Runtime) -> Rooms:
    found: Rooms | None = runtime.memory.get("rooms")
    if found is None:
        found = runtime.memory["rooms"] = Rooms(runtime)
    return found


class Room:
    """One event: what was read of it, and who looks on. `fresh` comes before everything that is asked of it."""

    def __init__(self, rooms: Rooms, event_id: uuid.UUID) -> None:
        self.rooms, self.event_id = rooms, event_id
        self.screens: dict[Screen, frozenset[str]] = {}
        """Who looks on, and at which parts."""
        self.people: dict[Screen, uuid.UUID] = {}
        """Whose screen it is."""
        self.used = time.monotonic()
        self._event: Event | None = None
        self._clock: Clock | None = None
        self._seating: Seating | None = None
        self._ideas: dict[uuid.UUID, tuple[Idea, str | None]] = {}
        self._announced: list[tuple[Announced, frozenset[uuid.UUID] | None]] = []
        self._stale: set[str] = set(PARTS)
        self._noted: set[uuid.UUID] = set()
        self._untold: set[str] = set()
        """Parts, and ids of ideas, that screens were not told of."""
        self._read = dict.fromkeys(PARTS, 0.0)
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._bytes: tuple[tuple[Any, ...], bytes] = ((), b"")
        self._shown: dict[tuple[uuid.UUID, bool], bytes] = {}
        self._board: dict[bool, bytes] = {}

    # Who looks on, and what moved -------------------------------------------------------------------------------

    def look(self, screen: Screen, *parts: str, person: uuid.UUID | None = None) -> None:
        """Tell `screen`, which may be a `person`'s own, whenever one of `parts` moved, until it leaves."""
        self.screens[screen] = frozenset(parts)
        if person is not None:
            self.people[screen] = person
        screen.left = self.leave
        self._set_timer()

    def leave(self, screen: Screen) -> None:
        self.screens.pop(screen, None)
        self.people.pop(screen, None)
        self.used = time.monotonic()

    def moved(self, *parts: str) -> None:
        self._stale.update(parts)
        self._untold.update(parts)
        self._hurry()

    def noted(self, idea_id: uuid.UUID) -> None:
        self._noted.add(idea_id)
        self._untold.add(str(idea_id))
        self._hurry()

    def outdated(self, *parts: str, idea: uuid.UUID | None = None) -> None:
        """This process changed it: whoever asks next reads it anew. The screens are told when the database says it."""
        self._stale.update(parts)
        if idea is not None:
            self._noted.add(idea)

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def _hurry(self) -> None:
        if not self.screens:
            self._untold.clear()
        elif self._task is None:
            self._task = asyncio.ensure_future(self._update())

    async def _update(self) -> None:
        """Read what moved and tell those who look at it, until everything is told."""
        try:
            while self.screens and self._untold:
                if CLOCK not in self._untold:
                    await asyncio.sleep(TOGETHER_SECONDS)
                words, self._untold = self._untold, set()
                watched = frozenset().union(*self.screens.values())
                try:
                    await self.fresh(*((words & PARTS) | ({IDEAS} if words - PARTS else set())) & watched)
                except NotFound:
                    return  # the event is gone; who looks at it stays until they leave
                except Exception as problem:  # noqa: BLE001 - whatever it was, the next try may go well
                    log.warning("a day is told late: %s", type(problem).__name__)
                    self._untold |= words
                    await asyncio.sleep(AGAIN_SECONDS)
                    continue
                self.tell(words)
                if PEOPLE in words:
                    await self._seen()
        finally:
            self._task = None

    async def _seen(self) -> None:
        """Who has their new tables before their eyes gets no mail about them."""
        moved = self._seating.moved if self._seating else frozenset()
        people = moved & set(self.people.values())
        if people:
            async with self.rooms.db.begin(HUB) as session:
                await notices.shown(session, self.event_id, people)

    def tell(self, words: AbstractSet[str]) -> None:
        """Wake the screens that show one of these parts, or ideas by their id."""
        for screen, parts in tuple(self.screens.items()):
            for word in words:
                if word in parts or (word not in PARTS and IDEAS in parts):
                    screen.moved(word)

    def _set_timer(self) -> None:
        """Tell the screens when the clock goes on by itself, for those that do not count alone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._clock is None or not self.screens:
            return
        now = dt.datetime.now(dt.UTC)
        ends = clocks.at(self._clock, now).ends_at
        if ends is not None:
            wait = max((ends - now).total_seconds(), 0.0) + 0.01
            self._timer = asyncio.get_running_loop().call_later(wait, self._turned)

    def _turned(self) -> None:
        self._timer = None
        self.tell({CLOCK})
        self._set_timer()

    # What is known ----------------------------------------------------------------------------------------------

    async def fresh(self, *parts: str) -> None:
        """Read `parts` where they are not true any more. Raises NotFound where there is no such event."""
        self.used = time.monotonic()
        async with self._turn:
            deaf, now = not self.rooms.hearing, time.monotonic()
            wanted = {
                part for part in {CLOCK, *parts}
                if part in self._stale or (deaf and now - self._read[part] > DEAF_SECONDS)
            }  # fmt: skip
            noted = set(self._noted) if IDEAS in parts and IDEAS not in wanted else set()
            if not wanted and not noted:
                return
            # Before it is read: what moves meanwhile is stale again.
            self._stale -= wanted
            self._noted -= self._noted if IDEAS in wanted else noted
            try:
                await self._reading(wanted, noted)
            except BaseException:
                self._stale |= wanted
                self._noted |= noted
                raise
            self._read.update(dict.fromkeys(wanted, now))

    async def _reading(self, parts: set[str], noted: set[uuid.UUID]) -> None:
        async with self.rooms.db.read(HUB) as session:
            if CLOCK in parts:
                found = await reading.event_and_clock(session, self.event_id)
                if found is None:
                    self._event = self._clock = None
                    raise NotFound(_("There is no such event."))
                self._event, self._clock = found
            if PEOPLE in parts:
                self._seating = await reading.seating(session, self.event_id)
            if ANNOUNCEMENTS in parts:
                self._announced = await reading.announcements(session, self.event_id)
            if IDEAS in parts:
                self._ideas = await reading.ideas(session, self.event_id)
                self._shown.clear()
            elif noted:
                read = await reading.ideas(session, self.event_id, noted)
                self._ideas.update(read)
                for key in noted:
                    self._shown.pop((key, True), None)
                    self._shown.pop((key, False), None)
        if IDEAS in parts or noted:
            self._board.clear()
        if CLOCK in parts:
            self._set_timer()

    def _known(self) -> tuple[Event, Clock]:
        if self._event is None or self._clock is None:
            raise NotFound(_("There is no such event."))
        return self._event, self._clock

    @property
    def event(self) -> Event:
        return self._known()[0]

    def state(self) -> State:
        return state(*self._known(), dt.datetime.now(dt.UTC))

    def clock(self) -> Clock:
        return clocks.at(self._known()[1], dt.datetime.now(dt.UTC))

    def takes_part(self, person: uuid.UUID) -> bool:
        return self._seating is not None and person in self._seating.people

    def rounds(self) -> tuple[int, int]:
        return rounds_of(self._known()[1], dt.datetime.now(dt.UTC))

    def mine(self, person: uuid.UUID) -> Mine:
        """A person's day. Raises NotFound for whoever does not take part."""
        event, _clock = self._known()
        if self._seating is None or person not in self._seating.people:
            raise NotFound(_("This link is not valid any more."))
        route = self._seating.route(person, *self.rounds())
        return Mine(shown(event), self.state(), route, self.announced(person))

    def announced(self, person: uuid.UUID | None = None) -> list[Announced]:
        """What is announced to everybody and to `person`, newest first."""
        return [one for one, people in self._announced if people is None or person in people]

    # What is written --------------------------------------------------------------------------------------------

    def told_state(self) -> bytes:
        """The state as an event, the same bytes for all who are told in one moment."""
        event, clock = self._known()
        at = clocks.at(clock, dt.datetime.now(dt.UTC))
        key = (id(event), at.revision, at.phase, at.round, int(time.monotonic() / FRESH_SECONDS))
        if self._bytes[0] != key:
            said = b"id: %d\n" % at.revision + eventstream.event("live", self.state())
            self._bytes = (key, said)
        return self._bytes[1]

    def told_route(self, person: uuid.UUID) -> bytes:
        """Where the person sits, of parts made once for each plan; nothing for whoever does not take part."""
        seating = self._seating
        if seating is None or person not in seating.people:
            return b""
        return eventstream.event("mine", seating.sent(person, *self.rounds()))

    def told_announcements(self, person: uuid.UUID | None) -> bytes:
        return eventstream.event("announcements", self.announced(person))

    def told_idea(self, key: uuid.UUID, *, organiser: bool) -> bytes:
        found = self._ideas.get(key)
        if found is None:
            return b""
        if (key, organiser) not in self._shown:
            said = eventstream.event("idea", reading.idea_shown(*found, organiser=organiser))
            self._shown[key, organiser] = b"id: %s\n" % found[0].changed_at.isoformat().encode() + said
        return self._shown[key, organiser]

    def told_board(self, *, organiser: bool, since: dt.datetime | None = None) -> bytes:
        """All ideas, or what changed `since`."""
        if since is None and organiser in self._board:
            return self._board[organiser]
        rows = [one for one in self._ideas.values() if since is None or one[0].changed_at >= since]
        found = [reading.idea_shown(*one, organiser=organiser) for one in rows]
        board = Board(since is None, found if since is not None else [one for one in found if not one.gone])
        newest = max((idea.changed_at for idea, _name in self._ideas.values()), default=None)
        head = b"id: %s\n" % newest.isoformat().encode() if newest else b""
        said = head + eventstream.event("ideas", board)
        if since is None:
            self._board[organiser] = said
        return said

    def ideas(self, *, organiser: bool, noted: set[uuid.UUID] | None = None) -> list[IdeaShown]:
        """All that are on the board; or those of `noted`, with those that are gone."""
        if noted is None:
            found = (reading.idea_shown(*one, organiser=organiser) for one in self._ideas.values())
            return [one for one in found if not one.gone]
        return [
            reading.idea_shown(*self._ideas[key], organiser=organiser) for key in sorted(noted & self._ideas.keys())
        ]


def encoded(mine: Mine) -> tuple[bytes, str]:
    """A person's day as JSON, and its ETag: weak, because the time in it does not count."""
    still = msgspec.structs.replace(mine, live=msgspec.structs.replace(mine.live, now=EPOCH))
    return msgspec.json.encode(mine), f'W/"{hashlib.sha256(msgspec.json.encode(still)).hexdigest()[:32]}"'
