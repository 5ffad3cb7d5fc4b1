"""One's own entry, as a person with a link from a mail sees and changes it: no account, no script."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.directory.protection import person
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser, account
from tests.directory.protected import (
    client,
    close,
    found,
    full,
    letters,
    path,
    press,
    published,
    snapshot,
    tell,
    towns,
    visitor,
)

ONE = "query ($id: ID!) { navigator(id: $id) { name email phone room department offers { code } } }"


@pytest_asyncio.fixture(autouse=True)
async def browser(shared: Hub) -> AsyncIterator[Browser]:
    yield await visitor(shared)
    await close()


async def seen(hub: Hub, ags: str | None, id: Any, *scopes: str) -> dict[str, Any] | None:
    made = await client(hub, ags, *scopes)
    return (await made.ask(ONE, id=str(id)))["navigator"]  # type: ignore[no-any-return]


async def said(hub: Hub, ags: str) -> list[str]:
    """What the directory said about the town's people, oldest first."""
    async with hub.runtimes["directory"].db.read(HUB) as session:
        rows = await session.execute(
            text("SELECT kind FROM log WHERE body->>'ags' = :ags AND kind LIKE 'Navigator%' ORDER BY position"),
            {"ags": ags},
        )
        return [kind for (kind,) in rows]


async def test_who_is_published_is_told_once_and_with_everything(shared: Hub) -> None:
    ags, directory = towns(), shared.runtimes["directory"]
    city = await published(shared, ags, full(visibility=[{"field": "phone", "audience": "PRIVATE"}]))
    await tell(shared)
    who = await found(shared, ags)
    (letter,) = await letters(directory, "notice", str(who.id))
    assert letter.to == "zoe.quittenbaum@town.example"
    for words in (f"Stadt {ags}", "digital@town.example", "Art. 14 DSGVO", "E-Mail-Adresse: die teilnehmenden Städte",
                  "Foto: die teilnehmenden Städte; Einwilligung", "Widerspruch", "Datenschutzaufsicht"):  # fmt: skip
        assert words in letter.text, words
    assert "Telefon" not in letter.text
    link = re.search(r"/mine/[\w-]+", letter.text)
    assert link is not None
    assert link[0] in letter.html
    await city.ask(
        "mutation ($s: SnapshotInput!) { publishDirectory(snapshot: $s) { publication } }",
        s=snapshot(ags, full(title="Lotsin")),
    )
    await tell(shared)
    assert len(await letters(directory, "notice", str(who.id))) == 1


async def test_the_page_shows_every_field_who_sees_it_and_why(shared: Hub, browser: Browser) -> None:
    ags = towns()
    await published(shared, ags, full())
    page = await browser.http.get(await path(shared, ags))
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    rows = {row[0]: row[1] for row in re.findall(r'<th scope="row">([^<]+)</th>(.*?)</tr>', page.text, re.DOTALL)}
    assert len(rows) == 21
    assert "07531 900-4711" in rows["Telefon"]
    assert "die eigene Stadt" in rows["Telefon"]
    assert "öffentliche Aufgabe" in rows["Telefon"]
    assert "Einwilligung" in rows["Foto"]
    assert "Stimmt alles noch" in page.text


@pytest.mark.parametrize("token", ["x", "A" * 59, "ä", "A" * 5000])
async def test_a_link_that_is_none_opens_nothing(shared: Hub, browser: Browser, token: str) -> None:
    assert (await browser.http.get(f"/mine/{token}")).status_code == 404


async def test_a_link_dies_with_the_address_it_went_to(shared: Hub, browser: Browser) -> None:
    ags = towns()
    city = await published(shared, ags, full(email="wrong@town.example"))
    old = await path(shared, ags)
    assert (await browser.http.get(old)).status_code == 200
    await city.ask(
        "mutation ($s: SnapshotInput!) { publishDirectory(snapshot: $s) { publication } }", s=snapshot(ags, full())
    )
    answer = await browser.http.get(old)
    assert (answer.status_code, "neuen schicken" in answer.text) == (404, True)


