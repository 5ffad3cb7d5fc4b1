"""Participants from a spreadsheet: a preview of what would change, then the same file again with the preview's tag.

Nothing of a file is stored, neither between the two nor afterwards, and nothing of it is done by halves.
"""

from services.events.registration.importing.deciding import Line, Outcome, Preview, apply, preview
from services.events.registration.importing.sheet import Entries, Note, read

__all__ = ["Entries", "Line", "Note", "Outcome", "Preview", "apply", "preview", "read"]
