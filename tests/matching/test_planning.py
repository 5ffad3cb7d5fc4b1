"""Planning rounds through the API: asked, followed, confirmed, refused; and a worker that dies in the middle."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import psutil
import pytest
from sqlalchemy import select

from services.cli import demo
from services.cli.client import Answered, Client
from services.kit.db import HUB
from services.kit.service import Hub
from services.matching.models import Plan
from services.matching.problem import build
from services.matching.question import Question
from services.matching.solver import check
from tests.conftest import Clients

KONSTANZ, HEILBRONN = "08335043", "08121000"
PLAN = "mutation ($input: PlanRoundsInput!) { planRounds(input: $input) { id state progress { percent } } }"
STATE = (
    "query ($id: ID!) { plan(id: $id) { state error progress { percent } rounds { tables { navigators { id } } } } }"
)


async def people(hub: Hub, clients: Clients, count: int) -> tuple[Client, str]:
    """An organiser and their event with `count` navigators of two cities."""
    for ags, name in ((KONSTANZ, "konstanz"), (HEILBRONN, "heilbronn")):
        city = await clients(ags)
        await city.ask(demo.PUBLISH, snapshot=demo.snapshot(name))
    organiser = await clients(KONSTANZ)
    event = (await organiser.ask(demo.CREATE, event=demo.snapshot("event")))["createEvent"]["id"]
    ids = [
        node["id"]
        for ags in (KONSTANZ, HEILBRONN)
        for node in (await organiser.ask(demo.EVERYBODY, city=ags))["city"]["navigators"]["nodes"][: (count + 1) // 2]
    ][:count]
    await organiser.ask(demo.JOIN, event=event, navigators=ids)
    return organiser, event


async def ask(client: Client, event: str, **changes: Any) -> str:
    wanted = {"event": event, "rounds": 3, "tables": 5, "seconds": 0.5, **changes}
    return str((await client.ask(PLAN, input=wanted))["planRounds"]["id"])


REFUSED = [
    ({"count": 0}, {}, "participants"),
    ({"count": 3}, {}, "participants"),
    ({"count": 10}, {"rounds": 0}, "rounds"),
    ({"count": 10}, {"rounds": 21}, "rounds"),
    ({"count": 10}, {"tables": 0}, "tables"),
    ({"count": 10}, {"tables": -1}, "tables"),
    ({"count": 10}, {"tableTopics": ["finance"]}, "tableTopics"),
    ({"count": 10}, {"tableTopics": ["finance", "x", "culture", "finance", "e-file"]}, "tableTopics"),
]


@pytest.mark.parametrize(("given", "asked", "field"), REFUSED)
async def test_what_cannot_be_planned_is_refused_at_once(
    hub: Hub, clients: Clients, given: dict[str, int], asked: dict[str, Any], field: str
) -> None:
    organiser, event = await people(hub, clients, **given)
    with pytest.raises(Answered) as caught:
        await ask(organiser, event, **asked)
    assert caught.value.reason == "REFUSED"
    assert [p.field for p in caught.value.problems] == [field]
    found = await organiser.ask("query ($id: ID!) { event(id: $id) { plans { id } } }", id=event)
    assert found["event"]["plans"] == []


async def test_three_people_for_five_tables_says_what_would_work(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 3)
    with pytest.raises(Answered) as caught:
        await ask(organiser, event)
    assert "1" in caught.value.problems[0].message
    assert "5" in caught.value.problems[0].message


@pytest.mark.parametrize("changes", [{"seconds": 0.0}, {"seconds": 1e9}, {"seed": -1}, {"event": "nothing"}])
async def test_odd_wishes_are_refused(hub: Hub, clients: Clients, changes: dict[str, Any]) -> None:
    organiser, event = await people(hub, clients, 10)
    with pytest.raises(Answered) as caught:
        await ask(organiser, **{"event": event, **changes})
    assert caught.value.reason in {"REFUSED", "NOT_FOUND"}


async def test_only_the_organiser_plans_and_confirms(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 10)
    plan = await ask(organiser, event)
    for other in (await clients(KONSTANZ), await clients(HEILBRONN), await clients(KONSTANZ, "matching:read")):
        with pytest.raises(Answered) as caught:
            await ask(other, event)
        assert caught.value.reason == "FORBIDDEN"
        with pytest.raises(Answered) as caught:
            await other.ask(demo.CONFIRM, id=plan)
        assert caught.value.reason == "FORBIDDEN"
    with pytest.raises(Answered) as caught:
        await organiser.ask(demo.CONFIRM, id=plan)
    assert caught.value.reason == "CONFLICT"  # not finished: nobody works the jobs here
    stranger = await clients("14612000")
    assert await stranger.ask(STATE, id=plan) == {"plan": None}


@contextlib.contextmanager
def worker(hub: Hub) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process of matching's own; killed at the end if it still lives."""
    settings = hub.settings
    environment = {
        **os.environ,
        "LOTSENNETZ_DATABASE_URL": settings.database_url or "",
        "LOTSENNETZ_REDIS_URL": settings.redis_url or "",
        "LOTSENNETZ_SECRET": settings.secret,
        "LOTSENNETZ_PUBLIC_URL": settings.issuer,
        "LOTSENNETZ_LEASE": "2",
        "LOTSENNETZ_DIRECTORY_URL": settings.issuer,
        "LOTSENNETZ_EVENTS_URL": settings.issuer,
    }
    program = "import sys; from services.cli import main; sys.exit(main())"
    process = subprocess.Popen([sys.executable, "-c", program, "work", "matching"], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


async def test_a_killed_worker_s_plan_is_finished_by_the_next(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 50)
    plan = await ask(organiser, event, seconds=4.0, tableTopics=demo.snapshot("event")["rounds"]["tableTopics"])
    with worker(hub) as first:
        await organiser.until(STATE, lambda data: data["plan"]["progress"]["percent"] > 0, 60, id=plan)
        solvers = psutil.Process(first.pid).children()
        assert solvers
        os.kill(first.pid, signal.SIGKILL)
        gone, alive = await asyncio.to_thread(psutil.wait_procs, solvers, 10)
        assert gone
        assert not alive
    assert (await organiser.ask(STATE, id=plan))["plan"]["state"] == "RUNNING"
    with worker(hub):
        done = await organiser.until(STATE, lambda data: data["plan"]["state"] == "DONE", 60, id=plan)
    assert [len(r["tables"]) for r in done["plan"]["rounds"]] == [5, 5, 5]

    async with hub.runtimes["matching"].db.read(HUB) as session:
        row = (await session.scalars(select(Plan))).one()

    problem = build(msgspec.convert(row.question, Question))
    assert row.answer is not None
    assert check(problem, np.array(row.answer["plan"], dtype=np.int32), row.answer["objective"]) == []
