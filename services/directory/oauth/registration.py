"""What a client may say of itself (RFC 7591): checked whole before anything is stored. Pure.

Descriptions are for developers, in English and ASCII, as the protocol has them.
"""

import re
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from services.directory.access import checked_ags
from services.directory.agreement import VERSION
from services.directory.oauth import policy
from services.kit import i18n
from services.kit.addresses import checked_url
from services.kit.errors import Refused
from services.kit.mail import checked_address
from services.kit.text import cleaned, folded, forbidden_character, visible

MOST_URIS, MOST_CONTACTS, MOST_KEYS = 10, 5, 10
LONGEST_NAME = 100
LONGEST_TEXT = 200
LEAST_RSA_BITS = 2048
PAGES = ("client_uri", "logo_uri", "policy_uri", "tos_uri")
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
NUMBERS = ("x", "y", "n", "e")
"""The members of public keys that are numbers or points in base64url."""
_NUMBER = re.compile(r"[A-Za-z0-9_-]{1,1400}")
"""Up to the 8192 bits of the longest RSA key."""
CURVES = {"P-256": "EC", "Ed25519": "OKP"}
LOOKS = str.maketrans("01i", "oll")
BRANDS = ("stadt", "gemeinde", "landkreis", "markt", "kreis")


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a registration. `ags` and `agreement` are ours; unknown members are left aside (RFC 7591, 2)."""

    client_name: Annotated[str, msgspec.Meta(examples=["Digitalbüro Konstanz"])]
    ags: Annotated[str, msgspec.Meta(examples=["08335043"])]
    agreement: Annotated[str, msgspec.Meta(examples=[VERSION])] = ""
    redirect_uris: list[str] = []
    grant_types: list[str] | None = None
    response_types: list[str] | None = None
    token_endpoint_auth_method: str | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    scope: str | None = None
    contacts: list[str] = []
    client_uri: str | None = None
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    software_id: str | None = None
    software_version: str | None = None
    login_issuer: str | None = None
    """The OpenID provider of the city's people."""


class Change(Metadata, frozen=True, kw_only=True):
    """The body of a change (RFC 7592 section 2.2); `rotate_secret` is ours."""

    client_id: str
    client_secret: str | None = None
    rotate_secret: bool = False


class Invalid(Exception):
    """`error` is a code of RFC 7591 section 3.2.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


Said = TypeVar("Said", bound=Metadata)
METADATA = "invalid_client_metadata"
REDIRECT = "invalid_redirect_uri"


@dataclass(frozen=True)
class Wanted:
    """A registration that may be stored."""

    name: str
    ags: str
    agreement: str
    method: str
    grant_types: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    jwks: dict[str, Any] | None
    jwks_uri: str | None
    issuer: str | None
    details: dict[str, Any] = field(default_factory=dict)


def parse(body: bytes, kind: type[Said]) -> Said:
    """Raises Invalid for what is no registration in JSON."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise Invalid(METADATA, policy.described(f"the body is not a registration in JSON: {problem}")) from None


def validate(said: Metadata, agreement: str, *, local: bool) -> Wanted:
    """Raises Invalid with the first thing to change. `agreement` is the version of the processor agreement in force."""
    method = _method(said)
    grant_types = _grant_types(said, method)
    scopes = _several("scope", tuple((said.scope or "").split()), policy.SCOPES) or policy.SCOPES
    if said.agreement != agreement:
        raise Invalid(
            METADATA, f"agreement: accept the processor agreement in force by sending its version, {agreement}"
        )
    return Wanted(
        name=checked_name("client_name", said.client_name),
        ags=_ags(said.ags),
        agreement=agreement,
        method=method,
        grant_types=grant_types,
        redirect_uris=_redirect_uris(said, grant_types, local=local),
        scopes=scopes,
        jwks=checked_jwks(said.jwks) if said.jwks is not None else None,
        jwks_uri=_page("jwks_uri", said.jwks_uri, local=local),
        issuer=_page("login_issuer", said.login_issuer, local=local),
        details=_details(said, local=local),
    )


