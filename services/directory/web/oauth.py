"""The OAuth endpoints over HTTP: token, revocation, introspection, registration, keys and metadata."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request, Response, delete, get, post, put

from services.directory import agreement, jobs, registrations
from services.directory.models import Client
from services.directory.oauth import clients, endpoints, keys, recent, registration
from services.directory.oauth.endpoints import Done
from services.directory.oauth.views import Answer, invalid
from services.directory.web import apis
from services.kit.auth import bearer
from services.kit.db import HUB
from services.kit.errors import TooLarge
from services.kit.graphql import read_body
from services.kit.openapi import FORM
from services.kit.rates import Rate, address_of
from services.kit.rights import ANYBODY, Right
from services.kit.service import Runtime

CLIENT = Right("clients, by their own authentication (RFC 6749 section 2.3)")
MANAGER = Right("who has the registration access token (RFC 7592)", rows="that client")
MOST_FORM_BYTES = 20_000
MOST_REGISTRATION_BYTES = 50_000
NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
TOKENS = Rate("token", 600, per=60)
"""Requests of one address at the token endpoint and beside it; a data centre's cities may share one."""
CLIENTS = Rate("client", 300, per=60)
"""Answers to one client that authenticated, wherever it asks from."""
GUESSES = Rate("guess", 20, per=60)
"""Failed authentications from one address."""
REGISTRATIONS = Rate("registration", 20, per=3600)
MANAGED = Rate("managed", 60, per=60)


def here(request: Request[Any, Any, Any]) -> Runtime:
    runtime: Runtime = request.app.state.hub.runtimes["directory"]
    return runtime


@post("/oauth/token", status_code=200, right=CLIENT, api=apis.TOKEN)
async def token(request: Request[Any, Any, Any]) -> Response[Any]:
    """The token endpoint. Errors are answers too: the transaction commits on them."""
    work = partial(endpoints.token, settings=here(request).settings)
    return await _form(request, work, quick=partial(endpoints.quick, here(request)))


@post("/oauth/revoke", status_code=200, right=CLIENT.to("tokens of its own"), api=apis.REVOKE)
async def revoke(request: Request[Any, Any, Any]) -> Response[Any]:
    verifier = request.app.state.hub.verifier
    return await _form(request, partial(endpoints.revoke, settings=here(request).settings, verifier=verifier))


@post("/oauth/introspect", status_code=200, right=CLIENT.to("tokens of its own"), api=apis.INTROSPECT)
async def introspect(request: Request[Any, Any, Any]) -> Response[Any]:
    verifier = request.app.state.hub.verifier
    return await _form(request, partial(endpoints.introspect, settings=here(request).settings, verifier=verifier))


async def _form(request: Request[Any, Any, Any], work: Any, quick: Any = None) -> Response[Any]:
    """One of the endpoints that take a form and an authenticated client; `quick` may answer without a transaction."""
    runtime = here(request)
    await runtime.rates.take(TOKENS, address_of(request))
    form = await _read_form(request)
    if len(request.headers.getall("authorization", [])) > 1:
        form = invalid("the client authenticates twice")
    if isinstance(form, Answer):
        return _answer(form)
    headers = {name.title(): value for name, value in request.headers.items()}
    if quick is not None and (found := await quick(form, headers)) is not None:
        await runtime.rates.take(CLIENTS, f"client:{found.client_id}")
        return _answer(found.answer)
    async with runtime.db.begin(HUB) as session:
        done: Done = await work(session, form=form, headers=headers)
        if done.answer.status == 200 and done.client_id:
            # Refused here, nothing of it has happened: no code or refresh token is used up.
            await runtime.rates.take(CLIENTS, f"client:{done.client_id}")
        await runtime.say(session, done.messages)
        for client_id in done.stale:
            await jobs.ask_for_keys(session, runtime, client_id)
    recent.forget(done.client_id)  # what was remembered of it did not do
    if done.answer.status == 401:
        # Counted after the answer was found, so that a client with the right secret is not kept out by others' guesses.
        await runtime.rates.take(GUESSES, address_of(request))
    return _answer(done.answer)


async def _read_form(request: Request[Any, Any, Any]) -> list[tuple[str, str]] | Answer:
    if request.content_type[0].lower() != FORM:
        return invalid(f"send a form: Content-Type: {FORM}")
    try:
        body = (await read_body(request, MOST_FORM_BYTES)).decode()
        return parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=50)
    except TooLarge:
        return invalid(f"at most {MOST_FORM_BYTES} bytes", status=413)
    except ValueError:
        return invalid("this is not a form that can be read")


def _answer(answer: Answer) -> Response[Any]:
    headers = {name.lower(): value for name, value in answer.headers.items()} | NO_STORE
    return Response(answer.body, status_code=answer.status, headers=headers, media_type="application/json")


# Registration (RFC 7591, 7592) ------------------------------------------------------------------------------------


@post(
    "/oauth/register", status_code=201, right=ANYBODY.to("a registration that waits for a decision"), api=apis.REGISTER
)
async def register(request: Request[Any, Any, Any]) -> Response[Any]:
    """A city registers a client, which waits for a central navigator's decision."""
    runtime = here(request)
    await runtime.rates.take(REGISTRATIONS, address_of(request))
    try:
        wanted = _wanted(request, _said(await _body(request), registration.Metadata))
        async with runtime.db.begin(HUB) as session:
            made = await clients.register_city(session, wanted)
            await jobs.ask_for_keys(session, runtime, made.client.client_id)
            await registrations.announce(session, runtime, made.client)
    except registration.Invalid as problem:
        return _refused(problem)
    secrets = {"registration_access_token": made.management_token}
    if made.secret is not None:
        secrets["client_secret"] = made.secret
    return _client(runtime, made.client, 201, **secrets)


