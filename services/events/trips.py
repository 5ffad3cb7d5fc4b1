"""Events and who takes part: made, changed, read in batches."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.events import timetable
from services.events.draft import Draft, moment, validate
from services.events.models import (
    AgendaItem,
    CalendarFeed,
    Certificate,
    City,
    Event,
    Idea,
    LeftEvent,
    Module,
    Navigator,
    Participant,
    Seat,
    Table,
    Topic,
)
from services.events.openspace import board
from services.kit.db import Reader, Writer, as_hub
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _

MOST_PARTICIPANTS = 5_000


async def checked(session: Reader, draft: Draft) -> Draft:
    """The draft with its texts cleaned. Raises Refused for anything in it that is wrong or that we do not know."""
    clean = validate(draft, await _vocabulary(session))
    await _know_cities(session, clean)
    if clean.module and not await session.scalar(select(Module.id).where(Module.id.in_(uuids([clean.module])))):
        problem = Problem(message=_("There is no such module."), row="event", field="module")
        raise Refused(_("The event was not stored. Please correct the fields named and send it again."), [problem])
    return clean


async def create(session: Writer, organiser: str, draft: Draft) -> Event:
    """A new event. Raises Refused, with nothing stored, when anything in the draft is wrong."""
    return (await add(session, organiser, [(await checked(session, draft), {})]))[0]


async def add(session: Writer, organiser: str, wanted: Sequence[tuple[Draft, dict[str, Any]]]) -> list[Event]:
    """New events, each from a draft that is `checked` and further columns."""
    same = {"organiser": organiser, "status": "confirmed", "sequence": 0, "plan": None}
    drafts = {uuid.uuid4(): draft for draft, _also in wanted}
    rows = [{"id": key, **same, **_values(draft), **also} for key, (draft, also) in zip(drafts, wanted, strict=True)]
    if rows:
        await session.execute(insert(Event), rows)
    await timetable.add(session, drafts)
    found = {row.id: row for row in await session.scalars(select(Event).where(Event.id.in_(drafts)))}
    return [found[key] for key in drafts]


async def change(session: Writer, event: Event, draft: Draft) -> Event:
    """Replace the event's data and agenda; participants and the confirmed plan stay.

    An occurrence of a series is then one that was changed alone.
    """
    clean = await checked(session, draft)
    await lock(session, event.id)
    await session.refresh(event)
    return await replace(session, event, clean, changed_alone=event.series_id is not None)


async def replace(session: Writer, event: Event, clean: Draft, **also: Any) -> Event:
    """As `change`, from a draft that is `checked`, with the event's turn taken; `also` are further columns."""
    left = await session.scalars(
        select(Navigator.ags)
        .join(Participant, Participant.navigator_id == Navigator.id)
        .where(Participant.event_id == event.id, Navigator.ags.not_in([clean.host, *clean.guests]))
        .limit(1)
    )
    if (ags := left.one_or_none()) is not None:
        raise Refused(_("Participants of the city {ags} are registered: remove them first.", ags=ags))
    cities, now = {clean.host, *clean.guests}, dt.datetime.now(dt.UTC).isoformat()
    former = {ags: at for ags, at in event.former.items() if ags not in cities}
    former |= {ags: now for ags in (event.host, *event.guests) if ags not in cities}
    given_away = event.host != clean.host
    await _touch(session, event.id, **_values(clean), former=former, **also)
    if given_away:  # they may not change it any more, and have still to write its agenda and tell its people
        await as_hub(session)
    await timetable.store(session, event.id, clean)
    return await _fresh(session, event.id)


async def cancel(session: Writer, event: Event) -> Event:
    await _touch(session, event.id, status="cancelled")
    await board.tell(session, event.id)
    return await _fresh(session, event.id)


async def add_participants(session: Writer, event: Event, navigators: Sequence[str]) -> Event:
    """Add navigators of the event's cities; who is in already stays. Raises Refused naming each that cannot come."""
    await lock(session, event.id)
    await join(session, event.id, list(await people(session, event, navigators)))
    count = len((await session.scalars(select(Participant.navigator_id).where(Participant.event_id == event.id))).all())
    if count > MOST_PARTICIPANTS:
        raise Refused(_("At most {most} people can take part in one event.", most=MOST_PARTICIPANTS))
    await stamp(session, event.id)
    return await _fresh(session, event.id)


async def people(session: Reader, event: Event, navigators: Sequence[str]) -> dict[uuid.UUID, Navigator]:
    """Navigators of the event's cities by the ids that a client sent, in their order. Raises Refused naming each that
    is none.
    """
    wanted = ids(navigators)
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
    return {key: found[key] for key in wanted}


async def join(session: Writer, event_id: uuid.UUID, people: Sequence[uuid.UUID]) -> None:
    """Let people take part; who does already stays. Who had left before is back."""
    if not people:
        return
    rows = [{"event_id": event_id, "navigator_id": key} for key in people]
    await session.execute(upsert(Participant).values(rows).on_conflict_do_nothing())
    await session.execute(
        update(LeftEvent)
        .where(LeftEvent.event_id == event_id, LeftEvent.navigator_id.in_(people), LeftEvent.back_at.is_(None))
        .values(back_at=dt.datetime.now(dt.UTC))
    )


async def leave(session: Writer, event_id: uuid.UUID, people: Sequence[uuid.UUID]) -> None:
    """Take people out of an event and off their seats; calendars learn that they left, certificates end."""
    await session.execute(delete(Seat).where(Seat.event_id == event_id, Seat.navigator_id.in_(people)))
    attested = Certificate.event_id == event_id, Certificate.navigator_id.in_(people)
    await session.execute(delete(Certificate).where(*attested))
    left = await session.scalars(
        delete(Participant)
        .where(Participant.event_id == event_id, Participant.navigator_id.in_(people))
        .returning(Participant.navigator_id)
    )
    if rows := [{"event_id": event_id, "navigator_id": one} for one in left]:
        again = {"at": dt.datetime.now(dt.UTC), "back_at": None}
        await session.execute(
            upsert(LeftEvent)
            .values([row | again for row in rows])
            .on_conflict_do_update(index_elements=["event_id", "navigator_id"], set_=again)
        )


