"""The one Alembic environment: each service brings a folder of revisions, its schema and its role.

`upgrade` speaks as the owner of the database. It creates the schema and the role that the service later wears, runs the
revisions that are missing, and grants the role what it needs and no more.

Old and new code work on one schema while a new version is rolled out. So a revision either only adds, as all do that
say nothing, or says `PHASE = "after"`: it takes away or tightens what no code of this version needs any more. Those at
the end of the chain wait until no old process is left; earlier ones are of a version before.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.exc import DBAPIError

from services.kit.db import NOBODY, Database, driver, role_of
from services.kit.errors import Refused, Unavailable
from services.kit.i18n import gettext as _

OLDEST_POSTGRES = 15
Phase = Literal["before", "after"]
PHASES: tuple[Phase, ...] = get_args(Phase)


async def check_server(db: Database) -> None:
    """Raises Unavailable or Refused, in words, unless a PostgreSQL new enough answers."""
    try:
        async with db.read(NOBODY) as session:
            number = int((await session.scalar(text("SHOW server_version_num"))) or 0)
    except DBAPIError as problem:
        raise Unavailable(
            _("PostgreSQL refuses the connection: {reason}", reason=str(problem.orig).split(": ", 1)[-1])
        ) from problem
    except Exception as problem:
        if isinstance(problem, Unavailable) and problem.__cause__ is not None:
            problem = problem.__cause__ if isinstance(problem.__cause__, Exception) else problem
        raise Unavailable(
            _("PostgreSQL does not answer ({reason}). Please check LOTSENNETZ_DATABASE_URL.", reason=problem)
        ) from problem
    if number // 10000 < OLDEST_POSTGRES:
        raise Refused(
            _(
                "PostgreSQL {found} is too old: Lotsennetz needs {needed} or newer.",
                found=number // 10000,
                needed=OLDEST_POSTGRES,
            )
        )


async def upgrade(
    db: Database, schema: str, metadata: MetaData, folder: Path, beside: Sequence[str] = (), *, phase: Phase = "after"
) -> None:
    """Bring one service's schema to the newest revision, or with the phase `before` as far as old code goes along.

    Two processes may ask at once; one does it. A schema that is newer than this code stays as it is. `beside` are the
    other schemas to come, so that an administrator is asked once for all of them.
    """
    target = _target(folder, phase)
    async with db.begin(NOBODY) as session:
        row = await (await driver(session)).fetchrow(STANDS, f"{schema}.alembic_version", schema, role_of(schema))
        if row["there"] and row["granted"]:
            there = await (await driver(session)).fetchval(f'SELECT version_num FROM "{schema}".alembic_version')  # noqa: S608
            if there and _enough(there, folder, target):
                return  # as at nearly every start; to say all grants again would make every session look them up anew
        connection = await session.connection()
        await connection.run_sync(_upgrade, schema, metadata, folder, beside, target)


STANDS = """
SELECT to_regclass($1) IS NOT NULL AS there,
    (SELECT pg_has_role(current_user, oid, 'MEMBER') AND has_schema_privilege(oid, to_regnamespace($2), 'USAGE')
     FROM pg_roles WHERE rolname = $3) AS granted
