"""Thousands of bodies that no developer would send: the answer is a refusal in the protocol's words, never a 5xx.

`LOTSENNETZ_FUZZ` says how many of each kind; the seed is fixed, so that a failure comes again.
"""

import asyncio
import copy
import json
import os
import random
import re
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest_asyncio
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey, RSAKey

from services.kit.service import Hub
from tests.directory import developers
from tests.directory.developers import ASSERTED, App, claims, metadata, new_key, public, signed

MANY = int(os.environ.get("LOTSENNETZ_FUZZ", "120"))
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
"""RFC 6749 section 5.2."""
REGISTRATION_ERRORS = {"invalid_redirect_uri", "invalid_client_metadata"}
TOKEN_ERRORS = {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
                "invalid_scope", "invalid_target"}  # fmt: skip
KEYS = public(
    new_key(),
    RSAKey.generate_key(2048, parameters={"kid": "two"}),
    OKPKey.generate_key("Ed25519", parameters={"kid": "three"}),
)
URL = "https://www.example.org/page"
FULL = {
    "client_name": "Digitalamt Köln-Süd",
    "redirect_uris": [developers.CALLBACK, "http://127.0.0.1:8000/back"],
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": KEYS,
    "scope": "directory:read events:read",
    "contacts": ["digital@example.org"],
    "client_uri": URL,
    "logo_uri": URL,
    "policy_uri": URL,
    "tos_uri": URL,
    "software_id": "4NRB1-0XZABZI9E6-5SM3R",
    "software_version": "1.0",
    "login_issuer": "https://login.example.org",
}
BODIES = [
    metadata(),
    metadata(**FULL),
    metadata(token_endpoint_auth_method="none", redirect_uris=[developers.CALLBACK]),
    metadata(token_endpoint_auth_method=None, jwks_uri="https://keys.example.org/jwks.json"),
]
TEXTS = [
    "", " ", "\0", "a\0b", "\x1b[31m", "\x7f", "\x85", "\u202emoc", "\ud800", "a\udfff",
    "\uffff", "\U0010ffff", "\ufeff",
    "<script>alert(1)</script>", "{{7*7}}", "%00", "%s%n", "' OR 1=1 --", "\"", "\\", "\r\nx: y",
    "𝕶onstanz", "Кonstanz",
    "e\u0301" * 30, "z" + "\u0335" * 500, "ß" * 400, "x" * 10_000, "javascript:alert(1)", "data:text/html,x",
    "https://169.254.169.254/", "https://[::1]/", "https://[fe80::1%25eth0]/", "https://user@example.org/", "https://",
    "https://2130706433/", "https://a.example/#f", "https://a.example/../b", "https://a.example/%2e%2e/",
    "HTTPS://A.EXAMPLE/",
    "https://exämple.org/", "https://a.example:99999/", "https://a.example:/", "//a.example", "https:///x", "https://[",
    "http://localhost/", "ftp://a.example/",
    "client_secret_post", "none", "openid", "code token", "08335043", "99999999",
    "٠٨٣٣٥٠٤٣", "0833504³", "null", "NaN", "1e999", "EC", "oct", "RSA", "AQAB", "AA", "====", "A" * 3_000,
]  # fmt: skip
NUMBERS = [0, -1, 1, 2**31, 2**63, 2**64, 10**400, 0.1, 1e308, True, False, None]


def value(chance: random.Random, depth: int = 0) -> Any:
    """Any JSON, mostly small, sometimes huge."""
    kind = chance.randrange(8 if depth == 0 else 6 if depth < 4 else 4)
    if kind <= 1:
        return chance.choice(TEXTS)
    if kind == 2:
        return chance.choice(NUMBERS)
    if kind == 3:
        return "".join(chr(chance.randrange(0x110000)) for _turn in range(chance.randrange(12)))
    if kind == 4:
        return [value(chance, depth + 1) for _turn in range(chance.choice([0, 1, 2, 3 if depth else 30]))]
    if kind == 5:
        return {chance.choice([*FULL, *TEXTS, "keys", "kty"]): value(chance, depth + 1) for _turn in range(3)}
    if kind == 6:
        return [chance.choice(TEXTS)[:1_000]] * chance.choice([1, 5, 11, 200])
    return {"keys": [{**chance.choice(KEYS["keys"]), chance.choice(["kty", "crv", "x", "y", "n", "e", "d", "kid", "use",
                      "alg", "k", "x5c"]): value(chance, depth + 1)}] * chance.choice([1, 1, 1, 2, 100])}  # fmt: skip


