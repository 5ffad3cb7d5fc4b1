"""Two tabs with one form: whoever saves second is told of the first, keeps what they wrote, and then decides."""

import re
from typing import Any

import pytest

from tests.events.organise_world import SOON, World, world
from tests.events.organising import shown
from tests.events.registration_world import GUEST, HOST

__all__ = ["world"]
STALE = "Das wurde inzwischen geändert"
KEPT = "Was Sie geschrieben haben, steht noch unten."


async def _both(world: World, at: str, action: str, first: dict[str, Any], second: dict[str, Any], kept: str) -> None:
    """The form at `at` in two tabs; `kept` is what the second one wrote."""
    one, other = [await world.browser.http.get(at) for _each in range(2)]
    assert (await world.browser.submit(one, action, **first)).status_code == 303
    again = await world.browser.submit(one, action, **first)
    assert again.status_code == 303, "the same sent twice is no quarrel"
    refused = await world.browser.submit(other, action, **second)
    assert (refused.status_code, STALE in shown(refused), KEPT in shown(refused)) == (409, True, True)
    assert kept in refused.text
    now = re.search(r'href="([^"]+)" target="_blank"', refused.text)
    assert now
    assert (await world.browser.http.get(now[1])).status_code == 200
    assert (await world.browser.submit(refused, action, **second)).status_code == 303, "the second time they know"


async def test_the_place(world: World) -> None:
    path = f"{await world.new(template='NONE')}/venue"
    place = {"address": "", "onlineLink": ""}
    await _both(world, path, path, {"venue": "Halle", **place}, {"venue": "Forum", **place}, "Forum")
    assert (await world.draft(path)).venue == "Forum"


async def test_a_room_and_an_item(world: World) -> None:
    path = await world.new(template="REVIEW", rooms="Saal")
    (room,) = (await world.draft(path)).rooms or ()
    at = f"{path}/venue?room={room.id}"
    await _both(world, at, f"{path}/venue/room", {"name": "Aula", "capacity": "9"}, {"name": "Saal 2"}, "Saal 2")
    # Somebody else changes the place of the event: no concern of the room.
    page = await world.browser.http.get(at)
    await world.act(f"{path}/venue", "/venue", venue="Rathaus", address="", onlineLink="")
    assert (await world.browser.submit(page, f"{path}/venue/room", name="Saal 3")).status_code == 303
    item = (await world.draft(path)).agenda[0]
    at, starts = f"{path}/agenda?item={item.id}", {"starts": item.starts}
    await _both(world, at, f"{path}/agenda", {"title": "Kaffee", **starts}, {"title": "Tee", **starts}, "Tee")
    # What was removed meanwhile can be written anew with what one wrote.
    page = await world.browser.http.get(at)
    await world.act(f"{path}/agenda", "/agenda/move", item=item.id, step="remove")
    gone = await world.browser.submit(page, f"{path}/agenda", title="Wasser", **starts)
    assert (gone.status_code, "inzwischen entfernt" in shown(gone), "Wasser" in gone.text) == (409, True, True)
    assert (await world.browser.submit(gone, f"{path}/agenda", title="Wasser", **starts)).status_code == 303
    assert "Wasser" in {one.title for one in (await world.draft(path)).agenda}


async def test_the_head(world: World) -> None:
    path = await world.new(template="REVIEW")
    date = {"date-day": SOON.day, "date-month": SOON.month, "date-year": SOON.year}
    same = {"kind": "REVIEW", "host": HOST, "guests": [GUEST], **date}
    await _both(
        world, f"{path}/head", f"{path}/head", {"title": "Rückblick A", **same}, {"title": "Rückblick B", **same},
        "Rückblick B",
    )  # fmt: skip


async def test_places_and_buses(world: World) -> None:
    path = await world.new(template="REVIEW")
    rules = f"{path}/people/rules"
    hours = {"offerHours": "48"}
    for _opened in range(2):  # the first time it opens registration
        await _both(world, rules, rules, {"places": "30", **hours}, {"places": "77", **hours}, 'value="77"')
    buses = f"{path}/people/buses"
    bus = {"name": "Bus 1", "seats": "40", "leg": "there", "points": "07:00 Bahnhof\n06:30 Markt"}
    await world.act(buses, "/people/buses", **bus)
    edit = re.search(r"vehicle=([^#\"]+)#write", (await world.browser.http.get(buses)).text)
    assert edit
    at = f"{buses}?vehicle={edit[1]}"
    await _both(world, at, buses, {**bus, "seats": "50"}, {**bus, "seats": "33"}, 'value="33"')


@pytest.mark.parametrize("kind", ["programmes", "modules"])
async def test_what_is_taught(world: World, kind: str) -> None:
    new = await world.browser.http.get(f"/{kind}/new")
    fields = {"host": HOST, **({"year": "2027"} if kind == "programmes" else {})}
    made = await world.browser.submit(new, f"/{kind}/new", title="Erstes Jahr", **fields)
    at = made.headers["location"] + ("/edit" if kind == "programmes" else "")
    await _both(world, at, at, {"title": "Jahr A", **fields}, {"title": "Jahr B", **fields}, "Jahr B")
