"""Towards the day and on it: substitutes, buses and their roll-call, needs, attendance, and what is deleted after."""

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select, update

from services.cli import demo
from services.cli.client import Answered
from services.events.models import Boarding, Event, Need, Registration
from services.events.registration import keeping
from services.kit import log
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.registration_world import DECLINE, GUEST, HOST, MINE, REGISTER, World, day, held_today

HAND_OVER = "mutation ($link: String!, $to: ID!) { it: handOverPlace(link: $link, to: $to) { state } }"
SEAT = "mutation ($link: String!, $point: ID!) { it: takeSeat(link: $link, point: $point) { seats { seat leg } } }"
STAND_UP = "mutation ($link: String!) { it: leaveSeat(link: $link, leg: THERE) { seats { seat } } }"
NEEDS = """mutation ($link: String!, $diet: String!, $stepFree: Boolean! = false) {
  it: setMyNeeds(link: $link, diet: $diet, stepFree: $stepFree, hearingLoop: true) {
    needs { diet stepFree hearingLoop } } }"""
VEHICLE = """mutation ($event: ID!, $vehicle: VehicleInput!) { setVehicle(event: $event, vehicle: $vehicle) {
  vehicles { id name leg seats delay free points { id name leaves } } } }"""
ASSIGN = """mutation ($event: ID!, $point: ID!, $who: [ID!]!) {
  assignSeats(event: $event, point: $point, navigators: $who) { id } }"""
ROLL = """mutation ($event: ID!, $vehicle: ID!, $present: [ID!]!, $absent: [ID!]!) {
  callRoll(event: $event, vehicle: $vehicle, present: $present, absent: $absent) {
    vehicles { aboard { navigator { id } seat present } } } }"""
CAME = """mutation ($event: ID!, $who: [ID!]!, $as: AttendanceState!) {
  setAttendance(event: $event, navigators: $who, attendance: $as) { attendance { navigator { id } state } } }"""
NEEDED = "query ($id: ID!) { event(id: $id) { registration { needs { navigator { id } diet stepFree } } } }"


@pytest_asyncio.fixture
async def world(hub: Hub, clients: Clients) -> AsyncIterator[World]:
    made = World(hub, clients)
    yield made
    await made.http.aclose()


async def refused(call: Any) -> str:
    with pytest.raises(Answered) as caught:
        await call
    return str(caught.value.reason)


async def bus(world: World, seats: int, /, leg: str = "THERE", **changes: Any) -> dict[str, Any]:
    vehicle = {"name": "Bus A", "leg": leg, "seats": seats, "points": [{"name": "Bahnhof", "leaves": "07:00"}]}
    done = await world.organiser.ask(VEHICLE, event=world.event, vehicle={**vehicle, **changes})
    return next(one for one in done["setVehicle"]["vehicles"] if one["leg"] == leg)


# Substitutes ----------------------------------------------------------------------------------------------------------


async def test_a_colleague_takes_the_place_until_the_last_minute(world: World) -> None:
    await world.begin(1, 4, {"places": 2, "closesAt": f"{day(1)}T00:00:00Z"}, **held_today())
    await world.states(REGISTER, world.guests[:3])
    one, two, three, four = world.guests
    for to, reason in ((world.hosts[0], "REFUSED"), (two, "REFUSED"), (one, "REFUSED"), ("x", "NOT_FOUND")):
        assert await refused(world.press(HAND_OVER, one, to=to)) == reason
    assert await refused(world.press(HAND_OVER, three, to=four)) == "CONFLICT"  # waits: has no place to give
    assert await world.participants() == {one, two}
    assert (await world.press(HAND_OVER, one, to=four))["state"] == "SUBSTITUTED"
    assert await world.participants() == {two, four}
    assert (await world.press(MINE, three))["state"] == "WAITING"  # the place was not free for a moment
    own = "query ($link: String!) { it: myRegistration(link: $link) { name colleagues { id } event { title } } }"
    shown = await world.press(own, two)
    assert shown["name"] == "Lotse 0001"
    assert {c["id"] for c in shown["colleagues"]} == {one, three}

    # Who waits can take over too, and leaves the list.
    swap = """mutation ($event: ID!, $a: ID!, $b: ID!) {
      substituteParticipant(event: $event, leaves: $a, comes: $b) { id } }"""
    await world.organiser.ask(swap, event=world.event, a=two, b=three)
    assert await world.participants() == {three, four}
    assert (await world.listed(states=["WAITING"]))["registrations"]["nodes"] == []
    await world.tell()
    subjects = {one.to[:5]: one.subject for one in await world.letters("status")}
    assert subjects["n0003"] == "Ihr Platz ist bestätigt: Lernreise"
    assert subjects["n0000"] == "Übergeben: Lernreise"


