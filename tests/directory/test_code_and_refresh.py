"""What people allow clients: codes that count once, refresh tokens that rotate, and all that ends them."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from sqlalchemy import select, update

from services.directory import people
from services.directory.models import AuthorizationCode, Grant, RefreshToken
from services.directory.oauth import endpoints, keys
from services.directory.oauth.clients import hashed
from services.directory.oauth.endpoints import Asked, Failed, NoReturn
from services.kit import auth
from services.kit.service import Hub
from tests.directory import developers
from tests.directory.developers import (
    CALLBACK,
    CHALLENGE,
    HEILBRONN,
    KONSTANZ,
    VERIFIER,
    App,
    believed,
    code,
    decide,
    person,
    redeem,
    refresh,
    work,
)

ENDED = (400, "invalid_grant")
LOOPBACK = "http://127.0.0.1/back"


@pytest_asyncio.fixture
async def http(shared: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False, timeout=30) as client:
        yield client


@pytest_asyncio.fixture(scope="module")
async def app(shared: Hub) -> App:
    """A client with a secret, for people of Konstanz."""
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False) as http:
        return await developers.active(shared, http, redirect_uris=[CALLBACK, LOOPBACK])


@pytest_asyncio.fixture(scope="module")
async def other(shared: Hub) -> App:
    """A public client of another city."""
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False) as http:
        return await developers.active(
            shared, http, ags=HEILBRONN, redirect_uris=[CALLBACK], token_endpoint_auth_method="none"
        )


@pytest_asyncio.fixture(scope="module")
async def ada(shared: Hub) -> uuid.UUID:
    return await person(shared, KONSTANZ, "coordinator")


async def tokens(hub: Hub, http: httpx.AsyncClient, app: App, account: uuid.UUID, **changes: Any) -> dict[str, Any]:
    answer = await redeem(http, app, await code(hub, app, account, **changes))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", "")


async def change(hub: Hub, model: Any, where: Any, **values: Any) -> None:
    async with work(hub) as session:
        await session.execute(update(model).where(where).values(**values))


# Codes ------------------------------------------------------------------------------------------------------------


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


# Authorization requests -------------------------------------------------------------------------------------------


async def ask(hub: Hub, app: App, *more: tuple[str, str], **changes: str | None) -> Asked | Failed:
    fine = {"response_type": "code", "client_id": app.client_id, "redirect_uri": CALLBACK, "state": "s t&=ü",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256"}  # fmt: skip
    query = [(name, value) for name, value in {**fine, **changes}.items() if value is not None]
    async with work(hub) as session:
        return await endpoints.asked(session, hub.settings, [*query, *more], None)


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


# Refresh tokens ---------------------------------------------------------------------------------------------------


async def test_a_refresh_token_that_is_used_again_ends_its_family(
    shared: Hub, http: httpx.AsyncClient, app: App, other: App, ada: uuid.UUID
) -> None:
    for client in (app, other):
        first = await tokens(shared, http, client, ada)
        second = (await refresh(http, client, first["refresh_token"])).json()
        third = (await refresh(http, client, second["refresh_token"])).json()
        assert len({one["refresh_token"] for one in (first, second, third)}) == 3
        assert await believed(http, third["access_token"])
        assert said(await refresh(http, client, first["refresh_token"])) == ENDED
        assert not await believed(http, third["access_token"])
        assert said(await refresh(http, client, third["refresh_token"])) == ENDED


async def test_of_eight_refreshes_at_once_one_wins(
    shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID
) -> None:
    first = await tokens(shared, http, app, ada)
    found = await asyncio.gather(*(refresh(http, app, first["refresh_token"]) for _turn in range(8)))
    assert sorted(said(answer) for answer in found) == [(200, "")] + [ENDED] * 7


async def test_scopes_narrow_for_one_token_and_never_grow(
    shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID
) -> None:
    found = await tokens(shared, http, app, ada, scopes=("directory:read", "events:read"))
    for more in ("directory:write", "directory:read directory:write", "directory:approve", "ä", "directory:read\0"):
        assert (await refresh(http, app, found["refresh_token"], scope=more)).status_code == 400
    narrow = (await refresh(http, app, found["refresh_token"], scope="events:read")).json()
    assert narrow["scope"] == "events:read"
    whole = (await refresh(http, app, narrow["refresh_token"])).json()
    assert whole["scope"] == "directory:read events:read"


async def test_an_audience_narrows_and_never_changes(
    shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID
) -> None:
    directory, events = (shared.settings.resource(service) for service in ("directory", "events"))
    found = await tokens(shared, http, app, ada, resource=directory)
    for wider in (events, shared.settings.issuer, "https://evil.example", ""):
        assert said(await refresh(http, app, found["refresh_token"], resource=wider)) == (400, "invalid_target")
        once = await code(shared, app, ada, resource=directory)
        assert said(await redeem(http, app, once, resource=wider)) == (400, "invalid_target")
    again = (await refresh(http, app, found["refresh_token"], resource=directory)).json()
    for token in (found["access_token"], again["access_token"]):
        assert not await believed(http, token), "made for one service, not for the whole graph"


async def test_a_family_ends_at_its_time_however_busy_it_is(
    shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID
) -> None:
    found = await tokens(shared, http, app, ada)
    grant = (await shared.verifier.principal(f"Bearer {found['access_token']}")).grant
    soon = datetime.now(UTC) + timedelta(minutes=5)
    await change(shared, Grant, Grant.id == uuid.UUID(grant), expires_at=soon)
    newer = (await refresh(http, app, found["refresh_token"])).json()
    async with work(shared) as session:
        kept = await session.scalar(
            select(RefreshToken.expires_at).where(RefreshToken.token_hash == hashed(newer["refresh_token"]))
        )
    assert kept == soon
    await change(shared, Grant, Grant.id == uuid.UUID(grant), expires_at=datetime.now(UTC))
    assert said(await refresh(http, app, newer["refresh_token"])) == ENDED
    idle = await tokens(shared, http, app, ada)
    token = RefreshToken.token_hash == hashed(idle["refresh_token"])
    await change(shared, RefreshToken, token, expires_at=datetime.now(UTC))
    assert said(await refresh(http, app, idle["refresh_token"])) == ENDED


async def test_a_refresh_token_is_its_own_clients(
    shared: Hub, http: httpx.AsyncClient, app: App, other: App, ada: uuid.UUID
) -> None:
    found = await tokens(shared, http, app, ada)
    assert said(await refresh(http, other, found["refresh_token"])) == ENDED
    assert said(await redeem(http, app, found["refresh_token"])) == ENDED, "it is no code"
    assert said(await refresh(http, app, found["access_token"])) == ENDED
    assert not await believed(http, found["refresh_token"])
    assert (await refresh(http, app, found["refresh_token"])).status_code == 200


# What ends or lessens them ----------------------------------------------------------------------------------------


async def test_a_closed_account_has_no_tokens(shared: Hub, http: httpx.AsyncClient, app: App) -> None:
    account = await person(shared, KONSTANZ, "editor")
    found, waiting = await tokens(shared, http, app, account), await code(shared, app, account)
    async with work(shared) as session:
        await shared.runtimes["directory"].say(session, await people.disable(session, "test", account))
    assert not await believed(http, found["access_token"])
    assert said(await refresh(http, app, found["refresh_token"])) == ENDED
    assert said(await redeem(http, app, waiting)) == ENDED


async def test_tokens_lose_what_the_person_may_no_longer_do(shared: Hub, http: httpx.AsyncClient, app: App) -> None:
    account = await person(shared, KONSTANZ, "editor", "navigator")
    found = await tokens(shared, http, app, account)
    assert "directory:write" in found["scope"].split()
    async with work(shared) as session:
        await shared.runtimes["directory"].say(session, await people.withdraw(session, "test", account, "editor"))
    assert not await believed(http, found["access_token"])
    lesser = (await refresh(http, app, found["refresh_token"])).json()
    assert lesser["scope"] == "directory:read matching:read events:read"
    assert await believed(http, lesser["access_token"]), "made after the withdrawal, though within the same second"
    assert await believed(http, lesser["access_token"]), "made after the withdrawal, though within the same second"
    async with work(shared) as session:
        await people.withdraw(session, "test", account, "navigator")
    assert said(await refresh(http, app, lesser["refresh_token"])) == (400, "invalid_scope")


async def test_a_suspended_client_has_no_tokens_at_once(shared: Hub, http: httpx.AsyncClient, ada: uuid.UUID) -> None:
    app = await developers.active(shared, http, ags="08335012", redirect_uris=[CALLBACK])
    found, waiting = await tokens(shared, http, app, ada), await code(shared, app, ada)
    await decide(shared, app.client_id, "suspend")
    assert not await believed(http, found["access_token"])
    assert said(await refresh(http, app, found["refresh_token"])) == (400, "unauthorized_client")
    with pytest.raises(NoReturn):
        await ask(shared, app)
    await decide(shared, app.client_id, "resume")
    assert said(await refresh(http, app, found["refresh_token"])) == ENDED, "resuming brings nothing back"
    assert said(await redeem(http, app, waiting)) == ENDED
    assert not await believed(http, found["access_token"])


async def test_with_a_citys_last_client_all_that_its_people_gave_to_others_ends(
    shared: Hub, http: httpx.AsyncClient, app: App
) -> None:
    town = await developers.active(shared, http, ags="08335013")
    account = await person(shared, "08335013", "coordinator")
    found = await tokens(shared, http, app, account)
    assert await believed(http, found["access_token"])
    await decide(shared, town.client_id, "suspend")
    assert not await believed(http, found["access_token"])
    assert said(await refresh(http, app, found["refresh_token"])) == ENDED


# Revocation, introspection, keys ----------------------------------------------------------------------------------


async def about(http: httpx.AsyncClient, app: App, what: str, token: str, **form: str) -> httpx.Response:
    return await http.post(f"/oauth/{what}", data={"token": token, **form}, auth=app.auth)


async def test_a_client_takes_back_its_own_tokens(
    shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID
) -> None:
    stranger = await developers.active(shared, http, ags="08335014")
    found = await tokens(shared, http, app, ada)
    for token in (found["access_token"], found["refresh_token"]):
        assert (await about(http, stranger, "revoke", token)).status_code == 200, "as for a token that is none"
    assert await believed(http, found["access_token"])
    assert (await about(http, app, "revoke", found["access_token"], token_type_hint="refresh_token")).json() == {}
    assert not await believed(http, found["access_token"])
    newer = (await refresh(http, app, found["refresh_token"])).json()
    assert await believed(http, newer["access_token"])
    assert (await about(http, app, "revoke", newer["refresh_token"], token_type_hint="nonsense")).status_code == 200
    assert not await believed(http, newer["access_token"])
    assert said(await refresh(http, app, newer["refresh_token"])) == ENDED
    for garbage in ("x", "a.b.c", "ä", found["access_token"][:-4]):
        assert (await about(http, app, "revoke", garbage)).status_code == 200
    assert said(await about(http, app, "revoke", "")) == (400, "invalid_request")
    assert said(await http.post("/oauth/revoke", data={"token": "x"})) == (401, "invalid_client")


async def test_a_client_learns_of_its_own_tokens_only(
    shared: Hub, http: httpx.AsyncClient, app: App, other: App, ada: uuid.UUID
) -> None:
    stranger = await developers.active(shared, http, ags="08335015")
    found = await tokens(shared, http, app, ada, scopes=("directory:read",))
    said_of = (await about(http, app, "introspect", found["access_token"])).json()
    assert {name: said_of[name] for name in ("active", "client_id", "sub", "scope", "city", "iss")} == {
        "active": True, "client_id": app.client_id, "sub": str(ada), "scope": "directory:read", "city": KONSTANZ,
        "iss": shared.settings.issuer,
    }  # fmt: skip
    assert (await about(http, app, "introspect", found["refresh_token"])).json()["active"] is True
    nothing = {"active": False}
    for token in (found["access_token"], found["refresh_token"]):
        assert (await about(http, stranger, "introspect", token)).json() == nothing
    for garbage in ("x", "a.b.c", "ä", found["access_token"][:-4], "x" * 7_000):
        assert (await about(http, app, "introspect", garbage)).json() == nothing
    newer = (await refresh(http, app, found["refresh_token"])).json()
    assert (await about(http, app, "introspect", found["refresh_token"])).json() == nothing
    await about(http, app, "revoke", newer["refresh_token"])
    for token in (newer["access_token"], newer["refresh_token"], found["access_token"]):
        assert (await about(http, app, "introspect", token)).json() == nothing
    nobody = await http.post("/oauth/introspect", data={"token": "x", "client_id": other.client_id})
    assert said(nobody) == (401, "invalid_client"), "without a secret nobody asks"


async def test_a_token_that_has_run_out_is_not_active(
    shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub believes it for half a minute longer, for clocks that are late; it does not say so."""
    monkeypatch.setattr("services.directory.oauth.policy.TOKEN_SECONDS", -5)
    found = await tokens(shared, http, app, ada)
    assert (await about(http, app, "introspect", found["access_token"])).json() == {"active": False}


