"""Those who decide: the list of registrations, one registration with its buttons, and the audit log."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post

from services.directory import access, audit, registrations
from services.directory.access import APPROVE, role_name, scope_words
from services.directory.models import Client
from services.directory.oauth import clients
from services.directory.protection import own
from services.directory.web.oauth import here
from services.kit import forms, pages
from services.kit.auth import Principal
from services.kit.db import HUB
from services.kit.errors import NotFound, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _

PAGE = 100


class Decision(msgspec.Struct):
    decision: Literal["approve", "reject", "suspend", "resume"]
    seen: Annotated[str, msgspec.Meta(max_length=40)]
    reason: Annotated[str, msgspec.Meta(max_length=clients.LONGEST_REASON)] = ""


@get("/registrations", page=True, right=access.DECIDING)
async def listed(request: Request[Any, Any, Any]) -> Response[Any]:
    who = await forms.person(request)
    async with here(request).db.read(who.acting) as session:
        waiting = await clients.listed(session, who, PAGE, status=clients.PENDING)
        others = [c for c in await clients.listed(session, who, PAGE) if c.status != clients.PENDING]
        towns = {c.ags: await registrations.town(session, c.ags) for c in (*waiting, *others) if c.ags}
    return await pages.page(
        request, "directory/registrations.html", waiting=waiting, others=others, towns=towns, most=PAGE
    )


@get("/registrations/{client_id:str}", page=True, right=access.DECIDING)
async def one(request: Request[Any, Any, Any], client_id: str) -> Response[Any]:
    return await _one(request, await forms.person(request), client_id, EMPTY)


async def _one(
    request: Request[Any, Any, Any], who: Principal, client_id: str, shown: Form, status: int = 200
) -> Response[Any]:
    async with here(request).db.read(HUB) as session:
        client = await clients.by_id(session, client_id)
        own = client is not None and client.ags is not None and client.ags == who.city
        first = client is not None and await clients.city_takes_part(session, client.ags or "", but=client_id)
        decides = client is not None and access.may_decide(who, client, seconded=first)
        if client is None or not (decides or own):
            raise NotFound(_("There is no such registration."))
        city = await registrations.town(session, client.ags or "")
        actions = _actions(who, client) if decides else []
    return await pages.page(
        request,
        "directory/registration.html",
        status=status,
        client=client,
        seen=clients.version(client),
        city=city,
        first=first,
        actions=actions,
        scopes=[scope_words(scope) for scope in client.scopes],
        shown=shown,
    )


def _actions(who: Principal, client: Client) -> list[str]:
    """The decisions that are open for the client as it stands."""
    central = APPROVE in who.scopes
    steps = {
        clients.PENDING: ["approve", "reject"],
        clients.ACTIVE: ["suspend"] if central else [],
        clients.SUSPENDED: ["resume"] if central else [],
    }
    return steps.get(client.status, [])


@post("/registrations/{client_id:str}", page=True, status_code=200, right=access.DECIDING)
async def decide(request: Request[Any, Any, Any], client_id: str) -> Response[Any]:
    who, runtime = await forms.person(request), here(request)
    try:
        said = await forms.read(request, Decision)
        async with runtime.db.begin(HUB) as session:
            _client, messages = await registrations.decide(
                session, runtime, who, client_id, said.decision, said.reason, said.seen
            )
            await runtime.say(session, messages)
    except Refused as problem:
        return await _one(request, who, client_id, forms.again(request, problem), status=422)
    return pages.redirect(request, f"/registrations/{client_id}", flash=_("Your decision is stored; the city is told."))


@get("/audit", page=True, right=access.LOG)
async def log(request: Request[Any, Any, Any], before: int | None = None) -> Response[Any]:
    """What was done in one's city or state, newest first."""
    who = await forms.person(request)
    if before is not None and not 0 < before < 2**31:
        raise Refused(_("„before“ takes the number of an entry."))
    async with here(request).db.read(who.acting) as session:
        rows = await audit.page(session, PAGE + 1, before=before)
        names = {own.PERSON: _("the person themselves"), **await audit.names(session, rows)}
    following = rows[PAGE - 1].id if len(rows) > PAGE else None
    shown = [(row, _told(row.action, row.details.get("role"))) for row in rows[:PAGE]]
    return await pages.page(request, "directory/audit.html", rows=shown, names=names, following=following)


def _told(action: str, role: Any) -> str:
    """What was done, with the role that was given or taken."""
    return f"{audit.in_words(action)}: {role_name(role)}" if role in access.ROLES else audit.in_words(action)


routes = [listed, one, decide, log]
