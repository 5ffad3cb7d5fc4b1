"""Who may do and see what in events, in one place."""

import dataclasses
import uuid
from typing import Final

from services.events.models import ActionItem, Event, Idea, Module, Programme
from services.kit.auth import Principal
from services.kit.errors import Forbidden
from services.kit.i18n import gettext as _
from services.kit.mydata import PERSONAL
from services.kit.rights import ANYBODY, Right, Rights, public

READ: Final = "events:read"
WRITE: Final = "events:write"

PEOPLE: Final = Right(
    "clients and people with the scope", READ, rows="events they organise or their city is part of",
    rule="may_see_people", hidden=True,
)  # fmt: skip
ORGANISED: Final = "events they organise"
"""For coordinators also those that their city hosts, whoever made them (`organises`)."""
ORGANISER: Final = Right("clients and people with the scope", WRITE, rows=ORGANISED, rule="may_change")
OWN_ONLY: Final = PEOPLE.to(ORGANISED, "may_change", hidden=True)
BOARD: Final = dataclasses.replace(PEOPLE, hidden=False)
PAPERS: Final = Right(
    "everybody; papers with names only clients and people with the scope events:read",
    rows="the agenda of every event; papers with names of events they organise or their city is part of",
    rule="may_see_people",
)
BY_LINK: Final = Right(
    "whoever has their link to the event, or a personal link",
    rows="events that the person whose link it is takes part in",
)
WITH_LINK: Final = ANYBODY.to("what one got from an event or with a personal link")
DAY_LINK: Final = Right("whoever has their link to the event", rows="the day of the person whose link it is")
HOLD: Final = ORGANISER.to(
    "events that their city, or one of their state, hosts or travels to; any, for the operator's clients", "may_hold"
)
OFFER: Final = ORGANISER.to("modules and programmes of their city or state", "may_offer")
QUALIFIED: Final = ORGANISER.to(
    "navigators of their own city, and who takes part in a programme's events that they organise", "organises"
)
LINK: Final = PERSONAL.to("their own calendar")
CALENDAR: Final = Right("whoever has the address of a personal calendar", rows="the events of the person whose it is")
MAIL_LINK: Final = Right("whoever has their link to the event, or the link of a mail", rows="what the link is about")
MAILED: Final = (
    "registerForEvent", "declineEvent", "handOverPlace", "askForRelease", "setMyNeeds", "takeSeat", "leaveSeat",
    "decideRelease", "endInvitations",
)  # fmt: skip
LINKED: Final = Right(
    "whoever has a link that fits (one's own, of the event, of a proposal, for notes); else as the organiser",
    rows="one's own links: of events in which the person takes part; others: what they were made for",
)
OPEN_SPACE: Final = Right(
    "everybody",
    rows="the published agenda of every event; proposals and what came of them: whoever has a link that fits, and "
    "those who see an event's people; plans and suggestions: the organiser",
    rule="may_see_people",
)
REPORT: Final = Right(
    "clients and people with the scope", READ,
    rows="their own city, for programs and coordinators; their state and its cities, for central navigators",
    rule="may_report",
)  # fmt: skip
CARDS: Final = ORGANISER.to(
    "ideas of events they organise, to all cities of it; of events their city is part of, to that city", "may_propose"
)
RIGHTS: Final[Rights] = {
    "Query.*": ANYBODY,
    "Query.actionItems": BOARD,
    "Query.myActionItems": BY_LINK,
    "Query.myVotes": BY_LINK.to("the votes of events that the person whose link it is takes part in"),
    "Mutation.castVote": Right(
        "whoever has a personal link or one of the day; else the organiser",
        rows="votes of events that the person takes part in",
    ),
    "Mutation.tickActionItem": Right(
        "whoever has a personal link; else clients and people with the scope events:write",
        rows="their own; of events they organise; those of their city",
        rule="may_tick",
    ),
    "Mutation.makeProjectCard": CARDS,
    "Mutation.withdrawProjectCard": CARDS,
    "Subscription.voteTurnout": BOARD,
    "Event.votes": PEOPLE,
    "Event.actionItems": PEOPLE,
    "Event.projectCards": PEOPLE,
    **{f"{name}.*": ANYBODY.to("what one got from an event or with a link") for name in (
        "Vote", "VoteCriterion", "VoteCandidate", "VoteTurnout", "MyVote", "ProjectCard",
    )},
    **public("Project", "ActionItemConnection", "ActionItemEdge"),
    "Query.myDay": DAY_LINK,
    "Query.dayIdeas": DAY_LINK,
    "Mutation.noteIdea": DAY_LINK,
    "Mutation.rewordIdea": DAY_LINK.to("ideas that they noted", "may_reword"),
    "Subscription.eventClock": ANYBODY,
    "Subscription.myDayChanges": DAY_LINK,
    "Subscription.ideaBoard": BOARD,
    "Mutation.*": ORGANISER,
    "Mutation.correctIdea": ORGANISER.to("ideas from paper cards of events they organise", "may_correct"),
    "Mutation.changeEvent": ORGANISER.to("events they organise; a city of theirs stays part of it", "may_change"),
    **dict.fromkeys(
        (
            "Query.mySurveys", "Query.retrospective", "Mutation.answerSurvey", "Mutation.sayInRetrospective",
            "Mutation.takeBackRetroEntry", "Mutation.giveQuote", "Mutation.withdrawQuote",
        ),
        BY_LINK,
    ),
    "Query.myEvents": BY_LINK.to("the events of the person whose personal link it is"),
    "Query.programmePeople": QUALIFIED,
    "Query.myModules": BY_LINK.to("the modules of the person whose personal link it is"),
    **{f"{name}.*": WITH_LINK for name in ("MyProgramme", "MyModule", "ModuleDate")},
    **{f"{name}.*": ANYBODY.to("whom one got from a programme") for name in (
        "ProgrammePerson", "ProgrammePersonConnection", "ProgrammePersonEdge", "ModuleStep",
    )},
    "Query.myContacts": BY_LINK.to("contacts of the person whose personal link it is"),
    "Query.dayContacts": BY_LINK.to("the tables of the person whose link it is"),
    "Mutation.wantContact": BY_LINK.to("people of the tables of the person whose link it is"),
    "Mutation.endContact": BY_LINK.to("people of the tables of the person whose link it is"),
    **{f"{name}.*": WITH_LINK for name in ("MyEvent", "MyContact", "DayContact", "SharedTable")},
    "Query.annualReport": REPORT,
    "Query.cityContacts": REPORT,
    "Query.onlineLink": BY_LINK,
    "Query.certificate": ANYBODY.to("the event of a certificate whose code one has"),
    "Query.previewParticipants": ORGANISER,
    "Query.myCertificates": BY_LINK.to("their own certificates"),
    "Mutation.changeSeries": ORGANISER.to("events they organise; a city of theirs stays part of them", "may_change"),
    "Mutation.createEvent": HOLD,
    "Mutation.createSeries": HOLD,
    "Mutation.createEventFromTemplate": HOLD,
    "Mutation.copyEvent": HOLD,
    "Mutation.createModule": OFFER,
    "Mutation.createProgramme": OFFER,
    "Mutation.changeModule": OFFER.to("those they made", "may_rework"),
    "Mutation.changeProgramme": OFFER.to("those they made", "may_rework"),
    "Mutation.openCalendar": LINK,
    "Mutation.revokeCalendar": LINK,
    "Query.openSpace": OPEN_SPACE,
    "Query.adjustedOpenSpacePlan": ORGANISER,
    "Subscription.openSpaceBoard": ANYBODY.to("the published agenda, which names nobody"),
    **{f"Mutation.{name}": LINKED for name in (
        "proposeSession", "changeProposal", "withdrawProposal", "setWishes", "convene", "setAway", "writeHarvest",
        "putActionItem", "removeActionItem", "describeSessionFile", "removeSessionFile", "makeNotesLink",
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
    "Event.onlineLink": Right(
        "clients and people with the scope", READ, rows="events they organise", rule="may_see_online", hidden=True
    ),
    "Event.participants": PEOPLE,
    "Event.rounds": PEOPLE,
    "Event.surveys": PEOPLE,
    "Event.retrospective": PEOPLE,
    "Event.quotes": PEOPLE,
    "Event.ideas": PEOPLE,
    "Event.movedSeats": PEOPLE,
    "Event.announcements": PEOPLE,
    "Event.clockHistory": OWN_ONLY,
    "Event.dayLinks": OWN_ONLY,
    "Event.certificates": OWN_ONLY,
    **dict.fromkeys(
        (
            "Survey.*", "SurveyResults.*", "QuestionResult.*", "OptionResult.*", "FactorResult.*", "OutcomeResult.*",
            "CityResult.*", "RetroEntry.*", "Quote.*",
        ),
        ANYBODY.to("what one got from an event"),
    ),
    "AskedSurvey.*": ANYBODY.to("what one got with a personal link"),
    **{f"{name}.*": ANYBODY.to("what one got from a report") for name in (
        "AnnualReport", "ReportTotals", "ReportKind", "ReportEvent", "ReportModule", "ReportCity", "ReportContact",
        "CityContacts", "CityContactCount",
        "ReportSurvey", "ReportVote", "ReportVoteLine", "ReportProject", "ReportQuote", "ReportChart",
    )},
    **public("SurveyQuestion", "SurveyTemplate"),
    **public("City", "Navigator", "Topic", "Venue", "Room", "AgendaItem", "Material", "Paper", "_entities"),
    **public("Series", "Module", "Programme", "EventTemplate", "TemplateItem", "TemplateRounds", "RoundSettings"),
    **public("ModuleConnection", "ModuleEdge", "ProgrammeConnection", "ProgrammeEdge"),
    "Event.registration": PEOPLE,
    "Event.vehicles": PEOPLE,
    "Event.attendance": PEOPLE,
    "EventRegistration.*": ANYBODY.to("what one got from an event; a city sees its own people only"),
    "EventRegistration.needs": PEOPLE.to("for the organiser only", "organises", hidden=True),
    "EventRegistration.unprepared": PEOPLE.to("for the organiser only", "organises", hidden=True),
    **dict.fromkeys(("Query.myRegistration", "Query.releaseRequest"), MAIL_LINK),
    **{f"Mutation.{name}": MAIL_LINK for name in MAILED},
    **public("MyRegistration", "MyNeeds", "MySeat", "VehicleChoice", "Colleague", "ReleaseRequest"),
    **public("ParticipantRegistrationConnection", "ParticipantRegistrationEdge", "CityRegistrations", "StateCount"),
    **public("ParticipantRegistration", "SizeStep", "RegistrationException", "Needs", "Vehicle", "BoardingPoint"),
    **public("UnpreparedPerson"),
    **public("Seat", "Attendance", "Invited"),
    **public("EventConnection", "EventEdge", "PageInfo"),
    **public("RoundClock", "ClockSpan", "ClockCommand"),
    **dict.fromkeys(("MyDay.*", "TableStop.*", "TableTopic.*", "TableCompanion.*", "DayAnnouncement.*"), WITH_LINK),
    **dict.fromkeys(("Announcement.*", "Announced.*"), ANYBODY.to("what one got from an event")),
    **dict.fromkeys(("NotedIdea.*", "TableIdea.*"), WITH_LINK),
    "MovedSeat.*": ANYBODY.to("what one got from an event"),
    "DayLink.*": ANYBODY.to("what one got from an event"),
    "Certificate.*": ANYBODY.to("what one got from an event"),
    **public("CheckedCertificate", "MyCertificate", "ParticipantImport", "ImportLine", "ImportRemark"),
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


def organises(who: Principal, event: Event) -> bool:
    """Who made it, and the coordinators of the host city: nobody else sees people of all cities, or what they need."""
    return who.subject == event.organiser or event.host in who.where("coordinator")


def may_change(who: Principal, event: Event) -> None:
    if not organises(who, event):
        raise Forbidden(_("Only the organiser may change this event."))


def may_offer(who: Principal, host: str) -> None:
    """In the name of the own city or state; the operator's clients for all."""
    if who.city is not None and who.city != host:
        raise Forbidden(_("This is not your city: {ags}", ags=host[:20]))
    if who.city is None and who.person and host[:2] not in who.where("central"):
        raise Forbidden(_("This is not your state: {state}", state=host[:20]))


def reworks(who: Principal, row: Module | Programme) -> bool:
    return who.subject == row.organiser or row.host in who.where("coordinator")


def may_rework(who: Principal, row: Module | Programme) -> None:
    """A module or programme is changed by who made it, and by the coordinators of its city."""
    if not reworks(who, row):
        raise Forbidden(_("Only who made it may change it."))


def may_see_online(who: Principal, event: Event) -> bool:
    """The organiser; participants have a link of their own for it, and their calendar."""
    return organises(who, event)


def may_see_people(who: Principal, event: Event) -> bool:
    """The organiser and the event's cities see who takes part and the papers.

    The event itself, its agenda and its calendar are public.
    """
    return PEOPLE.allows(who) and (organises(who, event) or who.city in {event.host, *event.guests})


def may_report(who: Principal, place: str) -> None:
    """A city's own programs and coordinators for the city; central navigators for their state and its cities."""
    own = who.city == place and (not who.person or place in who.where("coordinator"))
    if not (own or place[:2] in who.where("central")):
        raise Forbidden(_("Only its coordinators and the central navigators of its state see this report."))


def may_reword(idea: Idea, person: uuid.UUID, *, key_opens: bool) -> None:
    """Who noted it: by their name, or by the key that their phone got."""
    if not (idea.navigator_id == person or key_opens):
        raise Forbidden(_("Only who noted the idea may change it."))


def may_correct(idea: Idea) -> None:
    """What people wrote themselves, the organiser may hide, but not rewrite."""
    if idea.source != "paper":
        raise Forbidden(_("Only ideas from paper cards are corrected by the organiser; others can be hidden."))


def may_see_board(who: Principal, event: Event) -> None:
    """The organiser, and as `may_see_people`; raises Forbidden."""
    if not (organises(who, event) or may_see_people(who, event)):
        raise Forbidden(_("Ideas are for the organiser and the cities of the event."))


def may_propose(who: Principal, event: Event, city: str) -> None:
    """Projects to all cities of the event, who organises it; whoever speaks for one of them, to that city."""
    if not organises(who, event) and who.city != city:
        raise Forbidden(_("Only the organiser proposes projects to other cities than one's own."))


def may_tick(who: Principal, item: ActionItem, event: Event) -> None:
    """Say how far an action item is: the organiser, and whoever speaks for its city; whose it is has a link."""
    if not (organises(who, event) or (who.city is not None and who.city == item.city)):
        raise Forbidden(_("Only who has taken this on, their city or the organiser may tick it off."))
