"""What an organiser does about registration; whoever calls it says the event anew."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, insert, select, update

from services.events import draft, trips
from services.events.models import (
    AgendaItem,
    Event,
    Navigator,
    Participant,
    Registration,
    RegistrationException,
    RegistrationRules,
)
from services.events.notices import note, notice
from services.events.openspace import board, venue
from services.events.registration import rules, transport
from services.events.registration.book import Book, opened
from services.events.registration.rules import Draft
from services.kit.checks import Checks
from services.kit.db import Reader, Writer, put
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.i18n import language

LONGEST_REASON = 500
LONGEST_MESSAGE = 2_000
ACTIVE = ("registered", "offered", "waiting")


async def set_rules(session: Writer, event: Event, draft: Draft) -> Event:
    """Open registration for the event, or change how it gives its places; who has one keeps it.

    Who takes part already has a place from then on. Raises Refused.
    """
    rules.check(draft, {event.host, *event.guests})
    released = draft.release_needed
    await trips.lock(session, event.id)
    await put(session, RegistrationRules, {"event_id": event.id}, {
        "opens_at": draft.opens_at, "closes_at": draft.closes_at, "places": draft.places,
        "sizes": [list(step) for step in draft.sizes], "parties": dict(draft.parties),
        "release_needed": event.kind in rules.RELEASE_KINDS if released is None else released,
        "offer_hours": draft.offer_hours,
    })  # fmt: skip
    here = select(Navigator).join(Participant, Participant.navigator_id == Navigator.id)
    people = {one.id: one for one in await session.scalars(here.where(Participant.event_id == event.id))}
    book = await opened(session, event.id, people)
    for key in people.keys() - book.rows.keys():
        book.new(people[key], language()).state = "registered"
    if not book.rules.release_needed:
        await book.ask_nobody()
    await book.close()
    return event


async def admit(
    session: Writer, event: Event, navigators: Sequence[str], reason: str, *, without_release: bool = False
) -> Event:
    """Give people places, whatever quota, capacity and waiting list say, and `without_release` also where a superior
    has not answered, as it happens on the day; each exception is logged with the reason.

    Raises Refused, with nothing changed, where there is an exception and no reason.
    """
    checks = Checks()
    reason = checks.text("reason", "", reason, LONGEST_REASON, required=False)
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))
    people = await trips.people(session, event, navigators)
    book = await opened(session, event.id, people)
    logged = []
    for key, person in people.items():
        row = book.rows.get(key) or book.new(person, language())
        if row.state != "registered":
            kinds = [kind for kind in (book.full(row.ags), "order" if await _ahead(book, row) else "") if kind]
            logged += [
                {"event_id": event.id, "navigator_id": key, "ags": row.ags, "kind": kind, "reason": reason}
                for kind in kinds if row.state != "offered"
            ]  # fmt: skip
        book.admit(row)
        if without_release and row.release == "pending":
            book.waive_release(row)
            logged.append(
                {"event_id": event.id, "navigator_id": key, "ags": row.ags, "kind": "release", "reason": reason}
            )
    if logged and not reason:
        raise Refused(_("This is against the rules of the registration: please say why. The reason is kept."))
    await book.close()
    if logged:
        await session.execute(insert(RegistrationException), logged)
    return event


async def _ahead(book: Book, row: Registration) -> bool:
    """Whether somebody waits who comes before this person."""
    return any(one.turn < (row.turn or one.turn + 1) for one in await book.waiting() if one.turn and one is not row)


async def add(
    session: Writer, event: Event, navigators: Sequence[str], reason: str = "", *, without_release: bool = False
) -> Event:
    """Add participants by hand: where the event has a registration, they get places as its rules allow, or for a
    `reason` against them (as `admit`).
    """
    if await session.get(RegistrationRules, event.id) is None:
        return await trips.add_participants(session, event, navigators)
    return await admit(session, event, navigators, reason, without_release=without_release)


async def remove(session: Writer, event: Event, navigators: Sequence[str]) -> Event:
    """Take people out of the event, with or without a registration; who waits moves up."""
    event = await trips.remove_participants(session, event, navigators)
    if await session.get(RegistrationRules, event.id) is not None:
        people = {uuid.UUID(key) for key in navigators}
        book = await opened(session, event.id, people)
        for row in list(book.rows.values()):
            if row.navigator_id in people:
                await book.leave(row, by_organiser=True)
        await book.close()
    return event


async def substitute(session: Writer, event: Event, leaves: str, comes: str) -> Event:
    """A colleague of the same city takes over the place."""
    people = await trips.people(session, event, [leaves, comes])
    book = await opened(session, event.id, people)
    one, other = people.values() if len(people) == 2 else (next(iter(people.values())),) * 2
    row = book.rows.get(one.id)
    if row is None:
        raise Refused(_("There is no place to hand over."))
    await book.hand_over(row, other)
    await book.close()
    return event


# The event itself -----------------------------------------------------------------------------------------------------


class Essence(NamedTuple):
    """What people must hear of when it changes: where, and from when to when for everybody and for each city alone."""

    date: dt.date
    last_day: dt.date
    timezone: str
    venue: str
    address: str
    spans: frozenset[tuple[str | None, dt.datetime, dt.datetime]]


async def essence(session: Reader, event: Event) -> Essence:
    times = select(
        AgendaItem.audience, func.min(AgendaItem.starts), func.max(func.coalesce(AgendaItem.ends, AgendaItem.starts))
    )
    spans = await session.execute(times.where(AgendaItem.event_id == event.id).group_by(AgendaItem.audience))
    found = frozenset((audience, first, last) for audience, first, last in spans)
    return Essence(event.date, event.last_day, event.timezone, event.venue, event.address, found)


async def changed(session: Writer, event: Event, before: Essence) -> None:
    """After the event was changed: tell people, and let go whose city takes no part any more."""
    if await session.get(RegistrationRules, event.id) is not None:
        gone = select(Registration.navigator_id).where(
            Registration.event_id == event.id, Registration.ags.not_in([event.host, *event.guests])
        )
        book = await opened(session, event.id, (await session.scalars(gone)).all())
        for row in list(book.rows.values()):
            if row.ags not in {event.host, *event.guests}:
                await book.leave(row, by_organiser=True)
        if (event.date, event.last_day) != (before.date, before.last_day):
            await book.ask_again(before.date.isoformat())
        await book.close()
    if (event.date, event.timezone) != (before.date, before.timezone):
        await transport.moved(session, event, before.timezone)
        await venue.moved(session, event, before.date, before.timezone)
        await board.tell(session, event.id)
        await session.execute(update(Event).where(Event.id == event.id).values(reminded_at=None))
    if await essence(session, event) != before:
        await tell_of(session, event, "event_changed")


async def rewrite(session: Writer, event: Event, wanted: draft.Draft) -> Event:
    """The event as it shall be: its data and agenda replaced, and people told of what matters to them."""
    before = await essence(session, event)
    row = await trips.change(session, event, wanted)
    await changed(session, row, before)
    return row


async def cancel(session: Writer, event: Event) -> Event:
    """Call the event off, and have everybody written to, once."""
    if event.status != "cancelled":
        await tell_of(session, event, "event_cancelled")
    return await trips.cancel(session, event)


async def tell_all(session: Writer, event: Event, kind: str, states: Sequence[str] = ACTIVE) -> int:
    """Have everybody written to who takes part or whose registration is in one of `states`; how many they are."""
    hoping = select(Registration.navigator_id).where(Registration.event_id == event.id, Registration.state.in_(states))
    there = select(Participant.navigator_id).where(Participant.event_id == event.id)
    people = (await session.scalars(hoping.union(there))).all()
    await note(session, [notice(event.id, key, kind) for key in people])
    return len(people)


async def tell_of(session: Writer, event: Event, kind: str) -> None:
    """Have those written to whom a change of the event concerns: who takes part or hopes to, and who was invited and
    has not answered; nobody who declined.
    """
    await tell_all(session, event, kind)
    there = select(Participant.navigator_id).where(Participant.event_id == event.id)
    silent = select(Registration.navigator_id).where(
        Registration.event_id == event.id, Registration.state == "invited", Registration.navigator_id.not_in(there)
    )
    people = (await session.scalars(silent)).all()
    await note(session, [notice(event.id, key, kind, invited=True) for key in people])


async def follow_up(session: Writer, event: Event, message: str) -> int:
    """Write to those who took part, after the day; returns how many they are."""
    checks = Checks()
    lines = checks.text("message", "", message, LONGEST_MESSAGE, required=False, lines=True).splitlines()
    checks.done(_("Nothing was sent. Please correct the fields named and send it again."))
    if event.date > dt.datetime.now(dt.UTC).date():
        raise Refused(_("The event is still to come."))
    query = select(Participant.navigator_id).where(
        Participant.event_id == event.id, Participant.attendance.not_in(["no_show"])
    )
    people = (await session.scalars(query)).all()
    await note(session, [notice(event.id, key, "follow_up", lines=lines) for key in people])
    return len(people)
