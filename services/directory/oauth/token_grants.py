"""The three grants on Authlib's classes: client credentials, authorization code with PKCE, rotating refresh tokens."""

import secrets
from datetime import UTC, datetime
from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from sqlalchemy import insert, update

from services.directory.models import AuthorizationCode, RefreshToken
from services.directory.oauth import policy
from services.directory.oauth.clients import hashed
from services.directory.oauth.server import Loaded, Server
from services.directory.oauth.views import ClientView, User


class InvalidTarget(InvalidRequestError):  # type: ignore[misc]  # Authlib is untyped
    """RFC 8707 section 2."""

    error = "invalid_target"


def check_resource(server: Server, asked: str | None, granted: str | None = None) -> None:
    """Take the audience that was asked for, or the one granted. Raises InvalidTarget for one that is none of ours."""
    if asked is not None and (asked not in policy.resources(server.settings) or granted not in {None, asked}):
        raise InvalidTarget
    server.resource = asked or granted


class Credentials(ClientCredentialsGrant):  # type: ignore[misc]
    def validate_requested_scope(self) -> None:
        """Nothing asked means everything the client has; more than it has is an error, not silently less."""
        check_resource(self.server, self.request.form.get("resource"))
        asked = (self.request.payload.scope or "").split()
        if set(asked) - set(self.request.client.row.scopes):
            raise InvalidScopeError
        self.request.payload.data["scope"] = " ".join(asked or self.request.client.row.scopes)


class Code(AuthorizationCodeGrant):  # type: ignore[misc]
    """The code, its grant and the person are locked and loaded before (`endpoints.load`)."""

    @property
    def loaded(self) -> Loaded:
        found: Loaded = self.server.loaded
        return found

    def query_authorization_code(self, code: str, client: ClientView) -> "_Code | None":
        """The code if it is this client's, fresh and unused; from here on it is used, whatever comes of it.

        A second use ends everything that came of the first.
        """
        row, grant = self.loaded.code, self.loaded.grant
        if row is None or grant is None or grant.client_id != client.get_client_id():
            return None
        if row.used_at is not None:
            self.server.ended.append((grant.id, "code used twice"))
            return None
        self.server.db.execute(
            update(AuthorizationCode)
            .where(AuthorizationCode.code_hash == row.code_hash)
            .values(used_at=datetime.now(UTC))
        )
        if row.expires_at < datetime.now(UTC) or grant.ended_at is not None:
            return None
        return _Code(row, grant)

    def authenticate_user(self, code: "_Code") -> User | None:
        person = self.loaded.person
        check_resource(self.server, self.request.form.get("resource"), code.grant.resource)
        return User(person, code.grant) if person else None

    def generate_token(self, user: User, scope: str, **options: Any) -> dict[str, Any]:
        return _with_refresh(super().generate_token, self, user, scope, **options)

    def delete_authorization_code(self, code: "_Code") -> None:
        """It stays, so that a second use is noticed."""


class _Code:
    def __init__(self, row: Any, grant: Any) -> None:
        self.grant, self.code_challenge, self.code_challenge_method = grant, row.challenge, "S256"
        self.redirect_uri = row.redirect_uri

    def get_redirect_uri(self) -> str:
        return str(self.redirect_uri)

    def get_scope(self) -> str:
        return " ".join(self.grant.scopes)


class Pkce(CodeChallenge):  # type: ignore[misc]
    """S256 and nothing else, from every client (RFC 9700 2.1.1)."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("send a code_challenge with code_challenge_method S256")
        super().validate_code_challenge(grant, redirect_uri)


class Refresh(RefreshTokenGrant):  # type: ignore[misc]
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> "_Refresh | None":
        """The token if it is fresh; one that was used before ends its whole family (RFC 9700 4.14)."""
        row, grant = self.server.loaded.refresh, self.server.loaded.grant
        if row is None or grant is None or grant.client_id != self.request.client.get_client_id():
            return None
        if row.used_at is not None:
            self.server.ended.append((grant.id, "refresh token used twice"))
            return None
        if not policy.lives(row, grant) or grant.ended_at is not None:
            return None
        return _Refresh(row, grant)

    def authenticate_user(self, token: "_Refresh") -> User:
        person = self.server.loaded.person
        if person is None:
            raise InvalidGrantError
        check_resource(self.server, self.request.form.get("resource"), token.grant.resource)
        return User(person, token.grant)

    def generate_token(self, user: User, scope: str, **options: Any) -> dict[str, Any]:
        return _with_refresh(super().generate_token, self, user, scope, **options)

    def revoke_old_credential(self, token: "_Refresh") -> None:
        self.server.db.execute(
            update(RefreshToken)
            .where(RefreshToken.token_hash == token.row.token_hash)
            .values(used_at=datetime.now(UTC))
        )


class _Refresh:
    def __init__(self, row: Any, grant: Any) -> None:
        self.row, self.grant = row, grant

    def check_client(self, client: ClientView) -> bool:
        return bool(self.grant.client_id == client.get_client_id())

    def get_scope(self) -> str:
        return " ".join(self.grant.scopes)


def _with_refresh(
    generate: Any, grant: Any, user: User, scope: str, *, include_refresh_token: bool, **options: Any
) -> dict[str, Any]:
    """A token for what the person may still do, with the next refresh token where the client takes such.

    Raises InvalidScopeError where nothing of it is left.
    """
    client: ClientView = grant.request.client
    allowed = [one for one in scope.split() if one in user.person.scopes and one in client.row.scopes]
    if not allowed:
        raise InvalidScopeError
    token: dict[str, Any] = generate(user=user, scope=" ".join(allowed), include_refresh_token=False, **options)
    if include_refresh_token and client.check_grant_type(policy.REFRESH_TOKEN):
        token["refresh_token"] = secrets.token_urlsafe(32)
        grant.server.db.execute(
            insert(RefreshToken).values(
                token_hash=hashed(token["refresh_token"]),
                grant_id=user.grant.id,
                expires_at=min(datetime.now(UTC) + policy.REFRESH_LIFE, user.grant.expires_at),
            )
        )
    return token


def register(server: Server) -> Server:
    """The grants this hub knows. Device flow and others would be registered here too."""
    server.register_grant(Credentials)
    server.register_grant(Code, [Pkce()])
    server.register_grant(Refresh)
    return server
