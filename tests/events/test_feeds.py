"""Calendars to subscribe to, as programs that subscribe read them: every change is an update, nothing comes twice."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import icalendar
import pytest
import pytest_asyncio
from sqlalchemy import select, update

from services.cli import demo
from services.cli.client import Answered, Client
from services.events import calendar, feeds
from services.events.models import CalendarFeed, Event, LeftEvent
from services.kit import links
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.day import forged
from tests.events.test_trips import CHANGE, HEILBRONN, KONSTANZ, SPEYER, create, item, navigators, world

OPEN = "mutation ($link: String!) { openCalendar(link: $link) }"
REVOKE = "mutation ($link: String!) { revokeCalendar(link: $link) }"
REMOVE = """mutation ($event: ID!, $navigators: [ID!]!) { removeParticipants(event: $event, navigators: $navigators) {
  id } }"""
CANCEL = "mutation ($id: ID!) { cancelEvent(id: $id) { id } }"
ONLINE = "https://meet.example.org/raum?a=1;b=2,c"
SOON = (dt.datetime.now(dt.UTC) + dt.timedelta(days=40)).date()


@pytest_asyncio.fixture
async def clients(shared: Hub) -> AsyncIterator[Clients]:
    made = Clients(shared, [])
    yield made
    for client in made.made:
        await client.close()


@pytest_asyncio.fixture
async def organiser(clients: Clients) -> Client:
    return await world(clients)


class Program:
    """A calendar program: it asks with what it knows, and keeps of each UID the newest revision (RFC 5546, 2.1.5)."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self.http, self.url, self.etag = http, url, ""
        self.entries: dict[str, Any] = {}
        self.calendar: Any = None

    async def ask(self) -> int:
        """The status; after 200 the entries are what the feed holds, each at least as new as before."""
        answer = await self.http.get(self.url, headers={"if-none-match": self.etag} if self.etag else {})
        if answer.status_code != 200:
            return answer.status_code
        assert answer.headers["content-type"].startswith("text/calendar")
        self.etag = answer.headers["etag"]
        self.calendar = icalendar.Calendar.from_ical(answer.content)
        found: dict[str, Any] = {str(one["uid"]): one for one in self.calendar.walk("VEVENT")}
        assert len(found) == len(self.calendar.walk("VEVENT"))
        for uid, one in found.items():
            if (before := self.entries.get(uid)) is not None and before.to_ical() != one.to_ical():
                assert revision(one) >= revision(before)  # DTSTAMP counts whole seconds
        self.entries = found
        return 200

    def named(self, text: str) -> Any:
        (found,) = [one for one in self.entries.values() if text in str(one["summary"])]
        return found


def revision(one: Any) -> tuple[int, dt.datetime]:
    return int(str(one["sequence"])), one.decoded("dtstamp")


def link(hub: Hub, person: str) -> str:
    return links.signed(hub.settings, links.PERSON, uuid.UUID(person).bytes, dt.timedelta(days=1))


def trip(title: str, **changes: Any) -> dict[str, Any]:
    agenda = [item(title=f"{title} Ankommen"), item(title=f"{title} Abfahrt", audience=HEILBRONN)]
    wanted = {"title": title, "hashtag": "", "date": SOON.isoformat(), "agenda": agenda, "onlineLink": ONLINE}
    return {**demo.snapshot("event"), **wanted, **changes}


async def made(organiser: Client, title: str, who: list[str], **changes: Any) -> str:
    event = await create(organiser, **trip(title, **changes))
    await organiser.ask(demo.JOIN, event=event, navigators=who)
    return event


async def personal(hub: Hub, client: Client, person: str) -> Program:
    url = (await client.ask(OPEN, link=link(hub, person)))["openCalendar"]
    program = Program(client.http, url)
    assert await program.ask() == 200
    return program


