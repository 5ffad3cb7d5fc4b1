"""`python -m tests.bench.live [PHONES]`: one process tells 1,600 phones, beside a bare broadcast in the same run.

Writes its section of docs/benchmarks-events.md. Hub, broadcast and phones are processes of their own on one machine.
"""

import asyncio
import datetime as dt
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import asyncpg
import psutil
from sqlalchemy import insert
from sqlalchemy.dialects import postgresql

from services.app import chosen
from services.cli.client import Client
from services.directory.access import CLIENT_SCOPES
from services.directory.oauth import clients as oauth_clients
from services.events import daylinks
from services.events import models as m
from services.kit.db import HUB
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.bench import peers, sections
from tests.router import loopback, stop

TITLE = "## A day on many phones"
OWN = "own next table, next round"
PHONES, ROUNDS, TABLE, CHANGES = 1_600, 5, 8, 7
SHARE = 0.99
SECONDS = 60.0
KN = "08335043"
DATABASE = "bench_live"
COMMAND = "mutation ($e: ID!, $r: Int!) { %s(event: $e, expected: $r%s) { revision } }"
ID = re.compile(rb"^id: (\d+)", re.MULTILINE)


class Phone(asyncio.Protocol):
    """A connection that notes when the newest id came, and when it came to its first."""

    def __init__(self, url: str, told: Callable[[], None]) -> None:
        parts = urlsplit(url)
        self.ask = f"GET {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\naccept: text/event-stream\r\n\r\n".encode()
        self.told, self.id, self.bytes = told, -1, 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.ask)

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        for found in ID.findall(data):
            if int(found) != self.id:
                self.id = int(found)
                self.told()


class Crowd:
    """So many phones at one server: when the n-th of them had what was waited for."""

    def __init__(self, url: Callable[[int], str], count: int) -> None:
        self.url, self.count = url, count
        self.phones: list[Phone] = []
        self.wanted, self.times = 0, list[float]()
        self.all = asyncio.Event()
        self.start = 0.0

    def told(self) -> None:
        self.times.append(time.perf_counter() - self.start)
        if len(self.times) >= self.count:
            self.all.set()

    def begin(self) -> None:
        self.times.clear()
        self.all.clear()
        self.start = time.perf_counter()

    async def end(self) -> tuple[float, float]:
        """Seconds until SHARE of them, and all, had it."""
        async with asyncio.timeout(SECONDS):
            await self.all.wait()
        return self.times[int(self.count * SHARE) - 1], self.times[self.count - 1]

    async def come(self) -> tuple[float, float]:
        """All connect in the same moment; until they have the present state."""
        loop, parts = asyncio.get_running_loop(), urlsplit(self.url(0))
        self.begin()
        phones = [partial(Phone, self.url(n), self.told) for n in range(self.count)]
        host, port = parts.hostname or "", parts.port or 0
        made = await asyncio.gather(*(loop.create_connection(phone, host, port) for phone in phones))
        self.phones = [phone for _transport, phone in made]
        return await self.end()

    async def leave(self) -> None:
        for phone in self.phones:
            if phone.transport:
                phone.transport.abort()
        await asyncio.sleep(1.0)


