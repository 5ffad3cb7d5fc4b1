"""Series: all meetings of one, what one says carried over to others, other days, calling several off, a new one."""

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

import msgspec
from babel.dates import format_date
from litestar import Response, get, post

from services.events import access, changing, draft, repeating, series, templates, timetable
from services.events.draft import Draft
from services.events.models import Event
from services.events.web.organise import ground
from services.events.web.organise.ground import BASE, REFUSALS, path_of
from services.events.web.registration import here
from services.kit import forms, i18n, pages
from services.kit.db import Writer
from services.kit.errors import Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.pages import AnyRequest

Times = Annotated[int, msgspec.Meta(ge=1, le=repeating.MOST_TIMES)] | None
Choice = Annotated[str, msgspec.Meta(max_length=20)]
Several = Literal["FOLLOWING", "ALL"]
FIELDS = ("date", "rule", "times", "until", "scope")


class Starting(msgspec.Struct, frozen=True):
    """The first day of a new series."""

    date: dt.date
    rule: Choice
    times: Times = None
    until: dt.date | None = None


class Carrying(msgspec.Struct, frozen=True):
    scope: Several
    overwrite: bool = False


class Moving(msgspec.Struct, frozen=True):
    """`date` is the new day of the meeting from which on the rule counts."""

    scope: Several
    date: dt.date
    rule: Choice
    times: Times = None
    until: dt.date | None = None


class Calling(msgspec.Struct, frozen=True):
    scope: Several


@get(f"{BASE}/{{id:uuid}}/series", page=True, right=access.ORGANISER)
async def shown(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    return await _shown(request, id)


async def _shown(
    request: AnyRequest, id: uuid.UUID, sent: Form = EMPTY, status: int = 200, which: str = ""
) -> Response[str]:
    """`which` of the forms `sent` is of."""
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        (row,) = await series.by_id(session, [event.series_id]) if event.series_id else [None]
        (every,) = await series.occurrences(session, [row.id]) if row else [[]]
    if row is None:
        return await ground.page(
            request, "series_new", event, "/series", status=status, shown=sent, repeats=repeating.choices(),
        )  # fmt: skip
    first = every[0].id == event.id
    return await ground.page(
        request, "series", event, "/series", status=status, rule=repeating.in_words(row.rule, row.starts),
        meetings=[(one, _day(one)) for one in every], coming=sum(one.status != "cancelled" for one in every),
        first=first, several=[one for one in ground.scopes() if one[0] != "THIS"],
        scopes=[one for one in ground.scopes() if one[0] == ("ALL" if first else "FOLLOWING")],
        repeats=repeating.choices(), chosen=repeating.choice(row.rule), moving=sent if which == "days" else EMPTY,
        carrying=sent if which == "carry" else EMPTY,
    )  # fmt: skip


def _day(event: Event) -> str:
    return format_date(event.date, "full", locale=i18n.locale())


@post(f"{BASE}/{{id:uuid}}/series", page=True, status_code=303, right=access.HOLD)
async def start(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """A new series that holds an event again and again: with everything but its people and its plan."""
    who = await ground.organiser(request)
    try:
        said = await forms.read(request, Starting)
        rule = _rule(said.rule, said.date, said.times, said.until)
        async with here(request).db.read(who.acting) as session:
            known = await timetable.draft_of(session, await ground.own(session, who, id))
        wanted = msgspec.structs.replace(templates.copied(known, said.date), online=known.online)
        access.may_hold(who, {wanted.host, *wanted.guests})

        async def store(session: Writer) -> list[Event]:
            return (await series.create(session, who.subject, wanted, rule))[1]

        events = await changing.create_all(here(request), who, store)
    except REFUSALS as problem:
        return await _shown(request, id, ground.beside(request, problem, *FIELDS), problem.status)
    words = ngettext("The series has one meeting.", "The series has {number} meetings.", len(events))
    return pages.redirect(request, path_of(events[0], "/series"), flash=words)


def _rule(choice: str, first: dt.date, times: int | None, until: dt.date | None) -> str:
    """Raises Refused for what is none of the choices."""
    if choice not in dict(repeating.choices()):
        words = _("Please choose one of those offered.")
        raise Refused(words, [Problem(words, field="rule")])
    return repeating.rule(choice, first, times, until)


@post(f"{BASE}/{{id:uuid}}/series/carry", page=True, status_code=303, right=access.ORGANISER)
async def carry(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """Make the others what this one is; each keeps its day, its people and its plan."""
    try:
        said = await forms.read(request, Carrying)
        rows = await ground.rewrite_series(request, id, said.scope, lambda draft: draft, overwrite=said.overwrite)
    except REFUSALS as problem:
        return await _shown(request, id, ground.beside(request, problem, "scope"), problem.status, "carry")
    words = ngettext("One meeting is as this one now.", "{number} meetings are as this one now.", len(rows))
    return pages.redirect(request, path_of(id, "/series"), flash=words)


@post(f"{BASE}/{{id:uuid}}/series/days", page=True, status_code=303, right=access.ORGANISER)
async def move(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """Another rule, from this meeting on."""
    try:
        said = await forms.read(request, Moving)
        rule = _rule(said.rule, said.date, said.times, said.until)

        def edit(before: Draft) -> Draft:
            return draft.moved(before, said.date)

        await ground.rewrite_series(request, id, said.scope, edit, rule=lambda _draft: rule)
    except REFUSALS as problem:
        return await _shown(request, id, ground.beside(request, problem, *FIELDS), problem.status, "days")
    words = _("The meetings have their new days. Whoever takes part is told by mail.")
    return pages.redirect(request, path_of(id, "/series"), flash=words)


@post(f"{BASE}/{{id:uuid}}/series/cancel", page=True, status_code=303, right=access.ORGANISER)
async def call_off(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    said = await forms.read(request, Calling)
    who = await ground.organiser(request)
    rows = await changing.unit_all(
        here(request), who, id, lambda session, event: series.call_off(session, event, said.scope)
    )
    words = ngettext("One meeting is called off.", "{number} meetings are called off.", len(rows))
    return pages.redirect(request, path_of(id, "/series"), flash=words)


routes = [shown, start, carry, move, call_off]
