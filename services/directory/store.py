"""What was published: the newest source of a city, its turn, what the hub remembers of the vocabulary."""

import uuid
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select, update

from services.directory import models as m
from services.directory.projection import Own, Vocabulary
from services.directory.snapshot import NavigatorRow, Snapshot, unnamed, without
from services.kit.db import Reader, Writer, driver

T = TypeVar("T")
_encode = msgspec.json.Encoder(enc_hook=str).encode
_decode = msgspec.json.Decoder(Snapshot).decode


@dataclass(frozen=True)
class Stored:
    """A city as it published last; `snapshot` None before its first publication."""

    publication: int | None
    digest: str
    snapshot: Snapshot | None
    confirmed_today: bool
    own: Mapping[uuid.UUID, Own]
    erased: frozenset[uuid.UUID]


READ = """
SELECT one, c.publication, s.digest, s.snapshot, c.confirmed_on = current_date,
    (SELECT json_agg(json_build_array(navigator_id, corrections, visibility, hidden OR objected_at IS NOT NULL
        OR lapsed_at IS NOT NULL))::text
     FROM own_word w WHERE w.ags = one),
    (SELECT array_agg(navigator_id) FROM erased e WHERE e.ags = one)
FROM unnest($1::text[]) one
LEFT JOIN city c ON c.ags = one LEFT JOIN source s ON s.publication_id = c.publication
"""


async def turn(session: Writer, ags: str) -> Stored:
    """Wait for one's turn with a city, until the end of the transaction, and read what it published last."""
    await (await driver(session)).fetchval(f"SELECT {LOCK} FROM (SELECT $1::text) one(wanted)", ags)  # noqa: S608 - our own words
    return await read(session, ags)  # a statement of its own: it sees what those before us committed


LOCK = "pg_advisory_xact_lock(hashtextextended('lotsennetz city ' || wanted, 0))"


async def read(session: Reader, ags: str) -> Stored:
    """What `ags` published last, in the form `validate` gives, and what its people said themselves."""
    return (await read_all(session, [ags]))[ags]


async def read_all(session: Reader, keys: Sequence[str]) -> dict[str, Stored]:
    """As `read`, of many cities."""
    rows = await (await driver(session)).fetch(READ, keys)
    return {key: _stored(*values) for key, *values in rows}


def _stored(
    publication: int | None,
    digest: str | None,
    kept: bytes | None,
    confirmed: bool | None,
    words: str | None,
    erased: list[uuid.UUID] | None,
) -> Stored:
    own = {
        uuid.UUID(key): Own(corrections, visibility, hidden)
        for key, corrections, visibility, hidden in msgspec.json.decode(words or "[]")
    }
    snapshot = unpacked(kept) if kept else None
    return Stored(publication, digest or "", snapshot, bool(confirmed), own, frozenset(erased or ()))


async def newest(session: Reader, ags: str) -> tuple[int, int, bytes] | None:
    """The number of a city's newest publication, how many people were erased since, and its snapshot in JSON."""
    row = await (await driver(session)).fetchrow(NEWEST, ags)
    return (row[0], row[1], zlib.decompress(row[2])) if row else None


NEWEST = """
SELECT s.publication_id, (SELECT count(*) FROM erased e WHERE e.ags = c.ags AND e.at >= p.at), s.snapshot
FROM city c JOIN source s ON s.publication_id = c.publication JOIN publication p ON p.id = c.publication
WHERE c.ags = $1
"""


def digest(snapshot: Snapshot) -> str:
    """The digest of a snapshot's JSON."""
    return sha256(_encode(snapshot)).hexdigest()


async def withdrawn(session: Reader, ags: str) -> dict[str, int]:
    """The keys of navigators whom the city took back, with the number of the publication that did so last."""
    return dict(await (await driver(session)).fetch(WITHDRAWN, ags))


WITHDRAWN = """
SELECT one.key, max(s.publication_id) FROM source s, jsonb_each(s.changes->'navigators') one
WHERE s.ags = $1 AND one.value ? '-' GROUP BY one.key
"""


async def last_row(session: Reader, ags: str, key: str, before: int) -> NavigatorRow | None:
    """What the city sent of somebody before publication `before`, if the hub still has it."""
    query = select(m.Source.snapshot).where(m.Source.ags == ags, m.Source.publication_id < before)
    kept = await session.scalar(query.order_by(m.Source.publication_id.desc()).limit(1))
    rows = unpacked(kept).navigators if kept else ()
    return next((row for row in rows if row.key == key), None)


async def forget_navigator(
    session: Writer, ags: str, key: str, known: Sequence[NavigatorRow] = ()
) -> list[NavigatorRow]:
    """Take a navigator, and what others wrote of them, out of everything that the city sent and the hub still has.
    Returns the rows, as they were, with those that were `known` before.

    What the city published last changes too, without a publication.
    """
    gone = list(known)
    numbers = (await session.scalars(select(m.Source.publication_id).where(m.Source.ags == ags))).all()
    for number in numbers:  # one at a time: a year of a large city's is much
        row = select(m.Source.snapshot, m.Source.changes).where(m.Source.publication_id == number)
        kept, changes = (await session.execute(row)).one()
        before = unpacked(kept)
        gone += [row for row in before.navigators if row.key == key and row not in gone]
        after = unnamed(without(before, (key,)), gone)
        told = {
            kind: {k: v for k, v in of.items() if k != key} if kind == "navigators" else of
            for kind, of in changes.items()
        }
        if after == before and told == changes:
            continue
        snapshot, digest = packed(after)
        values = {"snapshot": snapshot, "digest": digest, "changes": told}
        await session.execute(update(m.Source).where(m.Source.publication_id == number).values(**values))
    return gone


def packed(snapshot: Snapshot) -> tuple[bytes, str]:
    """A snapshot as it is kept, and the digest of its JSON."""
    body = _encode(snapshot)
    return zlib.compress(body, 1), sha256(body).hexdigest()


def unpacked(kept: bytes) -> Snapshot:
    return _decode(zlib.decompress(kept))


async def of_vocabulary(
    session: Reader,
    memory: dict[str, Any],
    name: str,
    read: Callable[[Reader], Awaitable[T]],
    newest: datetime | None = None,
) -> T:
    """What `read` makes of the vocabulary, remembered in `memory` under its name until a topic changes.

    `newest` is when one last did, for those who know it. Nobody changes what they get.
    """
    newest = newest or await (await driver(session)).fetchval("SELECT max(changed_at) FROM topic")
    known: tuple[datetime | None, T] | None = memory.get(name)
    if known is None or known[0] != newest:
        known = memory[name] = (newest, await read(session))
    return known[1]


async def vocabulary(session: Reader, memory: dict[str, Any], newest: datetime | None = None) -> Vocabulary:
    """Every code with its path, as `projection` wants it; `newest` as for `of_vocabulary`."""
    return await of_vocabulary(session, memory, "vocabulary", _paths, newest)


async def _paths(session: Reader) -> Vocabulary:
    rows = await (await driver(session)).fetch(
        "SELECT t.code, coalesce(i.path, t.path) FROM topic t LEFT JOIN topic i ON i.code = t.merged_into"
    )
    return {code: tuple(path) for code, path in rows}


def resolved(codes: Sequence[str], known: Vocabulary) -> tuple[str, ...]:
    """The topics that `codes` stand for today, sorted: merged ones as those that took their place."""
    return tuple(sorted({known[code][-1] for code in codes}))
