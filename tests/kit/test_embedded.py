"""What `lotsennetz up` and its servers do with other hubs, killed hubs, strange folders and missing servers."""

import asyncio
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from arq.connections import RedisSettings

from services.kit import embedded, i18n, jobs, migrations
from services.kit.db import Database
from services.kit.errors import Conflict, Refused, Unavailable
from tests.conftest import soak
from tests.forked import Command

WAIT_SECONDS = 90
STOP_SECONDS = 30
UP = ("--lang", "en", "up")


def environment(**set_: object) -> dict[str, str]:
    """That of this process, with no other `LOTSENNETZ_…` than those of `set_`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOTSENNETZ_", "HUB_"))}
    return kept | {f"LOTSENNETZ_{name}": str(value) for name, value in set_.items()}


def refused(said: Path, **set_: object) -> str:
    """The one line with which `lotsennetz up` gives up; what it says goes to files beside `said`."""
    out, errors = said.with_suffix(".out"), said.with_suffix(".err")
    status = Command(*UP, env=environment(**set_), out=out, errors=errors).wait(WAIT_SECONDS)
    complaint = errors.read_text()
    assert (status, out.read_text()) == (1, ""), complaint
    assert "Traceback" not in complaint
    (line,) = [line for line in complaint.splitlines() if line.startswith("lotsennetz: ")]
    return line


def living(folder: Path) -> list[psutil.Process]:
    """The processes that work in `folder`, or were started with it."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) or str(folder) in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


@contextmanager
def up(folder: Path) -> Iterator[Command]:
    """A hub that answers, in a process group of its own as a shell would give it one."""
    out = folder.with_suffix(".out")
    out.write_text("")
    hub = Command(*UP, env=environment(DATA=folder, PORT=0), out=out)
    try:
        end = time.monotonic() + WAIT_SECONDS
        while "Lotsennetz runs at" not in out.read_text():
            assert hub.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        yield hub
    finally:
        hub.kill()
        hub.wait()


