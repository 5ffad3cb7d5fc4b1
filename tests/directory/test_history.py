"""What a city published before: the list, the pages, the way back, and people who never come back."""

import re
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.cli.client import Answered
from services.directory import history, store
from services.directory.snapshot import Identities
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser, account
from tests.conftest import Clients

_numbers = count(1)
PUBLISH = "mutation ($snapshot: SnapshotInput!) { publishDirectory(snapshot: $snapshot) { version } }"
LIST = """query ($ags: ID!, $after: String) { publications(ags: $ags, first: 2, after: $after) {
  nodes { id name via restored added changed withdrawn restorable changes { kind key field before after } }
  pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture
def ags() -> str:
    return f"0838{next(_numbers):04}"


@pytest_asyncio.fixture
async def people(shared: Hub, ags: str) -> AsyncIterator[tuple[Any, Browser]]:
    """The city's program and its editor."""
    made = Clients(shared, [])
    client, browser = await made(ags), Browser(shared)
    await browser.log_in(await account(shared, ags, "editor", name="Toni Muster"))
    yield client, browser
    await client.close()
    await browser.close()


def snapshot(ags: str, *names: str, **city: Any) -> dict[str, Any]:
    rows = [{"key": name.lower(), "name": name} for name in names]
    projects = [{"key": "p", "title": "E-Akte", "navigators": [row["key"] for row in rows]}]
    return {"city": {"ags": ags, "name": "Musterstadt", **city}, "navigators": rows, "projects": projects}


async def publish(client: Any, value: dict[str, Any]) -> int:
    return int((await client.ask(PUBLISH, snapshot=value))["publishDirectory"]["version"])


async def test_every_publication_says_who_when_and_what(people: tuple[Any, Browser], ags: str) -> None:
    client, editor = people
    first = await publish(client, snapshot(ags, "Anna", "Berta"))
    second = await publish(client, snapshot(ags, "Anna", kind="Stadt"))
    third = await publish(client, snapshot(ags, "Anna", "Cora", kind="Stadt"))
    page = (await client.ask(LIST, ags=ags))["publications"]
    assert [(int(n["id"]), n["name"], n["via"], n["added"], n["changed"], n["withdrawn"]) for n in page["nodes"]] == [
        (third, "test", "GRAPHQL", 1, 1, 0), (second, "test", "GRAPHQL", 0, 1, 1),
    ]  # fmt: skip
    assert page["nodes"][1]["changes"] == [
        {"kind": "city", "key": ags, "field": "kind", "before": None, "after": '"Stadt"'},
        {"kind": "navigators", "key": "berta", "field": "name", "before": '"Berta"', "after": None},
        {"kind": "projects", "key": "p", "field": "navigators", "before": '["anna", "berta"]', "after": '["anna"]'},
    ]
    rest = (await client.ask(LIST, ags=ags, after=page["pageInfo"]["endCursor"]))["publications"]
    assert [int(node["id"]) for node in rest["nodes"]] == [first]
    listed = await editor.http.get(f"/city/{ags}/publications")
    assert re.findall(rf"/city/{ags}/publications/(\d+)", listed.text) == [str(third), str(second), str(first)]
    assert (await editor.http.get("/city/08121000/publications")).status_code == 403
    with pytest.raises(Answered):
        await client.ask(LIST, ags="08121000")


async def test_a_page_brings_an_earlier_state_back(people: tuple[Any, Browser], ags: str) -> None:
    client, editor = people
    first = await publish(client, snapshot(ags, "Anna", "Berta"))
    await publish(client, snapshot(ags, "Anna"))
    path = f"/city/{ags}/publications/{first}"
    page = await editor.http.get(path)
    assert page.text.count("<strong>Berta</strong>") == 2, "once in what it changed, once in what would change"
    third = await publish(client, snapshot(ags, "Anna", "Cora"))
    stale = await editor.submit(page, path)
    assert (stale.status_code, "Inzwischen" in stale.text) == (409, True), stale.text
    done = await editor.submit(stale, path)
    assert (done.status_code, done.headers["location"]) == (303, f"/city/{ags}/publications")
    newest = (await client.ask(LIST, ags=ags))["publications"]["nodes"][0]
    assert (newest["via"], newest["restored"], newest["name"]) == ("RESTORE", str(first), "Toni Muster")
    found = await client.ask("query ($a: ID!) { navigators(city: $a) { nodes { name } } }", a=ags)
    assert [n["name"] for n in found["navigators"]["nodes"]] == ["Anna", "Berta"]
    same = await editor.http.get(path)
    assert "expected" not in same.text, "nothing to restore"
    mutation = "mutation ($a: ID!, $i: ID!) { restorePublication(ags: $a, id: $i) { navigators { added } } }"
    back = await client.ask(mutation, a=ags, i=str(third))
    assert back["restorePublication"]["navigators"]["added"] == ["cora"]
    for bad in ("1", "999999999"):
        with pytest.raises(Answered) as unknown:
            await client.ask(mutation, a=ags, i=bad)
        assert unknown.value.reason == "NOT_FOUND"


