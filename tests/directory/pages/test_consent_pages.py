"""The pages of consent, people and audit, as a person without script uses them."""

import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from services.directory.oauth import clients
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser, account, logged_in
from tests.directory.pages.world import BW, HEILBRONN, SACHSEN, register

BACK = "https://app.konstanz.example/back"


async def program(hub: Hub, town: str, method: str = "client_secret_basic") -> tuple[str, str]:
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        made = await clients.add(session, "App", town, ("directory:read", "directory:write"))
        client = await clients.by_id(session, made.client_id)
        assert client
        client.redirect_uris, client.method = [BACK], method
        client.grant_types = ["authorization_code", "refresh_token"]
    return made.client_id, made.client_secret


def request_of(client_id: str, **changes: str) -> tuple[str, str]:
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code", "client_id": client_id, "redirect_uri": BACK, "state": "s t&1",
        "code_challenge": challenge, "code_challenge_method": "S256", "scope": "directory:read directory:write",
        **changes,
    }  # fmt: skip
    return f"/oauth/authorize?{urlencode(query)}", verifier


def answered(answer: httpx.Response) -> dict[str, str]:
    target = urlsplit(answer.headers["location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == BACK, answer.headers["location"]
    return {name: value for name, (value,) in parse_qs(target.query).items()}


async def test_a_person_allows_a_program_and_takes_it_back(hub: Hub, town: str) -> None:
    client_id, secret = await program(hub, town)
    path, verifier = request_of(client_id)
    browser = Browser(hub)
    first = await browser.http.get(path)
    assert first.headers["location"].startswith("/login?onward=%2Foauth%2Fauthorize%3F")
    await browser.log_in(await account(hub, town, "navigator"))
    page = await browser.http.get(path)
    assert (page.status_code, "App" in page.text, "veröffentlichen" in page.text) == (200, True, False)
    assert "form-action" not in page.headers["content-security-policy"]
    said = answered(await browser.submit(page, "/oauth/authorize", decision="allow"))
    assert (said["state"], said["iss"]) == ("s t&1", hub.settings.issuer)
    form = {"grant_type": "authorization_code", "code": said["code"], "redirect_uri": BACK, "code_verifier": verifier}
    tokens = (await browser.http.post("/oauth/token", data=form, auth=(client_id, secret))).json()
    assert tokens["scope"] == "directory:read", "a navigator cannot let anybody publish"
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    me = {"query": "{ me { person ags roles clientId } }"}
    async with httpx.AsyncClient(base_url=hub.settings.issuer, trust_env=False) as app:
        seen = (await app.post("/graphql", json=me, headers=bearer)).json()["data"]["me"]
        assert seen == {"person": True, "ags": town, "roles": [f"navigator:{town}"], "clientId": client_id}
        again = answered(await browser.http.get(request_of(client_id, scope="directory:read")[0]))
        assert "code" in again, "what was allowed before is not asked again"
        mine = await browser.http.get("/account")
        assert "App" in mine.text
        await browser.submit(mine, "/account/clients/end", id=client_id)
        assert (await app.post("/graphql", json=me, headers=bearer)).status_code == 401
        refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        answer = await app.post("/oauth/token", data=refresh, auth=(client_id, secret))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert (await browser.http.get(path)).status_code == 200, "it is asked anew"
    await browser.close()


async def test_no_is_an_answer_too(hub: Hub, town: str) -> None:
    client_id, _secret = await program(hub, town)
    browser = await logged_in(hub, town, "navigator")
    page = await browser.http.get(request_of(client_id)[0])
    said = answered(await browser.submit(page, "/oauth/authorize", decision="deny"))
    assert said == {"error": "access_denied", "state": "s t&1", "iss": hub.settings.issuer}
    await browser.close()


async def test_a_public_program_is_asked_about_every_time(hub: Hub, town: str) -> None:
    client_id, _secret = await program(hub, town, "none")
    browser = await logged_in(hub, town, "navigator")
    for _turn in range(2):
        page = await browser.http.get(request_of(client_id)[0])
        assert page.status_code == 200
        answered(await browser.submit(page, "/oauth/authorize", decision="allow"))
    await browser.close()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "directory:read events:write"}, "invalid_scope"),
        ({"scope": "hub:operate"}, "invalid_scope"),
        ({"scope": "directory:write"}, "invalid_scope"),
        ({"resource": "https://evil.example"}, "invalid_target"),
    ],
)
async def test_a_wrong_request_goes_back_to_the_program(
    hub: Hub, changes: dict[str, str], error: str, town: str
) -> None:
    client_id, _secret = await program(hub, town)
    browser = await logged_in(hub, town, "navigator")
    said = answered(await browser.http.get(request_of(client_id, **changes)[0]))
    assert (said["error"], said["iss"], said["state"]) == (error, hub.settings.issuer, "s t&1")
    await browser.close()


