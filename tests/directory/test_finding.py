"""Finding with ranks: what answers a question, in which order, for whom."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.cli.client import Answered, Client
from services.cli.demo import PUBLISH
from services.directory.finding import dictionary
from services.directory.finding.terms import known
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients

KONSTANZ, HEILBRONN, SPEYER, WOHNHEIM = "08335043", "08121000", "07318000", "08335001"
SEARCH = """query ($text: String! = "", $kinds: [SearchKind!], $filters: SearchFilters) {
  search(text: $text, kinds: $kinds, filters: $filters, first: 50) {
    edges { match node { __typename ... on City { called: name } ... on Project { called: title } ... on Topic { code }
      ... on Navigator { name department } } } } }"""
CITIES: dict[str, dict[str, Any]] = {
    KONSTANZ: {
        "city": {"ags": KONSTANZ, "name": "Konstanz", "kind": "Große Kreisstadt", "population": 85859},
        "navigators": [
            {"key": "a", "name": "Zoë Ahorn", "department": "Kulturamt", "offers": ["e-file"], "seeks": ["e-invoice"],
             "languages": ["de", "fr"], "profile": "VOLUNTARY"},
            {"key": "b", "name": "Änne Buche", "department": "Kreisarchiv", "worksOn": ["land-use-planning"],
             "coordinator": True, "visibility": [{"field": "worksOn", "audience": "NETWORK"}]},
            {"key": "c", "name": "Ben Ulme", "department": "Amt für Aktenführung", "visibility": [
                {"field": "entry", "audience": "NETWORK"}]},
        ],
        "projects": [
            {"key": "p", "title": "Die Akte der Zukunft", "stage": "RUNNING", "topics": ["e-file"]},
            {"key": "q", "title": "Bauleitplanung im Netz", "stage": "IDEA", "topics": ["land-use-planning"]},
        ],
    },
    HEILBRONN: {
        "city": {"ags": HEILBRONN, "name": "Heilbronn", "kind": "Stadtkreis", "population": 127000},
        "navigators": [
            {"key": "d", "name": "Cem Esche", "department": "Aemter und Ämterchen", "offers": ["e-invoice"]},
            {"key": "e", "name": "Dana Fichte", "offers": ["finance"]},
        ],
        "projects": [{"key": "r", "title": "Aktenplan", "summary": "Akten ordnen", "stage": "DONE"}],
    },
    SPEYER: {
        "city": {"ags": SPEYER, "name": "Speyer", "kind": "Stadt", "population": 50000},
        "navigators": [{"key": "f", "name": "Emil Linde", "offers": ["culture"]}],
    },
}  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def world(shared: Hub) -> AsyncIterator[Clients]:
    clients = Clients(shared, [])
    for ags, snapshot in CITIES.items():
        await (await clients(ags)).ask(PUBLISH, snapshot=snapshot)
    runtime = shared.runtimes["directory"]
    async with runtime.db.begin(HUB) as session:
        assert await dictionary.refresh(session, await known(session, runtime.memory))
    yield clients
    for client in clients.made:
        await client.close()


@pytest_asyncio.fixture(scope="module")
async def network(world: Clients) -> Client:
    return await world(KONSTANZ)


@pytest_asyncio.fixture(scope="module")
async def public(world: Clients) -> Client:
    return await world(None, "events:read")


async def found(client: Client, text: str = "", **variables: Any) -> list[tuple[str, str]]:
    """(match, what it is called) of everything."""
    edges = (await client.ask(SEARCH, text=text, **variables))["search"]["edges"]
    return [(edge["match"], _called(edge["node"])) for edge in edges]


def _called(node: dict[str, Any]) -> str:
    return str(node.get("called") or node.get("code") or node["name"] or node["department"] or node["__typename"])


async def names(client: Client, text: str = "", **variables: Any) -> list[str]:
    return [name for _match, name in await found(client, text, **variables)]


@pytest.mark.parametrize(
    "text", ["Aktenführung", "E-Akte", "eakte", "elektronische Akte", "Aktenplan", "DMS", "e akten"]
)
async def test_the_same_thing_by_other_words(network: Client, text: str) -> None:
    everything = await names(network, text)
    assert {"Zoë Ahorn", "Die Akte der Zukunft"} <= set(everything)
    assert "Emil Linde" not in everything


async def test_the_best_comes_first(network: Client) -> None:
    everything = await found(network, "Akte")
    assert everything[0] == ("EXACT", "e-file")
    assert [one for one in everything if " " in one[1] or one[1] == "Aktenplan"] == [
        ("EXACT", "Die Akte der Zukunft"),
        ("PREFIX", "Aktenplan"),
        ("PREFIX", "Ben Ulme"),
        ("MEANING", "Zoë Ahorn"),
    ]


async def test_umlauts_both_ways_and_the_end_of_a_compound(network: Client) -> None:
    people = {"kinds": ["NAVIGATOR"]}
    assert await found(network, "Aemter", **people) == await found(network, "Ämter", **people)
    assert (await found(network, "Ämter", **people))[:2] == [("EXACT", "Cem Esche"), ("STEM", "Ben Ulme")]
    assert await found(network, "Archiv", **people) == [("MEANING", "Änne Buche")]


async def test_a_city_in_the_question_narrows_it(network: Client) -> None:
    assert await names(network, "Akte Konstanz") == ["Die Akte der Zukunft", "Ben Ulme", "Zoë Ahorn"]
    assert (await names(network, "Heilbronn"))[0] == "Heilbronn"


async def test_mistyped_words_find_what_looks_like_them(network: Client) -> None:
    assert ("SIMILAR", "Bauleitplanung im Netz") in await found(network, "Bauleitplannung")
    assert await found(network, "Ahron") == [("SIMILAR", "Zoë Ahorn")]
    assert await found(network, "xqzzkw") == []


async def test_the_public_finds_nobody_by_what_it_may_not_see(public: Client, network: Client) -> None:
    for text in ("Zoë", "Ahorn", "Ahron", "Ulme", "Aktenführung Ulme"):
        assert [one for one in await found(public, text) if one[0] != "MEANING"] == [], text
    assert "Kreisarchiv" not in await names(public, "Bauleitplanung")  # works on it for the network only
    assert "Änne Buche" in await names(network, "Bauleitplanung")
    assert "Amt für Aktenführung" not in await names(public, "Aktenführung")  # listed for the network only
    assert await names(public, filters={"language": "fr"}) == []
    assert await names(network, filters={"language": "fr"}) == ["Zoë Ahorn"]


FACETS = """query ($text: String! = "") { search(text: $text) { facets { kind { value count } language { value count }
  state { value label count } topic { value count } profile { value count } stage { value count }
  sizeClass { value count } } } }"""


async def facets(client: Client, text: str = "") -> dict[str, dict[str, int]]:
    counted = (await client.ask(FACETS, text=text))["search"]["facets"]
    return {name: {one["value"]: one["count"] for one in values} for name, values in counted.items()}


async def test_counts_are_of_what_the_asker_sees(public: Client, network: Client) -> None:
    inside, outside = await facets(network), await facets(public)
    assert (inside["kind"]["NAVIGATOR"], outside["kind"]["NAVIGATOR"]) == (6, 5)
    assert (inside["language"], outside["language"]) == ({"de": 1, "fr": 1}, {})
    assert (inside["topic"]["land-use-planning"], outside["topic"]["land-use-planning"]) == (2, 1)
    assert outside["topic"]["finance"] == 3  # with its narrower ones
    assert outside["state"] == {"08": 9, "07": 2}
    assert not any((await facets(public, "Ahorn")).values())


async def test_facets_count_what_the_pages_hold(network: Client) -> None:
    everything = await found(network, "Akte")
    assert sum((await facets(network, "Akte"))["kind"].values()) == len(everything)


async def test_filters_narrow_and_leave_out_what_has_no_such_field(network: Client) -> None:
    for wanted, expected in (
        ({"state": "07"}, ["Emil Linde", "Speyer"]),
        ({"offers": "finance"}, ["Cem Esche", "Dana Fichte"]),
        ({"seeks": "e-invoice"}, ["Zoë Ahorn"]),
        ({"coordinator": True}, ["Änne Buche"]),
        ({"stage": "DONE"}, ["Aktenplan"]),
        ({"profile": "VOLUNTARY", "sizeClass": "MEDIUM_TOWN"}, ["Zoë Ahorn"]),
        ({"topic": "document-management", "stage": "RUNNING"}, ["Die Akte der Zukunft"]),
        ({"city": SPEYER, "stage": "DONE"}, []),
    ):
        assert sorted(await names(network, filters=wanted)) == sorted(expected), wanted


async def test_lists_take_the_same_filters(network: Client, public: Client) -> None:
    query = """query ($n: String, $l: String) { navigators(state: $n, language: $l, first: 100) { nodes { name } }
      projects(stage: IDEA, sizeClass: MEDIUM_TOWN) { nodes { title } } cities(state: "07") { nodes { name } }
      offers: navigators(offers: "finance") { nodes { id } } }"""
    inside = await network.ask(query, n="08", l="de")
    assert [one["name"] for one in inside["navigators"]["nodes"]] == ["Zoë Ahorn"]
    assert [one["title"] for one in inside["projects"]["nodes"]] == ["Bauleitplanung im Netz"]
    assert [one["name"] for one in inside["cities"]["nodes"]] == ["Speyer"]
    assert len(inside["offers"]["nodes"]) == 2
    assert (await public.ask(query, l="de"))["navigators"]["nodes"] == []


@pytest.mark.parametrize(
    "wrong",
    [{"state": "99"}, {"city": "1"}, {"topic": "no-such"}, {"offers": "no-such"}, {"language": "d e"}],
)
async def test_a_filter_that_can_find_nothing_is_refused(network: Client, wrong: dict[str, str]) -> None:
    with pytest.raises(Answered) as caught:
        await names(network, filters=wrong)
    assert caught.value.reason == "REFUSED"


async def test_who_offers_what_i_seek(network: Client, public: Client) -> None:
    query = """{ whoOffers(topics: ["e-invoice"]) { nodes { name city { ags } } }
      city(ags: "08335043") { similar(first: 2) { name } navigators { nodes { name matches { name } } } } }"""
    answer = await network.ask(query)
    assert [one["name"] for one in answer["whoOffers"]["nodes"]] == [
        "Cem Esche",
        "Dana Fichte",
    ]  # the wider topic later
    matches = {
        one["name"]: [match["name"] for match in one["matches"]] for one in answer["city"]["navigators"]["nodes"]
    }
    assert matches == {"Änne Buche": [], "Ben Ulme": [], "Zoë Ahorn": ["Cem Esche", "Dana Fichte"]}
    assert [one["name"] for one in answer["city"]["similar"]] == ["Heilbronn", "Speyer"]
    assert len((await public.ask(query))["whoOffers"]["nodes"]) == 2


async def test_suggestions_tell_names_to_the_network_only(network: Client, public: Client) -> None:
    query = "query ($text: String!) { suggest(text: $text) { kind label hint } }"

    async def suggested(client: Client, text: str) -> list[tuple[str, str]]:
        return [(one["kind"], one["label"]) for one in (await client.ask(query, text=text))["suggest"]]

    assert await suggested(network, "aho") == [("NAVIGATOR", "Zoë Ahorn")]
    assert await suggested(network, "zoe a") == [("NAVIGATOR", "Zoë Ahorn")]
    for text in ("aho", "zoe a", "ahron"):
        assert await suggested(public, text) == []
    for client in (network, public):
        assert await suggested(client, "heil") == [("CITY", "Heilbronn")]
        assert await suggested(client, "bauleitplann") == [
            ("TOPIC", "Bauleitplanung"), ("PROJECT", "Bauleitplanung im Netz")
        ]  # fmt: skip
        for text in ("", "'", "%", ":* | !", "\\"):
            assert await suggested(client, text) == []
