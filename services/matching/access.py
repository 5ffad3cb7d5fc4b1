"""Who may do and see what in matching, in one place."""

from typing import Final

from services.kit.auth import Principal
from services.kit.errors import Forbidden
from services.kit.i18n import gettext as _
from services.kit.rights import ANYBODY, Right, Rights, public
from services.matching.models import Event

READ: Final = "matching:read"
WRITE: Final = "matching:write"

PLANS: Final = Right(
    "clients and people with the scope", READ, rows="plans of events they organise or their city is part of",
    rule="may_see",
)  # fmt: skip
ORGANISER: Final = Right("clients and people with the scope", WRITE, rows="events they organise", rule="may_plan")
OWN: Final = Right("the organiser", rows="their own plans", rule="organises")
FOUND: Final = ANYBODY.to("what one got from a plan")
RIGHTS: Final[Rights] = {
    "Query.plan": PLANS.to(PLANS.rows, PLANS.rule, hidden=True),
    "Query.comparedPlans": PLANS.to(PLANS.rows, PLANS.rule, hidden=True),
    "Query.adjustedPlan": ORGANISER,
    "Event.plans": PLANS.to(PLANS.rows, PLANS.rule, hidden=True),
    "_entities.Plan": PLANS.to(PLANS.rows, PLANS.rule, hidden=True),
    "Subscription.planProgress": PLANS,
    "Mutation.*": ORGANISER,
    "Plan.*": FOUND,
    "Plan.brokenRules": OWN,
    "Plan.conflict": OWN,
    "PlannedRound.*": FOUND,
    "PlannedTable.*": FOUND,
    "CityCount.*": FOUND,
    "Progress.*": FOUND,
    "Quality.*": FOUND,
    "Figure.*": FOUND,
    "BrokenRule.*": FOUND,
    "RuleConflict.*": FOUND,
    "SeatChange.*": FOUND,
    "DayChanges.*": FOUND,
    "Weight.*": FOUND,
    "Provenance.*": FOUND,
    "ComparedFigure.*": FOUND,
    "PlanComparison.*": FOUND,
    "Adjustment.*": FOUND,
    "Event.id": ANYBODY,
    "_entities.Event": ANYBODY,
    **public("City", "Navigator", "Topic"),
}
"""Who may ask for which field; checked before every resolver (`kit.rights`) and printed in docs/access.md."""


def may_plan(who: Principal, event: Event) -> None:
    """Only who organises it."""
    if not organises(who, event):
        raise Forbidden(_("Only the organiser of the event may plan its rounds."))


def organises(who: Principal, event: Event) -> bool:
    return who.known and who.subject == event.organiser


def may_see(who: Principal, event: Event) -> bool:
    """The organiser and the event's cities; nobody else learns that a plan exists."""
    return who.known and (who.subject == event.organiser or who.city in event.cities)
