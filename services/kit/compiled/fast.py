"""Answers queries from their plans: which plan, with which values, and when the executor has to do it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLSchema,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    value_from_ast_untyped,
)

from services.kit.compiled.arguments import ABSENT
from services.kit.compiled.kept import Kept
from services.kit.compiled.plan import Plan, compiled
from services.kit.compiled.remembered import Remembered
from services.kit.compiled.selections import NotCompiled
from services.kit.compiled.shapes import Given, Shapes, Unfit
from services.kit.graphql.context import Context
from services.kit.graphql.endpoint import Fast
from services.kit.graphql.prepared import Prepared
from services.kit.i18n import language

if TYPE_CHECKING:
    from services.kit.runtime import Runtime

MOST_PLANS: Final = 64
"""Plans of one operation: by audience, language, and which variables are there."""
LARGEST_INT: Final = 1 << 31


def _id(value: object) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Unfit


def _string(value: object) -> object:
    if not isinstance(value, str):
        raise Unfit
    return value


def _int(value: object) -> object:
    if not isinstance(value, int) or isinstance(value, bool) or not -LARGEST_INT <= value < LARGEST_INT:
        raise Unfit
    return value


def _boolean(value: object) -> object:
    if not isinstance(value, bool):
        raise Unfit
    return value


def _named(values: Mapping[str, object], value: object) -> object:
    if not isinstance(value, str) or value not in values:
        raise Unfit
    return value


COERCED: Final[Mapping[str, Callable[[object], object]]] = {
    "ID": _id,
    "String": _string,
    "Int": _int,
    "Boolean": _boolean,
}


@dataclass(slots=True)
class _Variable:
    name: str
    coerced: Callable[[object], object]
    required: bool
    boolean: bool
    default: object = ABSENT

    def of(self, sent: Mapping[str, Any]) -> object:
        """The value, None or ABSENT. Raises Unfit for what the executor refuses."""
        value = sent.get(self.name, self.default)
        if value is None or value is ABSENT:
            if self.required:
                raise Unfit
            return value
        return self.coerced(value)


@dataclass(slots=True)
class _Operation:
    """What is remembered of an operation; `variables` None where it can never be compiled."""

    variables: list[_Variable] | None
    plans: dict[tuple[object, ...], Plan | None] = field(default_factory=dict)


def fast(schema: GraphQLSchema, shapes: Shapes, most: int = 0) -> Fast:
    """Answers from one statement what `shapes` describe of `schema`.

    At most `most` bytes of answers to the shared audience are remembered, for as long as nothing public changes: with
    the service's runtime, for all graphs that have these types.
    """

    async def answer(
        context: Context, prepared: Prepared, operation: OperationDefinitionNode, sent: dict[str, Any]
    ) -> bytes | None:
        name = operation.name.value if operation.name else None
        known: _Operation | None = prepared.memory.get(name)
        if known is None:
            known = prepared.memory[name] = _Operation(_variables(schema, operation))
        if known.variables is None or shapes.service not in context.services:
            return None
        runtime = context.services[shapes.service]
        viewer = shapes.viewer(context.principal, language())
        try:
            values = {variable.name: variable.of(sent) for variable in known.variables}
            # Without news, nobody would hear that what is kept has become wrong.
            remembering = runtime.news is not None and runtime.news.version is not None
            key: tuple[object, ...] = (
                remembering,
                viewer.audience,
                viewer.language,
                *(_kind(variable, values[variable.name]) for variable in known.variables),
            )
            if key not in known.plans:
                if len(known.plans) >= MOST_PLANS:
                    return None
                of = {v.name: _kind(v, values[v.name]) for v in known.variables}
                known.plans[key] = _plan(schema, shapes, prepared, operation, viewer, of, kept=remembering)
            plan = known.plans[key]
            if plan is None:
                return None
            arguments = plan.make(Given(values, viewer))
        except Unfit:
            return None
        kept, remembered = _memory(runtime, most)
        milliseconds = context.milliseconds or runtime.db.milliseconds

        async def read(statement: str, arguments: Sequence[object]) -> bytes | None:
            who = context.principal.subject if context.replica else None
            return await runtime.answer(statement, arguments, milliseconds, who=who)

        async def answered(plan: Plan) -> bytes | None:
            found = await read(plan.sql, arguments)
            if found is None or not plan.kinds:
                return found
            return await kept.filled(found, plan.kinds, runtime.news, read)

        if not most or runtime.news is None or viewer.audience != shapes.shared:
            return await answered(plan)
        asked, before = (plan.sql, *arguments), runtime.news.version
        found = remembered.get(asked, before)
        runtime.metrics.remembered(shapes.service, found=found is not None)
        if found is None:
            found = await answered(plan)
            if found is not None:
                remembered.put(asked, found, before, runtime.news.version)
        return found

    return answer


def _memory(runtime: "Runtime", most: int) -> tuple[Kept, Remembered]:
    found: tuple[Kept, Remembered] | None = runtime.memory.get("compiled")
    if found is None:
        found = runtime.memory["compiled"] = Kept(), Remembered(most)
    return found


def _kind(variable: _Variable, value: object) -> object:
    """What of a value the statement depends on."""
    return value if value is None or value is ABSENT or variable.boolean else True


def _plan(
    schema: GraphQLSchema,
    shapes: Shapes,
    prepared: Prepared,
    operation: OperationDefinitionNode,
    viewer: Any,
    known: Mapping[str, Any],
    *,
    kept: bool,
) -> Plan | None:
    try:
        return compiled(schema, shapes, prepared.document, operation, viewer, known, kept)
    except NotCompiled:
        return None


def _variables(schema: GraphQLSchema, operation: OperationDefinitionNode) -> list[_Variable] | None:
    found = []
    for definition in operation.variable_definitions or ():
        type_: Any = definition.type
        required = isinstance(type_, NonNullTypeNode)
        if required:
            type_ = type_.type
        if isinstance(type_, ListTypeNode) or not isinstance(type_, NamedTypeNode):
            return None
        name = type_.name.value
        known = schema.get_type(name)
        coerced = partial(_named, known.values) if isinstance(known, GraphQLEnumType) else COERCED.get(name)
        if coerced is None:
            return None
        default = value_from_ast_untyped(definition.default_value) if definition.default_value else ABSENT
        found.append(_Variable(definition.variable.name.value, coerced, required, name == "Boolean", default))
    return found
