"""Who attended which module of a programme, who lacks which, and what a programme is made of.

Somebody has attended a module whose event is over, was not called off, and from which they did not stay away; until it
is over, it is booked. What counts is the same as in `modules.missing`.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, func, select, tuple_

from services.events import access, curricula, modules
from services.events.models import City, Event, Module, Navigator, Participant, Programme, Registration
from services.events.modules import ModuleDraft, ProgrammeDraft
from services.events.registration import outstanding
from services.kit.auth import Principal
from services.kit.db import Reader, Writer
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _

ATTENDED, BOOKED, OPEN = "ATTENDED", "BOOKED", "OPEN"
MOST_OFFERED: Final = 200
MOST_EVENTS: Final = 500
MOST_PROGRAMMES: Final = 20


class Step(NamedTuple):
    """An event at which somebody attended a module, or will."""

    event: Event
    state: str


class Person(NamedTuple):
    """`steps` are by module, those of the programme alone; `lacking` in its order."""

    navigator: Navigator
    city: str
    steps: dict[uuid.UUID, Step]
    lacking: list[uuid.UUID]


class Count(NamedTuple):
    """How many people have attended a module, and how many have not but have booked it."""

    attended: int = 0
    booked: int = 0


class Own(NamedTuple):
    """A module on somebody's own way: `missing` are modules to attend before it, `coming` its events in which their
    city takes part, with the state of their registration (empty where they are not invited).
    """

    module: Module
    state: str
    event: Event | None
    missing: list[Module]
    coming: list[tuple[Event, str]]


class OwnProgramme(NamedTuple):
    """Without a programme: what was attended or booked beside all of them."""

    programme: Programme | None
    modules: list[Own]

    @property
    def next(self) -> Own | None:
        """What can be attended now, the first with a date before all others."""
        ready = [one for one in self.modules if one.state == OPEN and not one.missing]
        return next((one for one in ready if one.coming), ready[0] if ready else None)


# Making -----------------------------------------------------------------------------------------------------------


def hosts_of(who: Principal) -> list[str]:
    """In whose name `who` offers modules: their city, else their states."""
    return [who.city] if who.city else sorted(who.where("central"))


async def programme(session: Reader, key: uuid.UUID) -> Programme:
    """Raises NotFound."""
    (found,) = await modules.programme_by_id(session, [key])
    if found is None:
        raise NotFound(_("There is no such module or programme."))
    return found


async def own_programme(session: Reader, who: Principal, key: uuid.UUID) -> Programme:
    """A programme that `who` may change. Raises NotFound or Forbidden."""
    found = await programme(session, key)
    access.may_rework(who, found)
    return found


async def locked(session: Writer, who: Principal, key: uuid.UUID) -> Programme:
    """As `own_programme`, for a change of its modules: others wait."""
    await own_programme(session, who, key)
    query = select(Programme).where(Programme.id == key).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


async def rewrite(session: Writer, row: Programme, **changes: Any) -> Programme:
    """The programme with `changes` of title, host, year or modules (ids as text). Raises Refused."""
    now = {"title": row.title, "host": row.host, "year": row.year, "modules": tuple(map(str, row.modules)), **changes}
    return await modules.change_programme(session, row, ProgrammeDraft(**now))


async def offered(session: Reader, hosts: Collection[str]) -> list[Module]:
    """The modules of cities and states by title, with those of the cities' states."""
    wanted = {*hosts, *(host[:2] for host in hosts)}
    query = select(Module).where(Module.host.in_(wanted)).order_by(Module.title, Module.id)
    return list((await session.scalars(query.limit(MOST_OFFERED))).all())


async def with_before(session: Reader, keys: Sequence[uuid.UUID], new: uuid.UUID) -> list[uuid.UUID]:
    """`keys` and then `new`, after what should be attended before it and is not among them yet."""
    found, seen = list(keys), set(keys)
    waiting: list[tuple[uuid.UUID, bool]] = [(new, False)]
    for _turn in range(2 * modules.MOST_DEEP):
        if not waiting:
            break
        key, ready = waiting.pop()
        if ready:
            found.append(key)
        elif key not in seen:
            seen.add(key)
            waiting.append((key, True))
            (row,) = await modules.by_id(session, [key])
            waiting += [(one, False) for one in reversed(row.prerequisites if row else [])]
    return found


