"""What happens at each endpoint, in one transaction: read what is needed, let Authlib decide, store what follows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from joserfc.jwk import ECKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.directory import people
from services.directory.models import AuthorizationCode, Client, Grant, RefreshToken
from services.directory.oauth import assertions, grants, policy, recent, token_grants
from services.directory.oauth.clients import ACTIVE, by_id, hashed
from services.directory.oauth.keys import signing_key
from services.directory.oauth.server import Loaded, Server
from services.directory.oauth.token_endpoints import Introspection, Revocation
from services.directory.oauth.views import LONGEST_PARAMETER, Answer, ClientView, Request, invalid, readable
from services.directory.people import Person
from services.kit.auth import Verifier
from services.kit.db import HUB, Writer
from services.kit.errors import HubError
from services.kit.messages import Message
from services.kit.service import Runtime
from services.kit.settings import Settings

Form = list[tuple[str, str]]


@dataclass
class Done:
    """An endpoint's answer, what to say in the directory's log, the clients whose keys shall be read again."""

    answer: Answer
    messages: list[Message]
    stale: list[str]
    client_id: str = ""
    """Who authenticated."""


def fault(form: Form, headers: Mapping[str, str]) -> Answer | None:
    """What is wrong with a request before anybody looks into it."""
    names = [name for name, _value in form]
    if len(set(names)) != len(names):
        return invalid(
            "a parameter stands twice", error="invalid_target" if names.count("resource") > 1 else "invalid_request"
        )
    if any("\0" in value or len(value) > LONGEST_PARAMETER for pair in form for value in pair):
        return invalid("a parameter cannot be read")
    ways = ("Authorization" in headers) + ("client_secret" in names) + ("client_assertion" in names)
    if ways > 1:
        return invalid("the client authenticates twice")
    return None


async def quick(runtime: Runtime, form: Form, headers: Mapping[str, str]) -> Done | None:
    """A token for a client that shows rightly who it is, from memory; None for everything else.

    Only that an assertion was used goes to the database, before it counts.
    """
    values = dict(form)
    if values.get("grant_type") != policy.CLIENT_CREDENTIALS or fault(form, headers) is not None:
        return None
    claimed = extract_basic_authorization(readable(headers))[0] or assertions.subject(
        values.get("client_assertion", "")
    )
    if not claimed or values.get("client_id", claimed) != claimed:
        return None
    client = await recent.client(runtime, claimed)
    if client is None or client.method not in policy.CONFIDENTIAL:
        return None
    server = token_grants.register(Server(None, runtime.settings, await recent.key(runtime), Loaded(client=client)))
    answer: Answer = server.create_token_response(Request(values, headers))
    if answer.status != 200:
        return None
    for use in server.uses:
        async with runtime.db.begin(HUB) as session:
            if (await session.execute(assertions.storing(use))).first() is None:
                return None
    return Done(answer, [], [], client.client_id)


async def token(session: Writer, settings: Settings, form: Form, headers: Mapping[str, str]) -> Done:
    """The token endpoint (RFC 6749 section 5), errors included; `form` is the decoded body in order."""
    if (found := fault(form, headers)) is not None:
        return Done(found, [], [])
    if not dict(form).get("grant_type"):
        return Done(invalid("grant_type is missing"), [], [])
    loaded = await load(session, dict(form))
    return await _run(
        session, settings, form, headers, loaded, lambda server, request: server.create_token_response(request)
    )


async def load(session: Writer, form: Mapping[str, str]) -> Loaded:
    """The code or refresh token of a request, locked until the end of the transaction, with its grant and person."""
    found = Loaded()
    if form.get("grant_type") == policy.AUTHORIZATION_CODE and form.get("code"):
        query = select(AuthorizationCode).where(AuthorizationCode.code_hash == hashed(form["code"])).with_for_update()
        found.code = (await session.scalars(query)).one_or_none()
    elif form.get("grant_type") == policy.REFRESH_TOKEN and form.get("refresh_token"):
        wanted = RefreshToken.token_hash == hashed(form["refresh_token"])
        found.refresh = (await session.scalars(select(RefreshToken).where(wanted).with_for_update())).one_or_none()
    row = found.code or found.refresh
    if row is not None:
        # Locked too, so that a second use at the same time waits for the first and finds its traces.
        found.grant = (await session.scalars(select(Grant).where(Grant.id == row.grant_id).with_for_update())).one()
        found.person = await people.person(session, found.grant.account_id, lock=True)
    return found


async def revoke(
    session: Writer, settings: Settings, verifier: Verifier, form: Form, headers: Mapping[str, str]
) -> Done:
    """RFC 7009: a refresh token with all that came of its grant, or one access token."""
    return await _about_token(session, settings, verifier, form, headers, Revocation)


async def introspect(
    session: Writer, settings: Settings, verifier: Verifier, form: Form, headers: Mapping[str, str]
) -> Done:
    """RFC 7662, for a client's own tokens."""
    return await _about_token(session, settings, verifier, form, headers, Introspection)


