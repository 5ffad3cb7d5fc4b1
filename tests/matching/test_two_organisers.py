"""Two organisers plan at the same time, in a hub that works its own jobs."""

import asyncio
import contextlib
import os

import psutil
import pytest
from sqlalchemy import select

from services.cli import demo
from services.cli.client import Client
from services.kit.db import HUB
from services.kit.log import table
from services.kit.service import Hub
from services.matching.models import Base
from tests.conftest import Clients, soak
from tests.matching.planned import STATE, ask, people, row_of


@pytest.fixture(scope="module")
def workers() -> bool:
    return True


@pytest.mark.slow
async def test_everybody_gets_every_plan(hub: Hub, clients: Clients) -> None:
    """Computing in one process must not stop another request, whatever libraries do with their threads."""
    first, second = await people(hub, clients, 47), await people(hub, clients, 50)

    async def plans(client: Client, event: str) -> None:
        for seed in range(3):
            plan = await ask(client, event, seed=seed, seconds=0.2)
            done = await client.until(STATE, lambda data: data["plan"]["state"] == "DONE", 60, id=plan)
            assert len(done["plan"]["rounds"]) == 3

    async with asyncio.timeout(120):
        await asyncio.gather(plans(*first), plans(*second))


def solvers() -> list[int]:
    """The niceness of every solver that runs below this process, by way of a forkserver (`tests.forked`)."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if one.ppid() != os.getpid() and "multiprocessing.forkserver" in " ".join(one.cmdline()):
                found.append(one.nice())
    return found


@soak
async def test_twenty_plans_share_the_cores_and_the_turns(hub: Hub, clients: Clients) -> None:
    """Who asks for one plan does not wait for all of those who asked for many."""
    many, others = await people(hub, clients, 20), [await people(hub, clients, 20) for _ in range(3)]
    asked = [await ask(*many, seed=seed, seconds=1) for seed in range(17)]
    single = [await ask(*one, seconds=0.5) for one in others]
    most, nicest = 0, 0
    while not all([(await row_of(hub, plan)).answer for plan in (*asked, *single)]):
        running = await asyncio.to_thread(solvers)
        most, nicest = max(most, len(running)), max([nicest, *running])
        await asyncio.sleep(0.05)
    assert 1 <= most <= hub.settings.cores
    assert nicest > psutil.Process().nice()
    jobs = table(Base.metadata, "job")
    async with hub.runtimes["matching"].db.read(HUB) as session:
        found = select(jobs.c.payload["plan"].astext, jobs.c.created_at, jobs.c.finished_at)
        rows = {plan: times for plan, *times in (await session.execute(found)).all()}
    begun, ended = (max(rows[plan][which] for plan in single) for which in (0, 1))
    waiting = [rows[plan][1] for plan in asked if rows[plan][1] > begun]
    assert len(waiting) > 5
    assert sum(one < ended for one in waiting) < len(waiting) / 2


async def test_a_plan_for_a_day_without_round_times_still_has_papers(hub: Hub, clients: Clients) -> None:
    client, event = await people(hub, clients, 20)
    plan = await ask(client, event, seconds=0.2)
    await client.until(STATE, lambda data: data["plan"]["state"] == "DONE", 60, id=plan)
    await client.ask(demo.CONFIRM, id=plan)
    change = "mutation ($id: ID!, $event: EventInput!) { changeEvent(id: $id, event: $event) { id } }"
    await client.ask(change, id=event, event={**demo.snapshot("event"), "rounds": None})
    rounds = "query ($id: ID!) { event(id: $id) { rounds { number starts } } }"
    shown = await client.until(rounds, lambda data: len(data["event"]["rounds"]) == 3, id=event)
    assert [r["starts"] for r in shown["event"]["rounds"]] == [None, None, None]
    for name in ("table-cards.pdf", "slips.pdf", "run-sheet.pdf", "agenda.ics"):
        assert len(await client.fetch(f"{client.url}/events/{event}/papers/{name}")) > 1000
