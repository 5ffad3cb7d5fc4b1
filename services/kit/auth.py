"""Who is asking: OAuth bearer tokens (RFC 6750, 9068) checked against the hub's published keys.

The directory issues the tokens; every service verifies them alone, with keys it has read before.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.kit.errors import Forbidden, Unavailable, Unknown
from services.kit.i18n import gettext as _

ALGORITHM = "ES256"
KEYS_SECONDS = 300.0
AGAIN_SECONDS = 5.0
"""How soon we ask for the keys again: after an unknown key id, or after a source that did not answer."""
FIRST_SECONDS = 1.0
"""The same while we have no key at all and can let nobody in."""
SKEW_SECONDS = 30
LONGEST_TOKEN = 8_000

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


class _Claims(msgspec.Struct):
    """What an access token says (RFC 9068); msgspec's ValidationError is a ValueError."""

    iss: str
    aud: str | list[str]
    exp: int
    client_id: str
    sub: str = ""
    scope: str = ""
    city: str | None = None


class Verifier:
    """Verifies access tokens; reads the key set through `keys` and remembers it.

    The source is asked by one request at a time, and at most every AGAIN_SECONDS for whatever reason: neither garbage
    nor a source that is down makes us hammer it. Meanwhile the keys we have stay good.
    """

    def __init__(self, keys: Keys, issuer: str, audience: str) -> None:
        self.keys, self.issuer, self.audience = keys, issuer, audience
        self._set: KeySet | None = None
        self._read = self._tried = -math.inf
        self._turn = asyncio.Lock()

    async def _key_set(self, kid: object) -> KeySet:
        """The keys, read again when they are old or `kid` is not among them. Raises Unavailable without any."""
        if not self._good(kid):
            async with self._turn:
                now = time.monotonic()
                if not self._good(kid) and now - self._tried > (AGAIN_SECONDS if self._set else FIRST_SECONDS):
                    self._tried = now
                    with contextlib.suppress(Unavailable):
                        self._set = KeySet.import_key_set(await self.keys())  # type: ignore[arg-type]  # parsed JSON
                        self._read = now
        if self._set is None:
            raise Unavailable(_("Another part of the hub does not answer. Please try again in a moment."))
        return self._set

    def _good(self, kid: object) -> bool:
        fresh = self._set is not None and time.monotonic() - self._read < KEYS_SECONDS
        return fresh and any(key.kid == kid for key in self._set or ())

    async def principal(self, header: str | None) -> Principal:
        """The principal behind an `Authorization` header; ANONYMOUS without one. Raises Unknown for a bad token."""
        if not header:
            return ANONYMOUS
        scheme, _space, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unknown(_("Please send an access token: Authorization: Bearer …"))
        try:
            if len(token) > LONGEST_TOKEN:
                raise ValueError  # noqa: TRY301 - answered as every token that cannot be read
            kid = jws.extract_compact(token.encode("ascii")).headers().get("kid")
            decoded = jwt.decode(token, await self._key_set(kid), algorithms=[ALGORITHM])
            claims = msgspec.convert(decoded.claims, _Claims)
        except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as problem:
            raise Unknown(_("The access token is not valid.")) from problem
        if str(decoded.header.get("typ", "")).lower().removeprefix("application/") != "at+jwt":
            raise Unknown(_("This is no access token."))
        audiences = claims.aud if isinstance(claims.aud, list) else [claims.aud]
        if claims.iss != self.issuer or self.audience not in audiences:
            raise Unknown(_("The access token was made for another hub."))
        if claims.exp < time.time() - SKEW_SECONDS:
            raise Unknown(_("The access token has expired. Please fetch a new one."))
        return Principal(claims.client_id, claims.sub, claims.city, frozenset(claims.scope.split()))


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