async def remove_participants(session: Writer, event: Event, navigators: Sequence[str]) -> Event:
    """Take navigators out of the event and off their seats; who is not in it does not matter."""
    wanted = ids(navigators)
    await lock(session, event.id)
    await leave(session, event.id, wanted)
    await stamp(session, event.id)
    return await _fresh(session, event.id)


def uuids(values: Sequence[str]) -> list[uuid.UUID]:
    """Those of `values` that are ids; what is none is an id of nothing."""
    found = []
    for value in values:
        try:
            found.append(uuid.UUID(value))
        except ValueError:
            continue
    return found


def ids(values: Sequence[str]) -> list[uuid.UUID]:
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


async def lock(session: Writer, event_id: uuid.UUID) -> None:
    """Changes of one event take turns."""
    await session.execute(select(Event.id).where(Event.id == event_id).with_for_update())


async def stamp(session: Writer, event_id: uuid.UUID) -> None:
    """Date the papers anew; calendars need not notice."""
    await session.execute(update(Event).where(Event.id == event_id).values(updated_at=dt.datetime.now(dt.UTC)))


async def _touch(session: Writer, event_id: uuid.UUID, **values: Any) -> None:
    now = dt.datetime.now(dt.UTC)
    await session.execute(
        update(Event)
        .where(Event.id == event_id)
        .values(sequence=Event.sequence + 1, updated_at=now, revised_at=now, **values)
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
        "last_day": draft.ends,
        "timezone": draft.timezone,
        "venue": draft.venue,
        "address": draft.address,
        "host": draft.host,
        "guests": list(draft.guests),
        "questions": list(draft.questions),
        "module_id": uuid.UUID(draft.module) if draft.module else None,
        "first_round": moment(draft, rounds.starts, rounds.day) if rounds else None,
        "round_minutes": rounds.minutes if rounds else 0,
        "break_minutes": rounds.break_minutes if rounds else 0,
        "rounds": rounds.count if rounds else 0,
        "tables": rounds.tables if rounds else 0,
        "table_topics": list(rounds.table_topics) if rounds else [],
    }


# Reading ----------------------------------------------------------------------------------------------------------


async def page(
    session: Reader,
    limit: int,
    *,
    after: Sequence[str] | None = None,
    city: str | None = None,
    state: str | None = None,
    kind: str | None = None,
    since: dt.date | None = None,
    until: dt.date | None = None,
    soonest: bool = False,
) -> list[Event]:
    """Events by date, newest first, or oldest with `soonest`.

    `since` and `until` name days on which at least a part of them takes place. `state` takes two digits: of events in
    which one of its cities takes part.
    """
    order = (Event.date, Event.id) if soonest else (Event.date.desc(), Event.id.desc())
    query = select(Event).order_by(*order).limit(limit)
    if after is not None:
        here, place = tuple_(Event.date, Event.id), (dt.date.fromisoformat(after[0]), uuid.UUID(after[1]))
        query = query.where(here > place if soonest else here < place)
    if city is not None:
        query = query.where((Event.host == city) | Event.guests.contains([city]))
    if state is not None:
        guest = func.unnest(Event.guests).column_valued("guest")
        visits = select(guest).where(guest.startswith(state, autoescape=True)).exists()
        query = query.where(Event.host.startswith(state, autoescape=True) | visits)
    if kind is not None:
        query = query.where(Event.kind == kind)
    if since is not None:
        query = query.where(Event.last_day >= since)
    if until is not None:
        query = query.where(Event.date <= until)
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
    ideas = await session.scalars(select(Idea).where(Idea.navigator_id == navigator_id).order_by(Idea.created_at))
    left = await session.execute(
        select(LeftEvent.event_id, LeftEvent.at).where(
            LeftEvent.navigator_id == navigator_id, LeftEvent.back_at.is_(None)
        )
    )
    feed = await session.get(CalendarFeed, navigator_id)
    return {
        "person": {"id": str(person.id), "ags": person.ags, "name": person.name, "department": person.department}
        if person
        else None,
        "events": [
            {"id": str(id), "title": title, "date": date.isoformat(), "seats": seats.get(id, [])}
            for id, title, date in events
        ],
        "ideas": [
            {"event": str(idea.event_id), "round": idea.round, "table": idea.number, "text": idea.text}
            for idea in ideas
        ],
        "left": [{"id": str(id), "at": at.isoformat()} for id, at in left],
        "calendar": {"openedAt": feed.opened_at.isoformat()} if feed else None,
    }


async def names_of(session: Reader, keys: Sequence[uuid.UUID]) -> dict[uuid.UUID | None, str]:
    """People's names by id."""
    if not keys:
        return {}
    found = await session.execute(select(Navigator.id, Navigator.name).where(Navigator.id.in_(keys)))
    return {row.id: row.name for row in found}


async def names(session: Reader, events: Sequence[Event]) -> dict[str, str]:
    """The names of the events' cities by AGS."""
    wanted = {ags for event in events for ags in (event.host, *event.guests)}
    rows = await session.execute(select(City.ags, City.name).where(City.ags.in_(wanted)))
    return {row.ags: row.name for row in rows}


async def topics(session: Reader) -> dict[str, Topic]:
    """By code."""
    return {topic.code: topic for topic in await session.scalars(select(Topic))}
