"""Who may do and see what in the directory, in one place."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.directory.fields import Audience
from services.directory.models import Client, Navigator, Project
from services.kit.auth import Principal
from services.kit.errors import Forbidden, Refused
from services.kit.i18n import gettext as _
from services.kit.rights import ANYBODY, Right, Rights, public

READ: Final = "directory:read"
WRITE: Final = "directory:write"
CLIENT_SCOPES: Final = (READ, WRITE, "matching:read", "matching:write", "events:read", "events:write")
"""What OAuth clients can be given, for themselves or by a person. Everything below is for people on our own pages."""
PEOPLE: Final = "directory:people"
"""Invite people of one's own organisation, give and take their roles."""
APPROVE: Final = "directory:approve"
"""Decide about registrations of cities."""
AUDIT: Final = "directory:audit"
OPERATE: Final = "hub:operate"

COORDINATOR, EDITOR, NAVIGATOR, CENTRAL, OPERATOR = "coordinator", "editor", "navigator", "central", "operator"


class Role(NamedTuple):
    """`place` is what a role belongs to: a city, a state or the hub."""

    place: str
    scopes: tuple[str, ...]


ROLES: Final = {
    NAVIGATOR: Role("city", (READ, "events:read", "matching:read")),
    EDITOR: Role("city", (READ, WRITE, "events:read", "matching:read")),
    COORDINATOR: Role("city", (*CLIENT_SCOPES, PEOPLE, AUDIT)),
    CENTRAL: Role("state", (READ, "events:read", "events:write", "matching:read", "matching:write",
                            PEOPLE, APPROVE, AUDIT)),
    OPERATOR: Role("hub", (READ, PEOPLE, APPROVE, AUDIT, OPERATE)),
}  # fmt: skip
"""What people may do, by role. An organiser is who created an event or coordinates its host; the event itself tells."""
SECOND_FACTOR: Final = (CENTRAL, OPERATOR)
"""Roles that nobody takes up without a second factor at the login."""


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """What roles, as `name:where`, allow together."""
    names = {role.partition(":")[0] for role in roles}
    return frozenset(scope for name in names if name in ROLES for scope in ROLES[name].scopes)


