"""Qualification modules of a city or state: what is taught, what comes before it, and the events that teach it."""

import uuid
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from sqlalchemy import select

from services.events import access, modules, qualification
from services.events.models import Event, Module
from services.events.modules import ModuleDraft
from services.events.registration import wording
from services.events.web.organise import ground, programmes
from services.events.web.organise.ground import REFUSALS
from services.events.web.registration import here
from services.kit import forms, pages, seen
from services.kit.auth import Principal
from services.kit.db import Reader
from services.kit.errors import NotFound
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest
from services.kit.resolvers import as_uuid, place_of
from services.kit.seen import Seen

BASE: Final = "/modules"
PER_PAGE: Final = 20
MOST_EVENTS: Final = 20
MOST_CHOICES: Final = 100
"""Of modules that may come before one; those that do are shown in any case."""


class Teaching(msgspec.Struct, frozen=True):
    """`programme` is one into which a new module is put."""

    title: Annotated[str, msgspec.Meta(max_length=200)]
    host: Annotated[str, msgspec.Meta(max_length=8)]
    summary: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    goals: Annotated[str, msgspec.Meta(max_length=6_200)] = ""
    prerequisites: Annotated[list[str], msgspec.Meta(max_length=modules.MOST_MODULES)] = []
    programme: str = ""
    seen: Seen = ""

    def draft(self) -> ModuleDraft:
        goals = tuple(forms.lines(self.goals))
        return ModuleDraft(self.title, self.host, self.summary, goals, tuple(self.prerequisites))


FIELDS: Final = ("title", "host", "summary", "goals", "prerequisites")


@get(BASE, page=True, right=access.OFFER)
async def listed(request: AnyRequest, after: str = "") -> Response[str]:
    who = await ground.organiser(request)
    hosts = qualification.hosts_of(who)
    async with here(request).db.read(who.acting) as session:
        wanted = sorted({*hosts, *(host[:2] for host in hosts)})
        rows = await modules.page(session, PER_PAGE + 1, after=place_of(after or None), hosts=wanted)
        found, more = ground.following(rows, PER_PAGE, lambda row: (row.title, str(row.id)))
        before = [key for row in found for key in row.prerequisites]
        titles = {one.id: one.title for one in await modules.by_id(session, before) if one}
        dates = await qualification.coming(session, [row.id for row in found])
    return await pages.page(
        request, "events/programmes/modules.html", secret=True, taught=found, titles=titles, coming=dates,
        ways=programmes.ways(), here=BASE, day=wording.day, first=BASE if after else "",
        names=await programmes.places(request, who, *(row.host for row in found)),
        own={one.id for one in found if access.reworks(who, one)},
        following=f"{BASE}?after={more}" if more else "",
    )  # fmt: skip


@get(f"{BASE}/new", page=True, right=access.OFFER)
async def new(request: AnyRequest, programme: str = "") -> Response[str]:
    return await _form(request, None, programme=programme)


@post(f"{BASE}/new", page=True, status_code=303, right=access.OFFER)
async def make(request: AnyRequest) -> Response[Any]:
    who = await ground.organiser(request)
    into = ""
    try:
        said = await forms.read(request, Teaching)
        into = said.programme
        access.may_offer(who, said.host)
        async with here(request).db.begin(who.acting) as session:
            row = await modules.create_module(session, who.subject, said.draft())
            if into:
                key = as_uuid(into)
                if key is None:
                    raise NotFound(_("There is no such module or programme."))
                await programmes.put(session, await qualification.locked(session, who, key), row.id)
    except REFUSALS as problem:
        return await _form(request, None, ground.beside(request, problem, *FIELDS), problem.status, programme=into)
    onward = programmes.path_of(uuid.UUID(into)) if into else f"{BASE}/{row.id}"
    return pages.redirect(request, onward, flash=_("The module is there."))


@get(f"{BASE}/{{id:uuid}}", page=True, right=access.OFFER)
async def show(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    return await _form(request, id)


@post(f"{BASE}/{{id:uuid}}", page=True, status_code=303, right=access.OFFER)
async def change(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    who = await ground.organiser(request)
    try:
        said = await forms.read(request, Teaching)
        access.may_offer(who, said.host)
        async with here(request).db.begin(who.acting) as session:
            row = await _own(session, who, id)
            seen.check(said.seen, _written(row), _written(said.draft()))
            await modules.change_module(session, row, said.draft())
    except REFUSALS as problem:
        return await _form(request, id, ground.beside(request, problem, *FIELDS), problem.status)
    return pages.redirect(request, f"{BASE}/{id}", flash=_("This is stored."))


def _written(one: Module | ModuleDraft) -> tuple[object, ...]:
    """What the form is about."""
    return one.title, one.host, one.summary, one.goals, sorted(map(str, one.prerequisites))


async def _own(session: Reader, who: Principal, id: uuid.UUID) -> Module:
    (row,) = await modules.by_id(session, [id])
    if row is None:
        raise NotFound(_("There is no such module or programme."))
    access.may_rework(who, row)
    return row


async def _form(
    request: AnyRequest, id: uuid.UUID | None, shown: Form = EMPTY, status: int = 200, *, programme: str = ""
) -> Response[str]:
    who = await ground.organiser(request)
    hosts, events = qualification.hosts_of(who), list[tuple[Event, str]]()
    async with here(request).db.read(who.acting) as session:
        row = await _own(session, who, id) if id else None
        offered = await qualification.offered(session, [*hosts, *([row.host] if row else [])])
        before = [one for one in await modules.by_id(session, row.prerequisites if row else []) if one]
        into = (await modules.programme_by_id(session, [key]))[0] if (key := as_uuid(programme)) else None
        if row:
            query = select(Event).where(Event.module_id == row.id).order_by(Event.date.desc(), Event.id)
            events = [
                (one, ground.path_of(one) if access.organises(who, one) else f"/calendar/{one.id}")
                for one in await session.scalars(query.limit(MOST_EVENTS))
            ]
    return await pages.page(
        request, "events/programmes/module.html", status=status, secret=True, shown=shown,
        module=row, seen=seen.tag(row and _written(row)), programme=into, events=events, day=wording.day,
        names=await programmes.places(request, who, *([row.host] if row else [])),
        offered=[(str(one.id), one.title) for one in _choices(offered, before) if row is None or one.id != row.id],
    )  # fmt: skip


def _choices(offered: list[Module], before: list[Module]) -> list[Module]:
    chosen = {one.id for one in before}
    return [*before, *[one for one in offered if one.id not in chosen][:MOST_CHOICES]]


routes = [listed, new, make, show, change]
