"""The one graph answers like the real federation router over the same three subgraphs, and refuses what it cannot."""

import asyncio
import json
from collections.abc import AsyncIterator
from enum import Enum
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import strawberry
import strawberry.federation as fed
from graphql import GraphQLError, build_schema, execute, parse, subscribe
from strawberry.federation import Schema

from services.kit.onegraph import DoNotCompose, one_graph, public_sdl
from tests import router
from tests.kit import toy_graph as toy


@strawberry.input(name="Page", description="A slice of a list")
class MatchingPage:
    first: int = 2
    after: strawberry.ID | None = None


@strawberry.federation.type(name="Event", keys=["id"])
class MatchingEvent:
    id: strawberry.ID
    plans: list["Plan"] = strawberry.field(resolver=lambda self: [make_plan(self.id, 0.5)])


@strawberry.federation.type(name="Navigator", keys=["id"])
class MatchingNavigator:
    id: strawberry.ID

    @strawberry.field
    async def workload(self) -> int:
        return len(self.id)

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> "MatchingNavigator":
        if id == "n2":
            raise GraphQLError("matching lost n2", extensions={"code": "NOT_FOUND"})
        return cls(id=id)


@strawberry.federation.type(keys=["id"])
class Plan:
    id: strawberry.ID
    about: strawberry.Private[strawberry.ID]
    progress: float
    language: toy.Language = toy.Language.EN
    event: MatchingEvent = strawberry.field(resolver=lambda self: MatchingEvent(id=self.about))

    @strawberry.field
    def pair(self) -> list[MatchingNavigator]:
        return [MatchingNavigator(id=strawberry.ID(i)) for i in ("n1", "n4")]

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> "Plan":
        return make_plan(id.removeprefix("p-"), 0.5)


def make_plan(event: str, progress: float) -> Plan:
    return Plan(id=strawberry.ID(f"p-{event}"), about=strawberry.ID(event), progress=progress)


@strawberry.type(name="Query")
class MatchingQuery:
    @strawberry.field
    def plan(self, id: strawberry.ID) -> Plan | None:
        return make_plan(id.removeprefix("p-"), 0.5) if id.startswith("p-") else None

    @strawberry.field
    def plans(self, page: MatchingPage) -> list[Plan]:
        return [make_plan(f"e{i + 1}", 0.5) for i in range(page.first)]


@strawberry.type(name="Mutation")
class MatchingMutation:
    @strawberry.mutation
    def start_plan(self, event: strawberry.ID) -> Plan:
        return make_plan(event, 0.0)


@strawberry.type(name="Subscription")
class MatchingSubscription:
    @strawberry.subscription
    async def progressed(self, plan: strawberry.ID) -> AsyncIterator[Plan]:
        for done in (0.25, 0.75):
            yield make_plan(plan.removeprefix("p-"), done)


MATCHING = Schema(
    query=MatchingQuery, mutation=MatchingMutation, subscription=MatchingSubscription, federation_version="2.9"
)
GRAPHS = {"directory": toy.DIRECTORY, "events": toy.EVENTS, "matching": MATCHING}
ONE = one_graph(GRAPHS)
CHAINS: list[str] = []
"""The `X-Forwarded-For` of each request that the gateway sent to a subgraph."""


@pytest.fixture(scope="module")
async def composed() -> AsyncIterator[tuple[str, str]]:
    """The gateway's address and the composition's public schema."""

    def asked(headers: dict[str, str]) -> toy.Asked:
        CHAINS.append(headers.get("x-forwarded-for", ""))
        return toy.Asked(language=headers.get("accept-language", ""), token=headers.get("authorization", ""))

    async with router.served({name: router.subgraph(schema, asked) for name, schema in GRAPHS.items()}) as bases:
        sdls = {name: (bases[name], schema.as_str()) for name, schema in GRAPHS.items()}
        supergraph, public = await asyncio.to_thread(router.compose, sdls)
        async with router.gateway(supergraph) as base:
            yield f"{base}/graphql", public


async def here(query: str, variables: dict[str, Any] | None = None, asked: toy.Asked | None = None) -> dict[str, Any]:
    asked = asked or toy.Asked(language="en", token="Bearer t")
    result: Any = execute(ONE, parse(query), context_value=asked, variable_values=variables)
    return router.as_json(await result if hasattr(result, "__await__") else result)


