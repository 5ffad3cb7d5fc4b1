"""A hostile developer's tools: registrations, keys, assertions, codes and tokens for the tests of the OAuth server."""

import base64
import hashlib
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from services.directory import agreement, people
from services.directory.access import APPROVE, CENTRAL, CLIENT_SCOPES
from services.directory.models import Client
from services.directory.oauth import clients, grants
from services.kit.auth import Principal
from services.kit.db import HUB, Writer
from services.kit.service import Hub

KONSTANZ, HEILBRONN, MUNICH = "08335043", "08121000", "09162000"
OFFICE = Principal(client="hub", subject="office", scopes=frozenset({APPROVE}), roles=frozenset({f"{CENTRAL}:08"}))
"""The central navigator of the state that Konstanz and Heilbronn lie in."""
CALLBACK = "https://app.example.org/back"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASSERTED = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Key = ECKey | RSAKey | OKPKey


def new_key(kid: str = "one") -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": kid})


def public(*keys: Key) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def metadata(**changes: Any) -> dict[str, Any]:
    """A registration that is right but for `changes`; None leaves a member out."""
    fine = {
        "client_name": f"Digitalamt {changes.get('ags', KONSTANZ)}",
        "ags": KONSTANZ,
        "agreement": agreement.VERSION,
        "token_endpoint_auth_method": "client_secret_basic",
    }
    return {name: value for name, value in {**fine, **changes}.items() if value is not None}


async def register(http: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await http.post("/oauth/register", json=metadata(**changes))


@dataclass(frozen=True)
class App:
    """A registered client with all it knows of itself."""

    client_id: str
    management: str
    secret: str = ""
    key: Key | None = None

    @property
    def auth(self) -> tuple[str, str]:
        return (self.client_id, self.secret)


async def registered(http: httpx.AsyncClient, key: Key | None = None, **changes: Any) -> App:
    if key is not None:
        changes = {"token_endpoint_auth_method": "private_key_jwt", "jwks": public(key), **changes}
    answer = await register(http, **changes)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    return App(said["client_id"], said["registration_access_token"], said.get("client_secret", ""), key)


async def active(hub: Hub, http: httpx.AsyncClient, key: Key | None = None, **changes: Any) -> App:
    """A client that registered and was approved; with redirect URIs, one for people that refreshes."""
    if "redirect_uris" in changes:
        changes = {"grant_types": ["authorization_code", "refresh_token"], **changes}
    app = await registered(http, key, **changes)
    await decide(hub, app.client_id, "approve")
    return app


async def decide(hub: Hub, client_id: str, decision: str, who: Principal = OFFICE, reason: str = "because") -> Client:
    async with work(hub) as session:
        client, said = await clients.decide(session, who, client_id, decision, reason)
        await hub.runtimes["directory"].say(session, said)
        return client


@asynccontextmanager
async def work(hub: Hub) -> AsyncIterator[Writer]:
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        yield session


def manage(app: App, token: str = "") -> dict[str, str]:
    return {"authorization": f"Bearer {token or app.management}"}


async def put(http: httpx.AsyncClient, app: App, **changes: Any) -> httpx.Response:
    body = metadata(client_id=app.client_id, **changes)
    return await http.put(f"/oauth/register/{app.client_id}", json=body, headers=manage(app))


# Assertions -------------------------------------------------------------------------------------------------------


def claims(hub: Hub, client_id: str, **changes: Any) -> dict[str, Any]:
    """An assertion's claims, right but for `changes`; None leaves a claim out."""
    now = int(time.time())
    fine = {"iss": client_id, "sub": client_id, "aud": hub.settings.issuer, "jti": uuid.uuid4().hex, "iat": now}
    return {name: value for name, value in {**fine, "exp": now + 60, **changes}.items() if value is not None}


def signed(said: Any, key: Key | OctKey, **header: Any) -> str:
    kept = {name: value for name, value in {"alg": "ES256", "kid": key.kid, **header}.items() if value is not None}
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    return jws.serialize_compact(kept, raw, key, algorithms=[kept["alg"]])


def asserted(assertion: str, **form: str) -> dict[str, str]:
    """The form of a client that authenticates with `assertion`."""
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTED,
        "client_assertion": assertion,
        **form,
    }


async def credentials(http: httpx.AsyncClient, app: App, **form: str) -> httpx.Response:
    return await http.post("/oauth/token", data={"grant_type": "client_credentials", **form}, auth=app.auth)


# People -----------------------------------------------------------------------------------------------------------


async def person(hub: Hub, org: str, *roles: str) -> uuid.UUID:
    async with work(hub) as session:
        return await people.create(session, "test", org, "Ada Ahorn", None, roles)


async def code(hub: Hub, app: App, account: uuid.UUID, **changes: Any) -> str:
    """A code as the consent page makes it."""
    usual: dict[str, Any] = {"scopes": CLIENT_SCOPES, "resource": None, "redirect_uri": CALLBACK,
                             "challenge": CHALLENGE, "auth_time": datetime.now(UTC), "amr": ["pwd"]}  # fmt: skip
    async with work(hub) as session:
        return await grants.allow(session, account, app.client_id, **{**usual, **changes})


async def redeem(http: httpx.AsyncClient, app: App, code: str, **form: str | None) -> httpx.Response:
    """None leaves a parameter out."""
    wanted = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return await _post(http, app, {**wanted, **form})


async def refresh(http: httpx.AsyncClient, app: App, token: str, **form: str | None) -> httpx.Response:
    return await _post(http, app, {"grant_type": "refresh_token", "refresh_token": token, **form})


async def _post(http: httpx.AsyncClient, app: App, form: dict[str, str | None]) -> httpx.Response:
    said = {name: value for name, value in form.items() if value is not None}
    if app.secret:
        return await http.post("/oauth/token", data=said, auth=app.auth)
    return await http.post("/oauth/token", data={"client_id": app.client_id, **said})


async def believed(http: httpx.AsyncClient, token: str) -> bool:
    """Whether an access token counts at the hub's graph."""
    headers = {"authorization": f"Bearer {token}"}
    answer = await http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert answer.status_code in {200, 401}, answer.text
    return answer.status_code == 200
