"""`make screenshots`: every page as each person sees it, on phone and desk, light and dark; pictures of the handbook.

Run by pytest because it needs what the browser tests need; the name keeps it out of `make test`. Pictures of what one
cannot simply open are taken by the stories.
"""

import re
import shutil
from typing import Final

from playwright.async_api import Browser as Chromium

from services.kit.service import Hub
from tests.browser.seeing import LOOKS, ROOT, Paths, opened, picture

OUT: Final = ROOT / "out" / "screenshots"
HANDBOOK: Final = {
    "jemanden-einladen": ("a coordinator", "/people"),
    "rundschreiben": ("a central navigator", "/state/08/circulars/new"),
    "stand-im-blick": ("a central navigator", "/state"),
}


async def test_every_page(chromium: Chromium, hub: Hub, paths: Paths) -> None:
    """`out/screenshots/<person>/<page>-<width>-<theme>.png`, from top to bottom."""
    shutil.rmtree(OUT, ignore_errors=True)
    for person, places in paths.items():
        folder = OUT / re.sub("^an? ", "", person).replace(" ", "-")
        for width, theme in LOOKS:
            async with opened(chromium, hub, person, width=width, theme=theme) as tab:
                for path in places:
                    await tab.open(path)
                    name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[:80] or "front"
                    await tab.page.screenshot(path=folder / f"{name}-{width}-{theme}.png", full_page=True)
    print(f"\n{len(list(OUT.rglob('*.png')))} pictures in {OUT.relative_to(ROOT)}")


async def test_pictures_of_the_handbook(chromium: Chromium, hub: Hub) -> None:
    for name, (person, path) in HANDBOOK.items():
        async with opened(chromium, hub, person) as tab:
            await tab.open(path)
            await picture(tab.page, name)