QUERIES = """
{event(id:"e1"){title participants(first:2){role navigator{id name nickname}}}}
{event(id:"e1"){participants(first:2){buddy{id}}}}
{event(id:"e1"){participants(first:2){buddy{id nickname}}}}
{event(id:"e1"){participants(first:2){buddy{id name}}}}
{event(id:"e1"){waiting{id nickname city{name}}}}
{event(id:"e1"){waiting{__typename id name}}}
{event(id:"e1"){waiting{workload}}}
{event(id:"e2"){lead{id name} title}}
{event(id:"e2"){lead{nickname topics{code}} title}}
{event(id:"e2"){lead{workload} title}}
{event(id:"e3"){title city{ags name}}}
{event(id:"e3"){title city{ags events{id}}}}
{event(id:"e1"){lead{a:name b:name phone id workload}}}
{event(id:"none"){id}}
{navigator(id:"n2"){name workload}}
{navigator(id:"n3"){name workload city{name events(kind:TRIP){title} navigators{name city{ags}}}}}
{navigators(page:{first:4}){nodes{name workload} pageInfo{hasNextPage endCursor}}}
{events(kinds:[TRIP]){nodes{id kind oldTitle plans{progress language} city{ags}} pageInfo{endCursor}}}
{plans(page:{}){id event{title city{name events{id}} participants{navigator{name}}} pair{name workload}}}
{plan(id:"p-e9"){id event{id}}}
{plan(id:"p-e9"){id event{id title}}}
{search(text:"x"){__typename ...on City{name events{id}} ...on Navigator{id workload} ...on Topic{code title}}}
{named{__typename name ...on City{events(kind:TRIP){id}} ...on Navigator{topics{code title(language:EN)}}}}
mutation{renameNavigator(id:"n1",name:"Neu"){id name workload}}
mutation{renameNavigator(id:"n1",name:""){id name}}
mutation{moveEvent(id:"e1",to:"14713"){city{name} topics{title}}}
mutation{a:startPlan(event:"e1"){progress event{title}} b:moveEvent(id:"e1",to:"14713"){title plans{id}}}
{greeting city(ags:"09564"){ags name} again:city(ags:"0"){name}}
query($p:Page!,$k:Kind,$deep:Boolean!){plans(page:$p){...P} city(ags:"09564"){events(kind:$k){id}}}\
 fragment P on Plan{event{...E @include(if:$deep) id}} fragment E on Event{lead{name}}
"""
VARIABLES = {"p": {"first": 1, "after": "x"}, "k": "TRIP", "deep": True}


@pytest.mark.parametrize("query", QUERIES.strip().splitlines())
async def test_answers_are_the_routers(query: str, composed: tuple[str, str]) -> None:
    variables = VARIABLES if query.startswith("query(") else None
    headers = {"authorization": "Bearer t", "accept-language": "en"}
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        answer = await client.post(composed[0], json={"query": query, "variables": variables}, headers=headers)
    theirs, ours = answer.json(), await here(query, variables)
    assert ours["data"] == theirs["data"]
    assert bool(ours["errors"]) == ("errors" in theirs)
    # A router leaves list positions out of some paths and reports one error where every field has its own.
    assert {_place(error) for error in theirs.get("errors", ())} <= {_place(error) for error in ours["errors"]}


def _place(error: dict[str, Any]) -> tuple[object, ...]:
    path = tuple(part for part in error["path"] if isinstance(part, str))
    return error["message"], path, json.dumps(error.get("extensions", {}), sort_keys=True)


@pytest.mark.parametrize(
    "query",
    [
        "subscription{eventChanged(times:2){title lead{name} city{name}}}",
        'subscription{progressed(plan:"p-e1"){progress event{title lead{name}}}}',
    ],
)
async def test_subscriptions_are_the_routers(query: str, composed: tuple[str, str]) -> None:
    headers = {"accept": "text/event-stream"}
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        answer = await client.post(composed[0], json={"query": query}, headers=headers)
    theirs = [json.loads(line[6:])["data"] for line in answer.text.splitlines() if line.startswith("data: {")]
    started: Any = subscribe(ONE, parse(query), context_value=toy.Asked())
    events = await started if hasattr(started, "__await__") else started
    assert [event.data async for event in events] == theirs
    assert len(theirs) == 2


@pytest.mark.parametrize("told", ["", "203.0.113.1", "198.51.100.9, 203.0.113.1"])
async def test_the_router_appends_who_asks(told: str, composed: tuple[str, str]) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        CHAINS.clear()
        headers = {"x-forwarded-for": told} if told else {}
        await client.post(composed[0], json={"query": '{event(id:"e2"){lead{workload} title}}'}, headers=headers)
    chains = {chain.replace("::ffff:", "") for chain in CHAINS}
    assert chains == {f"{told}, 127.0.0.1" if told else "127.0.0.1"}


async def test_introspection_and_public_schema(composed: tuple[str, str]) -> None:
    assert public_sdl(ONE) == public_sdl(build_schema(composed[1])) == composed[1]
    query = "{__schema{types{name fields{name args{name defaultValue}}}}}"
    async with httpx.AsyncClient(trust_env=False) as client:
        known = {"authorization": "Bearer of somebody"}
        theirs = (await client.post(composed[0], json={"query": query}, headers=known)).json()["data"]["__schema"][
            "types"
        ]
        refused = (await client.post(composed[0], json={"query": query})).json()
        assert "data" not in refused or refused["data"] is None
    ours = (await here(query))["data"]["__schema"]["types"]
    assert {t["name"] for t in ours} ^ {t["name"] for t in theirs} <= {"Float", "Int", "__DirectiveLocation"}
    assert "secret" not in str(ours)
    assert not {"_Any", "_Entity", "_Service", "_FieldSet"} & {t["name"] for t in ours}


