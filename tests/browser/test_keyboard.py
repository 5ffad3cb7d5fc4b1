"""The keyboard alone: one stop after the other, in the order in which people read, each visible."""

import re
from itertools import pairwise
from typing import Any, Final

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Locator, expect

from services.cli.demo import KONSTANZ
from tests.browser.seeing import DESK, PHONE, TOWNS, Paths, Tab, each_kind, heading, opened
from tests.browser.stage import COORDINATOR, ORGANISER, Stage
from tests.conftest import soak

MOST_STOPS: Final = 400
CLOSE: Final = 8
"""Pixels by which things in one line may stand higher or lower."""


async def stops(tab: Tab) -> list[dict[str, Any]]:
    """Every stop of the Tab key from the top of the page until it leaves it."""
    found: list[dict[str, Any]] = []
    for _each in range(MOST_STOPS):
        await tab.page.keyboard.press("Tab")
        one = await tab.ask("looking.calm().then(looking.stop)")
        if one is None:
            break
        found.append(one)
    return found


def astray(found: list[dict[str, Any]]) -> list[str]:
    """Stops that lie above and left of the one before, or left of it in its line: whoever reads comes by earlier."""
    wrong = []
    for one, other in pairwise(found):
        (left, top, right, bottom), (to_left, to_top, _right, to_bottom) = one["box"], other["box"]
        below, beside = to_top >= bottom - CLOSE, to_left >= right - CLOSE
        within = to_left >= left - CLOSE and to_top >= top - CLOSE
        if not (below or beside or within or to_bottom > bottom + CLOSE):
            wrong.append(f"{one['words']} → {other['words']}")
    return wrong


async def to(tab: Tab, wanted: Locator, key: str = "Tab") -> None:
    """Go on until it has the focus."""
    for _each in range(MOST_STOPS):
        await tab.page.keyboard.press(key)
        if await wanted.evaluate("(one) => one === document.activeElement"):
            return
    raise AssertionError(f"{key} does not lead to {wanted}")


TOP = ["Zum Inhalt springen", "Lotsennetz"]
MAIN = ["Verzeichnis", "Themen", "Veranstaltungen"]
FOOT = ["Offene Daten", "Hilfe", "Datenschutz", "Für Entwickler", "Barrierefreiheit", "Impressum"]
FRONT = [
    "Was suchen Sie?", "Suchen", "2 Kommunen", "50 Lotsinnen und Lotsen", "12 Projekte",
    "Kommunale Finanzen", "…", "Kommunikation und Beteiligung", "Alle Themen",
    "Registrieren Sie Ihre Gemeinde", "Mein Eintrag im Verzeichnis", "Für Entwickler",
]  # fmt: skip
FOUND = [
    "Startseite", "Suchen", "Suchen", "Land", "Thema",
    "Alle", "Lotsinnen und Lotsen 10", "Projekte 0", "Städte und Gemeinden 0", "Themen 1",
    "Sozial- und Jugendamt, Stabsstelle Rechnungswesen und zentrale Dienste", "Buchhaltung und Rechnungswesen", "…",
]  # fmt: skip
SENDING = [
    "Meine Seiten",
    "Startseite",
    "Konstanz",
    "Unser Schreibtisch",
    "Tabelle",
    "Datei prüfen",
    "Vorlage herunterladen (XLSX)",
]


@pytest.mark.parametrize(
    ("person", "path", "expected"),
    [
        ("a visitor", "/", [*TOP, "Anmelden", *MAIN, *FRONT, *FOOT]),
        ("a visitor", "/directory?q=Finanzen&kind=NAVIGATOR", [*TOP, "Anmelden", *MAIN, *FOUND, *FOOT]),
        (COORDINATOR, f"/city/{KONSTANZ}/upload", [*TOP, "Mein Konto", "Abmelden", *MAIN, *SENDING, *FOOT]),
    ],
    ids=["front page", "directory", "publishing"],
)
async def test_the_busiest_pages_are_gone_through_in_order(
    chromium: Chromium, stage: Stage, person: str, path: str, expected: list[str]
) -> None:
    """“…” stands for further links of the same kind."""
    async with opened(chromium, stage, person) as tab:
        await tab.open(path)
        found = await stops(tab)
        said = [one["words"] for one in found]
        if "…" in expected:
            before = expected.index("…")
            after = len(expected) - before - 1
            said[before:-after] = ["…"]
        assert said == expected
        assert [one for one in found if not (one["seen"] and one["free"])] == []
        assert astray(found) == []


