"""A town with a person who has something in every field, and the end of what was opened to look at it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from services.kit.service import Hub
from tests.directory.protected import close, full, published, towns


@pytest_asyncio.fixture
async def closed() -> AsyncIterator[None]:
    """For the mark `usefixtures`: what a test opened by `protected` is closed after it."""
    yield
    await close()


@pytest_asyncio.fixture
async def ags(shared: Hub, closed: None) -> str:
    """A town of its own for each test, in which Zoë is published."""
    town = towns()
    await published(shared, town, full())
    return town
