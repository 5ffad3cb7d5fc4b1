"""Reads at a real streaming replica: nobody sees less than at one server, whatever becomes of the replica."""

import asyncio
import contextlib
import itertools
import math
import random
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
import pytest_asyncio

from services.app import chosen
from services.cli import demo
from services.cli.client import Client
from services.kit import embedded, replicas
from services.kit.db import HUB, NOBODY, Database, driver
from services.kit.jobs import address
from services.kit.replicas import AWAY_SECONDS, NEVER, Written
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.conftest import Clients, Servers
from tests.drills.wires import Wires
from tests.replica import following
from tests.running import running

KONSTANZ = "08335043"
NAMES = "query ($city: ID!) { city(ags: $city) { navigators { nodes { name } } } }"
EVENT = "query ($id: ID!) { event(id: $id) { title } }"
TITLES = "{ projects { nodes { title } } }"


@dataclass
class World:
    """A hub that reads at a replica, which can be paused, stopped and started again."""

    hub: Hub
    folder: Path
    leader: contextlib.ExitStack
    primary: str
    follower: contextlib.ExitStack
    replica: str

    async def pause(self) -> None:
        await self._say("SELECT pg_wal_replay_pause()")

    async def go_on(self) -> None:
        await self._say("SELECT pg_wal_replay_resume()")
        there = await asyncpg.connect(self.primary)
        position = await there.fetchval("SELECT pg_current_wal_flush_lsn()::text")
        await there.close()
        await self._say(
            f"DO $$ BEGIN WHILE pg_last_wal_replay_lsn() < '{position}' LOOP PERFORM pg_sleep(0.01); END LOOP; END $$"
        )

    async def _say(self, words: str) -> None:
        connection = await asyncpg.connect(self.replica)
        await connection.execute(words)
        await connection.close()

    def went(self, service: str, server: str) -> float:
        found = self.hub.metrics.registry.get_sample_value(
            "lotsennetz_reads_total", {"service": service, "server": server}
        )
        return found or 0.0


@pytest_asyncio.fixture(scope="module")
async def world(servers: Servers, settings: Settings) -> AsyncIterator[World]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ln-")))
        leader = stack.enter_context(contextlib.ExitStack())
        primary = leader.enter_context(embedded.postgres(folder / "a"))
        follower = stack.enter_context(contextlib.ExitStack())
        replica = follower.enter_context(following(primary, folder / "b"))
        own = replace(
            settings, database_url=primary, replica_url=replica, redis_url=servers.redis, workers=False, remembered=1
        )
        async with running(own, chosen()) as (hub, _server):
            found = World(hub, folder, leader, primary, follower, replica)
            await found.go_on()
            yield found
            found.follower.close()


@pytest_asyncio.fixture
async def city(world: World) -> AsyncIterator[Client]:
    clients = Clients(world.hub, [])
    yield await clients(KONSTANZ)
    await asyncio.gather(*(client.close() for client in clients.made))


@pytest_asyncio.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=world.hub.settings.issuer, trust_env=False, timeout=30) as client:
        yield client


async def publish(city: Client, title: str) -> None:
    """The demo's city with a project of this title."""
    snapshot: dict[str, Any] = demo.snapshot("konstanz")
    snapshot["projects"] = [{**snapshot["projects"][0], "title": title}, *snapshot["projects"][1:]]
    await city.ask(demo.PUBLISH, snapshot=snapshot)


async def titles(http: httpx.AsyncClient) -> list[str]:
    body = (await http.post("/graphql", json={"query": TITLES})).json()
    assert "errors" not in body, body
    return [node["title"] for node in body["data"]["projects"]["nodes"]]


async def test_queries_are_read_at_the_replica_and_nothing_else(
    world: World, city: Client, http: httpx.AsyncClient
) -> None:
    await publish(city, "At the replica")
    await world.go_on()
    before = world.went("directory", "replica")
    assert "At the replica" in await titles(http)
    assert (await city.ask(NAMES, city=KONSTANZ))["city"]["navigators"]["nodes"]
    assert world.went("directory", "replica") >= before + 2
    before = world.went("directory", "replica")
    assert (await http.get("/health/ready")).status_code == 200
    await publish(city, "Another")
    assert world.went("directory", "replica") == before


