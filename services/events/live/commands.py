"""Commanding the clock: one at a time, by the revision that was looked at."""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from services.events import clock as clocks
from services.events.clock import Clock
from services.events.models import Event, Live, LiveStep
from services.events.models.live import clock_of, row_of
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, Refused
from services.kit.i18n import gettext as _

MOST_STEPS = 2_000

Command = Callable[[Clock, dt.datetime], Clock]


async def command(session: Writer, event_id: uuid.UUID, expected: int, name: str, does: Command) -> tuple[Clock, Clock]:
    """The clock before and after a command, which takes effect once: for whoever looked at revision `expected`.

    Raises Conflict, which says the state, for everybody else, and where the command does not fit to it.
    """
    locked = select(Event).where(Event.id == event_id).with_for_update().execution_options(populate_existing=True)
    event = (await session.scalars(locked)).one()
    before = clock_of(event, await session.get(Live, event_id, populate_existing=True))
    now = dt.datetime.now(dt.UTC)
    standing = clocks.at(before, now)
    if expected != before.revision:
        state = clocks.words(standing, ZoneInfo(event.timezone))
        raise Conflict(_("Somebody was faster. {state} (revision {revision}).", state=state, revision=before.revision))
    if event.status == "cancelled":
        raise Conflict(_("This event was called off."))
    if not before.rounds:
        raise Refused(_("This event has no rounds."))
    if before.revision >= MOST_STEPS:
        raise Conflict(_("The clock takes no more than {most} commands.", most=MOST_STEPS))
    after = msgspec.structs.replace(does(standing, now), revision=before.revision + 1)
    values = row_of(after)
    await session.execute(
        upsert(Live).values(event_id=event_id, **values).on_conflict_do_update(index_elements=["event_id"], set_=values)
    )
    step = {key: values[key] for key in ("revision", "phase", "round", "ends_at")}
    await session.execute(insert(LiveStep).values(event_id=event_id, at=now, command=name, **step))
    return before, after


async def clocks_of(session: Reader, keys: Sequence[uuid.UUID]) -> list[Clock | None]:
    """The clock of each event as it was commanded last."""
    found = await session.execute(
        select(Event, Live).outerjoin(Live, Live.event_id == Event.id).where(Event.id.in_(keys))
    )
    rows = {event.id: clock_of(event, live) for event, live in found}
    return [rows.get(key) for key in keys]


async def histories(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[LiveStep]]:
    """The commands of each event, in order."""
    found: dict[uuid.UUID, list[LiveStep]] = {key: [] for key in keys}
    for step in await session.scalars(
        select(LiveStep).where(LiveStep.event_id.in_(keys)).order_by(LiveStep.event_id, LiveStep.revision)
    ):
        found[step.event_id].append(step)
    return [found[key] for key in keys]
