"""Ideas of the tables: from phones and paper cards, put right, withdrawn, hidden, and followed on a board."""

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.app import chosen
from services.cli.client import Answered, Client
from services.contracts.directory import NavigatorErased
from services.events import intake, trips
from services.events.live import ideas
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.day import HEILBRONN, SPEYER, command, day, halves, links, phone, seat
from tests.running import running

NOTE = """mutation ($link: String!, $text: String!, $named: Boolean!) {
  noteIdea(link: $link, text: $text, named: $named) { key idea { id round table text author source } } }"""
REWORD = """mutation ($link: String!, $id: ID!, $text: String, $key: String) {
  rewordIdea(link: $link, id: $id, text: $text, key: $key) { id text author gone } }"""
CARDS = """mutation ($event: ID!, $ideas: [IdeaCard!]!) { noteIdeas(event: $event, ideas: $ideas) {
  id round table text author source } }"""
HIDE = "mutation ($id: ID!, $hidden: Boolean!) { hideIdea(id: $id, hidden: $hidden) { id hidden } }"
CORRECT = "mutation ($id: ID!, $text: String) { correctIdea(id: $id, text: $text) { text gone } }"
LIST = "query ($id: ID!) { event(id: $id) { ideas { text author round table source hidden } } }"
DAY = "query ($link: String!) { dayIdeas(link: $link) { text hidden } }"
BOARD = "subscription ($id: ID!) { ideaBoard(id: $id) { text gone } }"


async def noted(client: Client, link: str, words: str, *, named: bool = False) -> dict[str, Any]:
    return dict((await client.ask(NOTE, link=link, text=words, named=named))["noteIdea"])


async def reason(client: Client, query: str, **variables: Any) -> str:
    with pytest.raises(Answered) as caught:
        await client.ask(query, **variables)
    return str(caught.value.reason)


