"""A city reads nothing that is private to another: every field as the schema has it, whoever asks."""

from typing import Any

import graphql as gql
import pytest

from services.app import SERVICES
from tests.stories.tenants.answers import beneath, leaks, same
from tests.stories.tenants.calls import GRAPH, STRANGE, Filling, calls, entity, operation, root, takes_ids
from tests.stories.tenants.cities import PRIVATE
from tests.stories.tenants.world import ACTORS, World, another, codes

ASKED = [(kind, name) for kind in ("query", "subscription") for name in root(kind)]
NEARLY = {"search", "suggest"}


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
