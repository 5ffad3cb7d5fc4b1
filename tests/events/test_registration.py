"""Registration through the API: places by quota, the waiting list's order, exceptions, and what other cities see."""

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
from services.contracts.directory import NavigatorErased
from services.events import intake, trips
from services.events.models import Navigator, Registration, RegistrationException
from services.events.registration import keeping, reading
from services.events.registration.book import opened
from services.kit.db import HUB
from services.kit.graphql import encode_cursor
from services.kit.service import Hub
from tests.conftest import SOAK, Clients
from tests.events.day import forged
from tests.events.registration_world import (
    ADMIT,
    DECLINE,
    GUEST,
    HOST,
    INVITE,
    LISTED,
    MINE,
    REGISTER,
    RULES,
    STRANGER,
    World,
    day,
)


@pytest_asyncio.fixture
async def world(hub: Hub, clients: Clients) -> AsyncIterator[World]:
    made = World(hub, clients)
    yield made
    await made.http.aclose()


async def refused(call: Any) -> str:
    with pytest.raises(Answered) as caught:
        await call
    return str(caught.value.reason)


async def test_a_place_needs_quota_and_capacity(world: World) -> None:
    sizes = [{"population": 0, "places": 1}, {"population": 20_000, "places": 2}, {"population": 100_000, "places": 9}]
    await world.begin(4, 4, {"places": 5, "sizes": sizes})
    assert await world.states(REGISTER, world.guests) == ["REGISTERED"] * 2 + ["WAITING"] * 2
    assert await world.states(REGISTER, world.hosts) == ["REGISTERED"] * 3 + ["WAITING"]
    assert await world.participants() == {*world.guests[:2], *world.hosts[:3]}
    mine = await world.press(MINE, world.hosts[3])
    assert (mine["position"], mine["cityPosition"]) == (3, 1)
    assert await world.states(REGISTER, world.guests[:1]) == ["REGISTERED"]  # once more changes nothing

    # A quota of the party goes before its size: both who wait get an offer, the host's still waits for a place.
    rules = {"places": 7, "sizes": sizes, "parties": [{"city": GUEST, "places": 4}], "releaseNeeded": False}
    await world.organiser.ask(RULES, event=world.event, rules=rules)
    assert [(await world.press(MINE, one))["state"] for one in [*world.guests, world.hosts[3]]] == [
        "REGISTERED", "REGISTERED", "OFFERED", "OFFERED", "WAITING",
    ]  # fmt: skip
    cities = {one["city"]["ags"]: one for one in (await world.listed())["cities"]}
    assert {ags: (one["quota"], one["taken"], one["free"]) for ags, one in cities.items()} == {
        GUEST: (4, 4, 0), HOST: (9, 3, 6),
    }  # fmt: skip


async def test_the_waiting_list_keeps_its_order(world: World) -> None:
    await world.begin(1, 6, {"places": 2})
    states = await world.states(REGISTER, world.guests[:5])
    assert states == ["REGISTERED", "REGISTERED", "WAITING", "WAITING", "WAITING"]
    assert (await world.press(REGISTER, world.guests[3], direct=True))["position"] == 2  # and stays where they were
    assert [(await world.press(MINE, one))["position"] for one in world.guests[2:5]] == [1, 2, 3]

    await world.states(DECLINE, world.guests[:1])
    mine = await world.press(MINE, world.guests[2])
    assert (mine["state"], mine["position"]) == ("OFFERED", None)
    assert mine["offeredUntil"] > dt.datetime.now(dt.UTC).isoformat()
    assert await world.participants() == {world.guests[1]}  # an offer holds a place and is none
    assert await world.states(REGISTER, world.guests[5:]) == ["WAITING"]  # nobody overtakes

    assert await world.states(DECLINE, world.guests[2:3]) == ["DECLINED"]
    assert (await world.press(MINE, world.guests[3]))["state"] == "REGISTERED"  # agreed to it before
    await world.states(DECLINE, world.guests[1:2])
    assert await world.states(REGISTER, world.guests[4:5]) == ["REGISTERED"]  # takes the offer
    waiting = await world.listed(states=["WAITING"])
    assert [one["navigator"]["id"] for one in waiting["registrations"]["nodes"]] == [world.guests[5]]
    assert await world.participants() == {world.guests[3], world.guests[4]}
    paged = """query ($id: ID!, $after: String) { event(id: $id) { registration {
      registrations(states: [WAITING], after: $after, first: 1) { nodes { position } } } } }"""
    for after in (encode_cursor("x", world.guests[0]), "zz"):
        assert await refused(world.organiser.ask(paged, id=world.event, after=after)) == "REFUSED"
    past = encode_cursor("999999999", world.guests[0])
    left = await world.organiser.ask(paged, id=world.event, after=past)
    assert left["event"]["registration"]["registrations"]["nodes"] == []


