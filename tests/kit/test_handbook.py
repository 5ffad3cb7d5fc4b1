"""The handbook: what it says is on the screen, what it links to is there, and every page is one page."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from services.kit import handbook
from services.kit.rights import routes
from tests.house.test_messages import NAMES, catalogue
from tests.house.tree import ROOT
from tests.stories.access import app

FOLDER = ROOT / "docs" / "handbuch"
FILES = sorted(path for path in FOLDER.glob("*/*.md"))
MOST_SIGNS = 2400
"""About a printed page, with a picture."""
MOST_BYTES = 60_000
PARTS = ("## Das brauchen Sie", "## So geht es", "## Was dann passiert")


@cache
def said() -> frozenset[str]:
    """Everything that the pages say in German."""
    found = set[str]()
    for name in NAMES:
        for entry in catalogue(name):
            found.update([entry.string] if isinstance(entry.string, str) else entry.string or ())
    return frozenset(found)


def linked(text: str) -> Iterator[str]:
    yield from re.findall(r"\]\(([^)]+)\)", text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_task_is_one_page_in_three_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert len(text) <= MOST_SIGNS
    assert re.findall("^## .*", text, re.MULTILINE) == list(PARTS)
    assert re.search(r"\b(?:du|dein|dir|dich)\b", text) is None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_bold_stands_on_the_screen(path: Path) -> None:
    bold = re.findall(r"\*\*([^*]+)\*\*", path.read_text(encoding="utf-8").replace("\n", " "))
    assert [one for one in (re.sub(r"\s+", " ", words) for words in bold) if one not in said()] == []


def test_links_lead_where_everybody_may_go() -> None:
    places = {place for place, methods, right in routes(app()) if right and right.public and "GET" in methods}
    for path in FILES:
        for href in linked(path.read_text(encoding="utf-8")):
            if href.startswith("/"):
                assert href in places, (path.name, href)
            else:
                assert (path.parent / href).is_file() or href.endswith(".webp"), (path.name, href)


def test_the_hub_shows_them_all_in_order() -> None:
    shown = [one.path for one in handbook.tasks().values()]
    assert len(shown) == len(FILES) >= 12
    assert {one.role for one in handbook.tasks().values()} == set(handbook.ROLES)
    for one in handbook.tasks().values():
        assert "**" not in one.html
        for href in re.findall('href="([^"]+)"', one.html):
            assert href.startswith("/"), (one.path, href)
            assert not href.startswith(handbook.AT) or href in shown, (one.path, href)


def test_pictures_are_small_and_used() -> None:
    wanted = {href.rpartition("/")[2] for path in FILES for href in linked(path.read_text(encoding="utf-8"))}
    made = sorted((FOLDER / handbook.PICTURES).glob("*.webp"))
    assert {path.name for path in made} == {one for one in wanted if one.endswith(".webp")}
    assert [path.name for path in made if path.stat().st_size > MOST_BYTES] == []


def test_only_pictures_are_given_away() -> None:
    assert handbook.picture("../README.md") is None
    assert handbook.picture("nothing.webp") is None
