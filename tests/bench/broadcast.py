"""A bare broadcast to compare with: Litestar, Server-Sent Events, a queue for each connection, nothing else.

`python -m tests.bench.broadcast PORT BYTES`; `POST /change?n=7` sends an event with that id to everybody.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from litestar import Litestar, Request, get, post
from litestar.response import ServerSentEvent


def app(size: int) -> Litestar:
    queues: set[asyncio.Queue[dict[str, str]]] = set()
    state = {"id": "0", "event": "live", "data": "x" * size}

    @get("/live")
    async def live() -> ServerSentEvent:
        queue: asyncio.Queue[dict[str, str]] = asyncio.Queue()

        async def events() -> AsyncIterator[dict[str, str]]:
            queues.add(queue)
            try:
                yield state
                while True:
                    yield await queue.get()
            finally:
                queues.discard(queue)

        return ServerSentEvent(events())

    @post("/change", status_code=200)
    async def change(request: Request[Any, Any, Any]) -> str:
        state["id"] = request.query_params["n"]
        for queue in queues:
            queue.put_nowait(dict(state))
        return ""

    return Litestar([live, change], openapi_config=None, logging_config=None)


if __name__ == "__main__":
    uvicorn.run(app(int(sys.argv[2])), port=int(sys.argv[1]), log_level="warning", access_log=False)
