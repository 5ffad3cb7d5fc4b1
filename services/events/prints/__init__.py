"""The papers of an event day as PDF, some lists as XLSX: a `Day` in, bytes out, in the current language.

Promises of all of them: PDF is tagged PDF/UA-1 (but see `typst.typeset` for signs without a face); the same `Day` in
the same language gives the same bytes (dated by `Day.updated`); texts are printed literally, cleaned by
`day.printable`; safe to call from several threads at once.
"""

from services.events.prints.badges import badges
from services.events.prints.certificates import certificates
from services.events.prints.lists import attendance_list
from services.events.prints.minutes import minutes
from services.events.prints.onsite import bus_lists, door_lists, wall
from services.events.prints.run_sheet import run_sheet
from services.events.prints.tables import slips, table_cards
from services.events.prints.votes import vote_result
from services.events.prints.workbooks import attendance_book, bus_book, market_book, participants_book

__all__ = [
    "attendance_book",
    "attendance_list",
    "badges",
    "bus_book",
    "bus_lists",
    "certificates",
    "door_lists",
    "market_book",
    "minutes",
    "participants_book",
    "run_sheet",
    "slips",
    "table_cards",
    "vote_result",
    "wall",
]
