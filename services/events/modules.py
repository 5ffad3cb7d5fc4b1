"""Qualification modules, what one should have attended before, and the programmes that make a year of them."""

import datetime as dt
import re
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Uuid, cast, func, insert, select, text, true, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY

from services.events.draft import AGS, few
from services.events.models import Event, Module, Participant, Programme
from services.events.trips import uuids
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.i18n import gettext as _

STATE = re.compile(r"0[1-9]|1[0-6]")
MOST_GOALS = 20
MOST_MODULES = 30
MOST_DEEP = 1_000
"""How many modules may stand before one, whichever way."""


class ModuleDraft(msgspec.Struct, frozen=True):
    title: str
    host: str
    summary: str = ""
    goals: tuple[str, ...] = ()
    prerequisites: tuple[str, ...] = ()


class ProgrammeDraft(msgspec.Struct, frozen=True):
    title: str
    host: str
    year: int
    modules: tuple[str, ...] = ()


async def create_module(session: Writer, organiser: str, draft: ModuleDraft) -> Module:
    """Raises Refused with every problem by row and field."""
    values = await _module_values(session, draft, None)
    row = await session.scalars(insert(Module).values(id=uuid.uuid4(), organiser=organiser, **values).returning(Module))
    return row.one()


async def change_module(session: Writer, module: Module, draft: ModuleDraft) -> Module:
    """Raises Refused as above, and where the module would have itself as a prerequisite."""
    # Or two changes at once, each of them right, make a circle.
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('lotsennetz prerequisites', 0))"))
    values = await _module_values(session, draft, module.id)
    await session.execute(update(Module).where(Module.id == module.id).values(**values))
    await session.refresh(module)
    return module


async def create_programme(session: Writer, organiser: str, draft: ProgrammeDraft) -> Programme:
    values = await _programme_values(session, draft)
    row = await session.scalars(
        insert(Programme).values(id=uuid.uuid4(), organiser=organiser, **values).returning(Programme)
    )
    return row.one()


async def change_programme(session: Writer, programme: Programme, draft: ProgrammeDraft) -> Programme:
    values = await _programme_values(session, draft)
    await session.execute(update(Programme).where(Programme.id == programme.id).values(**values))
    await session.refresh(programme)
    return programme


async def _module_values(session: Reader, draft: ModuleDraft, key: uuid.UUID | None) -> dict[str, Any]:
    checks = Checks()
    few("goals", len(draft.goals), MOST_GOALS)
    few("prerequisites", len(draft.prerequisites), MOST_MODULES)
    prerequisites = await _known(session, checks, "prerequisites", draft.prerequisites)
    values = {
        "host": _host(checks, draft.host),
        "title": checks.text("module", "title", draft.title, 200),
        "summary": checks.text("module", "summary", draft.summary, 2000, required=False),
        "goals": [checks.text(f"goals[{i}]", "", goal, 300) for i, goal in enumerate(draft.goals)],
        "prerequisites": prerequisites,
    }
    if key is not None and key in await _before(session, prerequisites):
        checks.add("module", "prerequisites", _("The module would be its own prerequisite."))
    checks.done(_("The module was not stored. Please correct the fields named and send it again."))
    return values


async def _programme_values(session: Reader, draft: ProgrammeDraft) -> dict[str, Any]:
    checks = Checks()
    few("modules", len(draft.modules), MOST_MODULES)
    checks.number("programme", "year", draft.year, 2000, 2100)
    values = {
        "host": _host(checks, draft.host),
        "title": checks.text("programme", "title", draft.title, 200),
        "year": draft.year,
        "modules": await _known(session, checks, "modules", draft.modules),
    }
    checks.done(_("The programme was not stored. Please correct the fields named and send it again."))
    return values


def _host(checks: Checks, host: str) -> str:
    if not (AGS.fullmatch(host) or STATE.fullmatch(host)):
        checks.add("", "host", _("Name a city by its key (AGS, 8 digits) or a state by its two."))
    return host


