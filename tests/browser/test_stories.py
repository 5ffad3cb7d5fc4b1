"""What people come for, played in a real browser: from the first page to what they wanted."""

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.browser.seeing import DESK, PHONE, heading, opened, picture
from tests.browser.stage import CENTRAL, COORDINATOR, NEWCOMERS, Stage
from tests.directory.login.world import link_in, mails
from tests.directory.workbooks import sheet

pytestmark = pytest.mark.parametrize("width", [PHONE, DESK])
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip
"""A telephone or laptop that lets its owner in with a finger."""


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
async def test_a_visitor_finds_somebody_for_a_topic(chromium: Chromium, stage: Stage, width: int, script: bool) -> None:
    async with opened(chromium, stage, width=width, script=script) as tab:
        page = tab.page
        await tab.open("/")
        words = page.get_by_role("searchbox", name="Was suchen Sie?")
        await words.fill("Haushalt")
        await words.press("Enter")
        await heading(page, "Verzeichnis")
        await expect(page.get_by_role("status")).to_contain_text("„Haushalt“")
        await page.get_by_role("link", name=re.compile("^Lotsinnen und Lotsen")).click()
        card = page.get_by_role("article").first
        await card.get_by_role("heading").get_by_role("link").click()
        await expect(page.get_by_role("heading", name=re.compile("Bietet an|Sucht|Arbeitet an")).first).to_be_visible()
        await expect(page.get_by_text("Den Namen sehen")).to_be_visible()
        await page.go_back()
        await expect(page.get_by_role("searchbox")).to_have_value("Haushalt")
        assert await tab.settled() == []


async def test_graphiql_asks_all_of_the_graph_as_whoever_is_logged_in(
    chromium: Chromium, stage: Stage, width: int
) -> None:
    async with opened(chromium, stage, COORDINATOR, width=width) as tab:
        page = tab.page
        await tab.open(
            f"/graphiql?{urlencode({'query': '{ me { city { name } } events(first: 1) { nodes { id } } }'})}"
        )
        await page.get_by_role("button", name="Execute query").click()
        await expect(page.get_by_label("Result Window")).to_contain_text("Konstanz")
        await expect(page.get_by_label("Result Window")).to_contain_text("nodes")
        await page.get_by_role("button", name="Show Documentation Explorer").click()
        for name in ("Query", "Mutation", "Subscription"):
            await expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


async def test_the_list_follows_while_somebody_types(chromium: Chromium, stage: Stage, width: int) -> None:
    async with opened(chromium, stage, width=width) as tab:
        page = tab.page
        await tab.open("/directory")
        await page.evaluate("window.same = true")
        words, said = page.get_by_role("searchbox"), page.get_by_role("status")
        before = await said.inner_text()
        await words.press_sequentially("Finanzen", delay=10)
        await expect(said).to_contain_text("„Finanzen“")
        assert await said.inner_text() != before
        await expect(words).to_be_focused()
        assert "q=Finanzen" in page.url
        await words.fill("Quastenflosser")
        await expect(page.get_by_text("Nichts gefunden")).to_be_visible()
        assert await page.evaluate("window.same"), "the page stayed"
        assert await tab.settled() == []


async def test_who_is_lost_is_led_on(chromium: Chromium, stage: Stage, axe: str, width: int) -> None:
    async with opened(chromium, stage, width=width) as tab:
        assert await tab.open("/gibt-es-nicht") == 404
        assert await tab.audit(axe) == []
        await tab.page.get_by_role("link", name=re.compile("Startseite")).first.click()
        await expect(tab.page).to_have_url(f"{tab.issuer}/")