"""
"""Whether a schema was migrated before, and its role may use it: a restored database may lack the role."""


@cache
def _target(folder: Path, phase: Phase) -> str:
    """The newest revision, or with the phase `before` the newest one that only adds."""
    for one in _script(folder).walk_revisions():
        if phase == "after" or phase_of(one) == "before":
            return one.revision
    return "head"  # of a service that has none yet


def phase_of(revision: Script) -> Phase:
    found: Phase = getattr(revision.module, "PHASE", "before")
    return found


@cache
def revisions(folder: Path) -> tuple[str, ...]:
    """The migrations that this version knows, newest first."""
    return tuple(one.revision for one in _script(folder).walk_revisions())


def _enough(there: str, folder: Path, target: str) -> bool:
    """Whether a schema at the revision `there` is as new as `target`; one of a newer version is."""
    known = revisions(folder)
    if there not in known:
        return bool(known) and there > known[0]
    return known.index(there) <= known.index(target)


def _context(
    connection: Connection, schema: str, metadata: MetaData, script: ScriptDirectory, target: str = "head"
) -> MigrationContext:
    return MigrationContext.configure(
        connection,
        opts={
            "version_table_schema": schema,
            "target_metadata": metadata,
            "include_schemas": True,
            "include_name": lambda name, kind, parent: kind != "schema" or name == schema,
            "include_object": lambda thing, name, kind, *rest: not (kind == "table" and name == "alembic_version"),
            "compare_type": True,
            # What `alembic upgrade` calls; there is no public name for it without an env.py.
            "fn": lambda revision, context: script._upgrade_revs(target, revision),  # noqa: SLF001
        },
    )


def _script(folder: Path) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory(str(folder), version_locations=[str(folder)])


def _upgrade(
    connection: Connection, schema: str, metadata: MetaData, folder: Path, beside: Sequence[str], target: str
) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('lotsennetz migrations', 0))"))
    _ensure_schema(connection, schema)
    role = role_of(schema)
    _ensure_role(connection, role, [role_of(other) for other in dict.fromkeys((schema, *beside))])
    connection.execute(text("SELECT set_config('lotsennetz.hub', 'on', true)"))  # a migration may move guarded rows
    context = _context(connection, schema, metadata, _script(folder), target)
    there = context.get_current_revision()
    if not there or not _enough(there, folder, target):
        with Operations.context(context):
            context.run_migrations()
    append_only = [
        table.fullname
        for table in metadata.tables.values()
        if table.info.get("append_only") and connection.scalar(text(f"SELECT to_regclass('{table.fullname}')"))
    ]
    for grant in (
        f'GRANT USAGE ON SCHEMA "{schema}" TO {role}',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO {role}',
        f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{schema}" TO {role}',
        f'REVOKE ALL ON "{schema}".alembic_version FROM {role}',
        f'GRANT SELECT ON "{schema}".alembic_version TO {role}',  # a process without the owner's rights looks, too
        *(f"REVOKE UPDATE, DELETE ON {table} FROM {role}" for table in append_only),
    ):
        connection.execute(text(grant))


async def ensure_roles(db: Database, schemas: Sequence[str]) -> None:
    """Create the roles of `schemas`, as `upgrade` does; for a database whose tables come another way."""
    roles = [role_of(schema) for schema in schemas]

    def make(connection: Connection) -> None:
        for role in roles:
            _ensure_role(connection, role, roles)

    async with db.begin(NOBODY) as session:
        await (await session.connection()).run_sync(make)


def _ensure_role(connection: Connection, role: str, needed: Sequence[str]) -> None:
    """Create the role and let this owner wear it; says what an administrator must do where the owner may not."""
    try:
        with connection.begin_nested():
            connection.execute(
                text(
                    f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN "
                    f"CREATE ROLE {role} NOLOGIN; END IF; END $$"
                )
            )
            # Membership alone allows SET ROLE until version 15; since then there is a right of its own for it.
            right = "SET" if connection.dialect.server_version_info >= (16,) else "MEMBER"  # type: ignore[operator]
            if not connection.scalar(text(f"SELECT pg_has_role(current_user, '{role}', '{right}')")):
                connection.execute(text(f"GRANT {role} TO current_user"))
    except DBAPIError as problem:
        if "already exists" in str(problem.orig) or "tuple concurrently" in str(problem.orig):
            return  # a hub on another database of the same server was quicker
        if not _not_allowed(problem):
            raise
        user = connection.scalar(text("SELECT current_user"))
        steps = "; ".join(f"CREATE ROLE {one} NOLOGIN; GRANT {one} TO {user}" for one in needed)
        raise Refused(
            _(
                "The database user {user} may not create the roles it needs. Please let an administrator run once: "
                "{steps};",
                user=user,
                steps=steps,
            )
        ) from problem


def _ensure_schema(connection: Connection, schema: str) -> None:
    try:
        with connection.begin_nested():
            connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    except DBAPIError as problem:
        if not _not_allowed(problem):
            raise
        user, database = connection.execute(text("SELECT current_user, current_database()")).one()
        raise Refused(
            _(
                "The database user {user} may not create schemas here. Please let an administrator run once: "
                "GRANT CREATE ON DATABASE {database} TO {user};",
                user=user,
                database=database,
            )
        ) from problem


def _not_allowed(problem: DBAPIError) -> bool:
    """SQLSTATE 42501, insufficient privilege."""
    return getattr(problem.orig, "sqlstate", None) == "42501"


async def differences(db: Database, schema: str, metadata: MetaData, folder: Path) -> list[object]:
    """What the migrated schema lacks or has beyond the models; empty when revisions and models agree."""
    async with db.begin(NOBODY) as session:
        connection = await session.connection()
        return await connection.run_sync(
            lambda sync: list(compare_metadata(_context(sync, schema, metadata, _script(folder)), metadata))
        )


REVISION = """\
\"\"\"{message}.\"\"\"

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "{revision}"
down_revision = {before!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    {body}
"""


async def revise(db: Database, schema: str, metadata: MetaData, folder: Path, message: str) -> Path:
    """Write a revision with the difference between the migrated schema and the models, for a developer to read."""
    script = _script(folder)
    before = script.get_current_head()
    revision = f"{len(list(script.walk_revisions())) + 1:04d}"

    def body(connection: Connection) -> str:
        context = _context(connection, schema, metadata, script)
        steps = produce_migrations(context, metadata).upgrade_ops
        return str(render_python_code(steps, migration_context=context)) if steps else "pass"

    async with db.begin(NOBODY) as session:
        lines = await (await session.connection()).run_sync(body)
    path = folder / f"{revision}_{'_'.join(message.lower().split())}.py"
    lines = "\n".join(line for line in lines.splitlines() if not line.strip().startswith("# ###")).strip()
    path.write_text(REVISION.format(message=message, revision=revision, before=before, body=lines), encoding="utf-8")
    return path
