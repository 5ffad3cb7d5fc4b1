"""Certificates through the API: for those who came, checked by anybody, gone with the person."""

import datetime as dt
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select

from services.app import chosen
from services.cli.client import Answered
from services.events import certificates
from services.events.models import AgendaItem, Certificate
from services.events.web.checking import CHECKS
from services.kit import links
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.printed import all_words
from tests.events.registration_world import GUEST, HOST, World, day, held_today
from tests.events.test_registration_day import CAME, bus
from tests.events.test_registration_mails import link_in
from tests.running import running

JOIN = "mutation ($event: ID!, $who: [ID!]!) { addParticipants(event: $event, navigators: $who) { id } }"
ISSUE = """mutation ($event: ID!, $who: [ID!], $minutes: Int) {
  issueCertificates(event: $event, navigators: $who, minutes: $minutes) {
    certificates { navigator { id } code minutes checkUrl url } } }"""
REVOKE = """mutation ($event: ID!, $who: [ID!]!) { revokeCertificates(event: $event, navigators: $who) {
  certificates { navigator { id } } } }"""
CHECK = """query ($code: String!) { it: certificate(code: $code) { title date minutes initials } }"""
MINE = "query ($link: String!) { it: myCertificates(link: $link) { title code url minutes } }"
LISTED = """query ($id: ID!) { event(id: $id) { certificates { code }
  papers { name url mediaType public organiserOnly } } }"""
AGENDA = [
    {"starts": "09:00", "ends": "12:00", "title": "Einführung in die E-Akte"},
    {"starts": "11:30", "ends": "12:30", "title": "Fragen und Antworten"},
    {"starts": "13:00", "ends": "14:00", "title": "Führung", "audience": GUEST},
]


@pytest_asyncio.fixture
async def world(hub: Hub, clients: Clients) -> AsyncIterator[World]:
    made = World(hub, clients)
    await made.begin(2, 3, **held_today(), agenda=AGENDA, hashtag="#EAkte")
    await made.organiser.ask(JOIN, event=made.event, who=[*made.hosts, *made.guests])
    yield made
    await made.http.aclose()


async def came(world: World, people: list[str], state: str = "PRESENT") -> None:
    await world.organiser.ask(CAME, event=world.event, who=people, **{"as": state})


async def issue(world: World, **asked: Any) -> dict[str, Any]:
    done = await world.organiser.ask(ISSUE, event=world.event, **asked)
    return {one["navigator"]["id"]: one for one in done["issueCertificates"]["certificates"]}


def personal(world: World, person: str) -> str:
    return links.signed(world.hub.settings, links.PERSON, uuid.UUID(person).bytes, dt.timedelta(hours=1))


async def paper(world: World, name: str, client: Any = None) -> bytes:
    client = client or world.organiser
    found: bytes = await client.fetch(f"{client.url}/events/{world.event}/papers/{name}")
    return found


async def test_only_who_came_gets_one_and_it_says_how_long(world: World) -> None:
    host, other = world.hosts
    early, late, absent = world.guests
    await came(world, [host, late])
    await came(world, [early], "LEFT")
    await came(world, [absent], "NO_SHOW")
    first = await issue(world)
    assert set(first) == {host, late}
    assert (first[host]["minutes"], first[late]["minutes"]) == (210, 270)  # what overlaps counts once
    for wrong in ([other], [absent], [early], ["x"]):
        with pytest.raises(Answered) as caught:
            await issue(world, who=[host, *wrong])
        assert [p.row for p in caught.value.problems] == ["navigators[1]"]
    again = await issue(world, who=[early, late], minutes=90)
    assert {key: one["minutes"] for key, one in again.items()} == {host: 210, late: 90, early: 90}
    assert again[late]["code"] == first[late]["code"]

    text = all_words(await paper(world, "certificates.pdf"))
    assert text.count("Teilnahmebescheinigung") == 3
    alone = all_words(await paper(world, f"certificates.pdf?navigator={host}"))
    assert alone.count("Teilnahmebescheinigung") == 1
    assert first[host]["code"] in alone
    assert "3 Stunden 30 Minuten" in alone


async def test_who_gets_one_hears_of_it_once_and_finds_it_without_an_account(world: World) -> None:
    await came(world, world.hosts)
    await issue(world, who=world.hosts[:1])
    assert await world.tell() == 1
    (letter,) = await world.letters("status")
    assert letter.subject == "Ihre Bescheinigung: Lernreise"
    assert letter.unsubscribe  # it is not about a booking
    link = link_in(letter.text, "registration")
    page = await world.http.get(f"/events/registration/{link}", headers={"accept": "text/html"})
    (address,) = re.findall(r'href="(/events/[^"]+/certificates/[^"]+)"', page.text)
    assert (await world.http.get(address)).content.startswith(b"%PDF-")
    await issue(world)  # for the other as well; who has one hears nothing
    assert await world.tell() == 1
    other = await world.http.get(f"/events/registration/{await world.link(world.guests[0])}")
    assert "/certificates/" not in other.text


