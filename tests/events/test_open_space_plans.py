"""Plans of an open space: drafts, by hand, published, changed on the day, and the board that everybody follows."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from sqlalchemy import text

from services.cli import demo
from services.cli.client import Answered, Client
from services.events.openspace import board as boards
from services.events.openspace import forgetting
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.open_space import PLAN, PUBLISH, World, world
from tests.events.test_open_space import MERGE, refused
from tests.events.test_registration_day import CAME

ADJUST = """mutation ($plan: ID!, $expected: Int!, $changes: [SessionChange!]!) {
  adjustOpenSpacePlan(plan: $plan, expected: $expected, changes: $changes) {
    version brokenRules quality { kept } provenance { byHand } sessions { proposal slot room pinned } } }"""
ADJUSTED = """query ($plan: ID!, $changes: [SessionChange!]!) { adjustedOpenSpacePlan(plan: $plan, changes: $changes) {
  before { kept } after { kept } brokenRules } }"""
MOVE = """mutation ($event: ID!, $changes: [SessionChange!]!) {
  moveSessions(event: $event, changes: $changes) { board { revision moved } } }"""
CLOSE = """mutation ($event: ID!, $room: ID!, $slots: [ID!]!, $closed: Boolean! = true) {
  closeRoom(event: $event, room: $room, slots: $slots, closed: $closed) { board { sessions { id trouble } } } }"""
AWAY = """mutation ($event: ID!, $slots: [ID!]!, $link: String, $who: ID) {
  setAway(event: $event, slots: $slots, link: $link, navigator: $who) { me { away } } }"""
REPLAN = "mutation ($event: ID!, $most: Int! = 2) { replanOpenSpace(event: $event, mostMoved: $most) { id } }"
HOSTS = """mutation ($event: ID!, $id: ID!, $who: [ID!]!) {
  setConveners(event: $event, proposal: $id, navigators: $who) { wishesOpen } }"""
DECIDE = """mutation ($event: ID!, $id: ID!, $state: ProposalState!, $times: Int) {
  decideProposal(event: $event, id: $id, state: $state, times: $times) { board { revision sessions { title } } } }"""


@pytest.fixture(scope="module")
def workers() -> bool:
    return True


async def four(hub: Hub, clients: Clients) -> tuple[World, list[str]]:
    """Four topics for two rooms and two slots: most who want the first want the second, as with the other two."""
    here = await world(hub, clients)
    keys = [await here.propose(f"Thema {n + 1}", n, convene=True) for n in range(4)]
    for person in range(8):
        pair = keys[:2] if person % 2 else keys[2:]
        await here.wish(person, *pair)
    await here.set()
    return here, keys


async def published(hub: Hub, clients: Clients) -> tuple[World, list[str]]:
    here, keys = await four(hub, clients)
    assert await here.publish((await here.plan())["id"]) == 1
    return here, keys


async def test_drafts_are_the_same_again_and_say_how_good_they_are(hub: Hub, clients: Clients) -> None:
    here, keys = await four(hub, clients)
    await here.organiser.ask(PLAN, event=here.event, drafts=3, seed=7)
    first, *others = await here.drafts()
    again = await here.plan(seed=first["provenance"]["seed"])
    assert len(others) == 2
    assert again["provenance"] == first["provenance"]
    assert again["sessions"] == first["sessions"]
    slot = {one["proposal"]: one["slot"] for one in first["sessions"]}
    assert slot[keys[0]] != slot[keys[1]]
    assert slot[keys[2]] != slot[keys[3]]
    quality = first["quality"]
    assert (quality["kept"], quality["worstOff"], quality["leftOut"], first["brokenRules"]) == (1.0, 1.0, 0, [])
    assert 0 < quality["random"] < 1 <= quality["upperBound"]
    reasons = next(one["reasons"] for one in first["sessions"] if one["proposal"] == keys[0])
    assert reasons == ["Läuft nicht gleichzeitig mit „Thema 2“: 4 gemeinsame Interessierte."]
    # What is kept of the question names nobody.
    async with hub.runtimes["events"].db.read(HUB) as session:
        rows = (await session.execute(text("SELECT question::text || answer::text FROM agenda_plan"))).scalars()
        assert not any(person in row for row in rows for person in here.people)


async def test_no_session_seats_more_people_than_its_room_holds(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    keys = [await here.propose(f"Thema {n + 1}") for n in range(3)]
    for person in range(8):
        await here.wish(person, *keys[1:], must=(keys[0],))
    (small, hall), _slots = await here.set(rooms=2, slots=1, seats=(3, 4))
    plan = await here.plan()
    assert (plan["quality"]["attended"], plan["quality"]["leftOut"]) == (4 * 3 + 3, 1)
    at = {one["proposal"]: one for one in plan["sessions"] if one["slot"]}
    assert at[keys[0]]["room"] == hall  # the bigger room for what more people must hear
    assert at[keys[0]]["turnedAway"] == 1
    assert "Der Raum ist voll: 1 interessierte Person findet keinen Platz." in at[keys[0]]["reasons"]
    assert await here.publish(plan["id"]) == 1

    async def suggested() -> Counter[str]:
        own = [(await here.seen(here.link(person)))["me"]["sessions"] for person in range(len(here.people))]
        return Counter(one["session"] for mine in own for one in mine if one["suggested"])

    room = {one["id"]: one["room"] for one in (await here.seen())["board"]["sessions"]}
    assert {room[key]: count for key, count in (await suggested()).items()} == {small: 3, hall: 4}
    # Seats follow late changes, and end with somebody's part.
    changes = [{"kind": "SWAP", "proposal": keys[0], "other": next(key for key in at if key != keys[0])}]
    await here.organiser.ask(MOVE, event=here.event, changes=changes)
    room = {one["id"]: one["room"] for one in (await here.seen())["board"]["sessions"]}
    assert {room[key]: count for key, count in (await suggested()).items()} == {small: 3, hall: 4}
    remove = "mutation ($e: ID!, $n: [ID!]!) { removeParticipants(event: $e, navigators: $n) { id } }"
    await here.organiser.ask(remove, e=here.event, n=here.people[:2])
    async with hub.runtimes["events"].db.read(HUB) as session:
        assert await session.scalar(text("SELECT count(*) FROM session_seat")) < 7
        mine = await forgetting.about(session, UUID(here.people[7]))
        assert set(mine) >= {"seats", "wishes"}


async def test_times_and_rooms_are_a_draft_before_the_first_plan(hub: Hub, clients: Clients) -> None:
    here, _keys = await four(hub, clients)
    asked = {"query": "query ($e: ID!) { openSpace(event: $e) { board { slots { id } rooms { id } } } }"}
    async with httpx.AsyncClient(trust_env=False) as anybody:
        said = await anybody.post(here.organiser.graph, json={**asked, "variables": {"e": here.event}})
        assert said.json()["data"]["openSpace"]["board"] == {"slots": [], "rooms": []}
        async with aclosing(events(here.organiser, here.event)) as stream:
            first = await anext(stream)
            assert (first["slots"], first["rooms"]) == ([], [])
        assert len((await here.seen(here.link(0)))["board"]["slots"]) == 2
        assert await here.publish((await here.plan())["id"]) == 1
        said = await anybody.post(here.organiser.graph, json={**asked, "variables": {"e": here.event}})
        assert len(said.json()["data"]["openSpace"]["board"]["slots"]) == 2


async def test_a_published_plan_closes_wishes_and_shows_everybody_their_sessions(hub: Hub, clients: Clients) -> None:
    here, keys = await published(hub, clients)
    found = await here.seen(here.link(1))
    assert (found["wishesOpen"], found["board"]["revision"]) == (False, 1)
    assert {p["state"] for p in found["proposals"]} == {"PLANNED"}
    mine = {one["session"]: one for one in found["me"]["sessions"]}
    at = {one["id"]: one for one in found["board"]["sessions"]}
    # Person 1 hosts the second topic and would like to hear the first two, which run one after the other.
    assert {at[key]["proposal"]: one["hosts"] for key, one in mine.items()} == {keys[0]: False, keys[1]: True}
    assert all(one["suggested"] for one in mine.values())
    anybody = httpx.AsyncClient()
    asked = {"query": "query ($e: ID!) { openSpace(event: $e) { board { sessions { title } } proposals { id } } }"}
    answer = await anybody.post(here.organiser.graph, json={**asked, "variables": {"e": here.event}})
    assert {one["title"] for one in answer.json()["data"]["openSpace"]["board"]["sessions"]} == {
        f"Thema {n}" for n in range(1, 5)
    }
    assert answer.json()["data"]["openSpace"]["proposals"] == []
    await anybody.aclose()


async def test_a_draft_is_changed_by_hand_and_keeps_its_pins(hub: Hub, clients: Clients) -> None:
    here, keys = await four(hub, clients)
    plan = await here.plan()
    one, two = (next(s for s in plan["sessions"] if s["proposal"] == key) for key in keys[:2])
    other = next(s for s in plan["sessions"] if s["slot"] == one["slot"] and s is not one)
    swap = [{"kind": "SWAP", "proposal": two["proposal"], "other": other["proposal"]}]
    shown = (await here.organiser.ask(ADJUSTED, plan=plan["id"], changes=swap))["adjustedOpenSpacePlan"]
    assert (shown["before"]["kept"], shown["brokenRules"]) == (1.0, [])
    assert shown["after"]["kept"] < 1.0  # now both run at the same time
    changes = [*swap, {"kind": "PIN", "proposal": keys[0]}, {"kind": "PIN", "proposal": keys[1]}]
    made = (await here.organiser.ask(ADJUST, plan=plan["id"], expected=0, changes=changes))["adjustOpenSpacePlan"]
    assert (made["version"], made["provenance"]["byHand"], made["quality"]) == (1, 1, shown["after"])
    assert (await refused(here.organiser.ask(ADJUST, plan=plan["id"], expected=0, changes=swap))).reason == "CONFLICT"
    moved = [{"kind": "MOVE", "proposal": keys[0]}]
    problem = await refused(here.organiser.ask(ADJUST, plan=plan["id"], expected=1, changes=moved))
    assert [p.row for p in problem.problems] == ["changes[0]"]
    # A later plan leaves what is pinned where it is.
    later = await here.plan(basis=plan["id"])
    places = {s["proposal"]: (s["slot"], s["room"]) for s in made["sessions"]}
    after = {s["proposal"]: (s["slot"], s["room"]) for s in later["sessions"]}
    assert [after[key] for key in keys[:2]] == [places[key] for key in keys[:2]]
    # One that breaks a rule is kept, and cannot be published.
    onto = {"kind": "MOVE", "proposal": keys[2], "slot": one["slot"], "room": one["room"]}
    broken = await here.organiser.ask(ADJUST, plan=plan["id"], expected=1, changes=[onto])
    assert len(broken["adjustOpenSpacePlan"]["brokenRules"]) == 1
    assert (await refused(here.organiser.ask(PUBLISH, plan=plan["id"]))).reason == "CONFLICT"


async def test_a_lost_room_moves_at_most_two_sessions(hub: Hub, clients: Clients) -> None:
    here, _keys = await four(hub, clients)
    await here.set(rooms=3)
    assert await here.publish((await here.plan())["id"]) == 1
    before = {one["id"]: one for one in (await here.seen())["board"]["sessions"]}
    lost = next(iter(before.values()))
    closed = await here.organiser.ask(CLOSE, event=here.event, room=lost["room"], slots=[lost["slot"]])
    trouble = {one["id"]: one["trouble"] for one in closed["closeRoom"]["board"]["sessions"]}
    assert {key for key, what in trouble.items() if what} == {lost["id"]}
    await here.organiser.ask(REPLAN, event=here.event)
    plan = (await here.drafts())[0]
    assert 1 <= sum(one["moved"] for one in plan["sessions"]) <= 2
    assert plan["quality"]["kept"] == 1.0
    assert await here.publish(plan["id"]) == 2
    board = (await here.seen())["board"]
    after = {one["id"]: one for one in board["sessions"]}
    assert after.keys() == before.keys()
    moved = {k for k in after if (after[k]["slot"], after[k]["room"]) != (before[k]["slot"], before[k]["room"])}
    assert set(board["moved"]) == moved
    assert (after[lost["id"]]["wasRoom"], after[lost["id"]]["trouble"]) == (lost["room"], None)


async def test_nobody_and_no_room_is_booked_twice(hub: Hub, clients: Clients) -> None:
    here, keys = await published(hub, clients)
    board = (await here.seen())["board"]
    at = {one["proposal"]: one for one in board["sessions"]}
    one = at[keys[0]]
    beside = next(s for s in board["sessions"] if s["slot"] == one["slot"] and s is not one)
    there = {"slot": one["slot"], "room": one["room"]}
    problem = await refused(
        here.organiser.ask(MOVE, event=here.event, changes=[{"kind": "MOVE", "proposal": beside["proposal"], **there}])
    )
    assert problem.reason == "CONFLICT"
    assert one["title"] in problem.message
    # Who hosts one session cannot host another beside it.
    problem = await refused(here.organiser.ask(HOSTS, event=here.event, id=beside["proposal"], who=[here.people[0]]))
    assert problem.reason == "CONFLICT"
    assert "„Thema 1“" in problem.message
    # Nor through a topic that comes late and is merged.
    late = await here.propose("Noch etwas", 0, convene=True)
    merge = here.organiser.ask(MERGE, event=here.event, into=beside["proposal"], ids=[late])
    assert "„Thema 1“" in (await refused(merge)).message
    await here.organiser.ask(MERGE, event=here.event, into=keys[0], ids=[late])
    # Somebody says by their link that they are not there any more.
    await here.organiser.ask(AWAY, event=here.event, slots=[one["slot"]], link=here.link(0))
    assert {s["proposal"] for s in (await here.seen())["board"]["sessions"] if s["trouble"] == "AWAY"} == {keys[0]}
    await here.organiser.ask(REPLAN, event=here.event)
    plan = (await here.drafts())[0]
    assert next(s for s in plan["sessions"] if s["proposal"] == keys[0])["slot"] != one["slot"]
    # Meanwhile the room of that plan is lost, too: as things are now it cannot be published.
    now = next(s for s in plan["sessions"] if s["proposal"] == keys[0])
    await here.organiser.ask(CLOSE, event=here.event, room=now["room"], slots=[now["slot"]])
    problem = await refused(here.organiser.ask(PUBLISH, plan=plan["id"]))
    assert problem.reason == "CONFLICT"
    assert "„Thema 1“" in problem.problems[0].message


async def test_who_went_home_hosts_and_wishes_nothing(hub: Hub, clients: Clients) -> None:
    here, keys = await four(hub, clients)
    before = await here.plan()
    await here.publish(before["id"])

    async def trouble() -> set[str]:
        return {one["proposal"] for one in (await here.seen())["board"]["sessions"] if one["trouble"] == "AWAY"}

    for person, state in ((0, "NO_SHOW"), (1, "LEFT")):
        await here.organiser.ask(CAME, event=here.event, who=[here.people[person]], **{"as": state})
    remove = "mutation ($e: ID!, $n: [ID!]!) { removeParticipants(event: $e, navigators: $n) { id } }"
    await here.organiser.ask(remove, e=here.event, n=[here.people[2]])
    assert await trouble() == set(keys[:3])
    await here.organiser.ask(HOSTS, event=here.event, id=keys[1], who=[here.people[5]])
    await here.organiser.ask(CAME, event=here.event, who=[here.people[0]], **{"as": "LATE"})
    assert await trouble() == {keys[2]}
    plan = await here.plan()
    assert plan["brokenRules"] == []
    assert plan["quality"]["attended"] * 8 == before["quality"]["attended"] * 6


async def test_slots_move_with_the_day(hub: Hub, clients: Clients) -> None:
    here, _keys = await four(hub, clients)
    changed = {**demo.snapshot("event"), "kind": "OPEN_SPACE", "date": "2027-12-01"}
    change = """mutation ($id: ID!, $event: EventInput!) { changeEvent(id: $id, event: $event) { date } }"""
    await here.organiser.ask(change, id=here.event, event=changed)
    query = "query ($e: ID!) { openSpace(event: $e) { board { slots { starts ends } } } }"
    slots = (await here.organiser.ask(query, e=here.event))["openSpace"]["board"]["slots"]
    assert [(one["starts"], one["ends"]) for one in slots] == [  # the same hour, in winter now
        ("2027-12-01T12:00:00+00:00", "2027-12-01T12:45:00+00:00"),
        ("2027-12-01T13:00:00+00:00", "2027-12-01T13:45:00+00:00"),
    ]


async def test_exchanging_cancelling_and_repeating_sessions(hub: Hub, clients: Clients) -> None:
    here, keys = await published(hub, clients)
    changes = [{"kind": "SWAP", "proposal": keys[0], "other": keys[1]}]
    moved = (await here.organiser.ask(MOVE, event=here.event, changes=changes))["moveSessions"]["board"]
    assert (moved["revision"], len(moved["moved"])) == (2, 2)
    gone = await here.organiser.ask(DECIDE, event=here.event, id=keys[0], state="CANCELLED")
    board = gone["decideProposal"]["board"]
    assert (board["revision"], {s["title"] for s in board["sessions"]}) == (3, {"Thema 2", "Thema 3", "Thema 4"})
    late = await here.propose("Spontan", 0)
    await here.organiser.ask(DECIDE, event=here.event, id=late, state="ACCEPTED", times=2)
    plan = await here.plan()
    # It must be planned, though it leaves no place for one that nobody must have.
    assert sorted(s["part"] for s in plan["sessions"] if s["proposal"] == late and s["slot"]) == [1, 2]
    assert plan["quality"]["leftOut"] == 1
    assert await here.publish(plan["id"]) == 4
    states = [p["state"] for p in (await here.seen())["proposals"]]
    assert sorted(states) == ["CANCELLED", "OPEN", "PLANNED", "PLANNED", "PLANNED"]


async def test_what_cannot_be_planned_says_why(hub: Hub, clients: Clients) -> None:
    here = await world(hub, clients)
    assert (await refused(here.organiser.ask(PLAN, event=here.event))).reason == "CONFLICT"
    await here.set()
    assert (await refused(here.organiser.ask(PLAN, event=here.event))).reason == "CONFLICT"
    await here.propose("Braucht eine Bühne", needs=["QUIET"])
    problem = await refused(here.organiser.ask(PLAN, event=here.event))
    assert "QUIET" in problem.message
    assert (await refused(here.organiser.ask(REPLAN, event=here.event))).reason == "CONFLICT"
    for bad in ({"drafts": 6}, {"seed": -1}, {"iterations": 0}):
        assert (await refused(here.organiser.ask(PLAN, event=here.event, **bad))).reason == "REFUSED"


# The board --------------------------------------------------------------------------------------------------------


async def events(client: Client, event: str) -> AsyncGenerator[dict[str, Any], None]:
    """What the board's event stream says."""
    url = f"{client.url}/events/{event}/open-space/board"
    async with httpx.AsyncClient(timeout=30) as http, http.stream("GET", url) as answer:
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                yield msgspec.json.decode(line.removeprefix("data: "))


