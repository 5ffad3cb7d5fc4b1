"""A server on the loopback, and the guarded client."""

from collections.abc import AsyncIterator

import pytest_asyncio

from services.kit.fetch import Fetcher
from tests.kit.fetch.world import Server, fetching, serving


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


@pytest_asyncio.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with fetching() as (fetcher, _asked):
        yield fetcher
