"""Who may do and see what in events, in one place."""

from typing import Final

from services.events.models import Event
from services.kit.auth import Principal
from services.kit.errors import Forbidden
from services.kit.i18n import gettext as _
from services.kit.rights import ANYBODY, Right, Rights, public

READ: Final = "events:read"
WRITE: Final = "events:write"

PEOPLE: Final = Right(
    "clients and people with the scope", READ, rows="events they organise or their city is part of",
    rule="may_see_people", hidden=True,
)  # fmt: skip
ORGANISER: Final = Right("clients and people with the scope", WRITE, rows="events they organise", rule="may_change")
PAPERS: Final = Right(
    "everybody; papers with names only clients and people with the scope events:read",
    rows="the agenda of every event; papers with names of events they organise or their city is part of",
    rule="may_see_people",
)
LINKED: Final = Right(
    "whoever has a link that fits (personal, of the event, of a proposal, for notes); else as the organiser",
    rows="personal links: of events in which the person takes part; others: what they were made for",
)
OPEN_SPACE: Final = Right(
    "everybody",
    rows="the published agenda of every event; proposals and what came of them: whoever has a link that fits, and "
    "those who see an event's people; plans and suggestions: the organiser",
    rule="may_see_people",
)
RIGHTS: Final[Rights] = {
    "Query.*": ANYBODY,
    "Mutation.*": ORGANISER,
    "Mutation.changeEvent": ORGANISER.to("events they organise; a city of theirs stays part of it", "may_change"),
    "Mutation.createEvent": ORGANISER.to(
        "events that their city, or one of their state, hosts or travels to; any, for the operator's clients",
        "may_hold",
    ),
    "Query.openSpace": OPEN_SPACE,
    "Query.adjustedOpenSpacePlan": ORGANISER,
    "Subscription.openSpaceBoard": ANYBODY.to("the published agenda, which names nobody"),
    **{f"Mutation.{name}": LINKED for name in (
        "proposeSession", "changeProposal", "withdrawProposal", "setWishes", "convene", "setAway", "writeHarvest",
        "putActionItem", "removeActionItem", "removeSessionFile", "makeNotesLink",
    )},
    **{f"{name}.*": ANYBODY.to("what one got from an open space") for name in (
        "OpenSpace", "OpenSpaceBoard", "OpenSpaceSlot", "OpenSpaceRoom", "OpenSpaceSession", "InterestCount",
        "Proposal", "ProposalPerson", "SessionHarvest", "SessionFile", "ActionItem", "MyOpenSpace", "MySession",
        "MyWish", "MergeSuggestion", "Proposed",
    )},
    **{f"{name}.*": ANYBODY.to("what one got from a plan") for name in (
        "OpenSpacePlan", "PlannedSession", "OpenSpaceQuality", "OpenSpaceProvenance", "OpenSpaceAdjustment",
    )},
    "Event.*": ANYBODY,
    "Event.participants": PEOPLE,
    "Event.rounds": PEOPLE,
    **public("City", "Navigator", "Topic", "Venue", "AgendaItem", "Paper", "_entities"),
    **public("EventConnection", "EventEdge", "PageInfo"),
    "Participant.*": ANYBODY.to("whom one got from an event"),
    "Round.*": ANYBODY.to("what one got from an event"),
    "RoundTable.*": ANYBODY.to("what one got from an event"),
}  # fmt: skip
"""Who may ask for which field; checked before every resolver (`kit.rights`) and printed in docs/access.md."""


def may_hold(who: Principal, cities: set[str]) -> None:
    """Who speaks for a city or state takes it along: nobody holds an event of others alone.

    A client without a city is the operator's.
    """
    if who.city is not None and who.city not in cities:
        raise Forbidden(_("Your city {ags} is neither host nor guest of this event.", ags=who.city))
    if who.city is None and who.person and not who.where("central") & {ags[:2] for ags in cities}:
        raise Forbidden(_("No city of your state is host or guest of this event."))


def may_change(who: Principal, event: Event) -> None:
    """Only who made it."""
    if who.subject != event.organiser:
        raise Forbidden(_("Only the organiser may change this event."))


def may_see_people(who: Principal, event: Event) -> bool:
    """The organiser and the event's cities see who takes part and the papers.

    The event itself, its agenda and its calendar are public.
    """
    return PEOPLE.allows(who) and (who.subject == event.organiser or who.city in {event.host, *event.guests})
