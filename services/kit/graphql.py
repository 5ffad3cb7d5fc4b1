"""GraphQL over HTTP for subgraphs and for the one graph: limits, context, loaders, errors as problems.

Answers follow the GraphQL-over-HTTP specification; subscriptions stream as Server-Sent Events („distinct connections
mode“ of the GraphQL over SSE protocol), which every proxy carries and federation routers speak to subgraphs.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar, cast

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
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response, Stream
from strawberry.dataloader import DataLoader

from services.kit import limits
from services.kit.auth import ANONYMOUS, Principal
from services.kit.db import Reader
from services.kit.errors import HubError, Refused, TooLarge, Unknown
from services.kit.graphcall import API, EVENT_STREAM, GRAPHQL_JSON, Call
from services.kit.i18n import gettext as _
from services.kit.rates import Rate, address_of
from services.kit.rights import Right

if TYPE_CHECKING:
    from services.kit.service import Runtime

log = logging.getLogger(__name__)
KEEP_ALIVE_SECONDS = 12.0
FEDERATION_VERSION: Final = "2.9"
"""The newest that the freely licensed composition understands."""
MOST_PER_PAGE = 100
MOST_LOADED = 50_000
"""Things one query may load; the estimate of its cost takes lists without pages for short ones."""
SEARCH = Rate("search", 600, per=60)
"""What somebody without a token may ask from one address."""
SESSIONS = 4
"""Database sessions one request uses at once, so that a wide query leaves some for the others."""
GRAPH = Right("everybody", rows="what the rights of its fields allow")
UNSTORABLE = "22021"
"""SQLSTATE of a text that PostgreSQL cannot hold, such as one with a NUL."""

T = TypeVar("T")


@dataclass
class Context:
    """What resolvers see of the request. `services` holds the runtimes of this process by name."""

    services: Mapping[str, "Runtime"]
    principal: Principal = ANONYMOUS
    loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)
    loaded: int = 0
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SESSIONS))

    @asynccontextmanager
    async def read(self, runtime: "Runtime") -> AsyncIterator[Reader]:
        """As `runtime.db.read()`, taking turns with the other fields of this request. Not to be nested."""
        async with self._turns, runtime.db.read(self.principal.acting) as session:
            yield session

    async def load(self, runtime: "Runtime", by: Callable[..., Any], key: Any) -> Any:
        """The answer to `key` from `by(session, keys)`, which runs once for all that ask in the same turn.

        Raises Refused once the request has loaded MOST_LOADED things.
        """
        if by not in self.loaders:

            async def batch(keys: list[Any]) -> list[Any]:
                async with self.read(runtime) as session:
                    return list(await by(session, keys))

            self.loaders[by] = DataLoader(load_fn=batch, max_batch_size=1000)
        # Others wait for the same answer: when this field is cancelled, because one beside it failed, they must get it.
        found = await asyncio.shield(self.loaders[by].load(key))
        self.loaded += max(1, len(found)) if isinstance(found, list) else 1
        if self.loaded > MOST_LOADED:
            raise Refused(_("The query may return more than {most} values. Ask for less.", most=MOST_LOADED))
        return found


def graphql_route(
    path: str, schema: GraphQLSchema, allowed: limits.Limits = limits.DEFAULT, service: str | None = None
) -> HTTPRouteHandler:
    """`POST path` answers queries and mutations as JSON, subscriptions as an event stream.

    Only JSON bodies are taken: a form on somebody else's page cannot send one without being asked first.
    """
    prepare = _preparer(schema, allowed)
    limits.check_entities(schema)

    @post(
        path,
        status_code=200,
        media_type="application/json",
        name=f"graphql:{path}",
        request_max_body_size=None,
        right=GRAPH,
        api=API,
    )
    async def endpoint(request: Request[Any, Any, Any]) -> Response[Any]:
        hub = request.app.state.hub
        context = Context(hub.runtimes, await hub.asking(request, service))
        if not context.principal.known:
            await hub.rates.take(SEARCH, address_of(request))
        call = await _call(request, allowed.body if context.principal.known else allowed.anonymous_body)
        variables = call.variables or {}
        try:
            limits.values(variables, allowed)
            document = prepare(call.query)
            operation = get_operation_ast(document, call.operationName)
            if operation is None:
                raise GraphQLError(  # noqa: TRY301 - answered like an error in the query itself
                    _("Please say in operationName which operation to run.")
                )
            limits.cost(schema, document, operation, variables, allowed)
        except GraphQLError as problem:
            return _answer(request, {"errors": [shown(problem)]}, refused=True)
        except _Invalid as invalid:
            return _answer(request, {"errors": [shown(e) for e in invalid.errors]}, refused=True)
        if operation.operation is OperationType.SUBSCRIPTION:
            return await _stream(schema, document, call, context, lambda: hub.verifier.counts(context.principal))
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


async def _call(request: Request[Any, Any, Any], most: int) -> Call:
    if request.content_type[0].lower() not in {"application/json", GRAPHQL_JSON}:
        raise HTTPException(
            _("Please send the query as JSON: Content-Type: application/json"),
            status_code=415,
            headers={"accept": "application/json"},
        )
    body = await read_body(request, most)
    try:
        return msgspec.json.decode(body, type=Call)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise HTTPException(
            _("This is not a GraphQL request in JSON: {reason}", reason=problem), status_code=400
        ) from problem


async def read_body(request: Request[Any, Any, Any], most: int) -> bytes:
    """The body of a request. Raises TooLarge before more than `most` bytes are kept."""
    announced = request.headers.get("content-length", "")
    body = bytearray()
    if not announced.isdecimal() or int(announced[:18]) <= most:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                break
        else:
            return bytes(body)
    raise TooLarge(_("At most {most} bytes in one request, please.", most=most))


class _Invalid(Exception):
    def __init__(self, errors: list[GraphQLError]) -> None:
        self.errors = errors


def _preparer(schema: GraphQLSchema, allowed: limits.Limits) -> Callable[[str], DocumentNode]:
    @lru_cache(maxsize=500)
    def prepare(query: str) -> DocumentNode:
        if len(query) > allowed.query:
            raise GraphQLError(_("At most {most} characters in one query, please.", most=allowed.query))
        document = parse(query, max_tokens=allowed.tokens)
        limits.shape(document, allowed)
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
    elif _unstorable(original):
        out["message"] = _("The text has a character that cannot be used here ({character}).", character="U+0000")
        out["extensions"] = {"code": "BAD_VALUE"}
    elif original is None or isinstance(original, GraphQLError):
        out["extensions"] = {"code": "BAD_QUERY", "status": 400} if not error.path else {"code": "BAD_VALUE"}
    else:
        number = uuid.uuid4().hex[:12]
        log.error("error %s at %s", number, ".".join(map(str, error.path or [])), exc_info=original)
        out["message"] = _("Something went wrong on our side (number {number}).", number=number)
        out["extensions"] = {"code": "INTERNAL", "status": 500, "number": number}
    return out


def _unstorable(problem: Exception | None) -> bool:
    return getattr(getattr(problem, "orig", None), "sqlstate", None) == UNSTORABLE


def rendered(result: ExecutionResult) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if result.errors:
        body["errors"] = [shown(error) for error in result.errors]
    if result.data is not None or not result.errors or _ran(result):
        body["data"] = result.data
    return body


def _answer(request: Request[Any, Any, Any], body: dict[str, Any], *, refused: bool) -> Response[bytes]:
    accepted = request.headers.get("accept", "")
    modern = GRAPHQL_JSON in accepted
    return Response(
        msgspec.json.encode(body),
        status_code=400 if refused and (modern or EVENT_STREAM in accepted) else 200,
        media_type=f"{GRAPHQL_JSON if modern else 'application/json'}; charset=utf-8",
        headers={"cache-control": "no-store", "vary": "Accept, Accept-Language, Authorization"},
    )


async def _stream(
    schema: GraphQLSchema, document: DocumentNode, call: Call, context: Context, counts: Callable[[], bool]
) -> Response[Any]:
    """The events of a subscription, for as long as what the client showed `counts`."""
    started = subscribe(
        schema,
        document,
        context_value=context,
        variable_values=call.variables or {},
        operation_name=call.operationName,
    )
    source = await cast(Any, started) if hasattr(started, "__await__") else started

    async def lines() -> AsyncIterator[bytes]:
        if isinstance(source, ExecutionResult):
            yield _event("next", rendered(source))
        else:
            results = aiter(source)
            waiting = asyncio.ensure_future(anext(results))
            try:
                while True:
                    done, _waiting = await asyncio.wait({waiting}, timeout=KEEP_ALIVE_SECONDS)
                    if not counts():
                        ended = Unknown(_("The access token was revoked."))
                        yield _event("next", {"errors": [shown(GraphQLError(ended.message, original_error=ended))]})
                        break
                    if not done:
                        yield b":\n\n"  # proxies close silent connections
                        continue
                    try:
                        result = waiting.result()
                    except StopAsyncIteration:
                        break
                    except Exception as problem:  # noqa: BLE001 - of the source: shown like a resolver's, masked
                        error = problem if isinstance(problem, GraphQLError) else None
                        error = error or GraphQLError(str(problem), original_error=problem)
                        yield _event("next", {"errors": [shown(error)]})
                        break
                    yield _event("next", rendered(result))
                    context.loaded = 0  # each event is a query of its own
                    waiting = asyncio.ensure_future(anext(results))
            finally:
                # When the client has gone, whatever is awaited here is cancelled: a task of its own closes the source.
                closing = asyncio.ensure_future(_close(waiting, results))
                _closing.add(closing)
                closing.add_done_callback(_closing.discard)
        yield _event("complete", None)

    # As a header: Litestar prefers the route's media type to the one of a stream.
    return Stream(
        lines(), headers={"content-type": EVENT_STREAM, "cache-control": "no-store", "x-accel-buffering": "no"}
    )


_closing: set[asyncio.Future[None]] = set()
"""The loop itself keeps only weak references to tasks."""


async def _close(waiting: asyncio.Future[ExecutionResult], results: AsyncIterator[ExecutionResult]) -> None:
    """End a subscription where it stands, so that nothing of it stays behind: no task, no session."""
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    if isinstance(results, AsyncGenerator):
        await results.aclose()


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


def page_size(first: int, most: int = MOST_PER_PAGE) -> int:
    """Raises Refused unless 1 ≤ `first` ≤ `most`."""
    if not 1 <= first <= most:
        raise Refused(_("„first“ takes a number from 1 to {most}.", most=most))
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
