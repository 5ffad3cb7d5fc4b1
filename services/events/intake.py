"""What events remember of what the others say."""

import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy import func as sql

from services.contracts.directory import (
    CityPublished,
    NavigatorErased,
    NavigatorPublished,
    NavigatorWithdrawn,
    TopicMerged,
    TopicPublished,
)
from services.contracts.events import EventPublished
from services.contracts.matching import RoundsConfirmed
from services.events.models import (
    ActionItem,
    AgendaItem,
    Base,
    City,
    Event,
    Harvest,
    HarvestFile,
    Navigator,
    Participant,
    Proposal,
    Seat,
    Session,
    Table,
    Topic,
)
from services.kit import log
from services.kit.db import Reader, Writer, driver, put_all
from services.kit.log import Listens
from services.kit.revoked import TokensRevoked, hearing
from services.kit.text import sort_key


@log.together
async def cities(session: Writer, said: list[CityPublished]) -> None:
    await put_all(
        session,
        City,
        "ags",
        {one.ags: {"name": one.name, "population": one.population, "email": one.email} for one in said},
    )


@log.together
async def topics(session: Writer, said: list[TopicPublished]) -> None:
    await put_all(session, Topic, "code", {one.code: {"de": one.de, "en": one.en} for one in said})


async def merged(session: Writer, said: TopicMerged) -> None:
    """Tables that were planned or asked for under the topic stand under the other now."""
    await session.execute(update(Table).where(Table.topic == said.code).values(topic=said.into))
    replaced = sql.array_replace(Event.table_topics, said.code, said.into)
    await session.execute(update(Event).where(Event.table_topics.contains([said.code])).values(table_topics=replaced))
    proposed = sql.array_append(sql.array_remove(sql.array_remove(Proposal.topics, said.code), said.into), said.into)
    await session.execute(update(Proposal).where(Proposal.topics.contains([said.code])).values(topics=proposed))
    await session.execute(delete(Topic).where(Topic.code == said.code))


@log.together
async def navigators(session: Writer, said: list[NavigatorPublished]) -> None:
    await _renamed(session, {one.id: (one.ags, one.name) for one in said})
    rows = {
        one.id: {
            "ags": one.ags,
            "name": one.name,
            "sort_key": sort_key(one.name),
            "department": one.department,
            "email": one.email,
        }
        for one in said
    }
    await put_all(session, Navigator, "id", rows)


async def forget(session: Writer, said: NavigatorWithdrawn) -> None:
    """Who is withdrawn takes part in nothing more; the events they were in say so.

    Who is hidden stands in no agenda either: everybody reads those.
    """
    gone = uuid.UUID(said.id)
    if said.hidden:
        await _renamed(session, {said.id: (said.ags, "…")})
    events = (
        await session.scalars(
            select(Event).join(Participant, Participant.event_id == Event.id).where(Participant.navigator_id == gone)
        )
    ).all()
    await session.execute(delete(Navigator).where(Navigator.id == gone))
    await log.say(session, Base.metadata, [await message(session, event) for event in events])


async def erase(session: Writer, said: NavigatorErased) -> None:
    """Nothing of the person stays: no seat or place in any event, past ones too, no name in what was written of their
    city's events, and no line of the log.
    """
    await forget(session, NavigatorWithdrawn(id=said.id, ags=said.ags, hidden=True))
    await log.forget(session, Base.metadata, said.id, inside=True)


WRITTEN: Final[dict[Any, tuple[str, ...]]] = {
    Proposal: ("title", "text", "source"),
    Session: ("title",),
    Harvest: ("results", "decisions", "minutes"),
    ActionItem: ("text", "owner"),
    HarvestFile: ("name", "alt"),
}
"""What people write in an open space, where somebody may be named."""

RENAMED = """
SELECT r.ags, n.name, r.name FROM json_to_recordset($1::json) AS r(id uuid, ags text, name text)
JOIN navigator n ON n.id = r.id WHERE n.name NOT IN ('', r.name)
"""


async def _renamed(session: Writer, names: Mapping[str, tuple[str, str]]) -> None:
    """Write people's new names (by id: city, name) into the agendas of their city's events, where old ones stand."""
    rows = [{"id": key, "ags": ags, "name": name} for key, (ags, name) in names.items()]
    for ags, old, new in await (await driver(session)).fetch(RENAMED, msgspec.json.encode(rows).decode()):
        await _rewritten(session, ags, old, new)


async def _rewritten(session: Writer, ags: str, old: str, name: str) -> None:
    whole = re.compile(rf"(?<!\w){re.escape(old)}(?!\w)")
    theirs = select(Event.id).where((Event.host == ags) | Event.guests.contains([ags]))
    texts = sql.concat_ws(" ", AgendaItem.title, AgendaItem.responsible, sql.array_to_string(AgendaItem.details, " "))
    items = select(AgendaItem).where(AgendaItem.event_id.in_(theirs), sql.strpos(texts, old) > 0)
    for item in (await session.scalars(items)).all():
        item.title = whole.sub(lambda _match: name, item.title)
        item.responsible = whole.sub(lambda _match: name, item.responsible)
        item.details = [whole.sub(lambda _match: name, line) for line in item.details]
    for model, fields in WRITTEN.items():
        columns = [getattr(model, field) for field in fields]
        found = select(model).where(model.event_id.in_(theirs), sql.strpos(sql.concat_ws(" ", *columns), old) > 0)
        for row in (await session.scalars(found)).all():
            for field in fields:
                setattr(row, field, whole.sub(lambda _match: name, getattr(row, field)))


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
        date=event.date,
        cancelled=event.status == "cancelled",
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
        TopicMerged: merged,
        NavigatorPublished: navigators,
        NavigatorWithdrawn: forget,
        NavigatorErased: erase,
        TokensRevoked: hearing(Base.metadata),
    },
    "matching": {RoundsConfirmed: rounds},
}
