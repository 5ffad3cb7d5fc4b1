"""Two clients, and somebody who allows them something."""

import uuid
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from services.kit.service import Hub
from tests.directory import developers
from tests.directory.developers import CALLBACK, HEILBRONN, KONSTANZ, App, person
from tests.directory.grants.world import LOOPBACK


@pytest_asyncio.fixture
async def http(shared: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False, timeout=30) as client:
        yield client


@pytest_asyncio.fixture(scope="module")
async def app(shared: Hub) -> App:
    """A client with a secret, for people of Konstanz."""
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False) as http:
        return await developers.active(shared, http, redirect_uris=[CALLBACK, LOOPBACK])


@pytest_asyncio.fixture(scope="module")
async def other(shared: Hub) -> App:
    """A public client of another city."""
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False) as http:
        return await developers.active(
            shared, http, ags=HEILBRONN, redirect_uris=[CALLBACK], token_endpoint_auth_method="none"
        )


@pytest_asyncio.fixture(scope="module")
async def ada(shared: Hub) -> uuid.UUID:
    return await person(shared, KONSTANZ, "coordinator")
