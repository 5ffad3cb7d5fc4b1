"""The hub over HTTP: pages, problems, health, feeds, and streams that end with their readers."""

import asyncio
import contextlib
import re
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
import pytest
import pytest_asyncio
import strawberry
import uvicorn
from litestar import Litestar

from services.app import chosen
from services.cli.serving import bind
from services.directory.access import CLIENT_SCOPES
from services.directory.oauth import clients as oauth_clients
from services.kit import embedded, eventstream
from services.kit.auth import Principal, Verifier
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.graphql import graphql_route
from services.kit.rates import Rates
from services.kit.revoked import TokensRevoked
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.conftest import Servers
from tests.running import running


@pytest_asyncio.fixture
async def http(shared: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False, timeout=30) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/directory/../../etc/passwd", 404),
        ("GET", "/%00", 404),
        ("GET", "/static/../templates/base.html", 404),
        ("GET", "/events/nothing/papers/nothing", 404),
        ("GET", "/events/%00/papers/%2e%2e", 404),
        ("POST", "/", 405),
        ("DELETE", "/directory/graphql", 405),
        ("PUT", "/oauth/token", 405),
        ("GET", "/directory/feed", 401),
    ],
)
async def test_whatever_goes_wrong_is_a_problem(http: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    answer = await http.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert problem["title"]
    assert problem["detail"]
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    "path", ["/", "/open-data/cities.csv", "/openapi.json", "/nothing", "/graphql?query={__typename}"]
)
async def test_head_is_get_without_its_body(http: httpx.AsyncClient, path: str) -> None:
    headers = {"accept": "application/json" if "graphql" in path else "*/*"}
    got, asked = await http.get(path, headers=headers), await http.head(path, headers=headers)
    assert (asked.status_code, asked.content) == (got.status_code, b"")
    known = ("content-type", "etag", "cache-control", "vary")
    assert [asked.headers.get(name) for name in known] == [got.headers.get(name) for name in known]
    assert (await http.head("/directory/graphql")).status_code >= 400


async def test_the_feed_is_for_the_services_of_the_hub(shared: Hub, http: httpx.AsyncClient) -> None:
    async def status(header: str | None, after: str = "0") -> int:
        headers = {} if header is None else {"authorization": header}
        return (await http.get("/directory/feed", params={"after": after}, headers=headers)).status_code

    token = shared.feed_token
    for wrong in (None, "", "Bearer", "Bearer x", token, f"Basic {token}", f"Bearer {token}x", f"bearer {token}"):
        assert await status(wrong) == 401
    positions = ("0", "9" * 18, "-1", "x", "9" * 19, "9" * 5_000, "१", "")
    assert [await status(f"Bearer {token}", after) for after in positions] == [200, 200, *[422] * 6]


@pytest.mark.parametrize(
    ("accepted", "language", "title"),
    [
        (None, "de", "gelöst"),
        ("de-AT,de;q=0.9", "de", "gelöst"),
        ("en", "en", "solved"),
        ("en-GB,en;q=0.5", "en", "solved"),
        ("fr,en;q=0.3", "en", "solved"),
        ("tlh", "de", "gelöst"),
        ("*", "de", "gelöst"),
        (";;;,,,=-_", "de", "gelöst"),
        ("a" * 5_000, "de", "gelöst"),
    ],
)
async def test_the_landing_page_speaks_the_persons_language(
    http: httpx.AsyncClient, accepted: str | None, language: str, title: str
) -> None:
    headers = {"accept-language": accepted or ""}
    answer = await http.get("/", headers=headers)
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    (heading,) = re.findall("<h1>(.*)</h1>", answer.text)
    assert title in heading


async def test_the_landing_page_needs_nobody_else(shared: Hub, http: httpx.AsyncClient) -> None:
    answer = await http.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    addresses = re.findall(r"""(?:https?:)?//[^\s"'<]+""", answer.text)
    assert [a for a in addresses if not a.startswith(shared.settings.issuer)] == []
    assert "style=" not in answer.text
    for path in re.findall('(?:href|src)="([^"#]+)"', answer.text):
        assert (await http.get(path)).status_code == 200


async def test_health_says_what_runs(http: httpx.AsyncClient) -> None:
    assert (await http.get("/health/live")).json() == {"status": "live"}
    ready = (await http.get("/health/ready")).json()
    assert ready["status"] == "ready"
    assert ready["positions"].keys() == {"directory", "matching", "events"}


