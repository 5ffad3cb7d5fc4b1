"""The organiser's cockpit in a browser without script: the clock, announcements, who is there, buses, ideas."""

import re
import uuid

from services.cli import demo
from services.kit.service import Hub
from tests.browser_like import Browser, logged_in
from tests.conftest import Clients
from tests.events.cockpit_world import HEILBRONN, organised, told
from tests.events.open_space import SPEYER
from tests.events.test_phone_pages import words

CLOCK = "query ($id: ID!) { event(id: $id) { clock { phase round revision automatic } announcements { text } } }"


async def pressed(browser: Browser, path: str, do: str, **more: str) -> int:
    """Press a button of the clock as the page shows it."""
    page = await browser.http.get(path)
    for form in re.findall(rf'<form method="post" action="{path}/clock".*?</form>', page.text, re.DOTALL):
        fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
        if fields.get("do") == do and more.items() <= fields.items():
            answer = await browser.http.post(f"{path}/clock", data=fields | more)
            assert answer.status_code == 303, words(answer)
            return int(fields["expected"])
    raise AssertionError(f"no button for {do} in {words(page)}")


async def test_the_clock_is_commanded(hub: Hub, clients: Clients) -> None:
    browser, event, _people, base = await organised(hub, clients)
    path = f"{base}/day"
    page = await browser.http.get(path)
    assert page.status_code == 200, words(page)
    await pressed(browser, path, "start")
    old = await browser.http.get(path)
    await pressed(browser, path, "extend", minutes="5")
    await pressed(browser, path, "pause")
    await pressed(browser, path, "resume")
    second = await browser.submit(old, f"{path}/clock")  # from a page that is out of date
    assert second.status_code == 409
    assert "Jemand war schneller." in words(second)
    await pressed(browser, path, "next")
    await pressed(browser, path, "end")
    set_up = await browser.http.get(path)
    (form,) = re.findall(r'<form method="post" action="[^"]+/clock" class="form".*?</form>', set_up.text, re.DOTALL)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    done = await browser.http.post(f"{path}/clock", data={**fields, "automatic": "true", "warning": "30"})
    assert done.status_code == 303
    found = await told(browser, CLOCK, event)
    assert (found["clock"]["phase"], found["clock"]["round"], found["clock"]["automatic"]) == ("BREAK", 2, True)
    await pressed(browser, path, "finish")
    assert "Die Runden sind vorbei." in words(await browser.http.get(path))
    await browser.close()


async def test_without_a_plan_it_says_what_comes_first(hub: Hub, clients: Clients) -> None:
    browser, _event, _people, base = await organised(hub, clients)
    assert "Runde 1 starten" in words(await browser.http.get(f"{base}/day"))
    made = (await browser.graph(demo.CREATE, event=demo.snapshot("event")))["data"]["createEvent"]["id"]
    page = await browser.http.get(f"/organise/{made}/day")
    assert "Noch hat niemand einen Tisch" in words(page)
    assert f'href="/organise/{made}/groups"' in page.text
    assert ("Runde 1 starten" in words(page), "Runde 1 ohne Tische starten" in words(page)) == (False, True)
    without = {**demo.snapshot("event"), "rounds": None}
    made = (await browser.graph(demo.CREATE, event=without))["data"]["createEvent"]["id"]
    page = await browser.http.get(f"/organise/{made}/day")
    assert "Diese Veranstaltung hat keine Runden." in words(page)
    assert f'class="kern-btn kern-btn--primary" href="/organise/{made}/head"' in page.text
    await browser.close()


async def test_announcements_and_ideas(hub: Hub, clients: Clients) -> None:
    browser, event, _people, base = await organised(hub, clients)
    path = f"{base}/day"
    page = await browser.http.get(path)
    assert (await browser.submit(page, f"{path}/announcements", text="")).status_code == 422
    done = await browser.submit(page, f"{path}/announcements", text="Mittag im <Foyer>")
    assert done.status_code == 303
    page = await browser.http.get(path)
    assert "Mittag im &lt;Foyer&gt;" in page.text
    assert "Mittag im &lt;Foyer&gt;" in (await browser.http.get(f"/events/{event}/screen")).text
    assert (await browser.submit(page, f"{path}/announcements/withdraw")).status_code == 303
    assert (await told(browser, CLOCK, event))["announcements"] == []

    ideas = await browser.http.get(f"{path}/ideas")
    sent = await browser.submit(ideas, f"{path}/ideas", text="Eine Idee\n\nNoch eine", round="1", table="2")
    assert sent.status_code == 303
    assert (await browser.submit(ideas, f"{path}/ideas", text="Eine Idee", round="77")).status_code == 422
    shown = await browser.http.get(f"{path}/ideas?table=2")
    assert "2 Ideen" in words(shown)
    assert (await browser.submit(shown, f"{path}/ideas/hide")).status_code == 303
    assert "Wieder zeigen" in words(await browser.http.get(f"{path}/ideas"))
    assert "2 Ideen" not in words(await browser.http.get(f"{path}/ideas?table=1"))
    await browser.close()