async def test_a_correction_stands_above_what_the_city_publishes(shared: Hub, browser: Browser) -> None:
    ags = towns()
    city = await published(shared, ags, full())
    page = await path(shared, ags)
    form = await browser.http.get(f"{page}/correct")
    fields = {
        "name": "Zoë Apfelbaum", "title": "Digitallotsin", "department": "Standesamt", "phone": "",
        "email": "zoe.apfelbaum@town.example", "languages": "Deutsch, tr, Türkisch",
        "offers": "E-Rechnung\nSteuern, Gebühren und Beiträge",
        "works_on": "e-file", "professional": "Quittenkunde", "hours_share": "20", "since": "2024-01-01",
        "until": "2031-12-31", "chat": "@quitte:town.example", "room": "Q 47.11",
    }  # fmt: skip
    done = await browser.submit(form, f"{page}/correct", **fields)
    assert done.status_code == 303, re.findall(r'class="error".*', done.text)
    page = done.headers["location"]  # the address of the page went with that of the person
    assert "Stadt schreibt: Kulturamt" in (await browser.http.get(page)).text
    who = await found(shared, ags)
    wanted = {
        "name": "Zoë Apfelbaum", "email": "zoe.apfelbaum@town.example", "phone": None, "room": "Q 47.11",
        "department": "Standesamt", "offers": [{"code": "e-invoice"}, {"code": "municipal-taxes"}],
    }  # fmt: skip
    assert await seen(shared, ags, who.id) == wanted
    assert who.shown.languages == ("de", "tr")
    assert 'value="Deutsch, Türkisch"' in (await browser.http.get(f"{page}/correct")).text
    assert who.own is not None
    assert set(who.own.corrections) == {"name", "department", "phone", "email", "offers", "seeks"}

    await city.ask(
        "mutation ($s: SnapshotInput!) { publishDirectory(snapshot: $s) { publication } }",
        s=snapshot(ags, full(department="Hochbauamt", room="R 1")),
    )
    assert await seen(shared, ags, who.id) == {**wanted, "room": "R 1"}
    assert (await said(shared, ags))[-1] == "NavigatorPublished"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"), ("phone", "call me"), ("chat", "javascript:alert(1)"), ("name", ""),
        ("offers", "Quittenkunde"), ("since", "soon"), ("hours_share", "200"), ("until", "2001-01-01"),
    ],
)  # fmt: skip
async def test_a_wrong_correction_names_its_field_and_changes_nothing(
    shared: Hub, browser: Browser, field: str, value: str
) -> None:
    ags = towns()
    await published(shared, ags, full())
    page = await path(shared, ags)
    form = await browser.http.get(f"{page}/correct")
    sent = {"name": "Zoë Quittenbaum", "since": "2024-01-01", "email": "zoe.quittenbaum@town.example", field: value}
    answer = await browser.submit(form, f"{page}/correct", **sent)
    assert (answer.status_code, f'id="e-{field}"' in answer.text) == (422, True)
    assert (await found(shared, ags)).own is None


async def test_people_choose_less_and_by_consent_more(shared: Hub, browser: Browser) -> None:
    ags = towns()
    await published(shared, ags, full())
    page, who = await path(shared, ags), await found(shared, ags)
    form = await browser.http.get(f"{page}/audience")
    assert 'name="mentor"' not in form.text or "PUBLIC" not in form.text.split('name="mentor"')[1].split("</select>")[0]
    done = await browser.submit(form, f"{page}/audience", phone="PUBLIC", email="CITY", entry="PUBLIC")
    assert done.status_code == 303
    anybody = await seen(shared, None, who.id, "events:read")
    assert anybody is not None
    assert (anybody["phone"], anybody["email"]) == ("07531 900-4711", None)
    network = await seen(shared, towns(), who.id)
    assert network is not None
    assert (network["phone"], network["email"]) == ("07531 900-4711", None)
    now = await found(shared, ags)
    assert now.own is not None
    assert (now.own.visibility, list(now.own.consents)) == ({"phone": "PUBLIC", "email": "CITY"}, ["phone"])
    assert "weil Sie eingewilligt haben" in (await browser.http.get(page)).text

    await browser.submit(await browser.http.get(f"{page}/audience"), f"{page}/audience", phone="CITY")
    now = await found(shared, ags)
    assert now.own is not None
    assert now.own.consents == {}
    wider = await browser.submit(await browser.http.get(f"{page}/audience"), f"{page}/audience", room="PUBLIC")
    assert (wider.status_code, 'id="f-room"' in wider.text) == (422, True)


