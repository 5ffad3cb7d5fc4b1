"""A city's programs and their keys on one page: what each may do, how to use it, and a new secret in time."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post

from services.directory import access, desk
from services.directory.access import scope_words
from services.directory.oauth import clients
from services.directory.web.desk import page
from services.directory.web.oauth import here
from services.kit import forms
from services.kit.auth import Principal
from services.kit.db import HUB
from services.kit.errors import Conflict, NotFound
from services.kit.forms import AnyRequest
from services.kit.i18n import gettext as _
from services.kit.pages import redirect

MOST: Final = 100


class Program(msgspec.Struct, frozen=True):
    client: Annotated[str, msgspec.Meta(max_length=100)]


async def _coordinator(request: AnyRequest, ags: str) -> Principal:
    who = await forms.person(request)
    access.may_publish(who, access.checked_ags(ags))
    return who


@get("/city/{ags:str}/programs", page=True, right=access.PROGRAMS)
async def listed(request: AnyRequest, ags: str) -> Response[Any]:
    return await _listed(request, await _coordinator(request, ags), ags)


async def _listed(request: AnyRequest, who: Principal, ags: str, **fresh: Any) -> Response[Any]:
    async with here(request).db.read(who.acting) as session:
        city = await desk.read(session, ags)
        found = [one for one in await clients.listed(session, who, MOST) if one.ags == ags]
    shown = [(one, [scope_words(scope) for scope in one.scopes], clients.can_renew(one)) for one in found]
    return await page(
        request, who, ags, "programs", city, rows=shown, issuer=here(request).settings.issuer,
        fresh=fresh.get("client"), renewed=fresh.get("secret", ""),
    )  # fmt: skip


@post("/city/{ags:str}/programs", page=True, status_code=200, right=access.PROGRAMS)
async def renew(request: AnyRequest, ags: str) -> Response[Any]:
    """A new secret, shown this once; the one before counts no more."""
    who, runtime = await _coordinator(request, ags), here(request)
    said = await forms.read(request, Program)
    try:
        async with runtime.db.begin(
            HUB
        ) as session:  # the city's own program, which was compared; secrets are the hub's
            client = await clients.by_id(session, said.client, lock=True)
            if client is None or client.ags != ags:
                raise NotFound(_("There is no such registration."))
            secret = await clients.renew(session, client, who.subject)
    except Conflict as problem:
        return redirect(request, f"/city/{ags}/programs", flash=problem.message)
    return await _listed(request, who, ags, client=client, secret=secret)


routes = [listed, renew]
