"""What organisers announce, and mails around the day: on screens, in people's days, as digests with a way out."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select, update

from services.cli import demo
from services.cli.client import Answered
from services.contracts.directory import NavigatorPublished
from services.events import daylinks, intake
from services.events.models import Announcement, Event, Navigator, Notice
from services.events.registration import keeping
from services.kit import links as signed
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.day import phone
from tests.events.registration_world import GUEST, HOST, REGISTER, STRANGER, World, day, held_today
from tests.events.test_registration_day import ASSIGN, bus

ANNOUNCE = """mutation ($event: ID!, $what: AnnouncementInput!) {
  announce(event: $event, announcement: $what) { people announcement { id text city { ags } vehicle session } } }"""
WITHDRAW = "mutation ($id: ID!) { withdrawAnnouncement(id: $id) }"
SHOWN = "query ($id: ID!) { event(id: $id) { announcements { id text } } }"
MY_DAY = "query ($link: String!) { myDay(link: $link) { announcements { text } } }"
SURVEY = "mutation ($event: ID!, $survey: SurveyInput!) { createSurvey(event: $event, survey: $survey) { id } }"
ANSWER = """mutation ($link: String!, $survey: ID!, $answers: [SurveyAnswerInput!]!) {
  answerSurvey(link: $link, survey: $survey, answers: $answers) }"""


@pytest_asyncio.fixture
async def world(hub: Hub, clients: Clients) -> AsyncIterator[World]:
    made = World(hub, clients)
    yield made
    await made.http.aclose()


async def announce(world: World, text: str, **whom: Any) -> dict[str, Any]:
    done = await world.organiser.ask(ANNOUNCE, event=world.event, what={"text": text, **whom})
    return dict(done["announce"])


async def token(world: World, person: str) -> str:
    async with world.runtime.db.read(HUB) as session:
        row = await session.get_one(Event, uuid.UUID(world.event))
    return daylinks.token(world.hub.settings, row, uuid.UUID(person))


async def test_announcements_reach_those_whom_they_are_for(world: World) -> None:
    await world.begin(2, 2, {"places": 4}, **held_today())
    await world.states(REGISTER, [*world.hosts, *world.guests])
    await world.tell()
    travelling = await bus(world, 5)
    point = travelling["points"][0]["id"]
    await world.organiser.ask(ASSIGN, event=world.event, point=point, who=[world.guests[0]])
    await world.tell()
    issuer, own = world.hub.settings.issuer, await token(world, world.guests[0])
    async with (
        phone(f"{issuer}/events/{world.event}/live") as wall,
        phone(f"{issuer}/events/{world.event}/mine/{own}/live") as mine,
    ):
        await wall.until("live")
        await mine.until("mine")
        assert not [name for name, _id, _data in wall.seen if name == "announcements"]
        told = await announce(world, "Mittag ist um eins.\nIm Hof.")
        assert (told["people"], told["announcement"]["city"]) == (4, None)
        for screen in (wall, mine):
            assert [one["text"] for one in await screen.until("announcements")] == ["Mittag ist um eins.\nIm Hof."]
        assert (await announce(world, "Seestadt trifft sich am Tor.", city=GUEST))["people"] == 2
        late = await announce(world, "Der Bus kommt später.", vehicle=travelling["id"], mail=False)
        assert late["people"] == 1
        assert (await announce(world, "Nur für uns.", city=HOST))["people"] == 2
        words = await mine.until("announcements", lambda data: len(data) == 3)
        assert [one["text"] for one in words][:2] == ["Der Bus kommt später.", "Seestadt trifft sich am Tor."]
        # Nobody without a link reads what is for some.
        assert {len(data) for name, _id, data in wall.seen if name == "announcements"} == {1}
        await world.organiser.ask(WITHDRAW, id=late["announcement"]["id"])
        await mine.until("announcements", lambda data: len(data) == 2)
    mine_now = (await world.anonymous(MY_DAY, link=own))["myDay"]["announcements"]
    assert [one["text"] for one in mine_now] == ["Seestadt trifft sich am Tor.", "Mittag ist um eins.\nIm Hof."]
    # One mail, whatever was announced; about a booking, so without a way out.
    assert await world.tell() == 4
    (letter,) = [one for one in await world.letters("status") if "Seestadt" in one.text and one.to.startswith("n0000")]
    assert letter.subject == "Durchsage der Veranstalterin: Lernreise"
    assert letter.text.count("Mittag ist um eins.") == 1
    assert "Der Bus kommt" not in letter.text  # on screens alone
    assert letter.unsubscribe == ""


async def test_who_may_announce_and_what(world: World) -> None:
    await world.begin(1, 1, {"places": 2})
    for what, reason in (
        ({"text": " \n "}, "REFUSED"), ({"text": "x" * 1001}, "REFUSED"), ({"text": "a", "city": STRANGER}, "REFUSED"),
        ({"text": "a", "city": HOST, "vehicle": str(uuid.uuid4())}, "REFUSED"),
        ({"text": "a", "vehicle": str(uuid.uuid4())}, "NOT_FOUND"), ({"text": "a", "session": "x"}, "NOT_FOUND"),
    ):  # fmt: skip
        with pytest.raises(Answered) as caught:
            await world.organiser.ask(ANNOUNCE, event=world.event, what=what)
        assert caught.value.reason == reason, what
    made = await announce(world, "Hallo")
    for query, variables in (
        (ANNOUNCE, {"event": world.event, "what": {"text": "Nein"}}), (WITHDRAW, {"id": made["announcement"]["id"]}),
    ):  # fmt: skip
        with pytest.raises(Answered) as caught:
            await world.other.ask(query, **variables)
        assert caught.value.reason == "FORBIDDEN"
    assert [one["text"] for one in (await world.other.ask(SHOWN, id=world.event))["event"]["announcements"]] == [
        "Hallo"
    ]
    stranger = await world.clients(STRANGER)
    await stranger.ask(demo.PUBLISH, snapshot={"city": {"ags": STRANGER, "name": "Domstadt"}, "navigators": []})
    assert (await stranger.ask(SHOWN, id=world.event))["event"]["announcements"] == []
    await world.organiser.ask("mutation ($id: ID!) { cancelEvent(id: $id) { id } }", id=world.event)
    with pytest.raises(Answered) as caught:
        await announce(world, "Zu spät")
    assert caught.value.reason == "CONFLICT"


async def test_names_in_announcements_are_forgotten_with_the_person(world: World) -> None:
    await world.begin(1, 1, {"places": 2})
    await announce(world, "Fragen an Lotse 0000.")
    async with world.runtime.db.begin(HUB) as session:
        person = await session.get_one(Navigator, uuid.UUID(world.guests[0]))
        renamed = NavigatorPublished(
            id=str(person.id), ags=person.ags, name="Anders", title="", department="", offers=(), seeks=(), works_on=()
        )
        await intake.navigators(session, [renamed])
    async with world.runtime.db.read(HUB) as session:
        assert await session.scalar(select(Announcement.text)) == "Fragen an Anders."


async def test_the_survey_is_asked_for_after_the_day_once_and_with_a_way_out(world: World) -> None:
    await world.begin(1, 3, {"places": 4})
    await world.states(REGISTER, world.guests)
    questions = [{"kind": "SCALE", "text": "Wie war es?"}]
    ids = [
        (await world.organiser.ask(SURVEY, event=world.event, survey={"title": title, "questions": questions}))[
            "createSurvey"
        ]["id"]
        for title in ("Rückblick", "Module")
    ]
    await world.tell()
    db, today = world.runtime.db, dt.date.fromisoformat(day(0))
    assert await keeping.ask(db, today) == 0
    async with db.begin(HUB) as session:
        await session.execute(update(Event).values(date=today, last_day=today))
        gone = update(Navigator).where(Navigator.id == uuid.UUID(world.guests[2])).values(invitable=False)
        await session.execute(gone)
    assert await keeping.ask(db, today) == 0  # the day is not over
    # Who has answered already is not asked; the link of their mails is enough.
    answered = {"survey": ids[0], "answers": [{"scale": 4}]}
    assert (await world.anonymous(ANSWER, link=await world.link(world.guests[0]), **answered))["answerSurvey"]
    tomorrow = today + dt.timedelta(days=1)
    assert [await keeping.ask(db, tomorrow) for _turn in range(2)] == [2 + 3, 0]
    assert await world.tell() == 2
    first, second = [one for one in await world.letters("status") if one.subject.startswith("Wie war es?")]
    assert "„Rückblick“" not in first.text
    assert "„Rückblick“" in second.text
    assert "„Module“" in second.text
    assert second.unsubscribe.startswith(f"{world.hub.settings.issuer}/events/invitations/")
    # The link of one event answers no survey of another.
    another = str(
        (await world.organiser.ask(demo.CREATE, event={"title": "B", "date": day(), "host": HOST, "guests": [GUEST]}))[
            "createEvent"
        ]["id"]
    )
    await world.organiser.ask(demo.JOIN, event=another, navigators=[world.guests[1]])
    other = (await world.organiser.ask(SURVEY, event=another, survey={"title": "B", "questions": questions}))[
        "createSurvey"
    ]["id"]
    with pytest.raises(Answered) as caught:
        await world.anonymous(ANSWER, link=await world.link(world.guests[1]), survey=other, answers=[{"scale": 1}])
    assert caught.value.reason == "NOT_FOUND"
    whole = signed.signed(world.hub.settings, signed.PERSON, uuid.UUID(world.guests[1]).bytes, dt.timedelta(hours=1))
    assert (await world.anonymous(ANSWER, link=whole, survey=other, answers=[{"scale": 1}]))["answerSurvey"]


async def test_events_without_registration_are_reminded_of_too(world: World) -> None:
    await world.begin(1, 2, date=day(2))
    await world.organiser.ask(demo.JOIN, event=world.event, navigators=world.guests)
    db, today = world.runtime.db, dt.date.fromisoformat(day(0))
    assert [await keeping.remind(db, today) for _turn in range(2)] == [2, 0]
    assert await world.tell() == 2
    assert {one.subject for one in await world.letters("status")} == {"Erinnerung: Lernreise"}
    async with db.read(HUB) as session:
        assert await session.scalar(select(func.count()).select_from(Notice)) == 0
