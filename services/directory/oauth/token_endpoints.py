"""Revocation (RFC 7009) and introspection (RFC 7662) on Authlib's classes. A client learns of its own tokens only."""

import time
from typing import Any

from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from services.directory.models import Grant, RefreshToken
from services.directory.oauth import policy
from services.directory.oauth.server import Server
from services.directory.oauth.views import ClientView, Request
from services.kit import revoked
from services.kit.auth import Claims


class Access:
    """An access token that is ours and still counts."""

    def __init__(self, claims: Claims) -> None:
        self.claims = claims

    def check_client(self, client: ClientView) -> bool:
        return self.claims.client_id == client.get_client_id()

    def is_expired(self) -> bool:
        return self.claims.exp <= time.time()  # believed for a moment longer, for clocks that are late

    def is_revoked(self) -> bool:
        return False


class Refreshing:
    """A refresh token of ours."""

    def __init__(self, row: RefreshToken, grant: Grant, *, living: bool) -> None:
        self.row, self.grant, self.living = row, grant, living

    def check_client(self, client: ClientView) -> bool:
        return self.grant.client_id == client.get_client_id()

    def is_expired(self) -> bool:
        return not self.living

    def is_revoked(self) -> bool:
        return self.row.used_at is not None or self.grant.ended_at is not None


class _About:
    """What both endpoints know of the token in question, found before."""

    ENDPOINT_NAME: str

    def __init__(self, server: Server, claims: Claims | None) -> None:
        super().__init__(server)  # type: ignore[call-arg]  # Authlib's Endpoint
        self.own, self.claims = server, claims

    def create_endpoint_request(self, request: Request) -> Request:
        return request

    def authenticate_endpoint_client(self, request: Request) -> ClientView:
        request.client = self.own.authenticate_client(request, (), self.ENDPOINT_NAME)
        client: ClientView = request.client
        return client

    def query_token(self, token_string: str, token_type_hint: str | None) -> Access | Refreshing | None:
        """Hints are for servers that would have to search; an unknown one changes nothing."""
        loaded = self.own.loaded
        if loaded.refresh is not None and loaded.grant is not None:
            return Refreshing(loaded.refresh, loaded.grant, living=policy.lives(loaded.refresh, loaded.grant))
        return Access(self.claims) if self.claims else None

    def check_params(self, request: Request, client: ClientView) -> None:
        from authlib.oauth2.rfc6749.errors import InvalidRequestError

        if not request.form.get("token"):
            raise InvalidRequestError("token is missing")


class Revocation(_About, RevocationEndpoint):  # type: ignore[misc]  # Authlib is untyped
    def authenticate_token(self, request: Request, client: ClientView) -> Access | Refreshing | None:
        """Another client's token is as unknown as none (RFC 7009 section 2.2), so that nobody can try them out."""
        self.check_params(request, client)
        token = self.query_token(request.form["token"], None)
        return token if token and token.check_client(client) else None

    def revoke_token(self, token: Access | Refreshing, request: Request) -> None:
        if isinstance(token, Refreshing):
            self.own.ended.append((token.grant.id, "revoked"))
        else:
            self.own.messages += revoked.names("token", [token.claims.jti], policy.TOKEN_SECONDS)


class Introspection(_About, IntrospectionEndpoint):  # type: ignore[misc]
    def check_permission(self, token: Access | Refreshing, client: ClientView, request: Request) -> bool:
        return token.check_client(client)

    def introspect_token(self, token: Access | Refreshing) -> dict[str, Any]:
        if isinstance(token, Refreshing):
            return {
                "active": True,
                "client_id": token.grant.client_id,
                "sub": str(token.grant.account_id),
                "scope": " ".join(token.grant.scopes),
                "exp": int(min(token.row.expires_at, token.grant.expires_at).timestamp()),
                "iss": self.own.settings.issuer,
            }
        claims = token.claims
        said = {"active": True, "token_type": "Bearer", "client_id": claims.client_id, "sub": claims.sub,
                "scope": claims.scope, "exp": claims.exp, "iat": claims.iat, "iss": claims.iss, "aud": claims.aud,
                "jti": claims.jti}  # fmt: skip
        return {**said, "city": claims.city} if claims.city else said
