"""CSV as offices have it: Excel's semicolons, Windows-1252, MS-DOS, a byte order mark, UTF-16 („Unicode-Text“)."""

import codecs
import csv
import re
from io import StringIO

from services.kit.errors import TooLarge
from services.kit.i18n import gettext as _
from services.kit.sheets.rows import place_of
from services.kit.sheets.table import MOST_COLUMNS, MOST_ROWS, Sparse, Table, unreadable

DELIMITERS = ";\t,|"
LOOKED_AT = 30
"""Rows that the delimiter is told from."""
BINARY = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f]")
MS_DOS = re.compile(rb"[A-Za-z][\x81\x84\x94][a-z]")
"""An ä, ö or ü within a word of „CSV (MS-DOS)“; in Windows-1252 these are quotation marks."""
SEPARATOR = re.compile(r"\A\"?sep=([^\r\n])\"?\r?\n", re.IGNORECASE)
"""How Excel lets a file name its own delimiter."""


def table(content: bytes) -> Table:
    """The one sheet of a CSV file. Raises Refused for what is no text, TooLarge beyond the limits."""
    text = _decoded(content)
    if BINARY.search(text):
        raise unreadable(_("This is no spreadsheet. Please send XLSX, ODS or CSV."))
    if told := SEPARATOR.match(text):
        line, rest, delimiter = 1, text[told.end() :], told[1]
    else:
        line, rest, delimiter = 0, text, _delimiter(text)
    cells = Sparse("")
    number = line - 1
    try:
        # Strict: else a quotation mark that nobody closed takes the rows below into its cell, and nobody hears of it.
        for number, row in enumerate(csv.reader(StringIO(rest, newline=""), delimiter=delimiter, strict=True), line):
            if number >= MOST_ROWS and any(row):
                raise TooLarge(_("At most {most} rows in a sheet, please.", most=MOST_ROWS))
            for column, value in enumerate(row[: MOST_COLUMNS + 1]):
                cells.put(number, column, value)
    except (csv.Error, TypeError, ValueError):
        why = _("The rows cannot be told apart from here on: a quotation mark has no end, or stands within a cell.")
        raise unreadable(why, place_of("", number + 1)) from None
    return cells.table()


def _decoded(content: bytes) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _as(content, encoding)
    sample = content[:2_000]
    if sample[1::2].count(0) > len(sample) // 4:  # every other byte of Latin text
        return _as(content, "utf-16-le")
    if sample[::2].count(0) > len(sample) // 4:
        return _as(content, "utf-16-be")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return _as(content, "cp850" if MS_DOS.search(content) else "cp1252")


def _as(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise unreadable(_("This is no spreadsheet. Please send XLSX, ODS or CSV.")) from None


def _delimiter(text: str) -> str:
    """The one that splits the first rows into most columns, alike in most rows."""

    def score(delimiter: str) -> tuple[int, int]:
        lengths: list[int] = []
        try:
            for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter):
                lengths += [len(row)] if any(row) else []
                if len(lengths) == LOOKED_AT:
                    break
        except csv.Error:
            return (0, 0)
        several = [length for length in lengths if length > 1]
        usual = max(set(several), key=several.count, default=1)
        return (several.count(usual), usual)

    return max(DELIMITERS, key=score)
