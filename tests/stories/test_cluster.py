"""What `make split` starts: nobody reaches what is not theirs, queries are read at the replica, and all of it ends."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from services.app import SERVICES
from services.cli import demo
from services.kit.settings import Settings
from tests.stories.cluster import cluster, url_of
from tests.stories.deployments import Deployment

KONSTANZ = "08335043"
NAMES = "query ($city: ID!) { city(ags: $city) { navigators { nodes { name } } events { nodes { title } } } }"

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture(scope="module")
async def there(settings: Settings) -> AsyncIterator[Deployment]:
    async with cluster(settings) as found:
        yield found


async def test_each_process_s_user_reaches_one_schema(there: Deployment) -> None:
    primary = there.hub.settings.database_url or ""
    for name in SERVICES:
        connection = await asyncpg.connect(url_of(name, primary))
        try:
            assert await connection.fetchval(f"SELECT count(*) FROM {name}.alembic_version") == 1
            for other in SERVICES.keys() - {name}:
                for tried in (f"SELECT * FROM {other}.log", f"SET ROLE lotsennetz_{other}"):
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.execute(tried)
            for tried in (f"CREATE TABLE {name}.mine (a int)", f"ALTER TABLE {name}.log DISABLE ROW LEVEL SECURITY"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(tried)
        finally:
            await connection.close()


async def test_a_day_is_played_and_read_at_the_replica(there: Deployment) -> None:
    """The workers answer the plan, the router joins the graphs; the replica has seen statements of all services."""
    async with contextlib.AsyncExitStack() as stack:
        clients = await demo.register(there.hub, there.tokens, there.graph)
        for client in clients:
            stack.push_async_callback(client.close)
        await demo.play(*clients, None)
        found = (await clients[0].ask(NAMES, city=KONSTANZ))["city"]
        assert found["navigators"]["nodes"]
        assert found["events"]["nodes"]
        told = (await there.hub.metrics.text(there.hub)).decode()
        assert 'lotsennetz_plan_gap{rank="worst"}' in told
        assert 'lotsennetz_database_up{service="matching"} 1.0' in told
        replica = await asyncpg.connect(there.replica)
        stack.push_async_callback(replica.close)
        assert await replica.fetchval("SELECT pg_is_in_recovery()")
        seen = {row["usename"] for row in await replica.fetch("SELECT DISTINCT usename FROM pg_stat_activity")}
        assert {"directory_process", "events_process"} <= seen


async def test_processes_end_when_they_are_told(there: Deployment) -> None:
    """The last one here. Each leaves within its time, and says that nothing went wrong."""
    for process in there.processes:
        assert process.running is not None
        process.running.send_signal(signal.SIGTERM)
    for process in there.processes:
        assert process.running is not None
        assert await asyncio.to_thread(process.running.wait, 30) == 0
