"""The hub reads a city's own address: when, what it takes, what waits for a yes, and whom it tells."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.cli.client import Answered
from services.directory import harvest, jobs
from services.kit.db import HUB
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.browser_like import Browser, account, logged_in
from tests.conftest import Clients

_numbers = count(1)
PUBLISH = "mutation ($snapshot: SnapshotInput!) { publishDirectory(snapshot: $snapshot) { version } }"
STATE = "query ($a: ID!) { harvest(ags: $a) { url usable failures problem waiting readAt } }"
PEOPLE = "query ($a: ID!) { navigators(city: $a) { nodes { name } } }"


@pytest.fixture(scope="module")
def own(settings: Settings) -> Settings:
    return replace(settings, workers=False, outbound_local=True)


class Site:
    """A city's website with one file, and the requests that were sent to it."""

    def __init__(self) -> None:
        self.body, self.etag, self.status = b"", '"1"', 200
        self.asked: list[str] = []
        self.port = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        self.asked.append(head)
        same = f"if-none-match: {self.etag}" in head
        status, body = ("304 Not Modified", b"") if same else (f"{self.status} X", self.body)
        tag = f"etag: {self.etag}\r\n" if self.etag else ""
        writer.write(f"HTTP/1.1 {status}\r\n{tag}content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{harvest.PATH}"


class City:
    def __init__(self, hub: Hub, ags: str, client: Any, site: Site) -> None:
        self.hub, self.ags, self.client, self.site = hub, ags, client, site

    def puts(self, names: str, etag: str, **changes: Any) -> None:
        rows = [{"key": name.lower(), "name": name} for name in names.split()]
        value = {"city": {"ags": self.ags, "name": "X", "website": f"http://127.0.0.1:{self.site.port}/"}}
        self.site.body, self.site.etag = json.dumps(value | {"navigators": rows} | changes).encode(), etag

    async def set(self, url: str) -> dict[str, Any]:
        query = "mutation ($a: ID!, $u: String) { setHarvest(ags: $a, url: $u) { usable } }"
        return dict((await self.client.ask(query, a=self.ags, u=url))["setHarvest"])

    async def read(self) -> dict[str, Any]:
        """Read it now, and say how it stands."""
        directory = self.hub.runtimes["directory"]
        await jobs.read_harvests(directory, directory.db, self.ags)
        return dict((await self.client.ask(STATE, a=self.ags))["harvest"])

    async def names(self) -> str:
        found = (await self.client.ask(PEOPLE, a=self.ags))["navigators"]["nodes"]
        return " ".join(one["name"] for one in found)

    async def mails(self) -> int:
        async with self.hub.runtimes["directory"].db.read(HUB) as session:
            query = text("SELECT count(*) FROM mail WHERE kind = 'harvest' AND key LIKE :k")
            return int(await session.scalar(query, {"k": f"harvest:{self.ags}:%"}) or 0)


@pytest_asyncio.fixture
async def city(shared: Hub) -> AsyncIterator[City]:
    ags, made, site = f"0839{next(_numbers):04}", Clients(shared, []), Site()
    listener = await asyncio.start_server(site, "127.0.0.1", 0)
    site.port = listener.sockets[0].getsockname()[1]
    client = await made(ags)
    found = City(shared, ags, client, site)
    first = {"ags": ags, "name": "X", "website": f"http://127.0.0.1:{site.port}"}
    await client.ask(PUBLISH, snapshot={"city": first})
    yield found
    await client.close()
    listener.close()


async def test_what_lies_there_is_published_and_read_again_only_when_it_changes(city: City) -> None:
    assert (await city.set(city.site.url))["usable"]
    city.site.status = 304
    assert "304" in (await city.read())["problem"], "nothing was ever read"
    city.puts("Anna Berta", '"1"')
    city.site.status, city.site.body = 200, b"\xef\xbb\xbf" + city.site.body
    state = await city.read()
    assert (state["failures"], state["problem"], state["readAt"] is not None) == (0, None, True)
    assert await city.names() == "Anna Berta"
    await city.read()
    assert 'if-none-match: "1"' in city.site.asked[-1]
    city.puts("Anna Cora", '"2"')
    await city.read()
    assert await city.names() == "Anna Cora"
    history = "query ($a: ID!) { publications(ags: $a) { nodes { via name } } }"
    nodes = (await city.client.ask(history, a=city.ags))["publications"]["nodes"]
    assert [(node["via"], node["name"]) for node in nodes] == [("HARVEST", "test")] * 2 + [("GRAPHQL", "test")]
    await city.client.ask("mutation ($a: ID!) { setHarvest(ags: $a, url: null) { url } }", a=city.ags)
    assert (await city.client.ask(STATE, a=city.ags))["harvest"] is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "JSON"),
        (b'{"city": {"ags": "08121000", "name": "X"}}', "08121000"),
        (b'{"city": {"ags": "AGS", "name": "X"}, "navigators": [{"key": "a", "name": ""}]}', "navigators[0] name"),
    ],
)
async def test_what_is_wrong_stays_outside_and_is_told(city: City, body: bytes, words: str) -> None:
    await account(city.hub, city.ags, "coordinator", email="kim@town.example")
    await city.set(city.site.url)
    city.puts("Anna", '"1"')
    await city.read()
    city.site.body, city.site.etag = body.replace(b"AGS", city.ags.encode()), '"2"'
    told = []
    for turn in range(1, 5):
        state = await city.read()
        assert (state["failures"], words in state["problem"]) == (turn, True), state
        told.append(await city.mails())
    assert told == [0, 0, 1, 1]
    assert await city.names() == "Anna"
    city.site.status = 500
    assert "500" in (await city.read())["problem"]
    city.site.status = 200
    city.puts("Anna", '"3"')
    assert (await city.read())["failures"] == 0


