"""A hub that writes its mails into a folder, and the browsers of those who log in."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from services.app import chosen
from services.kit.service import Hub, Runtime
from services.kit.settings import Settings
from tests.conftest import Servers, _fresh
from tests.directory.authenticator import Authenticator, Browser
from tests.directory.login.world import Crowd, use_passkey, with_passkey
from tests.running import running


@pytest_asyncio.fixture(scope="module")
async def hub(
    servers: Servers, template: str, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Hub]:
    async with _fresh(servers, template) as url:
        own = replace(
            settings, database_url=url, redis_url=servers.redis, workers=True, data=tmp_path_factory.mktemp("data")
        )
        async with running(own, chosen()) as (hub, _server):
            yield hub


@pytest.fixture(scope="module")
def directory(hub: Hub) -> Runtime:
    return hub.runtimes["directory"]


@pytest_asyncio.fixture
async def browsers(hub: Hub) -> AsyncIterator[Crowd]:
    crowd = Crowd(hub.settings.issuer, [])
    yield crowd
    for one in crowd.made:
        await one.aclose()


@pytest_asyncio.fixture(scope="module")
async def keys(hub: Hub) -> tuple[Authenticator, Authenticator]:
    found = []
    for _turn in range(2):
        async with Browser(hub.settings.issuer) as browser:
            _account, key = await with_passkey(hub, browser)
        key.count = 10
        async with Browser(hub.settings.issuer) as browser:
            assert (await use_passkey(browser, key)).status_code == 200
        found.append(key)
    return found[0], found[1]
