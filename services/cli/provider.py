"""A local OpenID provider for the demo and the tests: stands for a town's own login.

Real protocol on Authlib's own server classes: discovery, the authorization code flow with PKCE, ES256. Its login page
lists invented people instead of asking for a password, its memory is the process, and it listens on loopback only.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import uvicorn
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.errors import OAuth2Error
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core import OpenIDCode as OpenIDCodeBase
from authlib.oidc.core import UserInfo
from authlib.oidc.core.models import AuthorizationCodeMixin
from joserfc.jwk import ECKey
from litestar import Litestar, Request, Response, get, post
from litestar.handlers import HTTPRouteHandler

from services.cli.serving import bind
from services.kit import i18n, pages
from services.kit.graphql import read_body
from services.kit.i18n import gettext as _
from services.kit.web import static

ALGORITHM = "ES256"
CODE_SECONDS = 60
MOST_CODES = 1_000
MOST_BYTES = 20_000
HTML = "text/html; charset=utf-8"
PAGE_HEADERS = {
    "content-security-policy": pages.POLICY,  # its form ends at the hub, by redirect
    "cache-control": "no-store",
}
SCOPES = ("openid", "profile", "email")


class Person(msgspec.Struct, frozen=True):
    """An invented person; `claims` go into the ID token beside the named ones."""

    sub: str
    name: str
    email: str = ""
    groups: list[str] = []
    amr: list[str] = msgspec.field(default_factory=lambda: ["pwd"])
    claims: dict[str, Any] = {}


@dataclass(frozen=True)
class LocalClient(ClientMixin):  # type: ignore[misc]  # Authlib is untyped
    """A client of the provider, public without a secret."""

    client_id: str
    redirect_uris: tuple[str, ...]
    secret: str | None = None

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uris[0]

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(one for one in (scope or "").split() if one in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret is not None and secrets.compare_digest(self.secret, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in ({"client_secret_basic", "client_secret_post"} if self.secret else {"none"})

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass(frozen=True)
class _Code(AuthorizationCodeMixin):  # type: ignore[misc]
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    person: Person
    code: str
    auth_time: int = field(default_factory=lambda: int(time.time()))

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_amr(self) -> list[str]:
        return self.person.amr


class _Grant(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        said, codes = request.payload.data, self.server.codes
        while len(codes) >= MOST_CODES:
            codes.pop(next(iter(codes)))
        codes[code] = _Code(
            request.client.client_id, request.payload.redirect_uri, request.scope, said.get("nonce"),
            said.get("code_challenge"), said.get("code_challenge_method"), request.user, code,
        )  # fmt: skip

    def query_authorization_code(self, code: str, client: LocalClient) -> _Code | None:
        found = self.server.codes.get(code)
        right = found is not None and found.client_id == client.client_id
        return found if right and found.auth_time > time.time() - CODE_SECONDS else None

    def delete_authorization_code(self, authorization_code: _Code) -> None:
        self.server.codes.pop(authorization_code.code, None)

    def authenticate_user(self, authorization_code: _Code) -> Person:
        return authorization_code.person


class _IDToken(OpenIDCodeBase):  # type: ignore[misc]
    def __init__(self, issuer: str, key: ECKey) -> None:
        super().__init__(require_nonce=True)
        self.issuer, self.key = issuer, key

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        return False  # the page asks again with the same one; the code is what counts once

    def resolve_client_private_key(self, client: LocalClient) -> ECKey:
        return self.key

    def get_client_algorithm(self, client: LocalClient) -> str:
        return ALGORITHM

    def get_encode_header(self, client: LocalClient) -> dict[str, str]:
        return {"alg": ALGORITHM, "kid": self.key.kid or ""}

    def get_client_claims(self, client: LocalClient) -> dict[str, Any]:
        return {"iss": self.issuer, "aud": [client.client_id]}

    def generate_user_info(self, user: Person, scope: str) -> UserInfo:
        email = {"email": user.email, "email_verified": True} if user.email and "email" in scope.split() else {}
        return UserInfo(sub=user.sub, name=user.name, groups=user.groups, **email, **user.claims)


class _S256(CodeChallenge):  # type: ignore[misc]
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)


class _Issuer(IssuerParameter):  # type: ignore[misc]
    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def get_issuer(self) -> str:
        return self.issuer


class _Request(OAuth2Request):  # type: ignore[misc]
    def __init__(self, method: str, said: dict[str, str], headers: Mapping[str, str]) -> None:
        # Authlib wants https; this provider is on loopback, where nobody listens between.
        super().__init__(method, "https://localhost/", headers=dict(headers))
        self._said, self.payload = said, BasicOAuth2Payload(said)

    @property
    def args(self) -> dict[str, str]:
        return self._said

    @property
    def form(self) -> dict[str, str]:
        return self._said


@dataclass
class _Answer:
    status: int
    body: Any
    headers: dict[str, str]

    @property
    def location(self) -> str | None:
        return self.headers.get("Location")

    @location.setter
    def location(self, value: str) -> None:
        self.headers["Location"] = value

    def response(self) -> Response[Any]:
        kind = {} if isinstance(self.body, str) else {"media_type": "application/json"}
        return Response(self.body or None, status_code=self.status, headers=self.headers, **kind)  # type: ignore[arg-type]


class LocalProvider(AuthorizationServer):  # type: ignore[misc]
    """One issuer with its people, clients and key."""

    def __init__(self, issuer: str, people: Sequence[Person], clients: Sequence[LocalClient]) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.issuer, self.people = issuer, {person.sub: person for person in people}
        self.clients = {client.client_id: client for client in clients}
        self.codes: dict[str, _Code] = {}
        self.key = ECKey.generate_key("P-256", auto_kid=True)
        self.register_grant(_Grant, [_S256(required=True), _IDToken(issuer, self.key)])
        self.register_token_generator("default", _bearer)
        self.register_extension(_Issuer(issuer))

    def query_client(self, client_id: str) -> LocalClient | None:
        return self.clients.get(client_id)

    def save_token(self, token: object, request: OAuth2Request) -> None:
        """The access token opens nothing: everything is in the ID token."""

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> _Answer:
        return _Answer(status, body, dict(headers))

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def metadata(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0, section 3."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "claims_supported": ["sub", "name", "email", "groups", "amr"],
        }

    def jwks(self) -> dict[str, Any]:
        return {"keys": [{**self.key.as_dict(private=False), "use": "sig", "alg": ALGORITHM}]}

    def asked(self, said: dict[str, str]) -> _Answer | None:
        """What is wrong with an authorization request, as its answer; None for a right one."""
        request = _Request("GET", said, {})
        try:
            self.get_consent_grant(request)
        except OAuth2Error as problem:
            return self._told(request, problem)
        return None

    def chosen(self, said: dict[str, str], person: Person | None) -> _Answer:
        """The redirect back to the client, with a code for `person` or without one."""
        request = _Request("POST", said, {})
        try:
            grant = self.get_consent_grant(request, end_user=person)
        except OAuth2Error as problem:
            return self._told(request, problem)
        answer: _Answer = self.create_authorization_response(request, grant_user=person, grant=grant)
        return answer

    def _told(self, request: _Request, problem: OAuth2Error) -> _Answer:
        answer: _Answer = self.handle_error_response(request, problem)
        return answer


def _bearer(**_asked: object) -> dict[str, Any]:
    scope = _asked.get("scope")
    return {"token_type": "Bearer", "access_token": secrets.token_urlsafe(24), "expires_in": 60, "scope": scope}


def _routes(provider: LocalProvider, path: str, title: str) -> list[HTTPRouteHandler]:
    @get(f"{path}/.well-known/openid-configuration", sync_to_thread=False)
    def discovery() -> dict[str, Any]:
        return provider.metadata()

    @get(f"{path}/jwks", sync_to_thread=False)
    def jwks() -> dict[str, Any]:
        return provider.jwks()

    @get(f"{path}/authorize", sync_to_thread=False)
    def ask(request: Request[Any, Any, Any]) -> Response[Any]:
        """The login page: whom would you like to be?"""
        said = dict(parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=50))
        wrong = provider.asked(said)
        if wrong is not None:
            return wrong.response()
        language = i18n.accepted(request.headers.get("accept-language"))
        with i18n.speaking(language):
            html = pages.templates.get_template("cli/provider.html").render(
                language=language, title=title or _("Login of the town"), asked=said, people=provider.people.values()
            )
        return Response(html, media_type=HTML, headers=PAGE_HEADERS)

    @post(f"{path}/authorize", status_code=302)
    async def choose(request: Request[Any, Any, Any]) -> Response[Any]:
        said = await _form(request)
        return provider.chosen(said, provider.people.get(said.pop("person", ""))).response()

    @post(f"{path}/token", status_code=200)
    async def token(request: Request[Any, Any, Any]) -> Response[Any]:
        headers = {name.title(): value for name, value in request.headers.items()}
        answer: _Answer = provider.create_token_response(_Request("POST", await _form(request), headers))
        return answer.response()

    return [discovery, jwks, ask, choose, token]


async def _form(request: Request[Any, Any, Any]) -> dict[str, str]:
    body = (await read_body(request, MOST_BYTES)).decode()
    return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=50))


@contextlib.asynccontextmanager
async def local_provider(
    *,
    people: Sequence[Person],
    clients: Sequence[LocalClient],
    port: int = 0,
    issuer_path: str = "",
    title: str = "",
) -> AsyncIterator[str]:
    """A provider on loopback for as long as this lasts; yields its issuer, which ends with `issuer_path`."""
    listener = bind("127.0.0.1", port)
    issuer = f"http://127.0.0.1:{listener.getsockname()[1]}{issuer_path}"
    handlers = [*_routes(LocalProvider(issuer, people, clients), issuer_path, title), static]
    app = Litestar(handlers, openapi_config=None, logging_config=None)
    server = _Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", server_header=False))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if task.done():
                await task
                raise RuntimeError("the login provider ended before it started")
            await asyncio.sleep(0.02)
        yield issuer
    finally:
        server.should_exit = True
        await task
        listener.close()


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it: it ends with the block it stands in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
