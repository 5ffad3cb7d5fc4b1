"""Mails about registration, taken by a mail server, and the pages that their links open."""

import asyncio
import datetime as dt
import re
import uuid
from collections.abc import AsyncIterator
from email.message import EmailMessage

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select, update

from services.cli import demo
from services.cli.browser import hidden
from services.cli.client import Answered
from services.contracts.directory import NavigatorErased
from services.events import intake
from services.events.models import Event, Navigator, Notice, RegistrationRules
from services.events.registration import keeping, wording
from services.kit import post
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.registration_world import DECLINE, GUEST, HOST, INVITE, MINE, REGISTER, RULES, World, day
from tests.kit.kill_mail import Postman, serving, working

DECIDE = "mutation ($link: String!, $given: Boolean!) { it: decideRelease(link: $link, releaseGiven: $given) }"
NASTY = "Tag\r\nBcc: x@evil.example =?utf-8?q?x?= <script>alert(1)</script>"


@pytest_asyncio.fixture
async def world(hub: Hub, clients: Clients) -> AsyncIterator[World]:
    made = World(hub, clients)
    yield made
    await made.http.aclose()


def link_in(text: str, kind: str) -> str:
    """The token of the one link of this kind."""
    (found,) = set(re.findall(rf"/events/{kind}/([A-Za-z0-9_-]+)", text))
    return str(found)


async def taken(world: World) -> list[EmailMessage]:
    """What a mail server gets when a worker hands over all that waits, by recipient."""
    async with serving(Postman()) as postman:
        outbox = world.runtime.outbox
        before, outbox.way = outbox.way, post.server(f"smtp://127.0.0.1:{postman.port}")
        waiting = len([letter for kind in outbox.kinds for letter in await world.letters(kind)])
        async with working(outbox):
            for _turn in range(600):
                if len(postman.got) >= waiting:
                    break
                await asyncio.sleep(0.05)
        outbox.way = before
    assert all(b"\nList-Unsubscribe: =?" not in one for one in postman.got)  # no program reads it so
    return sorted(postman.mails(), key=lambda one: str(one["To"]))


async def test_an_invitation_is_a_mail_with_two_bodies_and_a_way_out(world: World) -> None:
    await world.begin(1, 2, {"places": 2}, title="Lernreise <b>& mehr</b>")
    who = {"contactPoints": True, "cities": [GUEST], "words": "Wir freuen uns.\n<i>Bis</i> bald!"}
    await world.organiser.ask(INVITE, event=world.event, who=who)
    assert await world.tell() == 4
    assert await world.tell() == 0
    mails = await taken(world)
    assert [str(one["To"]) for one in mails] == [
        f"digital@x{GUEST}.example", f"n0000@x{HOST}.example", f"n0000@x{GUEST}.example", f"n0001@x{GUEST}.example",
    ]  # fmt: skip
    mail = mails[-1]
    assert mail["Subject"] == "Einladung: Lernreise <b>& mehr</b>"
    text, html = (part.get_content() for part in mail.iter_parts())
    assert "<b>& mehr</b>" in text
    assert "&lt;b&gt;&amp; mehr" in html
    assert "<b>" not in html
    token = link_in(text, "registration")
    assert (await world.anonymous(MINE, link=token))["it"]["state"] == "INVITED"
    contact = mails[0].get_body(("plain",))
    assert contact is not None
    assert "Wir freuen uns.\n<i>Bis</i> bald!" in contact.get_content().replace("\r\n", "\n")

    # RFC 8058: a mail program posts without cookies, and nobody is asked again.
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    way_out = str(mail["List-Unsubscribe"]).strip("<>")
    assert way_out.startswith(f"{world.hub.settings.issuer}/events/invitations/")
    async with httpx.AsyncClient(trust_env=False) as program:
        assert (await program.get(way_out)).status_code == 200
        assert await invitable(world, world.guests[1])
        assert (await program.post(way_out, data={"List-Unsubscribe": "One-Click"})).status_code == 200
        assert (await program.post(way_out[:-3] + "xxx")).status_code == 404
    assert not await invitable(world, world.guests[1])
    again = await world.clients(HOST)
    event = {"title": "Zweite", "date": day(), "host": HOST, "guests": [GUEST]}
    second = (await again.ask(demo.CREATE, event=event))["createEvent"]["id"]
    await again.ask(RULES, event=second, rules={})
    told = await again.ask(INVITE, event=second, who={"cities": [GUEST]})
    assert told["inviteToEvent"]["unreachable"] == 1
    assert await world.tell() == 1


async def invitable(world: World, person: str) -> bool:
    async with world.runtime.db.read(HUB) as session:
        return bool(await session.scalar(select(Navigator.invitable).where(Navigator.id == person)))


