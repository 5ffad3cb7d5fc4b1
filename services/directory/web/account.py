"""My account: who I am here, where I am logged in, my passkeys."""

import uuid
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from webauthn.helpers import bytes_to_base64url

from services.directory import access, people, registrations
from services.directory.access import PEOPLE, role_name, scope_words
from services.directory.login import flows, oidc, passkeys, providers, sessions
from services.directory.oauth import grants
from services.directory.web.login import Answer, Nothing, here
from services.kit import forms
from services.kit.auth import Principal
from services.kit.db import HUB, Reader
from services.kit.errors import NotFound, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, page, redirect

HOME = "/account"


class Which(msgspec.Struct, frozen=True):
    id: Annotated[str, msgspec.Meta(max_length=2000)]


class Renamed(msgspec.Struct, frozen=True):
    id: Annotated[str, msgspec.Meta(max_length=2000)]
    label: Annotated[str, msgspec.Meta(max_length=passkeys.LONGEST_LABEL)]


async def roles_of(session: Reader, roles: frozenset[str]) -> list[str]:
    """The names of roles, and where somebody has them."""
    parts = (role.partition(":") for role in sorted(roles))
    return [
        f"{role_name(name)} ({await registrations.town(session, at)})" if at else role_name(name)
        for name, _colon, at in parts
    ]


@get("/account", page=True, right=access.ONESELF)
async def account(request: AnyRequest) -> Response[str]:
    return await _account(request, await forms.person(request))


async def _account(request: AnyRequest, who: Principal, shown: Form = EMPTY, status: int = 200) -> Response[str]:
    me = uuid.UUID(who.subject)
    async with here(request).db.read(who.acting) as session:
        person = await people.person(session, me)
        row = await people.account(session, me)
        roles = await roles_of(session, person.roles if person else frozenset())
        living = await sessions.living(session, me)
        provider = await providers.of(session, row.org)
        identities = await oidc.identities(session, me)
        keys = [(bytes_to_base64url(one.credential_id), one) for one in await passkeys.of_account(session, me)]
    async with here(request).db.read(HUB) as session:  # the programs of other cities show themselves nowhere else
        allowed = await grants.consents(session, me)
    return await page(
        request,
        "directory/account.html",
        status=status,
        allowed=[(one.client, [scope_words(scope) for scope in one.scopes], one.at) for one in allowed],
        row=row,
        coordinates=bool(who.where(access.COORDINATOR)),
        roles=roles,
        sessions=living,
        passkeys=keys,
        most=passkeys.MOST,
        provider=provider,
        linked=provider is not None and provider.issuer in identities,
        manages=PEOPLE in who.scopes and row.org != people.HUB_ORG,
        leads_away=provider is not None,
        shown=shown,
        none_sent=EMPTY,
    )


@post("/account/sessions/end", status_code=303, page=True, right=access.ONESELF)
async def end_session(request: AnyRequest) -> Response[Any]:
    who = await forms.person(request)
    asked = await forms.read(request, Which)
    runtime = here(request)
    async with runtime.db.begin(who.acting) as session:
        own = {str(one.id): one.id for one in await sessions.living(session, uuid.UUID(who.subject))}
        if asked.id not in own:
            raise NotFound(_("There is no such login."))
        await runtime.say(session, await sessions.end(session, own[asked.id]))
    return redirect(request, HOME, flash=_("The session has ended."))


@post("/account/clients/end", status_code=303, page=True, right=access.ONESELF)
async def end_client(request: AnyRequest) -> Response[Any]:
    """Take back what a program was allowed: its tokens end at once."""
    who = await forms.person(request)
    asked = await forms.read(request, Which)
    runtime = here(request)
    async with runtime.db.begin(HUB) as session:
        await runtime.say(session, await grants.take_back(session, uuid.UUID(who.subject), asked.id))
    return redirect(request, HOME, flash=_("The program may act in your name no more."))


@post("/account/passkeys/rename", status_code=303, page=True, right=access.ONESELF)
async def rename_passkey(request: AnyRequest) -> Response[Any]:
    who = await forms.person(request)
    try:
        asked = await forms.read(request, Renamed)
        async with here(request).db.begin(who.acting) as session:
            await passkeys.rename(session, uuid.UUID(who.subject), asked.id, asked.label)
    except Refused as problem:
        return await _account(request, who, forms.again(request, problem), problem.status)
    return redirect(request, HOME, flash=_("The passkey has its new name."))


@post("/account/passkeys/remove", status_code=303, page=True, right=access.ONESELF)
async def remove_passkey(request: AnyRequest) -> Response[Any]:
    who = await forms.person(request)
    asked = await forms.read(request, Which)
    async with here(request).db.begin(who.acting) as session:
        await passkeys.remove(session, uuid.UUID(who.subject), asked.id)
    return redirect(request, HOME, flash=_("The passkey is gone. Please delete it on your device as well."))


@post("/account/passkeys/new/options", status_code=200, right=access.ONESELF, api=None)
async def new_passkey_options(request: AnyRequest) -> Response[Any]:
    who = await forms.person(request)
    await forms.read_json(request, Nothing)
    runtime = here(request)
    async with runtime.db.begin(HUB) as session:
        made = await passkeys.offered(session, runtime.settings, _browser(who), uuid.UUID(who.subject))
    return Response(made, media_type="application/json", headers={"cache-control": "no-store"})


@post("/account/passkeys/new", status_code=200, right=access.ONESELF, api=None)
async def new_passkey(request: AnyRequest) -> Response[Any]:
    who = await forms.person(request)
    answer = await forms.read_json(request, Answer)
    runtime = here(request)
    async with runtime.db.begin(HUB) as session:
        flow = await flows.finish(session, passkeys.MAKE, _browser(who), answer.flow)
    async with runtime.db.begin(HUB) as session:
        me = uuid.UUID(who.subject)
        await passkeys.made(session, runtime.settings, flow, answer.credential, me, answer.label)
    return Response({"onward": HOME}, media_type="application/json", headers={"cache-control": "no-store"})


def _browser(who: Principal) -> str:
    return f"session:{who.session}"


routes = [
    account, end_session, end_client, rename_passkey, remove_passkey, new_passkey_options, new_passkey,
]  # fmt: skip