DAY = [
    "Ihre Idee", "mit meinem Namen", "An die Tafel", "Jetzt", "Open Space", "Abstimmungen", "Rückmeldung", "Kontakte",
    "Der Plan des Open Space", "Meine Anmeldung",
]  # fmt: skip
ORGANISED = ["Meine Seiten", "Startseite", "Veranstaltungen organisieren"]
COCKPIT = [
    "Überblick", "Programm", "Ort und Räume", "Personen", "Gruppen", "Unterlagen", "Der Tag", "Nachlese",
    "Uhr", "Wer ist da", "Busse", "Ideen", "Open Space", "Ergebnisse", "Abstimmungen",
    "Runde 1 starten", "Einstellungen und Ende der Runden", "Bildschirm für den Saal", "Open-Space-Plan für den Saal",
    "Was alle jetzt wissen sollen", "auch per E-Mail", "Mitteilen",
    "Wer fehlt oder kommt später?", "Restliche Runden neu planen",
]  # fmt: skip


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_the_page_of_the_day_is_used_by_keyboard_alone(chromium: Chromium, stage: Stage, width: int) -> None:
    """All stops in order, there and back; then an idea is written, ticked and sent without a mouse."""
    event = await stage.event(8, seated=True, title="Lernreise nach Ulm")
    await stage.command(event, "startRound")
    async with opened(chromium, stage, width=width) as tab:
        page = tab.page
        await tab.open(event.mine)
        found = await stops(tab)
        assert [one["words"] for one in found] == [*TOP, "Anmelden", *MAIN, *DAY, *FOOT]
        assert [one for one in found if not (one["seen"] and one["free"])] == []
        assert astray(found) == []

        await tab.open(event.mine)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("main")).to_be_focused()
        idea = page.get_by_label("Ihre Idee")
        await to(tab, idea)
        await page.keyboard.type("Ein gemeinsames Formular")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await expect(page.get_by_label("mit meinem Namen")).to_be_checked()
        await page.keyboard.press("Shift+Tab")
        await expect(idea).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Ihre Idee steht an der Tafel.")).to_be_visible()
        await to(tab, page.get_by_role("link", name="Abstimmungen"))
        await page.keyboard.press("Enter")
        await heading(page, "Abstimmungen")
        assert await tab.settled() == []


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_the_cockpit_is_used_by_keyboard_alone(chromium: Chromium, stage: Stage, width: int) -> None:
    """All stops in order; the menu opens, and Escape closes it; a round is begun and all are told something."""
    title = f"Lernreise nach {TOWNS[width, True]}"
    event = await stage.event(8, seated=True, title=title)
    async with opened(chromium, stage, ORGANISER, width=width) as tab:
        page = tab.page
        await tab.open(f"{event.path}/day")
        found = await stops(tab)
        said = [one["words"] for one in found]
        assert said == [*TOP, "Mein Konto", "Abmelden", *MAIN, *ORGANISED, title, *COCKPIT, *FOOT]
        assert [one for one in found if not (one["seen"] and one["free"])] == []
        assert astray(found) == []

        await tab.open(f"{event.path}/day")
        menu = page.locator("summary", has_text="Meine Seiten")
        await to(tab, menu)
        await page.keyboard.press("Enter")
        first = page.get_by_role("navigation", name="Meine Seiten").get_by_role("link").first
        await page.keyboard.press("Tab")
        await expect(first).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(menu).to_be_focused()
        await expect(first).to_be_hidden()
        await page.keyboard.press("Space")
        await expect(first).to_be_visible()
        await page.keyboard.press("Shift+Tab")
        await expect(first).to_be_hidden()

        await to(tab, page.get_by_role("button", name="Runde 1 starten"))
        await page.keyboard.press("Enter")
        await expect(page.get_by_text(re.compile("Runde 1 von"))).to_be_visible()
        await to(tab, page.get_by_label("Was alle jetzt wissen sollen"))
        await page.keyboard.type("Kaffee gibt es im Foyer.")
        await to(tab, page.get_by_role("button", name="Mitteilen"))
        await page.keyboard.press("Space")
        await expect(page.get_by_role("listitem").filter(has_text="Kaffee gibt es im Foyer.")).to_be_visible()
        assert await tab.settled() == []


async def test_somebody_is_found_by_keyboard_alone(chromium: Chromium, stage: Stage) -> None:
    """From the search to a person, and back to where one was."""
    async with opened(chromium, stage) as tab:
        page = tab.page
        await tab.open("/directory")
        words = page.get_by_role("searchbox")
        await to(tab, words)
        await page.keyboard.type("Finanzen")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("„Finanzen“")
        card = page.get_by_role("article").get_by_role("link").first
        name = await card.inner_text()
        await to(tab, card)
        await page.keyboard.press("Enter")
        await heading(page, re.compile(re.escape(name)))
        await page.go_back()
        await expect(words).to_have_value("Finanzen")
        await to(tab, page.get_by_role("link", name="Impressum"))
        await to(tab, page.get_by_role("article").get_by_role("link").last, "Shift+Tab")


@soak
async def test_every_page_works_by_keyboard(chromium: Chromium, stage: Stage, paths: Paths) -> None:
    """All that can be pressed or filled in is reached, visible while it is, and nothing holds the focus."""
    wrong: dict[str, Any] = {}
    for person, places in each_kind(paths):
        async with opened(chromium, stage, person) as tab:
            for path in places:
                await tab.open(path)
                wanted = await tab.ask("looking.wanted()")
                found = await stops(tab)
                bad = [one for one in found if not (one["seen"] and one["free"])]
                if bad or len(found) < wanted:
                    wrong[f"{path} as {person}"] = (len(found), wanted, bad)
    assert wrong == {}
