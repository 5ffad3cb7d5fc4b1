"""What the authorization server allows: lifetimes, methods, algorithms, and which redirect URIs may be registered.

OAuth 2.1 (draft-ietf-oauth-v2-1), RFC 9700 (best current practice), RFC 8252 (loopback redirects).
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import SplitResult, urlsplit

from services.directory.access import CLIENT_SCOPES
from services.directory.models import Grant, RefreshToken
from services.kit.addresses import permitted
from services.kit.settings import Settings

TOKEN_SECONDS: Final = 600
CODE_LIFE: Final = timedelta(seconds=60)
REFRESH_LIFE: Final = timedelta(days=14)
"""A refresh token that nobody uses for so long is gone."""
GRANT_LIFE: Final = timedelta(days=90)
"""After which a person is asked again, however busily the client refreshes."""
ASSERTION_SECONDS: Final = 300
LEEWAY_SECONDS: Final = 30
MEMORY_SECONDS: Final = 1.0
"""For how long a process may answer from what it read (`recent`)."""

SCOPES: Final = CLIENT_SCOPES
CLIENT_CREDENTIALS, AUTHORIZATION_CODE, REFRESH_TOKEN = "client_credentials", "authorization_code", "refresh_token"
GRANT_TYPES: Final = (CLIENT_CREDENTIALS, AUTHORIZATION_CODE, REFRESH_TOKEN)
PRIVATE_KEY_JWT, SECRET_BASIC, NONE = "private_key_jwt", "client_secret_basic", "none"
METHODS: Final = (PRIVATE_KEY_JWT, SECRET_BASIC, NONE)
CONFIDENTIAL: Final = (PRIVATE_KEY_JWT, SECRET_BASIC)
ASSERTION_ALGORITHMS: Final = ("ES256", "PS256", "RS256", "Ed25519", "EdDSA")

LONGEST_DESCRIPTION = 300
LONGEST_URI = 500
_URI = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
LOOPBACK = ("127.0.0.1", "::1")
_LOOPBACK_URI = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?((?:[/?][A-Za-z0-9._~:/?@!$&'()*+,;=%-]*)?)")


def redirect_fault(uri: str, *, local: bool) -> str | None:
    """What is wrong with a redirect URI for registration, in English for developers; None where nothing is.

    https with a host name, or http to a loopback address literal for programs on a person's own machine. With `local`
    (demo and tests) `localhost` too.
    """
    if len(uri) > LONGEST_URI or not _URI.fullmatch(uri):
        return f"a redirect URI has at most {LONGEST_URI} ASCII characters, no white space and no fragment"
    parts = _split(uri)
    if parts is None or not parts.hostname:
        return "a redirect URI is an absolute URI with a host"
    if "@" in parts.netloc:
        return "a redirect URI has no user information"
    if "%2e" in uri.lower() or any(step in {".", ".."} for step in parts.path.split("/")):
        return "a redirect URI has no dot segments"
    if parts.scheme == "http":
        near = parts.hostname in LOOPBACK or (local and parts.hostname == "localhost")
        return None if near else "http is for 127.0.0.1 and [::1] only; use https"
    if parts.scheme != "https":
        return "a redirect URI starts with https://"
    if not uri.startswith(f"https://{parts.netloc.lower()}"):
        return "write scheme and host in lower case"
    if not _HOST.fullmatch(parts.hostname) and not permitted(parts.hostname):
        return "the host is no name or address that browsers elsewhere can reach"
    return None


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _port = parts.port
    except ValueError:
        return None
    return parts


def redirect_matches(registered: str, asked: str) -> bool:
    """Exactly the same text (RFC 9700 4.1.3); only a loopback address leaves the port to the program (RFC 8252 7.3)."""
    if registered == asked:
        return True
    here, there = _LOOPBACK_URI.fullmatch(registered), _LOOPBACK_URI.fullmatch(asked)
    return here is not None and there is not None and here.groups() == there.groups()


def described(text: str) -> str:
    """`text` as RFC 6749 allows it in descriptions: printable ASCII without quotes and backslashes."""
    return "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "'" for c in text)[:LONGEST_DESCRIPTION]


def resources(settings: Settings, services: tuple[str, ...] = ("directory", "matching", "events")) -> frozenset[str]:
    """What a token can be made for (RFC 8707): the whole hub, or one of its services."""
    return frozenset({settings.issuer, *(settings.resource(service) for service in services)})


def lives(refresh: RefreshToken, grant: Grant) -> bool:
    """Whether a refresh token has not run out by itself or with its grant."""
    return min(refresh.expires_at, grant.expires_at) > datetime.now(UTC)
