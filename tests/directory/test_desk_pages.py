"""The desk of a city in a browser without script: change rows, be told what is wrong, undo, see as others see."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx
import pytest_asyncio
from sqlalchemy import insert, select, text

from services.directory import store
from services.directory.models import Client, Project, ProposedProject, Publication
from services.directory.snapshot import NavigatorRow, Snapshot
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser, logged_in
from tests.conftest import Clients
from tests.directory.test_publishing import HEILBRONN, KONSTANZ, publish, snapshot

DESK = f"/city/{KONSTANZ}/desk"
DEPARTMENTS = [{"key": "41", "name": "Kulturamt", "target": 2}, {"key": "65", "name": "Hochbauamt"}]


@pytest_asyncio.fixture
async def city(shared: Hub) -> AsyncIterator[Any]:
    made = Clients(shared, [])
    client = await made(KONSTANZ)
    await publish(client, snapshot(departments=DEPARTMENTS))
    yield client
    await client.close()


@pytest_asyncio.fixture
async def editor(shared: Hub, city: Any) -> AsyncIterator[Browser]:
    browser = await logged_in(shared, KONSTANZ, "coordinator")
    yield browser
    await browser.close()


async def stored(hub: Hub, ags: str = KONSTANZ) -> Snapshot:
    async with hub.runtimes["directory"].db.read(HUB) as session:
        found = (await store.read(session, ags)).snapshot
    assert found is not None
    return found


async def person(hub: Hub, key: str) -> NavigatorRow:
    return next(row for row in (await stored(hub)).navigators if row.key == key)


async def opened(browser: Browser, path: str) -> httpx.Response:
    page = await browser.http.get(path)
    assert page.status_code == 200, page.text
    return page


def fields(page: httpx.Response, path: str) -> dict[str, Any]:
    """What a browser would send of the page's form to `path`, as it stands there."""
    form = re.search(rf'<form[^>]*action="{re.escape(path)}".*?</form>', page.text, re.DOTALL)
    assert form is not None, path
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form[0]):
        name, value, kind = (re.search(rf' {key}="([^"]*)"', tag) for key in ("name", "value", "type"))
        if name and (not kind or kind[1] not in {"checkbox", "radio", "search"} or " checked" in tag):
            sent.setdefault(name[1], []).append(unescape(value[1]) if value else "")
    for name, value in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n(.*?)</textarea>', form[0], re.DOTALL):
        sent[name] = [unescape(value)]
    for name, inside in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form[0], re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        sent[name] = [chosen[1]] if chosen else [""]
    return sent


async def save(browser: Browser, page: httpx.Response, path: str, **changes: Any) -> httpx.Response:
    return await browser.submit(page, path, **{**fields(page, path), **changes})


async def test_the_first_page_says_what_is_there_and_what_is_missing(editor: Browser) -> None:
    page = await opened(editor, DESK)
    said = " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())
    assert "Der Schreibtisch von Konstanz" in said
    assert re.search(r"Kulturamt 2 1 \(50 %\)", said)
    assert f"{DESK}/navigators/add?department=Kulturamt" in page.text
    shown = await opened(editor, f"{DESK}/navigators/add?department=Kulturamt")
    assert 'value="Kulturamt"' in shown.text


async def test_a_saved_form_that_changes_nothing_changes_nothing(shared: Hub, city: Any, editor: Browser) -> None:
    more = {
        "competences": {"social": ["Zuhören"]},
        "languages": ["de", "tr"],
        "tasks": ["ADVISE"],
        "since": "2024-02-29",
        "visibility": [{"field": "email", "audience": "CITY"}],
        "email": "zoe@konstanz.example",
        "mentor": "b",
    }
    people = [{**snapshot()["navigators"][0], **more}, snapshot()["navigators"][1]]
    projects = [{**snapshot()["projects"][0], "links": [{"url": "https://konstanz.example/x", "label": "Ein Bericht"}]}]
    await publish(city, snapshot(navigators=people, projects=projects, departments=DEPARTMENTS))
    before = await stored(shared)
    for path in ("navigators/row/a", "projects/row/p", "departments/row/41", "city"):
        page = await opened(editor, f"{DESK}/{path}")
        answer = await save(editor, page, f"{DESK}/{path}")
        assert answer.status_code == 303, (path, answer.text)
    assert await stored(shared) == before


