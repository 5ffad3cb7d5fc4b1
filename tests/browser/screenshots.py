"""`make screenshots`: every page as whoever sees it, on phone and desk, light and dark; pictures of the handbook.

Run by pytest because it needs what the browser tests need; the name keeps it out of `make test`. Pictures of what one
cannot simply open are taken by the stories.
"""

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from playwright.async_api import Browser as Chromium

from tests.browser.seeing import HEIGHTS, ROOT, TABS, THEMES, Paths, each_kind, opened, picture
from tests.browser.stage import CENTRAL, COORDINATOR, Stage

OUT: Final = ROOT / "out" / "screenshots"
TOGETHER: Final = 20
"""Pages that a tab takes before it is closed."""
HANDBOOK: Final = {
    "jemanden-einladen": (COORDINATOR, "/people"),
    "rundschreiben": (CENTRAL, "/state/08/circulars/new"),
    "stand-im-blick": (CENTRAL, "/state"),
}


async def test_every_page(chromium: Chromium, stage: Stage, paths: Paths) -> None:
    """`out/screenshots/<person>/<page>-<width>-<theme>.png`, from top to bottom; again where others see other parts."""
    shutil.rmtree(OUT, ignore_errors=True)
    turns, used = asyncio.Semaphore(TABS), Counter[Path]()

    async def some(person: str, places: Sequence[str], width: int) -> None:
        folder = OUT / re.sub("^(an?|the) ", "", person).replace(" ", "-")
        async with turns, opened(chromium, stage, person, width=width) as tab:
            for path in places:
                await tab.open(path)
                await tab.calm()
                name = re.sub(r"[^a-z0-9]+", "-", re.sub(r"[0-9a-f-]{36}|(?<=/mine/)[^/]+", "x", path.lower())).strip(
                    "-"
                )
                for theme in THEMES:
                    await tab.page.emulate_media(color_scheme=theme)
                    await tab.ask("looking.calm()")
                    file = folder / f"{name[:80] or 'front'}-{width}-{theme}.png"
                    used[file] += 1
                    if used[file] > 1:  # of another event, say
                        file = file.with_stem(f"{file.stem}-{used[file]}")
                    await tab.page.screenshot(path=file, full_page=True)

    async with asyncio.TaskGroup() as group:
        for person, places in each_kind(paths):
            for width in HEIGHTS:
                for first in range(0, len(places), TOGETHER):
                    group.create_task(some(person, places[first : first + TOGETHER], width))
    print(f"\n{len(list(OUT.rglob('*.png')))} pictures in {OUT.relative_to(ROOT)}")


async def test_pictures_of_the_handbook(chromium: Chromium, stage: Stage) -> None:
    for name, (person, path) in HANDBOOK.items():
        async with opened(chromium, stage, person) as tab:
            await tab.open(path)
            await picture(tab.page, name)
