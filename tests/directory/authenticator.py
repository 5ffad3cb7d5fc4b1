"""A browser without scripts, and an authenticator in software: what people hold in their hands, for the tests."""

import hashlib
import html
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
UP, UV, AT, SYNCED = 0x01, 0x04, 0x40, 0x18


def text(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def raw(value: str) -> bytes:
    return urlsafe_b64decode(value + "=" * (-len(value) % 4))


@dataclass
class Authenticator:
    """One credential (ES256). `origin` and `rp` are what it believes to be at; `flags` what it says it has checked."""

    origin: str
    rp: str = "127.0.0.1"
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    user: bytes = b""
    count: int = 0
    flags: int = UP | UV
    client_data: dict[str, Any] = field(default_factory=dict)

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to `navigator.credentials.create`."""
        self.user = raw(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        data = self._data(AT) + bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(public)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": text(self._client("webauthn.create", options)),
                "attestationObject": text(attestation),
                "transports": ["internal"],
            }
        )

    def use(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to `navigator.credentials.get`."""
        self.count += 1
        data, client = self._data(0), self._client("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": text(client),
                "authenticatorData": text(data),
                "signature": text(signature),
                "userHandle": text(self.user),
            }
        )

    def _data(self, more: int) -> bytes:
        return hashlib.sha256(self.rp.encode()).digest() + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps({**said, **self.client_data}).encode()

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        return {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response}


class Browser(httpx.AsyncClient):
    """Keeps cookies, follows forms by hand, and says where its requests come from as browsers do."""

    def __init__(
        self, issuer: str, agent: str = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"
    ) -> None:
        headers = {"accept": "text/html,*/*;q=0.8", "user-agent": agent, "accept-language": "de"}
        super().__init__(base_url=issuer, headers=headers, trust_env=False, timeout=30)
        self.token = ""

    async def see(self, path: str) -> httpx.Response:
        """Open a page; its forms' token is kept."""
        answer = await self.get(path)
        found = re.search(r'name="csrf" value="([^"]+)"', answer.text)
        self.token = html.unescape(found[1]) if found else self.token
        return answer

    async def press(self, path: str, **values: str) -> httpx.Response:
        """Send a form of the page that was seen last."""
        return await self.send_form(path, {"csrf": self.token, **values})

    async def send_form(self, path: str, values: dict[str, str], **headers: str) -> httpx.Response:
        kept = {"origin": str(self.base_url).rstrip("/"), "sec-fetch-site": "same-origin", **headers}
        return await self.post(path, data=values, headers=kept)

    async def script(self, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        """What passkey.js would send."""
        kept = {"x-csrf-token": self.token, "origin": str(self.base_url).rstrip("/"), **headers}
        return await self.post(path, json=body, headers=kept)