def checked_name(member: str, value: str) -> str:
    """A name that people can read and tell from others: one line of Latin letters, digits and plain punctuation.

    Letters of other scripts look like ours, marks and angle brackets do things on pages: none of them is needed.
    """
    if len(value) > 4 * LONGEST_NAME:
        raise Invalid(METADATA, f"{member}: at most {LONGEST_NAME} characters")
    clean = cleaned(value) if forbidden_character(value) is None else ""
    if not visible(clean) or len(clean) > LONGEST_NAME:
        raise Invalid(METADATA, f"{member}: one line of 1 to {LONGEST_NAME} visible characters")
    for character in clean:
        kind = unicodedata.category(character)[0]
        # A letter that is no plain one with an accent, such as the Latin alpha, is there to be taken for another.
        latin = kind == "L" and unicodedata.name(character, "").startswith("LATIN ") and folded(character).isascii()
        plain = kind == "Z" or (character.isascii() and character not in '<>"`{}\\|^')
        if not (latin or plain or character in "–„“’·§€²³"):
            raise Invalid(
                METADATA, f"{member}: write it in Latin letters, digits and plain punctuation, without markup"
            )
    return clean


def bare_name(name: str) -> str:
    """A name as people take it in, for telling look-alikes: „Stadt Heilbronn“, „heil-bronn“ and „He1Ibronn“ are one."""
    words = [word for word in "".join(c if c.isalnum() else " " for c in folded(name)).split() if word not in BRANDS]
    return "".join(words).translate(LOOKS).replace("rn", "m").replace("vv", "w")


def _ags(value: str) -> str:
    try:
        return checked_ags(value)
    except Refused:
        raise Invalid(METADATA, "ags: the municipality's key, 8 digits, such as 08335043") from None


def _method(said: Metadata) -> str:
    keys = said.jwks is not None or said.jwks_uri is not None
    method = said.token_endpoint_auth_method or (policy.PRIVATE_KEY_JWT if keys else "")
    if method not in policy.METHODS:
        known = ", ".join(policy.METHODS)
        raise Invalid(
            METADATA,
            f"token_endpoint_auth_method: one of {known}; without it, send your public keys as jwks or jwks_uri",
        )
    if said.jwks is not None and said.jwks_uri is not None:
        raise Invalid(METADATA, "jwks, jwks_uri: send one of them, not both")
    if method == policy.PRIVATE_KEY_JWT and not keys:
        raise Invalid(METADATA, "private_key_jwt needs your public keys as jwks or jwks_uri")
    return method


def _grant_types(said: Metadata, method: str) -> tuple[str, ...]:
    usual = (policy.AUTHORIZATION_CODE,) if said.redirect_uris else (policy.CLIENT_CREDENTIALS,)
    found = _several("grant_types", tuple(said.grant_types or usual), policy.GRANT_TYPES)
    code = policy.AUTHORIZATION_CODE in found
    if policy.REFRESH_TOKEN in found and not code:
        raise Invalid(METADATA, "grant_types: refresh_token goes with authorization_code")
    if method == policy.NONE and policy.CLIENT_CREDENTIALS in found:
        raise Invalid(METADATA, "client_credentials needs a client that authenticates")
    if list(said.response_types or (["code"] if code else [])) != (["code"] if code else []):
        raise Invalid(METADATA, "response_types: code with the grant type authorization_code, nothing without it")
    return found


def _several(member: str, values: tuple[str, ...], known: Sequence[str]) -> tuple[str, ...]:
    if unknown := sorted(set(values) - set(known)):
        raise Invalid(METADATA, policy.described(f"{member}: {unknown[0][:60]} is not one of {' '.join(known)}"))
    return tuple(value for value in known if value in values)


def _redirect_uris(said: Metadata, grant_types: tuple[str, ...], *, local: bool) -> tuple[str, ...]:
    code = policy.AUTHORIZATION_CODE in grant_types
    if code != bool(said.redirect_uris):
        raise Invalid(REDIRECT, "redirect_uris: needed with the grant type authorization_code, and only there")
    if len(said.redirect_uris) > MOST_URIS:
        raise Invalid(REDIRECT, f"redirect_uris: at most {MOST_URIS}")
    for uri in said.redirect_uris:
        if fault := policy.redirect_fault(uri, local=local):
            raise Invalid(REDIRECT, fault)
    return tuple(dict.fromkeys(said.redirect_uris))


