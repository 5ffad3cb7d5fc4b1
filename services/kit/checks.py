"""Collecting what is wrong with an input, row by row, before anything is stored."""

from services.kit.errors import MOST_PROBLEMS, Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.text import cleaned, forbidden_character, visible

MOST_KEPT = 10 * MOST_PROBLEMS
"""A hostile input must not make us collect for ever."""
LONGEST_UNCLEANED = 4
"""How many times as long as allowed a text may be before white space is folded."""


class Checks:
    """Collects problems; each check answers with the cleaned value and never raises."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, row: str, field: str, message: str) -> None:
        if len(self.found) < MOST_KEPT:
            self.found.append(Problem(message=message, row=row, field=field))

    def text(self, row: str, field: str, value: str, most: int, *, required: bool = True, lines: bool = False) -> str:
        """Cleaned, of at most `most` characters without control characters and direction marks; one line, or `lines`
        with at most one empty one between them.
        """
        if not value and not required:
            return ""
        if len(value) > LONGEST_UNCLEANED * most:  # before anything looks at each character
            self.add(row, field, _("{length} characters are too many; at most {most}.", length=len(value), most=most))
            return ""
        if bad := forbidden_character(value):
            self.add(
                row,
                field,
                _(
                    "The text has a character that cannot be used here ({character}). Please type that place anew.",
                    character=bad,
                ),
            )
            return ""
        clean = _lines(value) if lines else cleaned(value)
        if required and not visible(clean):
            self.add(row, field, _("This field must not be empty."))
        if len(clean) > most:
            self.add(row, field, _("{length} characters are too many; at most {most}.", length=len(clean), most=most))
        return clean

    def number(self, row: str, field: str, value: int, least: int, most: int) -> None:
        if not least <= value <= most:
            self.add(row, field, _("Choose a number from {least} to {most}.", least=least, most=most))

    def done(self, message: str) -> None:
        """Raises Refused with `message` if anything was found."""
        if self.found:
            raise Refused(message, self.found)


def _lines(value: str) -> str:
    some = [cleaned(line) for line in value.splitlines()]
    return "\n".join(line for line, before in zip(some, ["", *some], strict=False) if line or before).strip()
