"""A day of rounds as it runs: commanded, followed on phones, cut off, planned on, and strangers at the door."""

import asyncio
import datetime as dt
import uuid
from dataclasses import replace

import httpx
import pytest

from services.app import chosen
from services.cli.client import Answered, Client
from services.contracts.directory import NavigatorErased
from services.events import daylinks, intake
from services.events.models import Event
from services.kit import links as signed_links
from services.kit.db import HUB
from services.kit.service import Hub
from services.matching.models import Event as MatchingEvent
from tests.conftest import Clients
from tests.events.day import HEILBRONN, MY_DAY, SPEYER, command, day, forged, halves, links, pass_time, phone, seat
from tests.running import running

EVENT = """query ($id: ID!) { event(id: $id) { clock { phase round revision endsAt questions
  timeline { phase round startsAt endsAt } } clockHistory { revision command phase round endsAt }
  movedSeats { navigator { id } round table } dayLinks { link } } }"""
RIGHT_NOW = "subscription ($id: ID!) { eventClock(id: $id) { phase round revision } }"
MY_CHANGES = "subscription ($link: String!) { myDayChanges(link: $link) { next { round table new } } }"


async def played(hub: Hub, event: str) -> int | None:
    await hub.settle()
    async with hub.runtimes["matching"].db.read(HUB) as session:
        return (await session.get_one(MatchingEvent, uuid.UUID(event))).played


