"""A hub for programs that nobody here wrote: one for each module, on loopback, without limits of rates."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio

from services.app import chosen
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.conftest import Servers, _fresh
from tests.running import running


@pytest_asyncio.fixture(scope="module")
async def hub(servers: Servers, template: str, settings: Settings) -> AsyncIterator[Hub]:
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=False, outbound_local=True)
        async with running(own, chosen()) as (hub, _server):
            yield hub
