"""Programmes of a city or state: which modules make a year, in which order, and who attended what."""

import uuid
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post
from sqlalchemy import select

from services.contracts.states import STATES
from services.events import access, changing, curricula, modules, qualification, timetable
from services.events.models import City, Event, Module, Programme
from services.events.modules import ModuleDraft, ProgrammeDraft
from services.events.registration import organising, outstanding, wording
from services.events.web.organise import ground
from services.events.web.organise.ground import REFUSALS
from services.events.web.registration import here
from services.kit import forms, pages, seen
from services.kit.auth import Principal
from services.kit.db import HUB, NOBODY, Reader, Writer
from services.kit.errors import Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest
from services.kit.resolvers import as_uuid, place_of
from services.kit.seen import Seen

BASE: Final = "/programmes"
PER_PAGE: Final = 20
MANY_COLUMNS: Final = 10
MOST_UNTAUGHT: Final = 50
Title = Annotated[str, msgspec.Meta(max_length=200)]
Host = Annotated[str, msgspec.Meta(max_length=8)]


class Programming(msgspec.Struct, frozen=True):
    """`start` says with which modules a new programme begins."""

    title: Title
    year: Annotated[int, msgspec.Meta(ge=2000, le=2100)]
    host: Host
    start: Literal["", "FIRST_YEAR"] = ""
    seen: Seen = ""


class Adding(msgspec.Struct, frozen=True):
    """`source` is `module:<id>`, `lesson:<name>` or `event:<id>`."""

    source: Annotated[str, msgspec.Meta(max_length=60)]


class Moving(msgspec.Struct, frozen=True):
    module: uuid.UUID
    step: Literal["earlier", "later", "remove"]


def path_of(key: uuid.UUID, rest: str = "") -> str:
    return f"{BASE}/{key}{rest}"


def ways() -> list[tuple[str, str]]:
    return [(BASE, _("Programmes")), ("/modules", _("Modules"))]


async def places(request: AnyRequest, who: Principal, *also: str) -> dict[str, str]:
    """In whose name `who` offers something, and what those are called; `also` are further keys."""
    keys = list(dict.fromkeys([*qualification.hosts_of(who), *also]))
    async with here(request).db.read(NOBODY) as session:
        query = select(City.ags, City.name).where(City.ags.in_(keys))
        known: dict[str, str] = dict((await session.execute(query)).all())
    return {key: known.get(key, STATES.get(key, key)) for key in keys}


# All of them ----------------------------------------------------------------------------------------------------------


@get(BASE, page=True, right=access.OFFER)
async def listed(request: AnyRequest, after: str = "") -> Response[str]:
    who = await ground.organiser(request)
    hosts, place = qualification.hosts_of(who), place_of(after or None)
    if place is not None and not place[0].isdecimal():
        raise Refused(_("„after“ is not a cursor of this list."))
    async with here(request).db.read(who.acting) as session:
        wanted = sorted({*hosts, *(host[:2] for host in hosts)})
        rows = await modules.programmes(session, PER_PAGE + 1, after=place, hosts=wanted)
    found, more = ground.following(rows, PER_PAGE, lambda row: (str(row.year), str(row.id)))
    return await pages.page(
        request, "events/programmes/list.html", secret=True, programmes=found, ways=ways(), here=BASE,
        names=await places(request, who, *(row.host for row in found)), first=BASE if after else "",
        following=f"{BASE}?after={more}" if more else "",
    )  # fmt: skip


@get(f"{BASE}/new", page=True, right=access.OFFER)
async def new(request: AnyRequest) -> Response[str]:
    return await _form(request, None)


@post(f"{BASE}/new", page=True, status_code=303, right=access.OFFER)
async def make(request: AnyRequest) -> Response[Any]:
    who = await ground.organiser(request)
    try:
        said = await forms.read(request, Programming)
        access.may_offer(who, said.host)
        async with here(request).db.begin(who.acting) as session:
            lessons = curricula.FIRST_YEAR if said.start else ()
            keys = await qualification.from_lessons(session, who, said.host, lessons)
            draft = ProgrammeDraft(said.title, said.host, said.year, tuple(map(str, keys)))
            row = await modules.create_programme(session, who.subject, draft)
    except REFUSALS as problem:
        return await _form(
            request, None, ground.beside(request, problem, *Programming.__struct_fields__), problem.status
        )
    return pages.redirect(request, path_of(row.id), flash=_("The programme is there. Now put its modules in order."))


