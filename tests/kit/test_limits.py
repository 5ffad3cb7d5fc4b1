"""What a document may cost: counted by the schema, before anything runs, in the time it takes to read it."""

import time
from typing import Any

import pytest
from graphql import GraphQLError, build_schema, get_introspection_query, get_operation_ast, parse, validate

from services.kit.allowed import PRICES, Limits
from services.kit.limits import DEFAULT, check_tokens, cost, shape, values

SCHEMA = build_schema("""
    type Query { city: City  cities(first: Int = 50, after: String): Cities!  topics: [Topic!]!
                 _entities(representations: [Any!]!): [Entity]! }
    type Mutation { rename(name: String): City }
    type City { name: String  sights: [String!]!  topics: [Topic!]!  twins(first: Int! = 30): Cities! }
    type Cities { nodes: [City!]!  edges: [Edge!]!  more: Boolean }
    type Edge { node: City! }
    type Topic { code: ID!  parent: Topic  cities(limit: Int): [City!]! }
    union Entity = City | Topic
    scalar Any
""")
PAGE, ITEMS = PRICES.page, PRICES.items
LOOSE = Limits(cost=10**9)


def price(query: str, variables: dict[str, Any] | None = None, operation: str | None = None, **limits: Any) -> int:
    document = parse(query)
    assert validate(SCHEMA, document) == []
    chosen = get_operation_ast(document, operation)
    assert chosen
    return cost(SCHEMA, document, chosen, variables or {}, Limits(**limits) if limits else LOOSE)


COSTS: dict[str, tuple[str, dict[str, Any], int]] = {
    "fields": ("{ city { name sights } }", {}, 3),
    "a list without pages": ("{ topics { code } }", {}, 1 + ITEMS),
    "a page is a database query": ("{ cities(first: 1) { more } }", {}, 1 + PAGE + 1),
    "what the schema says": ("{ cities { nodes { name } } }", {}, 1 + PAGE + 50 * 2),
    "another default": ("{ city { twins { nodes { name } } } }", {}, 2 + PAGE + 30 * 2),
    "no default at all": ("{ topics { cities { name } } }", {}, 1 + ITEMS * (1 + PAGE + 50)),
    "asked for": ("{ cities(first: 7) { nodes { name } } }", {}, 1 + PAGE + 7 * 2),
    "edges": ("{ cities(first: 7) { edges { node { name } } } }", {}, 1 + PAGE + 7 * 3),
    "a variable": ("query ($n: Int) { cities(first: $n) { nodes { name } } }", {"n": 9}, 1 + PAGE + 9 * 2),
    "its default": ("query ($n: Int = 90) { cities(first: $n) { nodes { name } } }", {}, 1 + PAGE + 90 * 2),
    "not its default": ("query ($n: Int = 90) { cities(first: $n) { nodes { name } } }", {"n": 2}, 1 + PAGE + 2 * 2),
    "a variable left out": ("query ($n: Int) { cities(first: $n) { nodes { name } } }", {}, 1 + PAGE + 50 * 2),
    "a whole float": ("query ($n: Int) { cities(first: $n) { nodes { name } } }", {"n": 80.0}, 1 + PAGE + 80 * 2),
    "no number": ("query ($n: Int) { cities(first: $n) { nodes { name } } }", {"n": "80"}, 1 + PAGE + 50 * 2),
    "not finite": ("query ($n: Int) { cities(first: $n) { nodes { name } } }", {"n": float("inf")}, 1 + PAGE + 50 * 2),
    "negative": ("{ cities(first: -5) { nodes { name } } }", {}, 1 + PAGE + 2),
    "in each other": (
        "{ cities(first: 10) { nodes { twins(first: 10) { nodes { name } } } } }",
        {},
        1 + PAGE + 10 * (1 + 1 + PAGE + 10 * 2),
    ),
    "lists in pages": ("{ cities(first: 10) { nodes { topics { code } } } }", {}, 1 + PAGE + 10 * (1 + 1 + ITEMS)),
    "aliases": ("{ a: city { name } b: city { name } }", {}, 4),
    "fragments": (
        "{ ...F ... on Query { city { name } } } fragment F on Query { city { ...G } } fragment G on City { name }",
        {},
        4,
    ),
    "a fragment of the page": (
        "{ cities(first: 7) { ...P } } fragment P on Cities { nodes { name } }",
        {},
        1 + PAGE + 7 * 2,
    ),
    "entities": (
        "query ($r: [Any!]!) { _entities(representations: $r) { ... on City { name sights } } }",
        {"r": [{"__typename": "City"}] * 300},
        1 + 300 * 2,
    ),
    "a mutation": ("mutation { rename { name } }", {}, 2),
}  # fmt: skip


@pytest.mark.parametrize("case", COSTS)
def test_a_field_is_one_and_a_list_is_its_items(case: str) -> None:
    query, variables, expected = COSTS[case]
    assert price(query, variables) == expected


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ cities(first: 100) { nodes { twins(first: 100) { nodes { twins(first: 10) { more } } } } } }", {}),
        ("{ cities { nodes { twins { nodes { twins { nodes { name } } } } } } }", {}),
        ("query ($n: Int!) { cities(first: $n) { nodes { twins(first: $n) { nodes { name sights } } } } }", {"n": 100}),
        ("{ cities(first: 999999999999999999999) { more } }", {}),
        ("{ topics { parent { cities { topics { cities { topics { cities { topics { code } } } } } } } } }", {}),
        (
            "query ($r: [Any!]!) { _entities(representations: $r) { ... on Topic { code } } }",
            {"r": [{"__typename": "Topic"}] * 30_000},
        ),
    ],
)
def test_too_much_is_refused(query: str, variables: dict[str, Any]) -> None:
    document = parse(query)
    shape(document)
    operation = get_operation_ast(document)
    assert operation
    with pytest.raises(GraphQLError, match="20000"):
        cost(SCHEMA, document, operation, variables)


