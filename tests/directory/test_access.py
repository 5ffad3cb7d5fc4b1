"""Who may do and see what, asked of the schemas themselves; and what a hostile snapshot is answered."""

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

from services.app import SERVICES, chosen
from services.cli.client import Client
from services.cli.demo import PUBLISH
from services.directory.access import CLIENT_SCOPES
from services.directory.oauth import clients as oauth_clients
from services.directory.snapshot import Identities
from services.kit.db import HUB
from services.kit.rights import Right, right_of
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.conftest import SECRET, Clients
from tests.directory.test_publishing import HEILBRONN, KONSTANZ, snapshot

SCHEMAS: dict[str, GraphQLSchema] = {service.name: service.schema._schema for service in chosen()}
MUTATIONS = [
    (service, name)
    for service, schema in SCHEMAS.items()
    if schema.mutation_type
    for name in schema.mutation_type.fields
]
SCALARS: dict[str, Any] = {
    "String": "x", "ID": "x", "Int": 1, "Float": 1.0, "Boolean": True, "Date": "2030-01-01",
    "DateTime": "2030-01-01T00:00:00+00:00", "Time": "10:00:00", "UUID": str(uuid.UUID(int=1)), "JSON": {},
}  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def hub(shared: Hub) -> Hub:
    """One hub in which Konstanz has published Zoë Ahorn and Änne Buche."""
    async with shared.runtimes["directory"].db.begin(HUB) as session:
        made = await oauth_clients.add(session, "test", KONSTANZ, CLIENT_SCOPES)
    client = Client(shared.settings.issuer, made.client_id, made.client_secret)
    await client.ask(PUBLISH, snapshot=snapshot())
    await client.close()
    return shared


@pytest_asyncio.fixture
async def nobody(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"accept-language": "en"}
    async with httpx.AsyncClient(base_url=hub.settings.issuer, headers=headers, trust_env=False, timeout=60) as client:
        yield client


async def ask(client: httpx.AsyncClient | Client, query: str, path: str = "/graphql", **variables: Any) -> Any:
    """The whole answer, errors included."""
    body = {"query": query, "variables": variables}
    if isinstance(client, Client):
        answer = await client.http.post(f"{client.url}{path}", json=body, headers=await client.headers())
    else:
        answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def code(answer: Any) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


# Mutations -------------------------------------------------------------------------------------------------------


def least(type_: Any) -> Any:
    """The smallest value of an input type."""
    type_ = get_nullable_type(type_)
    if is_list_type(type_):
        return [least(type_.of_type)]
    if isinstance(type_, GraphQLInputObjectType):
        return {name: least(field.type) for name, field in type_.fields.items() if is_required_input_field(field)}
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    return SCALARS[type_.name]


def call(service: str, name: str) -> tuple[str, dict[str, Any]]:
    """A mutation with the least arguments the schema takes."""
    mutation = SCHEMAS[service].mutation_type
    assert mutation
    field = mutation.fields[name]
    needed = {arg: given for arg, given in field.args.items() if is_required_argument(given)}
    head = ", ".join(f"${arg}: {given.type}" for arg, given in needed.items())
    body = ", ".join(f"{arg}: ${arg}" for arg in needed)
    parts = "" if is_leaf_type(get_named_type(field.type)) else "{ __typename }"
    query = f"mutation ({head}) {{ {name}({body}) {parts} }}" if needed else f"mutation {{ {name} {parts} }}"
    return query, {arg: least(given.type) for arg, given in needed.items()}


def right(service: str, name: str) -> Right:
    found = right_of(SERVICES[service].rights, "Mutation", name)
    assert found
    return found


SCOPED = [(s, n) for s, n in MUTATIONS if right(s, n).scope and n != "decideRegistration"]


@pytest.mark.parametrize(("service", "name"), SCOPED)
async def test_every_mutation_needs_the_scope_to_write(
    clients: Clients, nobody: httpx.AsyncClient, service: str, name: str
) -> None:
    """The list comes from the schemas: a new mutation is tested before anybody thinks of it."""
    query, variables = call(service, name)
    others = [scope for scope in CLIENT_SCOPES if scope != f"{service}:write"]
    reader = await clients(KONSTANZ, *others)
    for path in ("/graphql", f"/{service}/graphql"):
        assert code(await ask(nobody, query, path, **variables)) == "UNAUTHENTICATED"
        assert code(await ask(reader, query, path, **variables)) == "FORBIDDEN"


def test_what_needs_no_scope_needs_a_link() -> None:
    free = {(s, n): right(s, n).who for s, n in MUTATIONS if not right(s, n).scope}
    assert {key for key, who in free.items() if " link" not in who} == {
        ("directory", "decideRegistration"), ("directory", "applyAsNavigator"),
    }  # fmt: skip


def test_there_are_mutations_to_test() -> None:
    assert {service for service, _name in MUTATIONS} == {"directory", "matching", "events"}


