"""What a compiler may answer beside the executor, and what both do once for each text of a query."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from graphql import OperationDefinitionNode

from services.kit.errors import Refused
from services.kit.graphql import Context, Prepared
from tests.kit.small_graph import ask, served

Seen = list[tuple[Prepared, str | None, dict[str, Any]]]


@pytest.fixture
def seen() -> Seen:
    return []


@pytest_asyncio.fixture
async def http(seen: Seen) -> AsyncIterator[httpx.AsyncClient]:
    async def fast(
        context: Context, prepared: Prepared, operation: OperationDefinitionNode, variables: dict[str, Any]
    ) -> bytes | None:
        seen.append((prepared, operation.name.value if operation.name else None, variables))
        match variables.get("first"):
            case 2:
                return None
            case 3:
                raise Refused("not three")
            case 4:
                raise RuntimeError("a secret")
        times = prepared.memory["times"] = prepared.memory.get("times", 0) + 1
        return b'{"hello":"compiled %d"}' % times

    async with served(fast=fast) as client:
        yield client


QUERY = "query A($first: Int = 1) { hello(first: $first) }"


async def test_its_answer_is_sent_and_its_memory_is_the_texts(http: httpx.AsyncClient, seen: Seen) -> None:
    told = [(await ask(http, QUERY, first=1))["data"]["hello"] for _turn in range(3)]
    other = (await ask(http, QUERY + " ", first=1))["data"]["hello"]
    assert told == ["compiled 1", "compiled 2", "compiled 3"]
    assert other == "compiled 1"
    assert [(name, variables) for _prepared, name, variables in seen] == [("A", {"first": 1})] * 4
    assert seen[0][0] is seen[2][0]
    assert seen[0][0].document.definitions


async def test_what_it_leaves_the_executor_does(http: httpx.AsyncClient) -> None:
    assert (await ask(http, QUERY, first=2))["data"] == {"hello": "the executor"}


async def test_a_refusal_is_an_error_of_the_query(http: httpx.AsyncClient) -> None:
    refused = await ask(http, QUERY, first=3)
    assert refused["data"] is None
    assert (refused["errors"][0]["message"], refused["errors"][0]["extensions"]["code"]) == ("not three", "REFUSED")


async def test_where_it_breaks_the_executor_answers(http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    assert (await ask(http, QUERY, first=4))["data"] == {"hello": "the executor"}
    assert "a compiled read failed" in caplog.text


@pytest.mark.parametrize(
    "query", ["mutation { change }", "{ goodbye }", "query A { hello } query B { hello }", "{ hello ", "{ " * 30]
)
async def test_it_is_asked_for_queries_that_may_run(http: httpx.AsyncClient, seen: Seen, query: str) -> None:
    await ask(http, query)
    assert seen == []
