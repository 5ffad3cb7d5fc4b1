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
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec
import psutil

from services.app import chosen
from services.cli import demo
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.bench.callers import AT_ONCE, SECONDS, client, rate, snapshot
from tests.bench.peers import SECRET, Contender, contender, cpu_seconds, servers
from tests.browser_like import logged_in

CITIES, NAVIGATORS, PROJECTS = 11_000, 50_000, 100_000
TURNS = 3
CHANGES = 150
"""Different snapshots of a city; each turn has its own."""
TOPICS = ("finance", "e-file", "open-data", "culture", "e-invoice", "building-planning")
TABLES = (
    "city", "department", "navigator", "navigator_topic", "project", "project_topic", "project_navigator",
    "publication", "source", "audit", "log",
)  # fmt: skip
"""What loading writes, in an order that foreign keys allow."""
BEHIND = """SELECT max(log.position) > least(
    (SELECT position FROM events.cursor WHERE feed = 'directory'),
    (SELECT position FROM matching.cursor WHERE feed = 'directory')) FROM directory.log log"""


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


async def loaded(hub: Hub, one: Contender, cities: int) -> tuple[float, float]:
    """Seconds for all of them over HTTP, and by how many MB the hub grew meanwhile."""
    operator = await logged_in(hub, "hub", "operator")
    process, most, done = psutil.Process(one.pids[0]), 0, asyncio.Event()
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


async def heard(url: str) -> float:
    """Seconds until the other services have heard all that the directory said."""
    begun, connection = time.perf_counter(), await asyncpg.connect(url)
    async with asyncio.timeout(600):
        while await connection.fetchval(BEHIND):
            await asyncio.sleep(0.1)
    await connection.close()
    return time.perf_counter() - begun


