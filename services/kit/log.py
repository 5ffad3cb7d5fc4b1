"""What a service said, and how far a reader has read.

The log of a service is a table in its own schema. `say` writes into it in the transaction that made the facts true,
in one message with the commit; behind an advisory lock, because a reader that goes by sequence numbers would otherwise
step over the lines of a transaction that commits late. A reader's cursor commits together with the effects of what it
read, so each line counts exactly once, whatever is killed in between. A new reader starts from 0. A line that cannot be
applied is set aside after a while (`kit.aside`).
"""

import hmac
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import groupby
from typing import Any, Protocol

import httpx
import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    MetaData,
    Table,
    Text,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.kit import aside
from services.kit.db import HUB, Database, Reader, Writer, driver, role_of
from services.kit.errors import Refused, Unavailable, Unknown
from services.kit.i18n import gettext as _
from services.kit.messages import Entry, Message, kind_of

PAGE = 500
"""Lines a reader takes in one transaction."""
FEED_SECONDS = 10.0

Handler = Callable[[Writer, Any], Awaitable[None]]


def together(handler: Handler) -> Handler:
    """Mark a handler that takes a list: what was said of one kind in a row, in its order.

    What is said to such handlers alone counts as a row, whatever their kinds: first comes all for the handler that is
    named first. So a service names cities before their people.
    """
    handler.together = True  # type: ignore[attr-defined]  # a function holds whatever one gives it
    return handler


def keyed(handler: Handler) -> Handler:
    """Mark a handler that also takes `key`, of all services of the hub and of nobody else."""
    handler.keyed = True  # type: ignore[attr-defined]
    return handler


def with_key(handler: Any, key: bytes) -> Handler:
    return partial(handler, key=key)


Listens = Mapping[str, Mapping[type[Message], Handler]]


def attach(metadata: MetaData) -> None:
    """Give a service's schema its `log`, `cursor` and `aside` tables."""
    Table(
        "log",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        Column("kind", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("body", JSONB, nullable=False),
        Index("ix_log_key", "key"),
        info={"append_only": True},
    )
    Table(
        "cursor",
        metadata,
        Column("feed", Text, primary_key=True),
        Column("position", BigInteger, nullable=False),
    )
    aside.attach(metadata)


def table(metadata: MetaData, name: str) -> Table:
    return metadata.tables[f"{metadata.schema}.{name}" if metadata.schema else name]


async def say(session: Writer, metadata: MetaData, messages: Sequence[Message]) -> None:
    """Append `messages` in order, at the end of the unit of work: other writers wait while it commits."""
    if messages:
        lines = [{"kind": kind_of(type(m)), "key": m.key(), "body": m} for m in messages]
        session.at_last(_saying(metadata), lines)


@cache
def _saying(metadata: MetaData) -> str:
    """All lines in one statement, behind the lock: their positions are given to them as they pass it."""
    return f"""
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended('lotsennetz log {metadata.schema}', 0)))
INSERT INTO {table(metadata, "log").fullname} (kind, key, body)
SELECT r.kind, r.key, r.body FROM turn, json_to_recordset($1::json) AS r(kind text, key text, body jsonb)
"""  # noqa: S608 - our own table


async def after(session: Reader, metadata: MetaData, position: int, limit: int = PAGE) -> list[Entry]:
    """At most `limit` lines behind `position`, in order. Raises Refused for a position that no log can have."""
    if not 0 <= position < 1 << 63:
        raise Refused(_("„after“ takes a number."))
    rows = await (await driver(session)).fetch(_reading(metadata), position, min(limit, PAGE))
    return [Entry(p, at, kind, msgspec.Raw(body.encode()), key) for p, at, kind, body, key in rows]


@cache
def _reading(metadata: MetaData) -> str:
    name = table(metadata, "log").fullname
    return f"SELECT position, at, kind, body::text, key FROM {name} WHERE position > $1 ORDER BY position LIMIT $2"  # noqa: S608 - our own table


class Feed(Protocol):
    """Somebody's log, from here or from far."""

    async def after(self, position: int) -> list[Entry]: ...


class LocalFeed:
    """A log in the same process, read through its own service's role."""

    def __init__(self, db: Database, metadata: MetaData) -> None:
        self.db, self.metadata = db, metadata

    async def after(self, position: int) -> list[Entry]:
        async with self.db.read(HUB) as session:
            return await after(session, self.metadata, position)


class RemoteFeed:
    """A log behind `GET <url>/feed?after=`; raises Unavailable where it does not answer."""

    def __init__(self, client: httpx.AsyncClient, url: str, token: str) -> None:
        self.client, self.url, self.token = client, url, token

    async def after(self, position: int) -> list[Entry]:
        try:
            answer = await self.client.get(
                f"{self.url}/feed",
                params={"after": position},
                headers={"authorization": f"Bearer {self.token}"},
                timeout=FEED_SECONDS,
            )
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=list[Entry])
        except (httpx.HTTPError, msgspec.DecodeError) as problem:  # a proxy may answer 200 with a page of its own
            raise Unavailable(_("Another part of the hub does not answer. Please try again in a moment.")) from problem


def check_feed_token(header: str | None, token: str) -> None:
    """Raises Unknown unless the `Authorization` header carries the hub's feed token."""
    if not hmac.compare_digest((header or "").encode(), f"Bearer {token}".encode()):
        raise Unknown(_("This feed is for the services of the hub."))


