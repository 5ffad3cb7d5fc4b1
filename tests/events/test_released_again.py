"""A superior's release is for a day: where that moves, they are asked again, and everybody is told why."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.cli.client import Answered
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.registration_world import GUEST, HOST, LISTED, MINE, REGISTER, World, day
from tests.events.test_registration_mails import DECIDE, link_in

CHANGE = "mutation ($id: ID!, $event: EventInput!) { changeEvent(id: $id, event: $event) { id } }"
ASK = (
    "mutation ($link: String!, $superior: String!) { it: askForRelease(link: $link, superior: $superior) { release } }"
)
SUPERIOR = "leitung@seestadt.example"


@pytest_asyncio.fixture
async def world(hub: Hub, clients: Clients) -> AsyncIterator[World]:
    made = World(hub, clients)
    await made.begin(1, 2, {"places": 2, "releaseNeeded": True})
    yield made
    await made.http.aclose()


async def change(world: World, **event: Any) -> None:
    draft = {"title": "Lernreise", "date": day(), "host": HOST, "guests": [GUEST]}
    await world.organiser.ask(CHANGE, id=world.event, event={**draft, **event})


async def asked(world: World) -> list[Any]:
    """The mails to superiors, oldest first."""
    await world.tell()
    found = [one for one in await world.letters("release") if one.to.endswith("seestadt.example")]
    return sorted(found, key=lambda letter: "verlegt" in letter.text)


async def test_a_release_for_another_day_is_asked_for_again(world: World) -> None:
    one, other = world.guests
    await world.press(REGISTER, one, superior=SUPERIOR)
    await world.press(REGISTER, other, superior=f"andere.{SUPERIOR}")
    first = link_in((await asked(world))[-1].text, "release")
    letters = {letter.to: link_in(letter.text, "release") for letter in await asked(world)}
    await world.anonymous(DECIDE, link=letters[SUPERIOR], given=True)
    await world.tell()

    await change(world, venue={"name": "Halle"})  # the same day: the release stays
    assert (await world.press(MINE, one))["release"] == "GIVEN"
    await change(world, date=day(40))
    assert (await world.press(MINE, one))["release"] == "AGAIN"
    assert (await world.press(MINE, other))["release"] == "PENDING"
    assert await world.participants() == {one}  # keeps the place meanwhile
    listed = (await world.organiser.ask(LISTED, id=world.event, states=None))["event"]["registration"]
    assert {one["release"] for one in listed["registrations"]["nodes"] if one["state"] == "REGISTERED"} == {
        "AGAIN", "PENDING",
    }  # fmt: skip
    again = [one for one in await asked(world) if "Die Veranstaltung wurde verlegt" in one.text]
    assert {letter.to for letter in again} == set(letters)
    status = [letter for letter in await world.letters("status") if "Genehmigung noch einmal nötig" in letter.subject]
    assert len(status) == 1
    assert "Ihren Platz behalten Sie." in status[0].text
    assert "Die Veranstaltung hat sich geändert" in status[0].text
    with pytest.raises(Answered) as caught:  # only the newest link counts
        await world.anonymous(DECIDE, link=first, given=True)
    assert caught.value.reason == "CONFLICT"
    token = next(link_in(letter.text, "release") for letter in again if letter.to == SUPERIOR)
    assert (await world.anonymous(DECIDE, link=token, given=True))["it"] == "GIVEN"
    assert (await world.press(MINE, one))["release"] == "GIVEN"


async def test_who_is_not_released_again_gives_the_place_back(world: World) -> None:
    one = world.guests[0]
    await world.press(REGISTER, one, superior=SUPERIOR)
    await world.anonymous(DECIDE, link=link_in((await asked(world))[0].text, "release"), given=True)
    await change(world, lastDay=day(32))  # a day longer is another trip
    assert (await world.press(MINE, one))["release"] == "AGAIN"
    assert (await world.press(ASK, one, superior=f"neu.{SUPERIOR}"))["release"] == "AGAIN"
    newest = next(letter for letter in await asked(world) if letter.to == f"neu.{SUPERIOR}")
    assert (await world.anonymous(DECIDE, link=link_in(newest.text, "release"), given=False))["it"] == "REFUSED"
    assert (await world.press(MINE, one))["state"] == "CANCELLED"
    assert await world.participants() == set()
