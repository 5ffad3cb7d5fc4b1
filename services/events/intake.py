"""What events remember of what the others say."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy import func as sql

from services.contracts.directory import (
    CityPublished,
    NavigatorErased,
    NavigatorPublished,
    NavigatorWithdrawn,
    ProjectCardDecided,
    TopicMerged,
    TopicPublished,
)
from services.contracts.events import EventPublished, RoundsPlayed
from services.contracts.matching import RoundsConfirmed
from services.events import cards, departed, named, notices
from services.events.clock import at
from services.events.models import (
    ABSENT,
    Base,
    Certificate,
    City,
    Event,
    Live,
    Navigator,
    Participant,
    ProjectCard,
    Proposal,
    RegistrationException,
    Seat,
    Table,
    Topic,
)
from services.events.models.live import clock_of
from services.kit import log, naming
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
    await put_all(
        session, Topic, "code", {one.code: {"de": one.de, "en": one.en, "parent": one.parent} for one in said}
    )


async def merged(session: Writer, said: TopicMerged) -> None:
    """Tables that were planned or asked for under the topic stand under the other now."""
    await session.execute(update(Table).where(Table.topic == said.code).values(topic=said.into))
    replaced = sql.array_replace(Event.table_topics, said.code, said.into)
    await session.execute(update(Event).where(Event.table_topics.contains([said.code])).values(table_topics=replaced))
    replaced = sql.array_replace(Navigator.topics, said.code, said.into)
    await session.execute(update(Navigator).where(Navigator.topics.contains([said.code])).values(topics=replaced))
    for model in (Proposal, ProjectCard):
        without = sql.array_remove(sql.array_remove(model.topics, said.code), said.into)
        moved = update(model).where(model.topics.contains([said.code]))
        await session.execute(moved.values(topics=sql.array_append(without, said.into)))
    await session.execute(update(Topic).where(Topic.parent == said.code).values(parent=said.into))
    await session.execute(delete(Topic).where(Topic.code == said.code))


@log.together
async def navigators(session: Writer, said: list[NavigatorPublished]) -> None:
    changed = await _renamed(session, {one.id: (one.ags, one.name) for one in said})
    rows = {
        one.id: {
            "ags": one.ags,
            "name": one.name,
            "sort_key": sort_key(one.name),
            "department": one.department,
            "email": one.email,
            "topics": sorted({*one.offers, *one.seeks, *one.works_on}),
        }
        for one in said
    }
    await put_all(session, Navigator, "id", rows)
    await _say_anew(session, changed)


async def forget(session: Writer, said: NavigatorWithdrawn) -> None:
    """Who is withdrawn takes part in nothing more; the events they were in say so, and mails that wait are not sent.
    What was counted of events that are over stays, as numbers.

    Who is hidden stands in no agenda either: everybody reads those.
    """
    gone = uuid.UUID(said.id)
    changed = await _renamed(session, {said.id: (said.ags, naming.GONE)}) if said.hidden else named.Rewritten()
    events = (
        await session.scalars(
            select(Event).join(Participant, Participant.event_id == Event.id).where(Participant.navigator_id == gone)
        )
    ).all()
    await departed.count(session, gone, dt.datetime.now(dt.UTC))
    of_person = RegistrationException.navigator_id == gone
    await session.execute(update(RegistrationException).where(of_person).values(reason="…"))
    rows = log.table(Base.metadata, "mail")
    await session.execute(
        update(rows)
        .where(rows.c.sealed.is_not(None), rows.c.key.contains(said.id))
        .values(state="failed", reason="withdrawn", sealed=None, finished_at=sql.now())
    )
    await session.execute(delete(Navigator).where(Navigator.id == gone))
    await _say_anew(session, changed)
    rest = [event for event in events if event.id not in changed.events]
    await log.say(session, Base.metadata, await messages(session, rest))


@log.keyed
async def erase(session: Writer, said: NavigatorErased, key: bytes = b"") -> None:
    """Nothing of the person stays: no seat or place in any event, past ones too, no certificate, no name in what was
    written of their city's events, and no line of the log.
    """
    person = await session.get(Navigator, uuid.UUID(said.id))
    known = naming.rewriting({person.email: naming.GONE} if person is not None and naming.alone(person.email) else {})
    unsealed = naming.unsealing(said.words, key)
    changed = await named.everywhere(session, said.ags, lambda text: unsealed(known(text)))
    await forget(session, NavigatorWithdrawn(id=said.id, ags=said.ags, hidden=True))
    await session.execute(delete(Certificate).where(Certificate.navigator_id == uuid.UUID(said.id)))
    await _say_anew(session, changed)
    await log.forget(session, Base.metadata, said.id, inside=True)


RENAMED = """
SELECT r.ags, n.name, r.name FROM json_to_recordset($1::json) AS r(id uuid, ags text, name text)
JOIN navigator n ON n.id = r.id WHERE n.name NOT IN ('', r.name)
"""


async def _renamed(session: Writer, names: Mapping[str, tuple[str, str]]) -> named.Rewritten:
    """Write people's new names (by id: city, name) into what was written of their city's events, where old ones stand.

    Returns what is to be said anew.
    """
    rows = [{"id": key, "ags": ags, "name": name} for key, (ags, name) in names.items()]
    new: dict[str, dict[str, str]] = {}
    for ags, old, name in await (await driver(session)).fetch(RENAMED, msgspec.json.encode(rows).decode()):
        if naming.alone(old):
            new.setdefault(ags, {})[old] = name or naming.GONE
    changed = named.Rewritten()
    for ags, words in new.items():
        changed.also(await named.everywhere(session, ags, naming.rewriting(words)))
    return changed


async def _say_anew(session: Writer, changed: named.Rewritten) -> None:
    """The log forgets the words that were rewritten, and says in their new words what the others still go by."""
    await cards.say_anew(session, sorted(changed.cards))
    found = select(Event, Live).outerjoin(Live, Live.event_id == Event.id).where(Event.id.in_(changed.events))
    for event, live in (await session.execute(found.execution_options(populate_existing=True))).all():
        await log.forget(session, Base.metadata, str(event.id))
        begun = clock_of(event, live).begun
        played = [RoundsPlayed(event=str(event.id), rounds=begun)] if begun else []
        await log.say(session, Base.metadata, [await message(session, event), *played])


async def messages(session: Reader, events: Sequence[Event]) -> list[EventPublished]:
    """The events as the others hear of them."""
    people: dict[uuid.UUID, list[str]] = {event.id: [] for event in events}
    absent: dict[uuid.UUID, list[str]] = {event.id: [] for event in events}
    gone: dict[uuid.UUID, list[str]] = {event.id: [] for event in events}
    query = select(Participant).where(Participant.event_id.in_(people)).order_by(Participant.navigator_id)
    for one in await session.scalars(query):
        people[one.event_id].append(str(one.navigator_id))
        if one.attendance == "no_show":
            absent[one.event_id].append(str(one.navigator_id))
        if one.attendance in ABSENT:
            gone[one.event_id].append(str(one.navigator_id))
    return [
        EventPublished(
            id=str(event.id),
            organiser=event.organiser,
            title=event.title,
            cities=(event.host, *event.guests),
            participants=tuple(people[event.id]),
            date=event.date,
            cancelled=event.status == "cancelled",
            absent=tuple(absent[event.id]),
            gone=tuple(gone[event.id]),
            last_day=event.last_day,
            rounds=event.rounds,
            tables=event.tables,
            table_topics=tuple(event.table_topics),
        )
        for event in events
    ]


async def message(session: Reader, event: Event) -> EventPublished:
    return (await messages(session, [event]))[0]


async def rounds(session: Writer, said: RoundsConfirmed) -> None:
    """The confirmed plan replaces any before; seats of people who have left meanwhile stay empty.

    Rounds that have begun stay as they were. On the day, who was planned elsewhere or not at all is marked: the slips
    are printed.
    """
    key, now = uuid.UUID(said.event), dt.datetime.now(dt.UTC)
    # Locked, so that no round begins meanwhile.
    event = (await session.scalars(select(Event).where(Event.id == key).with_for_update())).one_or_none()
    if event is None:
        return
    clock = at(clock_of(event, await session.get(Live, key)), now)
    known = set((await session.scalars(select(Participant.navigator_id).where(Participant.event_id == key))).all())
    ahead = select(Seat.round, Seat.navigator_id, Seat.number, Seat.moved).where(
        Seat.event_id == key, Seat.round > clock.round
    )
    before = {(number, person): (table, moved) for number, person, table, moved in await session.execute(ahead)}
    printed = bool(before) and event.date <= now.astimezone(ZoneInfo(event.timezone)).date()
    await session.execute(delete(Table).where(Table.event_id == key, Table.round > clock.round))
    count = max((t.round for t in said.tables), default=0)
    values = {"plan": uuid.UUID(said.plan), "rounds": max(count, clock.round), "updated_at": sql.now()}
    await session.execute(update(Event).where(Event.id == key).values(**values))

    def moved(number: int, person: uuid.UUID, table: int) -> bool:
        was = before.get((number, person))
        return printed and (was is None or was[0] != table or was[1])

    coming = [t for t in said.tables if t.round > clock.round]
    tables = [{"event_id": key, "round": t.round, "number": t.table, "topic": t.topic} for t in coming]
    seats = [
        {
            "event_id": key,
            "round": t.round,
            "number": t.table,
            "navigator_id": person,
            "moved": moved(t.round, person, t.table),
        }
        for t in coming
        for person in map(uuid.UUID, t.navigators)
        if person in known
    ]
    if tables:
        await session.execute(insert(Table), tables)
    if seats:
        await session.execute(insert(Seat), seats)
    if printed:
        elsewhere = {
            person for t in coming for person in map(uuid.UUID, t.navigators)
            if person in known and before.get((t.round, person), (0, False))[0] != t.table
        }  # fmt: skip
        await notices.note(session, [notices.notice(key, one, notices.SEATS) for one in sorted(elsewhere)])


listens: Listens = {
    "directory": {
        CityPublished: cities,
        TopicPublished: topics,
        TopicMerged: merged,
        NavigatorPublished: navigators,
        NavigatorWithdrawn: forget,
        NavigatorErased: erase,
        ProjectCardDecided: cards.decided,
        TokensRevoked: hearing(Base.metadata),
    },
    "matching": {RoundsConfirmed: rounds},
}
