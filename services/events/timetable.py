"""What an event consists of: its agenda, its rooms, where it is online. Stored whole, but what stays keeps its id."""

import datetime as dt
import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from services.events.draft import Draft, Item, Link, Room, Rounds, moment
from services.events.models import AgendaItem, Event, OnlineLink, Session
from services.events.models import Room as RoomRow
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, Problem, Refused
from services.kit.i18n import gettext as _

Called = tuple[str, Hashable]
"""The id of an item or a room, and what it is called."""
Key = Callable[[Any], Hashable]
SAME_ROOM: tuple[Key, ...] = (lambda room: room.name,)


def _same_item(zone: ZoneInfo) -> tuple[Key, ...]:
    """What makes an item without an id the one that it was: name and time of day, else its name, else its time."""

    def clock(item: Any) -> str:
        return f"{item.starts.astimezone(zone):%H:%M}"

    return (
        lambda item: (item.title, item.audience, clock(item)),
        lambda item: (item.title, item.audience),
        lambda item: (clock(item), item.audience),
    )


async def add(session: Writer, drafts: Mapping[uuid.UUID, Draft]) -> None:
    """Agenda, rooms and online links of new events, by their ids. Raises Refused where one names an id."""
    items: list[dict[str, Any]] = []
    rooms: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    for event_id, draft in drafts.items():
        own_items, own_rooms = _items(event_id, draft), _rooms(event_id, draft)
        identify(own_items, [], (), "agenda")
        identify(own_rooms, [], (), "rooms")
        items += own_items
        rooms += own_rooms
        if draft.online:
            links.append({"event_id": event_id, "url": draft.online})
    for model, made in ((AgendaItem, items), (RoomRow, rooms), (OnlineLink, links)):
        if made:
            await session.execute(insert(model), made)


async def store(session: Writer, event_id: uuid.UUID, draft: Draft) -> None:
    """Make agenda, rooms and online link what the draft says. Raises Refused for the id of another event's item, and
    Conflict where a published session is in a room that would go.
    """
    same = _same_item(ZoneInfo(draft.timezone))
    await _replace(session, AgendaItem, event_id, _items(event_id, draft), same, "agenda")
    if draft.rooms is not None:
        await _replace(session, RoomRow, event_id, _rooms(event_id, draft), SAME_ROOM, "rooms")
    await session.execute(delete(OnlineLink).where(OnlineLink.event_id == event_id))
    if draft.online:
        await session.execute(insert(OnlineLink).values(event_id=event_id, url=draft.online))


def _items(event_id: uuid.UUID, draft: Draft) -> list[dict[str, Any]]:
    return [
        {
            "id": item.id,
            "event_id": event_id,
            "position": position,
            "starts": moment(draft, item.starts, item.day),
            "ends": moment(draft, item.ends, item.day) if item.ends else None,
            "title": item.title,
            "details": list(item.details),
            "audience": item.audience,
            "responsible": item.responsible or "",
            "material": [{"title": one.title, "url": one.url} for one in item.material],
        }
        for position, item in enumerate(draft.agenda)
    ]


def _rooms(event_id: uuid.UUID, draft: Draft) -> list[dict[str, Any]]:
    return [
        {
            "id": room.id,
            "event_id": event_id,
            "position": position,
            "name": room.name,
            "capacity": room.capacity,
            "features": list(room.features),
        }
        for position, room in enumerate(draft.rooms or ())
    ]


async def _replace(
    session: Writer, model: Any, event_id: uuid.UUID, rows: list[dict[str, Any]], same: Iterable[Key], field: str
) -> None:
    query = select(*model.__table__.columns).where(model.event_id == event_id).order_by(model.position)
    before = (await session.execute(query)).all()
    identify(rows, before, same, field)
    if gone := {row.id for row in before} - {row["id"] for row in rows}:
        held = select(Session.title).where(Session.event_id == event_id, Session.room_id.in_(gone)).limit(1)
        if model is RoomRow and (title := await session.scalar(held)) is not None:
            raise Conflict(_("The session „{title}“ takes place there. Close it and plan anew first.", title=title))
        await session.execute(delete(model).where(model.id.in_(gone)))
    if rows:
        statement = upsert(model)
        changing = {name: statement.excluded[name] for name in rows[0] if name not in {"id", "event_id"}}
        await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changing), rows)