@pytest.mark.parametrize("ags", [HEILBRONN, "08335043 ", "8335043", "", "x", "0" * 8, "٠٨٣٣٥٠٤٣"])
async def test_a_city_publishes_itself_only(clients: Clients, ags: str) -> None:
    city = await clients(KONSTANZ)
    value = snapshot(city={"ags": ags, "name": "Konstanz"})
    assert code(await ask(city, PUBLISH, snapshot=value)) == ("FORBIDDEN" if ags == HEILBRONN else "REFUSED")


async def test_a_city_is_part_of_the_events_it_makes(clients: Clients) -> None:
    city = await clients(KONSTANZ)
    create = "mutation ($e: EventInput!) { createEvent(event: $e) { id } }"
    foreign = {"title": "T", "date": "2030-01-01", "host": HEILBRONN}
    assert code(await ask(city, create, e=foreign)) == "FORBIDDEN"


# What is seen ----------------------------------------------------------------------------------------------------


ONE = str(Identities(Settings(secret=SECRET).derived("identities"), KONSTANZ).navigator("a"))
WAYS = {
    "one": f'{{ navigator(id: "{ONE}") {{ name }} }}',
    "all": "{ navigators { nodes { name } edges { cursor node { name } } pageInfo { startCursor endCursor } } }",
    "by topic": '{ navigators(topic: "finance") { nodes { name } } }',
    "by text": '{ navigators(text: "kultur") { nodes { name } edges { cursor } } }',
    "of a city": f'{{ city(ags: "{KONSTANZ}") {{ navigators {{ nodes {{ name }} edges {{ cursor }} }} }} }}',
    "of all cities": "{ cities { nodes { navigators { edges { cursor node { name } } } } } }",
    "of projects": "{ projects { nodes { navigators { name projects { navigators { name } } } } } }",
    "of a city's projects": f'{{ city(ags: "{KONSTANZ}") {{ projects {{ nodes {{ navigators {{ name }} }} }} }} }}',
}
NAMES = ("Zoë", "zoe", "Ahorn", "Änne", "anne", "Buche")


def found(answer: Any, key: str) -> list[Any]:
    """All values of `key`, wherever they stand."""
    if isinstance(answer, list):
        return [value for item in answer for value in found(item, key)]
    if isinstance(answer, dict):
        return [v for k, value in answer.items() for v in ([value] if k == key else found(value, key))]
    return []


@pytest.mark.parametrize("way", WAYS)
async def test_names_are_for_the_network(clients: Clients, nobody: httpx.AsyncClient, way: str) -> None:
    strangers: list[httpx.AsyncClient | Client] = [nobody]
    strangers += [await clients(None, "events:read"), await clients(KONSTANZ, "directory:write")]
    for path in ("/graphql", "/directory/graphql"):
        for client in strangers:
            answer = await ask(client, WAYS[way], path)
            assert set(found(answer, "name")) == {None}
            told = json.dumps(answer, ensure_ascii=False).casefold()
            for key in ("cursor", "startCursor", "endCursor"):
                told += "".join(bytes.fromhex(cursor).decode() for cursor in found(answer, key)).casefold()
            assert [name for name in NAMES if name.casefold() in told] == []
        known = await ask(await clients(None, "directory:read"), WAYS[way], path)
        assert set(found(known, "name")) <= {"Zoë Ahorn", "Änne Buche"}
        assert None not in found(known, "name")


async def test_a_router_gets_no_names_for_nobody(nobody: httpx.AsyncClient) -> None:
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Navigator { name department } } }"
    answer = await ask(nobody, query, "/directory/graphql", r=[{"__typename": "Navigator", "id": ONE}])
    assert answer["data"]["_entities"] == [{"name": None, "department": "Kulturamt"}]


async def test_neither_order_nor_search_nor_a_cursor_of_others_tells_names(
    clients: Clients, nobody: httpx.AsyncClient
) -> None:
    listed = "query ($t: String, $a: String) { navigators(text: $t, after: $a) { nodes { id } edges { cursor } } }"
    ids = found(await ask(nobody, listed), "id")
    assert ids == sorted(ids)
    for name in NAMES:
        assert found(await ask(nobody, listed, t=name), "id") == []
    for sort_key in ("a", "m", "z"):
        # Whoever may not see names learns nothing from asking who comes after one.
        cursor = msgspec.json.encode([sort_key, "00000000-0000-0000-0000-000000000000"]).hex()
        assert found(await ask(nobody, listed, a=cursor), "id") == ids
    network = await ask(await clients(None, "directory:read"), listed)
    assert len(found(network, "cursor")) == 2


# Hostile snapshots -----------------------------------------------------------------------------------------------


def person(**values: Any) -> dict[str, Any]:
    return snapshot(navigators=[{"key": "a", "name": "A", **values}], projects=[])


def city_with(**values: Any) -> dict[str, Any]:
    return snapshot(city={"ags": KONSTANZ, "name": "Konstanz", **values})