async def test_many_changes_are_one_mail_in_the_person_s_language(world: World) -> None:
    await world.begin(1, 3, {"places": 1})
    await world.tell()
    await world.states(REGISTER, world.guests)
    world.http.headers["accept-language"] = "en"
    await world.states(REGISTER, world.guests[1:2])
    await world.states(DECLINE, world.guests[:1])
    changed = {"title": "Lernreise", "date": day(31), "host": HOST, "guests": [GUEST], "venue": {"name": "Halle"}}
    change = "mutation ($id: ID!, $event: EventInput!) { changeEvent(id: $id, event: $event) { id } }"
    await world.organiser.ask(change, id=world.event, event=changed)
    assert await world.tell() == 4  # the host, who was invited and has not answered, hears of it, too
    first, second, third = [one for one in await world.letters("status") if GUEST in one.to]
    assert (first.language, second.language, third.language) == ("de", "en", "de")
    assert first.subject == "Ihre Anmeldung ist aufgehoben: Lernreise"
    assert second.subject == "A place is free: Lernreise"
    assert "A place is free for you until" in second.text
    assert "The event has changed" in second.text
    assert "waiting list" not in second.text  # only where they stand now
    assert "Für Sie ist gerade kein Platz frei. Auf der Warteliste haben Sie die Nummer 1." in third.text
    assert [letter.unsubscribe for letter in (first, second, third)] == [""] * 3  # about a booking
    assert await world.tell() == 0


async def test_people_hear_when_their_day_starts_later_whoever_sets_off_before(world: World) -> None:
    leaves = {"title": "Abfahrt", "starts": "07:00", "audience": GUEST}
    await world.begin(1, 1, {"places": 2}, agenda=[leaves, {"title": "Los", "starts": "10:30", "ends": "12:00"}])
    await world.states(REGISTER, world.guests)
    await world.tell()
    event = {"title": "Lernreise", "date": day(), "host": HOST, "guests": [GUEST]}
    change = "mutation ($id: ID!, $event: EventInput!) { changeEvent(id: $id, event: $event) { id } }"
    for agenda, mails in (
        ([leaves, {"title": "Los", "starts": "10:30", "ends": "11:00"}, {"title": "Ende", "starts": "12:00"}], 0),
        ([leaves, {"title": "Los", "starts": "10:45", "ends": "11:00"}, {"title": "Ende", "starts": "12:00"}], 2),
    ):
        await world.organiser.ask(change, id=world.event, event={**event, "agenda": agenda})
        assert await world.tell() == mails


CHANGE = "mutation ($id: ID!, $event: EventInput!) { changeEvent(id: $id, event: $event) { id } }"
CANCEL = "mutation ($id: ID!) { cancelEvent(id: $id) { id } }"


async def test_who_was_invited_and_has_not_answered_hears_of_changes(world: World) -> None:
    await world.begin(1, 4, {"places": 5})
    await world.tell()
    registered, declined, _silent, opted_out = world.guests
    await world.states(REGISTER, [registered])
    await world.states(DECLINE, [declined])
    async with world.runtime.db.begin(HUB) as session:
        leaving = update(Navigator).where(Navigator.id.in_([uuid.UUID(opted_out), uuid.UUID(world.hosts[0])]))
        await session.execute(leaving.values(invitable=False))
    await world.tell()
    moved = {"title": "Lernreise", "date": day(31), "host": HOST, "guests": [GUEST]}
    before = len(await world.letters("status"))
    for date in (day(31), day(32)):  # two changes are one mail
        await world.organiser.ask(CHANGE, id=world.event, event={**moved, "date": date})
    assert await world.tell() == 2
    assert await world.tell() == 0
    news = [one for one in await world.letters("status") if "Geänderte" in one.subject]
    assert len(await world.letters("status")) == before + 2
    assert [(one.to, bool(one.unsubscribe)) for one in news] == [
        (f"n0000@x{GUEST}.example", False), (f"n0002@x{GUEST}.example", True),
    ]  # fmt: skip
    assert "Sie sind eingeladen und haben noch nicht geantwortet." in news[1].text
    assert "noch nicht geantwortet" not in news[0].text
    assert (await world.anonymous(MINE, link=link_in(news[1].text, "registration")))["it"]["state"] == "INVITED"

    # Whoever declines before the mail is written hears nothing any more; who registers, as everybody who takes part.
    await world.organiser.ask(CANCEL, id=world.event)
    await world.organiser.ask(CANCEL, id=world.event)
    assert await world.tell() == 2
    off = [one for one in await world.letters("status") if one.subject == "Abgesagt: Lernreise"]
    assert [(one.to, bool(one.unsubscribe)) for one in off] == [
        (f"n0000@x{GUEST}.example", False), (f"n0002@x{GUEST}.example", True),
    ]  # fmt: skip
    (mail,) = [one for one in await taken(world) if one["Subject"] == off[1].subject and one["To"] == off[1].to]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_who_answers_before_the_mail_is_written_hears_what_is_true_then(world: World) -> None:
    await world.begin(1, 3, {"places": 1})
    await world.tell()
    moved = {"title": "Lernreise", "date": day(31), "host": HOST, "guests": [GUEST]}
    await world.organiser.ask(CHANGE, id=world.event, event=moved)
    await world.states(REGISTER, world.guests[:1])
    await world.states(DECLINE, world.guests[1:2])
    await world.tell()
    found = {one.to: one for one in await world.letters("status")}
    assert sorted(found) == [f"n0000@x{HOST}.example", f"n0000@x{GUEST}.example", f"n0002@x{GUEST}.example"]
    placed = found[f"n0000@x{GUEST}.example"]
    assert placed.unsubscribe == ""
    assert "noch nicht geantwortet" not in placed.text
    assert "Die Veranstaltung hat sich geändert" in placed.text


