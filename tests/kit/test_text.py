"""Text from outside: what is refused, what is cleaned, how names are sorted and found."""

import time
import unicodedata

import pytest

from services.kit.checks import MOST_KEPT, Checks
from services.kit.errors import MOST_PROBLEMS, Refused
from services.kit.text import MOST_MARKS, cleaned, folded, forbidden_character, sort_key

FINE = [
    "Zoë Ähm-O’Neill",
    "Łukasz Żółć",
    "Nguyễn Thị Ánh",
    unicodedata.normalize("NFD", "Nguyễn Thị Ánh"),
    "محمد",
    "שָׁלוֹם",
    "می‌خواهم",  # a zero-width non-joiner belongs to this word
    "👩‍💻 IT-Lotsin",  # and a joiner to this picture
    "Zeile\r\nZeile\tSpalte",
    "Donau­dampf­schiff",
    "<b>&amp;</b> {name} %s \\n",
    "a" + "\u0301" * MOST_MARKS,
    "",
]

FORBIDDEN = {
    "nul": ("A\0B", "U+0000"),
    "escape": ("A\x1b[31m", "U+001B"),
    "unit separator": ("A\x1fB", "U+001F"),
    "delete": ("A\x7f", "U+007F"),
    "next line": ("A\x85B", "U+0085"),
    "right-to-left override": ("A\u202eB", "U+202E"),
    "isolate": ("A\u2066B", "U+2066"),
    "direction mark": ("A\u200fB", "U+200F"),
    "zero-width space": ("A\u200bB", "U+200B"),
    "word joiner": ("A\u2060B", "U+2060"),
    "byte order mark": ("\ufeffA", "U+FEFF"),
    "tag": ("A\U000e0041", "U+E0041"),
    "lone surrogate": ("A\ud800", "U+D800"),
    "noncharacter": ("A\uffff", "U+FFFF"),
    "blank letter": ("\u3164", "U+3164"),
    "blank braille": ("A\u2800", "U+2800"),
    "painted over": ("a" + "\u0301" * 1000, "U+0301"),
    "painted over in turns": ("a" + "\u0301\u0323" * 500, "U+0301"),
}


@pytest.mark.parametrize("value", FINE)
def test_what_people_write_is_fine(value: str) -> None:
    assert forbidden_character(value) is None


@pytest.mark.parametrize("case", FORBIDDEN)
def test_what_breaks_papers_or_deceives_is_named(case: str) -> None:
    value, name = FORBIDDEN[case]
    assert forbidden_character(value) == name


def test_cleaning_keeps_one_line_in_one_spelling() -> None:
    assert cleaned(" Zo\u0308e \r\n\t A\u00adhorn\u2003\u2028") == "Zöe Ahorn"
    assert cleaned("می‌خواهم") == "می‌خواهم"


def test_names_sort_as_in_a_german_dictionary() -> None:
    names = ["Zeitz", "ärzte", "Ärzte", "Arzt", "Straße", "Strasse", "Strassen", "Au am Rhein", "au", "Öhm", "ohm"]
    assert sorted(names, key=sort_key) == [
        *("Arzt", "Ärzte", "ärzte", "au", "Au am Rhein", "ohm", "Öhm"),
        *("Strasse", "Straße", "Strassen", "Zeitz"),
    ]


@pytest.mark.parametrize(
    ("typed", "found"), [("ZOE", "Zoë"), ("STRASSE", "Straße"), ("muller", "Müller"), ("fi", "ﬁ"), ("łodz", "Łódź")]
)
def test_people_find_names_without_their_accents(typed: str, found: str) -> None:
    assert folded(typed) == folded(found)


def checked(value: str, most: int = 120, *, required: bool = True) -> tuple[str, list[str]]:
    checks = Checks()
    return checks.text("rows[0]", "name", value, most, required=required), [p.field for p in checks.found]


@pytest.mark.parametrize(
    ("value", "clean", "wrong"),
    [
        ("  Zoë  Ahorn ", "Zoë Ahorn", False),
        ("Z" * 120, "Z" * 120, False),
        ("Z" * 121, "Z" * 121, True),
        ("", "", True),
        (" \t\n ", "", True),
        ("\u200d\u200c", "\u200d\u200c", True),
        ("\u00ad", "", True),
        ("\u0301", "\u0301", True),
        ("🙂", "🙂", False),
        ("A\u202eB", "", True),
        ("A" * 4_000_000, "", True),
    ],
)
def test_a_text_is_one_line_that_can_be_seen(value: str, clean: str, wrong: bool) -> None:
    assert checked(value) == (clean, ["name"] if wrong else [])


def test_a_text_of_several_lines_has_no_more_than_one_empty_one_between_them() -> None:
    checks = Checks()
    said = checks.text("", "text", "\n Guten  Tag,\r\n\r\n\n\t\nbis\tbald\n\n", 20, lines=True)
    assert (said, checks.found) == ("Guten Tag,\n\nbis bald", [])
    assert checks.text("", "text", "ab\n" * 7, 19, lines=True) == "\n".join(["ab"] * 7)
    assert [problem.field for problem in checks.found] == ["text"]


def test_nothing_is_required_of_an_optional_text() -> None:
    assert checked(" ", required=False) == ("", [])


def test_a_flood_is_not_looked_at_character_by_character() -> None:
    """Normalising a million combining marks in turns takes minutes."""
    began = time.process_time()
    assert checked("a" + "\u0301\u0323" * 500_000, 2_000, required=False) == ("", ["name"])
    assert time.process_time() - began < 1


def test_complaints_come_to_an_end() -> None:
    checks = Checks()
    for i in range(10_000):
        checks.text(f"rows[{i}]", "name", "", 10)
    assert len(checks.found) == MOST_KEPT
    with pytest.raises(Refused) as caught:
        checks.done("no")
    answer = caught.value.as_json()
    assert (len(answer["problems"]), answer["more"]) == (MOST_PROBLEMS, MOST_KEPT - MOST_PROBLEMS)
    assert answer["problems"][0]["row"] == "rows[0]"
