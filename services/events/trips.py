"""Events and who takes part: made, changed, read in batches."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.events.draft import Draft, moment, validate
from services.events.models import AgendaItem, City, Event, Navigator, Participant, Seat, Table, Topic
from services.events.openspace import board
from services.kit.db import Reader, Writer
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _

MOST_PARTICIPANTS = 5_000


async def create(session: Writer, organiser: str, draft: Draft) -> Event:
    """A new event. Raises Refused, with nothing stored, when anything in the draft is wrong."""
    clean = validate(draft, await _vocabulary(session))
    await _know_cities(session, clean)
    event_id = uuid.uuid4()
    await session.execute(
        insert(Event).values(
            id=event_id, organiser=organiser, status="confirmed", sequence=0, plan=None, **_values(clean)
        )
    )
    await _store_agenda(session, event_id, clean)
    return await _fresh(session, event_id)


async def change(session: Writer, event: Event, draft: Draft) -> Event:
    """Replace the event's data and agenda; participants and the confirmed plan stay."""
    clean = validate(draft, await _vocabulary(session))
    await _know_cities(session, clean)
    left = await session.scalars(
        select(Navigator.ags)
        .join(Participant, Participant.navigator_id == Navigator.id)
        .where(Participant.event_id == event.id, Navigator.ags.not_in([clean.host, *clean.guests]))
        .limit(1)
    )
    if (ags := left.one_or_none()) is not None:
        raise Refused(_("Participants of the city {ags} are registered: remove them first.", ags=ags))
    await _touch(session, event.id, **_values(clean))
    await session.execute(delete(AgendaItem).where(AgendaItem.event_id == event.id))
    await _store_agenda(session, event.id, clean)
    return await _fresh(session, event.id)


async def cancel(session: Writer, event: Event) -> Event:
    await _touch(session, event.id, status="cancelled")
    await board.tell(session, event.id)
    return await _fresh(session, event.id)


async def add_participants(session: Writer, event: Event, navigators: Sequence[str]) -> Event:
    """Add navigators of the event's cities; who is in already stays. Raises Refused naming each that cannot come."""
    wanted = _ids(navigators)
    await _lock(session, event.id)
    found = {n.id: n for n in (await session.scalars(select(Navigator).where(Navigator.id.in_(wanted)))).all()}
    cities = {event.host, *event.guests}
    problems = []
    for i, key in enumerate(wanted):
        if key not in found:
            problems.append(Problem(message=_("The directory has no such navigator."), row=f"navigators[{i}]"))
        elif found[key].ags not in cities:
            words = _("This navigator's city {ags} takes no part in the event.", ags=found[key].ags)
            problems.append(Problem(message=words, row=f"navigators[{i}]"))
    if problems:
        raise Refused(_("Nothing was changed. Please correct the navigators named."), problems)
    if wanted:
        await session.execute(
            upsert(Participant)
            .values([{"event_id": event.id, "navigator_id": key} for key in dict.fromkeys(wanted)])
            .on_conflict_do_nothing()
        )
    count = len((await session.scalars(select(Participant.navigator_id).where(Participant.event_id == event.id))).all())
    if count > MOST_PARTICIPANTS:
        raise Refused(_("At most {most} people can take part in one event.", most=MOST_PARTICIPANTS))
    await _stamp(session, event.id)
    return await _fresh(session, event.id)


async def remove_participants(session: Writer, event: Event, navigators: Sequence[str]) -> Event:
    """Take navigators out of the event and off their seats; who is not in it does not matter."""
    wanted = _ids(navigators)
    await _lock(session, event.id)
    for model in (Seat, Participant):
        await session.execute(delete(model).where(model.event_id == event.id, model.navigator_id.in_(wanted)))
    await _stamp(session, event.id)
    return await _fresh(session, event.id)


def _ids(values: Sequence[str]) -> list[uuid.UUID]:
    if len(values) > MOST_PARTICIPANTS:
        raise Refused(_("At most {most} people can take part in one event.", most=MOST_PARTICIPANTS))
    out, problems = [], []
    for i, value in enumerate(values):
        try:
            out.append(uuid.UUID(value))
        except ValueError:
            problems.append(Problem(message=_("The directory has no such navigator."), row=f"navigators[{i}]"))
    if problems:
        raise Refused(_("Nothing was changed. Please correct the navigators named."), problems)
    return out


async def _lock(session: Writer, event_id: uuid.UUID) -> None:
    """Changes of one event take turns."""
    await session.execute(select(Event.id).where(Event.id == event_id).with_for_update())


async def _stamp(session: Writer, event_id: uuid.UUID) -> None:
    """Date the papers anew; calendars need not notice."""
    await session.execute(update(Event).where(Event.id == event_id).values(updated_at=dt.datetime.now(dt.UTC)))


async def _touch(session: Writer, event_id: uuid.UUID, **values: Any) -> None:
    await session.execute(
        update(Event)
        .where(Event.id == event_id)
        .values(sequence=Event.sequence + 1, updated_at=dt.datetime.now(dt.UTC), **values)
    )


async def _fresh(session: Reader, event_id: uuid.UUID) -> Event:
    found = await session.scalars(select(Event).where(Event.id == event_id).execution_options(populate_existing=True))
    return found.one()


async def _vocabulary(session: Reader) -> frozenset[str]:
    return frozenset((await session.scalars(select(Topic.code))).all())