async def test_a_change_is_an_update_and_nothing_is_sent_twice(shared: Hub, organiser: Client) -> None:
    person = (await navigators(organiser, KONSTANZ))[0]
    event = await made(organiser, "Wandel", [person])
    program = await personal(shared, organiser, person)
    assert await program.ask() == 304
    before = program.named("Ankommen")
    uids = set(program.entries)
    assert len(uids) == 2  # the day and what is for everybody: setting off is for Heilbronn
    agenda = [
        item(title="Neu", starts="08:00", ends="08:30"),
        item(title="Wandel Ankommen", starts="11:00", ends="12:00"),
    ]
    await organiser.ask(CHANGE, id=event, event=trip("Wandel", agenda=agenda, venue={"name": "Rathaus"}))
    assert await program.ask() == 200
    after = program.named("Ankommen")
    assert (str(after["uid"]), after["sequence"]) == (str(before["uid"]), before["sequence"] + 1)
    assert after.decoded("dtstart") == before.decoded("dtstart") + dt.timedelta(hours=2)
    assert after["location"] == "Rathaus"
    assert after.decoded("last-modified") >= before.decoded("last-modified")  # in whole seconds
    assert uids < set(program.entries)
    assert len(program.entries) == 3
    assert await program.ask() == 304
    zone = program.calendar.walk("VTIMEZONE")
    assert [str(one["tzid"]) for one in zone] == ["Europe/Berlin"]


async def test_what_is_called_off_or_left_stays_as_cancelled_for_a_while(shared: Hub, organiser: Client) -> None:
    people = await navigators(organiser, KONSTANZ)
    off, left = await made(organiser, "Abgesagt", people[:2]), await made(organiser, "Verlassen", people[:2])
    program, other = [await personal(shared, organiser, one) for one in people[:2]]
    uids = set(program.entries)
    await organiser.ask(CANCEL, id=off)
    await organiser.ask(REMOVE, event=left, navigators=people[:1])
    assert await program.ask() == await other.ask() == 200
    assert set(program.entries) == uids
    for name in ("Abgesagt Ankommen", "Verlassen Ankommen"):
        assert program.named(name)["status"] == "CANCELLED"
    assert other.named("Verlassen Ankommen")["status"] == "CONFIRMED"
    assert ONLINE.encode() not in bytes(program.named("Verlassen Ankommen").to_ical())
    await organiser.ask(demo.JOIN, event=left, navigators=people[:1])
    await program.ask()
    assert program.named("Verlassen Ankommen")["status"] == "CONFIRMED"
    # After a while they go.
    await organiser.ask(REMOVE, event=left, navigators=people[:1])
    long_ago = dt.datetime.now(dt.UTC) - feeds.A_WHILE - dt.timedelta(days=1)
    async with shared.runtimes["events"].db.begin(HUB) as session:
        await session.execute(update(Event).where(Event.id == uuid.UUID(off)).values(revised_at=long_ago))
        await session.execute(update(LeftEvent).where(LeftEvent.event_id == uuid.UUID(left)).values(at=long_ago))
    await program.ask()
    assert not [one for one in program.entries.values() if "Abgesagt" in one["summary"] or "Verl" in one["summary"]]
    async with shared.runtimes["events"].db.begin(HUB) as session:
        await feeds.forget(session)
        assert await session.scalar(select(LeftEvent).where(LeftEvent.event_id == uuid.UUID(left))) is None


async def test_the_online_link_is_in_personal_calendars_only(shared: Hub, organiser: Client) -> None:
    person = (await navigators(organiser, HEILBRONN))[0]
    event = await made(organiser, "Online", [person], venue=None)
    program = await personal(shared, organiser, person)
    entry = program.named("Online Abfahrt")
    assert "conference" not in entry  # for one city alone, elsewhere
    arrival = program.named("Online Ankommen")
    assert (str(arrival["conference"]), str(arrival["location"])) == (ONLINE, ONLINE)
    assert arrival["conference"].params["FEATURE"] == "VIDEO"
    whole = next(one for one in program.entries.values() if one["summary"] == "Online")
    assert ONLINE in str(whole["description"])
    for url in (f"/events/cities/{HEILBRONN}/calendar.ics", f"/events/{event}/papers/agenda.ics"):
        assert b"meet.example.org" not in (await organiser.http.get(organiser.url + url)).content


