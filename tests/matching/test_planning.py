"""Planning rounds through the API: asked, followed, confirmed, refused; and a worker that dies in the middle."""

import asyncio
import os
import signal
from typing import Any

import msgspec
import numpy as np
import psutil
import pytest

from services.cli import demo
from services.cli.client import Answered, Client
from services.kit.service import Hub
from services.matching.problem import build
from services.matching.question import Question
from services.matching.solver import HARD, check
from services.matching.solving import score
from tests.conftest import Clients, soak
from tests.matching.planned import CANCEL, HEILBRONN, KONSTANZ, STATE, ask, done, people, row_of, seats, worker, working

REPLAN = "mutation ($input: ReplanRoundsInput!) { replanRounds(input: $input) { id } }"
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


async def test_what_is_cancelled_before_its_turn_is_never_searched_for(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 10)
    plan = await ask(organiser, event, seconds=100.0)
    assert (await organiser.ask(CANCEL, id=plan))["cancelPlan"]["state"] == "CANCELLED"
    async with working(hub):
        later = await ask(organiser, event, seconds=0.2)
        await organiser.until(STATE, lambda data: data["plan"]["state"] == "DONE", 60, id=later)
    assert (await organiser.ask(STATE, id=plan))["plan"] == {
        "state": "CANCELLED", "error": None, "progress": {"percent": 0}, "rounds": [],
    }  # fmt: skip


@pytest.mark.slow
async def test_a_killed_worker_s_plan_goes_on_from_its_best(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 50)
    plan = await ask(organiser, event, seconds=3.0, tableTopics=demo.snapshot("event")["rounds"]["tableTopics"])
    with worker(hub) as first:
        await organiser.until(STATE, lambda data: data["plan"]["progress"]["percent"] > 30, 60, id=plan)
        solvers = psutil.Process(first.pid).children()
        assert solvers
        os.kill(first.pid, signal.SIGKILL)
        gone, alive = await asyncio.to_thread(psutil.wait_procs, solvers, 10)
        assert gone
        assert not alive
    assert (await organiser.ask(STATE, id=plan))["plan"]["state"] == "RUNNING"
    kept = (await row_of(hub, plan)).best
    assert kept
    async with working(hub):
        finished = await organiser.until(STATE, lambda data: data["plan"]["state"] == "DONE", 60, id=plan)
    assert [len(r["tables"]) for r in finished["plan"]["rounds"]] == [5, 5, 5]

    row = await row_of(hub, plan)
    problem = build(msgspec.convert(row.question, Question))
    answer = row.answer
    assert answer is not None
    assert check(problem, np.array(answer["plan"], dtype=np.int32), answer["objective"]) == []
    assert row.best is None
    assert answer["resumed"]
    assert answer["objective"] >= score({"question": row.question, "answer": kept})["objective"]
    assert answer["iterations"] > kept["iterations"]
    assert answer["seconds"] > kept["seconds"]


@soak
async def test_a_killed_worker_s_single_round_goes_on_from_its_best(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 50)
    plan = await ask(organiser, event, seconds=6.0, rounds=1)
    await resumed(hub, organiser, plan)


@soak
async def test_a_killed_worker_s_running_day_goes_on_from_its_best(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 50)
    async with working(hub):
        day = await ask(organiser, event, seconds=0.5)
        await done(organiser, day)
    gone = sorted(set().union(*(await seats(organiser, day))[1]))[:2]
    wanted = {"plan": day, "over": 1, "missing": gone, "mostMoved": 40, "seconds": 6.0}
    plan = (await organiser.ask(REPLAN, input=wanted))["replanRounds"]["id"]
    await resumed(hub, organiser, plan)
    answer = (await row_of(hub, plan)).answer or {}
    assert set(answer["day"]["missing"]) == set(gone)
    assert (await seats(organiser, plan))[0] == (await seats(organiser, day))[0]


async def resumed(hub: Hub, organiser: Client, plan: str) -> None:
    """Another worker ends a search, with nothing worse than what a killed one had found."""
    with worker(hub) as first:
        await organiser.until(STATE, lambda data: data["plan"]["progress"]["percent"] > 30, 60, id=plan)
        os.kill(first.pid, signal.SIGKILL)
    kept = (await row_of(hub, plan)).best
    assert kept
    so_far = await seats(organiser, plan)
    async with working(hub):
        await organiser.until(STATE, lambda data: data["plan"]["state"] == "DONE", 60, id=plan)
    asked = await row_of(hub, plan)
    answer = asked.answer or {}
    assert answer["resumed"]
    assert answer["iterations"] > kept["iterations"]
    before = score({"question": asked.question, "answer": kept})
    assert (-answer["broken"], answer["objective"]) >= (-before["broken"], before["objective"])
    # What was shown meanwhile are the seats that were kept.
    shown = [{one: t for t, table in enumerate(tables) for one in table} for tables in so_far]
    rows = [dict(zip(kept["keys"], seated, strict=True)) for seated in kept["plan"]]
    assert shown == [{key: table for key, table in row.items() if table >= 0} for row in rows]


async def test_old_questions_can_still_be_read() -> None:
    person = {"city": KONSTANZ, "offers": ["a"], "seeks": [], "works_on": []}
    old = {
        "rounds": 2, "tables": 1, "topics": [["a", None]], "people": [{"id": "p", **person}, {"id": "q", **person}],
        "table_topics": [], "seed": 1, "seconds": 3.0,
    }  # fmt: skip
    question = msgspec.convert(old, Question)
    assert build(question).weights.repeat == 10.0
    assert [(one.name, one.weight) for one in build(question).kinds] == [("city", HARD)]
    assert msgspec.convert(msgspec.to_builtins(question), Question) == question
