"""Clients that authenticate with a signed assertion (private_key_jwt: RFC 7523, OpenID Connect Core 9).

Authlib checks issuer, subject, audience and expiry; ours are the algorithms, the short life, single use, and keys that
were read beforehand: no request of ours waits for a client's `jwks_uri`.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import insert as upsert

from services.directory.models import Assertion
from services.directory.oauth import policy
from services.directory.oauth.clients import hashed
from services.directory.oauth.views import ClientView
from services.kit.settings import Settings

LONGEST_JTI = 200
LONGEST_ASSERTION = 8_000


@dataclass(frozen=True)
class Use:
    """An assertion that authenticated a client."""

    client_id: str
    jti_hash: str
    expires_at: datetime


def storing(use: Use) -> Executable:
    """Stores the use and returns a row, or none where it was stored before: of two at once, one is the first."""
    values = {"client_id": use.client_id, "jti_hash": use.jti_hash, "expires_at": use.expires_at}
    return upsert(Assertion).values(values).on_conflict_do_nothing().returning(Assertion.jti_hash)


def subject(assertion: str) -> str:
    """Whose assertion this claims to be, unverified; empty for what is none."""
    try:
        claims = json.loads(jws.extract_compact(assertion.encode("ascii")).payload)
        found = claims["sub"]
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


class ClientAssertion(JWTBearerClientAssertion):  # type: ignore[misc]  # Authlib is untyped
    """For one request. `first` says whether a use is the first; clients with keys to be read again go into `stale`."""

    CLIENT_AUTH_METHOD = policy.PRIVATE_KEY_JWT

    def __init__(self, settings: Settings, first: Callable[[Use], bool], stale: list[str]) -> None:
        super().__init__(leeway=policy.LEEWAY_SECONDS)
        self.settings, self.first, self.stale = settings, first, stale

    def __call__(self, query_client: Any, request: Any) -> Any:
        try:
            return super().__call__(query_client, request)
        except (JoseError, ValueError, TypeError, AttributeError, KeyError, RecursionError) as problem:
            raise InvalidClientError from problem

    def authenticate_client(self, client: ClientView) -> ClientView:
        """Where the client may do so is asked by who calls, for the endpoint at hand."""
        return client

    def extract_assertion(self, assertion: str) -> Any:
        if len(assertion) > LONGEST_ASSERTION or not assertion.isascii():
            raise InvalidClientError
        headers, claims = super().extract_assertion(assertion)
        self.kid = headers.get("kid")
        return headers, claims

    def resolve_client_public_key(self, client: ClientView) -> KeySet:
        row = client.row
        found = row.jwks or {}
        if row.jwks_uri and self.kid not in {key.get("kid") for key in found.get("keys", ())}:
            self.stale.append(row.client_id)
        if row.method != policy.PRIVATE_KEY_JWT or not found:
            raise InvalidClientError
        return KeySet.import_key_set(found)  # type: ignore[arg-type]  # checked when it was stored

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> dict[str, Any]:
        token = jwt.decode(assertion, resolve_key, algorithms=list(policy.ASSERTION_ALGORITHMS))
        self.verify_claims(token.claims)
        return token.claims

    def get_audiences(self) -> list[str]:
        issuer = self.settings.issuer
        return [issuer, *(f"{issuer}/oauth/{name}" for name in ("token", "revoke", "introspect"))]

    def verify_claims(self, claims: dict[str, Any]) -> None:
        """Raises InvalidClientError unless every claim has its type and the assertion lives five minutes at most."""
        now, audience = time.time(), claims.get("aud")
        times = [claims.get(name) for name in ("exp", "iat", "nbf") if name in claims]
        numbers = all(isinstance(one, (int, float)) and not isinstance(one, bool) and abs(one) < 1e11 for one in times)
        texts = all(isinstance(claims.get(name), str) and claims[name] for name in ("iss", "sub", "jti"))
        alone = isinstance(audience, str) or (isinstance(audience, list) and len(audience) == 1)
        if not numbers or not texts or not alone or "exp" not in claims or len(claims["jti"]) > LONGEST_JTI:
            raise InvalidClientError
        too_long = claims["exp"] - claims.get("iat", now) > policy.ASSERTION_SECONDS
        if too_long or claims["exp"] - now > policy.ASSERTION_SECONDS + policy.LEEWAY_SECONDS:
            raise InvalidClientError
        super().verify_claims(claims)

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        """Whether the assertion is used for the first time."""
        until = datetime.fromtimestamp(claims["exp"], UTC) + timedelta(seconds=2 * policy.LEEWAY_SECONDS)
        return self.first(Use(claims["sub"], hashed(jti), until))
