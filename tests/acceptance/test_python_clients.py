"""requests-oauthlib and Authlib's client for httpx fetch tokens as their documentation says."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from joserfc.jwk import ECKey
from oauthlib.oauth2 import BackendApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidClientError, InvalidGrantError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from services.kit.service import Hub
from tests.acceptance.people import KONSTANZ, consented, registered

BACK = "http://127.0.0.1:9/back"
SCOPES = ["directory:read", "directory:write"]
ME = {"query": "{ me { ags person } }"}
CODE = {
    "token_endpoint_auth_method": "client_secret_basic",
    "grant_types": ["authorization_code", "refresh_token"],
    "redirect_uris": [BACK],
    "scope": " ".join(SCOPES),
}


@pytest.fixture
def insecure(monkeypatch: pytest.MonkeyPatch) -> None:
    """oauthlib speaks http, which is for loopback only."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def sessions() -> Iterator[list[requests.Session]]:
    made: list[requests.Session] = []
    yield made
    for session in made:
        session.close()


def opened(sessions: list[requests.Session], **arguments: Any) -> OAuth2Session:
    session = OAuth2Session(**arguments)
    session.trust_env = False
    sessions.append(session)
    return session


async def test_requests_oauthlib_for_a_city(hub: Hub, insecure: None, sessions: list[requests.Session]) -> None:
    made = await registered(hub, token_endpoint_auth_method="client_secret_basic")
    url = hub.settings.issuer

    def work() -> Any:
        session = opened(sessions, client=BackendApplicationClient(client_id=made["client_id"], scope=SCOPES[:1]))
        wrong = HTTPBasicAuth(made["client_id"], "wrong")
        with pytest.raises(InvalidClientError):
            session.fetch_token(f"{url}/oauth/token", auth=wrong)
        auth = HTTPBasicAuth(made["client_id"], made["client_secret"])
        token = session.fetch_token(f"{url}/oauth/token", auth=auth)
        return token, session.post(f"{url}/graphql", json=ME).json()

    token, said = await asyncio.to_thread(work)
    assert token["scope"] == SCOPES[:1]
    assert said["data"] == {"me": {"ags": KONSTANZ, "person": False}}


async def test_requests_oauthlib_for_a_person(hub: Hub, insecure: None, sessions: list[requests.Session]) -> None:
    made, url = await registered(hub, **CODE), hub.settings.issuer
    session = opened(sessions, client_id=made["client_id"], redirect_uri=BACK, scope=SCOPES, pkce="S256")
    auth = HTTPBasicAuth(made["client_id"], made["client_secret"])
    asked, _state = session.authorization_url(f"{url}/oauth/authorize")
    answer = await consented(hub, asked)

    def work() -> Any:
        first = session.fetch_token(f"{url}/oauth/token", authorization_response=answer, auth=auth)
        second = session.refresh_token(f"{url}/oauth/token", auth=auth)
        said = session.post(f"{url}/graphql", json=ME).json()
        with pytest.raises(InvalidGrantError):
            session.refresh_token(f"{url}/oauth/token", refresh_token=first["refresh_token"], auth=auth)
        return first, second, said

    first, second, said = await asyncio.to_thread(work)
    assert first["scope"] == second["scope"] == SCOPES
    assert said["data"] == {"me": {"ags": KONSTANZ, "person": True}}


def authlib(hub: Hub, made: dict[str, Any], **more: Any) -> AsyncOAuth2Client:
    endpoint = f"{hub.settings.issuer}/oauth/token"
    return AsyncOAuth2Client(made["client_id"], token_endpoint=endpoint, trust_env=False, timeout=30, **more)


async def asked(client: AsyncOAuth2Client, hub: Hub) -> dict[str, Any]:
    answer: httpx.Response = await client.post(f"{hub.settings.issuer}/graphql", json=ME)
    return dict(answer.json()["data"]["me"])


async def test_authlib_for_a_city_with_a_secret(hub: Hub) -> None:
    made = await registered(hub, token_endpoint_auth_method="client_secret_basic", software_id="authlib")
    async with authlib(hub, made, client_secret=made["client_secret"], scope=SCOPES[0]) as client:
        token = await client.fetch_token(grant_type="client_credentials")
        assert (token["scope"], await asked(client, hub)) == (SCOPES[0], {"ags": KONSTANZ, "person": False})
        answer = await client.introspect_token(f"{hub.settings.issuer}/oauth/introspect", token=token["access_token"])
        assert answer.json()["active"] is True
        await client.revoke_token(f"{hub.settings.issuer}/oauth/revoke", token=token["access_token"])
        answer = await client.post(f"{hub.settings.issuer}/graphql", json=ME)
        assert answer.status_code == 401


class ShortLived(PrivateKeyJWT):  # type: ignore[misc]  # Authlib is untyped
    """Its assertions live a minute; by itself Authlib makes them for an hour, which is no longer allowed."""

    def sign(self, auth: Any, token_endpoint: str) -> str:
        signed: str = private_key_jwt_sign(
            auth.client_secret, auth.client_id, token_endpoint, self.alg, header=dict(self.headers), expires_in=60
        )
        return signed


async def test_authlib_for_a_city_with_a_key(hub: Hub) -> None:
    key = ECKey.generate_key("P-256", {"kid": "town"})
    made = await registered(hub, jwks={"keys": [key.as_dict(private=False)]})
    endpoint = f"{hub.settings.issuer}/oauth/token"
    async with authlib(hub, made, client_secret=key, token_endpoint_auth_method="private_key_jwt") as client:
        client.register_client_auth_method(PrivateKeyJWT(endpoint, headers={"kid": "town"}, alg="ES256"))
        with pytest.raises(OAuthError, match="invalid_client"):
            await client.fetch_token(grant_type="client_credentials")
        client.register_client_auth_method(ShortLived(endpoint, headers={"kid": "town"}, alg="ES256"))
        for _turn in range(2):  # each assertion is a new one
            await client.fetch_token(grant_type="client_credentials", resource=hub.settings.issuer)
        assert await asked(client, hub) == {"ags": KONSTANZ, "person": False}


async def test_authlib_for_a_person(hub: Hub) -> None:
    made, verifier = await registered(hub, **CODE, software_id="authlib"), "v" * 48
    more: dict[str, Any] = {"scope": " ".join(SCOPES), "redirect_uri": BACK, "code_challenge_method": "S256"}
    async with authlib(hub, made, client_secret=made["client_secret"], **more) as client:
        url, state = client.create_authorization_url(f"{hub.settings.issuer}/oauth/authorize", code_verifier=verifier)
        answer = await consented(hub, url)
        first = await client.fetch_token(authorization_response=answer, state=state, code_verifier=verifier)
        assert await asked(client, hub) == {"ags": KONSTANZ, "person": True}
        second = await client.refresh_token(refresh_token=first["refresh_token"])
        assert second["refresh_token"] != first["refresh_token"]
        assert await asked(client, hub) == {"ags": KONSTANZ, "person": True}
