"""How processes end that are told to: nobody is cut off, and nothing that was begun is lost."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import httpx
import pytest
import pytest_asyncio

from services.cli import demo
from services.cli.client import Client
from services.cli.running import DRAIN_SECONDS
from services.kit.service import STOP_TURNS
from services.kit.settings import Settings
from tests.conftest import Servers, _fresh
from tests.matching.planned import PLAN
from tests.stories.deployments import Deployment, one_apart

KONSTANZ, HEILBRONN = "08335043", "08121000"
LINE = "SELECT pg_advisory_lock(hashtextextended('lotsennetz log directory', 0))"
"""Who holds it keeps every publication from its commit."""

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture
async def there(servers: Servers, template: str, settings: Settings) -> AsyncIterator[Deployment]:
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis)
        async with one_apart(own) as found:
            yield found


async def plan(organiser: Client, *cities: Client) -> tuple[str, str]:
    """An event, and a plan for it that is searched for longer than anybody waits."""
    for client, name in zip(cities, ("konstanz", "heilbronn"), strict=True):
        await client.ask(demo.PUBLISH, snapshot=demo.snapshot(name))
    event = str((await organiser.ask(demo.CREATE, event=demo.snapshot("event")))["createEvent"]["id"])
    page = (await organiser.ask(demo.EVERYBODY, city=KONSTANZ))["city"]["navigators"]["nodes"]
    await organiser.ask(demo.JOIN, event=event, navigators=[node["id"] for node in page[:12]])
    wanted = {"event": event, "rounds": 3, "tables": 3, "seconds": 60.0}
    return event, str((await organiser.ask(PLAN, input=wanted))["planRounds"]["id"])


@contextlib.asynccontextmanager
async def _looking(http: httpx.AsyncClient, there: Deployment, event: str) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of a hall's screen after the first event; they end with an error if the stream is torn."""
    async with http.stream("GET", f"{there.tokens}/events/{event}/live") as answer:
        lines = answer.aiter_lines()
        async for line in lines:
            if line.startswith("data:"):
                break
        yield lines


async def test_a_process_that_is_told_to_end_leaves_nobody_and_nothing_behind(there: Deployment) -> None:
    """A publication waits for its commit, a screen and a program look on, a plan is searched for."""
    (process,) = there.processes
    konstanz, heilbronn = await there.client(KONSTANZ), await there.client(HEILBRONN)
    organiser, database = await there.client(KONSTANZ), await asyncpg.connect(there.hub.settings.database_url)
    try:
        event, made = await plan(organiser, konstanz, heilbronn)
        follows = organiser.follow(demo.PROGRESS, id=made)
        async with asyncio.timeout(60):
            async for told in follows:
                if told["planProgress"]["state"] == "RUNNING":
                    break
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http, _looking(http, there, event) as screen:
            await database.execute(LINE)
            snapshot = demo.snapshot("heilbronn")
            snapshot["navigators"] = snapshot["navigators"][:-1]
            publishing = asyncio.create_task(heilbronn.ask(demo.PUBLISH, snapshot=snapshot))
            async with asyncio.timeout(30):
                while not await database.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    await asyncio.sleep(0.05)
            assert process.running is not None
            process.running.send_signal(signal.SIGTERM)
            # Both streams end by themselves, as if all had been said: browsers come back and find another process.
            async with asyncio.timeout(DRAIN_SECONDS):
                async for _told in follows:
                    pass
                async for _line in screen:
                    pass
            assert not publishing.done()
            with pytest.raises(httpx.TransportError):  # and nobody new comes in
                await http.get(f"{there.tokens}/health/live", headers={"connection": "close"})
            await database.execute("SELECT pg_advisory_unlock_all()")
            done = (await publishing)["publishDirectory"]
            assert len(done["navigators"]["withdrawn"]) == 1
        begun = time.monotonic()
        assert await asyncio.to_thread(process.running.wait, DRAIN_SECONDS + STOP_TURNS) == 0
        assert time.monotonic() - begun < DRAIN_SECONDS + STOP_TURNS
        job = await database.fetchrow("SELECT state, tries, lease_until FROM matching.job WHERE name = 'plan'")
        assert (job["state"], job["tries"], job["lease_until"]) == ("queued", 0, None)
    finally:
        await database.close()
        await asyncio.gather(*(one.close() for one in (konstanz, heilbronn, organiser)))


async def test_who_stands_still_for_seconds_cuts_nobody_off(there: Deployment) -> None:
    """A question comes in on a resting connection while the machine gives the process no time; it is still answered."""
    (process,) = there.processes
    assert process.running is not None
    rests = httpx.Limits(keepalive_expiry=60.0)
    async with httpx.AsyncClient(base_url=there.tokens, trust_env=False, timeout=60, limits=rests) as http:
        await http.get("/health/live")
        await asyncio.sleep(2.0)
        process.running.send_signal(signal.SIGSTOP)
        try:
            waiting = asyncio.create_task(http.get("/health/live"))
            await asyncio.sleep(4.0)  # what a server keeps a resting connection for, if nobody says otherwise, is over
        finally:
            process.running.send_signal(signal.SIGCONT)
        assert (await waiting).status_code == 200
