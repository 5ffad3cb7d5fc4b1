"""What holds of all pages of a day, for whoever looks: whole, small, labelled, and nothing from elsewhere."""

import re

import httpx

from services.cli import demo
from services.kit.service import Hub
from tests.browser_like import Browser
from tests.conftest import Clients
from tests.events.cockpit_world import organised, told
from tests.events.test_phone_pages import words
from tests.kit.test_assets import MOST_HTML
from tests.stories import test_pages as pages

LINKS = "query ($id: ID!) { event(id: $id) { dayLinks { url } } }"
FILL = """mutation ($event: ID!, $vote: VoteInput!, $survey: SurveyInput!, $vehicle: VehicleInput!) {
  createVote(event: $event, vote: $vote) { id } createSurvey(event: $event, survey: $survey) { id }
  setVehicle(event: $event, vehicle: $vehicle) { vehicles { id } }
  noteIdeas(event: $event, ideas: [{text: "Ein gemeinsames Formular", round: 1, table: 1}]) { id }
  announce(event: $event, announcement: {text: "Mittag im Foyer", mail: false}) { people }
  proposeSession(event: $event, proposal: {title: "Einfache Sprache"}) { id }
  putActionItem(event: $event, item: {text: "Leitfaden schreiben"}) { id } }"""


async def test_every_page_of_a_day(hub: Hub, clients: Clients) -> None:
    browser, event, _people, base = await organised(hub, clients)
    phone, wall = Browser(hub), Browser(hub)
    kinds = [{"kind": "SCALE", "text": "Wie war es?"}, {"kind": "CHOICE", "text": "Was?", "options": ["A", "B"],
             "most": 2}, {"kind": "TEXT", "text": "Und?"}, {"kind": "FACTORS", "text": "Was ist da?"}]  # fmt: skip
    vote = {"title": "Was zuerst?", "criteria": [{"name": "Nutzen", "most": 3}, {"name": "Schnell", "most": 1}],
            "candidates": [{"title": "Formular"}, {"title": "Chatbot"}], "tieRule": "LOT"}  # fmt: skip
    filled = await browser.graph(
        FILL, event=event, vote=vote, survey={"title": "Rückblick", "questions": kinds},
        vehicle={"name": "Bus 1", "seats": 9, "points": [{"name": "Bahnhof", "leaves": "07:00"}]},
    )  # fmt: skip
    assert "errors" not in filled, filled
    bus = filled["data"]["setVehicle"]["vehicles"][0]["id"]
    mine = (await told(browser, LINKS, event))["dayLinks"][0]["url"].removeprefix(hub.settings.issuer)
    looks = {
        phone: [mine, f"{mine}/topics", f"{mine}/votes", f"{mine}/feedback"],
        wall: [f"/events/{event}/screen", f"/events/{event}/board", f"/events/{event}/board?screen=1"],
        browser: [
            *(f"{base}/day{rest}" for rest in ("", "/people", "/buses", f"/buses/{bus}", "/ideas", "/board",
                                               "/harvest", "/votes")),
            *(f"{base}/afterwards{rest}" for rest in ("", "/actions", "/projects", "/voices")),
        ],
    }  # fmt: skip
    seen: dict[str, httpx.Response] = {}
    for whose, paths in looks.items():
        for path in paths:
            seen[path] = await whose.http.get(path)
            assert seen[path].status_code == 200, (path, words(seen[path]))
            assert len(seen[path].content) < MOST_HTML
    await pages.test_pages_run_nothing_and_load_nothing_from_elsewhere(seen)
    await pages.test_pages_say_what_is_what(seen)
    names = {node["name"] for node in (await browser.graph(demo.FIND, topic="finance"))["data"]["navigators"]["nodes"]}
    for path in looks[wall]:  # what everybody sees names nobody
        assert not any(name in seen[path].text for name in names), path
    for one in looks:
        await one.close()


async def test_the_worker_sees_the_pages_of_a_day_alone(hub: Hub) -> None:
    browser = Browser(hub)
    worker = await browser.http.get("/events/day-worker.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"
    (pattern,) = re.findall(r"const PAGE = /(.+)/;", worker.text)
    keeps = re.compile(pattern.replace(r"\/", "/"))
    key = "8d1a2f7e-33a0-4a56-9c7e-5b0c1f2a3d4e"
    for path in (f"/events/{key}/mine/Ab-_9", f"/events/{key}/mine/Ab/votes", f"/events/{key}/screen"):
        assert keeps.search(path), path
    for path in ("/", "/account", f"/organise/{key}/day", "/events/registration/Ab"):
        assert not keeps.search(path), path
    await browser.close()
