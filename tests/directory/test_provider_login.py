"""Logins through the provider of a city: what works, and every attack that must leave nobody logged in."""

import asyncio
import base64
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from sqlalchemy import update

from services.app import chosen
from services.cli.provider import LocalClient, Person, local_provider
from services.cli.running import running
from services.directory import jobs, people
from services.directory.login import providers
from services.directory.models import LoginFlow, Provider
from services.kit.db import HUB
from services.kit.errors import Conflict, Forbidden, Refused
from services.kit.jobs import Every
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.conftest import Servers, _fresh
from tests.directory.hostile import CLIENT, Hostile, hostile
from tests.directory.login_world import (
    Browser,
    asked,
    configure,
    count,
    directory,
    manager,
    people_of,
    read_again,
    roles_of,
    town,
    wanted,
)

UTE = Person("u1", "Ute Ulme", "ute@town.example", ["lotsen"])
KAI = Person("k1", "Kai Kiefer", "kai@town.example", ["leitung", "lotsen"])
ZOE = Person("z1", "Zoë Zeder", "zoe@town.example", ["niemand"])
_orgs = (f"08{number:06}" for number in itertools.count(111000))
_states = (f"{number:02}" for number in itertools.count(1))


@pytest_asyncio.fixture(scope="module")
async def hub(servers: Servers, template: str, settings: Settings) -> AsyncIterator[Hub]:
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=True, outbound_local=True)
        async with running(own, chosen()) as (hub, _server):
            yield hub


@pytest.fixture
def org() -> str:
    """A city of this test alone."""
    return next(_orgs)


@pytest.fixture
def state() -> str:
    return next(_states)


@pytest_asyncio.fixture
async def browser(hub: Hub) -> AsyncIterator[Browser]:
    async with Browser(hub) as browser:
        yield browser


@pytest_asyncio.fixture
async def provider(hub: Hub, org: str) -> AsyncIterator[Hostile]:
    """A provider of `org` that answers right until it is told otherwise."""
    async with hostile() as provider:
        assert (await configure(hub, org, provider.issuer)).problem is None
        yield provider


async def came_back(browser: Browser, org: str, provider: Hostile, **more: str) -> httpx.Response:
    """Begin, and come back from the hostile provider with a code."""
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    return await browser.get(f"/login/provider/{org}/callback", params={"code": "c", "state": said["state"], **more})


async def refused(browser: Browser, before: tuple[int, int], answer: httpx.Response) -> None:
    """Nobody is in, nobody is new, and a page says so."""
    assert 400 <= answer.status_code < 600, answer.headers
    assert answer.headers["content-type"].startswith("text/html"), answer.text
    assert browser.session is None
    assert await count(browser.hub) == before


# What works ------------------------------------------------------------------------------------------------------


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


# Setting up ------------------------------------------------------------------------------------------------------


async def test_a_coordinator_sets_the_provider_up_on_a_page(hub: Hub, org: str) -> None:
    client = LocalClient("hub", (providers.redirect_uri(hub.settings, org),))
    boss = Person("k1", "Kai Kiefer", groups=["leitung"])
    async with town(hub, org, boss, roles={"leitung": "coordinator"}), Browser(hub) as browser:
        await browser.log_in(org, "k1")
        path = f"/city/{org}/provider"
        page = (await browser.get(path)).text
        assert providers.redirect_uri(hub.settings, org) in page
        assert "coordinator" in page
        assert not {"{", "%"} & set(page.partition("<body>")[2])  # every message was filled in
        wrong = await browser.send_form(
            path, path, issuer="http://", client_id="a b", client_secret="hush", roles="x = operator"
        )
        assert wrong.status_code == 422
        assert "hush" not in wrong.text
        assert all(f'id="e-{field}"' in wrong.text for field in ("issuer", "client_id", "roles"))
        async with local_provider(people=[boss], clients=[client]) as issuer:
            said = {
                "issuer": issuer,
                "client_id": "hub",
                "client_secret": "hush",
                "role_claim": "groups",
                "roles": "leitung = coordinator\n",
            }
            saved = await browser.send_form(path, path, **said)
            assert saved.status_code == 303, saved.text
            assert "hush" not in (await browser.get(path)).text
        other = f"/city/{next(_orgs)}/provider"
        assert (await browser.get(other)).status_code == 403
        gone = await browser.send_form(path, f"{path}/remove")
        assert gone.status_code == 303
    async with directory(hub).db.read(HUB) as session:
        assert await session.get(Provider, org) is None


