"""The workbook that a city downloads, edits and sends back: what it publishes now, under headers that we know."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Any

from services.directory.sheets.columns import CITY, IGNORED, KINDS, choice_label, choices, sheet_label
from services.directory.sheets.labels import Labels
from services.directory.sheets.shown import cell, written
from services.directory.snapshot import MOST_ROWS, Snapshot
from services.kit.i18n import gettext as _
from services.kit.sheets.columns import Column
from services.kit.sheets.writing import workbook

WIDE = {"topics", "text", "email", "list", "visibility", "links", "tasks"}
TEXT = "@"
FORMATS = {"day": "dd.mm.yyyy", "last day": "dd.mm.yyyy", "share": "0 %", "number": "0"}


def template(base: Snapshot, labels: Labels) -> bytes:
    """An XLSX file with a sheet for each kind of rows and one that lists the topics."""
    made = BytesIO()
    book = workbook(made)
    formats = {code: book.add_format({"num_format": code, "valign": "top", "text_wrap": code == TEXT})
               for code in (TEXT, *FORMATS.values())}  # fmt: skip
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    for kind in KINDS:
        rows = (base.city,) if kind == CITY else getattr(base, kind)
        _fill(book.add_worksheet(sheet_label(kind)), written(kind), rows, labels, formats, head)
    topics = book.add_worksheet(sheet_label(IGNORED))
    for column, (title, width) in enumerate(((_("Topic"), 50), (_("Code"), 30), (_("Also called"), 80))):
        topics.set_column(column, column, width)
        topics.write_string(0, column, title, head)
    for number, topic in enumerate((topic for topic in labels.topics.values() if topic.de), 1):
        for column, said in enumerate((labels.name(topic.code), topic.code, ", ".join(topic.synonyms))):
            topics.write_string(number, column, said)
    book.close()
    return made.getvalue()


def _fill(
    sheet: Any, columns: Sequence[Column], rows: Sequence[Any], labels: Labels, formats: dict[str, Any], head: Any
) -> None:
    sheet.freeze_panes(1, 2)
    for place, column in enumerate(columns):
        style = formats[FORMATS.get(column.form, TEXT)]
        sheet.set_column(place, place, 32 if column.form in WIDE else 16, style)
        sheet.write_string(0, place, column.label, head)
        if offered := _offered(column.form):
            sheet.data_validation(1, place, MOST_ROWS, place, {
                "validate": "list", "source": offered, "error_type": "warning",
                "error_message": _("Please choose one of those offered."),
            })  # fmt: skip
        for number, row in enumerate(rows, 1):
            said = cell(column, row, labels)
            if isinstance(said, float):
                sheet.write_number(number, place, said, style)
            elif isinstance(said, date):
                sheet.write_datetime(number, place, said, style)
            elif said is not None:
                sheet.write_string(number, place, said, style)


def _offered(form: str) -> list[str]:
    """What a cell can be chosen from."""
    if form == "yes":
        return [_("yes"), _("no")]
    if form in {"profile", "recruited", "stage"}:
        return [choice_label(form, code) for code in dict.fromkeys(choices(form).values())]
    return []