def project(**values: Any) -> dict[str, Any]:
    return snapshot(navigators=[], projects=[{"key": "p", "title": "P", **values}])


ROW, CITY, PROJECT = "navigators[0]", "city", "projects[0]"
REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a megabyte of name": (person(name="A" * 1_000_000), ROW, "name"),
    "a million accents": (person(name="a" + "\u0301\u0323" * 400_000), ROW, "name"),
    "a thousand accents": (project(summary="a" + "\u0301" * 1_000), PROJECT, "summary"),
    "zero-width space": (person(name="A\u200bB"), ROW, "name"),
    "nothing to see": (person(name="\u200d\u200d"), ROW, "name"),
    "isolates": (person(department="\u2067A\u2069"), ROW, "department"),
    "a line separator": (person(title="A\x85B"), ROW, "title"),
    "a key in Cyrillic": (person(key="а"), ROW, "key"),
    "an empty key": (person(key=""), ROW, "key"),
    "a path as key": (person(key="../a"), ROW, "key"),
    "a key with a line end": (person(key="a\n"), ROW, "key"),
    "a long topic": (person(offers=["x" * 100_000]), ROW, "offers"),
    "a topic with nul": (person(seeks=["finance\0"]), ROW, "seeks"),
    "too many topics": (person(worksOn=["finance"] * 21), ROW, "worksOn"),
    "another city": (person(city=HEILBRONN), ROW, "city"),
    "too many people": (city_with(population=2_000_000_000), CITY, "population"),
    "fewer than nobody": (city_with(population=-1), CITY, "population"),
    "a script as address": (city_with(website="javascript:alert(1)"), CITY, "website"),
    "an address with a password": (city_with(website="https://a:b@c.de"), CITY, "website"),
    "a nul in the address": (city_with(website="https://a.de/\0"), CITY, "website"),
    "5,001 rows": (
        snapshot(navigators=[{"key": f"k{i}", "name": "N"} for i in range(5_001)], projects=[]),
        "navigators[5000]",
        "navigators",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_hostile_snapshot_is_told_where_it_is_wrong(clients: Clients, case: str) -> None:
    value, row, field = REFUSED[case]
    answer = await ask(await clients(KONSTANZ), PUBLISH, snapshot=value)
    assert code(answer) == "REFUSED"
    problems = answer["errors"][0]["extensions"]["problems"]
    assert [(p["row"], p["field"]) for p in problems] == [(row, field)]
    assert len(json.dumps(answer)) < 2_000


WRONG_TYPES: list[tuple[dict[str, Any], str]] = [
    (city_with(population="85859"), ".city.population"),
    (city_with(population=2**31), ".city.population"),
    (city_with(population=1.5), ".city.population"),
    (person(name=None), ".navigators[0].name"),
    (person(name=["A"]), ".navigators[0].name"),
    (person(offers=[None]), ".navigators[0].offers[0]"),
    (person(secret="x"), "secret"),
    (project(stage="WILD"), ".projects[0].stage"),
    (project(seeksPartners="yes"), ".projects[0].seeksPartners"),
    (snapshot(navigators="a"), ".navigators"),
]


@pytest.mark.parametrize(("value", "place"), WRONG_TYPES)
async def test_a_wrong_type_is_told_by_its_path(clients: Clients, value: dict[str, Any], place: str) -> None:
    answer = await ask(await clients(KONSTANZ), PUBLISH, snapshot=value)
    assert code(answer) == "BAD_QUERY"
    assert place in answer["errors"][0]["message"]
    assert len(answer["errors"]) <= 2


async def test_thousands_of_wrong_rows_get_a_short_answer(clients: Clients) -> None:
    city = await clients(KONSTANZ)
    many: tuple[list[Any], ...] = ([{"key": "a", "name": "\0"}] * 5_000, [{"key": "a", "name": 1}] * 5_000)
    for rows in many:
        answer = await ask(city, PUBLISH, snapshot=snapshot(navigators=rows, projects=[]))
        assert len(json.dumps(answer)) < 60_000


async def test_ten_megabytes_are_too_many(clients: Clients) -> None:
    city = await clients(KONSTANZ)
    body = {"query": PUBLISH, "variables": {"snapshot": person(name="A" * 10_000_000)}}
    answer = await city.http.post(city.graph, json=body, headers=await city.headers())
    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "{{ 7*7 }} ${x} %s {0}",
        "=HYPERLINK()",
        "'; DROP TABLE x; --",
        "👩‍💻 Łucja",
        "A\\u0000",
    ],
)
async def test_markup_is_only_text(clients: Clients, name: str) -> None:
    city = await clients(HEILBRONN)
    value = snapshot(city={"ags": HEILBRONN, "name": "Heilbronn"}, navigators=[{"key": "a", "name": name}], projects=[])
    await city.ask(PUBLISH, snapshot=value)
    page = await city.ask('{ navigators(city: "08121000") { nodes { name } } }')
    assert page["navigators"]["nodes"] == [{"name": name}]
