"""Who decides about the clients of cities, and what these change themselves (RFC 7592)."""

import asyncio
from typing import Any

import httpx
import pytest

from services.directory import register
from services.directory.access import APPROVE, CENTRAL, CLIENT_SCOPES, PEOPLE, READ, WRITE
from services.directory.oauth import clients
from services.kit.auth import Principal
from services.kit.errors import Conflict, Forbidden, HubError, NotFound, Refused
from services.kit.service import Hub
from tests.directory import developers
from tests.directory.developers import (
    CALLBACK,
    HEILBRONN,
    KONSTANZ,
    MUNICH,
    OFFICE,
    active,
    believed,
    credentials,
    decide,
    manage,
    metadata,
    public,
    put,
    registered,
    work,
)
from tests.directory.registration.world import BAVARIA, KEY, OPERATING, coordinator, itself
from tests.directory.test_register import Line, file

# Deciding -------------------------------------------------------------------------------------------------------------


async def test_a_rejection_says_why(shared: Hub, http: httpx.AsyncClient) -> None:
    app = await registered(http, ags="08100007")
    for reason in ("", " ", "\0", "x" * 501):
        with pytest.raises(Refused):
            await decide(shared, app.client_id, "reject", reason=reason)
    await decide(shared, app.client_id, "reject", reason="Bitte über das Landratsamt <b>melden</b>.")
    said = (await http.get(f"/oauth/register/{app.client_id}", headers=manage(app))).json()
    assert (said["status"], said["reason"]) == ("rejected", "Bitte über das Landratsamt <b>melden</b>.")
    assert (await credentials(http, app)).json()["error"] == "unauthorized_client"
    assert (await put(http, app, ags="08100007")).status_code == 403
    for decision in ("approve", "reject", "suspend", "resume"):
        with pytest.raises(Conflict):
            await decide(shared, app.client_id, decision)


async def test_suspension_ends_tokens_at_once_and_resuming_brings_none_back(
    shared: Hub, http: httpx.AsyncClient
) -> None:
    app = await active(shared, http, ags="08100008")
    token = (await credentials(http, app)).json()["access_token"]
    assert await believed(http, token)
    await decide(shared, app.client_id, "suspend", reason="Ein Schlüssel lag offen.")
    assert not await believed(http, token)
    assert (await credentials(http, app)).json()["error"] == "unauthorized_client"
    for what in ("revoke", "introspect"):
        answer = await http.post(f"/oauth/{what}", data={"token": token}, auth=app.auth)
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert (await put(http, app, ags="08100008")).status_code == 403
    said = (await http.get(f"/oauth/register/{app.client_id}", headers=manage(app))).json()
    assert (said["status"], said["reason"]) == ("suspended", "Ein Schlüssel lag offen.")
    await decide(shared, app.client_id, "resume")
    assert not await believed(http, token)
    assert await believed(http, (await credentials(http, app)).json()["access_token"])


async def test_the_first_client_is_decided_by_the_state(shared: Hub, http: httpx.AsyncClient) -> None:
    app = await registered(http, ags="08100009")
    nobody = [
        Principal(), BAVARIA, coordinator("08100009", PEOPLE, *CLIENT_SCOPES), itself(app, "08100009"),
        Principal("hub", "x", None, frozenset(), frozenset({f"{CENTRAL}:08"})),
        Principal("hub", "x", None, frozenset({APPROVE}), frozenset({f"{CENTRAL}:"})),
        Principal("hub", "x", None, frozenset({APPROVE}), frozenset({f"{CENTRAL}:0"})),
        Principal("hub", "x", "08100009", frozenset({APPROVE, *CLIENT_SCOPES}), frozenset()),
    ]  # fmt: skip
    for who in nobody:
        for decision in ("approve", "reject"):
            with pytest.raises(NotFound):
                await decide(shared, app.client_id, decision, who)
    for unknown in ("", "c-nobody", f"{app.client_id}\0", "\ud800", "ä"):
        with pytest.raises(NotFound):
            await decide(shared, unknown, "approve")
    with pytest.raises(Refused):
        await decide(shared, app.client_id, "delete")
    await decide(shared, app.client_id, "approve", OPERATING)
    with pytest.raises(Conflict):
        await decide(shared, app.client_id, "approve")


