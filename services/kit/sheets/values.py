"""Cells as offices fill them in, read as values: dates as text, shares as words, ticks as crosses. Pure."""

import calendar
import re
import unicodedata
from datetime import date, timedelta

from services.kit.i18n import gettext as _
from services.kit.sheets.table import NOT_CALCULATED, Cell
from services.kit.text import folded

ERRORS = {
    "#REF!", "#BEZUG!", "#N/A", "#NV", "#VALUE!", "#WERT!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#ZAHL!", "#SPILL!",
    "#ÜBERLAUF!", "#CALC!", "#KALK!", "#FIELD!", "#FELD!", "#CONNECT!", "#BLOCKED!", "#UNKNOWN!", "#GETTING_DATA",
    "Err:502", "Err:504", "Err:508", "Err:509", "Err:522",
}  # fmt: skip
NOTHING = {"-", "–", "—", "--", "/", "./.", ".", "k.A.", "k. A.", "n/a", "n.a."}
"""What people write into a cell to say that they have not forgotten it."""
LOST = "\ufffd"
"""Stands where a program could not read a letter."""
YES = {"ja", "j", "x", "✓", "✔", "☑", "☒", "1", "true", "wahr", "yes", "y", "ok"}
NO = {"nein", "n", "-", "–", "—", "0", "false", "falsch", "no", "☐", "✗"}
FIRST_DAY = date(1899, 12, 30)
LONGEST = 100
DAYS = range(20_000, 80_000)
"""Numbers that stand for days of 1954 to 2119, as Excel counts them."""
YEARS = range(1950, 2101)
MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan", "feb", "mar mae mrz", "apr", "mai may", "jun", "jul", "aug", "sep", "okt oct", "nov", "dez dec"), 1
    )
    for name in names.split()
}
"""By the first three letters, without accents."""
GERMAN = re.compile(r"(\d{1,2})\s*[./]\s*(\d{1,2})\s*[./]\s*(\d{4}|\d{2})")
ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
WORDS = re.compile(r"(?:(\d{1,2})\.?\s+)?([a-z]{3,9})\.?\s+(\d{4}|\d{2})")
CLOCK = re.compile(r"\s+\d{1,2}:\d{2}(:\d{2})?$")
MONTH = re.compile(r"(\d{1,2})\s*[./]\s*(\d{4})")
SHARES = {"½": 50, "¼": 25, "¾": 75, "⅓": 33, "halb": 50, "halbe": 50, "viertel": 25, "voll": 100, "volle": 100,
          "ganze": 100, "vollzeit": 100}  # fmt: skip
BORN = re.compile(r"\s*geb(\.|oren)", re.IGNORECASE)
DEGREE = re.compile(
    r"((prof|dr|dipl|mag|habil|h\.?c|med|phil|jur|rer|nat|pol|ing|[mb]\.?a|[mb]\.?sc|[mb]\.?eng|ll\.?[mb]|mba|mpa)\.?"
    r"|dipl\.?-?[\w.-]{2,20})",
    re.IGNORECASE,
)
NUMBER = re.compile(r"-?\d{1,9}([.,]\d{1,9})?")


class Odd(Exception):
    """A cell that cannot be read; the message says what to write instead."""


def text(cell: Cell) -> str:
    """Numbers without the tail that spreadsheets give them. Raises Odd for what Excel turned into a date."""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, date):
        raise Odd(_("The program made a date of this ({day}). Format the cell as text and write it again.",
                    day=cell.strftime("%d.%m.%Y")))  # fmt: skip
    said = cell.strip()
    if said in ERRORS:
        raise Odd(_("The cell holds an error ({error}).", error=said))
    if said == NOT_CALCULATED:
        raise Odd(_("The formula has no result in the file. Open the file, save it and send it again."))
    if LOST in said:
        raise Odd(_("A letter was lost here, as umlauts are when a file changes programs. Please write it again."))
    return "" if said in NOTHING else said


def short(cell: Cell) -> str:
    """As `text`, for what has few characters. Raises Odd for more: nothing long is looked at for a day or a number."""
    said = text(cell)
    if len(said) > LONGEST:
        raise Odd(_("{number} characters are too many here.", number=len(said)))
    return said


def email(cell: Cell) -> str:
    """An address, also as mail programs write it: „Zoë Ahorn <zoe@stadt.example>;“."""
    said = text(cell).rstrip("; ")
    if said.endswith(">") and said.count("<") == 1:
        said = said.partition("<")[2]
    return re.sub(r"^mailto:", "", said, flags=re.IGNORECASE).strip().strip("<>")


def phone(cell: Cell) -> str:
    """A number with the dashes that are on keyboards, without the word before it."""
    said = re.sub(r"^(tel|telefon|fon|durchwahl|phone)\b[.: ]*", "", text(cell), flags=re.IGNORECASE)
    return re.sub(r"[‐‑‒–—]", "-", said)


