"""Where the hub reads a city's directory by itself: set up by the city, confirmed by the state where need be."""

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post

from services.directory import access, harvest, jobs, registrations
from services.directory.access import checked_ags
from services.directory.web.oauth import here
from services.kit import forms
from services.kit.auth import Principal
from services.kit.db import HUB
from services.kit.errors import Conflict, Forbidden, Refused
from services.kit.forms import EMPTY, AnyRequest, Form
from services.kit.i18n import gettext as _
from services.kit.pages import page, redirect


class Address(msgspec.Struct, frozen=True):
    url: Annotated[str, msgspec.Meta(max_length=2_000)]


class Digest(msgspec.Struct, frozen=True):
    waiting: Annotated[str, msgspec.Meta(max_length=64)]


class Nothing(msgspec.Struct, frozen=True):
    pass


@get("/city/{ags:str}/harvest", page=True, right=access.HARVESTING)
async def show(request: AnyRequest, ags: str) -> Response[Any]:
    who = await forms.person(request)
    if not harvest.may_confirm(who, checked_ags(ags)):
        _publisher(who, ags)
    return await _page(request, who, ags)


async def _page(request: AnyRequest, who: Principal, ags: str, shown: Form = EMPTY, status: int = 200) -> Response[str]:
    async with here(request).db.read(HUB) as session:
        found = await harvest.of(session, ags)
        usable = found is not None and await harvest.usable(session, found)
        place = await registrations.town(session, ags)
    return await page(
        request,
        "directory/harvest.html",
        status=status,
        ags=ags,
        place=place,
        found=found,
        usable=usable,
        publishes=access.WRITE in who.scopes and who.city == ags,
        confirms=found is not None and not usable and harvest.may_confirm(who, ags),
        path=harvest.PATH,
        shown=shown,
    )


@post("/city/{ags:str}/harvest", status_code=303, page=True, right=access.PUBLISHING)
async def save(request: AnyRequest, ags: str) -> Response[Any]:
    who, runtime = await forms.person(request), here(request)
    _publisher(who, ags)
    try:
        said = await forms.read(request, Address)
        async with runtime.db.begin(who.acting) as session:
            await harvest.set_up(session, who, ags, said.url, local=runtime.settings.outbound_local)
            await jobs.ask_for_harvest(session, runtime, ags)
    except Refused as problem:
        return await _page(request, who, ags, forms.again(request, problem), problem.status)
    return redirect(request, _path(ags), flash=_("Saved. The hub reads the address now; open the page again soon."))


@post("/city/{ags:str}/harvest/remove", status_code=303, page=True, right=access.PUBLISHING)
async def remove(request: AnyRequest, ags: str) -> Response[Any]:
    who = await forms.person(request)
    _publisher(who, ags)
    await forms.read(request, Nothing)
    async with here(request).db.begin(who.acting) as session:
        await harvest.remove(session, who, ags)
    return redirect(request, _path(ags), flash=_("The hub does not read that address any more."))


@post("/city/{ags:str}/harvest/read", status_code=303, page=True, right=access.PUBLISHING)
async def read(request: AnyRequest, ags: str) -> Response[Any]:
    who, runtime = await forms.person(request), here(request)
    _publisher(who, ags)
    await forms.read(request, Nothing)
    async with runtime.db.begin(who.acting) as session:
        await jobs.ask_for_harvest(session, runtime, ags)
    return redirect(request, _path(ags), flash=_("The hub reads the address now."))


@post("/city/{ags:str}/harvest/agree", status_code=303, page=True, right=access.PUBLISHING)
async def agree(request: AnyRequest, ags: str) -> Response[Any]:
    who, runtime = await forms.person(request), here(request)
    _publisher(who, ags)
    said = await forms.read(request, Digest)
    try:
        async with runtime.db.begin(who.acting) as session:
            await harvest.agree(session, who, ags, said.waiting)
            await jobs.ask_for_harvest(session, runtime, ags)
    except Conflict as problem:
        return redirect(request, _path(ags), flash=problem.message)
    return redirect(request, _path(ags), flash=_("Thank you. The hub publishes it now."))


@post("/city/{ags:str}/harvest/confirm", status_code=303, page=True, right=access.CONFIRMING)
async def confirm(request: AnyRequest, ags: str) -> Response[Any]:
    who, runtime = await forms.person(request), here(request)
    if not harvest.may_confirm(who, checked_ags(ags)):
        raise Forbidden(_("A central navigator of the state confirms the address."))
    said = await forms.read(request, Address)
    try:
        async with runtime.db.begin(HUB) as session:
            await harvest.confirm(session, who, ags, said.url)
            await jobs.ask_for_harvest(session, runtime, ags)
    except Conflict as problem:
        return redirect(request, _path(ags), flash=problem.message)
    return redirect(request, _path(ags), flash=_("Confirmed. The hub reads the address from now on."))


def _publisher(who: Principal, ags: str) -> None:
    who.need(access.WRITE)
    access.may_publish(who, checked_ags(ags))


def _path(ags: str) -> str:
    return f"/city/{ags}/harvest"


routes = [show, save, remove, read, agree, confirm]
