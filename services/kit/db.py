"""The database as two verbs: `begin` a unit of work, `read` without writing.

Each service has a schema and a role of its own; its connections wear that role from the start, so that no service can
read or write another's tables even within one process.

Underneath stands row-level security: a transaction says for whom it acts, and the policies of private and written
tables show it no other rows. One that forgets to say it sees none. The words are local to the transaction
(`set_config(…, true)`), because anything longer would leak through the pool.
"""

import asyncio
import logging
import math
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import cache, partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import asyncpg
import msgspec
from sqlalchemy import URL, DateTime, Text, event, make_url
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from services.kit import tracing
from services.kit.answers import Answers
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.lost import CONNECT_SECONDS, READ_ONLY, translated, watched

log = logging.getLogger(__name__)
RESTED_SECONDS = 5.0
"""After so long a connection may have been lost without a word."""
STATEMENT_MILLISECONDS = 30_000
SILENT_SECONDS = 5.0
"""How much longer than a statement may take a server is waited for: one that is cut off says nothing any more."""
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names of constraints and indexes, so that migrations can speak of them."""

TYPES: dict[Any, Any] = {str: Text, datetime: DateTime(timezone=True), dict[str, Any]: JSONB(none_as_null=True)}
"""How the models' annotations become columns."""

AfterCommit = Callable[[], Awaitable[None]]

Acting = Mapping[str, str]
"""For whom a transaction acts: `lotsennetz.<key>` as the policies read it."""
NOBODY: Acting = {}
HUB: Acting = {"hub": "on"}
"""The hub's own machinery: intake, jobs, the authorization server, administration."""
PLAIN = re.compile(r"[A-Za-z0-9 .,:@/_-]*", re.ASCII)
"""What stands in a statement as it is, between quotation marks."""


class Reader(AsyncSession):
    """A session in a read-only transaction."""


class Writer(Reader):
    """A session in the transaction of one unit of work. Logic takes it and never commits, nor rolls back: it raises."""

    def at_last(self, statement: str, rows: Iterable[Any]) -> None:
        """Run `statement` in one message with the commit: what it locks, others wait for no longer than both take.

        `$1` in it is the JSON of all rows that were given for the same statement, in their order.
        """
        self.info.setdefault("last", {}).setdefault(statement, []).extend(rows)

    async def rollback(self) -> None:
        raise RuntimeError("a unit of work ends without effect by an exception")  # `Database.begin` commits

    def after_commit(self, callback: AfterCommit) -> None:
        """Run `callback` once the work is durable. Best effort: what must happen belongs into the transaction."""
        self.info.setdefault("after_commit", []).append(callback)


Session = TypeVar("Session", bound=Reader)


async def driver(session: Reader) -> Any:
    """The driver's own connection (asyncpg), within the transaction of `session`.

    For statements that take a whole batch or answer with JSON, where a layer in between only costs.
    """
    return session.info["driver"]


async def as_hub(session: Writer) -> None:
    """From here on it is the hub's own work: whoever was allowed to begin it may not be allowed its end."""
    await (await driver(session)).execute("SELECT set_config('lotsennetz.hub', 'on', true)")


async def put(session: Writer, model: type[Any], key: dict[str, Any], values: dict[str, Any]) -> None:
    """Insert the row with `key`, or change it where it is there."""
    await session.execute(
        upsert(model).values(**key, **values).on_conflict_do_update(index_elements=list(key), set_=values)
    )


async def put_all(session: Writer, model: Any, key: str, rows: Mapping[Any, Mapping[str, Any]]) -> None:
    """As `put`, for many rows by the value of their column `key`, in one statement; values as JSON may have them.

    Rows that are so already are not touched.
    """
    if rows:
        columns = (key, *next(iter(rows.values())))
        body = msgspec.json.encode([{key: one, **values} for one, values in rows.items()]).decode()
        await (await driver(session)).execute(_putting(model, columns), body)


@cache
def _putting(model: Any, columns: tuple[str, ...]) -> str:
    table, names = model.__table__.fullname, ", ".join(columns)
    changing = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
    old, new = (", ".join(f"{row}.{name}" for name in columns[1:]) for row in ("there", "excluded"))
    return (
        f"INSERT INTO {table} AS there ({names}) "  # noqa: S608 - our own models
        f"SELECT {names} FROM json_populate_recordset(NULL::{table}, $1::json) "
        f"ON CONFLICT ({columns[0]}) DO UPDATE SET {changing} WHERE ({old}) IS DISTINCT FROM ({new})"
    )