async def test_a_navigator_is_changed_added_and_withdrawn(shared: Hub, editor: Browser) -> None:
    page = await opened(editor, f"{DESK}/navigators/row/a")
    answer = await save(editor, page, f"{DESK}/navigators/row/a", title="Leitung", offers="Finanzen\nE-Akte")
    assert answer.headers["location"] == f"{DESK}/navigators"
    row = await person(shared, "a")
    assert (row.title, row.offers, row.seeks) == ("Leitung", ("e-file", "finance"), ("e-invoice",))
    async with shared.runtimes["directory"].db.read(HUB) as session:
        newest = select(Publication.via).where(Publication.ags == KONSTANZ).order_by(Publication.id.desc()).limit(1)
        assert await session.scalar(newest) == "PAGE"

    page = await opened(editor, f"{DESK}/navigators/add")
    answer = await save(editor, page, f"{DESK}/navigators/add", name="Ömer Esche", email="o.esche@konstanz.example")
    assert answer.status_code == 303, answer.text
    assert (await person(shared, "o-esche")).name == "Ömer Esche"
    page = await opened(editor, f"{DESK}/navigators?q=esche")
    assert "Zoë Ahorn" not in page.text
    tag = fields(page, f"{DESK}/navigators/withdraw")["seen"]
    answer = await editor.submit(page, f"{DESK}/navigators/withdraw", key="o-esche", seen=tag)
    assert answer.status_code == 303
    page = await opened(editor, f"{DESK}/navigators")
    assert "Ömer Esche" in page.text, "the message names who was withdrawn"
    assert [row.key for row in (await stored(shared)).navigators] == ["a", "b"]
    answer = await editor.submit(page, f"{DESK}/undo")
    assert answer.headers["location"] == DESK
    assert [row.key for row in (await stored(shared)).navigators] == ["a", "b", "o-esche"]


async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(shared: Hub, editor: Browser) -> None:
    before = await stored(shared)
    page = await opened(editor, f"{DESK}/navigators/add")
    answer = await save(
        editor, page, f"{DESK}/navigators/add", name="Ömer Esche", email="kein Wort", phone="0171-ABC", room="2.01 <b>"
    )
    said = unescape(answer.text)
    assert answer.status_code == 422
    assert re.search(r'id="e-email">.*?Das ist keine E-Mail-Adresse', said, re.DOTALL)
    assert 'id="e-phone"' in said
    assert 'value="2.01 &lt;b&gt;"' in answer.text
    answer = await save(editor, page, f"{DESK}/navigators/add", name="Ömer Esche", hours_share="900")
    said = unescape(answer.text)
    assert 'id="e-hours_share"' in said
    assert "Felder" in said
    assert "Datenstand" not in said, "who fills in a form has sent none"
    answer = await save(editor, page, f"{DESK}/navigators/add", name="Ömer Esche", offers="Finanzn\nGartenbau XY")
    assert "„Finanzn“ steht nicht im Themenkatalog. Meinen Sie „" in unescape(answer.text)
    assert "Finanzn\nGartenbau XY</textarea>" in answer.text
    answer = await save(editor, page, f"{DESK}/navigators/add", name="")
    assert answer.status_code == 422
    assert await stored(shared) == before


async def test_nobody_overwrites_what_somebody_else_wrote(shared: Hub, city: Any, editor: Browser) -> None:
    page = await opened(editor, f"{DESK}/navigators/row/a")
    other = await logged_in(shared, KONSTANZ, "editor")
    theirs = await opened(other, f"{DESK}/navigators/row/a")
    elsewhere = await opened(other, f"{DESK}/navigators/row/b")
    assert (await save(other, theirs, f"{DESK}/navigators/row/a", title="Anders")).status_code == 303
    refused = await save(editor, page, f"{DESK}/navigators/row/a", title="Leitung")
    assert refused.status_code == 409
    assert "Inzwischen hat jemand diesen Eintrag geändert" in unescape(refused.text)
    assert 'value="Leitung"' in refused.text
    assert (await person(shared, "a")).title == "Anders"
    assert (await save(editor, refused, f"{DESK}/navigators/row/a")).status_code == 303, "knowing it, they may"
    assert (await person(shared, "a")).title == "Leitung"
    saved = await save(other, elsewhere, f"{DESK}/navigators/row/b", title="Planung")
    assert saved.status_code == 303, "another row is nobody's business"
    assert ((await person(shared, "a")).title, (await person(shared, "b")).title) == ("Leitung", "Planung")
    await other.close()


