"""Answers to nobody in particular are remembered until something public changes, and never longer."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg
import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from services.directory.publishing import Publisher, publish
from services.directory.snapshot import CityRow, NavigatorRow, ProjectRow, Snapshot
from services.kit.compiled import kept
from services.kit.compiled.remembered import Remembered
from services.kit.db import HUB
from services.kit.news import News
from services.kit.service import Hub
from tests.conftest import Clients

AGS = "08335043"
QUERY = f'{{ city(ags: "{AGS}") {{ name projects {{ nodes {{ title }} }} }} }}'


@pytest_asyncio.fixture
async def nobody(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=hub.settings.issuer, headers={"accept": "application/json"}, trust_env=False
    ) as client:
        yield client


async def published(hub: Hub, name: str, *titles: str) -> None:
    """Behind the back of the hub's own services: as another process would."""
    runtime = hub.runtimes["directory"]
    projects = tuple(ProjectRow(key=title, title=title) for title in titles)
    async with runtime.db.begin(HUB) as session:
        await publish(session, Publisher("test", b"s", {}), Snapshot(CityRow(AGS, name), projects=projects))


async def ask(client: httpx.AsyncClient, query: str = QUERY, **headers: str) -> httpx.Response:
    return await client.get("/graphql", params={"query": query}, headers=headers)


async def version(hub: Hub, *, other_than: int | None = None) -> int:
    """The version as soon as there is one, and another one than before."""
    news = hub.runtimes["directory"].news
    assert news is not None
    async with asyncio.timeout(30):
        while (found := news.version) is None or found == other_than:
            await asyncio.sleep(0.01)
    return found


async def test_an_answer_changes_with_what_another_process_publishes(hub: Hub, nobody: httpx.AsyncClient) -> None:
    await published(hub, "Eins")
    before = await version(hub)
    for name, title in (("Eins", "a"), ("Eins", "b"), ("Zwei", "b")):
        await published(hub, name, title)  # a project alone says no message, and is news all the same
        before = await version(hub, other_than=before)
        for _turn in range(2):
            data = (await ask(nobody)).json()["data"]["city"]
            assert (data["name"], data["projects"]["nodes"][0]["title"]) == (name, title)


async def test_what_is_remembered_is_not_asked_for_again(hub: Hub, nobody: httpx.AsyncClient) -> None:
    before = await version(hub)
    await published(hub, "Eins")
    await version(hub, other_than=before)
    first = (await ask(nobody)).content
    database = hub.runtimes["directory"].db
    await database.answers.close()
    database.answers._dsn = "postgresql://nobody@127.0.0.1:1/nothing"  # the database is gone
    assert (await ask(nobody)).content == first
    others = await nobody.get("/graphql", params={"query": QUERY.replace("name", "name kind")})
    assert others.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


async def test_without_news_nothing_is_remembered(hub: Hub, nobody: httpx.AsyncClient) -> None:
    """A listener that hears nothing must not look like a directory in which nothing happens."""
    await published(hub, "Eins")
    first = await version(hub)
    await ask(nobody)
    owner = await asyncpg.connect(hub.settings.database_url)
    try:
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query = 'SELECT 1'"
        await owner.execute(kill + " AND pid <> pg_backend_pid() AND datname = current_database()")
    finally:
        await owner.close()
    await published(hub, "Zwei")  # nobody hears it
    assert (await ask(nobody)).json()["data"]["city"]["name"] == "Zwei"
    assert await version(hub, other_than=first) > first
    assert (await ask(nobody)).json()["data"]["city"]["name"] == "Zwei"


@pytest.mark.parametrize("scopes", [(), ("directory:read",)])
async def test_a_topic_that_is_renamed_is_renamed_everywhere(
    hub: Hub, nobody: httpx.AsyncClient, clients: Clients, scopes: tuple[str, ...]
) -> None:
    """Labels come along with a plan, remembered longer than answers."""
    runtime = hub.runtimes["directory"]
    people = (NavigatorRow(key="a", name="Anna", offers=("finance", "e-file")),)
    async with runtime.db.begin(HUB) as session:
        await publish(session, Publisher("test", b"s", {}), Snapshot(CityRow(AGS, "Eins"), navigators=people))
    query = "{ navigators { nodes { offers { code de parent { de } } } } }"
    client = await clients(None, *scopes) if scopes else None

    async def labels() -> list[str]:
        data = await client.ask(query) if client else (await ask(nobody, query)).json()["data"]
        return [topic["de"] for topic in data["navigators"]["nodes"][0]["offers"]]

    before = await version(hub)
    assert await labels() == ["E-Akte", "Kommunale Finanzen"]
    async with runtime.db.begin(HUB) as session:
        await session.execute(text("UPDATE topic SET de = 'Finanzen' WHERE code = 'finance'"))
    await version(hub, other_than=before)
    assert await labels() == ["E-Akte", "Finanzen"]


