"""Who is asking: OAuth bearer tokens (RFC 6750, 9068) checked against the hub's published keys.

The directory issues the tokens; every service verifies them alone, with keys it has read before.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.kit.errors import Forbidden, Unavailable, Unknown
from services.kit.i18n import gettext as _

ALGORITHM = "ES256"
KEYS_SECONDS = 300.0
AGAIN_SECONDS = 5.0
"""How often an unknown key id may make us ask for the keys again."""
SKEW_SECONDS = 30

Keys = Callable[[], Awaitable[dict[str, Any]]]


class Principal(msgspec.Struct, frozen=True):
    """Who asks. `city` is the AGS the token speaks for; an anonymous principal has no client and no scope."""

    client: str = ""
    subject: str = ""
    city: str | None = None
    scopes: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        return bool(self.client)

    def need(self, scope: str) -> None:
        """Raises Unknown for nobody, Forbidden for somebody without `scope`."""
        if not self.known:
            raise Unknown(_("Please send an access token: Authorization: Bearer …"))
        if scope not in self.scopes:
            raise Forbidden(_("This needs the scope {scope}.", scope=scope))

    def need_city(self, ags: str) -> None:
        """Raises Forbidden unless the principal speaks for the city `ags`."""
        if self.city is None or self.city != ags:
            raise Forbidden(_("This access token does not speak for the city {ags}.", ags=ags))


ANONYMOUS = Principal()


class Verifier:
    """Verifies access tokens; reads the key set through `keys` and remembers it."""

    def __init__(self, keys: Keys, issuer: str, audience: str) -> None:
        self.keys, self.issuer, self.audience = keys, issuer, audience
        self._set: KeySet | None = None
        self._read = 0.0

    async def _key_set(self, *, fresh: bool = False) -> KeySet:
        age = time.monotonic() - self._read
        if self._set is None or age > KEYS_SECONDS or (fresh and age > AGAIN_SECONDS):
            self._set = KeySet.import_key_set(await self.keys())  # type: ignore[arg-type]  # parsed JSON
            self._read = time.monotonic()
        return self._set

    async def principal(self, header: str | None) -> Principal:
        """The principal behind an `Authorization` header; ANONYMOUS without one. Raises Unknown for a bad token."""
        if not header:
            return ANONYMOUS
        scheme, _space, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unknown(_("Please send an access token: Authorization: Bearer …"))
        for fresh in (False, True):
            try:
                decoded = jwt.decode(token.strip(), await self._key_set(fresh=fresh), algorithms=[ALGORITHM])
            except (JoseError, ValueError) as problem:
                if fresh:
                    raise Unknown(_("The access token is not valid.")) from problem
                continue
            break
        claims = decoded.claims
        now = time.time()
        if str(decoded.header.get("typ", "")).lower().removeprefix("application/") != "at+jwt":
            raise Unknown(_("This is no access token."))
        if claims.get("iss") != self.issuer or self.audience not in _as_list(claims.get("aud")):
            raise Unknown(_("The access token was made for somebody else."))
        if not isinstance(claims.get("exp"), int) or claims["exp"] < now - SKEW_SECONDS:
            raise Unknown(_("The access token has expired. Please fetch a new one."))
        return Principal(
            client=str(claims.get("client_id", "")),
            subject=str(claims.get("sub", "")),
            city=claims.get("city"),
            scopes=frozenset(str(claims.get("scope", "")).split()),
        )


def _as_list(audience: object) -> list[object]:
    return audience if isinstance(audience, list) else [audience]


def remote_keys(client: httpx.AsyncClient, issuer: str) -> Keys:
    """The key set behind `<issuer>/.well-known/jwks.json`; raises Unavailable where it does not answer."""

    async def read() -> dict[str, Any]:
        try:
            answer = await client.get(f"{issuer}/.well-known/jwks.json", timeout=5.0)
            answer.raise_for_status()
            return dict(answer.json())
        except (httpx.HTTPError, ValueError) as problem:
            raise Unavailable(_("Another part of the hub does not answer. Please try again in a moment.")) from problem

    return read
