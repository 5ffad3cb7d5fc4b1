"""Spreadsheets written so that nothing in them can become a formula or a link, whatever people have called things."""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import date
from io import BytesIO, StringIO
from typing import Any

from xlsxwriter import Workbook

from services.kit.sheets.table import LONGEST_CELL

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that spreadsheet programs may run (OWASP, „CSV Injection“)."""
A4 = 9
"""As Excel counts sizes of paper."""


def workbook(into: BytesIO, **options: Any) -> Any:
    """An XlsxWriter workbook to fill and to close."""
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    return Workbook(into, {"in_memory": True, **options, **safe})


def harmless(text: str) -> str:
    """A text as a cell of CSV."""
    return f"'{text}" if text.startswith(FORMULA) else text


def delimited(titles: Sequence[str], rows: Iterable[Sequence[str | int | date | None]]) -> bytes:
    """A table as CSV that Excel opens in Germany: UTF-8 with a mark, semicolons, days as in ISO 8601."""
    made = StringIO()
    writer = csv.writer(made, delimiter=";")
    writer.writerow(map(harmless, titles))
    writer.writerows([_cell(value) for value in row] for row in rows)
    return made.getvalue().encode("utf-8-sig")


def _cell(value: str | int | date | None) -> str | int:
    if isinstance(value, str):
        return harmless(value)
    return "" if value is None else value.isoformat() if isinstance(value, date) else value


def listed(
    titles: Sequence[str], rows: Iterable[Sequence[str | int | None]], name: str, into: Any, widths: Sequence[int] = ()
) -> None:
    """A sheet of the workbook `into`: a header that stays in view and filters, below it the rows as text and numbers.

    `name` is shortened to what a sheet may be called, and made one that no other has.
    """
    sheet = into.add_worksheet(_sheet_name(name, {one.get_name().casefold() for one in into.worksheets()}))
    head = into.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    # As text, or the program makes a day of „1-3“ when somebody edits the cell.
    text = into.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
    number = into.add_format({"valign": "top"})
    last = 0
    for place, title in enumerate(titles):
        sheet.set_column(place, place, widths[place] if place < len(widths) else 18)
        sheet.write_string(0, place, title, head)
    for last, row in enumerate(rows, 1):
        for place, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(last, place, value[:LONGEST_CELL], text)
            elif value is not None:
                sheet.write_number(last, place, value, number)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, last, len(titles) - 1)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)


def _sheet_name(name: str, taken: set[str]) -> str:
    """What Excel allows: 31 characters, none of `[]:*?` and slashes, no apostrophe at an end, each name once."""
    clean = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", name).strip().strip("'")[:28].strip().strip("'") or "–"
    tries = (clean, *(f"{clean[:26]} {number}" for number in range(2, 1000)))
    return next(one for one in tries if one.casefold() not in taken and one.casefold() != "history")
