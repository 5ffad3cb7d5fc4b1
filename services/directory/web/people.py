"""Coordinators, central navigators and operators look after their people: invite, change roles, close accounts."""

import uuid
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post

from services.directory import access, people, registrations
from services.directory.access import ROLES, role_name
from services.directory.login import links
from services.directory.web.oauth import here
from services.kit import forms, pages
from services.kit.auth import Principal
from services.kit.db import HUB, Writer
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _

MOST_PEOPLE = 500


class Inviting(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(max_length=120)]
    email: Annotated[str, msgspec.Meta(max_length=254)]
    role: Annotated[str, msgspec.Meta(max_length=40)]


class Changing(msgspec.Struct):
    account: uuid.UUID
    step: Literal["grant", "withdraw", "disable", "enable"]
    role: Annotated[str, msgspec.Meta(max_length=40)] = ""


async def _looking_after(request: Request[Any, Any, Any]) -> tuple[Principal, str]:
    """Who asks, and the organisation whose people they look after: their own."""
    who = await forms.person(request)
    if who.city:
        return who, who.city
    state = min(who.where("central"), default="")
    return who, state or people.HUB_ORG


@get("/people", page=True, right=access.PEOPLE_PAGE)
async def listed(request: Request[Any, Any, Any]) -> Response[Any]:
    who, org = await _looking_after(request)
    return await _page(request, who, org, EMPTY)


async def _page(
    request: Request[Any, Any, Any], who: Principal, org: str, shown: Form, status: int = 200
) -> Response[Any]:
    async with here(request).db.read(who.acting) as session:
        found = await people.of(session, org, MOST_PEOPLE)
        place = await registrations.town(session, org)
    return await pages.page(
        request,
        "directory/people.html",
        status=status,
        place=place,
        found=found,
        shown=shown,
        roles=_roles(org),
        own=who.subject,
    )


def _roles(org: str) -> list[tuple[str, str]]:
    """The roles that people of this organisation can have, with their names."""
    return [(role, role_name(role)) for role, meant in ROLES.items() if meant.place == people.place_of(org)]


@post("/people", page=True, status_code=200, right=access.PEOPLE_PAGE)
async def invite(request: Request[Any, Any, Any]) -> Response[Any]:
    who, org = await _looking_after(request)
    runtime = here(request)
    try:
        said = await forms.read(request, Inviting)
        async with runtime.db.begin(HUB) as session:  # sessions and links of others, whose organisation was compared
            invited = await links.invite(
                session, runtime, who.subject, org=org, name=said.name, email=said.email, roles=(said.role,)
            )
            await runtime.say(session, invited.messages)
    except (Refused, Conflict) as problem:
        return await _page(request, who, org, forms.again(request, problem), status=422)
    return pages.redirect(request, "/people", flash=_("The invitation is on its way."))


@post("/people/change", page=True, status_code=200, right=access.PEOPLE_PAGE)
async def change(request: Request[Any, Any, Any]) -> Response[Any]:
    who, org = await _looking_after(request)
    said, runtime = await forms.read(request, Changing), here(request)
    if str(said.account) == who.subject:
        raise Conflict(_("You cannot change your own account here; somebody else with your role can."))
    async with runtime.db.begin(HUB) as session:  # sessions and links of others, whose organisation was compared
        if (await people.account(session, said.account)).org != org:
            raise NotFound(_("There is no such account."))
        messages = await _step(session, who.subject, org, said)
        await runtime.say(session, messages)
    return pages.redirect(request, "/people", flash=_("This is done."))


async def _step(session: Writer, actor: str, org: str, said: Changing) -> Any:
    if said.step == "grant":
        return await people.grant(session, actor, said.account, org, said.role)
    if said.step == "withdraw":
        return await people.withdraw(session, actor, said.account, said.role)
    return await people.disable(session, actor, said.account, disabled=said.step == "disable")


routes = [listed, invite, change]
