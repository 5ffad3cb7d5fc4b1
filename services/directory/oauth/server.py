"""The authorization server: Authlib's own classes on our storage, inside our transaction (RFC 6749, 9068, 9207).

Authlib is framework-neutral but synchronous; `session.run_sync` runs it on the same connection and transaction as
everything else, without stalling the event loop. Its errors become answers, and the transaction commits on them: a code
or token that is used again must stay found out.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidClientError, UnauthorizedClientError
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oauth2.rfc9207 import IssuerParameter
from joserfc.jwk import ECKey, KeySet
from sqlalchemy.orm import Session

from services.directory.models import Client
from services.directory.models import Grant as GrantRow
from services.directory.oauth import policy
from services.directory.oauth.assertions import ClientAssertion
from services.directory.oauth.clients import ACTIVE, is_id, same
from services.directory.people import Person
from services.kit.auth import ALGORITHM
from services.kit.messages import Message
from services.kit.settings import Settings

LONGEST_PARAMETER = 8_000
CHALLENGE = 'Basic realm="lotsennetz", charset="UTF-8"'
ENDPOINT_METHODS = {
    "token": policy.METHODS,
    "revocation": policy.METHODS,
    "introspection": policy.CONFIDENTIAL,
}


@dataclass(frozen=True)
class Answer:
    """What an endpoint says; `location` where it sends a browser on."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    location: str = ""


