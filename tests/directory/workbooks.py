"""Spreadsheets for the tests, made as offices make them."""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from io import BytesIO
from typing import Any

import msgspec
import xlsxwriter

from services.directory import topics
from services.directory.sheets import Label, Labels, Reading, read
from services.directory.snapshot import CityRow, Snapshot
from services.kit.errors import HubError
from services.kit.i18n import speaking

KONSTANZ = "08335043"
BASE = Snapshot(CityRow(KONSTANZ, "Konstanz"))


@cache
def vocabulary() -> Labels:
    rows = msgspec.json.decode(topics.SEED.read_bytes(), type=list[topics.TopicRow])
    return Labels(Label(row.code, row.de, row.en, row.synonyms) for row in rows)


def understood(content: bytes, base: Snapshot | None = BASE, name: str = "liste.xlsx") -> Reading:
    with speaking("de"):
        return read(name, content, KONSTANZ, base, vocabulary())


def problems(content: bytes, base: Snapshot | None = BASE) -> list[tuple[str, str, str]]:
    """Row, column and message of everything that is wrong with a file."""
    try:
        understood(content, base)
    except HubError as refused:
        return [(one.row, one.field, one.message) for one in refused.problems] or [("", "", refused.message)]
    raise AssertionError("the file was understood")


def xlsx(fill: Callable[[Any], None]) -> bytes:
    made = BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False})
    fill(book)
    book.close()
    return made.getvalue()


Rows = Sequence[Sequence[Any]]


def sheet(rows: Rows, name: str = "Lotsen", others: Mapping[str, Rows] | None = None) -> bytes:
    """A workbook of plain cells."""

    def fill(book: Any) -> None:
        for title, some in {name: rows, **(others or {})}.items():
            made = book.add_worksheet(title)
            for number, row in enumerate(some):
                made.write_row(number, 0, row)

    return xlsx(fill)


def zipped(parts: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


ODS = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    "<office:body><office:spreadsheet>{sheets}</office:spreadsheet></office:body></office:document-content>"
)


def ods(sheets: str) -> bytes:
    """An OpenDocument file with these tables, as XML."""
    return zipped(
        {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": ODS.format(sheets=sheets)}
    )


def ods_cell(text: str = "", **attributes: str) -> str:
    said = "".join(f' {name.replace("_", ":", 1).replace("_", "-")}="{value}"' for name, value in attributes.items())
    paragraphs = "".join(f"<text:p>{escape(line)}</text:p>" for line in text.split("\n") if text)
    return f"<table:table-cell{said}>{paragraphs}</table:table-cell>"
