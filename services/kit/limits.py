"""What a GraphQL document may cost, counted once per fragment before anything runs.

`shape` looks at the document alone and protects validation, which compares the fields of one level in pairs. `cost`
knows the schema: a field is one value, a list is its children times the number of items it may return, a page is also
a database query. Fragments are counted once and remembered, so that a document of chained fragments costs us its own
length and no more. Variables and representations are looked at before they become inputs. The numbers are in `allowed`.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    value_from_ast_untyped,
    visit,
)
from graphql.utilities import get_default_value_ast
from strawberry.federation.schema_directives import Key

from services.kit import allowed
from services.kit.allowed import PRICES, Limits
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

DEFAULT = allowed.DEFAULT.known
PAGE_ARGUMENTS = ("first", "last", "limit")
ENTITIES = ("_entities", "representations")
INTROSPECTION = frozenset({"__schema", "__type", "_service"})
"""Fields that tell the schema; the last is how federation's tools ask a subgraph."""
WHOLE = INTROSPECTION - {"__type"}
ABOUT = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}
HIGHEST = 1_000_000_000
_TOKEN = re.compile(
    r'"""(?:\\"""|.)*?"""|"(?:\\.|[^"\\\n])*"|#[^\n\r]*|\.\.\.|-?[0-9][0-9.]*(?:[eE][+-]?[0-9]+)?|\w+|[^\s,\ufeff]',
    re.DOTALL,
)
"""A word, number, text or sign of GraphQL, or a comment."""
SIZES = frozenset({*PAGE_ARGUMENTS, ENTITIES[1]})


@dataclass(frozen=True)
class Shape:
    """How large a document is, whoever asks it; `depth` is None where nobody could say."""

    depth: int | None
    width: int
    root_fields: int
    pairs: int
    aliases: int
    directives: int
    field_directives: int
    introspections: int
    whole: int
    """Those of them that tell all of it."""
    tokens: int


def shape(document: DocumentNode, limits: Limits = DEFAULT) -> None:
    """Raises GraphQLError where the document is too deep or too wide to be looked at any closer."""
    check(measured(document), limits)


def check(found: Shape, limits: Limits) -> None:
    """Raises GraphQLError for the first thing that is too much."""
    if found.depth is None or found.depth > limits.depth:
        deep = "∞" if found.depth is None else found.depth
        raise GraphQLError(_("The query is nested {found} levels deep; at most {most}.", found=deep, most=limits.depth))
    if found.tokens > limits.tokens:
        raise _too_many_tokens(limits)
    if found.width > limits.width:
        raise GraphQLError(_("At most {most} fields in one selection, please.", most=limits.width))
    if found.root_fields > limits.root_fields:
        raise GraphQLError(_("At most {most} fields at the top of a query, please.", most=limits.root_fields))
    if found.aliases > limits.aliases:
        raise GraphQLError(_("At most {most} aliases in one query, please.", most=limits.aliases))
    if found.field_directives > limits.field_directives or found.directives > limits.directives:
        raise GraphQLError(
            _(
                "At most {most} directives in one query, please, and {here} at one place.",
                most=limits.directives,
                here=limits.field_directives,
            )
        )
    if found.introspections > limits.introspections:
        raise GraphQLError(
            _("At most {most} questions about the schema in one query, please.", most=limits.introspections)
        )
    if found.pairs > limits.pairs:
        raise GraphQLError(_("The query asks for the same field too often."))


def check_tokens(query: str, limits: Limits) -> None:
    """What has too many words and signs is refused before it is parsed: reading thousands of them takes long."""
    if len(query) > limits.tokens and sum(one[0][0] != "#" for one in _TOKEN.finditer(query)) > limits.tokens:
        raise _too_many_tokens(limits)


def _too_many_tokens(limits: Limits) -> GraphQLError:
    return GraphQLError(_("At most {most} words and signs in one query, please.", most=limits.tokens))


def measured(document: DocumentNode) -> Shape:
    """Every fragment is looked at once, however often it is spread."""
    measure = _Measure(document)
    try:
        return measure.all()
    except RecursionError:
        return Shape(None, *[0] * (len(fields(Shape)) - 1))


