"""Making a backup while everything runs: one snapshot of all schemas, whole or not there at all."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg

from services.kit import migrations
from services.kit.backups import manifest, programs, rows
from services.kit.backups.manifest import DUMP, Manifest
from services.kit.db import Database
from services.kit.errors import Conflict, Refused, Unavailable
from services.kit.i18n import gettext as _

PART = ".part-"
LOCK_WAIT = "30s"
"""How long the dump waits for a migration to end."""
Tell = Callable[[str], None]


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder of backups, made for its owner alone where it is not there. Removes what a killed backup left.

    Raises Conflict while another process holds it, Refused where it cannot be.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as problem:
        raise Refused(_("{folder} cannot be used: {reason}", folder=folder, reason=problem.strerror)) from problem
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(_("Another backup writes into {folder} right now.", folder=folder)) from None
        for left in folder.glob(f"{PART}*"):
            manifest.remove(left)
        yield
    finally:
        os.close(handle)


async def make(url: str, schemas: Sequence[str], complete: bool, secret: str, folder: Path, tell: Tell) -> Path:
    """A new backup of `schemas` in `folder`, which is held; returns its own folder.

    `complete` is whether these are all there are, `secret` what `Manifest.secret` says. Raises Refused, Conflict or
    Unavailable, leaving nothing.
    """
    owner = Database(url, None, pool=1)
    try:
        await migrations.check_server(owner)
        connection = await owner.connect()
        try:
            return await _make(connection, url, schemas, complete, secret, folder, tell)
        finally:
            await connection.close()
    except asyncpg.PostgresError as problem:
        raise programs.failed("PostgreSQL", str(problem).encode()) from problem
    except ConnectionError as problem:
        raise Unavailable(_("The database does not answer. Please try again in a moment.")) from problem
    except OSError as problem:
        raise Refused(
            _("The backup cannot be written to {folder}: {reason}", folder=folder, reason=problem.strerror or problem)
        ) from problem
    finally:
        await owner.close()


async def _make(
    connection: Any, url: str, schemas: Sequence[str], complete: bool, secret: str, folder: Path, tell: Tell
) -> Path:
    server = connection.get_server_version().major
    tools = programs.find(server)
    for setting in rows.PLAIN:
        await connection.execute(setting)
    at = datetime.now(UTC).replace(microsecond=0)
    name = f"{at:%Y%m%dT%H%M%SZ}" + ("" if complete else "-" + "-".join(schemas))
    part, done = folder / f"{PART}{name}", folder / name
    if done.exists():
        raise Conflict(_("{folder} is there already. Please try again in a moment.", folder=done))
    part.mkdir(mode=0o700)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            extensions = [row[0] for row in await connection.fetch(rows.EXTENSIONS, list(schemas))]
            found = {}
            for schema in schemas:
                found[schema] = await rows.look(connection, schema)
                tell(
                    _(
                        "{schema}: {count} rows in {tables} tables",
                        schema=schema,
                        count=sum(one.count for one in found[schema].tables.values()),
                        tables=len(found[schema].tables),
                    )
                )
            place = programs.place(url)
            await programs.run(
                [
                    tools.path("pg_dump"),
                    "--format=custom",
                    f"--snapshot={snapshot}",
                    f"--lock-wait-timeout={LOCK_WAIT}",
                    "--enable-row-security",  # acting as the hub, or an owner who is no superuser would not see all
                    "--no-owner",
                    "--no-comments",
                    *(f"--schema={schema}" for schema in schemas),
                    *(f"--extension={extension}" for extension in extensions),
                    f"--dbname={place.address}",
                    "--no-password",
                ],
                place.environment,
                part / DUMP,
            )
        said = Manifest(manifest.FORMAT, at, version("lotsennetz"), server, tools.major, secret, found)
        manifest.write(part, said)
        part.rename(done)
        manifest.sync(folder)
    except BaseException:
        manifest.remove(part)
        raise
    return done
