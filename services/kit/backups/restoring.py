"""Bringing a backup back: whole, in one transaction that also holds what must not come back, or not at all."""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from services.kit import migrations
from services.kit.backups import programs, rows
from services.kit.backups.making import Tell
from services.kit.backups.manifest import DUMP, Manifest
from services.kit.backups.programs import Place, Programs
from services.kit.db import Database
from services.kit.errors import Conflict, Refused, Unavailable
from services.kit.i18n import gettext as _

AHEAD = 1_000_000
"""By how much every sequence jumps. What was numbered between the backup and the loss may be known elsewhere: by the
readers of a log, in the keys of mails. No number must mean two things.
"""
CHUNK = 1 << 16
BUSY = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
AND application_name LIKE 'lotsennetz-%' AND application_name <> 'lotsennetz-owner'
"""
THERE = """
SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace IN (
    SELECT oid FROM pg_namespace WHERE nspname = ANY($1))
"""
SAME = """
DO $$ BEGIN
IF NOT EXISTS (SELECT FROM ({summed}) s WHERE s.count = {said.count} AND s.digest = '{said.digest}') THEN
    RAISE EXCEPTION 'the rows of {table} are not those of the backup';
END IF; END $$;
"""
JUMPING = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass,
    least(coalesce(last_value, start_value) + {ahead}, max_value)) FROM pg_sequences WHERE schemaname = '{schema}';
"""
SET_ASIDE = """
DO $$ BEGIN IF to_regclass('{schema}.mail') IS NOT NULL THEN
    UPDATE {schema}.mail SET state = 'failed', reason = 'restored', sealed = NULL, finished_at = now()
    WHERE state = 'queued';
END IF; END $$;
UPDATE {schema}.job SET state = 'failed', error = 'restored', payload = '{{}}', lease_until = NULL, finished_at = now()
WHERE state IN ('queued', 'running') AND payload ? 'sealed';
"""
"""Also links that somebody asked for long ago: the payload of such a job is sealed (`kit.bymail`)."""
OLD_SETTING, FIRST_WITH_IT = b"SET transaction_timeout = 0;\n", 17
"""What newer programs write, and which servers understand it."""
Additions = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows to add, by table with its schema; with those that are there already, nothing happens."""


async def restore(
    url: str, folder: Path, manifest: Manifest, known: Mapping[str, Sequence[str]], *, replace: bool, send: bool,
    additions: Additions, tell: Tell,
) -> None:  # fmt: skip
    """Fill the database of `url` from a backup that was checked, and commit.

    `known` are the migrations that this version knows, by schema. Raises Refused, Conflict or Unavailable; the database
    is then as it was. With `replace`, what it holds of these schemas is thrown away; with `send`, mails that wait in
    the backup are sent.
    """
    names = list(manifest.schemas)
    for name, schema in manifest.schemas.items():
        if schema.revision not in known.get(name, ()):
            raise Refused(
                _(
                    "The backup was made by a newer Lotsennetz ({version}). Please install that version. Nothing was "
                    "changed.",
                    version=manifest.version,
                )
            )
    tools = programs.find(manifest.program)
    owner = Database(url, None, pool=1)
    try:
        await migrations.check_server(owner)
        connection = await owner.connect()
        try:
            await _may(connection, names, replace=replace)
            server = connection.get_server_version().major
        finally:
            await connection.close()
        await migrations.ensure_roles(owner, names)
        tell(_("Restoring {schemas} as of {at:%Y-%m-%d %H:%M} UTC", schemas=", ".join(names), at=manifest.at))
        behind = "\n".join([*_verified(manifest), *_settled(names, send=send), *_added(additions), "COMMIT;", ""])
        await _load(tools, programs.place(url), folder / DUMP, _first(names, replace=replace), behind, server)
        await _counted(owner, manifest)
    finally:
        await owner.close()


async def _counted(owner: Database, manifest: Manifest) -> None:
    """Or the first questions would be planned without figures; the server does it by itself, too, but later."""
    connection = await owner.connect()
    try:
        await connection.execute("SET statement_timeout = 0")
        with contextlib.suppress(asyncpg.PostgresError):
            for name, schema in manifest.schemas.items():
                tables = ", ".join(f'"{name}"."{table}"' for table in schema.tables)
                await connection.execute(f"ANALYZE {tables}")
    finally:
        await connection.close()


async def settle(url: str, schemas: Sequence[str], *, additions: Additions) -> None:
    """What `restore` does beside the rows, for a database that came back another way. Raises Conflict."""
    owner = Database(url, None, pool=1)
    try:
        await migrations.check_server(owner)
        connection = await owner.connect()
        try:
            await _may(connection, schemas, replace=True)
            async with connection.transaction():
                await connection.execute("SET LOCAL lotsennetz.hub = 'on'; SET LOCAL statement_timeout = 0")
                for statement in (*_settled(schemas, send=False), *_added(additions)):
                    await connection.execute(statement)
        finally:
            await connection.close()
    finally:
        await owner.close()


async def _may(connection: Any, names: Sequence[str], *, replace: bool) -> None:
    if await connection.fetchval(BUSY):
        raise Conflict(_("A hub works on this database. Please stop it first. Nothing was changed."))
    if not replace and await connection.fetchval(THERE, list(names)):
        raise Conflict(
            _(
                "The database is not empty. Restore into an empty one, or say --replace to throw away what it holds. "
                "Nothing was changed."
            )
        )


# The script ---------------------------------------------------------------------------------------------------------


def _first(names: Sequence[str], *, replace: bool) -> str:
    """Without `replace` only an empty schema goes, such as an administrator made."""
    lines = [
        r"\set ON_ERROR_STOP on",
        "BEGIN;",
        "SET LOCAL lock_timeout = '10s';",
        "SELECT pg_advisory_xact_lock(hashtextextended('lotsennetz migrations', 0));",
        *(f'DROP SCHEMA IF EXISTS "{name}"{" CASCADE" if replace else ""};' for name in names),
        "",
    ]
    return "\n".join(lines)


def _verified(manifest: Manifest) -> Iterator[str]:
    """Every row of every table, as the backup saw it."""
    yield from (f"{setting};" for setting in rows.PLAIN)
    for name, schema in manifest.schemas.items():
        for table, said in schema.tables.items():
            yield SAME.format(table=f"{name}.{table}", summed=rows.summed(name, table), said=said)


def _settled(schemas: Sequence[str], *, send: bool) -> Iterator[str]:
    """Numbers jump, and nothing that waited to be sent is sent: it most likely left after the backup."""
    for name in schemas:
        yield JUMPING.format(schema=name, ahead=AHEAD)
        if not send:
            yield SET_ASIDE.format(schema=name)


def _added(additions: Additions) -> Iterator[str]:
    for table, lines in additions.items():
        if lines:
            columns = ", ".join(f'"{column}"' for column in lines[0])
            body = msgspec.json.encode(lines).decode().replace("'", "''")
            yield (
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM "  # noqa: S608
                f"json_populate_recordset(NULL::{table}, '{body}') ON CONFLICT DO NOTHING;"
            )


# Running it ---------------------------------------------------------------------------------------------------------


async def _load(tools: Programs, place: Place, dump: Path, first: str, behind: str, server: int) -> None:
    """Write `first`, the dump as SQL and `behind` to psql. Nothing is committed unless all of it was written."""
    reading = await asyncio.create_subprocess_exec(
        tools.path("pg_restore"), "--file=-", "--no-owner", "--no-comments", "--no-security-labels", str(dump),
        env=place.environment, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, limit=CHUNK,
    )  # fmt: skip
    writing = await asyncio.create_subprocess_exec(
        tools.path("psql"), "--no-psqlrc", "--quiet", "--no-password", f"--dbname={place.address}", "--file=-",
        env=place.environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert writing.stdin is not None
    assert writing.stderr is not None
    assert reading.stdout is not None
    assert reading.stderr is not None
    said = [asyncio.create_task(one.read()) for one in (reading.stderr, writing.stderr)]
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # psql has ended, and says why
            writing.stdin.write(first.encode())
            part = await reading.stdout.read(CHUNK)
            if server < FIRST_WITH_IT:
                part = part.replace(OLD_SETTING, b"", 1)
            while part:
                writing.stdin.write(part)
                await writing.stdin.drain()
                part = await reading.stdout.read(CHUNK)
            if await reading.wait():
                raise programs.failed("pg_restore", await said[0])
            writing.stdin.write(behind.encode())
            await writing.stdin.drain()
            writing.stdin.close()
        if await writing.wait():
            raise _refused(await said[1])
    finally:
        for process in (writing, reading):
            await programs.end(process)
        await asyncio.gather(*said, return_exceptions=True)


def _refused(said: bytes) -> Unavailable:
    problem = programs.failed("psql", said)
    return Unavailable(_("The database is as it was: {reason}", reason=problem.message))
