"""Which tables a schema has, and what is in them: the same question at the backup and at the restore."""

from typing import Any

from services.kit.backups.manifest import Rows, Schema
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

TABLES = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p')
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
ORDER BY 1
"""
EXTENSIONS = """
SELECT extname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE nspname = ANY($1) ORDER BY 1
"""
PLAIN = (
    "SET datestyle = 'ISO'",
    "SET intervalstyle = 'postgres'",
    "SET timezone = 'UTC'",
    "SET extra_float_digits = 1",
    "SET bytea_output = 'hex'",
    "SET row_security = on",
    "SET statement_timeout = 0",
    "SET idle_in_transaction_session_timeout = 0",
    "SET lotsennetz.hub = 'on'",
)
"""Settings under which rows read as text the same everywhere, and all of them are seen."""


SUMMED = """
SELECT count(*) AS count, coalesce(sum(
    ('x' || left(encode(sha256(convert_to(t::text, 'UTF8')), 'hex'), 16))::bit(64)::bigint::numeric), 0)::text AS digest
FROM {table} t
"""


def summed(schema: str, table: str) -> str:
    """The query for a table's count and digest."""
    return SUMMED.format(table=f'"{schema}"."{table}"')


async def look(connection: Any, schema: str) -> Schema:
    """Read all of a schema, in the transaction of `connection`. Raises Refused where no hub has made it."""
    if await connection.fetchval("SELECT to_regclass($1)", f'"{schema}".alembic_version') is None:
        raise Refused(_("The database has no tables of {schema}: has the hub run on it?", schema=schema))
    revision = await connection.fetchval(f'SELECT version_num FROM "{schema}".alembic_version')  # noqa: S608
    found = {}
    for (name,) in await connection.fetch(TABLES, schema):
        row = await connection.fetchrow(summed(schema, name))
        found[name] = Rows(row["count"], row["digest"])
    return Schema(revision, found)
