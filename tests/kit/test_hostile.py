"""Documents that were made to keep a server busy: answered in words, and nothing of them runs."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.kit.small_graph import RAN, ask, codes, served

BOMB = "{...F0}" + "".join(f"fragment F{i} on Query{{...F{i + 1} ...F{i + 1}}}" for i in range(18))
HOSTILE = {
    "chained fragments": BOMB + "fragment F18 on Query{" + "a" * 3 + ":city{name}" + "}",
    "500 aliases": "{ " + " ".join(f"a{i}: hello" for i in range(500)) + " }",
    "aliases at every level": "{ city { "
    + " ".join(f"a{i}: twins(first: 1) {{ {' '.join(f'b{j}: name' for j in range(60))} }}" for i in range(6))
    + " } }",
    "pages in pages in pages": "{ cities(first: 100) { twins(first: 100) { twins(first: 10) { name } } } }",
    "a directive a thousand times": "{ hello " + "@include(if: true) " * 1_000 + "}",
    "a directive at a hundred places": "{ city { "
    + " ".join(f"... @include(if: true) {{ a{i}: name }}" for i in range(90))
    + " } }",
    "directives on the operation": "query " + "@a " * 60 + "{ hello }",
    "directives on a variable": "query ($a: Int " + "@a " * 60 + ") { hello(first: $a) }",
    "directives on a fragment": "{ ...F } fragment F on Query " + "@a " * 60 + "{ hello }",
    "circular fragments": "{ ...A } fragment A on Query { hello ...B } fragment B on Query { ...A }",
    "a fragment of itself": "{ ...A } fragment A on Query { city { twins { name } } ...A }",
    "circular introspection": "{ __schema { types { " + "fields { type { " * 6 + "name" + " } }" * 6 + " } } }",
    "introspection by aliases": "{ " + " ".join(f"a{i}: __schema {{ types {{ name }} }}" for i in range(15)) + " }",
    "wide introspection": "{ __schema { types { "
    + " ".join(f"a{i}: fields {{ args {{ type {{ name }} }} type {{ name kind }} }}" for i in range(50))
    + " } } }",
    "a field 500 times": "{ " + "hello " * 500 + "}",
    "a field 500 times within": "{ city { " + "name " * 500 + "} }",
    "the same below the same": "{ city { " + ("twins { " + "twins { name } " * 10 + "} ") * 15 + "} }",
    "a thousand levels": "{ city { " + "twins { " * 600 + "name" + " }" * 600 + " } }",
    "numbers without end": "{ cities(first: " + "9" * 5_000 + ") { name } }",
    "a list in a list": "{ city(wish: " + "[" * 500 + "]" * 500 + ") { name } }",
    "a block of text": '{ hello(first: """' + "x" * 99_000 + '""") }',
    "words without end": "{ " + "hello " * 5_000 + "}",
}  # fmt: skip


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with served() as client:
        yield client


LONGEST_ADDRESS = 20_000


@pytest.mark.parametrize(
    ("case", "way"),
    [
        (case, way)
        for case in HOSTILE
        for way in ("POST", "GET")
        if way == "POST" or len(HOSTILE[case]) < LONGEST_ADDRESS
    ],
)
async def test_nothing_of_it_runs(http: httpx.AsyncClient, case: str, way: str) -> None:
    sent = {"query": HOSTILE[case]}
    answer = await (http.post("/graphql", json=sent) if way == "POST" else http.get("/graphql", params=sent))
    body = answer.json()
    assert answer.status_code == 400
    assert "data" not in body
    assert set(codes(body)) == {"BAD_QUERY"}
    assert len(answer.content) < 20_000
    assert RAN == []


@pytest.mark.parametrize("count", [1, 2, 10_000])
async def test_a_list_of_queries_is_refused_clearly(http: httpx.AsyncClient, count: int) -> None:
    answer = await http.post("/graphql", json=[{"query": "{hello}"}] * count)
    assert answer.status_code in {400, 413}
    if answer.status_code == 400:
        assert answer.json()["detail"] == "One query in one request, please: lists are not taken."
    assert RAN == []


@pytest.mark.parametrize(
    "query",
    [
        "{ " + " ".join(f"a{i}: hello" for i in range(20)) + " }",
        "{ hello @include(if: true) @skip(if: false) city @include(if: true) { name @include(if: true) } }",
        "{ cities(first: 100) { name twins(first: 5) { name } } }",
        '{ a: __type(name: "Query") { name } __type(name: "City") { fields { name } } }',
    ],
)
async def test_what_people_ask_is_answered(http: httpx.AsyncClient, query: str) -> None:
    body = await ask(http, query)
    assert body["data"]
    assert "errors" not in body


async def test_what_is_too_dear_says_how_dear(http: httpx.AsyncClient) -> None:
    body: Any = await ask(http, HOSTILE["pages in pages in pages"])
    assert body["extensions"]["cost"]["asked"] > body["extensions"]["cost"]["most"] == 20_000
