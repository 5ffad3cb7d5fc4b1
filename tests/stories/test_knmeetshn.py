"""The #KNmeetsHN day through the public API, as apart as it gets (`make split`): behind a real federation router and
with a replica; there nobody reaches what is not theirs, and all of it ends. In `make soak` also in one process.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from services.app import SERVICES, chosen
from services.cli import demo
from services.cli.client import Answered, Client
from services.kit.settings import Settings
from tests.conftest import Servers, _fresh, soak
from tests.running import running
from tests.stories.cluster import cluster, url_of
from tests.stories.deployments import Deployment, one_process, split

TOPOLOGIES: dict[str, Callable[[Settings], AbstractAsyncContextManager[Deployment]]] = {
    "one process": one_process,
    "split": split,
    "cluster": cluster,
}
NAMES = "query ($city: ID!) { city(ags: $city) { navigators { nodes { name } } events { nodes { title } } } }"
apart = pytest.mark.parametrize("played", ["cluster"], indirect=True)

QUERIES = {
    "across services": """query ($event: ID!) { event(id: $event) { title
      participants { navigator { name department city { name ags } topics { code label } } } } }""",
    "the plan": """query ($event: ID!) { event(id: $event) { plans { state confirmed
      quality { repeats { value bound } cities: fewestCities }
      rounds { number tables { number topic { de en parent { code } }
        navigators { id title city { name } } cities { city { name } people } } } } } }""",
    "the rounds of the day": """query ($event: ID!) { event(id: $event) {
      host { name navigators(first: 3) { nodes { id offers { label } } pageInfo { hasNextPage endCursor } } }
      rounds { number starts ends tables { topic { label } participants { navigator { name seeks { de } } } } } } }""",
    "from the city": """{ city(ags: "08335043") { name population events { nodes { title date agenda {
      starts title audience { name } } plans { id } } } projects { nodes { title navigators { name } } } } }""",
    "a fragment and an alias": """query ($event: ID!) { a: event(id: $event) { ...E } b: event(id: $event) { ...E } }
      fragment E on Event { id guests { ags name kind } venue { name } papers { name public } }""",
    "what is not there": """{ event(id: "nothing") { title } plan(id: "nothing") { id } navigator(id: "nothing") { id }
      city(ags: "01001000") { name } }""",
    "the vocabulary": "{ topics { nodes { code label parent { label } synonyms } pageInfo { hasNextPage } } }",
}


@pytest_asyncio.fixture(
    scope="module", params=["cluster", *(pytest.param(name, marks=soak) for name in ("one process", "split"))]
)
async def played(
    request: pytest.FixtureRequest, servers: Servers, template: str, settings: Settings
) -> AsyncIterator[tuple[Deployment, str, Client]]:
    """A deployment in which the day was played; with the event's id and its organiser."""
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(_fresh(servers, template))
        own = replace(settings, database_url=url, redis_url=servers.redis)
        deployment = await stack.enter_async_context(TOPOLOGIES[request.param](own))
        clients = await demo.register(deployment.hub, deployment.tokens, deployment.graph)
        for client in clients:
            stack.push_async_callback(client.close)
        yield deployment, await demo.play(*clients, None, seconds=0.5), clients[2]


@pytest.mark.slow
async def test_the_one_graph_answers_as_the_router(played: tuple[Deployment, str, Client], settings: Settings) -> None:
    """Both graphs over one database: every query gives the same JSON."""
    deployment, event, organiser = played
    here = deployment.hub.settings
    own = replace(here, port=0, public_url=here.issuer, workers=False)
    async with running(own, chosen()) as (beside, _server):
        port = beside.settings.port
        other = Client(organiser.url, *organiser.credentials, graph=f"http://127.0.0.1:{port}/graphql")
        for name, query in QUERIES.items():
            variables = {"event": event} if "$event" in query else {}
            mine, theirs = await other.ask(query, **variables), await organiser.ask(query, **variables)
            assert mine == theirs, name
            assert any(mine.values()) or name == "what is not there"
        await other.close()


async def test_the_papers_name_everybody(played: tuple[Deployment, str, Client]) -> None:
    deployment, event, organiser = played
    base = f"{deployment.services['events']}/events/{event}/papers"
    for name in ("table-cards.pdf", "slips.pdf", "run-sheet.pdf"):
        assert (await organiser.fetch(f"{base}/{name}")).startswith(b"%PDF-")
        async with httpx.AsyncClient(trust_env=False) as anonymous:
            assert (await anonymous.get(f"{base}/{name}")).status_code == 401
    async with httpx.AsyncClient(trust_env=False) as anonymous:
        calendar = await anonymous.get(f"{base}/agenda.ics")
    assert calendar.status_code == 200
    assert "BEGIN:VCALENDAR" in calendar.text


async def test_participants_are_for_the_cities_of_the_event(played: tuple[Deployment, str, Client]) -> None:
    deployment, event, _organiser = played
    query = """query ($event: ID!) { event(id: $event) { title participants { navigator { name } }
      rounds { number } plans { id } } }"""
    for ags, scopes, sees in (
        ("08121000", (), True),
        ("08335043", (), True),
        ("14612000", (), False),
        (None, (), False),
        ("08335043", ("directory:read",), False),
    ):
        client = await deployment.client(ags, *scopes)
        found = (await client.ask(query, event=event))["event"]
        await client.close()
        assert found["title"] == "Kommunaler Lotsentreff in der Bundesgartenschau Heilbronn"
        assert (bool(found["participants"]), bool(found["rounds"]), bool(found["plans"])) == (sees, sees, sees), ags


