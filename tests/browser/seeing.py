"""What a browser sees of the hub's pages: as whom, how wide, light or dark, with script or without.

`opened` gives a tab that notes what must not happen on any page: requests to other hosts, what the policy refuses,
errors of scripts. Pages are found by links (`crawled`), so that a new one is looked at without being named here.
"""

import base64
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Browser as Chromium
from playwright.async_api import ConsoleMessage, Page, Request

from services.kit import handbook
from services.kit.service import Hub
from tests.browser_like import Browser, logged_in
from tests.stories.test_pages import PEOPLE, crawl, kind

ROOT = Path(__file__).parents[2]
AXE: Final = ROOT / "deploy" / "acceptance" / "node_modules" / "axe-core" / "axe.min.js"
SOAK: Final = bool(os.environ.get("LOTSENNETZ_SOAK"))
"""Each kind of page as everybody who sees it in all looks; else once."""
PICTURES: Final = bool(os.environ.get("LOTSENNETZ_PICTURES"))
"""Whether pictures of the handbook are taken anew."""
PHONE, DESK = 360, 1280
HEIGHTS: Final = {PHONE: 740, DESK: 800}
THEMES: Final = ("light", "dark")
LOOKS: Final = [(width, theme) for width in (PHONE, DESK) for theme in THEMES]
NOT_OURS: Final = {"/graphiql"}
"""The workbench for developers comes from others; the accessibility statement says so."""
Paths = dict[str, list[str]]

LOOKING: Final = Path(__file__).parent / "looking.js"


@dataclass
class Tab:
    """A page in the browser; `wrong` is what happened that must not."""

    page: Page
    issuer: str
    script: bool
    wrong: list[str] = field(default_factory=list)
    asked: int = 0
    """Requests without an answer yet."""

    async def open(self, path: str) -> int:
        """Go there and wait until everything is loaded; the status."""
        answer = await self.page.goto(self.issuer + path)
        assert answer is not None, path
        return answer.status

    async def calm(self) -> None:
        """Wait until nothing more arrives, and what it may have moved has moved."""
        for _each in range(100):
            await self.page.evaluate("looking.calm()")
            if self.asked <= 0:
                return
        self.wrong.append("it never ends to load")

    async def settled(self) -> list[str]:
        """What must not happen, and did since this was asked last."""
        if self.script:
            self.wrong += await self.page.evaluate("looking.noted.refused")
        found, self.wrong = self.wrong, []
        return found

    def _on_answer(self, _request: Request) -> None:
        self.asked -= 1

    def _on_request(self, request: Request) -> None:
        self.asked += 1
        if not request.url.startswith((f"{self.issuer}/", "data:", "blob:")):
            self.wrong.append(f"asked elsewhere: {request.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrong.append(f"{message.text} ({urlsplit(self.page.url).path})")

    def _on_error(self, problem: Any) -> None:
        self.wrong.append(f"{problem} ({urlsplit(self.page.url).path})")


@asynccontextmanager
async def opened(
    chromium: Chromium, hub: Hub, person: str = "a visitor", *, width: int = DESK, height: int = 0,
    theme: Any = "light", script: bool = True,
) -> AsyncIterator[Tab]:  # fmt: skip
    """A tab of a person who speaks German and is logged in, if they are one of those who can be."""
    issuer = hub.settings.issuer
    context = await chromium.new_context(
        viewport={"width": width, "height": height or HEIGHTS.get(width, 800)}, color_scheme=theme, locale="de-DE",
        timezone_id="Europe/Berlin", java_script_enabled=script, reduced_motion="reduce",
    )  # fmt: skip
    role = PEOPLE[person]
    if role:
        known = await logged_in(hub, role[0], *role[1])
        await context.add_cookies([{"name": n, "value": v, "url": issuer} for n, v in known.http.cookies.items()])
        await known.close()
    await context.add_init_script(path=LOOKING)
    page = await context.new_page()
    page.set_default_timeout(15_000)
    tab = Tab(page, issuer, script)
    page.on("request", tab._on_request)
    page.on("requestfinished", tab._on_answer)
    page.on("requestfailed", tab._on_answer)
    page.on("console", tab._on_console)
    page.on("pageerror", tab._on_error)
    try:
        yield tab
    finally:
        await context.close()


async def picture(page: Page, name: str) -> None:
    """The picture `name` of the handbook: what the page shows now, from its top. Only when pictures are wanted."""
    if not PICTURES:
        return
    before = page.viewport_size
    await page.set_viewport_size({"width": handbook.WIDTH, "height": handbook.HEIGHT})
    tools = await page.context.new_cdp_session(page)  # left open: its end would take virtual authenticators along
    made = await tools.send("Page.captureScreenshot", {"format": "webp", "quality": 60})
    if before:
        await page.set_viewport_size(before)
    folder = ROOT / "docs" / "handbuch" / handbook.PICTURES
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.webp").write_bytes(base64.b64decode(made["data"]))


async def crawled(hub: Hub, person: str) -> list[str]:
    """A page of each kind that links lead this person to, without those that send them on to the login."""
    role = PEOPLE[person]
    browser = await logged_in(hub, role[0], *role[1]) if role else Browser(hub)
    found = await crawl(browser, 1)
    await browser.close()
    return [path for path, answer in found.items() if answer.url.path == urlsplit(path).path not in NOT_OURS]


def each_kind(paths: Paths) -> Iterator[tuple[str, list[str]]]:
    """By person the pages of a kind that nobody before them sees; with `SOAK` all of theirs."""
    seen = set[str]()
    for person in sorted(paths, key=list(PEOPLE).index):
        new = []
        for path in paths[person]:
            if SOAK or kind(path) not in seen:
                seen.add(kind(path))
                new.append(path)
        yield person, new