async def test_a_superior_releases_with_one_click_and_only_by_a_click(world: World) -> None:
    await world.begin(1, 2, {"places": 1, "releaseNeeded": True})
    await world.tell()
    own = f"n0000@x{GUEST}.example"
    with pytest.raises(Answered):
        await world.press(REGISTER, world.guests[0], superior=own)
    placed = await world.press(REGISTER, world.guests[0], superior="chefin@seestadt.example")
    assert (placed["state"], placed["release"]) == ("REGISTERED", "PENDING")
    assert await world.states(REGISTER, world.guests[1:]) == ["WAITING"]  # the place is kept
    assert await world.participants() == set()
    await world.tell()
    (letter,) = await world.letters("release")
    assert letter.to == "chefin@seestadt.example"
    token = link_in(letter.text, "release")
    page, http = f"/events/release/{token}", world.http
    for _scanner in range(2):
        assert "Lotse 0000" in (await http.get(page)).text
    shown = await http.get(page)
    assert (await world.press(MINE, world.guests[0]))["release"] == "PENDING"
    assert (await http.post(page, data={"decision": "given"})).status_code == 403  # not from our page

    sent = hidden(shown, page)
    assert sent is not None
    done = await http.post(page, data={**sent, "decision": "given"})
    assert done.status_code == 303
    assert "Die Dienstreise ist genehmigt." in (await http.get(page)).text
    assert await world.participants() == {world.guests[0]}
    shown = await http.post(page, data={**sent, "decision": "refused"})
    assert shown.status_code == 409  # once
    await world.tell()
    assert [one.subject for one in await world.letters("status") if one.to == own] == [
        "Ihr Platz ist bestätigt: Lernreise", "Ihr Platz ist vorgemerkt: Lernreise",
    ]  # fmt: skip


async def test_who_is_not_released_gives_the_place_back(world: World) -> None:
    await world.begin(1, 2, {"places": 1, "releaseNeeded": True})
    await world.press(REGISTER, world.guests[0], superior="a@seestadt.example")
    await world.press(REGISTER, world.guests[1], superior="b@seestadt.example", direct=True)
    ask = """mutation ($link: String!, $superior: String!) {
      it: askForRelease(link: $link, superior: $superior) { state } }"""
    await world.tell()
    (old,) = await world.letters("release")
    await world.press(ask, world.guests[0], superior="c@seestadt.example")
    await world.tell()
    newest = next(one for one in await world.letters("release") if one.to == "c@seestadt.example")
    with pytest.raises(Answered) as caught:  # only the newest link counts
        await world.anonymous(DECIDE, link=link_in(old.text, "release"), given=False)
    assert caught.value.reason == "CONFLICT"
    token = link_in(newest.text, "release")
    assert (await world.anonymous(DECIDE, link=token, given=False))["it"] == "REFUSED"
    mine = await world.press(MINE, world.guests[0])
    assert (mine["state"], mine["release"]) == ("CANCELLED", "REFUSED")
    other = await world.press(MINE, world.guests[1])
    assert (other["state"], other["release"]) == ("REGISTERED", "PENDING")
    await world.tell()
    assert [one.to for one in await world.letters("release")][:2] == ["a@seestadt.example", "b@seestadt.example"]


def test_several_days_are_all_named() -> None:
    days = [Event(date=dt.date(2026, 11, 27), last_day=dt.date(2026, 11, last)) for last in (27, 28)]
    assert [wording.day(one) for one in days] == ["Freitag, 27. November 2026", "27.–28. Nov. 2026"]


