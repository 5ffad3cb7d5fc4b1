"""A year of modules in the browser: begun from the template, put in order, held, and looked back at."""

import datetime as dt
import re

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.browser.seeing import TOWNS, heading, opened, picture, story, tab_of
from tests.browser.stage import ORGANISER, Stage

pytestmark = story
PROGRAMME = "Dieses Programm"


async def test_a_programme_from_the_template_to_its_first_day(
    chromium: Chromium, stage: Stage, axe: str, width: int, script: bool
) -> None:
    title, own = f"Das erste Jahr in {TOWNS[width, script]}", f"Moderieren in {TOWNS[width, script]}"
    day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=50)
    async with opened(chromium, stage, ORGANISER, width=width, script=script) as tab:
        page = tab.page
        await tab.open("/")
        await page.locator("summary", has_text="Meine Seiten").click()
        await page.get_by_role("link", name="Programme und Module").click()
        await page.get_by_role("link", name="Neues Programm").first.click()
        await page.get_by_label("Jahr", exact=True).fill("bald")
        await page.get_by_role("button", name="Programm anlegen").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        if script:
            assert await tab.audit(axe) == []
        await page.get_by_label("Titel").fill(title)
        await page.get_by_label("Jahr", exact=True).fill("2027")
        await page.get_by_role("button", name="Programm anlegen").click()
        await heading(page, title)
        rows = page.locator("tbody tr")
        await expect(rows).to_have_count(3)

        await page.get_by_role("link", name="Neues Modul schreiben").click()
        await page.get_by_label("Titel").fill(own)
        await page.get_by_label("Ziele").fill("Ich kann ein Treffen leiten.")
        await page.get_by_role("button", name="Modul anlegen").click()
        await heading(page, title)
        await expect(rows).to_have_count(4)
        await rows.nth(3).get_by_role("button", name=f"Früher {own}").click()
        await expect(rows.nth(2)).to_contain_text(own)
        await picture(page, "programm", page.get_by_role("navigation", name=PROGRAMME))

        await rows.nth(2).get_by_role("link", name=f"Veranstalten {own}").click()
        await heading(page, "Neue Veranstaltung")
        await expect(page.get_by_label("Titel")).to_have_value(own)
        when = page.get_by_role("group", name="Wann")
        for label, value in (("Tag", day.day), ("Monat", day.month), ("Jahr", day.year)):
            await when.get_by_label(label, exact=True).fill(str(value))
        await page.get_by_role("button", name="Veranstaltung anlegen").click()
        await heading(page, own)

        await page.locator("summary", has_text="Meine Seiten").click()
        await page.get_by_role("link", name="Programme und Module").click()
        await page.get_by_role("link", name=title).click()
        await expect(rows.nth(2)).to_contain_text(re.compile(rf" {day.day}\. \w+ {day.year}"))
        await tab_of(page, "Wer was besucht hat", PROGRAMME)
        await expect(rows.first).to_be_visible()
        assert await tab.settled() == []
