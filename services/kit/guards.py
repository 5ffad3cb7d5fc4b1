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


def coordinated(column: str) -> str:
    """A municipality that the person coordinates."""
    return f"{column} = ANY (string_to_array({said('coordinates')}, ','))"


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
    for name, (action, condition) in _policies(read, write, insert, check).items():
        yield f"CREATE POLICY {name} ON {table} FOR {action} {condition}"


def guard_anew(
    table: str, *, read: str, write: str, insert: str | None = None, check: str | None = None
) -> Iterator[str]:
    """The statements that change what `guard` said of a table."""
    for name, (_action, condition) in _policies(read, write, insert, check).items():
        yield f"ALTER POLICY {name} ON {table} {condition}"


def _policies(read: str, write: str, insert: str | None, check: str | None) -> dict[str, tuple[str, str]]:
    """By name: for which action, and the condition."""
    reading, writing = either(HUB, read), either(HUB, write)
    checking = either(HUB, check) if check else writing
    inserting = either(HUB, insert) if insert else checking
    return {
        "reads": ("SELECT", f"USING ({'true' if read == ANYBODY else reading})"),
        "inserts": ("INSERT", f"WITH CHECK ({inserting})"),
        "updates": ("UPDATE", f"USING ({writing}) WITH CHECK ({checking})"),
        "deletes": ("DELETE", f"USING ({writing})"),
    }
