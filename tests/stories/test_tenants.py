"""A city reaches nothing of another city: every mutation, every field that takes an id, every route, as the schema has
them, so that nobody can forget a new one. Konstanz asks, Dresden's things are what it asks for.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from typing import Any

import graphql as gql
import httpx
import pytest
import pytest_asyncio

from services.app import SERVICES
from services.cli.demo import PUBLISH
from services.events.access import MAILED
from services.kit.db import Database
from services.kit.rights import routes
from services.kit.service import Hub
from tests.browser_like import Browser, account
from tests.stories.access import app
from tests.stories.tenants import (
    GRAPH,
    PRIVATE,
    STRANGE,
    City,
    Filling,
    arguments,
    beneath,
    call,
    entity,
    found,
    leaks,
    of,
    operation,
    same,
    snapshot,
    stored,
    takes_ids,
)

KONSTANZ, DRESDEN = "08335043", "14612000"
KINDS = (
    *("ags", "navigator", "project", "event", "plan", "client", "own client", "account"),
    *("proposal", "partnership", "survey", "entry", "quote", "vote", "action", "card", "announcement", "candidate"),
)
ACTORS = ("client", "coordinator", "central", "anonymous")
THEIR_CENTRAL = "their central"
OF_STATES = {"setQuotaRule", "assignCare", "releaseCare"}
"""Mutations of those who look after the city's state."""
STREAM = {"accept": "text/event-stream"}
FIRST_SECONDS, SILENT_SECONDS = 10.0, 0.5
"""How long a stream may take to tell the present state, and what then counts as its end."""
THOROUGH = bool(os.environ.get("LOTSENNETZ_TENANTS"))
"""Everybody asks everything; otherwise a fifth of it, everybody something of each."""


def root(kind: str) -> dict[str, gql.GraphQLField]:
    type_ = {"query": GRAPH.query_type, "mutation": GRAPH.mutation_type, "subscription": GRAPH.subscription_type}[kind]
    return dict(type_.fields) if type_ else {}


MUTATIONS = list(root("mutation"))
ASKED = [(kind, name) for kind in ("query", "subscription") for name in root(kind)]


