"""Where the load goes: a hub of one process or more that is started here, the split of `make split`, or one elsewhere.

Each place says where to ask, and which processes work for what.
"""

import contextlib
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil

from services.app import SERVICES, chosen
from services.kit.service import Hub
from services.kit.settings import Settings, from_environment
from tests.bench import peers
from tests.bench.peers import cpu_seconds
from tests.load.calls import GRAPH
from tests.stories.cluster import cluster
from tests.stories.deployments import Deployment, Process, environment, free_ports, running_processes

TEMPLATE = "load_template"


@dataclass(frozen=True)
class Place:
    deployment: Deployment
    bases: Sequence[Mapping[str, str]]
    parts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Ids of processes by what they are; empty where they run elsewhere."""

    @property
    def owner(self) -> str:
        """The database, as its owner."""
        return self.deployment.hub.settings.database_url or ""

    def cpu(self) -> dict[str, float]:
        """Seconds that each part has used so far."""
        return {part: cpu_seconds(pids) for part, pids in self.parts.items() if pids}

    def memory(self) -> float:
        """Megabytes of one process of the hub, on average."""
        pids = self.parts.get("hub", ())
        return sum(psutil.Process(pid).memory_info().rss for pid in pids) / len(pids) / 1e6 if pids else 0.0

    async def size(self) -> float:
        """Megabytes of the database."""
        connection = await asyncpg.connect(self.owner)
        try:
            return float(await connection.fetchval("SELECT pg_database_size(current_database())")) / 1e6
        finally:
            await connection.close()


@dataclass
class Servers:
    """Embedded servers, and databases on them that are copies of one with everything migrated."""

    found: peers.Servers
    folder: Path
    made: int = 0

    async def database(self) -> str:
        """A new one's name."""
        owner = await asyncpg.connect(self.found.database)
        try:
            if not self.made:
                await owner.execute(f"CREATE DATABASE {TEMPLATE}")
                hub = Hub(self.settings(TEMPLATE), chosen())
                await hub.migrate()
                await hub.settle()
                await hub.stop()
            self.made += 1
            name = f"load_{self.made}"
            await owner.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        finally:
            await owner.close()
        return name

    async def drop(self, name: str) -> None:
        owner = await asyncpg.connect(self.found.database)
        try:
            await owner.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        finally:
            await owner.close()

    def settings(self, name: str) -> Settings:
        return Settings(
            port=0, secret=peers.SECRET, database_url=self.found.named(name), redis_url=self.found.redis, rates=0.0,
            workers=False, data=self.folder / "data",
        )  # fmt: skip


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """As a hub starts them."""
    with peers.servers(folder, tuned=False) as found:
        yield Servers(found, folder)


@contextlib.asynccontextmanager
async def apart(there: Servers, database: str, processes: int) -> AsyncIterator[Place]:
    """The whole hub in so many processes of its own, side by side on one database; jobs are not worked."""
    urls = [f"http://127.0.0.1:{port}" for port in free_ports(processes)]
    settings = replace(there.settings(database), public_url=urls[0])
    env = environment(settings, urls[0]) | {"LOTSENNETZ_WORKERS": "none", "LOTSENNETZ_DATA": str(settings.data)}
    hub = Hub(settings, chosen())
    async with running_processes(hub, [Process(url, (), env) for url in urls]) as running:
        deployment = Deployment(urls[0], f"{urls[0]}/graphql", dict.fromkeys(SERVICES, urls[0]), hub, running)
        parts = {
            "hub": _pids(running), "PostgreSQL": [there.found.postgres], "Valkey": [there.found.valkey],
        }  # fmt: skip
        yield Place(deployment, [_base(url) for url in urls], parts)


@contextlib.asynccontextmanager
async def split(folder: Path) -> AsyncIterator[Place]:
    """Everything that `make split` starts, for once; clients ask each service at its own door."""
    settings = Settings(port=0, secret=peers.SECRET, rates=0.0, data=folder / "data")
    async with cluster(settings, folder=folder) as found:
        base = {GRAPH: found.graph, **found.services}
        primary, replica = (_postmaster(folder / name) for name in ("primary", "replica"))
        parts = {
            "hub": _pids(one for one in found.processes if one.verb == "serve"),
            "workers": _pids(one for one in found.processes if one.verb == "work"),
            "PostgreSQL": [primary], "replica": [replica],
            "Valkey": [int((folder / "valkey" / "valkey.pid").read_text())],
            "router": [_listener(found.graph)],
        }  # fmt: skip
        yield Place(found, [base], parts)


@contextlib.asynccontextmanager
async def elsewhere(url: str) -> AsyncIterator[Place]:
    """A hub that runs already; `LOTSENNETZ_…` say where its database is, and its secret. Its CPU is not looked at."""
    settings = replace(from_environment(), public_url=url.rstrip("/"), workers=False)
    hub = Hub(settings, chosen())
    try:
        base = _base(settings.issuer)
        yield Place(Deployment(settings.issuer, base[GRAPH], dict.fromkeys(SERVICES, settings.issuer), hub), [base])
    finally:
        await hub.stop()


def _base(url: str) -> dict[str, str]:
    return {GRAPH: f"{url}/graphql", **dict.fromkeys(SERVICES, url)}


def _pids(processes: Iterable[Process]) -> list[int]:
    return [one.running.pid for one in processes if one.running is not None]


def _postmaster(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


def _listener(url: str) -> int:
    """The process of ours that listens there."""
    port = urlsplit(url).port
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if any(one.laddr.port == port for one in child.net_connections() if one.status == psutil.CONN_LISTEN):
                return int(child.pid)
    raise ProcessLookupError(url)


def locust() -> str | None:
    """Locust's program: of the environment that `make load` makes, or the one on the path."""
    own = peers.ROOT / ".venv" / "load" / "bin" / "locust"
    return str(own) if own.exists() else shutil.which("locust")