async def test_a_second_client_is_also_decided_by_the_first_ones_city(shared: Hub, http: httpx.AsyncClient) -> None:
    ags = "08100010"
    first = await active(shared, http, ags=ags)
    neighbour = await active(shared, http, ags=HEILBRONN)
    nobody = [
        coordinator(HEILBRONN, PEOPLE, *CLIENT_SCOPES), itself(neighbour, HEILBRONN), BAVARIA,
        coordinator(ags, *CLIENT_SCOPES),  # somebody else's program, in a coordinator's name
        Principal("app", "editor", ags, frozenset(CLIENT_SCOPES), frozenset({f"editor:{ags}"})),
        Principal(first.client_id, first.client_id, ags, frozenset({READ})),
        Principal(first.client_id, first.client_id, ags, frozenset({WRITE})),  # agrees to no more than it may do itself
    ]  # fmt: skip
    for who in (coordinator(ags, PEOPLE), itself(first, ags), OFFICE):
        app = await registered(http, ags=ags)
        for stranger in (*nobody, itself(app, ags)):
            with pytest.raises(NotFound):
                await decide(shared, app.client_id, "approve", stranger)
        await decide(shared, app.client_id, "approve", who)
        assert (await credentials(http, app)).status_code == 200
    with pytest.raises(Forbidden):
        await decide(shared, first.client_id, "suspend", coordinator(ags, PEOPLE))


async def test_of_eight_decisions_at_once_one_counts(shared: Hub, http: httpx.AsyncClient) -> None:
    app = await registered(http, ags="08100011")

    async def attempt(decision: str) -> str:
        try:
            return (await decide(shared, app.client_id, decision)).status
        except HubError as problem:
            return problem.code

    found = await asyncio.gather(*(attempt(("approve", "reject")[turn % 2]) for turn in range(8)))
    assert sorted(set(found)) in [["CONFLICT", "active"], ["CONFLICT", "rejected"]]
    assert found.count("CONFLICT") == 7


async def test_nobody_approves_more_than_they_saw(shared: Hub, http: httpx.AsyncClient) -> None:
    """A change and an approval at once: whoever comes second finds what the first one did."""
    for _turn in range(5):
        app = await registered(http, ags=MUNICH, scope="directory:read")
        wider = put(http, app, ags=MUNICH, scope="directory:read directory:write")
        answer, client = await asyncio.gather(wider, decide(shared, app.client_id, "approve", BAVARIA))
        said = (await http.get(f"/oauth/register/{app.client_id}", headers=manage(app))).json()
        assert said["status"] == "active"
        assert said["scope"].split() == client.scopes, "as it was approved"
        assert answer.status_code == (400 if client.scopes == ["directory:read"] else 200)
        await http.delete(f"/oauth/register/{app.client_id}", headers=manage(app))


# Managing -------------------------------------------------------------------------------------------------------------


async def test_a_client_changes_what_it_says_of_itself(shared: Hub, http: httpx.AsyncClient) -> None:
    ags = "08100012"
    app = await active(shared, http, ags=ags, redirect_uris=[CALLBACK])
    fine = {"ags": ags, "redirect_uris": [f"{CALLBACK}/new"], "client_name": "Neu"}
    said = (await put(http, app, **fine)).json()
    assert (said["status"], said["redirect_uris"], said["client_name"]) == ("active", [f"{CALLBACK}/new"], "Neu")
    assert "client_secret" not in said
    rotated = (await put(http, app, **fine, rotate_secret=True)).json()["client_secret"]
    assert rotated != app.secret
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": CALLBACK}
    for secret, error in ((app.secret, "invalid_client"), (rotated, "invalid_grant")):
        answer = await http.post("/oauth/token", data=form, auth=(app.client_id, secret))
        assert answer.json()["error"] == error
    keyed = {**fine, "token_endpoint_auth_method": "private_key_jwt", "jwks": public(KEY)}
    assert (await put(http, app, **keyed)).status_code == 200
    answer = await http.post("/oauth/token", data=form, auth=(app.client_id, rotated))
    assert answer.json() == {"error": "invalid_client"}, "one way to authenticate, the secret is gone"


CHANGES: dict[str, dict[str, Any]] = {
    "more scopes": {"scope": "directory:read events:write"},
    "all scopes, unsaid": {"scope": None},
    "another grant": {"grant_types": ["client_credentials", "authorization_code"], "redirect_uris": [CALLBACK]},
    "another city": {"ags": HEILBRONN},
    "another client": {"client_id": "c-other"},
    "another secret": {"client_secret": "mine"},
    "a bad name": {"client_name": "<b>"},
    "an old agreement": {"agreement": "2020-01"},
    "a login in the network": {"login_issuer": "https://192.168.0.1/"},
    "no client": {"client_id": None},
    "a client that is a number": {"client_id": 1},
    "rotation in words": {"rotate_secret": "yes"},
}


@pytest.mark.parametrize("case", CHANGES)
async def test_a_client_does_not_become_another(shared: Hub, http: httpx.AsyncClient, case: str) -> None:
    app = await active(shared, http, ags="08100013", scope="directory:read")
    before = (await http.get(f"/oauth/register/{app.client_id}", headers=manage(app))).json()
    body = metadata(**{"ags": "08100013", "client_id": app.client_id, "scope": "directory:read", **CHANGES[case]})
    answer = await http.put(f"/oauth/register/{app.client_id}", json=body, headers=manage(app))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata"), answer.text
    assert (await http.get(f"/oauth/register/{app.client_id}", headers=manage(app))).json() == before


