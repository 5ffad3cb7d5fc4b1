"""Calls made from the schema, of every field and with everything that an argument takes."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import graphql as gql

from services.app import SERVICES
from services.kit import limits
from services.kit.onegraph import one_graph
from tests.stories.tenants.cities import TOPIC, City

GRAPH = one_graph({name: service.schema for name, service in SERVICES.items()})
KINDS = (
    *("ags", "navigator", "project", "event", "plan", "client", "own client", "account"),
    *("proposal", "partnership", "survey", "entry", "quote", "vote", "action", "card", "announcement", "candidate"),
)
STRANGE = {"link": "x" * 40}
"""Whoever has a personal link may do what it is for: those who try others' things have none."""
DEEPEST = 5


def root(kind: str) -> dict[str, gql.GraphQLField]:
    type_ = {"query": GRAPH.query_type, "mutation": GRAPH.mutation_type, "subscription": GRAPH.subscription_type}[kind]
    return dict(type_.fields) if type_ else {}


MUTATIONS = list(root("mutation"))

# Arguments -------------------------------------------------------------------------------------------------------

NATURAL = {
    "ags": "ags", "host": "ags", "guests": "ags", "city": "ags", "audience": "ags", "org": "ags", "state": "state",
    "cities": "ags",
    "event": "event", "navigators": "navigator", "clientId": "client", "topic": "topic", "code": "topic",
    "survey": "survey", "link": "link", "vote": "vote", "project": "project",
    "plan": "plan", "topics": "topic", "offers": "topic", "seeks": "topic", "worksOn": "topic", "tableTopics": "topic",
}  # fmt: skip
"""Which kind of id an argument takes, by its name; `id`, or `one` and the `other`, take what their field is about."""
ABOUT = {
    "navigator": "navigator", "project": "project", "event": "event", "changeEvent": "event", "cancelEvent": "event",
    "decideTopicProposal": "proposal", "answerPartnership": "partnership", "endPartnership": "partnership",
    "plan": "plan", "confirmPlan": "plan", "planProgress": "plan", "recomputePlan": "plan", "cancelPlan": "plan",
    "closeSurvey": "survey", "deleteSurvey": "survey", "chooseQuote": "quote", "withdrawQuote": "quote",
    "moderateRetroEntry": "entry", "takeBackRetroEntry": "entry",
    "copyPlan": "plan", "comparedPlans": "plan",
    "closeVote": "vote", "deleteVote": "vote", "voteTurnout": "vote", "tickActionItem": "action",
    "withdrawAnnouncement": "announcement",
    "askCandidateAgain": "candidate", "withdrawCandidate": "candidate", "takeCandidate": "candidate",
    "refuseCandidate": "candidate",
    "withdrawProjectCard": "card", "acceptProposedProject": "card", "declineProposedProject": "card",
}  # fmt: skip
VALUES = {
    "date": "2030-01-01", "starts": "10:00", "ends": "11:00", "timezone": "Europe/Berlin", "population": 1,
    "onlineLink": "https://stadt.example", "rule": "FREQ=WEEKLY;COUNT=2",
    "website": "https://stadt.example", "after": None, "text": None, "count": 1, "rounds": 1, "tables": 1,
    "seconds": 1.0, "seed": 1, "over": 0, "navigators": [], "minutes": 10, "breakMinutes": 2, "first": 2, "kind": "",
    "offerHours": 48, "language": "de", "leaves": "07:00",
    "file": b64encode(b"Name;Ort\nRobin Ahorn;Konstanz\n").decode(),
}  # fmt: skip
LEFT_OUT = frozenset({
    "expected", "logo", "contactEmail", "contactPhone", "email", "phone", "chat", "photo", "photoConsent", "since",
    "until", "mentor", "languages", "visibility", "links", "departments", "employees", "competences",
    "rules", "iterations", "missing", "new", "pinned", "scale", "picks", "factors", "options", "closesAt", "opensAt",
    "sizes", "parties", "module", "modules", "prerequisites", "material", "lastDay", "author", "wishes",
})  # fmt: skip
"""Arguments that say nothing about whose a row is, and that take more than any word."""
PLAIN = {
    "String": "x",
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "Date": "2030-01-01",
    "DateTime": "2030-01-01T10:00:00Z",
}
IDS = frozenset({"ID"})
NOT_TOGETHER = {"AnnouncementInput": {"vehicle", "session"}}
"""What an input takes only in place of something else."""


@dataclass(frozen=True)
class Filling:
    """How arguments are filled: natural kinds from `ids`; with `all_ids`, that one value wherever an id can stand."""

    ids: dict[str, str]
    all_ids: str | None = None
    choice: int = 0
    """Which value of each enum."""

    def value(self, field: str, name: str, type_: Any) -> Any:
        """Raises KeyError for a scalar that nobody told a value of."""
        if name == "text" and gql.is_non_null_type(type_):
            return TOPIC
        wanted = gql.is_non_null_type(type_)
        type_ = gql.get_nullable_type(type_)
        if name == "id" and not wanted:
            return None
        if name in LEFT_OUT and (gql.is_list_type(type_) or not wanted):
            return [] if gql.is_list_type(type_) else None
        if gql.is_list_type(type_):
            if name == "agenda" or isinstance(gql.get_named_type(type_), gql.GraphQLInputObjectType) is False:
                return [self.value(field, name, type_.of_type)]
            return [] if name == "projects" else [self.value(field, name, type_.of_type)]
        if isinstance(type_, gql.GraphQLInputObjectType):
            parts = {key: part for key, part in type_.fields.items() if key not in NOT_TOGETHER.get(type_.name, ())}
            return {key: self.value(field, key, part.type) for key, part in parts.items()}
        if isinstance(type_, gql.GraphQLEnumType):
            return list(type_.values)[self.choice % len(type_.values)]
        if name in LEFT_OUT and type_.name == "Boolean":
            return False
        kind = ABOUT.get(field) if name in {"id", "one", "other"} else NATURAL.get(name)
        if type_.name in IDS and self.all_ids is not None:
            return self.all_ids
        if kind is not None and type_.name in {"ID", "String"}:
            return self.ids[kind]
        if type_.name in IDS:
            return self.ids["event"]
        of_type = isinstance(VALUES.get(name), int | float) == (type_.name in {"Int", "Float"})
        return VALUES[name] if name in VALUES and of_type and type_.name != "DateTime" else PLAIN[type_.name]