async def test_hiding_counts_at_once_and_everywhere(shared: Hub, browser: Browser) -> None:
    ags = towns()
    await published(shared, ags, full())
    page, who = await path(shared, ags), await found(shared, ags)
    assert await seen(shared, towns(), who.id) is not None
    assert (await press(browser, page, "hide")).status_code == 303
    for asker, scopes in ((towns(), ()), (None, ("events:read",))):
        made = await client(shared, asker, *scopes)
        assert (await made.ask(ONE, id=str(who.id)))["navigator"] is None
        page_of = await made.ask("query ($c: ID!) { navigators(city: $c) { nodes { id } } }", c=ags)
        assert str(who.id) not in str(page_of)
        projects = await made.ask("query ($c: ID!) { projects(city: $c) { nodes { navigators { id } } } }", c=ags)
        assert str(who.id) not in str(projects)
    assert await seen(shared, ags, who.id) is not None
    assert (await said(shared, ags))[-1] == "NavigatorWithdrawn"
    assert "Sie sind verborgen" in (await browser.http.get(page)).text
    await press(browser, page, "unhide")
    assert await seen(shared, towns(), who.id) is not None


async def test_an_objection_hides_until_the_city_decides(shared: Hub, browser: Browser) -> None:
    ags, directory = towns(), shared.runtimes["directory"]
    await published(shared, ags, full())
    page, who = await path(shared, ags), await found(shared, ags)
    assert (await press(browser, page, "object", reason="Ich werde bedroht.")).status_code == 303
    assert await seen(shared, towns(), who.id) is None

    other = await visitor(shared, towns("14"), "coordinator")
    assert "bedroht" not in (await other.http.get("/objections")).text
    coordinator = await visitor(shared, ags, "coordinator")
    waiting = await coordinator.http.get("/objections")
    assert "Ich werde bedroht." in waiting.text
    decision = {"navigator": str(who.id), "decision": "reject"}
    without = await coordinator.submit(waiting, "/objections", **decision)
    assert (without.status_code, "Grund" in without.text) == (422, True)
    foreign = await other.http.get("/objections")
    token = re.search(r'name="csrf" value="([^"]+)"', foreign.text)
    assert token is not None
    answer = await other.http.post("/objections", data={**decision, "csrf": token[1], "answer": "Nein"})
    assert answer.status_code == 403
    await coordinator.submit(waiting, "/objections", **decision, answer="Der Aufgabe wegen")
    assert await seen(shared, towns(), who.id) is not None
    (letter,) = await letters(directory, "objection", str(who.id))
    assert "Der Aufgabe wegen" in letter.text

    await press(browser, page, "object", reason="")
    waiting = await coordinator.http.get("/objections")
    await coordinator.submit(waiting, "/objections", navigator=str(who.id), decision="uphold")
    assert await seen(shared, ags, who.id) is None
    assert (await browser.http.get(page)).status_code == 404


async def test_confirming_is_remembered(shared: Hub, browser: Browser) -> None:
    ags = towns()
    await published(shared, ags, full())
    await press(browser, await path(shared, ags), "confirm")
    who = await found(shared, ags)
    assert who.own is not None
    assert who.own.confirmed_at is not None


