"""Files as offices have them, and files that nobody in an office made: what comes out, or what people are told."""

import re
import zipfile
from datetime import date
from io import BytesIO
from typing import Any

import pytest

from services.kit.errors import HubError, TooLarge
from services.kit.i18n import speaking
from services.kit.sheets.opening import tables
from services.kit.sheets.table import MOST_BYTES, NOT_CALCULATED, Table
from tests.directory.workbooks import ods, ods_cell, sheet, xlsx, zipped

LIST = 'Name;Amt;Bemerkung\r\nZoë Ahorn;Kämmerei;"zwei\r\nZeilen; mit „Zeichen“"\r\n'
EXPECTED = (("Name", "Amt", "Bemerkung"), ("Zoë Ahorn", "Kämmerei", "zwei\r\nZeilen; mit „Zeichen“"))


def only(content: bytes) -> Table:
    (table,) = tables(content)
    return table


def told(content: bytes) -> str:
    """What people are told about a file that is not read."""
    with speaking("de"), pytest.raises(HubError) as caught:
        tables(content)
    return " ".join([caught.value.message, *(problem.message for problem in caught.value.problems)])


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_csv_in_every_encoding_of_an_office(encoding: str) -> None:
    assert only(LIST.encode(encoding)).rows == EXPECTED


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_csv_with_every_delimiter(delimiter: str) -> None:
    rows = (("Name", "Amt", "Themen"), ("Ahorn", "Kulturamt", '"a, b; c"'), ("Buche", "Bauamt", "x"))
    text = "".join(delimiter.join(row) + "\n" for row in rows)
    assert only(text.encode()).rows[1] == ("Ahorn", "Kulturamt", "a, b; c")
    assert len(only(text.encode()).rows[2]) == 3


@pytest.mark.parametrize("said", ["Jörg Ahorn", "Müller", "Kämmerei"])
def test_csv_of_ms_dos_is_told_by_its_umlauts(said: str) -> None:
    assert only(f"Name;Amt\n{said};Übergang\n".encode("cp850")).rows[1] == (said, "Übergang")


def test_a_quotation_mark_without_an_end_takes_no_rows_with_it() -> None:
    for rows in ('Ida Ulme;"Bauamt\nÄnne Buche;Kulturamt\n', 'Ida Ulme;"Bauamt\nÄnne Buche;"Kulturamt"\n'):
        with speaking("de"), pytest.raises(HubError) as caught:
            tables(f"Name;Amt\n{rows}".encode())
        assert [problem.row for problem in caught.value.problems] == ["Zeile 2"]


def test_texts_come_as_somebody_wrote_them() -> None:
    cells = [
        "Ka\u0308mmerei",
        "KÃ¤mmerei",
        "SÃO PAULO",
        "\u200bzoe@k.example\ufeff",
        "\u202a07531 1\u202c",
        "Bau\x1f_x000D_",
    ]
    assert only(sheet([cells])).rows == (
        ("Kämmerei", "Kämmerei", "SÃO PAULO", "zoe@k.example", "07531 1", "Bau\x1f_x000D_"),
    )  # fmt: skip


def test_a_formula_without_its_value_is_no_empty_cell() -> None:
    cells = '<c r="A1"><f>B1</f><v/></c><c r="B1" t="str"><f>""</f><v></v></c><c r="C1"><f>1</f><v>1</v></c>'
    cells += '<c r="D1" t="str"><v>_xD800__x00DF_</v></c>'
    with zipfile.ZipFile(BytesIO(sheet([["x"]]))) as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    written = archive_text(parts["xl/worksheets/sheet1.xml"])
    parts["xl/worksheets/sheet1.xml"] = re.sub(
        "<sheetData>.*</sheetData>", f"<sheetData><row>{cells}</row></sheetData>", written
    )
    assert only(zipped(parts)).rows == ((NOT_CALCULATED, "", 1.0, "_xD800_ß"),)
    cell = ods_cell(table_formula="of:=[.B1]")
    assert only(ods(f"<table:table><table:table-row>{cell}</table:table-row></table:table>")).rows == (
        (NOT_CALCULATED,),
    )


