"""Pages that hold while others write, and words that are forgotten with the person."""

import uuid
from typing import Any

from sqlalchemy import text

from services.cli.client import Client
from services.cli.demo import PUBLISH
from services.directory import jobs
from services.directory.finding import dictionary
from services.directory.finding.terms import known
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients

KONSTANZ = "08335043"
PAGE = """query ($text: String!, $after: String) { search(text: $text, first: 7, after: $after) {
  edges { match cursor node { __typename ... on Navigator { name } ... on Project { title } ... on Topic { code } } }
  pageInfo { hasNextPage endCursor } } }"""


def snapshot(people: list[str], projects: list[str]) -> dict[str, Any]:
    return {
        "city": {"ags": KONSTANZ, "name": "Konstanz"},
        "navigators": [{"key": name.encode().hex(), "name": name, "offers": ["e-file"]} for name in people],
        "projects": [{"key": title.replace(" ", "-"), "title": title} for title in projects],
    }


async def page(client: Client, asked: str, after: str | None) -> tuple[list[str], str | None]:
    found = (await client.ask(PAGE, text=asked, after=after))["search"]
    names = [edge["node"].get("name") or edge["node"].get("title") or edge["node"]["code"] for edge in found["edges"]]
    return names, found["pageInfo"]["endCursor"] if found["pageInfo"]["hasNextPage"] else None


async def test_pages_neither_repeat_nor_lose_rows_while_others_write(clients: Clients) -> None:
    city = await clients(KONSTANZ)
    people = [f"Person {number:02}" for number in range(20)]
    projects = [f"Akte {number:02}" for number in range(10)] + [
        f"Plan der Aktenschau {number:02}" for number in range(10)
    ]
    await city.ask(PUBLISH, snapshot=snapshot(people, projects))
    seen, after, turn = list[str](), None, 0
    while True:
        names, after = await page(city, "Akte", after)
        seen += names
        if after is None:
            break
        turn += 1  # each page, somebody appears before and somebody behind it, and one of those yet to come goes
        people = [name for name in people if name != f"Person {20 - turn:02}"] + [f"Anna {turn}", f"Quint {turn}"]
        await city.ask(PUBLISH, snapshot=snapshot(people, [*projects, f"Akte 0 {turn}"]))
    stayed = {*projects, *(f"Person {number:02}" for number in range(10))}
    assert len(seen) == len(set(seen))
    assert stayed <= set(seen)
    assert [name for name in seen if name in projects] == projects  # the exact word before its beginning


async def test_a_correction_holds_for_all_pages(hub: Hub, clients: Clients) -> None:
    city, runtime = await clients(KONSTANZ), hub.runtimes["directory"]
    projects = [f"Bauleitplanung {number:02}" for number in range(20)]
    await city.ask(PUBLISH, snapshot=snapshot([], projects))
    await refresh(hub)
    seen, after = await page(city, "Bauleitplannung", None)
    await city.ask(PUBLISH, snapshot=snapshot([], [*projects, "Bauleitplannung"]))  # now the word is known
    async with runtime.db.begin(HUB) as session:
        await session.execute(text("DELETE FROM word"))
    while after is not None:
        names, after = await page(city, "Bauleitplannung", after)
        seen += names
    assert [name for name in seen if name in projects] == projects


async def refresh(hub: Hub) -> None:
    """As the workers do every few minutes."""
    runtime = hub.runtimes["directory"]
    await jobs._words(runtime).work(runtime.db)


async def words(hub: Hub) -> set[str]:
    async with hub.runtimes["directory"].db.read(HUB) as session:
        return set((await session.scalars(text("SELECT word FROM word WHERE network > 0"))).all())


async def test_a_persons_words_go_with_them(hub: Hub, clients: Clients) -> None:
    city, runtime = await clients(KONSTANZ), hub.runtimes["directory"]
    await city.ask(PUBLISH, snapshot=snapshot(["Zoë Ahorn", "Änne Ahorn"], []))
    await refresh(hub)
    assert {"zoe", "ahorn", "anne"} <= await words(hub)
    found = await city.ask("{ navigators { nodes { id name } } }")
    ids = {one["name"]: uuid.UUID(one["id"]) for one in found["navigators"]["nodes"]}
    async with runtime.db.begin(HUB) as session:
        await dictionary.forget(session, [ids["Zoë Ahorn"]], await known(session, runtime.memory))
    left = await words(hub)
    assert "zoe" not in left
    assert {"ahorn", "anne", "konstanz"} <= left
    # Whoever goes by publishing goes with the next refresh.
    await city.ask(PUBLISH, snapshot=snapshot([], []))
    await refresh(hub)
    assert not {"ahorn", "anne"} & await words(hub)


async def test_the_public_has_words_of_its_own(hub: Hub, clients: Clients) -> None:
    city = await clients(KONSTANZ)
    people = [
        {"key": "a", "name": "Zoë Ahorn"},
        {"key": "b", "name": "Ben Ulme", "visibility": [{"field": "name", "audience": "PUBLIC"}]},
    ]
    await city.ask(PUBLISH, snapshot={**snapshot([], []), "navigators": people})
    await refresh(hub)
    ask = dictionary.beside(hub.runtimes["directory"].db)
    assert await dictionary.nearest(ask, ["ahron", "ulmee"], public=True) == {"ahron": [], "ulmee": ["ulme"]}
    assert await dictionary.nearest(ask, ["ahron"], public=False) == {"ahron": ["ahorn"]}