NETWORK: Final = Right("the network: clients and people with the scope", READ, hidden=True)
DECIDERS: Final = (
    "with directory:approve, central navigators of the state and operators; the city's coordinators and active clients "
    "where it takes part already"
)
REGISTERED: Final = Right(
    "whoever is logged in, and clients",
    known=True,
    rows="clients and coordinators: those of their own city; central navigators: of their state; operators: all",
)
LOG: Final = Right("people with the scope", AUDIT, rows="entries about their city; central navigators: their state")
ONESELF: Final = Right("whoever is logged in", known=True, rows="their own")
PEOPLE_PAGE: Final = Right(
    "people with the scope", PEOPLE, rows="people and login of their own city, state or the hub", rule="may_manage"
)
STATE_NUMBERS: Final = Right(
    "people with the scope",
    AUDIT,
    rows="numbers of their own state: central navigators and coordinators of its cities; operators: all",
    rule="may_count",
)
STEERING: Final = Right(
    "people with the scope", APPROVE, rows="central navigators: of their state; operators: all", rule="may_steer"
)
DECIDING: Final = Right(
    "people with the scope", PEOPLE, rows=f"their own city's; decisions: {DECIDERS}", rule="may_decide"
)
PROGRAMS: Final = Right("people with the scope", PEOPLE, rows="their own city's", rule="may_publish")
PERSONAL: Final = Right("whoever has a personal link", rows="their own entry")
OBJECTIONS: Final = Right(
    "people with the scope", PEOPLE, rows="objections of people of their own city or state", rule="may_manage"
)
ENDING: Final = Right("whoever has the link from a circular", rows="their own account")
TOPIC_DECIDERS: Final = Right(
    "people with the scope", APPROVE, rows="central navigators: proposals of their state; operators: all",
    rule="may_decide_topics",
)  # fmt: skip
PROPOSALS: Final = Right(
    "whoever is logged in, and clients",
    known=True,
    rows="those of their own city; central navigators: of their state; operators: all",
)
OWN_TOPICS: Final = Right("clients and editors of a city with the scope", WRITE, rows="their own city", rule="own_city")
OWN_PARTNERSHIPS: Final = Right(
    "clients and editors of a city with the scope", WRITE, rows="their own city's", rule="own_city"
)
PUBLISHING: Final = Right(
    "clients and editors of a city with the scope", WRITE, rows="their own city", rule="may_publish"
)
LOADING: Final = Right("operators", OPERATE, rows="all cities")
HARVESTING: Final = Right(
    "whoever is logged in", known=True, rows="their own city, with directory:write; central navigators: of their state",
    rule="may_publish",
)  # fmt: skip
CHOOSING: Final = Right(
    "coordinators of a city", PEOPLE, rows="people who may become navigators of their own city", rule="choosing_for"
)
SHARED: Final = CHOOSING.to("what navigators of their own city share with them", "choosing_for")
CANDIDACY: Final = Right(
    "whoever has the link of a mail", rows="the question or application of the person whose link it is"
)
APPLYING: Final = ANYBODY.to("cities that call for navigators")
CONFIRMING: Final = Right("central navigators and operators", APPROVE, rows="cities of their state")
RIGHTS: Final[Rights] = {
    "Query.*": ANYBODY,
    "Query.navigators": ANYBODY.to("words find names for the network only", "in_network"),
    "Query.municipalities": ANYBODY.to("the official register"),
    "Query.topics": ANYBODY.to("the vocabulary"),
    "Query.search": ANYBODY.to("words find for the network what it sees, for others what everybody sees", "viewer"),
    "Query.suggest": ANYBODY.to("names of people for the network only", "in_network"),
    **dict.fromkeys(
        (
            "Mutation.publishDirectory",
            *(
                f"Mutation.{verb}{row}"
                for row in ("Navigator", "Project", "Department")
                for verb in ("put", "withdraw")
            ),
            "Mutation.changeCity",
            "Mutation.restorePublication",
            "Mutation.setHarvest",
            "Query.harvest",
            "Query.publications",
            "Publication.changes",
        ),
        PUBLISHING,
    ),
    "Navigator.*": ANYBODY.to("fields by the person's visibility: public, network, city", "viewer"),
    **public("Competences", "Department", "Link"),
    **public("City", "Project", "Topic", "Municipality", "_entities"),
    "Query.state": ANYBODY.to("coverage, growth and topics, as far as one sees the navigators they count", "viewer"),
    **public(
        "State", "Coverage", "Growth", "TopicGap", "Stale", "Quota", "QuotaCount", "QuotaStep", "Places", "CaseLoad"
    ),
    **public("DepartmentCoverage", "StateMunicipality"),
    **public("StateMunicipalityConnection", "StateMunicipalityEdge"),
    "State.quota": STATE_NUMBERS,
    "State.stale": STATE_NUMBERS,
    "State.pending": STEERING,
    "State.caseload": STEERING,
    "State.withoutCare": STEERING,
    "StateMunicipality.places": STEERING,
    "State.municipalities": ANYBODY.to("by targets, places and care: central navigators of the state", "may_steer"),
    "Mutation.setQuotaRule": STEERING,
    "Mutation.assignCare": STEERING,
    "Mutation.releaseCare": STEERING,
    "Query.circularReach": STEERING,
    "Query.circulars": STEERING,
    "Mutation.sendCircular": STEERING,
    **public("Circular", "CircularReach", "CircularConnection", "CircularEdge"),
    **public("CityConnection", "CityEdge", "MunicipalityConnection", "MunicipalityEdge"),
    **public("NavigatorConnection", "NavigatorEdge", "ProjectConnection", "ProjectEdge"),
    **public("TopicConnection", "TopicEdge", "PageInfo"),
    **public("SearchConnection", "SearchEdge", "FacetValue", "Suggestion"),
    "Facets.*": ANYBODY.to("counts of what the asker sees", "viewer"),
    "PublishResult.*": ANYBODY.to("what one's own mutation did"),
    "Changes.*": ANYBODY.to("what one's own mutation did"),
    "Query.me": ANYBODY.to("oneself; null for nobody"),
    "Query.registrations": REGISTERED,
    "Mutation.decideRegistration": REGISTERED.to(DECIDERS, "may_decide"),
    "Query.auditLog": LOG,
    "Query.erased": Right("the network: clients and people with the scope", READ, rows="numbers of all cities"),
    **public("ErasedEntry", "ErasedEntryConnection", "ErasedEntryEdge"),
    "Query.proposedProjects": PUBLISHING.to("what was proposed to their own city", "own_city"),
    "Mutation.acceptProposedProject": PUBLISHING.to("what was proposed to their own city", "may_publish"),
    "Mutation.declineProposedProject": PUBLISHING.to("what was proposed to their own city", "own_city"),
    "Mutation.joinProject": OWN_PARTNERSHIPS.to("projects of other cities that look for partners", "own_city"),
    "Mutation.leaveProject": OWN_PARTNERSHIPS.to("their own city's part; partners of its projects", "may_release"),
    "ProposedProject.*": ANYBODY.to("what one got from the lists"),
    **public("ProposedProjectConnection", "ProposedProjectEdge", "ProjectPartner"),
    **dict.fromkeys(
        (
            "Query.candidates",
            "Query.candidate",
            "Mutation.askCandidate",
            "Mutation.askCandidateAgain",
            "Mutation.withdrawCandidate",
            "Mutation.takeCandidate",
            "Mutation.refuseCandidate",
            "Mutation.openNavigatorCall",
            "Mutation.closeNavigatorCall",
        ),
        CHOOSING,
    ),
    "Query.sharedAssessments": SHARED,
    "Query.sharedAssessment": SHARED,
    "Query.myAssessment": PERSONAL.to("their own"),
    "Mutation.assessMyself": PERSONAL.to("their own"),
    "Mutation.shareMyAssessment": PERSONAL.to("their own"),
    "Mutation.eraseMyAssessment": PERSONAL.to("their own"),
    **{
        f"{name}.*": ANYBODY.to("what one got with a personal link, or was shared")
        for name in (
            "SelfAssessment",
            "SharedAssessment",
            "ReadAssessment",
            "AssessedLevel",
        )
    },
    "Query.navigatorCall": ANYBODY,
    "Query.candidacy": CANDIDACY,
    "Mutation.answerCandidacy": CANDIDACY,
    "Mutation.eraseCandidacy": CANDIDACY,
    "Mutation.applyAsNavigator": APPLYING,
    "Candidate.*": ANYBODY.to("what one got from the lists"),
    "Candidacy.*": ANYBODY.to("what one got with a link"),
    **public("NavigatorCall", "CandidateConnection", "CandidateEdge"),
    "Query.topicProposals": PROPOSALS,
    "Mutation.proposeTopic": OWN_TOPICS,
    "Mutation.decideTopicProposal": TOPIC_DECIDERS,
    "Mutation.mergeTopics": TOPIC_DECIDERS.to("the whole vocabulary", "may_decide_topics"),
    "Mutation.proposePartnership": OWN_PARTNERSHIPS,
    "Mutation.answerPartnership": OWN_PARTNERSHIPS,
    "Mutation.endPartnership": OWN_PARTNERSHIPS,
    "Partnership.*": ANYBODY.to("active ones; proposals: the two cities'"),
    "TopicProposal.*": ANYBODY.to("what one got from the lists"),
    **public("TopicProposalConnection", "TopicProposalEdge"),
    "Publication.*": ANYBODY.to("what one got from the lists"),
    **public("PublicationConnection", "PublicationEdge", "FieldChange", "Harvest"),
    **public("Me", "RegistrationConnection", "RegistrationEdge", "AuditEntryConnection", "AuditEntryEdge"),
    "Registration.*": ANYBODY.to("what one got from the lists"),
    "AuditEntry.*": ANYBODY.to("what one got from the lists"),
}
"""Who may ask for which field; checked before every resolver (`kit.rights`) and printed in docs/access.md."""