async def _about_token(
    session: Writer,
    settings: Settings,
    verifier: Verifier,
    form: Form,
    headers: Mapping[str, str],
    endpoint: type[Revocation] | type[Introspection],
) -> Done:
    if (found := fault(form, headers)) is not None:
        return Done(found, [], [])
    text = dict(form).get("token", "")
    loaded = await load(session, {"grant_type": policy.REFRESH_TOKEN, "refresh_token": text})
    claims = None
    try:
        claims = await verifier.claims(text)
    except HubError:
        claims = None

    def ask(server: Server, request: Request) -> Answer:
        server.register_endpoint(endpoint(server, claims))
        answer: Answer = server.create_endpoint_response(endpoint.ENDPOINT_NAME, request)
        return answer

    return await _run(session, settings, form, headers, loaded, ask)


async def _run(
    session: Writer,
    settings: Settings,
    form: Form,
    headers: Mapping[str, str],
    loaded: Loaded,
    ask: Callable[[Server, Request], Answer],
) -> Done:
    key = await signing_key(session, settings.derived("signing"))
    request = Request(dict(form), headers)

    def run(db: Session) -> tuple[Server, Answer]:
        server = _server(db, settings, key, loaded)
        return server, ask(server, request)

    server, answer = await session.run_sync(run)
    messages = list(server.messages)
    for grant_id, reason in server.ended:
        messages += await grants.end(session, [grant_id], reason)
    return Done(answer, messages, server.stale, request.client.get_client_id() if request.client else "")


def _server(db: Session, settings: Settings, key: ECKey, loaded: Loaded) -> Server:
    return token_grants.register(Server(db, settings, key, loaded))


# The authorization endpoint ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A valid authorization request: `scopes` is what the client may be given and the person may give."""

    client: Client
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    resource: str | None
    challenge: str


class NoReturn(Exception):
    """The request names no client or redirect URI that could be trusted: tell the person, send the browser nowhere."""


@dataclass(frozen=True)
class Failed:
    """The request is wrong, and the client learns it at its own redirect URI."""

    location: str


async def asked(session: Writer, settings: Settings, query: Form, person: Person | None) -> Asked | Failed:
    """Check an authorization request (RFC 6749 section 4.1.1, 7636, 8707, 9207). Raises NoReturn.

    Without `person`, the scopes are those of the client alone.
    """
    names = [name for name, _value in query]
    values = dict(query)
    client = await by_id(session, values.get("client_id", ""))
    redirect = values.get("redirect_uri", "")
    view = ClientView(client) if client else None
    twice = len(set(names)) != len(names)
    unreadable = any("\0" in value or len(value) > LONGEST_PARAMETER for pair in query for value in pair)
    if client is None or view is None or client.status != ACTIVE or twice or unreadable:
        raise NoReturn
    if not redirect or not view.check_redirect_uri(redirect):
        raise NoReturn
    if values.get("response_type") != "code":
        kind = "unsupported_response_type" if values.get("response_type") else "invalid_request"
        return Failed(send(redirect, settings.issuer, error=kind, state=values.get("state")))
    key = await signing_key(session, settings.derived("signing"))

    def run(db: Session) -> tuple[Server, Any]:
        server = _server(db, settings, key, Loaded())
        request = Request(values, {}, "GET")
        try:
            grant = server.get_consent_grant(request)
            token_grants.check_resource(server, values.get("resource"))
        except OAuth2Error as error:
            return server, error
        return server, grant

    server, found = await session.run_sync(run)
    if isinstance(found, OAuth2Error):
        why = policy.described(found.get_error_description() or "")
        said = {"error": found.error, "error_description": why, "state": values.get("state")}
        return Failed(send(redirect, settings.issuer, **said))
    wanted = (values.get("scope") or " ".join(client.scopes)).split()
    scopes = tuple(s for s in client.scopes if s in wanted and (person is None or s in person.scopes))
    if not scopes or set(wanted) - set(client.scopes):
        return Failed(send(redirect, settings.issuer, error="invalid_scope", state=values.get("state")))
    return Asked(client, redirect, values.get("state", ""), scopes, server.resource, values["code_challenge"])


def send(redirect_uri: str, issuer: str, **parameters: str | None) -> str:
    """Where the browser goes: the client's own URI, its query as it is, with the answer and who gives it (RFC 9207)."""
    said = urlencode({name: value for name, value in {**parameters, "iss": issuer}.items() if value})
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{said}"


def metadata(settings: Settings) -> dict[str, Any]:
    """Authorization server metadata (RFC 8414)."""
    issuer = settings.issuer
    algorithms = list(policy.ASSERTION_ALGORITHMS)
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "registration_endpoint": f"{issuer}/oauth/register",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "scopes_supported": list(policy.SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(policy.GRANT_TYPES),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": ["de", "en"],
        "service_documentation": f"{issuer}/",
        "token_endpoint_auth_methods_supported": list(policy.METHODS),
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": list(policy.METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": list(policy.CONFIDENTIAL),
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "protected_resources": sorted(policy.resources(settings)),
    }
