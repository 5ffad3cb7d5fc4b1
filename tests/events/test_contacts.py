"""Contacts of a day: both have to want it; and the page of one's own events."""

import asyncio
import uuid
from typing import Any

import httpx
from sqlalchemy import delete, select, text

from services.directory.protection import person
from services.directory.protection.erasure import erase
from services.directory.protection.own import Desk
from services.events.models import Contact, Participant
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser
from tests.conftest import Clients
from tests.events.day import day, halves, links, seat

CONTACTS = "query ($l: String!, $e: ID!) { dayContacts(link: $l, event: $e) { id name email state tables { round } } }"
SAY = "mutation ($l: String!, $e: ID!, $w: ID!) { %sContact(link: $l, event: $e, navigator: $w) { state email } }"
MINE = "query ($l: String!) { myContacts(link: $l) { event contact { id email } } myEvents(link: $l) { state tables { round table } event { id } } }"  # noqa: E501


async def people_of(hub: Hub, clients: Clients) -> tuple[str, list[str], list[str]]:
    """An event, its people, and the path of each one's page of it."""
    organiser, event, people = await day(hub, clients)
    await seat(hub, event, halves(people))
    async with hub.runtimes["events"].db.begin(HUB) as session:  # as if the network saw their addresses
        await session.execute(text("UPDATE navigator SET email = left(id::text, 8) || '@town.example'"))
    found = await links(organiser, event)
    return event, people, [found[one]["url"].removeprefix(hub.settings.issuer) for one in people]


async def state_of(browser: Browser, path: str, event: str, other: str) -> tuple[str, bool]:
    found = (await browser.graph(CONTACTS, l=path, e=event))["data"]["dayContacts"]
    return next((one["state"], bool(one["email"])) for one in found if one["id"] == other)


async def press(browser: Browser, path: str, other: str, do: str) -> httpx.Response:
    at = f"{path}/contacts"
    page = await browser.http.get(at)
    assert page.status_code == 200
    return await browser.submit(page, at, who=other, do=do)


async def test_an_address_shows_when_both_want_it_and_only_then(hub: Hub, clients: Clients) -> None:
    event, people, paths = await people_of(hub, clients)
    browser = Browser(hub)
    (one, other), (mine, theirs) = people[:2], paths[:2]
    page = await browser.http.get(f"{mine}/contacts")
    assert "@" not in page.text.split("<main")[1]
    assert (await press(browser, mine, other, "want")).status_code == 303
    assert await state_of(browser, mine, event, other) == ("WANTED", False)
    assert await state_of(browser, theirs, event, one) == ("ASKED", False)
    assert "möchte mit Ihnen in Kontakt bleiben" in (await browser.http.get(f"{theirs}/contacts")).text
    await press(browser, theirs, one, "want")
    assert await state_of(browser, mine, event, other) == ("AGREED", True)
    assert "mailto:" in (await browser.http.get(f"{mine}/contacts")).text
    await press(browser, mine, other, "end")
    assert await state_of(browser, theirs, event, one) == ("WANTED", False)
    assert await state_of(browser, mine, event, other) == ("ASKED", False)
    await browser.close()


async def test_only_people_of_ones_tables(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    await seat(hub, event, [[people[:4], people[4:]]])
    link = (await links(organiser, event))[people[0]]["url"].removeprefix(hub.settings.issuer)
    browser = Browser(hub)
    for stranger in (people[5], people[0], str(uuid.uuid4()), "nobody"):
        assert (await browser.graph(SAY % "want", l=link, e=event, w=stranger))["errors"]
    assert len((await browser.graph(CONTACTS, l=link, e=event))["data"]["dayContacts"]) == 3
    assert (await browser.graph(CONTACTS, l="x", e=event))["errors"]
    await browser.close()


async def test_pressed_twice_it_is_wanted_once(hub: Hub, clients: Clients) -> None:
    event, people, paths = await people_of(hub, clients)
    browser = Browser(hub)
    await asyncio.gather(*(browser.graph(SAY % "want", l=paths[0], e=event, w=people[1]) for _ in range(4)))
    async with hub.runtimes["events"].db.read(HUB) as session:
        assert len((await session.scalars(select(Contact))).all()) == 1
    await browser.close()


async def own_link(hub: Hub, id: str) -> str:
    """The personal link, as the directory sends it."""
    async with hub.runtimes["directory"].db.read(HUB) as session:
        who = await person.find(session, hub.settings, uuid.UUID(id))
    return person.link(hub.settings, who.id, who.shown.email or "")


async def test_ones_own_page_has_events_tables_and_contacts(hub: Hub, clients: Clients) -> None:
    event, people, paths = await people_of(hub, clients)
    browser, own = Browser(hub), await own_link(hub, people[0])
    for path, other in ((paths[0], people[1]), (paths[1], people[0]), (paths[0], people[2])):
        await browser.graph(SAY % "want", l=path, e=event, w=other)
    found: dict[str, Any] = (await browser.graph(MINE, l=own))["data"]
    assert [(one["event"], one["contact"]["id"]) for one in found["myContacts"]] == [(event, people[1])]
    assert [one["event"]["id"] for one in found["myEvents"]] == [event]
    assert len(found["myEvents"][0]["tables"]) == 3
    token = own.removeprefix("/mine/")
    page = await browser.http.get(f"/events/mine/{token}")
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert f"/events/mine/{token}" in (await browser.http.get(own)).text
    for words in ("Runde 1: Tisch 1", "mailto:", f"/calendar/{event}", paths[0]):
        assert words in page.text, words
    assert (await browser.http.get("/events/mine/x")).status_code == 404
    data = (await browser.http.get(f"/events/my-data/{token}")).json()
    assert {one["with"] for one in data["contacts"]} == {people[1], people[2]}
    await browser.close()


async def test_who_is_erased_leaves_no_contact(alone: Clients) -> None:
    hub = alone.hub
    event, people, paths = await people_of(hub, alone)
    browser, directory = Browser(hub), hub.runtimes["directory"]
    for path, other in ((paths[0], people[1]), (paths[1], people[0])):
        await browser.graph(SAY % "want", l=path, e=event, w=other)
    async with directory.db.begin(HUB) as session:
        who = await person.find(session, hub.settings, uuid.UUID(people[1]), lock=True)
        gone = await erase(session, Desk(hub.settings, directory.memory), who, actor="test")
        await directory.say(session, gone)
    await hub.settle()
    async with hub.runtimes["events"].db.read(HUB) as session:
        assert (await session.scalars(select(Contact))).all() == []
    assert (await browser.graph(MINE, l=await own_link(hub, people[0])))["data"]["myContacts"] == []
    await browser.close()


async def test_who_takes_part_no_more_comes_to_no_page(hub: Hub, clients: Clients) -> None:
    event, people, paths = await people_of(hub, clients)
    browser = Browser(hub)
    async with hub.runtimes["events"].db.begin(HUB) as session:
        gone = delete(Participant).where(Participant.event_id == uuid.UUID(event))
        await session.execute(gone.where(Participant.navigator_id == uuid.UUID(people[0])))
    async with asyncio.timeout(20):
        while (await browser.http.get(f"{paths[0]}/contacts")).status_code != 404:
            await asyncio.sleep(0.05)
    await browser.close()
