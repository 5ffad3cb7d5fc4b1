"""What a request to the graph may look like: body, media types, address, size."""

import gzip
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from services.kit.allowed import DEFAULT
from tests.conftest import Clients
from tests.kit.asking import MODERN, NOBODY, WATCH, codes, http, hub

__all__ = ["http", "hub"]


OK = {"data": {"__typename": "Query"}}


BODIES: dict[str, tuple[bytes, int]] = {
    "fine": (b'{"query": "{ __typename }"}', 200),
    "with everything": (b'{"query": "query A { __typename }", "variables": null, "operationName": "A", "x": 1}', 200),
    "nothing": (b"", 400),
    "broken": (b'{"query": ', 400),
    "null": (b"null", 400),
    "a batch": (b'[{"query": "{ __typename }"}]', 400),
    "a number": (b"1", 400),
    "a text": (b'"{ __typename }"', 400),
    "no query": (b'{"variables": {}}', 400),
    "null query": (b'{"query": null}', 400),
    "a list as query": (b'{"query": ["{ __typename }"]}', 400),
    "empty query": (b'{"query": ""}', 400),
    "only a comment": (b'{"query": "# nothing"}', 400),
    "only a fragment": (b'{"query": "fragment F on Query { __typename }"}', 400),
    "no GraphQL": (b'{"query": "SELECT 1"}', 400),
    "unknown field": (b'{"query": "{ passwords }"}', 400),
    "unknown operation": (b'{"query": "query A { __typename }", "operationName": "B"}', 400),
    "one of two": (
        b'{"query": "query A { __typename } query B { topics { nodes { code } } }", "operationName": "A"}',
        200,
    ),
    "two without a name": (b'{"query": "query A { __typename } query B { __typename }"}', 400),
    "variables in a list": (b'{"query": "{ __typename }", "variables": []}', 400),
    "variables in a text": (b'{"query": "{ __typename }", "variables": "{}"}', 400),
    "a variable of the wrong type": (
        b'{"query": "query ($n: Int) { cities(first: $n) { nodes { ags } } }", "variables": {"n": "x"}}',
        400,
    ),
    "a variable missing": (b'{"query": "query ($i: ID!) { navigator(id: $i) { id } }"}', 400),
    "operationName a number": (b'{"query": "{ __typename }", "operationName": 1}', 400),
    "not UTF-8": (b'{"query": "{ __typename } # \xff"}', 400),
    "UTF-16": ('{"query": "{ __typename }"}'.encode("utf-16"), 400),
    "a lone surrogate": (b'{"query": "{ __typename } # \\ud800"}', 400),
    "a lone surrogate in a variable": (
        b'{"query": "query ($i: ID!) { navigator(id: $i) { id } }", "variables": {"i": "\\ud800"}}',
        400,
    ),
    "a lone surrogate in the document": (b'{"query": "{ navigator(id: \\"\\\\ud800\\") { id } }"}', 400),
    "nul in the document": (b'{"query": "{ __typename } \\u0000"}', 400),
    "nested JSON": (b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}}", 413),
    "deep JSON": (b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 40_000 + b"]" * 40_000 + b"}}", 400),
    "cyclic fragments": (b'{"query": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"}', 400),
    "many directives": (b'{"query": "{ __typename ' + b"@skip(if: false) " * 300 + b'}"}', 400),
    "unknown directives": (b'{"query": "{ __typename ' + b"@a " * 900 + b'}"}', 400),
    "a long name": (b'{"query": "{ ' + b"a" * 99_000 + b' }"}', 400),
}  # fmt: skip


@pytest.mark.parametrize("case", BODIES)
async def test_a_body_is_answered_or_refused_in_words(http: httpx.AsyncClient, case: str) -> None:
    body, status = BODIES[case]
    answer = await http.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    told = answer.json()
    if status == 200:
        assert told["data"] == OK["data"]
    elif answer.headers["content-type"].startswith("application/problem+json"):
        assert told["detail"]
        assert not any(inside in told["detail"] for inside in ("codec", "recursion", "byte 0x"))
    else:
        assert "data" not in told
        assert {"BAD_QUERY"} == set(codes(told))
        assert len(answer.content) < 150_000


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON;charset=UTF-8", 200),
        ("application/graphql-response+json", 200),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
        ("text/plain; application/json", 415),
        ("application/jsonp", 415),
        ("application/graphql", 415),
        ("", 415),
        (None, 415),
    ],
)
async def test_only_json_is_taken(http: httpx.AsyncClient, content_type: str | None, status: int) -> None:
    """A form on somebody else's page can send the others with a person's cookies, and without asking first."""
    headers = {} if content_type is None else {"content-type": content_type}
    answer = await http.post("/graphql", content=b'{"query": "{ __typename }"}', headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("accept", "media_type", "status"),
    [
        (MODERN, MODERN, 400),
        (f"application/json, {MODERN}", MODERN, 400),
        ("application/json", "application/json", 200),
        ("*/*", "application/json", 200),
        ("", "application/json", 200),
        ("text/event-stream", "application/json", 400),
    ],
)
async def test_the_status_says_as_much_as_the_media_type_allows(
    http: httpx.AsyncClient, accept: str, media_type: str, status: int
) -> None:
    """Clients of the older convention read errors from answers with 200."""
    for query, expected in (("{ passwords }", status), ("{ __typename }", 200), ('{ city(ags: "x") { ags } }', 200)):
        answer = await http.post("/graphql", json={"query": query}, headers={"accept": accept})
        assert answer.status_code == expected
        assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"


