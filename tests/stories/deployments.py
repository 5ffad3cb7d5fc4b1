"""The same hub: in this process, in one of its own, and split into three behind a federation router."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from services.app import SERVICES, chosen
from services.cli.client import Client
from services.directory.access import CLIENT_SCOPES
from services.directory.oauth import clients as oauth_clients
from services.kit.db import HUB
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.forked import LOTSENNETZ, Command
from tests.router import compose, gateway
from tests.running import running

START_SECONDS = 60.0


DOOR = {"serve": "LOTSENNETZ_PORT", "work": "LOTSENNETZ_METRICS"}
HUB_COMMAND = ("-c", "import sys; from services.cli import main; sys.exit(main())")
"""For an interpreter."""


@dataclass
class Deployment:
    """Where to fetch tokens, ask the graph and find each service; `hub` is the operator's access to the database."""

    tokens: str
    graph: str
    services: dict[str, str]
    hub: Hub
    processes: "tuple[Process, ...]" = ()
    """Those of a hub that does not run in the tests' own."""
    replica: str = ""
    """Where the replica is, if there is one."""

    async def client(self, ags: str | None, *scopes: str) -> Client:
        async with self.hub.runtimes["directory"].db.begin(HUB) as session:
            made = await oauth_clients.add(session, "test", ags, scopes or CLIENT_SCOPES)
        return Client(self.tokens, made.client_id, made.client_secret, graph=self.graph)

    def lose_power(self) -> None:
        """Every process of the hub, and whatever it started, ends at once and without a word."""
        for process in self.processes:
            process.kill()

    async def restart(self) -> None:
        """The processes again, at the same addresses and with the same database."""
        await asyncio.gather(*(process.start() for process in self.processes))


@dataclass
class Process:
    """A process that serves some services (all, if none are named) at `url`; `command` is what it runs.

    With the verb `work`, one that works their jobs; at `url` it tells only of its health.
    """

    url: str
    services: tuple[str, ...]
    environment: Mapping[str, str]
    command: str = LOTSENNETZ
    verb: str = "serve"
    folder: Path | None = None
    """Whose code it runs, if not this tree's."""
    running: Command | subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Returns when it answers."""
        env = {**self.environment, DOOR[self.verb]: self.url.rpartition(":")[2]}
        if self.folder is None:
            self.running = Command(self.verb, *self.services, env=env, command=self.command)
        else:
            asked = [sys.executable, *HUB_COMMAND, self.verb, *self.services]
            self.running = subprocess.Popen(
                asked, env=env, stdout=subprocess.DEVNULL, start_new_session=True, cwd=self.folder
            )
        await _ready(self.url, self.running)

    def kill(self) -> None:
        if self.running is not None:
            os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()
            self.running = None

    async def stop(self) -> None:
        if self.running is not None:
            self.running.send_signal(signal.SIGTERM)
            await asyncio.to_thread(_end, self.running)


@contextlib.asynccontextmanager
async def one_process(settings: Settings) -> AsyncIterator[Deployment]:
    """The hub in this very process."""
    async with running(settings, chosen()) as (hub, _server):
        url = hub.settings.issuer
        yield Deployment(url, f"{url}/graphql", dict.fromkeys(SERVICES, url), hub)


@contextlib.asynccontextmanager
async def one_apart(settings: Settings, command: str = LOTSENNETZ) -> AsyncIterator[Deployment]:
    """The whole hub in one process of its own, as `lotsennetz serve` runs it."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    hub = Hub(replace(settings, public_url=url, workers=False), chosen())
    env = environment(settings, url) | {"LOTSENNETZ_METRICS": settings.metrics}
    async with running_processes(hub, [Process(url, (), env, command)]) as processes:
        yield Deployment(url, f"{url}/graphql", dict.fromkeys(SERVICES, url), hub, processes)


@contextlib.asynccontextmanager
async def split(settings: Settings, command: str = LOTSENNETZ) -> AsyncIterator[Deployment]:
    """Three processes that know each other by address only, and Hive Gateway in front."""
    ports = free_ports(len(SERVICES))
    urls = {name: f"http://127.0.0.1:{port}" for name, port in zip(SERVICES, ports, strict=True)}
    common = environment(settings, urls["directory"], urls)
    hub = Hub(replace(settings, public_url=urls["directory"], workers=False), chosen())
    found = [Process(url, (name,), common, command) for name, url in urls.items()]
    async with running_processes(hub, found) as processes, routed(urls) as router:
        yield Deployment(urls["directory"], f"{router}/graphql", urls, hub, processes)


@contextlib.asynccontextmanager
async def routed(urls: Mapping[str, str], port: int = 0) -> AsyncIterator[str]:
    """The router in front of the services at `urls`; yields its base address."""
    sdls = {name: (f"{url}/{name}/graphql", SERVICES[name].schema.as_str()) for name, url in urls.items()}
    supergraph, _public = await asyncio.to_thread(compose, sdls)
    async with gateway(supergraph, port) as router:
        yield router


def environment(settings: Settings, public_url: str, urls: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a process of a hub needs to know; `urls` where the services of a split one are."""
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("LOTSENNETZ_")},
        "LOTSENNETZ_DATABASE_URL": settings.database_url or "",
        "LOTSENNETZ_REDIS_URL": settings.redis_url or "",
        "LOTSENNETZ_SECRET": settings.secret,
        "LOTSENNETZ_PUBLIC_URL": public_url,
        "LOTSENNETZ_LEASE": str(settings.lease),
        "LOTSENNETZ_RATES": str(settings.rates or "off"),
        "LOTSENNETZ_SMTP_URL": settings.smtp_url,
        **{f"LOTSENNETZ_{name.upper()}_URL": url for name, url in (urls or {}).items()},
    }


@contextlib.asynccontextmanager
async def running_processes(hub: Hub, processes: Sequence[Process]) -> AsyncIterator[tuple[Process, ...]]:
    try:
        await asyncio.gather(*(_patiently(process) for process in processes))
        yield tuple(processes)
    finally:
        await hub.stop()
        await asyncio.gather(*(process.stop() for process in processes))


async def _patiently(process: Process) -> None:
    """On a busy machine a server may not answer in time, and the process ends: once more then."""
    try:
        await process.start()
    except AssertionError:
        await process.start()


def _end(process: Command | subprocess.Popen[bytes]) -> None:
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


async def _ready(url: str, process: Command | subprocess.Popen[bytes]) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        for _turn in range(int(START_SECONDS / 0.1)):
            assert process.poll() is None, f"the service at {url} ended with {process.returncode}"
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(f"{url}/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise TimeoutError(url)


def free_ports(count: int) -> Sequence[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [s.getsockname()[1] for s in sockets]
