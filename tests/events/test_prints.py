"""The papers, read back as a reader would: text where it stands on the page."""

import asyncio
import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pypdfium2
import pytest

from services.events import prints
from services.events.day import Day, Person, Round, Stop, Table, printable
from services.kit.i18n import speaking
from tests.conftest import soak
from tests.events.printed import NASTY, PAPERS, all_words, pages, placed, plain, rectangles, words
from tests.events.sample_day import at, sample_day

A7 = (297.64, 210.47)


TOPICS = {
    "de": (
        "E-Government und digitale Bürgerdienste",
        "Digitale Barrierefreiheit und Teilhabe in der Verwaltung",
        "Kommunale Finanzen",
        "Datenschutz und Informationssicherheit im Alltag",
        "Personal, Organisation und IT",
        "Schulverwaltung, Bildung und Soziales",
    ),
    "en": (
        "E-government and online access",
        "Digital accessibility and inclusion in public services",
        "Municipal finances",
        "Data protection and information security",
        "Staff, organisation and IT",
        "Schools, education and social affairs",
    ),
}


def three_cities(speech: str) -> Day:
    """47 people of three cities (20, 20 and 7) at six tables in four rounds; most topics take more than a line."""
    day = sample_day()
    start = at("10:45")
    minutes = dt.timedelta(minutes=15)
    names = [person.name for person in day.participants]
    names = [*names[:20], *names[25:45], NASTY[3], *names[20:25], names[45]]
    cities = ["Konstanz"] * 20 + ["Heilbronn"] * 20 + ["Garmisch-Partenkirchen"] * 7
    return msgspec.structs.replace(
        day,
        rounds=tuple(Round(n, start + (n - 1) * minutes, start + n * minutes) for n in range(1, 5)),
        tables=tuple(Table(n, topic) for n, topic in enumerate(TOPICS[speech], 1)),
        participants=tuple(
            Person(
                name,
                city,
                day.participants[i].department,
                tuple(Stop(n, (i + (n - 1) * (1 + i // 6 % 5)) % 6 + 1) for n in range(1, 5)),
            )
            for i, (name, city) in enumerate(zip(names, cities, strict=True))
        ),
    )


def cuts(page: Any) -> tuple[list[float], list[float]]:
    """Where lines cross the whole page: their heights and their distances from the left, in points."""
    width, height = page.get_size()
    across, down = [], []
    for shape in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_PATH], max_depth=9):
        left, bottom, right, top = shape.get_bounds()
        if right - left > width - 2:
            across.append((bottom + top) / 2)
        if top - bottom > height - 2:
            down.append((left + right) / 2)
    return sorted(across), down


def test_slips_give_everyone_the_right_route_once_sorted_by_city_and_name() -> None:
    day = sample_day()
    topics = {table.number: table.topic for table in day.tables}
    times = {1: "10:45–11:00", 2: "11:00–11:15", 3: "11:15–11:30"}
    paper = prints.slips(day)
    sheets = pages(paper)
    assert len(sheets) == 7
    cut = [
        words(sheet, (column * A7[0], (3 - row) * A7[1], (column + 1) * A7[0], (4 - row) * A7[1]))
        for sheet in sheets
        for row in range(4)
        for column in range(2)
    ]
    cut = [slip for slip in cut if slip]
    assert len(cut) == 50
    for slip, person in zip(cut, [*day.participants[25:], *day.participants[:25]], strict=True):
        head = f"#KNmeetsHN 1. Oktober 2019 {person.name} {person.city} {person.department} Runde Uhrzeit Tisch Thema"
        route = [f"{stop.round} {times[stop.round]} {stop.table} {topics[stop.table]}" for stop in person.route]
        assert slip == " ".join([head, *route])


def test_names_sort_as_in_a_german_dictionary() -> None:
    names = ("Zoe", "Łukasz", "Özlem", "Ottokar", "Ludwig", "Maria", "ärmel", "Anna")
    day = msgspec.structs.replace(sample_day(), participants=tuple(Person(name, "Ulm") for name in names))
    text = all_words(prints.slips(day))
    order = sorted(names, key=text.index)
    assert order == ["Anna", "ärmel", "Ludwig", "Łukasz", "Maria", "Ottokar", "Özlem", "Zoe"]


def test_each_table_card_names_who_sits_there_in_each_round() -> None:
    day = sample_day()
    sheets = pages(prints.table_cards(day))
    assert len(sheets) == 10
    for table, front, back in zip(day.tables, sheets[::2], sheets[1::2], strict=True):
        face = words(front)
        assert face.startswith(f"#KNmeetsHN Dienstag, 1. Oktober 2019 Tisch {table.number} {table.topic} Runde 1")
        assert all(text in face for text in (*day.questions, "10:45–11:00 Uhr", day.title, day.venue))
        rounds = words(back).split("Runde ")[1:]
        assert len(rounds) == 3
        for number, text in enumerate(rounds, 1):
            assert text.startswith(f"{number} 1")
            seated = {p.name for p in day.participants if p.name in text}
            assert seated == {p.name for p in day.participants if Stop(number, table.number) in p.route}
            assert len(seated) == 10


@pytest.mark.parametrize("speech", ["de", "en"])
def test_three_cities_share_the_back_of_a_card(speech: str) -> None:
    day = three_cities(speech)
    with speaking(speech):
        paper = prints.table_cards(day)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in paper
    sheets = pages(paper)
    assert len(sheets) == 2 * len(day.tables)
    for table, back in zip(day.tables, sheets[1::2], strict=True):
        listed = words(back).removesuffix(f" {day.title} {day.venue}")
        rounds = listed.split({"de": "Runde ", "en": "Round "}[speech])[1:]
        assert len(rounds) == 4
        for number, text in enumerate(rounds, 1):
            assert text.startswith(f"{number} 1")
            here = {person for person in day.participants if Stop(number, table.number) in person.route}
            for person in day.participants:
                assert plain(text).count(plain(person.name)) == (person in here)
            for city in {person.city for person in here}:
                assert plain(text).count(plain(city)) == 1


def test_a_long_name_leaves_no_hole_among_its_neighbours() -> None:
    names = ("Ada Albers", NASTY[3], "Nora Nolte", "Bela Braun", "Onno Ohms", "Rosa Raue")
    cities = ("Aalen",) * 3 + ("Bonn",) * 3
    people = tuple(Person(name, city, "", (Stop(1, 1),)) for name, city in zip(names, cities, strict=True))
    back = pages(prints.table_cards(msgspec.structs.replace(placed(1, 1), participants=people)))[1]
    bonn, *tops = [top for left, _bottom, _right, top in rectangles(back) if 205 < left < 215 and top < 510]
    assert len(tops) == 3
    assert bonn > tops[0]
    assert tops[0] - tops[1] == pytest.approx(tops[1] - tops[2], abs=1)


def test_a_fourth_city_follows_below_without_the_round_again() -> None:
    day = placed(8, 1)
    cities = ("Aalen", "Bonn", "Celle", "Dachau")
    people = tuple(msgspec.structs.replace(p, city=cities[i % 4]) for i, p in enumerate(day.participants))
    back = pages(prints.table_cards(msgspec.structs.replace(day, participants=people)))[1]
    text = words(back)
    assert text.count("Runde 1") == 1
    assert text.index("Aalen") < text.index("Bonn") < text.index("Celle") < text.index("Dachau")
    assert all(plain(text).count(plain(person.name)) == 1 for person in people)


@pytest.mark.parametrize(
    ("speech", "status"),
    [
        *(("de", "confirmed"), ("en", "tentative")),
        *(pytest.param(*one, marks=soak) for one in (("de", "tentative"), ("en", "confirmed"))),
    ],
)
def test_eight_slips_share_a_page_up_to_four_rounds(speech: str, status: str) -> None:
    day = msgspec.structs.replace(three_cities(speech), status=status)
    with speaking(speech):
        paper = prints.slips(day)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in paper
    sheets = pages(paper)
    assert len(sheets) == 6
    found = [sum(plain(person.name) in plain(words(sheet)) for person in day.participants) for sheet in sheets]
    assert found == [8, 8, 8, 8, 8, 7]
    for sheet in sheets:
        across, down = cuts(sheet)
        assert across == pytest.approx([A7[1], 2 * A7[1], 3 * A7[1]], abs=1)
        assert down == pytest.approx([A7[0]], abs=1)


@pytest.mark.parametrize(("people", "rows"), [(1, [1]), (3, [2]), (8, [4]), (9, [4, 1])])
def test_cut_lines_close_every_row_of_slips_but_run_along_no_edge(people: int, rows: list[int]) -> None:
    sheets = pages(prints.slips(placed(people, 2)))
    for sheet, filled in zip(sheets, rows, strict=True):
        across, _down = cuts(sheet)
        assert across == pytest.approx([A7[1] * row for row in range(1, 4) if row >= 4 - filled], abs=1)


def test_a_slip_too_long_for_its_share_is_cut_below_as_well() -> None:
    day = placed(7, 4)
    day = msgspec.structs.replace(day, tables=(Table(1, "Ein Thema " * 12),))
    for sheet in pages(prints.slips(day)):
        lowest = min(bottom for _left, bottom, _right, _top in rectangles(sheet))
        assert 0 < min(cuts(sheet)[0]) < lowest


@pytest.mark.parametrize("people", [1, 2, 10, 11, 23])
def test_each_back_lies_behind_its_front(people: int) -> None:
    """Turned over the long edge, what stands left of the middle comes to lie right of it."""
    day = placed(people, 3, 4)
    sheets = pages(prints.badges(day))
    assert len(sheets) == 2 * -(-people // 10)
    width, height, left, top = 255.1, 141.7, 42.5, 775.3
    ways = {p.name: " ".join(str(stop.table) for stop in p.route) for p in day.participants}
    seen = []
    for front, back in zip(sheets[::2], sheets[1::2], strict=True):
        for row in range(5):
            for column in range(2):
                upper = top - row * height
                there = (left + column * width, upper - height, left + (column + 1) * width, upper)
                behind = (left + (1 - column) * width, upper - height, left + (2 - column) * width, upper)
                if name := next((name for name in ways if plain(name) in plain(words(front, there))), None):
                    times = [f"{r.number}" for r in day.rounds]
                    told = words(back, behind)
                    found = re.findall(r"\d\d:\d\d–\d\d:\d\d (\d)", told)
                    assert (" ".join(found), len(found)) == (ways[name], len(times))
                    seen.append(name)
    assert sorted(seen) == sorted(ways)


def test_everybody_can_sign_once() -> None:
    day = sample_day()
    text = all_words(prints.attendance_list(day))
    assert [text.count(printable(one.name)) for one in day.participants] == [1] * len(day.participants)
    assert text.count("Unterschrift") >= len({one.city for one in day.participants})


def test_the_run_sheet_holds_agenda_loads_totals_and_seats() -> None:
    day = sample_day()
    text = all_words(prints.run_sheet(day))
    assert "10:45–11:30 Speeddating: Interkommunales Netzwerken alle Digitallotsen unserer Städte" in text
    assert "07:00 Abfahrt Konstanz" in text
    assert "5 Bürgerdienste und Ordnung 10 10 10" in text
    assert "Heilbronn 25 Konstanz 25 Summe 50" in text
    for person in day.participants:
        assert f"{person.name} {person.department} {' '.join(str(stop.table) for stop in person.route)}" in text


@pytest.mark.parametrize(
    ("paper", "size"), [(prints.table_cards, (420, 595)), (prints.slips, (595, 842)), (prints.run_sheet, (595, 842))]
)
def test_page_sizes(paper: Callable[[Day], bytes], size: tuple[int, int]) -> None:
    for page in pages(paper(placed(60, 8, 2))):
        assert page.get_size() == pytest.approx(size, abs=1)


@pytest.mark.parametrize("paper", PAPERS)
def test_the_same_day_gives_the_same_bytes(paper: Callable[[Day], bytes]) -> None:
    day = sample_day()
    later = msgspec.structs.replace(day, updated=day.updated + dt.timedelta(seconds=1))
    assert paper(day) == paper(sample_day())
    assert paper(later) != paper(day)


async def test_threads_do_not_disturb_each_other() -> None:
    days = [placed(people, 2, 2) for people in (3, 5, 8, 13)]
    alone = [prints.slips(day) for day in days]
    together = await asyncio.gather(*(asyncio.to_thread(prints.slips, day) for day in days * 2))
    assert together == alone * 2


@pytest.mark.parametrize("paper", PAPERS)
def test_papers_are_accessible_pdf_with_a_title(paper: Callable[[Day], bytes]) -> None:
    document = pypdfium2.PdfDocument(paper(sample_day()))
    assert document.is_tagged()
    assert b"<pdfuaid:part>1</pdfuaid:part>" in paper(sample_day())
    assert document.get_metadata_value("Title").endswith("– #KNmeetsHN")


@pytest.mark.parametrize("status", ["cancelled", "tentative"])
def test_the_papers_say_when_a_day_is_not_certain(status: str) -> None:
    day = msgspec.structs.replace(sample_day(), status=status)
    for paper in PAPERS:
        assert {"cancelled": "Abgesagt", "tentative": "Vorläufig"}[status] in words(pages(paper(day))[0])


def test_an_empty_day_still_makes_papers() -> None:
    day = Day(
        id="1", title="", hashtag="", kind="", date=dt.date(2026, 2, 3), venue="", address="", host="",
        updated=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )  # fmt: skip
    for paper in PAPERS:
        assert len(pages(paper(day))) == 1
    assert "Es sind noch keine Tische angelegt." in all_words(prints.table_cards(day))
    assert "Es hat sich noch niemand angemeldet." in all_words(prints.slips(day))


@pytest.mark.parametrize(
    "wrong",
    [
        {"updated": dt.datetime(2019, 9, 1)},  # noqa: DTZ001 - the mistake is the test
        {"timezone": "Europe/Buxtehude"},
        {"status": "maybe"},
        {"tables": (Table(1), Table(1))},
        {"tables": (Table(0),)},
        {"participants": (Person("A", "B", route=(Stop(9, 1),)),)},
        {"participants": (Person("A", "B", route=(Stop(1, 1), Stop(1, 2))),)},
        {"agenda": sample_day().agenda * 2},
    ],
)
def test_parts_that_do_not_fit_together_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        msgspec.structs.replace(sample_day(), **wrong)
