"""What events remember of what the others say."""

import uuid

from sqlalchemy import delete, insert, select, update
from sqlalchemy import func as sql

from services.contracts.directory import CityPublished, NavigatorPublished, NavigatorWithdrawn, TopicPublished
from services.contracts.events import EventPublished
from services.contracts.matching import RoundsConfirmed
from services.events.models import Base, City, Event, Navigator, Participant, Seat, Table, Topic
from services.kit import log
from services.kit.db import Reader, Writer, put_all
from services.kit.log import Listens
from services.kit.revoked import TokensRevoked, hearing
from services.kit.text import sort_key


@log.together
async def cities(session: Writer, said: list[CityPublished]) -> None:
    await put_all(session, City, "ags", {one.ags: {"name": one.name} for one in said})


@log.together
async def topics(session: Writer, said: list[TopicPublished]) -> None:
    await put_all(session, Topic, "code", {one.code: {"de": one.de, "en": one.en} for one in said})


@log.together
async def navigators(session: Writer, said: list[NavigatorPublished]) -> None:
    rows = {
        one.id: {"ags": one.ags, "name": one.name, "sort_key": sort_key(one.name), "department": one.department}
        for one in said
    }
    await put_all(session, Navigator, "id", rows)


async def forget(session: Writer, said: NavigatorWithdrawn) -> None:
    """Who is withdrawn takes part in nothing more; the events they were in say so."""
    gone = uuid.UUID(said.id)
    events = (
        await session.scalars(
            select(Event).join(Participant, Participant.event_id == Event.id).where(Participant.navigator_id == gone)
        )
    ).all()
    await session.execute(delete(Navigator).where(Navigator.id == gone))
    await log.say(session, Base.metadata, [await message(session, event) for event in events])


async def message(session: Reader, event: Event) -> EventPublished:
    """The event as the others hear of it."""
    people = await session.scalars(
        select(Participant.navigator_id).where(Participant.event_id == event.id).order_by(Participant.navigator_id)
    )
    return EventPublished(
        id=str(event.id),
        organiser=event.organiser,
        title=event.title,
        cities=(event.host, *event.guests),
        participants=tuple(str(p) for p in people),
    )


async def rounds(session: Writer, said: RoundsConfirmed) -> None:
    """The confirmed plan replaces any before; seats of people who have left meanwhile stay empty."""
    event = uuid.UUID(said.event)
    known = set((await session.scalars(select(Participant.navigator_id).where(Participant.event_id == event))).all())
    await session.execute(delete(Table).where(Table.event_id == event))
    changed = await session.execute(
        update(Event)
        .where(Event.id == event)
        .values(plan=uuid.UUID(said.plan), rounds=max((t.round for t in said.tables), default=0), updated_at=sql.now())
        .returning(Event.id)
    )
    if changed.scalar_one_or_none() is None:
        return
    tables = [{"event_id": event, "round": t.round, "number": t.table, "topic": t.topic} for t in said.tables]
    seats = [
        {"event_id": event, "round": t.round, "number": t.table, "navigator_id": uuid.UUID(n)}
        for t in said.tables
        for n in t.navigators
        if uuid.UUID(n) in known
    ]
    if tables:
        await session.execute(insert(Table), tables)
    if seats:
        await session.execute(insert(Seat), seats)


listens: Listens = {
    "directory": {
        CityPublished: cities,
        TopicPublished: topics,
        NavigatorPublished: navigators,
        NavigatorWithdrawn: forget,
        TokensRevoked: hearing(Base.metadata),
    },
    "matching": {RoundsConfirmed: rounds},
}