async def test_sessions_and_tokens_are_different_things(
    shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID
) -> None:
    found = await tokens(shared, http, app, ada)
    name = auth.cookie_name(shared.settings.issuer)
    query = {"query": "mutation { __typename }"}
    cookie = await http.post("/graphql", json=query, headers={"cookie": f"{name}={found['access_token']}"})
    nobody = await http.post("/graphql", json=query)
    assert (cookie.status_code, cookie.json()) == (nobody.status_code, nobody.json())
    session = await session_token(shared, ada)
    assert not await believed(http, session)
    assert (await about(http, app, "introspect", session)).json() == {"active": False}


async def session_token(hub: Hub, account: uuid.UUID) -> str:
    """What a browser holds: signed with the same key, of another type."""
    async with work(hub) as session:
        key = await keys.signing_key(session, hub.settings.derived("signing"))
    now = int(time.time())
    said_of = {"iss": hub.settings.issuer, "aud": hub.settings.issuer, "sub": str(account), "client_id": "hub",
               "iat": now, "exp": now + 600, "scope": "directory:read", "sid": str(uuid.uuid4())}  # fmt: skip
    return jwt.encode({"alg": auth.ALGORITHM, "typ": auth.SESSION_TYPE, "kid": key.kid}, said_of, key)


