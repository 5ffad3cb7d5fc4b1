"""GraphQL over HTTP for subgraphs and for the one graph: limits, context, loaders, errors as problems.

Answers follow the GraphQL-over-HTTP specification; subscriptions stream as Server-Sent Events („distinct connections
mode“ of the GraphQL over SSE protocol), which every proxy carries and federation routers speak to subgraphs.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

import msgspec
import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    execute,
    get_operation_ast,
    parse,
    subscribe,
    validate,
)
from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response, Stream
from strawberry.dataloader import DataLoader

from services.kit import limits
from services.kit.auth import ANONYMOUS, Principal
from services.kit.errors import HubError, Refused, TooLarge
from services.kit.i18n import gettext as _

if TYPE_CHECKING:
    from services.kit.service import Runtime

log = logging.getLogger(__name__)
GRAPHQL_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
KEEP_ALIVE_SECONDS = 12.0
FEDERATION_VERSION = "2.9"
"""The newest that the freely licensed composition understands."""
MOST_PER_PAGE = 100

T = TypeVar("T")


@dataclass
class Context:
    """What resolvers see of the request. `services` holds the runtimes of this process by name."""

    services: Mapping[str, "Runtime"]
    principal: Principal = ANONYMOUS
    loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)

    async def load(self, runtime: "Runtime", by: Callable[..., Any], key: Any) -> Any:
        """The answer to `key` from `by(session, keys)`, which runs once for all that ask in the same turn."""
        if by not in self.loaders:

            async def batch(keys: list[Any]) -> list[Any]:
                async with runtime.db.read() as session:
                    return list(await by(session, keys))

            self.loaders[by] = DataLoader(load_fn=batch, max_batch_size=1000)
        return await self.loaders[by].load(key)


class Call(msgspec.Struct, forbid_unknown_fields=False):
    """The body of a GraphQL request."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None
    extensions: dict[str, Any] | None = None


def graphql_route(path: str, schema: GraphQLSchema, allowed: limits.Limits = limits.DEFAULT) -> HTTPRouteHandler:
    """`POST path` answers queries and mutations as JSON, subscriptions as an event stream.

    Only JSON bodies are taken: a form on somebody else's page cannot send one without being asked first.
    """
    prepare = _preparer(schema, allowed)

    @post(path, status_code=200, media_type="application/json", name=f"graphql:{path}", request_max_body_size=None)
    async def endpoint(request: Request[Any, Any, Any]) -> Response[Any]:
        hub = request.app.state.hub
        context = Context(hub.runtimes, await hub.verifier.principal(request.headers.get("authorization")))
        call = await _call(request, allowed)
        variables = call.variables or {}
        try:
            document = prepare(call.query)
            limits.check(document, variables, allowed)
            operation = get_operation_ast(document, call.operationName)
            if operation is None:
                raise GraphQLError(_("Please say in operationName which operation to run."))
        except GraphQLError as problem:
            return _answer(request, {"errors": [shown(problem)]}, refused=True)
        except _Invalid as invalid:
            return _answer(request, {"errors": [shown(e) for e in invalid.errors]}, refused=True)
        if operation.operation is OperationType.SUBSCRIPTION:
            return await _stream(schema, document, call, context)
        result = execute(
            schema, document, context_value=context, variable_values=variables, operation_name=call.operationName
        )
        done = cast(
            ExecutionResult, await result if asyncio.iscoroutine(result) or hasattr(result, "__await__") else result
        )
        return _answer(request, rendered(done), refused=done.data is None and not _ran(done))

    return endpoint


def _ran(result: ExecutionResult) -> bool:
    """Whether resolvers ran: errors of variables come without a path."""
    return any(error.path for error in result.errors or ())


async def _call(request: Request[Any, Any, Any], allowed: limits.Limits) -> Call:
    if request.content_type[0] not in {"application/json", GRAPHQL_JSON}:
        raise Refused(_("Please send the query as JSON: Content-Type: application/json"))
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > allowed.body:
            raise TooLarge(_("At most {most} bytes in one request, please.", most=allowed.body))
    try:
        return msgspec.json.decode(body, type=Call)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Refused(_("This is not a GraphQL request in JSON: {reason}", reason=problem)) from problem


class _Invalid(Exception):
    def __init__(self, errors: list[GraphQLError]) -> None:
        self.errors = errors


def _preparer(schema: GraphQLSchema, allowed: limits.Limits) -> Callable[[str], DocumentNode]:
    @lru_cache(maxsize=500)
    def prepare(query: str) -> DocumentNode:
        try:
            document = parse(query, max_tokens=allowed.tokens)
        except RecursionError:
            raise GraphQLError(
                _("The query is nested {found} deep; at most {most}.", found="∞", most=allowed.depth)
            ) from None
        limits.check(document, {}, allowed)
        if errors := validate(schema, document, max_errors=20):
            raise _Invalid(errors)
        return document

    return prepare


