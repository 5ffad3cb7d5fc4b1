"""Subscriptions as Server-Sent Events („distinct connections mode“ of the GraphQL over SSE protocol).

Federation routers speak them to subgraphs.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, subscribe
from litestar.response import Stream

from services.kit import eventstream
from services.kit.graphcall import Call
from services.kit.graphql.answers import ran, rendered, shown
from services.kit.graphql.context import Context
from services.kit.graphql.prepared import Prepared


async def stream(
    schema: GraphQLSchema,
    prepared: Prepared,
    call: Call,
    context: Context,
    closing: asyncio.Event,
    counts: Callable[[], bool],
) -> Stream:
    """The events of a subscription, until the process is `closing`, for as long as what the client showed `counts`."""
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
            yield eventstream.event("next", rendered(source, ran=ran(source)))
        else:
            try:
                async with aclosing(eventstream.kept(aiter(source), closing, counts)) as results:
                    async for result in results:
                        if result is None:
                            yield eventstream.SILENCE
                            continue
                        yield eventstream.event("next", rendered(result, ran=ran(result)))
                        context.loaded = 0  # each event is a query of its own
            except Exception as problem:  # noqa: BLE001 - of the source: shown like a resolver's, masked
                error = problem if isinstance(problem, GraphQLError) else None
                error = error or GraphQLError(str(problem), original_error=problem)
                yield eventstream.event("next", {"errors": [shown(error)]})
        yield eventstream.event("complete")

    return eventstream.answer(lines())
