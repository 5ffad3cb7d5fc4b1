"""The same hub twice: in one process, and split into three behind a federation router."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import httpx

from services.app import SERVICES, chosen
from services.cli.client import Client
from services.cli.running import running
from services.directory.access import CLIENT_SCOPES
from services.directory.oauth import clients as oauth_clients
from services.kit.db import HUB
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.router import compose, gateway

START_SECONDS = 60.0


@dataclass
class Deployment:
    """Where to fetch tokens, ask the graph and find each service; `hub` is the operator's access to the database."""

    tokens: str
    graph: str
    services: dict[str, str]
    hub: Hub

    async def client(self, ags: str | None, *scopes: str) -> Client:
        async with self.hub.runtimes["directory"].db.begin(HUB) as session:
            made = await oauth_clients.add(session, "test", ags, scopes or CLIENT_SCOPES)
        return Client(self.tokens, made.client_id, made.client_secret, graph=self.graph)


@contextlib.asynccontextmanager
async def one_process(settings: Settings) -> AsyncIterator[Deployment]:
    async with running(settings, chosen()) as (hub, _server):
        url = hub.settings.issuer
        yield Deployment(url, f"{url}/graphql", dict.fromkeys(SERVICES, url), hub)


@contextlib.asynccontextmanager
async def split(settings: Settings) -> AsyncIterator[Deployment]:
    """Three processes that know each other by address only, and Hive Gateway in front."""
    ports = _free_ports(len(SERVICES))
    urls = {name: f"http://127.0.0.1:{port}" for name, port in zip(SERVICES, ports, strict=True)}
    common = {
        **{k: v for k, v in os.environ.items() if not k.startswith("LOTSENNETZ_")},
        **{f"LOTSENNETZ_{name.upper()}_URL": url for name, url in urls.items()},
        "LOTSENNETZ_DATABASE_URL": settings.database_url or "",
        "LOTSENNETZ_REDIS_URL": settings.redis_url or "",
        "LOTSENNETZ_SECRET": settings.secret,
        "LOTSENNETZ_PUBLIC_URL": urls["directory"],
        "LOTSENNETZ_LEASE": str(settings.lease),
        "LOTSENNETZ_RATES": str(settings.rates or "off"),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", "import sys; from services.cli import main; sys.exit(main())", "serve", name],
            env={**common, "LOTSENNETZ_PORT": url.rpartition(":")[2]},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        for name, url in urls.items()
    ]
    hub = Hub(replace(settings, public_url=urls["directory"], workers=False), chosen())
    try:
        await asyncio.gather(*(_ready(url, process) for url, process in zip(urls.values(), processes, strict=True)))
        sdls = {name: (f"{url}/{name}/graphql", SERVICES[name].schema.as_str()) for name, url in urls.items()}
        supergraph, _public = await asyncio.to_thread(compose, sdls)
        async with gateway(supergraph) as router:
            yield Deployment(urls["directory"], f"{router}/graphql", urls, hub)
    finally:
        await hub.stop()
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            await asyncio.to_thread(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


async def _ready(url: str, process: subprocess.Popen[bytes]) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        for _turn in range(int(START_SECONDS / 0.1)):
            assert process.poll() is None, f"the service at {url} ended with {process.returncode}"
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(f"{url}/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise TimeoutError(url)


def _free_ports(count: int) -> Sequence[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [s.getsockname()[1] for s in sockets]