def test_csv_may_name_its_delimiter_and_rows_keep_their_numbers() -> None:
    rows = only(b"sep=|\nName|Amt\n\nAhorn|Bauamt;Tiefbau\n").rows
    assert (rows[1], rows[2], rows[3]) == (("Name", "Amt"), (), ("Ahorn", "Bauamt;Tiefbau"))


def test_xlsx_values_come_as_what_they_are() -> None:
    def fill(book: Any) -> None:
        made = book.add_worksheet("Alles")
        day, own = (
            book.add_format({"num_format": "dd.mm.yyyy"}),
            book.add_format({"num_format": "[$-407]d. mmmm yyyy;@"}),
        )
        made.write("A1", "Text")
        made.write_number("B1", 45352, day)
        made.write_number("C1", 45352.6, own)
        made.write_number("D1", 45352)
        made.write_number("E1", 0.5, book.add_format({"num_format": '0 "Tage der Woche"'}))
        made.write_boolean("F1", True)
        made.write_formula("G1", '="a"&"b"', None, "ab")
        made.write_formula("H1", "=1/0", None, "#DIV/0!")
        made.write_rich_string("I1", "halb ", book.add_format({"bold": True}), "fett")
        made.merge_range("A3:B4", "zusammen")
        book.add_worksheet("Versteckt").hide()

    table = only(xlsx(fill))
    assert table.rows[0] == (
        "Text", date(2024, 3, 1), date(2024, 3, 1), 45352.0, 0.5, True, "ab", "#DIV/0!", "halb fett",
    )  # fmt: skip
    assert (table.rows[1], table.rows[2], table.merged) == ((), ("zusammen",), ((2, 0, 3, 1),))


def test_ods_values_come_as_what_they_are() -> None:
    rest = ods_cell(table_number_columns_repeated="16380")
    rows = (
        f"<table:table-row>{ods_cell('Name')}{ods_cell('seit')}{ods_cell('Anteil')}{rest}</table:table-row>"
        '<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'
        "<table:table-row>"
        + ods_cell("Zoë\nAhorn", office_value_type="string", table_number_rows_spanned="2")
        + ods_cell("01.03.24", office_value_type="date", office_date_value="2024-03-01T00:00:00")
        + ods_cell("50 %", office_value_type="percentage", office_value="0.5")
        + ods_cell("WAHR", office_value_type="boolean", office_boolean_value="true", table_number_columns_repeated="2")
        + f'</table:table-row><table:table-row table:number-rows-repeated="1048570">{rest}</table:table-row>'
    )
    table = only(ods(f'<table:table table:name="Lotsen">{rows}</table:table>'))
    assert table.rows == (
        ("Name", "seit", "Anteil"), (), (), ("Zoë\nAhorn", date(2024, 3, 1), 0.5, True, True),
    )  # fmt: skip
    assert table.merged == ((3, 0, 4, 0),)


def test_an_ods_comment_is_no_part_of_the_cell() -> None:
    comment = "<office:annotation><text:p>privat</text:p></office:annotation>"
    cell = f'<table:table-cell>{comment}<text:p>Na<text:s text:c="2"/>me</text:p></table:table-cell>'
    table = only(ods(f'<table:table table:name="L"><table:table-row>{cell}</table:table-row></table:table>'))
    assert table.rows == (("Na  me",),)


def test_text_boxes_and_hidden_sheets_of_an_ods_file_are_not_read() -> None:
    box = "<office:frame><text:p>Entwurf</text:p></office:frame>"
    row = f"<table:table-row><table:table-cell>{box}<text:p>Name</text:p></table:table-cell></table:table-row>"
    styles = '<office:style office:name="ta2"><office:table-properties table:display="false"/></office:style>'
    hidden = f'<table:table table:name="Alt" table:style-name="ta2">{row}</table:table>'
    assert only(ods(f'{styles}{hidden}<table:table table:name="L">{row}</table:table>')).rows == (("Name",),)


