"""The page that the link of a mail opens, without an account and without script: needs, seats, a colleague instead."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest_asyncio

from services.cli import demo
from services.kit.service import Hub
from tests.browser_like import Browser
from tests.conftest import Clients
from tests.events.organising import shown
from tests.events.registration_world import GUEST, HOST, INVITE, LISTED, REGISTER, RULES, World, day, held_today
from tests.events.test_coordinators import MODULE
from tests.events.test_registration_day import NEEDED, bus

UNPREPARED = """query ($id: ID!) { event(id: $id) { registration {
  unprepared { navigator { id } modules { title } } } } }"""
MISSING = "query ($link: String!) { it: myRegistration(link: $link) { missingModules { title } } }"
EVIL = "<b>Nüsse</b> & =1+1"


@pytest_asyncio.fixture
async def world(hub: Hub, clients: Clients) -> AsyncIterator[World]:
    made = World(hub, clients)
    yield made
    await made.http.aclose()


class Phone:
    """Somebody's browser at their own page."""

    def __init__(self, hub: Hub, token: str) -> None:
        self.browser, self.path = Browser(hub), f"/events/registration/{token}"

    async def page(self) -> httpx.Response:
        found = await self.browser.http.get(self.path)
        assert found.status_code == 200
        return found

    async def press(self, what: str, **fields: Any) -> httpx.Response:
        return await self.browser.submit(await self.page(), f"{self.path}/{what}", **fields)


Phones = Callable[[str], Awaitable[Phone]]


@pytest_asyncio.fixture
async def phone_of(world: World) -> AsyncIterator[Phones]:
    made: list[Phone] = []

    async def one(person: str) -> Phone:
        made.append(Phone(world.hub, await world.link(person)))
        return made[-1]

    yield one
    for phone in made:
        await phone.browser.close()


async def test_needs_are_said_on_the_own_page(world: World, phone_of: Phones) -> None:
    await world.begin(1, 2, {"places": 1})
    phone = await phone_of(world.guests[0])
    assert "/needs" not in (await phone.page()).text  # who has decided nothing needs nothing
    await world.states(REGISTER, world.guests)
    assert (await phone.press("needs", diet=EVIL, step_free="true")).status_code == 303
    page = await phone.page()
    assert "<b>Nüsse" not in page.text
    assert "&lt;b&gt;Nüsse&lt;/b&gt; &amp; =1+1" in page.text
    assert "checked" in page.text
    (need,) = (await world.organiser.ask(NEEDED, id=world.event))["event"]["registration"]["needs"]
    assert (need["navigator"]["id"], need["diet"], need["stepFree"]) == (world.guests[0], EVIL, True)
    assert (await phone.press("needs", diet="x" * 501)).status_code == 422
    assert (await phone.press("needs", diet="")).status_code == 303
    assert (await world.organiser.ask(NEEDED, id=world.event))["event"]["registration"]["needs"] == []


async def test_a_seat_and_a_colleague_are_chosen_on_the_own_page(world: World, phone_of: Phones) -> None:
    await world.begin(1, 3, {"places": 2}, **held_today())
    await world.states(REGISTER, world.guests[:2])
    there, _back = await bus(world, 1), await bus(world, 2, "BACK")
    one, two, three = world.guests
    phone, other = await phone_of(one), await phone_of(two)
    point = there["points"][0]["id"]
    assert (await phone.press("seat", point=point)).status_code == 303
    page = shown(await phone.page())
    assert "Ihr Sitz: 1" in page
    full = await other.press("seat", point=point)
    assert full.status_code == 409
    assert "In Bus A sind noch 0 Plätze frei." in shown(full)
    assert (await phone.press("leave-seat", leg="there")).status_code == 303
    assert (await other.press("seat", point=point)).status_code == 303
    # Until the last minute, a colleague of the same city takes the place over, and with it the seat.
    wrong = await other.press("hand-over", to=world.hosts[0])
    assert wrong.status_code == 422
    assert (await other.press("hand-over", to=three)).status_code == 303
    assert await world.participants() == {one, three}
    assert "Ihr Sitz: 1" in shown(await (await phone_of(three)).page())
    assert "/hand-over" not in (await other.page()).text
    assert (await world.organiser.ask(LISTED, id=world.event, states=None))["event"]["registration"]["exceptions"] == []


async def test_who_lacks_a_module_is_told_and_so_is_the_organiser(world: World, phone_of: Phones) -> None:
    await world.begin(1, 3)
    people, client = world.guests, world.organiser
    basics = (await client.ask(MODULE, module={"title": "Grundkurs", "host": HOST}))["createModule"]["id"]
    more = {"title": "Aufbaukurs", "host": HOST, "prerequisites": [basics]}
    advanced = (await client.ask(MODULE, module=more))["createModule"]["id"]

    async def held(module: str, date: str) -> str:
        draft = {"title": "Kurs", "date": date, "host": HOST, "guests": [GUEST], "kind": "MODULE", "module": module}
        return str((await client.ask(demo.CREATE, event=draft))["createEvent"]["id"])

    past = await held(basics, day(-30))
    await client.ask(demo.JOIN, event=past, navigators=people[:2])
    away = "mutation ($e: ID!, $n: [ID!]!) { setAttendance(event: $e, navigators: $n, attendance: NO_SHOW) { id } }"
    await client.ask(away, e=past, n=people[1:2])
    world.event = await held(advanced, day(30))
    world._row = None
    await client.ask(RULES, event=world.event, rules={"places": 9})
    await client.ask(INVITE, event=world.event, who={"cities": [GUEST]})
    await world.states(REGISTER, people)
    found = (await client.ask(UNPREPARED, id=world.event))["event"]["registration"]["unprepared"]
    assert [(one["navigator"]["id"], one["modules"]) for one in found] == [
        (person, [{"title": "Grundkurs"}]) for person in people[1:]
    ]
    assert (await world.other.ask(UNPREPARED, id=world.event))["event"]["registration"]["unprepared"] == []
    mine = [(await world.press(MISSING, person))["missingModules"] for person in people]
    assert mine == [[], [{"title": "Grundkurs"}], [{"title": "Grundkurs"}]]
    pages = [shown(await (await phone_of(person)).page()) for person in people]
    assert ["Grundkurs" in page for page in pages] == [False, True, True]
