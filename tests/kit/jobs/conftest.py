"""A toy service with a queue, on servers that all tests share or that a test may kill."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from services.kit import worker
from tests.kit import kill_jobs as toil
from tests.kit import kill_world as world
from tests.kit.kill_jobs import TOIL, Toys

_numbers = count()


@asynccontextmanager
async def made(database: str, redis: str, url: str) -> AsyncIterator[Toys]:
    """The toy service on the empty database `url` of the server `database`."""
    admin = await asyncpg.connect(database)
    name = url.split("?", maxsplit=1)[0].rpartition("/")[2]
    await admin.execute(f'CREATE DATABASE "{name}"')
    await world.prepare(url, TOIL)
    queue = toil.queue(url, redis)
    try:
        yield Toys(url, redis, queue)
    finally:
        await toil.forget_line(queue)
        await queue.close()
        await queue.db.close()
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            await admin.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process sweeps more often than a hub."""
    monkeypatch.setattr(worker, "SWEEP_SECONDS", 0.3)
    monkeypatch.setattr(worker, "NUDGE_AGAIN_SECONDS", 1.0)


@pytest_asyncio.fixture
async def toys(servers: Any) -> AsyncIterator[Toys]:
    url = servers.database_url(f"lotsennetz_jobs_{os.getpid()}_{next(_numbers)}")
    async with made(servers.database, servers.redis, url) as toys:
        yield toys


@pytest_asyncio.fixture(scope="module")
async def fragile() -> AsyncIterator[tuple[toil.Servers, Toys]]:
    """Servers that nobody else uses, with the toy service on them."""
    with toil.own_servers() as own:
        async with made(own.database, own.redis, own.database.replace("/lotsennetz?", "/toys?")) as toys:
            yield own, toys