def bomb(size: int = 60_000_000) -> bytes:
    return zipped({"xl/workbook.xml": b" " * size})


def lying_bomb() -> bytes:
    """Says in its directory that it unpacks into ten bytes."""
    content = bytearray(zipped({"xl/workbook.xml": b"<workbook>" + b" " * 5_000_000}))
    central = content.rindex(b"PK\x01\x02")
    content[central + 24 : central + 28] = (10).to_bytes(4, "little")
    return bytes(content)


def far_away() -> bytes:
    """A value in the last cell of a sheet: laid out in memory, half a terabyte."""

    def fill(book: Any) -> None:
        made = book.add_worksheet("Lotsen")
        made.write(0, 0, "Name")
        made.write(1_048_575, 16_383, "x")

    return xlsx(fill)


def repeated() -> bytes:
    cell = ods_cell("x", table_number_columns_repeated="16384")
    row = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
    return ods(f'<table:table table:name="L">{row}</table:table>')


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><workbook>&b;</workbook>'
HOSTILE = {
    "zip bomb": (bomb, "entpackt größer"),
    "bomb that lies": (lying_bomb, "beschädigt"),
    "last cell": (far_away, "5000 Zeilen"),
    "repeated cells": (repeated, "200 Spalten"),
    "entities": (lambda: zipped({"xl/workbook.xml": ENTITIES}), "beschädigt"),
    "broken xml": (lambda: zipped({"content.xml": "<a><b></a>"}), "beschädigt"),
    "other zip": (lambda: zipped({"word/document.xml": "<a/>"}), "keine Tabelle"),
    "bzip2": (lambda: zipped({"content.xml": "<a/>"}, zipfile.ZIP_BZIP2), "anders gepackt"),
    "cut off": (lambda: sheet([["Name"]])[:-40], "beschädigt"),
    "old excel": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "als XLSX"),
    "pdf": (lambda: b"%PDF-1.7\n" + bytes(range(256)), "keine Tabelle"),
    "html": (lambda: b"<html><table><tr><td>Name</td></tr></table></html>", "keine Tabelle"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "keine Tabelle"),
    "empty": (lambda: b" \n", "leer"),
    "no end": (lambda: b'Name;Amt\n"' + b"x" * 200_000, "Anführungszeichen"),
    "no sheet": (lambda: ods(""), "kein Blatt"),
    "sheets": (lambda: sheet([["Name"]], "A", {f"B{i}": [["x"]] for i in range(20)}), "20 Blätter"),
    "columns": (lambda: sheet([["x"] * 201]), "200 Spalten"),
    "csv columns": (lambda: b";".join([b"x"] * 300), "200 Spalten"),
    "csv rows": (lambda: b"Name;Amt\n" * 5_001, "5000 Zeilen"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_not_read_is_told_in_words(case: str) -> None:
    make, words = HOSTILE[case]
    assert words in told(make())


def test_a_file_beyond_five_megabytes_is_not_looked_at() -> None:
    with pytest.raises(TooLarge):
        tables(bytes(MOST_BYTES + 1))


def test_a_locked_archive_says_so() -> None:
    content = bytearray(zipped({"content.xml": "<a/>"}))
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    assert "Kennwort" in told(bytes(content))
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    assert "Kennwort" in told(zipped({"META-INF/manifest.xml": manifest, "content.xml": b"\x8a\xf1"}))
    assert "Kennwort" in told(zipped({"encrypted-package": b"\x8a\xf1"}))


def test_a_sheet_is_only_ever_a_part_of_the_file() -> None:
    with zipfile.ZipFile(BytesIO(sheet([["Name"], ["Ahorn"]]))) as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    links = archive_text(parts["xl/_rels/workbook.xml.rels"])
    parts["xl/_rels/workbook.xml.rels"] = links.replace("worksheets/sheet1.xml", "../../../etc/passwd")
    assert "kein Blatt" in told(zipped(parts))


def archive_text(part: str | bytes) -> str:
    return part.decode() if isinstance(part, bytes) else part
