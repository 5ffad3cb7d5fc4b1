"""Those who look after a state: the rule of its places, reminders to its cities, who looks after whom."""

import uuid
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, post

from services.contracts.states import STATES
from services.directory import access
from services.directory.access import may_steer
from services.directory.stateview import care, coverage, quota, stale, tables
from services.directory.stateview.coverage import Which
from services.directory.stateview.ground import checked_state
from services.directory.stateview.quota import Step
from services.directory.web.oauth import here
from services.kit import forms, pages
from services.kit.auth import Principal
from services.kit.db import HUB
from services.kit.errors import Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.graphql import decode_cursor, encode_cursor
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest

PAGE = 100
MOST_LINES = 2_000
"""Characters of a rule."""
Key = Annotated[str, msgspec.Meta(max_length=8)]


class Ruling(msgspec.Struct, frozen=True):
    """The rule, a line for each step: `population = places`."""

    do: Literal["preview", "save"]
    steps: Annotated[str, msgspec.Meta(max_length=MOST_LINES)] = ""


class Reminding(msgspec.Struct, frozen=True):
    ags: Key


class Caring(msgspec.Struct, frozen=True):
    """Municipalities, ticked and by key, and who shall look after them."""

    account: uuid.UUID
    ags: Annotated[list[Key], msgspec.Meta(max_length=PAGE)] = []
    other: Key = ""


class Releasing(msgspec.Struct, frozen=True):
    ags: Key
    account: uuid.UUID


async def _steering(request: AnyRequest, code: str) -> Principal:
    who = await forms.person(request)
    may_steer(who, checked_state(code))
    return who


# Places -----------------------------------------------------------------------------------------------------------


@get("/state/{code:str}/quota", page=True, right=access.STEERING)
async def rule(request: AnyRequest, code: str) -> Response[Any]:
    return await _rule(request, await _steering(request, code), code)


@post("/state/{code:str}/quota", page=True, status_code=200, right=access.STEERING)
async def change_rule(request: AnyRequest, code: str) -> Response[Any]:
    """Show what a rule would mean, or store it."""
    who = await _steering(request, code)
    try:
        said = await forms.read(request, Ruling)
        steps = _steps(said.steps)
        if said.do == "preview":
            return await _rule(request, who, code, forms.again(request, Refused("")), steps=steps)
        async with here(request).db.begin(who.acting) as session:
            await quota.set_rule(session, who.subject, code, steps)
    except Refused as problem:
        shown = forms.again(request, problem)
        lines = [Problem(one.message, field="steps") for one in shown.problems]
        return await _rule(request, who, code, shown._replace(problems=lines), problem.status)
    return pages.redirect(request, f"/state/{code}/quota", flash=_("The rule is stored."))


def _steps(lines: str) -> list[Step]:
    """Raises Refused, with the line, for one that is no step. Points that group digits are left out."""
    steps: list[Step] = []
    for number, line in enumerate(forms.lines(lines), start=1):
        left, equals, right = (part.strip() for part in line.partition("="))
        population, places = left.replace(".", "").replace(" ", ""), right
        if not (equals and all(n.isascii() and n.isdecimal() and len(n) < 10 for n in (population, places))):
            words = _("Line {number}: please write it as inhabitants = places, such as 5000 = 2", number=number)
            raise Refused(_("The rule was not changed."), [Problem(words, field="steps")])
        steps.append(Step(int(population), int(places)))
    return steps


async def _rule(
    request: AnyRequest,
    who: Principal,
    code: str,
    shown: Form = EMPTY,
    status: int = 200,
    steps: list[Step] | None = None,
) -> Response[Any]:
    async with here(request).db.read(who.acting) as session:
        stored = await quota.rule(session, code)
        used = await quota.used(session, code)
        preview = await quota.preview(session, code, steps) if steps is not None else []
    return await pages.page(
        request,
        "directory/state_quota.html",
        status=status,
        code=code,
        name=STATES[code],
        stored=stored,
        lines="\n".join(f"{step.population} = {step.places}" for step in stored),
        table=tables.quota(*used),
        preview=[(tables.size_words(one.size), one) for one in preview],
        cell=tables.shown,
        shown=shown,
    )


# What grows old ---------------------------------------------------------------------------------------------------


