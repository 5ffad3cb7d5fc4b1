"""The front of the compose files, a real Caddy with TLS, before a real hub: what people at the other end get."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest_asyncio

from services.app import chosen
from services.kit.auth import cookie_name
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.browser_like import Browser, account
from tests.conftest import Clients, Servers
from tests.events.day import command, day, halves, phone, seat
from tests.kit.test_rates import searched, serving
from tests.running import running
from tests.stories.caddy import believed, caddy
from tests.stories.deployments import free_ports


@dataclass(frozen=True)
class Place:
    url: str
    plain: int
    hub: Hub
    http: httpx.AsyncClient


@pytest_asyncio.fixture
async def place(servers: Servers, database: str, settings: Settings) -> AsyncIterator[Place]:
    secure, plain, port = free_ports(3)
    url = f"https://localhost:{secure}"
    own = replace(
        settings, database_url=database, redis_url=servers.redis, workers=False, port=port, public_url=url,
        trusted_proxies=("127.0.0.1",),
    )  # fmt: skip
    async with (
        running(own, chosen()) as (hub, _server),
        caddy("hub", url, {"hub:8000": f"127.0.0.1:{port}"}, plain=plain) as authority,
    ):
        with believed(authority):
            async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
                yield Place(url, plain, hub, http)


async def test_people_reach_the_hub_over_tls_alone(place: Place) -> None:
    page = await place.http.get("/")
    assert page.status_code == 200
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    assert "server" not in page.headers
    told = await place.http.get(f"http://localhost:{place.plain}/topics?x=1")
    # Caddy takes the port for the one that a container shows as 443.
    assert (told.status_code, told.headers["location"]) == (308, "https://localhost/topics?x=1")


async def test_whatever_the_hub_says_of_itself_leads_to_the_front(place: Place) -> None:
    meta = (await place.http.get("/.well-known/oauth-authorization-server")).json()
    told = {name: url for name, url in meta.items() if name == "issuer" or name.endswith(("_endpoint", "_uri"))}
    assert len(told) > 3
    assert all(url.startswith(place.url) for url in told.values()), told


async def test_a_form_is_sent_with_a_cookie_that_needs_tls(place: Place) -> None:
    browser = Browser(place.hub)
    await browser.log_in(await account(place.hub, "08335043", "coordinator"))
    name = cookie_name(place.url)
    assert name.startswith("__Host-")
    page = await browser.http.get("/account")
    assert page.status_code == 200
    browser.http.headers["origin"] = "https://somewhere.example"
    assert (await browser.submit(page, "/logout")).status_code == 403
    browser.http.headers["origin"] = place.url
    answer = await browser.submit(page, "/logout")
    assert answer.status_code == 303
    left = answer.headers.get_list("set-cookie")
    assert any(one.startswith(f"{name}=") for one in left)
    assert all({"secure", "httponly", "path=/"} <= set(one.lower().split("; ")) for one in left), left
    await browser.close()


async def test_screens_hear_at_once_what_happens(place: Place) -> None:
    clients = Clients(place.hub, [])
    organiser, event, people = await day(place.hub, clients)
    await seat(place.hub, event, halves(people))
    async with phone(f"{place.url}/events/{event}/live") as wall:
        assert (await wall.until("live"))["revision"] == 0
        await command(organiser, event, "startRound", 0)
        await wall.until("live", lambda data: data["revision"] == 1 and data["phase"] == "running")
    for client in clients.made:
        await client.close()


async def test_nobody_makes_the_front_believe_an_address(servers: Servers, template: str, settings: Settings) -> None:
    (port,) = free_ports(1)
    site = f"http://localhost:{port}"
    async with serving(servers, template, settings, trusted_proxies=("127.0.0.1/32",)) as (hub, _http):
        upstream = hub.settings.issuer.removeprefix("http://")
        async with (
            caddy("hub", site, {"hub:8000": upstream}),
            httpx.AsyncClient(base_url=site, trust_env=False) as http,
        ):
            assert [await searched(http, f"203.0.113.{turn}") for turn in range(4)] == [200, 200, 200, 429]
