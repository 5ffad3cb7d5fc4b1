"""What an OpenID provider publishes of itself: metadata and keys, read in jobs and kept on the provider's row.

Discovery is pinned (OpenID Connect Discovery 4.3): the document must name exactly the configured issuer. What is read
is checked whole before any of it counts; a reading that fails leaves what was read before, and says why.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import func, or_, select, update

from services.directory.models import Provider
from services.directory.oauth import registration
from services.kit.addresses import checked_url
from services.kit.db import Reader, Writer
from services.kit.errors import HubError, Refused
from services.kit.fetch import Fetcher
from services.kit.i18n import gettext as _

WELL_KNOWN: Final = "/.well-known/openid-configuration"
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""Signatures we accept on ID tokens: none with a secret, and never none at all."""
MOST_DOCUMENT_BYTES, MOST_KEY_BYTES = 100_000, 200_000
MOST_KEYS = 50
MOST_NAMES = 100
ASK_AGAIN = timedelta(minutes=1)
"""How soon a provider is read again, whoever asks for it."""
REGULARLY = timedelta(minutes=15)
STALE = timedelta(days=1)
"""What was read so long ago does not count any more: keys may have been withdrawn since."""
MOST_AT_ONCE = 200


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the discovery document that we use; defaults as OpenID Connect Discovery 3 has them."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    response_types_supported: list[str] = msgspec.field(default_factory=lambda: ["code"])
    code_challenge_methods_supported: list[str] | None = None
    id_token_signing_alg_values_supported: list[str] = msgspec.field(default_factory=lambda: ["RS256"])
    token_endpoint_auth_methods_supported: list[str] = msgspec.field(default_factory=lambda: ["client_secret_basic"])
    authorization_response_iss_parameter_supported: bool = False


class Found(msgspec.Struct, frozen=True):
    """What a reading brought, both None where it failed; `leaked` where the provider publishes private keys."""

    discovered: dict[str, Any] | None = None
    jwks: dict[str, Any] | None = None
    problem: str | None = None
    leaked: bool = False


class Leaked(Refused):
    """Whoever reads the page can sign as the provider."""


async def read(fetcher: Fetcher, issuer: str) -> Found:
    """The provider's metadata and keys, or what is wrong with them, in words."""
    try:
        found = await _metadata(fetcher, issuer)
        keys = await _keys(fetcher, found.jwks_uri)
    except HubError as problem:
        return Found(problem=problem.message, leaked=isinstance(problem, Leaked))
    return Found(msgspec.to_builtins(found), keys)


async def _metadata(fetcher: Fetcher, issuer: str) -> Metadata:
    answer = await fetcher.get(
        issuer.rstrip("/") + WELL_KNOWN, most_bytes=MOST_DOCUMENT_BYTES, accept="application/json", redirects=0
    )
    try:
        if answer.status != 200:
            raise ValueError  # noqa: TRY301 - answered as every answer that is no document
        found = msgspec.json.decode(answer.body, type=Metadata)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise Refused(_("At the issuer's address lies no discovery document.")) from None
    if found.issuer != issuer:
        raise Refused(_("The provider calls itself otherwise than the configured issuer, letter by letter."))
    for url in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
        checked_url(url, local=fetcher.local)
    if "code" not in found.response_types_supported:
        raise Refused(_("The provider does not offer the authorization code flow."))
    if "S256" not in (found.code_challenge_methods_supported or ["S256"]):
        raise Refused(_("The provider does not offer PKCE with S256."))
    algorithms = [name for name in ALGORITHMS if name in found.id_token_signing_alg_values_supported]
    if not algorithms:
        raise Refused(_("The provider signs with none of {algorithms}.", algorithms=", ".join(ALGORITHMS)))
    return msgspec.structs.replace(
        found,
        response_types_supported=["code"],
        code_challenge_methods_supported=["S256"],
        id_token_signing_alg_values_supported=algorithms,
        token_endpoint_auth_methods_supported=_short(found.token_endpoint_auth_methods_supported),
    )


def _short(names: Sequence[str]) -> list[str]:
    return [name for name in names[:MOST_NAMES] if len(name) <= MOST_NAMES]


async def _keys(fetcher: Fetcher, url: str) -> dict[str, Any]:
    """The keys that could sign an ID token; others are left aside. Raises Leaked for private ones."""
    answer = await fetcher.get(
        url, most_bytes=MOST_KEY_BYTES, accept="application/jwk-set+json, application/json", redirects=0
    )
    try:
        if answer.status != 200:
            raise ValueError  # noqa: TRY301 - answered as every body that is no key set
        keys = msgspec.json.decode(answer.body, type=dict[str, Any])["keys"]
        given: list[dict[str, Any]] = msgspec.convert(keys, list[dict[str, Any]])
    except (KeyError, ValueError, msgspec.MsgspecError, RecursionError):
        raise Refused(_("What lies at the provider's jwks_uri is no set of public keys.")) from None
    if any(registration.PRIVATE_MEMBERS & set(key) for key in given):
        raise Leaked(_("The provider publishes private keys: whoever reads them can log in as anybody."))
    if len(given) > MOST_KEYS:
        raise Refused(_("The provider publishes {number} keys; at most {most}.", number=len(given), most=MOST_KEYS))
    found = []
    for key in given:
        try:
            found += registration.checked_jwks({"keys": [key]})["keys"]
        except registration.Invalid:  # for encryption, or of a kind we do not use
            continue
    if not found:
        raise Refused(_("The provider publishes no key that could sign: RSA with 2048 bits, P-256 or Ed25519."))
    return {"keys": found}


# The row ----------------------------------------------------------------------------------------------------------


async def due(session: Writer, *, older_than: timedelta, org: str | None = None) -> list[tuple[str, str]]:
    """The providers, or that of `org`, last asked for before `older_than`: organisation and issuer. Asked as of now."""
    rows = select(Provider.org).where(
        or_(Provider.asked_at.is_(None), Provider.asked_at < datetime.now(UTC) - older_than)
    )
    if org is not None:
        rows = rows.where(Provider.org == org)
    rows = rows.order_by(Provider.asked_at.asc().nulls_first()).limit(MOST_AT_ONCE).with_for_update(skip_locked=True)
    found = await session.execute(
        update(Provider)
        .where(Provider.org.in_(rows.scalar_subquery()))
        .values(asked_at=func.now())
        .returning(Provider.org, Provider.issuer)
    )
    return [(row.org, row.issuer) for row in found]


async def keep(session: Writer, org: str, issuer: str, found: Found) -> None:
    """Store what a reading brought, if the provider is still the one that was read."""
    values: dict[str, Any] = {"problem": found.problem}
    if found.problem is None:
        values |= {"discovered": found.discovered, "jwks": found.jwks, "read_at": func.now()}
    elif found.leaked:
        values |= {"jwks": None}
    await session.execute(update(Provider).where(Provider.org == org, Provider.issuer == issuer).values(**values))


def metadata(provider: Provider) -> Metadata | None:
    """The metadata of a provider with which somebody can log in now; None where it has none that counts."""
    fresh = provider.read_at is not None and provider.read_at > datetime.now(UTC) - STALE
    if not fresh or provider.discovered is None or provider.jwks is None:
        return None
    return msgspec.convert(provider.discovered, Metadata)


async def issuer_of(session: Reader, org: str) -> str | None:
    found: str | None = await session.scalar(select(Provider.issuer).where(Provider.org == org))
    return found