async def test_who_left_the_list_among_others_gets_no_offer(world: World) -> None:
    """Many press at once and are served together: who gave up waiting in between waits no longer."""
    await world.begin(1, 6, {"places": 2})
    await world.states(REGISTER, world.guests)
    one, two, _first, second, third, _last = map(uuid.UUID, world.guests)
    async with world.runtime.db.begin(HUB) as session:
        book = await opened(session, uuid.UUID(world.event), [one, two, second, third])
        await book.leave(book.rows[one])
        await book.leave(book.rows[second])
        await book.leave(book.rows[third])
        await book.register(book.rows[third])  # behind the others now
        await book.leave(book.rows[two])
        await book.close()
    standings = [await world.press(MINE, person) for person in world.guests]
    assert [(one["state"], one["position"]) for one in standings] == [
        ("CANCELLED", None), ("CANCELLED", None), ("OFFERED", None), ("DECLINED", None), ("WAITING", 1),
        ("OFFERED", None),
    ]  # fmt: skip


async def test_places_count_where_no_release_is_needed_any_more(world: World) -> None:
    await world.begin(1, 2, {"places": 2, "releaseNeeded": True})
    await world.states(REGISTER, world.guests)
    assert await world.participants() == set()
    await world.organiser.ask(RULES, event=world.event, rules={"places": 2, "releaseNeeded": False})
    assert await world.participants() == set(world.guests)
    assert (await world.listed())["exceptions"] == []


async def test_an_offer_runs_out_and_falls_to_the_next(world: World) -> None:
    await world.begin(1, 4, {"places": 1})
    await world.states(REGISTER, world.guests)
    await world.states(DECLINE, world.guests[:1])
    db = world.runtime.db
    assert await keeping.settle(world.runtime, db) == 0
    for offered, then in ((1, 2), (2, 3)):
        async with db.begin(HUB) as session:
            past = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
            await session.execute(
                update(Registration).where(Registration.state == "offered").values(offered_until=past)
            )
        if offered == 1:
            await keeping.settle(world.runtime, db)
        else:  # also where somebody is quicker than the task, and too late themselves
            assert (await world.press(REGISTER, world.guests[offered]))["state"] == "WAITING"
        assert (await world.press(MINE, world.guests[then]))["state"] == "OFFERED"
    assert await world.participants() == set()


async def test_exceptions_take_a_reason_which_the_cities_read(world: World) -> None:
    await world.begin(2, 4, {"places": 2, "parties": [{"city": GUEST, "places": 1}]})
    await world.states(REGISTER, [world.hosts[0], *world.guests])
    second = world.guests[2]
    assert await refused(world.organiser.ask(ADMIT, event=world.event, who=[second])) == "REFUSED"
    assert await world.participants() == {world.hosts[0], world.guests[0]}
    await world.organiser.ask(ADMIT, event=world.event, who=[second], reason="Sie hält den Vortrag.")
    assert second in await world.participants()
    assert [(await world.press(MINE, one))["position"] for one in (world.guests[1], world.guests[3])] == [1, 2]

    logged = (await world.listed())["exceptions"]
    assert [(one["kind"], one["reason"]) for one in logged] == [
        ("PLACES", "Sie hält den Vortrag."), ("ORDER", "Sie hält den Vortrag."),
    ]  # fmt: skip
    assert {one["navigator"]["id"] for one in (await world.listed(world.other))["exceptions"]} == {second}
    host = await world.clients(HOST)  # another client of the host city: sees that it was, not who
    shown = (await world.listed(host))["exceptions"]
    assert [(one["navigator"], one["city"]["ags"]) for one in shown] == [(None, GUEST)] * 2
    assert await refused(world.organiser.ask(demo.JOIN, event=world.event, navigators=[world.guests[3]])) == "REFUSED"

    async with world.runtime.db.begin(HUB) as session:
        await intake.erase(session, NavigatorErased(id=second, ags=GUEST))
        kept = (await session.scalars(select(RegistrationException))).all()
        assert [(one.navigator_id, one.reason) for one in kept] == [(None, "…")] * 2
        assert await session.scalar(select(func.count()).where(Navigator.id == uuid.UUID(second))) == 0
    await keeping.settle(world.runtime, world.runtime.db)  # the quota is still full: nobody moves up
    assert (await world.press(MINE, world.guests[1]))["state"] == "WAITING"


