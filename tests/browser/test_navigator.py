"""A navigator's own pages, without an account: the entry and its rights, the self-assessment, events, contacts."""

import asyncio
import json
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from services.kit.service import Hub
from tests.browser.seeing import DESK, PHONE, TOWNS, heading, opened, picture
from tests.browser.stage import PLAN_SECONDS, Stage

pytestmark = [
    pytest.mark.parametrize("width", [PHONE, DESK]),
    pytest.mark.parametrize("script", [True, False], ids=["with script", "without"]),
]
WHO = "query ($id: ID!) { navigator(id: $id) { name email } }"
SUBJECT = "Der Link zu Ihrem Eintrag im Verzeichnis"


async def link_sent(hub: Hub, address: str) -> str:
    """The path of the person's own page, from the mail that was asked for."""
    read = set[Path]()
    async with asyncio.timeout(PLAN_SECONDS):
        while True:
            for file in set(Path(hub.settings.data, "mails").glob("*.eml")) - read:
                read.add(file)
                mail = message_from_bytes(file.read_bytes(), policy=policy.default)
                if mail["subject"] == SUBJECT and address in str(mail["to"]):
                    body = mail.get_body(("plain",))
                    assert body is not None
                    url = next(word for word in str(body.get_content()).split() if "/mine/" in word)
                    return urlsplit(url).path
            await asyncio.sleep(0.1)


async def test_a_navigator_looks_after_their_entry(chromium: Chromium, stage: Stage, width: int, script: bool) -> None:
    """Link by mail, a correction, who sees what, the self-assessment, one's data as a file."""
    event = await stage.event(2)
    who = (await stage.ask(WHO, id=event.people[0]))["navigator"]
    async with opened(chromium, stage, width=width, script=script) as tab:
        page = tab.page
        await tab.open("/")
        await page.get_by_role("main").get_by_role("link", name="Mein Eintrag im Verzeichnis").click()
        await page.get_by_label("E-Mail-Adresse").fill(who["email"])
        await page.get_by_role("button", name="Link schicken").click()
        await heading(page, "Bitte sehen Sie in Ihr Postfach")
        await tab.open(await link_sent(stage.hub, who["email"]))
        await heading(page, "Mein Eintrag im Verzeichnis")
        await expect(page.get_by_role("row").filter(has_text=who["name"])).to_be_visible()
        await picture(page, "mein-eintrag")

        await page.get_by_role("link", name="Etwas berichtigen").click()
        telephone = f"07531 900-{width}"
        await page.get_by_label("Telefon").fill(telephone)
        await page.get_by_role("button", name="Speichern").click()
        await expect(page.get_by_role("status")).to_contain_text("Ihre Berichtigungen gelten ab jetzt.")
        await expect(page.get_by_role("row").filter(has_text=telephone)).to_be_visible()
        await page.get_by_role("link", name="Wählen, wer was sieht").click()
        await page.get_by_label("Telefon").select_option(label="die eigene Stadt")
        await page.get_by_role("button", name="Speichern").click()
        await expect(page.get_by_role("row").filter(has_text=telephone)).to_contain_text("die eigene Stadt")

        await page.get_by_role("link", name="Meine Selbsteinschätzung").click()
        await expect(page.get_by_text("Das lesen nur Sie.")).to_be_visible()
        await expect(page.get_by_text("(freiwillig)")).to_have_count(0)
        first = page.get_by_role("combobox").first
        await first.select_option("3")
        await picture(page, "selbsteinschaetzung", page.get_by_text("Alles ist freiwillig"))
        await page.get_by_label("Was ich als Nächstes lernen möchte").fill("Moderieren")
        await page.get_by_role("button", name="Für mich speichern").click()
        await expect(first).to_have_value("3")
        await expect(page.get_by_role("button", name="Meine Koordination lesen lassen")).to_be_visible()
        await page.get_by_role("button", name="Meine Selbsteinschätzung löschen").click()
        await expect(first).to_have_value("")

        await (
            page.get_by_role("navigation", name="Brotkrumen")
            .get_by_role("link", name="Mein Eintrag im Verzeichnis")
            .click()
        )
        async with page.expect_download() as awaited:
            await page.get_by_role("link", name="Ihre Daten mitnehmen (JSON)").click()
        data = json.loads(Path(await (await awaited.value).path()).read_bytes())
        assert who["name"] in json.dumps(data, ensure_ascii=False)
        await page.get_by_role("link", name="Wer was getan und gesehen hat").click()
        await expect(page.get_by_role("row").nth(1)).to_be_visible()
        assert await tab.settled() == []


async def test_a_navigator_finds_their_day(chromium: Chromium, stage: Stage, width: int, script: bool) -> None:
    """From the entry to one's events, to the page of the day, a topic for the open space, and contacts."""
    title = f"Lernreise nach {TOWNS[width, script]}"
    event = await stage.event(8, seated=True, title=title)
    await stage.market(event)
    await stage.command(event, "startRound")
    who = (await stage.ask(WHO, id=event.people[0]))["navigator"]
    async with opened(chromium, stage, width=width, script=script) as tab:
        page = tab.page
        await tab.open("/mine")
        await page.get_by_label("E-Mail-Adresse").fill(who["email"])
        await page.get_by_role("button", name="Link schicken").click()
        await tab.open(await link_sent(stage.hub, who["email"]))
        await page.get_by_role("link", name="Meine Veranstaltungen, Tische und Kontakte").click()
        card = page.get_by_role("article").filter(has_text=title)
        await expect(card.get_by_text("Runde 1: Tisch 1")).to_be_visible()
        await picture(page, "meine-veranstaltungen")
        await card.get_by_role("link", name="Mein Tag").click()
        await heading(page, "Wo jetzt?")
        await expect(page.get_by_role("region", name="Jetzt", exact=True)).to_contain_text("Tisch 1")
        await picture(page, "wo-jetzt")

        day = page.get_by_role("navigation", name="Ihr Tag")
        await day.get_by_role("link", name="Open Space").click()
        await page.get_by_label("Worüber möchten Sie sprechen?").fill("Was lassen wir weg?")
        await picture(page, "thema-vorschlagen")
        await page.get_by_role("button", name="An die Wand").click()
        mine = page.get_by_role("listitem").filter(has_text="Was lassen wir weg?")
        await mine.get_by_role("checkbox", name="interessiert mich Was lassen wir weg?").check()
        await page.get_by_role("button", name="Wünsche speichern").click()
        await expect(mine).to_contain_text("1 interessiert")

        await day.get_by_role("link", name="Kontakte").click()
        other = page.get_by_role("listitem").filter(has_text="Runde 1").first
        await other.get_by_role("button", name="In Kontakt bleiben").click()
        await expect(page.get_by_text("die andere Person hat noch nichts gesagt")).to_be_visible()
        assert await tab.settled() == []