def shown(error: GraphQLError) -> dict[str, Any]:
    """An error as clients see it: ours with code and problems, the query's own as it is, everything else masked."""
    out: dict[str, Any] = {"message": error.message}
    if error.locations:
        out["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        out["path"] = error.path
    original = error.original_error
    while isinstance(original, GraphQLError) and original.original_error is not None:
        original = original.original_error
    if isinstance(original, HubError):
        body = original.as_json()
        out["message"] = body.pop("detail")
        out["extensions"] = body
    elif original is None or isinstance(original, GraphQLError):
        out["extensions"] = {"code": "BAD_QUERY", "status": 400} if not error.path else {"code": "BAD_VALUE"}
    else:
        number = uuid.uuid4().hex[:12]
        log.error("error %s at %s", number, ".".join(map(str, error.path or [])), exc_info=original)
        out["message"] = _("Something went wrong on our side (number {number}).", number=number)
        out["extensions"] = {"code": "INTERNAL", "status": 500, "number": number}
    return out


def rendered(result: ExecutionResult) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if result.errors:
        body["errors"] = [shown(error) for error in result.errors]
    if result.data is not None or not result.errors or _ran(result):
        body["data"] = result.data
    return body


def _answer(request: Request[Any, Any, Any], body: dict[str, Any], *, refused: bool) -> Response[bytes]:
    modern = GRAPHQL_JSON in request.headers.get("accept", "")
    return Response(
        msgspec.json.encode(body),
        status_code=400 if refused and modern else 200,
        media_type=f"{GRAPHQL_JSON if modern else 'application/json'}; charset=utf-8",
        headers={"cache-control": "no-store", "vary": "Accept, Accept-Language, Authorization"},
    )


async def _stream(schema: GraphQLSchema, document: DocumentNode, call: Call, context: Context) -> Response[Any]:
    started = subscribe(
        schema,
        document,
        context_value=context,
        variable_values=call.variables or {},
        operation_name=call.operationName,
    )
    source = await started if hasattr(started, "__await__") else started

    async def lines() -> AsyncIterator[bytes]:
        if isinstance(source, ExecutionResult):
            yield _event("next", rendered(source))
        else:
            results = aiter(source)
            waiting = asyncio.ensure_future(anext(results))
            try:
                while True:
                    done, _waiting = await asyncio.wait({waiting}, timeout=KEEP_ALIVE_SECONDS)
                    if not done:
                        yield b":\n\n"  # proxies close silent connections
                        continue
                    try:
                        yield _event("next", rendered(waiting.result()))
                    except StopAsyncIteration:
                        break
                    waiting = asyncio.ensure_future(anext(results))
            finally:
                waiting.cancel()
        yield _event("complete", None)

    # As a header: Litestar prefers the route's media type to the one of a stream.
    return Stream(
        lines(), headers={"content-type": EVENT_STREAM, "cache-control": "no-store", "x-accel-buffering": "no"}
    )


def _event(name: str, data: dict[str, Any] | None) -> bytes:
    return f"event: {name}\ndata: ".encode() + (msgspec.json.encode(data) if data is not None else b"") + b"\n\n"


# Relay connections -----------------------------------------------------------------------------------------------


@strawberry.federation.type(shareable=True, description="Where a page of a connection lies (Relay).")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    node: T
    cursor: str


@strawberry.type
class Connection(Generic[T]):
    """A page of a list, in the shape of the Relay cursor connections specification."""

    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo

    @classmethod
    def of(cls, items: list[T], cursor: Callable[[T], str], first: int, after: str | None) -> Self:
        """The page from `items`, of which the caller fetched one more than `first`."""
        page = items[:first]
        edges = [Edge(node=item, cursor=cursor(item)) for item in page]
        info = PageInfo(
            has_next_page=len(items) > first,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        )
        return cls(edges=edges, nodes=page, page_info=info)


def page_size(first: int) -> int:
    """Raises Refused unless 1 ≤ `first` ≤ MOST_PER_PAGE."""
    if not 1 <= first <= MOST_PER_PAGE:
        raise Refused(_("„first“ takes a number from 1 to {most}.", most=MOST_PER_PAGE))
    return first


def encode_cursor(*parts: str) -> str:
    """An opaque cursor from the sort key of a row."""
    return msgspec.json.encode(parts).hex()


def decode_cursor(cursor: str | None, length: int) -> list[str] | None:
    """The parts of a cursor made by `encode_cursor`; raises Refused for anything else."""
    if cursor is None:
        return None
    try:
        parts = msgspec.json.decode(bytes.fromhex(cursor), type=list[str])
    except (ValueError, msgspec.MsgspecError):
        parts = []
    if len(parts) != length or any("\0" in part for part in parts):
        raise Refused(_("„after“ is not a cursor of this list."))
    return parts
