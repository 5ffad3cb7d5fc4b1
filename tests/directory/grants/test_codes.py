"""What people allow clients: requests, and codes that count once."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from services.directory.models import AuthorizationCode
from services.directory.oauth.clients import hashed
from services.directory.oauth.endpoints import Asked, Failed, NoReturn
from services.kit.service import Hub
from tests.directory import developers
from tests.directory.developers import (
    CALLBACK,
    CHALLENGE,
    KONSTANZ,
    VERIFIER,
    App,
    believed,
    code,
    redeem,
    refresh,
)
from tests.directory.grants.world import ENDED, ask, change, said, tokens

# Codes ----------------------------------------------------------------------------------------------------------------


async def test_a_code_becomes_tokens(shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID) -> None:
    found = await tokens(shared, http, app, ada, scopes=("directory:read", "events:read"))
    assert (found["token_type"], found["expires_in"], found["scope"]) == ("Bearer", 600, "directory:read events:read")
    who = await shared.verifier.principal(f"Bearer {found['access_token']}")
    assert (who.subject, who.client, who.city, who.person) == (str(ada), app.client_id, KONSTANZ, True)


async def test_a_code_that_is_used_again_takes_its_tokens_along(
    shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID
) -> None:
    once = await code(shared, app, ada)
    first = (await redeem(http, app, once)).json()
    newer = (await refresh(http, app, first["refresh_token"])).json()
    assert await believed(http, first["access_token"])
    assert said(await redeem(http, app, once)) == ENDED
    assert not await believed(http, first["access_token"])
    assert not await believed(http, newer["access_token"])
    assert said(await refresh(http, app, newer["refresh_token"])) == ENDED


async def test_of_eight_redemptions_at_once_one_wins(
    shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID
) -> None:
    once = await code(shared, app, ada)
    found = await asyncio.gather(*(redeem(http, app, once) for _turn in range(8)))
    assert sorted(said(answer) for answer in found) == [(200, "")] + [ENDED] * 7
    (won,) = (answer.json() for answer in found if answer.status_code == 200)
    assert not await believed(http, won["access_token"]), "the losers are a second use"


async def test_a_code_is_its_own_clients(
    shared: Hub, http: httpx.AsyncClient, app: App, other: App, ada: uuid.UUID
) -> None:
    once = await code(shared, app, ada)
    assert said(await redeem(http, other, once)) == ENDED
    assert said(await redeem(http, other, once, client_id=app.client_id)) == (401, "invalid_client")
    assert said(await redeem(http, app, once, client_id=other.client_id)) == (401, "invalid_client")
    mixed = {"client_id": other.client_id, "grant_type": "authorization_code", "code": once}
    failed = await http.post("/oauth/token", data=mixed, auth=(app.client_id, "wrong"))
    assert said(failed) == (401, "invalid_client"), "who fails with a secret is not another client without one"
    assert (await redeem(http, app, once)).status_code == 200, "whoever has no right to a code does not spoil it"


PROOFS: dict[str, tuple[str | None, str]] = {
    "missing": (None, "invalid_request"),
    "empty": ("", "invalid_request"),
    "wrong": ("w" * 43, "invalid_grant"),
    "the challenge": (CHALLENGE, "invalid_grant"),
    "too short": ("v" * 42, "invalid_request"),
    "too long": ("v" * 129, "invalid_request"),
    "with a line end": (VERIFIER + "\n", "invalid_grant"),
    "umlauts": ("ä" * 43, "invalid_request"),
}


@pytest.mark.parametrize("case", PROOFS)
async def test_a_code_needs_its_proof(
    shared: Hub, http: httpx.AsyncClient, app: App, other: App, ada: uuid.UUID, case: str
) -> None:
    verifier, error = PROOFS[case]
    for client in (app, other):
        once = await code(shared, client, ada)
        assert said(await redeem(http, client, once, code_verifier=verifier)) == (400, error)
        assert said(await redeem(http, client, once)) == ENDED, "one try for each code"


VARIANTS = {
    "missing": "",
    "trailing slash": f"{CALLBACK}/",
    "path": "https://app.example.org/",
    "case of the path": "https://app.example.org/Back",
    "case of the host": "https://APP.example.org/back",
    "case of the scheme": "HTTPS://app.example.org/back",
    "user": "https://app.example.org@evil.example/back",
    "user before": "https://evil@app.example.org/back",
    "traversal": "https://app.example.org/back/../back",
    "escaped traversal": "https://app.example.org/back/%2e%2e/back",
    "backslash": "https://app.example.org\\@evil.example/back",
    "http": "http://app.example.org/back",
    "query": f"{CALLBACK}?next=https://evil.example",
    "question mark": f"{CALLBACK}?",
    "fragment": f"{CALLBACK}#x",
    "sub-domain": "https://evil.app.example.org/back",
    "longer domain": "https://app.example.org.evil.example/back",
    "port": "https://app.example.org:8443/back",
    "usual port": "https://app.example.org:443/back",
    "dot": "https://app.example.org./back",
    "another path": "https://app.example.org/back2",
    "semicolon": f"{CALLBACK};x",
    "space": f"{CALLBACK} ",
    "line end": f"{CALLBACK}\n",
    "two": f"{CALLBACK} https://evil.example/",
    "escaped": "https://app.example.org/b%61ck",
    "javascript": "javascript:alert(1)",
    "relative": "/back",
    "no scheme": "//app.example.org/back",
    "another loopback": "http://127.0.0.2:5000/back",
    "loopback by name": "http://localhost:5000/back",
    "loopback and https": "https://127.0.0.1:5000/back",
    "loopback with a user": "http://127.0.0.1:5000@evil.example/back",
    "loopback as a name": "http://127.0.0.1.evil.example/back",
    "loopback and another path": "http://127.0.0.1:5000/other",
    "loopback and a query": "http://127.0.0.1:5000/back?x=1",
    "loopback and a port too far": "http://127.0.0.1:500000/back",
}


@pytest.mark.parametrize("case", VARIANTS)
async def test_the_redirect_uri_is_the_registered_one(
    shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID, case: str
) -> None:
    with pytest.raises(NoReturn):
        await ask(shared, app, redirect_uri=VARIANTS[case])
    once = await code(shared, app, ada)
    assert said(await redeem(http, app, once, redirect_uri=VARIANTS[case] or None)) == ENDED


async def test_a_program_takes_any_port_of_its_own_machine(
    shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID
) -> None:
    """RFC 8252 section 7.3; the token request repeats what the authorization request had."""
    chosen = "http://127.0.0.1:49152/back"
    found = await ask(shared, app, redirect_uri=chosen)
    assert isinstance(found, Asked)
    once = await code(shared, app, ada, redirect_uri=found.redirect_uri)
    assert said(await redeem(http, app, once, redirect_uri="http://127.0.0.1:49153/back")) == ENDED
    once = await code(shared, app, ada, redirect_uri=found.redirect_uri)
    assert (await redeem(http, app, once, redirect_uri=chosen)).status_code == 200


async def test_codes_run_out(shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID) -> None:
    once = await code(shared, app, ada)
    past = datetime.now(UTC) - timedelta(seconds=1)
    await change(shared, AuthorizationCode, AuthorizationCode.code_hash == hashed(once), expires_at=past)
    assert said(await redeem(http, app, once)) == ENDED
    for nonsense in ("", "x", "\ud7ff", "x" * 7_000, hashed(once)):
        assert said(await redeem(http, app, nonsense))[0] == 400


# Authorization requests -----------------------------------------------------------------------------------------------


FAULTS: dict[str, tuple[dict[str, str | None], str]] = {
    "no challenge": ({"code_challenge": None}, "invalid_request"),
    "no method": ({"code_challenge_method": None}, "invalid_request"),
    "neither": ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    "plain": ({"code_challenge_method": "plain", "code_challenge": VERIFIER}, "invalid_request"),
    "s256": ({"code_challenge_method": "s256"}, "invalid_request"),
    "a short challenge": ({"code_challenge": "x" * 42}, "invalid_request"),
    "an odd challenge": ({"code_challenge": "ä" * 43}, "invalid_request"),
    "no response type": ({"response_type": None}, "invalid_request"),
    "implicit": ({"response_type": "token"}, "unsupported_response_type"),
    "hybrid": ({"response_type": "code token"}, "unsupported_response_type"),
    "an odd response type": ({"response_type": 'cöde"\\'}, "unsupported_response_type"),
    "scope": ({"scope": "directory:read hub:operate"}, "invalid_scope"),
    "scope of our own pages": ({"scope": "directory:approve"}, "invalid_scope"),
    "no scope left": ({"scope": " "}, "invalid_scope"),
    "odd scope": ({"scope": 'ä"\\'}, "invalid_scope"),
    "another audience": ({"resource": "https://evil.example"}, "invalid_target"),
    "an empty audience": ({"resource": ""}, "invalid_target"),
}


@pytest.mark.parametrize("case", FAULTS)
async def test_the_client_learns_what_is_wrong(shared: Hub, app: App, case: str) -> None:
    changes, error = FAULTS[case]
    found = await ask(shared, app, **changes)
    assert isinstance(found, Failed)
    assert found.location.startswith(f"{CALLBACK}?")
    query = parse_qs(urlsplit(found.location).query)
    assert (query["error"], query["state"], query["iss"]) == ([error], ["s t&=ü"], [shared.settings.issuer])
    assert all(text.isascii() for text in query.get("error_description", []))


async def test_a_request_that_nobody_can_trust_goes_nowhere(shared: Hub, app: App, http: httpx.AsyncClient) -> None:
    waiting = await developers.registered(
        http, ags="08335010", redirect_uris=[CALLBACK], grant_types=["authorization_code"]
    )
    for client in ("", "c-nobody", f"{app.client_id}\0", app.client_id.upper(), waiting.client_id):
        with pytest.raises(NoReturn):
            await ask(shared, app, client_id=client)
    for twice in ("state", "redirect_uri", "client_id", "scope", "response_type", "code_challenge"):
        with pytest.raises(NoReturn):
            await ask(shared, app, (twice, "x"), scope="directory:read")
    with pytest.raises(NoReturn):
        await ask(shared, app, state="x" * 9_000)


async def test_what_a_redirect_uri_asks_itself_is_kept(shared: Hub, http: httpx.AsyncClient) -> None:
    own = "https://app.example.org/back?tenant=a%20b&flag&x=%C3%A4"
    app = await developers.active(shared, http, ags="08335011", redirect_uris=[own])
    found = await ask(shared, app, redirect_uri=own, response_type="token")
    assert isinstance(found, Failed)
    assert found.location.startswith(f"{own}&error=unsupported_response_type&")
    found = await ask(shared, app, redirect_uri=own, code_challenge=None)
    assert isinstance(found, Failed)
    assert found.location.startswith(f"{own}&error=invalid_request&")
