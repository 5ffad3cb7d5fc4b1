"""What is done once for each text of a query: parsing, measuring, validating, pricing. The rest of a request is cheap.

A text that was asked before costs a look into a dictionary, whoever asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, parse, validate

from services.kit import limits
from services.kit.allowed import Limits
from services.kit.i18n import gettext as _
from services.kit.limits import Shape

MOST_KEPT = 500
"""Texts; the one that was not asked for longest is forgotten first."""
MOST_COSTS = 200
"""Costs of one text, by the sizes of the pages that its variables ask for."""
MOST_ERRORS = 20
MOST_CLASSES = 4


class Invalid(Exception):
    def __init__(self, errors: list[GraphQLError]) -> None:
        self.errors = errors


@dataclass(slots=True)
class Prepared:
    """A query text that may run, and what is remembered of it for as long as it is asked for.

    `operations` by name; None stands for the only one. `memory` is for whoever compiles queries: plans and the like,
    each under a key of its own.
    """

    document: DocumentNode
    operations: Mapping[str | None, OperationDefinitionNode]
    shape: Shape
    sized: tuple[str, ...]
    """The variables on whose values the cost depends."""
    fits: tuple[Limits, ...]
    """Within which limits the text is known to be."""
    memory: dict[Any, Any] = field(default_factory=dict)
    costs: dict[tuple[Any, ...], int] = field(default_factory=dict)


class Preparer:
    """The texts that one graph was asked lately."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self._known: dict[str, Prepared] = {}

    def prepare(self, query: str, allowed: Limits, *, suggestions: bool = True) -> Prepared:
        """Raises GraphQLError, or Invalid with several, where `query` may not run at all or not within `allowed`.

        With `suggestions`, an error names fields that were perhaps meant.
        """
        found = self._known.pop(query, None)
        if found is None:
            found = self._made(query, allowed, suggestions=suggestions)
            if len(self._known) >= MOST_KEPT:
                del self._known[next(iter(self._known))]
        self._known[query] = found  # at the end: the first one is the one to forget
        if allowed not in found.fits:
            _check_length(query, allowed)
            limits.check(found.shape, allowed)
            found.fits = (*found.fits, allowed)[-MOST_CLASSES:]
        return found

    def cost(self, prepared: Prepared, operation: OperationDefinitionNode, variables: dict[str, Any]) -> int:
        """As `limits.price`, remembered by those variables that matter."""
        key = (operation.name.value if operation.name else None, *limits.sizes(prepared.sized, variables))
        if (found := prepared.costs.get(key)) is None:
            found = limits.price(self.schema, prepared.document, operation, variables)
            if len(prepared.costs) >= MOST_COSTS:
                prepared.costs.clear()
            prepared.costs[key] = found
        return found

    def _made(self, query: str, allowed: Limits, *, suggestions: bool) -> Prepared:
        """What is too large for `allowed` is refused before validation, which may take long, looks at it."""
        _check_length(query, allowed)
        limits.check_tokens(query, allowed)
        document = parse(query, max_tokens=allowed.tokens)
        shape = limits.measured(document)
        limits.check(shape, allowed)
        if errors := validate(self.schema, document, max_errors=MOST_ERRORS, hide_suggestions=not suggestions):
            raise Invalid(errors)
        return Prepared(document, _operations(document), shape, limits.sized(document), (allowed,))


def _check_length(query: str, allowed: Limits) -> None:
    if len(query) > allowed.query:
        raise GraphQLError(_("At most {most} characters in one query, please.", most=allowed.query))


def _operations(document: DocumentNode) -> dict[str | None, OperationDefinitionNode]:
    found = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    named: dict[str | None, OperationDefinitionNode] = {one.name.value: one for one in found if one.name}
    return {**named, None: found[0]} if len(found) == 1 else named
