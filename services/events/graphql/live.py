"""The running day through GraphQL: commands for the clock, one's own day, ideas."""

import uuid
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import strawberry
from strawberry import ID, Info

from services.contracts.events import RoundsPlayed
from services.events import access, clock, daylinks, trips
from services.events import models as m
from services.events.graphql.day import MyDay, NotedIdea, RoundClock, TableIdea
from services.events.graphql.types import SERVICE
from services.events.live import commands, ideas
from services.events.live.reading import idea_shown
from services.events.live.rooms import ANNOUNCEMENTS, CLOCK, IDEAS, PARTS, PEOPLE, Room, rooms_of
from services.kit.broadcast import EVERYTHING, Follower
from services.kit.db import HUB, Writer
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, who
from services.kit.service import Runtime

Anywhere = Info[Any, Any]


async def _organised(session: Writer, info: Anywhere, value: str) -> m.Event:
    """An event that the caller may change. Raises NotFound and Forbidden."""
    key = as_uuid(value)
    event = (await trips.by_id(session, [key]))[0] if key else None
    if event is None:
        raise NotFound(_("There is no such event."))
    access.may_change(who(info), event)
    return event


def _soon(session: Writer, room: Room | None, *parts: str, idea: uuid.UUID | None = None) -> None:
    """Whoever asks this process next sees what it has changed, even before the database tells of it."""

    async def tell() -> None:
        if room is not None:
            room.outdated(*parts, idea=idea)

    session.after_commit(tell)


async def _command(info: Anywhere, value: str, expected: int, name: str, does: commands.Command) -> RoundClock:
    runtime = here(info, SERVICE)
    rooms = rooms_of(runtime)
    async with runtime.db.begin(who(info).acting) as session:
        event = await _organised(session, info, value)
        before, after = await commands.command(session, event.id, expected, name, does)
        if before.begun != after.begun:  # who met whom goes by it
            await runtime.say(session, [RoundsPlayed(event=str(event.id), rounds=after.begun)])
        _soon(session, rooms.rooms.get(event.id), CLOCK)
    return RoundClock.of((await rooms.open(event.id, CLOCK)).state())


async def _linked(runtime: Runtime, link: str, *parts: str) -> tuple[Room, uuid.UUID]:
    """The room of a personal link's event, and whose link it is. Raises NotFound for a link that does not count."""
    event, person = await daylinks.of_event(runtime, link)
    room = await rooms_of(runtime).open(event, PEOPLE, *parts)
    if not room.takes_part(person):
        raise NotFound(_("This link is not valid any more."))
    return room, person


@strawberry.type
class LiveQuery:
    @strawberry.field(description="One's own day, by the link to its event.")
    async def my_day(self, info: Anywhere, link: str) -> MyDay:
        room, person = await _linked(here(info, SERVICE), link, ANNOUNCEMENTS)
        return MyDay.of(room.mine(person))

    @strawberry.field(description="The ideas on the board of a day, by the link to its event.")
    async def day_ideas(self, info: Anywhere, link: str) -> list[TableIdea]:
        room, _person = await _linked(here(info, SERVICE), link, IDEAS)
        return [TableIdea.of(idea) for idea in room.ideas(organiser=False)]


@strawberry.input(description="An idea on a paper card; `author` is a participant who wants to be named.")
class IdeaCard:
    text: str
    round: int | None = None
    table: int | None = None
    author: ID | None = None


