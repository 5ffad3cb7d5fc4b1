"""GraphQL over HTTP, step by step: who asks, what they ask, whether it may run, the answer.

Answers follow the GraphQL-over-HTTP specification. What depends on the text of a query alone is done once
(`prepared`); what a compiler can answer with one statement never meets the executor (`Fast`).
"""

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, Final

import msgspec
from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType, execute
from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from services.kit import limits
from services.kit.graphcall import API, Call
from services.kit.graphql import answers, calls, streams
from services.kit.graphql.answers import Answer
from services.kit.graphql.context import Context
from services.kit.graphql.prepared import Invalid, Prepared, Preparer
from services.kit.i18n import gettext as _
from services.kit.limits import Limits
from services.kit.rates import Rate, address_of
from services.kit.rights import Right

SEARCH: Final = Rate("search", 600, per=60)
"""What somebody without a token may ask from one address."""
GRAPH: Final = Right("everybody", rows="what the rights of its fields allow")

Fast = Callable[[Context, Prepared, OperationDefinitionNode, dict[str, Any]], Awaitable[bytes | None]]
"""Answers a query without the executor: the JSON text of `data`, or None for what the executor must do.

It is asked for queries only, after validation, limits and cost. The variables are as they were sent, not coerced: where
they do not fit, or the answer would have an error, it says None. What it raises is shown as an error of the query.
"""


def graphql_route(
    path: str,
    schema: GraphQLSchema,
    allowed: Limits = limits.DEFAULT,
    service: str | None = None,
    fast: Fast | None = None,
) -> HTTPRouteHandler:
    """`POST path` answers queries and mutations as JSON, subscriptions as an event stream."""
    limits.check_entities(schema)
    graph = _Graph(schema, allowed, service, fast)

    @post(
        path,
        status_code=200,
        media_type="application/json",
        name=f"graphql:{path}",
        request_max_body_size=None,
        right=GRAPH,
        api=API,
    )
    async def endpoint(request: Request[Any, Any, Any]) -> ASGIApp:
        return await graph.answer(request)

    return endpoint


class _Graph:
    """One endpoint: its schema, what is allowed there, and what it was asked lately."""

    def __init__(self, schema: GraphQLSchema, allowed: Limits, service: str | None, fast: Fast | None) -> None:
        self.schema, self.allowed, self.service, self.fast = schema, allowed, service, fast
        self.texts = Preparer(schema, allowed)

    async def answer(self, request: Request[Any, Any, Any]) -> ASGIApp:
        hub = request.app.state.hub
        who = await hub.asking(request, self.service)
        if not who.known and hub.rates.counting:
            await hub.rates.take(SEARCH, address_of(request))
        headers = dict(request.scope["headers"])
        call = await calls.posted(
            headers, request.receive, self.allowed.body if who.known else self.allowed.anonymous_body
        )
        accepted = headers.get(b"accept", b"")
        modern = calls.MODERN in accepted
        try:
            prepared, operation = self.allowed_to_run(call)
        except (GraphQLError, Invalid) as problem:
            errors = problem.errors if isinstance(problem, Invalid) else [problem]
            strict = modern or calls.STREAMED in accepted
            return Answer(answers.refused(errors), modern=modern, status=400 if strict else 200)
        context = Context(hub.runtimes, who)
        if operation.operation is OperationType.SUBSCRIPTION:
            stream = await streams.stream(self.schema, prepared, call, context, lambda: hub.verifier.counts(who))
            return stream.to_asgi_response(app=None, request=request)
        if self.fast is not None and operation.operation is OperationType.QUERY:
            data = await self.compiled(context, prepared, operation, call.variables or {})
            if data is not None:
                return Answer(data, modern=modern)
        return await self.executed(context, prepared, call, modern=modern)

    def allowed_to_run(self, call: Call) -> tuple[Prepared, OperationDefinitionNode]:
        """Raises GraphQLError or Invalid for what may not run."""
        variables = call.variables or {}
        if variables:
            limits.values(variables, self.allowed)
        prepared = self.texts.prepare(call.query)
        operation = prepared.operations.get(call.operationName)
        if operation is None:
            raise GraphQLError(_("Please say in operationName which operation to run."))
        self.texts.cost(prepared, operation, variables)
        return prepared, operation

    async def compiled(
        self, context: Context, prepared: Prepared, operation: OperationDefinitionNode, variables: dict[str, Any]
    ) -> bytes | None:
        """The body of an answer without the executor; None where it is needed."""
        if self.fast is None:
            return None
        try:
            data = await self.fast(context, prepared, operation, variables)
        except Exception as problem:  # noqa: BLE001 - shown like a resolver's, masked
            shown = answers.shown(GraphQLError(str(problem), original_error=problem))
            return msgspec.json.encode({"errors": [shown], "data": None})
        return None if data is None else b'{"data":%b}' % data

    async def executed(self, context: Context, prepared: Prepared, call: Call, *, modern: bool) -> Answer:
        result = execute(
            self.schema,
            prepared.document,
            context_value=context,
            variable_values=call.variables or {},
            operation_name=call.operationName,
        )
        done = await result if isawaitable(result) else result
        nothing_ran = done.data is None and not answers.ran(done)
        status = 400 if nothing_ran and modern else 200
        return Answer(msgspec.json.encode(answers.rendered(done)), modern=modern, status=status)
