"""The papers as other people's programs read them: the tags of PDFs, QR codes off the page, workbooks."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from python_calamine import CalamineWorkbook

from services.events import prints
from services.events.day import Day
from services.events.papers import PAPERS, XLSX_PAPERS
from services.events.prints.minutes import Outcome, Photo, Record
from services.events.prints.votes import Line, Result
from services.kit.i18n import speaking
from services.kit.service import Hub
from services.kit.sheets.opening import tables
from tests.conftest import Clients
from tests.events.onsite_day import onsite_day
from tests.events.sample_day import sample_day
from tests.events.structure import elements, faults
from tests.events.test_open_space_media import png
from tests.events.test_report import day as year_of
from tests.events.test_report import fetched, seat
from tests.events.test_trips import HEILBRONN, KONSTANZ

PDFS = {name: make for name, (make, media) in PAPERS.items() if media == "application/pdf"}
RECORD = Record(outcomes=(Outcome("Thema", photos=(Photo("a.png", png(), "Punkt"),)),))


@pytest.fixture(scope="module")
def day() -> Day:
    return onsite_day()


@pytest.mark.parametrize("name", PDFS)
def test_nothing_is_drawn_beside_the_tags(day: Day, name: str) -> None:
    archived = name == "certificates.pdf"
    assert faults(PDFS[name](day), archived=archived) == []
    with speaking("en"):
        assert faults(PDFS[name](sample_day()), language="en", archived=archived) == []


def test_what_is_kept_is_tagged_and_archived() -> None:
    lines = (Line("Reisekosten", (8, 9, 7), 24, 1),)
    criteria = ("Nutzen", "Aufwand", "Lust")
    result = Result("Welche Idee?", "Lernreise", sample_day().date, criteria, lines, voted=25)
    for paper in (prints.minutes(sample_day(), RECORD), prints.vote_result(sample_day(), [result])):
        assert faults(paper, archived=True) == []


async def test_an_annual_report_is_tagged_and_archived(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await year_of(clients)
    await seat(hub, event, [[people[KONSTANZ][0], people[HEILBRONN][0]]])
    assert faults((await fetched(organiser, KONSTANZ)).content, archived=True) == []


def test_a_paper_that_is_not_as_it_should_be_is_found(day: Day) -> None:
    with pikepdf.open(BytesIO(prints.badges(day))) as pdf:
        del pdf.Root.MarkInfo
        pdf.Root.Lang = pikepdf.String("fr")
        pdf.pages[0].contents_add(b"BT 10 10 Td (x) Tj ET")
        figure = next(one for one in elements(pdf.Root.StructTreeRoot) if str(one.S) == "/Figure")
        figure.Alt = pikepdf.String(" ")
        pdf.save(made := BytesIO())
    found = faults(made.getvalue(), archived=True)
    assert found[:2] == ["it is not marked as tagged", "its language is fr"]
    for words in ("pdfaid:part is None", "a figure has no words", "neither tagged nor decoration"):
        assert any(words in one for one in found), found


def read_codes(page: Any) -> list[str]:
    """What a phone reads off a page that was printed with 200 dpi."""
    picture = page.render(scale=200 / 72, grayscale=True).to_numpy()
    return [
        one.text
        for one in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    ]


@pytest.mark.parametrize("paper", [prints.slips, prints.badges])
def test_a_phone_reads_everybody_s_link(day: Day, paper: Callable[[Day], bytes]) -> None:
    found = [text for page in pypdfium2.PdfDocument(paper(day)) for text in read_codes(page)]
    assert sorted(found) == sorted(one.link for one in day.participants)


def test_a_phone_reads_where_a_certificate_is_checked(day: Day) -> None:
    found = [text for page in pypdfium2.PdfDocument(prints.certificates(day)) for text in read_codes(page)]
    assert found == [one.url for one in day.certificates]


@pytest.mark.parametrize("name", XLSX_PAPERS)
def test_another_library_reads_the_same_cells(day: Day, name: str) -> None:
    made = XLSX_PAPERS[name](day)
    book = CalamineWorkbook.from_filelike(BytesIO(made))
    ours = tables(made)
    assert book.sheet_names == [one.name for one in ours]
    for sheet in ours:
        theirs = book.get_sheet_by_name(sheet.name).to_python()
        width = max(map(len, sheet.rows))
        assert [list(row) for row in theirs] == [[*row, *[""] * (width - len(row))] for row in sheet.rows]
