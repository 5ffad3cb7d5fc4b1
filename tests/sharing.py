"""Fixtures for folders whose tests make events and plans: `hub` is the module's shared one, emptied before each test.

To a test it looks like a hub of its own, without the second that one takes to start: there are no events, plans, mails
or jobs of others, and what events and matching remember of the directory is as the directory has it. What cities
published stays there, and so do accounts. Whoever erases people for good, or counts what the directory holds, takes
`alone`.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import asyncpg
import pytest
import pytest_asyncio

from services.app import chosen
from services.kit import heavy
from services.kit.service import Hub
from services.kit.settings import Settings
from services.matching.graphql import inputs
from tests.conftest import Clients, Servers
from tests.forked import computation
from tests.running import running

# A job whose row is gone loses its lease, and what it computes ends. Copies of cities and people come back by the
# directory's log, read again from behind the topics with which it begins.
EMPTY = """
WITH again AS (SELECT min(position) - 1 AS position FROM directory.log WHERE kind <> 'TopicPublished'),
hearing AS (
    UPDATE events.cursor c SET position = least(c.position, again.position) FROM again WHERE c.feed = 'directory'
) UPDATE matching.cursor c SET position = least(c.position, again.position) FROM again WHERE c.feed = 'directory';
DELETE FROM events.job; DELETE FROM events.mail; DELETE FROM events.log; DELETE FROM matching.job;
DELETE FROM matching.log; DELETE FROM matching.plan; DELETE FROM matching.event; DELETE FROM matching.navigator;
DELETE FROM matching.city; DELETE FROM events.event; DELETE FROM events.module; DELETE FROM events.programme;
DELETE FROM events.series; DELETE FROM events.navigator; DELETE FROM events.city;
"""


async def emptied(hub: Hub) -> Hub:
    owner = await asyncpg.connect(hub.settings.database_url)
    try:
        await owner.execute(EMPTY)
    finally:
        await owner.close()
    await hub.settle()
    return hub


@pytest.fixture(scope="module")
def workers() -> bool:
    """Whether the hub works its jobs; a module that needs them says so with a fixture of its own."""
    return False


@pytest.fixture(scope="module")
def own(settings: Settings, workers: bool) -> Settings:
    return replace(settings, workers=workers)


@pytest.fixture(scope="module", autouse=True)
def forked() -> Iterator[None]:
    """Plans are searched for in processes that need not import the solvers, and shortly where nobody says how long."""
    usual = inputs.USUAL_SECONDS
    heavy.start, inputs.USUAL_SECONDS = computation, 0.5
    yield
    heavy.start, inputs.USUAL_SECONDS = heavy.interpreter, usual


@pytest_asyncio.fixture
async def hub(shared: Hub) -> Hub:
    return await emptied(shared)


@pytest_asyncio.fixture
async def alone(servers: Servers, database: str, own: Settings) -> AsyncIterator[Clients]:
    """Clients of a hub for this test alone, which is their `hub`."""
    async with running(replace(own, database_url=database, redis_url=servers.redis), chosen()) as (hub, _server):
        made = Clients(hub, [])
        yield made
        for client in made.made:
            await client.close()
