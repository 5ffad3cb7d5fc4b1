"""What a program of the host city made, the city's coordinators organise as well; nobody else does."""

import re
import uuid
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from services.cli import demo
from services.cli.client import Answered
from services.events.models import Event
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser, logged_in
from tests.conftest import Clients
from tests.events.registration_world import ADMIT, GUEST, HOST, INVITE, REGISTER, RULES, World, held_today
from tests.events.test_certificates import ISSUE
from tests.events.test_registration_day import CAME, NEEDED, NEEDS, VEHICLE

CHANGE = "mutation ($id: ID!, $event: EventInput!) { changeEvent(id: $id, event: $event) { id title } }"
OPEN_SPACE = """mutation ($event: ID!) { setOpenSpace(event: $event, rooms: [{name: "Saal", capacity: 9}]) {
  board { rooms { name } } } }"""
SURVEY = """mutation ($e: ID!) { createSurvey(event: $e, survey: {
  title: "Wie war es?", questions: [{kind: TEXT, text: "?"}]}) { id } }"""
SERIES = """mutation ($event: EventInput!, $rule: String!) { createSeries(event: $event, rule: $rule) {
  events { id date } } }"""
CHANGE_SERIES = """mutation ($event: ID!, $scope: SeriesScope!, $change: EventInput!) {
  changeSeries(event: $event, scope: $scope, change: $change) { id title } }"""
MODULE = "mutation ($module: ModuleInput!) { createModule(module: $module) { id } }"
CHANGE_MODULE = "mutation ($id: ID!, $module: ModuleInput!) { changeModule(id: $id, module: $module) { title } }"


@pytest_asyncio.fixture
async def world(hub: Hub, clients: Clients) -> Any:
    made = World(hub, clients)
    await made.begin(2, 4, {"places": 2}, **held_today())
    yield made
    await made.http.aclose()


async def asked(browser: Browser, query: str, **variables: Any) -> dict[str, Any]:
    answer = await browser.graph(query, **variables)
    assert "errors" not in answer, answer
    return dict(answer["data"])


async def refused(browser: Browser, query: str, **variables: Any) -> str:
    return str((await browser.graph(query, **variables))["errors"][0]["extensions"]["code"])


async def test_coordinators_of_the_host_organise_what_a_program_made(world: World) -> None:
    coordinator = await logged_in(world.hub, HOST, "coordinator")
    listed = await coordinator.http.get("/organise")
    assert f"/organise/{world.event}" in listed.text
    assert (await coordinator.http.get(f"/organise/{world.event}/people")).status_code == 200
    draft = {"title": "Lernreise, neu", **held_today(), "host": HOST, "guests": [GUEST], "agenda": [
        {"starts": "10:00", "title": "Beginn"}]}  # fmt: skip
    assert (await asked(coordinator, CHANGE, id=world.event, event=draft))["changeEvent"]["title"] == "Lernreise, neu"
    await world.press(REGISTER, world.guests[0])
    await world.press(NEEDS, world.guests[0], diet="vegan")
    found = (await asked(coordinator, NEEDED, id=world.event))["event"]["registration"]["needs"]
    assert [one["diet"] for one in found] == ["vegan"]
    await asked(coordinator, ADMIT, event=world.event, who=world.guests[1:3], reason="Sprecherinnen")
    await asked(coordinator, RULES, event=world.event, rules={"places": 5, "releaseNeeded": False})
    await asked(coordinator, INVITE, event=world.event, who={"cities": [GUEST]})
    bus = {"name": "Bus A", "leg": "THERE", "seats": 3, "points": [{"name": "Bahnhof", "leaves": "07:00"}]}
    await asked(coordinator, VEHICLE, event=world.event, vehicle=bus)
    await asked(coordinator, CAME, event=world.event, who=world.guests[:1], **{"as": "PRESENT"})
    issued = (await asked(coordinator, ISSUE, event=world.event))["issueCertificates"]["certificates"]
    assert len(issued) == 1
    await asked(coordinator, OPEN_SPACE, event=world.event)
    await asked(coordinator, SURVEY, e=world.event)
    async with world.runtime.db.read(HUB) as session:
        event = (await session.scalars(select(Event).where(Event.id == uuid.UUID(world.event)))).one()
    assert event.organiser == world.organiser.client_id  # whose it is does not change by that
    with pytest.raises(Answered) as caught:  # not for programs: each has what it made
        await (await world.clients(HOST)).ask(CHANGE, id=world.event, event=draft)
    assert caught.value.reason == "FORBIDDEN"
    await coordinator.close()


