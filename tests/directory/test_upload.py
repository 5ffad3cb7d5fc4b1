"""Publishing with a spreadsheet in a browser: template, dry run, yes, and what goes wrong in between."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select, update

from services.cli.browser import hidden
from services.directory import jobs, store, uploads
from services.directory.models import Draft, Publication
from services.directory.snapshot import Snapshot
from services.kit.db import HUB
from services.kit.jobs import Every
from services.kit.service import Hub
from services.kit.sheets.table import MOST_BYTES
from services.kit.sheets.writing import XLSX
from tests.browser_like import Browser, logged_in
from tests.conftest import Clients
from tests.directory.test_publishing import publish, snapshot
from tests.directory.workbooks import KONSTANZ, sheet

HEILBRONN = "08121000"
PAGE = f"/city/{KONSTANZ}/upload"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@pytest_asyncio.fixture
async def city(shared: Hub) -> AsyncIterator[Any]:
    """A program of Konstanz, which has published two people and a project."""
    made = Clients(shared, [])
    client = await made(KONSTANZ)
    await publish(client, snapshot())
    yield client
    await client.close()


@pytest_asyncio.fixture
async def editor(shared: Hub) -> AsyncIterator[Browser]:
    browser = await logged_in(shared, KONSTANZ, "editor")
    yield browser
    await browser.close()


async def send(browser: Browser, content: bytes, name: str = "Lotsen März.xlsx", page: str = PAGE) -> httpx.Response:
    form = await browser.http.get(page)
    assert form.status_code == 200, form.text
    return await browser.http.post(page, data=hidden(form, page), files={"file": (name, content, XLSX)})


async def previewed(browser: Browser, content: bytes) -> httpx.Response:
    answer = await send(browser, content)
    assert answer.status_code == 303, unescape(answer.text)
    shown = await browser.http.get(answer.headers["location"])
    assert shown.status_code == 200, shown.text
    return shown


async def yes(browser: Browser, shown: httpx.Response) -> httpx.Response:
    return await browser.submit(shown, f"{shown.url.path}/publish")


async def stored(hub: Hub, ags: str = KONSTANZ) -> Snapshot:
    async with hub.runtimes["directory"].db.read(HUB) as session:
        found = (await store.read(session, ags)).snapshot
    assert found is not None
    return found


async def drafts(hub: Hub) -> int:
    async with hub.runtimes["directory"].db.read(HUB) as session:
        return await session.scalar(select(func.count()).select_from(Draft)) or 0


async def test_a_list_is_looked_at_and_then_published(shared: Hub, city: Any, editor: Browser) -> None:
    rows: list[list[Any]] = [
        ["Name", "Amt", "bietet an", "Personalnummer"],
        ["Zoë Ahorn", "Kulturamt", "Kommunale Finanzen, Schulung", 4711],
        ["<b>Ida</b> Ulme", "=Bauamt"],
    ]
    shown = await previewed(editor, sheet(rows))
    text = unescape(shown.text)
    assert "<b>Ida</b>" not in shown.text
    assert re.search(
        r"Bietet an: <del>Kommunale Finanzen</del> → <ins>Kommunale Finanzen; Aus- und Fortbildung</ins>", text
    )
    assert "„Schulung“ wurde als „Aus- und Fortbildung“ verstanden." in text
    assert "Nicht gelesen, weil privat" in text
    assert "4711" not in text
    assert "no-store" in shown.headers["cache-control"]
    before = await stored(shared)
    assert [row.key for row in before.navigators] == ["a", "b"], "nothing was published yet"

    done = await yes(editor, shown)
    assert (done.status_code, done.headers["location"]) == (303, f"/city/{KONSTANZ}/desk")
    assert "Zeilen geändert" in unescape((await editor.http.get(PAGE)).text)
    now = await stored(shared)
    assert [(row.key, row.name, row.department) for row in now.navigators] == [
        ("a", "Zoë Ahorn", "Kulturamt"), ("b-ida-b-ulme", "<b>Ida</b> Ulme", "=Bauamt"),
    ]  # fmt: skip
    assert now.navigators[0].seeks == ("e-invoice",), "a field without a column stays"
    assert now.projects[0].navigators == ("a",)
    assert now.city == before.city
    assert await drafts(shared) == 0
    again = await yes(editor, shown)  # the button was pressed twice
    assert (again.status_code, again.headers["location"]) == (303, f"/city/{KONSTANZ}/desk")
    assert "schon veröffentlicht" in (await editor.http.get(again.headers["location"])).text
    async with shared.runtimes["directory"].db.read(HUB) as session:
        assert await session.scalar(select(Publication.via).order_by(Publication.id.desc()).limit(1)) == "UPLOAD"


async def test_the_template_sent_back_changes_nothing(shared: Hub, city: Any, editor: Browser) -> None:
    template = await editor.http.get(f"/city/{KONSTANZ}/template.xlsx")
    assert (template.status_code, template.headers["content-type"]) == (200, XLSX)
    shown = await previewed(editor, template.content)
    assert "Die Datei ändert nichts" in shown.text
    assert hidden(shown, f"{shown.url.path}/publish") is None


async def test_problems_are_told_by_sheet_row_and_column(shared: Hub, city: Any, editor: Browser) -> None:
    before = await drafts(shared)
    rows = [["Zoë Ahorn", "zoe"], ["", "x@konstanz.example"], ["Ida Erle", "ida@konstanz.example", "Zauberei"]]
    answer = await send(editor, sheet([["Name", "E-Mail", "Themen"], *rows]))
    text = unescape(answer.text)
    assert answer.status_code == 422
    assert re.findall(r"Zeile (\d)", text) == ["2", "3", "4"], "in the order of the file"
    assert "<strong>Blatt Lotsen, Zeile 2, Spalte E-Mail:</strong> Das ist keine E-Mail-Adresse." in text
    assert "<strong>Blatt Lotsen, Zeile 3, Spalte Name:</strong>" in text
    assert await drafts(shared) == before


async def test_who_was_quicker_is_not_overwritten(shared: Hub, city: Any, editor: Browser) -> None:
    rows = [["Kürzel", "Name", "Funktion"], ["a", "Zoë Ahorn", "Leitung"], ["b", "Änne Buche", ""]]
    shown = await previewed(editor, sheet(rows))
    people = [*snapshot()["navigators"], {"key": "c", "name": "Ömer Esche"}]
    await publish(city, snapshot(navigators=people))
    refused = await yes(editor, shown)
    text = unescape(refused.text)
    assert refused.status_code == 409
    assert "Inzwischen hat jemand anderes veröffentlicht" in text
    assert "Ömer Esche" not in text, "what the other one added stays"
    assert "<ins>Leitung</ins>" in text
    again = await editor.http.get(shown.url.path)
    assert "Seit Sie die Datei gesendet haben" in again.text
    assert (await yes(editor, again)).status_code == 303
    now = await stored(shared)
    assert [(row.key, row.title) for row in now.navigators] == [("a", "Leitung"), ("b", ""), ("c", "")]


async def test_a_city_without_a_publication_begins_with_a_list(shared: Hub) -> None:
    page = f"/city/{HEILBRONN}/upload"
    browser = await logged_in(shared, HEILBRONN, "editor")
    nothing = await browser.http.get(f"/city/{HEILBRONN}")
    assert (nothing.status_code, nothing.headers.get("location")) == (303, f"/city/{HEILBRONN}/desk")
    template = await browser.http.get(f"/city/{HEILBRONN}/template.xlsx")
    assert template.status_code == 200
    refused = await send(browser, sheet([["Name", "Amt"], ["Zoë Ahorn", "Amt"]]), page=page)
    assert "noch nichts veröffentlicht" in refused.text
    content = sheet([["Name", "Amt"], ["Zoë Ahorn", "Amt"]], "Lotsen", {"Stadt": [["Name"], ["Heilbronn"]]})
    answer = await send(browser, content, page=page)
    shown = await browser.http.get(answer.headers["location"])
    assert (await yes(browser, shown)).status_code == 303
    assert (await stored(shared, HEILBRONN)).city.name == "Heilbronn"
    await browser.close()


async def test_only_editors_of_the_city_get_in(shared: Hub, city: Any, editor: Browser) -> None:
    shown = await previewed(editor, sheet([["Name", "Amt"], ["Zoë Ahorn", "Kulturamt"]]))
    paths = (PAGE, str(shown.url.path), f"/city/{KONSTANZ}/template.xlsx")
    visitor = Browser(shared)
    for who, status in (
        (visitor, 303),
        (await logged_in(shared, KONSTANZ, "navigator"), 403),
        (await logged_in(shared, HEILBRONN, "coordinator"), 403),
        (await logged_in(shared, "08", "central"), 403),
    ):
        assert [(await who.http.get(path)).status_code for path in paths] == [status] * 3
        answer = await who.http.post(PAGE, files={"file": ("a.csv", b"Name;Amt\nA;B\n")})
        assert answer.status_code in {status, 403}
        await who.close()
    assert (await yes(editor, shown)).status_code == 303
    assert (await editor.http.get(shown.url.path)).status_code == 404


async def test_a_file_from_elsewhere_or_of_no_form_is_refused(shared: Hub, city: Any, editor: Browser) -> None:
    form = await editor.http.get(PAGE)
    fine = hidden(form, PAGE) or {}
    content = sheet([["Name", "Amt"], ["Zoë Ahorn", "Kulturamt"]])
    file = {"file": ("a.xlsx", content, XLSX)}
    wrong: list[tuple[int, dict[str, Any]]] = [
        (403, {"files": file}),
        (403, {"files": file, "data": fine, "headers": {"origin": "https://evil.example"}}),
        (403, {"files": file, "data": fine, "headers": {"sec-fetch-site": "cross-site"}}),
        (415, {"data": fine}),
        (422, {"files": {"other": ("a.xlsx", content, XLSX)}, "data": fine}),
        (422, {"files": [("file", ("a.xlsx", content, XLSX)), ("file", ("b.xlsx", content, XLSX))], "data": fine}),
        (422, {"content": b"--x\r\nbroken", "headers": {"content-type": "multipart/form-data; boundary=x"}}),
        (422, {"content": b"broken", "headers": {"content-type": "multipart/form-data"}}),
        (413, {"files": {"file": ("a.csv", b"x" * (MOST_BYTES + 1))}, "data": fine}),
        (413, {"files": {"file": ("a.csv", b"x" * (MOST_BYTES + 100_000))}, "data": fine}),
    ]
    before = await drafts(shared)
    for status, sent in wrong:
        assert (await editor.http.post(PAGE, **sent)).status_code == status, (status, str(sent)[:200])
    assert await drafts(shared) == before


async def test_an_upload_is_thrown_away_or_forgotten(shared: Hub, city: Any, editor: Browser) -> None:
    content = sheet([["Name", "Amt"], ["Zoë Ahorn", "Kulturamt"]])
    first = await previewed(editor, content)
    second = await previewed(editor, content)
    assert (await editor.http.get(first.url.path)).status_code == 404, "a new upload takes the place of the old one"
    assert (await editor.submit(second, f"{second.url.path}/discard")).status_code == 303
    assert (await editor.http.get(second.url.path)).status_code == 404
    third = await previewed(editor, content)
    runtime = shared.runtimes["directory"]
    async with runtime.db.begin(HUB) as session:
        await session.execute(update(Draft).values(at=datetime.now(UTC) - uploads.KEPT - timedelta(minutes=1)))
    for duty in jobs.duties(runtime):
        if isinstance(duty, Every) and duty.seconds == jobs.REGULAR_SECONDS:
            await duty.work(runtime.db)
    assert (await editor.http.get(third.url.path)).status_code == 404
    assert len((await stored(shared)).navigators) == 2


@pytest.mark.parametrize("name", ["..\\..\\Lotsen.csv", "/etc/passwd", "\u202eLotsen.csv", "a" * 1000 + ".csv"])
async def test_the_name_of_a_file_means_nothing(shared: Hub, city: Any, editor: Browser, name: str) -> None:
    answer = await send(editor, "Name;Amt\nZoë Ahorn;Kämmerei\n".encode("cp1252"), name)
    assert answer.status_code == 303


async def test_a_list_that_forgot_people_is_taken_back_where_it_is_looked_at(
    shared: Hub, city: Any, editor: Browser
) -> None:
    before = await stored(shared)
    shown = await previewed(editor, sheet([["Name"], ["Anna Meier"]]))
    row = re.search(r"<tr><th scope=\"row\">Projekte.*", shown.text)
    assert row is not None
    assert "bleibt wie veröffentlicht" not in row[0], "its project loses somebody"
    assert "<del>Zoë Ahorn; Änne Buche</del>" in shown.text
    done = await yes(editor, shown)
    assert await stored(shared) != before
    listed = await editor.http.get(f"/city/{KONSTANZ}/publications")
    newest = re.findall(rf"/city/{KONSTANZ}/publications/\d+", listed.text)[0]
    for path in (done.headers["location"], newest):
        assert "rückgängig" in (await editor.http.get(path)).text
    await editor.submit(await editor.http.get(newest), f"/city/{KONSTANZ}/desk/undo")
    assert await stored(shared) == before