def role_name(role: str) -> str:
    """What people call the role."""
    return {
        NAVIGATOR: _("Navigator"),
        EDITOR: _("Editor"),
        COORDINATOR: _("Coordinator"),
        CENTRAL: _("Central navigator"),
        OPERATOR: _("Operator"),
    }[role]


def scope_words(scope: str) -> str:
    """What a person allows a client with a scope, as the page of consent says it."""
    return {
        READ: _("see the names of navigators and what else is for the network"),
        WRITE: _("publish and change your city's directory"),
        "matching:read": _("see plans of speed-dating rounds"),
        "matching:write": _("plan speed-dating rounds"),
        "events:read": _("see who takes part in events, and their papers"),
        "events:write": _("create and change events"),
    }[scope]


def in_network(who: Principal) -> bool:
    """Whether `who` sees, and finds people by, what navigators share within the network of cities."""
    return NETWORK.allows(who)


@dataclass(frozen=True)
class Viewer:
    """As whom somebody reads the directory: one of the public or the network, and whose own city it is."""

    audience: Audience
    city: str | None = None

    def mask(self, row: Navigator) -> int:
        """The flags of the fields that they see of a navigator."""
        if self.audience is Audience.PUBLIC:
            return row.shown_public
        return row.shown_city if row.ags == self.city else row.shown_network

    def sees(self, row: Navigator) -> bool:
        """Whether they learn of the navigator at all."""
        return row.listed <= self.audience or (self.audience is Audience.NETWORK and row.ags == self.city)