async def test_queries_are_read_with_get(http: httpx.AsyncClient) -> None:
    query = "query A($n: Int!) { topics { nodes { code } } cities(first: $n) { nodes { ags } } } query B { __typename }"
    for variables in ({"n": 2}, {"n": 0}):
        sent = {"query": query, "variables": json.dumps(variables), "operationName": "A"}
        read = await http.get("/graphql", params={**sent, "extensions": "{}"})
        posted = await http.post("/graphql", json={**sent, "variables": variables})
        assert (read.status_code, read.json()) == (posted.status_code, posted.json())
        assert read.headers["content-type"] == posted.headers["content-type"]
        # An answer to nobody in particular may be kept, an error may not.
        assert read.headers["cache-control"] == ("public, no-cache" if variables["n"] else "no-store")


@pytest.mark.parametrize("accept", ["*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "image/avif,*/*;q=0.8", ""])
async def test_a_link_and_an_image_are_no_query(http: httpx.AsyncClient, accept: str) -> None:
    answer = await http.get("/graphql", params={"query": "{ __typename }"}, headers={"accept": accept})
    assert answer.status_code == 406
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize("accept", [MODERN, "application/json", "text/html, application/json;q=0.5"])
@pytest.mark.parametrize("query", ["mutation { __typename }", WATCH])
async def test_get_changes_nothing(http: httpx.AsyncClient, query: str, accept: str) -> None:
    sent = {"query": query, "variables": json.dumps({"id": NOBODY})}
    answer = await http.get("/graphql", params=sent, headers={"accept": accept})
    assert (answer.status_code, answer.json()["status"], answer.headers["allow"]) == (405, 405, "POST")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "query=",
        "query=%7B__typename%7D&query=%7B__typename%7D",
        "query=%7B__typename%7D&variables=1",
        "query=%7B__typename%7D&variables=%7B",
        "query=%7B__typename%7D&variables=%5B%5D",
        "query=%7B__typename%7D&extensions=x",
        "query=%7B__typename%7D&operationName=B",
        "query=%FF",
        "query=%7B__typename%7D" + "&x" * 100 + "=1",
        "query=%7B__typename%7D&variables=" + "%5B" * 10_000,
        "query=SELECT",
    ],
)
async def test_an_address_that_is_no_query_is_refused_in_words(http: httpx.AsyncClient, address: str) -> None:
    answer = await http.get(f"/graphql?{address}")
    assert answer.status_code == 400
    assert answer.json().get("detail") or codes(answer.json()) == ["BAD_QUERY"]


async def chunks(size: int, count: int) -> AsyncIterator[bytes]:
    for _turn in range(count):
        yield b"x" * size


async def test_large_bodies_are_not_read_to_the_end(http: httpx.AsyncClient, clients: Clients) -> None:
    known = await (await clients(None)).headers()
    headers = {"content-type": "application/json"}
    for content in (b"x" * 10_000_000, b"x" * (DEFAULT.anonymous.body + 1)):
        assert (await http.post("/graphql", content=content, headers=headers)).status_code == 413
    for send in (chunks(1_000, 10_000), chunks(100_000, 2)):  # without a length said in advance
        answer = await http.post("/graphql", content=send, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")
    for size, status in ((DEFAULT.known.body - 100, 400), (DEFAULT.known.body + 1, 413)):
        answer = await http.post("/graphql", content=b"x" * size, headers={**headers, **known})
        assert answer.status_code == status


async def test_a_compressed_body_is_not_unpacked(http: httpx.AsyncClient) -> None:
    """Ten kilobytes could become ten megabytes."""
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = await http.post("/graphql", content=gzip.compress(b'{"query": "{ __typename }"}'), headers=headers)
    assert answer.status_code == 400
