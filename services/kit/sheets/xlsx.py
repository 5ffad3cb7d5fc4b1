"""Excel workbooks (Office Open XML, ECMA-376): values, dates by format, merged cells. Formulas are their values."""

import posixpath
import re
from datetime import date, timedelta

from services.kit.errors import TooLarge
from services.kit.i18n import gettext as _
from services.kit.sheets.archive import Attributes, Parts, whole
from services.kit.sheets.table import MOST_SHEETS, NOT_CALCULATED, Cell, Range, Sparse, Table, unreadable

WORKBOOK = "xl/workbook.xml"
REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
"""Built-in number formats that show a date or time."""
LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
DATE_LETTER = re.compile(r"[dmyhs]", re.IGNORECASE)
FIRST_DAY, FIRST_DAY_1904 = date(1899, 12, 30), date(1904, 1, 1)
LATEST = 2_958_465
"""31 December 9999."""
ESCAPED = re.compile(r"_x((?![dD][89a-fA-F])[0-9A-Fa-f]{4})_")
"""But for halves of a character, which no answer could hold."""
HIDDEN = {"hidden", "veryHidden"}


def is_xlsx(parts: Parts) -> bool:
    return WORKBOOK in parts.names


def tables(parts: Parts) -> list[Table]:
    """The visible sheets, in order. Raises Refused or TooLarge."""
    sheets: list[tuple[str, str]] = []
    first_day = FIRST_DAY

    def book(tag: str, found: Attributes) -> None:
        nonlocal first_day
        if tag == "sheet" and found.get("state") not in HIDDEN:
            sheets.append((found.get("name", ""), found.get("id", "")))
        elif tag == "workbookPr" and found.get("date1904") in {"1", "true"}:
            first_day = FIRST_DAY_1904

    parts.walk(WORKBOOK, book)
    if len(sheets) > MOST_SHEETS:
        raise TooLarge(_("At most {most} sheets in a file, please.", most=MOST_SHEETS))
    targets: dict[str, str] = {}

    def relation(tag: str, found: Attributes) -> None:
        if tag == "Relationship":
            target = found.get("Target", "")
            inside = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            targets[found.get("Id", "")] = inside

    parts.walk("xl/_rels/workbook.xml.rels", relation)
    texts, dated = _shared(parts), _dated(parts)
    read = []
    for name, id_ in sheets:
        sheet = _Sheet(name, texts, dated, first_day)
        if parts.walk(targets.get(id_, ""), sheet.start, sheet.end, sheet.text):
            read.append(sheet.cells.table())
    if not read:
        raise unreadable(_("The file has no sheet."))
    return read


def _shared(parts: Parts) -> list[str]:
    """The table of texts that cells point to; hints for reading aloud (`rPh`) are no part of them."""
    texts: list[str] = []
    pieces: list[str] = []
    inside = [False, False]  # within <t>, within <rPh>

    def start(tag: str, _found: Attributes) -> None:
        if tag == "si":
            pieces.clear()
        elif tag == "rPh":
            inside[1] = True
        elif tag == "t":
            inside[0] = not inside[1]

    def end(tag: str) -> None:
        if tag == "si":
            texts.append("".join(pieces))
        elif tag == "rPh":
            inside[1] = False
        elif tag == "t":
            inside[0] = False

    def text(piece: str) -> None:
        if inside[0]:
            pieces.append(piece)

    parts.walk("xl/sharedStrings.xml", start, end, text)
    return texts


def _dated(parts: Parts) -> list[bool]:
    """For each cell style, whether it shows a date."""
    own: dict[int, bool] = {}
    styles: list[bool] = []
    within = [False]

    def start(tag: str, found: Attributes) -> None:
        if tag == "numFmt":
            code = LITERAL.sub("", found.get("formatCode", ""))
            own[whole(found.get("numFmtId"), -1)] = bool(DATE_LETTER.search(code))
        elif tag == "cellXfs":
            within[0] = True
        elif tag == "xf" and within[0]:
            number = whole(found.get("numFmtId"), 0)
            styles.append(own.get(number, number in DATES))

    def end(tag: str) -> None:
        if tag == "cellXfs":
            within[0] = False

    parts.walk("xl/styles.xml", start, end)
    return styles


class _Sheet:
    """Reads one sheet's part."""

    def __init__(self, name: str, texts: list[str], dated: list[bool], first_day: date) -> None:
        self.cells = Sparse(name)
        self.texts, self.dated, self.first_day = texts, dated, first_day
        self.row, self.column = -1, -1
        self.kind, self.style = "n", 0
        self.pieces: list[str] = []
        self.inside = self.phonetic = self.formula = False

    def start(self, tag: str, found: Attributes) -> None:
        if tag == "row":
            self.row, self.column = whole(found.get("r"), self.row + 2) - 1, -1
        elif tag == "c":
            self.column += 1
            if place := _place(found.get("r", "")):
                self.row, self.column = place
            self.kind, self.style = found.get("t", "n"), whole(found.get("s"), 0)
            self.pieces.clear()
            self.formula = False
        elif tag in {"v", "t"}:
            self.inside = not self.phonetic
        elif tag == "rPh":
            self.phonetic = True
        elif tag == "f":
            self.formula = True
        elif tag == "mergeCell" and (merged := _range(found.get("ref", ""))):
            self.cells.merge(merged)

    def text(self, piece: str) -> None:
        if self.inside:
            self.pieces.append(piece)

    def end(self, tag: str) -> None:
        if tag in {"v", "t"}:
            self.inside = False
        elif tag == "rPh":
            self.phonetic = False
        elif tag == "c" and self.pieces:
            self.cells.put(self.row, self.column, self._value("".join(self.pieces)))
        elif tag == "c" and self.formula and self.kind != "str":  # an empty text is a result
            self.cells.put(self.row, self.column, NOT_CALCULATED)

    def _value(self, said: str) -> Cell:
        if self.kind == "s":
            place = whole(said, len(self.texts))
            return _unescaped(self.texts[place]) if place < len(self.texts) else ""
        if self.kind == "b":
            return said == "1"
        if self.kind == "d":
            try:
                return date.fromisoformat(said[:10])
            except ValueError:
                return said
        if self.kind != "n":
            return _unescaped(said)
        try:
            number = float(said[:40])
        except ValueError:
            return said
        if self.style < len(self.dated) and self.dated[self.style] and 1 <= number < LATEST - 1_462:
            return self.first_day + timedelta(days=int(number))
        return number


def _unescaped(said: str) -> str:
    """With the characters that XML cannot hold, or that would be folded there, such as `_x000D_` for a return."""
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), said) if "_x" in said else said


def _place(reference: str) -> tuple[int, int] | None:
    """Row and column of a reference such as B7, counted from 0."""
    found = REFERENCE.fullmatch(reference)
    if found is None:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def _range(reference: str) -> Range | None:
    first, _colon, last = reference.partition(":")
    start, end = _place(first), _place(last or first)
    return (*start, *end) if start and end else None
