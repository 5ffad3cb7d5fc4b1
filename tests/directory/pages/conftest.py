"""A hub with a town of its own for each test, and somebody who looks at its pages."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from services.app import chosen
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.browser_like import Browser
from tests.conftest import Servers, _fresh
from tests.directory.pages.world import numbers
from tests.running import running


@pytest.fixture
def town() -> str:
    """A town of its own for each test."""
    return f"0833{next(numbers):04}"


@pytest_asyncio.fixture(scope="module")
async def hub(servers: Servers, template: str, settings: Settings) -> AsyncIterator[Hub]:
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=False, outbound_local=True)
        async with running(own, chosen()) as (hub, _server):
            yield hub


@pytest_asyncio.fixture
async def visitor(hub: Hub) -> AsyncIterator[Browser]:
    browser = Browser(hub)
    yield browser
    await browser.close()
