"""Which fields a selection asks for, once its fragments and conditions are looked at."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
)


class NotCompiled(Exception):
    """The query asks for something that no shape describes."""


class Selections:
    """Collects fields; `known` holds the values of boolean variables. Its methods raise NotCompiled."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, known: Mapping[str, Any]) -> None:
        self.schema, self.known = schema, known
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}

    def fields(self, type_name: str, selections: Sequence[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """The fields by response key, as the specification collects them (6.3.2); types here are object types only."""
        found: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()

        def collect(selection: SelectionSetNode) -> None:
            for node in selection.selections:
                if not self.included(node.directives or ()):
                    continue
                if isinstance(node, FieldNode):
                    found.setdefault((node.alias or node.name).value, []).append(node)
                    continue
                if isinstance(node, FragmentSpreadNode):
                    if node.name.value in seen:
                        continue
                    seen.add(node.name.value)
                    fragment: Any = self.fragments[node.name.value]
                else:
                    assert isinstance(node, InlineFragmentNode)
                    fragment = node
                if fragment.type_condition is None or fragment.type_condition.name.value == type_name:
                    collect(fragment.selection_set)
                elif not isinstance(self.schema.get_type(fragment.type_condition.name.value), GraphQLObjectType):
                    raise NotCompiled

        for selection in selections:
            collect(selection)
        return found

    def included(self, directives: Sequence[DirectiveNode]) -> bool:
        for directive in directives:
            name = directive.name.value
            if name not in {"include", "skip"} or len(directive.arguments or ()) != 1:
                raise NotCompiled
            value = (directive.arguments or ())[0].value
            if isinstance(value, BooleanValueNode):
                said = value.value
            elif isinstance(value, VariableNode) and isinstance(self.known.get(value.name.value), bool):
                said = self.known[value.name.value]
            else:
                raise NotCompiled
            if said is (name == "skip"):
                return False
        return True
