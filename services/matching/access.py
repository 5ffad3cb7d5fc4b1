"""Who may do and see what in matching, in one place."""

from typing import Final

from services.kit.auth import Principal
from services.kit.errors import Forbidden
from services.kit.i18n import gettext as _
from services.kit.rights import ANYBODY, Right, Rights, public
from services.matching.models import Event
from services.matching.partnering import Place

READ: Final = "matching:read"
WRITE: Final = "matching:write"

PLANS: Final = Right(
    "clients and people with the scope", READ, rows="plans of events they organise or their city is part of",
    rule="may_see",
)  # fmt: skip
PAIRS: Final = Right(
    "the network: clients and people with the scope", READ,
    rows="of events they organise or their city is part of (`may_see`); else with people of their own city, central "
    "navigators: of their state",
    rule="own_place",
)  # fmt: skip
ADVICE: Final = Right(
    "the network: clients and people with the scope", READ,
    rows="clients and coordinators: for their own city; central navigators: for cities of their state",
    rule="may_advise",
)  # fmt: skip
ORGANISER: Final = Right("clients and people with the scope", WRITE, rows="events they organise", rule="may_plan")
OWN: Final = Right("the organiser", rows="their own plans", rule="organises")
FOUND: Final = ANYBODY.to("what one got from a plan")
ADVISED: Final = ANYBODY.to("what one got as advice")
RIGHTS: Final[Rights] = {
    "Query.plan": PLANS.to(PLANS.rows, PLANS.rule, hidden=True),
    "Query.whyThisTable": PLANS.to(PLANS.rows, PLANS.rule, hidden=True),
    "Query.mentoringPairs": PAIRS,
    "Query.partnershipSuggestions": ADVICE,
    "Query.comparedPlans": PLANS.to(PLANS.rows, PLANS.rule, hidden=True),
    "Query.adjustedPlan": ORGANISER,
    "Event.plans": PLANS.to(PLANS.rows, PLANS.rule, hidden=True),
    "_entities.Plan": PLANS.to(PLANS.rows, PLANS.rule, hidden=True),
    "Subscription.planProgress": PLANS,
    "Mutation.*": ORGANISER,
    "Plan.*": FOUND,
    "Plan.brokenRules": OWN,
    "Plan.conflict": OWN,
    "Plan.tradeOffs": OWN,
    "PlannedRound.*": FOUND,
    "PlannedTable.*": FOUND,
    "CityCount.*": FOUND,
    "Progress.*": FOUND,
    "Quality.*": FOUND,
    "Figure.*": FOUND,
    "SeatReason.*": FOUND,
    "Companion.*": FOUND,
    "TopicFit.*": ADVISED,
    "MentoringTopic.*": ADVISED,
    "MentoringPair.*": ADVISED,
    "PartnershipSuggestion.*": ADVISED,
    "BrokenRule.*": FOUND,
    "RuleConflict.*": FOUND,
    "ConflictingRule.*": FOUND,
    "SeatChange.*": FOUND,
    "DayChanges.*": FOUND,
    "Weight.*": FOUND,
    "Provenance.*": FOUND,
    "ComparedFigure.*": FOUND,
    "PlanComparison.*": FOUND,
    "ComparedShare.*": FOUND,
    "TradeOffs.*": FOUND,
    "PersonShare.*": FOUND,
    "CityContact.*": FOUND,
    "RepeatedPair.*": FOUND,
    "UnmetPair.*": FOUND,
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
    """Who made the event, and the coordinators of its host."""
    return who.known and (who.subject == event.organiser or not who.where("coordinator").isdisjoint(event.cities[:1]))


def may_see(who: Principal, event: Event) -> bool:
    """The organiser and the event's cities; nobody else learns that a plan exists."""
    return who.known and (organises(who, event) or who.city in event.cities)


def own_place(who: Principal) -> Place:
    """Whose people advice is for: the city or the states that `who` speaks for. Raises Forbidden for neither."""
    states = who.where("central")
    if who.city is None and not states:
        raise Forbidden(_("You speak neither for a city nor for a state."))
    return Place(who.city, states)


def may_advise(who: Principal, ags: str) -> None:
    """A city's own program, its coordinators, and the central navigators of its state."""
    own = who.city == ags and (not who.person or ags in who.where("coordinator"))
    if not (own or ags[:2] in who.where("central")):
        raise Forbidden(
            _("Only the coordinators of {ags} and the central navigators of its state see this.", ags=ags[:8])
        )