async def test_a_broken_export_does_not_empty_a_city(city: City) -> None:
    await account(city.hub, city.ags, "coordinator", email="kim@town.example")
    editor = await logged_in(city.hub, city.ags, "editor")
    await city.set(city.site.url)
    everybody = "Anna Berta Cora Dora Emil Fritz"
    city.puts(everybody, '"1"')
    await city.read()
    city.puts("Anna", '"2"')
    state = await city.read()
    assert (state["waiting"], await city.names(), await city.mails()) == (True, everybody, 1)
    page = await editor.http.get(f"/city/{city.ags}/harvest")
    city.puts("Berta", '"3"')  # another file than the one that somebody agrees to
    done = await editor.submit(page, f"/city/{city.ags}/harvest/agree")
    assert done.status_code == 303
    await city.read()
    assert await city.names() == everybody
    page = await editor.http.get(f"/city/{city.ags}/harvest")
    await editor.submit(page, f"/city/{city.ags}/harvest/agree")
    state = await city.read()
    assert (state["waiting"], state["problem"], await city.names()) == (False, None, "Berta")
    await editor.close()


async def test_another_host_is_confirmed_by_the_state(city: City) -> None:
    url = f"http://localhost:{city.site.port}{harvest.PATH}"
    assert not (await city.set(url))["usable"]
    city.puts("Anna", '"1"')
    await city.read()
    assert (city.site.asked, await city.names()) == ([], "")
    path = f"/city/{city.ags}/harvest"
    own, central, other = (
        await logged_in(city.hub, city.ags, "coordinator"),
        await logged_in(city.hub, "08", "central"),
        await logged_in(city.hub, "14", "central"),
    )
    assert f"{path}/confirm" not in (await own.http.get(path)).text
    assert (await other.http.get(path)).status_code == 403
    page = await central.http.get(path)
    assert (await central.submit(page, f"{path}/confirm")).status_code == 303
    await city.read()
    assert await city.names() == "Anna"
    for browser in (own, central, other):
        await browser.close()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "http://10.0.0.1/.well-known/lotsennetz.json", "https://town.example/x.json",
            "https://town.example/.well-known/lotsennetz.json?x=1", "https://u:p@town.example/.well-known/lotsennetz.json"]
)  # fmt: skip
async def test_addresses_that_are_not_read(city: City, url: str) -> None:
    with pytest.raises(Answered) as refused:
        await city.set(url)
    assert refused.value.problems[0].field == "url"
    editor = Browser(city.hub)
    await editor.log_in(await account(city.hub, city.ags, "editor"))
    page = await editor.http.get(f"/city/{city.ags}/harvest")
    answer = await editor.submit(page, f"/city/{city.ags}/harvest", url=url)
    assert (answer.status_code, 'href="#f-url"' in answer.text) == (422, True)
    await editor.close()


async def test_when_it_is_read(city: City) -> None:
    directory = city.hub.runtimes["directory"]
    await city.set(city.site.url)

    async def due(failures: int, hours: float) -> bool:
        async with directory.db.begin(HUB) as session:
            query = text("UPDATE harvest SET failures = :f, asked_at = now() - :h * interval '1 hour' WHERE ags = :a")
            await session.execute(query, {"f": failures, "h": hours, "a": city.ags})
            return city.ags in [row.ags for row in await harvest.due(session)]

    assert [await due(0, 0.9), await due(0, 1.1), await due(2, 3.9), await due(2, 4.1)] == [False, True, False, True]
    assert [await due(50, 23), await due(50, 25)] == [False, True]