async def test_a_city_that_is_renamed_is_renamed_in_every_list(hub: Hub, nobody: httpx.AsyncClient) -> None:
    """Lists name their cities by key; the names are filled in from what the process keeps."""
    query = "{ projects { nodes { title city { name } } } }"
    for name in ("Eins", "Zwei"):
        before = await version(hub)
        await published(hub, name, "a", "b")
        await version(hub, other_than=before)
        for asked in (query, query.replace("title ", ""), query):
            nodes = (await ask(nobody, asked)).json()["data"]["projects"]["nodes"]
            assert {node["city"]["name"] for node in nodes} == {name}


async def test_who_joins_a_project_is_seen_at_once(hub: Hub, nobody: httpx.AsyncClient) -> None:
    await published(hub, "Eins", "a")
    query = "{ projects { nodes { partners { note city { name } } } } }"
    assert (await ask(nobody, query)).json()["data"]["projects"]["nodes"] == [{"partners": []}]
    before = await version(hub)
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        await session.execute(
            text("INSERT INTO project_partner (project_id, ags, note) SELECT id, ags, 'Gern' FROM project")
        )
    await version(hub, other_than=before)
    (node,) = (await ask(nobody, query)).json()["data"]["projects"]["nodes"]
    assert node == {"partners": [{"note": "Gern", "city": {"name": "Eins"}}]}


def test_no_more_rows_are_kept_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 2_500)
    news, rows = News(None), kept.Kept()  # type: ignore[arg-type]  # asks no database
    news.version = next(news._versions)
    kind = kept.Kinds().kind("city", "ags", "r1", "r1.name", "city r1")
    asked: list[object] = []

    async def read(_statement: str, values: Sequence[object]) -> bytes:
        asked.append(values[0])
        return b"\x01".join(b"0:%b\x01<%b>" % (key.encode(), key.encode()) for key in values[0])  # type: ignore[attr-defined]

    async def fill(*keys: int) -> bytes | None:
        body = b"".join(b"[\x010:%d\x01]" % key for key in keys)
        return await rows.filled(body, [kind], news, read)

    for first in range(0, 30, 3):
        found = asyncio.run(fill(first, first + 1, first + 2))
        assert found == b"".join(b"[<%d>]" % key for key in range(first, first + 3))
        assert rows._size <= 2_500
    before = len(asked)
    assert asyncio.run(fill(27)) == b"[<27>]"
    assert len(asked) == before
    news.moved("city")
    assert asyncio.run(fill(27)) == b"[<27>]"
    assert len(asked) == before + 1


async def test_a_shared_answer_carries_its_etag(hub: Hub, nobody: httpx.AsyncClient) -> None:
    await published(hub, "Eins")
    answer = await ask(nobody)
    assert answer.headers["cache-control"] == "public, no-cache"
    again = await ask(nobody, **{"if-none-match": f'"other", W/{answer.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    before = await version(hub)
    await published(hub, "Zwei")
    await version(hub, other_than=before)
    changed = await ask(nobody, **{"if-none-match": answer.headers["etag"]})
    assert (changed.status_code, changed.json()["data"]["city"]["name"]) == (200, "Zwei")


async def test_a_client_s_own_answer_is_stored_by_nobody(hub: Hub, nobody: httpx.AsyncClient) -> None:
    posted = await nobody.post("/graphql", json={"query": QUERY})
    assert posted.headers["cache-control"] == "no-store"
    assert "etag" not in posted.headers


@pytest.mark.parametrize(("before", "now"), [(1, 2), (None, None), (None, 1), (1, None)])
def test_an_answer_read_while_something_changed_is_not_kept(before: int | None, now: int | None) -> None:
    remembered = Remembered(1_000)
    remembered.put("a", b"old", before, now)
    assert [remembered.get("a", version) for version in (None, 1, 2)] == [None, None, None]


def test_no_more_than_so_many_bytes_are_kept() -> None:
    remembered = Remembered(800)
    for number in range(20):
        remembered.put(number, bytes(100), 1, 1)
        remembered.get(0, 1)  # asked for again and again: it stays
    assert remembered.size <= 800
    assert remembered.get(0, 1) is not None
    assert [number for number in range(1, 13) if remembered.get(number, 1)] == []
    remembered.put("large", bytes(101), 1, 1)
    assert remembered.get("large", 1) is None
