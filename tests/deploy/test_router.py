"""The router as its image starts it: its probe, and the trusted documents beside it. No service stands behind it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from graphql import build_client_schema, build_schema, print_schema

from tests.deploy.reading import DEPLOY, containers
from tests.router import environment, gateway, node

FOLDER = DEPLOY / "router"
DOCUMENTS: dict[str, str] = json.loads((FOLDER / "documents.json").read_text(encoding="utf-8"))
HASH, OTHERS = min(DOCUMENTS), "{ topics { nodes { label } } }"
CLOSED = "directory=http://127.0.0.1:9/,matching=http://127.0.0.1:9/,events=http://127.0.0.1:9/"
"""The port is nobody's: a query that may run ends there."""


@pytest.fixture(scope="module")
async def strict() -> AsyncIterator[str]:
    supergraph = (FOLDER / "supergraph.graphql").read_text(encoding="utf-8")
    async with gateway(supergraph, ROUTER_DOCUMENTS_POLICY="only", ROUTER_SUBGRAPHS=CLOSED) as base:
        yield base


async def test_it_answers_probes(strict: str) -> None:
    router = next(one.spec for one in containers() if one.name == "router")
    async with httpx.AsyncClient(base_url=strict, trust_env=False) as client:
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert (await client.get(router[kind]["httpGet"]["path"])).status_code == 200
    for port, code in ((urlsplit(strict).port, 0), (9, 1)):
        probe = await asyncio.create_subprocess_exec(
            str(node()), str(FOLDER / "probe.mjs"), env=environment(ROUTER_PORT=str(port))
        )
        assert await probe.wait() == code


@pytest.mark.parametrize(
    ("asked", "token", "runs"),
    [
        ({"documentId": f"sha256:{HASH}"}, False, True),
        ({"documentId": HASH}, False, True),
        ({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": HASH}}}, False, True),
        ({"documentId": "0" * 64}, False, False),
        ({"query": OTHERS}, False, False),
        ({"query": OTHERS}, True, True),
    ],
    ids=["by its id", "by its bare hash", "as Apollo's clients do", "unknown", "another", "another with a token"],
)
async def test_without_a_token_only_trusted_documents_run(
    strict: str, asked: dict[str, Any], token: bool, runs: bool
) -> None:
    headers = {"authorization": "Bearer x"} if token else {}
    async with httpx.AsyncClient(base_url=strict, trust_env=False, timeout=20) as client:
        answer = (await client.post("/graphql", json=asked, headers=headers)).json()
    codes = {error.get("extensions", {}).get("code") for error in answer["errors"]}
    assert ("UNAVAILABLE" in codes) is runs, answer


@pytest.fixture(scope="module")
async def usual() -> AsyncIterator[httpx.AsyncClient]:
    supergraph = (FOLDER / "supergraph.graphql").read_text(encoding="utf-8")
    async with (
        gateway(supergraph, ROUTER_SUBGRAPHS=CLOSED) as base,
        httpx.AsyncClient(base_url=base, trust_env=False) as http,
    ):
        yield http


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"accept": "application/json"}, 200),
        ({"accept": "*/*", "sec-fetch-mode": "cors"}, 200),
        ({"accept": "image/avif,*/*;q=0.8", "sec-fetch-mode": "no-cors"}, 406),
        ({"accept": "*/*"}, 406),
    ],
    ids=["JSON", "a script", "an image", "a link"],
)
async def test_a_link_and_an_image_are_no_query(usual: httpx.AsyncClient, headers: dict[str, str], status: int) -> None:
    answer = await usual.get("/graphql", params={"query": "{ __typename }"}, headers=headers)
    assert answer.status_code == status
    assert ("data" in answer.json()) is (status == 200)