async def test_everything_that_is_held_can_be_taken_along(shared: Hub, browser: Browser) -> None:
    ags = towns()
    await published(shared, ags, full(visibility=[{"field": "chat", "audience": "PRIVATE"}]))
    await account(shared, ags, "navigator", email="zoe.quittenbaum@town.example", name="Zoë Quittenbaum")
    await tell(shared)
    page = await path(shared, ags)
    await press(browser, page, "confirm")
    answer = await browser.http.get(f"{page}/data.json")
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["published"]["chat"] == "@quitte:town.example"
    assert body["stored"]["chat"] is None
    assert body["source"]["ags"] == ags
    assert body["fields"]["photo"] == {"audience": "NETWORK", "basis": "consent", "category": "image"}
    assert [one["row"]["name"] for one in body["publications"]] == ["Zoë Quittenbaum"]
    assert [one["kind"] for one in body["mails"]] == ["notice"]
    assert "entry.confirmed" in [one["action"] for one in body["audit"]]
    assert body["account"]["email"] == "zoe.quittenbaum@town.example"
    assert body["ownWord"]["confirmed_at"]
    await shared.settle()
    held = [(await browser.http.get(address)).json() for address in body["elsewhere"]]
    assert held[0]["person"]["name"] == "Zoë Quittenbaum"
    assert held[1]["topics"]["offers"] == ["finance"]
    assert (await browser.http.get("/events/my-data/x")).status_code == 404


async def test_a_new_link_is_sent_to_those_who_are_published_and_answered_alike(shared: Hub, browser: Browser) -> None:
    ags, directory = towns(), shared.runtimes["directory"]
    await published(shared, ags, full(email="lost@town.example"))
    await tell(shared)
    answers = []
    for address in ("Lost@town.example", "nobody@town.example"):
        answer = await browser.submit(await browser.http.get("/mine"), "/mine", email=address)
        answers.append((answer.status_code, answer.text.replace(address, "")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 200
    async with directory.db.read(HUB) as session:
        waiting = (await session.execute(text("SELECT payload::text FROM job WHERE name = 'personal-link'"))).all()
    assert len(waiting) == 2
    assert not any("town.example" in payload for (payload,) in waiting)
    who = await found(shared, ags)
    async with directory.db.read(HUB) as session:
        people = await person.at_address(session, shared.settings, "LOST@town.example")
    assert [one.id for one in people] == [who.id]
    wrong = await browser.submit(await browser.http.get("/mine"), "/mine", email="nobody")
    assert (wrong.status_code, 'id="e-email"' in wrong.text) == (422, True)


async def test_who_hides_the_address_still_gets_a_link(shared: Hub, browser: Browser) -> None:
    ags = towns()
    await published(shared, ags, full(email="shy@town.example"))
    await tell(shared)
    page = await path(shared, ags)
    await browser.submit(await browser.http.get(f"{page}/audience"), f"{page}/audience", email="PRIVATE")
    async with shared.runtimes["directory"].db.read(HUB) as session:
        assert len(await person.at_address(session, shared.settings, "shy@town.example")) == 1


async def test_navigators_with_an_account_come_to_their_entry(shared: Hub) -> None:
    ags = towns()
    await published(shared, ags, full(email="own@town.example"))
    await tell(shared)
    own = await visitor(shared, ags, "navigator", email="Own@town.example")
    answer = await own.http.get("/mine")
    assert (answer.status_code, answer.headers.get("location", "")[:6]) == (303, "/mine/")
    assert "Zoë Quittenbaum" in (await own.http.get(answer.headers["location"])).text
    for org in (towns(), ags):
        other = await visitor(shared, org, "navigator" if org != ags else "editor", email="own@town.example")
        assert (await other.http.get("/mine")).status_code == 200


async def test_a_form_of_another_site_changes_nothing(shared: Hub, browser: Browser) -> None:
    ags = towns()
    await published(shared, ags, full())
    page = await path(shared, ags)
    assert (await browser.http.post(f"{page}/hide", data={"csrf": "x"})).status_code == 403
    assert (await found(shared, ags)).own is None


async def test_the_notice_and_the_record_say_what_the_code_does(shared: Hub, browser: Browser) -> None:
    notice = await browser.http.get("/privacy")
    assert notice.status_code == 200
    for words in ("18 Monaten", "30 Tagen", "90 Tagen", "Einwilligung", "Telefon"):
        assert words in notice.text, words
    assert (await browser.http.get("/privacy/record")).status_code == 200
    record = (await browser.http.get("/privacy/record.json")).json()
    assert len(record["fields"]) == 21
    assert {one["field"] for one in record["fields"] if "Einwilligung" in one["basis"]} == {"competences", "photo"}
    assert len(record["activities"]) == 8
