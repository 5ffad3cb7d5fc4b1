"""Retrospectives and quotes: said with or without a name, taken back, erased."""

import pytest
from sqlalchemy import text

from services.cli import demo
from services.cli.client import Answered
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.test_surveys import day, link_of
from tests.events.test_trips import HEILBRONN, KONSTANZ, SPEYER

SAY = """mutation ($link: String!, $event: ID!, $text: String!, $named: Boolean!) {
  sayInRetrospective(link: $link, event: $event, kind: CRITICISM, text: $text, named: $named) { id author { id } } }"""
BOARD = "query ($e: ID!) { event(id: $e) { retrospective { id kind text author { id } reply hidden } } }"
OWN_BOARD = "query ($l: String!, $e: ID!) { retrospective(link: $l, event: $e) { text reply } }"
MODERATE = """mutation ($id: ID!, $reply: String, $hidden: Boolean) {
  moderateRetroEntry(id: $id, reply: $reply, hidden: $hidden) { reply hidden } }"""
QUOTE = """mutation ($link: String!, $event: ID!, $consent: Boolean!, $named: Boolean!) {
  giveQuote(link: $link, event: $event, text: "Endlich.", consent: $consent, named: $named) }"""
QUOTES = "query ($e: ID!) { event(id: $e) { quotes { id text city { ags } navigator { id } chosen } } }"


async def test_a_board_that_everybody_of_the_day_reads(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(clients)
    first, second = (link_of(hub, one) for one in people[KONSTANZ][:2])
    named = (await organiser.ask(SAY, link=first, event=event, text="Zu wenig Zeit", named=True))["sayInRetrospective"]
    silent = (await organiser.ask(SAY, link=second, event=event, text="Zu laut", named=False))["sayInRetrospective"]
    assert (named["author"]["id"], silent["author"]) == (people[KONSTANZ][0], None)
    await organiser.ask(MODERATE, id=named["id"], reply="Stimmt.")
    await organiser.ask(MODERATE, id=silent["id"], hidden=True)
    assert (await organiser.ask(OWN_BOARD, l=second, e=event))["retrospective"] == [
        {"text": "Zu wenig Zeit", "reply": "Stimmt."}
    ]
    assert len((await organiser.ask(BOARD, e=event))["event"]["retrospective"]) == 2
    assert len((await (await clients(HEILBRONN)).ask(BOARD, e=event))["event"]["retrospective"]) == 1
    assert (await (await clients(SPEYER)).ask(BOARD, e=event))["event"]["retrospective"] == []
    take = "mutation ($l: String!, $id: ID!) { takeBackRetroEntry(link: $l, id: $id) }"
    for link, id in ((second, named["id"]), (second, silent["id"])):
        with pytest.raises(Answered, match="Eintrag"):
            await organiser.ask(take, l=link, id=id)
    assert (await organiser.ask(take, l=first, id=named["id"]))["takeBackRetroEntry"]


async def test_quotes_last_as_long_as_the_consent(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(clients)
    first, second = (link_of(hub, one) for one in people[KONSTANZ][:2])
    with pytest.raises(Answered):
        await organiser.ask(QUOTE, link=first, event=event, consent=False, named=True)
    given = (await organiser.ask(QUOTE, link=first, event=event, consent=True, named=True))["giveQuote"]
    await organiser.ask(QUOTE, link=second, event=event, consent=True, named=False)
    assert await organiser.ask("mutation ($id: ID!) { chooseQuote(id: $id, chosen: true) }", id=given)
    shown = (await organiser.ask(QUOTES, e=event))["event"]["quotes"]
    assert [(one["navigator"], one["chosen"], one["city"]["ags"]) for one in shown] == [
        ({"id": people[KONSTANZ][0]}, True, KONSTANZ),
        (None, False, KONSTANZ),
    ]
    withdraw = "mutation ($l: String!, $id: ID!) { withdrawQuote(link: $l, id: $id) }"
    with pytest.raises(Answered):
        await organiser.ask(withdraw, l=second, id=given)
    await organiser.ask(withdraw, l=first, id=given)
    assert len((await organiser.ask(QUOTES, e=event))["event"]["quotes"]) == 1


async def test_who_is_withdrawn_says_nothing_any_more(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(clients)
    own = link_of(hub, people[KONSTANZ][0])
    await organiser.ask(SAY, link=own, event=event, text="Ich war hier", named=True)
    await organiser.ask(QUOTE, link=own, event=event, consent=True, named=True)
    about = await organiser.http.get(f"{organiser.url}/events/my-data/{own}")
    assert [one["text"] for one in about.json()["said"]] == ["Ich war hier", "Endlich."]
    snapshot = {"city": {"ags": KONSTANZ, "name": "Konstanz"}, "navigators": []}
    await organiser.ask(demo.PUBLISH, snapshot=snapshot)
    await hub.settle()
    async with hub.runtimes["events"].db.read(HUB) as session:
        assert (await session.scalar(text("SELECT count(*) FROM retro_entry"))) == 0
        assert (await session.scalar(text("SELECT count(*) FROM quote"))) == 0