def changed(chance: random.Random, body: dict[str, Any]) -> dict[str, Any]:
    """`body` with one or two of its members, at any depth, made something else, left out or added."""
    found = copy.deepcopy(body)
    for _turn in range(chance.choice([1, 1, 2])):
        places: list[tuple[Any, Any]] = []
        queue: list[Any] = [found]
        while queue:
            one = queue.pop()
            keys = list(one) if isinstance(one, dict) else list(range(len(one)))
            places += [(one, key) for key in keys]
            queue += [one[key] for key in keys if isinstance(one[key], (dict, list))]
        where, key = chance.choice(places) if places else (found, "ags")
        if chance.random() < 0.1:
            del where[key]
        elif chance.random() < 0.1:
            found[chance.choice([*FULL, "client_id", "client_secret", "unknown"])] = value(chance)
        elif isinstance(where[key], str) and chance.random() < 0.5:
            text = where[key]
            at = chance.randrange(len(text) + 1)
            where[key] = text[:at] + chance.choice(TEXTS)[:200] + text[at + chance.randrange(2) :]
        else:
            where[key] = value(chance)
    return found


def broken(chance: random.Random, raw: bytes) -> bytes:
    """Bytes that are no JSON, or a strange one."""
    at = chance.randrange(len(raw) + 1)
    ways: list[Callable[[], bytes]] = [
        lambda: raw[:at],
        lambda: raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :],
        lambda: raw[:at] + bytes(chance.randrange(256) for _turn in range(5)) + raw[at:],
        lambda: raw[:-1] + b', "ags": "08121000", "client_name": ' + json.dumps(value(chance)).encode() + b"}",
        lambda: raw.replace(b'"0', b"NaN, 0", 1),
        lambda: raw.replace(b'"ags": ', b'"ags": ' + b"9" * 5_000 + b', "x": '),
        lambda: raw.replace(b'"client_name": ', b'"jwks": ' + b"[" * 20_000 + b', "client_name": '),
        lambda: raw.replace(b'"client_name": ', b'"x": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b', "client_name": '),
        lambda: b"\xef\xbb\xbf" + raw,
        lambda: raw.decode().encode("utf-16"),
        lambda: b"[" + raw + b"]",
        lambda: raw * 2,
        lambda: b"",
        lambda: raw + b" " * 60_000,
    ]
    return chance.choice(ways)()


@pytest_asyncio.fixture
async def http(shared: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False, timeout=60) as client:
        yield client


Sent = tuple[str, str, bytes, httpx.Headers, tuple[str, str] | None]
"""Method, path, body, headers, credentials."""


async def answers(http: httpx.AsyncClient, sent: Iterator[Sent]) -> AsyncIterator[tuple[bytes, httpx.Response]]:
    """The answers with what was sent, in order; a few requests run at a time."""
    while batch := list(islice(sent, 10)):
        calls = [
            http.request(method, f"/oauth/{path}", content=raw, headers=headers, auth=auth)
            for method, path, raw, headers, auth in batch
        ]
        for (_method, _path, raw, _headers, _auth), answer in zip(batch, await asyncio.gather(*calls), strict=True):
            yield raw[:3_000], answer


def refused(answer: httpx.Response, errors: set[str], sent: object) -> dict[str, Any]:
    """What a refusal says, after a look at its form."""
    said: dict[str, Any] = answer.json()
    assert said["error"] in errors, (sent, answer.text)
    assert DESCRIPTION.fullmatch(said.get("error_description", "")), (sent, answer.text)
    assert answer.headers["cache-control"] == "no-store"
    return said


def registrations() -> Iterator[Sent]:
    chance = random.Random(7591)
    for _turn in range(MANY):
        city = f"{chance.randrange(1, 17):02}{chance.randrange(10**6):06}"  # or one city's queue would be full
        raw = json.dumps(changed(chance, {**chance.choice(BODIES), "ags": city})).encode()
        if chance.random() < 0.3:
            raw = broken(chance, raw)
        kind = "application/json" if chance.random() < 0.95 else chance.choice(["text/json", "", "a/b; c=", ";", "ä"])
        yield "POST", "register", raw, httpx.Headers({b"content-type": kind.encode()}), None


