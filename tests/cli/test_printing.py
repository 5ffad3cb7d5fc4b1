"""The plan on paper: A4, a new page for each round and table, headers on each page, nothing cut off at the side."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest

from tests.cli import sample
from tests.cli.solved import QUICK, people, solve

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
A4_WIDE, A4_HIGH = 11.69, 8.27
"""Inches of a page that lies on its side."""
PIXELS = 96


def _printed(folder: Path, number: int, tables: int, rounds: int) -> dict[str, Any]:
    """The sheets of a plan for so many people: its sheets by name; `names`: what is defined."""
    file, plan = people(folder / "list.xlsx", sample.rows(number)), folder / "plan.xlsx"
    assert solve(file, "--tables", tables, "--rounds", rounds, *QUICK, "-o", plan) == 0
    with ZipFile(plan) as parts:
        book = ET.fromstring(parts.read("xl/workbook.xml"))
        found: dict[str, Any] = {
            sheet.attrib["name"]: ET.fromstring(parts.read(f"xl/worksheets/sheet{number}.xml"))
            for number, sheet in enumerate(book.iter(f"{MAIN}sheet"), 1)
        }
    found["names"] = [one.text for one in book.iter(f"{MAIN}definedName") if "Print_Titles" in one.attrib["name"]]
    return found


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return _printed(tmp_path_factory.mktemp("plan"), 47, tables=12, rounds=7)


def _setup(sheet: Any) -> dict[str, str]:
    return dict(sheet.find(f"{MAIN}pageSetup").attrib)


def _breaks(sheet: Any) -> list[int]:
    return [int(one.attrib["id"]) for one in sheet.iter(f"{MAIN}brk")]


def _width(sheet: Any) -> float:
    """Inches of all columns that hold something."""
    used = max(len(list(row)) for row in sheet.iter(f"{MAIN}row"))
    total = 0.0
    for one in sheet.iter(f"{MAIN}col"):
        last = min(int(one.attrib["max"]), used)
        total += max(0, last - int(one.attrib["min"]) + 1) * float(one.attrib["width"]) * 7
    return total / PIXELS


def test_all_is_for_a4(printed: dict[str, Any]) -> None:
    for name, sheet in printed.items():
        if name != "names":
            assert _setup(sheet)["paperSize"] == "9", name
            assert sheet.find(f"{MAIN}headerFooter").find(f"{MAIN}oddFooter").text.endswith("&P / &N"), name


def test_each_round_and_each_table_begins_a_page(printed: dict[str, Any]) -> None:
    rounds, cards = printed["Plan je Runde"], printed["Tischkarten"]
    assert (len(_breaks(rounds)), len(_breaks(cards))) == (7 - 1, 12 - 1)
    for sheet in (rounds, cards):
        assert _setup(sheet)["orientation"] == "landscape"
        # What fits the width by itself: to scale pages to fit would do away with the breaks.
        assert sheet.find(f"{MAIN}sheetPr/{MAIN}pageSetUpPr") is None
        margins = sheet.find(f"{MAIN}pageMargins").attrib
        assert _width(sheet) <= A4_WIDE - float(margins["left"]) - float(margins["right"])


def test_a_table_is_not_torn_apart_by_the_end_of_a_page(tmp_path: Path) -> None:
    """199 people: rounds of 20 tables, blocks of eight beside one another, more than a page holds."""
    sheet = _printed(tmp_path, 199, tables=20, rounds=2)["Plan je Runde"]
    rows = {int(row.attrib["r"]): float(row.attrib.get("ht", 15)) for row in sheet.iter(f"{MAIN}row")}
    edges = [1, *_breaks(sheet), max(rows)]
    assert len(edges) == 1 + 2 * 2
    # The title is repeated on each.
    pages = [sum(rows.get(row, 15) for row in range(top + 1, end + 1)) for top, end in pairwise(edges)]
    margins = sheet.find(f"{MAIN}pageMargins").attrib
    assert max(pages) <= (A4_HIGH - float(margins["top"]) - float(margins["bottom"])) * 72 - 20


def test_rows_are_as_high_as_their_words_are_long(printed: dict[str, Any]) -> None:
    """LibreOffice leaves rows of a file as high as they are, and what is written on two lines lies over the next."""
    quality = printed["Güte"]
    high = [float(row.attrib["ht"]) for row in quality.iter(f"{MAIN}row") if "ht" in row.attrib]
    assert max(high) >= 30
    assert all(one % 15 == 0 for one in high)


def test_lists_fit_the_width_and_repeat_their_header(printed: dict[str, Any]) -> None:
    for name in ("Wer sitzt wo", "Begegnungen"):
        sheet = printed[name]
        assert sheet.find(f"{MAIN}sheetPr/{MAIN}pageSetUpPr").attrib["fitToPage"] == "1"
        assert _setup(sheet)["fitToHeight"] == "0"
    assert {re.sub(r"'", "", one or "") for one in printed["names"]} == {
        "Plan je Runde!$1:$1", "Wer sitzt wo!$1:$1", "Begegnungen!$1:$1",
    }  # fmt: skip