async def test_cities_see_their_own_people_only(world: World) -> None:
    await world.begin(2, 2, {"places": 9})
    await world.states(REGISTER, [*world.hosts, *world.guests])
    everybody = (await world.listed())["registrations"]["nodes"]
    assert {one["navigator"]["id"] for one in everybody} == {*world.hosts, *world.guests}
    seen = await world.listed(world.other)
    assert {one["navigator"]["id"] for one in seen["registrations"]["nodes"]} == set(world.guests)
    assert [one["city"]["ags"] for one in seen["cities"]] == [GUEST]
    of_host = """query ($id: ID!, $city: ID!) { event(id: $id) { registration {
      registrations(city: $city) { nodes { navigator { id } } } } } }"""
    found = await world.other.ask(of_host, id=world.event, city=HOST)
    assert found["event"]["registration"]["registrations"]["nodes"] == []
    stranger = await world.clients(STRANGER)
    assert (await stranger.ask(LISTED, id=world.event))["event"]["registration"] is None
    assert (await world.anonymous(LISTED, id=world.event))["event"]["registration"] is None
    for client in (world.other, stranger):
        for query, variables in (
            (RULES, {"rules": {}}), (INVITE, {"who": {"cities": [GUEST]}}), (ADMIT, {"who": world.guests}),
        ):  # fmt: skip
            assert await refused(client.ask(query, event=world.event, **variables)) == "FORBIDDEN"


async def test_what_cannot_be_is_refused(world: World) -> None:
    await world.begin(1, 1)
    guest = world.guests[0]
    assert await refused(world.press(REGISTER, guest)) == "CONFLICT"  # no registration at all
    bad = {
        "places": -1, "offerHours": 0, "opensAt": "2027-05-02T09:00:00+02:00", "closesAt": "2027-05-01T09:00:00+02:00",
        "sizes": [{"population": 9, "places": 1}, {"population": 8, "places": 1}],
        "parties": [{"city": STRANGER, "places": 1}],
    }  # fmt: skip
    with pytest.raises(Answered) as caught:
        await world.organiser.ask(RULES, event=world.event, rules=bad)
    assert {(one.row, one.field) for one in caught.value.problems} == {
        ("registration", "places"), ("registration", "offerHours"), ("registration", "closesAt"),
        ("registration", "sizes"), ("parties[0]", "city"),
    }  # fmt: skip
    await world.organiser.ask(RULES, event=world.event, rules={"opensAt": f"{day(1)}T00:00:00Z"})
    assert await refused(world.press(REGISTER, guest)) == "NOT_FOUND"  # not invited
    assert await refused(world.organiser.ask(INVITE, event=world.event, who={"cities": [STRANGER]})) == "REFUSED"
    await world.organiser.ask(INVITE, event=world.event, who={"navigators": [guest]})
    assert await refused(world.press(REGISTER, guest)) == "CONFLICT"  # not open yet
    await world.organiser.ask(RULES, event=world.event, rules={"closesAt": f"{day(-1)}T00:00:00Z"})
    assert await refused(world.press(REGISTER, guest)) == "CONFLICT"  # closed
    assert await refused(world.anonymous(REGISTER, link=forged(await world.link(guest)))) == "NOT_FOUND"
    await world.organiser.ask(RULES, event=world.event, rules={})
    await world.organiser.ask("mutation ($id: ID!) { cancelEvent(id: $id) { id } }", id=world.event)
    assert await refused(world.press(REGISTER, guest)) == "CONFLICT"


