"""What a browser sees of the hub's pages: as whom, how wide, light or dark, with script or without.

`opened` gives a tab that notes what must not happen on any page: requests to other hosts, what the policy refuses,
errors of scripts. Pages are found by links (`crawled`), so that a new one is looked at without being named here.
"""

import asyncio
import base64
import os
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import ConsoleMessage, Locator, Page, Request, expect

from services.kit import handbook
from tests.browser.stage import LOOKERS, Stage
from tests.stories import test_pages
from tests.stories.test_pages import STARTS, crawl, kind

ROOT = Path(__file__).parents[2]
AXE: Final = ROOT / "deploy" / "acceptance" / "node_modules" / "axe-core" / "axe.min.js"
SOAK: Final = bool(os.environ.get("LOTSENNETZ_SOAK"))
"""Each kind of page as everybody who sees it; else once for all parts that it has."""
PICTURES: Final = bool(os.environ.get("LOTSENNETZ_PICTURES"))
"""Whether pictures of the handbook are taken anew."""
TABS: Final = 3
"""So many are open at once: while one is painted, another is looked at."""
STEP_SECONDS: Final = 20
"""How long a browser may take for one thing that it is asked; then something hangs."""
PHONE, DESK = 360, 1280
HEIGHTS: Final = {PHONE: 740, DESK: 800}
THEMES: Final = ("light", "dark")
WAYS: Final = [(PHONE, False), (DESK, True), *([(PHONE, True), (DESK, False)] if SOAK else ())]
"""Widths, with script or without, in which stories are played whose pages others see in all four."""
story = pytest.mark.parametrize(("width", "script"), WAYS, ids=[f"{w}-{'with' if s else 'without'}" for w, s in WAYS])
TOWNS: Final = {(PHONE, True): "Aalen", (PHONE, False): "Calw", (DESK, True): "Heilbronn", (DESK, False): "Ulm"}
"""By width and script: titles tell the days of the same people apart, and pictures show them."""
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "EN-301-549"]
NOT_OURS: Final = {"/graphiql"}
"""The workbench for developers comes from others; the accessibility statement says so."""
MOST_PAGES: Final = 400
Paths = Mapping[str, Mapping[str, frozenset[Any]]]
"""By person the pages that links lead to, each with the parts that it is made of."""

LOOKING: Final = Path(__file__).parent / "looking.js"


