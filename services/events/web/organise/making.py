"""A new event from a template; what stands at the head of one; calling it off; the same once more."""

import datetime as dt
import uuid
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.events import (
    access,
    changing,
    draft,
    modules,
    qualification,
    repeating,
    series,
    templates,
    timetable,
    trips,
)
from services.events.draft import Draft, Room, Rounds
from services.events.models import Event, Module
from services.events.registration import organising, outstanding
from services.events.web.organise import ground
from services.events.web.organise.ground import BASE, REFUSALS, Nothing, path_of
from services.events.web.registration import here
from services.events.web.visiting import kinds
from services.kit import forms, pages, seen
from services.kit.auth import Principal
from services.kit.db import Reader, Writer
from services.kit.errors import Forbidden, Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.pages import AnyRequest
from services.kit.resolvers import as_uuid
from services.kit.seen import Seen

FEW_CITIES: Final = 30
"""So many can be ticked one by one; more are written down."""
Kind = Literal["LEARNING_TRIP", "SPEED_DATING", "OPEN_SPACE", "MODULE", "REVIEW", "NETWORK_MEETING", "MEETING"]
Key = Annotated[str, msgspec.Meta(max_length=8)]
Cities = Annotated[list[Annotated[str, msgspec.Meta(max_length=6_000)]], msgspec.Meta(max_length=draft.MOST_CITIES)]
Title = Annotated[str, msgspec.Meta(max_length=200)]
Times = Annotated[int, msgspec.Meta(ge=1, le=repeating.MOST_TIMES)] | None
replace = msgspec.structs.replace


class Making(msgspec.Struct, frozen=True):
    """`rooms` are names, one in a line; `module` is the id of the one that is taught."""

    template: Literal["LEARNING_TRIP", "OPEN_SPACE", "MODULE", "REVIEW", "NONE"]
    date: dt.date
    host: Key
    guests: Cities = []
    title: Title = ""
    starts: Annotated[str, msgspec.Meta(max_length=5)] = ""
    venue: Annotated[str, msgspec.Meta(max_length=200)] = ""
    rooms: Annotated[str, msgspec.Meta(max_length=8_000)] = ""
    rule: Literal["", "WEEKLY", "FORTNIGHTLY", "MONTHLY", "LAST", "MONTHDAY", "QUARTERLY", "YEARLY"] = ""
    times: Times = None
    until: dt.date | None = None
    module: str = ""


class Copying(msgspec.Struct, frozen=True):
    date: dt.date


class Heading(msgspec.Struct, frozen=True, rename="camel"):
    """The head of an event. Without `count` there are no rounds; `scope` says which meetings of a series; `module` is
    an id, `-` for none, or nothing where it was not asked.
    """

    title: Title
    kind: Kind
    date: dt.date
    host: Key
    seen: Seen = ""
    scope: Literal["THIS", "FOLLOWING", "ALL"] = "THIS"
    last_day: dt.date | None = None
    guests: Cities = []
    hashtag: Annotated[str, msgspec.Meta(max_length=60)] = ""
    guiding_questions: Annotated[str, msgspec.Meta(max_length=4_000)] = ""
    module: str = ""
    count: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0
    starts: Annotated[str, msgspec.Meta(max_length=5)] = ""
    tables: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5
    minutes: Annotated[int, msgspec.Meta(ge=1, le=240)] = 10
    break_minutes: Annotated[int, msgspec.Meta(ge=0, le=240)] = 2


# A new one ------------------------------------------------------------------------------------------------------------


@get(f"{BASE}/new", page=True, right=access.HOLD)
async def new(request: AnyRequest, module: str = "") -> Response[str]:
    """With `module`, an event that teaches it."""
    return await _new(request, await ground.organiser(request), module=module)


async def _new(
    request: AnyRequest, who: Principal, shown: Form = EMPTY, status: int = 200, *, module: str = ""
) -> Response[str]:
    cities = await ground.all_cities(request)
    return await pages.page(
        request, "events/organise/new.html", status=status, secret=True, shown=shown, cities=cities,
        few=len(cities) <= FEW_CITIES, own=who.city or "", choices=[*map(_choice, templates.TEMPLATES), _nothing()],
        repeats=repeating.choices(), module=await _module(request, who, module or shown.value("module")),
    )  # fmt: skip


async def _module(request: AnyRequest, who: Principal, id: str) -> Module | None:
    key = as_uuid(id)
    async with here(request).db.read(who.acting) as session:
        return (await modules.by_id(session, [key]))[0] if key else None