async def _known(session: Reader, checks: Checks, field: str, given: Sequence[str]) -> list[uuid.UUID]:
    """The ids of modules, each once and in order; those of none go into `checks`."""
    wanted = {one: next(iter(uuids([one])), None) for one in given}
    known = set((await session.scalars(select(Module.id).where(Module.id.in_(filter(None, wanted.values()))))).all())
    for i, one in enumerate(given):
        if wanted[one] not in known:
            checks.add(f"{field}[{i}]", "", _("There is no such module."))
    return [key for key in dict.fromkeys(wanted.values()) if key in known]


async def _before(session: Reader, keys: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """The modules, and all that must be attended before them."""
    found: set[uuid.UUID] = set()
    left = set(keys)
    while left and len(found) < MOST_DEEP:
        found |= left
        rows = await session.scalars(select(Module.prerequisites).where(Module.id.in_(left)))
        left = {key for row in rows for key in row} - found
    return found


# Reading ----------------------------------------------------------------------------------------------------------


async def by_id(session: Reader, keys: Sequence[uuid.UUID]) -> list[Module | None]:
    rows = {row.id: row for row in (await session.scalars(select(Module).where(Module.id.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def programme_by_id(session: Reader, keys: Sequence[uuid.UUID]) -> list[Programme | None]:
    rows = {row.id: row for row in (await session.scalars(select(Programme).where(Programme.id.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def page(
    session: Reader,
    limit: int,
    *,
    after: Sequence[str] | None = None,
    host: str | None = None,
    hosts: Sequence[str] | None = None,
) -> list[Module]:
    """Modules by title; of one city (AGS) or state (two digits), or of several, if given."""
    query = select(Module).order_by(Module.title, Module.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(Module.title, Module.id) > (after[0], uuid.UUID(after[1])))
    if host is not None:
        query = query.where(Module.host == host)
    if hosts is not None:
        query = query.where(Module.host.in_(hosts))
    return list((await session.scalars(query)).all())


async def programmes(
    session: Reader,
    limit: int,
    *,
    after: Sequence[str] | None = None,
    host: str | None = None,
    hosts: Sequence[str] | None = None,
    year: int | None = None,
) -> list[Programme]:
    """Programmes, newest year first."""
    query = select(Programme).order_by(Programme.year.desc(), Programme.id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(Programme.year, Programme.id) < (int(after[0]), uuid.UUID(after[1])))
    if host is not None:
        query = query.where(Programme.host == host)
    if hosts is not None:
        query = query.where(Programme.host.in_(hosts))
    if year is not None:
        query = query.where(Programme.year == year)
    return list((await session.scalars(query)).all())


async def missing(
    session: Reader, event: Event, navigators: Sequence[uuid.UUID], *, booked: bool = False
) -> dict[uuid.UUID, tuple[uuid.UUID, ...]]:
    """The prerequisites of the event's module that each of the navigators lacks, by their ids; nobody who lacks none.

    Who took part in an event of a module, which is over and was not called off, and did not stay away, has it; with
    `booked`, also who will have before this event begins. In one statement, for as many people as an event has; needs a
    session that may see who takes part.
    """
    if event.module_id is None or not navigators:
        return {}
    wanted = select(func.unnest(Module.prerequisites).label("module_id")).where(Module.id == event.module_id).subquery()
    people = select(func.unnest(cast(list(navigators), ARRAY(Uuid))).label("id")).subquery()
    attended = (
        select(Event.id)
        .join(Participant, Participant.event_id == Event.id)
        .where(
            Participant.navigator_id == people.c.id,
            Participant.attendance != "no_show",
            Event.module_id == wanted.c.module_id,
            Event.status != "cancelled",
            Event.last_day < (event.date if booked else min(event.date, dt.datetime.now(dt.UTC).date())),
        )
        .exists()
    )
    query = (
        select(people.c.id, func.array_agg(wanted.c.module_id))
        .join_from(people, wanted, true())
        .where(~attended)
        .group_by(people.c.id)
    )
    return {who: tuple(sorted(lacking)) for who, lacking in await session.execute(query)}


async def lacking(session: Reader, event: Event, navigators: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Module]]:
    """As `missing`, also counting what is booked before the event: the modules themselves, in their order."""
    found = await missing(session, event, navigators, booked=True)
    rows = await session.scalars(select(Module).where(Module.id.in_({key for keys in found.values() for key in keys})))
    known = sorted(rows, key=lambda row: (row.title, row.id))
    return {who: [row for row in known if row.id in keys] for who, keys in found.items()}
