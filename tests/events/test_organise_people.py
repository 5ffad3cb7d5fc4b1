"""Who comes to an event, on the organiser's pages: places, invitations, lists, buses, announcements."""

import re
import uuid
from typing import Any

from sqlalchemy import select

from services.events.models import Notice
from services.kit.db import HUB
from tests.events.organise_world import SOON, World, world
from tests.events.organising import shown
from tests.events.registration_world import GUEST, HOST, NAMES

__all__ = ["world"]


async def opened(world: World, **rules: Any) -> str:
    path = await world.new()
    sent = {"closesAt-day": "", "releaseNeeded": "", **rules}
    answer = await world.act(f"{path}/people/rules", "/people/rules", **sent)
    assert answer.status_code == 303, shown(answer)
    assert answer.headers["location"] == f"{path}/people/invite"
    return f"{path}/people"


async def test_places_and_deadline(world: World) -> None:
    path = await opened(
        world, **{"places": "4", "sizes": "0 = 1\n50.000 = 3", "parties": "Seestadt = 2", "offerHours": "24",
                  "closesAt-day": SOON.day, "closesAt-month": SOON.month, "closesAt-year": SOON.year,
                  "closesClock": "12:00"},
    )  # fmt: skip
    page = await world.browser.http.get(f"{path}/rules")
    assert "50000 = 3" in page.text
    assert "Seestadt = 2" in page.text
    assert 'value="12:00"' in page.text
    wrong = await world.act(f"{path}/rules", "/people/rules", sizes="viele", parties="Domstadt = 3", places="-1")
    assert wrong.status_code == 422
    for field, value in (("sizes", "50000"), ("parties", "Domstadt = 3"), ("places", "-1"), ("offerHours", "0")):
        wrong = await world.act(f"{path}/rules", "/people/rules", **{field: value})
        assert (wrong.status_code, f'href="#f-{field}"' in wrong.text) == (422, True), field
    assert "4 Plätze insgesamt" in shown(await world.browser.http.get(path))
    again = await world.act(f"{path}/rules", "/people/rules", places="4")
    assert again.headers["location"] == path


async def test_nobody_is_invited_once_registration_is_closed(world: World) -> None:
    closed = {"closesAt-day": "1", "closesAt-month": "2", "closesAt-year": "2020"}
    path = await opened(world, **closed)
    answer = await world.act(f"{path}/invite", "/people/invite", cities=[GUEST])
    assert answer.status_code == 409
    assert "Die Anmeldung ist geschlossen. Bitte legen Sie erst eine spätere Frist fest" in shown(answer)
    assert await world.states(path) == {}


async def test_invitations_by_city_and_topic(world: World) -> None:
    path = await opened(world, places="10")
    nobody = await world.act(f"{path}/invite", "/people/invite")
    assert (nobody.status_code, 'href="#f-cities"' in nobody.text) == (422, True)
    await world.act(f"{path}/invite", "/people/invite", cities=[GUEST], topics="finance")
    assert set(await world.states(path)) == set(world.guests[1::2])
    await world.act(f"{path}/invite", "/people/invite", cities=[GUEST, HOST], words="Kommt!", contactPoints="true")
    assert set(await world.states(path)) == {*world.guests, *world.hosts}
    async with world.hub.runtimes["events"].db.read(HUB) as session:
        notices = list(await session.scalars(select(Notice).where(Notice.event_id == uuid.UUID(path.split("/")[2]))))
    assert all(one.details["words"] == ["Kommt!"] for one in notices if one.kind == "contact")
    page = await world.browser.http.get(f"{path}?standing=invited&city={HOST}")
    assert [str(one) in page.text for one in world.hosts] == [True] * 8
    assert world.guests[0] not in page.text
    assert world.hosts[3] in (await world.browser.http.get(f"{path}?q=0003")).text
    assert "Niemand passt." in shown(await world.browser.http.get(f"{path}?q=%25"))


async def test_a_place_against_the_rules_takes_a_reason(world: World) -> None:
    path = await opened(world, places="1", offerHours="48")
    first, second, third = world.hosts[:3]
    assert (await world.act(f"{path}/{first}", f"/people/{first}/admit")).status_code == 303
    refused = await world.act(f"{path}/{second}", f"/people/{second}/admit", reason="")
    assert (refused.status_code, 'href="#f-reason"' in refused.text) == (422, True)
    await world.act(f"{path}/{second}", f"/people/{second}/admit", reason="Hält den Vortrag")
    assert await world.states(path) == {first: "registered", second: "registered"}
    assert "Hält den Vortrag" in shown(await world.browser.http.get(path))
    await world.act(f"{path}/{first}", f"/people/{first}/substitute", comes=third)
    assert (await world.states(path))[third] == "registered"
    assert "Lotse 0002" in shown(await world.browser.http.get(f"{path}/{first}"))
    await world.act(f"{path}/{third}", f"/people/{third}/remove")
    assert (await world.states(path))[third] == "cancelled"
    assert (await world.browser.http.get(f"{path}/{uuid.uuid4()}")).status_code == 404