async def _form(request: AnyRequest, row: Programme | None, shown: Form = EMPTY, status: int = 200) -> Response[str]:
    who = await ground.organiser(request)
    names = await places(request, who, *([row.host] if row else []))
    return await pages.page(
        request, "events/programmes/form.html", status=status, secret=True, shown=shown,
        programme=row, seen=seen.tag(row and _headed(row)), names=names, this_year=qualification.this_year(),
        starts=[("", _("Without modules")), ("FIRST_YEAR", _first_year())],
    )  # fmt: skip


def _first_year() -> str:
    titles = ", ".join(curricula.LESSONS[name]().title for name in curricula.FIRST_YEAR)
    return _("The first year: {titles}", titles=titles)


# One of them ----------------------------------------------------------------------------------------------------------


@get(f"{BASE}/{{id:uuid}}", page=True, right=access.OFFER)
async def show(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    return await _show(request, id)


async def _show(request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200) -> Response[str]:
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        row = await qualification.programme(session, id)
        taught = [one for one in await modules.by_id(session, row.modules) if one]
        before = [key for one in taught for key in one.prerequisites]
        titles = {one.id: one.title for one in await modules.by_id(session, before) if one}
        dates = await qualification.coming(session, row.modules)
        editable = access.reworks(who, row)
        sources = await _sources(session, who, row) if editable else []
    async with here(request).db.read(HUB) as session:
        total, counts = await qualification.counts(session, who, row)
    return await pages.page(
        request, "events/programmes/show.html", status=status, secret=True, shown=shown, programme=row, taught=taught,
        titles=titles, coming=dates, sources=sources, total=total, counts=counts, nobody=qualification.Count(),
        day=wording.day, at=path_of(id), names=await places(request, who, row.host), editable=editable,
        own={one.id for one in taught if access.reworks(who, one)},
    )  # fmt: skip


async def _sources(session: Reader, who: Principal, row: Programme) -> list[tuple[str, str]]:
    """What can be put into the programme: modules that are there, those of the template, events that teach nothing."""
    offered = await qualification.offered(session, [row.host])
    titles = {one.title for one in offered}
    lessons = [(name, lesson().title) for name, lesson in curricula.LESSONS.items()]
    untaught = select(Event).where(
        outstanding.organised_by(who), Event.kind == "MODULE", Event.module_id.is_(None), Event.status != "cancelled"
    )
    events = await session.scalars(untaught.order_by(Event.date.desc(), Event.id).limit(MOST_UNTAUGHT))
    return [
        *((f"module:{one.id}", _("Module: {title}", title=one.title)) for one in offered if one.id not in row.modules),
        *(
            (f"lesson:{name}", _("From the template: {title}", title=title))
            for name, title in lessons
            if title not in titles
        ),
        *(
            (f"event:{one.id}", _("From the event: {title}, {date}", title=one.title, date=wording.day(one)))
            for one in events
        ),
    ]


@get(f"{BASE}/{{id:uuid}}/edit", page=True, right=access.OFFER)
async def edit(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    return await _form(request, await _own(request, id))


@post(f"{BASE}/{{id:uuid}}/edit", page=True, status_code=303, right=access.OFFER)
async def change(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    who = await ground.organiser(request)
    try:
        said = await forms.read(request, Programming)
        access.may_offer(who, said.host)
        async with here(request).db.begin(who.acting) as session:
            row = await qualification.locked(session, who, id)
            seen.check(said.seen, _headed(row), _headed(said))
            await qualification.rewrite(session, row, title=said.title, host=said.host, year=said.year)
    except REFUSALS as problem:
        shown = ground.beside(request, problem, *Programming.__struct_fields__)
        return await _form(request, await _own(request, id), shown, problem.status)
    return pages.redirect(request, path_of(id), flash=_("This is stored."))


def _headed(one: Programme | Programming) -> tuple[str, str, int]:
    """What the form is about."""
    return one.title, one.host, one.year


async def _own(request: AnyRequest, id: uuid.UUID) -> Programme:
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        return await qualification.own_programme(session, who, id)


@post(f"{BASE}/{{id:uuid}}/add", page=True, status_code=303, right=access.OFFER)
async def add(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """A module more, after those that come before it; from an event, the event teaches it from then on."""
    who = await ground.organiser(request)
    try:
        kind, _colon, what = (await forms.read(request, Adding)).source.partition(":")
        key = as_uuid(what)
        if kind == "event" and key:
            await changing.unit(here(request), who, key, lambda session, event: _from_event(session, who, id, event))
        else:
            async with here(request).db.begin(who.acting) as session:
                row = await qualification.locked(session, who, id)
                await put(session, row, await _wanted(session, who, row, kind, what))
    except REFUSALS as problem:
        return await _show(request, id, ground.beside(request, problem, "source"), problem.status)
    return pages.redirect(request, path_of(id), flash=_("The module is part of the programme."))


async def _wanted(session: Writer, who: Principal, row: Programme, kind: str, what: str) -> uuid.UUID:
    if kind == "lesson" and what in curricula.LESSONS:
        return (await qualification.from_lessons(session, who, row.host, (what,)))[-1]
    key = as_uuid(what) if kind == "module" else None
    found = (await modules.by_id(session, [key]))[0] if key else None
    if found is None:
        message = _("There is no such module.")
        raise Refused(message, [Problem(message, field="source")])
    return found.id


async def _from_event(session: Writer, who: Principal, id: uuid.UUID, event: Event) -> None:
    row = await qualification.locked(session, who, id)
    draft = await timetable.draft_of(session, event)
    if event.module_id is None:
        made = await modules.create_module(session, who.subject, ModuleDraft(event.title, row.host))
        await organising.rewrite(session, event, msgspec.structs.replace(draft, module=str(made.id)))
        await put(session, row, made.id)
    else:
        await put(session, row, event.module_id)


async def put(session: Writer, row: Programme, key: uuid.UUID) -> None:
    """The module into a programme that is `locked`, with what comes before it."""
    wanted = await qualification.with_before(session, row.modules, key)
    await qualification.rewrite(session, row, modules=tuple(map(str, wanted)))


@post(f"{BASE}/{{id:uuid}}/move", page=True, status_code=303, right=access.OFFER)
async def move(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    who = await ground.organiser(request)
    said = await forms.read(request, Moving)
    async with here(request).db.begin(who.acting) as session:
        row = await qualification.locked(session, who, id)
        wanted = list(row.modules)
        if said.module in wanted:  # else somebody else took it out
            at = wanted.index(said.module)
            wanted.remove(said.module)
            if said.step != "remove":
                wanted.insert(max(0, at + (1 if said.step == "later" else -1)), said.module)
            await qualification.rewrite(session, row, modules=tuple(map(str, wanted)))
    words = _("The module is no longer part of the programme. It stays among the modules.")
    return pages.redirect(request, path_of(id), flash=words if said.step == "remove" else _("This is stored."))


# Who attended what ------------------------------------------------------------------------------------------------


@get(f"{BASE}/{{id:uuid}}/people", page=True, right=access.QUALIFIED)
async def people(request: AnyRequest, id: uuid.UUID, lacking: str = "", after: str = "") -> Response[str]:
    who = await ground.organiser(request)
    place = place_of(after or None)
    async with here(request).db.read(HUB) as session:
        row = await qualification.programme(session, id)
        taught: list[Module] = [one for one in await modules.by_id(session, row.modules) if one]
        without = next((one.id for one in taught if str(one.id) == lacking), None)
        per_page = 50 if len(taught) <= MANY_COLUMNS else 20
        rows = await qualification.people(session, who, row, per_page + 1, after=place, lacking=without)
        total, counts = await qualification.counts(session, who, row)
    at = path_of(id, "/people") + (f"?lacking={without}" if without else "")
    found, more = ground.following(rows, per_page, lambda one: (one.navigator.sort_key, str(one.navigator.id)))
    return await pages.page(
        request, "events/programmes/people.html", secret=True, programme=row, taught=taught, people=found, total=total,
        counts=counts, nobody=qualification.Count(), lacking=str(without or ""), at=path_of(id),
        first=at if after else "", following=f"{at}{'&' if without else '?'}after={more}" if more else "",
    )  # fmt: skip


routes = [listed, new, make, show, edit, change, add, move, people]
