"""What a process tells of itself, to whom, and how it ends."""

import asyncio
import contextlib
import json
import logging
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
import pytest_asyncio
import yaml
from prometheus_client.parser import text_string_to_metric_families

from services.app import chosen
from services.kit import logs
from services.kit.db import HUB
from services.kit.errors import Refused
from services.kit.log import table
from services.kit.messages import Message
from services.kit.metrics import Metrics
from services.kit.service import Hub
from services.kit.settings import Settings, from_environment
from tests.conftest import Clients, Servers, _fresh
from tests.events.day import day, phone
from tests.router import loopback
from tests.running import running
from tests.stories.deployments import Deployment, one_apart

MONITORING = Path(__file__).parents[2] / "deploy" / "monitoring"
TOPICS = {"query": "{ topics { nodes { code } } }"}
NAMED = re.compile(r"\b(?:lotsennetz|process)_[a-z_]+")


def free() -> str:
    with loopback() as probe:
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest_asyncio.fixture(scope="module")
async def hub(servers: Servers, template: str, settings: Settings) -> AsyncIterator[Hub]:
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=False, metrics=free())
        async with running(own, chosen()) as (hub, _server):
            yield hub


@pytest_asyncio.fixture
async def http(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=hub.settings.issuer, trust_env=False, timeout=30) as client:
        yield client


Told = dict[str, list[tuple[dict[str, str], float]]]


async def told(hub: Hub) -> Told:
    """Every sample by its name."""
    found: Told = {}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{hub.settings.metrics}/metrics")
    assert answer.status_code == 200
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def value(metrics: Told, name: str, /, **labels: str) -> float:
    return sum(value for words, value in metrics.get(name, ()) if labels.items() <= words.items())


async def test_only_the_door_of_those_who_watch_has_metrics(hub: Hub, http: httpx.AsyncClient) -> None:
    assert (await http.get("/metrics")).status_code == 404
    async with httpx.AsyncClient(base_url=f"http://{hub.settings.metrics}", trust_env=False) as door:
        assert (await door.get("/health/live")).json() == {"status": "live"}
        assert (await door.get("/health/ready")).json()["positions"].keys() == {"directory", "matching", "events"}
        for path in ("/", "/graphql", "/oauth/token", "/directory/feed"):
            assert (await door.get(path)).status_code == 404


async def test_requests_are_counted_by_route_and_name_nobody(hub: Hub, http: httpx.AsyncClient) -> None:
    for _turn in range(3):
        assert (await http.post("/graphql", json=TOPICS)).status_code == 200
    await http.get("/directory/feed?after=0")
    await http.get("/nobody/asks/for/jane.doe@example.org")
    await http.request("PROPFIND", "/graphql")
    found = await told(hub)
    count = "lotsennetz_request_seconds_count"
    assert value(found, count, route="/graphql", method="POST", status="2xx") >= 3
    assert value(found, count, route="/directory/feed", status="4xx") >= 1
    assert value(found, count, route="none", status="4xx") >= 1
    assert value(found, count, method="other") >= 1
    assert "jane" not in repr(found)
    assert "PROPFIND" not in repr(found)
    assert value(found, "lotsennetz_remembered_answers_total", service="directory", found="yes") >= 2
    assert value(found, "lotsennetz_database_up") == 3


async def test_how_late_a_reader_is(hub: Hub) -> None:
    """A feed that does not answer: its reader falls behind, the others do not."""
    events = hub.runtimes["events"]
    feed = events.feeds["directory"]

    class Dead:
        async def after(self, position: int) -> list[Message]:
            raise OSError

    events.feeds["directory"] = Dead()  # type: ignore[assignment]
    try:
        await asyncio.sleep(3)
        found = await told(hub)
    finally:
        events.feeds["directory"] = feed
    behind = "lotsennetz_feed_behind_seconds"
    assert value(found, behind, reader="events", feed="directory") > value(
        found, behind, reader="matching", feed="directory"
    )
    assert value(found, "lotsennetz_feed_position", reader="matching", feed="directory") == value(
        found, "lotsennetz_log_position", feed="directory"
    )


async def test_how_long_jobs_wait(hub: Hub) -> None:
    runtime = hub.runtimes["matching"]
    rows = table(runtime.service.metadata, "job")
    before = await told(hub)
    assert value(before, "lotsennetz_queue_jobs", service="matching") == 0
    now = datetime.now(UTC)
    waits = {"due": now - timedelta(seconds=90), "later": now + timedelta(hours=1), "running": now}
    async with runtime.db.begin(HUB) as session:
        for state, when in waits.items():
            runs = state == "running"
            values = {
                "id": uuid.uuid4(),
                "name": "plan",
                "payload": {},
                "run_after": when,
                "created_at": min(when, now),
            }
            values |= {"state": "running", "lease_until": now + timedelta(hours=1)} if runs else {"state": "queued"}
            await session.execute(rows.insert().values(**values))
    found = await told(hub)
    by_state = {state: value(found, "lotsennetz_queue_jobs", service="matching", state=state) for state in waits}
    assert by_state == {"due": 1, "later": 1, "running": 1}
    assert 90 <= value(found, "lotsennetz_queue_age_seconds", service="matching") < 120