async def remembered(database: str, note: str | None = None) -> list[str]:
    """What was noted in `database`, after noting `note`."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS note (word text)")
        if note:
            await connection.execute("INSERT INTO note VALUES ($1)", note)
        return [row["word"] for row in await connection.fetch("SELECT word FROM note ORDER BY word")]
    finally:
        await connection.close()


@contextmanager
def deaf() -> Iterator[int]:
    """The port of somebody who takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def nobody() -> Iterator[int]:
    """A port that is bound, so that nobody else takes it, and refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


# One hub in a folder --------------------------------------------------------------------------------------------------


def test_a_second_hub_on_the_same_folder_names_the_first(tmp_path: Path) -> None:
    with embedded.folder(tmp_path):
        with i18n.speaking("en"), pytest.raises(Conflict) as raised, embedded.folder(tmp_path):
            pass
        line = refused(tmp_path, DATA=tmp_path)
    for said in (raised.value.message, line):
        assert f"process {os.getpid()})" in said
        assert str(tmp_path) in said
    with embedded.folder(tmp_path):  # free again
        pass


@pytest.mark.slow
async def test_a_hub_after_a_killed_one_keeps_the_data_and_however_it_ends_leaves_nothing_running(
    tmp_path: Path,
) -> None:
    home = tmp_path / "postgres"
    database = f"postgresql://postgres@/lotsennetz?host={home}"
    with up(tmp_path) as killed:
        assert await remembered(database, "1 before") == ["1 before"]
        killed.kill()
        killed.wait(WAIT_SECONDS)
    assert living(tmp_path)  # the orphans that the next one has to deal with
    with up(tmp_path) as hub:
        assert await remembered(database, "2 after") == ["1 before", "2 after"]
        os.killpg(hub.pid, signal.SIGINT)  # Ctrl-C reaches every process of the group
        assert hub.wait(STOP_SECONDS) == 0
    assert living(tmp_path) == []
    with up(tmp_path) as hub:
        hub.terminate()
        assert hub.wait(STOP_SECONDS) == 0
    assert living(tmp_path) == []


async def test_settings_are_ours_once_and_an_operators_count_more(tmp_path: Path) -> None:
    for wanted in ("sync", "worker"):
        with embedded.postgres(tmp_path) as database:
            connection = await asyncpg.connect(database)
            assert await connection.fetchval("SHOW io_method") == wanted
            await connection.execute("ALTER SYSTEM SET io_method = 'worker'")
            await connection.close()
    assert (tmp_path / "postgres" / "postgresql.conf").read_text(encoding="utf-8").count(embedded.SETTINGS) == 1


# Strange folders ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *('Daten der Stadt Köln: it\'s $HOME; `id` & "so" # on 50%20?a=b', "long" * 40),
        *(pytest.param(name, marks=soak) for name in ('it\'s $HOME; `id` & "so" # on', "50%20?a=b")),
    ],
    ids=["all signs at once", "too long for a socket", "a shell's words", "an address's words"],
)
async def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    for times in (1, 2):
        with embedded.servers(tmp_path / name) as servers:
            assert await remembered(servers.database, "here") == ["here"] * times
            await jobs.check_server(RedisSettings.from_dsn(servers.redis))
            # Whoever reaches the socket is a superuser, so the folder around it must keep others out.
            for home in ("postgres", "valkey"):
                (found,) = [path for path in (tmp_path / name / home).iterdir() if path.is_socket()]
                others = stat.S_IMODE(found.parent.stat().st_mode if home == "postgres" else found.stat().st_mode)
                assert others & 0o077 == 0
    assert living(tmp_path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the rights of folders")
@pytest.mark.parametrize("starts", [True, False])
def test_folders_above_the_data_become_passable_and_not_readable(tmp_path: Path, starts: bool) -> None:
    above = tmp_path / "private"
    above.mkdir(mode=0o700)
    if not starts:
        (above / "data" / "postgres").mkdir(parents=True)
        (above / "data" / "postgres" / "PG_VERSION").write_text("7\n")
    try:
        with embedded.postgres(above / "data"):
            assert starts
    except Unavailable:
        assert not starts
    assert stat.S_IMODE(above.stat().st_mode) == 0o711
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o711


def test_a_stranger_with_the_number_of_a_dead_server_is_left_alone(tmp_path: Path) -> None:
    """After a restart of the machine, or in a container, numbers are soon used again."""
    with embedded.servers(tmp_path):
        notes = {
            path: path.read_text() for path in (tmp_path / "postgres/postmaster.pid", tmp_path / "valkey/valkey.pid")
        }
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        for path, note in notes.items():
            path.write_text(re.sub(r"^\d+", str(stranger.pid), note))
        with embedded.servers(tmp_path):
            pass
        assert stranger.poll() is None
        stranger.communicate(b"\n")
    assert living(tmp_path) == []


# Servers and ports that are missing -----------------------------------------------------------------------------------


def test_a_taken_port_is_named(servers: Any, tmp_path: Path) -> None:
    with deaf() as port:
        line = refused(tmp_path, DATA=tmp_path, PORT=port, DATABASE_URL=servers.database, REDIS_URL=servers.redis)
    assert f"127.0.0.1:{port} cannot be used" in line
    assert "LOTSENNETZ_PORT" in line


@pytest.mark.parametrize("kind", [nobody, deaf])
def test_a_database_that_does_not_answer_is_named(servers: Any, tmp_path: Path, kind: Any) -> None:
    with kind() as port:
        url = f"postgresql://me:secret@127.0.0.1:{port}/lotsennetz"
        line = refused(tmp_path, DATA=tmp_path, PORT=0, DATABASE_URL=url, REDIS_URL=servers.redis)
    assert "PostgreSQL does not answer" in line
    assert "LOTSENNETZ_DATABASE_URL" in line
    assert "secret" not in line


@pytest.mark.parametrize("kind", [nobody, deaf])
def test_a_valkey_that_does_not_answer_is_named(database: str, tmp_path: Path, kind: Any) -> None:
    with kind() as port:
        url = f"redis://:secret@127.0.0.1:{port}/0"
        line = refused(tmp_path, DATA=tmp_path, PORT=0, DATABASE_URL=database, REDIS_URL=url)
    assert "Valkey does not answer" in line
    assert "LOTSENNETZ_REDIS_URL" in line
    assert "secret" not in line


async def test_servers_that_are_too_old_are_refused(servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = Database(servers.database, None, pool=1)
    redis = RedisSettings.from_dsn(servers.redis)
    await asyncio.gather(migrations.check_server(owner), jobs.check_server(redis))
    monkeypatch.setattr(migrations, "OLDEST_POSTGRES", 99)
    monkeypatch.setattr(jobs, "OLDEST_REDIS", 99)
    with i18n.speaking("en"):
        with pytest.raises(Refused, match=r"PostgreSQL \d+ is too old: Lotsennetz needs 99 or newer"):
            await migrations.check_server(owner)
        with pytest.raises(Refused, match="too old: Lotsennetz needs Valkey or Redis 99 or newer"):
            await jobs.check_server(redis)
    await owner.close()


async def test_an_embedded_server_that_dies_comes_back(tmp_path: Path) -> None:
    """Nobody else watches over it; what was committed is there again."""
    folder = tmp_path / "d"
    folder.mkdir()
    with (
        embedded.postgres(folder, guard=True) as database,
        embedded.valkey(folder, guard=True) as redis,
    ):
        assert await remembered(database, "1 before") == ["1 before"]
        os.kill(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        os.kill(int((folder / "valkey" / "valkey.pid").read_text()), signal.SIGKILL)
        for _turn in range(WAIT_SECONDS * 2):
            try:
                await jobs.check_server(RedisSettings.from_dsn(redis))
                assert await remembered(database, "2 after") == ["1 before", "2 after"]
                break
            except (OSError, Unavailable, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.5)
        else:
            pytest.fail("the servers did not come back")
    assert living(folder) == []
