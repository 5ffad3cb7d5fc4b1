"""The state at a glance: its tables on one page and as files, and its municipalities one by one."""

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get

from services.contracts.states import STATES
from services.directory import access, registrations
from services.directory.access import Viewer, may_count, may_steer, steers
from services.directory.oauth import clients
from services.directory.stateview import care, coverage, gaps, growth, quota, stale, tables, tiles
from services.directory.stateview.coverage import By, Which
from services.directory.stateview.gaps import Gap
from services.directory.stateview.ground import checked_state
from services.directory.stateview.tables import Table
from services.directory.web.oauth import here
from services.kit import forms, pages
from services.kit.auth import Principal
from services.kit.db import Reader
from services.kit.errors import Forbidden, NotFound, Refused
from services.kit.forms import EMPTY
from services.kit.graphql import decode_cursor, encode_cursor
from services.kit.i18n import gettext as _
from services.kit.lasting import lasting
from services.kit.pages import AnyRequest
from services.kit.service import Runtime

MONTHS = 24
MOST_WAITING = 10
"""Registrations that are named on the first page; the others have a page of their own."""
PAGE = 100
MOST_IN_FILE = 5_000
"""More than any state has municipalities."""


@get("/state", page=True, right=access.STATE_NUMBERS)
async def states(request: AnyRequest) -> Response[Any]:
    """The states that one may look at; straight to the only one."""
    who = await forms.person(request)
    open_ = [code for code in STATES if _counts(who, code)]
    if len(open_) == 1:
        return pages.redirect(request, f"/state/{open_[0]}")
    return await pages.page(request, "directory/states.html", states=[(code, STATES[code]) for code in open_])


def _counts(who: Principal, code: str) -> bool:
    try:
        may_count(who, code)
    except Forbidden:
        return False
    return True


@get("/state/{code:str}", page=True, right=access.STATE_NUMBERS)
async def overview(request: AnyRequest, code: str) -> Response[Any]:
    who = await forms.person(request)
    may_count(who, checked_state(code))
    steering, viewer, runtime = steers(who, code), access.viewer(who), here(request)
    async with runtime.db.read(who.acting) as session:
        covered = await coverage.coverage(session, code, viewer)
        pending = await care.pending(session, code) if steering else None
        loads = await care.caseload(session, code, viewer) if steering else []
        mine = next((one.municipalities for one in loads if str(one.account_id) == who.subject), 0)
        shown = [
            tables.districts(covered.districts),
            tables.sizes(covered.sizes),
            *[await FILES[name](runtime, session, code, who) for name in ("quota", "sought", "offered")],
            tables.ages(aged := await stale.stale(session, code)),
            tables.growth(grown := await growth.growth(session, code, MONTHS)),
        ]
        waiting = await clients.listed(session, who, MOST_WAITING, status=clients.PENDING) if steering else []
        keys = {one.ags or "" for one in waiting if (one.ags or "")[:2] == code}
        towns = {ags: await registrations.town(session, ags) for ags in keys}
        rule = await quota.rule(session, code)
    return await pages.page(
        request,
        "directory/state.html",
        code=code,
        name=STATES[code],
        total=covered.total,
        tiles=[tiles.tiles(row) for row in covered.districts],
        central=code in who.where(access.CENTRAL),
        mine=mine,
        pending=pending,
        waiting=[(one, towns[one.ags or ""]) for one in waiting if one.ags in towns],
        stale=aged.from_6 + aged.from_12,
        loads=tables.care(loads),
        grown=[(tables.shown(one.day), one.navigators) for one in grown] if len(grown) > 1 else [],
        most=max((one.navigators for one in grown), default=0),
        past=aged.past,
        rule=rule,
        tables=shown,
        cell=tables.shown,
        steering=steering,
        year=dt.date.today().year,  # noqa: DTZ011 - a day of the calendar, as the state's own
    )


@get("/state/{code:str}/municipalities", page=True, right=access.STEERING)
async def municipalities(
    request: AnyRequest,
    code: str,
    which: str = "",
    district: str = "",
    by: str = By.NAME.value,
    after: str | None = None,
) -> Response[Any]:
    who = await forms.person(request)
    may_steer(who, checked_state(code))
    chosen, order = _which(which), By.POPULATION if by == By.POPULATION.value else By.NAME
    place = decode_cursor(after, 2)
    if place is not None and order is By.POPULATION and not place[0].removeprefix("-").isdecimal():
        raise Refused(_("„after“ is not a cursor of this list."))
    async with here(request).db.read(who.acting) as session:
        covered = await coverage.coverage(session, code, access.viewer(who))
        rows = await coverage.municipalities(
            session, code, access.viewer(who), PAGE + 1, which=chosen, district=district or None, by=order, after=place
        )
    asked = {"which": which, "district": district, "by": order.value}
    following = None
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        key = last.sort_key if order is By.NAME else str(-(last.population or 0))
        following = urlencode({**asked, "after": encode_cursor(key, last.ags)})
    return await pages.page(
        request,
        "directory/state_municipalities.html",
        code=code,
        name=STATES[code],
        table=tables.municipalities(rows[:PAGE], tables.chosen_words(chosen)),
        cell=tables.shown,
        asked=asked,
        choices=[(one.value, text) for one, text in tables.which_words().items()],
        districts=[(row.district_code, row.district) for row in covered.districts],
        following=following,
        none_sent=EMPTY,
    )