async def test_a_client_that_authenticates_goes_on_doing_so(shared: Hub, http: httpx.AsyncClient) -> None:
    app = await active(shared, http, ags="08100014", redirect_uris=[CALLBACK])
    weaker = {"ags": "08100014", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    assert (await put(http, app, **weaker)).json()["error"] == "invalid_client_metadata"


async def test_who_manages_a_client_proves_it(shared: Hub, http: httpx.AsyncClient) -> None:
    """A wrong token, somebody else's, none, and a client that is not there: one answer (RFC 7592 section 2.1)."""
    app, other = await active(shared, http, ags="08100015"), await active(shared, http, ags="08100016")
    token = (await credentials(http, app)).json()["access_token"]
    tokens = ["", "x", other.management, app.secret, token, clients.hashed(app.management), "ä", app.management + "x"]
    paths = [
        app.client_id,
        "c-nobody",
        f"{app.client_id}%00",
        "%ff",
        "%ed%a0%80",
        "ä",
        f"{app.client_id}%20",
        "x" * 5_000,
    ]
    seen = set()
    for path in paths:
        for known in tokens if path == app.client_id else ["x", app.management]:
            for method in ("GET", "PUT", "DELETE"):
                headers = httpx.Headers({b"authorization": f"Bearer{known and ' '}{known}".encode()})
                headers["content-type"] = "application/json"
                answer = await http.request(method, f"/oauth/register/{path}", headers=headers, content=b"{")
                seen.add((answer.status_code, answer.text, answer.headers["www-authenticate"]))
    assert seen == {(401, '{"error":"invalid_token"}', 'Bearer error="invalid_token"')}
    assert (await http.get(f"/oauth/register/{app.client_id}")).status_code == 401
    basic = await http.get(f"/oauth/register/{app.client_id}", auth=app.auth)
    assert basic.status_code == 401
    query = await http.get(f"/oauth/register/{app.client_id}", params={"access_token": app.management})
    assert query.status_code == 401
    assert (await http.get(f"/oauth/register/{app.client_id}", headers=manage(app))).status_code == 200


async def test_a_client_leaves(shared: Hub, http: httpx.AsyncClient) -> None:
    app = await active(shared, http, ags="08100017")
    token = (await credentials(http, app)).json()["access_token"]
    path = f"/oauth/register/{app.client_id}"
    gone = await http.delete(path, headers=manage(app))
    assert (gone.status_code, gone.content, gone.headers["cache-control"]) == (204, b"", "no-store")
    assert not await believed(http, token)
    answer = await credentials(http, app)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    for method in ("GET", "DELETE", "PUT"):
        assert (await http.request(method, path, headers=manage(app))).status_code == 401
    with pytest.raises(Conflict):
        await decide(shared, app.client_id, "resume")


async def test_unknown_clients_and_wrong_secrets_look_alike(shared: Hub, http: httpx.AsyncClient) -> None:
    app, waiting = await active(shared, http, ags="08100018"), await registered(http, ags="08100018")
    keyed = await active(shared, http, KEY, ags="08100019")
    seen = set()
    for name in (app.client_id, waiting.client_id, keyed.client_id, "c-nobody"):
        for path in ("token", "revoke", "introspect"):
            form = {"grant_type": "client_credentials", "token": "x"}
            answer = await http.post(f"/oauth/{path}", data=form, auth=(name, "wrong"))
            seen.add((answer.status_code, answer.text, answer.headers["www-authenticate"]))
    assert len(seen) == 1


# With a register ------------------------------------------------------------------------------------------------------


async def test_cities_of_the_register_keep_their_names(shared: Hub, http: httpx.AsyncClient) -> None:
    """Last here, because from now on no other cities exist."""
    towns = [Line("08335079", "Villingen-Schwenningen, Stadt", 63), Line("08415091", "Bad Urach, Stadt", 63),
             Line("08415092", "Markt Bernstein", 64)]  # fmt: skip
    async with work(shared) as session:
        await register.store(session, register.parse(file(*towns)))
    fake = ["Villingen-Schwenningen", "Stadt Villingen Schwenningen", "VillingenSchwenningen", "Vi11ingen-Schwenningen",
            "Villingen-Schwenningen, Stadt", "bad urach", "Bad-Urach", "Bemstein", "Bernste1n"]  # fmt: skip
    for name in fake:
        answer = await developers.register(http, ags="08335100", client_name=name)
        assert (answer.status_code, answer.json().get("error")) == (400, "invalid_client_metadata"), name
    assert (await developers.register(http, ags="08335079", client_name="Villingen-Schwenningen")).status_code == 201
    assert (await developers.register(http, ags="08335100", client_name="Dorf am See")).status_code == 201
    answer = await developers.register(http, ags=KONSTANZ)
    assert "register does not hold" in answer.json()["error_description"]
