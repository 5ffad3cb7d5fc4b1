"""Spreadsheets written so that nothing in them can become a formula or a link, whatever people have called things."""

from io import BytesIO
from typing import Any

from xlsxwriter import Workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""How a cell begins that spreadsheet programs may run (OWASP, „CSV Injection“)."""


def workbook(into: BytesIO) -> Any:
    """An XlsxWriter workbook to fill and to close."""
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    return Workbook(into, {"in_memory": True, **safe})


def harmless(text: str) -> str:
    """A text as a cell of CSV."""
    return f"'{text}" if text.startswith(FORMULA) else text
