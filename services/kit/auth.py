"""Who is asking: OAuth bearer tokens (RFC 6750, 9068) and the sessions of browsers, checked against the hub's keys.

The directory issues both; every service verifies them alone, with keys it has read before and with the list of what
was revoked before its time (`kit.revoked`). A session is a token of another type in a cookie that scripts cannot read.
"""

import asyncio
import contextlib
import hashlib
import math
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from litestar import Request

from services.kit.db import NOBODY, Acting
from services.kit.errors import Forbidden, Unavailable, Unknown
from services.kit.i18n import gettext as _
from services.kit.revoked import Revoked

ALGORITHM = "ES256"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type
SESSION_TYPE = "session+jwt"
KEYS_SECONDS = 300.0
AGAIN_SECONDS = 5.0
"""How soon we ask for the keys again: after an unknown key id, or after a source that did not answer."""
FIRST_SECONDS = 1.0
"""The same while we have no key at all and can let nobody in."""
SKEW_SECONDS = 30
STAMP_DIGITS = 12
TOKEN_ID = re.compile(r"[0-9a-f]{12}-[0-9a-f]{32}")
LONGEST_TOKEN = 8_000
MOST_SEEN = 2_000
"""Tokens whose signature is remembered as good; checking one takes longer than most of what it lets in."""
SHOWN = frozenset({b"authorization", b"cookie"})
"""The headers with which somebody says who they are."""

Keys = Callable[[], Awaitable[dict[str, Any]]]


class Principal(msgspec.Struct, frozen=True):
    """Who asks: nobody, a client that acts for itself, or a person, directly or through a client.

    `subject` is the person's account or the client itself, `city` what they speak for, `roles` what the person is,
    as `name:where` (`central:08`), `session` the browser session if there is one.
    """

    client: str = ""
    subject: str = ""
    city: str | None = None
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    session: str = ""
    grant: str = ""
    amr: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    """The names under which the token or session can be revoked, and when it was issued."""
    issued_at: float = 0.0

    @property
    def known(self) -> bool:
        return bool(self.subject)

    @property
    def person(self) -> bool:
        return self.known and self.subject != self.client

    def where(self, role: str) -> frozenset[str]:
        """Where the person has `role`: keys such as an AGS; the empty key for a role that has no place."""
        return frozenset(at for name, _colon, at in (one.partition(":") for one in self.roles) if name == role)

    @property
    def acting(self) -> Acting:
        """The principal for the database's policies."""
        if not self.known:
            return NOBODY
        return {
            "subject": self.subject,
            "city": self.city or "",
            "states": ",".join(sorted(self.where("central"))),
            "coordinates": ",".join(sorted(self.where("coordinator"))),
            "operator": "on" if self.where("operator") else "",
        }

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


class Claims(msgspec.Struct):
    """What an access token says (RFC 9068); msgspec's ValidationError is a ValueError."""

    iss: str
    aud: str | list[str]
    exp: int
    client_id: str
    sub: Annotated[str, msgspec.Meta(min_length=1)]
    scope: str = ""
    city: str | None = None
    roles: list[str] = []
    iat: int = 0
    jti: str = ""
    grant: str = ""
    sid: str = ""
    amr: list[str] = []

    def names(self) -> list[str]:
        """The names under which it can be revoked."""
        named = (("client", self.client_id), ("subject", self.sub), ("grant", self.grant), ("session", self.sid))
        return [f"{kind}:{value}" for kind, value in (*named, ("token", self.jti)) if value]

    @property
    def issued_at(self) -> float:
        """Seconds since 1970: to the millisecond where we made the id, since `iat` counts whole seconds."""
        return int(self.jti[:STAMP_DIGITS], 16) / 1000 if TOKEN_ID.fullmatch(self.jti) else float(self.iat)

    def principal(self) -> Principal:
        return Principal(
            self.client_id,
            self.sub,
            self.city,
            frozenset(self.scope.split()),
            frozenset(self.roles),
            self.sid,
            self.grant,
            frozenset(self.amr),
            tuple(self.names()),
            self.issued_at,
        )


