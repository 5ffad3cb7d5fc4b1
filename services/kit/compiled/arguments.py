"""How the arguments of a field are read when a plan runs, and when what they say is for the executor."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FieldNode,
    GraphQLField,
    IntValueNode,
    NullValueNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)

from services.kit.compiled.selections import NotCompiled
from services.kit.compiled.shapes import Argument, Given, Key, Unfit
from services.kit.errors import Refused
from services.kit.graphql.relay import decode_cursor

ABSENT: Final = object()
"""Stands for a variable that was not sent and has no default."""


def read(field: GraphQLField, node: FieldNode, known: Mapping[str, Any]) -> dict[str, Argument]:
    """The arguments that are there and not null; of those that are not given, numbers that have a default.

    `known` tells of each variable whether it is None, ABSENT or something. Raises NotCompiled.
    """
    found: dict[str, Argument] = {}
    told = {argument.name.value: argument.value for argument in node.arguments or ()}
    for name, argument in field.args.items():
        reading: Any = _reading(told[name], known) if name in told else ABSENT
        if reading is ABSENT and type(argument.default_value) is int:
            reading = partial(_same, argument.default_value)
        if reading is not None and reading is not ABSENT:
            found[name] = reading
    return found


def _reading(value: ValueNode, known: Mapping[str, Any]) -> Any:
    """None for null, ABSENT for a variable that was not sent."""
    if isinstance(value, VariableNode):
        kind = known.get(value.name.value, ABSENT)
        return kind if kind is None or kind is ABSENT else partial(_variable, value.name.value)
    if isinstance(value, NullValueNode):
        return None
    if isinstance(value, IntValueNode):
        return partial(_same, int(value.value))
    if isinstance(value, (StringValueNode, BooleanValueNode, EnumValueNode)):
        return partial(_same, value.value)
    raise NotCompiled


def first(reading: Argument | None, most: int, given: Given) -> int:
    """The size of a page. Raises Unfit where the executor refuses it."""
    value = reading(given) if reading else None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise Unfit
    return value


def part(after: Argument, length: int, place: int, key: Key, given: Given) -> object:
    """What the cursor says at `place`, of `length` parts. Raises Unfit for what is no cursor of this list."""
    try:
        parts = decode_cursor(after(given), length)
        return key.read((parts or ())[place])
    except (Refused, TypeError, ValueError) as problem:
        raise Unfit from problem


def _same(value: object, _given: Given) -> object:
    return value


def _variable(name: str, given: Given) -> object:
    return given.variables[name]
