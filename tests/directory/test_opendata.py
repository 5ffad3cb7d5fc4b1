"""Open data as programs and portals take it: files, ETags, vocabulary and catalogue read back as linked data."""

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from rdflib import DCAT, RDF, SKOS, Graph, Literal, Namespace, URIRef
from rdflib import DCTERMS as DCT
from sqlalchemy import text as sql

from services.directory.opendata import LICENCE_ID, files
from services.directory.opendata.datasets import DATASETS
from services.directory.topics import OZG, seeds
from services.kit.db import HUB
from services.kit.service import Hub
from tests.directory.test_publishing import publish, snapshot
from tests.directory.vocabulary_world import BW, HEILBRONN, KONSTANZ, People, data, people

DCATDE = Namespace("http://dcat-ap.de/def/dcatde/")
EU = Namespace("http://publications.europa.eu/resource/authority/")
LINKED = {"accept": "application/ld+json"}
PUBLIC_NAME = [{"field": "name", "audience": "PUBLIC"}, {"field": "phone", "audience": "PUBLIC"}]
ROWS = [
    {
        "key": "a",
        "name": "Zoë Ahorn",
        "title": "Lotsin",
        "offers": ["finance"],
        "phone": "+49 7531 1",
        "visibility": PUBLIC_NAME,
    },
    {"key": "b", "name": "Änne Buche", "email": "b@stadt.example", "department": "=HYPERLINK(1)", "room": "2.01"},
    {"key": "c", "name": "Ömer Esche", "visibility": [{"field": "entry", "audience": "NETWORK"}]},
    {"key": "d", "name": "Ben Erle", "visibility": [{"field": "offers", "audience": "CITY"}], "offers": ["e-file"]},
]
PROJECT = {
    "key": "p",
    "title": "@E-Akte; für „alle“",
    "summary": "Zeile",
    "topics": ["e-file", "finance"],
    "navigators": ["a", "c"],
    "links": [{"url": "https://stadt.example/akte", "label": "Mehr"}],
}


@pytest_asyncio.fixture
async def world(shared: Hub) -> AsyncIterator[People]:
    async with people(shared) as made:
        konstanz = await made.clients(KONSTANZ)
        await publish(
            konstanz, snapshot(navigators=ROWS, projects=[PROJECT], departments=[{"key": "k", "name": "Kultur"}])
        )
        yield made


@pytest_asyncio.fixture
async def http(shared: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False, timeout=30) as made:
        yield made


async def lines(http: httpx.AsyncClient, name: str) -> list[dict[str, Any]]:
    answer = await http.get(f"/open-data/{name}.jsonl")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jsonl")
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_people_are_shown_as_the_public_sees_them(world: People, http: httpx.AsyncClient) -> None:
    found = await lines(http, "navigators")
    assert [tuple(row) for row in found] == [DATASETS["navigators"].columns] * 3
    by_name = {row["name"] or row["department"]: row for row in found}
    assert set(by_name) == {"Zoë Ahorn", "=HYPERLINK(1)", ""}
    assert (by_name["Zoë Ahorn"]["title"], by_name["Zoë Ahorn"]["offers"]) == ("Lotsin", ["finance"])
    assert by_name[""]["offers"] is None  # Ben Erle shows his topics to his city only
    everything = (await http.get("/open-data/navigators.jsonl")).text + (
        await http.get("/open-data/navigators.csv")
    ).text
    for kept_back in ("Änne", "Esche", "Erle", "7531", "b@stadt", "2.01", "e-file"):
        assert kept_back not in everything
    # The same as the graph shows to somebody unknown.
    asked = {"query": "{ navigators(first: 100) { nodes { id name title department offers { code } } } }"}
    nodes = (await http.post("/graphql", json=asked)).json()["data"]["navigators"]["nodes"]
    assert [(n["id"], n["name"], n["title"], n["department"]) for n in nodes] == [
        (row["id"], row["name"], row["title"], row["department"]) for row in found
    ]
    (project,) = await lines(http, "projects")
    assert project["navigators"] == [by_name["Zoë Ahorn"]["id"]]  # not whom the public does not see
    assert project["links"] == ["https://stadt.example/akte"]
    assert [row["name"] for row in await lines(http, "departments")] == ["Kultur"]
    assert [row["ags"] for row in await lines(http, "cities")] == [KONSTANZ]