def async_url(url: str) -> URL:
    """A `postgresql://` URL as operators write it, for SQLAlchemy's asyncpg dialect. Raises Refused for any other."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.drivername not in {"postgres", "postgresql", "postgresql+asyncpg"}:
        raise Refused(_("LOTSENNETZ_DATABASE_URL is not an address that starts with postgresql://"))
    return parsed.set(drivername="postgresql+asyncpg")


def lsn(position: int) -> str:
    """A position in the log of changes, in bytes, as PostgreSQL writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def reached(position: str) -> str:
    """The condition that a server follows another and is as far as the expression `position`."""
    return f"(pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= {position}::pg_lsn)"


def role_of(schema: str) -> str:
    return f"lotsennetz_{schema}"


class Database:
    """One service's door to PostgreSQL. `schema` None speaks as the owner: migrations and administration only."""

    def __init__(
        self, url: str, schema: str | None, *, pool: int = 10, milliseconds: int = STATEMENT_MILLISECONDS
    ) -> None:
        """`milliseconds` is how long one statement of a read may take for which nobody said otherwise.

        As the connection's own setting it costs reads that act for nobody not a word.
        """
        self.schema, self.milliseconds = schema, milliseconds
        settings = {
            "application_name": f"lotsennetz-{schema or 'owner'}",
            "statement_timeout": str(milliseconds),
            "idle_in_transaction_session_timeout": "60000",
            "lock_timeout": "10000",
            "timezone": "UTC",
        }
        if schema:
            settings |= {"role": role_of(schema), "search_path": f"{schema}, public"}  # extensions may live there
        self._settings = settings
        # The owner's migrations take as long as they take.
        patience = STATEMENT_MILLISECONDS / 1000 + SILENT_SECONDS if schema else None
        self._dsn = async_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self.answers = Answers(self._dsn, settings, pool)
        self.committed: Callable[[Any], Awaitable[None]] | None = None
        """Called with the driver's connection once a unit of work is durable; must not raise."""
        self.engine: AsyncEngine = create_async_engine(
            async_url(url),
            pool_size=pool,
            max_overflow=0,
            pool_timeout=CONNECT_SECONDS,
            hide_parameters=True,  # or every logged error would carry personal data
            # By the driver's own reading of the address: it knows all that libpq knows, such as sslmode.
            async_creator=partial(
                asyncpg.connect,
                self._dsn,
                server_settings=settings,
                timeout=CONNECT_SECONDS,
                command_timeout=patience,
            ),
            isolation_level="AUTOCOMMIT",  # we begin and commit by the driver itself, with more in the same message
        )
        _only_living(self.engine)

    @asynccontextmanager
    async def begin(self, acting: Acting = NOBODY) -> AsyncIterator[Writer]:
        """A unit of work: commits at the end, rolls back on any error. Callbacks run after the commit succeeded.

        Raises Unavailable where the server does not answer, Conflict where it asks to try again, TooSlow where one
        statement takes longer than STATEMENT_MILLISECONDS.
        """
        with translated(writing=True), tracing.asking(self.schema, "change"):
            async with self._transaction(Writer, "BEGIN", acting, STATEMENT_MILLISECONDS) as session:
                yield session
        callbacks: list[AfterCommit] = session.info.get("after_commit", [])
        for callback in callbacks:
            try:
                await callback()
            except Exception as problem:  # noqa: BLE001
                # The work is durable; sweepers and polls find what a lost nudge leaves behind.
                log.warning("after commit: %s", type(problem).__name__)

    @asynccontextmanager
    async def read(
        self,
        acting: Acting = NOBODY,
        milliseconds: int | None = None,
        *,
        frozen: bool = False,
        since: int | None = None,
    ) -> AsyncIterator[Reader]:
        """A read-only transaction; parallel GraphQL fields each take their own.

        `milliseconds` is how long one statement may take: without it, STATEMENT_MILLISECONDS for those who act for
        somebody. `frozen`: every statement in it sees the same state of the database. `since`: only on a replica that
        is as far in the primary's log, else DivisionByZeroError. Raises as `begin`.
        """
        if milliseconds is None:
            milliseconds = STATEMENT_MILLISECONDS if acting else self.milliseconds
        opening = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY" if frozen else "BEGIN READ ONLY"
        with translated(), tracing.asking(self.schema, "read"):
            async with self._transaction(Reader, opening, acting, milliseconds, since) as session:
                yield session

    @asynccontextmanager
    async def _transaction(
        self, kind: type[Session], opening: str, acting: Acting, milliseconds: int, since: int | None = None
    ) -> AsyncIterator[Session]:
        """Begin and say for whom, in one message where the words need no quoting, as nearly all; commit at the end.

        The mapper does nothing until it is asked for something: what it would do costs more than most statements.
        """
        async with self.engine.connect() as pooled:
            session = kind(pooled, expire_on_commit=False)
            connection: Any = (await pooled.get_raw_connection()).driver_connection
            session.info["driver"] = connection
            try:
                plain = all(PLAIN.fullmatch(value) for value in acting.values())
                values = [f"'{value}'" if plain else f"${number}" for number, value in enumerate(acting.values(), 1)]
                words = [
                    f"set_config('lotsennetz.{key}', {value}, true)" for key, value in zip(acting, values, strict=True)
                ]
                if milliseconds != self.milliseconds:
                    words.append(f"set_config('statement_timeout', '{milliseconds:d}', true)")
                if since is not None:  # in the same message, so that it costs no round trip
                    place = f"'{lsn(since)}'"
                    words.append(f"1 / {reached(place)}::int")
                saying = f"SELECT {', '.join(words)}"
                await connection.execute(f"{opening}; {saying}" if words and plain else opening)
                if not plain:
                    await connection.execute(saying, *acting.values())
                yield session
                if session.in_transaction():
                    await session.flush()
                await _commit(connection, session.info.get("last", {}))
                if session.in_transaction():
                    await session.commit()
                if self.committed is not None and kind is Writer:
                    await self.committed(connection)
            except Exception as problem:
                states = {getattr(one, "sqlstate", "") for one in (problem, getattr(problem, "orig", None))}
                if kind is Writer and READ_ONLY in states:
                    connection.terminate()  # the next one may lead to another server
                else:
                    await _roll_back(connection)
                raise
            except BaseException:
                connection.terminate()  # cancelled: nobody waits to learn how far it came
                raise
            finally:
                if session.in_transaction():
                    await session.close()

    async def connect(self) -> Any:
        """A connection of the driver's own, for what the pools are not for. Who asks for it closes it."""
        return watched(await asyncpg.connect(self._dsn, timeout=CONNECT_SECONDS, server_settings=self._settings))

    async def close(self) -> None:
        await self.answers.close()
        with suppress(OSError, asyncio.CancelledError):
            await self.engine.dispose()