async def test_whoever_wrote_sees_it_in_every_process(
    world: World, city: Client, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside another client, who does not: so that it is the replica that both look at."""
    monkeypatch.setattr(replicas, "LATE_SECONDS", 60.0)
    await publish(city, "Before")
    guests = await Clients(world.hub, [])("08121000")
    await guests.ask(demo.PUBLISH, snapshot=demo.snapshot("heilbronn"))
    await guests.close()
    await world.hub.settle()
    own = replace(world.hub.settings, port=0, public_url=world.hub.settings.issuer)
    async with contextlib.AsyncExitStack() as stack:
        hub, _server = await stack.enter_async_context(running(own, chosen()))
        stranger = await Clients(world.hub, [])(KONSTANZ, graph=f"{hub.settings.address}/graphql")
        there = Client(city.url, *city.credentials, graph=stranger.graph)
        stack.push_async_callback(stranger.close)
        stack.push_async_callback(there.close)
        for client in (city, there, stranger):
            await client.ask(EVENT, id="00000000-0000-0000-0000-000000000000")
        await world.go_on()
        await world.pause()
        stack.push_async_callback(world.go_on)
        made = (await city.ask(demo.CREATE, event=demo.snapshot("event")))["createEvent"]["id"]
        for client in (city, there):
            assert (await client.ask(EVENT, id=made))["event"]["title"]
        assert (await stranger.ask(EVENT, id=made))["event"] is None


async def test_what_was_announced_everybody_sees_and_nothing_old_is_remembered(
    world: World, city: Client, http: httpx.AsyncClient
) -> None:
    for turn in range(3):
        await world.pause()
        behind = world.went("directory", "behind")
        try:
            await publish(city, f"Turn {turn}")
            assert f"Turn {turn}" in await titles(http)
            assert world.went("directory", "behind") > behind
        finally:
            await world.go_on()
        for _again in range(3):
            assert f"Turn {turn}" in await titles(http)


async def test_a_replica_that_is_away_is_left_alone_and_comes_back(
    world: World, city: Client, http: httpx.AsyncClient
) -> None:
    world.follower.close()
    for turn in range(3):
        await publish(city, f"Alone {turn}")
        assert f"Alone {turn}" in await titles(http)
        assert (await city.ask(NAMES, city=KONSTANZ))["city"]["navigators"]["nodes"]
    assert world.went("directory", "away") > 0
    world.replica = world.follower.enter_context(following(world.primary, world.folder / "b"))
    await world.go_on()
    await asyncio.sleep(AWAY_SECONDS)
    before = world.went("directory", "replica")
    async with asyncio.timeout(20):
        while world.went("directory", "replica") == before:
            assert (await city.ask(NAMES, city=KONSTANZ))["city"]["navigators"]["nodes"]


async def test_a_replica_that_dies_while_it_is_read(world: World, http: httpx.AsyncClient, city: Client) -> None:
    """Its connections end at any moment: no query fails."""
    over = asyncio.Event()

    async def strike() -> None:
        while not over.is_set():
            await world._say(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lotsennetz-%'"
            )
            await asyncio.sleep(0.02)

    striking = asyncio.create_task(strike())
    try:
        for turn in range(60):
            body = (
                await http.post(
                    "/graphql", json={"query": f"{{ cities(first: {turn + 1}) {{ nodes {{ ags name }} }} }}"}
                )
            ).json()
            assert "errors" not in body
            assert (await city.ask(NAMES, city=KONSTANZ))["city"]["navigators"]["nodes"]
    finally:
        over.set()
        await striking


async def test_a_server_that_follows_nobody_is_no_replica(world: World) -> None:
    """One that was promoted, or the primary itself."""
    replica = world.hub.runtimes["directory"].replica
    assert replica is not None
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with world.hub.runtimes["directory"].db.read(NOBODY, since=0):
            pass
    async with replica.db.read(HUB, since=0) as session:
        assert session is not None


async def test_who_cannot_know_what_was_written_reads_from_the_primary() -> None:
    written = Written(address("redis://127.0.0.1:1"), "directory")
    assert await written.of("somebody") == NEVER
    await written.note("somebody", 7)
    assert await written.of("somebody") == NEVER
    await written.close()


async def test_not_everybody_waits_for_a_valkey_that_is_silent(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "ASK_SECONDS", 0.2)
    monkeypatch.setattr(replicas, "AWAY_SECONDS", 60.0)
    wires = Wires(tmp_path, random.Random(1))
    written = Written(address(await wires.reach("hub", "valkey", servers.redis)), "directory")
    assert await written.of("somebody") == 0
    (wire,) = wires.all.values()
    wire.silence()
    assert await written.of("somebody") == NEVER
    monkeypatch.setattr(replicas, "ASK_SECONDS", 600.0)  # who asked now would wait for ten minutes
    async with asyncio.timeout(60):
        assert await written.of("somebody") == NEVER
        await written.note("somebody", 7)
    await written.close()
    await wires.close()


async def test_of_several_servers_the_one_that_takes_changes_is_found(world: World) -> None:
    """As operators write it whose primary may be another tomorrow; the replica stands first."""
    homes = ",".join(urlsplit(url).query.removeprefix("host=") for url in (world.replica, world.primary))
    url = f"postgresql://postgres@/lotsennetz?host={homes}&port=5432,5432&target_session_attrs=primary"
    db = Database(url, "directory")
    async with db.begin(NOBODY) as session:
        assert await (await driver(session)).fetchval("SELECT pg_is_in_recovery()") is False
    assert await db.answers.read("SELECT convert_to(pg_is_in_recovery()::text, 'UTF8')", (), 1000) == b"false"
    await db.close()


async def test_queries_go_on_without_the_primary(world: World, http: httpx.AsyncClient) -> None:
    """The last one here: the primary does not come back."""
    before, gone = await titles(http), world.went("directory", "replica")
    async with asyncio.timeout(20):  # it is left alone for a while after the connections were ended
        for turn in itertools.count(100):  # each time something that is not remembered
            await http.post("/graphql", json={"query": f"{{ cities(first: {turn % 100 + 1}) {{ nodes {{ name }} }} }}"})
            if world.went("directory", "replica") > gone:
                break
            await asyncio.sleep(0.1)
    replica = world.hub.runtimes["directory"].replica
    assert replica is not None
    replica._away_until = math.inf  # it had not answered, and is left alone: no reason not to ask now
    await asyncio.to_thread(world.leader.close)
    for _turn in range(5):
        assert await titles(http) == before
        await asyncio.sleep(0.3)
    assert (await http.get("/health/ready")).status_code == 503
