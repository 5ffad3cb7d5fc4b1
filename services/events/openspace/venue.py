"""Rooms and times of an open space, and where and when they cannot be used. Nothing else here touches these tables."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.events.models import Absence, Closure, Event, Participant, Room, Session, Slot
from services.events.openspace import drafts
from services.events.openspace.drafts import RoomDraft, SlotDraft
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid


class Venue(msgspec.Struct, frozen=True):
    """`closed`: (room, slot) that cannot be used; `away`: (navigator, slot) in which somebody hosts nothing."""

    rooms: tuple[Room, ...]
    slots: tuple[Slot, ...]
    closed: frozenset[tuple[uuid.UUID, uuid.UUID]]
    away: frozenset[tuple[uuid.UUID, uuid.UUID]]


async def venue(session: Reader, event_id: uuid.UUID) -> Venue:
    rooms = select(Room).where(Room.event_id == event_id).order_by(Room.position, Room.id)
    slots = select(Slot).where(Slot.event_id == event_id).order_by(Slot.starts, Slot.id)
    closed = select(Closure.room_id, Closure.slot_id).where(Closure.event_id == event_id)
    away = select(Absence.navigator_id, Absence.slot_id).where(Absence.event_id == event_id)
    return Venue(
        tuple((await session.scalars(rooms)).all()),
        tuple((await session.scalars(slots)).all()),
        frozenset((room, slot) for room, slot in await session.execute(closed)),
        frozenset((navigator, slot) for navigator, slot in await session.execute(away)),
    )


async def set_rooms(session: Writer, event: Event, wanted: Sequence[RoomDraft]) -> None:
    """These rooms in this order; rooms not named go. Raises Conflict where a published session is in one of them."""
    drafts.few(wanted, drafts.MOST_ROOMS, "rooms")
    checks = Checks()
    clean = [drafts.room(room, checks, f"rooms[{i}]") for i, room in enumerate(wanted)]
    if len({room.name for room in clean}) < len(clean):
        checks.add("rooms", "name", _("Two rooms have the same name."))
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))
    rooms = {room.id: room for room in (await venue(session, event.id)).rooms}
    ids = [_known(room.id, rooms) for room in clean]
    await _unused(session, event, Session.room_id, rooms.keys() - set(ids))
    await session.execute(delete(Room).where(Room.event_id == event.id, Room.id.not_in(ids)))
    for position, (key, room) in enumerate(zip(ids, clean, strict=True)):
        values = {"position": position, "name": room.name, "capacity": room.capacity, "features": list(room.features)}
        if key in rooms:
            await session.execute(update(Room).where(Room.id == key).values(**values))
        else:
            await session.execute(insert(Room).values(id=key, event_id=event.id, **values))


async def set_slots(session: Writer, event: Event, wanted: Sequence[SlotDraft]) -> None:
    """These slots; slots not named go. Raises Conflict where a published session is in one of them."""
    drafts.few(wanted, drafts.MOST_SLOTS, "slots")
    checks = Checks()
    clean = drafts.slots(wanted, checks)
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))
    slots = {slot.id: slot for slot in (await venue(session, event.id)).slots}
    ids = [_known(slot.id, slots) for slot in clean]
    await _unused(session, event, Session.slot_id, slots.keys() - set(ids))
    await session.execute(delete(Slot).where(Slot.event_id == event.id, Slot.id.not_in(ids)))
    for key, slot in zip(ids, clean, strict=True):
        values = {"starts": slot.starts, "ends": slot.ends}
        if key in slots:
            await session.execute(update(Slot).where(Slot.id == key).values(**values))
        else:
            await session.execute(insert(Slot).values(id=key, event_id=event.id, **values))


async def moved(session: Writer, event: Event, date: dt.date, timezone: str) -> None:
    """The event has another day or clock: slots keep their time of day. `date` and `timezone` are those before."""
    before, now = ZoneInfo(timezone), ZoneInfo(event.timezone)

    def there(moment: dt.datetime) -> dt.datetime:
        local = moment.astimezone(before)
        return dt.datetime.combine(local.date() + (event.date - date), local.time(), now).astimezone(dt.UTC)

    for slot in await session.scalars(select(Slot).where(Slot.event_id == event.id)):
        slot.starts, slot.ends = there(slot.starts), there(slot.ends)


def _known(given: str, there: Mapping[uuid.UUID, object]) -> uuid.UUID:
    if not given:
        return uuid.uuid4()
    key = as_uuid(given)
    if key is None or key not in there:
        raise NotFound(_("This event has no such room or slot."))
    return key


async def _unused(session: Reader, event: Event, column: Any, gone: Collection[uuid.UUID]) -> None:
    taken = select(Session.title).where(Session.event_id == event.id, column.in_(gone)).limit(1)
    if gone and (title := await session.scalar(taken)) is not None:
        raise Conflict(_("The session „{title}“ takes place there. Close it and plan anew first.", title=title))


async def close(session: Writer, event: Event, room: uuid.UUID, slots: Sequence[uuid.UUID], *, closed: bool) -> None:
    """Say in which `slots` the room cannot be used, or can again. Sessions that are there wait for a new plan."""
    known = await venue(session, event.id)
    if room not in {one.id for one in known.rooms} or not {one.id for one in known.slots} >= set(slots):
        raise NotFound(_("This event has no such room or slot."))
    there = Closure.room_id == room, Closure.slot_id.in_(slots)
    await session.execute(delete(Closure).where(*there))
    if closed and slots:
        rows = [{"event_id": event.id, "room_id": room, "slot_id": slot} for slot in dict.fromkeys(slots)]
        await session.execute(insert(Closure), rows)


async def set_away(session: Writer, event: Event, navigator: uuid.UUID, slots: Sequence[uuid.UUID]) -> None:
    """The slots in which somebody who takes part hosts nothing; in all others they could."""
    known = {one.id for one in (await venue(session, event.id)).slots}
    if not known >= set(slots):
        raise NotFound(_("This event has no such room or slot."))
    part = select(Participant.navigator_id).where(
        Participant.event_id == event.id, Participant.navigator_id == navigator
    )
    if await session.scalar(part) is None:
        raise Refused(_("The person does not take part in this event."))
    await session.execute(delete(Absence).where(Absence.event_id == event.id, Absence.navigator_id == navigator))
    rows = [{"event_id": event.id, "navigator_id": navigator, "slot_id": slot} for slot in dict.fromkeys(slots)]
    if rows:
        await session.execute(upsert(Absence).values(rows).on_conflict_do_nothing())