async def world(
    url: str, redis: str, phones: int, secret: str = peers.SECRET
) -> tuple[str, str, tuple[str, str], list[str]]:
    """A hub's database with one event of so many people at tables of eight: (event, organiser, client, links)."""
    settings = Settings(port=0, secret=secret, database_url=url, redis_url=redis, workers=False)
    hub = Hub(settings, chosen())
    await hub.migrate()
    event, people = uuid.uuid4(), [uuid.uuid4() for _ in range(phones)]
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        made = await oauth_clients.add(session, "bench", KN, CLIENT_SCOPES)
    now = dt.datetime.now(dt.UTC)
    async with hub.runtimes["events"].db.begin(HUB) as session:
        city, topic = {"ags": KN, "name": "Konstanz"}, {"code": "finance", "de": "Kommunale Finanzen", "en": "Finance"}
        for table, known in ((m.City, city), (m.Topic, topic)):  # they are there where the hub has run
            await session.execute(postgresql.insert(table).values(known).on_conflict_do_nothing())
        row = {
            "id": event, "organiser": made.client_id, "kind": "SPEED_DATING", "title": "Lotsentag", "hashtag": "",
            "date": now.date(), "last_day": now.date(), "timezone": "Europe/Berlin", "venue": "", "address": "",
            "host": KN, "guests": [],
            "questions": ["Wer bin ich und wo arbeite ich?", "An welchen Themen arbeite ich gerade?"],
            "status": "confirmed", "sequence": 0, "round_minutes": 10, "break_minutes": 2, "rounds": ROUNDS,
            "tables": phones // TABLE, "table_topics": [],
        }  # fmt: skip
        await session.execute(insert(m.Event).values(row))
        names = [
            {"id": key, "ags": KN, "name": f"Person {n:04}", "sort_key": f"{n:04}", "department": ""}
            for n, key in enumerate(people)
        ]
        await session.execute(insert(m.Navigator), names)
        await session.execute(insert(m.Participant), [{"event_id": event, "navigator_id": key} for key in people])
        tables = [
            {"event_id": event, "round": number, "number": table, "topic": "finance"}
            for number in range(1, ROUNDS + 1)
            for table in range(1, phones // TABLE + 1)
        ]
        await session.execute(insert(m.Table), tables)
        seats = [
            {"event_id": event, "round": number, "navigator_id": key,
             "number": (n // TABLE + n % TABLE * number) % (phones // TABLE) + 1}
            for number in range(1, ROUNDS + 1)
            for n, key in enumerate(people)
        ]  # fmt: skip
        await session.execute(insert(m.Seat), seats)
        stored = await session.get_one(m.Event, event)
        links = [daylinks.token(settings, stored, key) for key in people]
    await hub.stop()
    return str(event), made.client_id, (made.client_id, made.client_secret), links


@asynccontextmanager
async def bare(size: int) -> AsyncIterator[tuple[str, int]]:
    """The bare broadcast: its address and process."""
    with loopback() as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.bench.broadcast", str(port), str(size)]
    process = subprocess.Popen(command, cwd=peers.ROOT, start_new_session=True)
    try:
        for _turn in range(200):
            try:
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
                break
            except OSError:
                await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        stop(process)


def memory(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss)


async def measured(
    crowd: Crowd, pid: int, changes: list[Callable[[], Awaitable[object]]]
) -> tuple[float, list[tuple[float, float]], tuple[float, float]]:
    """KB for an idle connection; seconds until SHARE and all had each change; the same for coming back at once."""
    before = memory(pid)
    await crowd.come()
    await asyncio.sleep(2.0)
    each = (memory(pid) - before) / crowd.count / 1_000
    found = []
    for change in changes:
        crowd.begin()
        waiting = asyncio.create_task(crowd.end())
        await change()
        found.append(await waiting)
        await asyncio.sleep(0.5)
    await crowd.leave()
    again = await crowd.come()
    await crowd.leave()
    return each, found, again


async def main(phones: int = PHONES) -> list[str]:
    rows = []
    with tempfile.TemporaryDirectory(prefix="ln-") as name, peers.servers(Path(name), tuned=False) as found:
        folder = Path(name)
        owner = await asyncpg.connect(found.database)
        await owner.execute(f'CREATE DATABASE "{DATABASE}"')
        await owner.close()
        event, _organiser, credentials, links = await world(found.named(DATABASE), found.redis, phones)
        async with peers.contender("hub", found, DATABASE, folder) as hub:
            base = hub.url.removesuffix("/directory/graphql")
            pid = hub.pids[0]
            client = Client(base, *credentials)
            revision = iter(range(10_000))

            def command(field: str, more: str = "") -> Callable[[], Awaitable[object]]:
                return lambda: client.ask(COMMAND % (field, more), e=event, r=next(revision))

            await command("startRound")()
            extends = [command("extendRound", ", minutes: 1")] * CHANGES
            wall = Crowd(lambda _n: f"{base}/events/{event}/live", phones)
            warm = Crowd(lambda _n: f"{base}/events/{event}/live", 50)
            await warm.come()
            size = warm.phones[0].bytes
            await warm.leave()
            own = Crowd(lambda n: f"{base}/events/{event}/mine/{links[n]}/live", phones)
            async with bare(size) as (url, other):
                numbers = iter(range(1, 10_000))
                plain = Client(url, "", "")

                async def change() -> None:
                    await plain.http.post(f"{url}/change?n={next(numbers)}")

                crowd = Crowd(lambda _n: f"{url}/live", phones)
                rows.append(("bare Litestar broadcast", size, *await measured(crowd, other, [change] * CHANGES)))
                rounds = [command("nextRound")] * (ROUNDS - 1)
                said = await measured(own, pid, [*rounds, *extends])
                sizes = round(own.phones[0].bytes)
                rows.append((OWN, sizes, said[0], said[1][: ROUNDS - 1], said[2]))
                rows.append(("own next table, +1 minute", size, said[0], said[1][ROUNDS - 1 :], said[2]))
                rows.append(("the clock, +1 minute", size, *await measured(wall, pid, extends)))
                rows.append(("bare again", size, *await measured(crowd, other, [change] * CHANGES)))
                await plain.close()
            await client.close()
    return report(phones, rows)


def report(
    phones: int, rows: list[tuple[str, int, float, list[tuple[float, float]], tuple[float, float]]]
) -> list[str]:
    base = min(median(times[0] for times in row[3]) for row in rows if row[0].startswith("bare"))
    lines = [
        TITLE,
        "",
        f"`python -m tests.bench.live`: {phones:,} phones look on at one process; medians of {CHANGES} changes, from",
        "the command until 99 % of the phones have it. For the hub that is the whole way: GraphQL, the commit,",
        "NOTIFY, reading what changed, telling everybody. Beside it a bare Litestar broadcast: a queue for each",
        "connection, no database. Hub, broadcast and phones share the machine with whatever else runs there (load:",
        f"{os.getloadavg()[0]:.1f}): {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}.",
        "",
        "| what | bytes at first | KB an idle phone | 99 % told, ms | all, ms | beside bare (aim ≤ 3) | all back, ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, size, each, found, again in rows:
        most, everybody = (median(times[n] for times in found) for n in (0, 1))
        lines.append(
            f"| {name} | {size} | {memory_of(name, each)} | {most * 1000:.0f} | {everybody * 1000:.0f} "
            f"| {most / base:.2f} | {again[0] * 1000:.0f} |"
        )
    return lines


def memory_of(name: str, each: float) -> str:
    """Only the first crowd of a process says what a phone takes: later ones sit in what it left."""
    return f"{each:.0f}" if name in {"bare Litestar broadcast", OWN} else ""


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    found = asyncio.run(main(*map(int, sys.argv[1:2])))
    sections.write(sections.EVENTS, found)
    print("\n".join(found))
