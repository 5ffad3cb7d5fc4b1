"""A city wins navigators: whom it asked, who was nominated, who applied; where each stands, and what it decides."""

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post

from services.directory import access, desk
from services.directory.candidates import choosing, rows
from services.directory.models import Candidate
from services.directory.protection.words import code_name, field_name
from services.directory.snapshot import RECRUITED
from services.directory.web import desk as desks
from services.directory.web.desk import SERVICE, Nothing
from services.directory.web.oauth import here
from services.kit import forms
from services.kit.auth import Principal
from services.kit.db import HUB, Writer
from services.kit.errors import Conflict, Forbidden, NotFound, Refused
from services.kit.forms import EMPTY, AnyRequest, Form
from services.kit.i18n import gettext as _
from services.kit.pages import ask, redirect

PER_PAGE: Final = 50
USUAL_HOURS: Final = 8
GROUPS: Final = {"": rows.OPEN, "done": (rows.TAKEN, rows.DECLINED, rows.REFUSED, rows.WITHDRAWN)}
SHOWN: Final = "id state way name email department nominator hours words reason addedAt askedAt answeredAt decidedAt"
LIST: Final = f"""query ($states: [CandidateState!], $first: Int!, $after: String, $city: ID!) {{
  candidates(states: $states, first: $first, after: $after) {{
    nodes {{ {SHOWN} }} pageInfo {{ hasNextPage endCursor }} }}
  navigatorCall(city: $city) {{ hours words until }} }}"""
ONE: Final = f"query ($id: ID!) {{ candidate(id: $id) {{ {SHOWN} navigator {{ id }} }} }}"
CALL: Final = "query ($city: ID!) { navigatorCall(city: $city) { hours words until } }"

Line = Annotated[str, msgspec.Meta(max_length=300)]
Lines = Annotated[str, msgspec.Meta(max_length=rows.LONGEST)]


class Asking(msgspec.Struct, frozen=True):
    name: Line
    email: Line
    hours: int
    way: Literal["ASKED", "NOMINATED"] = "ASKED"
    department: Line = ""
    nominator: Line = ""
    words: Lines = ""


class Deciding(msgspec.Struct, frozen=True):
    step: Literal["take", "refuse", "withdraw", "again"]
    account: bool = False
    reason: Lines = ""


class Calling(msgspec.Struct, frozen=True):
    hours: int
    words: Lines = ""
    until: dt.date | None = None


async def chooser(request: AnyRequest, ags: str) -> Principal:
    """Who is logged in and chooses navigators for `ags`. Raises Unknown or Forbidden."""
    who = await forms.person(request)
    if access.choosing_for(who) != access.checked_ags(ags):
        raise Forbidden(_("You do not look after the people of {org}.", org=ags))
    return who


async def _page(request: AnyRequest, who: Principal, ags: str, template: str, **values: Any) -> Response[Any]:
    async with here(request).db.read(who.acting) as session:
        city = await desk.read(session, ags)
    return await desks.page(
        request, who, ags, template, city, at=f"/city/{ags}/candidates", stands=stands(), ways=ways(), **values
    )


def stands() -> dict[str, tuple[str, str]]:
    """Where somebody stands: in words, and the colour of the badge."""
    return {
        rows.WAITING: (_("has not answered"), "info"),
        rows.AGREED: (_("said yes: please decide"), "warning"),
        rows.DECLINED: (_("said no"), "info"),
        rows.TAKEN: (_("is a navigator"), "success"),
        rows.REFUSED: (_("you said no"), "info"),
        rows.WITHDRAWN: (_("taken back"), "info"),
    }


def ways() -> dict[str, str]:
    return {one: code_name(one) for one in RECRUITED}


@get("/city/{ags:str}/candidates", page=True, right=access.CHOOSING)
async def listed(request: AnyRequest, ags: str, group: str = "", after: str = "") -> Response[Any]:
    """Who stands where, and the call."""
    who = await chooser(request, ags)
    group = group if group in GROUPS else ""
    found = await ask(request, SERVICE, LIST, states=GROUPS[group], first=PER_PAGE, after=after or None, city=ags)
    following, at = found["candidates"]["pageInfo"], f"/city/{ags}/candidates"

    def part(cursor: str = "") -> str:
        asked = {name: value for name, value in {"group": group, "after": cursor}.items() if value}
        return f"{at}?{urlencode(asked)}" if asked else at

    return await _page(
        request, who, ags, "candidates", found=found["candidates"]["nodes"], call=found["navigatorCall"],
        groups=[(at, _("Open")), (f"{at}?group=done", _("Decided"))], here=part(), group=group,
        first=part() if after else "", following=part(following["endCursor"]) if following["hasNextPage"] else "",
    )  # fmt: skip


# Ask --------------------------------------------------------------------------------------------------------------


@get("/city/{ags:str}/candidates/add", page=True, right=access.CHOOSING)
async def adding(request: AnyRequest, ags: str, department: str = "") -> Response[Any]:
    shown = Form({"department": [department[:120]]}) if department else EMPTY
    return await _form(request, await chooser(request, ags), ags, shown)


async def _form(request: AnyRequest, who: Principal, ags: str, shown: Form, status: int = 200) -> Response[Any]:
    async with here(request).db.read(who.acting) as session:
        city = await desk.read(session, ags)
    return await _page(
        request, who, ags, "candidates_add", status=status, shown=shown, hours=USUAL_HOURS, names=_names(),
        departments=[one.name for one in city.snapshot.departments],
    )  # fmt: skip