def test_only_the_operation_that_runs_is_counted() -> None:
    query = (
        "query Small { city { name } } query Large($n: Int = 100) { cities(first: $n) { ...F } } "
        "fragment F on Cities { nodes { name } }"
    )
    assert price(query, operation="Small") == 2
    assert price(query, operation="Large") == 1 + PAGE + 200


def test_introspection_is_affordable() -> None:
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )
    shape(parse(query))
    assert price(query) < Limits().cost / 2


def chained(last: str, *, fragments: int = 18) -> str:
    """Fragments that each spread the next one twice."""
    links = "".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }} " for i in range(fragments))
    return f"{{ ...F0 }} {links} fragment F{fragments} on Query {{ {last} }}"


WRONG_SHAPES = {
    "deep": "{ city " + "{ twins { nodes " * 10 + "{ name }" + " } }" * 10 + " }",
    "deep through fragments": "{ topics { ...A } } " + "".join(
        f"fragment {a} on Topic {{ {'parent { ' * 9} ...{b} {'}' * 9} }} " for a, b in ("AB", "BC")
    ) + "fragment C on Topic { parent { code } }",
    "wide": "{ city { " + "name " * 101 + "} }",
    "wide by aliases": "{ city { " + " ".join(f"a{i}: name" for i in range(101)) + "} }",
    "wide by fragments": "{ city { " + "...F " * 6 + " } } fragment F on City { " + "name " * 20 + "}",
    "many at the top": "{ " + " ".join(f"a{i}: city {{ name }}" for i in range(21)) + " }",
    "many at the top, in a fragment": "{ ...F } fragment F on Query { "
    + " ".join(f"a{i}: city {{ name }}" for i in range(21)) + " }",
    "500 aliases": "{ " + " ".join(f"a{i}: __typename" for i in range(500)) + " }",
    "chained fragments": chained("city { name }"),
    "the same field again and again": "{ topics { " + ("parent { " + "parent { code } " * 10 + "} ") * 15 + "} }",
    "in fragments nobody uses": "{ city { name } } fragment F on City { " + "name " * 101 + "}",
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_SHAPES)
def test_a_shape_that_would_keep_validation_busy_is_refused(case: str) -> None:
    with pytest.raises(GraphQLError):
        shape(parse(WRONG_SHAPES[case]))


@pytest.mark.parametrize(
    "query",
    [
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "{ ...A } fragment A on Query { ...A ...A }",
        "{ ...Nobody }",
        "{ city { " + " ".join(f"a{i}: name" for i in range(100)) + "} }",
        "{ topics { " + "parent { " * 18 + "code" + " }" * 18 + " } }",
    ],
)
def test_other_shapes_are_left_to_validation(query: str) -> None:
    shape(parse(query))


def test_fragments_are_looked_at_once() -> None:
    """Two to the power of 180 spreads of nothing; whoever walks them does not come back."""
    links = "".join(f"fragment F{i} on City {{ ...F{i + 1} ...F{i + 1} }} " for i in range(180))
    document = parse(f"{{ city {{ ...F0 }} }} {links} fragment F180 on City {{ ... on City {{ ...F0 }} }}")
    shape(document)


@pytest.mark.parametrize(
    ("variables", "fine"),
    [
        ({}, True),
        ({"list": ["x"] * 150_000}, False),
        ({"rows": [{"key": "a", "topics": ["x"] * 8}] * 10_000}, True),
        ({"rows": [{"key": "a", "topics": ["x"] * 8}] * 20_000}, False),
        ({"text": "x" * 1_000_000}, True),
    ],
)
def test_variables_are_counted_before_they_become_inputs(variables: dict[str, Any], fine: bool) -> None:
    if fine:
        values(variables)
    else:
        with pytest.raises(GraphQLError, match="150000"):
            values(variables)


WORDY = {
    "aliases": ("{" + " ".join(f"a{i}: cities(first: 1) {{ name }}" for i in range(400)) + "}", True),
    "directives": ("{ hello " + "@aa " * 1_500 + "}", True),
    "texts": ("{" + ' a(b: "c # \\" d")' * 400 + "}", True),
    "a comment": ("{ hello } # " + "a b " * 2_000, False),
    "one text": ('{ hello(first: "' + "a b " * 2_000 + '") }', False),
    "a block of text": ('{ hello(first: """' + '\\""" "a" ' * 1_000 + '""") }', False),
    "blanks": ("{ hello }" + " ,\n" * 5_000, False),
    "quotation marks": ('{ hello(first: "' + '"' * 18_001, True),
}


@pytest.mark.parametrize("case", WORDY)
def test_too_many_words_are_counted_before_anything_is_parsed(case: str) -> None:
    query, refused = WORDY[case]
    began = time.process_time()
    if refused:
        with pytest.raises(GraphQLError, match="2000"):
            check_tokens(query, DEFAULT)
    else:
        check_tokens(query, DEFAULT)
    assert time.process_time() - began < 0.02