async def catch_up(
    db: Database,
    metadata: MetaData,
    name: str,
    feed: Feed,
    handlers: Mapping[type[Message], Handler],
    patience: aside.Patience | None = None,
) -> int:
    """Apply every line of feed `name` that is not yet applied, in order; returns how many were read.

    The cursor row is locked before the feed is asked, so that two readers of one service take turns. Lines of kinds
    that nobody here listens to are stepped over. Raises what a handler raises, until `patience` with its line ends.
    """
    take, begin, move = _cursor(metadata)
    apply = applying(handlers)
    read, most = 0, PAGE
    while True:
        found: list[Entry] = []
        entries: list[Entry] = []
        try:
            async with db.begin(HUB) as session:
                connection = await driver(session)
                row = await connection.fetchrow(take, name)
                if row is None:
                    await connection.execute(begin, name)
                    row = await connection.fetchrow(take, name)
                position, kept = row
                found = await feed.after(position)
                entries = found[:most]
                behind = [entry for entry in entries if entry.key and entry.key in kept]
                await apply(session, [entry for entry in entries if entry not in behind] if behind else entries)
                await aside.behind(session, metadata, name, behind)
                if entries:
                    await connection.execute(move, name, entries[-1].position)
        except Exception as problem:
            if patience is None or not entries or not aside.at_fault(problem):
                raise
            if len(entries) > 1:  # fewer and fewer, until the line that cannot be applied is alone
                most = max(1, len(entries) // 8)
                continue
            if not patience.ends(name, entries[0].position):
                raise
            await aside.put(db, metadata, name, entries[0], problem)
            most = PAGE
            continue
        read += len(entries)
        if len(found) < PAGE and len(entries) == len(found):
            return read


def applying(handlers: Mapping[type[Message], Handler]) -> aside.Apply:
    """What applies lines in their order; those of kinds without a handler are stepped over."""
    by_kind = {kind_of(message): (message, handler) for message, handler in handlers.items()}
    rows = [kind for kind, (_message, handler) in by_kind.items() if getattr(handler, "together", False)]

    async def apply(session: Writer, entries: Sequence[Entry]) -> None:
        heard = (entry for entry in entries if entry.kind in by_kind)
        for alike, run in groupby(heard, lambda entry: entry.kind in rows):
            if not alike:
                for entry in run:
                    message, handler = by_kind[entry.kind]
                    await handler(session, msgspec.json.decode(entry.body, type=message))
                continue
            said: dict[str, list[Message]] = {kind: [] for kind in rows}
            for entry in run:
                said[entry.kind].append(msgspec.json.decode(entry.body, type=by_kind[entry.kind][0]))
            for kind, messages in said.items():
                if messages:
                    await by_kind[kind][1](session, messages)

    return apply


@cache
def _cursor(metadata: MetaData) -> tuple[str, str, str]:
    """Lock the row of a feed and read it, with the keys of what is set aside; make it, move it."""
    name, kept = table(metadata, "cursor").fullname, table(metadata, "aside").fullname
    return (
        f"SELECT position, ARRAY(SELECT key FROM {kept} WHERE feed = $1) FROM {name} WHERE feed = $1 FOR UPDATE",  # noqa: S608 - our own tables
        f"INSERT INTO {name} (feed, position) VALUES ($1, 0) ON CONFLICT DO NOTHING",  # noqa: S608
        f"UPDATE {name} SET position = $2 WHERE feed = $1",  # noqa: S608
    )


FORGOTTEN = "Forgotten"
"""The kind of a line that lost what it said: it keeps its position, and nobody listens to it."""
NOBODY_ANY_MORE = "00000000-0000-0000-0000-000000000000"


async def forget(session: Writer, metadata: MetaData, key: str, *, inside: bool = False) -> int:
    """Blank what was said about `key` until now; returns how many lines changed. Positions stay, so that no reader
    steps over anything, and one that starts from 0 does not hear of it any more.

    With `inside`, an id that other lines hold among others becomes `NOBODY_ANY_MORE`; that looks through the whole log.
    """
    schema = metadata.schema
    statement = text(f"SELECT {schema}.forget_log(:key, :inside)")
    return int(await session.scalar(statement, {"key": key, "inside": inside}) or 0)


def forgetting(schema: str) -> Iterator[str]:
    """The statements, for a migration, of the one way in which lines of the log of `schema` change."""
    yield f"""
CREATE FUNCTION {schema}.forget_log(forgotten text, inside boolean) RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path = {schema}, pg_temp AS $$
    WITH blanked AS (
        UPDATE {schema}.log SET kind = '{FORGOTTEN}', body = '{{}}'
        WHERE key = forgotten AND kind <> '{FORGOTTEN}' RETURNING 1
    ), replaced AS (
        UPDATE {schema}.log SET body = replace(body::text, forgotten, '{NOBODY_ANY_MORE}')::jsonb
        WHERE inside AND forgotten ~ '^[0-9a-f-]{{36}}$' AND key <> forgotten AND strpos(body::text, forgotten) > 0
        RETURNING 1
    ) SELECT (SELECT count(*) FROM blanked) + (SELECT count(*) FROM replaced)
$$
"""  # noqa: S608 - our own schema
    yield f"REVOKE ALL ON FUNCTION {schema}.forget_log(text, boolean) FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION {schema}.forget_log(text, boolean) TO {role_of(schema)}"


async def position(session: Reader, metadata: MetaData) -> int:
    """The newest position of a service's own log; 0 when it never said anything."""
    newest = await session.scalar(select(func.max(table(metadata, "log").c.position)))
    return int(newest or 0)