async def test_who_is_erased_is_in_no_source_and_comes_back_with_none(
    shared: Hub, people: tuple[Any, Browser], ags: str
) -> None:
    client, editor = people
    first = await publish(client, snapshot(ags, "Anna", "Berta"))
    second = await publish(client, snapshot(ags, "Anna", "Berta", "Cora"))
    ids = Identities(shared.settings.derived("identities"), ags)
    directory = shared.runtimes["directory"]
    async with directory.db.begin(HUB) as session:
        gone = ids.navigator("berta")
        assert [row.key for row in await store.forget_navigator(session, ags, "berta")] == ["berta"]
        await session.execute(
            text("INSERT INTO erased (navigator_id, ags) VALUES (:id, :ags)"), {"id": gone, "ags": ags}
        )
        await session.execute(text("DELETE FROM navigator WHERE id = :id"), {"id": gone})
    async with directory.db.read(HUB) as session:
        rows = (
            await session.execute(text("SELECT snapshot, changes::text FROM source WHERE ags = :a"), {"a": ags})
        ).all()
        sources = [(store.unpacked(kept), changes) for kept, changes in rows]
    assert all("berta" not in repr(sent).lower() and "berta" not in changes for sent, changes in sources)
    for number in (first, second):
        assert "berta" not in (await editor.http.get(f"/city/{ags}/publications/{number}")).text.lower()
    back = await client.ask("mutation ($a: ID!, $i: ID!) { restorePublication(ags: $a, id: $i) { withheld } }",
                            a=ags, i=str(first))  # fmt: skip
    assert back["restorePublication"]["withheld"] == []
    await publish(client, snapshot(ags, "Anna", "Berta"))
    found = await client.ask("query ($a: ID!) { navigators(city: $a) { nodes { name } } }", a=ags)
    assert [n["name"] for n in found["navigators"]["nodes"]] == ["Anna"]


async def test_old_sources_are_forgotten_and_their_publications_stay(
    shared: Hub, people: tuple[Any, Browser], ags: str
) -> None:
    client, editor = people
    numbers = [await publish(client, snapshot(ags, f"Anna{i}")) for i in range(4)]
    directory = shared.runtimes["directory"]

    async def left() -> list[int]:
        async with directory.db.begin(HUB) as session:
            await history.forget(session)
            query = text("SELECT publication_id FROM source WHERE ags = :a ORDER BY 1")
            return list((await session.scalars(query, {"a": ags})).all())

    assert await left() == numbers, "none is older than a year"
    async with directory.db.begin(HUB) as session:
        age = "UPDATE publication SET at = at - interval '2 years' WHERE ags = :a AND id <= :newest"
        await session.execute(text(age), {"a": ags, "newest": numbers[2]})
    assert await left() == numbers[2:], "the third was replaced just now"
    nodes = (await client.ask(LIST, ags=ags))["publications"]["nodes"]
    assert [(node["restorable"], node["changes"] is None) for node in nodes] == [(True, False), (True, True)]
    page = await editor.http.get(f"/city/{ags}/publications/{numbers[0]}")
    assert (page.status_code, "expected" in page.text) == (200, False)


async def test_a_page_says_what_changed_as_people_call_it(people: tuple[Any, Browser], ags: str) -> None:
    client, editor = people
    await publish(client, snapshot(ags, "Anna", "Berta"))
    changed = snapshot(ags, "Anna")
    changed["navigators"][0] |= {"worksOn": ["e-file", "single-sign-on"], "since": "2026-03-01"}
    page = await editor.http.get(f"/city/{ags}/publications/{await publish(client, changed)}")
    for said in ("<strong>Berta</strong>", "Arbeitet an", "E-Akte; Single Sign-on", "01.03.2026"):
        assert said in page.text, said
    for raw in ("worksOn", "single-sign-on", "2026-03-01"):
        assert raw not in page.text, raw
