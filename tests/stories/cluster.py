"""The hub as large deployments have it, on one machine: `make split`.

Three services and three workers, each a process with a database user of its own that reaches one schema; PostgreSQL
with a streaming replica at which queries are read; Valkey; Hive Gateway in front. The owner of the database migrates
before, and none of the processes could.
"""

import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from services.app import SERVICES, chosen
from services.kit import embedded
from services.kit.db import role_of
from services.kit.service import Hub
from services.kit.settings import Settings, from_environment
from tests.forked import LOTSENNETZ
from tests.replica import following
from tests.stories.caddy import believed, caddy
from tests.stories.deployments import (
    Deployment,
    Process,
    environment,
    free_ports,
    routed,
    running_processes,
)

ROUTER, PORTS, FRONT = 4000, (8001, 8002, 8003, 8011, 8012, 8013), 8080
"""Where `make split` answers: the router, the services and what tells of the health of workers, and all as one."""


class Wiring:
    """How the processes of a cluster reach each other: directly. Others lead through something that breaks."""

    guarded = False
    """Whether database and Valkey are started again when they die."""

    async def reach(self, who: str, whom: str, url: str) -> str:
        """The address at which `who` (a service with its worker, or `router`) reaches `whom` (a service, `primary`,
        `replica` or `valkey`), which is at `url`.
        """
        return url

    def environment(self, service: str, verb: str) -> Mapping[str, str]:
        """What a process needs beside, or instead."""
        return {}


@contextlib.asynccontextmanager
async def cluster(
    settings: Settings,
    command: str = LOTSENNETZ,
    *,
    folder: Path | None = None,
    router: int = 0,
    ports: Sequence[int] = (),
    front: int = 0,
    secure: bool = False,
    wiring: Wiring | None = None,
) -> AsyncIterator[Deployment]:
    """Everything below `folder`, or for once; whatever servers `settings` name are not asked. At free ports if none
    are named. With the port `front`, all of it is one address there, as large deployments have it; `secure` with TLS,
    whose authority only this process believes.
    """
    wiring = wiring or Wiring()
    with contextlib.ExitStack() as stack:
        folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ln-")))
        stack.enter_context(embedded.folder(folder))
        primary = stack.enter_context(embedded.postgres(folder / "primary", guard=wiring.guarded))
        redis = stack.enter_context(embedded.valkey(folder, guard=wiring.guarded))
        replica = stack.enter_context(following(primary, folder / "replica", guard=wiring.guarded))
        ports = ports or free_ports(2 * len(SERVICES))
        at = [f"http://127.0.0.1:{port}" for port in ports]
        urls = dict(zip(SERVICES, at, strict=False))
        public = f"http{'s' * secure}://localhost:{front}" if front else urls["directory"]
        own = replace(settings, database_url=primary, redis_url=redis, public_url=public, workers=False)
        hub = Hub(own.with_secret(), chosen())
        await hub.migrate()
        await _users(primary)
        processes = []
        for name, serves, works in zip(SERVICES, at, at[len(SERVICES) :], strict=False):
            env = environment(hub.settings, public, {} if front else urls)
            env |= await _reaching(wiring, name, primary, replica, redis, urls)
            env["LOTSENNETZ_DATA"] = str(folder)
            for url, verb in ((serves, "serve"), (works, "work")):
                more = wiring.environment(name, verb)
                processes.append(Process(url, (name,), {**env, **more}, command, verb))
        routes = {name: await wiring.reach("router", name, url) for name, url in urls.items()}
        async with contextlib.AsyncExitStack() as there:
            running = await there.enter_async_context(running_processes(hub, processes))
            graph = await there.enter_async_context(routed(routes, router))
            if front:
                upstreams = {f"{name}:8000": urlsplit(url).netloc for name, url in urls.items()}
                upstreams["router:4000"] = urlsplit(graph).netloc
                authority = await there.enter_async_context(caddy("split", public, upstreams))
                if secure:
                    there.enter_context(believed(authority))
            where = dict.fromkeys(urls, public) if front else urls
            yield Deployment(public, f"{graph}/graphql", where, hub, running, replica)


def user_of(service: str) -> str:
    return f"{service}_process"


def url_of(service: str, url: str) -> str:
    """The same database for the service's own user."""
    return urlsplit(url)._replace(netloc=f"{user_of(service)}@").geturl()


async def _reaching(
    wiring: Wiring, name: str, primary: str, replica: str, redis: str, urls: Mapping[str, str]
) -> dict[str, str]:
    others = {f"LOTSENNETZ_INSIDE_{one.upper()}_URL": await wiring.reach(name, one, url) for one, url in urls.items()}
    return {
        "LOTSENNETZ_DATABASE_URL": await wiring.reach(name, "primary", url_of(name, primary)),
        "LOTSENNETZ_REPLICA_URL": await wiring.reach(name, "replica", url_of(name, replica)),
        "LOTSENNETZ_REDIS_URL": await wiring.reach(name, "valkey", redis),
        "LOTSENNETZ_WORKERS": "none",
        "LOTSENNETZ_TRUSTED_PROXIES": "127.0.0.1",
        **others,
    }


async def _users(primary: str) -> None:
    """A user for each service, who may wear its role and no other."""
    owner = await asyncpg.connect(primary)
    try:
        for name in SERVICES:
            if not await owner.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", user_of(name)):
                await owner.execute(f"CREATE ROLE {user_of(name)} LOGIN IN ROLE {role_of(name)}")
    finally:
        await owner.close()


async def _main() -> None:
    settings = from_environment()
    stopped = asyncio.Event()
    for stop in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(stop, stopped.set)
    async with cluster(settings, folder=settings.data / "split", router=ROUTER, ports=PORTS, front=FRONT) as there:
        print(f"pages      {there.tokens}")
        print(f"graph      {there.graph}")
        for name, port in zip(SERVICES, PORTS, strict=False):
            print(f"{name:10} http://127.0.0.1:{port}")
        print("Ctrl-C ends it.", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
