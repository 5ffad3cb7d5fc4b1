"""1,600 people press the button: `python -m tests.bench.registering` writes docs/benchmarks-events.md.

The hub runs in this process, whoever presses in another; each press is a connection of its own, as from a phone. Each
turn has an event of its own. Afterwards the database is asked whether a place was given twice and the order was kept.
"""

import asyncio
import datetime as dt
import json
import os
import platform
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select

from services.app import chosen
from services.cli import demo
from services.cli.client import Client
from services.cli.running import running, set_aside
from services.events import daylinks
from services.events.models import Event, Participant, Registration
from services.events.registration import desk
from services.kit import embedded
from services.kit.db import HUB
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.bench import sections
from tests.bench.callers import client

PEOPLE, PLACES = 1_600, 400
CITIES = ("08121000", "08335043")
SECONDS = 300.0
REGISTER = "mutation ($link: String!) { registerForEvent(link: $link) { state position } }"


@dataclass
class Turn:
    """`took` are seconds from the press to the answer; `whole` from the first press to the last answer."""

    took: list[float]
    whole: float
    answers: list[dict[str, Any]]
    cpu: float = 0.0


# Who presses, in a process of their own -------------------------------------------------------------------------------


async def _press(url: str, link: str, after: float) -> tuple[float, dict[str, Any]]:
    await asyncio.sleep(after)
    begun, parts = time.perf_counter(), urlsplit(url)
    body = json.dumps({"query": REGISTER, "variables": {"link": link}}).encode()
    head = f"POST /graphql HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await asyncio.wait_for(reader.read(), SECONDS)
    writer.close()
    told = json.loads(answer.partition(b"\r\n\r\n")[2] or b"{}")
    return time.perf_counter() - begun, dict((told.get("data") or {}).get("registerForEvent") or {"errors": told})


async def pressing(url: str, spread: float, tokens: list[str]) -> None:
    """Everybody presses, evenly within `spread` seconds; says as JSON what came of it."""
    begun = time.perf_counter()
    done = await asyncio.gather(
        *(_press(url, token, spread * number / len(tokens)) for number, token in enumerate(tokens))
    )
    print(json.dumps([time.perf_counter() - begun, done]))


# The hub --------------------------------------------------------------------------------------------------------------


Clients = Callable[[Hub, str], Awaitable[Client]]


async def people(hub: Hub, make: Clients = client, count: int = PEOPLE) -> None:
    for ags in CITIES:
        city = await make(hub, ags)
        rows = [{"key": f"n{i}", "name": f"Lotse {i}", "department": "Amt"} for i in range(count // len(CITIES))]
        await city.ask(demo.PUBLISH, snapshot={"city": {"ags": ags, "name": f"Stadt {ags}"}, "navigators": rows})
        await city.close()


async def event(hub: Hub, make: Clients = client, places: int = PLACES) -> tuple[uuid.UUID, list[str]]:
    """An event to which everybody is invited, and the tokens of their links."""
    organiser, events = await make(hub, CITIES[0]), hub.runtimes["events"]
    date = (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).date().isoformat()
    draft = {"title": "Lernreise", "date": date, "host": CITIES[0], "guests": [CITIES[1]]}
    made = uuid.UUID((await organiser.ask(demo.CREATE, event=draft))["createEvent"]["id"])
    rules = "mutation ($e: ID!, $r: RegistrationInput!) { setRegistration(event: $e, registration: $r) { id } }"
    await organiser.ask(rules, e=str(made), r={"places": places, "releaseNeeded": False})
    invite = "mutation ($e: ID!, $w: InvitationInput!) { inviteToEvent(event: $e, invitation: $w) { invited } }"
    await organiser.ask(invite, e=str(made), w={"cities": list(CITIES)})
    await organiser.close()
    async with events.db.read(HUB) as session:
        row = await session.get_one(Event, made)
        keys = await session.scalars(select(Registration.navigator_id).where(Registration.event_id == made))
        return made, [daylinks.token(hub.settings, row, key) for key in keys]


async def turn(hub: Hub, spread: float) -> Turn:
    """One opening of the registration. Raises AssertionError where a place was given twice or the order is lost."""
    made, tokens = await event(hub)
    before = resource.getrusage(resource.RUSAGE_SELF)
    caller = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.registering", hub.settings.issuer, str(spread),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _errors = await caller.communicate(json.dumps(tokens).encode())
    after = resource.getrusage(resource.RUSAGE_SELF)
    whole, done = json.loads(said)
    found = Turn([took for took, _answer in done], whole, [answer for _took, answer in done])
    found.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    await check(hub, made, found)
    return found


async def check(hub: Hub, made: uuid.UUID, found: Turn) -> None:
    states = [answer.get("state") for answer in found.answers]
    assert states.count("REGISTERED") == PLACES, states[:3]
    assert states.count("WAITING") == PEOPLE - PLACES
    waiting = sorted(answer["position"] for answer in found.answers if answer.get("position"))
    assert waiting == list(range(1, PEOPLE - PLACES + 1))
    async with hub.runtimes["events"].db.read(HUB) as session:
        taking = await session.scalar(select(func.count()).where(Participant.event_id == made))
        turns = select(Registration.turn).where(Registration.event_id == made, Registration.turn.is_not(None))
        assert taking == PLACES
        assert len(set((await session.scalars(turns)).all())) == PEOPLE - PLACES


def row(name: str, found: Turn) -> str:
    cuts = quantiles(found.took, n=100)
    figures = (found.whole, cuts[49], cuts[94], max(found.took), found.cpu)
    return f"| {name} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |"


async def main() -> None:
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="ln-") as folder, embedded.servers(Path(folder)) as servers:
        settings = Settings(
            port=0, secret="bench", database_url=servers.database, redis_url=servers.redis, rates=0.0, workers=False
        )
        async with running(settings, chosen()) as (hub, _server):
            set_aside()
            await people(hub)
            await turn(hub, 0.0)  # the first of everything
            rows = [row("all at once", await turn(hub, 0.0)), row("evenly within a minute", await turn(hub, 60.0))]
            together, desk.MOST_AT_ONCE = desk.MOST_AT_ONCE, 1
            rows.append(row("all at once, each in a transaction of its own", await turn(hub, 0.0)))
            desk.MOST_AT_ONCE = together
    busy = ["The machine was busy: compare rows and CPU, not seconds."] if load > cores else []
    lines = [
        "## Registration opens", "",
        f"{PEOPLE:,} people press the button of their link, {PLACES} get a place, all others wait in order. Each press",
        "is a connection and a GraphQL mutation of its own. After each turn it was checked that no place was given",
        "twice, that positions are 1, 2, 3, … and that exactly as many take part as there are places.", "",
        "Made by `python -m tests.bench.registering`, which writes this section. The hub (one process), its embedded",
        f"servers and whoever presses share the machine with whatever else runs there (load before: {load:.1f}):",
        f"{cores} cores, {platform.machine()}, Python {platform.python_version()}.", *busy, "",
        "| | seconds until the last answer | median answer | 95 % answered within | slowest | CPU seconds of the hub |",
        "|---|---|---|---|---|---|", *rows,
    ]  # fmt: skip
    sections.write(sections.EVENTS, lines)
    print("\n".join(lines))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        asyncio.run(pressing(sys.argv[1], float(sys.argv[2]), json.load(sys.stdin)))
    else:
        asyncio.run(main())
