"""GraphQL over HTTP, step by step: who asks, what they ask, whether it may run, the answer.

Answers follow the GraphQL-over-HTTP specification. What depends on the text of a query alone is done once
(`prepared`); what a compiler can answer with one statement never meets the executor (`Fast`).
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from inspect import isawaitable
from typing import Any, Final

import msgspec
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType, execute
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.types import ASGIApp

from services.kit import limits
from services.kit.allowed import Limits
from services.kit.auth import Principal
from services.kit.documents import Documents
from services.kit.errors import Conflict, Forbidden, HubError, Unavailable
from services.kit.graphcall import API, Call
from services.kit.graphql import answers, calls, streams
from services.kit.graphql.answers import Answer, Cost
from services.kit.graphql.context import Context
from services.kit.graphql.prepared import Invalid, Prepared, Preparer
from services.kit.i18n import gettext as _
from services.kit.rates import Rate, address_of
from services.kit.rights import Right

log = logging.getLogger(__name__)
SEARCH: Final = Rate("search", 600, per=60)
"""What somebody without a token may ask from one address."""
CHANGES: Final = Rate("changes from one address", 6_000, per=60)
"""Mutations without a token: with links, which are counted by themselves. A whole event may sit behind one address."""
GRAPH: Final = Right("everybody", rows="what the rights of its fields allow")

Straight = Callable[[Request[Any, Any, Any]], Awaitable[ASGIApp]]
Fast = Callable[[Context, Prepared, OperationDefinitionNode, dict[str, Any]], Awaitable[bytes | None]]
"""Answers a query without the executor: the JSON text of `data`, or None for what the executor must do.