async def test_a_whole_day(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    await seat(hub, event, halves(people))
    mine = (await links(organiser, event))[people[0]]
    async with phone(f"{hub.settings.issuer}/events/{event}/live") as wall, phone(f"{mine['url']}/live") as own:
        state = await wall.until("live")
        assert (state["phase"], state["round"], state["rounds"], state["revision"]) == ("waiting", 0, 3, 0)
        assert len(state["questions"]) == 3
        first = await own.until("mine")
        assert (first["here"], first["next"]["round"], first["next"]["table"]) == (None, 1, 1)
        assert len(first["next"]["companions"]) == 3
        assert [stop["table"] for stop in first["rounds"]] == [1, 1, 2]

        started = await command(organiser, event, "startRound", 0)
        assert (started["phase"], started["round"], started["revision"]) == ("RUNNING", 1, 1)
        state = await wall.until("live", lambda data: data["revision"] == 1)
        now, ends = (dt.datetime.fromisoformat(state[key]) for key in ("now", "endsAt"))
        assert dt.timedelta(minutes=11) < ends - now <= dt.timedelta(minutes=12)
        assert dt.datetime.fromisoformat(state["warnsAt"]) == ends - dt.timedelta(minutes=1)
        assert [step["phase"] for step in state["timeline"]] == ["running", "break"]
        assert (await own.until("mine", lambda data: data["here"]))["next"]["round"] == 2
        told = len([name for name, _id, _data in own.seen if name == "mine"])

        more = await command(organiser, event, "extendRound", 1, minutes=("Int!", 5))
        assert dt.datetime.fromisoformat(more["endsAt"]) == ends + dt.timedelta(minutes=5)
        paused = await command(organiser, event, "pauseRound", 2)
        assert paused["phase"] == "PAUSED"
        assert 16 * 60 < paused["leftSeconds"] <= 17 * 60
        await own.until("live", lambda data: data["revision"] == 3 and data["phase"] == "paused")
        await command(organiser, event, "resumeRound", 3)
        assert len([name for name, _id, _data in own.seen if name == "mine"]) == told  # nobody changes tables by it

        ended = await command(organiser, event, "endRound", 4)
        assert (ended["phase"], ended["endsAt"]) == ("BREAK", None)
        await own.until("mine", lambda data: data["here"] is None and data["next"]["round"] == 2)
        await command(organiser, event, "setRoundClock", 5, automatic=("Boolean", True), warningSeconds=("Int", 30))
        await command(organiser, event, "nextRound", 6)
        assert await played(hub, event) == 3  # the third would begin by itself
        await pass_time(hub, event, minutes=12)
        resting = await wall.until("live", lambda data: data["phase"] == "break")
        assert (resting["round"], [step["phase"] for step in resting["timeline"]]) == (2, ["break", "running", "over"])
        await pass_time(hub, event, minutes=3)
        await wall.until("live", lambda data: (data["phase"], data["round"]) == ("running", 3))
        assert (await own.until("mine", lambda data: data["here"]))["here"]["table"] == 2
        await command(organiser, event, "finishRounds", 7)
        assert (await wall.until("live", lambda data: data["phase"] == "over"))["endsAt"] is None

    found = (await organiser.ask(EVENT, id=event))["event"]
    assert [step["command"] for step in found["clockHistory"]] == [
        "start", "extend", "pause", "resume", "end", "set", "next", "finish",
    ]  # fmt: skip
    assert (found["clock"]["phase"], found["clock"]["round"]) == ("OVER", 3)


async def test_the_clock_goes_on_through_a_power_cut(
    hub: Hub,
    clients: Clients,
) -> None:
    organiser, event, people = await day(hub, clients)
    await seat(hub, event, halves(people))
    mine = (await links(organiser, event))[people[0]]
    await command(organiser, event, "setRoundClock", 0, automatic=("Boolean", True))
    before = await command(organiser, event, "startRound", 1)
    second = replace(hub.settings, port=0, public_url=hub.settings.issuer)
    async with running(second, chosen()) as (other, server):
        port = other.settings.port
        async with phone(f"http://127.0.0.1:{port}/events/{event}/mine/{mine['link']}/live") as own:
            assert (await own.until("live"))["endsAt"] == before["endsAt"].replace("+00:00", "Z")
            server.should_exit = True
            await own.end()  # it is told to go, and does not keep the hub from ending
    await pass_time(hub, event, minutes=13)  # the hub is away at the end of the first round
    async with running(second, chosen()) as (other, _server):
        port = other.settings.port
        url = f"http://127.0.0.1:{port}/events/{event}/mine/{mine['link']}/live"
        async with phone(url, **{"last-event-id": "2"}) as own:
            state = await own.until("live")
            assert (state["phase"], state["round"], state["nextRound"]) == ("break", 1, 2)
            assert dt.datetime.fromisoformat(state["endsAt"]) - dt.datetime.fromisoformat(state["now"]) < dt.timedelta(
                minutes=2
            )
            # Commanded in one process, told in another.
            await command(organiser, event, "nextRound", 2)
            await own.until("live", lambda data: (data["phase"], data["round"]) == ("running", 2))
            assert (await own.until("mine"))["here"]["round"] == 2


async def test_two_organisers_at_once(hub: Hub, clients: Clients) -> None:
    organiser, event, _people = await day(hub, clients)
    await command(organiser, event, "startRound", 0)

    async def press() -> str:
        try:
            await command(organiser, event, "extendRound", 1, minutes=("Int!", 1))
        except Answered as problem:
            return f"{problem.reason}: {problem.message}"
        return ""

    answers = await asyncio.gather(press(), press(), press())
    assert sorted(map(bool, answers)) == [False, True, True]
    (words,) = {answer for answer in answers if answer}
    assert words.startswith("CONFLICT: Jemand war schneller. Runde 1 läuft bis ")
    assert words.endswith("(Stand 2).")
    found = (await organiser.ask(EVENT, id=event))["event"]
    assert (found["clock"]["revision"], len(found["clockHistory"])) == (2, 2)
    starts, ends = (dt.datetime.fromisoformat(found["clock"]["timeline"][0][key]) for key in ("startsAt", "endsAt"))
    assert ends - starts == dt.timedelta(minutes=13)


async def test_only_the_organiser_commands_and_sees_the_links(hub: Hub, clients: Clients) -> None:
    organiser, event, _people = await day(hub, clients)
    await command(organiser, event, "startRound", 0)
    for other in (await clients(HEILBRONN), await clients(SPEYER)):
        for name in ("pauseRound", "finishRounds"):
            with pytest.raises(Answered) as caught:
                await command(other, event, name, 1)
            assert caught.value.reason == "FORBIDDEN"
        found = (await other.ask(EVENT, id=event))["event"]
        assert (found["clock"]["phase"], found["clockHistory"], found["dayLinks"]) == ("RUNNING", [], [])
    bare_organiser, bare, _people = await day(hub, clients, rounds=None)
    for who, which, reason in ((bare_organiser, bare, "REFUSED"), (organiser, str(uuid.uuid4()), "NOT_FOUND")):
        with pytest.raises(Answered) as caught:
            await command(who, which, "startRound", 0)
        assert caught.value.reason == reason
    await organiser.ask("mutation ($id: ID!) { cancelEvent(id: $id) { id } }", id=event)
    with pytest.raises(Answered) as caught:
        await command(organiser, event, "pauseRound", 1)
    assert caught.value.reason == "CONFLICT"


async def test_a_phone_asks_cheaply(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    await seat(hub, event, halves(people))
    mine = (await links(organiser, event))[people[0]]
    async with httpx.AsyncClient(trust_env=False) as http:
        first = await http.get(mine["url"])
        assert first.json()["route"]["next"]["topic"] == {"code": "finance", "de": "Kommunale Finanzen",
                                                          "en": "Municipal finance"}  # fmt: skip
        same = await http.get(mine["url"], headers={"if-none-match": first.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        await command(organiser, event, "startRound", 0)
        changed = await http.get(mine["url"], headers={"if-none-match": first.headers["etag"]})
        assert (changed.status_code, changed.json()["route"]["here"]["round"]) == (200, 1)
        assert changed.json()["live"]["phase"] == "running"
        asked = await http.post(
            f"{hub.settings.issuer}/graphql", json={"query": MY_DAY, "variables": {"link": mine["link"]}}
        )
    found = asked.json()["data"]["myDay"]
    assert (found["here"]["round"], found["next"]["round"], len(found["rounds"])) == (1, 2, 3)
    names = {one["name"] for one in found["here"]["companions"]}
    assert len(names) == 3
    assert found["name"] not in names


async def test_strangers_see_nobody_s_day(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    await seat(hub, event, halves(people))
    other_organiser, other, _people = await day(hub, clients, title="Ein anderer Tag")
    known = await links(organiser, event)
    mine, issuer = known[people[0]], hub.settings.issuer
    async with hub.runtimes["events"].db.read(HUB) as session:
        row = await session.get_one(Event, uuid.UUID(event))
    nobody = daylinks.token(hub.settings, row, uuid.uuid4())
    purpose = signed_links.signed(
        hub.settings, signed_links.PERSON, row.id.bytes + uuid.UUID(people[0]).bytes, dt.timedelta(days=1)
    )
    over = signed_links.signed(
        hub.settings, daylinks.PURPOSE, row.id.bytes + uuid.UUID(people[0]).bytes, dt.timedelta(days=-1)
    )
    short = signed_links.signed(hub.settings, daylinks.PURPOSE, row.id.bytes, dt.timedelta(days=1))
    async with httpx.AsyncClient(trust_env=False) as http:
        for wrong in (nobody, purpose, over, short, forged(mine["link"]), "x", "%00"):
            for end in ("", "/live", "/ideas"):
                answer = await http.get(f"{issuer}/events/{event}/mine/{wrong}{end}")
                assert answer.status_code == 404, wrong
            asked = await http.post(f"{issuer}/graphql", json={"query": MY_DAY, "variables": {"link": wrong}})
            assert asked.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        for path in (f"{other}/mine/{mine['link']}", f"x/mine/{mine['link']}", f"{uuid.uuid4()}/live", "x/live"):
            assert (await http.get(f"{issuer}/events/{path}")).status_code == 404
        assert (await http.get(f"{issuer}/events/{event}/ideas")).status_code == 401
        public = await http.get(f"{issuer}/events/{event}/papers/agenda.ics")
        assert public.status_code == 200
    # Who leaves the event, and who is erased, is shown nothing more: the open phone ends, the others see no name.
    async with phone(f"{mine['url']}/live") as gone, phone(f"{known[people[1]]['url']}/live") as stays:
        await gone.until("mine")
        assert len((await stays.until("mine"))["next"]["companions"]) == 3
        remove = "mutation ($e: ID!, $n: [ID!]!) { removeParticipants(event: $e, navigators: $n) { id } }"
        await organiser.ask(remove, e=event, n=[people[0]])
        await gone.end()
        await stays.until("mine", lambda data: len(data["next"]["companions"]) == 2)
        async with hub.runtimes["events"].db.begin(HUB) as session:
            await intake.erase(session, NavigatorErased(id=people[2], ags=""))
        await stays.until("mine", lambda data: len(data["next"]["companions"]) == 1)
    async with httpx.AsyncClient(trust_env=False) as http:
        assert [(await http.get(known[one]["url"])).status_code for one in people[:3]] == [404, 200, 404]
    assert len(await links(organiser, event)) == 6
    assert await links(other_organiser, event) == {}


async def test_the_rest_of_the_day_is_planned_anew(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    rows = halves(people)
    await seat(hub, event, rows)
    await command(organiser, event, "startRound", 0)
    known = await links(organiser, event)
    swapped = [
        list(reversed(rows[0])),
        rows[1][::-1],
        [[*rows[2][0][1:], rows[2][1][0]], [rows[2][0][0], *rows[2][1][1:]]],
    ]
    two = {rows[2][0][0], rows[2][1][0]}
    async with phone(f"{known[rows[2][0][0]]['url']}/live") as own:
        assert [stop["table"] for stop in (await own.until("mine"))["rounds"]] == [
            1 + (rows[2][0][0] not in row[0]) for row in rows
        ]
        await command(organiser, event, "nextRound", 1)
        # Planned by somebody who thought the second round had not begun: what runs stays.
        await seat(hub, event, swapped)
        route = await own.until("mine", lambda data: any(stop["new"] for stop in data["rounds"]))
        assert [stop["new"] for stop in route["rounds"]] == [False, False, True]
        assert route["here"]["table"] == 1 + (rows[2][0][0] not in rows[1][0])
        assert (route["next"]["table"], route["next"]["new"]) == (2, True)
    found = (await organiser.ask(EVENT, id=event))["event"]
    assert {one["navigator"]["id"] for one in found["movedSeats"]} == two
    assert {one["round"] for one in found["movedSeats"]} == {3}
    # A second change on the day: who was marked stays so, whatever the newest plan says.
    await seat(hub, event, swapped)
    assert (await organiser.ask(EVENT, id=event))["event"]["movedSeats"] == found["movedSeats"]
    assert [stop["new"] for stop in (await ask_mine(organiser, known[people[0]]["link"]))["rounds"]] == [
        False, False, people[0] in two,
    ]  # fmt: skip


async def test_plans_before_the_day_mark_nobody(hub: Hub, clients: Clients) -> None:
    tomorrow = (dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).date().isoformat()
    organiser, event, people = await day(hub, clients, date=tomorrow)
    await seat(hub, event, halves(people))
    await seat(hub, event, halves(people[::-1]))
    assert (await organiser.ask(EVENT, id=event))["event"]["movedSeats"] == []


async def ask_mine(client: Client, link: str) -> dict[str, list[dict[str, bool]]]:
    return dict((await client.ask(MY_DAY, link=link))["myDay"])


async def test_subscriptions_tell_the_same(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    await seat(hub, event, halves(people))
    link = (await links(organiser, event))[people[0]]["link"]
    clock, mine = organiser.follow(RIGHT_NOW, id=event), organiser.follow(MY_CHANGES, link=link)
    assert (await anext(clock))["eventClock"] == {"phase": "WAITING", "round": 0, "revision": 0}
    assert (await anext(mine))["myDayChanges"]["next"] == {"round": 1, "table": 1, "new": False}
    await command(organiser, event, "startRound", 0)
    assert (await anext(clock))["eventClock"] == {"phase": "RUNNING", "round": 1, "revision": 1}
    async for said in mine:
        if said["myDayChanges"]["next"]["round"] == 2:
            break
