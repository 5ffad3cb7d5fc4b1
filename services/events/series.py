"""Meetings that recur: each occurrence is an event of its own, changed or cancelled alone, from here on, or all.

As calendar programs do it, an occurrence that somebody changed alone keeps its own data when all are changed, and one
that was cancelled alone stays cancelled. Who takes part in an occurrence still does when its day moves.
"""

import datetime as dt
import uuid
from collections.abc import Hashable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import insert, select, update

from services.events import recurrence, timetable, trips
from services.events.draft import Draft, moved
from services.events.models import Event, Series
from services.events.registration import organising
from services.events.timetable import Called
from services.kit.db import Reader, Writer
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

Scope = Literal["THIS", "FOLLOWING", "ALL"]
NEAR = dt.timedelta(days=6)
"""A meeting moves so far when a rule changes; further away it is another one."""


async def create(session: Writer, organiser: str, draft: Draft, rule: str) -> tuple[Series, list[Event]]:
    """A series that starts with the draft's day. Raises Refused for what is wrong with the rule or the draft."""
    clean = await trips.checked(session, draft)
    days = recurrence.dates(rule, clean.date)
    series = await _new(session, organiser, rule, days[0])
    return series, await _add(session, organiser, clean, series.id, days)


async def change(
    session: Writer, by: str, event: Event, scope: Scope, draft: Draft, *, rule: str | None = None,
    overwrite: bool = False,
) -> list[Event]:  # fmt: skip
    """Make this occurrence what the draft says, and with it the following or all; what changed, in their order.

    The others take everything but the day; theirs move as this one's does, or to the days of the new `rule`, whose
    first is this one's. A meeting for which the rule has no day is cancelled and leaves the series. Those that were
    changed alone keep their own data and day unless `overwrite`.
    """
    if scope == "THIS":
        if rule is not None:
            raise Refused(_("A rule is for this meeting and the following, or for all."))
        return [await trips.change(session, event, draft)]
    clean = await trips.checked(session, draft)
    series, every = await _locked(session, event)
    own_day = event.recurrence
    assert own_day is not None
    if scope == "ALL" and rule is not None and every[0].id != event.id:
        raise Refused(_("A new rule for all is said with the first meeting, whose day it starts with."))
    targets = [one for one in every if scope == "ALL" or _day(one) >= own_day]
    step = clean.date - event.date
    if rule is not None:
        placed, dropped, further = _placed(targets, recurrence.dates(rule, clean.date))
    else:
        placed, dropped, further = [(one, _day(one) + step) for one in targets], [], ()
        rule = recurrence.shifted(series.rule, _day(targets[0]), _day(targets[-1]), step.days) if step else None
    if rule is not None:
        series = await _follow(session, by, series, targets, len(targets) == len(every), rule, placed[0][1])
    # Read before anything is stored: which entry of the others each entry of this one is.
    ids = [one.id for one, _to in placed]
    called = dict(zip(ids, await timetable.called(session, ids), strict=True))
    changed = []
    for one, day in placed:
        kept: dict[str, Any] = {"series_id": series.id, "recurrence": day}
        if one.id == event.id:
            changed.append(await trips.replace(session, one, clean, **kept, changed_alone=clean.date != day))
        elif one.status != "cancelled" and (overwrite or not one.changed_alone):
            theirs = _translated(clean, called[event.id], called[one.id])
            changed.append(await trips.replace(session, one, moved(theirs, day), **kept, changed_alone=False))
        else:
            await session.execute(update(Event).where(Event.id == one.id).values(**kept))
    for one in dropped:
        await session.execute(update(Event).where(Event.id == one.id).values(series_id=None, recurrence=None))
        changed.append(await trips.cancel(session, one))
    return changed + await _add(session, event.organiser, clean, series.id, further)


async def cancel(session: Writer, event: Event, scope: Scope) -> list[Event]:
    """Call this occurrence off, and with it the following or all."""
    if scope == "THIS":
        return [await trips.cancel(session, event)]
    _series, every = await _locked(session, event)
    own_day = _day(event)
    return [
        await trips.cancel(session, one)
        for one in every
        if one.status != "cancelled" and (scope == "ALL" or _day(one) >= own_day)
    ]


async def rewrite(
    session: Writer, by: str, event: Event, scope: Scope, draft: Draft, *, rule: str | None = None,
    overwrite: bool = False,
) -> list[Event]:  # fmt: skip
    """As `change`; those whom it concerns are told of what changed or was called off by it (`organising.tell_of`)."""
    before = await _before(session, event)
    rows = await change(session, by, event, scope, draft, rule=rule, overwrite=overwrite)
    await _tell(session, rows, before)
    return rows


async def call_off(session: Writer, event: Event, scope: Scope) -> list[Event]:
    """As `cancel`; those whom it concerns are told."""
    before = await _before(session, event)
    rows = await cancel(session, event, scope)
    await _tell(session, rows, before)
    return rows