async def test_an_idea_of_the_day_becomes_a_project_that_a_second_city_joins(
    played: tuple[Deployment, str, Client],
) -> None:
    deployment, event, organiser = played
    note = "mutation ($e: ID!, $i: [IdeaCard!]!) { noteIdeas(event: $e, ideas: $i) { id } }"
    noted = await organiser.ask(note, e=event, i=[{"text": "Reisekosten mit einem Klick", "round": 1, "table": 1}])
    make = 'mutation ($e: ID!, $i: ID!) { makeProjectCard(event: $e, idea: $i, city: "08121000") { id } }'
    card = (await organiser.ask(make, e=event, i=noted["noteIdeas"][0]["id"]))["makeProjectCard"]["id"]
    heilbronn, konstanz = await deployment.client("08121000"), await deployment.client("08335043")
    waiting = "{ proposedProjects { nodes { id title topics { code } } } }"
    found = await heilbronn.until(waiting, lambda data: data["proposedProjects"]["nodes"])
    (proposed,) = found["proposedProjects"]["nodes"]
    assert (proposed["id"], proposed["title"], len(proposed["topics"])) == (card, "Reisekosten mit einem Klick", 1)
    accept = "mutation ($c: ID!) { acceptProposedProject(id: $c) { project { id stage } } }"
    project = (await heilbronn.ask(accept, c=card))["acceptProposedProject"]["project"]
    join = 'mutation ($p: ID!) { joinProject(project: $p, note: "Wir testen") { id } }'
    await konstanz.ask(join, p=project["id"])
    # Through one graph: the event's card, the directory's project, its partners.
    shown = """query ($e: ID!) { event(id: $e) { projectCards { state project { id title stage city { name }
      partners { note city { name } } } } } }"""
    told = await organiser.until(shown, lambda data: data["event"]["projectCards"][0]["state"] == "ACCEPTED", e=event)
    assert told["event"]["projectCards"][0]["project"] == {
        "id": project["id"], "title": "Reisekosten mit einem Klick", "stage": "IDEA", "city": {"name": "Heilbronn"},
        "partners": [{"note": "Wir testen", "city": {"name": "Konstanz"}}],
    }  # fmt: skip
    for client in (heilbronn, konstanz):
        await client.close()


@apart
async def test_each_process_s_user_reaches_one_schema(played: tuple[Deployment, str, Client]) -> None:
    primary = played[0].hub.settings.database_url or ""
    for name in SERVICES:
        connection = await asyncpg.connect(url_of(name, primary))
        try:
            assert await connection.fetchval(f"SELECT count(*) FROM {name}.alembic_version") == 1
            for other in SERVICES.keys() - {name}:
                for tried in (f"SELECT * FROM {other}.log", f"SET ROLE lotsennetz_{other}"):
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.execute(tried)
            for tried in (f"CREATE TABLE {name}.mine (a int)", f"ALTER TABLE {name}.log DISABLE ROW LEVEL SECURITY"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(tried)
        finally:
            await connection.close()


@apart
async def test_the_day_is_read_at_the_replica(played: tuple[Deployment, str, Client]) -> None:
    """The workers answer the plan, the router joins the graphs; the replica has seen statements of all services."""
    deployment, _event, organiser = played
    found = (await organiser.ask(NAMES, city="08335043"))["city"]
    assert found["navigators"]["nodes"]
    assert found["events"]["nodes"]
    told = (await deployment.hub.metrics.text(deployment.hub)).decode()
    assert 'lotsennetz_plan_gap{rank="worst"}' in told
    assert 'lotsennetz_database_up{service="matching"} 1.0' in told
    replica = await asyncpg.connect(deployment.replica)
    try:
        assert await replica.fetchval("SELECT pg_is_in_recovery()")
        seen = {row["usename"] for row in await replica.fetch("SELECT DISTINCT usename FROM pg_stat_activity")}
    finally:
        await replica.close()
    assert {"directory_process", "events_process"} <= seen


async def test_who_is_withdrawn_leaves_the_day(played: tuple[Deployment, str, Client]) -> None:
    """Last: it changes the day. Every service forgets the person, and the event goes on without them."""
    deployment, event, organiser = played
    city = await deployment.client("08335043")
    snapshot: dict[str, Any] = demo.snapshot("konstanz")
    gone = snapshot["navigators"].pop()
    for project in snapshot["projects"]:
        project["navigators"] = [key for key in project["navigators"] if key != gone["key"]]
    done = (await city.ask(demo.PUBLISH, snapshot=snapshot))["publishDirectory"]
    await city.close()
    assert done["navigators"]["withdrawn"] == [gone["key"]]
    people = "query ($id: ID!) { event(id: $id) { participants { navigator { name } } } }"
    left = await organiser.until(people, lambda data: len(data["event"]["participants"]) == 49, id=event)
    assert gone["name"] not in {p["navigator"]["name"] for p in left["event"]["participants"]}
    with pytest.raises(Answered) as caught:
        await organiser.ask(
            "mutation ($i: PlanRoundsInput!) { planRounds(input: $i) { id } }",
            i={"event": event, "rounds": 3, "tables": 30},
        )
    assert caught.value.reason == "REFUSED"
    assert "49" in caught.value.problems[0].message


@apart
async def test_processes_end_when_they_are_told(played: tuple[Deployment, str, Client]) -> None:
    """The last one here. Each leaves within its time, and says that nothing went wrong."""
    for process in played[0].processes:
        assert process.running is not None
        process.running.send_signal(signal.SIGTERM)
    for process in played[0].processes:
        assert process.running is not None
        assert await asyncio.to_thread(process.running.wait, 30) == 0
