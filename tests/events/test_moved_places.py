"""Who sits elsewhere on the day hears of it: on an open screen, else by one mail for each wave of changes."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from sqlalchemy import select

from services.events.models import Notice
from services.events.notices import SEATS
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.day import halves, phone, seat
from tests.events.day import links as day_links
from tests.events.registration_world import REGISTER, World, day, held_today


@pytest_asyncio.fixture
async def world(hub: Hub, clients: Clients) -> AsyncIterator[World]:
    made = World(hub, clients)
    yield made
    await made.http.aclose()


async def waiting(world: World) -> set[str]:
    async with world.runtime.db.read(HUB) as session:
        found = await session.scalars(select(Notice.navigator_id).where(Notice.kind == SEATS))
        return {str(one) for one in found}


async def test_moved_seats_reach_those_without_a_screen_once(world: World) -> None:
    await world.begin(2, 2, {"places": 4}, **held_today())
    people = [*world.hosts, *world.guests]
    await world.states(REGISTER, people)
    await world.tell()
    await seat(world.hub, world.event, halves(people))
    assert await waiting(world) == set()  # the first plan moves nobody
    url = (await day_links(world.organiser, world.event))[people[0]]["url"]
    swapped = [people[1], people[0], people[2], people[3]]
    async with phone(f"{url}/live") as screen:
        await screen.until("mine")
        for order in (swapped, [people[2], people[1], people[0], people[3]]):  # two changes of one wave
            await seat(world.hub, world.event, halves(order))
        await screen.until("mine", lambda told: any(stop["new"] for stop in told["rounds"]))
        for _turn in range(100):
            if people[0] not in await waiting(world):
                break
            await asyncio.sleep(0.05)
        left = await waiting(world)
    assert people[0] not in left
    assert left
    assert await world.tell() == len(left)
    letters = [one for one in await world.letters("status") if one.subject.startswith("Sie sitzen woanders")]
    assert len(letters) == len(left)
    assert all("Ihr Laufzettel gilt nicht mehr" in one.text and "Runde 1: Tisch" in one.text for one in letters)
    assert await world.tell() == 0


async def test_a_plan_made_before_the_day_is_no_news(world: World) -> None:
    await world.begin(2, 2, {"places": 4}, date=day(3))
    people = [*world.hosts, *world.guests]
    await world.states(REGISTER, people)
    for order in (people, people[::-1]):
        await seat(world.hub, world.event, halves(order))
    assert await waiting(world) == set()
