"""npm's `oidc-provider` stands in for a city's login: a person logs in through its own pages."""

import asyncio
import html
import json
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.app import chosen
from services.directory.login import providers
from services.kit.service import Hub
from services.kit.settings import Settings
from tests import router
from tests.conftest import Servers
from tests.directory.login_world import Browser, configure, people_of, roles_of
from tests.running import running

FOLDER = Path(__file__).parents[2] / "deploy" / "acceptance"
ORG = "08335043"
SECRET = "a-secret:of-the-town&its=100%+"
PEOPLE: dict[str, dict[str, Any]] = {
    "ute": {"name": "Ute Ulme", "email": "ute@town.example", "email_verified": True, "groups": ["lotsen", "leitung"]},
    "zoe": {"name": "Zoë Zeder", "groups": []},
}
START_SECONDS = 60
MOST_PAGES = 12


@asynccontextmanager
async def oidc_provider(redirect: str) -> AsyncIterator[str]:
    """`oidc-provider` on a free loopback port; yields its issuer. It ends with the block."""
    await asyncio.to_thread(router.ensure_installed, FOLDER)
    with router.loopback() as probe:
        port = probe.getsockname()[1]
    settings = {"port": port, "client": "hub", "secret": SECRET, "redirect": redirect, "people": PEOPLE}
    process = subprocess.Popen(
        [str(router.node()), str(FOLDER / "provider.mjs")],
        cwd=FOLDER,
        env=router.environment(PROVIDER_SETTINGS=json.dumps(settings)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout
    issuer, said = f"http://127.0.0.1:{port}", ""
    try:
        async with asyncio.timeout(START_SECONDS):
            while issuer not in (said := (await asyncio.to_thread(process.stdout.readline)).decode()):
                assert process.poll() is None, said
        yield issuer
    finally:
        await asyncio.to_thread(router.stop, process)
        process.stdout.close()


async def go(browser: Browser, url: str, login: str, home: str) -> httpx.Response:
    """Follow the provider's pages as a person does, until it sends the browser back to `home`; that answer."""
    answer = await browser.get(url)
    for _page in range(MOST_PAGES):
        if answer.is_redirect:
            target = str(answer.url.join(answer.headers["location"]))
            answer = await browser.get(target)
            if target.startswith(home):
                return answer
            continue
        action = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
        prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
        assert action, answer.text
        assert prompt, answer.text
        said = {"prompt": prompt[1], **({"login": login, "password": "x"} if prompt[1] == "login" else {})}
        answer = await browser.post(str(answer.url.join(html.unescape(action[1]))), data=said)
    raise AssertionError("the provider never sent the browser back")


@pytest.mark.slow
async def test_people_of_a_city_log_in_through_it(servers: Servers, database: str, settings: Settings) -> None:
    own = replace(settings, database_url=database, redis_url=servers.redis, workers=True, outbound_local=True)
    async with running(own, chosen()) as (hub, _server):
        home = providers.redirect_uri(hub.settings, ORG)
        async with oidc_provider(home) as issuer:
            rules = {"lotsen": "navigator", "leitung": "coordinator"}
            row = await configure(hub, ORG, issuer, public=False, client_secret=SECRET, roles=rules)
            assert row.problem is None
            await _log_in(hub, home)


async def _log_in(hub: Hub, home: str) -> None:
    async with Browser(hub) as browser:
        answer = await go(browser, await browser.start(ORG), "ute", home)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/account"), answer.text
        assert "Ute Ulme" in (await browser.get("/account")).text
    [ute] = await people_of(hub, ORG)
    assert ute.email == "ute@town.example"
    assert await roles_of(hub, ute.id) == {"navigator": "provider", "coordinator": "provider"}
    async with Browser(hub) as browser:
        answer = await go(browser, await browser.start(ORG), "zoe", home)
        assert (answer.status_code, browser.session) == (403, None)
        assert "noch keine Rolle gegeben" in answer.text
    assert len(await people_of(hub, ORG)) == 1
