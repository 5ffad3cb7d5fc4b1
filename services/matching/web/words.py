"""What pages call the parts of a plan, in plain words."""

from collections.abc import Mapping
from typing import Final

from babel.numbers import format_decimal

from services.kit import i18n
from services.kit.i18n import gettext as _
from services.matching.graphql.explaining import Companion, SeatReason
from services.matching.progress import State
from services.matching.solver.rules import Sort
from services.matching.strength import Wish

COUNTED: Final = frozenset({"repeated_meetings", "pairs", "pairs_of_cities", "fewest_cities", "broken", "iterations"})
"""Figures that are whole numbers."""
MOST_TOPICS: Final = 2
"""Of each sort, in what two people have to say to each other."""


def figure(value: float | None, name: str = "") -> str:
    """A number as people write it; a dash where a plan does not have it."""
    if value is None:
        return "–"
    return format_decimal(value, "#,##0" if name in COUNTED else "#,##0.0", locale=i18n.language())


def state(found: State) -> str:
    return {
        State.QUEUED: _("waits for its turn"), State.RUNNING: _("is being searched for"), State.DONE: _("found"),
        State.FAILED: _("failed"), State.CANCELLED: _("ended before anything was found"),
    }[found]  # fmt: skip


def wishes() -> dict[str, str]:
    """Of what a second plan shall have more, by the graph's word."""
    return {
        "NEW_MEETINGS": _("more new meetings"), "COMMON_TOPICS": _("more common topics"),
        "TABLE_TOPICS": _("more fitting topics at the tables"), "MIXED_CITIES": _("more mixing of cities"),
    }  # fmt: skip


def wish(value: str) -> str:
    return wishes()[Wish(value).name]


def figures() -> dict[str, str]:
    """What plans are compared by (`comparing.FIGURES`)."""
    return {
        "objective": _("Worth of the plan in all"), "affinity": _("Topics in common"),
        "topic": _("Interest in the tables' topics"), "repeats": _("Repeated meetings, counted squared"),
        "penalties": _("Taken off for soft rules"), "broken": _("Hard rules broken"),
        "repeated_meetings": _("Repeated meetings"), "least": _("What the worst-off person gets"),
        "pairs": _("Different pairs who meet"), "pairs_of_cities": _("Of these, from two cities"),
        "fewest_cities": _("Fewest cities at a table"), "upper_bound": _("No plan is worth more than"),
        "iterations": _("Exchanges tried"), "seconds": _("Seconds of search"),
    }  # fmt: skip


def of_table(found: SeatReason) -> list[str]:
    """Why the table itself suits the person, in sentences about them."""
    return [
        *([_("Stays here as the host.")] if found.hosts else ()),
        *([_("The table's topic is one of the person's.")] if found.interest == 1 else ()),
        *([_("The table's topic is close to the person's.")] if found.interest == 0.5 else ()),
    ]


def of_companion(found: Companion, topics: Mapping[str, str]) -> list[str]:
    """What somebody at the same table and the person have to say to each other; may be empty."""

    def label(code: str) -> str:
        return topics.get(code, code)

    return [
        *([_("the two were to meet")] if found.wished else ()),
        *(_("offers {topic}", topic=label(fit.offered.code)) for fit in found.takes()[:MOST_TOPICS]),
        *(_("seeks {topic}", topic=label(fit.sought.code)) for fit in found.gives()[:MOST_TOPICS]),
        *(_("both work on {topic}", topic=label(topic.code)) for topic in found.both()[:MOST_TOPICS]),
        *([_("met in an earlier round")] if found.again else ()),
        *([_("met at an earlier day")] if found.met_before else ()),
    ]


def advice(sort: str) -> str:
    """What to change about a rule that conflicts with others."""
    match Sort(sort):
        case Sort.MUST | Sort.NEVER:
            return _("Take the pair out, or let it count less than „must hold“.")
        case Sort.EARLIER:
            return _("Let partners of earlier days meet again.")
        case Sort.SEAT | Sort.REACH:
            return _("Give the person another table, or more tables.")
        case Sort.AWAY:
            return _("Let the person come to more rounds.")
        case Sort.LEAST | Sort.MOST | Sort.EVEN:
            return _("Change the number of tables, or the places at them.")
        case Sort.MIXING:
            return _("Let the mixing count less than „must hold“.")
        case Sort.REPEAT:
            return _("Allow repeated meetings, or plan fewer rounds.")
        case Sort.PAST:
            return _("What is past stays; change one of the other rules.")
