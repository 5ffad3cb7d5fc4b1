"""What holds of every page that a link leads to, in a real browser.

axe-core finds nothing by the rules of WCAG 2.2 AA and EN 301 549, on phones and desks, light and dark. At 400 %
and with text twice as large nothing is lost. Little is loaded, all of it from here, and nothing jumps when it arrives.
`make test` looks at a page of each kind once, `make soak` as everybody in every look.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest_asyncio
from playwright.async_api import Browser as Chromium

from services.kit.service import Hub
from tests.browser.seeing import DESK, HEIGHTS, LOOKS, SOAK, Paths, Tab, each_kind, opened
from tests.kit.test_assets import MOST_FIRST

TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "EN-301-549"]
ZOOMED, TABLET = 320, 768
"""CSS pixels that are left of 1280 at 400 % (WCAG 1.4.10)."""
TRIES: Final = 3
"""What jumps each time is a fault. Once in a while, on a busy machine, the font comes just after the first lines."""
EVERY: Final = 1 if SOAK else 3
"""Of how many kinds of pages axe-core looks at one; it takes longer than everything else."""


@dataclass
class Visits:
    """By page, person and look: what was found that must not be."""

    count: int = 0
    audit: dict[str, list[str]] = field(default_factory=dict)
    lost: dict[str, list[str]] = field(default_factory=dict)
    heavy: dict[str, float] = field(default_factory=dict)
    jumped: dict[str, list[str]] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)


@pytest_asyncio.fixture(scope="module")
async def visits(chromium: Chromium, hub: Hub, paths: Paths, axe: str) -> AsyncIterator[Visits]:
    made = Visits()
    for person, places in each_kind(paths):
        async with opened(chromium, hub, person) as tab:
            tools = await tab.page.context.new_cdp_session(tab.page)
            await tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
            for path in places:
                for width, theme in LOOKS if SOAK else [LOOKS[made.count % len(LOOKS)]]:
                    name = f"{path} as {person}, {width} px, {theme}"
                    await _arrive(made, tab, name, path, width, theme)
                    if made.count % EVERY == 0:
                        await tab.page.evaluate(axe)
                        _note(made.audit, name, await tab.page.evaluate("looking.audit", TAGS))
                    made.count += 1
                await _magnify(made, tab, f"{path} as {person}")
    yield made


def _note(where: dict[str, Any], name: str, found: Any) -> None:
    if found:
        where[name] = found


async def _arrive(made: Visits, tab: Tab, name: str, path: str, width: int, theme: Any) -> None:
    """Open the page as the first that this browser ever sees of the hub."""
    await tab.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    await tab.page.emulate_media(color_scheme=theme)
    weight, noted = 0, dict[str, Any]()
    for _try in range(TRIES):
        assert await tab.open(path) == 200, path
        await tab.calm()
        weight, noted = await tab.page.evaluate("[looking.loaded(), looking.noted]")
        if not noted["shift"]:
            break
    else:
        made.jumped[name] = noted["shifted"]
    assert weight > 1000, "it was loaded"
    _note(made.heavy, name, weight if weight >= MOST_FIRST else 0)
    _note(made.wrong, name, await tab.settled())


async def _magnify(made: Visits, tab: Tab, name: str) -> None:
    await _sized(tab, DESK)
    texts = set(await tab.page.evaluate("looking.words()"))
    for width, text in ((ZOOMED, 100), (DESK, 200), (TABLET, 100))[: 3 if SOAK else 2]:
        await _sized(tab, width, text)
        words, lost = await tab.page.evaluate("[looking.words(), looking.lost()]")
        _note(made.lost, f"{name}, {width} px, text {text} %", sorted(texts - set(words)) + lost)


async def _sized(tab: Tab, width: int, text: int = 100) -> None:
    """`text`: how large letters are, in per cent, as people set it in their browser."""
    await tab.page.set_viewport_size({"width": width, "height": 256 if width == ZOOMED else HEIGHTS[DESK]})
    await tab.page.evaluate("looking.enlarge", text)


async def test_axe_finds_nothing(visits: Visits) -> None:
    assert visits.count >= 30
    assert visits.audit == {}


async def test_nothing_is_lost_at_400_per_cent_or_with_large_text(visits: Visits) -> None:
    assert visits.lost == {}


async def test_a_first_visit_loads_little(visits: Visits) -> None:
    assert visits.heavy == {}


async def test_nothing_jumps_when_it_arrives(visits: Visits) -> None:
    assert visits.jumped == {}


async def test_all_comes_from_here_and_the_policy_refuses_nothing(visits: Visits) -> None:
    assert visits.wrong == {}