def test_what_has_not_happened_yet_is_zero_and_not_missing() -> None:
    """Or the first job that is given up would rise from nowhere, which no rule sees."""
    metrics = Metrics()
    metrics.works("matching", ["plan"])
    labels = {"service": "matching", "job": "plan", "outcome": "failed"}
    assert metrics.registry.get_sample_value("lotsennetz_jobs_total", labels) == 0
    metrics.tried("matching", "plan", "failed")
    assert metrics.registry.get_sample_value("lotsennetz_jobs_total", labels) == 1


async def test_streams_are_counted_while_they_are_open(hub: Hub) -> None:
    clients = Clients(hub, [])
    _organiser, event, _people = await day(hub, clients)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.gather, *(client.close() for client in clients.made))
        for _turn in range(2):
            looking = await stack.enter_async_context(phone(f"{hub.settings.issuer}/events/{event}/live"))
            await looking.until("live")
        assert value(await told(hub), "lotsennetz_streams") == 2
    async with asyncio.timeout(10):
        while value(await told(hub), "lotsennetz_streams"):
            await asyncio.sleep(0.05)


async def test_every_metric_that_is_drawn_or_alarmed_exists(hub: Hub, http: httpx.AsyncClient) -> None:
    await http.get("/health/live")
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"http://{hub.settings.metrics}/metrics")).text
    there = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)) | set(
        re.findall(r"^([a-z_]+)[{ ]", text, re.MULTILINE)
    )
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))
    expressions = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    dashboard = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    expressions += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    named = {name for one in expressions for name in NAMED.findall(one)}
    assert named - there == set()
    described = set(NAMED.findall((MONITORING / "README.md").read_text(encoding="utf-8")))
    ours = {
        name for name in re.findall(r"^# TYPE (lotsennetz\S+) ", text, re.MULTILINE) if not name.endswith("_created")
    }
    assert ours - described == set()


async def test_a_database_that_is_away_is_told(servers: Servers, template: str, settings: Settings) -> None:
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=False)
        hub = Hub(own, chosen())
        hub.runtimes["events"].db = type(hub.runtimes["events"].db)(servers.database_url("nowhere"), "events")
        text = (await Metrics().text(hub)).decode()
        await hub.stop()
    assert 'lotsennetz_database_up{service="events"} 0.0' in text
    assert 'lotsennetz_database_up{service="matching"} 1.0' in text


@pytest.mark.parametrize(
    ("said", "means"),
    [("", ""), ("9100", "127.0.0.1:9100"), ("0.0.0.0:9100", "0.0.0.0:9100"), ("[::1]:9100", "::1:9100")],
)
def test_where_the_door_is(said: str, means: str) -> None:
    assert from_environment({"LOTSENNETZ_METRICS": said}).metrics == means


@pytest.mark.parametrize("said", ["here", "localhost:", "70000", "1.2.3.4:x"])
def test_where_no_door_can_be(said: str) -> None:
    with pytest.raises(Refused):
        from_environment({"LOTSENNETZ_METRICS": said})


def test_lines_of_the_log_are_objects_that_quote_nobody() -> None:
    """Neither what an exception says, nor what a library puts into its messages."""

    def line(name: str, message: str, *args: object, problem: Exception | None = None) -> str:
        trouble = (type(problem), problem, problem.__traceback__) if problem else None
        return logs.Lines().format(logging.LogRecord(name, logging.ERROR, "", 1, message, args, trouble))

    with pytest.raises(ValueError, match="jane") as caught:
        int("jane@example.org")
    problem = caught.value
    ours = json.loads(line("services.kit.web", "error %s at %s", "4711", "/x", problem=problem))
    theirs = json.loads(line("asyncio", "Task exception\nfuture: ValueError(jane@example.org)", problem=problem))
    other = json.loads(line("arq.worker", "%s failed", "jane@example.org"))
    assert ours["message"] == "error 4711 at /x"
    assert ours["error"] == theirs["error"] == "ValueError"
    assert "test_metrics.py" in ours["at"][0]
    assert theirs["message"] == "Task exception"
    assert other["message"] == "%s failed"
    assert "jane" not in json.dumps([ours, theirs, other])


async def test_who_is_told_to_end_answers_what_was_asked(servers: Servers, template: str, settings: Settings) -> None:
    """A request that waits for the database when the signal comes is answered; nobody is sent here meanwhile."""
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(_fresh(servers, template))
        door = free()
        own = replace(settings, database_url=url, redis_url=servers.redis, metrics=door)
        there: Deployment = await stack.enter_async_context(one_apart(own))
        process = there.processes[0].running
        assert process is not None
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=30))
        lock = await asyncpg.connect(url)
        await lock.execute("BEGIN; LOCK TABLE directory.topic IN ACCESS EXCLUSIVE MODE")
        asked = asyncio.create_task(http.post(there.graph, json=TOPICS))
        while not await lock.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.02)
        process.terminate()
        async with asyncio.timeout(10):
            while (await http.get(f"http://{door}/health/ready")).status_code != 503:
                await asyncio.sleep(0.02)
        assert (await http.get(f"http://{door}/health/live")).status_code == 200
        with pytest.raises(httpx.ConnectError):
            await http.get(f"{there.tokens}/health/live")
        await lock.execute("COMMIT")
        await lock.close()
        answer = await asked
        assert answer.status_code == 200
        assert answer.json()["data"]["topics"]["nodes"]
        assert await asyncio.to_thread(process.wait, 30) == 0
