"""What the minutes of an event are made of, read at once."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from sqlalchemy import func as sql
from sqlalchemy import select

from services.events import trips
from services.events.models import ActionItem, Event, HarvestFile, Idea, Navigator, Participant, Table, Topic
from services.events.openspace import media, overview
from services.events.openspace.proposals import PLANNED
from services.events.prints.minutes import CityAttendance, NotedIdea, Outcome, Photo, Record, Task
from services.kit.db import Reader
from services.kit.i18n import gettext as _
from services.kit.i18n import language

MOST_IDEAS: Final = 400
MOST_PHOTOS: Final = 24
MOST_BYTES: Final = 40_000_000
"""Of all photos together."""
MOST_PIXELS: Final = 50_000_000
"""Of one photo: a small file may hold a huge picture."""


async def record(session: Reader, event: Event, *, names: bool) -> Record:
    """All that the minutes tell beyond the day; who came is told by name only with `names`."""
    found = await overview.overview(session, event, {})
    cities = await trips.names(session, [event])
    items = [*found.actions, *(item for topic in found.proposals for item in topic.actions)]
    people = await trips.names_of(session, [item.owner_id for item in items if item.owner_id])
    photos, left = await _photos(session, found)
    ideas, more = await _ideas(session, event)

    def task(item: ActionItem) -> Task:
        owner = people.get(item.owner_id, "") or item.owner
        return Task(item.text, owner, cities.get(item.city, item.city), item.due, item.status)

    rooms, slots = {room.id: room for room in found.venue.rooms}, {slot.id: slot for slot in found.venue.slots}
    times: dict[Any, list[str]] = defaultdict(list)
    for one in sorted(found.sessions, key=lambda one: (slots[one.slot_id].starts, one.part)):
        times[one.proposal_id].append(f"{_span(event, slots[one.slot_id])}, {rooms[one.room_id].name}")
    return Record(
        attendance=await _attendance(session, event, cities, names=names),
        outcomes=tuple(
            Outcome(
                title=topic.row.title,
                times=tuple(times[topic.row.id]),
                results=topic.harvest.results if topic.harvest else "",
                decisions=topic.harvest.decisions if topic.harvest else "",
                minutes=topic.harvest.minutes if topic.harvest else "",
                tasks=tuple(map(task, topic.actions)),
                photos=tuple(photos[file.id] for file in topic.files if file.id in photos),
                documents=tuple(f"{file.name}: {file.alt}" for file in topic.files if file.media_type == media.PDF),
            )
            for topic in found.proposals
            if topic.row.status == PLANNED
        ),
        tasks=tuple(map(task, found.actions)),
        ideas=ideas,
        ideas_left=more,
        photos_left=left,
    )


async def _attendance(
    session: Reader, event: Event, cities: Mapping[str, str], *, names: bool
) -> tuple[CityAttendance, ...]:
    query = (
        select(Navigator.ags, Navigator.name, Participant.attendance)
        .join(Participant, Participant.navigator_id == Navigator.id)
        .where(Participant.event_id == event.id)
        .order_by(Navigator.sort_key, Navigator.id)
    )
    of: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for ags, name, attendance in await session.execute(query):
        of[ags].append((name, attendance != "no_show"))
    order = {ags: i for i, ags in enumerate((event.host, *event.guests))}
    return tuple(
        CityAttendance(
            city=cities.get(ags, ags),
            registered=len(there),
            attended=sum(came for _name, came in there),
            names=tuple(name for name, came in there if came) if names else (),
        )
        for ags, there in sorted(of.items(), key=lambda one: order.get(one[0], len(order)))
    )


async def _ideas(session: Reader, event: Event) -> tuple[tuple[NotedIdea, ...], int]:
    """The ideas as they may be shown, and how many there are beyond `MOST_IDEAS`."""
    mine = Idea.event_id == event.id, ~Idea.hidden, ~Idea.withdrawn
    at = (Table.event_id == Idea.event_id) & (Table.round == Idea.round) & (Table.number == Idea.number)
    query = (
        select(Idea.text, Idea.round, Idea.number, Topic.de, Topic.en)
        .outerjoin(Table, at)
        .outerjoin(Topic, Topic.code == Table.topic)
        .where(*mine)
        .order_by(Idea.round, Idea.number, Idea.created_at, Idea.id)
        .limit(MOST_IDEAS)
    )
    found = tuple(
        NotedIdea(text, number, table, (en if language() == "en" else de) or "")
        for text, number, table, de, en in await session.execute(query)
    )
    count = await session.scalar(select(sql.count()).select_from(Idea).where(*mine)) or 0
    return found, count - len(found)


async def _photos(session: Reader, found: overview.Overview) -> tuple[dict[Any, Photo], int]:
    """The photos that may be printed, by the file's id, and how many are left out."""
    pictures = [file for topic in found.proposals for file in topic.files if file.media_type != media.PDF]
    chosen: list[HarvestFile] = []
    for file in pictures:
        fits = sum(one.size for one in chosen) + file.size <= MOST_BYTES and len(chosen) < MOST_PHOTOS
        if file.consent and fits:
            chosen.append(file)
    query = select(HarvestFile.id, HarvestFile.content).where(HarvestFile.id.in_([file.id for file in chosen]))
    contents = {key: bytes(content) for key, content in await session.execute(query)}
    photos = {
        file.id: Photo(f"{file.id}.{media.ENDINGS[file.media_type]}", contents[file.id], file.alt, file.caption)
        for file in chosen
        if media.pixels(media.File(file.media_type, contents[file.id])) in range(1, MOST_PIXELS + 1)
    }
    return photos, len(pictures) - len(photos)


def _span(event: Event, slot: Any) -> str:
    zone, locale = ZoneInfo(event.timezone), "en_GB" if language() == "en" else "de_DE"
    times = [format_time(at.astimezone(zone).time(), "short", locale=locale) for at in (slot.starts, slot.ends)]
    day: dt.date = slot.starts.astimezone(zone).date()
    dated = f"{format_date(day, 'long', locale=locale)}, " if event.last_day > event.date else ""
    return dated + _("{start}–{end}", start=times[0], end=times[1])