async def test_a_form_on_another_page_is_no_query(usual: httpx.AsyncClient) -> None:
    """Browsers send these without being asked first, with the session of whoever sits before them."""
    query = {"query": "{ __typename }"}
    answers = [
        await usual.post("/graphql", data=query),
        await usual.post("/graphql", files={"query": (None, query["query"])}),
        await usual.post("/graphql", content=json.dumps(query), headers={"content-type": "text/plain"}),
        await usual.post("/graphql", content=query["query"], headers={"content-type": "application/graphql"}),
        await usual.post("/graphql", content=json.dumps(query)),
    ]
    assert [answer.status_code for answer in answers] == [415] * 5
    kind = {"content-type": "application/json; charset=utf-8"}
    assert (await usual.post("/graphql", content=json.dumps(query), headers=kind)).json()["data"]


async def test_the_schema_is_told_to_those_with_a_token(usual: httpx.AsyncClient) -> None:
    asked = {"query": "{ __schema { queryType { name } } }"}
    assert (await usual.post("/graphql", json=asked)).json().get("data") is None
    told = await usual.post("/graphql", json=asked, headers={"authorization": "Bearer x"})
    assert told.json()["data"] == {"__schema": {"queryType": {"name": "Query"}}}


async def test_everybody_reads_the_schema_in_one_piece(usual: httpx.AsyncClient) -> None:
    """As at a hub in one process; GraphiQL begins with it."""
    text, told = await usual.get("/schema.graphql"), await usual.get("/schema.json")
    written = (FOLDER / "schema.graphql").read_text(encoding="utf-8")
    assert text.text == written
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert print_schema(build_client_schema(told.json()["data"])) == print_schema(build_schema(written))
    for answer in (text, told):
        etag = answer.headers["etag"]
        again = await usual.get(answer.url.path, headers={"if-none-match": etag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        head = await usual.head(answer.url.path)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", etag)


@pytest.fixture(scope="module")
async def watched() -> AsyncIterator[tuple[httpx.AsyncClient, list[str]]]:
    """The router before a service that ends its first connection without an answer, as one that is killed, and answers
    the others, a moment later, with who asks; and the heads of the requests that came.
    """
    came: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())
        if len(came) > 1:
            who = came[-1].partition("\ncookie: ")[2].split("\r")[0]
            await asyncio.sleep(0.2)
            body = json.dumps({"data": {"topics": {"nodes": [{"code": who}]}}}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body))
            writer.write(body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    at = f"directory=http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    supergraph = (FOLDER / "supergraph.graphql").read_text(encoding="utf-8")
    async with (
        server,
        gateway(supergraph, ROUTER_SUBGRAPHS=at) as base,
        httpx.AsyncClient(base_url=base, trust_env=False, timeout=20) as client,
    ):
        yield client, came


Watched = tuple[httpx.AsyncClient, list[str]]
READING = {"query": "{ topics(first: 1) { nodes { code } } }"}


async def test_a_torn_connection_is_made_anew_for_those_who_read(watched: Watched) -> None:
    client, came = watched
    came.clear()
    writing = {"query": 'mutation { acceptProposedProject(id: "x") { id } }'}
    answer = (await client.post("/graphql", json=writing)).json()
    assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert len(came) == 1
    came.clear()
    answer = (await client.post("/graphql", json=READING)).json()
    assert answer == {"data": {"topics": {"nodes": [{"code": ""}]}}}
    assert len(came) == 2


async def test_sessions_count_behind_the_router(watched: Watched) -> None:
    """With what a service needs to believe one; and two people who ask the same at once get an answer each."""
    client, came = watched
    came.append("")  # the connection that is torn
    page = {"origin": "https://a.example", "sec-fetch-site": "same-origin"}
    people = [f"lotsennetz={name}" for name in ("anna", "berta", "clara")]
    asked = [client.post("/graphql", json=READING, headers={**page, "cookie": who}) for who in people]
    told = [answer.json()["data"]["topics"]["nodes"][0]["code"] for answer in await asyncio.gather(*asked)]
    assert told == people
    assert all(f"\n{name}: {value}\r" in came[-1] for name, value in page.items())
