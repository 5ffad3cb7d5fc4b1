"""GraphQL over HTTP as a hostile client and as a careful one meet it."""

import asyncio
import json
import logging
from typing import Any

import asyncpg
import httpx
import pytest
from graphql import build_client_schema, build_schema, get_introspection_query

from services.cli.client import Answered
from services.kit.db import Reader
from services.kit.graphql import Context
from services.kit.service import Hub
from tests.conftest import Clients
from tests.kit.asking import NOBODY, WATCH, ask, codes, http, hub

__all__ = ["http", "hub"]


BOMB = "{...F0}" + "".join(f"fragment F{i} on Query{{...F{i + 1} ...F{i + 1}}}" for i in range(18))
DEAR = {
    "chained fragments": BOMB + "fragment F18 on Query{topics{code}}",
    "a thousand levels": "{ topics { nodes { " + "parent { " * 1_000 + "code" + " }" * 1_001 + " } }",
    "thirty levels": "{ topics { nodes { " + "parent { " * 30 + "code" + " }" * 31 + " } }",
    "500 aliases": "{ " + " ".join(f"a{i}: topics {{ nodes {{ code }} }}" for i in range(400)) + " }",
    "aliases in a fragment": "{ ...F } fragment F on Query { "
    + " ".join(f"a{i}: topics {{ nodes {{ code }} }}" for i in range(90))
    + " }",
    "pages in pages": "{ cities(first: 100) { nodes { navigators(first: 100) { nodes { projects { title } } } } } }",
    "pages of the usual size": "{ cities { nodes { projects { nodes { navigators { projects { title } } } } } } }",
    "lists without pages": "{ topics { code } navigators(first: 100) { nodes { projects { navigators { projects {"
    " navigators { projects { title } } } } } } } }",
    "a page in a variable's default": "query ($n: Int! = 100) { cities(first: $n) { nodes { navigators(first: $n) {"
    " nodes { projects { title } } } } } }",
    "a literal list": "{ navigators(topic: " + "[" * 200 + "]" * 200 + ") { nodes { id } } }",
    "white space": "{ __typename " + " " * 100_000 + "}",
}


@pytest.mark.parametrize("case", DEAR)
async def test_what_would_cost_too_much_is_refused_at_once(http: httpx.AsyncClient, case: str) -> None:
    # Longer than what an anonymous body may have is refused before it is looked at.
    status, body = await ask(http, DEAR[case])
    assert (status, body.get("code")) == (413, "TOO_LARGE") or (status, codes(body)) == (400, ["BAD_QUERY"])


async def test_entities_are_counted(http: httpx.AsyncClient) -> None:
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Topic { code parent { code } } } }"
    few, many = ([{"__typename": "Topic", "code": "finance"}] * n for n in (2, 2_000))
    status, body = await ask(http, query, "/directory/graphql", r=few)
    assert (status, body["data"]["_entities"][0]["code"]) == (200, "finance")
    wide = query.replace("code parent", " ".join(f"a{i}: code" for i in range(9)) + " parent")
    status, body = await ask(http, wide, "/directory/graphql", r=many)
    assert (status, codes(body)) == (400, ["BAD_QUERY"])


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
async def test_pages_have_1_to_100_items(http: httpx.AsyncClient, first: int) -> None:
    _status, body = await ask(http, "query ($n: Int!) { cities(first: $n) { nodes { ags } } }", n=first)
    assert codes(body) in (["REFUSED"], ["BAD_QUERY"])


async def test_introspection_tells_the_schema(hub: Hub, http: httpx.AsyncClient) -> None:
    """All of it to whom the hub knows; to everybody as a file, and of single types."""
    known = await Clients(hub, [])("08335043")
    asking = {"query": get_introspection_query(input_value_deprecation=True)}
    for path in ("/graphql", "/directory/graphql", "/matching/graphql", "/events/graphql"):
        answer = await http.post(path, json=asking, headers=await known.headers())
        assert build_client_schema(answer.json()["data"]).query_type
        assert codes((await ask(http, asking["query"], path))[1]) == ["FORBIDDEN"]
    deep = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    assert (await ask(http, deep))[0] == 400
    assert (await ask(http, '{ __type(name: "City") { name } }'))[1]["data"] == {"__type": {"name": "City"}}
    await known.close()


