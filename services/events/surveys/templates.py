"""Surveys to begin with, in the reader's language."""

from services.events.surveys.questions import Draft, Question
from services.kit.i18n import gettext as _


def templates() -> dict[str, Draft]:
    """By name: `feedback` after a day, `modules` for the wishes of the coming year, `change` for a retrospective."""
    return {
        "feedback": Draft(
            _("How was the day?"),
            (
                Question("SCALE", _("How satisfied were you with the day on the whole?")),
                Question("SCALE", _("How much of it can you use in your own work?")),
                Question("SCALE", _("How well was the day organised?")),
                Question("CHOICE", _("Would you like to take part again?"), (_("Yes"), _("Perhaps"), _("No"))),
                Question("TEXT", _("What did you take with you?")),
                Question("TEXT", _("What should be different next time?")),
            ),
        ),
        "modules": Draft(
            _("Which modules do you wish for?"),
            (
                Question(
                    "CHOICE",
                    _("Which modules would you attend in the coming year?"),
                    (
                        _("Process workshops"),
                        _("Project management"),
                        _("Process management"),
                        _("Open data"),
                        _("Digital agenda"),
                        _("Change management"),
                        _("Communication"),
                        _("Open exchange"),
                    ),
                    3,
                    wishes=True,
                ),
                Question("TEXT", _("What is missing from this list?")),
            ),
        ),
        "change": Draft(
            _("Where does our change stand?"),
            (
                Question("FACTORS", _("Which of these does our change have?")),
                Question("TEXT", _("What do we need most?")),
            ),
        ),
    }
