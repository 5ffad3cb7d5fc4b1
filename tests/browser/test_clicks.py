"""What everyday tasks take, as docs/clicks.md states it: presses, fields and pages of organisers and participants."""

import datetime as dt
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser as Chromium
from playwright.async_api import Frame, Locator, Page, expect
from sqlalchemy import select

from services.events import daylinks
from services.events.models import Event, Registration
from services.events.registration import links
from services.kit.db import HUB
from tests.browser.conftest import told
from tests.browser.seeing import DESK, PHONE, ROOT, heading, opened, tab_of
from tests.browser.stage import ORGANISER, PLAN_SECONDS, Stage

STATED: Final = ROOT / "docs" / "clicks.md"
ROW: Final = re.compile(r"\| ([^|]+?) \| (\d+) / (\d+) / (\d+) \|")
DAY: Final = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=40)
Counts = tuple[int, int, int]


class Counted:
    """A page that counts what is done with it: presses (an option chosen is one), fields filled in, pages loaded."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.presses, self.fields, self.pages = 0, 0, 0
        page.on("framenavigated", self._on_page)

    def _on_page(self, frame: Frame) -> None:
        self.pages += frame == self.page.main_frame

    async def press(self, what: Locator) -> None:
        self.presses += 1
        await what.click()

    async def button(self, name: str | re.Pattern[str]) -> None:
        await self.press(self.page.get_by_role("button", name=name).first)

    async def link(self, name: str | re.Pattern[str]) -> None:
        await self.press(self.page.get_by_role("main").get_by_role("link", name=name).first)

    async def tab(self, label: str, name: str = "Diese Veranstaltung") -> None:
        self.presses += 1
        await tab_of(self.page, label, name)

    async def write(self, label: str | re.Pattern[str], value: str, within: Locator | None = None) -> None:
        self.fields += 1
        await (within or self.page).get_by_label(label).first.fill(value)


@asynccontextmanager
async def task(found: dict[str, Counts], name: str, page: Page, path: str) -> AsyncIterator[Counted]:
    """A task that begins on the page at `path`, which does not count."""
    await page.goto(path)
    counted = Counted(page)
    yield counted
    found[name] = (counted.presses, counted.fields, counted.pages)


def stated() -> dict[str, Counts]:
    """Our column in the table of docs/clicks.md, by task."""
    rows = ROW.findall(STATED.read_text(encoding="utf-8"))
    return {name: (int(presses), int(fields), int(pages)) for name, presses, fields, pages in rows}


async def tokens(stage: Stage, event: str) -> list[str]:
    """The links in the mails of two who are invited."""
    async with stage.hub.runtimes["events"].db.read(HUB) as session:
        row = await session.get_one(Event, uuid.UUID(event))
        asked = (
            select(Registration.navigator_id).where(Registration.event_id == row.id).order_by(Registration.navigator_id)
        )
        return [daylinks.token(stage.hub.settings, row, key) for key in await session.scalars(asked.limit(2))]


async def release(stage: Stage, event: str) -> str:
    """The link in the mail to a superior."""
    async with stage.hub.runtimes["events"].db.read(HUB) as session:
        row = await session.get_one(Event, uuid.UUID(event))
        asked = select(Registration).where(Registration.event_id == row.id, Registration.state == "registered")
        return links.superior(stage.hub.settings, row, (await session.scalars(asked.limit(1))).one())


async def test_everyday_tasks_take_what_is_stated(chromium: Chromium, stage: Stage) -> None:
    found: dict[str, Counts] = {}
    issuer = stage.hub.settings.issuer
    async with opened(chromium, stage, ORGANISER, width=DESK) as tab:
        page = tab.page
        async with task(found, "Create an event with date, place and two rooms", page, f"{issuer}/organise") as do:
            await do.link("Neue Veranstaltung")
            await do.press(page.get_by_label("Open Space"))
            for label, value in (("Tag", DAY.day), ("Monat", DAY.month), ("Jahr", DAY.year)):
                await do.write(label, str(value), page.get_by_role("group", name="Wann"))
            await do.write("Titel", "Markt der Ideen")
            await do.write("Ort", "Rathaus")
            await do.write("Räume", "Ratssaal\nKleiner Saal")
            await do.button("Veranstaltung anlegen")
            await heading(page, "Markt der Ideen")
            event = page.url.rpartition("/")[2]
        base = f"{issuer}/organise/{event}"

        async with task(found, "Open registration: 20 places, with approval", page, base) as do:
            await do.link(re.compile("Anmeldung"))
            await do.write("Plätze insgesamt", "20")
            await do.press(page.get_by_label("Die Führungskraft muss freigeben"))
            await do.button("Anmeldung eröffnen")
            await heading(page, "Einladen")
        async with task(found, "Invite everybody of a city", page, f"{base}/people/invite") as do:
            await do.press(page.get_by_role("checkbox", name="Heilbronn"))
            await do.button("Einladungen senden")
            await expect(page.get_by_role("status")).to_contain_text("eingeladen")

    for token, width in zip(await tokens(stage, event), (DESK, PHONE), strict=True):
        name = f"Register, from the mail, {width} px"
        async with opened(chromium, stage, width=width) as tab:
            page = tab.page
            async with task(found, name, page, f"{issuer}/events/registration/{token}") as do:
                await do.write(re.compile("Führungskraft"), "leitung@konstanz.example")
                await do.button("Anmelden")
                await expect(page.get_by_role("button", name="Platz zurückgeben")).to_be_visible()
    async with opened(chromium, stage, width=DESK) as tab:
        path = f"{issuer}/events/release/{await release(stage, event)}"
        async with task(found, "Approve, as the superior", tab.page, path) as do:
            await do.button("Genehmigen")
            await expect(tab.page.get_by_text("Die Dienstreise ist genehmigt.")).to_be_visible()

    async with opened(chromium, stage, ORGANISER, width=DESK) as tab:
        page = tab.page
        async with task(found, "Plan three sessions in two rooms and publish them", page, base) as do:
            await do.tab("Der Tag")
            await do.tab("Open Space", "Seiten des Tages")
            await do.button("Zeiten hinzufügen")
            await do.write("Themen, eines je Zeile", "Einfache Sprache\nE-Akte\nBürgerkonto")
            await do.button("Aufschreiben")
            await do.button("Entwurf berechnen")
            ready = page.get_by_role("button", name="Diesen Entwurf veröffentlichen")
            await expect(ready).to_be_visible(timeout=1000 * PLAN_SECONDS)
            await do.press(ready)
            place = page.get_by_label("Ort von Einfache Sprache")
            await expect(place).to_be_visible()
        async with task(found, "Give a session another room or time", page, base) as do:
            await do.tab("Der Tag")
            await do.tab("Open Space", "Seiten des Tages")
            other = await place.locator("option:not(:checked)").first.get_attribute("value")
            do.presses += 1
            await place.select_option(other)
            await do.button(re.compile("^Verlegen Einfache Sprache"))
            await expect(page.get_by_role("status")).to_contain_text("verlegt")
        async with task(found, "Print all papers of the day", page, base) as do:
            await do.tab("Unterlagen")
            async with page.expect_download():
                await do.link(re.compile("Druckpaket"))
        async with task(found, "Tell everybody something, also by mail", page, base) as do:
            await do.tab("Der Tag")
            await do.write("Was alle jetzt wissen sollen", "Das Bürgerkonto ist jetzt im Kleinen Saal.")
            await do.press(page.get_by_label("auch per E-Mail"))
            await do.button("Mitteilen")
            await expect(page.get_by_role("listitem").filter(has_text="Kleinen Saal")).to_be_visible()
        async with task(found, "Ask how it was", page, base) as do:
            await do.tab("Nachlese")
            await do.button("Umfrage öffnen")
            await expect(page.get_by_role("status")).to_be_visible()
        async with task(found, "Have the report", page, base) as do:
            await do.tab("Nachlese")
            async with page.expect_response(re.compile("minutes.pdf")) as answer:
                await do.link("Protokoll (PDF)")
            assert (await answer.value).ok

    async with opened(chromium, stage, width=PHONE) as tab:
        page = tab.page
        (token, _other) = await tokens(stage, event)
        mine = f"{issuer}/events/{event}/mine/{token}"
        async with task(found, "See on the phone what comes now", page, mine):
            await heading(page, "Wo jetzt?")
        async with task(found, "Answer how it was, on the phone", page, mine) as do:
            await do.tab("Rückmeldung", "Ihr Tag")
            for group in await page.get_by_role("group").all():
                await do.press(group.get_by_role("radio").last)
            await do.button(re.compile("senden|Absenden"))
            await expect(page.get_by_role("status")).to_be_visible()

    for name, (presses, fields, pages) in found.items():
        told.append(f"{name}: {presses} / {fields} / {pages}")
    assert found == stated()