async def test_an_idea_from_a_phone(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    await seat(hub, event, halves(people))
    await command(organiser, event, "startRound", 0)
    known = await links(organiser, event)
    mine, other = known[people[0]]["link"], known[people[5]]["link"]
    nobody = await clients(SPEYER)
    first = await noted(nobody, mine, "Reisekosten  mit einem Klick")
    assert first["idea"] == {
        "id": first["idea"]["id"], "round": 1, "table": 1, "text": "Reisekosten mit einem Klick", "author": None,
        "source": "phone",
    }  # fmt: skip
    second = await noted(nobody, other, "Ein Abend über Fehler", named=True)
    name = second["idea"]["author"]
    assert name

    one, two = first["idea"]["id"], second["idea"]["id"]
    for link, key, idea in (
        (other, None, one),
        (other, second["key"], one),
        (mine, None, two),
        (mine, first["key"], two),
    ):
        assert await reason(nobody, REWORD, link=link, id=idea, text="x", key=key) == "FORBIDDEN"
    changed = await nobody.ask(REWORD, link=mine, id=one, text="Reisekosten: ein Klick", key=first["key"])
    assert changed["rewordIdea"]["text"] == "Reisekosten: ein Klick"
    for bad in ("", " ", "x" * 501, "\u202eabc"):
        assert await reason(nobody, NOTE, link=mine, text=bad, named=False) == "REFUSED"

    for reader in (organiser, await clients(HEILBRONN)):
        shown = (await reader.ask(LIST, id=event))["event"]["ideas"]
        assert [(idea["text"], idea["author"]) for idea in shown] == [
            ("Reisekosten: ein Klick", None), ("Ein Abend über Fehler", name),
        ]  # fmt: skip
    assert (await nobody.ask(LIST, id=event))["event"]["ideas"] == []
    assert [idea["text"] for idea in (await nobody.ask(DAY, link=other))["dayIdeas"]] == [
        "Reisekosten: ein Klick", "Ein Abend über Fehler",
    ]  # fmt: skip

    async with hub.runtimes["events"].db.begin(HUB) as session:
        assert (await trips.about(session, uuid.UUID(people[5])))["ideas"][0]["text"] == "Ein Abend über Fehler"
        assert (await trips.about(session, uuid.UUID(people[0])))["ideas"] == []
        rows = await session.scalars(text("SELECT to_jsonb(i)::text FROM idea i ORDER BY created_at"))
        assert people[0] not in rows.all()[0]  # who wants no name leaves none
        await intake.erase(session, NavigatorErased(id=people[5], ags=HEILBRONN))
    shown = (await organiser.ask(LIST, id=event))["event"]["ideas"]
    assert [idea["author"] for idea in shown] == [None, None]


async def test_cards_are_typed_in_all_or_none(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    bad = [
        {"text": "Gut", "round": 1, "table": 2},
        {"text": "", "round": 1},
        {"text": "Runde", "round": 4},
        {"text": "Tisch", "table": 0},
        {"text": "Wer", "author": str(uuid.uuid4())},
        {"text": "Wer", "author": "nobody"},
    ]
    with pytest.raises(Answered) as caught:
        await organiser.ask(CARDS, event=event, ideas=bad)
    assert [(p.row, p.field) for p in caught.value.problems] == [
        ("ideas[1]", "text"), ("ideas[2]", "round"), ("ideas[3]", "table"), ("ideas[4]", "author"),
        ("ideas[5]", "author"),
    ]  # fmt: skip
    good = [{"text": f"Idee {n}", "round": 1, "table": n, "author": people[n]} for n in (1, 2)]
    made = (await organiser.ask(CARDS, event=event, ideas=good))["noteIdeas"]
    assert [(idea["text"], idea["table"], idea["source"]) for idea in made] == [
        ("Idee 1", 1, "paper"), ("Idee 2", 2, "paper"),
    ]  # fmt: skip
    assert all(idea["author"] for idea in made)
    assert (await organiser.ask(CARDS, event=event, ideas=[]))["noteIdeas"] == []
    too_many = [{"text": "x"}] * (ideas.MOST_CARDS + 1)
    assert await reason(organiser, CARDS, event=event, ideas=too_many) == "REFUSED"

    stranger = await clients(HEILBRONN)
    idea = made[0]["id"]
    for query, values in (
        (CARDS, {"event": event, "ideas": good}), (HIDE, {"id": idea, "hidden": True}),
        (CORRECT, {"id": idea, "text": "x"}),
    ):  # fmt: skip
        assert await reason(stranger, query, **values) == "FORBIDDEN"
    assert await reason(await clients(SPEYER), HIDE, id=idea, hidden=True) == "NOT_FOUND"
    assert (await organiser.ask(CORRECT, id=idea, text="Idee 1, richtig"))["correctIdea"]["text"] == "Idee 1, richtig"
    assert (await organiser.ask(CORRECT, id=idea, text=None))["correctIdea"] == {"text": "", "gone": True}
    assert await reason(organiser, CORRECT, id=idea, text="x") == "NOT_FOUND"
    link = (await links(organiser, event))[people[0]]["link"]
    phoned = (await noted(organiser, link, "Vom Telefon"))["idea"]["id"]
    assert await reason(organiser, CORRECT, id=phoned, text="Anders") == "FORBIDDEN"


async def test_a_board_follows_and_hides(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    known = await links(organiser, event)
    mine = known[people[0]]
    first = await noted(organiser, mine["link"], "Eins")
    board = organiser.follow(BOARD, id=event)
    assert (await anext(board))["ideaBoard"] == [{"text": "Eins", "gone": False}]
    wall = f"{hub.settings.issuer}/events/{event}/ideas"
    async with (
        phone(f"{mine['url']}/ideas") as own,
        phone(wall, **await organiser.headers()) as theirs,
        phone(wall, **await (await clients(HEILBRONN)).headers()) as guests,
    ):
        assert [idea["text"] for idea in (await own.until("ideas"))["ideas"]] == ["Eins"]
        second = await noted(organiser, known[people[1]]["link"], "Zwei")
        for screen in (own, theirs, guests):
            assert (await screen.until("idea"))["text"] == "Zwei"
        await organiser.ask(HIDE, id=second["idea"]["id"], hidden=True)
        await own.until("idea", lambda idea: idea["gone"])
        await guests.until("idea", lambda idea: idea["gone"])
        assert (await theirs.until("idea", lambda idea: idea["hidden"]))["text"] == "Zwei"
        await organiser.ask(HIDE, id=second["idea"]["id"], hidden=False)
        await own.until("idea", lambda idea: idea["text"] == "Zwei")
        await organiser.ask(REWORD, link=mine["link"], id=first["idea"]["id"], text=None, key=first["key"])
        await own.until("idea", lambda idea: idea["gone"] and idea["id"] == first["idea"]["id"])
        last = own.seen[-1][1]
    assert {"text": "Zwei", "gone": False} in (await anext(board))["ideaBoard"]
    await noted(organiser, mine["link"], "Drei")
    # A phone that comes back gets what changed since, also from another process.
    second_hub = replace(hub.settings, port=0, public_url=hub.settings.issuer, workers=False)
    async with running(second_hub, chosen()) as (other, _server):
        url = f"http://127.0.0.1:{other.settings.port}/events/{event}/mine/{mine['link']}/ideas"
        async with phone(url, **{"last-event-id": last}) as again, phone(url, **{"last-event-id": "?"}) as anew:
            since = await again.until("ideas")
            assert (since["all"], since["ideas"][-1]["text"]) == (False, "Drei")
            assert {idea["id"]: idea["gone"] for idea in since["ideas"]}[first["idea"]["id"]]
            everything = await anew.until("ideas")
            assert (everything["all"], [idea["text"] for idea in everything["ideas"]]) == (True, ["Zwei", "Drei"])
            await noted(organiser, mine["link"], "Vier")
            await again.until("idea", lambda idea: idea["text"] == "Vier")
    async with httpx.AsyncClient(trust_env=False) as http:
        speyer = await (await clients(SPEYER)).headers()
        assert (await http.get(wall, headers=speyer)).status_code == 404


async def test_one_phone_does_not_flood_the_board(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    link = (await links(organiser, event))[people[0]]["link"]
    own = replace(hub.settings, port=0, public_url=hub.settings.issuer, workers=False, rates=1.0)
    async with running(own, chosen()) as (strict, _server):
        url = f"http://127.0.0.1:{strict.settings.port}/graphql"
        async with httpx.AsyncClient(trust_env=False) as http:
            call = {"query": NOTE, "variables": {"link": link, "text": "x", "named": False}}
            answers = await asyncio.gather(*(http.post(url, json=call) for _turn in range(ideas.OFTEN.most + 3)))
    codes = [(answer.json().get("errors") or [{"extensions": {}}])[0]["extensions"].get("code") for answer in answers]
    assert (codes.count(None), codes.count("TOO_MANY")) == (ideas.OFTEN.most, 3)