@get("/state/{code:str}/stale", page=True, right=access.STEERING)
async def old(request: AnyRequest, code: str, after: str | None = None) -> Response[Any]:
    who = await _steering(request, code)
    async with here(request).db.read(who.acting) as session:
        rows = await coverage.municipalities(
            session, code, access.viewer(who), PAGE + 1, which=Which.STALE, after=decode_cursor(after, 2)
        )
        told = await stale.reminded(session, code)
    return await pages.page(
        request,
        "directory/state_stale.html",
        code=code,
        name=STATES[code],
        rows=rows[:PAGE],
        told=told,
        cell=tables.shown,
        following=encode_cursor(rows[PAGE - 1].sort_key, rows[PAGE - 1].ags) if len(rows) > PAGE else None,
    )


@post("/state/{code:str}/remind", page=True, status_code=200, right=access.STEERING)
async def remind(request: AnyRequest, code: str) -> Response[Any]:
    who, runtime = await _steering(request, code), here(request)
    said = await forms.read(request, Reminding)
    _check_within(code, said.ags)
    async with runtime.db.begin(HUB) as session:  # mails, and accounts of a city; whose it is was compared
        await stale.remind(session, runtime, who.subject, said.ags)
    return pages.redirect(request, f"/state/{code}/stale", flash=_("The mail is on its way."))


# Care -------------------------------------------------------------------------------------------------------------


@get("/state/{code:str}/care", page=True, right=access.STEERING)
async def caring(request: AnyRequest, code: str, account: uuid.UUID | None = None) -> Response[Any]:
    """The case load; with `account`, the municipalities of one central navigator."""
    return await _care(request, await _steering(request, code), code, account)


@post("/state/{code:str}/care", page=True, status_code=200, right=access.STEERING)
async def assign(request: AnyRequest, code: str) -> Response[Any]:
    who = await _steering(request, code)
    try:
        said = await forms.read(request, Caring)
        chosen = _chosen(code, said)
        async with here(request).db.begin(who.acting) as session:
            for ags in chosen:
                await care.assign(session, who.subject, ags, said.account)
    except Refused as problem:
        return await _care(request, who, code, None, forms.again(request, problem), problem.status)
    return pages.redirect(request, f"/state/{code}/care", flash=_("This is done."))


def _chosen(code: str, said: Caring) -> list[str]:
    """Raises Refused where there is none, or one of another state."""
    chosen = list(dict.fromkeys([*said.ags, *([said.other] if said.other else [])]))
    if not chosen:
        words = _("Please choose a municipality.")
        raise Refused(words, [Problem(words, field="ags")])
    for ags in chosen:
        _check_within(code, ags)
    return chosen


@post("/state/{code:str}/care/release", page=True, status_code=200, right=access.STEERING)
async def release(request: AnyRequest, code: str) -> Response[Any]:
    who = await _steering(request, code)
    said = await forms.read(request, Releasing)
    _check_within(code, said.ags)
    async with here(request).db.begin(who.acting) as session:
        await care.release(session, who.subject, said.ags)
    return pages.redirect(request, f"/state/{code}/care?account={said.account}", flash=_("This is done."))


async def _care(
    request: AnyRequest, who: Principal, code: str, account: uuid.UUID | None, shown: Form = EMPTY, status: int = 200
) -> Response[Any]:
    viewer = access.viewer(who)
    async with here(request).db.read(who.acting) as session:
        loads = await care.caseload(session, code, viewer)
        free = await coverage.municipalities(session, code, viewer, PAGE, which=Which.WITHOUT_CARE)
        left = await care.without_care(session, code, viewer)
        theirs = await care.cared_for(session, account, code) if account else []
    return await pages.page(
        request,
        "directory/state_care.html",
        status=status,
        code=code,
        name=STATES[code],
        loads=loads,
        carers=[(str(one.account_id), one.name) for one in loads if one.active],
        places=[(one.ags, f"{one.name} ({one.ags})") for one in free],
        left=left,
        whose=next((one for one in loads if one.account_id == account), None),
        theirs=theirs,
        cell=tables.shown,
        shown=shown,
    )


def _check_within(code: str, ags: str) -> None:
    """Raises Refused for a municipality of another state."""
    if access.checked_ags(ags)[:2] != code:
        words = _("This municipality lies in another state.")
        raise Refused(words, [Problem(words, field="other")])


routes = [rule, change_rule, old, remind, caring, assign, release]