def number(cell: Cell) -> int | None:
    said = "".join(short(cell).split())
    if not said:
        return None
    if re.fullmatch(r"\d{1,3}(\.\d{3})+", said):  # 85.859
        said = said.replace(".", "")
    if not re.fullmatch(r"\d{1,9}", said):
        raise Odd(_("Please write a whole number."))
    return int(said)


def share(cell: Cell) -> int | None:
    """Percent of a full post: 0,5 as 50, „50 %“, „½ Stelle“. A bare number up to 1 is a part of one."""
    if isinstance(cell, float):
        return _percent(cell * 100 if 0 < cell <= 1 else cell)
    said = short(cell).lower()
    if not said:
        return None
    bare = re.sub(r"\b(stelle|post|vzä|fte|prozent|percent)\b|[%\s]", "", said)
    if bare in SHARES:
        return SHARES[bare]
    if NUMBER.fullmatch(bare):
        value = float(bare.replace(",", "."))
        marked = "%" in said or "prozent" in said
        return _percent(value * 100 if 0 < value <= 1 and not marked else value)
    raise Odd(_("Write the share of a full post as a percentage, such as 50 %."))


def _percent(value: float) -> int:
    if not 0 <= value <= 100:
        raise Odd(_("Write the share of a full post as a percentage, such as 50 %."))
    return round(value)


def yes(cell: Cell) -> bool:
    said = short(cell).lower()
    if said in YES:
        return True
    if not said or said in NO:
        return False
    raise Odd(_("Write yes or no (a cross counts as yes)."))


def day(cell: Cell, *, last: bool = False) -> date | None:
    """A day as a date, as a number or as text; of a month or a year alone its first, or its `last`."""
    if isinstance(cell, date):
        return cell
    if isinstance(cell, float):
        if cell.is_integer() and int(cell) in YEARS:
            return _within(int(cell), None, last)
        if int(cell) in DAYS:
            return FIRST_DAY + timedelta(days=int(cell))
        raise _no_day()
    said = re.sub(r"^(seit|ab|bis|since|from|until|zum)\s+", "", folded(short(cell)).strip())
    said = CLOCK.sub("", said)
    if not said:
        return None
    found = _written(said, last)
    if found is None:
        raise _no_day()
    return found


def _written(said: str, last: bool) -> date | None:
    if re.fullmatch(r"\d{5}", said) and int(said) in DAYS:
        return FIRST_DAY + timedelta(days=int(said))
    if re.fullmatch(r"\d{4}", said) and int(said) in YEARS:
        return _within(int(said), None, last)
    try:
        if found := GERMAN.fullmatch(said):
            return date(_year(found[3]), int(found[2]), int(found[1]))
        if found := ISO.fullmatch(said):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := WORDS.fullmatch(said):
            month = MONTHS.get(found[2][:3])
            if month is None:
                return None
            year = _year(found[3])
            return date(year, month, int(found[1])) if found[1] else _within(year, month, last)
        if found := MONTH.fullmatch(said):
            return _within(int(found[2]), int(found[1]), last)
    except ValueError:
        return None
    return None


def _year(said: str) -> int:
    """Of two digits, one from 1970 to 2069."""
    year = int(said)
    return year if len(said) == 4 else year + (2000 if year < 70 else 1900)


def _within(year: int, month: int | None, last: bool) -> date:
    """The first or last day of a year or a month. Raises ValueError for a month that is none."""
    if month is None:
        return date(year, 12, 31) if last else date(year, 1, 1)
    if not 1 <= month <= 12:
        raise ValueError
    return date(year, month, calendar.monthrange(year, month)[1] if last else 1)


def _no_day() -> Odd:
    return Odd(_("This is no day. Write it as 01.03.2024."))


def name(said: str, *, turned: bool) -> str:
    """„Buche, Änne“ as „Änne Buche“; a degree („Änne Buche, M.A.“) or a name at birth after a comma stays there."""
    last, comma, first = said.partition(",")
    degree = "." in first and not re.search(r"[^\W\d_]{3,}", first)
    if comma and first.strip() and "," not in first and not BORN.match(first) and (turned or not degree):
        return f"{first.strip()} {last.strip()}"
    return said


def undecorated(said: str) -> str:
    """A name without degrees, which come and go between two lists."""
    return " ".join(word for word in said.replace(",", " ").split() if not DEGREE.fullmatch(word)) or said


def slug(said: str, most: int = 40) -> str:
    """A key made of a name: ASCII letters and digits with dashes; empty if nothing is left."""
    german = (
        unicodedata.normalize("NFC", said[:LONGEST]).lower().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    )
    return re.sub(r"[^a-z0-9]+", "-", folded(german)).strip("-")[:most].strip("-")