async def test_a_city_s_calendar_is_for_everybody(organiser: Client, clients: Clients) -> None:
    url = (await organiser.ask("query ($c: ID!) { city(ags: $c) { calendar } }", c=SPEYER))["city"]["calendar"]
    program = Program(organiser.http, url)
    assert await program.ask() == 200
    assert program.entries == {}
    event = await made(organiser, "Reise", [], guests=[KONSTANZ, SPEYER])
    await create(organiser, **trip("Alt", date="2019-10-01", guests=[KONSTANZ, SPEYER]))
    far = (SOON + dt.timedelta(days=3 * 366)).isoformat()
    await create(organiser, **trip("Fern", date=far, guests=[KONSTANZ, SPEYER]))
    assert await program.ask() == 200
    assert sorted(str(one["summary"]) for one in program.entries.values()) == ["Reise", "Reise Ankommen"]
    assert str(program.calendar["x-wr-calname"]) == "Digitallotsen Speyer"
    assert program.calendar.decoded("refresh-interval") == calendar.REFRESH
    assert str(program.calendar["x-published-ttl"]) == "PT2H"
    await organiser.ask(CHANGE, id=event, event=trip("Reise", guests=[KONSTANZ]))
    assert await program.ask() == 200
    assert {str(one["status"]) for one in program.entries.values()} == {"CANCELLED"}
    await organiser.ask(CHANGE, id=event, event=trip("Reise", guests=[KONSTANZ, SPEYER]))
    assert await program.ask() == 200
    assert {str(one["status"]) for one in program.entries.values()} == {"CONFIRMED"}
    for nobody in ("01001000", "x", "%00"):
        assert (await organiser.http.get(f"{organiser.url}/events/cities/{nobody}/calendar.ics")).status_code == 404


