"""How fast cities are stored: loading all of them beside a bare COPY of the same rows, and one city's publishing.

`python -m tests.bench.loading [CITIES]`; by default as many as Germany has, with 50,000 navigators and 100,000
projects.
"""

import asyncio
import io
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import psutil

from services.app import chosen
from services.cli.running import running
from services.kit import embedded
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.bench.__main__ import AT_ONCE, client, rate, snapshot
from tests.browser_like import logged_in

CITIES, NAVIGATORS, PROJECTS = 11_000, 50_000, 100_000
TOPICS = ("finance", "e-file", "open-data", "culture", "e-invoice", "building-planning")
TABLES = (
    "city", "department", "navigator", "navigator_topic", "project", "project_topic", "project_navigator",
    "publication", "source", "audit", "log",
)  # fmt: skip
"""What loading writes, in an order that foreign keys allow."""


def lines(cities: int) -> AsyncIterator[bytes]:
    """A stream of made-up cities, one after the other."""

    async def stream() -> AsyncIterator[bytes]:
        pick = random.Random(1)
        for number in range(cities):
            ags = f"{1 + number % 16:02}{number:06}"
            people = NAVIGATORS * (number + 1) // CITIES - NAVIGATORS * number // CITIES
            rows: list[dict[str, Any]] = [{"city": {"ags": ags, "name": f"Gemeinde Nummer {number}"}}]
            rows += [{"navigator": {
                "key": f"n{i}", "name": f"Vorname Nachname {number}-{i}", "department": f"Amt {i}", "title": "Lotse",
                "offers": pick.sample(TOPICS, 2), "seeks": pick.sample(TOPICS, 1), "worksOn": pick.sample(TOPICS, 1),
                "email": f"n{i}@stadt{number}.example"}} for i in range(people)]  # fmt: skip
            rows += [{"project": {
                "key": f"p{i}", "title": f"Vorhaben {number}-{i}", "summary": "Wir führen die elektronische Akte ein.",
                "stage": "RUNNING", "topics": pick.sample(TOPICS, 2), "navigators": [f"n{i % people}"]}}
                for i in range(PROJECTS * (number + 1) // CITIES - PROJECTS * number // CITIES)]  # fmt: skip
            yield b"".join(msgspec.json.encode(row) + b"\n" for row in rows)

    return stream()


async def loaded(hub: Hub, cities: int) -> tuple[float, float]:
    """Seconds for all of them over HTTP, and by how many MB the process grew meanwhile."""
    operator = await logged_in(hub, "hub", "operator")
    process, most, done = psutil.Process(), 0, asyncio.Event()
    before = process.memory_info().rss

    async def watch() -> None:
        nonlocal most
        while not done.is_set():
            most = max(most, process.memory_info().rss)
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    begun = time.perf_counter()
    headers = {"content-type": "application/jsonl", "origin": hub.settings.issuer}
    answer = await operator.http.post("/directory/bulk", content=lines(cities), headers=headers, timeout=3600)
    seconds = time.perf_counter() - begun
    done.set()
    await watching
    assert answer.json()["published"] == cities, answer.text[:1000]
    await operator.close()
    return seconds, (most - before) / 1e6


async def copied(full: str, empty: str) -> float:
    """Seconds for a COPY of the very same rows into the very same tables, with their indexes and foreign keys."""
    source, target = await asyncpg.connect(full), await asyncpg.connect(empty)
    seconds = 0.0
    async with target.transaction():
        for table in TABLES:
            names = [row["column_name"] for row in await source.fetch(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = 'directory' "
                "AND table_name = $1 ORDER BY ordinal_position", table)]  # fmt: skip
            kept = "" if table != "log" else " WHERE kind <> 'TopicPublished'"
            body = io.BytesIO()
            await source.copy_from_query(f"SELECT {', '.join(names)} FROM directory.{table}{kept}",
                                         output=body, format="binary")  # fmt: skip
            body.seek(0)
            begun = time.perf_counter()
            await target.copy_to_table(
                table, source=body, schema_name="directory", columns=names, format="binary", timeout=3600
            )
            seconds += time.perf_counter() - begun
        begun = time.perf_counter()
    seconds += time.perf_counter() - begun
    await source.close()
    await target.close()
    return seconds


class Wire:
    """Requests over connections kept open, without a client library: its cost would hide what is measured."""

    def __init__(self, hub: Hub) -> None:
        self.port = hub.settings.port
        self.free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def put(self, path: str, body: bytes, authorization: str) -> None:
        reader, writer = self.free.pop() if self.free else await asyncio.open_connection("127.0.0.1", self.port)
        head = (
            f"PUT {path} HTTP/1.1\r\nhost: hub\r\nauthorization: {authorization}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(answer.lower().partition(b"content-length: ")[2].split(b"\r")[0]))
        assert answer.startswith(b"HTTP/1.1 200"), answer
        self.free.append((reader, writer))

    def close(self) -> None:
        for _reader, writer in self.free:
            writer.close()


async def publishing(hub: Hub, kind: str, base: str) -> tuple[float, float]:
    """Snapshots of 10 navigators and 40 links to topics a second over HTTP, and the process's ms for each."""
    cities = [f"{base}{i:04}" for i in range(AT_ONCE)]
    made = {ags: await client(hub, ags) for ags in cities}
    tokens = {ags: (await one.headers())["authorization"] for ags, one in made.items()}
    bodies = [[msgspec.json.encode(snapshot(ags, change)) for ags in cities] for change in range(200)]
    turn, wire = iter(range(10**9)), Wire(hub)

    async def put() -> object:
        number = next(turn)
        change, city = divmod(number, AT_ONCE)
        body = bodies[change % len(bodies) if kind == "changed" else 0][city]
        await wire.put(f"/directory/cities/{cities[city]}", body, tokens[cities[city]])
        return None

    await rate(put)  # warm
    begun, before = time.process_time(), next(turn)
    found = await rate(put)
    used = (time.process_time() - begun) / (next(turn) - before) * 1000
    wire.close()
    for one in made.values():
        await one.close()
    return found, used


async def main(cities: int) -> None:
    with tempfile.TemporaryDirectory(prefix="ln-") as folder, embedded.servers(Path(folder)) as servers:
        settings = Settings(port=0, secret="bench", database_url=servers.database, redis_url=servers.redis, rates=0.0)
        alone = [service for service in chosen() if service.name == "directory"]
        async with running(replace(settings, workers=False), alone) as (hub, _server):
            administrator = await asyncpg.connect(servers.database)
            await administrator.execute("CREATE DATABASE bare")
            empty = servers.database.replace("/lotsennetz?", "/bare?")
            bare = Hub(replace(settings, database_url=empty), alone)
            await bare.migrate()
            await bare.stop()
            seconds, grown = await loaded(hub, cities)
            await administrator.execute("VACUUM ANALYZE")
            await administrator.close()
            beside = await copied(servers.database, empty)
            ways = {
                kind: await publishing(hub, kind, base) for kind, base in (("changed", "0801"), ("unchanged", "0802"))
            }
    print(f"{cities} cities loaded in {seconds:.1f} s, {grown:.0f} MB more at most; bare COPY {beside:.1f} s: "
          f"{seconds / beside:.2f} times")  # fmt: skip
    for kind, (found, used) in ways.items():
        print(f"a city publishes, {kind}: {found:.0f}/s; the process, callers included, works {used:.2f} ms for each")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else CITIES))