@get("/state/{code:str}/mine", page=True, right=access.STEERING)
async def mine(request: AnyRequest, code: str) -> Response[Any]:
    """What whoever asks looks after."""
    who = await forms.person(request)
    may_steer(who, checked_state(code))
    async with here(request).db.read(who.acting) as session:
        asked = (session, code, access.viewer(who), care.MOST_CARED_FOR)
        rows = await coverage.municipalities(*asked, cared_by=uuid.UUID(who.subject))
        old = await coverage.municipalities(*asked, cared_by=uuid.UUID(who.subject), which=Which.STALE)
        told = await stale.reminded(session, code)
        waiting = await care.waiting(session, [row.ags for row in rows])
    return await pages.page(
        request, "directory/state_mine.html", code=code, name=STATES[code], cell=tables.shown, told=told,
        rows=rows, old={row.ags for row in old}, waiting=waiting,
    )  # fmt: skip


def _which(value: str) -> Which | None:
    """Raises Refused for what is none of the choices."""
    try:
        return Which(value) if value else None
    except ValueError:
        raise Refused(_("Please choose one of those offered.")) from None


# Files ------------------------------------------------------------------------------------------------------------

File = Callable[[Runtime, Reader, str, Principal], Awaitable[Table]]


async def _districts(runtime: Runtime, session: Reader, code: str, who: Principal) -> Table:
    return tables.districts((await coverage.coverage(session, code, access.viewer(who))).districts)


async def _sizes(runtime: Runtime, session: Reader, code: str, who: Principal) -> Table:
    return tables.sizes((await coverage.coverage(session, code, access.viewer(who))).sizes)


async def _quota(runtime: Runtime, session: Reader, code: str, who: Principal) -> Table:
    return tables.quota(*await quota.used(session, code))


async def _sought(runtime: Runtime, session: Reader, code: str, who: Principal) -> Table:
    return tables.sought(await _gaps(runtime, session, code, who, gaps.sought))


async def _offered(runtime: Runtime, session: Reader, code: str, who: Principal) -> Table:
    return tables.offered(await _gaps(runtime, session, code, who, gaps.offered))


async def _gaps(
    runtime: Runtime,
    session: Reader,
    code: str,
    who: Principal,
    read: Callable[[Reader, str, Viewer], Awaitable[list[Gap]]],
) -> list[Gap]:
    """Kept until anything changes: who elsewhere answers is looked for in all of Germany."""
    asked = code, access.viewer(who)
    return await lasting(runtime, "topics of states", (read, *asked), lambda: read(session, *asked))


async def _ages(runtime: Runtime, session: Reader, code: str, who: Principal) -> Table:
    return tables.ages(await stale.stale(session, code))


async def _growth(runtime: Runtime, session: Reader, code: str, who: Principal) -> Table:
    return tables.growth(await growth.growth(session, code, MONTHS))


async def _care(runtime: Runtime, session: Reader, code: str, who: Principal) -> Table:
    may_steer(who, code)
    return tables.care(await care.caseload(session, code, access.viewer(who)))


async def _mine(runtime: Runtime, session: Reader, code: str, who: Principal) -> Table:
    may_steer(who, code)
    asked = (session, code, access.viewer(who), care.MOST_CARED_FOR)
    return tables.municipalities(await coverage.municipalities(*asked, cared_by=uuid.UUID(who.subject)), _("My cities"))


FILES: dict[str, File] = {
    "districts": _districts, "sizes": _sizes, "quota": _quota, "sought": _sought, "offered": _offered, "ages": _ages,
    "growth": _growth, "care": _care, "mine": _mine,
}  # fmt: skip


@get("/state/{code:str}/csv/{name:str}", page=True, right=access.STATE_NUMBERS)
async def file(request: AnyRequest, code: str, name: str, which: str = "", district: str = "") -> Response[bytes]:
    """One of the tables as CSV; `municipalities` takes the same choices as its page."""
    who = await forms.person(request)
    may_count(who, checked_state(code))
    runtime = here(request)
    async with runtime.db.read(who.acting) as session:
        if name == "municipalities":
            may_steer(who, code)
            chosen = _which(which)
            rows = await coverage.municipalities(
                session, code, access.viewer(who), MOST_IN_FILE, which=chosen, district=district or None
            )
            table = tables.municipalities(rows, tables.chosen_words(chosen))
        elif name in FILES:
            table = await FILES[name](runtime, session, code, who)
        else:
            raise NotFound(_("There is no such table."))
    return pages.table(f"{STATES[code]} {table.title}", table.head, table.rows)


routes = [states, overview, municipalities, mine, file]
