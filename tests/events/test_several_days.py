"""An event of several days says on screens and phones which day it speaks of; one of a single day does not."""

import re
from typing import Any

import pytest

from services.cli import demo
from services.kit.service import Hub
from tests.browser_like import Browser
from tests.conftest import Clients
from tests.events.open_space import DAY, World, world
from tests.events.test_phone_pages import words

NEXT = "2027-10-02"
CHANGE = "mutation ($id: ID!, $event: EventInput!) { changeEvent(id: $id, event: $event) { id } }"
LINKS = "query ($id: ID!) { event(id: $id) { dayLinks { url } } }"
SET = """mutation ($event: ID!, $slots: [SlotInput!]) { setOpenSpace(
  event: $event, rooms: [{name: "Saal", capacity: 30}], slots: $slots) { board { slots { id } } } }"""


@pytest.fixture(scope="module")
def workers() -> bool:
    return True


async def planned(here: World, slots: list[tuple[str, str]]) -> None:
    times = [{"starts": f"{day}T{clock}:00+02:00", "ends": f"{day}T{clock[:2]}:45:00+02:00"} for day, clock in slots]
    await here.organiser.ask(SET, event=here.event, slots=times)
    for number in range(len(slots)):
        await here.propose(f"Thema {number}")
    await here.publish((await here.plan(iterations=1_000))["id"])


async def pages(here: World) -> tuple[str, str]:
    """The board and the phone of one who takes part, as they are read."""
    (url, *_rest) = [one["url"] for one in (await here.organiser.ask(LINKS, id=here.event))["event"]["dayLinks"]]
    browser = Browser(here.hub)
    seen = [
        await browser.http.get(path)
        for path in (f"/events/{here.event}/board", url.removeprefix(browser.hub.settings.issuer))
    ]
    await browser.close()
    assert [one.status_code for one in seen] == [200, 200]
    return words(seen[0]), words(seen[1])


def event(**changes: Any) -> dict[str, Any]:
    agenda = [{"starts": "09:00", "ends": "10:00", "title": "Beginn"}]
    return {**demo.snapshot("event"), "kind": "OPEN_SPACE", "date": DAY, "agenda": agenda, **changes}


async def test_the_day_stands_where_there_are_several(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    two = [{"starts": "09:00", "ends": "10:00", "title": "Beginn"},
           {"day": NEXT, "starts": "11:00", "ends": "12:00", "title": "Abschluss"}]  # fmt: skip
    await here.organiser.ask(CHANGE, id=here.event, event=event(lastDay=NEXT, agenda=two))
    await planned(here, [(DAY, "14:00"), (NEXT, "14:00")])
    board, phone = await pages(here)
    assert "Fr., 1.10. 14:00 – 14:45" in board
    assert "Sa., 2.10. 14:00 – 14:45" in board
    assert "Fr., 1.10. 09:00 – 10:00" in phone
    assert "Sa., 2.10. 11:00 – 12:00" in phone


async def test_nothing_is_said_of_the_day_where_there_is_one(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    await here.organiser.ask(CHANGE, id=here.event, event=event())
    await planned(here, [(DAY, "14:00"), (DAY, "15:00")])
    for page in await pages(here):
        assert re.search(r"\d\d:\d\d – \d\d:\d\d", page)
        assert "1.10." not in page
