"""Who asks in the benchmarks: callers side by side, clients of cities, and what these publish."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from services.cli.client import Client
from services.directory.access import CLIENT_SCOPES
from services.directory.oauth import clients as oauth_clients
from services.kit.db import HUB
from services.kit.service import Hub

AT_ONCE, SECONDS = 32, 2.0

Work = Callable[[], Awaitable[object]]


async def rate(work: Work) -> float:
    """Calls per second with AT_ONCE callers."""
    done, until = 0, time.perf_counter() + SECONDS

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await work()
            done += 1

    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
    return done / SECONDS


async def client(hub: Hub, ags: str) -> Client:
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        made = await oauth_clients.add(session, "bench", ags, CLIENT_SCOPES)
    return Client(hub.settings.issuer, made.client_id, made.client_secret)


def snapshot(ags: str, change: int) -> dict[str, object]:
    """A city with 10 navigators and 40 links to topics, each row different for every `change`."""
    codes = ["finance", "e-file", "open-data", "culture", "e-invoice", "building-planning"]
    pick = random.Random(f"{ags}-{change}")
    people = [
        {
            "key": f"n{i}",
            "name": f"Name {i}",
            "department": f"Amt {change}",
            "offers": pick.sample(codes, 2),
            "seeks": pick.sample(codes, 1),
            "worksOn": pick.sample(codes, 1),
        }
        for i in range(10)
    ]
    return {"city": {"ags": ags, "name": "Bench"}, "navigators": people}
