"""What is compiled answers as the executor does, byte for byte, whoever asks what."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from graphql import GraphQLSchema, execute
from sqlalchemy import text

from services.app import SERVICES
from services.directory import access
from services.directory.reads import SHAPES
from services.kit import allowed, i18n
from services.kit.auth import Principal
from services.kit.compiled import fast
from services.kit.graphql import Context
from services.kit.graphql.prepared import Invalid, Preparer
from services.kit.onegraph import executable, one_graph
from services.kit.rights import right_of
from services.kit.service import Hub
from tests.directory.read_world import CITIES, Queries, fill, viewers

CASES = int(os.environ.get("LOTSENNETZ_READS", "120"))
"""How many queries are compared, each for two viewers; `make soak` sets more."""
FEWEST = 0.5
"""Of the queries, so many must have been compiled: the others prove nothing."""
WIDE = allowed.Limits(depth=50, width=1000, cost=10**9)


@pytest_asyncio.fixture(scope="module")
async def filled(shared: Hub) -> AsyncIterator[Hub]:
    await fill(shared, 7)
    yield shared


class Both:
    """A query answered by its plan and by the executor."""

    def __init__(self, hub: Hub, schema: GraphQLSchema) -> None:
        self.hub, self.schema = hub, schema
        self.texts, self.fast = Preparer(schema), fast(schema, SHAPES)

    async def ask(self, who: Principal, query: str, **variables: Any) -> tuple[bytes | None, bytes, list[str]]:
        """(compiled or None, executed, the executor's errors)."""
        prepared = self.texts.prepare(query, WIDE)
        operation = next(iter(prepared.operations.values()))
        quick = await self.fast(Context(self.hub.runtimes, who), prepared, operation, variables)
        context = Context(self.hub.runtimes, who)
        result: Any = execute(self.schema, prepared.document, context_value=context, variable_values=variables)
        result = await result if hasattr(result, "__await__") else result
        return quick, msgspec.json.encode(result.data), [repr(e.original_error or e) for e in result.errors or ()]


async def real(both: Both) -> dict[str, list[str]]:
    """Ids and cursors that there are."""
    query = """{ navigators(first: 100) { edges { cursor node { id } } } projects(first: 100) {
        edges { cursor node { id } } } cities { edges { cursor } } topics { edges { cursor } } }"""
    ids: dict[str, list[str]] = {"after": []}
    for who in viewers():
        _quick, told, _errors = await both.ask(who, query)
        data = msgspec.json.decode(told)
        for kind in ("navigator", "project"):
            ids.setdefault(kind, []).extend(edge["node"]["id"] for edge in data[f"{kind}s"]["edges"][:10])
        for kind in ("navigators", "projects", "cities", "topics"):
            ids["after"] += [edge["cursor"] for edge in data[kind]["edges"][:5]]
    return ids


# Where one field is refused, the executor lets the others go without awaiting them.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("graph", ["directory", "all"])
async def test_compiled_and_executed_answers_are_the_same_bytes(
    filled: Hub, graph: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    schemas = {name: service.schema for name, service in SERVICES.items()}
    runtime = filled.runtimes["directory"]
    if graph == "all":
        monkeypatch.setattr(runtime, "news", None)  # plans without dictionaries
    else:
        async with asyncio.timeout(30):
            while runtime.news is None or runtime.news.version is None:
                await asyncio.sleep(0.01)
    both = Both(filled, executable(schemas["directory"]) if graph == "directory" else one_graph(schemas))
    ids, compiled, asked = await real(both), 0, 0
    for case in range(CASES if graph == "directory" else CASES // 4):
        rng = random.Random(case)
        query, variables = Queries(rng, ids).document()
        with i18n.speaking(rng.choice(["de", "en"])):
            for who in rng.sample(viewers(), 2):
                try:
                    quick, slow, errors = await both.ask(who, query, **variables)
                except Invalid as invalid:
                    pytest.fail(f"{query}\n{invalid.errors}")
                asked += 1
                compiled += quick is not None
                if quick is not None:
                    assert not errors, (case, errors, query, variables)
                    assert quick == slow, (case, query, variables, who.city)
    assert compiled >= asked * FEWEST, (compiled, asked)


async def test_whatever_is_skipped_leaves_an_object(filled: Hub) -> None:
    both, gone = Both(filled, executable(SERVICES["directory"].schema)), "@skip(if: $yes) { __typename }"
    for chosen in (f"nodes {gone}", f"pageInfo {gone}", f"nodes {{ city {gone} }}", f"edges {{ node {gone} }}"):
        query = f"query ($yes: Boolean!) {{ navigators(first: 3) {{ {chosen} }} }}"
        quick, slow, errors = await both.ask(viewers()[0], query, yes=True)
        assert (quick, errors) == (slow, []), query


async def test_every_field_that_is_compiled_is_everybodys(filled: Hub) -> None:
    """The plan looks at no right: what a person may see is said in its SQL."""
    for shape in SHAPES.types.values():
        for name in shape.fields:
            right = right_of(access.RIGHTS, shape.name, name)
            assert right is not None
            assert right.public, f"{shape.name}.{name}"


async def test_nobody_learns_from_a_plan_made_for_another(filled: Hub) -> None:
    """Plans are kept by audience; the own city is a value."""
    both = Both(filled, executable(SERVICES["directory"].schema))
    query = "{ navigators(first: 100) { nodes { id name phone email city { ags } } } }"
    answers = {who.city if access.in_network(who) else who.client: (await both.ask(who, query))[0] for who in viewers()}
    assert len(set(answers.values())) == len({"public", None, CITIES[0], CITIES[2]})
    for who in reversed(viewers()):
        quick, slow, _errors = await both.ask(who, query)
        assert quick == slow


async def test_every_table_that_is_read_says_when_it_moves(filled: Hub) -> None:
    """Or answers that are remembered would stay as they were."""
    async with filled.runtimes["directory"].db.read() as session:
        query = "SELECT relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE tgname = 'moved'"
        told = await session.scalars(text(f"{query} AND relnamespace = CAST('directory' AS regnamespace)"))
        assert {shape.table for shape in SHAPES.types.values() if shape.table} <= set(told)