async def from_lessons(session: Writer, who: Principal, host: str, names: tuple[str, ...]) -> list[uuid.UUID]:
    """The modules of these lessons and of those before them, in order; what `host` has under the title stays."""
    made: dict[str, uuid.UUID] = {}
    for name in curricula.in_order(names):
        lesson = curricula.LESSONS[name]()
        same = select(Module.id).where(Module.host == host, Module.title == lesson.title).order_by(Module.id).limit(1)
        if (key := await session.scalar(same)) is None:
            before = tuple(str(made[one]) for one in lesson.before)
            draft = ModuleDraft(lesson.title, host, lesson.summary, lesson.goals, before)
            key = (await modules.create_module(session, who.subject, draft)).id
        made[name] = key
    return list(made.values())


# Who attended what ------------------------------------------------------------------------------------------------


async def people(
    session: Reader,
    who: Principal,
    programme: Programme,
    limit: int,
    *,
    after: Sequence[str] | None = None,
    lacking: uuid.UUID | None = None,
) -> list[Person]:
    """By name: who takes part in events of the programme that `who` organises, and the navigators of `who`'s own city;
    with `lacking`, those who have not attended that module. Under HUB: people attended modules wherever they were held.
    """
    query = (
        select(Navigator, City.name)
        .outerjoin(City, City.ags == Navigator.ags)
        .where(_shown(who, programme))
        .order_by(Navigator.sort_key, Navigator.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(Navigator.sort_key, Navigator.id) > (after[0], uuid.UUID(after[1])))
    if lacking is not None:
        attended = _parts([lacking]).where(Participant.navigator_id == Navigator.id, Event.last_day < _today())
        query = query.where(~attended.exists())
    rows = (await session.execute(query)).all()
    steps = await steps_of(session, [row.id for row, _city in rows], programme.modules)
    return [
        Person(
            row, city or row.ags, steps.get(row.id, {}),
            [key for key in programme.modules if not _has(steps.get(row.id, {}).get(key))],
        )
        for row, city in rows
    ]  # fmt: skip


async def counts(session: Reader, who: Principal, programme: Programme) -> tuple[int, dict[uuid.UUID, Count]]:
    """Of how many people `people` tells, and by module how many of them attended or booked it. Under HUB."""
    shown = select(Navigator.id).where(_shown(who, programme)).subquery()
    total = await session.scalar(select(func.count()).select_from(shown)) or 0
    done = func.bool_or(Event.last_day < _today()).label("done")
    each = (
        _parts(programme.modules, Event.module_id, Participant.navigator_id, done)
        .where(Participant.navigator_id.in_(select(shown.c.id)))
        .group_by(Event.module_id, Participant.navigator_id)
        .subquery()
    )
    query = select(each.c.module_id, func.count().filter(each.c.done), func.count().filter(~each.c.done))
    found = await session.execute(query.group_by(each.c.module_id))
    return total, {key: Count(attended, booked) for key, attended, booked in found}


async def steps_of(
    session: Reader, people: Collection[uuid.UUID], keys: Collection[uuid.UUID]
) -> dict[uuid.UUID, dict[uuid.UUID, Step]]:
    """By person and module: the first event at which it was attended, else the next one that is booked."""
    found: dict[uuid.UUID, dict[uuid.UUID, Step]] = {}
    if not people or not keys:
        return found
    query = _parts(keys, Participant.navigator_id, Event).where(Participant.navigator_id.in_(people))
    today = _today()
    for person, event in await session.execute(query.order_by(Event.last_day, Event.id)):
        state = ATTENDED if event.last_day < today else BOOKED
        found.setdefault(person, {}).setdefault(event.module_id, Step(event, state))
    return found


async def coming(session: Reader, keys: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Event]]:
    """The events of modules that are not over and not called off, next first."""
    query = select(Event).where(Event.module_id.in_(keys), Event.status != "cancelled", Event.last_day >= _today())
    found: dict[uuid.UUID, list[Event]] = {}
    for event in await session.scalars(query.order_by(Event.date, Event.id).limit(MOST_EVENTS)):
        if event.module_id:
            found.setdefault(event.module_id, []).append(event)
    return found


