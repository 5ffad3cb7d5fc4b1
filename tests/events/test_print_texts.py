"""What people type, on paper: literally, in both languages, never off the page."""

from collections.abc import Callable

import msgspec
import pytest

from services.events import prints
from services.events.day import Day, Person, Stop, Table, printable
from services.events.typst import UNUSUAL, drawable, typeset
from services.kit.i18n import speaking
from tests.conftest import soak
from tests.events.printed import NASTY, PAPERS, all_words, pages, placed, plain, rectangles, words
from tests.events.sample_day import at, sample_day


@pytest.mark.parametrize("paper", PAPERS)
def test_what_people_type_is_printed_literally(paper: Callable[[Day], bytes]) -> None:
    text = all_words(paper(placed(len(NASTY), 2)))
    for name in NASTY:
        assert plain(name) in plain(text)


@pytest.mark.parametrize(("people", "rounds"), [(1, 1), pytest.param(60, 8, marks=soak), (7, 32)])
def test_nothing_is_lost_or_leaves_the_page_however_many(people: int, rounds: int) -> None:
    day = placed(people, rounds)
    times = dict.fromkeys(PAPERS, 1) | {prints.table_cards: rounds, prints.run_sheet: -(-rounds // 9)}
    for paper in PAPERS:
        sheets = pages(paper(day))
        text = plain(" ".join(map(words, sheets)))
        assert {text.count(plain(person.name)) for person in day.participants} == {times[paper]}
        for sheet in sheets:
            width, height = sheet.get_size()
            for left, bottom, right, top in rectangles(sheet):
                assert 0 < left < right < width - 18
                assert 18 < bottom < top < height


def test_endless_texts_push_and_do_not_overlap() -> None:
    day = placed(3, 3)
    day = msgspec.structs.replace(day, title="Ein Titel " * 30, tables=(Table(1, "Ein Thema " * 40),))
    for paper in PAPERS:
        for sheet in pages(paper(day)):
            height = sheet.get_size()[1]
            seen = sorted(rectangles(sheet), key=lambda box: -box[3])
            assert seen[0][3] < height - 18
            assert min(bottom for _left, bottom, _right, _top in seen) > 18
            for index, (left, bottom, right, top) in enumerate(seen):
                for other in seen[index + 1 :]:
                    apart = other[0] >= right or other[2] <= left or other[3] <= bottom + 2 or other[1] >= top - 2
                    assert apart


def test_a_nonsense_word_is_divided_instead_of_running_off() -> None:
    person = Person("W" * 90, "X" * 90, "m" * 90, (Stop(1, 1),))
    day = msgspec.structs.replace(placed(1, 1), participants=(person,), tables=(Table(1, "Q" * 120),), title="T" * 99)
    for paper in PAPERS:
        text = all_words(paper(day))
        assert "W" * 90 in text
        for sheet in pages(paper(day)):
            assert max(right for _left, _bottom, right, _top in rectangles(sheet)) < sheet.get_size()[0] - 18


@pytest.mark.parametrize("paper", PAPERS)
def test_german_first_english_second(paper: Callable[[Day], bytes]) -> None:
    german = paper(sample_day())
    with speaking("en"):
        english = paper(sample_day())
    assert "1. Oktober 2019" in all_words(german)
    assert "1 October 2019" in all_words(english)
    assert b"/Lang(de)" in german
    assert b"/Lang(en)" in english
    assert not {"Tisch", "Runde", "Uhr"} & set(all_words(english).replace(",", " ").split())


def test_controls_never_reach_the_paper() -> None:
    assert printable("A\0n\x1bn\ta\r\nB\u2028C\u202eD\ud800 ") == "A n n a B CD"
    person = Person("An\0na\n\u202eMüller", "Ulm\r\n", "\x07IT")
    text = all_words(prints.slips(msgspec.structs.replace(sample_day(), participants=(person,))))
    assert "An na Müller Ulm IT" in text


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("Grüne Stadt 🌱 für alle", "Grüne Stadt für alle"),
        ("👍🏽 Ja!", "Ja!"),
        ("Familie 👨\u200d👩\u200d👧, Flagge 🇩🇪", "Familie , Flagge"),
        ("❤️\u200d🔥 Feuer", "❤ Feuer"),
        ("Ina 王", "Ina"),
        ("Café ☕ → ✓ Łódź ≤ ½ € Ω Ж", "Café ☕ → ✓ Łódź ≤ ½ € Ω Ж"),
        ("1️⃣ Erstens", "1️⃣ Erstens"),
        ("🎉", ""),
    ],
)
def test_what_no_face_has_is_left_out_cleanly(written: str, drawn: str) -> None:
    assert drawable(written) == drawn
    paper = prints.slips(msgspec.structs.replace(sample_day(), participants=(Person(written, "Ulm"),)))
    assert (drawn or "–").split()[0].strip("️⃣") in all_words(paper)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in paper, "no box stands anywhere"


def test_usual_letters_are_not_asked_for_one_by_one() -> None:
    usual = [chr(code) for code in range(0x20, 0x2100) if chr(code).isprintable() and not UNUSUAL.match(chr(code))]
    assert len(usual) > 300
    paper = typeset("drawn", {"document": "–", "signs": " ".join(usual), "labels": {}, "event": {}}, at("09:00"))
    assert b"<pdfuaid:part>1</pdfuaid:part>" in paper
