"""A real Chromium, and for each module a hub that has what people would see after a while."""

import asyncio
import functools
import inspect
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import async_playwright, expect

from services.app import chosen
from services.kit.settings import Settings
from tests.browser import scenery
from tests.browser import stage as stages
from tests.browser.seeing import AXE, PICTURES, SOAK, STEP_SECONDS, Paths, crawled
from tests.browser.stage import Stage
from tests.conftest import Servers, _fresh
from tests.router import ensure_installed
from tests.running import running

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
TEST_SECONDS = 3600 if SOAK or PICTURES else 240
"""After so long a test hangs. Each thing that the browser is asked has its own, shorter time."""
told: list[str] = []
"""What was measured, for the end of the run."""


def program() -> str | None:
    """Where Chromium is."""
    named = os.environ.get("LOTSENNETZ_CHROMIUM", "")
    return shutil.which(named) if named else shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    found = program()
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
                item.obj = _limited(item.obj)
            if not any(os.environ.get(f"LOTSENNETZ_{name}") for name in ("BROWSER", "PICTURES", "SOAK")):
                item.add_marker(pytest.mark.skip("takes long: make browser"))
            elif found is None:
                item.add_marker(pytest.mark.skip(MISSING))


def _limited(test: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(test)
    async def within(*values: Any, **named: Any) -> None:
        async with asyncio.timeout(TEST_SECONDS):
            await test(*values, **named)

    return within


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in told:
        terminalreporter.write_line(line)


@asynccontextmanager
async def started(*more: str) -> AsyncIterator[Chromium]:
    """A Chromium in a profile of its own that ends with it; `more` are arguments of the program."""
    expect.set_options(timeout=1000 * STEP_SECONDS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program(), args=[*ARGUMENTS, *more], chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Chromium]:
    async with started() as browser:
        yield browser


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, as npm has it."""
    ensure_installed(AXE.parents[2])
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def hub_settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Mails are sent, into a folder; on a name, because passkeys are made for names only."""
    data = tmp_path_factory.mktemp("data")
    return replace(settings, workers=True, embedded=True, host="localhost", data=data)


@pytest_asyncio.fixture(scope="module")
async def stage(servers: Servers, template: str, hub_settings: Settings) -> AsyncIterator[Stage]:
    """The demo's cities and a municipality register, on a hub of this module alone."""
    async with _fresh(servers, template) as url:
        own = replace(hub_settings, database_url=url, redis_url=servers.redis)
        async with running(own, chosen()) as (hub, _server):
            yield await stages.opened(hub)


@pytest_asyncio.fixture(scope="module")
async def paths(stage: Stage) -> Paths:
    """Every page that a link leads to, by who sees it, with a day on which everything has begun."""
    await scenery.fill(stage)
    return await crawled(stage)