async def test_every_language_has_its_own_answer(organiser: Client) -> None:
    event = await made(organiser, "Sprache", [])
    for url in (f"/events/cities/{KONSTANZ}/calendar.ics", f"/events/{event}/papers/agenda.ics"):
        german = await organiser.http.get(organiser.url + url)
        asked = {"accept-language": "en", "if-none-match": german.headers["etag"]}
        english = await organiser.http.get(organiser.url + url, headers=asked)
        assert (german.status_code, english.status_code) == (200, 200)
        assert "accept-language" in english.headers["vary"].lower()
        assert ("Leitfragen" in german.text, "Guiding questions" in english.text) == (True, True)
        again = await organiser.http.get(
            organiser.url + url, headers=asked | {"if-none-match": english.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")


async def test_the_address_ends_when_it_is_revoked_and_with_its_person(shared: Hub, organiser: Client) -> None:
    people = await navigators(organiser, KONSTANZ)
    mine = link(shared, people[4])
    program = await personal(shared, organiser, people[4])
    assert (await organiser.ask(OPEN, link=mine))["openCalendar"] == program.url
    assert (await organiser.ask(REVOKE, link=mine))["revokeCalendar"] is True
    assert (await organiser.ask(REVOKE, link=mine))["revokeCalendar"] is False
    assert await program.ask() == 404
    new = await personal(shared, organiser, people[4])
    assert new.url != program.url
    assert await program.ask() == 404
    async with shared.runtimes["events"].db.begin(HUB) as session:  # four years later
        row = await session.get_one(CalendarFeed, uuid.UUID(people[4]))
        row.opened_at -= feeds.LIFE - feeds.RENEWED + dt.timedelta(days=1)
    renewed = await personal(shared, organiser, people[4])
    assert renewed.url != new.url
    data = (await organiser.http.get(f"{organiser.url}/events/my-data/{mine}")).json()
    assert data["calendar"]["openedAt"]
    token = program.url.rsplit("/", 2)[1]
    for bad in (token[:-1], forged(token), mine, "x"):
        answer = await organiser.http.get(f"{organiser.url}/events/calendars/{bad}/calendar.ics")
        assert answer.status_code == 404
    for call in (OPEN, REVOKE):
        with pytest.raises(Answered) as caught:
            await organiser.ask(call, link=token)  # a calendar's address is no personal link
        assert caught.value.reason == "NOT_FOUND"
    with pytest.raises(Answered):
        await organiser.ask(OPEN, link=link(shared, str(uuid.uuid4())))


async def test_who_is_withdrawn_has_no_calendar_even_when_they_come_back(hub: Hub) -> None:
    clients = Clients(hub, [])
    organiser = await world(clients)
    speyer = await clients(SPEYER)
    (person,) = await navigators(organiser, SPEYER)
    program = await personal(hub, organiser, person)
    for people, status in (([], 404), ([{"key": "s", "name": "Selma Speicher"}], 404)):
        await speyer.ask(demo.PUBLISH, snapshot={"city": {"ags": SPEYER, "name": "Speyer"}, "navigators": people})
        assert await program.ask() == status
    async with hub.runtimes["events"].db.read(HUB) as session:
        assert (await session.scalars(select(CalendarFeed))).all() == []
    for client in clients.made:
        await client.close()


async def test_a_new_name_reaches_calendars_as_a_revision(hub: Hub) -> None:
    clients = Clients(hub, [])
    organiser, speyer = await world(clients), await clients(SPEYER)
    material = [{"title": "Folien (Selma Speicher)", "url": "https://a.example/x"}]
    agenda = [item(title="Impuls", responsible="Selma Speicher", material=material), item(title="Pause")]
    event = await create(organiser, **trip("Namen", agenda=agenda, guests=[KONSTANZ, SPEYER]))
    program = Program(organiser.http, f"{organiser.url}/events/{event}/papers/agenda.ics")
    await program.ask()
    people = [{"key": "s", "name": "Selma Neu"}]
    await speyer.ask(demo.PUBLISH, snapshot={"city": {"ags": SPEYER, "name": "Speyer"}, "navigators": people})
    await hub.settle()
    assert await program.ask() == 200
    text = str(program.named("Impuls")["description"])
    assert ("Selma Neu" in text, "Folien (Selma Neu): https://a.example/x" in text, "Speicher" in text) == (
        True,
        True,
        False,
    )
    assert program.named("Impuls")["sequence"] == 1
    for client in clients.made:
        await client.close()


async def test_who_else_comes_changes_nobody_s_calendar(shared: Hub, organiser: Client) -> None:
    people = await navigators(organiser, KONSTANZ)
    event = await made(organiser, "Viele", people[9:10])
    program = await personal(shared, organiser, people[9])
    await organiser.ask(demo.JOIN, event=event, navigators=people[10:20])
    assert await program.ask() == 304


async def test_what_people_type_stays_in_its_property(shared: Hub, organiser: Client) -> None:
    person = (await navigators(organiser, KONSTANZ))[7]
    evil = 'x ATTENDEE:mailto:a@b;X=";,:\\n END:VEVENT'
    material = [{"title": evil, "url": "https://a.example/;,:"}]
    await made(
        organiser,
        evil,
        [person],
        hashtag=evil[:60],
        onlineLink="https://meet.example.org/;ATTENDEE:mailto:x,END:VEVENT",
        agenda=[item(title=evil, details=[evil], material=material)],
    )
    program = await personal(shared, organiser, person)
    assert len(program.entries) == 2
    for one in program.entries.values():
        assert "attendee" not in one
        assert evil in str(one["summary"])
        assert str(one["conference"]) == "https://meet.example.org/;ATTENDEE:mailto:x,END:VEVENT"