async def test_one_batch_for_a_whole_list() -> None:
    asked = toy.Asked()
    query = '{event(id:"e1"){participants(first:50){navigator{a:name nickname city{name} topics{code}}}}}'
    answer = await here(query, asked=asked)
    assert not answer["errors"]
    assert [len(batch) for batch in asked.batches] == [50]
    await here('{event(id:"e1"){participants(first:50){navigator{id __typename}} city{ags}}}', asked=asked)
    assert len(asked.batches) == 1, "keys need no other subgraph"


async def test_a_stub_kept_in_memory_is_read_anew_by_the_next_request() -> None:
    kept = toy.seat("n7")
    for asked in (toy.Asked(kept=kept), toy.Asked(kept=kept)):
        assert (await here("{kept{name}}", asked=asked))["data"] == {"kept": {"name": "Lotse 7"}}
        assert asked.batches == [["n7"]]


async def test_a_field_that_fails_takes_nothing_from_the_same_value_elsewhere() -> None:
    asked = toy.Asked(kept=toy.seat("n2"))
    answer = await here("{a:kept{workload name} b:kept{name nickname}}", asked=asked)
    assert answer["data"] == {"a": None, "b": {"name": "Lotse 2", "nickname": "Lo"}}


def thing(*keys: str, **fields: Any) -> Any:
    """A type `Thing`; a field is its type, or a pair of the type and what Strawberry is told about it."""
    pairs = {name: field if isinstance(field, tuple) else (field, None) for name, field in fields.items()}
    told = {name: more for name, (_kind, more) in pairs.items() if more is not None}
    cls = type("Thing", (), {"__annotations__": {name: kind for name, (kind, _more) in pairs.items()}, **told})
    return fed.type(cls, keys=list(keys))


def world(one: Any, two: Any) -> dict[str, Schema]:
    """Two subgraphs whose queries `one` and `two` give their things."""
    queries = {
        name: type("Query", (), {"__annotations__": {name: kind | None}}) for name, kind in (("one", one), ("two", two))
    }
    return {name: Schema(query=strawberry.type(query), federation_version="2.9") for name, query in queries.items()}


def shared(kind: Any) -> Any:
    return kind, fed.field(shareable=True)


def mood() -> Any:
    class Mood(Enum):
        GOOD = 1

    return strawberry.enum(Mood)


HIDDEN = fed.type(type("Hidden", (), {"__annotations__": {"id": str}}), inaccessible=True)


@pytest.mark.parametrize(
    ("one", "two", "reason"),
    [
        (thing("id", id=str, name=str), thing("id", id=str, name=str), "not @shareable in one"),
        (thing(name=shared(str)), thing(name=shared(int)), "does not have the same type"),
        (thing("id", id=str, name=str), thing("code", code=str, place=str), "has no key"),
        (thing("id { a }", id=str, name=str), thing("id", id=str, place=str), "nested keys"),
        (thing("id", id=str, a=int), thing("id", id=str, a=(int, fed.field(external=True))), "on key fields only"),
        (thing("id", id=str), thing("id", id=str, a=(int, fed.field(override="one"))), "@override is not supported"),
        (thing("id", id=str), thing("id", id=str, a=(int, fed.field(requires=["id"]))), "@requires is not supported"),
        (thing("id", id=str), thing("id", id=str, a=(int, fed.field(authenticated=True))), "@authenticated"),
        (thing("id", id=str), thing("id", id=str, a=HIDDEN), "is visible, but its type Hidden is not"),
        (thing("id", id=str, a=mood()), thing("id", id=str, b=mood()), "same Python definition"),
    ],
)
def test_refuses_what_contradicts_or_is_not_supported(one: Any, two: Any, reason: str) -> None:
    with pytest.raises(DoNotCompose, match=reason):
        one_graph(world(one, two))


def test_the_composition_refuses_too_and_says_why() -> None:
    same = thing("id", id=str, name=str)
    sdls = {name: (f"http://{name}.test", schema.as_str()) for name, schema in world(same, same).items()}
    with pytest.raises(router.RouterError, match=r"Thing\.name.*shareable"):
        router.compose(sdls)


async def test_compound_keys_and_keys_that_clients_do_not_see() -> None:
    one = thing("a b", a=str, b=(int, fed.field(inaccessible=True)))
    two = thing("b a", a=str, b=int, both=(str, fed.field(resolver=lambda self: f"{self.a}{self.b}")))
    graph = one_graph(world(one, two))
    result: Any = execute(graph, parse("{one{a both}}"), root_value=SimpleNamespace(one=one(a="x", b=1)))
    assert result.data == {"one": {"a": "x", "both": "x1"}}
    assert "b:" not in public_sdl(graph)


def test_a_value_of_no_known_class_is_refused_with_its_name() -> None:
    graph = one_graph(world(thing("id", id=str), thing("id", id=str, more=str)))
    result: Any = execute(graph, parse("{one{id}}"), root_value=SimpleNamespace(one=SimpleNamespace(id="1")))
    assert "SimpleNamespace stands for a type that several subgraphs extend" in result.errors[0].message
