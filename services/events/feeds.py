"""Calendars to subscribe to: of a city, and of a person by a signed link that can be revoked.

A feed holds what lies between a year ago and two years from now. Who or what is called off or left stays as cancelled
for a while: programs that copied an entry take it out by that, and not by its absence.
"""

import datetime as dt
import secrets
import uuid
from typing import Final

import msgspec
from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from services.events import calendar, papers
from services.events.day import Day
from services.events.models import CalendarFeed, City, Event, LeftEvent, Navigator, OnlineLink, Participant
from services.kit import links
from services.kit.conditional import digest
from services.kit.db import Reader, Writer
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.i18n import language
from services.kit.settings import Settings

PURPOSE: Final = "calendar"
LIFE: Final = dt.timedelta(days=5 * 365)
"""Calendar programs ask for years; a link ends with its person or when they revoke it."""
RENEWED: Final = dt.timedelta(days=365)
"""So long before its end a link is replaced when its person asks for it."""
NONCE_BYTES: Final = 8
BEHIND, AHEAD = dt.timedelta(days=366), dt.timedelta(days=2 * 366)
A_WHILE: Final = dt.timedelta(days=90)
MOST: Final = 500


class Feed(msgspec.Struct, frozen=True):
    """What a feed is made of; `city` is the name whose items it holds beside those for everybody."""

    key: str
    name: str
    city: str
    days: tuple[Day, ...]

    @property
    def etag(self) -> str:
        return digest(msgspec.json.encode((calendar.FORM, language(), self)))

    def ics(self) -> bytes:
        return calendar.feed_ics(self.days, self.key, self.name, self.city)


# Links ------------------------------------------------------------------------------------------------------------


async def opened(session: Writer, settings: Settings, person: uuid.UUID) -> str:
    """The token of the person's calendar, the same for years unless it is revoked. Raises NotFound for a stranger."""
    if await session.get(Navigator, person) is None:
        raise NotFound(_("The directory has no such navigator."))
    now = dt.datetime.now(dt.UTC)
    new = {"nonce": secrets.token_bytes(NONCE_BYTES), "opened_at": now}
    await session.execute(
        upsert(CalendarFeed)
        .values(navigator_id=person, **new)
        .on_conflict_do_update(
            index_elements=["navigator_id"], set_=new, where=CalendarFeed.opened_at < now - (LIFE - RENEWED)
        )
    )
    kept = (await session.scalars(select(CalendarFeed).where(CalendarFeed.navigator_id == person))).one()
    until = int((kept.opened_at + LIFE).timestamp())
    return links.signed_until(settings, PURPOSE, person.bytes + kept.nonce, until)


async def revoke(session: Writer, person: uuid.UUID) -> bool:
    """End every link to the person's calendar; whether there was one."""
    ended = await session.scalars(
        delete(CalendarFeed).where(CalendarFeed.navigator_id == person).returning(CalendarFeed.navigator_id)
    )
    return ended.one_or_none() is not None


async def whose(session: Reader, settings: Settings, token: str) -> uuid.UUID | None:
    """The person whose calendar the token opens."""
    value = links.opened(settings, PURPOSE, token)
    if value is None or len(value) != links.ID_BYTES + NONCE_BYTES:
        return None
    person, nonce = uuid.UUID(bytes=value[: links.ID_BYTES]), value[links.ID_BYTES :]
    kept = await session.scalar(select(CalendarFeed.nonce).where(CalendarFeed.navigator_id == person))
    return person if kept is not None and secrets.compare_digest(kept, nonce) else None


async def forget(session: Writer) -> None:
    """Let go of who left what, as soon as no calendar shows it any more."""
    await session.execute(delete(LeftEvent).where(LeftEvent.at < dt.datetime.now(dt.UTC) - A_WHILE))


# What is in them --------------------------------------------------------------------------------------------------


async def of_city(session: Reader, ags: str) -> Feed | None:
    """What everybody may know of the city's events; None for a city that has not published."""
    city = await session.get(City, ags)
    if city is None:
        return None
    taking_part = (Event.host == ags) | Event.guests.contains([ags])
    events = await _within(session, taking_part | Event.former.has_key(ags))
    left = {
        event.id: dt.datetime.fromisoformat(event.former[ags])
        for event in events
        if ags not in {event.host, *event.guests}
    }
    name = _("Digital navigators of {city}", city=city.name)
    return Feed(f"city/{ags}", name, city.name, tuple(day for _event, day in await _days(session, events, left)))


async def of_person(session: Reader, person: uuid.UUID) -> Feed | None:
    """The person's events, with online links; needs a session of the hub. None for somebody we do not know."""
    navigator = await session.get(Navigator, person)
    if navigator is None:
        return None
    mine = set((await session.scalars(select(Participant.event_id).where(Participant.navigator_id == person))).all())
    moves = (await session.scalars(select(LeftEvent).where(LeftEvent.navigator_id == person))).all()
    left = {row.event_id: row.at for row in moves if row.event_id not in mine}
    back = {row.event_id: row.back_at or row.at for row in moves if row.event_id in mine}
    events = await _within(session, Event.id.in_(mine) | Event.id.in_(left))
    online = {
        row.event_id: row.url
        for row in await session.scalars(select(OnlineLink).where(OnlineLink.event_id.in_([e.id for e in events])))
        if row.event_id not in left
    }
    city = await session.get(City, navigator.ags)
    days = [
        msgspec.structs.replace(
            day, online=online.get(event.id, ""), updated=max(day.updated, back.get(event.id, day.updated))
        )
        for event, day in await _days(session, events, left)
    ]
    return Feed(f"person/{person}", _("My events as a digital navigator"), city.name if city else "", tuple(days))


async def online_link(session: Reader, person: uuid.UUID, event: uuid.UUID) -> str | None:
    """The online link of an event in which the person takes part; needs a session of the hub."""
    query = (
        select(OnlineLink.url)
        .join(Participant, Participant.event_id == OnlineLink.event_id)
        .where(OnlineLink.event_id == event, Participant.navigator_id == person)
    )
    found: str | None = await session.scalar(query)
    return found


async def _within(session: Reader, condition: object) -> list[Event]:
    now = dt.datetime.now(dt.UTC)
    today = now.date()
    query = (
        select(Event)
        .where(
            condition,  # type: ignore[arg-type]
            Event.last_day >= today - BEHIND,
            Event.date <= today + AHEAD,
            or_(Event.status != "cancelled", Event.revised_at > now - A_WHILE),
        )
        .order_by(Event.date.desc(), Event.id.desc())
        .limit(MOST)
    )
    return list((await session.scalars(query)).all())


async def _days(session: Reader, events: list[Event], left: dict[uuid.UUID, dt.datetime]) -> list[tuple[Event, Day]]:
    """The events as days; those in `left` as cancelled since then, and for a while only."""
    since = dt.datetime.now(dt.UTC) - A_WHILE
    shown = [event for event in events if left.get(event.id, since) >= since]
    days = zip(shown, await papers.days(session, shown), strict=True)
    return [
        (
            event,
            msgspec.structs.replace(
                day, status="cancelled", left=day.status != "cancelled", updated=max(day.updated, left[event.id])
            )
            if event.id in left
            else day,
        )
        for event, day in days
    ]