async def test_the_schema_stands_in_files_as_well(http: httpx.AsyncClient) -> None:
    told, written = await http.get("/schema.json"), await http.get("/schema.graphql")
    schemas = [build_client_schema(told.json()["data"]), build_schema(written.text)]
    assert schemas[0].type_map.keys() == schemas[1].type_map.keys()
    assert {"City", "Event", "Plan"} <= schemas[1].type_map.keys()
    for answer in (told, written):
        again = await http.get(answer.url.path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_our_own_errors_say_what_to_do(http: httpx.AsyncClient) -> None:
    status, body = await ask(http, '{ city(ags: "Konstanz") { name } topics { nodes { code } } }')
    (error,) = body["errors"]
    assert (status, error["path"], body["data"]["city"]) == (200, ["city"], None)
    assert (error["extensions"]["code"], error["extensions"]["status"]) == ("REFUSED", 422)
    assert "AGS" in error["message"]
    assert error["extensions"]["problems"] == []
    assert body["data"]["topics"]


@pytest.mark.parametrize(
    "query",
    [
        "query ($x: ID!) { navigators(topic: $x) { nodes { id } } }",
        "query ($x: ID!) { navigators(city: $x) { nodes { id } } }",
        "query ($x: ID!) { projects(topic: $x) { nodes { id } } }",
        "query ($x: String!) { navigators(text: $x) { nodes { id } } }",
        "query ($x: String!) { navigators(after: $x) { nodes { id } } }",
        "query ($x: ID!) { navigator(id: $x) { id } }",
        "query ($x: ID!) { city(ags: $x) { name } }",
        "query ($x: ID!) { events(city: $x) { nodes { id } } }",
        "query ($x: ID!) { plan(id: $x) { id } }",
    ],
)
async def test_a_text_that_cannot_be_stored_is_no_error_of_ours(http: httpx.AsyncClient, query: str) -> None:
    for value in ("a\0b", "\0", "\uffff", "'\"\\;--", "x" * 50_000):
        status, body = await ask(http, query, x=value)
        assert status == 200
        assert set(codes(body) if "errors" in body else []) <= {"REFUSED", "BAD_VALUE"}


@pytest.mark.parametrize(
    "representation",
    [
        {"__typename": "Nobody"},
        {"__typename": "Topic"},
        {"__typename": "Topic", "code": None},
        {"__typename": "Topic", "code": {"a": []}},
        {"__typename": "Topic", "code": "\0"},
        {"__typename": "Query"},
        {"__typename": "Topic", "other": "x"},
        {"__typename": ["Topic"]},
        {"code": "finance"},
        "Topic",
        None,
        [],
    ],
)
async def test_a_router_that_errs_is_told_so(http: httpx.AsyncClient, representation: Any) -> None:
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }"
    _status, body = await ask(http, query, "/directory/graphql", r=[representation])
    assert codes(body)[0] in {"REFUSED", "BAD_QUERY", "BAD_VALUE"}


@pytest.mark.parametrize(
    ("representation", "found"),
    [
        ({"__typename": "Topic", "code": "finance"}, {"__typename": "Topic"}),
        ({"__typename": "Topic", "code": "finance", "info": 1, "cls": 2}, {"__typename": "Topic"}),
        ({"__typename": "Topic", "code": "no-such"}, None),
        ({"__typename": "Navigator", "id": "x"}, None),
        ({"__typename": "City", "ags": 8335043}, None),
    ],
)
async def test_entities_are_found_by_their_keys_alone(http: httpx.AsyncClient, representation: Any, found: Any) -> None:
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }"
    _status, body = await ask(http, query, "/directory/graphql", r=[representation])
    assert body["data"] == {"_entities": [found]}
    assert "errors" not in body