async def _body(request: Request[Any, Any, Any]) -> bytes | None:
    """What was sent; None where it is too long or no JSON."""
    try:
        body = await read_body(request, MOST_REGISTRATION_BYTES)
    except TooLarge:
        return None
    return body if request.content_type[0].lower() == "application/json" else None


def _said(body: bytes | None, kind: type[registration.Said]) -> registration.Said:
    if body is None:
        words = f"send JSON of at most {MOST_REGISTRATION_BYTES} bytes: Content-Type: application/json"
        raise registration.Invalid(registration.METADATA, words)
    return registration.parse(body, kind)


def _wanted(request: Request[Any, Any, Any], said: registration.Metadata) -> registration.Wanted:
    return registration.validate(said, agreement.VERSION, local=here(request).settings.outbound_local)


def _refused(problem: registration.Invalid) -> Response[Any]:
    body = {"error": problem.error, "error_description": problem.description}
    return Response(body, status_code=400, headers=NO_STORE, media_type="application/json")


@get("/oauth/register/{client_id:str}", right=MANAGER, api=apis.READ)
async def registered(request: Request[Any, Any, Any], client_id: str) -> Response[Any]:
    runtime = here(request)
    async with runtime.db.read(HUB) as session:
        client = await _managed(request, session, client_id)
    return _client(runtime, client, 200, **_token(request)) if client else _stranger()


def _token(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The registration access token, which stays the same: every answer about a client has it (RFC 7592 section 3)."""
    return {"registration_access_token": bearer(request.headers.get("authorization"))}


@put("/oauth/register/{client_id:str}", right=MANAGER, api=apis.CHANGE)
async def change(request: Request[Any, Any, Any], client_id: str) -> Response[Any]:
    """Replace what the client says of itself; `rotate_secret: true` asks for a new secret."""
    runtime = here(request)
    try:
        body = await _body(request)  # before the transaction: who sends slowly must hold no connection and no lock
        async with runtime.db.begin(HUB) as session:
            client = await _managed(request, session, client_id, lock=True)
            if client is None:
                return _stranger()
            if client.status not in {clients.PENDING, clients.ACTIVE}:
                return _answer(invalid(f"the registration of this client is {client.status}", 403, "access_denied"))
            said = _said(body, registration.Change)
            clients.check_own(client, said.client_id, said.client_secret)
            wanted = _wanted(request, said)
            secret = await clients.change(session, client, wanted, new_secret=said.rotate_secret)
            await jobs.ask_for_keys(session, runtime, client.client_id)
        recent.forget(client_id)
    except registration.Invalid as problem:
        return _refused(problem)
    return _client(runtime, client, 200, **_token(request), **({"client_secret": secret} if secret else {}))


@delete("/oauth/register/{client_id:str}", status_code=200, right=MANAGER, api=apis.WITHDRAW)
async def withdraw(request: Request[Any, Any, Any], client_id: str) -> Response[Any]:
    runtime = here(request)
    async with runtime.db.begin(HUB) as session:
        client = await _managed(request, session, client_id, lock=True)
        if client is None:
            return _stranger()
        if client.status not in {clients.PENDING, clients.ACTIVE}:
            return _answer(invalid(f"the registration of this client is {client.status}", 403, "access_denied"))
        await runtime.say(session, await clients.withdraw(session, client, client_id))
    recent.forget(client_id)
    return Response(None, status_code=204, headers=NO_STORE)


async def _managed(
    request: Request[Any, Any, Any], session: Any, client_id: str, *, lock: bool = False
) -> Client | None:
    await here(request).rates.take(MANAGED, address_of(request))
    return await clients.managed(session, client_id, bearer(request.headers.get("authorization")), lock=lock)


def _stranger() -> Response[Any]:
    """A wrong token and an unknown client look alike (RFC 7592 section 2.1)."""
    headers = {**NO_STORE, "www-authenticate": 'Bearer error="invalid_token"'}
    return Response({"error": "invalid_token"}, status_code=401, headers=headers, media_type="application/json")


def _client(runtime: Runtime, client: Client, status: int, **secrets: str) -> Response[Any]:
    """The client information response (RFC 7591 section 3.2.1)."""
    said: Mapping[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at.timestamp()),
        "client_name": client.name,
        "ags": client.ags,
        "status": client.status,
        "reason": client.reason,
        "agreement": client.agreement,
        "token_endpoint_auth_method": client.method,
        "grant_types": client.grant_types,
        "response_types": ["code"] if client.redirect_uris else [],
        "redirect_uris": client.redirect_uris,
        "scope": " ".join(client.scopes),
        "jwks": None if client.jwks_uri else client.jwks,
        "jwks_uri": client.jwks_uri,
        "login_issuer": client.issuer,
        **{name: value for name, value in client.details.items() if name != "language"},  # ours, not the client's
        "registration_client_uri": f"{runtime.settings.issuer}/oauth/register/{client.client_id}",
        **secrets,
        **({"client_secret_expires_at": 0} if "client_secret" in secrets else {}),
    }
    body = {name: value for name, value in said.items() if value is not None}
    return Response(body, status_code=status, headers=NO_STORE, media_type="application/json")


@get("/.well-known/jwks.json", right=ANYBODY, api=apis.KEYS)
async def jwks(request: Request[Any, Any, Any]) -> Response[Any]:
    async with here(request).db.read(HUB) as session:
        found = await keys.key_set(session)
    return Response(found, media_type="application/json", headers={"cache-control": "public, max-age=300"})


@get(["/.well-known/oauth-authorization-server"], right=ANYBODY, sync_to_thread=False, api=apis.METADATA)
def metadata(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return endpoints.metadata(here(request).settings)


routes = [token, revoke, introspect, register, registered, change, withdraw, jwks, metadata]