async def test_a_key_that_leaked_takes_all_it_signed_along(
    shared: Hub, http: httpx.AsyncClient, app: App, ada: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everywhere and at once, though verifiers remember the keys they have read; the last test of this module."""
    monkeypatch.setattr(auth, "AGAIN_SECONDS", 0.0)
    old = await tokens(shared, http, app, ada)
    directory, seal = shared.runtimes["directory"], shared.settings.derived("signing")
    async with work(shared) as session:
        await directory.say(session, await keys.rotate(session, seal))
    next_one = await tokens(shared, http, app, ada)
    assert [await believed(http, one["access_token"]) for one in (old, next_one)] == [True, True]
    assert len((await http.get("/.well-known/jwks.json")).json()["keys"]) == 2, "published before it signs"
    async with work(shared) as session:
        await directory.say(session, await keys.rotate(session, seal, at_once=True))
    assert [await believed(http, one["access_token"]) for one in (old, next_one)] == [False, False]
    (left,) = (await http.get("/.well-known/jwks.json")).json()["keys"]
    newer = (await refresh(http, app, old["refresh_token"])).json()
    assert await believed(http, newer["access_token"])
    who = await shared.verifier.principal(f"Bearer {newer['access_token']}")
    assert (who.subject, left["alg"]) == (str(ada), "ES256")