async def test_a_city_comes_in_and_publishes(
    chromium: Chromium, stage: Stage, axe: str, width: int, tmp_path: Path
) -> None:
    """Found by typing, registered, approved, logged in with a passkey, published from a list with three mistakes."""
    newcomer = NEWCOMERS[[PHONE, DESK].index(width)]
    ags, town, address = newcomer.ags, newcomer.name, f"erika.beispiel@{newcomer.name.lower()}.example"
    async with opened(chromium, stage, width=width) as tab:
        page = tab.page
        await tab.open("/")
        await page.get_by_role("main").get_by_role("link", name="Registrieren Sie Ihre Gemeinde").click()
        await page.get_by_role("searchbox").press_sequentially(town, delay=10)
        await expect(page.get_by_role("link", name=town)).to_be_visible()
        await picture(page, "stadt-anmelden")
        await page.get_by_role("link", name=town).click()
        await heading(page, re.compile(town))
        await page.get_by_label("Ihr Name").fill("Erika Beispiel")
        await page.get_by_role("button", name="Registrieren").click()
        summary = page.get_by_role("alert")
        await expect(summary).to_be_focused()
        assert await tab.audit(axe) == []
        await expect(page.get_by_label("Ihr Name")).to_have_value("Erika Beispiel")
        await page.get_by_label("Ihre dienstliche E-Mail-Adresse").fill(address)
        await page.get_by_role("checkbox", name="Ich stimme").check()
        await page.get_by_role("button", name="Registrieren").click()
        await heading(page, f"{town} ist registriert")

        async with opened(chromium, stage, CENTRAL, width=width) as office:
            await office.open("/registrations")
            await office.page.get_by_role("link", name=town).click()
            await expect(office.page.get_by_role("button", name="Freigeben")).to_be_visible()
            await picture(office.page, "stadt-freigeben")
            await office.page.get_by_role("button", name="Freigeben").click()
            await expect(office.page.get_by_role("status")).to_be_visible()
            assert await office.settled() == []

        invitation = [mail for mail in await mails(stage.hub, address, 2) if "Einladung" in mail["subject"]]
        tools = await page.context.new_cdp_session(page)
        await tools.send("WebAuthn.enable")
        await tools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        await page.goto(link_in(invitation[0]))
        await page.get_by_role("button", name="Weiter").click()
        await expect(page.get_by_role("button", name="Passkey anlegen")).to_be_visible()
        assert await tab.audit(axe) == []
        await picture(page, "anmeldung-einrichten")
        await page.get_by_role("button", name="Passkey anlegen").click()
        own = page.get_by_role("navigation", name="Was Sie hier tun können")
        await own.get_by_role("link", name="Mit einer Tabelle veröffentlichen").click()
        await heading(page, f"Mit einer Tabelle veröffentlichen: {town}")

        rows = [
            ["Name", "E-Mail", "Amt", "bietet an"],
            ["Zoë Ahorn", "zoe", "Kulturamt", "Kommunale Finanzen"],
            ["", "ida@town.example", "Bauamt", ""],
            ["Änne Buche", "aenne@town.example", "Bauamt", "Quastenflosser"],
        ]
        list_of = tmp_path / "Lotsen.xlsx"
        list_of.write_bytes(sheet(rows))
        await page.get_by_label("Tabelle", exact=True).set_input_files(list_of)
        await page.get_by_role("button", name="Datei prüfen").click()
        problems = page.get_by_role("alert")
        await expect(problems).to_be_focused()
        await expect(problems.get_by_role("listitem")).to_have_count(3)
        await expect(problems).to_contain_text("Zeile 2, Spalte E-Mail")
        await expect(problems).to_contain_text("Zeile 3, Spalte Name")
        await expect(problems).to_contain_text("Zeile 4")
        assert await tab.audit(axe) == []
        await picture(page, "liste-veroeffentlichen")

        rows[1][1], rows[2][0], rows[3][3] = "zoe@town.example", "Ida Ulme", "Kommunale Finanzen"
        list_of.write_bytes(sheet(rows))
        await page.get_by_label("Tabelle", exact=True).set_input_files(list_of)
        await page.get_by_role("button", name="Datei prüfen").click()
        await expect(page.get_by_text("Noch ist nichts veröffentlicht")).to_be_visible()
        assert await tab.audit(axe) == []
        await page.get_by_role("button", name="Veröffentlichen").click()
        await expect(page.get_by_role("status")).to_contain_text("Veröffentlicht")
        await tab.open(f"/city/{ags}")
        await heading(page, town)
        await expect(page.get_by_role("article")).to_have_count(3)
        assert await tab.settled() == []
