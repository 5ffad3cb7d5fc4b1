"""The phone of somebody who takes part, without script: where now, ideas, and what keeps strangers out."""

import asyncio
import datetime as dt
import re
import uuid
from typing import Any

import httpx

from services.events.live.state import EventShown, Mine, Route, State, Stop
from services.events.web.day.phone import Item, where_next, where_now
from services.kit.service import Hub
from tests.browser_like import Browser
from tests.conftest import Clients
from tests.events.day import SECONDS, command, day, halves, links, pass_time, seat

NOW = dt.datetime(2026, 10, 1, 10, 0, tzinfo=dt.UTC)


def words(page: httpx.Response) -> str:
    """What is to be read without script, as one line."""
    text = re.sub(r"<(\w+)[^>]* hidden>.*?</\1>", " ", page.text.split("<main")[1], flags=re.DOTALL)
    text = re.sub(r"<template.*?</template>", " ", text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


async def test_where_now(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    await seat(hub, event, halves(people))
    path = (await links(organiser, event))[people[0]]["url"].removeprefix(hub.settings.issuer)
    browser = Browser(hub)
    page = await browser.http.get(path)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert "Noch hat keine Runde begonnen." in words(page)
    assert "Danach : Runde 1 Tisch 1 Kommunale Finanzen" in words(page)
    await command(organiser, event, "startRound", 0)
    running = words(await browser.http.get(path))
    assert re.search(r"Runde 1 von 3 noch 1[12]:\d\d", running)
    assert "Jetzt Tisch 1 Kommunale Finanzen" in running
    assert "Danach : Runde 2 Tisch 1" in running
    ending = "Die Runde endet gleich."
    assert ending not in running
    for minutes, said in ((11.5, ending), (0.5, "Pause nach Runde 1")):
        await pass_time(hub, event, minutes=minutes)
        async with asyncio.timeout(SECONDS):  # the room hears of it a moment later, as of what another process does
            while said not in words(await browser.http.get(path)):
                await asyncio.sleep(0.02)
    assert ending not in words(await browser.http.get(path))
    assert (await browser.http.get(path, headers={"accept": "application/json"})).json()["live"]["phase"] == "break"
    await browser.close()


async def own_page(hub: Hub, clients: Clients, **changes: Any) -> tuple[Any, str, list[str], Browser, str]:
    """The organiser, the event, its people, and somebody's phone with the path of their page."""
    organiser, event, people = await day(hub, clients, **changes)
    await seat(hub, event, halves(people))
    url = (await links(organiser, event))[people[0]]["url"]
    return organiser, event, people, Browser(hub), url.removeprefix(hub.settings.issuer)


async def test_an_idea_at_the_table(hub: Hub, clients: Clients) -> None:
    organiser, event, _people, browser, path = await own_page(hub, clients)
    await command(organiser, event, "startRound", 0)
    page = await browser.http.get(path)
    refused = await browser.submit(page, f"{path}/note", text=" ")
    assert refused.status_code == 422
    assert "Bitte füllen Sie dieses Feld aus." in words(refused)
    done = await browser.submit(page, f"{path}/note", text="Ein <b>gemeinsames</b> Formular", named="true")
    assert (done.status_code, done.headers["location"]) == (303, path)
    shown = await browser.http.get(path)
    assert "Ein &lt;b&gt;gemeinsames&lt;/b&gt; Formular" in shown.text
    ideas = await organiser.ask("query ($id: ID!) { event(id: $id) { ideas { text round table author } } }", id=event)
    (idea,) = ideas["event"]["ideas"]
    assert (idea["text"], idea["round"], idea["table"]) == ("Ein <b>gemeinsames</b> Formular", 1, 1)
    assert idea["author"]
    await browser.close()


async def test_topics_and_wishes(hub: Hub, clients: Clients) -> None:
    organiser, event, _people, browser, path = await own_page(hub, clients)
    at = f"{path}/topics"
    page = await browser.http.get(at)
    assert page.status_code == 200
    done = await browser.submit(page, f"{path}/proposals", title="Einfache Sprache", convene="true")
    assert done.status_code == 303
    anonymous = await browser.submit(page, f"{path}/proposals", title="Was uns fehlt", anonymous="true", convene="true")
    assert anonymous.status_code == 303
    page = await browser.http.get(at)
    assert "Einfache Sprache" in words(page)
    known = re.findall(r'name="like" value="([^"]+)"', page.text)
    assert len(known) == 2
    assert (await browser.submit(page, f"{path}/wishes", like=known, must=known[:1])).status_code == 303
    assert words(await browser.http.get(at)).count("1 interessiert") == 2
    strange = await browser.submit(page, f"{path}/wishes", like=[str(uuid.uuid4())])
    assert strange.status_code == 404
    topics = (await organiser.ask(
        "query ($id: ID!) { openSpace(event: $id) { proposals { anonymous authors { name } conveners { name } } } }",
        id=event,
    ))["openSpace"]["proposals"]  # fmt: skip
    assert [(one["anonymous"], len(one["authors"]), len(one["conveners"])) for one in topics] == [
        (False, 1, 1), (True, 0, 0),
    ]  # fmt: skip
    await browser.close()


CREATE_VOTE = """mutation ($event: ID!, $vote: VoteInput!) { createVote(event: $event, vote: $vote) { id
  candidates { id } } }"""
TURNOUT = "query ($id: ID!) { event(id: $id) { votes { turnout { voted } } surveys { answered } } }"


async def test_a_vote(hub: Hub, clients: Clients) -> None:
    organiser, event, _people, browser, path = await own_page(hub, clients)
    vote = {
        "title": "Was zuerst?",
        "criteria": [{"name": "Nutzen", "most": 3}, {"name": "Schnell", "most": 1, "budget": 1}],
        "candidates": [{"title": "Formular"}, {"title": "Chatbot"}],
        "tieRule": "SHARED",
    }
    made = (await organiser.ask(CREATE_VOTE, event=event, vote=vote))["createVote"]
    page = await browser.http.get(f"{path}/votes")
    action = f"{path}/votes/{made['id']}"
    wrong = await browser.submit(page, action, p0_0="3", p0_1="1", p1_1="1")
    assert wrong.status_code == 422
    assert (await browser.submit(page, action, p0_0="7")).status_code == 422
    assert (await browser.submit(page, action, p0_0="3", p1_1="1")).status_code == 303
    assert "Sie haben abgestimmt." in words(await browser.http.get(f"{path}/votes"))
    again = await browser.submit(page, action, p0_0="3")
    assert again.status_code == 409
    assert (await organiser.ask(TURNOUT, id=event))["event"]["votes"] == [{"turnout": {"voted": 1}}]
    await browser.close()


CREATE_SURVEY = "mutation ($event: ID!, $survey: SurveyInput!) { createSurvey(event: $event, survey: $survey) { id } }"


async def test_survey_retrospective_and_quotes(hub: Hub, clients: Clients) -> None:
    organiser, event, people, browser, path = await own_page(hub, clients)
    questions = [
        {"kind": "SCALE", "text": "Wie war der Tag?", "required": True},
        {"kind": "CHOICE", "text": "Wieder?", "options": ["Ja", "Nein"]},
        {"kind": "FACTORS", "text": "Was ist da?"},
        {"kind": "TEXT", "text": "Und sonst?"},
    ]
    made = await organiser.ask(CREATE_SURVEY, event=event, survey={"title": "Rückblick", "questions": questions})
    at, survey = f"{path}/feedback", made["createSurvey"]["id"]
    page = await browser.http.get(at)
    assert "Wie war der Tag?" in words(page)
    action = f"{path}/surveys/{survey}"
    assert (await browser.submit(page, action, q1="1")).status_code == 422
    sent = await browser.submit(page, action, q0="4", q1="1", q2=["GOAL", "PLAN"], q3="Alles gut")
    assert sent.status_code == 303
    assert (await organiser.ask(TURNOUT, id=event))["event"]["surveys"] == [{"answered": 1}]

    assert (await browser.submit(page, f"{path}/retrospective", kind="WISH", text="")).status_code == 422
    said = await browser.submit(page, f"{path}/retrospective", kind="WISH", text="Mehr Pausen", named="true")
    assert said.status_code == 303
    page = await browser.http.get(at)
    assert "Mehr Pausen" in words(page)
    assert (await browser.submit(page, f"{path}/take-back")).status_code == 303
    assert "Mehr Pausen" not in words(await browser.http.get(at))

    refused = await browser.submit(page, f"{path}/quotes", text="Ein guter Tag")
    assert refused.status_code == 422
    assert "Ein guter Tag" in refused.text
    assert (await browser.submit(page, f"{path}/quotes", text="Ein guter Tag", consent="true")).status_code == 303
    page = await browser.http.get(at)
    assert "Ein guter Tag" in words(page)
    other = (await links(organiser, event))[people[1]]["url"].removeprefix(hub.settings.issuer)
    assert "Ein guter Tag" not in words(await browser.http.get(f"{other}/feedback"))
    stolen = re.search(r'action="[^"]+/withdraw-quote".*?name="id" value="([^"]+)"', page.text, re.DOTALL)
    assert stolen
    strange = await browser.http.get(f"{other}/feedback")
    csrf = re.search(r'name="csrf" value="([^"]+)"', strange.text)
    assert csrf
    tried = await browser.http.post(f"{other}/withdraw-quote", data={"csrf": csrf[1], "id": stolen[1]})
    assert tried.status_code == 404
    assert (await browser.submit(page, f"{path}/withdraw-quote")).status_code == 303
    await browser.close()


async def test_links_of_others_open_nothing(hub: Hub, clients: Clients) -> None:
    organiser, event, _people, browser, path = await own_page(hub, clients)
    _other_organiser, other, _ = await day(hub, clients, title="Ein anderer Tag")
    token = path.rpartition("/")[2]
    for rest in ("", "/topics", "/votes", "/feedback"):
        assert (await browser.http.get(f"/events/{other}/mine/{token}{rest}")).status_code == 404
        assert (await browser.http.get(f"/events/{event}/mine/{token[:-2]}AA{rest}")).status_code == 404
    page = await browser.http.get(path)
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf
    told = await browser.http.post(f"/events/{other}/mine/{token}/note", data={"csrf": csrf[1], "text": "Fremd"})
    assert told.status_code == 404
    assert (await browser.http.post(f"{path}/note", data={"text": "Von anderswo"})).status_code == 403
    await browser.close()
    assert (await organiser.ask("query ($id: ID!) { event(id: $id) { ideas { text } } }", id=event)) == {
        "event": {"ideas": []}
    }


def test_the_table_comes_before_the_agenda() -> None:
    def at(minutes: int) -> dt.datetime:
        return NOW + dt.timedelta(minutes=minutes)

    items = [Item("a", at(-60), at(60), "Morgen"), Item("s", at(-5), at(25), "Sitzung", "Raum 1", session=1),
             Item("b", at(60), at(90), "Mittag")]  # fmt: skip
    stops = [Stop(1, 4, None, [], False), Stop(2, 7, None, [], False)]

    def mine(phase: str, round: int, following: int | None) -> Mine:
        live = State(NOW, "e", 1, phase, round, 2, None, None, None, None, False, following, [], [], False)
        by_round: dict[int | None, Stop] = {stop.round: stop for stop in stops}
        here = by_round.get(round) if phase == "running" else None
        shown = EventShown("e", "", "", NOW.date(), "Europe/Berlin", "", "")
        return Mine(shown, live, Route("Kim", here, by_round.get(following), stops), [])

    running = mine("running", 1, 2)
    assert where_now(running, items, NOW) == (stops[0], None)
    assert where_next(running, items, NOW) == (stops[1], None)
    over = mine("over", 2, None)
    assert where_now(over, items, NOW) == (None, items[1])
    assert where_next(over, items, NOW) == (None, items[2])
    assert where_now(over, items, at(30)) == (None, items[0])
