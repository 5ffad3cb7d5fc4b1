"""What Authlib sees of ours: requests as they came, rows in the form it asks for, answers as they go out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6749.util import extract_basic_authorization

from services.directory.models import Client
from services.directory.models import Grant as GrantRow
from services.directory.oauth import policy
from services.directory.oauth.clients import same
from services.directory.people import Person

LONGEST_PARAMETER = 8_000
BASIC = re.compile(r"[A-Za-z0-9+/]+={0,2}")
"""RFC 7617; two headers that a proxy joined are none."""
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


def readable(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers, without credentials that are no text: those are nobody's, like a wrong secret."""
    given = headers.get("Authorization", "")
    if given[:6].lower() == "basic " and not BASIC.fullmatch(given[6:]):
        return {}
    try:
        credentials = extract_basic_authorization(headers)
    except ValueError:
        return {}
    return {} if any("\0" in (part or "") for part in credentials) else headers


def invalid(description: str, status: int = 400, error: str = "invalid_request") -> Answer:
    """The answer to a request that cannot be read (RFC 6749 section 5.2)."""
    body = {"error": error, "error_description": description}
    return Answer(status, body, {})