async def test_participants_of_before_have_places_and_removed_ones_make_room(world: World) -> None:
    await world.begin(1, 3)
    await world.organiser.ask(demo.JOIN, event=world.event, navigators=world.guests[:1])
    await world.organiser.ask(RULES, event=world.event, rules={"places": 1, "releaseNeeded": False})
    await world.organiser.ask(INVITE, event=world.event, who={"navigators": world.guests})
    assert await world.states(REGISTER, world.guests[1:]) == ["WAITING", "WAITING"]
    remove = "mutation ($event: ID!, $who: [ID!]!) { removeParticipants(event: $event, navigators: $who) { id } }"
    await world.organiser.ask(remove, event=world.event, who=world.guests[:1])
    assert [(await world.press(MINE, one))["state"] for one in world.guests] == ["CANCELLED", "OFFERED", "WAITING"]


async def test_invited_by_topic_and_list_and_once(world: World) -> None:
    await world.begin(4, 4)
    await world.organiser.ask(RULES, event=world.event, rules={})
    who = {"topics": ["finance"], "contactPoints": True}
    first = (await world.organiser.ask(INVITE, event=world.event, who=who))["inviteToEvent"]
    assert first == {"invited": 4, "already": 0, "unreachable": 0, "contactPoints": 2}
    again = (await world.organiser.ask(INVITE, event=world.event, who={"navigators": world.guests}))["inviteToEvent"]
    assert (again["invited"], again["already"]) == (2, 2)


async def test_a_topic_means_all_below(world: World) -> None:
    await world.begin(1, 1)
    host = {"ags": HOST, "name": "Rebstadt", "contactEmail": f"digital@x{HOST}.example"}
    people = [{"key": code, "name": code, "offers": [code]} for code in ("budget-planning", "libraries")]
    await world.organiser.ask(demo.PUBLISH, snapshot={"city": host, "navigators": people})
    await world.organiser.ask(RULES, event=world.event, rules={})
    who = {"topics": ["finance"], "cities": [HOST]}
    assert (await world.organiser.ask(INVITE, event=world.event, who=who))["inviteToEvent"]["invited"] == 1


# Many at once ---------------------------------------------------------------------------------------------------------


async def test_hundreds_press_at_once(alone: Clients) -> None:
    """No place is given twice, and the order in which they are served is the order of the list."""
    many = 300 if SOAK else 100
    places = many * 2 // 5
    world = World(alone.hub, alone)
    await world.begin(0, many, {"places": places})
    done = await asyncio.wait_for(world.at_once(REGISTER, world.guests), 120)
    placed = {key for key, one in zip(world.guests, done, strict=True) if one["state"] == "REGISTERED"}
    assert len(placed) == places == len(await world.participants())
    waiting = sorted(one["position"] for one in done if one["state"] == "WAITING")
    assert waiting == list(range(1, many - places + 1))
    async with world.runtime.db.read(HUB) as session:
        (rows,) = [(await session.execute(select(Registration.navigator_id, Registration.turn).where(
            Registration.state == "waiting").order_by(Registration.turn))).all()]  # fmt: skip
    told = {key: one["position"] for key, one in zip(world.guests, done, strict=True)}
    assert [told[str(key)] for key, _turn in rows] == waiting

    half = [*placed][: places // 2]
    left, came = await asyncio.gather(
        world.at_once(DECLINE, half),
        world.at_once(REGISTER, [one for one in world.guests if one not in placed][: many // 6]),
    )
    assert {one["state"] for one in left} == {"CANCELLED"}
    assert {one["state"] for one in came} <= {"REGISTERED", "WAITING", "OFFERED"}
    async with world.runtime.db.read(HUB) as session:
        held = await session.scalar(select(func.count()).where(Registration.state.in_(["registered", "offered"])))
    assert held == places
    await world.http.aclose()


async def test_what_is_held_about_a_person_is_told_and_goes_with_them(world: World) -> None:
    await world.begin(1, 2, {"places": 1})
    await world.states(REGISTER, world.guests)
    person = uuid.UUID(world.guests[1])
    async with world.runtime.db.read(HUB) as session:
        held = await reading.about(session, person)
        assert [one["state"] for one in held["registrations"]] == ["waiting"]
        assert (await trips.about(session, person))["events"] == []
    async with world.runtime.db.begin(HUB) as session:
        await intake.erase(session, NavigatorErased(id=world.guests[0], ags=GUEST))
    await keeping.settle(world.runtime, world.runtime.db)  # the place went with the person: the next moves up
    assert (await world.press(MINE, world.guests[1]))["state"] == "OFFERED"