@pytest.mark.parametrize(
    "uri",
    [
        f"{BACK}/", BACK.upper(), BACK.replace("https", "http"), f"{BACK}?x=1", f"{BACK}#x",
        BACK.replace("app.", "x.app."),
        BACK.replace("app.", "user@app."), BACK.replace("/back", "/x/../back"), BACK.replace("/back", "/%62ack"),
        BACK.replace(".example", ".example.evil.example"), BACK.replace("/back", ":444/back"), "",
        "javascript:alert(1)",
        f" {BACK}", f"{BACK}\\@evil.example",
    ],
)  # fmt: skip
async def test_nobody_is_sent_where_the_program_did_not_say(hub: Hub, uri: str, town: str) -> None:
    client_id, _secret = await program(hub, town)
    browser = await logged_in(hub, town, "navigator")
    answer = await browser.http.get(request_of(client_id, redirect_uri=uri)[0])
    assert (answer.status_code, answer.headers.get("location")) == (422, None)
    path = request_of(client_id)[0]
    assert (await browser.http.get(f"{path}&redirect_uri={BACK}")).status_code == 422, "nor with two answers to choose"
    assert (await browser.http.get(path.replace(client_id, "c-nobody"))).status_code == 422
    await browser.close()


# People ---------------------------------------------------------------------------------------------------------------


async def test_a_coordinator_looks_after_the_city_s_people(hub: Hub, town: str) -> None:
    mine, theirs = await account(hub, town, "navigator"), await account(hub, HEILBRONN, "navigator")
    browser, colleague = await logged_in(hub, town, "coordinator"), Browser(hub)
    await colleague.log_in(mine)
    page = await browser.http.get("/people")
    new = {"name": "Jo Muster", "email": "jo@konstanz.example", "role": "editor"}
    assert (await browser.submit(page, "/people", **new)).status_code == 303
    assert (
        await browser.submit(page, "/people", **{**new, "email": "x@konstanz.example", "role": "central"})
    ).status_code == 422
    assert "Jo Muster" in (await browser.http.get("/people")).text
    assert (await colleague.http.get("/account")).status_code == 200
    answer = await browser.submit(page, "/people/change", account=str(theirs), step="disable", role="")
    assert answer.status_code == 404
    await browser.submit(page, "/people/change", account=str(mine), step="disable", role="")
    assert (await colleague.http.get("/account")).headers["location"].startswith("/login")
    assert (await colleague.graph("{ me { subject } }"))["data"] == {"me": None}
    await browser.close()
    await colleague.close()


async def test_the_audit_log_is_for_those_it_concerns(hub: Hub, visitor: Browser, town: str) -> None:
    await register(visitor, town)
    query = "{ auditLog { nodes { action ags } } }"
    seen = {}
    for org, role in ((BW, "central"), (SACHSEN, "central"), (town, "coordinator"), (HEILBRONN, "coordinator")):
        browser = await logged_in(hub, org, role)
        nodes = (await browser.graph(query))["data"]["auditLog"]["nodes"]
        seen[org] = [node["action"] for node in nodes if node["ags"] == town and node["action"].startswith("client")]
        await browser.close()
    assert seen == {BW: ["client.registered"], SACHSEN: [], town: ["client.registered"], HEILBRONN: []}
    anonymous = (await visitor.graph(query))["data"]
    assert not anonymous or anonymous["auditLog"]["nodes"] == []