async def test_a_person_s_page_registers_and_declines(world: World) -> None:
    agenda = [
        {"title": "Anreise der anderen", "starts": "06:00", "audience": HOST},
        {"title": "Begrüßung", "starts": "09:30", "ends": "10:00"},
        {"title": "Rundgang", "starts": "15:00", "ends": "16:45"},
    ]
    await world.begin(1, 1, {"places": 1, "releaseNeeded": True}, agenda=agenda)
    page = f"/events/registration/{await world.link(world.guests[0])}"
    shown = await world.http.get(page)
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    assert ", 09:30–16:45 Uhr" in shown.text, "how long it takes for people of this city"
    assert "Begrüßung" in (await world.http.get(f"/calendar/{world.event}")).text
    assert 'for="f-state">Land<' in (await world.http.get("/calendar")).text
    assert f'href="/calendar/{world.event}"' in shown.text
    sent = hidden(shown, f"{page}/register") or {}
    wrong = await world.http.post(f"{page}/register", data={**sent, "superior": "nobody"})
    assert wrong.status_code == 422
    done = await world.http.post(f"{page}/register", data={**sent, "superior": "chef@seestadt.example"})
    assert done.status_code == 303
    shown = await world.http.get(page)
    assert "Sie haben einen Platz." not in shown.text, "not before the superior has said yes"
    assert shown.text.count("Ein Platz ist für Sie vorgemerkt.") == 2
    back = await world.http.post(f"{page}/decline", data=hidden(shown, f"{page}/decline"))
    assert back.status_code == 303
    assert (await world.press(MINE, world.guests[0]))["state"] == "CANCELLED"
    assert (await world.http.get("/events/registration/AAAA")).status_code == 404


async def test_reminded_once_and_thanked_and_told_that_it_is_off(world: World) -> None:
    await world.begin(1, 2, {"places": 1}, date=day(3))
    await world.states(REGISTER, world.guests)
    await world.tell()
    db = world.runtime.db
    today = dt.date.fromisoformat(day(0))
    assert [await keeping.remind(db, today) for _turn in range(2)] == [1, 0]
    await world.tell()
    assert [one.subject for one in await world.letters("status") if "Erinnerung" in one.subject] == [
        "Erinnerung: Lernreise"
    ]
    follow = 'mutation ($event: ID!) { sendFollowUp(event: $event, message: "Folien:\\nhttps://x.example") }'
    with pytest.raises(Answered):  # it has not been yet
        await world.organiser.ask(follow, event=world.event)
    async with db.begin(HUB) as session:
        await session.execute(update(Event).values(date=today))
    assert (await world.organiser.ask(follow, event=world.event))["sendFollowUp"] == 1
    await world.tell()
    (letter,) = [one for one in await world.letters("status") if "Nachlese" in one.subject]
    assert "- Folien:\n- https://x.example" in letter.text
    await world.organiser.ask("mutation ($id: ID!) { cancelEvent(id: $id) { id } }", id=world.event)
    assert await world.tell() == 3
    assert len([one for one in await world.letters("status") if one.subject == "Abgesagt: Lernreise"]) == 3


async def test_names_and_titles_are_neither_headers_nor_markup(world: World) -> None:
    """The API refuses such texts; whatever gets past it is harmless."""
    await world.begin(1, 1, {"places": 1})
    async with world.runtime.db.begin(HUB) as session:
        await session.execute(update(Event).values(title=NASTY, venue=NASTY))
        await session.execute(update(Navigator).values(name=NASTY))
    await world.organiser.ask(RULES, event=world.event, rules={"places": 1, "releaseNeeded": True})
    await world.press(REGISTER, world.guests[0], superior="chefin@seestadt.example")
    await world.tell()
    mails = await taken(world)
    assert len(mails) == 3  # the guest's invitation came too late
    for mail in mails:
        assert mail["Bcc"] is None
        assert "\n" not in str(mail["Subject"])
        assert "evil" in str(mail["Subject"])
        html = mail.get_body(("html",))
        assert html is not None
        assert "<script" not in html.get_content()
        assert mail.defects == []


async def test_what_waits_for_an_erased_person_is_not_sent(world: World) -> None:
    await world.begin(1, 1, {"places": 1})
    await world.tell()
    await world.states(REGISTER, world.guests)
    async with world.runtime.db.begin(HUB) as session:
        await intake.erase(session, NavigatorErased(id=world.guests[0], ags=GUEST))
    assert await world.tell() == 0
    assert [one.to for one in await world.letters("invitation")] == [f"n0000@x{HOST}.example"]
    async with world.runtime.db.read(HUB) as session:
        assert await session.scalar(select(func.count()).select_from(Notice)) == 0
        assert await session.scalar(select(func.count()).select_from(RegistrationRules)) == 1
