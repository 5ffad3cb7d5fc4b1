"""The organiser's pages of the open space, of votes, and of what comes after the day, without script."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from services.kit.service import Hub
from tests.browser_like import Browser
from tests.conftest import Clients
from tests.events.cockpit_world import organised, told
from tests.events.open_space import SET, personal
from tests.events.test_phone_pages import words

BOARD = """query ($id: ID!) { event(id: $id) { id } openSpace(event: $id) { wishesOpen
  board { revision rooms { id name closed } slots { id } sessions { proposal slot room } }
  proposals { id title mergedInto } plans { id state } } }"""


@pytest.fixture(scope="module")
def workers() -> bool:
    return True


def form_of(page: httpx.Response, action: str, **having: str) -> dict[str, str]:
    """The fields of the form that leads to `action` and holds these values."""
    for form in re.findall(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page.text, re.DOTALL):
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        if having.items() <= fields.items():
            return fields
    raise AssertionError(f"no form {action} with {having} in {words(page)}")


async def press(browser: Browser, path: str, action: str, sent: dict[str, Any] | None = None, **having: str) -> None:
    page = await browser.http.get(path)
    assert page.status_code == 200, words(page)
    done = await browser.http.post(action, data={**form_of(page, action, **having), **(sent or {})})
    assert done.status_code == 303, words(done)


async def space(browser: Browser, event: str) -> dict[str, Any]:
    answer = await browser.graph(BOARD, id=event)
    assert "errors" not in answer, answer
    return dict(answer["data"]["openSpace"])


async def test_the_open_space_is_planned_and_changed(hub: Hub, clients: Clients) -> None:
    browser, event, _people, base = await organised(hub, clients)
    path = f"{base}/day/board"
    assert (await browser.http.get(path)).status_code == 200
    day = (await browser.graph("query ($id: ID!) { event(id: $id) { date } }", id=event))["data"]["event"]["date"]
    rooms = [{"name": f"Raum {n}", "capacity": 20} for n in (1, 2)]
    # Ahead at any hour: what has begun is not planned.
    slots = [{"starts": f"{day}T23:{n}0:00-11:00", "ends": f"{day}T23:{n}9:00-11:00"} for n in (1, 3)]
    await browser.graph(SET, event=event, rooms=rooms, slots=slots)
    for title in ("Einfache Sprache", "Einfache Sprache im Amt", "Chatbots"):
        wanted = {"title": title}
        await browser.graph(
            "mutation ($event: ID!, $p: ProposalInput!) { proposeSession(event: $event, proposal: $p) { id } }",
            event=event, p=wanted,
        )  # fmt: skip
    page = await browser.http.get(path)
    assert "Beide schreiben von" in words(page)
    await press(browser, path, f"{path}/merge")
    assert sum(one["mergedInto"] is not None for one in (await space(browser, event))["proposals"]) == 1
    await press(browser, path, f"{path}/do", do="apart")
    await press(browser, path, f"{path}/do", do="plan")
    for _turn in range(100):
        found = await space(browser, event)
        if found["plans"][0]["state"] == "DONE":
            break
        await asyncio.sleep(0.2)
    await press(browser, path, f"{path}/do", do="publish")
    found = await space(browser, event)
    assert (found["board"]["revision"], len(found["board"]["sessions"]), found["wishesOpen"]) == (1, 3, False)

    shown = await browser.http.get(f"/events/{event}/board")
    assert "Chatbots" in words(shown)
    one, other = found["board"]["sessions"][:2]
    await press(browser, path, f"{path}/move", {"to": f"{other['slot']}|{other['room']}"}, proposal=one["proposal"])
    after = {row["proposal"]: (row["slot"], row["room"]) for row in (await space(browser, event))["board"]["sessions"]}
    assert after[one["proposal"]] == (other["slot"], other["room"])
    assert after[other["proposal"]] == (one["slot"], one["room"])
    assert "verlegt" in words(await browser.http.get(f"/events/{event}/board"))
    await press(browser, path, f"{path}/room", {"at": f"{one['room']}|{one['slot']}", "closed": "true"})
    assert "Raum gesperrt" in words(await browser.http.get(f"/events/{event}/board"))
    assert (await browser.http.post(f"{path}/move", data={**form_of(await browser.http.get(path), f"{path}/move"),
                                                          "to": "nirgendwo"})).status_code == 422  # fmt: skip

    results = f"{base}/day/harvest"
    listed = await browser.http.get(results)
    assert words(listed).count("noch offen") == 3
    topic = f"{results}/{one['proposal']}"
    await press(browser, topic, topic, {"results": "Ein Leitfaden", "decisions": "", "minutes": ""}, expected="0")
    late = await browser.http.post(
        topic, data={**form_of(await browser.http.get(topic), topic), "expected": "0", "results": "Anderes"}
    )
    assert late.status_code == 409
    assert "Anderes" in late.text
    assert "Ein Leitfaden" in (await browser.http.get(topic)).text
    await browser.close()


async def test_votes_in_the_organiser_s_hand(hub: Hub, clients: Clients) -> None:
    browser, event, people, base = await organised(hub, clients)
    path = f"{base}/day/votes"
    page = await browser.http.get(path)
    assert page.status_code == 200, words(page)
    fields = form_of(page, path)
    vote = {**fields, "title": "Was zuerst?", "name0": "Nutzen", "most0": "1", "ties": "SHARED", "others": "Formular"}
    refused = await browser.http.post(path, data=vote)
    assert refused.status_code == 422
    nameless = await browser.http.post(path, data={**vote, "title": "", "most1": "viel"})
    assert "Worum geht es?: Bitte füllen Sie dieses Feld aus." in words(nameless)
    assert "Formular" in refused.text
    done = await browser.http.post(path, data={**vote, "others": "Formular\nChatbot"})
    assert done.status_code == 303, words(done)
    opened = await told(browser, "query ($id: ID!) { event(id: $id) { votes { id state candidates { id } } } }", event)
    (found,) = opened["votes"]
    cast = """mutation ($vote: ID!, $who: ID!, $points: [VotePointsInput!]!) {
      castVote(vote: $vote, navigator: $who, points: $points) { voted } }"""
    for person in people[:5]:
        points = [{"candidate": found["candidates"][1]["id"], "points": [1]}]
        await browser.graph(cast, vote=found["id"], who=person, points=points)
    assert "5 von 8 haben abgestimmt." in words(await browser.http.get(path))
    await press(browser, path, f"{path}/close")
    result = words(await browser.http.get(path))
    assert re.search(r"1 Chatbot 5 5", result), result

    projects = f"{base}/afterwards/projects"
    page = await browser.http.get(projects)
    source = re.search(r'<option value="(candidate:[^"]+)"', page.text)
    assert source
    await press(browser, projects, projects, {"of": source[1], "city": "08121000", "title": ""})
    page = await browser.http.get(projects)
    assert "wartet auf die Stadt" in words(page)
    await press(browser, projects, f"{projects}/withdraw")
    assert "zurückgenommen" in words(await browser.http.get(projects))
    await press(browser, path, f"{path}/delete")
    await browser.close()


async def test_surveys_voices_and_action_items(hub: Hub, clients: Clients) -> None:
    browser, event, people, base = await organised(hub, clients)
    path = f"{base}/afterwards"
    await press(browser, path, f"{path}/surveys", {"template": "change"})
    asked = await told(browser, "query ($id: ID!) { event(id: $id) { surveys { id questions { kind } } } }", event)
    (survey,) = asked["surveys"]
    answer = """mutation ($link: String!, $survey: ID!, $answers: [SurveyAnswerInput!]!) {
      answerSurvey(link: $link, survey: $survey, answers: $answers) }"""
    for person in people[:6]:
        given = [{"factors": ["GOAL", "PLAN", "SKILLS", "INCENTIVES", "RESOURCES"]}, {"text": "Zeit <b>"}]
        sent = await browser.graph(answer, link=personal(hub, person), survey=survey["id"], answers=given)
        assert "errors" not in sent, sent
    await press(browser, path, f"{path}/surveys/close")
    shown = await browser.http.get(path)
    assert "6 Personen haben geantwortet." in words(shown)
    assert "ein Ziel: 6 (100 %)" in words(shown)
    assert "Zeit &lt;b&gt;" in shown.text
    for link in re.findall(r'href="(/events/[^"]+\.pdf)"', shown.text):
        assert (await browser.http.get(link)).headers["content-type"] == "application/pdf", link

    said = """mutation ($link: String!, $event: ID!) {
      sayInRetrospective(link: $link, event: $event, kind: PRAISE, text: "Schön war es") { id }
      giveQuote(link: $link, event: $event, text: "Ein guter Tag", consent: true) }"""
    await browser.graph(said, link=personal(hub, people[0]), event=event)
    voices = f"{path}/voices"
    await press(browser, voices, f"{voices}/entries", {"reply": "Danke!"}, do="reply")
    await press(browser, voices, f"{voices}/entries", do="hide")
    await press(browser, voices, f"{voices}/quotes")
    told_now = words(await browser.http.get(voices))
    assert "Danke!" in told_now
    assert "im Bericht" in told_now

    actions = f"{path}/actions"
    page = await browser.http.get(actions)
    fields = form_of(page, actions)
    wrong = await browser.http.post(actions, data={**fields, "text": "Leitfaden schreiben", "due-day": "31",
                                                   "due-month": "2", "due-year": "2027"})  # fmt: skip
    assert wrong.status_code == 422
    assert "Leitfaden schreiben" in wrong.text
    done = await browser.http.post(actions, data={**fields, "text": "Leitfaden schreiben", "owner": "Kim",
                                                  "city": "08121000"})  # fmt: skip
    assert done.status_code == 303, words(done)
    await press(browser, actions, f"{actions}/tick", state="DONE")
    assert "Leitfaden schreiben erledigt" in words(await browser.http.get(actions))
    await browser.close()