async def test_registrations(http: httpx.AsyncClient) -> None:
    taken = 0
    async for raw, answer in answers(http, registrations()):
        assert answer.status_code in {201, 400}, (raw, answer.text)
        if answer.status_code == 400:
            refused(answer, REGISTRATION_ERRORS, raw)
        else:
            said = answer.json()
            assert said["status"] == "pending"
            assert not re.search(r"[<>\0\u202e]", said["client_name"])
            taken += 1
    assert 0 < taken < MANY // 2


def changes(app: App) -> Iterator[Sent]:
    chance = random.Random(7592)
    headers = httpx.Headers({**developers.manage(app), "content-type": "application/json"})
    for _turn in range(MANY):
        body = {**chance.choice(BODIES), "ags": "16000001", "client_id": app.client_id}
        yield "PUT", f"register/{app.client_id}", json.dumps(changed(chance, body)).encode(), headers, None


async def test_changes(http: httpx.AsyncClient) -> None:
    app = await developers.registered(http, ags="16000001")
    async for raw, answer in answers(http, changes(app)):
        assert answer.status_code in {200, 400}, (raw, answer.text)
        if answer.status_code == 400:
            refused(answer, REGISTRATION_ERRORS, raw)


FORMS: list[dict[str, str]] = [
    {"grant_type": "client_credentials", "scope": "directory:read", "resource": "http://x"},
    {"grant_type": "authorization_code", "code": "x", "redirect_uri": developers.CALLBACK, "code_verifier": "v" * 43},
    {"grant_type": "refresh_token", "refresh_token": "x", "scope": "directory:read"},
    {"token": "x", "token_type_hint": "access_token"},
]


def form(chance: random.Random, hub: Hub, client: App, app: App) -> dict[str, str]:
    """A form with a word changed; half of them with an assertion, itself changed."""
    found = dict(chance.choice(FORMS))
    if chance.random() < 0.4:
        said: Any = changed(chance, claims(hub, app.client_id)) if chance.random() < 0.7 else value(chance)
        head = {} if chance.random() < 0.7 else {"kid": value(chance)}
        assert app.key is not None
        try:
            assertion = signed(said, app.key, **head)
        except (JoseError, ValueError, TypeError, AttributeError):
            assertion = signed(said, app.key)
        found |= {"client_assertion_type": ASSERTED, "client_assertion": assertion}
    elif chance.random() < 0.3:
        found["client_id"] = client.client_id
    for _turn in range(chance.choice([0, 1, 1, 2])):
        text = value(chance)
        name = chance.choice([*found, chance.choice(TEXTS)[:100]])
        found[name] = (text if isinstance(text, str) else json.dumps(text))[:25_000]
    return found


def encoded(chance: random.Random, found: dict[str, str]) -> bytes:
    parts = list(found.items())
    if chance.random() < 0.1:
        parts.append(chance.choice(parts))
    raw = "&".join("=".join(quote_plus(one, errors="surrogatepass") for one in pair) for pair in parts).encode()
    if chance.random() < 0.2:
        at = chance.randrange(len(raw) + 1)
        raw = raw[:at] + bytes(chance.randrange(256) for _turn in range(3)) + raw[at + 1 :]
    return raw


def requests(hub: Hub, client: App, app: App) -> Iterator[Sent]:
    chance = random.Random(6749)
    for _turn in range(MANY):
        path = chance.choice(["token", "token", "revoke", "introspect"])
        raw = encoded(chance, form(chance, hub, client, app))
        kind = "application/x-www-form-urlencoded" if chance.random() < 0.95 else "application/json"
        auth = client.auth if b"client_assertion" not in raw and chance.random() < 0.7 else None
        headers = {"content-type": kind}
        if chance.random() < 0.05:
            headers["authorization"] = chance.choice(["Basic", "Basic ä", "Bearer x", "Basic AAAA", ":"])
            auth = None
        named = httpx.Headers({name.encode(): value.encode() for name, value in headers.items()})
        yield "POST", path, raw, named, auth


async def test_forms(shared: Hub, http: httpx.AsyncClient) -> None:
    client = await developers.active(shared, http, ags="08999998")
    app = await developers.active(shared, http, new_key(), ags="08999999")
    async for raw, answer in answers(http, requests(shared, client, app)):
        assert answer.status_code in {200, 400, 401, 413}, (raw, answer.text)
        if answer.status_code != 200:
            refused(answer, TOKEN_ERRORS, raw)
