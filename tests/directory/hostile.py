"""An OpenID provider that does what a test tells it to: right by default, wrong in one respect at a time."""

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

from joserfc import jws
from joserfc.jwk import ECKey, Key

from tests.router import served

CLIENT = "hub"


class Hostile:
    """`discovery`, `claims` and `header` are laid over what would be right; a value of None leaves the member out."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key: Key = ECKey.generate_key("P-256", auto_kid=True)
        self.alg = "ES256"
        self.nonce = ""
        self.discovery: dict[str, Any] = {}
        self.keys: list[dict[str, Any]] | None = None
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.id_token: str | None = None
        self.answer: dict[str, Any] | None = None
        self.status, self.location, self.delay = 200, "", 0.0
        self.told = 0
        """Tokens, or what the test wanted instead, that were sent."""
        self.asked: list[tuple[str, dict[str, list[str]], str]] = []

    def metadata(self) -> dict[str, Any]:
        right = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256", "PS256", "EdDSA"],
        }
        return _over(right, self.discovery)

    def public(self) -> list[dict[str, Any]]:
        own = [dict(self.key.as_dict(private=False))]
        return own if self.keys is None else self.keys

    def token(self) -> str:
        """The ID token for the nonce that the hub sent."""
        if self.id_token is not None:
            return self.id_token
        now = int(time.time())
        right = {"iss": self.issuer, "sub": "u1", "aud": CLIENT, "exp": now + 60, "iat": now, "nonce": self.nonce,
                 "name": "Ute Ulme", "groups": ["lotsen"]}  # fmt: skip
        claims = _over(right, self.claims)
        header = _over({"alg": self.alg, "kid": self.key.kid}, self.header)
        signed = f"{_part(header)}.{_part(claims)}"  # by hand: the library would not write what is wrong
        signature = jws.JWSRegistry.algorithms[self.alg].sign(signed.encode(), self.key)
        return f"{signed}.{urlsafe_b64encode(signature).decode().rstrip('=')}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        path = scope["path"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((path, parse_qs(body.decode()), headers.get("authorization", "")))
        status, location = 200, ""
        answer: Any = {}
        if path.endswith("/.well-known/openid-configuration"):
            answer = self.metadata()
        elif path.endswith("/jwks"):
            answer = {"keys": self.public()}
        elif path.endswith("/token"):
            await asyncio.sleep(self.delay)
            answer = self.answer
            if answer is None:
                answer = {"access_token": "x", "token_type": "Bearer", "id_token": self.token()}
            status, location = self.status, self.location
            self.told += 1
        head = [(b"content-type", b"application/json")]
        if location:
            head.append((b"location", location.encode()))
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def _part(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _over(right: Mapping[str, Any], wrong: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**right, **wrong}.items() if value is not None}


@asynccontextmanager
async def hostile() -> AsyncIterator[Hostile]:
    provider = Hostile()
    async with served({"provider": provider}) as bases:
        provider.issuer = bases["provider"]
        yield provider
