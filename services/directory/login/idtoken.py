"""ID tokens (OpenID Connect Core 3.1.3.7): checked against keys that were read beforehand, and what they say. Pure.

joserfc checks the signature, Authlib the claims; ours are the algorithms, the choice of the key, the types and bounds.
"""

import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import msgspec
from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry

from services.directory.login.sessions import STRONG
from services.directory.models import Provider
from services.kit.checks import Checks
from services.kit.errors import Forbidden, Refused, Unavailable
from services.kit.i18n import gettext as _
from services.kit.mail import checked_address

LONGEST: Final = 32_000
SKEW_SECONDS: Final = 60
OLDEST_SECONDS: Final = 600
"""How long ago a token may have been issued: it comes straight from the token endpoint."""
LONGEST_SUBJECT: Final = 255
LONGEST_NAME: Final = 120
MOST_VALUES, LONGEST_VALUE = 500, 200
MOST_METHODS, LONGEST_METHOD = 10, 50
FITS: Final = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
"""The kind of key and the curve that an algorithm needs."""


class StaleKeys(Unavailable):
    """The token is signed with a key that we have not read yet."""


class Claims(msgspec.Struct, frozen=True):
    """What a valid token says. `said` is all of it, unchecked; who shows or stores a part of it checks that part."""

    iss: str
    sub: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_SUBJECT)]
    iat: int | float
    nonce: str
    acr: str | None = None
    amr: list[str] = []
    said: dict[str, Any] = {}


def verified(
    provider: Provider, algorithms: list[str], token: object, *, nonce: str, access_token: object = None
) -> Claims:
    """The claims of `token` if `provider` signed it for us, now, for the login with `nonce`.

    Raises Refused for any other, without a reason that would help to make a better one, and StaleKeys.
    """
    try:
        if not isinstance(token, str) or len(token) > LONGEST:
            raise ValueError  # noqa: TRY301 - answered as every token that cannot be read
        raw = token.encode("ascii")
        header = jws.extract_compact(raw).headers()
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in algorithms or algorithm not in FITS or not isinstance(kid, str | None):
            raise ValueError  # noqa: TRY301
        if str(header.get("typ", "JWT")).upper().removeprefix("APPLICATION/") != "JWT":
            raise ValueError  # noqa: TRY301 - an access token or a logout token of the same provider
        said = msgspec.json.decode(
            _payload(raw, _key(provider, str(algorithm), kid), str(algorithm)), type=dict[str, Any]
        )
        claims = msgspec.convert({**said, "said": said}, Claims)
        options: Any = {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.client_id},
        }
        expected = {"nonce": nonce, "client_id": provider.client_id}
        if isinstance(access_token, str):
            expected["access_token"] = access_token
        now = int(time.time())
        CodeIDToken(said, header, options, expected).validate(now, SKEW_SECONDS)
        if claims.iat < now - OLDEST_SECONDS or not claims.sub.isascii() or not claims.sub.isprintable():
            raise ValueError  # noqa: TRY301
    except (JoseError, msgspec.MsgspecError, ValueError, TypeError, KeyError, AttributeError, OverflowError,
            RecursionError) as problem:  # fmt: skip
        raise Refused(
            _("The answer of the login provider cannot be trusted, so nobody was logged in. Please start again.")
        ) from problem
    return claims


def _key(provider: Provider, algorithm: str, kid: str | None) -> dict[str, Any]:
    """The one key that fits. Raises StaleKeys for an unknown id, ValueError where none was named and several fit."""
    fitting = [
        key
        for key in (provider.jwks or {}).get("keys", [])
        if (key["kty"], key.get("crv")) == FITS[algorithm] and kid in {None, key["kid"]}
    ]
    if not fitting:
        raise StaleKeys(
            _("The login provider signs with a new key, which the hub reads just now. Please try again in a moment.")
        )
    if kid is None and len(fitting) > 1:
        raise ValueError
    return dict(fitting[0])


def _payload(raw: bytes, key: dict[str, Any], algorithm: str) -> bytes:
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # EdDSA by its old name, which most providers still say
        return jws.deserialize_compact(raw, JWKRegistry.import_key(key), registry=registry).payload


# What the claims say ----------------------------------------------------------------------------------------------


def values_of(said: Mapping[str, Any], path: str) -> Iterator[str]:
    """The texts at `path`: a claim of that very name, or a path such as `realm_access.roles`."""
    found: Any = said
    if path in said:
        found = said[path]
    else:
        for step in path.split("."):
            found = found.get(step) if isinstance(found, dict) else None
    for value in (found if isinstance(found, list) else [found])[:MOST_VALUES]:
        if isinstance(value, str) and len(value) <= LONGEST_VALUE:
            yield value


def check_org(provider: Provider, claims: Claims) -> None:
    """Raises Forbidden for a person whom a shared provider counts to another organisation."""
    if provider.org_claim and provider.org_value not in set(values_of(claims.said, provider.org_claim)):
        raise Forbidden(_("The login provider says that you belong to another organisation."))


def roles(provider: Provider, claims: Claims, allowed: tuple[str, ...]) -> frozenset[str]:
    """The roles that the claims give, or the default; never one that the provider may not give."""
    named = set(values_of(claims.said, provider.role_claim)) if provider.role_claim else set()
    found = {role for value, role in provider.roles.items() if value in named}
    if not found and provider.default_role:
        found = {provider.default_role}
    return frozenset(found & set(allowed))


def methods(provider: Provider, claims: Claims) -> list[str]:
    """How the person logged in, as `amr` (RFC 8176); with `mfa` where the provider's own words stand for that."""
    said = [one for one in claims.amr if len(one) <= LONGEST_METHOD and one.isascii() and one.isprintable()]
    strong = bool({*claims.amr, claims.acr} & set(provider.strong))
    kept = list(dict.fromkeys(said))[:MOST_METHODS]
    if {*claims.amr} & STRONG and not {*kept} & STRONG:
        strong = True
    return [*kept, "mfa"] if strong and "mfa" not in kept else kept


def name(claims: Claims) -> str:
    """What to call the person: the first of their names that may be shown."""
    said = claims.said
    whole = " ".join(str(said[part]) for part in ("given_name", "family_name") if isinstance(said.get(part), str))
    for value in (said.get("name"), whole, said.get("preferred_username")):
        checks = Checks()
        clean = checks.text("", "name", value, LONGEST_NAME) if isinstance(value, str) and value else ""
        if clean and not checks.found:
            return clean
    return "N. N."


def email(claims: Claims) -> str | None:
    """Where notices may go; None for what is no address or what the provider itself doubts."""
    value = claims.said.get("email")
    if not isinstance(value, str) or claims.said.get("email_verified", True) is not True:
        return None
    try:
        return checked_address(value)
    except Refused:
        return None
