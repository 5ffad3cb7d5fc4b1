"""What a GraphQL document may cost, counted once per fragment before anything runs.

The cost of a field is one plus, for a list, the cost of its children times the number of items it may return. Fragments
are counted once and remembered, so that a document of chained fragments costs us its own length and no more.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from services.kit.i18n import gettext as _


@dataclass(frozen=True)
class Limits:
    depth: int = 20
    cost: int = 20_000
    root_fields: int = 20
    tokens: int = 2_000
    body: int = 4_000_000
    """Bytes; a city of 500,000 publishes its snapshot in far less."""
    default_page: int = 50


DEFAULT = Limits()
PAGE_ARGUMENTS = ("first", "last", "limit")


@dataclass
class _Count:
    document: DocumentNode
    variables: dict[str, Any]
    limits: Limits

    def __post_init__(self) -> None:
        self.known: dict[str, tuple[int, int]] = {}
        self.open: set[str] = set()

    @cached_property
    def fragments(self) -> dict[str, FragmentDefinitionNode]:
        return {d.name.value: d for d in self.document.definitions if isinstance(d, FragmentDefinitionNode)}

    def selection(self, selections: SelectionSetNode | None) -> tuple[int, int]:
        """(cost, depth); both stop growing just above the limits."""
        if selections is None:
            return 0, 0
        cost = depth = 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                inner, below = self.selection(node.selection_set)
                here, deep = 1 + inner * self.items(node), 1 + below
            elif isinstance(node, InlineFragmentNode):
                here, deep = self.selection(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                here, deep = self.fragment(node.name.value)
            else:
                continue
            cost, depth = min(cost + here, self.limits.cost + 1), max(depth, deep)
        return cost, depth

    def fragment(self, name: str) -> tuple[int, int]:
        if name not in self.known:
            if name in self.open or name not in self.fragments:
                return 0, 0  # a cycle or an unknown name: validation says so
            self.open.add(name)
            self.known[name] = self.selection(self.fragments[name].selection_set)
            self.open.discard(name)
        return self.known[name]

    def items(self, node: FieldNode) -> int:
        """How many items a paged field may return; other lists count as one, their caps are in the schema."""
        for argument in node.arguments or ():
            if argument.name.value in PAGE_ARGUMENTS:
                value = argument.value
                if isinstance(value, IntValueNode):
                    return min(max(int(value.value[:9]), 1), 1_000_000)
                given = self.variables.get(value.name.value) if isinstance(value, VariableNode) else None
                return max(given, 1) if isinstance(given, int) else self.limits.default_page
        return 1


def check(document: DocumentNode, variables: dict[str, Any], limits: Limits = DEFAULT) -> int:
    """The cost of the dearest operation; raises GraphQLError above a limit. Nesting is bounded by the parser's tokens."""
    count = _Count(document, variables, limits)
    dearest = 0
    for definition in document.definitions:
        if not isinstance(definition, OperationDefinitionNode):
            continue
        if len(definition.selection_set.selections) > limits.root_fields:
            raise GraphQLError(_("At most {most} fields at the top of a query, please.", most=limits.root_fields))
        cost, depth = count.selection(definition.selection_set)
        if depth > limits.depth:
            raise GraphQLError(_("The query is nested {found} deep; at most {most}.", found=depth, most=limits.depth))
        if cost > limits.cost:
            raise GraphQLError(_("The query may return more than {most} values. Ask for less.", most=limits.cost))
        dearest = max(dearest, cost)
    return dearest
