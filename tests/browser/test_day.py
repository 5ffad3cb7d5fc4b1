"""The day itself: a navigator's phone, also without network, and the hall, which follows what the organiser does."""

import re

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.browser.seeing import DESK, PHONE, TOWNS, heading, opened, picture
from tests.browser.stage import ORGANISER, VOTE, Stage
from tests.events.day import pass_time

pytestmark = pytest.mark.parametrize("width", [PHONE, DESK])
CREATE_VOTE = "mutation ($event: ID!, $vote: VoteInput!) { createVote(event: $event, vote: $vote) { id } }"
KEPT = "caches.match(location.pathname).then((found) => found !== undefined)"


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
async def test_a_navigator_is_led_through_the_day(
    chromium: Chromium, stage: Stage, axe: str, width: int, script: bool
) -> None:
    """Where now, an idea, a vote; the page follows by itself, and without script when it is loaded again."""
    event = await stage.event(8, seated=True, title=f"Lernreise nach {TOWNS[width, script]}")
    await stage.ask(CREATE_VOTE, event=event.id, vote=VOTE)
    async with opened(chromium, stage, width=width, script=script) as tab:
        page = tab.page
        await tab.open(event.mine)
        await heading(page, "Wo jetzt?")
        await expect(page.get_by_text("Noch hat keine Runde begonnen.")).to_be_visible()
        await stage.command(event, "startRound")
        if not script:
            await page.reload()
        now = page.get_by_role("region", name="Jetzt", exact=True)
        await expect(now).to_contain_text("Tisch 1")
        await expect(page.get_by_role("region", name="Danach", exact=True)).to_contain_text("Tisch 1")
        box = await now.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 740, "the answer is on the first screen"

        await page.get_by_role("button", name="An die Tafel").click()
        await expect(page.get_by_text("Bitte füllen Sie dieses Feld aus.").first).to_be_visible()
        await page.get_by_label("Ihre Idee").fill("Ein gemeinsames Formular")
        await page.get_by_label("mit meinem Namen").check()
        await page.get_by_role("button", name="An die Tafel").scroll_into_view_if_needed()
        height = await page.evaluate("scrollY")
        await page.get_by_role("button", name="An die Tafel").click()
        await expect(page.get_by_text("Ihre Idee steht an der Tafel.")).to_be_visible()
        await expect(page.get_by_role("listitem").filter(has_text="Ein gemeinsames Formular")).to_be_visible()
        if script:
            assert await page.evaluate("scrollY") == height, "nobody is moved"

        await page.get_by_role("navigation", name="Ihr Tag").get_by_role("link", name="Abstimmungen").click()
        await page.get_by_label("Nutzen Ein gemeinsames Formular").select_option("3")
        await page.get_by_label("Schnell Ein Chatbot").check()
        await page.get_by_role("button", name="Abstimmen, ein für alle Mal").click()
        await expect(page.get_by_text("Das Ergebnis kommt, wenn die Abstimmung vorbei ist.")).to_be_visible()
        assert await tab.settled() == []
        if script:
            assert await tab.audit(axe) == []


async def test_without_network_the_last_plan_stays(chromium: Chromium, stage: Stage, width: int) -> None:
    event = await stage.event(8, seated=True, title=f"Funkloch bei {TOWNS[width, True]}")
    await stage.command(event, "startRound")
    async with opened(chromium, stage, width=width) as tab:
        page = tab.page
        await tab.open(event.mine)
        now = page.get_by_role("region", name="Jetzt", exact=True)
        await expect(now).to_contain_text("Tisch 1")
        await tab.until(KEPT)
        await page.context.set_offline(True)
        away = page.get_by_text("Keine Verbindung. Stand von")
        await expect(away).to_be_visible()
        await page.get_by_label("Ihre Idee").fill("Ein Funkmast")
        await page.get_by_role("button", name="An die Tafel").click()
        await expect(page.get_by_text("Nicht gesendet: keine Verbindung.")).to_be_visible()
        await expect(page.get_by_label("Ihre Idee")).to_have_value("Ein Funkmast")

        await tab.open(event.mine)
        await heading(page, "Wo jetzt?")
        await expect(page.locator("[data-copied]")).to_have_count(1)
        await expect(away).to_be_visible()
        await expect(now).to_contain_text("Tisch 1")
        await expect(page.get_by_role("timer")).to_contain_text(re.compile(r"\d:\d\d"))
        assert await tab.ask("getComputedStyle(document.body).fontFamily.includes('Fira')"), "its style was kept, too"

        await stage.command(event, "endRound")
        await page.context.set_offline(False)
        await expect(away).to_be_hidden()
        await expect(page.get_by_text("Pause nach Runde 1")).to_be_visible()