async def test_only_what_oneself_did_last_is_taken_back(shared: Hub, city: Any, editor: Browser) -> None:
    page = await opened(editor, f"{DESK}/departments/row/41")
    assert (await save(editor, page, f"{DESK}/departments/row/41", name="Amt für Kultur")).status_code == 303
    assert (await person(shared, "a")).department == "Amt für Kultur"
    page = await opened(editor, DESK)
    assert f"{DESK}/undo" in page.text
    await publish(city, snapshot(departments=DEPARTMENTS, projects=[]))
    answer = await editor.submit(page, f"{DESK}/undo")
    assert answer.status_code == 303
    assert (await stored(shared)).projects == (), "the other's publication stands"
    assert f"{DESK}/undo" not in (await opened(editor, DESK)).text


async def test_a_city_begins_by_hand(shared: Hub) -> None:
    async with shared.runtimes["directory"].db.begin(HUB) as session:
        await session.execute(
            insert(Client).values(client_id="c-dorf", name="Dorf", status="active", ags="08335055", scopes=[],
                                  method="none", grant_types=[], redirect_uris=[], details={})
        )  # fmt: skip
    browser = await logged_in(shared, "08335055", "editor")
    desk = "/city/08335055/desk"
    page = await opened(browser, desk)
    assert "noch nichts veröffentlicht" in page.text
    page = await opened(browser, f"{desk}/city")
    assert (await save(browser, page, f"{desk}/city", name="Reichenau")).status_code == 303
    page = await opened(browser, f"{desk}/navigators/add")
    assert (await save(browser, page, f"{desk}/navigators/add", name="Zoë Linde")).status_code == 303
    found = await stored(shared, "08335055")
    assert (found.city.name, [row.key for row in found.navigators]) == ("Reichenau", ["zoe-linde"])
    await browser.close()


async def test_others_have_no_business_at_the_desk(shared: Hub, editor: Browser) -> None:
    paths = [DESK, f"{DESK}/navigators", f"{DESK}/navigators/row/a", f"{DESK}/city", f"/city/{KONSTANZ}/ideas",
             f"/city/{KONSTANZ}/seen", f"/city/{KONSTANZ}/programs"]  # fmt: skip
    for org, role in ((HEILBRONN, "coordinator"), (KONSTANZ, "navigator"), ("08", "central")):
        browser = await logged_in(shared, org, role)
        assert {(await browser.http.get(path)).status_code for path in paths} == {403}, (org, role)
        await browser.close()
    assert (await editor.http.get(f"{DESK}/nothing")).status_code == 404
    assert (await editor.http.get(f"{DESK}/navigators/row/nobody")).status_code == 404


async def test_one_sees_as_others_see(shared: Hub, editor: Browser) -> None:
    texts = {by: (await opened(editor, f"/city/{KONSTANZ}/seen?by={by}")).text for by in ("PUBLIC", "NETWORK", "CITY")}
    assert ["Zoë Ahorn" in text for text in texts.values()] == [False, True, True]
    link = re.search(rf'href="(/city/{KONSTANZ}/seen/[0-9a-f-]+)">Zoë Ahorn', texts["NETWORK"])
    assert link is not None
    side = await opened(editor, link[1])
    row = re.search(r'<th scope="row">Name</th>(.*?)</tr>', side.text)
    assert row is not None
    assert re.findall(r"<td[^>]*>(.*?)</td>", row[1]) == ["–", "Zoë Ahorn", "Zoë Ahorn"]


