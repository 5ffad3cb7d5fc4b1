"""Publishing a snapshot, and finding what was published."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.cli.client import Answered
from services.cli.demo import PUBLISH
from services.directory.models import Base
from services.kit import log
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients

KONSTANZ, HEILBRONN = "08335043", "08121000"


def snapshot(**changes: Any) -> dict[str, Any]:
    """A small snapshot of Konstanz with invented people."""
    return {
        "city": {"ags": KONSTANZ, "name": "Konstanz", "kind": "Große Kreisstadt", "population": 85859},
        "navigators": [
            {"key": "a", "name": "Zoë Ahorn", "department": "Kulturamt", "offers": ["finance"], "seeks": ["e-invoice"]},
            {"key": "b", "name": "Änne Buche", "department": "Hochbauamt", "worksOn": ["building-planning"]},
        ],
        "projects": [
            {"key": "p", "title": "E-Akte", "stage": "RUNNING", "topics": ["e-file"], "navigators": ["a", "b"]}
        ],
        **changes,
    }


async def publish(client: Any, value: dict[str, Any]) -> dict[str, Any]:
    return dict((await client.ask(PUBLISH, snapshot=value))["publishDirectory"])


async def refused(client: Any, value: dict[str, Any]) -> Answered:
    with pytest.raises(Answered) as caught:
        await publish(client, value)
    return caught.value


@pytest_asyncio.fixture
async def refusing(shared: Hub) -> AsyncIterator[Clients]:
    """Clients of a hub in which nothing is ever published, because all that they send is refused."""
    made = Clients(shared, [])
    yield made
    for client in made.made:
        await client.close()


async def kinds(hub: Hub) -> list[str]:
    """What the directory said after it was seeded."""
    async with hub.runtimes["directory"].db.read(HUB) as session:
        return [e.kind for e in await log.after(session, Base.metadata, 0) if e.kind != "TopicPublished"]


async def test_a_snapshot_is_the_whole_truth(hub: Hub, clients: Clients) -> None:
    city = await clients(KONSTANZ)
    first = await publish(city, snapshot())
    assert first == {
        "cityChanged": True,
        "city": {"name": "Konstanz"},
        "navigators": {"added": ["a", "b"], "changed": [], "withdrawn": [], "unchanged": []},
        "projects": {"added": ["p"], "changed": [], "withdrawn": [], "unchanged": []},
    }
    again = await publish(city, snapshot())
    assert again["navigators"] == {"added": [], "changed": [], "withdrawn": [], "unchanged": ["a", "b"]}
    assert await kinds(hub) == ["CityPublished", "NavigatorPublished", "NavigatorPublished"]

    people = snapshot()["navigators"]
    people[1]["department"] = "Baurechtsamt"
    changed = await publish(city, snapshot(navigators=[people[1], {"key": "c", "name": "Ömer Esche"}], projects=[]))
    assert changed["navigators"] == {"added": ["c"], "changed": ["b"], "withdrawn": ["a"], "unchanged": []}
    assert changed["projects"]["withdrawn"] == ["p"]
    found = await city.ask('{ navigators(city: "08335043") { nodes { name department projects { title } } } }')
    assert found["navigators"]["nodes"] == [
        {"name": "Änne Buche", "department": "Baurechtsamt", "projects": []},
        {"name": "Ömer Esche", "department": "", "projects": []},
    ]
    assert (await kinds(hub))[3:] == ["NavigatorPublished", "NavigatorPublished", "NavigatorWithdrawn"]


async def links(hub: Hub) -> dict[str, dict[str, str]]:
    """By table: each link to a topic or person, with the transaction that wrote it last."""
    said = {
        "navigator_topic": "n.key || t.topic || t.listed_public FROM navigator_topic t "
        "JOIN navigator n ON n.id = t.navigator_id",
        "project_topic": "p.key || t.topic FROM project_topic t JOIN project p ON p.id = t.project_id",
        "project_navigator": "p.key || n.key FROM project_navigator t JOIN project p ON p.id = t.project_id "
        "JOIN navigator n ON n.id = t.navigator_id",
    }
    async with hub.runtimes["directory"].db.read(HUB) as session:
        return {
            table: {name: xmin for xmin, name in await session.execute(text(f"SELECT t.xmin::text, {query}"))}
            for table, query in said.items()
        }


async def test_links_that_stay_are_not_touched(hub: Hub, clients: Clients) -> None:
    city = await clients(KONSTANZ)
    await publish(city, snapshot())
    before = await links(hub)
    people, projects = snapshot()["navigators"], snapshot()["projects"]
    people[0] |= {"seeks": ["culture"], "title": "Lotsin"}
    people[1] |= {"visibility": [{"field": "worksOn", "audience": "NETWORK"}]}
    projects[0] |= {"topics": ["e-file", "open-data"], "navigators": ["b"]}
    await publish(city, snapshot(navigators=people, projects=projects))
    after = await links(hub)
    stayed = {table: {name for name in rows if before[table].get(name) == rows[name]} for table, rows in after.items()}
    gone = {table: rows.keys() - after[table].keys() for table, rows in before.items()}
    new = {table: rows.keys() - before[table].keys() for table, rows in after.items()}
    assert "ae-invoicetrue" in gone["navigator_topic"]
    assert {"aculturetrue", "bbuilding-planningfalse"} <= new["navigator_topic"]
    assert "afinancetrue" in stayed["navigator_topic"]
    assert "pe-file" in stayed["project_topic"]
    assert ("popen-data" in new["project_topic"], gone["project_topic"]) == (True, set())
    assert (stayed["project_navigator"], gone["project_navigator"]) == ({"pb"}, {"pa"})
    assert all(rows.keys() == stayed[table] | new[table] for table, rows in after.items())


async def test_who_comes_back_is_the_same_person(clients: Clients) -> None:
    city = await clients(KONSTANZ)
    ids = "{ navigators { nodes { id } } }"
    await publish(city, snapshot())
    before = await city.ask(ids)
    await publish(city, snapshot(navigators=[], projects=[]))
    assert (await city.ask(ids))["navigators"]["nodes"] == []
    await publish(city, snapshot())
    assert await city.ask(ids) == before


BAD = {
    "unknown topic": ({"key": "a", "name": "A", "offers": ["no-such"]}, ("navigators[0]", "offers")),
    "duplicate": ({"key": "b", "name": "B"}, ("navigators[1]", "key")),
    "another city's": ({"key": "a", "name": "A", "city": HEILBRONN}, ("navigators[0]", "city")),
    "nul": ({"key": "a", "name": "A\0B"}, ("navigators[0]", "name")),
    "right-to-left": ({"key": "a", "name": "A\u202eB"}, ("navigators[0]", "name")),
    "no name": ({"key": "a", "name": " \t "}, ("navigators[0]", "name")),
    "long name": ({"key": "a", "name": "A" * 121}, ("navigators[0]", "name")),
    "bad key": ({"key": "ä/..", "name": "A"}, ("navigators[0]", "key")),
}


@pytest.mark.parametrize("case", BAD)
async def test_one_bad_row_refuses_the_whole_snapshot(refusing: Clients, case: str) -> None:
    row, place = BAD[case]
    city = await refusing(KONSTANZ)
    answer = await refused(city, snapshot(navigators=[row, {"key": "b", "name": "Gut"}], projects=[]))
    assert answer.reason == "REFUSED"
    assert [(p.row, p.field) for p in answer.problems] == [place]
    assert (await city.ask("{ cities { nodes { ags } } }"))["cities"]["nodes"] == []


async def test_every_problem_is_named_at_once(refusing: Clients) -> None:
    city = await refusing(KONSTANZ)
    bad = snapshot(
        navigators=[{"key": "a", "name": ""}, {"key": "a", "name": "B", "seeks": ["x", "y"]}],
        projects=[{"key": "p", "title": "T", "navigators": ["nobody"]}],
    )
    problems = [(p.row, p.field) for p in (await refused(city, bad)).problems]
    assert problems == [
        ("navigators[0]", "name"),
        ("navigators[1]", "key"),
        ("navigators[1]", "seeks"),
        ("navigators[1]", "seeks"),
        ("projects[0]", "navigators"),
    ]


async def test_a_token_writes_its_own_city_only(refusing: Clients) -> None:
    own = snapshot()
    assert (await refused(await refusing(HEILBRONN), own)).reason == "FORBIDDEN"
    assert (await refused(await refusing(None), own)).reason == "FORBIDDEN"
    assert (await refused(await refusing(KONSTANZ, "directory:read"), own)).reason == "FORBIDDEN"


async def test_two_publications_of_one_city_take_turns(clients: Clients) -> None:
    city = await clients(KONSTANZ)
    await publish(city, snapshot())
    rows = [[{"key": f"k{i}-{j}", "name": "N"} for j in range(20)] for i in range(8)]
    await asyncio.gather(*(publish(city, snapshot(navigators=row, projects=[])) for row in rows))
    page = await city.ask("{ navigators(first: 100) { nodes { id } } }")
    assert len(page["navigators"]["nodes"]) == 20


async def test_finding_by_topic_city_and_text(clients: Clients) -> None:
    city, nobody = await clients(KONSTANZ), await clients(None, "events:read")
    await publish(city, snapshot())

    async def names(client: Any, arguments: str) -> list[str]:
        data = await client.ask(f"{{ navigators({arguments}) {{ nodes {{ name department }} }} }}")
        return [n["name"] or n["department"] for n in data["navigators"]["nodes"]]

    assert await names(city, "first: 10") == ["Änne Buche", "Zoë Ahorn"]  # DIN 5007, not by code points
    assert await names(city, 'topic: "finance"') == ["Zoë Ahorn"]
    assert await names(city, 'text: "ZOE"') == ["Zoë Ahorn"]
    assert await names(city, 'text: "hochbau anne"') == ["Änne Buche"]
    assert await names(city, 'text: "%"') == []
    assert await names(city, 'city: "08121000"') == []
    # Names are for the network; others neither read nor search them.
    assert await names(nobody, 'text: "kultur"') == ["Kulturamt"]
    assert await names(nobody, 'text: "zoe"') == []
    projects = await city.ask('{ projects(topic: "e-file") { nodes { title navigators { name } city { name } } } }')
    assert projects["projects"]["nodes"][0]["city"] == {"name": "Konstanz"}


async def test_pages_follow_each_other(clients: Clients) -> None:
    city = await clients(KONSTANZ)
    people = [{"key": f"k{i}", "name": f"Name {i:02}"} for i in range(25)]
    await publish(city, snapshot(navigators=people, projects=[]))
    seen: list[str] = []
    after, more = None, True
    while more:
        page = (
            await city.ask(
                "query ($after: String) { navigators(first: 10, after: $after) {"
                " nodes { name } pageInfo { hasNextPage endCursor } } }",
                after=after,
            )
        )["navigators"]
        seen += [n["name"] for n in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert seen == [p["name"] for p in people]
    for bad in ("zz", "5b5d", "5b22612200", "5b2261222c2262225d"):
        with pytest.raises(Answered) as caught:
            await city.ask("query ($a: String) { navigators(after: $a) { nodes { id } } }", a=bad)
        assert caught.value.reason == "REFUSED"


EXPECTING = """
mutation ($snapshot: SnapshotInput!, $expected: ID) {
  publishDirectory(snapshot: $snapshot, expected: $expected) { city { name } }
}
"""


async def test_cities_at_the_same_moment_share_a_transaction(hub: Hub, clients: Clients) -> None:
    """What is wrong with one of them is its own: it is told in its language, and all others are stored."""
    cities = {f"0833504{number}": await clients(f"0833504{number}") for number in range(3, 9)}
    whole = {ags: snapshot(city={"ags": ags, "name": f"Stadt {ags}"}) for ags in cities}
    first, *_others, wrong, stale = cities
    whole[wrong]["navigators"][1]["offers"] = ["not-a-topic"]
    calls = [publish(cities[ags], value) for ags, value in whole.items() if ags not in {wrong, stale}]
    late = asyncio.create_task(cities[stale].ask(EXPECTING, snapshot=whole[stale], expected=7))
    refusal = asyncio.create_task(refused(cities[wrong], whole[wrong]))
    twice, *stored = await asyncio.gather(publish(cities[first], whole[first] | {"projects": []}), *calls)
    assert all(one["navigators"]["added"] == ["a", "b"] for one in stored[1:])
    assert [one["navigators"]["added"] for one in (twice, stored[0])].count(["a", "b"]) == 1, "one was first"
    assert [(one.row, one.field) for one in (await refusal).problems] == [("navigators[1]", "offers")]
    with pytest.raises(Answered, match="Inzwischen"):
        await late
    async with hub.runtimes["directory"].db.read(HUB) as session:
        found = (await session.execute(text("SELECT ags, client, xmin::text FROM publication ORDER BY id"))).all()
    assert sorted(row[0] for row in found) == sorted([first, *(ags for ags in cities if ags not in {wrong, stale})])
    assert len({row[1] for row in found}) == len(stored), "each is its own client's"
    assert len({row[2] for row in found}) < len(found), "some were stored together"
    assert (await publish(cities[first], whole[first] | {"projects": []}))["navigators"]["unchanged"] == ["a", "b"]
