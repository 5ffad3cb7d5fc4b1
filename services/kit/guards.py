"""Row-level security, written in migrations: who sees and who writes which rows of a table.

A condition is SQL about a row and about what the transaction said of itself (`kit.db.Acting`). `FORCE` binds the owner
of the table too; the hub's own machinery passes everywhere.
"""

from collections.abc import Iterator


def said(key: str) -> str:
    """What the transaction said, looked up once in a statement; NULL where it said nothing."""
    return f"(SELECT nullif(current_setting('lotsennetz.{key}', true), ''))"


HUB = f"{said('hub')} = 'on'"
OPERATOR = f"{said('operator')} = 'on'"
ANYBODY = "true"
NOBODY = "false"
KNOWN = f"{said('subject')} IS NOT NULL"


def own_city(column: str) -> str:
    return f"{column} = {said('city')}"


def own_state(column: str) -> str:
    """A municipality or state whose key starts with a state that the person looks after."""
    return f"left({column}, 2) = ANY (string_to_array({said('states')}, ','))"


def oneself(column: str) -> str:
    return f"{column}::text = {said('subject')}"


def either(*conditions: str) -> str:
    return " OR ".join(f"({condition})" for condition in conditions)


def both(*conditions: str) -> str:
    return " AND ".join(f"({condition})" for condition in conditions)


def guard(table: str, *, read: str, write: str, insert: str | None = None, check: str | None = None) -> Iterator[str]:
    """The statements that put `table` (with its schema) under row-level security.

    `write` says which rows may be changed and deleted, `check` what a row must be afterwards (as `write` if not given),
    `insert` what a new one must be (as `check`).
    """
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    reading, writing = either(HUB, read), either(HUB, write)
    checking = either(HUB, check) if check else writing
    inserting = either(HUB, insert) if insert else checking
    yield f"CREATE POLICY reads ON {table} FOR SELECT USING ({'true' if read == ANYBODY else reading})"
    yield f"CREATE POLICY inserts ON {table} FOR INSERT WITH CHECK ({inserting})"
    yield f"CREATE POLICY updates ON {table} FOR UPDATE USING ({writing}) WITH CHECK ({checking})"
    yield f"CREATE POLICY deletes ON {table} FOR DELETE USING ({writing})"
