"""A city's own desk: what it publishes at a glance, what to look after, its facts, and the way back from a change."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, Final

import msgspec
from litestar import Response, get, post

from services.directory import access, desk, publishing, registrations, uploads
from services.directory.candidates import rows
from services.directory.snapshot import NavigatorRow, Step, put
from services.directory.stateview.stale import STALE_MONTHS
from services.directory.web import desk_forms, words
from services.directory.web.desk_forms import CityForm, Sheet
from services.directory.web.oauth import here
from services.kit import forms, pages
from services.kit.auth import Principal
from services.kit.db import Writer
from services.kit.errors import Conflict, Refused
from services.kit.forms import EMPTY, AnyRequest, Form
from services.kit.i18n import gettext as _
from services.kit.pages import ask, redirect
from services.kit.seen import tag

SERVICE: Final = "directory"
MOST_LEFT: Final = 20
"""People past their last day who are named on the first page."""
OVERVIEW: Final = """query ($ags: ID!) {
  city(ags: $ags) { confirmedOn coverage { key name target actual } }
  proposedProjects(state: PROPOSED, first: 20) { nodes { id } pageInfo { hasNextPage } } }"""


class Nothing(msgspec.Struct, frozen=True):
    pass


class Newest(msgspec.Struct, frozen=True):
    """The publication that is to be taken back."""

    newest: int


async def editor(request: AnyRequest, ags: str) -> Principal:
    """Who is logged in and publishes for `ags`. Raises Unknown or Forbidden."""
    who = await forms.person(request)
    access.may_publish(who, access.checked_ags(ags))
    return who


def by(request: AnyRequest, who: Principal) -> publishing.Publisher:
    runtime = here(request)
    return publishing.Publisher(who.subject, runtime.settings.derived("identities"), runtime.memory, desk.VIA)


async def publish(request: AnyRequest, who: Principal, ags: str, step: Step) -> publishing.Outcome:
    """One change, one unit of work. Raises as `desk.change`, with the problems beside the form's fields."""
    return await _work(request, who, lambda session: desk.change(session, by(request, who), ags, step))


async def _work(
    request: AnyRequest, who: Principal, work: Callable[[Writer], Awaitable[publishing.Outcome]]
) -> publishing.Outcome:
    runtime = here(request)
    try:
        async with runtime.db.begin(who.acting) as session:
            outcome = await work(session)
            await runtime.say(session, outcome.messages)
    except Refused as problem:
        raise desk_forms.beside(problem) from problem
    return outcome


async def sheet(request: AnyRequest, who: Principal, ags: str) -> tuple[desk.City, Sheet]:
    """The city as it publishes now, and what its forms are understood by."""
    async with here(request).db.read(who.acting) as session:
        city = await desk.read(session, ags)
        labels = await uploads.labels(session, here(request).memory)
    return city, Sheet.of(city.snapshot, labels)


async def page(
    request: AnyRequest, who: Principal, ags: str, template: str, city: desk.City, *, status: int = 200, **values: Any
) -> Response[str]:
    """A page of the desk: with the city's name, and what its reader can take back."""
    async with here(request).db.read(who.acting) as session:
        back = await desk.undo(session, ags, who.subject)
        name = city.snapshot.city.name if city.version else await registrations.town(session, ags)
    return await pages.page(
        request, f"directory/{template}.html", status=status, secret=True, ags=ags, place=name, city=city, undo=back,
        words=words, **values,
    )  # fmt: skip


# The first page ---------------------------------------------------------------------------------------------------


@get("/city/{ags:str}/desk", page=True, right=access.PUBLISHING)
async def overview(request: AnyRequest, ags: str) -> Response[Any]:
    who = await editor(request, ags)
    async with here(request).db.read(who.acting) as session:
        city = await desk.read(session, ags)
        chooses = access.PEOPLE in who.scopes
        agreed = (await rows.counts(session, ags)).get(rows.AGREED, 0) if chooses else None
    found = await ask(request, SERVICE, OVERVIEW, ags=ags)
    told = found["city"] or {"confirmedOn": None, "coverage": []}
    confirmed = date.fromisoformat(told["confirmedOn"]) if told["confirmedOn"] else None
    today = date.today()  # noqa: DTZ011 - a day of the calendar, as the city's own
    return await page(
        request, who, ags, "desk", city,
        confirmed=told["confirmedOn"],
        stale=confirmed is not None and confirmed < today - timedelta(days=30 * STALE_MONTHS),
        left=[(one, tag(one)) for one in city.snapshot.navigators if _past(one, today)][:MOST_LEFT],
        coverage=told["coverage"],
        lacking=sum(one["actual"] < one["target"] for one in told["coverage"]),
        ideas=len(found["proposedProjects"]["nodes"]),
        agreed=agreed,
        year=today.year,
    )  # fmt: skip


def _past(row: NavigatorRow, today: date) -> bool:
    return row.until is not None and row.until < today


@post("/city/{ags:str}/desk/confirm", page=True, status_code=303, right=access.PUBLISHING)
async def confirm(request: AnyRequest, ags: str) -> Response[Any]:
    """„Alles stimmt noch“: the same again, which counts as said today."""
    who = await editor(request, ags)
    await forms.read(request, Nothing)
    await publish(request, who, ags, lambda stored: stored)
    return redirect(request, f"/city/{ags}/desk", flash=_("Thank you. Your city's entries count as confirmed today."))


@post("/city/{ags:str}/desk/undo", page=True, status_code=303, right=access.PUBLISHING)
async def undo(request: AnyRequest, ags: str) -> Response[Any]:
    who = await editor(request, ags)
    said = await forms.read(request, Newest)
    path = f"/city/{ags}/desk"
    try:
        await _work(request, who, lambda session: desk.take_back(session, by(request, who), ags, said.newest))
    except Conflict as problem:
        return redirect(request, path, flash=problem.message)
    return redirect(request, path, flash=_("Your last change is taken back."))


# The city itself --------------------------------------------------------------------------------------------------


@get("/city/{ags:str}/desk/city", page=True, right=access.PUBLISHING)
async def facts(request: AnyRequest, ags: str) -> Response[Any]:
    return await _facts(request, await editor(request, ags), ags)


async def _facts(
    request: AnyRequest, who: Principal, ags: str, shown: Form = EMPTY, status: int = 200
) -> Response[Any]:
    city, _sheet = await sheet(request, who, ags)
    return await page(
        request, who, ags, "desk_city", city, status=status, shown=shown, row=city.snapshot.city,
        seen=tag(city.snapshot.city), names=desk_forms.names(CityForm.__struct_fields__),
    )  # fmt: skip


@post("/city/{ags:str}/desk/city", page=True, status_code=200, right=access.PUBLISHING)
async def change_facts(request: AnyRequest, ags: str) -> Response[Any]:
    who = await editor(request, ags)
    try:
        said = await forms.read(request, CityForm)

        def step(stored: Any) -> Any:
            return put(desk_forms.city(said, stored.city))(stored)

        await publish(request, who, ags, desk.over("city", ags, said.seen, step))
    except (Refused, Conflict) as problem:
        return await _facts(request, who, ags, forms.again(request, problem), problem.status)
    return redirect(request, f"/city/{ags}/desk/city", flash=_("Saved and published."))


routes = [overview, confirm, undo, facts, change_facts]