EVERYBODY: Final = Viewer(Audience.PUBLIC)


def viewer(who: Principal) -> Viewer:
    return Viewer(Audience.NETWORK, who.city) if in_network(who) else EVERYBODY


def may_publish(who: Principal, ags: str) -> None:
    """A client or person publishes their own city and no other."""
    who.need_city(ags)


def own_city(who: Principal) -> str:
    """The city that `who` speaks for. Raises Forbidden where there is none."""
    if who.city is None:
        raise Forbidden(_("You do not speak for a city."))
    return who.city


def choosing_for(who: Principal) -> str:
    """The city for which `who` chooses navigators: its coordinators, on our own pages and from there."""
    who.need(PEOPLE)
    return own_city(who)


def may_release(ags: str, project: Project, partner: str) -> None:
    """A city leaves by itself, or is let go by the city whose project it is."""
    if ags not in {project.ags, partner}:
        raise Forbidden(_("Only the partner itself or the project's city ends this."))


def may_decide_topics(who: Principal, ags: str | None = None) -> bool:
    """Central navigators, of the state of the city `ags` where one proposed something; operators."""
    states = who.where(CENTRAL)
    return APPROVE in who.scopes and bool(who.where(OPERATOR) or (states if ags is None else ags[:2] in states))


def may_manage(who: Principal, org: str) -> None:
    """People of an organisation and their login: its coordinators, its state's central navigators, operators."""
    who.need(PEOPLE)
    if not (who.city == org or org[:2] in who.where(CENTRAL) or who.where(OPERATOR)):
        raise Forbidden(_("You do not look after the people of {org}.", org=org))


def steers(who: Principal, state: str) -> bool:
    """Whether `who` looks after the state (two digits)."""
    return APPROVE in who.scopes and bool(state in who.where(CENTRAL) or who.where(OPERATOR))


def may_steer(who: Principal, state: str) -> None:
    """Central navigators of the state and operators see its cities one by one, and decide about places and care."""
    who.need(APPROVE)
    if not steers(who, state):
        raise Forbidden(_("You do not look after this state."))


def may_count(who: Principal, state: str) -> None:
    """Whoever looks after the state or one of its cities sees the state's numbers, not those of other cities."""
    who.need(AUDIT)
    if not (steers(who, state) or any(at[:2] == state for at in who.where(COORDINATOR))):
        raise Forbidden(_("You do not look after this state."))


def may_decide(who: Principal, client: Client, *, seconded: bool) -> bool:
    """Central navigators of the client's state and operators decide; a further client of a city that takes part is
    also decided by the city: by its coordinators, or by its active client (`seconded`).
    """
    ags = client.ags or ""
    if APPROVE in who.scopes and (ags[:2] in who.where(CENTRAL) or who.where(OPERATOR)):
        return True
    # A coordinator decides on our own pages: what somebody else's program may do for them does not reach as far.
    own = PEOPLE in who.scopes and ags in who.where(COORDINATOR)
    # A program agrees to nothing that it may not do itself.
    own = own or (not who.person and WRITE in who.scopes and who.city == ags and set(client.scopes) <= who.scopes)
    return bool(seconded and own and who.subject != client.client_id)


def checked_ags(ags: str) -> str:
    """Raises Refused unless `ags` has the form of a municipality's key: 8 digits, of a state 01–16."""
    if len(ags) != 8 or not ags.isascii() or not ags.isdigit() or not 1 <= int(ags[:2]) <= 16:
        raise Refused(
            _(
                "„{ags}“ is not a municipality key (AGS): 8 digits, from 01 to 16 at first, such as 08335043.",
                ags=ags[:20],
            )
        )
    return ags


def checked_org(org: str) -> str:
    """Raises Refused unless `org` is a municipality's key, a state's two digits, or `hub`."""
    if org == "hub" or (len(org) == 2 and org.isascii() and org.isdigit() and 1 <= int(org) <= 16):
        return org
    return checked_ags(org)
