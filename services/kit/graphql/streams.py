"""Subscriptions as Server-Sent Events („distinct connections mode“ of the GraphQL over SSE protocol).

Every proxy carries them and federation routers speak them to subgraphs.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, cast

import msgspec
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, subscribe
from litestar.response import Stream

from services.kit.errors import Unknown
from services.kit.graphcall import EVENT_STREAM, Call
from services.kit.graphql.answers import ran, rendered, shown
from services.kit.graphql.context import Context
from services.kit.graphql.prepared import Prepared
from services.kit.i18n import gettext as _

KEEP_ALIVE_SECONDS = 12.0


async def stream(
    schema: GraphQLSchema, prepared: Prepared, call: Call, context: Context, counts: Callable[[], bool]
) -> Stream:
    """The events of a subscription, for as long as what the client showed `counts`."""
    started = subscribe(
        schema,
        prepared.document,
        context_value=context,
        variable_values=call.variables or {},
        operation_name=call.operationName,
    )
    source = await cast(Any, started) if hasattr(started, "__await__") else started

    async def lines() -> AsyncIterator[bytes]:
        if isinstance(source, ExecutionResult):
            yield _event("next", rendered(source, ran=ran(source)))
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
                    yield _event("next", rendered(result, ran=ran(result)))
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