ATTENDANCE = "query ($id: ID!) { event(id: $id) { attendance { navigator { id } state } } }"


async def test_no_shows_by_name(hub: Hub, clients: Clients) -> None:
    browser, event, people, base = await organised(hub, clients)
    path = f"{base}/day/people"
    found = await browser.graph("query ($id: ID!) { navigator(id: $id) { name } }", id=people[0])
    name = found["data"]["navigator"]["name"]
    page = await browser.http.get(path, params={"q": name.split()[-1][:4]})
    assert name in words(page)
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf
    sent = {"csrf": csrf[1], "navigator": people[0], "state": "NO_SHOW", "name": name, "q": name}
    done = await browser.http.post(path, data=sent)
    assert done.status_code == 303
    assert "kommt nicht: 1" in words(await browser.http.get(done.headers["location"]))
    states = {one["navigator"]["id"]: one["state"] for one in (await told(browser, ATTENDANCE, event))["attendance"]}
    assert states[people[0]] == "NO_SHOW"
    assert "nimmt niemand teil" in words(await browser.http.get(path, params={"q": "%%%"}))
    strange = await browser.http.post(path, data={**sent, "navigator": str(uuid.uuid4())})
    assert strange.status_code == 422
    await browser.close()


VEHICLE = """mutation ($event: ID!, $vehicle: VehicleInput!) { setVehicle(event: $event, vehicle: $vehicle) {
  vehicles { id points { id } } } }"""
SEATS = """mutation ($event: ID!, $point: ID!, $people: [ID!]!) {
  assignSeats(event: $event, point: $point, navigators: $people) { id } }"""
ABOARD = "query ($id: ID!) { event(id: $id) { vehicles { delay aboard { navigator { id } present } } } }"


async def test_the_roll_call_of_a_bus(hub: Hub, clients: Clients) -> None:
    browser, event, people, base = await organised(hub, clients)
    empty = await browser.http.get(f"{base}/day/buses")
    assert f'class="kern-btn kern-btn--primary" href="{base}/people/buses"' in empty.text
    bus = {"name": "Bus 1", "seats": 20, "points": [{"name": "Bahnhof", "leaves": "07:00"}]}
    made = (await browser.graph(VEHICLE, event=event, vehicle=bus))["data"]["setVehicle"]["vehicles"][0]
    await browser.graph(SEATS, event=event, point=made["points"][0]["id"], people=people[:3])
    assert "Bus 1" in words(await browser.http.get(f"{base}/day/buses"))
    path = f"{base}/day/buses/{made['id']}"
    page = await browser.http.get(path)
    done = await browser.submit(page, path, shown=people[:3], present=people[:2])
    assert done.status_code == 303
    late = await browser.submit(page, f"{path}/delay", minutes="15")
    assert late.status_code == 303
    (vehicle,) = (await told(browser, ABOARD, event))["vehicles"]
    assert {one["navigator"]["id"]: one["present"] for one in vehicle["aboard"]} == dict(
        zip(people[:3], (True, True, False), strict=True)
    )
    assert vehicle["delay"] == 15
    assert (await browser.http.get(f"{base}/day/buses/{uuid.uuid4()}")).status_code == 404
    await browser.close()


async def test_only_whose_event_it_is(hub: Hub, clients: Clients) -> None:
    browser, event, _people, base = await organised(hub, clients)
    other = await logged_in(hub, SPEYER, "coordinator")
    navigator = await logged_in(hub, HEILBRONN, "navigator")
    nobody = Browser(hub)
    for rest in ("", "/people", "/buses", "/ideas"):
        path = f"{base}/day{rest}"
        assert (await browser.http.get(path)).status_code == 200
        assert (await other.http.get(path)).status_code == 403
        assert (await navigator.http.get(path)).status_code == 403
        assert (await nobody.http.get(path)).status_code == 303
    assert (await browser.http.get(f"/organise/{uuid.uuid4()}/day")).status_code == 404
    page = await other.http.get("/account")
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf
    sent = {"csrf": csrf[1], "do": "start", "expected": "0"}
    assert (await other.http.post(f"{base}/day/clock", data=sent)).status_code == 403
    assert (await told(browser, CLOCK, event))["clock"]["phase"] == "WAITING"
    for one in (browser, other, navigator, nobody):
        await one.close()