async def test_every_screen_hears_of_each_change_from_one_reading(hub: Hub, clients: Clients) -> None:
    here, keys = await four(hub, clients)
    plan = await here.plan()
    heard: list[list[int]] = [[] for _screen in range(30)]

    async def screen(number: int) -> None:
        async with aclosing(events(here.organiser, here.event)) as stream:
            async for said in stream:
                heard[number].append(said["revision"])

    tasks = [asyncio.create_task(screen(number)) for number in range(30)]
    followed = boards.of(hub.runtimes["events"])
    async with asyncio.timeout(20):
        while not all(heard):
            await asyncio.sleep(0.05)
        reads = followed.reads
        assert await here.publish(plan["id"]) == 1
        while not all(said[-1] == 1 for said in heard):
            await asyncio.sleep(0.05)
        changes = [{"kind": "SWAP", "proposal": keys[0], "other": keys[1]}]
        await here.organiser.ask(MOVE, event=here.event, changes=changes)
        while not all(said[-1] == 2 for said in heard):
            await asyncio.sleep(0.05)
    assert followed.reads - reads < 15  # some for the time that passes, and not one for each screen
    for task in tasks:
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)


async def test_the_board_through_graphql_and_its_refusals(hub: Hub, clients: Clients) -> None:
    here, _keys = await four(hub, clients)
    plan = await here.plan()
    query = "subscription ($e: ID!) { openSpaceBoard(id: $e) { revision sessions { title } } }"
    seen: list[int] = []
    async with asyncio.timeout(20):
        async for said in here.organiser.follow(query, e=here.event):
            seen.append(said["openSpaceBoard"]["revision"])
            if seen[-1] == 1:
                break
            await here.publish(plan["id"])
    assert seen == [0, 1]
    for event in ("nothing", "00000000-0000-0000-0000-000000000000"):
        answer = await here.organiser.http.get(f"{here.organiser.url}/events/{event}/open-space/board")
        assert answer.status_code == 404
    with pytest.raises(Answered):
        await anext(here.organiser.follow(query, e="nothing"))