async def test_a_place_counts_without_a_release_for_a_reason(world: World) -> None:
    """On the day nobody waits for a superior's click: the organiser lets the place count, and says why."""
    await world.begin(1, 3, {"places": 2, "releaseNeeded": True}, **held_today())
    one, two, three = world.guests
    await world.press(REGISTER, one, superior="leitung@seestadt.example")
    await world.press(HAND_OVER, one, to=two)
    assert await world.participants() == set()
    let = """mutation ($event: ID!, $who: [ID!]!, $reason: String!) {
      admitToEvent(event: $event, navigators: $who, reason: $reason, withoutRelease: true) { id } }"""
    assert await refused(world.organiser.ask(let, event=world.event, who=[two, three], reason=" ")) == "REFUSED"
    assert await world.participants() == set()
    await world.organiser.ask(let, event=world.event, who=[two, three], reason="Mündlich zugesagt")
    await world.organiser.ask(let, event=world.event, who=[two, three], reason="Noch einmal")  # nothing is left to let
    assert await world.participants() == {two, three}
    await world.organiser.ask(CAME, event=world.event, who=[two, three], **{"as": "LATE"})
    logged = [(one["navigator"]["id"], one["kind"], one["reason"]) for one in (await world.listed())["exceptions"]]
    assert logged == [(two, "RELEASE", "Mündlich zugesagt"), (three, "RELEASE", "Mündlich zugesagt")]
    await world.tell()
    subjects = {one.to: one.subject for one in await world.letters("status")}
    assert subjects[f"n0001@x{GUEST}.example"] == "Ihr Platz ist bestätigt: Lernreise"
    assert {one.to for one in await world.letters("release")} <= {"leitung@seestadt.example"}


# Buses ----------------------------------------------------------------------------------------------------------------


async def test_a_seat_is_given_once(world: World) -> None:
    await world.begin(1, 30, {"places": 25})
    await world.states(REGISTER, world.guests)
    there, back = await bus(world, 20), await bus(world, 30, "BACK")
    point = there["points"][0]["id"]
    assert there["points"][0]["leaves"].startswith(day())

    async def sit(person: str) -> int:
        try:
            return int((await world.press(SEAT, person, point=point))["seats"][0]["seat"])
        except Answered:
            return 0

    seats = await asyncio.gather(*map(sit, world.guests))
    assert sorted(seat for seat in seats if seat) == list(range(1, 21))
    assert seats[25:] == [0] * 5  # without a place in the event
    sitting = world.guests[seats.index(7)]
    assert (await world.press(STAND_UP, sitting))["seats"] == []
    free = world.guests[[*seats[:25]].index(0)]
    assert (await world.press(SEAT, free, point=point))["seats"][0]["seat"] == 7
    both = await world.press(SEAT, free, point=back["points"][0]["id"])
    assert [one["leg"] for one in both["seats"]] == ["THERE", "BACK"]

    await world.states(DECLINE, [free])  # who gives the place back, gives the seats too
    async with world.runtime.db.read(HUB) as session:
        mine = select(func.count()).select_from(Boarding).where(Boarding.navigator_id == uuid.UUID(free))
        assert await session.scalar(mine) == 0


