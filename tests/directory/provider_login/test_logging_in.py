"""Logins through the provider of a city: what works, and where they lead."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from joserfc.jwk import OKPKey, RSAKey

from services.app import chosen
from services.cli.provider import Person
from services.directory import people
from services.directory.login import providers
from services.kit.db import HUB
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.conftest import Servers, _fresh
from tests.directory.hostile import Hostile, hostile
from tests.directory.login_world import (
    Browser,
    asked,
    configure,
    count,
    directory,
    manager,
    people_of,
    roles_of,
    town,
    wanted,
)
from tests.directory.provider_login.world import KAI, UTE, ZOE, came_back, refused
from tests.running import running


@pytest.mark.parametrize("secret", [None, "s3cret-of-the-town"])
async def test_a_person_logs_in_at_the_city(hub: Hub, browser: Browser, org: str, secret: str | None) -> None:
    async with town(hub, org, UTE, secret=secret):
        answer = await browser.log_in(org, "u1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    page = await browser.get("/account")
    assert "Ute Ulme" in page.text
    [account] = await people_of(hub, org)
    assert (account.name, account.email) == ("Ute Ulme", "ute@town.example")
    assert await roles_of(hub, account.id) == {"navigator": "provider"}


async def test_the_second_login_finds_the_same_person(hub: Hub, org: str) -> None:
    async with town(hub, org, UTE):
        for _each in range(2):
            async with Browser(hub) as browser:
                assert (await browser.log_in(org, "u1")).status_code == 303
                assert browser.session
    assert len(await people_of(hub, org)) == 1


async def test_the_first_login_in_two_windows_makes_one_person(hub: Hub, org: str) -> None:
    async with town(hub, org, UTE), Browser(hub) as one, Browser(hub) as two:
        answers = await asyncio.gather(one.log_in(org, "u1"), two.log_in(org, "u1"))
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(await people_of(hub, org)) == 1


async def test_roles_follow_the_claims_and_invited_ones_stay(hub: Hub, org: str) -> None:
    rules = {"lotsen": "navigator", "leitung": "coordinator"}
    async with town(hub, org, KAI, roles=rules), Browser(hub) as browser:
        assert (await browser.log_in(org, "k1")).status_code == 303
        [account] = await people_of(hub, org)
        assert await roles_of(hub, account.id) == {"navigator": "provider", "coordinator": "provider"}
        async with directory(hub).db.begin(HUB) as session:
            await people.grant(session, "test", account.id, org, "editor")
        runtime, who = directory(hub), manager(org)
        async with runtime.db.begin(who.acting) as session:
            found = await providers.of(session, org)
            assert found
            rules = {"leitung": "editor", "lotsen": "navigator"}
            await providers.configure(session, runtime.settings, who, org, wanted(found.issuer, roles=rules))
        old = browser.session
        async with Browser(hub) as other:
            assert (await other.log_in(org, "k1")).status_code == 303
            assert (await other.get("/account")).status_code == 200  # the new session is good at once
        assert await roles_of(hub, account.id) == {"navigator": "provider", "editor": "invited"}
        assert browser.session == old
        assert (await browser.get("/account")).status_code == 303  # what was issued with the old roles has ended


async def test_who_has_no_role_any_more_is_out(hub: Hub, org: str) -> None:
    async with hostile() as provider, Browser(hub) as browser:
        await configure(hub, org, provider.issuer)
        assert (await came_back(browser, org, provider)).status_code == 303
        [account] = await people_of(hub, org)
        provider.claims = {"groups": ["andere"]}
        async with Browser(hub) as other:
            answer = await came_back(other, org, provider)
            assert (answer.status_code, other.session) == (403, None)
            assert "noch keine Rolle gegeben" in answer.text
        assert await roles_of(hub, account.id) == {}
        assert (await browser.get("/account")).status_code == 303


async def test_a_default_role_and_a_path_to_the_roles(hub: Hub, org: str) -> None:
    people_here = Person("r1", "Rea Rotbuche", groups=[], claims={"realm_access": {"roles": ["redaktion"]}})
    rules: dict[str, Any] = {
        "role_claim": "realm_access.roles",
        "roles": {"redaktion": "editor"},
        "default_role": "navigator",
    }
    async with town(hub, org, people_here, ZOE, **rules):
        for sub in ("r1", "z1"):
            async with Browser(hub) as browser:
                assert (await browser.log_in(org, sub)).status_code == 303
    assert [await roles_of(hub, one.id) for one in await people_of(hub, org)] == [
        {"editor": "provider"}, {"navigator": "provider"},
    ]  # fmt: skip


async def test_a_person_who_was_invited_links_the_login(hub: Hub, org: str) -> None:
    async with directory(hub).db.begin(HUB) as session:
        invited = await people.create(session, "test", org, "Ute Ulme", "ute@town.example", ("editor",))
    async with town(hub, org, UTE):
        async with Browser(hub) as browser:
            await browser.enter(invited)
            assert "Mit diesem Konto verbinden" in (await browser.get("/account")).text
            url = await browser.start(org, page="/account", link="true")
            assert (await browser.get(await browser.choose(url, "u1"))).status_code == 303
            assert "Sie können sich dort anmelden" in (await browser.get("/account")).text
        async with Browser(hub) as browser:
            assert (await browser.log_in(org, "u1")).status_code == 303
    assert [one.id for one in await people_of(hub, org)] == [invited]
    assert await roles_of(hub, invited) == {"editor": "invited", "navigator": "provider"}


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_ed25519_and_rsa_keys_count_too(hub: Hub, org: str) -> None:
    for alg, key in (
        ("EdDSA", OKPKey.generate_key("Ed25519", auto_kid=True)),
        ("RS256", RSAKey.generate_key(2048, auto_kid=True)),
        ("PS256", RSAKey.generate_key(2048, auto_kid=True)),
    ):
        async with hostile() as provider, Browser(hub) as browser:
            provider.alg, provider.key, provider.claims = alg, key, {"sub": alg}
            await configure(hub, org, provider.issuer)
            assert (await came_back(browser, org, provider)).status_code == 303, alg


# The rest of the way --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_a_login_leads_nowhere_else(hub: Hub, browser: Browser, org: str, provider: Hostile, onward: str) -> None:
    said = asked(await browser.start(org, onward=onward))
    provider.nonce = said["nonce"]
    params = {"code": "c", "state": said["state"]}
    answer = await browser.get(f"/login/provider/{org}/callback", params=params)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_a_login_needs_our_own_form(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    await browser.get("/login")
    before = await count(hub)
    bare = await browser.post("/login/provider", data={"org": org})
    await refused(browser, before, bare)
    foreign = await browser.post("/login/provider", data={"org": org}, headers={"origin": "https://evil.example"})
    await refused(browser, before, foreign)


async def test_linking_needs_the_same_person_at_the_end(hub: Hub, org: str, provider: Hostile) -> None:
    """A link that was begun while logged in counts for nobody else in this browser."""
    async with Browser(hub) as browser:
        assert (await came_back(browser, org, provider)).status_code == 303
        said = asked(await browser.start(org, page="/account", link="true"))
        provider.nonce, provider.claims = said["nonce"], {"sub": "u2"}
        for one in [one for one in browser.cookies.jar if "browser" not in one.name]:
            browser.cookies.jar.clear(one.domain, one.path, one.name)
        before = await count(hub)
        params = {"code": "c", "state": said["state"]}
        await refused(browser, before, await browser.get(f"/login/provider/{org}/callback", params=params))


async def test_linking_takes_no_identity_of_another(hub: Hub, org: str, provider: Hostile) -> None:
    async with Browser(hub) as first, Browser(hub) as second:
        assert (await came_back(first, org, provider)).status_code == 303
        provider.claims = {"sub": "u2", "name": "Uwe Ulme"}
        assert (await came_back(second, org, provider)).status_code == 303
        said = asked(await second.start(org, page="/account", link="true"))
        provider.nonce, provider.claims = said["nonce"], {"sub": "u1"}
        old, before = second.session, await count(hub)
        params = {"code": "c", "state": said["state"]}
        answer = await second.get(f"/login/provider/{org}/callback", params=params)
        assert (answer.status_code, second.session) == (409, old)
        assert await count(hub) == before


async def test_a_new_login_is_a_new_session(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    assert (await came_back(browser, org, provider)).status_code == 303
    old = browser.session
    said = asked(await browser.start(org, page="/account", link="true"))
    provider.nonce = said["nonce"]
    params = {"code": "c", "state": said["state"]}
    assert (await browser.get(f"/login/provider/{org}/callback", params=params)).status_code == 303
    assert browser.session != old
    async with Browser(hub) as thief:
        name = next(one.name for one in browser.cookies.jar if one.value == browser.session)
        thief.cookies.set(name, old or "")
        assert (await thief.get("/account")).status_code == 303


async def test_a_flood_of_callbacks_is_slowed_down(servers: Servers, template: str, settings: Settings) -> None:
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=False, rates=0.25)
        async with running(own, chosen()) as (hub, _server), Browser(hub) as browser:
            path = "/login/provider/08111000/callback?code=c&state=x"
            found = [(await browser.get(path)).status_code for _each in range(70)]
            assert set(found) == {422, 429}
            assert found.index(429) == 60
            assert browser.session is None
            assert await count(hub) == (0, 0)
