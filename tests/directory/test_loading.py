"""Loading many cities in one stream: batches, refusals city by city, and who may do it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.directory import loading
from services.directory.store import LOCK
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser, logged_in
from tests.conftest import Clients


@pytest_asyncio.fixture
async def operator(shared: Hub) -> AsyncIterator[Browser]:
    browser = await logged_in(shared, "hub", "operator")
    yield browser
    await browser.close()


def city(ags: str, *navigators: str, **more: Any) -> list[dict[str, Any]]:
    rows = [{"navigator": {"key": name.lower(), "name": name, "offers": ["finance"]}} for name in navigators]
    keys = [name.lower() for name in navigators]
    return [{"city": {"ags": ags, "name": f"Stadt {ags}", **more}}, *rows,
            {"project": {"key": "p", "title": "E-Akte", "navigators": keys, "topics": ["e-file"]}}]  # fmt: skip


async def load(browser: Browser, *lines: Any, **headers: str) -> Any:
    body = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    sent = {"content-type": "application/jsonl", **headers}
    return await browser.http.post("/directory/bulk", content=body, headers=sent)


async def names(hub: Hub, prefix: str) -> list[str]:
    async with hub.runtimes["directory"].db.read(HUB) as session:
        query = text("SELECT ags || ' ' || name FROM navigator WHERE ags LIKE :p ORDER BY 1")
        return list((await session.scalars(query, {"p": f"{prefix}%"})).all())


async def test_a_stream_of_cities(shared: Hub, operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "CITIES", 2)
    keys = [f"0951000{i}" for i in range(5)]
    rows = [line for key in keys for line in city(key, "Anna", "Berta")]
    answer = (await load(operator, *rows)).json()
    assert (answer["cities"], answer["published"], answer["added"], answer["failed"]) == (5, 5, 15, 0)
    assert await names(shared, "0951") == [f"{key} {name}" for key in keys for name in ("Anna", "Berta")]
    again = (await load(operator, *rows, *city(keys[0], "Cora"))).json()  # the last word of a city counts
    assert (again["published"], again["unchanged"], again["withdrawn"]) == (1, 5, 2)
    assert (await names(shared, keys[0])) == [f"{keys[0]} Cora"]
    made = Clients(shared, [])
    own = await made(keys[1])
    query = "query ($a: ID!) { publications(ags: $a) { nodes { via name added } } city(ags: $a) { name } }"
    assert await own.ask(query, a=keys[1]) == {
        "publications": {"nodes": [{"via": "REST", "name": "Kim Beispiel", "added": 3}]},
        "city": {"name": f"Stadt {keys[1]}"},
    }
    await own.close()


async def test_the_last_word_of_a_city_counts_though_its_first_waits(
    shared: Hub, operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "CITIES", 2)
    held, twice, *others = (f"0951001{i}" for i in range(5))
    rows = [line for key in (held, twice, *others) for line in city(key, "Anna")]
    async with shared.runtimes["directory"].db.begin(HUB) as session:
        query = text(f"SELECT {LOCK} FROM (SELECT CAST(:held AS text) AS wanted) AS one")
        await session.execute(query, {"held": held})  # the first batch stands still, all others could go on
        loading_all = asyncio.create_task(load(operator, *rows, *city(twice, "Cora")))
        await asyncio.wait([loading_all], timeout=0.3)
    assert (await loading_all).json()["published"] == 6
    assert (await names(shared, twice)) == [f"{twice} Cora"]


async def test_what_is_wrong_spoils_its_own_city_alone(shared: Hub, operator: Browser) -> None:
    answer = await load(
        operator,
        *city("09520001", "Anna"),
        *city("09520002", ""),
        *city("09520003", "Anna"),
        b'{"navigator": {"key": "x"',
        *city("09520004", "Anna"),
        {"city": {"ags": "AGS", "name": "X"}},
        *city("09520005", "Anna"),
    )
    found = answer.json()
    assert (found["cities"], found["published"], found["failed"]) == (6, 3, 3)
    places = [[(p["row"], p.get("field", "")) for p in one["problems"]] for one in found["refused"]]
    told = [(one["line"], one["ags"], place) for one, place in zip(found["refused"], places, strict=True)]
    assert told == [
        (4, "09520002", [("line 5", "key"), ("line 5", "name"), ("line 6", "navigators")]),
        (7, "09520003", [("line 10", "")]),
        (14, "AGS", []),
    ]
    assert [name[:8] for name in await names(shared, "0952")] == ["09520001", "09520004", "09520005"]


async def test_only_operators_load(shared: Hub, operator: Browser) -> None:
    central, made = await logged_in(shared, "09", "central"), Clients(shared, [])
    program = await made("09530001")
    assert (await load(central, *city("09530001"))).status_code == 403
    url = f"{shared.settings.issuer}/directory/bulk"
    headers = {**await program.headers(), "content-type": "application/jsonl"}
    assert (await program.http.post(url, content=b"", headers=headers)).status_code == 403
    assert (await load(operator, *city("09530001"), origin="https://elsewhere.example")).status_code == 403
    assert (await load(operator, b"", **{"content-type": "text/csv"})).status_code == 415
    assert (await load(operator)).json()["cities"] == 0
    await central.close()
    await program.close()