async def _know_cities(session: Reader, draft: Draft) -> None:
    wanted = {draft.host, *draft.guests}
    known = set((await session.scalars(select(City.ags).where(City.ags.in_(wanted)))).all())
    if missing := sorted(wanted - known):
        problems = [
            Problem(message=_("The city {ags} has not published yet.", ags=ags), row="event", field="cities")
            for ags in missing
        ]
        raise Refused(_("The event was not stored. Please correct the fields named and send it again."), problems)


def _values(draft: Draft) -> dict[str, Any]:
    rounds = draft.rounds
    return {
        "kind": draft.kind,
        "title": draft.title,
        "hashtag": draft.hashtag,
        "date": draft.date,
        "timezone": draft.timezone,
        "venue": draft.venue,
        "address": draft.address,
        "host": draft.host,
        "guests": list(draft.guests),
        "questions": list(draft.questions),
        "first_round": moment(draft, rounds.starts) if rounds else None,
        "round_minutes": rounds.minutes if rounds else 0,
        "break_minutes": rounds.break_minutes if rounds else 0,
        "rounds": rounds.count if rounds else 0,
        "tables": rounds.tables if rounds else 0,
        "table_topics": list(rounds.table_topics) if rounds else [],
    }


async def _store_agenda(session: Writer, event_id: uuid.UUID, draft: Draft) -> None:
    rows = [
        {
            "id": uuid.uuid5(event_id, f"agenda/{position}"),
            "event_id": event_id,
            "position": position,
            "starts": moment(draft, item.starts),
            "ends": moment(draft, item.ends) if item.ends else None,
            "title": item.title,
            "details": list(item.details),
            "audience": item.audience,
            "responsible": item.responsible or "",
        }
        for position, item in enumerate(draft.agenda)
    ]
    if rows:
        await session.execute(insert(AgendaItem), rows)


# Reading ----------------------------------------------------------------------------------------------------------


async def page(
    session: Reader, limit: int, *, after: Sequence[str] | None = None, city: str | None = None
) -> list[Event]:
    """Events by date, newest first."""
    query = select(Event).order_by(Event.date.desc(), Event.id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(Event.date, Event.id) < (dt.date.fromisoformat(after[0]), uuid.UUID(after[1])))
    if city is not None:
        query = query.where((Event.host == city) | Event.guests.contains([city]))
    return list((await session.scalars(query)).all())


async def by_id(session: Reader, keys: Sequence[uuid.UUID]) -> list[Event | None]:
    rows = {row.id: row for row in (await session.scalars(select(Event).where(Event.id.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def agendas(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[AgendaItem]]:
    found: dict[uuid.UUID, list[AgendaItem]] = {key: [] for key in keys}
    query = select(AgendaItem).where(AgendaItem.event_id.in_(keys)).order_by(AgendaItem.starts, AgendaItem.position)
    for item in await session.scalars(query):
        found[item.event_id].append(item)
    return [found[key] for key in keys]


async def participants(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Navigator]]:
    """The participants of each event by name."""
    found: dict[uuid.UUID, list[Navigator]] = {key: [] for key in keys}
    query = (
        select(Participant.event_id, Navigator)
        .join(Navigator, Navigator.id == Participant.navigator_id)
        .where(Participant.event_id.in_(keys))
        .order_by(Navigator.sort_key, Navigator.id)
    )
    for event_id, navigator in await session.execute(query):
        found[event_id].append(navigator)
    return [found[key] for key in keys]


async def tables(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[tuple[Table, list[uuid.UUID]]]]:
    """The tables of each event's confirmed plan with who sits there, by round and number."""
    seats: dict[tuple[uuid.UUID, int, int], list[uuid.UUID]] = {}
    query = (
        select(Seat)
        .join(Navigator, Navigator.id == Seat.navigator_id)
        .where(Seat.event_id.in_(keys))
        .order_by(Navigator.sort_key, Navigator.id)
    )
    for seat in await session.scalars(query):
        seats.setdefault((seat.event_id, seat.round, seat.number), []).append(seat.navigator_id)
    found: dict[uuid.UUID, list[tuple[Table, list[uuid.UUID]]]] = {key: [] for key in keys}
    rows = select(Table).where(Table.event_id.in_(keys)).order_by(Table.round, Table.number)
    for table in await session.scalars(rows):
        found[table.event_id].append((table, seats.get((table.event_id, table.round, table.number), [])))
    return [found[key] for key in keys]


async def about(session: Reader, navigator_id: uuid.UUID) -> dict[str, Any]:
    """Everything that is held about one person, as JSON."""
    person = await session.get(Navigator, navigator_id)
    events = await session.execute(
        select(Event.id, Event.title, Event.date)
        .join(Participant, Participant.event_id == Event.id)
        .where(Participant.navigator_id == navigator_id)
        .order_by(Event.date, Event.id)
    )
    seats: dict[uuid.UUID, list[dict[str, int]]] = {}
    for seat in await session.scalars(select(Seat).where(Seat.navigator_id == navigator_id).order_by(Seat.round)):
        seats.setdefault(seat.event_id, []).append({"round": seat.round, "table": seat.number})
    return {
        "person": {"id": str(person.id), "ags": person.ags, "name": person.name, "department": person.department}
        if person
        else None,
        "events": [
            {"id": str(id), "title": title, "date": date.isoformat(), "seats": seats.get(id, [])}
            for id, title, date in events
        ],
    }


async def names(session: Reader, event: Event) -> tuple[dict[str, str], dict[str, Topic]]:
    """The names of the event's cities by AGS, and the topics by code."""
    cities = (await session.scalars(select(City).where(City.ags.in_([event.host, *event.guests])))).all()
    topics = (await session.scalars(select(Topic))).all()
    return {city.ags: city.name for city in cities}, {topic.code: topic for topic in topics}
