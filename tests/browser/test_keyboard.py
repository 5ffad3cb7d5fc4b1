"""The keyboard alone: one stop after the other, in the order in which people read, each visible."""

from typing import Any, Final

import pytest
from playwright.async_api import Browser as Chromium

from services.cli.demo import KONSTANZ
from tests.browser.seeing import Paths, Tab, each_kind, opened
from tests.browser.stage import Stage
from tests.conftest import soak

MOST_STOPS: Final = 400


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
SENDING = ["Meine Seiten", "Tabelle", "Datei prüfen", "Vorlage herunterladen (XLSX)"]


@pytest.mark.parametrize(
    ("person", "path", "expected"),
    [
        ("a visitor", "/", [*TOP, "Anmelden", *MAIN, *FRONT, *FOOT]),
        ("a visitor", "/directory?q=Finanzen&kind=NAVIGATOR", [*TOP, "Anmelden", *MAIN, *FOUND, *FOOT]),
        ("a coordinator", f"/city/{KONSTANZ}/upload", [*TOP, "Mein Konto", "Abmelden", *MAIN, *SENDING, *FOOT]),
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