async def test_the_hall_follows_the_cockpit(chromium: Chromium, stage: Stage, width: int) -> None:
    """The clock in a second window: begin, announcement, warning, the end of a round; large, and with sound."""
    event = await stage.event(8, seated=True, title=f"Lernreise nach {TOWNS[width, True]}")
    async with (
        opened(chromium, stage, ORGANISER, width=width) as desk,
        opened(chromium, stage, width=DESK) as hall,
        opened(chromium, stage, width=DESK, script=False) as still,
    ):
        page, wall = desk.page, hall.page
        await desk.open(event.path)
        await page.get_by_role("navigation", name="Diese Veranstaltung").get_by_role("link", name="Der Tag").click()
        screen = await page.get_by_role("link", name="Bildschirm für den Saal").get_attribute("href")
        assert screen is not None
        await hall.open(screen)
        await expect(wall.get_by_text("Es geht gleich los")).to_be_visible()
        await wall.keyboard.press("Enter")
        await expect(wall.get_by_role("button", name="Ton ausprobieren")).to_be_visible()

        await page.get_by_role("button", name="Runde 1 starten").click()
        await expect(wall.get_by_text("Runde 1 von 3")).to_be_visible()
        left = wall.get_by_role("timer").locator("b")
        await expect(left).to_have_text(re.compile(r"1[0-2]:\d\d"))
        size = float(await left.evaluate("(one) => parseFloat(getComputedStyle(one).fontSize) / innerHeight"))
        assert size > 0.2, "the clock is read from the last row"
        await still.open(screen)
        await expect(still.page.get_by_text("Runde 1 von 3")).to_be_visible()

        await page.get_by_label("Was alle jetzt wissen sollen").fill("Mittag im Foyer")
        await page.get_by_role("button", name="Mitteilen").click()
        await expect(wall.get_by_role("list", name="Mitteilungen")).to_contain_text("Mittag im Foyer")
        await expect(page.get_by_role("button", name="Runde jetzt beenden")).to_be_visible()
        await picture(page, "tag-leiten", page.get_by_role("navigation", name="Diese Veranstaltung"))

        warned = wall.get_by_text("Bitte zum Ende kommen")
        await expect(warned).to_be_hidden()
        await pass_time(stage.hub, event.id, minutes=11, seconds=15)
        await expect(warned).to_be_visible()
        await expect(wall.locator(".hall__all.warning")).to_have_count(1)
        await page.get_by_role("button", name="Runde jetzt beenden").click()
        await expect(wall.get_by_text("Tische wechseln")).to_be_visible()
        await expect(warned).to_be_hidden()
        await page.get_by_role("button", name="Runde 2 starten").first.click()
        await expect(wall.get_by_text("Runde 2 von 3")).to_be_visible()
        assert await desk.settled() == []
        assert await hall.settled() == []


async def test_the_board_is_live(chromium: Chromium, stage: Stage, width: int) -> None:
    """An agenda that is computed, published and changed appears in a second window by itself."""
    event = await stage.event(8, seated=True, title=f"Markt der Ideen in {TOWNS[width, True]}")
    await stage.market(event)
    async with (
        opened(chromium, stage, ORGANISER, width=width) as desk,
        opened(chromium, stage, width=DESK) as hall,
    ):
        page, wall = desk.page, hall.page
        await hall.open(f"/events/{event.id}/board?screen=1")
        await expect(wall.get_by_text("Der Plan ist noch nicht veröffentlicht.")).to_be_visible()
        await hall.ask("window.same = true")
        await desk.open(f"{event.path}/day")
        await page.get_by_role("navigation", name="Seiten des Tages").get_by_role("link", name="Open Space").click()
        await page.get_by_role("button", name="Entwurf berechnen").click()
        await page.get_by_role("button", name="Diesen Entwurf veröffentlichen").click()  # appears when it is computed
        await expect(wall.get_by_role("cell").filter(has_text="Einfache Sprache")).to_be_visible()

        place = page.get_by_label("Ort von Einfache Sprache")
        before = await place.input_value()
        other = await place.locator("option").evaluate_all(
            "(all, now) => all.map((one) => one.value).find((one) => one !== now)", before
        )
        await place.select_option(other)
        await page.get_by_role("button", name=re.compile("^Verlegen Einfache Sprache")).click()
        moved = wall.get_by_role("cell").filter(has_text="Einfache Sprache")
        await expect(moved).to_contain_text("verlegt")
        assert await hall.ask("window.same"), "the wall was not loaded again"
        assert await desk.settled() == []
        assert await hall.settled() == []
