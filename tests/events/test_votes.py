"""Votes: put to people, cast once, closed and counted; nobody finds out who voted what; printed results beside."""

import asyncio
import datetime as dt
import uuid
from typing import Any

import pytest
from sqlalchemy import text

from services.cli.client import Answered, Client
from services.contracts.directory import NavigatorErased
from services.events import daylinks, intake, trips, votes
from services.events.votes.ranking import lot
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.day import HEILBRONN, SPEYER, day
from tests.events.open_space import personal

CREATE = """mutation ($event: ID!, $vote: VoteInput!) { createVote(event: $event, vote: $vote) {
  id state turnout { entitled voted } candidates { id title total rank idea } } }"""
CAST = """mutation ($vote: ID!, $points: [VotePointsInput!]!, $link: String, $navigator: ID) {
  castVote(vote: $vote, points: $points, link: $link, navigator: $navigator) { entitled voted } }"""
CLOSE = """mutation ($id: ID!) { closeVote(id: $id) { state seed withheld turnout { entitled voted }
  candidates { id title figures total rank decidedBy } } }"""
IMPORT = """mutation ($event: ID!, $vote: PrintedVoteInput!) { importVote(event: $event, vote: $vote) {
  id imported state source criteria { name } turnout { entitled voted }
  candidates { title figures total rank decidedBy printedTotal printedRank flagged remark } } }"""
SHOWN = "query ($id: ID!) { event(id: $id) { votes { id state turnout { voted } candidates { title total } } } }"
MINE = """query ($link: String!) { myVotes(link: $link) { voted vote { id state tieRule
  criteria { name most budget } candidates { id title total rank } } } }"""
NOTE = "mutation ($event: ID!, $ideas: [IdeaCard!]!) { noteIdeas(event: $event, ideas: $ideas) { id } }"
CORRECT = "mutation ($id: ID!) { correctIdea(id: $id) { gone } }"
FOLLOW = "subscription ($id: ID!) { voteTurnout(id: $id) { entitled voted } }"
VOTE: dict[str, Any] = {
    "title": "Welchen Prozess gehen wir an?",
    "criteria": [{"name": "Nutzen", "most": 3}, {"name": "Machbarkeit", "most": 3}, {"name": "Lust", "budget": 1}],
    "candidates": [{"title": "Reisekosten"}, {"title": "E-Akte"}, {"title": "Bilderarchiv"}],
    "tieRule": "SHARED",
}


async def reason(call: Any) -> str:
    with pytest.raises(Answered) as caught:
        await call
    return str(caught.value.reason)


async def opened(client: Client, event: str, **changes: Any) -> tuple[str, list[str]]:
    """A vote's id and its candidates'."""
    made = (await client.ask(CREATE, event=event, vote={**VOTE, **changes}))["createVote"]
    return made["id"], [one["id"] for one in made["candidates"]]


def points(keys: list[str], *given: list[int]) -> list[dict[str, Any]]:
    return [{"candidate": key, "points": of} for key, of in zip(keys, given, strict=False)]


async def link_of_day(hub: Hub, event: str, person: str) -> str:
    async with hub.runtimes["events"].db.read(HUB) as session:
        (row,) = await trips.by_id(session, [uuid.UUID(event)])
    assert row is not None
    return daylinks.token(hub.settings, row, uuid.UUID(person))


