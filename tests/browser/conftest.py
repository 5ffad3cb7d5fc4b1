"""A real Chromium, and for each module a hub that has what people would see after a while."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import async_playwright

from services.app import chosen
from services.cli import demo
from services.cli.running import running
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.browser.seeing import AXE, Paths, crawled
from tests.conftest import Servers, _fresh
from tests.directory.test_register import HEILBRONN, KONSTANZ, file, load
from tests.router import ensure_installed
from tests.stories.test_pages import PEOPLE

ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = (
    "no Chromium here, so no page was looked at. Debian/Ubuntu: sudo apt install chromium; "
    "elsewhere name the program in LOTSENNETZ_CHROMIUM"
)


def program() -> str | None:
    """Where Chromium is."""
    named = os.environ.get("LOTSENNETZ_CHROMIUM", "")
    return shutil.which(named) if named else shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    found = program()
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            if not any(os.environ.get(f"LOTSENNETZ_{name}") for name in ("BROWSER", "PICTURES", "SOAK")):
                item.add_marker(pytest.mark.skip("takes long: make browser"))
            elif found is None:
                item.add_marker(pytest.mark.skip(MISSING))


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Chromium]:
    """Started once, in a profile of its own that ends with it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program(), args=ARGUMENTS, chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, as npm has it."""
    ensure_installed(AXE.parents[2])
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def hub_settings(settings: Settings) -> Settings:
    """On a name, because passkeys are made for names only."""
    return replace(settings, workers=False, embedded=True, host="localhost")


@pytest_asyncio.fixture(scope="module")
async def hub(servers: Servers, template: str, hub_settings: Settings) -> AsyncIterator[Hub]:
    """The demo's cities, its day without a plan, and a municipality register."""
    async with _fresh(servers, template) as url:
        own = replace(hub_settings, database_url=url, redis_url=servers.redis)
        async with running(own, chosen()) as (hub, _server):
            await load(hub, file(KONSTANZ, HEILBRONN))
            clients = await demo.register(hub)
            for client, name in zip(clients, ("konstanz", "heilbronn"), strict=False):
                await client.ask(demo.PUBLISH, snapshot=demo.snapshot(name))
            await clients[2].ask(demo.CREATE, event=demo.snapshot("event"))
            for client in clients:
                await client.close()
            await hub.settle()
            yield hub


@pytest_asyncio.fixture(scope="module")
async def paths(hub: Hub) -> Paths:
    """Every page that a link leads to, by who sees it."""
    return {person: await crawled(hub, person) for person in PEOPLE}