def _page(member: str, url: str | None, *, local: bool) -> str | None:
    if url is None:
        return None
    try:
        return checked_url(url, local=local)
    except Refused:
        raise Invalid(METADATA, f"{member}: a public https address without user, port and fragment") from None


def _details(said: Metadata, *, local: bool) -> dict[str, Any]:
    """What else is kept: pages, software, contacts, and the language of the request, in which these are written to."""
    details: dict[str, Any] = {
        member: _page(member, getattr(said, member), local=local)
        for member in PAGES
        if getattr(said, member) is not None
    }
    details["language"] = i18n.language()
    for member in ("software_id", "software_version"):
        if (value := getattr(said, member)) is not None:
            if not value.isascii() or not value.isprintable() or not 0 < len(value) <= LONGEST_TEXT:
                raise Invalid(METADATA, f"{member}: 1 to {LONGEST_TEXT} ASCII characters")
            details[member] = value
    if len(said.contacts) > MOST_CONTACTS:
        raise Invalid(METADATA, f"contacts: at most {MOST_CONTACTS}")
    try:
        details["contacts"] = [checked_address(contact) for contact in said.contacts]
    except Refused:
        raise Invalid(METADATA, "contacts: e-mail addresses such as digital@example.org") from None
    return details


def checked_jwks(jwks: dict[str, Any]) -> dict[str, Any]:
    """The public keys of a key set (RFC 7517), plainly written. Raises Invalid for any other, private ones first."""
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 0 < len(keys) <= MOST_KEYS:
        raise Invalid(METADATA, f"jwks: an object with 1 to {MOST_KEYS} keys")
    found = [_key(key) for key in keys]
    kids = [key["kid"] for key in found]
    if len(set(kids)) != len(kids):
        raise Invalid(METADATA, "jwks: each key has a kid of its own")
    return {"keys": found}


def _key(key: object) -> dict[str, Any]:
    if not isinstance(key, dict):
        raise Invalid(METADATA, "jwks: a key is an object of strings")
    if PRIVATE_MEMBERS & set(key):
        raise Invalid(METADATA, "jwks: a private or symmetric key; send the public part only and make a new key")
    said = {member: key[member] for member in ("kty", "kid", "use", *NUMBERS, "crv") if member in key}
    if not all(isinstance(value, str) for value in said.values()):
        raise Invalid(METADATA, "jwks: a key is an object of strings")
    kind, members = said.get("kty", ""), {"EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "RSA": ("n", "e")}
    if kind not in members or (kind != "RSA" and CURVES.get(said.get("crv", "")) != kind):
        raise Invalid(METADATA, "jwks: keys are EC P-256, OKP Ed25519 or RSA")
    if said.get("use", "sig") != "sig":
        raise Invalid(METADATA, "jwks: a key's use is sig")
    plain = {"kty": kind, **{member: said.get(member, "") for member in members[kind]}}
    try:
        if not all(_NUMBER.fullmatch(plain[member]) for member in NUMBERS if member in plain):
            raise ValueError  # noqa: TRY301 - answered as every key that cannot be read; libraries read on over odd letters
        with warnings.catch_warnings(action="ignore"):  # of small RSA keys: they are told below
            made = JWKRegistry.import_key(plain)
        raw = made.get_op_key("verify")
        kid = said.get("kid") or str(made.thumbprint())
    except (JoseError, ValueError, TypeError, KeyError, OverflowError):
        raise Invalid(METADATA, "jwks: a key that cannot be read") from None
    if isinstance(raw, RSAPublicKey) and not (
        LEAST_RSA_BITS <= raw.key_size <= 8192 and raw.public_numbers().e == 65537
    ):
        raise Invalid(METADATA, f"jwks: RSA keys have at least {LEAST_RSA_BITS} bits and the exponent 65537")
    if not kid.isascii() or not kid.isprintable() or len(kid) > LONGEST_TEXT:
        raise Invalid(METADATA, f"jwks: a kid has at most {LONGEST_TEXT} ASCII characters")
    return {**plain, "kid": kid, "use": "sig"}