async def copied(full: str, empty: str) -> float:
    """Seconds for a COPY of the very same rows into the very same tables, with their indexes and foreign keys."""
    source, target = await asyncpg.connect(full), await asyncpg.connect(empty)
    seconds = 0.0
    async with target.transaction():
        for table in TABLES:
            names = [row["column_name"] for row in await source.fetch(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = 'directory' "
                "AND table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position", table)]  # fmt: skip
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

    def __init__(self, port: int) -> None:
        self.port = port
        self.free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self, request: str, body: bytes, authorization: str) -> None:
        reader, writer = self.free.pop() if self.free else await asyncio.open_connection("127.0.0.1", self.port)
        head = (
            f"{request} HTTP/1.1\r\nhost: hub\r\nauthorization: {authorization}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        answer = await reader.readexactly(int(head.lower().partition("content-length: ")[2].split("\r")[0]))
        assert head.startswith("HTTP/1.1 200"), head
        assert b'"errors"' not in answer, answer
        self.free.append((reader, writer))

    def close(self) -> None:
        for _reader, writer in self.free:
            writer.close()


@dataclass(frozen=True)
class Rate:
    """Publications a second, and milliseconds of CPU that the hub and PostgreSQL need for one."""

    each: float
    hub: float
    postgres: float


async def publishing(hub: Hub, one: Contender, postgres: int, way: str, *, changed: bool) -> Rate:
    """Snapshots of 10 navigators and 40 links to topics over HTTP: `way` is PUT or mutation."""
    cities = [f"{'0801' if changed else '0802'}{i:04}" for i in range(AT_ONCE)]
    made = {ags: await client(hub, ags) for ags in cities}
    tokens = {ags: (await one.headers())["authorization"] for ags, one in made.items()}
    turn, wire, again = iter(range(10**9)), Wire(hub.settings.port), random.randrange(10**9)

    def body(ags: str, change: int) -> tuple[str, bytes]:
        sent = snapshot(ags, again + change)
        if way == "PUT":
            return f"PUT /directory/cities/{ags}", msgspec.json.encode(sent)
        return "POST /graphql", msgspec.json.encode({"query": demo.PUBLISH, "variables": {"snapshot": sent}})

    bodies = [[body(ags, change) for ags in cities] for change in range(CHANGES if changed else 1)]

    async def publish() -> None:
        change, city = divmod(next(turn), AT_ONCE)
        await wire.send(*bodies[change % len(bodies)][city], tokens[cities[city]])

    await rate(publish)  # warm
    begun = cpu_seconds([one.pids[0]]), cpu_seconds([postgres]), next(turn)
    each = await rate(publish)
    ended = cpu_seconds([one.pids[0]]), cpu_seconds([postgres]), next(turn)
    wire.close()
    for each_client in made.values():
        await each_client.close()
    done = (ended[2] - begun[2]) / 1000
    return Rate(each, (ended[0] - begun[0]) / done, (ended[1] - begun[1]) / done)


WAYS = [(way, changed) for way in ("PUT", "mutation") for changed in (True, False)]
AIMS = {True: 400, False: 800}


async def main(cities: int = CITIES) -> list[str]:
    """The lines of the section for docs/benchmarks-directory.md."""
    with tempfile.TemporaryDirectory(prefix="ln-") as name, servers(Path(name), tuned=False) as found:
        administrator = await asyncpg.connect(found.database)
        for database in ("loaded", "bare"):
            await administrator.execute(f"CREATE DATABASE {database}")
        await administrator.close()
        async with contender("hub", found, "bare", Path(name)):
            pass  # its schema
        async with contender("hub", found, "loaded", Path(name)) as one:
            port = urlsplit(one.url).port or 0
            settings = Settings(port=port, secret=SECRET, database_url=found.named("loaded"), redis_url=found.redis)
            hub = Hub(settings, chosen())
            seconds, grown = await loaded(hub, one, cities)
            later = await heard(found.named("loaded"))
            administrator = await asyncpg.connect(found.named("loaded"))
            await administrator.execute("VACUUM ANALYZE")
            await administrator.close()
            beside = await copied(found.named("loaded"), found.named("bare"))
            turns = [
                {way: await publishing(hub, one, found.postgres, way[0], changed=way[1]) for way in WAYS}
                for _turn in range(TURNS)
            ]
            await hub.stop()
    rates = {
        way: Rate(*(median(getattr(turn[way], part) for turn in turns) for part in ("each", "hub", "postgres")))
        for way in WAYS
    }
    return section(cities, (seconds, later), grown, beside, rates)


def section(
    cities: int, took: tuple[float, float], grown: float, beside: float, rates: dict[tuple[str, bool], Rate]
) -> list[str]:
    seconds, later = took

    def part(whole: int) -> int:
        return whole * cities // CITIES

    rows = []
    for (way, changed), one in rates.items():
        aim = AIMS[changed] if way == "PUT" else 0
        told = f" (aim ≥ {aim}{'' if one.each >= aim else ', missed'})" if aim else ""
        what = "all changed" if changed else "unchanged"
        rows.append(f"| {way}, {what} | {one.each:.0f}{told} | {one.hub:.2f} + {one.postgres:.2f} |")
    return [
        "## Loading and publishing",
        "",
        f"{cities:,} cities with {part(NAVIGATORS):,} navigators and {part(PROJECTS):,} projects over HTTP, from empty",
        f"(`POST /directory/bulk`), with sources, log and search: {seconds:.1f} s.",
        f"A bare COPY of the same rows: {beside:.1f} s. Ratio: {seconds / beside:.2f} (aim ≤ 3).",
        f"The other services have heard all of it {later:.1f} s later.",
        f"Memory while it streams: {grown:.0f} MB more at most.",
        "",
        "Then a city publishes 10 navigators and 40 topic links into the full directory, with",
        "`PUT /directory/cities/{ags}` or the mutation `publishDirectory`. The whole hub is one process;",
        f"{AT_ONCE} callers in another, medians of {TURNS} turns of {SECONDS:.0f} s. CPU in milliseconds for one,",
        "with what the readers of the log need.",
        "",
        "| what | per second | CPU: hub + PostgreSQL |",
        "|---|---|---|",
        *rows,
    ]


if __name__ == "__main__":
    print("\n".join(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else CITIES))))