def _choice(name: str) -> tuple[str, str, str]:
    """Name of a template, its title, and what is in it."""
    made = templates.TEMPLATES[name]()
    ends = max(entry.ends or entry.starts for entry in made.agenda)
    words = ngettext("one item", "{number} items", len(made.agenda))
    parts = [_("{first} to {last}: {items}", first=made.agenda[0].starts, last=ends, items=words)]
    if made.rounds:
        parts.append(ngettext("one round at tables", "{number} rounds at tables", made.rounds.count))
    if made.questions:
        parts.append(_("guiding questions"))
    return name, made.title, ", ".join(parts)


def _nothing() -> tuple[str, str, str]:
    return "NONE", _("Without a template"), _("A meeting with an empty agenda")


@post(f"{BASE}/new", page=True, status_code=303, right=access.HOLD)
async def make(request: AnyRequest) -> Response[Any]:
    who = await ground.organiser(request)
    try:
        said = await forms.read(request, Making)
        wanted = _wanted(said, await ground.all_cities(request))
        _may_hold(who, wanted)

        rule = repeating.rule(said.rule, wanted.date, said.times, said.until) if said.rule else None

        async def store(session: Writer) -> list[Event]:
            full = await _with_rooms(session, who, wanted)
            if rule is None:
                return [await trips.create(session, who.subject, full)]
            return (await series.create(session, who.subject, full, rule))[1]

        event, *others = await changing.create_all(here(request), who, store)
    except Refused as problem:
        fields = (
            "title", "date", "host", "guests", "starts", "venue", "rooms",
            "template", "rule", "times", "until", "module",
        )  # fmt: skip
        return await _new(request, who, ground.beside(request, problem, *fields), problem.status)
    if others:
        words = _("The series is there. What you change in one meeting, you can carry over to the others.")
        return pages.redirect(request, path_of(event, "/series"), flash=words)
    words = _("The event is there. Look through it from left to right and change what is different with you.")
    return pages.redirect(request, path_of(event), flash=words)


def _wanted(said: Making, cities: dict[str, str]) -> Draft:
    (host,) = ground.keys_of(cities, [said.host], "host")
    guests = [one for one in ground.keys_of(cities, ground.split(said.guests), "guests") if one != host]
    draft.few("guests", len(guests), draft.MOST_CITIES)
    if said.template == "NONE":
        wanted = Draft(said.title or _("Meeting"), said.date, host, guests=tuple(guests), kind="MEETING")
    else:
        made = templates.TEMPLATES[said.template]()
        wanted = templates.draft(made, said.date, host, guests, title=said.title or None, starts=said.starts or None)
        wanted = replace(wanted, module=said.module or wanted.module)
    rooms = tuple(map(Room, forms.lines(said.rooms)))
    return replace(wanted, venue=said.venue or wanted.venue, rooms=rooms or wanted.rooms)


def _may_hold(who: Principal, wanted: Draft) -> None:
    """As `access.may_hold`, said beside the host. Raises Refused."""
    try:
        access.may_hold(who, {wanted.host, *wanted.guests})
    except Forbidden as problem:
        raise Refused(problem.message, [Problem(problem.message, field="host")]) from None


async def _with_rooms(session: Reader, who: Principal, wanted: Draft) -> Draft:
    """Where nothing is said of them, with the venue and the rooms where the same organiser met in this city before."""
    if wanted.venue or wanted.rooms:
        return wanted
    before = await outstanding.latest_at(session, who, wanted.host)
    if before is None:
        return wanted
    known = await timetable.draft_of(session, before)
    rooms = tuple(replace(room, id=None) for room in known.rooms or ())
    return replace(wanted, venue=known.venue, address=known.address, rooms=rooms)