@strawberry.type
class LiveMutation:
    @strawberry.mutation(
        description="Begin the next round, or round `round`, for `minutes` or as long as the event says. `expected` is "
        "the clock's revision that was looked at: whoever comes second gets a conflict that says the state. So do all "
        "commands."
    )
    async def start_round(
        self, info: Anywhere, event: ID, expected: int, round: int | None = None, minutes: int | None = None
    ) -> RoundClock:
        return await _command(info, event, expected, "start", partial(clock.start, number=round, minutes=minutes))

    @strawberry.mutation(description="Give the round, or the break, some minutes more.")
    async def extend_round(self, info: Anywhere, event: ID, expected: int, minutes: int) -> RoundClock:
        return await _command(info, event, expected, "extend", partial(clock.extend, minutes=minutes))

    @strawberry.mutation(description="Stop the clock of the round.")
    async def pause_round(self, info: Anywhere, event: ID, expected: int) -> RoundClock:
        return await _command(info, event, expected, "pause", clock.pause)

    @strawberry.mutation(description="Let a paused round go on with what it had left.")
    async def resume_round(self, info: Anywhere, event: ID, expected: int) -> RoundClock:
        return await _command(info, event, expected, "resume", clock.resume)

    @strawberry.mutation(description="End the round early; the break begins.")
    async def end_round(self, info: Anywhere, event: ID, expected: int) -> RoundClock:
        return await _command(info, event, expected, "end", clock.end)

    @strawberry.mutation(description="Begin the next round at once, whatever is left of the round or the break.")
    async def next_round(self, info: Anywhere, event: ID, expected: int) -> RoundClock:
        return await _command(info, event, expected, "next", clock.following)

    @strawberry.mutation(description="No more rounds today; those that have not begun did not take place.")
    async def finish_rounds(self, info: Anywhere, event: ID, expected: int) -> RoundClock:
        return await _command(info, event, expected, "finish", clock.finish)

    @strawberry.mutation(
        description="Whether the next round begins by itself after the break, and how many seconds before the end "
        "everybody is warned (0: not at all)."
    )
    async def set_round_clock(
        self,
        info: Anywhere,
        event: ID,
        expected: int,
        automatic: bool | None = None,
        warning_seconds: int | None = None,
    ) -> RoundClock:
        does = partial(clock.setting, automatic=automatic, warning=warning_seconds)
        return await _command(info, event, expected, "set", does)

    # Ideas ------------------------------------------------------------------------------------------------------

    @strawberry.mutation(
        description="Note an idea, by the link to its event; without round and table, at the table where one "
        "sits. One's name stands below it only if `named`."
    )
    async def note_idea(
        self,
        info: Anywhere,
        link: str,
        text: str,
        round: int | None = None,
        table: int | None = None,
        named: bool = False,
    ) -> NotedIdea:
        runtime = here(info, SERVICE)
        room, person = await _linked(runtime, link)
        who_asks = f"day:{room.event_id}:{person}"
        await runtime.rates.take_each((ideas.OFTEN, who_asks), (ideas.DAILY, who_asks))
        if round is None and table is None:
            seats = {stop.round: stop.table for stop in room.mine(person).route.rounds}
            round = room.clock().round or None
            table = seats.get(round) if round else None
        card = ideas.Card(text, round, table, person if named else None)
        async with runtime.db.begin(HUB) as session:
            (idea,) = await ideas.note(session, room.event, [card], ideas.PHONE)
            _soon(session, room, idea=idea.id)
        author = room.mine(person).route.name if named else None
        shown = TableIdea.of(idea_shown(idea, author, organiser=False))
        return NotedIdea(idea=shown, key=daylinks.idea_key(runtime.settings, room.event, idea.id))

    @strawberry.mutation(
        description="Reword one's own idea, or withdraw it (no `text`): noted under one's name, or with its `key`."
    )
    async def reword_idea(
        self, info: Anywhere, link: str, id: ID, text: str | None = None, key: str | None = None
    ) -> TableIdea:
        runtime = here(info, SERVICE)
        room, person = await _linked(runtime, link)
        await runtime.rates.take(ideas.OFTEN, f"day:{room.event_id}:{person}")
        async with runtime.db.begin(HUB) as session:
            idea = await ideas.by_id(session, as_uuid(id))
            if idea.event_id != room.event_id:
                raise NotFound(_("There is no such idea."))
            opens = key is not None and daylinks.opens(runtime.settings, key, idea.id)
            access.may_reword(idea, person, key_opens=opens)
            idea = await ideas.change(session, idea, text=text)
            _soon(session, room, idea=idea.id)
        author = room.mine(person).route.name if idea.navigator_id == person else None
        return TableIdea.of(idea_shown(idea, author, organiser=False))

    @strawberry.mutation(description="Type in ideas from paper cards, all or none; participants can be named.")
    async def note_ideas(self, info: Anywhere, event: ID, ideas: list[IdeaCard]) -> list[TableIdea]:
        return await _typed(info, event, ideas)

    @strawberry.mutation(description="Take an idea off the board, or put it back.")
    async def hide_idea(self, info: Anywhere, id: ID, hidden: bool = True) -> TableIdea:
        return await _moderated(info, id, hidden=hidden)

    @strawberry.mutation(description="Put right what was typed in from a paper card, or withdraw it (no `text`).")
    async def correct_idea(self, info: Anywhere, id: ID, text: str | None = None) -> TableIdea:
        return await _moderated(info, id, text=text)


