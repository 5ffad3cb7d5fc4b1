"""What papers that are read and kept are made of: titles, words, tables, charts, as `document.typ` sets them.

Each function gives one block as plain data. Texts may hold anything a person typed; they are cleaned here.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from babel.dates import format_date
from babel.numbers import format_decimal

from services.events.prints.common import line
from services.events.typst import typeset
from services.kit.i18n import gettext as _
from services.kit.i18n import language

Block = dict[str, Any]


class Column(NamedTuple):
    """`width` is a share of what is left beside columns of width 0, which are as wide as their contents."""

    title: str
    width: int = 0
    number: bool = False


class Fact(NamedTuple):
    name: str
    value: str
    note: str = ""


def section(title: str) -> Block:
    return {"kind": "section", "title": line(title)}


def topic(title: str) -> Block:
    return {"kind": "topic", "title": line(title) or "–"}


def words(*texts: str, sticky: bool = False) -> Block:
    """Paragraphs; a line break within a text begins another. `sticky` ones stay with what follows."""
    return {"kind": "words", "lines": _lines(texts), "sticky": sticky}


def small(*texts: str) -> Block:
    return {"kind": "small", "lines": _lines(texts)}


def named(title: str, text: str) -> Block:
    """A text of several lines under a quiet title."""
    return {"kind": "named", "title": line(title), "lines": _lines([text])}


def listed(texts: Sequence[str], *, small: bool = False) -> Block:
    return {"kind": "list", "lines": [one for one in map(line, texts) if one], "small": small}


def facts(given: Sequence[Fact], *, columns: int = 3, large: bool = False) -> Block:
    shown = [{"name": line(one.name), "value": line(one.value), "note": line(one.note)} for one in given]
    return {"kind": "facts", "facts": shown, "columns": columns, "large": large}


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], total: Sequence[str] = ()) -> Block:
    return {
        "kind": "table",
        "header": [line(column.title) for column in columns],
        "widths": [column.width for column in columns],
        "numbers": [column.number for column in columns],
        "rows": [[line(cell) or "–" for cell in row] for row in rows],
        "total": [line(cell) for cell in total],
    }


def chart(svg: str, alt: str, caption: str) -> Block:
    return {"kind": "chart", "svg": svg, "alt": line(alt), "caption": line(caption)}


def photo(file: str, alt: str, caption: str) -> Block:
    return {"kind": "photo", "file": file, "alt": line(alt), "caption": line(caption)}


def quote(text: str, who: str) -> Block:
    return {"kind": "quote", "text": _("“{text}”", text=line(text)), "who": line(who)}


def document(
    parts: Sequence[Block],
    *,
    name: str,
    title: str,
    short: str,
    author: str,
    date: str,
    updated: str,
    moment: dt.datetime,
    subtitle: str = "",
    notice: str = "",
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> bytes:
    """The paper as PDF/UA-1 and PDF/A-2a: `name` says what it is (“Minutes”), `short` what it is about.

    `files` are the pictures that photos name.
    """
    data = {
        "document": f"{name} – {line(short)}",
        "author": line(author),
        "language": language(),
        "labels": {"page": _("Page {page} of {pages}")},
        "event": {},
        "kind": name,
        "title": line(title) or name,
        "short": line(short),
        "subtitle": line(subtitle),
        "notice": notice,
        "running": f"{line(short)} · {name}",
        "date": date,
        "updated": updated,
        "parts": list(parts),
    }
    return typeset("document", data, moment, kept=True, files=files)


def number(value: float) -> str:
    """`1.234` or `12,5` in the current language."""
    return str(format_decimal(round(value, 1), locale=language()))


def short_date(day: dt.date) -> str:
    return str(format_date(day, "medium", locale="en_GB" if language() == "en" else "de_DE"))


def _lines(texts: Sequence[str]) -> list[str]:
    return [one for text in texts for one in map(line, text.splitlines()) if one]
