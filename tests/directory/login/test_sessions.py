"""Sessions begin anew, serve one site and end everywhere."""

import re

import pytest

from services.directory import people
from services.kit.db import HUB
from services.kit.service import Hub, Runtime
from tests.directory.authenticator import Authenticator, Browser
from tests.directory.login.world import KONSTANZ, WHO, Crowd, is_in, use_passkey, with_passkey


async def test_logging_out_ends_the_cookie_itself(hub: Hub, browsers: Crowd) -> None:
    browser = browsers()
    await with_passkey(hub, browser)
    stolen = browser.cookies["lotsennetz"]
    assert await is_in(browser)
    answer = await browser.press("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Sie sind abgemeldet" in (await browser.see("/")).text
    assert not await is_in(browser)
    thief = browsers()
    thief.cookies.set("lotsennetz", stolen, domain="127.0.0.1", path="/")
    assert not await is_in(thief)
    assert (await browser.press("/logout")).status_code == 303


async def test_sessions_are_listed_and_ended_from_afar(hub: Hub, browsers: Crowd) -> None:
    here, there = browsers(), browsers()
    _account, key = await with_passkey(hub, here)
    assert (await use_passkey(there, key)).status_code == 200
    page = await here.see("/account")
    ids = re.findall(r'/account/sessions/end".*?name="id" value="([^"]+)"', page.text, re.DOTALL)
    assert len(ids) == 2
    assert page.text.count("dieser hier") == 1
    assert (await here.press("/account/sessions/end", id=ids[0])).status_code == 303  # the newest: there
    assert not await is_in(there)
    assert await is_in(here)


async def test_a_login_begins_anew_whatever_was_there_before(hub: Hub, browsers: Crowd) -> None:
    browser = browsers()
    _account, key = await with_passkey(hub, browser)
    planted = browsers()
    planted.cookies.set("lotsennetz", "chosen-by-somebody-else", domain="127.0.0.1", path="/")
    await planted.see("/login")
    token, before = planted.token, planted.cookies["lotsennetz-browser"]
    assert (await use_passkey(planted, key)).status_code == 200
    assert planted.cookies["lotsennetz"] not in {"chosen-by-somebody-else", browser.cookies["lotsennetz"]}
    assert planted.cookies["lotsennetz-browser"] != before
    old = await planted.send_form("/logout", {"csrf": token})
    assert old.status_code == 403  # a token from before the login
    assert await is_in(planted)


async def test_a_closed_account_is_out_at_once_everywhere(hub: Hub, directory: Runtime, browsers: Crowd) -> None:
    browser = browsers()
    account, key = await with_passkey(hub, browser, "coordinator")
    query, headers = {"query": "{ me { subject person roles } }"}, {"origin": hub.settings.issuer}
    before = (await browser.post("/graphql", json=query, headers=headers)).json()
    assert before["data"]["me"] == {"subject": str(account), "person": True, "roles": [f"coordinator:{KONSTANZ}"]}
    async with directory.db.begin(HUB) as session:
        await directory.say(session, await people.disable(session, "", account))
    for path in ("/graphql", "/directory/graphql"):
        assert (await browser.post(path, json=query, headers=headers)).json()["data"] == {"me": None}
    assert not await is_in(browser)
    assert (await use_passkey(browsers(), key)).status_code == 403


async def test_a_session_does_not_serve_other_sites(hub: Hub, browsers: Crowd) -> None:
    browser = browsers()
    await with_passkey(hub, browser)
    await browser.see("/account")
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        answer = await browser.post("/graphql", json={"query": WHO}, headers=headers)
        assert answer.status_code == 403
        form = await browser.send_form("/logout", {"csrf": browser.token}, **headers)
        assert form.status_code == 403
        script = await browser.script("/account/passkeys/new/options", {}, **headers)
        assert script.status_code == 403
    for content, kind in (("query=x", "application/x-www-form-urlencoded"), ("{}", "text/plain")):
        answer = await browser.post("/graphql", content=content, headers={"content-type": kind})
        assert answer.status_code in {400, 415}
    assert await is_in(browser)


async def test_scripts_need_the_token_of_their_page(hub: Hub, browsers: Crowd) -> None:
    browser, other = browsers(), browsers()
    await browser.see("/login")
    await other.see("/login")
    for token in ("", "x.y", other.token, f"{browser.token}0"):
        answer = await browser.script("/login/passkey/options", {}, **{"x-csrf-token": token})
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    headers = {"x-csrf-token": browser.token, "content-type": "text/plain"}
    assert (await browser.post("/login/passkey/options", content="{}", headers=headers)).status_code == 415
    assert (await browser.get("/login/passkey/options")).status_code == 405
    assert (await browser.script("/login/passkey", {"flow": "x"})).status_code == 422


async def test_without_cookies_the_login_says_so(hub: Hub) -> None:
    async with Browser(hub.settings.issuer) as browser:
        await browser.see("/login")
        browser.cookies.clear()
        answer = await browser.script("/login/passkey/options", {})
        assert answer.status_code == 403
        assert "noch einmal" in answer.json()["detail"]


async def test_who_must_log_in_first_comes_back(hub: Hub, browsers: Crowd) -> None:
    browser = browsers()
    answer = await browser.get("/account?x=1&y=%20")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?onward=%2Faccount%3Fx%3D1%26y%3D%2520")
    page = await browser.see(answer.headers["location"])
    assert 'name="onward" value="/account?x=1&amp;y=%20"' in page.text
    assert (await browser.get("/account", headers={"accept": "application/json"})).status_code == 401
    issuer = hub.settings.issuer
    for came, location in (
        (f"{issuer}/organise/new?x=1", "/login?onward=%2Forganise%2Fnew%3Fx%3D1&unsent=1"),
        ("https://evil.example/account", "/login?unsent=1"),
        (f"{issuer}.evil.example/account", "/login?unsent=1"),
        ("http://[", "/login?unsent=1"),
        ("", "/login?unsent=1"),
    ):
        answer = await browser.post("/account/sessions/end", data={"id": "x"}, headers={"referer": came})
        assert (answer.status_code, answer.headers["location"]) == (303, location)
    assert "nichts gespeichert" in (await browser.see(location)).text


ELSEWHERE = ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "evil",
             "/\t/evil.example", "/%0d%0aset-cookie:x=1/../\r\nx", "\\\\evil",
             " /account", "/ä", "/a b", "/" + "a" * 2_000, ""]  # fmt: skip


@pytest.mark.parametrize("onward", ELSEWHERE)
async def test_nobody_is_led_elsewhere_after_a_login(
    keys: tuple[Authenticator, Authenticator], browsers: Crowd, onward: str
) -> None:
    browser = browsers()
    page = await browser.get("/login", params={"onward": onward})
    assert 'name="onward" value="/account"' in page.text
    await browser.see("/login")
    asked = (await browser.script("/login/passkey/options", {"onward": onward})).json()
    body = {"flow": asked["flow"], "credential": keys[0].use(asked["options"])}
    assert (await browser.script("/login/passkey", body)).json() == {"onward": "/account"}
    assert (await browser.get("/login", params={"onward": onward})).headers["location"] == "/account"
