"""What the tests of planning share: people, questions, and a plan that is done."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

from services.cli import demo
from services.cli.client import Client
from services.kit.db import HUB
from services.kit.service import Hub
from services.matching.models import Plan
from tests.conftest import Clients
from tests.forked import Command

KONSTANZ, HEILBRONN = "08335043", "08121000"
PLAN = "mutation ($input: PlanRoundsInput!) { planRounds(input: $input) { id state progress { percent } } }"
STATE = (
    "query ($id: ID!) { plan(id: $id) { state error progress { percent } rounds { tables { navigators { id } } } } }"
)
CANCEL = "mutation ($id: ID!) { cancelPlan(id: $id) { state cancelled } }"
ROUNDS = "query ($id: ID!) { plan(id: $id) { rounds { tables { topic { code } navigators { id } } } } }"


async def people(hub: Hub, clients: Clients, count: int) -> tuple[Client, str]:
    """An organiser and their event with `count` navigators of two cities."""
    for ags, name in ((KONSTANZ, "konstanz"), (HEILBRONN, "heilbronn")):
        city = await clients(ags)
        await city.ask(demo.PUBLISH, snapshot=demo.snapshot(name))
    organiser = await clients(KONSTANZ)
    event = (await organiser.ask(demo.CREATE, event=demo.snapshot("event")))["createEvent"]["id"]
    await organiser.ask(demo.JOIN, event=event, navigators=await navigators(organiser, count))
    return organiser, event


async def navigators(client: Client, count: int) -> list[str]:
    """The first of both cities."""
    return [
        node["id"]
        for ags in (KONSTANZ, HEILBRONN)
        for node in (await client.ask(demo.EVERYBODY, city=ags))["city"]["navigators"]["nodes"][: (count + 1) // 2]
    ][:count]


async def ask(client: Client, event: str, **changes: Any) -> str:
    budget = {} if "iterations" in changes else {"seconds": 0.5}
    wanted = {"event": event, "rounds": 3, "tables": 5, **budget, **changes}
    return str((await client.ask(PLAN, input=wanted))["planRounds"]["id"])


async def done(client: Client, plan: str) -> dict[str, Any]:
    """The plan when its search has ended."""
    ended = {"DONE", "FAILED", "CANCELLED"}
    found = await client.until(STATE, lambda data: data["plan"]["state"] in ended, 60, id=plan)
    return dict(found["plan"])


async def seats(client: Client, plan: str) -> list[list[set[str]]]:
    """Who sits at the tables, by round."""
    found = (await client.ask(ROUNDS, id=plan))["plan"]["rounds"]
    return [[{one["id"] for one in table["navigators"]} for table in row["tables"]] for row in found]


async def row_of(hub: Hub, plan: str) -> Plan:
    async with hub.runtimes["matching"].db.read(HUB) as session:
        return await session.get_one(Plan, plan)


@contextlib.asynccontextmanager
async def working(hub: Hub) -> AsyncIterator[None]:
    """The hub works matching's jobs itself meanwhile."""
    task = asyncio.create_task(hub.work(hub.runtimes["matching"]))
    try:
        yield
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=1)


@contextlib.contextmanager
def worker(hub: Hub, **environment: str) -> Iterator[Command]:
    """A worker process of matching's own; killed at the end if it still lives."""
    settings = hub.settings
    known = {
        **os.environ,
        "LOTSENNETZ_DATABASE_URL": settings.database_url or "",
        "LOTSENNETZ_REDIS_URL": settings.redis_url or "",
        "LOTSENNETZ_SECRET": settings.secret,
        "LOTSENNETZ_PUBLIC_URL": settings.issuer,
        "LOTSENNETZ_LEASE": "2",
        "LOTSENNETZ_DIRECTORY_URL": settings.issuer,
        "LOTSENNETZ_EVENTS_URL": settings.issuer,
        **environment,
    }
    process = Command("work", "matching", env=known)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
