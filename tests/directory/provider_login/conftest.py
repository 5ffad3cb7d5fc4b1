"""A hub whose cities log in at providers of their own, on loopback."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from services.app import chosen
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.conftest import Servers, _fresh
from tests.directory.hostile import Hostile, hostile
from tests.directory.login_world import Browser, configure
from tests.directory.provider_login.world import orgs, states
from tests.running import running


@pytest_asyncio.fixture(scope="module")
async def hub(servers: Servers, template: str, settings: Settings) -> AsyncIterator[Hub]:
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=True, outbound_local=True)
        async with running(own, chosen()) as (hub, _server):
            yield hub


@pytest.fixture
def org() -> str:
    """A city of this test alone."""
    return next(orgs)


@pytest.fixture
def state() -> str:
    return next(states)


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