@dataclass
class Tab:
    """A page in the browser; `wrong` is what happened that must not."""

    page: Page
    issuer: str
    script: bool
    wrong: list[str] = field(default_factory=list)
    waiting: set[Request] = field(default_factory=set)
    """Requests without an answer yet; streams have no end and do not count."""

    async def open(self, path: str) -> int:
        """Go there and wait until everything is loaded; the status."""
        self.waiting.clear()
        answer = await self.page.goto(self.issuer + path)
        assert answer is not None, path
        return answer.status

    async def ask(self, what: str, argument: Any = None) -> Any:
        """Let the page say something; a TimeoutError where it does not answer."""
        async with asyncio.timeout(STEP_SECONDS):
            return await self.page.evaluate(what, argument)

    async def until(self, what: str) -> None:
        """Wait until the page says yes."""
        async with asyncio.timeout(STEP_SECONDS):
            while not await self.page.evaluate(what):
                await self.page.evaluate("looking.calm()")

    async def calm(self) -> None:
        """Wait until nothing more arrives, and what it may have moved has moved."""
        async with asyncio.timeout(STEP_SECONDS):
            await self.page.evaluate("looking.calm()")
            while self.waiting:
                await self.page.evaluate("looking.calm()")

    async def audit(self, axe: str, *rules: str) -> list[str]:
        """What axe-core finds; by these rules alone, if any are named."""
        if not await self.ask("'axe' in window"):
            await self.ask(axe)
        return list(await self.ask("([tags, rules]) => looking.audit(tags, rules)", [TAGS, list(rules)]))

    async def settled(self) -> list[str]:
        """What must not happen, and did since this was asked last."""
        if self.script:
            self.wrong += await self.ask("looking.noted.refused")
        found, self.wrong = self.wrong, []
        return found

    def _on_answer(self, request: Request) -> None:
        self.waiting.discard(request)

    def _on_request(self, request: Request) -> None:
        if request.resource_type != "eventsource":
            self.waiting.add(request)
        if not request.url.startswith((f"{self.issuer}/", "data:", "blob:")):
            self.wrong.append(f"asked elsewhere: {request.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrong.append(f"{message.text} ({urlsplit(self.page.url).path})")

    def _on_error(self, problem: Any) -> None:
        self.wrong.append(f"{problem} ({urlsplit(self.page.url).path})")


@asynccontextmanager
async def opened(
    chromium: Chromium, stage: Stage, person: str = "a visitor", *, width: int = DESK, height: int = 0,
    theme: Any = "light", script: bool = True,
) -> AsyncIterator[Tab]:  # fmt: skip
    """A tab of a person who speaks German and is logged in, if they are one of those who can be."""
    issuer = stage.hub.settings.issuer
    context = await chromium.new_context(
        viewport={"width": width, "height": height or HEIGHTS.get(width, 800)}, color_scheme=theme, locale="de-DE",
        timezone_id="Europe/Berlin", java_script_enabled=script, reduced_motion="reduce",
    )  # fmt: skip
    try:
        known = await stage.browser(person)
        await context.add_cookies([{"name": n, "value": v, "url": issuer} for n, v in known.http.cookies.items()])
        await known.close()
        await context.add_init_script(path=LOOKING)
        page = await context.new_page()
        page.set_default_timeout(1000 * STEP_SECONDS)
        tab = Tab(page, issuer, script)
        page.on("request", tab._on_request)
        page.on("requestfinished", tab._on_answer)
        page.on("requestfailed", tab._on_answer)
        page.on("console", tab._on_console)
        page.on("pageerror", tab._on_error)
        yield tab
    finally:
        await context.close()


async def heading(page: Page, words: str | re.Pattern[str]) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text(words)


async def tab_of(page: Page, label: str, name: str = "Diese Veranstaltung") -> None:
    """Go to the page beside this one that the tabs call so."""
    await page.get_by_role("navigation", name=name).get_by_role("link", name=label, exact=True).click()


async def picture(page: Page, name: str, top: Locator | None = None) -> None:
    """The picture `name` of the handbook: what the page shows from its top, or from `top` on. Only when wanted."""
    if not PICTURES:
        return
    before = page.viewport_size
    await page.set_viewport_size({"width": handbook.WIDTH, "height": handbook.HEIGHT})
    await (top or page.locator("html")).evaluate("(one) => one.scrollIntoView()")
    tools = await page.context.new_cdp_session(page)  # left open: its end would take virtual authenticators along
    made = await tools.send("Page.captureScreenshot", {"format": "webp", "quality": 60})
    if before:
        await page.set_viewport_size(before)
    folder = ROOT / "docs" / "handbuch" / handbook.PICTURES
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.webp").write_bytes(base64.b64decode(made["data"]))


async def crawled(stage: Stage) -> Paths:
    """A page of each kind that links lead each person to, without those that send them on to the login.

    Its parts are those of its content: what stands around it is the same on all pages.
    """
    found: dict[str, dict[str, frozenset[Any]]] = {}
    for person in LOOKERS:
        browser = await stage.browser(person)
        answers = await crawl(browser, 1, stage.starts.get(person, STARTS), MOST_PAGES)
        await browser.close()
        found[person] = {
            path: frozenset(
                (tag, attributes.get("class", ""), attributes.get("type", ""), attributes.get("role", ""))
                for tag, attributes in test_pages.Page(answer.text.partition("<main")[2] or answer.text).found
            )
            for path, answer in answers.items()
            if answer.url.path == urlsplit(path).path not in NOT_OURS
        }
    return found


def each_kind(paths: Paths) -> Iterator[tuple[str, list[str]]]:
    """By person the pages that are of another kind, or have other parts, than what those before them see."""
    seen = dict[str, set[Any]]()
    for person in LOOKERS:
        new = []
        for path, parts in paths[person].items():
            known = seen.setdefault(kind(path), set())
            if SOAK or not parts <= known:
                known |= parts
                new.append(path)
        yield person, new
