"""The ways to publish for programs: single changes, JSON Lines, conditions, and keys that make a request count once."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from services.cli.client import Answered
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients

_numbers = count(1)
REPORT = "publication version cityChanged navigators { added changed withdrawn unchanged } projects { changed }"
PUBLISH = f"""mutation ($snapshot: SnapshotInput!, $expected: ID, $key: String) {{
  publishDirectory(snapshot: $snapshot, expected: $expected, idempotencyKey: $key) {{ {REPORT} }} }}"""
PUT = f"""mutation ($ags: ID!, $row: NavigatorInput!, $expected: ID, $key: String) {{
  putNavigator(ags: $ags, row: $row, expected: $expected, idempotencyKey: $key) {{ {REPORT} }} }}"""


@dataclass
class City:
    """A town of its own, and its program."""

    ags: str
    client: Any
    http: httpx.AsyncClient
    hub: Hub

    @property
    def path(self) -> str:
        return f"/directory/cities/{self.ags}"

    def snapshot(self, **changes: Any) -> dict[str, Any]:
        return {
            "city": {"ags": self.ags, "name": "Musterstadt"},
            "departments": [{"key": "bau", "name": "Bauamt", "target": 2}],
            "navigators": [
                {"key": "a", "name": "Zoë Ahorn", "department": "Bauamt", "offers": ["finance"]},
                {"key": "b", "name": "Änne Buche", "department": "Kulturamt", "mentor": "a"},
            ],
            "projects": [{"key": "p", "title": "E-Akte", "department": "Bauamt", "navigators": ["a", "b"]}],
            **changes,
        }

    def lines(self, **changes: Any) -> list[dict[str, Any]]:
        rows = self.snapshot(**changes)
        kinds = {"departments": "department", "navigators": "navigator", "projects": "project"}
        return [{"city": rows["city"]}, *({kinds[kind]: row} for kind in kinds for row in rows[kind])]

    async def put(self, lines: list[Any] | bytes, dry: str = "", **headers: str) -> httpx.Response:
        body = lines if isinstance(lines, bytes) else b"\n".join(json.dumps(line).encode() for line in lines)
        sent = {"content-type": "application/jsonl", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return await self.http.put(self.path, content=body, headers=sent, params={"dry": dry} if dry else {})

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        (answer,) = (await self.client.ask(query, **variables)).values()
        return dict(answer)

    async def count(self, table: str) -> int:
        async with self.hub.runtimes["directory"].db.read(HUB) as session:
            query = text(f"SELECT count(*) FROM {table} WHERE ags = :ags")
            return int(await session.scalar(query, {"ags": self.ags}) or 0)


@pytest_asyncio.fixture
async def city(shared: Hub) -> AsyncIterator[City]:
    ags, made = f"0837{next(_numbers):04}", Clients(shared, [])
    client = await made(ags)
    async with httpx.AsyncClient(
        base_url=shared.settings.issuer, headers=await client.headers(), trust_env=False, timeout=60
    ) as http:
        yield City(ags, client, http, shared)
    await client.close()


async def test_a_round_trip_over_http(city: City) -> None:
    assert (await city.http.get(city.path)).status_code == 404
    first = await city.put(city.lines())
    assert first.status_code == 200, first.text
    said = first.json()
    assert first.headers["etag"] == f'"{said["version"]}"'
    assert said["navigators"] == {"added": ["a", "b"], "changed": [], "withdrawn": [], "unchanged": 0}
    got = await city.http.get(city.path)
    assert (got.status_code, got.headers["etag"]) == (200, first.headers["etag"])
    assert got.json() == city.snapshot()
    again = await city.http.get(city.path, headers={"if-none-match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    changed = got.json()
    changed["navigators"][0]["room"] = "2.01a"
    headers = {"if-match": got.headers["etag"]}
    done = await city.http.put(city.path, json=changed, headers=headers)
    assert done.json()["navigators"] == {"added": [], "changed": ["a"], "withdrawn": [], "unchanged": 1}
    stale = await city.http.put(city.path, json=city.snapshot(), headers=headers)
    assert (stale.status_code, stale.headers["content-type"]) == (412, "application/problem+json")
    assert (await city.http.get(city.path)).json() == changed
    assert (await city.put(city.lines(), if_none_match="*")).status_code == 412
    assert (await city.put(city.lines(), if_match="nonsense")).status_code == 412
    same = await city.put(city.lines(**{k: changed[k] for k in ("departments", "navigators", "projects")}))
    assert (same.json()["publication"], same.json()["version"]) == (None, done.json()["version"])


async def test_a_dry_run_stores_nothing(city: City) -> None:
    seen = await city.put(city.lines(), dry="1", idempotency_key="dry")
    assert (seen.status_code, seen.json()["navigators"]["added"], seen.json()["publication"]) == (200, ["a", "b"], None)
    assert await city.count("publication") == await city.count("navigator") == await city.count("city") == 0


BROKEN: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "no json": ([b"{"], [("line 6", "")]),
    "a list": ([b"[]"], [("line 6", "")]),
    "two rows in a line": ([b'{"navigator": {"key": "x", "name": "X"}, "city": null}'], [("line 6", "city")]),
    "no such field": ([b'{"navigator": {"key": "x", "name": "X", "ofers": []}}'], [("line 6", "ofers")]),
    "wrong type": ([b'{"navigator": {"key": "x", "name": 7}}'], [("line 6", "name")]),
    "unknown topic": ([b'{"navigator": {"key": "x", "name": "X", "offers": ["nix"]}}'], [("line 6", "offers")]),
    "stands twice": ([b'{"navigator": {"key": "a", "name": "A"}}'], [("line 6", "key")]),
    "second city": ([b'{"city": {"ags": "08121000", "name": "X"}}'], [("line 6", "city")]),
    "two problems": ([b"{", b"", b'{"project": {"title": "T"}}'], [("line 6", ""), ("line 8", "key")]),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_what_is_wrong_is_named_by_its_line(city: City, case: str) -> None:
    lines, places = BROKEN[case]
    body = b"\n".join([*(json.dumps(line).encode() for line in city.lines()), *lines])
    answer = await city.put(body)
    assert answer.status_code == 422, answer.text
    found = [(p["row"], p.get("field", "")) for p in answer.json()["problems"]]
    assert found == places, answer.text
    assert await city.count("publication") == 0


async def test_bodies_that_cannot_be_taken(city: City) -> None:
    assert (await city.put(b"")).status_code == 422
    assert (await city.put(b'{"navigator": {"key": "' + b"x" * 200_000)).status_code == 413
    assert (await city.put(city.lines(), content_type="text/csv")).status_code == 415
    other = await city.put([{"city": {"ags": "08121000", "name": "X"}}])
    assert (other.status_code, other.json()["problems"][0]["field"]) == (422, "ags")
    whole = await city.http.put(city.path, json={"city": {"ags": city.ags, "name": "X"}, "navigators": [{"key": 1}]})
    assert [(p["row"], p["field"]) for p in whole.json()["problems"]] == [("navigators[0]", "key")]
    assert (await city.http.put("/directory/cities/08121000", json={})).status_code == 403
    assert (await city.http.get("/directory/cities/08121000")).status_code == 403


async def test_single_changes_end_in_the_same_place(city: City) -> None:
    with pytest.raises(Answered) as none:
        await city.ask(PUT, ags=city.ags, row={"key": "c", "name": "Ömer Esche"})
    assert none.value.reason == "NOT_FOUND"
    await city.put(city.lines())
    done = await city.ask(PUT, ags=city.ags, row={"key": "c", "name": "Ömer Esche"})
    assert done["navigators"] == {"added": ["c"], "changed": [], "withdrawn": [], "unchanged": ["a", "b"]}
    with pytest.raises(Answered) as bad:
        await city.ask(PUT, ags=city.ags, row={"key": "d", "name": "", "offers": ["nix"]})
    assert [(p.row, p.field) for p in bad.value.problems] == [("row", "name"), ("row", "offers")]

    async def change(name: str, **arguments: Any) -> dict[str, Any]:
        given = ", ".join(f"{key}: {value}" for key, value in arguments.items())
        return await city.ask(f'mutation {{ {name}(ags: "{city.ags}", {given}) {{ {REPORT} }} }}')

    # A new name of a department reaches those who work there; who goes leaves projects and mentoring.
    await change("putDepartment", row='{ key: "bau", name: "Hochbauamt" }')
    gone = await change("withdrawNavigator", key='"a"')
    assert (gone["navigators"]["withdrawn"], gone["projects"]["changed"]) == (["a"], ["p"])
    await change("putProject", row='{ key: "q", title: "Chatbot", navigators: ["b"] }')
    await change("withdrawDepartment", key='"bau"')
    await city.ask(f'mutation {{ changeCity(city: {{ ags: "{city.ags}", name: "Neustadt" }}) {{ {REPORT} }} }}')
    got = (await city.http.get(city.path)).json()
    assert (got["city"]["name"], got.get("departments", [])) == ("Neustadt", [])
    assert [(n["key"], n.get("mentor")) for n in got["navigators"]] == [("b", None), ("c", None)]
    assert [(p["key"], p.get("department"), p["navigators"]) for p in got["projects"]] == [
        ("p", "Hochbauamt", ["b"]), ("q", None, ["b"]),
    ]  # fmt: skip
    await change("withdrawProject", key='"q"')
    with pytest.raises(Answered) as missing:
        await change("withdrawProject", key='"q"')
    assert missing.value.reason == "NOT_FOUND"
    with pytest.raises(Answered) as stale:
        await city.ask(PUT, ags=city.ags, row={"key": "c", "name": "C"}, expected=done["version"])
    assert stale.value.reason == "CONFLICT"


async def test_no_single_change_is_lost(city: City) -> None:
    await city.put(city.lines(navigators=[], projects=[]))
    rows = [{"key": f"k{i}", "name": f"Name {i}"} for i in range(12)]
    await asyncio.gather(*(city.ask(PUT, ags=city.ags, row=row) for row in rows))
    got = (await city.http.get(city.path)).json()
    assert sorted(n["key"] for n in got["navigators"]) == sorted(row["key"] for row in rows)


async def test_a_key_makes_a_request_count_once(city: City) -> None:
    rows = city.snapshot()
    first = await city.ask(PUBLISH, snapshot=rows, key="k")
    assert first["navigators"]["added"] == ["a", "b"]
    assert await city.ask(PUBLISH, snapshot=rows, key="k") == first, "the answer of the first time"
    with pytest.raises(Answered) as other:
        await city.ask(PUBLISH, snapshot=city.snapshot(projects=[]), key="k")
    assert other.value.reason == "CONFLICT"
    row = {"key": "c", "name": "Ömer Esche"}
    many = await asyncio.gather(*(city.ask(PUT, ags=city.ags, row=row, key="same") for _ in range(6)))
    assert [one["navigators"]["added"] for one in many] == [["c"]] * 6
    assert await city.count("publication") == 2
    bad = {"key": "d", "name": ""}
    for _turn in range(2):  # what failed left no trace
        with pytest.raises(Answered) as refused:
            await city.ask(PUT, ags=city.ags, row=bad, key="later")
        assert refused.value.reason == "REFUSED"
    assert (await city.ask(PUT, ags=city.ags, row={"key": "d", "name": "D"}, key="later"))["navigators"]["added"]
    answers = [await city.put(city.lines(), idempotency_key="rest") for _turn in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["navigators"]["withdrawn"] == ["c", "d"]
    assert (await city.put(city.lines(projects=[]), idempotency_key="rest")).status_code == 409
    assert (await city.put(city.lines(), idempotency_key="k" * 300)).status_code == 422