async def by_id(session: Reader, keys: Sequence[uuid.UUID]) -> list[Series | None]:
    rows = {row.id: row for row in (await session.scalars(select(Series).where(Series.id.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def occurrences(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Event]]:
    """The events of each series by the days that its rule gave them."""
    found: dict[uuid.UUID, list[Event]] = {key: [] for key in keys}
    query = select(Event).where(Event.series_id.in_(keys)).order_by(Event.recurrence, Event.id)
    for event in await session.scalars(query):
        assert event.series_id is not None
        found[event.series_id].append(event)
    return [found[key] for key in keys]


Before = dict[uuid.UUID, tuple[str, organising.Essence]]


async def _before(session: Reader, event: Event) -> Before:
    """Status of each meeting, and what people must hear of when it changes."""
    every = (await occurrences(session, [event.series_id]))[0] if event.series_id else [event]
    return {one.id: (one.status, await organising.essence(session, one)) for one in every}


async def _tell(session: Writer, rows: Sequence[Event], before: Before) -> None:
    """Have those written to whom a meeting concerns that was changed or called off."""
    for one in rows:
        if one.id not in before:
            continue
        status, essence = before[one.id]
        if one.status == "cancelled" != status:
            await organising.tell_of(session, one, "event_cancelled")
        elif one.status != "cancelled":
            await organising.changed(session, one, essence)


def _day(event: Event) -> dt.date:
    return event.recurrence or event.date


async def _locked(session: Writer, event: Event) -> tuple[Series, list[Event]]:
    """The series and its occurrences, whose turn this now is; raises Refused where the event is in none."""
    await session.scalars(select(Series.id).where(Series.id == event.series_id).with_for_update())
    await session.scalars(
        select(Event.id).where(Event.series_id == event.series_id).order_by(Event.id).with_for_update()
    )
    await session.refresh(event)
    (series,) = await by_id(session, [event.series_id]) if event.series_id else [None]
    if series is None:
        raise Refused(_("This event is not part of a series."))
    (every,) = await occurrences(session, [series.id])
    return series, every


async def _new(session: Writer, organiser: str, rule: str, starts: dt.date) -> Series:
    found = await session.scalars(
        insert(Series)
        .values(id=uuid.uuid4(), organiser=organiser, rule=recurrence.normal(rule), starts=starts)
        .returning(Series)
    )
    return found.one()


async def _follow(
    session: Writer, by: str, series: Series, targets: Sequence[Event], whole: bool, rule: str, starts: dt.date
) -> Series:
    """The series that the targets follow from now on: the same one if it is whole, else a new one of `by` beside it."""
    if not whole:
        series.rule = recurrence.ended(series.rule, _day(targets[0]) - dt.timedelta(days=1))
        return await _new(session, by, rule, starts)
    series.rule, series.starts = recurrence.normal(rule), starts
    return series


async def _add(
    session: Writer, organiser: str, clean: Draft, series: uuid.UUID, days: Sequence[dt.date]
) -> list[Event]:
    draft = _translated(clean, [], [])  # new meetings have no entries yet
    wanted = [(moved(draft, day), {"series_id": series, "recurrence": day}) for day in days]
    return await trips.add(session, organiser, wanted)


class _Placed(NamedTuple):
    kept: list[tuple[Event, dt.date]]
    dropped: list[Event]
    new: tuple[dt.date, ...]


def _placed(targets: Sequence[Event], days: Sequence[dt.date]) -> _Placed:
    """Which occurrence takes which of the new `days`: its own, else the next one near by.

    The first takes the first: that is the one from which the change was said.
    """
    left = set(days[1:])
    taken: dict[uuid.UUID, dt.date] = {targets[0].id: days[0]}
    for one in targets[1:]:
        if _day(one) in left:
            left.discard(_day(one))
            taken[one.id] = _day(one)
    for one in targets[1:]:
        if one.id not in taken and (near := [day for day in left if abs(day - _day(one)) <= NEAR]):
            day = min(near, key=lambda day: (abs(day - _day(one)), day))
            left.discard(day)
            taken[one.id] = day
    kept = sorted(((one, taken[one.id]) for one in targets if one.id in taken), key=lambda pair: pair[1])
    return _Placed(kept, [one for one in targets if one.id not in taken], tuple(sorted(left)))


def _translated(draft: Draft, here: Sequence[Called], there: Sequence[Called]) -> Draft:
    """The draft with the ids of another occurrence: of its entries that are called what they were called `here`."""
    names = dict(here)
    free: dict[Hashable, list[str]] = {}
    for id, name in there:
        free.setdefault(name, []).append(id)

    def known(id: str | None) -> str | None:
        ids = free.get(names.get(id or ""), [])
        return ids.pop(0) if ids else None

    replaced = msgspec.structs.replace
    return replaced(
        draft,
        agenda=tuple(replaced(item, id=known(item.id)) for item in draft.agenda),
        rooms=None if draft.rooms is None else tuple(replaced(room, id=known(room.id)) for room in draft.rooms),
    )
