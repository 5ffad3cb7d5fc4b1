"""One link for a person and an event: from a mail or a badge, it opens all of theirs there, and nothing elsewhere."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import update

from services.cli import demo
from services.cli.client import Answered
from services.events import daylinks
from services.events.models import Event
from services.kit import links as signed
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.day import halves, seat
from tests.events.day import links as day_links
from tests.events.registration_world import GUEST, HOST, MINE, REGISTER, World, day, held_today
from tests.events.test_certificates import ISSUE
from tests.events.test_certificates import MINE as CERTIFICATES
from tests.events.test_ideas import NOTE
from tests.events.test_open_space_harvest import ACTION
from tests.events.test_registration_day import CAME
from tests.events.test_registration_mails import link_in
from tests.events.test_surveys import ANSWER, CREATE
from tests.events.test_voices import QUOTE
from tests.events.test_votes import CAST, VOTE
from tests.events.test_votes import CREATE as CREATE_VOTE
from tests.waiting import eventually

SURVEY = {"title": "Rückblick", "questions": [{"kind": "SCALE", "text": "Wie war es?"}]}
MY_DAY = "query ($link: String!) { it: myDay(link: $link) { name } }"
SURVEYS = "query ($link: String!) { it: mySurveys(link: $link) { id } }"
ACTIONS = "query ($link: String!) { it: myActionItems(link: $link) { text } }"
ONLINE = "query ($link: String!, $event: ID!) { it: onlineLink(link: $link, event: $event) }"
SPACE = "query ($link: String!, $event: ID!) { it: openSpace(event: $event, link: $link) { me { away } } }"
BOARD = "query ($link: String!, $event: ID!) { it: retrospective(link: $link, event: $event) { text } }"
CALENDAR = "mutation ($link: String!) { it: openCalendar(link: $link) }"
DECIDE = "mutation ($link: String!) { it: decideRelease(link: $link, releaseGiven: true) }"


@pytest_asyncio.fixture
async def world(hub: Hub, clients: Clients) -> AsyncIterator[World]:
    made = World(hub, clients)
    await made.begin(2, 2, {"places": 4}, **held_today(), onlineLink="https://meet.example/x")
    await made.states(REGISTER, [*made.hosts, *made.guests])
    yield made
    await made.http.aclose()


async def asked(world: World, query: str, link: str, **variables: Any) -> Any:
    return (await world.anonymous(query, link=link, **variables)).get("it")


async def second(world: World) -> str:
    """Another event of the same people."""
    event = {"title": "Zweite", **held_today(), "host": HOST, "guests": [GUEST]}
    made = str((await world.organiser.ask(demo.CREATE, event=event))["createEvent"]["id"])
    await world.organiser.ask(demo.JOIN, event=made, navigators=world.guests)
    return made


async def test_the_link_of_a_mail_is_that_of_the_badge_and_opens_everything(world: World) -> None:
    person = world.guests[0]
    await world.tell()
    letter = next(one for one in await world.letters("status") if one.to == f"n0000@x{GUEST}.example")
    link = link_in(letter.text, "registration")
    of_day = (await day_links(world.organiser, world.event))[person]
    assert (link, of_day["url"].rpartition("/")[2]) == (of_day["link"], link)
    name = (await asked(world, MY_DAY, link))["name"]
    for said in (link, of_day["url"], f"{world.hub.settings.issuer}/events/registration/{link}"):
        assert (await asked(world, MINE, said))["state"] == "REGISTERED"
        assert (await asked(world, MY_DAY, said))["name"] == name
    assert (await asked(world, ONLINE, link, event=world.event)) == "https://meet.example/x"
    assert (await asked(world, SPACE, link, event=world.event))["me"] == {"away": []}
    assert (await asked(world, BOARD, link, event=world.event)) == []

    await world.anonymous(NOTE, link=link, text="Eine Idee", named=True)
    await world.anonymous(QUOTE, link=link, event=world.event, consent=True, named=False)
    survey = (await world.organiser.ask(CREATE, event=world.event, survey=SURVEY))["createSurvey"]["id"]
    assert [one["id"] for one in await asked(world, SURVEYS, link)] == [survey]
    assert await world.anonymous(ANSWER, link=link, survey=survey, answers=[{"scale": 4}])
    vote = (await world.organiser.ask(CREATE_VOTE, event=world.event, vote=VOTE))["createVote"]["id"]
    await world.anonymous(CAST, link=link, vote=vote, points=[])
    await world.organiser.ask(ACTION, event=world.event, item={"text": "Bericht", "navigator": person})
    assert await asked(world, ACTIONS, link) == [{"text": "Bericht"}]
    await world.organiser.ask(CAME, event=world.event, who=[person], **{"as": "PRESENT"})
    await world.organiser.ask(ISSUE, event=world.event, who=[person])
    (certificate,) = (await world.anonymous(CERTIFICATES, link=link))["it"]
    assert (await world.http.get(certificate["url"])).status_code == 200


async def test_it_speaks_for_its_event_alone(world: World) -> None:
    link, other = await world.link(world.guests[0]), await second(world)
    survey = (await world.organiser.ask(CREATE, event=other, survey=SURVEY))["createSurvey"]["id"]
    vote = (await world.organiser.ask(CREATE_VOTE, event=other, vote=VOTE))["createVote"]["id"]
    await world.organiser.ask(ACTION, event=other, item={"text": "Anderes", "navigator": world.guests[0]})
    assert (await asked(world, SURVEYS, link), await asked(world, ACTIONS, link)) == ([], [])
    for query, variables, reason in (
        (ANSWER, {"survey": survey, "answers": [{"scale": 1}]}, "NOT_FOUND"),
        (CAST, {"vote": vote, "points": []}, "NOT_FOUND"), (ONLINE, {"event": other}, "NOT_FOUND"),
        (SPACE, {"event": other}, "FORBIDDEN"), (BOARD, {"event": other}, "NOT_FOUND"),
        (QUOTE, {"event": other, "consent": True, "named": False}, "NOT_FOUND"),
        (CALENDAR, {}, "NOT_FOUND"), (DECIDE, {}, "NOT_FOUND"),
    ):  # fmt: skip
        with pytest.raises(Answered) as caught:
            await world.anonymous(query, link=link, **variables)
        assert caught.value.reason == reason, query
    for path in (f"/events/{other}/mine/{link}", f"/events/{other}/certificates/{link}", f"/mine/{link}"):
        assert (await world.http.get(path)).status_code == 404, path


async def test_it_lasts_as_long_as_the_event_says_wherever_that_is_moved(world: World) -> None:
    link, today = await world.link(world.guests[0]), dt.date.fromisoformat(day(0))
    for last, counts in ((today - dt.timedelta(days=33), False), (today - dt.timedelta(days=29), True)):
        world.runtime.memory.pop("links to events", None)
        async with world.runtime.db.begin(HUB) as session:
            await session.execute(update(Event).values(date=last, last_day=last))
        for query, variables in ((MINE, {}), (SURVEYS, {}), (SPACE, {"event": world.event})):
            if counts:
                assert await asked(world, query, link, **variables) is not None
                continue
            with pytest.raises(Answered) as caught:
                await asked(world, query, link, **variables)
            assert caught.value.reason == "NOT_FOUND"
    async with world.runtime.db.begin(HUB) as session:
        await session.execute(update(Event).values(date=today, last_day=today))
    assert await world.link(world.guests[0]) == link  # slips can be printed again


async def test_links_from_before_keep_working_until_their_own_end(world: World) -> None:
    value = uuid.UUID(world.event).bytes + uuid.UUID(world.guests[0]).bytes
    for purpose in daylinks.BEFORE:
        old = signed.signed(world.hub.settings, purpose, value, dt.timedelta(minutes=1))
        assert (await asked(world, MINE, old))["state"] == "REGISTERED"
        assert (await asked(world, MY_DAY, old))["name"]
        over = signed.signed(world.hub.settings, purpose, value, dt.timedelta(days=-1))
        with pytest.raises(Answered):
            await asked(world, MINE, over)
    for nonsense in ("", "x", (await world.link(world.guests[0]))[:-2], "ä" * 80):
        with pytest.raises(Answered):
            await asked(world, MY_DAY, nonsense)


async def test_a_browser_gets_pages_where_a_program_gets_json(world: World) -> None:
    people = [*world.hosts, *world.guests]
    await seat(world.hub, world.event, halves(people))
    url = (await day_links(world.organiser, world.event))[people[0]]["url"]
    html = {"accept": "text/html,*/*;q=0.8"}
    shown = await world.http.get(url, headers=html)
    registration = f"/events/registration/{url.rpartition('/')[2]}"
    assert (shown.status_code, f'href="{registration}"' in shown.text) == (200, True)
    assert "Wo jetzt?" in shown.text
    page = await world.http.get(registration, headers=html)
    assert "Runde 1: Tisch 1" in page.text
    assert "Runde 3: Tisch 2" in page.text
    assert (await world.http.get(url)).json()["route"]["rounds"][0]["table"] == 1

    # Also who takes part without any registration.
    other = await second(world)
    url = (await day_links(world.organiser, other))[world.guests[0]]["url"]
    page = await world.http.get(f"/events/registration/{url.rpartition('/')[2]}", headers=html)
    assert (page.status_code, "Sie nehmen teil." in page.text) == (200, True)
    await world.organiser.ask(
        "mutation ($e: ID!, $w: [ID!]!) { removeParticipants(event: $e, navigators: $w) { id } }",
        e=other, w=world.guests,
    )  # fmt: skip

    async def gone() -> bool:
        return (await world.http.get(url)).status_code == 404

    await eventually(gone)  # the room hears of it a moment later