class Verifier:
    """Verifies access tokens; reads the key set through `keys` and remembers it.

    The source is asked by one request at a time, and at most every AGAIN_SECONDS for whatever reason: neither garbage
    nor a source that is down makes us hammer it. Meanwhile the keys we have stay good.
    """

    def __init__(self, keys: Keys, issuer: str, audience: str, revoked: Revoked | None = None) -> None:
        self.keys, self.issuer, self.audience = keys, issuer, audience
        self.revoked = revoked or Revoked()
        self._set: KeySet | None = None
        self._read = self._tried = -math.inf
        self._turn = asyncio.Lock()
        self._seen: dict[bytes, _Signed] = {}

    async def of(self, request: Request[Any, Any, Any], resource: str = "") -> Principal:
        """Who sent `request`: by its access token, else by its session cookie.

        `resource` is the service's own indicator (RFC 8707). Raises Unknown for a bad token, Forbidden for a request
        with a session that another site's page caused. A session that has ended is nobody's.
        """
        if not any(name in SHOWN for name, _value in request.scope["headers"]):
            return ANONYMOUS  # as most who read what everybody may
        header = request.headers.get("authorization")
        if len(request.headers.getall("authorization", [])) > 1:
            raise Unknown(_("Please send one access token: Authorization: Bearer …"))
        cookie = request.cookies.get(cookie_name(self.issuer), "")
        if header or not cookie:
            return await self.principal(header, resource)
        with contextlib.suppress(Unknown):
            who = (await self._believed(cookie, SESSION_TYPE)).who
            check_origin(request, self.issuer)
            return who
        return ANONYMOUS

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
                        self._seen.clear()
        if self._set is None:
            raise Unavailable(_("Another part of the hub does not answer. Please try again in a moment."))
        return self._set

    def _good(self, kid: object) -> bool:
        fresh = self._set is not None and time.monotonic() - self._read < KEYS_SECONDS
        return fresh and any(key.kid == kid for key in self._set or ())

    async def principal(self, header: str | None, resource: str = "") -> Principal:
        """The principal behind an `Authorization` header; ANONYMOUS without one. Raises Unknown for a bad token."""
        if not header:
            return ANONYMOUS
        token = bearer(header)
        if not token:
            raise Unknown(_("Please send an access token: Authorization: Bearer …"))
        return (await self._believed(token, TOKEN_TYPE, resource)).who

    def counts(self, who: Principal) -> bool:
        """Whether what `who` showed still counts; for answers that take long."""
        return not self.revoked.covers(who.names, who.issued_at)

    async def claims(self, token: str) -> Claims:
        """What an access token says, whatever of our services it was made for. Raises Unknown if it does not count."""
        return (await self._believed(token, TOKEN_TYPE, None)).claims

    async def _believed(self, token: str, wanted: str, resource: str | None = "") -> "_Signed":
        """Everything that may change is looked at each time, whether the signature was checked before or not."""
        signed = await self._signed(token)
        claims = signed.claims
        if signed.type != wanted:
            raise Unknown(_("This is no access token."))
        audiences = claims.aud if isinstance(claims.aud, list) else [claims.aud]
        right = resource is None or bool({self.audience, resource} & set(audiences))
        if claims.iss != self.issuer or not right:
            raise Unknown(_("The access token was made for another hub."))
        if claims.exp < time.time() - SKEW_SECONDS:
            raise Unknown(_("The access token has expired. Please fetch a new one."))
        if self.revoked.covers(signed.names, claims.issued_at):
            raise Unknown(_("The access token was revoked."))
        return signed

    async def _signed(self, token: str) -> "_Signed":
        """What a token says that one of the present keys signed; remembered for as long as these keys are."""
        digest = hashlib.sha256(token.encode(errors="replace")).digest()  # a dump of our memory lets nobody in
        found = self._seen.get(digest)
        if found is not None and self._good(found.kid):
            return found
        try:
            if len(token) > LONGEST_TOKEN:
                raise ValueError  # noqa: TRY301 - answered as every token that cannot be read
            kid = jws.extract_compact(token.encode("ascii")).headers().get("kid")
            decoded = jwt.decode(token, await self._key_set(kid), algorithms=[ALGORITHM])
            claims = msgspec.convert(decoded.claims, Claims)
        except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as problem:
            raise Unknown(_("The access token is not valid.")) from problem
        kind = str(decoded.header.get("typ", "")).lower().removeprefix("application/")
        found = _Signed(kid, kind, claims, claims.principal(), (*claims.names(), f"key:{kid}"))
        if len(self._seen) >= MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        self._seen[digest] = found
        return found


class _Signed(msgspec.Struct, frozen=True):
    kid: Any
    type: str
    claims: Claims
    who: Principal
    names: tuple[str, ...]
    """Under which it can be revoked, its key included."""


def token_id() -> str:
    """An id that nobody guesses and that tells when it was made."""
    return f"{int(time.time() * 1000):0{STAMP_DIGITS}x}-{uuid.uuid4().hex}"


def bearer(header: str | None) -> str:
    """The token in an `Authorization` header; empty where there is none."""
    scheme, _space, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def cookie_name(issuer: str) -> str:
    """The session cookie's name; with https the browser itself guards it against other hosts (RFC 6265bis)."""
    return "__Host-lotsennetz" if issuer.startswith("https:") else "lotsennetz"


def check_origin(request: Request[Any, Any, Any], issuer: str) -> None:
    """Raises Forbidden for a request that changes things and comes from another site's page.

    Browsers say where it comes from in `Origin` and `Sec-Fetch-Site`, which pages cannot forge.
    """
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    if (origin is not None and origin != origin_of(issuer)) or site not in {"same-origin", "none"}:
        raise Forbidden(_("This request came from another site. Please start again on the pages of the hub."))


def origin_of(url: str) -> str:
    """Scheme, host and port, as browsers write them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


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
