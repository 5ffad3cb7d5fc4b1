"""Real servers for every test: embedded ones, or those that the environment names.

`LOTSENNETZ_TEST_DATABASE_URL` (a user who may create databases and roles) and `LOTSENNETZ_TEST_REDIS_URL` point
elsewhere. The schemas are migrated once into a template; each test that asks gets a database of its own from it.
"""

import asyncio
import contextlib
import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import asyncpg
import httpx
import pytest
import pytest_asyncio

from services.app import chosen
from services.cli.client import Client
from services.directory.access import CLIENT_SCOPES
from services.directory.oauth import clients as oauth_clients
from services.kit import embedded
from services.kit.db import HUB
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.running import running

SOAK = bool(os.environ.get("LOTSENNETZ_SOAK"))
"""Whether there is time: more cases of the same, and those marked `soak`."""
soak = pytest.mark.skipif(not SOAK, reason="takes long: make soak")
SECRET = "not a secret: tests only"
MEMORY_BYTES = 4 << 30
LONGEST = (
    *("test_day", "test_open_space_plans", "test_embedded", "test_drill", "test_groups_pages", "test_killed"),
    *("test_pages", "test_wishes", "test_changed_plans", "test_own_things", "test_mutations", "test_reading"),
    *("test_knmeetshn", "test_queue", "test_prints", "test_registration", "test_registration_day"),
    *("test_replicas", "test_registration_mails", "test_log", "test_second_plans", "test_organise_pages"),
)
"""The names of files that take longest, in that order; those with slow tests come next."""
_numbers = itertools.count()

# Each client would read the authorities of all the world anew, for longer than most of them ask anything.
httpx._transports.default.create_ssl_context = cache(httpx.create_ssl_context)  # type: ignore[attr-defined]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first, or at the end one process would work at them while the others are idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (places.get(item.path.stem, len(places)), item.path not in slow))


def pytest_collection_finish() -> None:
    """What was imported stays for ever: the collector need not look through it after every few hubs."""
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class Servers:
    database: str
    redis: str

    def database_url(self, name: str) -> str:
        """The same server, another database."""
        base, _slash, rest = self.database.rpartition("/")
        if "?" in self.database and "?" not in rest:  # a socket path in the query has slashes of its own
            base, _slash, rest = self.database.split("?")[0].rpartition("/")
            return f"{base}/{name}?{self.database.split('?')[1]}"
        query = f"?{rest.split('?')[1]}" if "?" in rest else ""
        return f"{base}/{name}{query}"


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    database = os.environ.get("LOTSENNETZ_TEST_DATABASE_URL")
    redis = os.environ.get("LOTSENNETZ_TEST_REDIS_URL")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ln-", dir=_in_memory())))
        yield Servers(
            database or _forgetful(stack.enter_context(embedded.postgres(folder))),
            redis or stack.enter_context(embedded.valkey(folder)),
        )


def _in_memory() -> str | None:
    """A folder without a disk under it, if there is one with room: a database is a thousand files, and each test gets
    one.
    """
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_BYTES else None


@pytest.fixture(scope="session")
def settings(servers: Servers) -> Settings:
    return Settings(port=0, secret=SECRET, lease=2.0, rates=0.0)


def _forgetful(url: str) -> str:
    """The server that need not outlive the machine: each test's database is dropped with a checkpoint, and those wait
    for the disk. A killed server still loses nothing.
    """

    async def change() -> None:
        connection = await asyncpg.connect(url)
        try:
            for setting in ("fsync", "full_page_writes"):
                await connection.execute(f"ALTER SYSTEM SET {setting} = off")
            await connection.execute("SELECT pg_reload_conf()")
        finally:
            await connection.close()

    asyncio.run(change())
    return url


async def _create(servers: Servers, name: str, template: str | None = None) -> str:
    connection = await asyncpg.connect(servers.database)
    try:
        await connection.execute(
            f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}" STRATEGY FILE_COPY' if template else "")
        )
    finally:
        await connection.close()
    return servers.database_url(name)


async def _drop(servers: Servers, name: str) -> None:
    connection = await asyncpg.connect(servers.database)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@pytest_asyncio.fixture(scope="session")
async def template(servers: Servers, settings: Settings) -> AsyncIterator[str]:
    """A database with every schema migrated and seeded."""
    name = f"lotsennetz_test_{os.getpid()}"
    own = replace(settings, database_url=await _create(servers, name), redis_url=servers.redis)
    hub = Hub(own, chosen())
    await hub.migrate()
    await hub.settle()
    await hub.stop()
    yield name
    await _drop(servers, name)


@contextlib.asynccontextmanager
async def _fresh(servers: Servers, template: str) -> AsyncIterator[str]:
    name = f"{template}_{next(_numbers)}"
    url = await _create(servers, name, template)
    try:
        yield url
    finally:
        await _drop(servers, name)


@pytest_asyncio.fixture
async def database(servers: Servers, template: str) -> AsyncIterator[str]:
    """The URL of a migrated database for this test alone."""
    async with _fresh(servers, template) as url:
        yield url


@pytest.fixture
def workers() -> bool:
    """Whether the hub works its jobs; a module that needs them says so with a fixture of its own."""
    return False


@pytest_asyncio.fixture
async def hub(servers: Servers, database: str, settings: Settings, workers: bool) -> AsyncIterator[Hub]:
    """The whole hub in this process, answering over HTTP at `hub.settings.issuer`."""
    own = replace(settings, database_url=database, redis_url=servers.redis, workers=workers)
    async with running(own, chosen()) as (hub, _server):
        yield hub


@pytest.fixture(scope="module")
def own(settings: Settings) -> Settings:
    """The settings of a module's `shared` hub; a module that needs others has a fixture of its own."""
    return replace(settings, workers=False)


@pytest_asyncio.fixture(scope="module")
async def shared(servers: Servers, template: str, own: Settings) -> AsyncIterator[Hub]:
    """One hub for all tests of a module, which may then leave traces but must not mind those of others."""
    async with (
        _fresh(servers, template) as url,
        running(replace(own, database_url=url, redis_url=servers.redis), chosen()) as (hub, _server),
    ):
        yield hub


@dataclass
class Clients:
    """Makes clients of the hub's API; closes them with the test."""

    hub: Hub
    made: list[Client]

    async def __call__(self, ags: str | None, *scopes: str, graph: str = "") -> Client:
        """A client for the city `ags` with `scopes`; with all of them if none are named."""
        async with self.hub.runtimes["directory"].db.begin(HUB) as session:
            found = await oauth_clients.add(session, "test", ags, scopes or CLIENT_SCOPES)
        client = Client(self.hub.settings.issuer, found.client_id, found.client_secret, graph=graph)
        self.made.append(client)
        return client


@pytest_asyncio.fixture
async def clients(hub: Hub) -> AsyncIterator[Clients]:
    made = Clients(hub, [])
    yield made
    for client in made.made:
        await client.close()
