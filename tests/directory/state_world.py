"""A state for the tests: a register of 122 municipalities and a forest, three cities that publish, and one elsewhere.

Konstanz has five navigators, three of them funded; Heilbronn one whom only the network sees; Dorf 100 has none.
"""

from typing import Any

from sqlalchemy import text

from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.directory.test_publishing import publish
from tests.directory.test_register import HEILBRONN, KONSTANZ, Line, file, load

BW, SACHSEN, DRESDEN, VILLAGE = "08", "14", "14612000", "08335100"
FOREST = Line("08335990", "Gutsbezirk Tannenhain", 66, 0)


def person(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "name": f"Kim {key.title()}", **more}


def city(ags: str, name: str, people: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"city": {"ags": ags, "name": name}, "navigators": people, "projects": [], **more}


async def build(hub: Hub, clients: Clients) -> None:
    elsewhere = person("z", offers=["budget-planning"], seeks=["e-file"])
    await publish(await clients(DRESDEN), city(DRESDEN, "Dresden", [elsewhere]))
    await load(hub, file(KONSTANZ, HEILBRONN, FOREST))
    people = [
        person("a", department="kämmerei", funded=True, seeks=["finance", "e-invoice"]),
        person("b", department="KÄMMEREI", funded=True, offers=["e-file"]),
        person("c", department="Hochbauamt", funded=True, until="2020-06-30"),
        person("d", seeks=["e-invoice"], visibility=[{"field": "seeks", "audience": "NETWORK"}]),
        person("e", offers=["e-invoice"], visibility=[{"field": "offers", "audience": "CITY"}]),
    ]
    departments = [{"key": "20", "name": "Kämmerei", "target": 2}, {"key": "65", "name": "Hochbauamt", "target": 2}]
    await publish(await clients(KONSTANZ.ags), city(KONSTANZ.ags, "Konstanz", people, departments=departments))
    hidden = person("f", visibility=[{"field": "entry", "audience": "NETWORK"}])
    await publish(await clients(HEILBRONN.ags), city(HEILBRONN.ags, "Heilbronn", [hidden]))
    await publish(await clients(VILLAGE), city(VILLAGE, "Dorf 100", []))
    await execute(hub, "UPDATE city SET confirmed_on = current_date - 200 WHERE ags = :ags", ags=VILLAGE)


async def execute(hub: Hub, statement: str, **values: Any) -> None:
    """What only time would do."""
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        await session.execute(text(statement), values)
