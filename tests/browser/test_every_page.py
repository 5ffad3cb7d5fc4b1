"""What holds of every page that a link leads to, in a real browser.

axe-core finds nothing by the rules of WCAG 2.2 AA and EN 301 549, on phones and desks, light and dark. At 400 %
and with text twice as large nothing is lost. Little is loaded, all of it from here, and nothing jumps when it arrives.
A page that several people see is looked at again where it has other parts for them; `make soak` looks at all.
"""

import asyncio
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import pytest_asyncio
from litestar.routes import HTTPRoute
from playwright.async_api import Browser as Chromium
from playwright.async_api import Error

from tests.browser.conftest import told
from tests.browser.seeing import (
    DESK,
    HEIGHTS,
    NOT_OURS,
    PHONE,
    SOAK,
    STEP_SECONDS,
    TABS,
    Paths,
    Tab,
    each_kind,
    opened,
)
from tests.browser.stage import Stage
from tests.kit.test_assets import MOST_FIRST
from tests.stories.access import app

ZOOMED: Final = 320
"""CSS pixels that are left of 1280 at 400 % (WCAG 1.4.10)."""
LOADED: Final = ((PHONE, "light", "dark"), (DESK, "dark", "light"))
"""How a page is opened, and the theme that it is put into then."""
BY_COLOUR: Final = ("color-contrast", "link-in-text-block")
"""The rules of axe-core that can say something else in the other theme."""
TRIES: Final = 3
"""What jumps each time is a fault. Once in a while, on a busy machine, the font comes just after the first lines."""
LONG: Final = r"/city/\d+/publications/\d+|/organise/[^/]+/day"
"""Pages of which the beginning may be painted before the end has come."""
SLOW: Final = 40_000
"""Bytes a second."""
GOOD: Final = 0.05
"""Cumulative layout shift, half of what Web Vitals call good."""
TOGETHER: Final = 8
"""Pages that a tab looks at before it is closed."""

BETWEEN: Final = {
    "/login/link/{token}", "/login/welcome", "/login/provider/{org}/callback", "/city/{ags}/upload/{draft}",
}  # fmt: skip
"""Pages on the way to something, which the stories look at."""
FILES: Final = {
    "/organise/{id}/pack.zip", "/city/{ags}/template.xlsx", "/mine/{token}/data.json", "/state/{code}/csv/{name}",
    "/state/{code}/contacts/csv/{name}",
}  # fmt: skip
WITHIN: Final = {"/calendar/of/{ags}"}
"""Parts that other pages show."""


@dataclass
class Visits:
    """By page, person and look: what was found that must not be."""

    count: int = 0
    audits: int = 0
    audit: dict[str, list[str]] = field(default_factory=dict)
    lost: dict[str, list[str]] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    """Bytes of a first visit."""
    jumped: dict[str, list[str]] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)


@pytest_asyncio.fixture(scope="module")
async def visits(chromium: Chromium, stage: Stage, paths: Paths, axe: str) -> Visits:
    made, turns, began = Visits(), asyncio.Semaphore(TABS), time.monotonic()

    async def some(person: str, places: Sequence[str]) -> None:
        async with turns, opened(chromium, stage, person) as tab:
            tools = await tab.page.context.new_cdp_session(tab.page)
            await tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
            await tools.send("Network.setBypassServiceWorker", {"bypass": True})
            for path in places:
                await _visit(made, tab, path, person, axe)

    async with asyncio.TaskGroup() as group:
        for person, places in each_kind(paths):
            for first in range(0, len(places), TOGETHER):
                group.create_task(some(person, places[first : first + TOGETHER]))
    heaviest = sorted(made.weights.items(), key=lambda one: -one[1])[:3]
    told.append(f"{made.count} pages, {made.audits} audits by axe-core in {time.monotonic() - began:.0f} s")
    told.append("heaviest: " + ", ".join(f"{name} {weight / 1000:.0f} kB" for name, weight in heaviest))
    return made


