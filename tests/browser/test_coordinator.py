"""A city's coordinator at their desk: an entry changed by hand and undone, and somebody who becomes a navigator."""

import re
from urllib.parse import urlsplit

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.browser.seeing import TOWNS, heading, opened, picture, story, tab_of
from tests.browser.stage import COORDINATOR, Stage
from tests.directory.login.world import mails

pytestmark = story
DESK_OF = "Der Schreibtisch von Konstanz"


async def test_an_entry_is_changed_and_changed_back(
    chromium: Chromium, stage: Stage, axe: str, width: int, script: bool
) -> None:
    async with opened(chromium, stage, COORDINATOR, width=width, script=script) as tab:
        page = tab.page
        await tab.open("/")
        await page.locator("summary", has_text="Meine Seiten").click()
        await page.get_by_role("link", name="Unser Schreibtisch").click()
        await tab_of(page, "Lotsinnen und Lotsen", DESK_OF)
        row = page.locator("tbody tr").first
        name = await row.get_by_role("link").inner_text()
        words = page.get_by_role("searchbox")
        await words.fill(name)
        await words.press("Enter")
        await expect(page.get_by_role("status").last).to_contain_text("1 von")
        await row.get_by_role("link", name=name).click()
        await heading(page, name)
        function, address = page.get_by_label("Funktion"), page.get_by_role("textbox", name="E-Mail-Adresse")
        before, right = await function.input_value(), await address.input_value()
        await function.fill("Ansprechperson für Formulare")
        await address.fill("keine Adresse")
        await page.get_by_role("button", name="Speichern und veröffentlichen").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(function).to_have_value("Ansprechperson für Formulare")
        if script:
            assert await tab.audit(axe) == []
        await address.fill(right)
        await page.get_by_role("button", name="Speichern und veröffentlichen").click()
        await expect(page.get_by_role("row").filter(has_text="Ansprechperson für Formulare")).to_be_visible()
        await page.get_by_role("button", name="Meine letzte Änderung rückgängig machen").click()
        await expect(page.get_by_role("status").first).to_be_visible()
        await tab_of(page, "Lotsinnen und Lotsen", DESK_OF)
        await page.get_by_role("link", name=name).click()
        await expect(function).to_have_value(before)
        assert await tab.settled() == []


async def test_somebody_is_nominated_and_becomes_a_navigator(
    chromium: Chromium, stage: Stage, axe: str, width: int, script: bool
) -> None:
    """The coordinator asks by mail, the person says yes without a login, the coordinator takes them in."""
    town = TOWNS[width, script]
    name, email = f"Ada {town}er", f"ada.{town.lower()}er@konstanz.example"
    async with (
        opened(chromium, stage, COORDINATOR, width=width, script=script) as tab,
        opened(chromium, stage, width=width, script=script) as theirs,
    ):
        page = tab.page
        await tab.open("/")
        await page.locator("summary", has_text="Meine Seiten").click()
        await page.get_by_role("link", name="Unser Schreibtisch").click()
        await tab_of(page, "Lotsinnen und Lotsen gewinnen", DESK_OF)
        await page.get_by_role("link", name="Jemanden fragen oder benennen").first.click()
        await page.get_by_label("Eine Führungskraft hat sie benannt").check()
        await page.get_by_label("Name", exact=True).fill(name)
        await page.get_by_label("E-Mail-Adresse").fill(email)
        await page.get_by_label(re.compile("^Benannt von")).fill("Ole Amtsleiter")
        await page.get_by_label("Erwartete Stunden im Monat").fill("6")
        await page.get_by_role("button", name="Anfrage senden").click()
        await expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("hat noch nicht geantwortet")
        await picture(page, "lotsen-gewinnen", page.locator("#people"))

        (mail,) = await mails(stage.hub, email)
        body = mail.get_body(("plain",))
        assert body is not None
        await theirs.open(urlsplit(re.findall(r"\S+/candidacy/\S+", str(body.get_content()))[0]).path)
        await expect(theirs.page.get_by_text("Ole Amtsleiter")).to_be_visible()
        if script:
            assert await theirs.audit(axe) == []
        await theirs.page.get_by_role("button", name="Ja, ich möchte").click()
        await expect(theirs.page.get_by_text("Sie haben Ja gesagt.")).to_be_visible()

        await page.reload()
        await page.get_by_role("link", name=name).click()
        await page.get_by_role("button", name="Als Lotsin oder Lotse aufnehmen").click()
        await heading(page, name)
        await expect(page.get_by_role("status")).to_contain_text("veröffentlicht")
        assert await tab.settled() == []
        assert await theirs.settled() == []