async def _typed(info: Anywhere, value: str, cards: list[IdeaCard]) -> list[TableIdea]:
    runtime = here(info, SERVICE)
    nobody = uuid.UUID(int=0)
    async with runtime.db.begin(who(info).acting) as session:
        event = await _organised(session, info, value)
        wanted = [
            ideas.Card(card.text, card.round, card.table, (as_uuid(card.author) or nobody) if card.author else None)
            for card in cards
        ]
        made = await ideas.note(session, event, wanted, ideas.PAPER)
        _soon(session, rooms_of(runtime).rooms.get(event.id), IDEAS)
        names = await trips.names_of(session, [idea.navigator_id for idea in made if idea.navigator_id])
    return [TableIdea.of(idea_shown(idea, names.get(idea.navigator_id), organiser=True)) for idea in made]


async def _moderated(info: Anywhere, value: str, **values: Any) -> TableIdea:
    runtime = here(info, SERVICE)
    async with runtime.db.begin(who(info).acting) as session:
        idea = await ideas.by_id(session, as_uuid(value))
        await _organised(session, info, str(idea.event_id))
        if "text" in values:
            access.may_correct(idea)
        idea = await ideas.change(session, idea, **values)
        names = await trips.names_of(session, [idea.navigator_id] if idea.navigator_id else [])
        _soon(session, rooms_of(runtime).rooms.get(idea.event_id), idea=idea.id)
    return TableIdea.of(idea_shown(idea, names.get(idea.navigator_id), organiser=True))


# Followed -----------------------------------------------------------------------------------------------------------


async def _steps(room: Room, *parts: str, person: uuid.UUID | None = None) -> AsyncGenerator[set[str], None]:
    """What moved in a room, each time with everything read."""
    follower = Follower(room.rooms.audience)
    room.look(follower, *parts, person=person)
    async for moved in follower.steps():
        yield moved


@strawberry.type
class LiveSubscription:
    @strawberry.subscription(description="The clock of the rounds, now and whenever it changes or goes on by itself.")
    async def event_clock(self, info: Anywhere, id: ID) -> AsyncGenerator[RoundClock, None]:
        room = await rooms_of(here(info, SERVICE)).open(as_uuid(id), CLOCK)
        async for _moved in _steps(room, CLOCK):
            yield RoundClock.of(room.state())

    @strawberry.subscription(description="One's own day, now and whenever something of it changes.")
    async def my_day_changes(self, info: Anywhere, link: str) -> AsyncGenerator[MyDay, None]:
        room, person = await _linked(here(info, SERVICE), link, ANNOUNCEMENTS)
        async for _moved in _steps(room, CLOCK, PEOPLE, ANNOUNCEMENTS, person=person):
            if not room.takes_part(person):
                return
            yield MyDay.of(room.mine(person))

    @strawberry.subscription(
        description="The board of ideas for the event's cities and its organiser: all of them, then what changed."
    )
    async def idea_board(self, info: Anywhere, id: ID) -> AsyncGenerator[list[TableIdea], None]:
        room = await rooms_of(here(info, SERVICE)).open(as_uuid(id), IDEAS)
        if not access.may_see_people(who(info), room.event):
            raise NotFound(_("There is no such event."))
        organiser = access.organises(who(info), room.event)
        async for moved in _steps(room, IDEAS):
            known = None if moved & {IDEAS, EVERYTHING} else {uuid.UUID(word) for word in moved - PARTS}
            yield [TableIdea.of(idea) for idea in room.ideas(organiser=organiser, noted=known)]
