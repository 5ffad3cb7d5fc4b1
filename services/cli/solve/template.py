"""The empty list that an organiser fills in."""

from io import BytesIO
from typing import Any

from services.cli.solve.columns import COLUMNS, IGNORED, LAYOUT, PEOPLE, TOPICS
from services.kit.i18n import gettext as _
from services.kit.sheets.table import MOST_ROWS
from services.kit.sheets.writing import workbook

LEFT_OUT = {"turned_name", "first_name", "last_name"}
WIDE = {"topics", "people", "list"}


def template() -> bytes:
    """An XLSX file with sheets for people and topics, and one that says what belongs where."""
    made = BytesIO()
    book = workbook(made)
    # As text, or the program makes a day of „1-3“.
    text = book.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
    head = book.add_format({"bold": True, "bottom": 1, "valign": "top"})
    for kind in (PEOPLE, TOPICS):
        sheet = book.add_worksheet(LAYOUT.label(kind))
        sheet.freeze_panes(1, 1)
        for place, column in enumerate(one for one in COLUMNS[kind] if one.field not in LEFT_OUT):
            sheet.set_column(place, place, 30 if column.form in WIDE or not place else 16, text)
            sheet.write_string(0, place, column.label, head)
            if column.form == "host":
                sheet.data_validation(1, place, MOST_ROWS, place, {
                    "validate": "list", "source": [_("yes"), *map(str, range(1, 31))], "error_type": "warning",
                    "error_message": _("Write yes, or the number of the table."),
                })  # fmt: skip
    _notes(book.add_worksheet(LAYOUT.label(IGNORED)), head, book.add_format({"text_wrap": True, "valign": "top"}))
    book.close()
    return made.getvalue()


def _notes(sheet: Any, head: Any, text: Any) -> None:
    told = {
        "name": _("First name and last name; the only column that is needed."),
        "city": _("Tables mix people of different cities."),
        "department": _("Can be mixed as well: --mix department=strong"),
        "experience": _("Can be mixed as well: --mix experience=strong"),
        "language": _("Can be mixed as well: --mix language=strong"),
        "offers": _("Topics that the person can tell others about; several with commas or semicolons between."),
        "seeks": _("Topics that the person would like to hear about."),
        "works_on": _("Topics that the person works on."),
        "rounds": _("When the person is there: „1-3“, „from 2“, „up to 3“, „1, 4“. Empty: always."),
        "tables": _("Tables that the person can reach, such as „1-3“. Empty: all."),
        "host": _("Yes for somebody who stays at one table, or the number of this table."),
        "meets": _("Names of those whom the person has to meet."),
        "never": _("Names of those with whom the person must not share a table."),
        "met": _("Names of those whom the person met before; repeats are avoided."),
    }
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 90, text)
    sheet.write_row(0, 0, [_("Column"), _("What belongs there")], head)
    labels = {column.field: column.label for column in COLUMNS[PEOPLE]}
    for row, (field, words) in enumerate(told.items(), 1):
        sheet.write_string(row, 0, labels[field])
        sheet.write_string(row, 1, words, text)
    sheet.write_string(len(told) + 1, 0, _("Columns of your own"))
    sheet.write_string(len(told) + 1, 1, _('Can be mixed as well, by their names: --mix "Working group=strong"'), text)
    sheet.write_string(len(told) + 3, 0, LAYOUT.label(TOPICS))
    hint = _("May stay empty. With entries, people may name these topics only; related ones lie below a common parent.")
    sheet.write_string(len(told) + 3, 1, hint, text)