class _Measure:
    def __init__(self, document: DocumentNode) -> None:
        self.document = document
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self.known: dict[str, tuple[int, int]] = {}
        self.open: set[str] = set()
        self.names: Counter[str] = Counter()
        self.width = self.aliases = self.directives = self.most_directives = 0
        self.introspections = self.whole = 0
        self.tokens: int = getattr(document, "token_count", 0)

    def all(self) -> Shape:
        depth = root_fields = 0
        for definition in self.document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                self.marked(definition)
                for variable in definition.variable_definitions or ():
                    self.marked(variable)
                below, wide = self.selection(definition.selection_set)
                depth, root_fields = max(depth, below), max(root_fields, wide)
        for name in self.fragments:  # validation also looks at those that no operation uses
            self.fragment(name)
        pairs = sum(times * (times - 1) // 2 for times in self.names.values())
        return Shape(
            depth, self.width, root_fields, pairs, self.aliases, self.directives, self.most_directives,
            self.introspections, self.whole, self.tokens,
        )  # fmt: skip

    def selection(self, selections: SelectionSetNode | None) -> tuple[int, int]:
        """(depth, fields)."""
        depth = wide = 0
        for node in selections.selections if selections else ():
            self.marked(node)
            if isinstance(node, FieldNode):
                self.aliases += node.alias is not None
                self.introspections += node.name.value in INTROSPECTION
                self.whole += node.name.value in WHOLE
                if node.selection_set:
                    self.names[(node.alias or node.name).value] += 1
                deep, more = 1 + self.selection(node.selection_set)[0], 1
            elif isinstance(node, InlineFragmentNode):
                deep, more = self.selection(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                deep, more = self.fragment(node.name.value)
            else:
                continue
            depth, wide = max(depth, deep), wide + more
        self.width = max(self.width, wide)
        return depth, wide

    def fragment(self, name: str) -> tuple[int, int]:
        if name not in self.known:
            if name in self.open or name not in self.fragments:
                return 0, 0  # a cycle or an unknown name: validation says so
            self.open.add(name)
            self.marked(self.fragments[name])
            self.known[name] = self.selection(self.fragments[name].selection_set)
            self.open.discard(name)
        return self.known[name]

    def marked(self, node: Any) -> None:
        here = len(node.directives or ())
        self.directives += here
        self.most_directives = max(self.most_directives, here)


class TooDear(GraphQLError):
    """The query would cost more than who asks may spend."""

    def __init__(self, most: int) -> None:
        super().__init__(_("The query may return more than {most} values. Ask for less.", most=most))


def cost(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: dict[str, Any],
    limits: Limits = DEFAULT,
) -> int:
    """The cost of `operation` in a valid `document`. Raises TooDear above the limit."""
    found = price(schema, document, operation, variables)
    if found > limits.cost:
        raise TooDear(limits.cost)
    return found


def price(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> int:
    """The cost of `operation` in a valid `document`, at most HIGHEST, whoever asks."""
    defaults = {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value
    }
    count = _Cost(schema, document, {**defaults, **variables})
    return count.selection(operation.selection_set, schema.get_root_type(operation.operation), paged=False)


class _Cost:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: dict[str, Any]) -> None:
        self.schema, self.variables = schema, variables
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self.known: dict[tuple[str, bool], int] = {}

    def selection(self, selections: SelectionSetNode, parent: GraphQLNamedType | None, *, paged: bool) -> int:
        """Where it is `paged`, lists are the page that was counted already."""
        total = 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                total += self.field(node, parent, paged=paged)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inside = self.schema.get_type(condition.name.value) if condition else parent
                total += self.selection(node.selection_set, inside, paged=paged)
            elif isinstance(node, FragmentSpreadNode):
                total += self.fragment(node.name.value, paged=paged)
        return min(total, HIGHEST)

    def fragment(self, name: str, *, paged: bool) -> int:
        key = (name, paged)
        if key not in self.known:
            fragment = self.fragments[name]
            inside = self.schema.get_type(fragment.type_condition.name.value)
            self.known[key] = self.selection(fragment.selection_set, inside, paged=paged)
        return self.known[key]

    def field(self, node: FieldNode, parent: GraphQLNamedType | None, *, paged: bool) -> int:
        name = node.name.value
        found = parent.fields.get(name) if isinstance(parent, (GraphQLObjectType, GraphQLInterfaceType)) else None
        if node.selection_set is None:
            return 1
        found = found or ABOUT.get(name)
        if found is None:
            return 1 + self.selection(node.selection_set, None, paged=False)
        inside = get_named_type(found.type)
        page = next((argument for argument in PAGE_ARGUMENTS if argument in found.args), None)
        if page is not None:
            below = self.selection(node.selection_set, inside, paged=True)
            return 1 + PRICES.page + below * self.page(node, found, page)
        below = self.selection(node.selection_set, inside, paged=False)
        if name == ENTITIES[0]:
            return 1 + below * self.length(node)
        if is_list_type(get_nullable_type(found.type)) and is_composite_type(inside) and not paged:
            return 1 + below * PRICES.items
        return 1 + below

    def page(self, node: FieldNode, found: GraphQLField, name: str) -> int:
        """How many items a page may have: as asked for, or what the schema says where nothing is."""
        default = get_default_value_ast(found.args[name])
        given: Any = value_from_ast_untyped(default) if default else None
        for argument in node.arguments or ():
            if argument.name.value == name:
                value = argument.value
                if isinstance(value, IntValueNode):
                    given = int(value.value[:9])
                elif isinstance(value, VariableNode) and value.name.value in self.variables:
                    given = self.variables[value.name.value]
        if isinstance(given, bool) or not isinstance(given, (int, float)) or not -1e9 < given < 1e9:
            return PRICES.default_page  # no number: refused as soon as the variables are looked at
        return max(int(given), 1)

    def length(self, node: FieldNode) -> int:
        """How many entities a router asks for."""
        for argument in node.arguments or ():
            value = argument.value
            if argument.name.value == ENTITIES[1] and isinstance(value, ListValueNode):
                return len(value.values)
            if argument.name.value == ENTITIES[1] and isinstance(value, VariableNode):
                given = self.variables.get(value.name.value)
                return len(given) if isinstance(given, list) else 1
        return 1


def sized(document: DocumentNode) -> tuple[str, ...]:
    """The variables of `document` that the cost asks: how long a page is, how many entities."""
    found: dict[str, None] = {}

    class Sizes(Visitor):
        def enter_argument(self, node: ArgumentNode, *_where: object) -> None:
            if node.name.value in SIZES and isinstance(node.value, VariableNode):
                found[node.value.name.value] = None

    visit(document, Sizes())
    return tuple(found)


def sizes(names: tuple[str, ...], variables: Mapping[str, Any]) -> tuple[Any, ...]:
    """Equal for variables with which `cost` is equal; hashable whatever was sent."""
    return tuple(_size(variables.get(name, ...)) for name in names)


def _size(value: object) -> object:
    if isinstance(value, list):
        return (len(value),)
    return value if value is ... or (isinstance(value, (int, float)) and not isinstance(value, bool)) else None


def values(variables: dict[str, Any], limits: Limits = DEFAULT) -> None:
    """Raises GraphQLError where the variables are more than a program of ours would send."""
    found = 0
    todo: list[Any] = [variables]
    while todo:
        value = todo.pop()
        inside = list(value.values()) if isinstance(value, dict) else value
        found += len(inside)
        if found > limits.values:
            raise GraphQLError(_("The variables have more than {most} values.", most=limits.values))
        todo += [v for v in inside if isinstance(v, (dict, list))]


def check_entities(schema: GraphQLSchema) -> None:
    """Let `_entities` refuse what no router sends, before Strawberry takes it for keyword arguments."""
    field = schema.query_type.fields.get("_entities") if schema.query_type else None
    resolve: Any = field and field.resolve
    if field is None or hasattr(resolve, "checked"):
        return
    keys: dict[str, list[list[str]]] = {
        type_.name: [str(mark.fields).split() for mark in _definition(type_).directives if isinstance(mark, Key)]
        for type_ in cast(GraphQLUnionType, schema.type_map["_Entity"]).types
    }

    def checked(source: Any, info: Any, representations: list[Any]) -> Any:
        return resolve(source, info, representations=[_representation(keys, given) for given in representations])

    checked.checked = True  # type: ignore[attr-defined]  # schemas are global, applications are not
    field.resolve = checked


def _definition(type_: GraphQLObjectType) -> Any:
    return type_.extensions["strawberry-definition"]


def _representation(keys: Mapping[str, list[list[str]]], given: object) -> dict[str, Any]:
    """`given` reduced to its type and one of its keys. Raises Refused where it has none."""
    said: dict[str, Any] = given if isinstance(given, dict) else {}
    name = str(said.get("__typename"))
    for key in keys.get(name, ()):
        if all(isinstance(said.get(part), (str, int)) for part in key):
            return {"__typename": name, **{part: said[part] for part in key}}
    raise Refused(_("A representation takes __typename and the fields of a key."))