async def proposed(hub: Hub, title: str) -> str:
    """An idea of an event, as its message brings it."""
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        query = insert(ProposedProject).values(
            id=text("gen_random_uuid()"), ags=KONSTANZ, event_id=text("gen_random_uuid()"), event_title="Tag",
            title=title, summary="", topics=["e-file"], navigators=[], status="PROPOSED", key="", at=text("now()"),
        )  # fmt: skip
        return str(await session.scalar(query.returning(ProposedProject.id)))


async def test_proposed_projects_are_accepted_or_declined(shared: Hub, editor: Browser) -> None:
    yes, no = await proposed(shared, "Reisekosten mit einem Klick"), await proposed(shared, "Faxgerät für alle")
    page = await opened(editor, f"/city/{KONSTANZ}/ideas")
    path = f"/city/{KONSTANZ}/ideas"
    assert (await editor.submit(page, f"{path}/{yes}", step="accept", seeks_partners="true")).status_code == 303
    assert (await editor.submit(page, f"{path}/{no}", step="decline")).status_code == 303
    page = await opened(editor, path)
    assert ("angenommen" in page.text, "abgelehnt" in page.text) == (True, True)
    assert "Reisekosten mit einem Klick" in [row.title for row in (await stored(shared)).projects]
    assert (await editor.submit(await opened(editor, DESK), f"{DESK}/undo")).status_code == 303
    page = await opened(editor, path)
    assert "später zurückgezogen" in unescape(page.text)
    assert (await editor.submit(page, f"{path}/{yes}")).status_code == 303
    assert "Reisekosten mit einem Klick" in [row.title for row in (await stored(shared)).projects]


async def test_another_city_joins_a_project_and_leaves(shared: Hub, city: Any, editor: Browser) -> None:
    made = Clients(shared, [])
    client = await made(HEILBRONN)
    people = [{"key": "h", "name": "Ida Ulme"}]
    await publish(client, {"city": {"ags": HEILBRONN, "name": "Heilbronn"}, "navigators": people, "projects": []})
    await client.close()
    page = await opened(editor, f"{DESK}/projects/row/p")
    assert (await save(editor, page, f"{DESK}/projects/row/p", seeks_partners="true")).status_code == 303
    async with shared.runtimes["directory"].db.read(HUB) as session:
        id_ = await session.scalar(select(Project.id).where(Project.ags == KONSTANZ, Project.title == "E-Akte"))
    other, path = await logged_in(shared, HEILBRONN, "coordinator"), f"/project/{id_}"
    page = await opened(other, path)
    ida = re.search(r'value="([0-9a-f-]{36})"><label[^>]*>Ida Ulme', page.text)
    assert ida is not None
    answer = await other.submit(page, f"{path}/join", navigators=ida[1], note="Wir testen im Bürgeramt.")
    assert answer.status_code == 303
    page = await opened(other, path)
    assert page.text.count("Wir testen im Bürgeramt.") == 2, "in the list, and in the form to change it"
    assert f"{path}/leave" not in (await opened(editor, path)).text.split("Heilbronn")[0]
    assert (await other.submit(page, f"{path}/leave")).status_code == 303
    assert "Wir testen" not in (await opened(editor, path)).text
    await other.close()


async def test_a_program_gets_a_new_secret(shared: Hub, city: Any, editor: Browser) -> None:
    path = f"/city/{KONSTANZ}/programs"
    page = await opened(editor, path)
    assert city.client_id in page.text
    before = page.text.partition(f'action="{path}"')[0]
    assert before.rfind("<summary>Neues Geheimnis") > before.rfind("</details>"), (
        "not by one press, which nobody undoes"
    )
    shown = await editor.submit(page, path, client=city.client_id)
    secret = re.search(r"<p><code>([\w-]{43})</code>", shown.text)
    assert secret is not None
    form = {"grant_type": "client_credentials"}
    token = f"{shared.settings.issuer}/oauth/token"
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.post(token, data=form, auth=(city.client_id, secret[1]))).status_code == 200
        assert (await http.post(token, data=form, auth=city.credentials)).status_code == 401
