"""What somebody organises, and how far each event is: what is to be done next follows from that."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, tuple_

from services.events.models import AgendaItem, Event, Participant, Registration, RegistrationRules
from services.kit.auth import Principal
from services.kit.db import Reader


async def organised(
    session: Reader,
    who: Principal,
    today: dt.date,
    limit: int,
    *,
    past: bool = False,
    after: Sequence[str] | None = None,
) -> list[Event]:
    """What `who` organises: the coming ones, next first, or with `past` those that are over, newest first."""
    place = tuple_(Event.date, Event.id)
    query = select(Event).where(organised_by(who)).limit(limit)
    if after is not None:
        there = (dt.date.fromisoformat(after[0]), uuid.UUID(after[1]))
        query = query.where(place < there if past else place > there)
    if past:
        query = query.where(Event.last_day < today).order_by(Event.date.desc(), Event.id.desc())
    else:
        query = query.where(Event.last_day >= today).order_by(Event.date, Event.id)
    return list((await session.scalars(query)).all())


def organised_by(who: Principal) -> ColumnElement[bool]:
    """As `access.organises`."""
    return (Event.organiser == who.subject) | Event.host.in_(sorted(who.where("coordinator")))


async def latest_at(session: Reader, who: Principal, host: str) -> Event | None:
    """The newest event with a venue that `who` organised there."""
    query = select(Event).where(organised_by(who), Event.host == host, Event.venue != "")
    return (await session.scalars(query.order_by(Event.date.desc(), Event.id.desc()).limit(1))).one_or_none()


@dataclass(frozen=True)
class Progress:
    """`asked` is how many have a registration in whatever state; `opened`, whether there are rules of places."""

    agenda: int
    participants: int
    opened: bool
    asked: int
    waiting: int
    releases: int


async def of(session: Reader, events: Sequence[Event]) -> list[Progress]:
    """Of each event, as far as the session sees its people."""
    keys = [event.id for event in events]
    agenda = await _counts(session, AgendaItem, keys)
    there = await _counts(session, Participant, keys)
    opened = set(await session.scalars(select(RegistrationRules.event_id).where(RegistrationRules.event_id.in_(keys))))
    query = select(
        Registration.event_id,
        func.count(),
        func.count().filter(Registration.state == "waiting"),
        func.count().filter(Registration.state == "registered", Registration.release == "pending"),
    )
    registered = {
        key: (asked, waiting, releases)
        for key, asked, waiting, releases in await session.execute(
            query.where(Registration.event_id.in_(keys)).group_by(Registration.event_id)
        )
    }
    return [
        Progress(agenda.get(key, 0), there.get(key, 0), key in opened, *registered.get(key, (0, 0, 0))) for key in keys
    ]


async def _counts(
    session: Reader, model: type[AgendaItem] | type[Participant], keys: Sequence[uuid.UUID]
) -> dict[uuid.UUID, int]:
    query = select(model.event_id, func.count()).where(model.event_id.in_(keys)).group_by(model.event_id)
    return dict(list(await session.execute(query)))