def operation(kind: str, field: str, made: gql.GraphQLField, filling: Filling) -> tuple[str, dict[str, Any]]:
    """The document and variables of one call that asks for everything the answer has."""
    variables = arguments(field, made, filling)
    if (kind, field) not in _queries:
        start = call(kind, field, made)
        type_ = kind, str(gql.get_nullable_type(made.type))
        if kind != "mutation" or type_ not in _selections:
            _selections[type_] = deepest(GRAPH, variables, start, made.type)
        _queries[kind, field] = f"{start} {_selections[type_]} }}"
    return _queries[kind, field], variables


_queries: dict[tuple[str, str], str] = {}
_selections: dict[tuple[str, str], str] = {}
"""By the type of the answer, of which a mutation's is a single one: what fits for one mutation fits for all."""


def arguments(field: str, made: gql.GraphQLField, filling: Filling) -> dict[str, Any]:
    return {name: filling.value(field, name, arg.type) for name, arg in made.args.items()}


def call(kind: str, field: str, made: gql.GraphQLField) -> str:
    """The operation up to what is asked of the answer, with a variable for each argument."""
    head = ", ".join(f"${name}: {arg.type}" for name, arg in made.args.items())
    given = ", ".join(f"{name}: ${name}" for name in made.args)
    return f"{kind} {f'({head})' if head else ''} {{ {field}{f'({given})' if given else ''}"


def entity(schema: gql.GraphQLSchema, type_: gql.GraphQLObjectType, variables: dict[str, Any]) -> str:
    """The query with which a router asks for entities of the type."""
    start = f"query ($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on {type_.name}"
    return f"{start} {deepest(schema, variables, start, type_, ' }')} }} }}"


def deepest(schema: gql.GraphQLSchema, variables: dict[str, Any], start: str, type_: Any, end: str = "") -> str:
    """The deepest selection of a type that the hub's limits let pass between `start` and `end`."""
    best = ""
    for depth in range(1, DEEPEST + 1):
        selected = selection(type_, depth)
        try:
            document = gql.parse(f"{start} {selected} }}{end}", max_tokens=limits.DEFAULT.tokens)
            asked = gql.get_operation_ast(document)
            assert asked
            limits.shape(document)
            limits.cost(schema, document, asked, variables)
        except gql.GraphQLError:
            break  # whatever is deeper costs more
        best = selected
    assert best or gql.is_leaf_type(gql.get_named_type(type_)), start
    return best


def selection(type_: Any, depth: int, above: tuple[str, ...] = ()) -> str:
    """Every field down to `depth`, none of a type within itself; pages of two."""
    named = gql.get_named_type(type_)
    if isinstance(named, gql.GraphQLUnionType):
        return f"{{ __typename {' '.join(map(_one_of, named.types))} }}"
    if not isinstance(named, gql.GraphQLObjectType):
        return ""
    parts = ["__typename"]
    for name, field in named.fields.items():
        inner = gql.get_named_type(field.type)
        if isinstance(inner, gql.GraphQLObjectType) and (depth == 0 or inner.name in (*above, named.name)):
            continue
        few = "(first: 2)" if "first" in field.args else ""
        parts.append(f"{name}{few} {selection(field.type, depth - 1, (*above, named.name))}")
    return f"{{ {' '.join(parts)} }}"


def _one_of(type_: gql.GraphQLObjectType) -> str:
    """The plain fields of a member of a union, each under a name of its own: members may have them of other types."""
    plain = [name for name, field in type_.fields.items() if gql.is_leaf_type(gql.get_named_type(field.type))]
    return f"... on {type_.name} {{ {' '.join(f'{type_.name}_{name}: {name}' for name in plain)} }}"


def takes_ids(type_: Any) -> bool:
    """Whether an argument of this type can name something of a city."""
    named = gql.get_named_type(type_)
    if isinstance(named, gql.GraphQLInputObjectType):
        return any(takes_ids(field.type) for field in named.fields.values())
    return named.name in {"ID", "String"}


def calls(operated: str, name: str, city: City) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each kind of thing of the city wherever an id can stand, and everything where it belongs, with every choice."""
    ids = city.ids | STRANGE
    fillings = [Filling(ids, choice=choice) for choice in range(4)]
    fillings += [Filling(ids, all_ids=ids[kind]) for kind in KINDS]
    made = [operation(operated, name, root(operated)[name], filling) for filling in fillings]
    yield from {str(one): one for one in made}.values()