async def test_the_organiser_seats_changes_and_calls_the_roll(world: World) -> None:
    await world.begin(1, 4)
    await world.organiser.ask(demo.JOIN, event=world.event, navigators=world.guests[:3])
    vehicle = await bus(world, 2)
    point = vehicle["points"][0]["id"]
    for who in (world.guests[:3], world.guests[3:]):  # too many; somebody without a place in the event
        assert await refused(world.organiser.ask(ASSIGN, event=world.event, point=point, who=who)) == "CONFLICT"
    await world.organiser.ask(ASSIGN, event=world.event, point=point, who=world.guests[:2])
    same, other = {"id": point, "name": "Bahnhof", "leaves": "07:00"}, {"name": "Markt", "leaves": "07:10"}
    for seats, points in ((1, [same]), (2, [other])):  # nobody loses a seat
        assert await refused(bus(world, seats, id=vehicle["id"], points=points)) == "CONFLICT"
    moved = {"id": vehicle["id"], "points": [{"id": point, "name": "Markt", "leaves": "07:10"}]}
    assert (await bus(world, 3, **moved))["free"] == 1
    assert await refused(bus(world, 2, id=vehicle["id"], points=[{"name": "X", "leaves": "7 Uhr"}])) == "REFUSED"
    delay = "mutation ($event: ID!, $v: ID!) { delayVehicle(event: $event, vehicle: $v, minutes: 25) { id } }"
    await world.organiser.ask(delay, event=world.event, v=vehicle["id"])
    assert await world.tell() == 2
    letters = await world.letters("status")
    assert [one.subject for one in letters] == ["Anreise: Lernreise"] * 2
    assert "Bus A hat 25 Minuten Verspätung, Abfahrt Markt:" in letters[0].text
    assert "07:35" in letters[0].text

    names = {"event": world.event, "vehicle": vehicle["id"]}
    calls: Any = ((world.guests[:2], world.guests[:1]), (world.guests[2:3], []))
    for present, absent in calls:
        assert await refused(world.organiser.ask(ROLL, **names, present=present, absent=absent)) == "REFUSED"
    done = await world.organiser.ask(ROLL, **names, present=world.guests[:1], absent=world.guests[1:2])
    aboard = done["callRoll"]["vehicles"][0]["aboard"]
    assert [(one["navigator"]["id"], one["seat"], one["present"]) for one in aboard] == [
        (world.guests[0], 1, True), (world.guests[1], 2, False),
    ]  # fmt: skip
    assert await refused(world.other.ask(ROLL, **names, present=[], absent=[])) == "FORBIDDEN"
    seen = "query ($id: ID!) { event(id: $id) { vehicles { name aboard { seat } } attendance { state } } }"
    assert len((await world.other.ask(seen, id=world.event))["event"]["vehicles"]) == 1
    shown = (await world.anonymous(seen, id=world.event))["event"]
    assert shown == {"vehicles": [], "attendance": []}

    later = {"title": "Lernreise", "date": day(40), "host": HOST, "guests": [GUEST]}
    move = """mutation ($id: ID!, $event: EventInput!) { changeEvent(id: $id, event: $event) {
      vehicles { points { leaves } } } }"""
    moved_to = await world.organiser.ask(move, id=world.event, event=later)
    leaves = dt.datetime.fromisoformat(moved_to["changeEvent"]["vehicles"][0]["points"][0]["leaves"])
    assert leaves.astimezone(dt.UTC).date().isoformat() == day(40)
    remove = "mutation ($event: ID!, $v: ID!) { removeVehicle(event: $event, vehicle: $v) { vehicles { id } } }"
    gone = await world.organiser.ask(remove, event=world.event, v=vehicle["id"])
    assert gone["removeVehicle"]["vehicles"] == []


# Needs ----------------------------------------------------------------------------------------------------------------


async def test_a_substitute_gets_the_seat_where_they_have_none(world: World) -> None:
    await world.begin(1, 3, {"places": 3}, **held_today())
    ill, comes, travelled = world.guests
    await world.states(REGISTER, [ill, travelled])
    there, back = [(await bus(world, 3, leg))["points"][0]["id"] for leg in ("THERE", "BACK")]
    for person, point in ((travelled, there), (ill, there), (ill, back)):
        await world.press(SEAT, person, point=point)
    await world.press(HAND_OVER, ill, to=comes)
    seats = "query ($link: String!) { it: myRegistration(link: $link) { seats { leg seat } } }"
    assert (await world.press(seats, comes))["seats"] == [{"leg": "THERE", "seat": 2}, {"leg": "BACK", "seat": 1}]
    assert (await world.press(seats, ill))["seats"] == []


async def test_who_is_in_the_bus_attends(world: World) -> None:
    await world.begin(0, 4, {"places": 4}, **held_today())
    one, two, three, four = world.guests
    await world.states(REGISTER, world.guests)
    vehicle = await bus(world, 4)
    await world.organiser.ask(ASSIGN, event=world.event, point=vehicle["points"][0]["id"], who=world.guests)
    for who, state in ((two, "LATE"), (three, "NO_SHOW")):
        await world.organiser.ask(CAME, event=world.event, who=[who], **{"as": state})
    called: dict[str, Any] = {"event": world.event, "vehicle": vehicle["id"]}
    await world.organiser.ask(ROLL, **called, present=[one, two, three], absent=[four])
    query = "query ($id: ID!) { event(id: $id) { attendance { navigator { id } state } } }"
    noted = (await world.organiser.ask(query, id=world.event))["event"]["attendance"]
    assert {one["navigator"]["id"]: one["state"] for one in noted} == {
        one: "PRESENT", two: "LATE", three: "PRESENT", four: "EXPECTED",
    }  # fmt: skip


