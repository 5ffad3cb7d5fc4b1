"""A city sets its provider up; what a provider publishes counts only if it is right."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from services.cli.provider import LocalClient, Person, local_provider
from services.directory import jobs
from services.directory.login import providers
from services.directory.models import Provider
from services.kit.db import HUB
from services.kit.errors import Conflict, Forbidden, Refused
from services.kit.jobs import Every
from services.kit.service import Hub
from tests.directory.hostile import Hostile, hostile
from tests.directory.login_world import Browser, configure, count, directory, manager, read_again, town, wanted
from tests.directory.provider_login.world import came_back, orgs, refused


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
        other = f"/city/{next(orgs)}/provider"
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
    runtime, other = directory(hub), next(orgs)
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
    second, third = next(orgs), next(orgs)
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


# What a provider publishes --------------------------------------------------------------------------------------------


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