class World:
    """Both cities, and those of Konstanz who ask."""

    def __init__(self, hub: Hub, ours: City, theirs: City, sessions: dict[str, Browser]) -> None:
        self.hub, self.ours, self.theirs, self.sessions = hub, ours, theirs, sessions
        self.owner = Database(hub.settings.database_url or "", None, pool=1)
        self.http = httpx.AsyncClient(base_url=hub.settings.issuer, trust_env=False, timeout=60)
        self.rows: dict[str, list[str]] = {}

    async def changed(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Every row as it was the last time that somebody looked, and as it is now."""
        before, self.rows = self.rows, await stored(self.owner)
        return before, self.rows

    async def ask(self, actor: str, query: str, variables: dict[str, Any], path: str = "/graphql") -> Any:
        body = {"query": query, "variables": variables}
        headers = {"accept-language": "en"} | (STREAM if query.startswith("subscription") else {})
        http = self.http
        if actor in self.sessions:
            http, headers = self.sessions[actor].http, {"accept": "*/*"} | headers
        elif actor != "anonymous":
            headers |= await (self.theirs if actor == "theirs" else self.ours).client.headers()
        async with http.stream("POST", path, json=body, headers=headers) as answer:
            if "event-stream" not in answer.headers["content-type"]:
                await answer.aread()
                return answer.json()
            told = (await at_once(answer)).decode()
            return {"events": re.sub(r"^:.*\n", "", told, flags=re.MULTILINE)}

    async def ask_all(self, asked: Iterable[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any], Any]]:
        """(actor, variables, answer) of each call by everybody, all at the same time."""
        calls = [
            (actor, query, variables)
            for i, (query, variables) in enumerate(asked)
            for j, actor in enumerate(ACTORS)
            if THOROUGH or (i + j) % 5 == 0
        ]
        answers = await asyncio.gather(*(self.ask(*call) for call in calls))
        return [(actor, sent, answer) for (actor, _query, sent), answer in zip(calls, answers, strict=True)]

    async def get(self, actor: str, path: str) -> httpx.Response:
        """The answer; of a stream, what it tells at once."""
        http = self.sessions[actor].http if actor in self.sessions else self.http
        headers = await self.ours.client.headers() if actor == "client" else {}
        async with http.stream("GET", path, headers=headers) as answer:
            kind = answer.headers["content-type"]
            told = await at_once(answer) if "event-stream" in kind else await answer.aread()
            return httpx.Response(answer.status_code, headers={"content-type": kind}, content=told)


async def at_once(answer: httpx.Response) -> bytes:
    """What a stream that may never end tells of the present state."""
    told, limit = b"", FIRST_SECONDS
    parts = answer.aiter_bytes()
    with suppress(TimeoutError, StopAsyncIteration):
        while True:
            told += await asyncio.wait_for(anext(parts), limit)
            limit = SILENT_SECONDS
    return told


@pytest_asyncio.fixture(scope="module")
async def world(shared: Hub) -> AsyncIterator[World]:
    ours, theirs = await found(shared, KONSTANZ, "konstanz"), await found(shared, DRESDEN, "dresden")
    sessions = {}
    for role, org in (("coordinator", KONSTANZ), ("central", "08"), ("central", DRESDEN[:2])):
        name = THEIR_CENTRAL if org == DRESDEN[:2] else role
        sessions[name] = Browser(shared)
        await sessions[name].log_in(await account(shared, org, role))
    made = World(shared, ours, theirs, sessions)
    await made.changed()
    yield made
    await made.http.aclose()
    await made.owner.close()
    await ours.client.close()
    await theirs.client.close()
    for browser in sessions.values():
        await browser.close()


def another(one: str) -> str:
    """An id of nothing, that differs in its last character."""
    return one[:-1] + ("0" if one[-1] != "0" else "1")


def codes(answer: Any) -> set[str]:
    return {error["extensions"]["code"] for error in answer.get("errors", ())}


def calls(operated: str, name: str, city: City) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each kind of thing of the city wherever an id can stand, and everything where it belongs, with every choice."""
    ids = city.ids | STRANGE
    fillings = [Filling(ids, choice=choice) for choice in range(4)]
    fillings += [Filling(ids, all_ids=ids[kind]) for kind in KINDS]
    made = [operation(operated, name, root(operated)[name], filling) for filling in fillings]
    yield from {str(one): one for one in made}.values()


# Mutations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MUTATIONS)
async def test_no_mutation_changes_anything_of_another_city(world: World, name: str) -> None:
    for actor, sent, answer in await world.ask_all(calls("mutation", name, world.theirs)):
        assert codes(answer) & {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED", "REFUSED"}, (actor, sent, answer)
        assert leaks(answer, sent, world.theirs) == set(), (actor, sent)
    before, after = await world.changed()
    assert after == before


@pytest.mark.parametrize("kind", PRIVATE)
@pytest.mark.parametrize("operated", ["mutation", "query", "subscription"])
async def test_what_is_theirs_is_answered_like_what_is_not_there(world: World, operated: str, kind: str) -> None:
    theirs, nothing = world.theirs.ids[kind], another(world.theirs.ids[kind])
    told: list[list[tuple[str, str]]] = []
    for one in (theirs, nothing):
        filling = Filling(world.theirs.ids | STRANGE, all_ids=one)
        asked = [
            operation(operated, name, field, filling)
            for name, field in root(operated).items()
            if any(takes_ids(arg.type) for arg in field.args.values())
        ]
        told.append([(actor, same(answer, one)) for actor, _sent, answer in await world.ask_all(asked)])
    assert told[0] == told[1]


# Reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), ASKED)
async def test_no_field_tells_what_is_private_to_another_city(world: World, kind: str, name: str) -> None:
    for actor, sent, answer in await world.ask_all(calls(kind, name, world.theirs)):
        assert "BAD_QUERY" not in codes(answer), answer
        assert leaks(answer, sent, world.theirs) == set(), (actor, sent)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_router_s_way_in_tells_nothing_either(world: World, service: str) -> None:
    """Every entity by its key, with all its fields, and those of its fields that take ids with theirs."""
    schema = SERVICES[service].schema._schema
    union: Any = schema.type_map["_Entity"]
    keys = {"City": ("ags", "ags"), "Navigator": ("id", "navigator"), "Project": ("id", "project"),
            "Topic": ("code", "topic"), "Event": ("id", "event"), "Plan": ("id", "plan")}  # fmt: skip
    for type_ in union.types:
        key, kind = keys[type_.name]
        sent = {"r": [{"__typename": type_.name, key: world.theirs.ids[kind]}] * 2}
        query = entity(schema, type_, sent)
        for actor in ACTORS:
            answer = await world.ask(actor, query, sent, f"/{service}/graphql")
            assert "BAD_QUERY" not in codes(answer), answer
            assert leaks(answer, sent, world.theirs) == set(), (actor, type_.name)
            if actor == "anonymous":
                assert "dresden anna" not in str(answer)


def test_every_field_that_takes_an_id_is_asked() -> None:
    """Beneath the roots, arguments narrow a list of what its own right already shows; a new one is to be looked at."""
    nested = {
        f"{type_.name}.{field}({name}:)"
        for type_ in GRAPH.type_map.values()
        if isinstance(type_, gql.GraphQLObjectType) and not type_.name.startswith("__")
        if type_ not in {GRAPH.query_type, GRAPH.mutation_type, GRAPH.subscription_type}
        for field, made in type_.fields.items()
        for name, arg in made.args.items()
        if takes_ids(arg.type) and name != "after"
    }
    assert nested == {
        "City.navigators(topic:)", "City.projects(topic:)", "State.municipalities(district:)",
        "State.municipalities(caredBy:)", "EventRegistration.registrations(city:)",
    }  # fmt: skip
    assert not any("count" in field.lower() for t in GRAPH.type_map.values() for field in getattr(t, "fields", ())
                   if t.name.endswith("Connection"))  # fmt: skip


async def test_aliases_in_one_batch_get_each_their_own(world: World) -> None:
    """A loader answers all that ask in one turn from one query: what one may see must not reach the other."""
    theirs, ours = world.theirs, world.ours
    ids = [theirs.ids["event"], ours.ids["event"]] * 5
    parts = "participants { navigator { id } } rounds { tables { participants { navigator { id } } } } plans { id }"
    query = "{" + " ".join(f'e{n}: event(id: "{one}") {{ {parts} }}' for n, one in enumerate(ids)) + "}"
    for actor in ("client", "coordinator"):
        data = (await world.ask(actor, query, {}))["data"]
        for number in range(len(ids)):
            seen = set(beneath(data[f"e{number}"], frozenset({"participants"})))
            assert seen == (set(ours.people) if number % 2 else set()), actor
            assert [plan["id"] for plan in data[f"e{number}"]["plans"]] == ([ours.ids["plan"]] if number % 2 else [])
    plans = "{" + " ".join(f'p{n}: plan(id: "{one}") {{ id }}' for n, one in enumerate(
        [theirs.ids["plan"], ours.ids["plan"]] * 5)) + "}"  # fmt: skip
    data = (await world.ask("client", plans, {}))["data"]
    assert [data[f"p{n}"] for n in range(10)] == [None, {"id": ours.ids["plan"]}] * 5


async def test_no_search_finds_what_is_private(world: World) -> None:
    # `search` and `suggest` find what is nearly meant: that they tell nothing private is asked of every field above.
    searched = [name for name, field in root("query").items() if "text" in field.args and name not in NEARLY]
    assert {"cities", "navigators", "projects", "topics", "municipalities"} <= set(searched)
    words = dict(enumerate(world.theirs.words))
    for name in searched:
        query = " ".join(f"w{n}: {name}(text: $w{n}) {{ nodes {{ __typename }} }}" for n in words)
        head = ", ".join(f"$w{n}: String" for n in words)
        for actor in ACTORS:
            answer = await world.ask(actor, f"query ({head}) {{ {query} }}", {f"w{n}": w for n, w in words.items()})
            assert answer["data"] == {f"w{n}": {"nodes": []} for n in words}, (actor, name)
    answer = await world.ask("anonymous", '{ navigators(text: "dresden anna") { nodes { id } } }', {})
    assert answer["data"]["navigators"]["nodes"] == []


async def test_the_same_keys_in_two_cities_are_no_conflict(world: World) -> None:
    """A unique index across cities would tell by its error what another city holds."""
    mine = snapshot(KONSTANZ, "konstanz")
    mine["projects"].append({"key": "q", "title": "Projekt dresden", "topics": [], "navigators": []})
    answer = await world.ask("client", PUBLISH, {"snapshot": mine})
    assert answer["data"]["publishDirectory"]["projects"]["added"] == ["q"]


# Routes ----------------------------------------------------------------------------------------------------------

PATHS = sorted({path for path, methods, _right in routes(app()) if "{" in path and "GET" in methods})


@pytest.mark.parametrize("path", PATHS)
async def test_no_route_with_an_id_tells_anything_of_another_city(world: World, path: str) -> None:
    (name, *_others) = re.findall(r"\{(\w+)\}", path)
    for kind in (*PRIVATE, "event", "ags"):
        theirs = world.theirs.ids[kind]
        asked = [path.replace(f"{{{name}}}", one).replace("{name}", "slips.pdf") for one in (theirs, another(theirs))]
        for actor in ACTORS:
            answers = await asyncio.gather(*(world.get(actor, where) for where in asked))
            for where, answer in zip(asked, answers, strict=True):
                assert answer.status_code < 500, where
                assert answer.headers["content-type"] != "application/pdf"
                assert leaks({"text": answer.text}, {"path": where}, world.theirs) == set(), (actor, where)
            assert kind not in PRIVATE or len({answer.status_code for answer in answers}) == 1, (actor, path, kind)


# Last, because they change something ------------------------------------------------------------------------------

NEARLY = {"search", "suggest"}
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


@pytest.mark.parametrize("name", ORDER)
async def test_no_mutation_of_our_own_things_draws_theirs_in(world: World, name: str) -> None:
    """Our own event, plan or registration, and whatever else an argument takes is theirs."""
    ours, theirs = world.ours.ids, world.theirs.ids
    own = {kind: ours[kind] for kind in ("event", "plan", "client", "link")}
    for ids in ({**theirs, **own}, {**ours, "ags": theirs["ags"]}, {**ours, "navigator": theirs["navigator"]}):
        query, variables = operation("mutation", name, root("mutation")[name], Filling(ids))
        for actor in ("coordinator", "client"):
            answer = await world.ask(actor, query, variables)
            assert leaks(answer, variables, world.theirs) == set(), (actor, variables)
    before, after = await world.changed()
    assert of(before, world.theirs) - of(after, world.theirs) == set()
    new = of(after, world.theirs) - of(before, world.theirs)
    assert [row for row in new if not any(mark in row[1] for mark in world.ours.marks)] == []


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