async def test_needs_are_for_the_organiser_and_gone_the_day_after(world: World) -> None:
    await world.begin(1, 3, {"places": 2, "releaseNeeded": True})
    assert await refused(world.press(NEEDS, world.guests[0], diet="vegan")) == "CONFLICT"
    await world.press(REGISTER, world.guests[0], superior="chef@seestadt.example")
    await world.states(REGISTER, world.guests[1:2])
    kept = await world.press(NEEDS, world.guests[0], diet="vegan", stepFree=True)
    assert kept["needs"] == {"diet": "vegan", "stepFree": True, "hearingLoop": True}
    await world.press(NEEDS, world.guests[1], diet="")
    shown = (await world.organiser.ask(NEEDED, id=world.event))["event"]["registration"]["needs"]
    assert [(one["navigator"]["id"], one["diet"], one["stepFree"]) for one in shown] == [
        (world.guests[0], "vegan", True), (world.guests[1], "", False),
    ]  # fmt: skip
    for other in (world.other, await world.clients(HOST)):
        found = await other.ask(NEEDED, id=world.event)
        assert found["event"]["registration"]["needs"] == []
    await world.states(DECLINE, world.guests[1:2])
    assert len((await world.organiser.ask(NEEDED, id=world.event))["event"]["registration"]["needs"]) == 1

    db = world.runtime.db
    for today, left in ((day(30), 1), (day(31), 0)):
        await keeping.forget(db, dt.date.fromisoformat(today))
        async with db.read(HUB) as session:
            assert await session.scalar(select(func.count()).select_from(Need)) == left
            superiors = select(func.count()).where(Registration.superior != "")
            assert await session.scalar(superiors) == left
    await keeping.forget(db, dt.date.fromisoformat(day(61)))
    async with db.read(HUB) as session:  # who had no place is forgotten in the end
        assert (await session.scalars(select(Registration.state))).all() == ["registered"]


async def test_what_takes_days_is_over_after_the_last(world: World) -> None:
    """On its second day needs are there still, and places are given back and handed over."""
    await world.begin(1, 3, {"places": 2}, date=day(-1), lastDay=day(1))
    one, two, three = world.guests
    await world.states(REGISTER, [one, two])
    await world.press(NEEDS, one, diet="vegan")
    db = world.runtime.db
    for today, left in ((0, 1), (1, 1), (2, 0)):
        await keeping.forget(db, dt.date.fromisoformat(day(today)))
        async with db.read(HUB) as session:
            assert await session.scalar(select(func.count()).select_from(Need)) == left
    await world.press(HAND_OVER, two, to=three)
    assert await world.participants() == {one, three}
    assert await world.states(DECLINE, [one]) == ["CANCELLED"]


# The day --------------------------------------------------------------------------------------------------------------


async def test_who_came_is_noted_in_bulk(world: World) -> None:
    await world.begin(1, 4, {"places": 3})
    await world.states(REGISTER, world.guests)
    everybody = {"event": world.event, "who": world.guests[:3], "as": "PRESENT"}
    await world.organiser.ask(CAME, **everybody)
    done = await world.organiser.ask(CAME, event=world.event, who=world.guests[2:3], **{"as": "NO_SHOW"})
    assert {one["navigator"]["id"]: one["state"] for one in done["setAttendance"]["attendance"]} == {
        world.guests[0]: "PRESENT", world.guests[1]: "PRESENT", world.guests[2]: "NO_SHOW",
    }  # fmt: skip
    late = world.organiser.ask(CAME, event=world.event, who=world.guests[3:], **{"as": "LATE"})
    assert await refused(late) == "REFUSED"
    assert await refused(world.other.ask(CAME, **everybody)) == "FORBIDDEN"


async def test_the_others_hear_who_takes_part(world: World) -> None:
    await world.begin(1, 2, {"places": 1})
    await world.states(REGISTER, world.guests)
    await world.states(DECLINE, world.guests[:1])
    await world.states(REGISTER, world.guests[1:])
    async with world.runtime.db.read(HUB) as session:
        lines = await log.after(session, world.runtime.service.metadata, 0)
    said = [one.body for one in lines if one.kind == "EventPublished"]
    assert world.guests[1].encode() in bytes(said[-1])
    assert world.guests[0].encode() not in bytes(said[-1])


async def test_nothing_changes_when_the_day_is_over(world: World) -> None:
    await world.begin(1, 2, {"places": 1})
    await world.states(REGISTER, world.guests)
    link, past = await world.link(world.guests[0]), dt.date.fromisoformat(day(-2))
    async with world.runtime.db.begin(HUB) as session:
        await session.execute(update(Event).values(date=past, last_day=past))
    for query in (REGISTER, DECLINE):
        wait = world.anonymous(query, link=await world.link(world.guests[1]))
        assert await refused(wait) == "CONFLICT"
    assert await refused(world.anonymous(DECLINE, link=link)) == "CONFLICT"
    assert await keeping.settle(world.runtime, world.runtime.db) == 0
    assert (await world.anonymous(MINE, link=link))["it"]["state"] == "REGISTERED"
