"""An organiser before the day: an event from a template, groups, the print pack; with script and without."""

import asyncio
import datetime as dt
import re
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Locator, Page, expect

from services.cli.demo import KONSTANZ
from tests.browser.seeing import DESK, PHONE, TOWNS, Tab, heading, opened, picture, tab_of
from tests.browser.stage import ORGANISER, PLAN_SECONDS, Stage

NAMED = "query ($city: ID!) { city(ags: $city) { navigators(first: 10) { nodes { name } } } }"
pytestmark = [
    pytest.mark.parametrize("width", [PHONE, DESK]),
    pytest.mark.parametrize("script", [True, False], ids=["with script", "without"]),
]


async def dragged(page: Page, thing: Locator, onto: Locator) -> None:
    """With the mouse, as a hand does it: pressed on `thing`, moved in steps, let go in the middle of `onto`."""
    await onto.scroll_into_view_if_needed()
    places = []
    for one in (thing, onto):
        box = await one.bounding_box()
        assert box is not None
        places.append((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
    await page.mouse.move(*places[0])
    await page.mouse.down()
    await page.mouse.move(*places[1], steps=12)
    await page.mouse.up()


async def downloaded(page: Page, label: str) -> bytes:
    async with page.expect_download() as awaited:
        await page.get_by_role("link", name=label).click()
    return Path(await (await awaited.value).path()).read_bytes()


async def test_an_event_from_a_template(chromium: Chromium, stage: Stage, axe: str, width: int, script: bool) -> None:
    """Made, changed, opened for registration, people invited: each step leads to the next."""
    title = f"Lernreise nach {TOWNS[width, script]}"
    day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=40)
    async with opened(chromium, stage, ORGANISER, width=width, script=script) as tab:
        page = tab.page
        await tab.open("/")
        await page.locator("summary", has_text="Meine Seiten").click()
        await page.get_by_role("link", name="Veranstaltungen organisieren").click()
        await page.get_by_role("link", name="Neue Veranstaltung").first.click()
        await heading(page, "Neue Veranstaltung")
        await picture(page, "veranstaltung-anlegen")
        await page.get_by_label("Titel").fill(title)
        await page.get_by_role("button", name="Veranstaltung anlegen").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(page.get_by_label("Titel")).to_have_value(title)
        if script:
            assert await tab.audit(axe) == []
        when = page.get_by_role("group", name="Wann")
        for label, value in (("Tag", day.day), ("Monat", day.month), ("Jahr", day.year)):
            await when.get_by_label(label, exact=True).fill(str(value))
        await page.get_by_label("Konstanz").check()
        made = page.get_by_role("button", name="Veranstaltung anlegen")
        posted: list[str] = []
        page.on("request", lambda asked: posted.append(asked.url) if asked.method == "POST" else None)
        if script:
            await made.evaluate("(button) => { button.click(); setTimeout(() => button.click(), 50); }")
        else:
            await made.click()
        await heading(page, title)
        assert len(posted) == 1, "whoever presses twice sends once"
        await expect(page.get_by_role("status")).to_contain_text("angelegt")

        await tab_of(page, "Programm")
        await page.get_by_label("Beginn", exact=True).fill("12:30")
        await page.get_by_role("textbox", name="Titel").fill(f"Gruppenfoto {'ü' * 180}")
        await page.get_by_role("button", name="Punkt hinzufügen").click()
        photo = page.get_by_role("listitem").filter(has_text="Gruppenfoto")
        await photo.get_by_role("button", name=re.compile("^Entfernen")).click()
        await expect(photo).to_have_count(0)
        if script:  # the message names what is gone, and it has one long word
            assert await tab.ask("document.documentElement.scrollWidth <= innerWidth")
        await page.get_by_role("button", name="Wieder einfügen").click()
        await expect(photo).to_be_visible()

        await tab_of(page, "Personen")
        await page.get_by_role("link", name="Plätze und Frist festlegen").first.click()
        await page.get_by_label(re.compile("^Plätze insgesamt")).fill("viel")
        await page.get_by_role("button", name="Anmeldung eröffnen").click()
        await expect(page.get_by_label(re.compile("^Plätze insgesamt"))).to_have_value("viel")
        await page.get_by_label(re.compile("^Plätze insgesamt")).fill("20")
        await page.get_by_role("button", name="Anmeldung eröffnen").click()
        await expect(page.get_by_role("status")).to_be_visible()
        await tab_of(page, "Einladen", "Personen")
        await page.get_by_label("Konstanz").check()
        await page.get_by_role("button", name="Einladungen senden").click()
        await expect(page.get_by_role("status")).to_contain_text("25 Personen sind eingeladen")
        await expect(page.locator("tbody tr")).to_have_count(25 + 2)  # people, and the places of two cities
        assert await tab.settled() == []


async def test_a_list_with_a_mistake_is_looked_at_before_anybody_is_added(
    chromium: Chromium, stage: Stage, axe: str, width: int, script: bool
) -> None:
    event = await stage.event(2, title=f"Netzwerktreffen in {TOWNS[width, script]}")
    others = await stage.ask(NAMED, city=KONSTANZ)
    names = [one["name"] for one in others["city"]["navigators"]["nodes"][5:7]]
    async with opened(chromium, stage, ORGANISER, width=width, script=script) as tab:
        page = tab.page
        await tab.open(event.path)
        await tab_of(page, "Personen")
        await tab_of(page, "Liste einlesen", "Personen")
        await page.get_by_label("Namen oder E-Mail-Adressen").fill("\n".join([names[0], "Nie Manda", names[1]]))
        await page.get_by_role("button", name="Namen prüfen").click()
        wrong = page.get_by_role("listitem").filter(has_text="Zeile 2")
        await expect(wrong).to_contain_text("Das Verzeichnis kennt diese Person nicht.")
        await expect(page.locator("tbody tr").filter(has_text="Nie Manda")).to_contain_text("unbekannt")
        if script:
            assert await tab.audit(axe) == []
        await page.get_by_role("link", name="Eine andere Liste").click()
        await page.get_by_label("Namen oder E-Mail-Adressen").fill("\n".join(names))
        await page.get_by_role("button", name="Namen prüfen").click()
        await expect(page.get_by_text("Noch ist nichts geschehen.")).to_be_visible()
        await page.get_by_role("button", name="2 Personen hinzufügen").click()
        await expect(page.get_by_role("row").filter(has_text=names[1])).to_be_visible()
        assert await tab.settled() == []


async def test_groups_are_planned_looked_at_changed_and_printed(
    chromium: Chromium, stage: Stage, width: int, script: bool
) -> None:
    event = await stage.event(title=f"Speed-Dating in {TOWNS[width, script]}")
    async with opened(chromium, stage, ORGANISER, width=width, script=script) as tab:
        page = tab.page
        await tab.open(event.path)
        await tab_of(page, "Gruppen")
        await page.get_by_role("link", name="Gruppen planen").click()
        await page.get_by_label("Runden", exact=True).fill("3")
        await page.get_by_label("Tische", exact=True).fill("4")
        topics = page.get_by_label("Themen der Tische")  # those of the event, one for each of its five tables
        await topics.fill("\n".join((await topics.input_value()).splitlines()[:4]))
        await page.get_by_label("Wie lange gesucht wird").select_option(label="3 Sekunden: für einen ersten Blick")
        await page.get_by_role("button", name="Suche starten").click()
        await page.wait_for_url(re.compile("/groups/[0-9a-f-]{36}$"))
        await watched(tab)
        await expect(page.get_by_role("heading", name="Wie gut der Plan ist")).to_be_visible()
        await picture(page, "gruppen-planen")

        await tab_of(page, "Tische je Runde", "Teile des Plans")
        await page.get_by_role("button", name="Kopieren und umsetzen").click()
        tables = [page.locator(f"[data-drop='{number}']") for number in range(1, 5)]
        first = tables[0].get_by_role("listitem").first
        name = await first.get_by_role("link").inner_text()
        await page.get_by_text("Jemanden an einen anderen Tisch setzen").click()
        await page.get_by_label("Person", exact=True).select_option(label=name)
        await page.get_by_label("An Tisch").select_option("2")
        await page.get_by_role("button", name="Umsetzen").click()
        await expect(tables[1].get_by_role("link", name=name)).to_be_visible()
        if script and width == DESK:
            await dragged(page, tables[1].get_by_role("link", name=name), tables[2])
            await expect(tables[2].get_by_role("link", name=name)).to_be_visible()
            await expect(tables[1].get_by_role("link", name=name)).to_have_count(0)
        await page.get_by_role("link", name=name).first.click()
        await heading(page, name)
        await expect(page.get_by_role("heading", name="Plätze ändern")).to_be_visible()

        await page.get_by_role("link", name="Plan 2", exact=True).click()
        await page.get_by_role("checkbox", name=re.compile("^Obwohl er harte Regeln verletzt")).check()
        await page.get_by_role("button", name="Veröffentlichen").click()
        await expect(page.get_by_text("gilt für den Tag").first).to_be_visible()
        await page.get_by_role("link", name=re.compile("vergleichen")).click()
        await heading(page, "Zwei Pläne nebeneinander")

        await tab.open(f"{event.path}/papers")
        packed = ZipFile(BytesIO(await downloaded(page, "Druckpaket")))
        for name in ("ablaufplan.pdf", "tischkarten.pdf"):
            assert any(one.endswith(name) for one in packed.namelist()), name
        assert await tab.settled() == []


async def watched(tab: Tab) -> None:
    """How far the search is, until it has ended: the page says it by itself, or when it is looked at again."""
    progress = tab.page.get_by_role("progressbar")
    if tab.script:
        await tab.ask("window.same = true")
        await expect(progress).to_have_count(0, timeout=1000 * PLAN_SECONDS)
        assert await tab.ask("window.same"), "the page stayed"
        return
    async with asyncio.timeout(PLAN_SECONDS):
        while await progress.count():
            await tab.page.get_by_role("link", name="Noch einmal nachsehen").click()
