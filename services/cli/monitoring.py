"""The door for those who watch over a process: metrics and health at an address of their own, never the public one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import uvicorn

from services.cli.serving import bind
from services.kit.errors import HubError
from services.kit.metrics import MEDIA_TYPE
from services.kit.openapi import JSON
from services.kit.service import Hub


@contextlib.asynccontextmanager
async def monitored(hub: Hub) -> AsyncIterator[None]:
    """Answer `/metrics`, `/health/live` and `/health/ready` at `settings.metrics` meanwhile; nothing where it is empty.

    Raises Conflict where the port is taken.
    """
    host, _colon, port = hub.settings.metrics.rpartition(":")
    if not port:
        yield
        return
    with contextlib.closing(bind(host, int(port))) as listener:
        server = _Server(
            uvicorn.Config(_app(hub), lifespan="off", log_level="warning", log_config=None, access_log=False)
        )
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = server.force_exit = True
            await task


class _Server(uvicorn.Server):
    """Leaves signals to the hub's own server: this one answers until that one is done."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _app(hub: Hub) -> Any:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        status, media_type, body = await _answer(hub, scope["path"])
        headers = [(b"content-type", media_type.encode()), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def _answer(hub: Hub, path: str) -> tuple[int, str, bytes]:
    if path == "/metrics":
        return 200, MEDIA_TYPE, await hub.metrics.text(hub)
    if path == "/health/live":
        return 200, JSON, b'{"status":"live"}'
    if path == "/health/ready":
        try:
            return 200, JSON, msgspec.json.encode({"positions": await hub.positions(), "status": "ready"})
        except HubError as problem:
            return problem.status, JSON, msgspec.json.encode(problem.as_json())
    return 404, JSON, b'{"status":404}'
