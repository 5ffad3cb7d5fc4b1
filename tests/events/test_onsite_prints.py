"""Papers of the place and workbooks, read back: text, tags, QR codes module by module, cells by another library."""

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import msgspec
import pypdfium2
import pytest
import segno

from services.events import prints
from services.events.day import Day, printable
from services.events.prints.certificates import duration
from services.events.prints.codes import MASK
from services.kit.i18n import speaking
from services.kit.sheets.opening import tables
from tests.events.onsite_day import HOSTILE, LONG, TITLES, market, onsite_day
from tests.events.printed import all_words, pages, plain, rectangles, words
from tests.events.sample_day import sample_day

PAPERS = (prints.door_lists, prints.wall, prints.bus_lists, prints.certificates, prints.slips, prints.badges)
BOOKS = (prints.participants_book, prints.attendance_book, prints.bus_book, prints.market_book)
MM = 72 / 25.4


@pytest.fixture(scope="module")
def day() -> Day:
    return onsite_day()


@pytest.mark.parametrize("speech", ["de", "en"])
@pytest.mark.parametrize("paper", PAPERS)
def test_tagged_accessible_and_the_same_twice(day: Day, paper: Callable[[Day], bytes], speech: str) -> None:
    with speaking(speech):
        made = paper(day)
        assert made == paper(day)
    for sign in (b"<pdfuaid:part>1</pdfuaid:part>", f"/Lang({speech})".encode(), b"/StructTreeRoot", b"/MarkInfo"):
        assert sign in made, sign
    for sheet in pages(made):
        width, height = sheet.get_size()
        for left, bottom, right, top in rectangles(sheet):
            assert 0 < left < right < width
            assert 0 < bottom < top < height


def test_certificates_are_for_the_archive_as_well(day: Day) -> None:
    made = prints.certificates(day)
    assert b"<pdfaid:part>2</pdfaid:part>" in made
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in made
    assert b"<pdfaid:" not in prints.slips(day)


def test_a_certificate_says_who_what_when_how_long_and_the_code(day: Day) -> None:
    sheets = pages(prints.certificates(day))
    assert len(sheets) == 3
    first = words(sheets[0])
    for said in (
        "Teilnahmebescheinigung", day.certificates[0].name, "Konstanz", day.title, "Dienstag, 1. Oktober 2019",
        "6 Stunden 15 Minuten", "K7QM-2XPD-9RTA-B4HE", "https://lotsennetz.example.org/events/certificates",
        "Ausgestellt am 1. Oktober 2019", "Speeddating: Interkommunales Netzwerken",
    ):  # fmt: skip
        assert plain(said) in plain(first)
    assert "Führung" not in first  # for one city alone
    assert plain(LONG) in plain(words(sheets[1]))
    assert "Dauer" not in words(sheets[2])
    goals = msgspec.structs.replace(day, goals=("Sie kennen die E-Akte.",))
    assert "Sie kennen die EAkte." in plain(words(pages(prints.certificates(goals))[0]))
    assert [duration(n) for n in (None, 45, 60, 121)] == ["", "45 Minuten", "1 Stunde", "2 Stunden 1 Minute"]


Box = tuple[float, float, float, float]


def codes(page: Any, size: float) -> list[Box]:
    """Where squares of `size` millimetres are drawn: left, bottom, right, top in points."""
    found = []
    for shape in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_PATH], max_depth=9):
        left, bottom, right, top = shape.get_bounds()  # with the width of the stroke
        if all(size * MM - 1 < length < (size + 4) * MM for length in (right - left, top - bottom)):
            x, y, half = (left + right) / 2, (bottom + top) / 2, size * MM / 2
            found.append((x - half, y - half, x + half, y + half))
    return found


def seen(page: Any, scale: float = 6) -> tuple[Any, float, float]:
    """A page as a camera sees it: its picture, so many pixels a point, and its height in points."""
    return page.render(scale=scale, grayscale=True).to_numpy(), scale, page.get_size()[1]


def modules(photo: tuple[Any, float, float], box: Box, count: int) -> list[list[int]]:
    """The modules of a QR code in `box`."""
    picture, scale, height = photo
    left, _bottom, right, top = box
    step = (right - left) / count
    middles = [(number + 0.5) * step for number in range(count)]
    rows = [int((height - top + middle) * scale) for middle in middles]
    columns = [int((left + middle) * scale) for middle in middles]
    return [[int(picture[row, column] < 128) for column in columns] for row in rows]


def wanted(text: str) -> list[list[int]]:
    return [list(row) for row in segno.make(text, micro=False, error="l", mask=MASK).matrix]


@pytest.mark.parametrize(
    ("paper", "number", "size", "count"),
    [(prints.slips, 0, 20, 8), (prints.badges, 1, 22, 10), (prints.certificates, 0, 26, 1)],
)
def test_qr_codes_hold_the_own_link(
    day: Day, paper: Callable[[Day], bytes], number: int, size: float, count: int
) -> None:
    page = pages(paper(day))[number]
    boxes = codes(page, size)
    known = [wanted(link) for link in {*(one.link for one in day.participants), *(one.url for one in day.certificates)}]
    assert len(boxes) == count
    photo = seen(page)
    for box in boxes:
        assert any(modules(photo, box, len(one)) == one for one in known)


def test_without_links_slips_have_no_codes() -> None:
    assert codes(pages(prints.slips(sample_day()))[0], 20) == []


