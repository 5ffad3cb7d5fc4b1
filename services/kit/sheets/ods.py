"""OpenDocument spreadsheets (ISO/IEC 26300), as LibreOffice writes them."""

from datetime import date

from services.kit.errors import TooLarge
from services.kit.i18n import gettext as _
from services.kit.sheets.archive import Attributes, Parts, whole
from services.kit.sheets.table import (
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_SHEETS,
    NOT_CALCULATED,
    Cell,
    Sparse,
    Table,
    unreadable,
)

CONTENT = "content.xml"
NUMBERS = {"float", "percentage", "currency"}
BESIDE = {"annotation", "frame", "custom-shape", "shapes"}
"""What lies on a cell: comments, text boxes, drawings."""
BREAK = {"line-break": "\n", "tab": "\t"}


def is_ods(parts: Parts) -> bool:
    return CONTENT in parts.names


def tables(parts: Parts) -> list[Table]:
    """The visible sheets, in order. Raises Refused or TooLarge."""
    reader = _Reader()
    parts.walk(CONTENT, reader.start, reader.end, reader.text)
    if not reader.sheets:
        raise unreadable(_("The file has no sheet."))
    return [
        sheet.table() for sheet, style in zip(reader.sheets, reader.styles, strict=True) if style not in reader.hidden
    ]


class _Reader:
    def __init__(self) -> None:
        self.sheets: list[Sparse] = []
        self.styles: list[str] = []
        self.hidden: set[str] = set()
        self.style = ""
        self.row = self.column = 0
        self.next_row = 0
        self.repeated: list[tuple[int, Cell]] = []
        self.rows_alike = 1
        self.attributes: Attributes = {}
        self.pieces: list[str] = []
        self.within = self.beside = 0
        """How deep in a cell's paragraphs, and in what is written beside it (BESIDE)."""
        self.paragraphs = 0

    def start(self, tag: str, found: Attributes) -> None:
        if tag == "table":
            if len(self.sheets) == MOST_SHEETS:
                raise TooLarge(_("At most {most} sheets in a file, please.", most=MOST_SHEETS))
            self.sheets.append(Sparse(found.get("name", "")))
            self.styles.append(found.get("style-name", ""))
            self.next_row = 0
        elif tag == "table-row":
            self.row, self.column, self.repeated = self.next_row, 0, []
            self.rows_alike = max(1, whole(found.get("number-rows-repeated"), 1))
            self.next_row += self.rows_alike
        elif tag in {"table-cell", "covered-table-cell"}:
            self.attributes, self.paragraphs = found, 0
            self.pieces.clear()
        elif tag in BESIDE:
            self.beside += 1
        elif tag == "style":
            self.style = found.get("name", "")
        elif tag == "table-properties" and found.get("display") == "false":
            self.hidden.add(self.style)
        elif tag == "p" and not self.beside:
            if self.paragraphs:
                self.pieces.append("\n")
            self.paragraphs += 1
            self.within += 1
        elif self.within and not self.beside:
            self.pieces.append(BREAK.get(tag, " " * min(whole(found.get("c"), 1), 100) if tag == "s" else ""))

    def text(self, piece: str) -> None:
        if self.within and not self.beside:
            self.pieces.append(piece)

    def end(self, tag: str) -> None:
        if tag in BESIDE:
            self.beside -= 1
        elif tag == "p" and not self.beside:
            self.within -= 1
        elif tag in {"table-cell", "covered-table-cell"} and self.sheets:
            self._cell(covered=tag != "table-cell")
        elif tag == "table-row" and self.sheets:
            self._row()

    def _cell(self, *, covered: bool) -> None:
        alike = max(1, whole(self.attributes.get("number-columns-repeated"), 1))
        value = "" if covered else _value(self.attributes, "".join(self.pieces))
        if value != "":  # the empty rest of a row may stand for a million columns
            if self.column + alike > MOST_COLUMNS:
                raise TooLarge(_("At most {most} columns in a sheet, please.", most=MOST_COLUMNS))
            self.repeated += [(self.column + i, value) for i in range(alike)]
        down = whole(self.attributes.get("number-rows-spanned"), 1)
        right = whole(self.attributes.get("number-columns-spanned"), 1)
        self.sheets[-1].merge((self.row, self.column, self.row + down - 1, self.column + right - 1))
        self.column += alike

    def _row(self) -> None:
        if self.repeated and self.row + self.rows_alike > MOST_ROWS:
            raise TooLarge(_("At most {most} rows in a sheet, please.", most=MOST_ROWS))
        for number in range(self.rows_alike if self.repeated else 0):
            for column, value in self.repeated:
                self.sheets[-1].put(self.row + number, column, value)


def _value(found: Attributes, text: str) -> Cell:
    kind = found.get("value-type", "string")
    if "formula" in found and "value-type" not in found and not text:
        return NOT_CALCULATED
    try:
        if kind == "date":
            return date.fromisoformat(found.get("date-value", "")[:10])
        if kind in NUMBERS:
            return float(found.get("value", "")[:40])
    except ValueError:
        return text
    if kind == "boolean":
        return found.get("boolean-value") == "true"
    return text