async def test_errors_of_ours_are_masked_and_numbered(
    hub: Hub, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    owner = await asyncpg.connect(hub.settings.database_url)
    try:
        await owner.execute("ALTER TABLE directory.topic RENAME TO elsewhere")
        with caplog.at_level(logging.ERROR):
            status, body = await ask(http, "{ topics { nodes { code } } }")
            entities = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }"
            representation = {"__typename": "Topic", "code": "finance"}
            _status, second = await ask(http, entities, "/directory/graphql", r=[representation])
    finally:
        await owner.execute("ALTER TABLE directory.elsewhere RENAME TO topic")
        await owner.close()
    (error,) = body["errors"]
    assert (status, body["data"], error["path"]) == (200, None, ["topics"])
    assert error["extensions"].keys() == {"code", "status", "number"}
    assert error["extensions"]["number"] in error["message"]
    assert error["extensions"]["number"] in caplog.text
    for told in (body, second):
        assert codes(told) == ["INTERNAL"]
        assert "topic" not in json.dumps([{**e, "path": []} for e in told["errors"]])


async def test_refused_means_refused_for_the_people_who_read_it(http: httpx.AsyncClient) -> None:
    answer = await http.post("/graphql", json={"query": "{ city(ags: 1) { name } }"}, headers={"accept-language": "de"})
    assert "Gemeindeschlüssel" in answer.json()["errors"][0]["message"]


# Subscriptions ---------------------------------------------------------------------------------------------------


async def events(http: httpx.AsyncClient, query: str, **variables: Any) -> list[tuple[str, Any]]:
    body, headers = {"query": query, "variables": variables}, {"accept": "text/event-stream"}
    async with http.stream("POST", "/graphql", json=body, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = (await answer.aread()).decode()
    parts = [part.partition("\ndata: ") for part in text.split("\n\n") if part]
    return [(name.removeprefix("event: "), json.loads(data) if data else None) for name, _colon, data in parts]


async def test_a_source_that_fails_tells_why_and_completes(http: httpx.AsyncClient, clients: Clients) -> None:
    http.headers.update(await (await clients(None, "matching:read")).headers())
    (kind, body), end = await events(http, WATCH, id=NOBODY)
    assert (kind, codes(body), end) == ("next", ["NOT_FOUND"], ("complete", None))


async def test_a_source_that_the_asker_may_not_have_is_refused_as_an_event(http: httpx.AsyncClient) -> None:
    (kind, body), end = await events(http, WATCH, id=NOBODY)
    assert (kind, codes(body), end) == ("next", ["UNAUTHENTICATED"], ("complete", None))


async def test_wrong_variables_of_a_subscription_are_an_event(http: httpx.AsyncClient) -> None:
    (kind, body), end = await events(http, WATCH, id=None)
    assert (kind, codes(body), end) == ("next", ["BAD_QUERY"], ("complete", None))


async def test_an_unknown_field_is_refused_before_the_stream(http: httpx.AsyncClient) -> None:
    query = "subscription { passwords { x } }"
    answer = await http.post("/graphql", json={"query": query}, headers={"accept": "text/event-stream"})
    assert (answer.status_code, codes(answer.json())) == (400, ["BAD_QUERY"])


async def test_an_error_is_raised_by_our_own_client(clients: Clients) -> None:
    client = await clients(None)
    with pytest.raises(Answered) as caught:
        async for _event in client.follow(WATCH, id=NOBODY):
            pass
    assert caught.value.reason == "NOT_FOUND"


async def test_a_field_that_is_cancelled_takes_no_answer_from_the_others(hub: Hub) -> None:
    """Two fields wait for one loader's answer; the one beside the first fails, and the first is given up."""
    context, runtime = Context(hub.runtimes), hub.runtimes["directory"]

    async def by(_session: Reader, keys: list[int]) -> list[int]:
        await asyncio.sleep(0.05)
        return keys

    first, second = (asyncio.ensure_future(context.load(runtime, by, 1)) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    assert await second == 1
