"""Proposals, merges and wishes of an open space through the API: by link, by organiser, refused to strangers."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from services.cli import demo
from services.cli.client import Answered
from services.events.openspace import forgetting, interests
from services.kit.db import HUB, driver
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.day import forged
from tests.events.open_space import KONSTANZ, PROPOSE, SPEYER, WISH, World, gathered, world

MERGE = """mutation ($event: ID!, $into: ID!, $ids: [ID!]!) {
  mergeProposals(event: $event, into: $into, proposals: $ids) { proposals { id } } }"""
APART = "mutation ($event: ID!, $id: ID!) { takeProposalApart(event: $event, id: $id) { proposals { id } } }"
CHANGE = """mutation ($event: ID!, $id: ID!, $proposal: ProposalInput!, $link: String) {
  changeProposal(event: $event, id: $id, proposal: $proposal, link: $link) { proposals { title } } }"""
WITHDRAW = """mutation ($event: ID!, $id: ID!, $link: String) {
  withdrawProposal(event: $event, id: $id, link: $link) { proposals { id } } }"""
CONVENE = """mutation ($event: ID!, $link: String!, $id: ID!, $wanted: Boolean! = true) {
  convene(event: $event, link: $link, proposal: $id, wanted: $wanted) { me { hosted } } }"""


async def refused(work: Any) -> Answered:
    with pytest.raises(Answered) as caught:
        await work
    return caught.value


async def stored(hub: Hub) -> str:
    """Everything that is kept of the open space, as text."""
    tables = ("proposal", "proposal_person", "interest", "agenda_plan", "session", "job")
    async with hub.runtimes["events"].db.read(HUB) as session:
        found = [await session.scalar(text(f"SELECT json_agg(t)::text FROM events.{name} t")) for name in tables]
    return " ".join(one or "" for one in found)


async def test_a_title_is_enough_and_the_author_may_host(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    first = await here.propose("E-Akte im Alltag", 0)
    second = await here.propose(
        "Bürgerbeteiligung", 1, convene=True, text="Zeile eins\nZeile zwei", needs=["PROJECTOR"]
    )
    third = await here.propose("Vom Wirt vorgegeben")
    one, two, three = (await here.seen())["proposals"]
    assert [p["id"] for p in (one, two, three)] == [first, second, third]
    assert [p["number"] for p in (one, two, three)] == [1, 2, 3]
    assert [p["origin"] for p in (one, two, three)] == ["PERSON", "PERSON", "ORGANISER"]
    assert [[a["navigator"]["id"] for a in p["authors"]] for p in (one, two, three)] == [
        [here.people[0]], [here.people[1]], [],
    ]  # fmt: skip
    assert [a["navigator"]["id"] for a in two["conveners"]] == [here.people[1]]
    assert (two["text"], two["needs"]) == ("Zeile eins\nZeile zwei", ["PROJECTOR"])
    mine = (await here.seen(here.link(1)))["me"]
    assert (mine["proposed"], mine["hosted"]) == ([second], [second])


async def test_nothing_tells_who_proposed_without_a_name(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    said = await here.organiser.ask(
        PROPOSE, event=here.event, proposal={"title": "Führung", "anonymous": True}, link=here.link(3)
    )
    proposed = said["proposeSession"]
    assert here.people[3] not in await stored(hub)
    assert (await here.seen(here.link(3)))["me"]["proposed"] == []
    # Only the link that came with it leads back, and to this proposal alone.
    other = await here.propose("Anderes", 0)
    change = proposed["changeLink"]
    asked = {"event": here.event, "proposal": {"title": "Führung und Digitales"}}
    await here.organiser.ask(CHANGE, **asked, id=proposed["id"], link=change)
    assert (await here.proposal(proposed["id"]))["title"] == "Führung und Digitales"
    for link in (change, here.link(3)):
        assert (await refused(here.organiser.ask(CHANGE, **asked, id=other, link=link))).reason == "FORBIDDEN"
    assert (await refused(here.propose("Noch eins", link=change))).reason == "FORBIDDEN"
    both = {"title": "A", "anonymous": True, "convene": True}
    problem = await refused(here.organiser.ask(PROPOSE, event=here.event, proposal=both, link=here.link(3)))
    assert [(p.row, p.field) for p in problem.problems] == [("proposal", "convene")]
    await here.organiser.ask(WITHDRAW, event=here.event, id=proposed["id"], link=change)
    assert (await here.proposal(proposed["id"]))["state"] == "WITHDRAWN"


async def test_the_event_s_link_proposes_and_shows_no_people(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    await here.propose("Mit Namen", 0)
    link = (await here.seen())["eventLink"]
    key = await here.propose("Vom Plakat", link=link)
    found = await here.seen(link)
    assert [(p["title"], p["anonymous"], p["authors"]) for p in found["proposals"]] == [
        ("Mit Namen", False, []), ("Vom Plakat", True, []),
    ]  # fmt: skip
    assert (found["me"], found["eventLink"], found["plans"]) == (None, None, [])
    assert (await refused(here.organiser.ask(WISH, event=here.event, link=link, wishes=[]))).reason == "FORBIDDEN"
    another = (await here.organiser.ask(demo.CREATE, event=demo.snapshot("event")))["createEvent"]["id"]
    asked = {"event": another, "proposal": {"title": "Falsche Tür"}}
    assert (await refused(here.organiser.ask(PROPOSE, **asked, link=link))).reason == "FORBIDDEN"
    assert (await refused(here.organiser.ask(PROPOSE, **asked, link=here.link(0)))).reason == "FORBIDDEN"
    assert (await refused(here.organiser.ask(PROPOSE, **asked, link="nonsense"))).reason == "NOT_FOUND"
    assert key in {p["id"] for p in (await here.seen())["proposals"]}


async def test_ideas_of_the_morning_become_topics(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    ideas = """mutation ($event: ID!, $ideas: [IdeaInput!]!) { proposeIdeas(event: $event, ideas: $ideas) {
      proposals { title origin source topics { code } } } }"""
    wanted = [
        {"title": "Chatbot für das Rathaus", "source": "Runde 1, Tisch 2", "topics": ["finance"]},
        {"title": "Karten für alle", "source": "Runde 2, Tisch 5"},
    ]
    found = (await here.organiser.ask(ideas, event=here.event, ideas=wanted))["proposeIdeas"]["proposals"]
    assert [(p["title"], p["origin"], p["source"]) for p in found] == [
        ("Chatbot für das Rathaus", "IDEA", "Runde 1, Tisch 2"), ("Karten für alle", "IDEA", "Runde 2, Tisch 5"),
    ]  # fmt: skip
    bad = [{"title": "Gut", "source": "x"}, {"title": "\0", "source": "x", "topics": ["no-such-topic"]}]
    problem = await refused(here.organiser.ask(ideas, event=here.event, ideas=bad))
    assert [(p.row, p.field) for p in problem.problems] == [("proposals[1]", "title"), ("proposals[1]", "topics")]
    assert len((await here.seen())["proposals"]) == 2


async def test_merged_proposals_keep_authors_and_count_people_once(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    one = await here.propose("Mängelmelder", 0, convene=True)
    two = await here.propose("Mängelmeldung per App", 1, convene=True, needs=["PROJECTOR"])
    three = await here.propose("Homeoffice", 2)
    (found,) = (await here.seen())["mergeSuggestions"]
    assert {found["one"], found["other"]} == {one, two}
    assert "Mängelmelder" in found["reason"]
    await here.wish(4, one, two)
    await here.wish(5, one, must=(two,))
    await here.wish(6, two)
    await here.wish(7, three)
    before = {key: await here.proposal(key) for key in (one, two)}
    assert before[one]["interest"] == {"interested": 2, "must": 0}

    await here.organiser.ask(MERGE, event=here.event, into=one, ids=[two])
    merged = await here.proposal(one)
    assert merged["merged"] == [two]
    assert {a["navigator"]["id"] for a in merged["authors"]} == set(here.people[:2])
    assert {a["navigator"]["id"] for a in merged["conveners"]} == set(here.people[:2])
    assert merged["interest"] == {"interested": 3, "must": 1}
    child = await here.proposal(two)
    assert (child["state"], child["mergedInto"]) == ("MERGED", one)
    assert [a["navigator"]["id"] for a in child["authors"]] == [here.people[1]]
    # Wishes go on meanwhile: each keeps its place.
    await here.wish(6, one, three)
    await here.wish(4, three)
    assert (await here.proposal(one))["interest"] == {"interested": 2, "must": 1}

    await here.organiser.ask(APART, event=here.event, id=two)
    after = {key: await here.proposal(key) for key in (one, two)}
    assert after[two]["state"] == "OPEN"
    assert [after[key]["authors"] for key in (one, two)] == [before[key]["authors"] for key in (one, two)]
    assert [after[key]["interest"]["interested"] for key in (one, two)] == [1, 2]  # 4 wishes for neither any more


async def test_merges_of_merges_and_odd_ones(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    one, two, three = [await here.propose(title, 0) for title in ("Eins", "Zwei", "Drei")]
    await here.wish(1, three)
    await here.organiser.ask(MERGE, event=here.event, into=two, ids=[three])
    await here.organiser.ask(MERGE, event=here.event, into=one, ids=[two])
    assert (await here.proposal(one))["interest"]["interested"] == 1
    for into, ids in ((two, [one]), (one, [one]), (one, [three])):
        problem = await refused(here.organiser.ask(MERGE, event=here.event, into=into, ids=ids))
        assert problem.reason == "CONFLICT"
    problem = await refused(here.organiser.ask(WITHDRAW, event=here.event, id=one, link=here.link(0)))
    assert problem.reason == "CONFLICT"
    await here.organiser.ask(APART, event=here.event, id=two)
    assert (await here.proposal(two))["interest"]["interested"] == 1
    assert (await here.proposal(one))["interest"]["interested"] == 0


async def test_one_set_of_wishes_for_each_person(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    keys = [await here.propose(f"Thema {n}") for n in range(4)]
    await here.wish(0, *keys[:3])
    await here.wish(0, keys[1], must=(keys[3],))
    mine = (await here.seen(here.link(0)))["me"]["wishes"]
    assert {(w["proposal"], w["wish"]) for w in mine} == {(keys[1], "WOULD_LIKE"), (keys[3], "MUST")}
    # The same person at two screens: one of both counts, whole.
    await gathered(*(here.wish(0, *some) for some in (keys[:2], keys[2:])))
    mine = (await here.seen(here.link(0)))["me"]["wishes"]
    assert {w["proposal"] for w in mine} in (set(keys[:2]), set(keys[2:]))
    asked = {"event": here.event, "link": here.link(0)}
    for key in ("nothing", "00000000-0000-0000-0000-000000000000"):
        problem = await refused(here.organiser.ask(WISH, **asked, wishes=[{"proposal": key}]))
        assert problem.reason == "NOT_FOUND"
    closed = "mutation ($event: ID!) { setOpenSpace(event: $event, wishesOpen: false) { wishesOpen } }"
    await here.organiser.ask(closed, event=here.event)
    assert (await refused(here.organiser.ask(WISH, **asked, wishes=[]))).reason == "CONFLICT"


async def test_everybody_wishes_at_once(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients, people=40)
    keys = [await here.propose(f"Thema {n}") for n in range(6)]
    await gathered(*(here.wish(person, keys[person % 6], keys[(person + 1) % 6]) for person in range(40)))
    counts = [p["interest"]["interested"] for p in (await here.seen())["proposals"]]
    assert sum(counts) == 80
    # And something else, all at once: what was before is gone, what stayed is there once.
    others = [[keys[(person + k) % 6] for k in (1, 2, 3)] for person in range(40)]
    problems = await gathered(*(here.wish(person, *mine) for person, mine in enumerate(others)))
    for person, problem in enumerate(problems):
        if isinstance(problem, httpx.TransportError):  # the server ended a resting connection under it
            await here.wish(person, *others[person])
        else:
            assert problem is None
    counts = [p["interest"]["interested"] for p in (await here.seen())["proposals"]]
    assert counts == [sum(n in {(p + k) % 6 for k in (1, 2, 3)} for p in range(40)) for n in range(6)]


async def test_changed_wishes_are_not_compared_with_each_other(hub: Hub, clients: Clients) -> None:
    """Behind the policies of a table, the planner takes a join for one of a single row, however many there are."""
    here = await world(hub, clients, people=40)
    keys = [await here.propose(f"Thema {n}") for n in range(6)]
    await gathered(*(here.wish(person, *keys) for person in range(40)))
    async with hub.runtimes["events"].db.begin(HUB) as session:
        people = [UUID(one) for one in here.people]
        explained = await (await driver(session)).fetch(f"EXPLAIN {interests.LESS}", UUID(here.event), people, "[]")
    plan = "\n".join(one[0] for one in explained)
    assert "Nested Loop" not in plan, plan


async def test_strangers_see_nothing_and_change_nothing(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    key = await here.propose("Nur für uns", 0)
    speyer = {"city": {"ags": SPEYER, "name": "Speyer"}, "navigators": [{"key": "s", "name": "Selma Speicher"}]}
    stranger = await clients(SPEYER)
    await stranger.ask(demo.PUBLISH, snapshot=speyer)
    found = await here.seen(client=stranger)
    assert (found["proposals"], found["plans"], found["mergeSuggestions"], found["eventLink"]) == ([], [], [], None)
    colleague = await here.seen(client=await clients(KONSTANZ))  # of the event's city, but not the organiser
    assert [p["title"] for p in colleague["proposals"]] == ["Nur für uns"]
    assert (colleague["plans"], colleague["eventLink"]) == ([], None)
    calls: list[tuple[str, dict[str, Any]]] = [
        (PROPOSE, {"event": here.event, "proposal": {"title": "X"}}),
        (MERGE, {"event": here.event, "into": key, "ids": []}),
        (CHANGE, {"event": here.event, "id": key, "proposal": {"title": "X"}}),
        (WITHDRAW, {"event": here.event, "id": key}),
    ]
    for other in (stranger, await clients(KONSTANZ)):
        for query, variables in calls:
            assert (await refused(other.ask(query, **variables))).reason == "FORBIDDEN"
    for query, variables in (*calls[2:], (CONVENE, {"event": here.event, "id": key, "link": "x"})):
        problem = await refused(here.organiser.ask(query, **{**variables, "link": forged(here.link(5))}))
        assert problem.reason == "NOT_FOUND"
    assert (await refused(here.organiser.ask(WITHDRAW, event=here.event, id=key, link=here.link(5)))).reason == (
        "FORBIDDEN"
    )


async def test_who_leaves_or_is_erased_leaves_nothing(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    key = await here.propose("Bleibt", 0, convene=True)
    await here.wish(0, key)
    await here.wish(1, key)
    remove = "mutation ($e: ID!, $n: [ID!]!) { removeParticipants(event: $e, navigators: $n) { id } }"
    await here.organiser.ask(remove, e=here.event, n=[here.people[1]])
    assert (await here.proposal(key))["interest"]["interested"] == 1
    about = await here.organiser.http.get(f"{here.organiser.url}/events/my-data/{here.link(0)}")
    held = about.json()["openSpace"]
    assert [(one["title"], one["role"]) for one in held["proposals"]] == [("Bleibt", "author"), ("Bleibt", "convener")]
    assert [(one["title"], one["weight"]) for one in held["wishes"]] == [("Bleibt", 1)]

    name = (await here.proposal(key))["authors"][0]["name"]
    await here.organiser.ask(
        CHANGE, event=here.event, id=key, proposal={"title": "Bleibt", "text": f"Idee von {name}."}
    )
    snapshot = demo.snapshot("konstanz")
    gone = next(n for n in snapshot["navigators"] if n["name"] == name)
    snapshot["navigators"].remove(gone)
    await (await clients(KONSTANZ)).ask(demo.PUBLISH, snapshot=snapshot)
    await hub.settle()
    after = await here.proposal(key)
    assert (after["authors"], after["conveners"], after["interest"]["interested"]) == ([], [], 0)
    assert here.people[0] not in await stored_people(here)


async def test_wishes_are_forgotten_a_month_after_the_day(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    key = await here.propose("Bleibt", 0)
    await here.wish(1, key)
    db = hub.runtimes["events"].db
    await forgetting.forget.work(db)
    assert (await here.proposal(key))["interest"]["interested"] == 1
    async with db.begin(HUB) as session:
        await session.execute(text("UPDATE event SET date = current_date - 31, last_day = current_date - 31"))
    await forgetting.forget.work(db)
    assert (await here.proposal(key))["interest"]["interested"] == 0
    assert len((await here.proposal(key))["authors"]) == 1


async def test_nothing_goes_on_once_the_event_is_called_off(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    key = await here.propose("Schade", 0)
    await here.organiser.ask("mutation ($id: ID!) { cancelEvent(id: $id) { id } }", id=here.event)
    assert (await here.seen())["board"]["cancelled"]
    for work in (here.propose("Zu spät", 1), here.wish(1, key)):
        assert (await refused(work)).reason == "CONFLICT"


async def stored_people(here: World) -> str:
    tables = ("proposal_person", "interest", "absence", "agenda_plan", "action_item")
    async with here.hub.runtimes["events"].db.read(HUB) as session:
        found = [await session.scalar(text(f"SELECT json_agg(t)::text FROM events.{name} t")) for name in tables]
    return " ".join(one or "" for one in found)