def _parts(keys: Collection[uuid.UUID], *columns: Any) -> Any:
    """Who takes part in an event of the modules that counts."""
    query = select(*(columns or (Event.id,))).join_from(Event, Participant, Participant.event_id == Event.id)
    return query.where(Event.module_id.in_(keys), Event.status != "cancelled", Participant.attendance != "no_show")


def _shown(who: Principal, programme: Programme) -> ColumnElement[bool]:
    organised = _parts(programme.modules, Participant.navigator_id).where(outstanding.organised_by(who))
    shown: ColumnElement[bool] = Navigator.id.in_(organised)
    if who.city:
        own: ColumnElement[bool] = Navigator.ags == who.city
        if programme.host not in {who.city, who.city[:2]}:
            own &= Navigator.id.in_(_parts(programme.modules, Participant.navigator_id))
        shown |= own
    return shown


def _has(step: Step | None) -> bool:
    return step is not None and step.state == ATTENDED


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def this_year() -> int:
    return _today().year


# One's own way ----------------------------------------------------------------------------------------------------


async def own(session: Reader, person: uuid.UUID) -> list[OwnProgramme]:
    """The programmes of the person's city and state, newest year first, and what they attended beside. Under HUB."""
    ags = await session.scalar(select(Navigator.ags).where(Navigator.id == person))
    if ags is None:
        raise NotFound(_("The directory has no such navigator."))
    query = select(Programme).where(Programme.host.in_([ags, ags[:2]]))
    order = query.order_by(Programme.year.desc(), Programme.id.desc()).limit(MOST_PROGRAMMES)
    programmes = (await session.scalars(order)).all()
    taken = select(Event.module_id).join(Participant, Participant.event_id == Event.id)
    mine = taken.where(Participant.navigator_id == person, Event.module_id.is_not(None)).distinct()
    theirs = {key for key in await session.scalars(mine.limit(MOST_OFFERED)) if key}
    named = {key for one in programmes for key in one.modules}
    rows = {row.id: row for row in await modules.by_id(session, list(named | theirs)) if row}
    before = {key for row in rows.values() for key in row.prerequisites} - rows.keys()
    known = rows | {row.id: row for row in await modules.by_id(session, list(before)) if row}
    steps = (await steps_of(session, [person], known)).get(person, {})
    dates = await _dates(session, person, ags, rows)

    def way(key: uuid.UUID) -> Own:
        row, step = rows[key], steps.get(key)
        missing = [known[one] for one in row.prerequisites if one in known and one not in steps]
        return Own(row, step.state if step else OPEN, step.event if step else None, missing, dates.get(key, []))

    found = [OwnProgramme(one, [way(key) for key in one.modules if key in rows]) for one in programmes]
    beside = sorted((key for key in rows if key not in named and key in steps), key=lambda key: rows[key].title)
    return [*found, OwnProgramme(None, [way(key) for key in beside])] if beside else found


async def _dates(
    session: Reader, person: uuid.UUID, ags: str, keys: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[tuple[Event, str]]]:
    found = await coming(session, keys)
    events = [one.id for some in found.values() for one in some]
    query = select(Registration.event_id, Registration.state)
    mine = query.where(Registration.navigator_id == person, Registration.event_id.in_(events))
    states: dict[uuid.UUID, str] = dict((await session.execute(mine)).all())
    return {
        key: [(one, states.get(one.id, "")) for one in some if ags in {one.host, *one.guests}]
        for key, some in found.items()
    }
