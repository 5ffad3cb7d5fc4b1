"""Charts: readable in grey, within their frame, whatever stands in a label; and the papers that hold them."""

import datetime as dt
import itertools
import re
from xml.etree import ElementTree as ET

import msgspec
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events import prints
from services.events.prints.votes import Line, Result
from services.events.report import charts
from services.events.report.charts import MOST_CITIES, MOST_ROWS, SHADES, WIDTH, Row
from services.kit.i18n import speaking
from tests.events.printed import NASTY, all_words
from tests.events.sample_day import sample_day

SVG = "{http://www.w3.org/2000/svg}"


def words(value: float) -> str:
    return f"{value:g}"


def lightness(colour: str) -> float:
    """Relative luminance (WCAG 2.2), 0 for black to 1 for white."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((lightness(one), lightness(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def boxes(svg: str) -> list[tuple[float, float, float, float, str]]:
    def box(one: ET.Element) -> tuple[float, float, float, float, str]:
        x, y, wide, high = (float(one.attrib[key]) for key in ("x", "y", "width", "height"))
        return x, y, wide, high, one.attrib["fill"]

    return [box(one) for one in ET.fromstring(svg).iter(f"{SVG}rect")]


def test_shades_stay_apart_in_grey_and_numbers_in_them_can_be_read() -> None:
    assert list(SHADES) == sorted(SHADES, key=lightness)
    assert all(contrast(one, other) > 1.35 for one, other in itertools.pairwise(SHADES))
    assert contrast(SHADES[0], "#ffffff") > 4.5  # the outline of every shape
    svg = charts.shares([Row("Frage", (10, 10, 10, 10, 10))], words, ("1", "2", "3", "4", "5"))
    inside = re.findall(r'text-anchor="middle" fill="(#\w+)"', svg)
    for (_x, _y, _w, _h, shade), ink in zip(boxes(svg)[5:], inside, strict=True):
        assert contrast(shade, ink) >= 4.5


@given(
    st.lists(st.tuples(st.text(max_size=60), st.integers(0, 10**6), st.integers(0, 10**6)), max_size=MOST_ROWS),
    st.booleans(),
)
def test_bars_stay_in_the_frame_and_are_as_long_as_their_values(
    given_: list[tuple[str, int, int]], stacked: bool
) -> None:
    rows = [Row("".join(c for c in label if c.isprintable()), (one, other)) for label, one, other in given_]
    svg = charts.bars(rows, words, ("eins", "zwei"), stacked=stacked)
    height = float(ET.fromstring(svg).attrib["height"])
    drawn = boxes(svg)[2:]
    for x, y, wide, high, _shade in drawn:
        assert x >= 0
        assert y >= 0
        assert x + wide <= WIDTH
        assert y + high <= height
    values = [value for row in rows for value in row.values if value or not stacked]
    most = max(values, default=0)
    if most:
        longest = max(wide for _x, _y, wide, _h, _shade in drawn)
        for value, (_x, _y, wide, _h, _shade) in zip(values, drawn, strict=True):
            assert wide == pytest.approx(longest * value / most, abs=0.02)


def test_a_matrix_says_what_lies_between_each_two() -> None:
    svg = charts.matrix(["Konstanz", "<Heilbronn> & Söhne"], [[0, 12], [12, 0]], words)
    texts = [one.text for one in ET.fromstring(svg).iter(f"{SVG}text")]
    assert texts == ["1", "1 Konstanz", "12", "2", "2 <Heilbronn> & Söhne", "12"]
    assert {shade for *_place, shade in boxes(svg)} == {SHADES[0]}
    with pytest.raises(ValueError, match="too many"):
        charts.matrix(["x"] * (MOST_CITIES + 1), [], words)
    for draw in (charts.bars, charts.shares):
        with pytest.raises(ValueError, match="too many"):
            draw([Row("x", (1,))] * (MOST_ROWS + 1), words, ("x",))


def test_nothing_to_draw_is_a_picture_too() -> None:
    for svg in (charts.bars([], words), charts.shares([], words, ()), charts.matrix([], [], words)):
        assert float(ET.fromstring(svg).attrib["height"]) > 0


# Results of votes -------------------------------------------------------------------------------------------------


def vote(**changes: object) -> Result:
    lines = (
        Line("Reisekosten", (8, 9, 7), 24, 1),
        Line(NASTY[0], (7, 1, 14), 22, 2, remark="Als Summe ist 21 gedruckt."),
        Line("E-Akte", (4, 7, 3), 14, 3, "SHARED"),
        Line("Bilderarchiv", (6, 5, 3), 14, 3, "SHARED"),
    )
    one = Result(
        "Was gehen wir an?", "Review", dt.date(2019, 9, 1), ("Nutzen", "Aufwand", "Lust"), lines, 25, 21, "Abb. 10"
    )
    return msgspec.structs.replace(one, **changes)


def test_a_result_prints_what_is_true_and_flags_what_was_printed() -> None:
    paper = prints.vote_result(sample_day(), [vote()])
    said = all_words(paper)
    assert "21 von 25 Personen haben abgestimmt (84 %)." in said
    assert f"2. {NASTY[0]} * 7 1 14 22" in said
    assert "* Als Summe ist 21 gedruckt." in said
    assert "3. E-Akte ** 4 7 3 14" in said
    assert "** Gleich viele Punkte wie ein anderer Vorschlag: Sie teilen sich den Rang." in said
    assert "Abgedruckt in: Abb. 10" in said
    assert pypdfium2.PdfDocument(paper).is_tagged()
    assert b"<pdfuaid:part>1</pdfuaid:part>" in paper
    assert b"<pdfaid:part>2</pdfaid:part>" in paper


def test_a_result_of_one_criterion_has_no_column_twice() -> None:
    lines = (Line("A", (3,), 3, 1, "LOT"), Line("B", (3,), 3, 2, "LOT"))
    one = vote(criteria=("Stimmen",), lines=lines, entitled=None, voted=None, source="")
    said = all_words(prints.vote_result(sample_day(), [one]))
    assert "1. A * 3 2. B * 3" in said
    assert "das Los hat entschieden" in said
    assert "abgestimmt" not in said
    with speaking("en"):
        assert "No vote of this event is over yet" in all_words(prints.vote_result(sample_day(), []))