def test_door_lists_say_what_is_there_when_and_name_nobody_on_the_door(day: Day) -> None:
    sheets = pages(prints.door_lists(day))
    doors = sheets[:3]
    hall = words(doors[0])
    assert hall.startswith("#KNmeetsHN Dienstag, 1. Oktober 2019 Großer Saal 20 Sitzplätze · stufenlos · Hörschleife")
    assert "13:00–13:45" in hall
    assert "13:55–14:40" in hall
    assert plain(TITLES[0]) in plain(hall)
    guest = day.market.sessions[0].guests[2].name
    assert guest not in " ".join(map(words, doors))
    inside = words(sheets[3])
    assert "bitte nicht aushängen" in inside
    assert guest in inside
    assert "muss dabei sein" in inside
    unnamed = [msgspec.structs.replace(one, guests=()) for one in day.market.sessions]
    for_city = msgspec.structs.replace(day, market=msgspec.structs.replace(day.market, sessions=tuple(unnamed)))
    assert len(pages(prints.door_lists(for_city))) == 3


def test_a_room_without_an_open_space_has_the_agenda_at_its_door(day: Day) -> None:
    rooms = msgspec.structs.replace(day.market, slots=(), sessions=(), waiting=())
    text = all_words(prints.door_lists(msgspec.structs.replace(day, market=rooms)))
    assert text.count("Gemeinsame Mittagspause") == 3
    assert "Was hier stattfindet" not in text  # nobody departs from a room
    assert "Erwartet" not in text


def test_the_marketplace_is_a3_with_every_topic_once(day: Day) -> None:
    made = prints.wall(day)
    sheets = pages(made)
    assert [[round(one / MM) for one in sheet.get_size()] for sheet in sheets] == [[420, 297]] * 2
    text = plain(all_words(made))
    assert [text.count(plain(printable(title))) for title in TITLES] == [1] * len(TITLES)
    assert "Raum nicht nutzbar" in text
    assert "Themen ohne Platz" in words(sheets[1])


@pytest.mark.parametrize(("rooms", "slots", "sheets"), [(7, 3, 2), (3, 7, 2), (13, 13, 9), (6, 5, 1)])
def test_a_large_marketplace_takes_more_sheets(day: Day, rooms: int, slots: int, sheets: int) -> None:
    place = msgspec.structs.replace(market(day.participants, rooms, slots), waiting=())
    made = prints.wall(msgspec.structs.replace(day, market=place))
    assert len(pages(made)) == sheets
    text = all_words(made)
    assert all(plain(room.name) in plain(text) for room in place.rooms)


def test_bus_lists_name_everybody_at_their_stop(day: Day) -> None:
    sheets = pages(prints.bus_lists(day))
    there = words(sheets[0])
    assert "Hinfahrt" in there
    assert "20 Minuten später" in there
    assert "17 Personen · 30 Sitzplätze" in there
    first, second = there.index("07:00 Uhr Konstanz, Döbeleplatz"), there.index("07:25 Uhr Radolfzell, Bahnhof")
    for one in day.buses[0].points[0].passengers:
        assert f"{one.seat} {one.name}" in there[first:second]
    assert "Hier steigt niemand ein." in there[there.index("07:40 Uhr Singen") :]
    assert any("Rückfahrt" in words(sheet) for sheet in sheets[1:])


@pytest.mark.parametrize("paper", [prints.door_lists, prints.wall, prints.bus_lists, prints.certificates])
def test_an_empty_day_is_one_page_that_says_so(paper: Callable[[Day], bytes]) -> None:
    made = paper(sample_day())
    assert len(pages(made)) == 1
    assert "noch keine" in all_words(made)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made


# Workbooks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("book", BOOKS)
def test_no_cell_of_a_workbook_is_a_formula_or_a_link(day: Day, book: Callable[[Day], bytes]) -> None:
    made = book(day)
    assert made == book(day)
    with ZipFile(BytesIO(made)) as parts:
        inside = b"".join(parts.read(name) for name in parts.namelist() if "sheet" in name)
    assert not re.search(rb"<f[ >]|<hyperlink", inside)


def test_workbooks_hold_what_they_are_called(day: Day) -> None:
    people, by_table = tables(prints.participants_book(day))
    assert people.rows[0][:4] == ("Name", "Stadt", "Amt", "Runde 1: Tisch")
    assert len(people.rows) == 51
    row = next(row for row in people.rows if row[0] == HOSTILE)
    person = day.participants[1]
    assert row == (HOSTILE, person.city, person.department, *(float(stop.table) for stop in person.route))
    assert by_table.rows[1] == (1.0, "Kommunale Finanzen")
    came = msgspec.structs.replace(day.participants[2], attendance="late")
    (attendance,) = tables(prints.attendance_book(msgspec.structs.replace(day, participants=(came,))))
    assert attendance.rows[1] == (came.name, came.city, came.department, "später gekommen")
    there, back = tables(prints.bus_book(day))
    assert (there.name, len(there.rows), len(back.rows)) == ("Bus 1  Reisedienst Seegucker", 18, 26)
    assert there.rows[1][:2] == ("07:00 Uhr", "Konstanz, Döbeleplatz")
    (topics,) = tables(prints.market_book(day))
    assert [row[0] for row in topics.rows[1:]] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert topics.rows[1][2:4] == ("13:00–13:45", "Großer Saal")
