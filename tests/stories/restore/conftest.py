"""Empty databases, and backups of a hub that has stopped."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from services.app import chosen
from services.kit.settings import Settings
from tests.conftest import Servers, _create, _drop, _fresh
from tests.directory.protected import close, full, published, towns
from tests.running import running
from tests.stories.restore.looking import Make, call


@pytest.fixture(scope="module")
def empty(servers: Servers) -> Make:
    """Makes an empty database, which goes with the block."""
    count = 0

    @contextlib.asynccontextmanager
    async def make() -> AsyncIterator[str]:
        nonlocal count
        count += 1
        name = f"lotsennetz_restored_{os.getpid()}_{count}"
        url = await _create(servers, name)
        try:
            yield url
        finally:
            await _drop(servers, name)

    return make


@pytest_asyncio.fixture(autouse=True)
async def closed() -> AsyncIterator[None]:
    yield
    await close()


@pytest_asyncio.fixture(scope="module")
async def kept(
    servers: Servers, template: str, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Settings, Path]]:
    """A hub's database with its backups in a folder, the hub having stopped."""
    folder = tmp_path_factory.mktemp("kept")
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=False, data=folder)
        async with running(own, chosen()) as (hub, _server):
            await published(hub, towns(), full())
            await hub.settle()
        await call(own, "backup", folder / "backups")
        await close()
        yield own, folder / "backups"


@pytest.fixture
def copy(kept: tuple[Settings, Path], tmp_path: Path) -> Path:
    shutil.copytree(kept[1], tmp_path / "copy")
    return tmp_path / "copy"
