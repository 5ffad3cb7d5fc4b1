"""Two organisers plan at the same time, in a hub that works its own jobs."""

import asyncio

import pytest

from services.cli import demo
from services.cli.client import Client
from services.kit.service import Hub
from tests.conftest import Clients
from tests.matching.test_planning import STATE, ask, people


@pytest.fixture
def workers() -> bool:
    return True


async def test_everybody_gets_every_plan(hub: Hub, clients: Clients) -> None:
    """Computing in one process must not stop another request, whatever libraries do with their threads."""
    first, second = await people(hub, clients, 47), await people(hub, clients, 50)

    async def plans(client: Client, event: str) -> None:
        for seed in range(6):
            plan = await ask(client, event, seed=seed, seconds=0.2)
            done = await client.until(STATE, lambda data: data["plan"]["state"] == "DONE", 60, id=plan)
            assert len(done["plan"]["rounds"]) == 3

    async with asyncio.timeout(120):
        await asyncio.gather(plans(*first), plans(*second))


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