async def test_a_secret_is_sealed_and_stays_with_its_issuer(hub: Hub, org: str) -> None:
    runtime, who = directory(hub), manager(org)
    async with hostile() as one, hostile() as other:
        row = await configure(hub, org, one.issuer, public=False, client_secret="the-towns-secret")
        assert row.sealed_secret
        assert b"the-towns-secret" not in row.sealed_secret
        assert providers.secret_of(runtime.settings, row) == "the-towns-secret"
        row = await configure(hub, org, one.issuer, public=False, roles={"leitung": "coordinator"})
        assert providers.secret_of(runtime.settings, row) == "the-towns-secret"
        with pytest.raises(Refused) as problem:
            async with runtime.db.begin(who.acting) as session:
                said = wanted(other.issuer, public=False)
                await providers.configure(session, runtime.settings, who, org, said)
        assert [one.field for one in problem.value.problems] == ["client_secret"]


async def test_nobody_configures_the_provider_of_others(hub: Hub, org: str, state: str) -> None:
    runtime, other = directory(hub), next(_orgs)
    for who, where in ((manager(other), org), (manager("16"), org), (manager(org), "08"), (manager(org), "hub")):
        with pytest.raises(Forbidden):
            async with runtime.db.begin(who.acting) as session:
                await providers.configure(session, runtime.settings, who, where, wanted("https://login.town.example"))
    async with runtime.db.begin(manager("08").acting) as session:
        await providers.configure(session, runtime.settings, manager("08"), org, wanted("https://login.town.example"))


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no address": ({"issuer": "login"}, "issuer"),
    "plain http elsewhere": ({"issuer": "http://10.0.0.1"}, "issuer"),
    "a query": ({"issuer": "https://login.town.example/?a=b"}, "issuer"),
    "dots": ({"issuer": "https://login.town.example/a/../b"}, "issuer"),
    "a user": ({"issuer": "https://a:b@login.town.example"}, "issuer"),
    "a long client": ({"client_id": "x" * 256}, "client_id"),
    "an umlaut": ({"client_id": "Münster"}, "client_id"),
    "an operator": ({"roles": {"chefs": "operator"}}, "roles"),
    "central in a city": ({"roles": {"chefs": "central"}}, "roles"),
    "coordinators by default": ({"default_role": "coordinator"}, "default_role"),
    "operators by default": ({"default_role": "operator"}, "default_role"),
    "no claim for the roles": ({"role_claim": ""}, "role_claim"),
    "51 roles": ({"roles": {f"r{n}": "editor" for n in range(51)}}, "roles"),
    "half an organisation": ({"org_claim": "ou"}, "org_value"),
    "a nul": ({"role_claim": "a\0b"}, "role_claim"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_configuration_is_told_by_its_field(case: str) -> None:
    values, field = WRONG[case]
    said = {"issuer": "https://login.town.example", **values}
    with pytest.raises(Refused) as problem:
        providers.validate("08111000", wanted(**said), local=False)
    assert {one.field for one in problem.value.problems} == {field}


async def test_a_state_gives_central_only_where_it_is_said(state: str) -> None:
    for values in ({"default_role": "central"}, {"roles": {"a": "coordinator"}}, {"roles": {"a": "operator"}}):
        with pytest.raises(Refused):
            providers.validate(state, wanted("https://login.land.example", **values), local=False)
    providers.validate(state, wanted("https://login.land.example", roles={"a": "central"}), local=False)


async def test_two_cities_share_a_provider_only_if_it_tells_their_people_apart(hub: Hub, org: str) -> None:
    second, third = next(_orgs), next(_orgs)
    ute, kai = (
        Person("u1", "Ute Ulme", groups=["lotsen"], claims={"ou": "a"}),
        Person("k1", "Kai Kiefer", groups=["lotsen"], claims={"ou": ["b"]}),
    )
    uris = tuple(providers.redirect_uri(hub.settings, one) for one in (org, second, third))
    async with local_provider(people=[ute, kai], clients=[LocalClient("hub", uris)]) as issuer:
        await configure(hub, org, issuer, org_claim="ou", org_value="a")
        for values in ({}, {"org_claim": "ou", "org_value": "a"}, {"org_claim": "town", "org_value": "b"}):
            with pytest.raises(Conflict):
                await configure(hub, second, issuer, **values)
        await configure(hub, second, issuer, org_claim="ou", org_value="b")
        await configure(hub, third, issuer, client_id="another")
        before = await count(hub)
        async with Browser(hub) as browser:
            answer = await browser.log_in(second, "u1")
            await refused(browser, before, answer)
        for where, sub in ((org, "u1"), (second, "k1")):
            async with Browser(hub) as browser:
                assert (await browser.log_in(where, sub)).status_code == 303


# What a provider publishes ---------------------------------------------------------------------------------------


def _many() -> list[dict[str, Any]]:
    return [{**ECKey.generate_key("P-256").as_dict(private=False), "kid": str(n)} for n in range(1_000)]


DISCOVERY: dict[str, Callable[[Hostile], dict[str, Any]]] = {
    "another issuer": lambda it: {"issuer": "https://login.other.example"},
    "a trailing slash": lambda it: {"issuer": f"{it.issuer}/"},
    "no issuer": lambda it: {"issuer": None},
    "a private token endpoint": lambda it: {"token_endpoint": "https://169.254.169.254/token"},
    "a file for keys": lambda it: {"jwks_uri": "file:///etc/passwd"},
    "a script for a page": lambda it: {"authorization_endpoint": "javascript:alert(1)"},
    "the implicit flow only": lambda it: {"response_types_supported": ["id_token"]},
    "plain PKCE only": lambda it: {"code_challenge_methods_supported": ["plain"]},
    "no signatures": lambda it: {"id_token_signing_alg_values_supported": ["none", "HS256"]},
    "a number": lambda it: {"token_endpoint": 7},
}


@pytest.mark.parametrize("case", DISCOVERY)
async def test_a_wrong_discovery_document_does_not_count(hub: Hub, browser: Browser, org: str, case: str) -> None:
    async with hostile() as provider:
        provider.discovery = DISCOVERY[case](provider)
        row = await configure(hub, org, provider.issuer)
        assert row.problem
        assert (row.discovered, row.jwks) == (None, None)
        before = await count(hub)
        await refused(browser, before, await browser.send_form("/login", "/login/provider", org=org))


KEYS: dict[str, Callable[[Hostile], list[dict[str, Any]]]] = {
    "a thousand": lambda it: _many(),
    "private ones": lambda it: [dict(it.key.as_dict(private=True))],
    "symmetric ones": lambda it: [dict(OctKey.generate_key(256).as_dict(private=True))],
    "none": lambda it: [],
    "for encryption": lambda it: [{**it.public()[0], "use": "enc"}] if it.keys is None else [],
    "too short": lambda it: [dict(RSAKey.generate_key(1024).as_dict(private=False))],
    "no object": lambda it: ["key"],  # type: ignore[list-item]
}


@pytest.mark.filterwarnings("ignore:Key size should be")
@pytest.mark.parametrize("case", KEYS)
async def test_wrong_keys_do_not_count(hub: Hub, org: str, case: str) -> None:
    async with hostile() as provider:
        provider.keys = KEYS[case](provider)
        row = await configure(hub, org, provider.issuer)
    assert row.problem
    assert row.jwks is None


async def test_a_reading_that_fails_leaves_what_was_read(hub: Hub, org: str, provider: Hostile) -> None:
    provider.discovery = {"issuer": "https://login.other.example"}
    row = await read_again(hub, org)
    assert row.problem
    assert row.jwks == {"keys": [{**provider.public()[0], "use": "sig"}]}
    provider.discovery, provider.keys = {}, [dict(provider.key.as_dict(private=True))]
    row = await read_again(hub, org)
    assert row.jwks is None  # whoever read these keys could be anybody


async def test_a_provider_is_read_regularly(hub: Hub, org: str, provider: Hostile) -> None:
    runtime = directory(hub)
    provider.key = ECKey.generate_key("P-256", auto_kid=True)
    async with runtime.db.begin(HUB) as session:
        row = await session.get(Provider, org)
        assert row
        row.asked_at = datetime.now(UTC) - timedelta(hours=1)
    regular = [one for one in jobs.duties(runtime) if isinstance(one, Every) and one.seconds == jobs.PROVIDER_SECONDS]
    await regular[0].work(runtime.db)
    async with runtime.db.read(HUB) as session:
        row = await session.get(Provider, org)
    assert row
    assert row.jwks == {"keys": [{**provider.public()[0], "use": "sig"}]}


async def test_a_new_key_is_read_after_it_was_seen(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    provider.key = ECKey.generate_key("P-256", auto_kid=True)
    before = await count(hub)
    await refused(browser, before, await came_back(browser, org, provider))
    async with directory(hub).db.begin(HUB) as session:
        row = await session.get(Provider, org)
        assert row
        row.asked_at = None
    answer = await came_back(browser, org, provider)
    assert answer.status_code == 503
    assert "gleich noch einmal" in answer.text
    for _each in range(100):
        answer = await came_back(browser, org, provider)
        if answer.status_code == 303:
            break
        await asyncio.sleep(0.1)
    assert browser.session


# Attacks on the way back ----------------------------------------------------------------------------------------


async def test_the_right_answer_logs_in(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    """So that the attacks below fail for their own reason."""
    assert (await came_back(browser, org, provider)).status_code == 303
    assert browser.session
    path, form, authorization = provider.asked[-1]
    assert (path, authorization) == ("/token", "")
    assert form["client_id"] == [CLIENT]
    assert len(form["code_verifier"][0]) >= 43


async def test_a_state_counts_once(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    url = f"/login/provider/{org}/callback"
    params = {"code": "c", "state": said["state"]}
    assert (await browser.get(url, params=params)).status_code == 303
    async with Browser(hub) as thief:
        thief.cookies.update({one.name: one.value or "" for one in browser.cookies.jar if "browser" in one.name})
        before = await count(hub)
        await refused(thief, before, await thief.get(url, params=params))


async def test_a_failed_attempt_uses_the_state_up(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    said = asked(await browser.start(org))
    provider.nonce = "another"
    before, url = await count(hub), f"/login/provider/{org}/callback"
    params = {"code": "c", "state": said["state"]}
    await refused(browser, before, await browser.get(url, params=params))
    provider.nonce = said["nonce"]
    await refused(browser, before, await browser.get(url, params=params))


async def test_a_state_of_another_browser(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    """Login CSRF: the attacker's answer in the victim's browser."""
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    async with Browser(hub) as victim:
        await victim.start(org)
        before = await count(hub)
        params = {"code": "c", "state": said["state"]}
        await refused(victim, before, await victim.get(f"/login/provider/{org}/callback", params=params))


async def test_a_state_at_the_callback_of_another_city(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    """Even where both use the same client of the same provider."""
    other = next(_orgs)
    await configure(hub, other, provider.issuer, client_id="another")
    async with directory(hub).db.begin(HUB) as session:
        row = await session.get(Provider, other)
        assert row
        row.client_id = CLIENT
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    before = await count(hub)
    params = {"code": "c", "state": said["state"]}
    await refused(browser, before, await browser.get(f"/login/provider/{other}/callback", params=params))
    assert [path for path, *_rest in provider.asked if path == "/token"] == []


async def test_an_old_flow_is_over(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    async with directory(hub).db.begin(HUB) as session:
        await session.execute(
            update(LoginFlow).where(LoginFlow.org == org).values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
        )
    before = await count(hub)
    params = {"code": "c", "state": said["state"]}
    await refused(browser, before, await browser.get(f"/login/provider/{org}/callback", params=params))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=c",
        "state=x&code=c",
        "state={state}",
        "state={state}&code=",
        "state={state}&code=c&code=d",
        "state={state}&code=c&state={state}",
        "state={state}&code=c&iss=https://login.other.example",
        "state={state}&code=c&iss=",
        "state={state}&code=%00",
        "state=%ff&code=c",
        "state={state}&error=access_denied&error_description=<script>alert(1)</script>",
        "state={state}&error=server_error&code=c",
        "state={state}&code=" + "c" * 3_000,
        "&".join(f"a{n}=b" for n in range(100)),
    ],
)
async def test_a_wrong_answer(hub: Hub, browser: Browser, org: str, provider: Hostile, query: str) -> None:
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    before = await count(hub)
    answer = await browser.get(f"/login/provider/{org}/callback?{query.replace('{state}', said['state'])}")
    await refused(browser, before, answer)
    assert "alert(1)" not in answer.text
    assert [path for path, *_rest in provider.asked if path == "/token"] == []


async def test_a_provider_that_names_itself_must_always(hub: Hub, browser: Browser, org: str) -> None:
    """RFC 9207: an answer without `iss` is another provider's."""
    async with hostile() as provider:
        provider.discovery = {"authorization_response_iss_parameter_supported": True}
        await configure(hub, org, provider.issuer)
        before = await count(hub)
        await refused(browser, before, await came_back(browser, org, provider))
        assert (await came_back(browser, org, provider, iss=provider.issuer)).status_code == 303


async def test_a_code_of_another_provider_is_worth_nothing(hub: Hub, browser: Browser, org: str) -> None:
    """Mix-up: the code of an honest provider, played to the flow of another."""
    other = next(_orgs)
    async with town(hub, org, UTE), town(hub, other, KAI):
        theirs = await browser.choose(await browser.start(org), "u1")
        mine = asked(await browser.start(other))
        before = await count(hub)
        params = {**asked(theirs), "state": mine["state"]}
        await refused(browser, before, await browser.get(f"/login/provider/{other}/callback", params=params))
        params.pop("iss")
        mine = asked(await browser.start(other))
        params["state"] = mine["state"]
        await refused(browser, before, await browser.get(f"/login/provider/{other}/callback", params=params))


def _none(it: Hostile) -> None:
    parts = ({"alg": "none"}, json.loads(base64.urlsafe_b64decode(it.token().split(".")[1] + "==")))
    it.id_token = (
        ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts) + "."
    )


def _hs256(it: Hostile) -> None:
    """Signed with the public key as if it were a secret."""
    secret = OctKey.import_key(json.dumps(it.key.as_dict(private=False)).encode())
    claims = base64.urlsafe_b64decode(it.token().split(".")[1] + "==")
    header = {"alg": "HS256", "kid": it.key.kid}
    it.id_token = jws.serialize_compact(header, claims, secret, registry=jws.JWSRegistry(algorithms=["HS256"]))


def _other_key(it: Hostile) -> None:
    it.key = ECKey.import_key({**ECKey.generate_key("P-256").as_dict(private=True), "kid": it.key.kid or ""})


def _embedded_key(it: Hostile) -> None:
    """A key that came with the token."""
    kid = it.key.kid
    it.key = ECKey.generate_key("P-256")
    it.header = {"jwk": it.key.as_dict(private=False), "kid": kid}


def _claims(**values: Any) -> Callable[[Hostile], None]:
    def lie(it: Hostile) -> None:
        it.claims = values

    return lie


def _header(**values: Any) -> Callable[[Hostile], None]:
    def lie(it: Hostile) -> None:
        it.header = values

    return lie


def _token(value: str) -> Callable[[Hostile], None]:
    def lie(it: Hostile) -> None:
        it.id_token = value

    return lie


def _answers(status: int, answer: Any, location: str = "") -> Callable[[Hostile], None]:
    def lie(it: Hostile) -> None:
        it.status, it.answer, it.location = status, answer, location

    return lie


NOW = int(time.time())
LIES: dict[str, Callable[[Hostile], None]] = {
    "alg none": _none,
    "HS256 with the public key": _hs256,
    "another key": _other_key,
    "its own key": _embedded_key,
    "another type": _header(typ="at+jwt"),
    "a critical header": _header(crit=["x"], x=1),
    "no key id that is a text": _header(kid=7),
    "nonce of another login": _claims(nonce="x"),
    "no nonce": _claims(nonce=None),
    "another audience": _claims(aud="other"),
    "no audience": _claims(aud=None),
    "audiences without azp": _claims(aud=[CLIENT, "other"]),
    "azp of another": _claims(aud=[CLIENT, "other"], azp="other"),
    "azp beside the audience": _claims(azp="other"),
    "another issuer": _claims(iss="https://login.other.example"),
    "no issuer": _claims(iss=None),
    "expired": _claims(exp=NOW - 3_600),
    "never expires": _claims(exp=None),
    "expires in words": _claims(exp="tomorrow"),
    "expires at infinity": _claims(exp=float("inf")),
    "issued in the future": _claims(iat=NOW + 36_000),
    "issued long ago": _claims(iat=NOW - 36_000),
    "not yet": _claims(nbf=NOW + 36_000),
    "nobody": _claims(sub=None),
    "an empty subject": _claims(sub=""),
    "a number as subject": _claims(sub=7),
    "10,000 characters of subject": _claims(sub="x" * 10_000),
    "a subject with a line end": _claims(sub="a\nb"),
    "a subject of look-alikes": _claims(sub="а1"),
    "amr in words": _claims(amr="mfa"),
    "another access token": _claims(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "a megabyte": _claims(groups=["x" * 40_000]),
    "no token": _token(""),
    "garbage": _token("a.b.c"),
    "umlauts": _token("ä.ö.ü"),
    "an error": _answers(400, {"error": "invalid_grant", "error_description": "<b>no</b>"}),
    "an error with 200": _answers(200, {"error": "invalid_grant"}),
    "down": _answers(500, {}),
    "a list": _answers(200, []),
    "a token of another kind": _answers(200, {"id_token": {"a": 1}, "access_token": "x", "token_type": "Bearer"}),
    "no end in sight": _answers(200, {"id_token": "x", "expires_in": "soon", "access_token": "x"}),
    "redirects to a private address": _answers(307, {}, "http://169.254.169.254/latest"),
    "redirects to us": _answers(302, {}, "/jwks"),
}


UNREADABLE = {"down", "a list", "no end in sight"}
"""Where what came is no answer of a token endpoint."""


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("case", LIES)
async def test_a_lie_logs_nobody_in(hub: Hub, browser: Browser, org: str, provider: Hostile, case: str) -> None:
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    LIES[case](provider)
    before = await count(hub)
    params = {"code": "c", "state": said["state"]}
    answer = await browser.get(f"/login/provider/{org}/callback", params=params)
    await refused(browser, before, answer)
    assert provider.told == 1
    assert answer.status_code == (503 if case in UNREADABLE else 422)
    assert "<b>no</b>" not in answer.text


async def test_a_slow_provider_is_given_up(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    provider.delay = 6.5
    before, began = await count(hub), time.monotonic()
    await refused(browser, before, await came_back(browser, org, provider))
    assert time.monotonic() - began < 6.4


async def test_a_provider_that_is_down(hub: Hub, browser: Browser, org: str) -> None:
    async with hostile() as provider:
        await configure(hub, org, provider.issuer)
        said = asked(await browser.start(org))
    before = await count(hub)
    params = {"code": "c", "state": said["state"]}
    await refused(browser, before, await browser.get(f"/login/provider/{org}/callback", params=params))


# Who one is ------------------------------------------------------------------------------------------------------


async def test_a_person_of_another_city_at_a_shared_provider(hub: Hub, browser: Browser, org: str) -> None:
    """The same issuer and subject, bound to an account elsewhere."""
    other = next(_orgs)
    clients = [
        LocalClient(name, (providers.redirect_uri(hub.settings, at),)) for name, at in (("a", org), ("b", other))
    ]
    async with local_provider(people=[UTE], clients=clients) as issuer:
        await configure(hub, org, issuer, client_id="a")
        await configure(hub, other, issuer, client_id="b")
        async with Browser(hub) as first:
            assert (await first.log_in(org, "u1")).status_code == 303
        before = await count(hub)
        answer = await browser.log_in(other, "u1")
        await refused(browser, before, answer)
        assert "anderen Organisation" in answer.text


async def test_the_client_of_another_city_cannot_be_used(hub: Hub, browser: Browser, org: str) -> None:
    """A city that configures its neighbour's provider as its own is turned away by the provider's redirect URIs."""
    other = next(_orgs)
    async with town(hub, org, UTE) as issuer:
        with pytest.raises(Conflict):
            await configure(hub, other, issuer)
        async with directory(hub).db.begin(HUB) as session:
            row = await session.get(Provider, org)
            assert row
            row.org_claim, row.org_value = "groups", "lotsen"
        await configure(hub, other, issuer, org_claim="groups", org_value="others")
        url = await browser.start(other)
        assert (await browser.get(url)).status_code == 400


async def test_an_address_takes_nobodys_account_over(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    async with directory(hub).db.begin(HUB) as session:
        boss = await people.create(session, "test", org, "Bea Birke", "bea@town.example", ("coordinator",))
    provider.claims = {"email": "BEA@town.example", "email_verified": True}
    assert (await came_back(browser, org, provider)).status_code == 303
    found = {one.id: one for one in await people_of(hub, org)}
    [new] = set(found) - {boss}
    assert found[new].email is None
    assert await roles_of(hub, new) == {"navigator": "provider"}
    assert "Bea Birke" not in (await browser.get("/account")).text


@pytest.mark.parametrize("groups", [["operator"], ["central"], "operator", {"operator": True}, [["lotsen"]], None, 7])
async def test_claims_give_no_role_that_was_not_mapped(
    hub: Hub, browser: Browser, org: str, provider: Hostile, groups: Any
) -> None:
    provider.claims = {"groups": groups, "roles": ["operator:"], "scope": "hub:operate", "amr": ["mfa"]}
    before = await count(hub)
    await refused(browser, before, await came_back(browser, org, provider))


@pytest.mark.parametrize("role", ["operator", "central"])
async def test_a_mapping_that_got_in_otherwise_gives_no_power(
    hub: Hub, browser: Browser, org: str, provider: Hostile, role: str
) -> None:
    async with directory(hub).db.begin(HUB) as session:
        row = await session.get(Provider, org)
        assert row
        row.roles, row.default_role = {"lotsen": role}, role
    provider.claims = {"amr": ["mfa"]}
    before = await count(hub)
    await refused(browser, before, await came_back(browser, org, provider))


async def test_markup_in_a_name_is_text(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    provider.claims = {"name": "<script>alert(1)</script>"}
    assert (await came_back(browser, org, provider)).status_code == 303
    page = (await browser.get("/account")).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        ({"name": "A\u202eB", "given_name": "Ute", "family_name": "Ulme"}, "Ute Ulme"),
        ({"name": "x" * 10_000, "preferred_username": "ute"}, "ute"),
        ({"name": ["Ute"], "preferred_username": 7}, "N. N."),
        ({"name": None}, "N. N."),
    ],
)
async def test_a_name_that_cannot_be_shown(
    hub: Hub, browser: Browser, org: str, provider: Hostile, claims: dict[str, Any], shown: str
) -> None:
    provider.claims = {**claims, "email": "no address"}
    assert (await came_back(browser, org, provider)).status_code == 303
    [account] = await people_of(hub, org)
    assert (account.name, account.email) == (shown, None)


async def test_a_closed_account_stays_closed(hub: Hub, org: str, provider: Hostile) -> None:
    async with Browser(hub) as browser:
        assert (await came_back(browser, org, provider)).status_code == 303
    [account] = await people_of(hub, org)
    async with directory(hub).db.begin(HUB) as session:
        await directory(hub).say(session, await people.disable(session, "test", account.id))
    async with Browser(hub) as browser:
        before = await count(hub)
        answer = await came_back(browser, org, provider)
        await refused(browser, before, answer)
        assert "geschlossen" in answer.text


@pytest.mark.parametrize(
    ("claims", "strong", "enters"),
    [
        ({}, [], False),
        ({"amr": ["pwd"]}, [], False),
        ({"amr": ["pwd", "mfa"]}, [], True),
        ({"amr": ["hwk"]}, [], True),
        ({"acr": "gold"}, [], False),
        ({"acr": "gold"}, ["gold"], True),
        ({"acr": "silver", "amr": ["otp"]}, ["gold"], False),
        ({"amr": ["pwd", "bund-id"]}, ["bund-id"], True),
    ],
)
async def test_a_central_navigator_needs_a_second_factor(
    hub: Hub, browser: Browser, state: str, claims: dict[str, Any], strong: list[str], enters: bool
) -> None:
    async with hostile() as provider:
        await configure(hub, state, provider.issuer, roles={"lotsen": "central"}, strong=strong)
        provider.claims = claims
        before = await count(hub)
        answer = await came_back(browser, state, provider)
        if enters:
            assert answer.status_code == 303
            assert browser.session
        else:
            await refused(browser, before, answer)
            assert "zweiten Faktor" in answer.text


# The rest of the way --------------------------------------------------------------------------------------------


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
