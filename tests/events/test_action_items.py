"""Action items of all events: from ideas and votes too, by city and day, and ticked off."""

from typing import Any

import pytest

from services.cli.client import Answered
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.day import HEILBRONN, KONSTANZ, SPEYER, day
from tests.events.open_space import personal
from tests.events.test_open_space_harvest import ACTION
from tests.events.test_votes import NOTE, opened, reason

LIST = """query ($city: ID, $event: ID, $until: Date, $states: [ActionState!], $first: Int! = 50, $after: String) {
  actionItems(city: $city, event: $event, until: $until, states: $states, first: $first, after: $after) {
    nodes { id text due state idea candidate event { id } city { ags } } pageInfo { hasNextPage endCursor } } }"""
TICK = """mutation ($id: ID!, $state: ActionState! = DONE, $link: String) {
  tickActionItem(id: $id, state: $state, link: $link) { state } }"""
MINE = "query ($link: String!) { myActionItems(link: $link) { text due event { title } } }"
OF_EVENT = "query ($id: ID!) { event(id: $id) { actionItems { text } } }"


async def test_items_of_ideas_and_votes_by_city_and_day(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    idea = (await organiser.ask(NOTE, event=event, ideas=[{"text": "E-Akte"}]))["noteIdeas"][0]["id"]
    _vote, candidates = await opened(organiser, event)

    async def put(text: str, **more: Any) -> str:
        item = {"text": text, "city": HEILBRONN, **more}
        return str((await organiser.ask(ACTION, event=event, item=item))["putActionItem"]["id"])

    late = await put("Ohne Termin")
    second = await put("Leitfaden", due="2027-02-01", candidate=candidates[0], navigator=people[7])
    first = await put("Termin suchen", due="2027-01-15", idea=idea)
    await put("In Konstanz", due="2027-01-01", city=KONSTANZ)
    heilbronn, speyer = await clients(HEILBRONN), await clients(SPEYER)
    found = (await heilbronn.ask(LIST, city=HEILBRONN))["actionItems"]["nodes"]
    assert [(one["id"], one["due"], one["idea"], one["candidate"]) for one in found] == [
        (first, "2027-01-15", idea, None), (second, "2027-02-01", None, candidates[0]), (late, None, None, None),
    ]  # fmt: skip
    assert {(one["event"]["id"], one["city"]["ags"]) for one in found} == {(event, HEILBRONN)}
    page = (await heilbronn.ask(LIST, city=HEILBRONN, first=2))["actionItems"]
    rest = await heilbronn.ask(LIST, city=HEILBRONN, first=2, after=page["pageInfo"]["endCursor"])
    assert [one["id"] for one in rest["actionItems"]["nodes"]] == [late]
    due = (await heilbronn.ask(LIST, city=HEILBRONN, until="2027-01-31"))["actionItems"]["nodes"]
    assert [one["id"] for one in due] == [first]
    assert len((await organiser.ask(LIST, event=event))["actionItems"]["nodes"]) == 4
    assert (await speyer.ask(LIST, city=HEILBRONN))["actionItems"]["nodes"] == []
    assert (await speyer.ask(OF_EVENT, id=event))["event"]["actionItems"] == []
    assert len((await heilbronn.ask(OF_EVENT, id=event))["event"]["actionItems"]) == 4
    mine = (await speyer.ask(MINE, link=personal(hub, people[7])))["myActionItems"]
    assert [(one["text"], one["due"]) for one in mine] == [("Leitfaden", "2027-02-01")]
    with pytest.raises(Answered) as caught:
        await put("x", idea=candidates[0], candidate=idea)
    assert [one.field for one in caught.value.problems] == ["idea", "candidate"]
    assert await reason(heilbronn.ask(LIST, after="zz")) == "REFUSED"

    # Ticked off by whose it is, by their city, by the organiser.
    ticked = await speyer.ask(TICK, id=second, link=personal(hub, people[7]))
    assert ticked["tickActionItem"] == {"state": "DONE"}
    assert await reason(speyer.ask(TICK, id=second, link=personal(hub, people[0]))) == "NOT_FOUND"
    assert await reason(speyer.ask(TICK, id=second)) == "NOT_FOUND"
    assert await reason((await clients(KONSTANZ)).ask(TICK, id=second)) == "FORBIDDEN"
    assert await reason((await clients(HEILBRONN, "events:read")).ask(TICK, id=first)) == "FORBIDDEN"
    assert await reason(heilbronn.ask(TICK, id=event)) == "NOT_FOUND"
    await heilbronn.ask(TICK, id=first)
    await organiser.ask(TICK, id=late, state="DROPPED")
    open_still = (await organiser.ask(LIST, event=event, states=["OPEN"]))["actionItems"]["nodes"]
    assert [one["text"] for one in open_still] == ["In Konstanz"]
