"""The authorization endpoint: who is logged in allows a client something, or does not (RFC 6749 section 4.1)."""

import uuid
from typing import Any, Literal
from urllib.parse import parse_qsl, quote

import msgspec
from litestar import Request, Response, get, post

from services.directory import access, people, registrations
from services.directory.access import scope_words
from services.directory.models import LoginSession
from services.directory.oauth import endpoints, grants, policy
from services.directory.oauth.endpoints import Asked, Failed, Form, NoReturn
from services.directory.web import apis
from services.directory.web.oauth import here
from services.kit import forms, pages
from services.kit.auth import Principal
from services.kit.db import HUB, Writer
from services.kit.errors import Forbidden, Refused
from services.kit.i18n import gettext as _
from services.kit.rates import Rate, address_of
from services.kit.rights import ANYBODY

AUTHORIZATIONS = Rate("authorize", 120, per=60)
LONGEST_QUERY = 8_000


class Decision(msgspec.Struct):
    """`query` is the authorization request as it came; it is checked again."""

    query: str
    decision: Literal["allow", "deny"]


@get("/oauth/authorize", page=True, right=ANYBODY.to("asks for the login first"), api=apis.AUTHORIZE)
async def authorize(request: Request[Any, Any, Any]) -> Response[Any]:
    """Asks the person, or answers at once: an error, or what a confidential client was allowed before."""
    await here(request).rates.take(AUTHORIZATIONS, address_of(request))
    text = request.url.query
    query = _query(text)
    async with here(request).db.begin(HUB) as session:
        asked = await _asked(request, session, query, None)
        if isinstance(asked, Failed):
            return _leave(asked.location)
        who = await forms.known(request)
        if not (who.person and who.session):
            onward = f"/oauth/authorize?{text}"
            return pages.redirect(request, f"{forms.LOGIN}?onward={quote(onward, safe='')}")
        person = await people.person(session, uuid.UUID(who.subject))
        asked = await _asked(request, session, query, person)
        if isinstance(asked, Failed):
            return _leave(asked.location)
        known = await grants.consented(session, uuid.UUID(who.subject), asked.client.client_id)
        if asked.client.method != policy.NONE and set(asked.scopes) <= known:
            return await _allowed(request, session, who, asked)
        city = await registrations.town(session, asked.client.ags or "")  # officially, not as it calls itself
    return await pages.page(
        request,
        "directory/consent.html",
        leads_away=True,
        client=asked.client,
        city=city,
        person=person,
        scopes=[scope_words(scope) for scope in asked.scopes],
        target=asked.redirect_uri.partition("?")[0],
        query=text,
    )


@post("/oauth/authorize", page=True, status_code=200, right=access.ONESELF)
async def decide(request: Request[Any, Any, Any]) -> Response[Any]:
    who = await forms.person(request)
    said = await forms.read(request, Decision)
    async with here(request).db.begin(HUB) as session:
        person = await people.person(session, uuid.UUID(who.subject))
        asked = await _asked(request, session, _query(said.query), person)
        if isinstance(asked, Failed):
            return _leave(asked.location)
        if said.decision == "allow":
            return await _allowed(request, session, who, asked)
    issuer = here(request).settings.issuer
    return _leave(endpoints.send(asked.redirect_uri, issuer, error="access_denied", state=asked.state))


def _query(text: str) -> Form:
    try:
        if len(text) > LONGEST_QUERY:
            raise ValueError  # noqa: TRY301 - answered as every request that cannot be read
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise Refused(_("This request cannot be read. Please start again where you came from.")) from None


async def _asked(
    request: Request[Any, Any, Any], session: Writer, query: Form, person: people.Person | None
) -> Asked | Failed:
    try:
        return await endpoints.asked(session, here(request).settings, query, person)
    except NoReturn:
        raise Refused(
            _("The program that sent you here is not known, or it must not send you back where it asks. "
              "Please tell whoever runs it.")
        ) from None  # fmt: skip


async def _allowed(request: Request[Any, Any, Any], session: Writer, who: Principal, asked: Asked) -> Response[Any]:
    account_id, login = uuid.UUID(who.subject), await session.get(LoginSession, uuid.UUID(who.session))
    if await people.person(session, account_id) is None or login is None or login.ended_at is not None:
        raise Forbidden(_("This account is closed. Please ask your coordinator."))
    code = await grants.allow(
        session,
        account_id,
        asked.client.client_id,
        asked.scopes,
        resource=asked.resource,
        redirect_uri=asked.redirect_uri,
        challenge=asked.challenge,
        auth_time=login.created_at,
        amr=sorted(who.amr),
    )
    issuer = here(request).settings.issuer
    return _leave(endpoints.send(asked.redirect_uri, issuer, code=code, state=asked.state))


def _leave(location: str) -> Response[Any]:
    headers = {"location": location, "cache-control": "no-store", "referrer-policy": "no-referrer"}
    return Response(b"", status_code=303, headers=headers)


routes = [authorize, decide]