async def test_a_vote_from_the_ideas_to_the_result(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    ideas = [{"text": "Reisekosten mit einem Klick"}, {"text": "Ein Abend über Fehler"}]
    idea, _other = [one["id"] for one in (await organiser.ask(NOTE, event=event, ideas=ideas))["noteIdeas"]]
    made = {"candidates": [{"idea": idea}, {"title": "E-Akte", "city": HEILBRONN}, {"title": "Bilderarchiv"}]}
    vote, keys = await opened(organiser, event, **made)
    nobody = await clients(SPEYER)
    # By the personal link, by the link of the day, and on paper for whom the organiser names.
    own = personal(hub, people[0])
    (mine,) = (await nobody.ask(MINE, link=own))["myVotes"]
    assert (mine["voted"], [one["title"] for one in mine["vote"]["candidates"]]) == (
        False,
        ["Reisekosten mit einem Klick", "E-Akte", "Bilderarchiv"],
    )
    given = points(keys, [3, 1, 1], [0, 3, 0])
    assert (await nobody.ask(CAST, vote=vote, link=own, points=given))["castVote"] == {"entitled": 8, "voted": 1}
    for person in people[1:4]:
        link = await link_of_day(hub, event, person)
        await nobody.ask(CAST, vote=vote, link=link, points=points(keys, [2, 2, 0], [1, 1, 1]))
    await organiser.ask(CAST, vote=vote, navigator=people[4], points=[])
    (mine,) = (await nobody.ask(MINE, link=own))["myVotes"]
    assert (mine["voted"], {one["total"] for one in mine["vote"]["candidates"]}) == (True, {None})
    (shown,) = (await (await clients(HEILBRONN)).ask(SHOWN, id=event))["event"]["votes"]
    assert (shown["turnout"]["voted"], {one["total"] for one in shown["candidates"]}) == (5, {None})
    assert (await nobody.ask(SHOWN, id=event))["event"]["votes"] == []

    done = (await organiser.ask(CLOSE, id=vote))["closeVote"]
    assert (done["state"], done["withheld"], done["turnout"]) == ("CLOSED", False, {"entitled": 8, "voted": 5})
    assert [(one["title"], one["figures"], one["total"], one["rank"]) for one in done["candidates"]] == [
        ("Reisekosten mit einem Klick", [9, 7, 1], 17, 1),
        ("E-Akte", [3, 6, 3], 12, 2),
        ("Bilderarchiv", [0, 0, 0], 0, 3),
    ]
    assert await reason(nobody.ask(CAST, vote=vote, link=personal(hub, people[6]), points=[])) == "CONFLICT"
    (mine,) = (await nobody.ask(MINE, link=own))["myVotes"]
    assert (mine["voted"], mine["vote"]["candidates"][0]["rank"]) == (False, 1)
    async with hub.runtimes["events"].db.read(HUB) as session:
        for table in ("vote_ballot", "vote_turnout"):  # nothing is left of who voted what
            assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
    # What its author takes back is not read in the result either.
    await organiser.ask(CORRECT, id=idea)
    (shown,) = (await organiser.ask(SHOWN, id=event))["event"]["votes"]
    assert shown["candidates"][0]["title"] == "…"


async def test_everybody_votes_once_and_within_the_scale(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    vote, keys = await opened(organiser, event)
    link = personal(hub, people[0])
    for wrong in (
        points(keys, [4, 0, 0]),
        points(keys, [-1, 0, 0]),
        points(keys, [1, 1]),
        points(keys, [0, 0, 1], [0, 0, 1]),  # more than the budget
        points([keys[0], keys[0]], [1, 0, 0], [1, 0, 0]),
        points([event], [1, 0, 0]),
    ):
        assert await reason(organiser.ask(CAST, vote=vote, link=link, points=wrong)) == "REFUSED", wrong
    at_once = [organiser.ask(CAST, vote=vote, link=link, points=points(keys, [1, 0, 0])) for _ in range(4)]
    done = await asyncio.gather(*at_once, return_exceptions=True)
    assert sorted(isinstance(one, Answered) for one in done) == [False, True, True, True]
    again = organiser.ask(CAST, vote=vote, navigator=people[0], points=[])
    assert await reason(again) == "CONFLICT"

    other_event = str((await day(hub, clients))[1])
    wrong_day = await link_of_day(hub, other_event, people[1])
    speyer, heilbronn = await clients(SPEYER), await clients(HEILBRONN)
    for call, expected in (
        (speyer.ask(CAST, vote=vote, link=wrong_day, points=[]), "NOT_FOUND"),
        (speyer.ask(CAST, vote=vote, link=personal(hub, str(uuid.uuid4())), points=[]), "NOT_FOUND"),
        (speyer.ask(CAST, vote=vote, link="nonsense", points=[]), "NOT_FOUND"),
        (speyer.ask(CAST, vote=vote, points=[]), "REFUSED"),
        (speyer.ask(CAST, vote=vote, navigator=people[1], points=[]), "NOT_FOUND"),
        (heilbronn.ask(CAST, vote=vote, navigator=people[1], points=[]), "FORBIDDEN"),
        (heilbronn.ask(CLOSE, id=vote), "FORBIDDEN"),
        (heilbronn.ask(CREATE, event=event, vote=VOTE), "FORBIDDEN"),
        (organiser.ask(CAST, vote=vote, navigator=str(uuid.uuid4()), points=[]), "NOT_FOUND"),
    ):
        assert await reason(call) == expected


async def test_who_did_not_come_does_not_vote(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    vote, _keys = await opened(organiser, event)
    async with hub.runtimes["events"].db.begin(HUB) as session:
        gone = text("UPDATE participant SET attendance = 'no_show' WHERE navigator_id = :one")
        await session.execute(gone, {"one": uuid.UUID(people[0])})
    assert await reason(organiser.ask(CAST, vote=vote, link=personal(hub, people[0]), points=[])) == "NOT_FOUND"
    told = await organiser.ask(CAST, vote=vote, link=personal(hub, people[1]), points=[])
    assert told["castVote"] == {"entitled": 7, "voted": 1}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": " "}, ["title"]),
        ({"criteria": []}, ["criteria"]),
        ({"criteria": [{"name": "Nutzen"}, {"name": "nutzen"}]}, ["criteria"]),
        ({"criteria": [{"name": "Nutzen", "most": 0, "budget": 0}]}, ["most", "budget"]),
        ({"candidates": [{"title": "Allein"}]}, ["candidates"]),
        ({"candidates": [{"title": "Eins"}, {"title": ""}]}, ["title"]),
        ({"candidates": [{"title": "Eins"}, {"idea": "x", "proposal": "y"}]}, ["idea"]),
        ({"candidates": [{"title": "Eins"}, {"idea": str(uuid.uuid4())}]}, ["idea"]),
        ({"candidates": [{"title": "Eins"}, {"title": "Zwei", "city": SPEYER}]}, ["city"]),
        ({"tieCriteria": [1]}, ["tieCriteria"]),
        ({"tieRule": "CRITERION"}, ["tieCriteria"]),
        ({"tieRule": "LOT", "tieCriteria": [4]}, ["tieCriteria"]),
        ({"closesAt": "2020-01-01T00:00:00Z"}, []),
    ],
)
async def test_what_is_no_vote_is_told_by_field(
    hub: Hub, clients: Clients, changes: dict[str, Any], fields: list[str]
) -> None:
    organiser, event, _people = await day(hub, clients, 2)
    with pytest.raises(Answered) as caught:
        await opened(organiser, event, **changes)
    assert (caught.value.reason, [one.field for one in caught.value.problems]) == ("REFUSED", fields)
    assert (await organiser.ask(SHOWN, id=event))["event"]["votes"] == []


async def test_few_votes_tell_nothing_and_a_lot_can_be_drawn_again(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    few, keys = await opened(organiser, event)
    for person in people[:4]:
        await organiser.ask(CAST, vote=few, link=personal(hub, person), points=points(keys, [3, 0, 0]))
    done = (await organiser.ask(CLOSE, id=few))["closeVote"]
    assert (done["withheld"], done["turnout"]["voted"]) == (True, 4)
    assert [(one["figures"], one["rank"]) for one in done["candidates"]] == [([], None)] * 3

    drawn, keys = await opened(organiser, event, tieRule="LOT", tieCriteria=[3])
    for person in people[:5]:
        await organiser.ask(CAST, vote=drawn, link=personal(hub, person), points=points(keys, [1, 0, 0], [0, 1, 0]))
    done = (await organiser.ask(CLOSE, id=drawn))["closeVote"]
    assert done["seed"]
    first, second, third = done["candidates"]
    assert [first["id"], second["id"]] == sorted(keys[:2], key=lambda key: lot(done["seed"], key))
    assert [(one["rank"], one["decidedBy"]) for one in (first, second, third)] == [
        (1, "LOT"), (2, "LOT"), (3, "TOTAL"),
    ]  # fmt: skip


async def test_it_closes_by_itself(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.5)).isoformat()
    vote, _keys = await opened(organiser, event, closesAt=soon)
    await asyncio.sleep(0.6)
    assert await reason(organiser.ask(CAST, vote=vote, link=personal(hub, people[0]), points=[])) == "CONFLICT"
    await votes.closing.work(hub.runtimes["events"].db)
    (shown,) = (await organiser.ask(SHOWN, id=event))["event"]["votes"]
    assert (shown["state"], shown["turnout"]["voted"]) == ("CLOSED", 0)


async def test_the_turn_out_is_followed(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    vote, _keys = await opened(organiser, event)
    seen: list[int] = []
    with pytest.raises(Answered):
        async for _now in (await clients(SPEYER)).follow(FOLLOW, id=vote):
            pass
    async with asyncio.timeout(20):
        async for now in organiser.follow(FOLLOW, id=vote):
            seen.append(now["voteTurnout"]["voted"])
            if len(seen) < 3:
                await organiser.ask(CAST, vote=vote, link=personal(hub, people[len(seen)]), points=[])
            elif seen[-1] == 2:
                await organiser.ask(CLOSE, id=vote)
    assert seen == [0, 1, 2, 2]


PRINTED: dict[str, Any] = {
    "title": "Themenwunsch des dritten Moduls",
    "source": "Abb. 10",
    "criteria": ["Nutzen", "Aufwand", "Lust"],
    "candidates": [
        {"title": "Reisekosten", "figures": [8, 9, 7], "printedTotal": 24, "printedRank": 1},
        {"title": "FuckUpNights", "figures": [7, 1, 14], "printedTotal": 21, "printedRank": 2},
        {"title": "Dokumentenmanagement", "figures": [4, 7, 3], "printedTotal": 14, "printedRank": 3},
        {"title": "Bilderarchiv", "figures": [6, 5, 3], "printedTotal": 14, "printedRank": 4},
    ],
    "tieRule": "SHARED",
    "voted": 25,
}


async def test_a_printed_result_keeps_what_is_wrong_and_says_so(hub: Hub, clients: Clients) -> None:
    organiser, event, _people = await day(hub, clients, 2)
    found = (await organiser.ask(IMPORT, event=event, vote=PRINTED))["importVote"]
    assert (found["imported"], found["state"], found["source"]) == (True, "CLOSED", "Abb. 10")
    assert found["turnout"] == {"entitled": None, "voted": 25}
    rows = found["candidates"]
    assert [(one["total"], one["rank"], one["printedTotal"], one["flagged"]) for one in rows] == [
        (24, 1, 24, False), (22, 2, 21, True), (14, 3, 14, False), (14, 3, 14, True),
    ]  # fmt: skip
    assert rows[1]["remark"] == "Als Summe ist 21 gedruckt, aber 7 + 1 + 14 ergibt 22."
    assert rows[3]["remark"] == "Als Rang ist 4 gedruckt, aber die Zahlen ergeben 3."
    by_first = {**PRINTED, "tieRule": "CRITERION", "tieCriteria": [1]}
    rows = (await organiser.ask(IMPORT, event=event, vote=by_first))["importVote"]["candidates"]
    assert [(one["title"], one["rank"], one["decidedBy"]) for one in rows[2:]] == [
        ("Bilderarchiv", 3, "CRITERION"), ("Dokumentenmanagement", 4, "CRITERION"),
    ]  # fmt: skip
    short = {**PRINTED, "candidates": [*PRINTED["candidates"][:3], {"title": "x", "figures": [1, 2]}], "entitled": 20}
    with pytest.raises(Answered) as caught:
        await organiser.ask(IMPORT, event=event, vote=short)
    assert [one.field for one in caught.value.problems] == ["figures"]
    with pytest.raises(Answered) as caught:
        await organiser.ask(IMPORT, event=event, vote={**PRINTED, "entitled": 20})
    assert [one.field for one in caught.value.problems] == ["voted"]


async def test_who_is_erased_leaves_their_vote_without_themselves(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    named = await organiser.ask("query ($id: ID!) { navigator(id: $id) { name } }", id=people[0])
    name = named["navigator"]["name"]
    vote, keys = await opened(organiser, event, candidates=[{"title": f"Was {name} vorschlug"}, {"title": "E-Akte"}])
    for person in people[:5]:
        await organiser.ask(CAST, vote=vote, link=personal(hub, person), points=points(keys, [1, 0, 0]))
    runtime = hub.runtimes["events"]
    async with runtime.db.read(HUB) as session:
        assert [one["vote"] for one in await votes.about(session, uuid.UUID(people[0]))] == [vote]
    async with runtime.db.begin(HUB) as session:
        await intake.erase(session, NavigatorErased(id=people[0], ags="08335043"))
    done = (await organiser.ask(CLOSE, id=vote))["closeVote"]
    assert done["turnout"] == {"entitled": 7, "voted": 5}
    assert (done["candidates"][0]["title"], done["candidates"][0]["total"]) == ("Was … vorschlug", 5)
