"""The papers of an event day as PDF: a `Day` in, bytes out, in the current language (`services.kit.i18n`).

Promises of all of them: tagged PDF/UA-1 (but see `typst.typeset` for signs without a face); the same `Day` in the same
language gives the same bytes (dated by `Day.updated`); texts are printed literally, cleaned by `day.printable`; safe to
call from several threads at once.
"""

from services.events.prints.badges import badges
from services.events.prints.lists import attendance_list
from services.events.prints.minutes import minutes
from services.events.prints.run_sheet import run_sheet
from services.events.prints.tables import slips, table_cards
from services.events.prints.votes import vote_result

__all__ = ["attendance_list", "badges", "minutes", "run_sheet", "slips", "table_cards", "vote_result"]