async def test_anybody_checks_a_code_however_it_is_typed_and_learns_little(world: World) -> None:
    await came(world, world.hosts)
    code = (await issue(world))[world.hosts[0]]["code"]
    sloppy = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    for said in (code, sloppy, code.replace("-", "")):
        found = (await world.anonymous(CHECK, code=said))["it"]
        assert found == {"title": "Lernreise", "date": day(0), "minutes": 210, "initials": "L. 0."}
    for said in ("", "x", code[:-1], code[:-1] + "U", "0" * 16, "\0" * 16, "A" * 5000, "' OR 1=1 --"):
        assert (await world.anonymous(CHECK, code=said))["it"] is None

    shown = await world.http.get(f"/events/certificates/{code}", headers={"accept": "text/html"})
    assert shown.status_code == 200
    assert "Diese Bescheinigung ist echt." in shown.text
    assert "Lotse 0000" not in shown.text
    assert (shown.headers["x-robots-tag"], shown.headers["cache-control"]) == ("noindex", "no-store")
    typed = await world.http.get("/events/certificates", params={"code": sloppy}, headers={"accept": "text/html"})
    assert "Diese Bescheinigung ist echt." in typed.text
    wrong = await world.http.get("/events/certificates", params={"code": "<script>"}, headers={"accept": "text/html"})
    assert wrong.status_code == 404
    assert "<script>" not in wrong.text
    empty = await world.http.get("/events/certificates", headers={"accept": "text/html"})
    assert (empty.status_code, "Prüfcode" in empty.text) == (200, True)


async def test_nobody_tries_codes_at_will(world: World) -> None:
    own = replace(world.hub.settings, port=0, workers=False, rates=3 / CHECKS.most)
    async with running(own, chosen()) as (strict, _server), httpx.AsyncClient(trust_env=False) as http:
        url = f"http://127.0.0.1:{strict.settings.port}/events/certificates"
        assert [(await http.get(f"{url}/{n:016}")).status_code for n in range(5)] == [404, 404, 404, 429, 429]
        assert (await http.get(url)).status_code == 200


async def test_it_counts_until_it_is_revoked_or_the_person_did_not_come_after_all(world: World) -> None:
    one, two = world.hosts
    three, four, five = world.guests
    await came(world, [one, two, three, four, five])
    codes = {person: found["code"] for person, found in (await issue(world)).items()}

    async def genuine() -> set[str]:
        return {person for person, code in codes.items() if (await world.anonymous(CHECK, code=code))["it"]}

    assert await genuine() == {one, two, three, four, five}
    await world.organiser.ask(REVOKE, event=world.event, who=[one])
    await came(world, [two], "NO_SHOW")
    leave = "mutation ($event: ID!, $who: [ID!]!) { removeParticipants(event: $event, navigators: $who) { id } }"
    await world.organiser.ask(leave, event=world.event, who=[three])
    assert await genuine() == {four, five}

    # A city withdraws somebody: what they attended stays attended.
    rest = [{"key": f"n{i:04}", "name": f"Lotse {i:04}", "department": "Amt 10"} for i in range(2)]
    town = {"ags": GUEST, "name": "Seestadt"}
    await world.other.ask(
        "mutation ($snapshot: SnapshotInput!) { publishDirectory(snapshot: $snapshot) { cityChanged } }",
        snapshot={"city": town, "navigators": rest},
    )
    await world.runtime.refresh()
    assert (await world.organiser.ask(LISTED, id=world.event))["event"]["certificates"] == [{"code": codes[four]}]
    assert await genuine() == {four, five}
    await world.organiser.ask("mutation ($id: ID!) { cancelEvent(id: $id) { id } }", id=world.event)
    assert await genuine() == set()


async def test_an_erasure_ends_it(world: World) -> None:
    from services.contracts.directory import NavigatorErased
    from services.events import intake

    person = world.guests[0]
    await came(world, [person])
    code = (await issue(world))[person]["code"]
    async with world.runtime.db.begin(HUB) as session:
        assert (await certificates.about(session, uuid.UUID(person)))[0]["code"] == code
        await intake.erase(session, NavigatorErased(id=person, ags=GUEST))
    assert (await world.anonymous(CHECK, code=code))["it"] is None
    async with world.runtime.db.read(HUB) as session:
        assert await session.scalar(select(func.count()).select_from(Certificate)) == 0


