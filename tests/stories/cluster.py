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
from collections.abc import AsyncIterator, Sequence
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
from tests.stories.deployments import (
    Deployment,
    Process,
    environment,
    free_ports,
    routed,
    running_processes,
)

ROUTER, PORTS = 4000, (8001, 8002, 8003, 8011, 8012, 8013)
"""Where `make split` answers: the router, the services, and what tells of the health of workers."""


@contextlib.asynccontextmanager
async def cluster(
    settings: Settings,
    command: str = LOTSENNETZ,
    *,
    folder: Path | None = None,
    router: int = 0,
    ports: Sequence[int] = (),
) -> AsyncIterator[Deployment]:
    """Everything below `folder`, or for once; whatever servers `settings` name are not asked. At free ports if none
    are named.
    """
    with contextlib.ExitStack() as stack:
        folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ln-")))
        stack.enter_context(embedded.folder(folder))
        primary = stack.enter_context(embedded.postgres(folder / "primary"))
        redis = stack.enter_context(embedded.valkey(folder))
        replica = stack.enter_context(following(primary, folder / "replica"))
        ports = ports or free_ports(2 * len(SERVICES))
        at = [f"http://127.0.0.1:{port}" for port in ports]
        urls = dict(zip(SERVICES, at, strict=False))
        own = replace(settings, database_url=primary, redis_url=redis, public_url=urls["directory"], workers=False)
        hub = Hub(own.with_secret(), chosen())
        await hub.migrate()
        await _users(primary)
        processes = []
        for name, serves, works in zip(SERVICES, at, at[len(SERVICES) :], strict=False):
            env = environment(hub.settings, urls["directory"], urls) | _reaching(name, primary, replica)
            env["LOTSENNETZ_DATA"] = str(folder)
            processes += [Process(serves, (name,), env, command), Process(works, (name,), env, command, "work")]
        async with running_processes(hub, processes) as running, routed(urls, router) as graph:
            yield Deployment(urls["directory"], f"{graph}/graphql", urls, hub, running, replica)


def user_of(service: str) -> str:
    return f"{service}_process"


def url_of(service: str, url: str) -> str:
    """The same database for the service's own user."""
    return urlsplit(url)._replace(netloc=f"{user_of(service)}@").geturl()


def _reaching(service: str, primary: str, replica: str) -> dict[str, str]:
    return {
        "LOTSENNETZ_DATABASE_URL": url_of(service, primary),
        "LOTSENNETZ_REPLICA_URL": url_of(service, replica),
        "LOTSENNETZ_WORKERS": "none",
        "LOTSENNETZ_TRUSTED_PROXIES": "127.0.0.1",
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
    async with cluster(settings, folder=settings.data / "split", router=ROUTER, ports=PORTS) as there:
        print(f"graph      {there.graph}")
        for name, url in there.services.items():
            print(f"{name:10} {url}")
        print("Ctrl-C ends it.", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
