"""A day of rounds for tests: people of two cities at tables, phones that look on, and time that passes at once."""

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import msgspec
from sqlalchemy import text

from services.cli import demo
from services.cli.client import Client
from services.contracts.matching import RoundsConfirmed, TablePlanned
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients

KONSTANZ, HEILBRONN, SPEYER = "08335043", "08121000", "07318000"
SECONDS = 20.0
LINKS = "query ($id: ID!) { event(id: $id) { dayLinks { navigator { id } link url } } }"
CLOCK = "revision phase round rounds startedAt endsAt warnsAt leftSeconds automatic nextRound now"
COMMAND = "mutation ($event: ID!, $expected: Int!%s) { %s(event: $event, expected: $expected%s) { " + CLOCK + " } }"
MY_DAY = """query ($link: String!) { myDay(link: $link) { title name clock { phase round revision }
  here { round table new topic { code de } companions { name city } } next { round table new companions { name } }
  rounds { round table new } } }"""


def forged(link: str) -> str:
    """A link that is signed otherwise. Not its end: of the last characters, the signature has but some bits."""
    return link[:-9] + ("B" if link[-9] == "A" else "A") + link[-8:]


async def day(hub: Hub, clients: Clients, count: int = 8, **changes: Any) -> tuple[Client, str, list[str]]:
    """An organiser from Konstanz, their event of today with three rounds, and `count` people of it by id."""
    for ags, name in ((KONSTANZ, "konstanz"), (HEILBRONN, "heilbronn")):
        await (await clients(ags)).ask(demo.PUBLISH, snapshot=demo.snapshot(name))
    organiser = await clients(KONSTANZ)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    event = {**demo.snapshot("event"), "date": today, **changes}
    made = str((await organiser.ask(demo.CREATE, event=event))["createEvent"]["id"])
    people = []
    for ags in (KONSTANZ, HEILBRONN):
        found = (await organiser.ask(demo.EVERYBODY, city=ags))["city"]["navigators"]["nodes"]
        people += [node["id"] for node in found[: count // 2]]
    await organiser.ask(demo.JOIN, event=made, navigators=people)
    return organiser, made, people


async def seat(hub: Hub, event: str, rows: list[list[list[str]]]) -> None:
    """Confirm a plan: people by round and table, as matching says it."""
    tables = tuple(
        TablePlanned(round=number, table=table, topic="finance", navigators=tuple(members))
        for number, row in enumerate(rows, 1)
        for table, members in enumerate(row, 1)
    )
    matching = hub.runtimes["matching"]
    async with matching.db.begin(HUB) as session:
        await matching.say(session, [RoundsConfirmed(event=event, plan=str(uuid.uuid4()), tables=tables)])
    await hub.settle()


def halves(people: list[str]) -> list[list[list[str]]]:
    """Three rounds at two tables; each time others."""
    half = len(people) // 2
    return [[people[:half], people[half:]], [people[::2], people[1::2]], [people[half:], people[:half]]]


async def command(client: Client, event: str, name: str, expected: int, **values: tuple[str, Any]) -> dict[str, Any]:
    """A command for the clock; `values` are (GraphQL type, value)."""
    declared = "".join(f", ${key}: {kind}" for key, (kind, _value) in values.items())
    passed = "".join(f", {key}: ${key}" for key in values)
    given = {key: value for key, (_kind, value) in values.items()}
    data = await client.ask(COMMAND % (declared, name, passed), event=event, expected=expected, **given)
    return dict(data[name])


async def pass_time(hub: Hub, event: str, **much: float) -> None:
    """Let time pass at once: everything the clock was told happened so much earlier."""
    async with hub.runtimes["events"].db.begin(HUB) as session:
        await session.execute(
            text(
                "UPDATE live SET started_at = started_at - cast(:by AS interval),"
                " ends_at = ends_at - cast(:by AS interval) WHERE event_id = :event"
            ),
            {"by": dt.timedelta(**much), "event": uuid.UUID(event)},
        )


async def links(client: Client, event: str) -> dict[str, dict[str, str]]:
    """Everybody's links by id."""
    found = (await client.ask(LINKS, id=event))["event"]["dayLinks"]
    return {one["navigator"]["id"]: one for one in found}


class Phone:
    """Reads a stream of events: `seen` holds (name, id, data) of all so far."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Any]] = []
        self.ended = False
        self._news = asyncio.Event()

    async def read(self, answer: httpx.Response) -> None:
        name = tag = ""
        with contextlib.suppress(httpx.HTTPError):
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("id: "):
                    tag = line.removeprefix("id: ")
                elif line.startswith("data: "):
                    self.seen.append((name, tag, msgspec.json.decode(line.removeprefix("data: "))))
                    self._news.set()
        self.ended = True
        self._news.set()

    async def until(self, name: str, true: Callable[[Any], object] = lambda _data: True) -> Any:
        """The newest event of this name, once it is so."""
        async with asyncio.timeout(SECONDS):
            while True:
                found = [data for event, _id, data in self.seen if event == name]
                if found and true(found[-1]):
                    return found[-1]
                self._news.clear()
                await self._news.wait()

    async def end(self) -> None:
        async with asyncio.timeout(SECONDS):
            while not self.ended:
                self._news.clear()
                await self._news.wait()


@contextlib.asynccontextmanager
async def phone(url: str, **headers: str) -> AsyncIterator[Phone]:
    """Somebody who looks at a stream. Raises HTTPStatusError where there is none."""
    async with (
        httpx.AsyncClient(timeout=httpx.Timeout(SECONDS, read=None), trust_env=False) as http,
        http.stream("GET", url, headers=headers) as answer,
    ):
        answer.raise_for_status()
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = Phone()
        task = asyncio.create_task(found.read(answer))
        try:
            yield found
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
