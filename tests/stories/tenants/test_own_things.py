"""What a city does with its own things draws in nothing of another's, and the other may do all of it itself."""

from collections.abc import Sequence

import graphql as gql
import pytest

from services.cli.demo import PUBLISH
from services.events.access import MAILED
from tests.stories.tenants.answers import Rows, leaks, of
from tests.stories.tenants.calls import MUTATIONS, Filling, arguments, call, operation, root
from tests.stories.tenants.cities import snapshot
from tests.stories.tenants.world import KONSTANZ, THEIR_CENTRAL, THOROUGH, World, codes, together

OF_STATES = {"setQuotaRule", "assignCare", "releaseCare"}
"""Mutations of those who look after the city's state."""
NO_CITY_S = {
    "setHarvest": "REFUSED",
    "restorePublication": "REFUSED",
    "proposeTopic": "REFUSED",
    "proposePartnership": "REFUSED",
    "decideTopicProposal": "FORBIDDEN",
    "mergeTopics": "FORBIDDEN",
    "substituteParticipant": "REFUSED",
    "sendFollowUp": "REFUSED",
    "importParticipants": "OUTDATED",
    **dict.fromkeys(("setVehicle", "removeVehicle", "delayVehicle", "assignSeats", "callRoll"), "NOT_FOUND"),
    **dict.fromkeys(MAILED, "NOT_FOUND"),
    **dict.fromkeys(
        (
            *("changeModule", "changeProgramme", "noteIdea", "rewordIdea", "hideIdea", "correctIdea"),
            *("changeProposal", "withdrawProposal", "convene", "setAway", "writeHarvest", "putActionItem"),
            *("removeActionItem", "describeSessionFile", "removeSessionFile", "makeNotesLink", "adjustOpenSpacePlan"),
            "publishOpenSpacePlan",
        ),
        "NOT_FOUND",
    ),
    **dict.fromkeys(("createVote", "importVote", "castVote", "makeProjectCard", "joinProject"), "REFUSED"),
    "createProgramme": "REFUSED",
    "changeSeries": "REFUSED",
    "proposeSession": "REFUSED",
    **dict.fromkeys(
        (
            *("askCandidate", "askCandidateAgain", "withdrawCandidate", "takeCandidate", "refuseCandidate"),
            *("openNavigatorCall", "closeNavigatorCall", "sendCircular"),
        ),
        "FORBIDDEN",
    ),
    **dict.fromkeys(
        (
            *("applyAsNavigator", "answerCandidacy", "eraseCandidacy", "wantContact", "endContact"),
            *("assessMyself", "shareMyAssessment", "eraseMyAssessment"),
        ),
        "NOT_FOUND",
    ),
}
"""What takes nothing that is a city's own, or is decided above cities; tests of their own say who may."""
ENDING = [
    *("closeVote", "deleteVote", "closeSurvey", "deleteSurvey", "takeBackRetroEntry", "withdrawQuote"),
    *("removeParticipants", "cancelEvent", "publishDirectory"),
]
ORDER = [*(name for name in MUTATIONS if name not in ENDING), *ENDING]


async def test_the_same_keys_in_two_cities_are_no_conflict(world: World) -> None:
    """A unique index across cities would tell by its error what another city holds."""
    mine = snapshot(KONSTANZ, "konstanz")
    mine["projects"].append({"key": "q", "title": "Projekt dresden", "topics": [], "navigators": []})
    answer = await world.ask("client", PUBLISH, {"snapshot": mine})
    assert answer["data"]["publishDirectory"]["projects"]["added"] == ["q"]


@pytest.mark.parametrize("names", together(ORDER), ids=lambda names: names[0])
async def test_no_mutation_of_our_own_things_draws_theirs_in(world: World, names: Sequence[str]) -> None:
    """Our own event, plan or registration, and whatever else an argument takes is theirs."""
    ours, theirs = world.ours.ids, world.theirs.ids
    own = {kind: ours[kind] for kind in ("event", "plan", "client", "link")}
    fillings = ({**theirs, **own}, {**ours, "ags": theirs["ags"]}, {**ours, "navigator": theirs["navigator"]})

    async def ask(name: str) -> None:
        for i, ids in enumerate(fillings):
            query, variables = operation("mutation", name, root("mutation")[name], Filling(ids))
            for actor in ("coordinator", "client") if THOROUGH else (("coordinator", "client")[i % 2],):
                answer = await world.ask(actor, query, variables)
                assert leaks(answer, variables, world.theirs) == set(), (name, actor, variables)

    def drawn(before: Rows, after: Rows) -> list[tuple[str, str]]:
        """Their rows that are gone, and new ones that are not ours as well."""
        was, now = of(before, world.theirs), of(after, world.theirs)
        new = [row for row in now - was if not any(mark in row[1] for mark in world.ours.marks)]
        return [*(was - now), *new]

    assert await world.done(names, ask, drawn) == {}


@pytest.mark.parametrize("name", ORDER)
async def test_the_city_itself_may_do_it_with_the_very_same_arguments(world: World, name: str) -> None:
    """Otherwise a refusal above would say nothing. CONFLICT: nobody has computed the plan; REFUSED and NOT_FOUND: the
    central navigator is none, and nobody looks after the city.
    """
    field = root("mutation")[name]
    parts = "" if gql.is_leaf_type(gql.get_named_type(field.type)) else "{ __typename }"
    query = f"{call('mutation', name, field)} {parts} }}"
    variables = arguments(name, field, Filling(world.theirs.ids))
    answer = await world.ask(THEIR_CENTRAL if name in OF_STATES else "theirs", query, variables)
    allowed = {"CONFLICT", "REFUSED", "NOT_FOUND"} if name in OF_STATES else {NO_CITY_S.get(name, "CONFLICT")}
    assert codes(answer) <= allowed, answer