@post(f"{BASE}/{{id:uuid}}/copy", page=True, form="head", status_code=303, right=access.HOLD)
async def copy(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """The same once more on another day: everything but its people, its plan and its online link."""
    who = await ground.organiser(request)
    try:
        said = await forms.read(request, Copying)
        async with here(request).db.read(who.acting) as session:
            wanted = templates.copied(await timetable.draft_of(session, await ground.own(session, who, id)), said.date)
        event = await changing.create(here(request), who, lambda session: trips.create(session, who.subject, wanted))
    except Refused as problem:
        return await _head(request, id, ground.beside(request, problem, "date"), problem.status, "copy")
    return pages.redirect(request, path_of(event), flash=_("This is the copy; its people are still to be invited."))


# Its head -------------------------------------------------------------------------------------------------------------


@get(f"{BASE}/{{id:uuid}}/head", page=True, right=access.ORGANISER)
async def head(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    return await _head(request, id)


async def _head(
    request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200, sent: str = "head"
) -> Response[str]:
    """`sent` says which of the two forms `shown` is of."""
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        looked_at = seen.tag(_at_the_head(await timetable.draft_of(session, event)))
        taught = await _taught(session, who, event) if event.kind == "MODULE" else []
    cities = await ground.all_cities(request)
    return await ground.page(
        request, "head", event, "/head", status=status, shown=shown if sent == "head" else EMPTY,
        copying=shown if sent == "copy" else EMPTY, seen=looked_at, cities=cities, few=len(cities) <= FEW_CITIES,
        scopes=ground.scopes() if event.series_id else [], kinds=kinds(),
        rounds=timetable.rounds_of(event) or Rounds("", count=0), taught=taught,
    )  # fmt: skip


async def _taught(session: Reader, who: Principal, event: Event) -> list[tuple[str, str]]:
    """What an event of this kind may teach: the modules of its cities and of the organiser's, and the one it does."""
    offered = await qualification.offered(session, [event.host, *event.guests, *qualification.hosts_of(who)])
    (now,) = await modules.by_id(session, [event.module_id]) if event.module_id else (None,)
    rows = [now, *offered] if now and now.id not in {one.id for one in offered} else offered
    return [("-", _("No module")), *((str(one.id), one.title) for one in rows)]


@post(f"{BASE}/{{id:uuid}}/head", page=True, status_code=303, right=access.ORGANISER)
async def change_head(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    who = await ground.organiser(request)
    try:
        said = await forms.read(request, Heading)
        cities = await ground.all_cities(request)

        def edit(before: Draft) -> Draft:
            wanted = _headed(before, said, cities)
            seen.check(said.seen, _at_the_head(before), _at_the_head(wanted))
            _may_hold(who, wanted)
            return wanted

        if said.scope == "THIS":
            await ground.rewrite(request, id, edit)
        else:
            await ground.rewrite_series(request, id, said.scope, edit)
    except REFUSALS as problem:
        fields = (*Heading.__struct_encode_fields__, "rounds")
        return await _head(request, id, ground.beside(request, problem, *fields), problem.status)
    return pages.redirect(request, path_of(id), flash=_("This is stored."))


def _headed(before: Draft, said: Heading, cities: dict[str, str]) -> Draft:
    """The days of agenda and rounds move along with the first one."""
    (host,) = ground.keys_of(cities, [said.host], "host")
    guests = tuple(one for one in ground.keys_of(cities, ground.split(said.guests), "guests") if one != host)
    moved = draft.moved(before, said.date)
    rounds = None
    if said.count:
        known = moved.rounds or Rounds(said.starts)
        topics = known.table_topics if len(known.table_topics) == said.tables else ()
        rounds = replace(
            known, starts=said.starts, count=said.count, tables=said.tables, minutes=said.minutes,
            break_minutes=said.break_minutes, table_topics=topics,
        )  # fmt: skip
    return replace(
        moved, title=said.title, kind=said.kind, host=host, guests=guests, hashtag=said.hashtag, rounds=rounds,
        questions=tuple(forms.lines(said.guiding_questions)),
        last_day=said.last_day or said.date, module=_module_of(moved, said),
        agenda=tuple(
            replace(item, audience=None) if item.audience not in {None, host, *guests} else item
            for item in moved.agenda
        ),
    )  # fmt: skip


def _at_the_head(draft: Draft) -> Draft:
    """What the form of the head is about."""
    return replace(draft, agenda=(), rooms=None, venue="", address="", online="")


def _module_of(before: Draft, said: Heading) -> str | None:
    if said.kind != "MODULE" or said.module == "-":
        return None
    return said.module or before.module


@post(f"{BASE}/{{id:uuid}}/cancel", page=True, status_code=303, right=access.ORGANISER)
async def cancel(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    await forms.read(request, Nothing)
    await ground.change(request, id, organising.cancel)
    return pages.redirect(request, path_of(id), flash=_("The event is called off. Everybody is told by mail."))


routes = [new, make, head, change_head, copy, cancel]