async def _commit(connection: Any, last: Mapping[str, Sequence[Any]]) -> None:
    """Commit, behind the last statements: none of them waits for us in between."""
    names = [await _prepared(connection, text) for text in last]
    if last:
        # As settings, because what is sent with the commit has no parameters: in its text, a failure would log them.
        words = (f"set_config('lotsennetz.{name}', ${number}, true)" for number, name in enumerate(names, 1))
        rows = (msgspec.json.encode(each).decode() for each in last.values())
        await connection.execute(f"SELECT {', '.join(words)}", *rows)
    texts = (f"EXECUTE {name} (current_setting('lotsennetz.{name}'))" for name in names)
    await connection.execute("; ".join([*texts, "COMMIT"]))


_last: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
"""By connection: the names of last statements that were prepared on it. There are a few in the whole program."""


async def _prepared(connection: Any, text: str) -> str:
    """The name under which `connection` knows a last statement: planned each time, it takes longer than the commit."""
    known = _last.setdefault(connection, {})
    if text not in known:
        name = f"last_{len(known)}"
        await connection.execute(f"PREPARE {name} (text) AS {text}")
        known[text] = name
    return known[text]


async def _roll_back(connection: Any) -> None:
    """End the transaction, or else the connection."""
    try:
        if not connection.is_closed() and connection.is_in_transaction():
            await connection.execute("ROLLBACK", timeout=CONNECT_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
        connection.terminate()
    except BaseException:
        connection.terminate()
        raise


def _only_living(engine: AsyncEngine) -> None:
    """Hand out no connection that has ended. Only one that rested for a while is asked, because asking takes a
    round trip; of all others the driver knows it.
    """

    def made(connection: Any, _record: Any) -> None:
        watched(connection.driver_connection)

    def back(_connection: Any, record: Any) -> None:
        record.info["back"] = time.monotonic()

    def out(connection: Any, record: Any, _proxy: Any) -> None:
        try:
            living = connection.driver_connection
            if living.is_in_transaction():
                living.terminate()  # nobody goes on with what another began
            if living.is_closed():
                raise DisconnectionError  # noqa: TRY301 - the pool takes the next one
            if time.monotonic() - record.info.get("back", math.inf) > RESTED_SECONDS:
                connection.ping()
        except Exception as problem:
            raise DisconnectionError from problem

    event.listen(engine.sync_engine, "connect", made)
    event.listen(engine.sync_engine, "checkin", back)
    event.listen(engine.sync_engine, "checkout", out)
