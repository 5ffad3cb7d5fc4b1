"""One address for everything that `make split` starts, by the rules of the Caddyfile that large deployments use.

For browsers in the tests: cookies and forms belong to one address. It does what they need and nothing for speed.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx
import uvicorn

from services.cli.serving import bind
from tests.deploy.test_front import leads_to

HOP = {b"connection", b"keep-alive", b"transfer-encoding"}
"""Headers of one connection alone (RFC 9110 section 7.6.1)."""
SECONDS = 30.0


@contextlib.asynccontextmanager
async def door(port: int, services: Mapping[str, str], graph: str) -> AsyncIterator[str]:
    """Answers at this port of the machine while the block lasts; yields its address. `graph` is the router's."""
    bases = {**services, "router": graph.removesuffix("/graphql")}
    listener = bind("127.0.0.1", port)
    limits = httpx.Limits(max_connections=None)  # pages hold streams
    async with httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(SECONDS, read=None), limits=limits) as http:
        http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # each browser has its own

        async def app(scope: Any, receive: Any, send: Any) -> None:
            base = bases.get(leads_to(scope["path"]).partition(":")[0])
            if base is None:
                await send({"type": "http.response.start", "status": 404, "headers": []})
                await send({"type": "http.response.body"})
                return
            body, more = b"", True
            while more:
                message = await receive()
                body, more = body + message.get("body", b""), message.get("more_body", False)
            query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
            asked = http.build_request(
                scope["method"], f"{base}{scope['raw_path'].decode()}{query}", headers=_kept(scope["headers"]),
                content=body,
            )  # fmt: skip
            # Whoever leaves ends the stream behind it, too.
            passing, leaving = asyncio.create_task(_pass_on(http, asked, send)), asyncio.create_task(_left(receive))
            await asyncio.wait((passing, leaving), return_when=asyncio.FIRST_COMPLETED)
            for task in (passing, leaving):
                task.cancel()
            await asyncio.gather(passing, leaving, return_exceptions=True)

        config = uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        try:
            while not server.started:
                await asyncio.sleep(0.01)
            yield f"http://localhost:{port}"
        finally:
            server.should_exit = True
            await serving


async def _pass_on(http: httpx.AsyncClient, asked: httpx.Request, send: Any) -> None:
    answer = await http.send(asked, stream=True)
    try:
        headers = _kept(answer.headers.raw)
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        async for part in answer.aiter_raw():
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})
    finally:
        await answer.aclose()


async def _left(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _kept(headers: Any) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers if name.lower() not in HOP]