async def test_csv_opens_in_german_offices_and_runs_nothing(world: People, http: httpx.AsyncClient) -> None:
    answer = await http.get("/open-data/projects.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="lotsennetz-projects.csv"'
    assert answer.content.startswith("\ufeffid;ags;title;".encode())
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    assert (row["title"], row["topics"], row["seeks_partners"]) == ("'@E-Akte; für „alle“", "e-file | finance", "false")
    assert "'=HYPERLINK(1)" in (await http.get("/open-data/navigators.csv")).text


@pytest.mark.parametrize("value", ["=1", "+49", "-1", "@a", "\t=1", "＝1", ["=1", "b"]])
def test_no_cell_is_a_formula(value: Any) -> None:
    assert files.cell(value).startswith("'")


async def test_the_tag_moves_with_everything_that_changes(world: People, http: httpx.AsyncClient) -> None:
    konstanz = await world.clients(KONSTANZ)

    async def tag(name: str = "projects.csv") -> str:
        answer = await http.get(f"/open-data/{name}")
        assert answer.headers["etag"].startswith('"')
        again = await http.get(f"/open-data/{name}", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
        same = await http.get(f"/open-data/{name}", headers={"if-none-match": '"other"'})
        assert (same.content, same.headers["etag"]) == (answer.content, answer.headers["etag"])
        return str(answer.headers["etag"])

    seen = [await tag()]
    await publish(konstanz, snapshot(navigators=ROWS, projects=[PROJECT | {"title": "Neu"}]))  # says nothing of people
    seen.append(await tag())
    await publish(konstanz, snapshot(navigators=ROWS[:2], projects=[]))
    seen.append(await tag())
    heilbronn = await world.clients(HEILBRONN)
    await publish(heilbronn, {"city": {"ags": HEILBRONN, "name": "Heilbronn"}})
    seen.append(await tag())
    central = await world.person(BW, "central")
    data(await central.graph('mutation { mergeTopics(code: "panoramic-images", into: "web-maps") { code } }'))
    seen.append(await tag())
    ask = f'mutation {{ proposePartnership(other: "{HEILBRONN}") {{ id }} }}'
    made = (await konstanz.ask(ask))["proposePartnership"]["id"]
    assert await tag() == seen[-1]  # nobody else knows of a proposal
    await heilbronn.ask("mutation ($id: ID!) { answerPartnership(id: $id, accept: true) { id } }", id=made)
    seen.append(await tag())
    assert [(row["ags"], row["other"]) for row in await lines(http, "partnerships")] == [(KONSTANZ, HEILBRONN)]
    await heilbronn.ask("mutation ($id: ID!) { endPartnership(id: $id) { id } }", id=made)
    seen.append(await tag())
    assert len(set(seen)) == len(seen)
    assert await lines(http, "partnerships") == []


async def test_many_rows_come_whole(world: People, http: httpx.AsyncClient) -> None:
    """More than a cursor fetches at a time, and read by several at once."""
    async with world.hub.runtimes["directory"].db.begin(HUB) as session:
        await session.execute(
            sql("""INSERT INTO navigator (id, ags, key, title, department, offers, seeks, works_on, shown_public)
                SELECT gen_random_uuid(), :ags, 'many' || n, '', 'Amt ' || n, '{}', '{}', '{}', 4
                FROM generate_series(1, 3000) n"""),
            {"ags": KONSTANZ},
        )
        await session.execute(sql("UPDATE city SET publication = publication + 1000"))
    found = [
        row["department"] for row in await lines(http, "navigators") if (row["department"] or "").startswith("Amt ")
    ]
    assert sorted(found) == sorted(f"Amt {n}" for n in range(1, 3001))
    answer = await http.get("/open-data/navigators.csv")
    assert len(answer.content) == int(answer.headers["content-length"])


async def test_what_is_no_file_is_not_found(http: httpx.AsyncClient) -> None:
    for path in ("accounts.csv", "navigators", "navigators.xlsx", "navigators.csv.jsonl", ".csv"):
        assert (await http.get(f"/open-data/{path}")).status_code == 404


# Linked data ------------------------------------------------------------------------------------------------------


pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # rdflib's own parser uses it


async def graph(http: httpx.AsyncClient, path: str) -> Graph:
    answer = await http.get(path, headers=LINKED)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/ld+json")
    assert (await http.get(path, headers={"if-none-match": answer.headers["etag"]} | LINKED)).status_code == 304
    return Graph().parse(data=answer.text, format="json-ld")


def languages(found: Graph, of: Any, said: URIRef) -> list[str]:
    return sorted(str(text.language) for text in found.objects(of, said) if isinstance(text, Literal))


async def test_the_vocabulary_is_skos(world: People, shared: Hub, http: httpx.AsyncClient) -> None:
    central = await world.person(BW, "central")
    await central.graph('mutation { mergeTopics(code: "drinking-water", into: "wastewater") { code } }')
    hub = shared.settings.issuer
    found = await graph(http, "/topics.jsonld")
    scheme = URIRef(f"{hub}/topics")

    def topic(code: str) -> URIRef:
        return URIRef(f"{hub}/topics/{code}")

    concepts = set(found.subjects(SKOS.inScheme, scheme))
    assert len(concepts) >= len(seeds())
    assert (scheme, RDF.type, SKOS.ConceptScheme) in found
    assert (topic("e-file"), SKOS.prefLabel, Literal("E-Akte", "de")) in found
    assert (topic("e-file"), SKOS.prefLabel, Literal("E-file", "en")) in found
    assert (topic("e-file"), SKOS.altLabel, Literal("elektronische Akte", "de")) in found
    assert (topic("e-file"), SKOS.broader, topic("document-management")) in found
    assert (scheme, SKOS.hasTopConcept, topic("document-management")) in found
    # What is broader has it as narrower, and the other way round.
    assert {(s, o) for s, o in found.subject_objects(SKOS.broader)} == {
        (o, s) for s, o in found.subject_objects(SKOS.narrower)
    }
    # One label in each language, and no concept without.
    for concept in concepts:
        assert languages(found, concept, SKOS.prefLabel) == ["de", "en"]
    fields = set(found.subjects(SKOS.inScheme, URIRef(f"{hub}/topics.jsonld#ozg")))
    assert {str(label) for field in fields for label in found.objects(field, SKOS.prefLabel)} == set(OZG)
    umwelt = next(found.subjects(SKOS.prefLabel, Literal("Umwelt", "de")))
    assert (topic("environment-climate"), SKOS.exactMatch, umwelt) in found
    assert (topic("waste-management"), SKOS.broadMatch, umwelt) in found
    assert (topic("drinking-water"), DCT.isReplacedBy, topic("wastewater")) in found
    assert (topic("drinking-water"), SKOS.inScheme, scheme) in found
    # Each topic by itself says the same of itself.
    alone = await graph(http, "/topics/document-management")
    assert set(alone) <= set(found)
    assert (topic("document-management"), SKOS.narrower, topic("e-file")) in alone


async def test_a_topic_is_a_page_for_people_and_data_for_programs(http: httpx.AsyncClient) -> None:
    page = await http.get("/topics/e-file", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert "accept" in page.headers["vary"].split(", ")
    assert (await http.get("/topics", headers=LINKED)).headers["location"] == "/topics.jsonld"
    gone = await http.get("/topics/no-such", headers=LINKED)
    assert (gone.status_code, gone.headers["content-type"]) == (404, "application/problem+json")


async def test_portals_can_harvest_the_catalogue(shared: Hub, http: httpx.AsyncClient) -> None:
    found = await graph(http, "/open-data/catalog.jsonld")
    (catalogue,) = found.subjects(RDF.type, DCAT.Catalog)
    sets = set(found.objects(catalogue, DCAT.dataset))
    assert len(sets) == len(DATASETS) + 1
    for one in (catalogue, *sets):
        assert languages(found, one, DCT.title) == ["de", "en"]
        assert all(found.value(one, wanted) for wanted in (DCT.description, DCT.publisher))
    for one in sets:
        assert (one, DCAT.theme, EU["data-theme/GOVE"]) in found
        for file in found.objects(one, DCAT.distribution):
            assert (file, DCT.license, URIRef(LICENCE_ID)) in found
            assert found.value(file, DCATDE.licenseAttributionByText)
            url = str(found.value(file, DCAT.downloadURL))
            assert (await http.get(url.removeprefix(shared.settings.issuer))).status_code == 200


async def test_the_page_explains_every_column(http: httpx.AsyncClient) -> None:
    page = await http.get("/open-data", headers={"accept": "text/html", "accept-language": "de"})
    assert "Datenlizenz Deutschland" in page.text
    for name, one in DATASETS.items():
        assert f"/open-data/{name}.csv" in page.text
        assert all(f"<code>{column}</code>" in page.text for column in one.columns)
