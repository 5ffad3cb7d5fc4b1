"""Short forms of the drills, and the measuring itself."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from services.app import chosen
from services.cli import demo
from services.kit.settings import Settings
from tests.conftest import Clients, Servers
from tests.drills import figures
from tests.drills.figures import Outcome, Sample
from tests.drills.load import CITIES, PUT
from tests.drills.watching import threshold
from tests.drills.wires import Wire, Wires
from tests.running import running

KONSTANZ = next(iter(CITIES))
NAMES = "query ($city: ID!) { city(ags: $city) { navigators(first: 100) { nodes { name } } } }"


# The measuring --------------------------------------------------------------------------------------------------------


def steady(first: float, last: float, *, took: float = 0.1, ok: bool = True) -> list[Sample]:
    """Five reads a second from `first` until `last`."""
    return [Sample("read", first + number / 5, took, ok) for number in range(int((last - first) * 5))]


def test_a_fault_is_measured() -> None:
    samples = [*steady(0, 10), *steady(10, 20, ok=False), *steady(20, 27, took=4.0), *steady(27, 60)]
    outcome = Outcome("cut", "a cut", samples, 10.0, 20.0, 60.0, lost={"mails": 0}, twice={"mails": 0})
    assert figures.recovered(samples, 20.0, 60.0, outcome.most) == 10.0
    assert figures.longest_wait(samples, "read", 10.0, 60.0) == pytest.approx(14.0, abs=0.11)
    assert outcome.wrong == []
    cells = [cell.strip() for cell in outcome.row().split("|")]
    assert cells[4:11] == ["300", "0, 50, 0", "0", "0", "14.0 s, 50.0 s", "100 ms, 0 ms, 4.0 s", "10 s"]
    lost = replace(outcome, lost={"mails": 1}, samples=[*samples, Sample("read", 59.0, 1.0, ok=False)])
    assert lost.wrong == ["lost: 1 mails", "not as before within 30 s"]


def test_a_row_takes_the_place_of_its_drill_s_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Before.\n{figures.HEAD}\n\nAfter.\n", encoding="utf-8")
    monkeypatch.setattr(figures, "PAGE", page)
    for name in ("one", "two", "one"):
        figures.write(Outcome(name, "a fault", steady(0, 60), 10.0, 20.0, 60.0))
    text = page.read_text(encoding="utf-8")
    assert [line.split("|")[1].strip() for line in text.splitlines() if "a fault" in line] == ["one", "two"]
    assert text.startswith("Before.\n")
    assert text.endswith("\n\nAfter.\n")


def test_the_alarms_are_those_of_the_rules() -> None:
    assert threshold("LotsennetzFeedBehind") == 30
    assert threshold("LotsennetzDatabaseDown") == 0


# A hub whose database is behind a wire --------------------------------------------------------------------------------


@pytest.fixture
def wires(tmp_path: Path) -> Wires:
    return Wires(tmp_path, random.Random(1))


@pytest_asyncio.fixture
async def clients(servers: Servers, database: str, settings: Settings, wires: Wires) -> AsyncIterator[Clients]:
    url = await wires.reach("hub", "primary", database)
    own = replace(settings, database_url=url, redis_url=servers.redis, workers=False)
    async with running(own, chosen()) as (hub, _server):
        made = Clients(hub, [])
        yield made
        for client in made.made:
            await client.close()
        await wires.close()


@pytest.mark.parametrize("fault", [Wire.cut, Wire.silence])
async def test_what_was_acknowledged_while_the_database_came_and_went_is_there_once(
    clients: Clients, wires: Wires, fault: object
) -> None:
    """A city publishes one after another with idempotency keys, and again until it is acknowledged."""
    city = await clients(KONSTANZ)
    await city.ask(demo.PUBLISH, snapshot={"city": {"ags": KONSTANZ, "name": "Konstanz"}, "navigators": []})
    city.http.timeout = httpx.Timeout(5.0)
    (wire,), failed = wires.all.values(), 0

    async def strike() -> None:
        for _turn in range(3):
            await asyncio.sleep(0.4)
            fault(wire)  # type: ignore[operator]  # one of two methods
            await asyncio.sleep(0.6)
            wire.mend()

    striking = asyncio.create_task(strike())
    count = 0
    async with asyncio.timeout(120):
        while not striking.done() or count < 5:
            row = {"key": f"n{count}", "name": f"Kim {count}"}
            while True:
                try:
                    await city.ask(PUT, ags=KONSTANZ, key=f"short:{count}", row=row)
                    break
                except Exception:  # noqa: BLE001 - whatever it was, it was no acknowledgement
                    failed += 1
                    await asyncio.sleep(0.1)
            count += 1
            await asyncio.sleep(0.05)  # all of them fit on one page
        await striking
        city.http.timeout = httpx.Timeout(60.0)
        found = (await city.ask(NAMES, city=KONSTANZ))["city"]["navigators"]["nodes"]
    assert failed > 0 or fault is Wire.silence  # a short silence only makes wait
    assert sorted(node["name"] for node in found) == sorted(f"Kim {number}" for number in range(count))
