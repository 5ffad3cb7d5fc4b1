"""Papers read back as a reader would: words, boxes and lines where they stand on the page."""

import datetime as dt
from typing import Any

import msgspec
import pypdfium2

from services.events import prints
from services.events.day import Day, Person, Round, Stop, Table
from tests.events.sample_day import at, sample_day

LONG = "Amt für Schulen, Bildung und Wissenschaft – Dienstleistungszentrum Wobak"
NASTY = (
    "#show: *Ann* _e_ $x$ @ref",
    "a\\b ] } [c] <label> `raw` // rest",
    "\"quoted\" 'single' ~tilde~ = head",
    "Dr. Maximiliane-Charlotte von Hohenlohe-Waldenburg-Schillingsfürst",
    "Łukasz Dvořák-Şebnem",
)


def pages(paper: bytes) -> list[Any]:
    return list(pypdfium2.PdfDocument(paper))


def words(page: Any, box: tuple[float, float, float, float] | None = None) -> str:
    """The text on the page (or between left, bottom, right, top) as one line.

    A hyphen at the end of a printed line is missing: pdfium cannot tell it from a divided word's.
    """
    text = page.get_textpage()
    found: str = text.get_text_bounded(*box) if box else text.get_text_bounded()
    for mark in ("\ufffe", "\x02", "\u00ad"):
        found = found.replace(mark + "\r\n", "").replace(mark, "")
    return " ".join(found.split())


def plain(text: str) -> str:
    """Without hyphens, for comparing what may have been divided."""
    return text.replace("-", "")


def rectangles(page: Any) -> list[tuple[float, float, float, float]]:
    """Where text stands: left, bottom, right, top in points."""
    text = page.get_textpage()
    return [text.get_rect(index) for index in range(text.count_rects())]


def all_words(paper: bytes) -> str:
    return " ".join(words(page) for page in pages(paper))


PAPERS = (prints.table_cards, prints.slips, prints.run_sheet, prints.badges, prints.attendance_list)


def placed(people: int, rounds: int, tables: int = 1) -> Day:
    """A day with long words everywhere: `people` from three cities, all moving on by one table every round."""
    start = at("09:00")
    minutes = dt.timedelta(minutes=15)
    return msgspec.structs.replace(
        sample_day(),
        rounds=tuple(Round(n, start + n * minutes, start + (n + 1) * minutes) for n in range(1, rounds + 1)),
        tables=tuple(Table(n, LONG if n == 1 else NASTY[0]) for n in range(1, tables + 1)),
        participants=tuple(
            Person(
                NASTY[i] if i < len(NASTY) else f"Person{i:04}",
                ("Konstanz", "Heilbronn", "Garmisch-Partenkirchen")[i % 3],
                LONG,
                tuple(Stop(n, (i + n) % tables + 1) for n in range(1, rounds + 1)),
            )
            for i in range(people)
        ),
    )
