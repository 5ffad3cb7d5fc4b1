"""What the load asks is right: valid questions, right answers from a real hub, failures that are seen as such; and
Locust finds none, where it is installed (`make load`).
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from graphql import build_schema, parse, validate

from services.app import SERVICES
from services.kit.service import Hub
from tests.bench.data import Size, fill
from tests.load import measuring, mixes, report, sizing
from tests.load.calls import GRAPH, Call, Plan, asked
from tests.load.places import Place, locust
from tests.load.results import DAY, RUSH, WEEKDAY, Results, Row
from tests.load.running import Kind, Measured, measured
from tests.load.streams import Told
from tests.router import FOLDER
from tests.stories.deployments import Deployment

CITIES, PHONES, PEOPLE = 12, 8, 6


@pytest_asyncio.fixture(scope="module")
async def place(shared: Hub) -> AsyncIterator[Place]:
    url = shared.settings.issuer
    deployment = Deployment(url, f"{url}/graphql", dict.fromkeys(SERVICES, url), shared)
    yield Place(deployment, [{GRAPH: deployment.graph, **deployment.services}])


@pytest_asyncio.fixture(scope="module")
async def weekday(place: Place) -> list[Call]:
    return await measuring.drawn(place, await fill(place.owner, Size().shrunk(CITIES)))


async def failures(place: Place, calls: Sequence[Call]) -> list[str]:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        found = []
        for call in calls:
            url = place.bases[0][call.at] + call.path
            answer = await http.request(call.method, url, content=call.body or None, headers=dict(call.headers))
            if wrong := call.wrong(answer.status_code, answer.content):
                found.append(f"{call.kind}: {wrong}: {answer.text[:300]}")
        return found


def test_every_question_fits_the_schema() -> None:
    schema = build_schema((FOLDER / "schema.graphql").read_text(encoding="utf-8"))
    assert {query: found for query in mixes.GRAPHQL if (found := validate(schema, parse(query)))} == {}
    assert sum(mixes.WEEKDAY.values()) == 100


@pytest.mark.parametrize(
    ("status", "answer", "wrong"),
    [
        (200, {"data": {"city": {}}}, ""),
        (500, {"data": {"city": {}}}, "status 500"),
        (200, {"data": None, "errors": [{"message": "x", "extensions": {"code": "FORBIDDEN"}}]}, "FORBIDDEN"),
        (200, {"data": {"city": None}}, "no data"),
        (200, {}, "no data"),
    ],
)
def test_answers_of_the_graph_that_are_failures(status: int, answer: object, wrong: str) -> None:
    assert asked("x", "{ city }").wrong(status, json.dumps(answer).encode()) == wrong


def test_pages_that_are_failures() -> None:
    page = mixes.page("x", mixes.DIRECTORY, "/")
    assert page.wrong(200, b"<html></html>") == ""
    assert page.wrong(200, b"<html>") == "without “</html>”"
    assert page.wrong(0, b"") == "status 0"


async def test_every_call_of_a_weekday_is_answered(place: Place, weekday: list[Call]) -> None:
    kinds = {call.kind: call for call in weekday}
    assert kinds.keys() == mixes.WEEKDAY.keys()
    assert await failures(place, list(kinds.values())) == []


async def test_every_call_of_a_day_is_answered(place: Place) -> None:
    found, client = await measuring.opened(place, PHONES)
    await client.close()
    scripts = mixes.day(found, 1.0)
    assert await failures(place, [call for script in scripts for call in script]) == []
    assert {call.kind for script in scripts for call in script} >= {mixes.IDEAS, mixes.VOTES}


async def test_every_call_of_a_rush_is_answered(place: Place) -> None:
    await measuring.people(place, PEOPLE)
    _event, links = await measuring.invited(place, 2)
    assert len(links) == PEOPLE + PHONES  # the same city’s
    assert await failures(place, [call for script in mixes.rush(links) for call in script]) == []


@pytest.mark.skipif(locust() is None, reason="Locust has an environment of its own: make load")
async def test_locust_finds_no_failures(place: Place, weekday: list[Call]) -> None:
    plan = Plan(place.bases, weekday, seconds=2.0, warm=0.5, think=0.1)
    found = await measured(place, plan, 5)
    assert (found.failures, list(found.errors)) == (0, [])
    assert found.all.requests > 5
    broken = replace(plan, calls=[replace(call, says="nobody says this") for call in weekday])
    assert (await measured(place, broken, 2)).failures > 0


@pytest.mark.skipif(locust() is None, reason="Locust has an environment of its own: make load")
async def test_locust_and_streams_play_a_day(place: Place) -> None:
    found = await measuring.day(place, PHONES, 3.0)
    assert (found.failures, list(found.errors)) == (0, [])
    assert found.kinds[mixes.VOTES].requests == PHONES
    assert len(found.told) > 0


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = Plan([{GRAPH: "http://x"}], [asked("a", "{ b }")], [[mixes.page("c", mixes.EVENTS, "/d", pause=1.0)]], 2.0)
    plan.write(tmp_path / "plan.json")
    assert Plan.read(tmp_path / "plan.json") == plan


def row(mix: str, users: int, requests: int, **cpu: float) -> Row:
    kinds = {"Aggregated": Kind(requests, 0, 10, 20)}
    told = [Told(0.1, 0.2)] if mix == DAY else []
    within = 60.0 if mix == RUSH else 0.0
    return Row(mix, 1, 11_000, Measured(users, 10.0, kinds, cpu, 0.5, memory=300, told=told), within)


def test_sizes_follow_from_what_was_measured() -> None:
    found = Results(disk={11_000: 550.0})
    assert found.costs() is None
    found.rows = [
        row(WEEKDAY, 100, 1000, hub=2.0, PostgreSQL=0.5, Valkey=0.5, client=9.0),
        row(RUSH, 1000, 3000, hub=6.0, PostgreSQL=2.0),
        row(DAY, 100, 400, hub=1.0, PostgreSQL=1.0),
    ]
    costs = found.costs()
    assert costs == sizing.Costs((0.002, 0.001), (0.006, 0.002), (0.001, 0.001), 0.05, 300)
    state, germany = sizing.sizes(costs)[1], sizing.sizes(costs)[-1]
    assert (state.days, germany.days) == (1, 10)
    assert germany.rate == pytest.approx(183.02, abs=0.01)
    assert germany.hub == pytest.approx(183.02 * 0.002 + 16_000 / 60 * 0.006 + 16_000 * 0.001, abs=0.01)
    assert germany.connections == 75 * germany.processes
    assert "## How large for whom, on paper" in list(report.page(found, 1.0))


def test_what_is_broken() -> None:
    fine = row(WEEKDAY, 1, 1).found
    assert fine.broken == ""
    assert replace(fine, kinds={"Aggregated": Kind(9, 0, 10, 1001)}).broken == "p99 1001 ms"
    assert replace(fine, told=[Told(0.1, 20.0, 1)]).broken == "1 failures"
    assert measuring.agreed(fine, "votes", 1, 3).broken == "2 failures"
