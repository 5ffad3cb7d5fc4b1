"""Who a person is that comes from a provider, and what they may."""

from typing import Any

import pytest

from services.cli.provider import LocalClient, local_provider
from services.directory import people
from services.directory.login import providers
from services.directory.models import Provider
from services.kit.db import HUB
from services.kit.errors import Conflict
from services.kit.service import Hub
from tests.directory.hostile import Hostile, hostile
from tests.directory.login_world import Browser, configure, count, directory, people_of, roles_of, town
from tests.directory.provider_login.world import UTE, came_back, orgs, refused


async def test_a_person_of_another_city_at_a_shared_provider(hub: Hub, browser: Browser, org: str) -> None:
    """The same issuer and subject, bound to an account elsewhere."""
    other = next(orgs)
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
    other = next(orgs)
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