def identify(rows: list[dict[str, Any]], before: Sequence[Any], same: Iterable[Key], field: str) -> None:
    """Give every row its `id`: the one that it names, else that of the row before that it most likely is, else a new.

    Raises Refused where a row names an id that is none of `before`.
    """
    free = {str(row.id): row for row in before}
    problems = []
    for i, row in enumerate(rows):
        if row["id"] is None:
            continue
        if (known := free.pop(row["id"], None)) is None:
            problems.append(Problem(message=_("This event has no such entry."), row=f"{field}[{i}]", field="id"))
        else:
            row["id"] = known.id
    if problems:
        raise Refused(_("The event was not stored. Please correct the fields named and send it again."), problems)
    for key in same:
        found: dict[Hashable, list[Any]] = {}
        for one in free.values():
            found.setdefault(key(one), []).append(one)
        for row in rows:
            if row["id"] is None and (alike := found.get(key(_Row(row)))):
                row["id"] = free.pop(str(alike.pop(0).id)).id
    for row in rows:
        row["id"] = row["id"] or uuid.uuid4()


class _Row:
    """A row to be, looked at like one that is."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__ = values


# Back to a draft --------------------------------------------------------------------------------------------------


async def called(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Called]]:
    """What each event's items and rooms are called, in their order."""
    found: dict[uuid.UUID, list[Called]] = {key: [] for key in keys}
    items = select(AgendaItem.event_id, AgendaItem.id, AgendaItem.title, AgendaItem.audience)
    for event_id, id, title, audience in await session.execute(
        items.where(AgendaItem.event_id.in_(keys)).order_by(AgendaItem.position)
    ):
        found[event_id].append((str(id), (title, audience)))
    rows = select(RoomRow.event_id, RoomRow.id, RoomRow.name).where(RoomRow.event_id.in_(keys))
    for event_id, id, name in await session.execute(rows.order_by(RoomRow.position)):
        found[event_id].append((str(id), name))
    return [found[key] for key in keys]


async def rooms(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[RoomRow]]:
    found: dict[uuid.UUID, list[RoomRow]] = {key: [] for key in keys}
    query = select(RoomRow).where(RoomRow.event_id.in_(keys)).order_by(RoomRow.position)
    for room in await session.scalars(query):
        found[room.event_id].append(room)
    return [found[key] for key in keys]


async def online(session: Reader, keys: Sequence[uuid.UUID]) -> list[str | None]:
    """The online link of each event, as far as the session may see it."""
    rows = await session.scalars(select(OnlineLink).where(OnlineLink.event_id.in_(keys)))
    found = {row.event_id: row.url for row in rows}
    return [found.get(key) for key in keys]


def rounds_of(event: Event) -> Rounds | None:
    """The event's rounds as its organiser wrote them; None where it has none."""
    if event.first_round is None:
        return None
    starts = event.first_round.astimezone(ZoneInfo(event.timezone))
    return Rounds(
        starts=f"{starts:%H:%M}",
        count=max(event.rounds, 1),
        tables=event.tables,
        minutes=event.round_minutes,
        break_minutes=event.break_minutes,
        table_topics=tuple(event.table_topics),
        day=starts.date(),
    )


async def draft_of(session: Reader, event: Event) -> Draft:
    """The event as its organiser would write it now, with the ids of agenda and rooms."""
    zone = ZoneInfo(event.timezone)

    def clock(at: dt.datetime) -> str:
        return at.astimezone(zone).strftime("%H:%M")

    query = select(AgendaItem).where(AgendaItem.event_id == event.id).order_by(AgendaItem.position)
    items = tuple(
        Item(
            starts=clock(item.starts),
            title=item.title,
            ends=clock(item.ends) if item.ends else None,
            details=tuple(item.details),
            audience=item.audience,
            responsible=item.responsible or None,
            day=item.starts.astimezone(zone).date(),
            material=tuple(Link(one["title"], one["url"]) for one in item.material),
            id=str(item.id),
        )
        for item in (await session.scalars(query)).all()
    )
    return Draft(
        title=event.title,
        date=event.date,
        last_day=event.last_day,
        host=event.host,
        kind=event.kind,
        guests=tuple(event.guests),
        hashtag=event.hashtag,
        timezone=event.timezone,
        venue=event.venue,
        address=event.address,
        questions=tuple(event.questions),
        agenda=items,
        rounds=rounds_of(event),
        rooms=tuple(
            Room(room.name, room.capacity, tuple(room.features), str(room.id))
            for room in (await rooms(session, [event.id]))[0]
        ),
        online=(await online(session, [event.id]))[0] or "",
        module=str(event.module_id) if event.module_id else None,
    )