def _names() -> dict[str, str]:
    return {
        "name": field_name("name"),
        "email": field_name("email"),
        "department": field_name("department"),
        "hours": _("Expected hours a month"),
        "nominator": _("Nominated by"),
        "words": _("A word to the person"),
    }


@post("/city/{ags:str}/candidates/add", page=True, status_code=200, right=access.CHOOSING)
async def add(request: AnyRequest, ags: str) -> Response[Any]:
    who, runtime = await chooser(request, ags), here(request)
    try:
        said = await forms.read(request, Asking)
        wanted = choosing.Asking(
            said.name, said.email, said.hours, said.department, said.nominator, said.words,
            said.way == rows.NOMINATED,
        )  # fmt: skip
        async with runtime.db.begin(HUB) as session:
            await choosing.ask(session, runtime, who, wanted)
    except (Refused, Conflict) as problem:
        return await _form(request, who, ags, forms.again(request, problem), problem.status)
    return redirect(request, f"/city/{ags}/candidates", flash=_("The question is on its way by mail."))


# Decide -----------------------------------------------------------------------------------------------------------


@get("/city/{ags:str}/candidates/{id:uuid}", page=True, right=access.CHOOSING)
async def one(request: AnyRequest, ags: str, id: uuid.UUID) -> Response[Any]:
    return await _one(request, await chooser(request, ags), ags, id)


async def _one(
    request: AnyRequest, who: Principal, ags: str, id: uuid.UUID, shown: Form = EMPTY, status: int = 200
) -> Response[Any]:
    found = (await ask(request, SERVICE, ONE, id=str(id)))["candidate"]
    if found is None:
        raise NotFound(_("There is no such person."))
    return await _page(request, who, ags, "candidate", status=status, one=found, shown=shown)


@post("/city/{ags:str}/candidates/{id:uuid}", page=True, status_code=200, right=access.CHOOSING)
async def decide(request: AnyRequest, ags: str, id: uuid.UUID) -> Response[Any]:
    who, runtime, path = await chooser(request, ags), here(request), f"/city/{ags}/candidates"
    try:
        said = await forms.read(request, Deciding)
        async with runtime.db.begin(HUB) as session:
            done = await _steps(request, who, id, said)[said.step](session)
    except (Refused, Conflict) as problem:
        return await _one(request, who, ags, id, forms.again(request, problem), problem.status)
    if done.status == rows.TAKEN:
        path = f"/city/{ags}/desk/navigators/row/{done.key}"
    return redirect(request, path, flash=_done(done))


def _steps(
    request: AnyRequest, who: Principal, id: uuid.UUID, said: Deciding
) -> dict[str, Callable[[Writer], Awaitable[Candidate]]]:
    runtime = here(request)

    async def take(session: Writer) -> Candidate:
        row, messages = await choosing.take(session, runtime, desks.by(request, who), who, id, account=said.account)
        await runtime.say(session, messages)
        return row

    return {
        "take": take,
        "refuse": lambda session: choosing.refuse(session, runtime, who, id, said.reason),
        "withdraw": lambda session: choosing.withdraw(session, who, id),
        "again": lambda session: choosing.ask_again(session, runtime, who, id),
    }


def _done(row: Candidate) -> str:
    return {
        rows.TAKEN: _("{name} is published. Please fill in what others should know.", name=row.name),
        rows.REFUSED: _("{name} is told by mail.", name=row.name),
        rows.WITHDRAWN: _("The question is taken back."),
        rows.WAITING: _("The question is on its way by mail once more; the former link opens nothing any more."),
    }[row.status]


# The call ---------------------------------------------------------------------------------------------------------


@get("/city/{ags:str}/candidates/call", page=True, right=access.CHOOSING)
async def call(request: AnyRequest, ags: str) -> Response[Any]:
    return await _call(request, await chooser(request, ags), ags)


async def _call(request: AnyRequest, who: Principal, ags: str, shown: Form = EMPTY, status: int = 200) -> Response[Any]:
    found = (await ask(request, SERVICE, CALL, city=ags))["navigatorCall"]
    until = dt.date.fromisoformat(found["until"]) if found and found["until"] else None
    return await _page(
        request, who, ags, "candidates_call", status=status, call=found, until=until, shown=shown,
        hours=found["hours"] if found else USUAL_HOURS, names={**_names(), "until": _("Last day")},
    )  # fmt: skip


@post("/city/{ags:str}/candidates/call", page=True, status_code=200, right=access.CHOOSING)
async def open_call(request: AnyRequest, ags: str) -> Response[Any]:
    who = await chooser(request, ags)
    try:
        said = await forms.read(request, Calling)
        async with here(request).db.begin(HUB) as session:
            await choosing.open_call(session, who, choosing.Call(said.hours, said.words, said.until))
    except (Refused, Conflict) as problem:
        return await _call(request, who, ags, forms.again(request, problem), problem.status)
    return redirect(request, f"/city/{ags}/candidates", flash=_("People can apply on the page of your city now."))


@post("/city/{ags:str}/candidates/call/close", page=True, status_code=303, right=access.CHOOSING)
async def close_call(request: AnyRequest, ags: str) -> Response[Any]:
    who = await chooser(request, ags)
    await forms.read(request, Nothing)
    async with here(request).db.begin(HUB) as session:
        await choosing.close_call(session, who)
    return redirect(request, f"/city/{ags}/candidates", flash=_("Nobody can apply any more."))


routes = [listed, adding, add, call, open_call, close_call, one, decide]
