"""The vocabulary: the seed, what cities propose, what central navigators decide, and what becomes of merged topics."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy import text as sql

from services.cli.client import Answered
from services.directory import topics, vocabulary
from services.directory.models import Topic
from services.directory.topics import TopicRow, derived
from services.kit.db import HUB
from services.kit.service import Hub
from services.kit.settings import Settings
from services.kit.text import folded
from tests.directory.test_publishing import publish, snapshot
from tests.directory.vocabulary_world import (
    BW,
    DRESDEN,
    HEILBRONN,
    KONSTANZ,
    SACHSEN,
    People,
    code,
    data,
    mails,
    people,
    said,
)
from tests.waiting import eventually

PROPOSE = """mutation ($de: String!, $en: String!, $parent: ID, $synonyms: [String!]) {
  proposeTopic(de: $de, en: $en, parent: $parent, synonyms: $synonyms, reason: "Fehlt uns") {
    id status ags city { name } } }"""
DECIDE = """mutation ($id: ID!, $decision: TopicProposalDecision!, $code: ID, $answer: String! = "") {
  decideTopicProposal(id: $id, decision: $decision, code: $code, answer: $answer) {
    status answer topic { code de synonyms ozg parent { code } } } }"""
MERGE = "mutation ($code: ID!, $into: ID!) { mergeTopics(code: $code, into: $into) { code synonyms } }"


@pytest.fixture(scope="module")
def own(settings: Settings) -> Settings:
    return replace(settings, workers=True)


@pytest_asyncio.fixture
async def world(shared: Hub) -> AsyncIterator[People]:
    async with people(shared) as made:
        yield made


async def propose(client: Any, de: str, en: str, **more: Any) -> str:
    return str((await client.ask(PROPOSE, de=de, en=en, **more))["proposeTopic"]["id"])


def test_the_seed_is_a_tree_that_every_town_finds_itself_in() -> None:
    rows = topics.seeds()
    columns = derived({row.code: row for row in rows}, {}, [])
    assert 150 <= len(rows) <= 200
    assert [code for code, values in columns.items()] == [row.code for row in rows]  # written in the tree's order
    assert max(len(values["path"]) for values in columns.values()) == topics.DEEPEST
    assert {field for row in rows for field in row.ozg} == set(topics.OZG)
    assert [row.code for row in rows if not row.ozg or not row.synonyms] == []
    labels = Counter(folded(word) for row in rows for word in (row.de, *row.synonyms))
    assert [word for word, times in labels.items() if times > 1] == []
    assert [
        row.code for row in rows if not vocabulary.CODE.fullmatch(row.code) or row.code in vocabulary.RESERVED
    ] == []


def test_columns_follow_from_seed_proposals_and_merges() -> None:
    base = {
        row.code: row
        for row in (
            TopicRow("a", "A", "A", ozg=("Umwelt",)),
            TopicRow("b", "B", "B", "a", ("b1",)),
            TopicRow("c", "C", "C", "b"),
            TopicRow("d", "D", "D en", "a"),
        )
    }
    found = derived(base, {"b": "d"}, [("b", TopicRow("b", "B neu", "B new"))])
    assert (found["c"]["parent"], found["c"]["path"], found["c"]["ozg"]) == ("d", ["a", "d", "c"], ["Umwelt"])
    assert found["d"]["synonyms"] == ["B neu", "B", "b1"]
    assert found["d"]["search"] == "d d en b neu b b1 b new b"
    assert [code for code in found if found[code]["position"] < 3] == ["a", "d", "c"]
    # A seed that one day puts the topic below what it was merged into makes no circle.
    assert derived({**base, "d": TopicRow("d", "D", "D", "b")}, {"b": "d"}, [])["d"]["path"] == ["d"]


async def test_a_city_proposes_and_its_state_decides(world: People) -> None:
    hub = world.hub
    konstanz, central = await world.clients(KONSTANZ), await world.person(BW, "central")
    contact = {"city": {"ags": KONSTANZ, "name": "Konstanz", "contactEmail": "digital@stadt.example"}}
    await publish(konstanz, snapshot(**contact))
    proposed = await propose(
        konstanz, "Hafenverwaltung", "Harbour office", parent="economy-tourism", synonyms=["Bootsliegeplätze"]
    )
    waiting = "{ topicProposals(status: OPEN) { nodes { id de reason parent { code } city { name } } } }"
    (seen,) = data(await central.graph(waiting))["topicProposals"]["nodes"]
    assert seen == {
        "id": proposed,
        "de": "Hafenverwaltung",
        "reason": "Fehlt uns",
        "parent": {"code": "economy-tourism"},
        "city": {"name": "Konstanz"},
    }
    for stranger in (await world.clients(DRESDEN), await world.clients(HEILBRONN)):
        assert (await stranger.ask(waiting))["topicProposals"]["nodes"] == []
    saxon = await world.person(SACHSEN, "central")
    assert code(await saxon.graph(DECIDE, id=proposed, decision="ACCEPT")) == "NOT_FOUND"
    with pytest.raises(Answered) as caught:
        await konstanz.ask(DECIDE, id=proposed, decision="ACCEPT")
    assert caught.value.reason == "FORBIDDEN"

    done = data(await central.graph(DECIDE, id=proposed, decision="ACCEPT"))["decideTopicProposal"]
    assert done["topic"] == {
        "code": "harbour-office",
        "de": "Hafenverwaltung",
        "synonyms": ["Bootsliegeplätze"],
        "ozg": ["Unternehmensführung & -entwicklung"],
        "parent": {"code": "economy-tourism"},
    }
    assert code(await central.graph(DECIDE, id=proposed, decision="DECLINE", answer="nein")) == "CONFLICT"
    assert await mails(hub, f"topic:{proposed}:%") == 1
    found = await konstanz.ask('{ topics(text: "bootsliege") { nodes { code } } }')
    assert found["topics"]["nodes"] == [{"code": "harbour-office"}]
    people_now = [{"key": "a", "name": "Zoë Ahorn", "offers": ["harbour-office"]}]
    await publish(konstanz, snapshot(navigators=people_now, projects=[], **contact))
    nodes = (await konstanz.ask('{ navigators(topic: "economy-tourism") { nodes { name } } }'))["navigators"]["nodes"]
    assert nodes == [{"name": "Zoë Ahorn"}]


async def test_a_proposal_becomes_a_synonym_or_is_declined_with_an_answer(world: People) -> None:
    konstanz, operator = await world.clients(KONSTANZ), await world.person("hub", "operator")
    one = await propose(konstanz, "Elektronische Ablage", "Electronic filing", synonyms=["E-Ordner"])
    with pytest.raises(Answered) as caught:
        await propose(konstanz, "elektronische ablage", "Other")
    assert [(p.field, p.message) for p in caught.value.problems] == [("de", "Ihre Stadt hat das schon vorgeschlagen.")]
    answer = await operator.graph(DECIDE, id=one, decision="MERGE", code="no-such")
    assert answer["errors"][0]["extensions"]["problems"][0]["field"] == "code"
    done = data(await operator.graph(DECIDE, id=one, decision="MERGE", code="e-file"))["decideTopicProposal"]
    assert done["topic"]["synonyms"][-2:] == ["Elektronische Ablage", "E-Ordner"]

    other = await propose(konstanz, "Wichteln", "Secret Santa")
    silent = await operator.graph(DECIDE, id=other, decision="DECLINE")
    assert silent["errors"][0]["extensions"]["problems"][0]["field"] == "answer"
    done = data(await operator.graph(DECIDE, id=other, decision="DECLINE", answer="Kein Thema der Verwaltung"))
    assert done["decideTopicProposal"]["status"] == "DECLINED"
    mine = await konstanz.ask("{ topicProposals(status: DECLINED) { nodes { answer topic { code } } } }")
    assert mine["topicProposals"]["nodes"] == [{"answer": "Kein Thema der Verwaltung", "topic": None}]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"de": ""}, "de"),
        ({"de": "E-Akte"}, "de"),
        ({"de": "kämmerei"}, "de"),
        ({"en": "x" * 81}, "en"),
        ({"parent": "no-such"}, "parent"),
        ({"parent": "process-workshops"}, "parent"),
        ({"synonyms": ["w"] * 11}, "synonyms"),
        ({"synonyms": ["a\u202eb"]}, "synonyms"),
    ],
)
async def test_what_cannot_be_proposed_is_told_by_field(world: People, changes: dict[str, Any], field: str) -> None:
    client = await world.clients(HEILBRONN)
    with pytest.raises(Answered) as caught:
        await client.ask(PROPOSE, **{"de": "Ganz Neues", "en": "Something new"} | changes)
    assert (caught.value.reason, [p.field for p in caught.value.problems]) == ("REFUSED", [field])


async def test_who_speaks_for_no_city_proposes_nothing(world: People) -> None:
    for client in (await world.clients(None), await world.clients(KONSTANZ, "directory:read")):
        with pytest.raises(Answered) as caught:
            await client.ask(PROPOSE, de="Neu", en="New")
        assert caught.value.reason == "FORBIDDEN"


async def test_merging_moves_what_cities_published(world: People) -> None:
    hub = world.hub
    konstanz, heilbronn = await world.clients(KONSTANZ), await world.clients(HEILBRONN)
    central = await world.person(BW, "central")
    rows = [
        {
            "key": "m",
            "name": "Ida Linde",
            "offers": ["process-management"],
            "visibility": [{"field": "name", "audience": "PUBLIC"}],
        },
        {
            "key": "n",
            "name": "Ben Erle",
            "seeks": ["user-journey"],
            "visibility": [{"field": "entry", "audience": "CITY"}],
        },
    ]
    project = {"key": "q", "title": "Prozesse", "topics": ["process-management", "change-management"]}
    await publish(konstanz, snapshot(navigators=rows, projects=[project]))
    await publish(heilbronn, {"city": {"ags": HEILBRONN, "name": "Heilbronn"}, "navigators": [rows[0]]})

    assert code(await central.graph(MERGE, code="management-methods", into="process-management")) == "REFUSED"
    assert code(await central.graph(MERGE, code="process-management", into="agile-methods")) == "REFUSED"  # too deep
    assert code(await central.graph(MERGE, code="no-such", into="finance")) == "REFUSED"
    kept = data(await central.graph(MERGE, code="process-management", into="change-management"))["mergeTopics"]
    assert (kept["code"], "Prozessmanagement" in kept["synonyms"]) == ("change-management", True)

    asked = """{
      navigators(topic: "change-management") { nodes { name offers { code } } }
      projects(topic: "change-management") { nodes { title topics { code } } }
      city(ags: "08335043") { navigators { nodes { name seeks { code parent { code } } } } }
      topic(code: "process-management") { mergedInto { code } } }"""

    async def moved() -> bool:
        return len((await konstanz.ask(asked))["navigators"]["nodes"]) == 2

    await eventually(moved)
    found = await konstanz.ask(asked)
    assert found["navigators"]["nodes"] == [{"name": "Ida Linde", "offers": [{"code": "change-management"}]}] * 2
    assert found["projects"]["nodes"] == [{"title": "Prozesse", "topics": [{"code": "change-management"}]}]
    assert found["topic"] == {"mergedInto": {"code": "change-management"}}
    # As a filter, the old code finds what the topic finds that it became.
    narrowed = """query ($code: ID!) {
      navigators(topic: $code) { nodes { name } }
      offering: navigators(offers: $code) { nodes { name } }
      seeking: navigators(seeks: "user-journey") { nodes { name } }
      projects(topic: $code) { nodes { title } }
      city(ags: "08335043") { navigators(topic: $code) { nodes { name } } projects(topic: $code) { nodes { title } } }
      topic(code: $code) { navigators { nodes { name } } projects { nodes { title } } }
      search(filters: {topic: $code}) { nodes { __typename } facets { kind { value count } } }
      offered: search(filters: {offers: $code}) { nodes { __typename } } }"""
    now = await konstanz.ask(narrowed, code="change-management")
    assert (len(now["navigators"]["nodes"]), len(now["offering"]["nodes"]), len(now["projects"]["nodes"])) == (2, 2, 1)
    assert await konstanz.ask(narrowed, code="process-management") == now
    # Whom only the own city sees has it too, and is said to nobody.
    below = {"code": "user-journey", "parent": {"code": "change-management"}}
    assert found["city"]["navigators"]["nodes"][-1] == {"name": "Ben Erle", "seeks": [below]}
    assert all(row["name"] != "Ben Erle" for row in await said(hub, "NavigatorPublished"))
    listed = await konstanz.ask("{ topics { nodes { code } } }")
    assert "process-management" not in {node["code"] for node in listed["topics"]["nodes"]}

    # Others heard it: first the topic, then everybody concerned.
    (told,) = await said(hub, "TopicMerged")
    assert told["into"] == "change-management"
    assert {row["offers"][0] for row in (await said(hub, "NavigatorPublished"))[-2:]} == {"change-management"}
    await hub.settle()
    for service in ("matching", "events"):
        async with hub.runtimes[service].db.read(HUB) as session:
            assert await session.scalar(sql("SELECT count(*) FROM topic WHERE code = 'process-management'")) == 0
    async with hub.runtimes["matching"].db.read(HUB) as session:
        offers = await session.scalars(sql("SELECT DISTINCT offers FROM navigator WHERE offers <> '{harbour-office}'"))
        assert list(offers) == [["change-management"]]
        parent = await session.scalar(sql("SELECT parent FROM topic WHERE code = 'user-journey'"))
        assert parent == "change-management"

    # The old code is understood for ever, and a second publication of the same changes nothing.
    again = await publish(konstanz, snapshot(navigators=rows, projects=[project]))
    assert (again["navigators"]["changed"], again["projects"]["changed"]) == ([], [])
    assert data(await central.graph(MERGE, code="change-management", into="project-management"))
    async with hub.runtimes["directory"].db.read(HUB) as session:
        merged = dict(
            (await session.execute(select(Topic.code, Topic.merged_into).where(Topic.merged_into.is_not(None)))).all()
        )
    assert merged == dict.fromkeys(("process-management", "change-management"), "project-management")


async def test_the_seed_takes_nothing_back(world: People) -> None:
    """Run again as at every start: accepted topics, synonyms and merges stand beside it."""
    runtime = world.hub.runtimes["directory"]

    async def stored() -> list[tuple[Any, ...]]:
        columns = (Topic.code, Topic.parent, Topic.synonyms, Topic.path, Topic.merged_into, Topic.changed_at)
        async with runtime.db.read(HUB) as session:
            return [tuple(row) for row in await session.execute(select(*columns).order_by(Topic.position))]

    before = await stored()
    async with runtime.db.begin(HUB) as session:
        assert await vocabulary.seed(session, runtime) == []
    assert await stored() == before
    async with runtime.db.begin(HUB) as session:  # an older release's labels
        await session.execute(sql("UPDATE topic SET de = 'Akte', synonyms = '{}' WHERE code = 'e-file'"))
        assert [message.key() for message in await vocabulary.seed(session, runtime)] == ["e-file"]
    assert [row[:5] for row in await stored()] == [row[:5] for row in before]


async def test_the_pages_of_the_vocabulary(world: People) -> None:
    editor, central = await world.person(HEILBRONN, "editor"), await world.person(BW, "central")
    tree = await editor.http.get("/topics")
    assert tree.status_code == 200
    assert (
        tree.text.index("Kommunale Finanzen")
        < tree.text.index("Haushaltsplanung")
        < tree.text.index("Umwelt und Klima")
    )
    page = await editor.http.get("/topics/proposals")
    bad = await editor.submit(page, "/topics/proposals", de="Kämmerei", en="Treasury")
    assert (bad.status_code, "Das Vokabular hat das schon" in bad.text) == (422, True)
    sent = await editor.submit(page, "/topics/proposals", de="Weinbau", en="Viticulture", synonyms="Rebflächen, Winzer")
    assert (sent.status_code, sent.headers["location"]) == (303, "/topics/proposals")
    page = await central.http.get("/topics/proposals")
    assert "Rebflächen, Winzer" in page.text
    refused = await central.submit(page, "/topics/proposals/decide", step="DECLINE")
    assert (refused.status_code, "Antwort an die Stadt" in refused.text) == (422, True)
    assert (await central.submit(page, "/topics/proposals/decide", step="ACCEPT")).status_code == 303
    assert "Winzer" in (await editor.http.get("/topics/viticulture")).text
    assert "Zusammenführen" not in (await editor.http.get("/topics/viticulture")).text
    page = await central.http.get("/topics/viticulture")
    done = await central.submit(page, "/topics/viticulture/merge", into="agriculture-forestry")
    assert done.headers["location"] == "/topics/agriculture-forestry"
    gone = (await editor.http.get("/topics/viticulture")).text
    assert "An seiner Stelle" in gone
    assert (await editor.http.get("/topics/no-such")).status_code == 404
