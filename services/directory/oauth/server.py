"""The authorization server: Authlib's own classes on our storage, inside our transaction (RFC 6749, 9068, 8414).

Authlib is framework-neutral but synchronous; `session.run_sync` runs it on the same connection and transaction as
everything else, without stalling the event loop.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import insert
from sqlalchemy.orm import Session

from services.directory.access import CLIENT_SCOPES
from services.directory.models import Client
from services.directory.oauth.keys import signing_key
from services.kit.auth import ALGORITHM
from services.kit.db import Writer
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

TOKEN_SECONDS = 600
SCOPES = CLIENT_SCOPES
LONGEST_PARAMETER = 4_000
CHALLENGE = 'Basic realm="lotsennetz", charset="UTF-8"'


@dataclass(frozen=True)
class Credentials:
    """Shown once, when a client is made."""

    client_id: str
    client_secret: str


async def register(session: Writer, name: str, ags: str | None, scopes: tuple[str, ...]) -> Credentials:
    """A new client that may act at once. Raises Refused for scopes the hub does not know."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise Refused(
            _("Unknown scopes: {scopes}. Known are: {known}", scopes=", ".join(unknown), known=" ".join(SCOPES))
        )
    made = Credentials(f"c-{secrets.token_urlsafe(12)}", secrets.token_urlsafe(32))
    await session.execute(
        insert(Client).values(
            client_id=made.client_id,
            name=name,
            status="active",
            ags=ags,
            scopes=list(scopes),
            method="client_secret_basic",
            secret_hash=_hash(made.client_secret),
            grant_types=["client_credentials"],
            redirect_uris=[],
            details={},
        )
    )
    return made


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class _Client(ClientMixin):  # type: ignore[misc]  # Authlib is untyped
    """A client row in the form Authlib asks for."""

    def __init__(self, row: Client) -> None:
        self.row = row

    def get_client_id(self) -> str:
        return self.row.client_id

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(s for s in (scope or "").split() if s in self.row.scopes)

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(self.row.secret_hash or "", _hash(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return bool(method == "client_secret_basic" and endpoint == "token")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def validate_requested_scope(self) -> None:
        """Nothing asked means everything the client has; more than it has is an error, not silently less."""
        asked = (self.request.payload.scope or "").split()
        if set(asked) - set(self.request.client.row.scopes):
            raise InvalidScopeError
        self.request.payload.data["scope"] = " ".join(asked or self.request.client.row.scopes)


class _Tokens(JWTBearerTokenGenerator):  # type: ignore[misc]
    """RFC 9068 tokens for ten minutes with the client's city."""

    def __init__(self, issuer: str, key: ECKey) -> None:
        super().__init__(issuer, ALGORITHM, expires_generator=TOKEN_SECONDS)
        self.key = key

    def get_jwks(self) -> KeySet:
        # Only from a set does the token get its key's id, without which nobody finds the key after a rotation.
        return KeySet([self.key])

    def get_audiences(self, client: _Client, user: object, scope: str) -> str:
        return str(self.issuer)

    def get_extra_claims(self, client: _Client, grant_type: str, user: object, scope: str) -> dict[str, Any]:
        return {"city": client.row.ags} if client.row.ags else {}


class _Request(OAuth2Request):  # type: ignore[misc]
    def __init__(self, form: dict[str, str], headers: Mapping[str, str]) -> None:
        # Whether the transport is safe is the proxy's matter; the address seen here is the one behind it.
        super().__init__("POST", "https://hub/oauth/token", headers=dict(headers))
        self._form = form
        self.payload = BasicOAuth2Payload(form)

    @property
    def form(self) -> dict[str, str]:
        return self._form


class _Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server bound to one database transaction."""

    def __init__(self, db: Session, issuer: str, key: ECKey) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.db = db
        self.register_grant(_Grant)
        self.register_token_generator("default", _Tokens(issuer, key))

    def query_client(self, client_id: str) -> _Client | None:
        row = self.db.get(Client, client_id)
        return _Client(row) if row else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Access tokens carry their own truth and live ten minutes: nothing to store."""

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> "TokenAnswer":
        # Authlib's challenge names no realm, which RFC 7617 wants.
        challenge = {"WWW-Authenticate": CHALLENGE} if status == 401 else {}
        return TokenAnswer(status, body, {**dict(headers), **challenge})

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""


@dataclass(frozen=True)
class TokenAnswer:
    status: int
    body: dict[str, Any]
    headers: dict[str, str]


async def token(
    session: Writer, issuer: str, seal: bytes, form: list[tuple[str, str]], headers: Mapping[str, str]
) -> TokenAnswer:
    """The token endpoint's answer (RFC 6749 section 5), errors included; `form` is the decoded body in order."""
    names = [name for name, _value in form]
    if len(set(names)) != len(names):
        return invalid("a parameter stands twice")
    if any("\0" in value or len(value) > LONGEST_PARAMETER for pair in form for value in pair):
        return invalid("a parameter cannot be read")
    if not dict(form).get("grant_type"):
        return invalid("grant_type is missing")
    if "Authorization" in headers and "client_secret" in names:
        return invalid("the client authenticates twice")
    key = await signing_key(session, seal)
    request = _Request(dict(form), _readable(headers))
    return await session.run_sync(lambda db: _Server(db, issuer, key).create_token_response(request))


def _readable(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers, without credentials that are no text: those are nobody's, like a wrong secret."""
    try:
        credentials = extract_basic_authorization(headers)
    except ValueError:
        return {}
    return {} if any("\0" in (part or "") for part in credentials) else headers


def invalid(description: str, status: int = 400) -> TokenAnswer:
    """The answer to a request that cannot be read (RFC 6749 section 5.2)."""
    body = {"error": "invalid_request", "error_description": description}
    return TokenAnswer(status, body, {"Cache-Control": "no-store", "Pragma": "no-cache"})


def metadata(issuer: str) -> dict[str, Any]:
    """Authorization server metadata (RFC 8414)."""
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth/token",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "scopes_supported": list(SCOPES),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }
