"""Refresh tokens that rotate, and all that ends or lessens them."""

import asyncio
import time
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from joserfc import jwt
from sqlalchemy import select

from services.directory import people
from services.directory.models import Grant, RefreshToken
from services.directory.oauth import keys
from services.directory.oauth.clients import hashed
from services.directory.oauth.endpoints import NoReturn
from services.kit import auth
from services.kit.service import Hub
from tests.directory import developers
from tests.directory.developers import CALLBACK, KONSTANZ, App, believed, code, decide, person, redeem, refresh, work
from tests.directory.grants.world import ENDED, ask, change, said, tokens

# Refresh tokens -------------------------------------------------------------------------------------------------------


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


# What ends or lessens them --------------------------------------------------------------------------------------------


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


# Revocation, introspection, keys --------------------------------------------------------------------------------------


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