async def test_groups_are_theirs_to_plan(world: World) -> None:
    for person in world.guests[:2]:
        await world.press(REGISTER, person)
    coordinator = await logged_in(world.hub, HOST, "coordinator")
    await world.hub.settle()
    asked_for = {"event": world.event, "rounds": 1, "tables": 1, "iterations": 10}
    plan = (await asked(coordinator, demo.PLAN, input=asked_for))["planRounds"]["id"]
    assert plan
    assert (await coordinator.http.get(f"/organise/{world.event}/groups")).status_code == 200
    guest = await logged_in(world.hub, GUEST, "coordinator")
    assert await refused(guest, demo.PLAN, input=asked_for) == "FORBIDDEN"
    for browser in (coordinator, guest):
        await browser.close()


@pytest.mark.parametrize(("org", "role"), [(GUEST, "coordinator"), (HOST, "editor"), ("08", "central")])
async def test_nobody_else_organises_it(world: World, org: str, role: str) -> None:
    other = await logged_in(world.hub, org, role)
    draft = {"title": "Gekapert", **held_today(), "host": HOST, "guests": [GUEST]}
    assert await refused(other, CHANGE, id=world.event, event=draft) == "FORBIDDEN"
    assert await refused(other, ADMIT, event=world.event, who=world.guests[:1], reason="x") == "FORBIDDEN"
    assert (await other.http.get(f"/organise/{world.event}")).status_code in {403, 404}
    assert not re.search(world.event, (await other.http.get("/organise")).text)
    await other.close()


async def test_a_coordinator_may_give_the_event_away(world: World) -> None:
    """Whoever makes their own city a guest organises no longer: the program that made it still does."""
    coordinator = await logged_in(world.hub, HOST, "coordinator")
    await world.organiser.ask(INVITE, event=world.event, who={"navigators": world.guests})
    where = {"host": GUEST, "guests": [HOST], "venue": {"name": "Anderswo"}}
    agenda = [{"starts": "10:00", "title": "Beginn"}, {"starts": "11:00", "title": "Mehr"}]
    draft = {"title": "Getauscht", **held_today(), **where, "agenda": agenda}
    assert (await asked(coordinator, CHANGE, id=world.event, event=draft))["changeEvent"]["title"] == "Getauscht"
    assert await refused(coordinator, CHANGE, id=world.event, event=draft) == "FORBIDDEN"
    await world.organiser.ask(CHANGE, id=world.event, event={**draft, "host": HOST, "guests": [GUEST]})
    await coordinator.close()


async def test_series_and_modules_of_the_city_are_theirs_too(world: World) -> None:
    meeting = {"title": "Treffen", "date": "2097-01-01", "host": HOST, "kind": "MEETING"}
    series = (await world.organiser.ask(SERIES, event=meeting, rule="FREQ=WEEKLY;COUNT=4"))["createSeries"]["events"]
    coordinator = await logged_in(world.hub, HOST, "coordinator")
    change = {**meeting, "title": "Austausch", "date": "2097-01-17"}  # two days later: the rest is a series of its own
    done = await asked(coordinator, CHANGE_SERIES, event=series[2]["id"], scope="FOLLOWING", change=change)
    assert [one["id"] for one in done["changeSeries"]] == [one["id"] for one in series[2:]]
    later = {**meeting, "title": "Treffen", "date": "2097-01-16"}  # the program goes on with what the coordinator split
    await world.organiser.ask(CHANGE_SERIES, event=series[2]["id"], scope="FOLLOWING", change=later)
    module = {"title": "Grundkurs", "host": HOST}
    made = (await world.organiser.ask(MODULE, module=module))["createModule"]["id"]
    renamed = await asked(coordinator, CHANGE_MODULE, id=made, module={**module, "title": "Grundlagen"})
    assert renamed["changeModule"]["title"] == "Grundlagen"
    other = await logged_in(world.hub, GUEST, "coordinator")
    assert await refused(other, CHANGE_MODULE, id=made, module=module) == "FORBIDDEN"
    for browser in (coordinator, other):
        await browser.close()
