"""1,600 people say what they would like to hear: `python -m tests.bench.wishing` writes how long it takes into
docs/benchmarks-events.md.

The hub runs in this process, whoever wishes in another; each change of wishes is a connection of its own, as from a
phone. Afterwards the database is asked whether every wish is there.
"""

import asyncio
import json
import os
import random
import resource
import sys
import tempfile
import time
import uuid
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select

from services.app import chosen
from services.cli import demo
from services.cli.running import running, set_aside
from services.events.models import Interest, Navigator
from services.kit import embedded, links
from services.kit.db import HUB
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.bench import sections
from tests.bench.callers import client
from tests.bench.registering import CITIES, PEOPLE, people

TOPICS, WISHES, SCREENS = 60, 6, 50
SECONDS = 300.0
WISH = """mutation ($event: ID!, $link: String!, $wishes: [WishInput!]!) {
  setWishes(event: $event, link: $link, wishes: $wishes) { proposal wish } }"""


async def _wish(url: str, said: dict[str, Any], after: float) -> tuple[float, int]:
    await asyncio.sleep(after)
    begun, parts = time.perf_counter(), urlsplit(url)
    body = json.dumps({"query": WISH, "variables": said}).encode()
    head = f"POST /graphql HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await asyncio.wait_for(reader.read(), SECONDS)
    writer.close()
    told = json.loads(answer.partition(b"\r\n\r\n")[2] or b"{}")
    return time.perf_counter() - begun, len((told.get("data") or {}).get("setWishes") or ())


async def wishing(url: str, spread: float, said: list[dict[str, Any]]) -> None:
    """Everybody wishes, evenly within `spread` seconds; says as JSON what came of it."""
    begun = time.perf_counter()
    done = await asyncio.gather(*(_wish(url, one, spread * i / len(said)) for i, one in enumerate(said)))
    print(json.dumps([time.perf_counter() - begun, done]))


async def event(hub: Hub) -> tuple[str, list[str], list[str]]:
    """An open space with everybody, its topics, and everybody's links."""
    organiser, events = await client(hub, CITIES[0]), hub.runtimes["events"]
    draft = {
        **demo.snapshot("event"),
        "kind": "OPEN_SPACE",
        "date": "2030-10-01",
        "host": CITIES[0],
        "guests": [CITIES[1]],
    }
    draft = {key: value for key, value in draft.items() if key not in {"agenda", "rounds", "firstRound"}}
    made = str((await organiser.ask(demo.CREATE, event=draft))["createEvent"]["id"])
    async with events.db.read(HUB) as session:
        keys = list((await session.scalars(select(Navigator.id).order_by(Navigator.id))).all())
    await organiser.ask(demo.JOIN, event=made, navigators=[str(key) for key in keys])
    propose = """mutation ($event: ID!, $topics: [ProposalInput!]!) {
      proposeSessions(event: $event, topics: $topics) { proposals { id } } }"""
    topics = [{"title": f"Thema {i}"} for i in range(TOPICS)]
    found = (await organiser.ask(propose, event=made, topics=topics))["proposeSessions"]["proposals"]
    await organiser.close()
    tokens = [links.signed(hub.settings, links.PERSON, key.bytes, timedelta(hours=1)) for key in keys]
    return made, [one["id"] for one in found], tokens


async def turn(hub: Hub, made: str, topics: list[str], tokens: list[str], spread: float, seed: int) -> str:
    """Everybody changes all their wishes once."""
    rnd = random.Random(seed)
    said = [
        {"event": made, "link": token, "wishes": [{"proposal": one} for one in rnd.sample(topics, WISHES)]}
        for token in tokens
    ]
    before = resource.getrusage(resource.RUSAGE_SELF)
    caller = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.wishing", hub.settings.issuer, str(spread),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    answer, _errors = await caller.communicate(json.dumps(said).encode())
    after = resource.getrusage(resource.RUSAGE_SELF)
    whole, done = json.loads(answer)
    assert [count for _took, count in done] == [WISHES] * len(tokens)
    async with hub.runtimes["events"].db.read(HUB) as session:
        stored = select(func.count()).where(Interest.event_id == uuid.UUID(made))
        assert await session.scalar(stored) == WISHES * len(tokens)
    cuts = quantiles([took for took, _count in done], n=100)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{whole:.2f} | {cuts[49]:.2f} | {cuts[94]:.2f} | {cpu:.2f} |"


async def main() -> None:
    load, rows = os.getloadavg()[0], list[str]()
    with tempfile.TemporaryDirectory(prefix="ln-") as folder, embedded.servers(Path(folder)) as servers:
        settings = Settings(
            port=0, secret="bench", database_url=servers.database, redis_url=servers.redis, rates=0.0, workers=False
        )
        async with running(settings, chosen()) as (hub, _server):
            set_aside()
            await people(hub)
            assert PEOPLE == 1_600
            made, topics, tokens = await event(hub)
            for name, spread in (("first wishes, all at once", 0.0), ("other wishes", 0.0), ("within 5 seconds", 5.0)):
                rows.append(f"| {name} | {await turn(hub, made, topics, tokens, spread, len(name))}")
    lines = [
        "## Wishes for an open space", "",
        f"{PEOPLE:,} people send {WISHES} wishes each from their phones, for {TOPICS} topics; each is a connection and",
        "a GraphQL mutation of its own. After each turn it was checked that every wish is there.", "",
        "Made by `python -m tests.bench.wishing`, which writes this section. The hub (one process), its embedded",
        f"servers and the callers share the machine with whatever else runs there (load before: {load:.1f}).", "",
        "| | seconds until the last answer | median answer | 95 % answered within | CPU seconds of the hub |",
        "|---|---|---|---|---|", *rows,
    ]  # fmt: skip
    sections.write(sections.EVENTS, lines)
    print("\n".join(lines))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        asyncio.run(wishing(sys.argv[1], float(sys.argv[2]), json.load(sys.stdin)))
    else:
        asyncio.run(main())
