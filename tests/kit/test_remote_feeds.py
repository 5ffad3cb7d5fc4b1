"""The feed of a service over HTTP: for the services of the hub alone, and the same as in one process."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from services.kit import log
from services.kit.errors import Unavailable
from services.kit.service import Hub
from tests.kit.kill_world import Hummed


@dataclass
class Remote:
    hub: Hub
    client: httpx.AsyncClient

    async def get(self, authorization: str | None, **query: str) -> tuple[int, str]:
        """Status and code of the answer of the directory's feed."""
        headers = {} if authorization is None else {b"authorization": authorization.encode()}
        answer = await self.client.get(f"{self.hub.settings.issuer}/directory/feed", headers=headers, params=query)
        return answer.status_code, answer.json()["code"]


@pytest_asyncio.fixture
async def remote(shared: Hub) -> AsyncIterator[Remote]:
    async with httpx.AsyncClient() as client:
        yield Remote(shared, client)


async def test_a_feed_over_http_is_the_same_feed(remote: Remote) -> None:
    hub = remote.hub
    runtime = hub.runtimes["directory"]
    metadata = runtime.service.metadata
    async with runtime.db.begin() as session:
        await log.say(session, metadata, [Hummed(tune=f"Grüße „{n}“ \u0001") for n in range(log.PAGE + 3)])
    near = log.LocalFeed(runtime.db, metadata)
    far = log.RemoteFeed(remote.client, f"{hub.settings.issuer}/directory", hub.feed_token)
    position, read = 0, 0
    while entries := await near.after(position):
        assert await far.after(position) == entries
        position, read = entries[-1].position, read + len(entries)
    assert await far.after(position) == []
    assert read >= log.PAGE + 3


async def test_the_feed_is_for_the_services_of_the_hub(remote: Remote) -> None:
    token = remote.hub.feed_token
    wrong = [None, "", "Bearer", "Bearer wrong", f"Basic {token}", f"Bearer {token}x", token, "Bearer é"]
    answers = [await remote.get(header, after="0") for header in wrong]
    assert answers == [(401, "UNAUTHENTICATED")] * len(wrong)


async def test_a_position_that_is_none_is_refused(remote: Remote) -> None:
    nonsense = ["x", "", "1.5", "-1", "1e3", "9" * 19, "9" * 5000, "null", "1;2"]
    answers = [await remote.get(f"Bearer {remote.hub.feed_token}", after=after) for after in nonsense]
    assert answers == [(422, "REFUSED")] * len(nonsense)


@pytest.mark.parametrize("answers", [None, 302, 500, "not JSON", '[{"position": 1}]'])
async def test_a_server_that_is_away_or_ill_is_unavailable(answers: int | str | None) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        status, body = (answers, "") if isinstance(answers, int) else (200, str(answers))
        writer.write(f"HTTP/1.1 {status} x\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, httpx.AsyncClient() as client:
        port = server.sockets[0].getsockname()[1]
        if answers is None:
            server.close()
        with pytest.raises(Unavailable):
            await log.RemoteFeed(client, f"http://127.0.0.1:{port}/directory", "token").after(0)