It is asked for queries only, after validation, limits and cost. The variables are as they were sent, not coerced: where
they do not fit, or the answer would have an error, it says None. A HubError is shown as an error of the query;
whatever else it raises is logged, and the executor answers.
"""


def graphql_route(
    path: str, schema: GraphQLSchema, service: str | None = None, fast: Fast | None = None
) -> HTTPRouteHandler:
    """`POST path` answers queries and mutations as JSON, subscriptions as an event stream; `GET path` queries alone,
    to those who name the media type that they read.
    """
    limits.check_entities(schema)
    graph = Graph(schema, service, fast)

    async def endpoint(request: Request[Any, Any, Any]) -> ASGIApp:
        return await graph.answer(request)

    return HTTPRouteHandler(
        path,
        http_method=["GET", "POST"],
        status_code=200,
        media_type="application/json",
        name=f"graphql:{path}",
        request_max_body_size=None,
        right=GRAPH,
        api=API,
        straight=graph.answer if GRAPH.public else None,  # or its guard would have to be asked
        graph=graph,
    )(endpoint)


def straight(handler: BaseRouteHandler) -> Straight | None:
    """How the endpoint of a graph answers, for those who know the route already; None for other routes."""
    return handler.opt.get("straight")


@dataclass(slots=True)
class _Asked:
    """One request: who asks for what, and how the answer is wanted."""

    who: Principal
    call: Call
    allowed: Limits
    curious: bool
    """Whether they may know the schema."""
    naming: bool
    """Whether they may ask for a type whose name they know."""
    modern: bool
    """Whether they speak the media type of the specification."""
    strict: bool
    """Whether a request that did not run is told by its status."""
    changing: bool
    """Whether it was counted as a mutation."""
    cost: Cost | None = None


class Graph:
    """One endpoint: its schema, and what it was asked lately."""

    def __init__(self, schema: GraphQLSchema, service: str | None, fast: Fast | None) -> None:
        self.schema, self.service, self.fast = schema, service, fast
        self.texts = Preparer(schema)

    async def answer(self, request: Request[Any, Any, Any]) -> ASGIApp:
        hub = request.app.state.hub
        asked = await self.read(request, hub)
        try:
            prepared, operation = self.allowed_to_run(asked, hub.settings.documents)
        except (GraphQLError, Invalid, HubError) as problem:
            body = answers.refused(_errors(problem), asked.cost)
            return Answer(body, modern=asked.modern, status=400 if asked.strict else 200)
        if asked.changing and operation.operation is not OperationType.MUTATION:
            await hub.rates.take(SEARCH, address_of(request))
        if operation.operation is not OperationType.QUERY and request.method == "GET":
            raise HTTPException(_("Only queries are read with GET."), status_code=405, headers={"allow": "POST"})
        context = Context(hub.runtimes, asked.who, milliseconds=asked.allowed.seconds * 1000)
        context.replica = operation.operation is OperationType.QUERY
        if operation.operation is OperationType.SUBSCRIPTION:
            counts = partial(hub.verifier.counts, asked.who)
            stream = await streams.stream(self.schema, prepared, asked.call, context, hub.closing, counts)
            return stream.to_asgi_response(app=None, request=request)
        if self.fast is not None and operation.operation is OperationType.QUERY:
            try:
                data = await self.fast(context, prepared, operation, asked.call.variables or {})
            except HubError as problem:
                return self.told(ExecutionResult(None, _errors(problem)), asked, ran=True)
            except Exception:
                log.exception("a compiled read failed; the executor answers")
                data = None
            if data is not None:
                body = answers.compiled(data, asked.cost or (0, 0))
                if request.method == "GET" and not asked.who.known:
                    return answers.Shared(body, _header(request, b"if-none-match"), modern=asked.modern)
                return Answer(body, modern=asked.modern)
        done = await self.run(prepared, context, asked.call, curious=asked.curious)
        return self.told(done, asked, ran=answers.ran(done))

    async def run(self, prepared: Prepared, context: Context, call: Call, *, curious: bool = True) -> ExecutionResult:
        """What the executor says; once more from the primary alone where a replica was lost while it was read."""
        variables, name = call.variables or {}, call.operationName
        while True:
            result = execute(
                self.schema,
                prepared.document,
                context_value=context,
                variable_values=variables,
                operation_name=name,
                hide_suggestions=not curious,
            )
            done = await result if isawaitable(result) else result
            if not (
                context.followed
                and any(isinstance(answers.origin(e), (Unavailable, Conflict)) for e in done.errors or ())
            ):
                return done
            context = Context(context.services, context.principal, milliseconds=context.milliseconds)

    async def ask(self, hub: Any, who: Principal, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data of a query of our own pages, as `who` may see it. Raises the HubError that stands in the answer."""
        allowed = hub.settings.limits_of(who)
        limits.values(variables, allowed)
        prepared = self.texts.prepare(query, allowed)
        operation = prepared.operations[None]
        context = Context(hub.runtimes, who, milliseconds=allowed.seconds * 1000)
        context.replica = operation.operation is OperationType.QUERY
        if self.fast is not None:
            data = await self.fast(context, prepared, operation, variables)
            if data is not None:
                found: dict[str, Any] = msgspec.json.decode(data)
                return found
        done = await self.run(prepared, context, Call(query=query, variables=variables))
        for error in done.errors or ():
            raise error.original_error or error
        return done.data or {}

    async def read(self, request: Request[Any, Any, Any], hub: Any) -> _Asked:
        """Raises HubError and HTTPException for requests that are none."""
        who = await hub.asking(request, self.service)
        counting = not who.known and hub.rates.counting
        if counting and request.method == "GET":
            await hub.rates.take(SEARCH, address_of(request))
        scope, allowed = request.scope, hub.settings.limits_of(who)
        headers = dict(scope["headers"])
        if scope["method"] == "GET":
            if not calls.meant(headers):
                raise HTTPException(_("Please name in Accept what you read: application/json."), status_code=406)
            call = calls.asked(scope["query_string"], allowed.body)
        else:
            try:
                call = await calls.posted(headers, request.receive, allowed.body)
            except Exception:
                if counting:  # what is no request counts as one
                    await hub.rates.take(SEARCH, address_of(request))
                raise
        changing = (call.query or "").lstrip().startswith("mutation")
        if counting and request.method != "GET":
            await hub.rates.take(CHANGES if changing else SEARCH, address_of(request))
        accepted = headers.get(b"accept", b"")
        modern = calls.MODERN in accepted
        strict = modern or calls.STREAMED in accepted
        curious, naming = hub.settings.may_introspect(who), hub.settings.may_ask_types(who)
        return _Asked(who, call, allowed, curious, naming, modern, strict, changing and counting)

    def allowed_to_run(self, asked: _Asked, documents: Documents) -> tuple[Prepared, OperationDefinitionNode]:
        """Raises GraphQLError, Invalid or HubError for what may not run; knows the cost of what may."""
        call, allowed = asked.call, asked.allowed
        query = documents.text(call.query, call.asked, known=asked.who.known)
        if query is None:
            raise HTTPException(_("Please send a query."), status_code=400)
        if call.variables:
            limits.values(call.variables, allowed)
        prepared = self.texts.prepare(query, allowed, suggestions=asked.curious)
        shape = prepared.shape
        if not asked.curious and (shape.whole or (shape.introspections and not asked.naming)):
            raise Forbidden(_("This hub does not tell its schema to you."))
        operation = prepared.operations.get(call.operationName)
        if operation is None:
            raise GraphQLError(_("Please say in operationName which operation to run."))
        cost = self.texts.cost(prepared, operation, call.variables or {})
        asked.cost = (cost, allowed.cost)
        if cost > allowed.cost:
            raise limits.TooDear(allowed.cost)
        return prepared, operation

    def told(self, result: ExecutionResult, asked: _Asked, *, ran: bool) -> Answer:
        body = answers.rendered(result, ran=ran)
        if asked.cost is not None:
            body["extensions"] = answers.extensions(asked.cost)
        refused = result.data is None and not ran and bool(result.errors)
        return Answer(msgspec.json.encode(body), modern=asked.modern, status=400 if refused and asked.strict else 200)


def _header(request: Request[Any, Any, Any], name: bytes) -> bytes:
    return next((value for key, value in request.scope["headers"] if key == name), b"")


def _errors(problem: GraphQLError | Invalid | HubError) -> list[GraphQLError]:
    if isinstance(problem, Invalid):
        return problem.errors
    return [problem if isinstance(problem, GraphQLError) else GraphQLError(problem.message, original_error=problem)]
