"""The authorization server: Authlib's own classes on our storage, inside our transaction (RFC 6749, 9068, 9207).

Authlib is framework-neutral but synchronous; `session.run_sync` runs it on the same connection and transaction as
everything else, without stalling the event loop. Its errors become answers, and the transaction commits on them: a code
or token that is used again must stay found out.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6749.errors import InvalidClientError, UnauthorizedClientError
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oauth2.rfc9207 import IssuerParameter
from joserfc.jwk import ECKey, KeySet
from sqlalchemy.orm import Session

from services.directory.models import Client
from services.directory.models import Grant as GrantRow
from services.directory.oauth import policy
from services.directory.oauth.assertions import ClientAssertion, Use, storing
from services.directory.oauth.clients import ACTIVE, is_id
from services.directory.oauth.views import ENDPOINT_METHODS, Answer, ClientView, Request, User
from services.directory.people import Person
from services.kit.auth import ALGORITHM, token_id
from services.kit.messages import Message
from services.kit.settings import Settings

CHALLENGE = 'Basic realm="lotsennetz", charset="UTF-8"'


class Tokens(JWTBearerTokenGenerator):  # type: ignore[misc]
    """RFC 9068 access tokens for ten minutes: who, through whom, for which city, for what."""

    def __init__(self, server: "Server") -> None:
        super().__init__(server.settings.issuer, ALGORITHM, expires_generator=policy.TOKEN_SECONDS)
        self.server = server

    def get_jwks(self) -> KeySet:
        # Only from a set does the token get its key's id, without which nobody finds the key after a rotation.
        return KeySet([self.server.key])

    def get_jti(self, client: ClientView, grant_type: str, user: User | None, scope: str) -> str:
        return token_id()

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
    shall be read again), `messages`, and without a transaction `uses` (assertions that must be stored to count once).
    """

    def __init__(self, db: Session | None, settings: Settings, key: ECKey, loaded: Loaded | None = None) -> None:
        super().__init__(scopes_supported=policy.SCOPES)
        self._db, self.settings, self.key = db, settings, key
        self.loaded = loaded or Loaded()
        self.resource: str | None = None
        self.ended: list[tuple[uuid.UUID, str]] = []
        self.stale: list[str] = []
        self.uses: list[Use] = []
        self.messages: list[Message] = []
        self.register_client_auth_method(policy.PRIVATE_KEY_JWT, ClientAssertion(settings, self._first, self.stale))
        self.register_token_generator("default", Tokens(self))
        self.register_extension(_Issuer)

    @property
    def db(self) -> Session:
        assert self._db is not None, "only a transaction takes codes and refresh tokens"
        return self._db

    def _first(self, use: Use) -> bool:
        if self._db is None:
            self.uses.append(use)
            return True
        return self._db.execute(storing(use)).first() is not None

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