async def test_a_list_is_shown_before_it_counts(world: World) -> None:
    path = await opened(world, places="3")
    page = await world.browser.http.get(f"{path}/import")
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert token
    table = "Name;Stadt\nLotse 0001;Rebstadt\nLotse 0002;Rebstadt\nNiemand Da;Rebstadt\n"
    file = {"file": ("liste.csv", table.encode(), "text/csv")}
    preview = await world.browser.http.post(f"{path}/import", data={"csrf": token[1]}, files=file)
    assert preview.status_code == 200
    assert "Niemand Da" in shown(preview)
    assert f"{path}/listed" not in preview.text  # while something is wrong, nobody is added
    preview = await world.browser.submit(page, f"{path}/names", names="Lotse 0001, \nlotse <n0001@x08121000.example>")
    assert "0001" in shown(preview)
    assert f"{path}/listed" not in preview.text
    # One wrong line: what was written stands there to be corrected
    wrong = "Niemand Da\nLotse 0001"
    preview = await world.browser.submit(page, f"{path}/names", names=wrong)
    assert wrong in preview.text
    assert f"{path}/listed" not in preview.text
    names = "\n".join(f"n{i:04}@x{HOST}.example" for i in range(5))
    preview = await world.browser.submit(page, f"{path}/names", names=names)
    assert await world.states(path) == {}
    refused = await world.browser.submit(preview, f"{path}/listed", step="add")
    assert (refused.status_code, 'id="e-reason"' in refused.text) == (422, True)
    done = await world.browser.submit(refused, f"{path}/listed", step="add", reason="So vereinbart")
    assert done.status_code == 303
    assert await world.states(path) == dict.fromkeys(world.hosts[:5], "registered")
    old = await world.browser.submit(preview, f"{path}/listed", step="add", reason="x")
    assert old.status_code == 412
    more = await world.browser.submit(page, f"{path}/names", names=f"n0006@x{HOST}.example")
    await world.browser.submit(more, f"{path}/listed", step="invite", words="Bitte")
    assert (await world.states(path))[world.hosts[6]] == "invited"


async def test_without_a_registration_people_are_added(world: World) -> None:
    path = f"{await world.new()}/people"
    assert "Noch ist niemand da." in shown(await world.browser.http.get(path))
    page = await world.browser.http.get(f"{path}/import")
    preview = await world.browser.submit(
        page, f"{path}/names", names="\n".join(f"n{i:04}@x{HOST}.example" for i in range(3))
    )
    await world.browser.submit(preview, f"{path}/listed", step="add")
    listed = await world.browser.http.get(path)
    assert [one in listed.text for one in world.hosts[:4]] == [True, True, True, False]


async def test_buses_and_seats(world: World) -> None:
    path = await opened(world, places="10")
    guest = world.guests[0]
    await world.act(f"{path}/{guest}", f"/people/{guest}/admit")
    wrong = await world.act(f"{path}/buses", "/people/buses", name="Bus 1", seats="50", points="Bahnhof")
    assert (wrong.status_code, 'href="#f-points"' in wrong.text) == (422, True)
    await world.act(f"{path}/buses", "/people/buses", name="Bus 1", seats="50", points="7:00 Bahnhof\n07:10 Hafen")
    page = await world.browser.http.get(f"{path}/buses")
    assert "07:00 Bahnhof" in shown(page)
    seats = await world.browser.http.get(f"{path}/{guest}")
    (point,) = re.findall(r'<option value="([0-9a-f-]{36})"[^>]*>Bus 1: Bahnhof', seats.text)
    await world.act(f"{path}/{guest}", f"/people/{guest}/seat", point=point)
    page = await world.browser.http.get(f"{path}/buses")
    assert "Lotse 0000" in shown(page)
    (bus,) = set(re.findall(r"vehicle=([0-9a-f-]{36})", page.text))
    await world.act(f"{path}/buses?vehicle={bus}", "/people/buses", vehicle=bus, name="Bus 1", seats="40",
                    points="06:50 Bahnhof")  # fmt: skip
    page = await world.browser.http.get(f"{path}/buses")
    assert ("06:50 Bahnhof" in shown(page), "Lotse 0000" in shown(page), "Hafen" in shown(page)) == (True, True, False)
    gone = await world.act(f"{path}/buses?vehicle={bus}", "/people/buses", vehicle=bus, name="Bus 1", seats="40",
                           points="06:50 Hafen")  # fmt: skip
    assert gone.status_code == 409
    await world.act(f"{path}/buses", "/people/buses/remove", vehicle=bus)
    assert "Bus 1" not in shown(await world.browser.http.get(f"{path}/buses")).replace("Bus 1, Konstanz", "")


async def test_announcements(world: World) -> None:
    path = await opened(world, places="10")
    guest = world.guests[0]
    await world.act(f"{path}/{guest}", f"/people/{guest}/admit")
    empty = await world.act(f"{path}/announcements", "/people/announcements", text="")
    assert (empty.status_code, 'href="#f-text"' in empty.text) == (422, True)
    done = await world.act(f"{path}/announcements", "/people/announcements", text="Raum <2>", to=f"city:{HOST}")
    assert done.status_code == 303
    page = await world.browser.http.get(f"{path}/announcements")
    assert ("Raum &lt;2&gt;" in page.text, NAMES[HOST] in page.text) == (True, True)
    (key,) = re.findall(r'name="announcement" value="([^"]+)"', page.text)
    await world.act(f"{path}/announcements", "/people/announcements/withdraw", announcement=key)
    assert "Raum" not in shown(await world.browser.http.get(f"{path}/announcements")).replace("Raum.", "")