class ClientView(ClientMixin):  # type: ignore[misc]  # Authlib is untyped
    """A client row in the form Authlib asks for."""

    def __init__(self, row: Client) -> None:
        self.row = row

    def get_client_id(self) -> str:
        return self.row.client_id

    def get_default_redirect_uri(self) -> None:
        """None: every request names the one it means (OAuth 2.1)."""

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(s for s in (scope or "").split() if s in self.row.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return any(policy.redirect_matches(known, redirect_uri) for known in self.row.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        return same(self.row.secret_hash, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return self.row.method == method and method in ENDPOINT_METHODS[endpoint]

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type(policy.AUTHORIZATION_CODE)

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.row.grant_types


@dataclass
class User:
    """The person in whose name a grant was given, in the form Authlib asks for."""

    person: Person
    grant: GrantRow

    def get_user_id(self) -> str:
        return str(self.person.id)


class Tokens(JWTBearerTokenGenerator):  # type: ignore[misc]
    """RFC 9068 access tokens for ten minutes: who, through whom, for which city, for what."""

    def __init__(self, server: "Server") -> None:
        super().__init__(server.settings.issuer, ALGORITHM, expires_generator=policy.TOKEN_SECONDS)
        self.server = server

    def get_jwks(self) -> KeySet:
        # Only from a set does the token get its key's id, without which nobody finds the key after a rotation.
        return KeySet([self.server.key])

    def get_jti(self, client: ClientView, grant_type: str, user: User | None, scope: str) -> str:
        return uuid.uuid4().hex

    def get_audiences(self, client: ClientView, user: User | None, scope: str) -> str:
        return self.server.resource or self.server.settings.issuer

    def get_auth_time(self, user: User | None) -> int | None:
        return int(user.grant.auth_time.timestamp()) if user else None

    def get_amr(self, user: User | None) -> list[str] | None:
        return list(user.grant.amr) if user else None

    def get_extra_claims(self, client: ClientView, grant_type: str, user: User | None, scope: str) -> dict[str, Any]:
        if user is None:
            return {"city": client.row.ags} if client.row.ags else {}
        claims: dict[str, Any] = {"grant": str(user.grant.id), "roles": sorted(user.person.roles)}
        return {**claims, "city": user.person.city} if user.person.city else claims


class Request(OAuth2Request):  # type: ignore[misc]
    def __init__(self, form: dict[str, str], headers: Mapping[str, str], method: str = "POST") -> None:
        # Whether the transport is safe is the proxy's matter; the address seen here is the one behind it.
        super().__init__(method, "https://hub/oauth", headers=dict(readable(headers)))
        self._form, self.sent = form, frozenset(headers)
        self.payload = BasicOAuth2Payload(form)

    @property
    def form(self) -> dict[str, str]:
        return self._form

    @property
    def args(self) -> dict[str, str]:
        return self._form


class _Issuer(IssuerParameter):  # type: ignore[misc]
    def __init__(self, server: "Server") -> None:
        self.server = server
        self(server)

    def get_issuer(self) -> str:
        return self.server.settings.issuer


@dataclass
class Loaded:
    """What the transaction holds of a request's code or refresh token, locked; see `endpoints.load`."""

    client: Client | None = None
    grant: GrantRow | None = None
    code: Any = None
    refresh: Any = None
    person: Person | None = None


class Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server bound to one database transaction, or to none where all it needs is loaded.

    What it decides beside its answer is left in `ended` (grants to end, with the reason), `stale` (clients whose keys
    shall be read again) and `messages`.
    """

    def __init__(self, db: Session | None, settings: Settings, key: ECKey, loaded: Loaded | None = None) -> None:
        super().__init__(scopes_supported=policy.SCOPES)
        self._db, self.settings, self.key = db, settings, key
        self.loaded = loaded or Loaded()
        self.resource: str | None = None
        self.ended: list[tuple[uuid.UUID, str]] = []
        self.stale: list[str] = []
        self.messages: list[Message] = []
        self.register_client_auth_method(policy.PRIVATE_KEY_JWT, ClientAssertion(self))
        self.register_token_generator("default", Tokens(self))
        self.register_extension(_Issuer)

    @property
    def db(self) -> Session:
        assert self._db is not None, "only a transaction takes codes, refresh tokens and assertions"
        return self._db

    def query_client(self, client_id: str) -> ClientView | None:
        if self.loaded.client is not None and self.loaded.client.client_id == client_id:
            return ClientView(self.loaded.client)
        row = self.db.get(Client, client_id) if is_id(client_id) else None
        return ClientView(row) if row else None

    def authenticate_client(self, request: Request, methods: Any, endpoint: str = "token") -> ClientView:
        """Every method for every grant; which one a client uses stands in its registration."""
        client: ClientView = super().authenticate_client(request, ENDPOINT_METHODS[endpoint], endpoint)
        named = request.payload.client_id
        failed = request.auth_method == policy.NONE and "Authorization" in request.sent
        if failed or (named and named != client.get_client_id()):
            raise InvalidClientError
        if client.row.status != ACTIVE:
            raise UnauthorizedClientError(f"the registration of this client is {client.row.status}")
        return client

    def save_token(self, token: dict[str, Any], request: Request) -> None:
        """Access tokens carry their own truth and live ten minutes; refresh tokens are stored by their grants."""

    def create_oauth2_request(self, request: Request) -> Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        found = dict(headers)
        if isinstance(body, dict) and body.get("error") == "invalid_client":
            # One answer for a wrong secret, an unknown client and a bad assertion; the challenge as RFC 7617 wants it.
            return Answer(401, {"error": "invalid_client"}, {**found, "WWW-Authenticate": CHALLENGE})
        said = dict(body) if isinstance(body, dict) else {}
        if "error_description" in said:  # Authlib's quote what was asked
            said["error_description"] = policy.described(said["error_description"])
        return Answer(status, said, found, found.get("Location", ""))

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""


def readable(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers, without credentials that are no text: those are nobody's, like a wrong secret."""
    try:
        credentials = extract_basic_authorization(headers)
    except ValueError:
        return {}
    return {} if any("\0" in (part or "") for part in credentials) else headers


def invalid(description: str, status: int = 400, error: str = "invalid_request") -> Answer:
    """The answer to a request that cannot be read (RFC 6749 section 5.2)."""
    body = {"error": error, "error_description": description}
    return Answer(status, body, {})
