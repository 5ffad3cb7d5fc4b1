"""Whoever registers a client, over HTTP."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from services.kit.service import Hub


@pytest_asyncio.fixture
async def http(shared: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False, timeout=30) as client:
        yield client
