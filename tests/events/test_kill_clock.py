"""The clock of a day through power cuts: a real hub is killed during and between rounds, under screens that look on."""

import asyncio
import datetime as dt
import os
import random
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.cli.client import Answered, Client
from services.contracts.events import RoundsPlayed
from services.events import clock as clocks
from services.events.live.reading import event_and_clock
from services.events.models import Base, LiveStep
from services.kit import log
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.day import command, day, halves, links, pass_time, phone, seat
from tests.forked import Command
from tests.stories.deployments import _ready, free_ports

KILLS = int(os.environ.get("LOTSENNETZ_CLOCK_KILLS", "1"))


class Killed:
    """A hub in a process of its own, which starts again at the same address however it ended."""

    def __init__(self, hub: Hub) -> None:
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        own = hub.settings
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("LOTSENNETZ_")},
            "LOTSENNETZ_DATABASE_URL": own.database_url or "", "LOTSENNETZ_REDIS_URL": own.redis_url or "",
            "LOTSENNETZ_SECRET": own.secret, "LOTSENNETZ_PUBLIC_URL": own.issuer, "LOTSENNETZ_RATES": "off",
            "LOTSENNETZ_PORT": str(self.port),
        }  # fmt: skip
        self.process: Command | None = None

    async def start(self) -> None:
        self.process = Command("serve", env=self.environment, errors=Path(os.devnull))
        await _ready(self.url, self.process)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)


@asynccontextmanager
async def killed(hub: Hub) -> AsyncIterator[Killed]:
    made = Killed(hub)
    try:
        await made.start()
        yield made
    finally:
        made.kill()


async def routes(url: str, event: str, tokens: list[str]) -> list[Any]:
    """Where everybody sits in all rounds, as their phones are told."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        found = [await http.get(f"{url}/events/{event}/mine/{token}") for token in tokens]
    return [answer.raise_for_status().json()["route"]["rounds"] for answer in found]


async def truth(hub: Hub, event: str) -> clocks.Clock:
    """The clock as it was commanded last, at this moment."""
    async with hub.runtimes["events"].db.read(HUB) as session:
        found = await event_and_clock(session, uuid.UUID(event))
    assert found is not None
    return clocks.at(found[1], dt.datetime.now(dt.UTC))


def _is_at(revision: int, state: Any) -> bool:
    return bool(state["revision"] == revision)


async def attempted(client: Client, event: str, name: str, expected: int, **values: Any) -> None:
    """A command whose answer may be lost with the hub."""
    with suppress(httpx.HTTPError, Answered, ValueError):
        await command(client, event, name, expected, **values)


@pytest.mark.slow
async def test_killed_between_and_during_rounds_the_clock_stands_where_time_says(hub: Hub, clients: Clients) -> None:
    dice = random.Random(f"clock {KILLS}")
    organiser, event, people = await day(hub, clients)
    await seat(hub, event, halves(people))
    tokens = [one["link"] for one in (await links(organiser, event)).values()]
    async with killed(hub) as other:
        client = Client(hub.settings.issuer, *organiser.credentials, graph=f"{other.url}/graphql")
        before = await routes(other.url, event, tokens)
        await command(client, event, "startRound", 0)
        for number in range(KILLS):
            revision = (await truth(hub, event)).revision
            if number % 2:  # between two rounds
                await command(client, event, "endRound", revision)
                wanted: tuple[str, dict[str, Any]] = ("nextRound", {})
                revision += 1
            else:
                wanted = ("extendRound", {"minutes": ("Int!", 1)})
            async with AsyncExitStack() as stack:
                streams = [f"{other.url}/events/{event}/live", f"{other.url}/events/{event}/mine/{tokens[0]}/live"]
                screens = [await stack.enter_async_context(phone(url)) for url in streams]
                for screen in screens:
                    await screen.until("live", partial(_is_at, revision))
                trying = asyncio.create_task(attempted(client, event, wanted[0], revision, **wanted[1]))
                await asyncio.sleep(dice.uniform(0, 0.06))
                other.kill()
                await trying
                for screen in screens:
                    await screen.end()
            await pass_time(hub, event, seconds=dice.uniform(0, 200))  # the hub is away for a while
            await other.start()
            now = await truth(hub, event)
            assert now.revision in {revision, revision + 1}
            # The same command again: whoever got no answer can ask again, and it counts once.
            if now.revision == revision:
                await command(client, event, wanted[0], revision, **wanted[1])
            else:
                with pytest.raises(Answered) as refused:
                    await command(client, event, wanted[0], revision, **wanted[1])
                assert refused.value.reason == "CONFLICT"
            now = await truth(hub, event)
            async with phone(streams[1], **{"last-event-id": str(revision)}) as again:
                shown = await again.until("live")
                assert (shown["phase"], shown["round"], shown["revision"]) == (now.phase.value, now.round, revision + 1)
                assert shown["endsAt"] == (now.ends_at.isoformat().replace("+00:00", "Z") if now.ends_at else None)
            assert await routes(other.url, event, tokens) == before
            if now.round == now.rounds:  # from the beginning, or there is nothing to kill
                if now.phase.value == "running":
                    await command(client, event, "endRound", now.revision)
                await command(client, event, "startRound", (await truth(hub, event)).revision, round=("Int", 1))
        await client.close()
    async with hub.runtimes["events"].db.read(HUB) as session:
        steps = (await session.scalars(select(LiveStep).order_by(LiveStep.revision))).all()
        assert [step.revision for step in steps] == list(range(1, len(steps) + 1))
        said = log.table(Base.metadata, "log")
        bodies = (await session.scalars(select(said.c.body).where(said.c.kind == RoundsPlayed.__name__))).all()
    rounds = [body["rounds"] for body in bodies]
    assert all(one != other for one, other in pairwise(rounds))  # said once, and only where it became another