async def _visit(made: Visits, tab: Tab, path: str, person: str, axe: str) -> None:
    name = f"{path} as {person}"
    try:
        for width, theme, other in LOADED:
            look = f"{name}, {width} px, {theme}"
            await _arrive(made, tab, look, path, width, theme)
            _note(made.audit, look, await tab.audit(axe))
            await tab.page.emulate_media(color_scheme=other)  # type: ignore[arg-type]
            await tab.ask("looking.calm()")
            _note(made.audit, f"{name}, {width} px, {other}", await tab.audit(axe, *(() if SOAK else BY_COLOUR)))
            made.audits += 2
        await _magnify(made, tab, name)
    except (TimeoutError, Error) as problem:
        made.wrong[name] = [f"{type(problem).__name__} after at most {STEP_SECONDS} s: {problem}"]
    made.count += 1


def _note(where: dict[str, Any], name: str, found: Any) -> None:
    if found:
        where[name] = found


async def _arrive(made: Visits, tab: Tab, name: str, path: str, width: int, theme: Any) -> None:
    """Open the page as the first that this browser ever sees of the hub."""
    await tab.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    await tab.page.emulate_media(color_scheme=theme)
    status, noted = 0, dict[str, Any]()
    for _try in range(TRIES):
        status = await tab.open(path)
        await tab.calm()
        made.weights[name], noted = await tab.ask("[looking.loaded(), looking.noted]")
        if not noted["shift"]:
            break
    else:
        made.jumped[name] = noted["shifted"]
    _note(made.wrong, name, [*([f"status {status}"] if status != 200 else ()), *await tab.settled()])


async def _magnify(made: Visits, tab: Tab, name: str) -> None:
    texts = set(await tab.ask("looking.words()"))
    for width, text in ((ZOOMED, 100), (DESK, 200)):
        await tab.page.set_viewport_size({"width": width, "height": 256 if width == ZOOMED else HEIGHTS[DESK]})
        await tab.ask("looking.enlarge", text)
        words, lost = await tab.ask("[looking.words(), looking.lost()]")
        _note(made.lost, f"{name}, {width} px, text {text} %", sorted(texts - set(words)) + lost)


def route_of(path: str, routes: Iterable[str]) -> str:
    """Which of the routes answers: `/modules/new` is none of the modules."""
    fitting = [one for one in routes if re.fullmatch(re.sub(r"{[^}]+}", "[^/]+", one), path)]
    return min(fitting, key=lambda one: one.count("{"), default="")


async def test_no_page_is_left_out(paths: Paths) -> None:
    known = {
        route.path_format for route in app().routes
        if isinstance(route, HTTPRoute) and any(
            one.opt.get("page") and "GET" in one.http_methods for one in route.route_handlers
        )
    }  # fmt: skip
    seen = {route_of(urlsplit(path).path, known) for places in paths.values() for path in places}
    assert known - seen == BETWEEN | FILES | WITHIN | NOT_OURS


async def test_axe_finds_nothing(visits: Visits) -> None:
    assert visits.count >= 80
    assert visits.audit == {}


async def test_nothing_is_lost_at_400_per_cent_or_with_large_text(visits: Visits) -> None:
    assert visits.lost == {}


async def test_a_first_visit_loads_little(visits: Visits) -> None:
    assert min(visits.weights.values()) > 1000
    assert {name: weight for name, weight in visits.weights.items() if weight >= MOST_FIRST} == {}


async def test_nothing_jumps_when_it_arrives(visits: Visits) -> None:
    assert visits.jumped == {}


async def test_long_pages_that_arrive_slowly_move_little(chromium: Chromium, stage: Stage, paths: Paths) -> None:
    """As over the wifi of a full hall, where a page is painted before its end is there."""
    moved, seen = {}, set()
    slow = {"offline": False, "latency": 5, "downloadThroughput": SLOW, "uploadThroughput": SLOW}
    for person, places in each_kind(paths):
        for path in (one for one in places if re.fullmatch(LONG, one)):
            async with opened(chromium, stage, person) as tab:
                network = await tab.page.context.new_cdp_session(tab.page)
                await network.send("Network.enable")
                await network.send("Network.emulateNetworkConditions", slow)
                await tab.open(path)
                await tab.calm()
                noted = await tab.ask("looking.noted")
                seen.add(path.rpartition("/")[0].split("/")[1])
                if noted["shift"] >= GOOD:
                    moved[path] = noted["shifted"]
    assert seen == {"city", "organise"}
    assert moved == {}


async def test_all_comes_from_here_and_the_policy_refuses_nothing(visits: Visits) -> None:
    assert visits.wrong == {}