async def test_a_hub_without_its_database_says_so_and_lives(servers: Servers, settings: Settings) -> None:
    """On a server of its own, because it is stopped."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ln-")))
        database = contextlib.ExitStack()
        stack.enter_context(database)
        url = database.enter_context(embedded.postgres(folder))
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=False)
        hub, _server = await stack.enter_async_context(running(own, chosen()))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=hub.settings.issuer, trust_env=False))
        token = {"authorization": f"Bearer {await _token(hub, http)}"}
        assert (await http.get("/health/ready")).status_code == 200
        assert (await http.post("/graphql", json={"query": "{ __typename }"}, headers=token)).status_code == 200

        await asyncio.to_thread(database.close)
        for path in ("/health/ready", "/.well-known/jwks.json"):
            answer = await http.get(path, timeout=30)
            assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
            assert int(answer.headers["retry-after"]) > 0
        body = (await http.post("/graphql", json={"query": "{ topics { nodes { code } } }"}, headers=token)).json()
        assert body["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert (await http.get("/health/live")).status_code == 200
        assert (await http.get("/")).status_code == 200


async def _token(hub: Hub, http: httpx.AsyncClient) -> str:
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        made = await oauth_clients.add(session, "test", None, CLIENT_SCOPES)
    form, auth = {"grant_type": "client_credentials"}, (made.client_id, made.client_secret)
    return str((await http.post("/oauth/token", data=form, auth=auth)).json()["access_token"])


# Streams ---------------------------------------------------------------------------------------------------------


@strawberry.type
class Query:
    one: int = 1


@strawberry.type
class Subscription:
    ended: ClassVar[list[str]] = []

    @strawberry.subscription
    async def quiet(self) -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.sleep(3600)
            yield 2
        finally:
            await asyncio.sleep(0.01)  # what closes a session also awaits
            self_ended("quiet")

    @strawberry.subscription
    async def flood(self) -> AsyncGenerator[str, None]:
        try:
            while True:
                yield "x" * 100_000
        finally:
            await asyncio.sleep(0.01)
            self_ended("flood")

    @strawberry.subscription
    async def failing(self) -> AsyncGenerator[int, None]:
        try:
            yield 1
            raise NotFound("gone")
        finally:
            self_ended("failing")

    @strawberry.subscription
    async def broken(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError("a secret")

    @strawberry.subscription
    async def two(self) -> AsyncGenerator[int, None]:
        yield 1
        yield 2


def self_ended(name: str) -> None:
    Subscription.ended.append(name)


SOMEBODY = Principal(client="c", subject="c", names=("client:c",), issued_at=1.0)


@pytest.fixture
def verifier() -> Verifier:
    async def keys() -> dict[str, Any]:
        return {"keys": []}

    return Verifier(keys, "", "")


@pytest_asyncio.fixture
async def stream(monkeypatch: pytest.MonkeyPatch, verifier: Verifier) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a graph whose subscriptions end in every way."""
    monkeypatch.setattr(eventstream, "KEEP_ALIVE_SECONDS", 0.05)

    async def asking(_request: Any, _service: str | None) -> Principal:
        return SOMEBODY

    app = Litestar([graphql_route("/graphql", strawberry.Schema(Query, subscription=Subscription)._schema)])
    app.state.hub = SimpleNamespace(
        runtimes={},
        asking=asking,
        verifier=verifier,
        closing=asyncio.Event(),
        settings=Settings(),
        rates=Rates(Settings(rates=0.0)),
    )
    listener = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=2))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server._serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    Subscription.ended.clear()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", trust_env=False) as client:
        yield client
    server.should_exit = True
    await serving
    listener.close()


@contextlib.asynccontextmanager
async def following(http: httpx.AsyncClient, name: str) -> AsyncIterator[AsyncIterator[str]]:
    body = {"query": f"subscription {{ {name} }}"}
    async with http.stream("POST", "/graphql", json=body, headers={"accept": "text/event-stream"}) as answer:
        assert answer.headers["cache-control"] == "no-store"
        yield answer.aiter_lines()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two", ['{"data":{"two":1}}', '{"data":{"two":2}}']),
        ("failing", ['{"data":{"failing":1}}', '"code":"NOT_FOUND"']),
        ("broken", ['{"data":{"broken":1}}', '"code":"INTERNAL"']),
    ],
)
async def test_a_stream_tells_everything_and_completes(stream: httpx.AsyncClient, name: str, said: list[str]) -> None:
    async with following(stream, name) as lines:
        told = [line async for line in lines if line and line != ":"]
    assert told[0::2] == ["event: next"] * len(said) + ["event: complete"]
    assert all(part in line for part, line in zip([*said, "data:"], told[1::2], strict=True))
    assert "a secret" not in "".join(told)


async def test_a_stream_ends_with_what_its_reader_showed(stream: httpx.AsyncClient, verifier: Verifier) -> None:
    """A subscription outlives no suspension, though it asked for the token once."""
    async with following(stream, "quiet") as lines:
        assert await anext(lines) == "event: next"
        verifier.revoked.learn([TokensRevoked(name="client:c", before=2.0, until=9e9)])
        told = [line async for line in lines if line and line != ":"]
    assert '"code":"UNAUTHENTICATED"' in told[-3]
    assert told[-2] == "event: complete"


async def test_a_silent_stream_is_kept_alive(stream: httpx.AsyncClient) -> None:
    async with following(stream, "quiet") as lines:
        comments = 0
        async for line in lines:
            comments += line == ":"
            if comments == 3:
                break


@pytest.mark.parametrize("name", ["quiet", "flood"])
async def test_a_stream_ends_with_its_reader(stream: httpx.AsyncClient, name: str) -> None:
    before = asyncio.all_tasks()
    async with following(stream, name) as lines:
        assert await anext(lines) == "event: next"
    for _turn in range(200):
        if Subscription.ended == [name]:
            break
        await asyncio.sleep(0.01)
    assert Subscription.ended == [name]
    await asyncio.sleep(0.05)
    left = {task for task in asyncio.all_tasks() - before if "graphql" in repr(task.get_coro())}
    assert left == set()