async def test_people_fetch_their_own_with_their_link(world: World) -> None:
    mine, other = world.guests[:2]
    await came(world, [mine])
    await issue(world)
    (found,) = (await world.anonymous(MINE, link=personal(world, mine)))["it"]
    assert (found["title"], found["minutes"]) == ("Lernreise", 270)
    answer = await world.http.get(found["url"])
    assert answer.headers["content-type"] == "application/pdf"
    assert "Lotse 0000" in all_words(answer.content)
    assert (await world.anonymous(MINE, link=personal(world, other)))["it"] == []
    for token in (personal(world, other), "nonsense"):
        assert (await world.http.get(f"/events/{world.event}/certificates/{token}")).status_code == 404
    assert (await world.http.get(f"/events/x/certificates/{personal(world, mine)}")).status_code == 404


async def test_only_the_organiser_issues_and_prints(world: World, clients: Clients) -> None:
    await came(world, world.hosts)
    await issue(world)
    shown = (await world.other.ask(LISTED, id=world.event))["event"]
    assert shown["certificates"] == []
    assert {one["name"] for one in shown["papers"] if one["organiserOnly"]} == {"certificates.pdf"}
    for client in (world.other, await clients(HOST), await clients("07318000")):
        for query in (ISSUE, REVOKE):
            with pytest.raises(Answered) as caught:
                await client.ask(query, event=world.event, who=[])
            assert caught.value.reason == "FORBIDDEN"
        with pytest.raises(Exception, match="404"):
            await paper(world, "certificates.pdf", client)


async def test_none_before_the_day_or_when_it_is_called_off(hub: Hub, clients: Clients) -> None:
    world = World(hub, clients)
    await world.begin(1, 1, date=day(2))
    await world.organiser.ask(JOIN, event=world.event, who=world.hosts)
    await came(world, world.hosts)
    for _again in range(2):
        with pytest.raises(Answered) as caught:
            await issue(world)
        assert caught.value.reason == "CONFLICT"
        await world.organiser.ask("mutation ($id: ID!) { cancelEvent(id: $id) { id } }", id=world.event)
    await world.http.aclose()


async def test_every_paper_is_made_and_cities_get_no_links_of_others(world: World) -> None:
    bus_ = await bus(world, 20)
    assign = "mutation ($e: ID!, $p: ID!, $w: [ID!]!) { assignSeats(event: $e, point: $p, navigators: $w) { id } }"
    await world.organiser.ask(assign, e=world.event, p=bus_["points"][0]["id"], w=world.guests)
    listed = (await world.other.ask(LISTED, id=world.event))["event"]["papers"]
    for one in listed:
        if one["organiserOnly"]:
            continue
        made = await world.other.fetch(one["url"])
        kinds = {"application/pdf": b"%PDF-", "text/calendar": b"BEGIN:VCALENDAR"}
        assert made.startswith(kinds.get(one["mediaType"], b"PK"))
    assert "Lotse 0002" in all_words(await paper(world, "bus-lists.pdf", world.other))
    organised, seen = await paper(world, "slips.pdf"), await paper(world, "slips.pdf", world.other)
    assert (b"/Figure" in organised, b"/Figure" in seen) == (True, False)
    one = await paper(world, f"badges.pdf?navigator={world.guests[1]}")
    assert "Lotse 0001" in all_words(one)
    assert "Lotse 0002" not in all_words(one)
    for wrong in ("badges.pdf?navigator=x", f"attendance.pdf?navigator={world.guests[1]}"):
        with pytest.raises(Exception, match="404"):
            await paper(world, wrong)


def test_minutes_are_those_of_the_agenda() -> None:
    def item(starts: int, ends: int | None, audience: str | None = None) -> AgendaItem:
        first = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
        until = None if ends is None else first + dt.timedelta(minutes=ends)
        return AgendaItem(starts=first + dt.timedelta(minutes=starts), ends=until, audience=audience)

    assert certificates.minutes_of([], HOST) is None
    assert certificates.minutes_of([item(0, None)], HOST) is None
    agenda = [item(60, 90), item(0, 70), item(80, 85), item(200, 260, GUEST)]
    assert (certificates.minutes_of(agenda, HOST), certificates.minutes_of(agenda, GUEST)) == (90, 150)
    assert certificates.initials("Anna-Lena von  Berg") == "A. v. B."
    assert certificates.read("k7qm 2xpd–9rta_b4he") == "K7QM2XPD9RTAB4HE"
