"""A central navigator: from the state at a glance to the cities that they look after, and a circular to those."""

import asyncio
from pathlib import Path

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from services.cli.demo import KONSTANZ
from tests.browser.seeing import TOWNS, heading, opened, story, tab_of
from tests.browser.stage import CENTRAL, COORDINATOR, NAMES, PLAN_SECONDS, Stage

pytestmark = story
STATE = "Baden-Württemberg"


async def test_a_central_navigator_writes_to_their_cities(
    chromium: Chromium, stage: Stage, axe: str, width: int, script: bool
) -> None:
    """Taken over, looked at, written to: first it is shown, and only then sent."""
    subject = f"Netzwerktreffen in {TOWNS[width, script]}"
    await (await stage.browser(COORDINATOR)).close()  # there is somebody to write to
    async with opened(chromium, stage, CENTRAL, width=width, script=script) as tab:
        page = tab.page
        await tab.open("/")
        await page.locator("summary", has_text="Meine Seiten").click()
        await page.get_by_role("link", name="Das Land auf einen Blick").click()
        await heading(page, f"{STATE} auf einen Blick")
        await tab_of(page, "Wer betreut wen", STATE)
        await page.get_by_label("Zentrale Lotsin oder zentraler Lotse").select_option(label=NAMES[CENTRAL])
        await page.get_by_label("Schlüssel einer Gemeinde").fill(KONSTANZ)
        await page.get_by_role("button", name="Speichern").click()
        await expect(page.get_by_role("status")).to_be_visible()
        await tab_of(page, "Meine Städte", STATE)
        await expect(page.get_by_role("row").filter(has_text="Konstanz")).to_be_visible()

        await page.get_by_role("link", name="Den Koordinationen schreiben").click()
        await heading(page, "Rundschreiben verfassen")
        await expect(page.get_by_label("die Städte, die ich betreue")).to_be_checked()
        await page.get_by_label("Betreff").fill(subject)
        await page.get_by_role("button", name="Vorher ansehen").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(page.get_by_label("Betreff")).to_have_value(subject)
        await page.get_by_label("Text", exact=True).fill("Liebe Kolleginnen und Kollegen,\n\nbitte melden Sie sich an.")
        await page.get_by_role("button", name="Vorher ansehen").click()
        await expect(page.get_by_text("Noch ist nichts gesendet.")).to_be_visible()
        if script:
            assert await tab.audit(axe) == []
        await page.get_by_role("button", name="Ändern").click()
        await expect(page.get_by_label("Betreff")).to_have_value(subject)
        await page.get_by_role("button", name="Vorher ansehen").click()
        await page.get_by_role("button", name="An einen Menschen senden").click()
        await heading(page, subject)
        await expect(page.get_by_role("status")).to_contain_text("Das Rundschreiben ist auf dem Weg.")
        await _sent(Path(stage.hub.settings.data, "mails"), subject)
        assert await tab.settled() == []


async def _sent(folder: Path, subject: str) -> None:
    """Wait for its mail."""
    async with asyncio.timeout(PLAN_SECONDS):
        while not any(subject.encode() in file.read_bytes() for file in folder.glob("*.eml")):
            await asyncio.sleep(0.1)
