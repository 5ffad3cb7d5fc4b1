"""Writing and reading the projection: a whole batch is one JSON parameter of one statement, however many its rows.

A statement for each row, or the mapper's merge, is what makes publishing slow; what is written here is the same for a
city of ten navigators and for all cities of a state.
"""

import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql

from services.directory import models as m
from services.directory.projection import Own, Vocabulary
from services.directory.snapshot import NavigatorRow, Snapshot, without
from services.kit.db import Reader, Writer, driver

_encode = msgspec.json.Encoder(enc_hook=str).encode
_decode = msgspec.json.Decoder(Snapshot).decode
COLUMNS: dict[type[m.Base], tuple[str, ...]] = {
    m.City: (
        "ags", "name", "sort_key", "kind", "population", "website", "logo", "contact", "contact_email",
        "contact_phone", "state", "district", "size_class", "found",
    ),
    m.Department: ("ags", "key", "name", "sort_key", "target", "employees"),
    m.Navigator: (
        "id", "ags", "key", "listed", "shown_public", "shown_network", "shown_city", "name", "sort_network", "title",
        "department", "profile", "hours_share", "offers", "seeks", "works_on", "topics_public", "topics_network",
        "topics_city", "competences", "languages", "email", "phone", "chat", "room", "photo", "since", "until",
        "mentor", "recruited", "tasks", "coordinator", "funded", "found_public", "found_network",
    ),
    m.Project: (
        "id", "ags", "key", "title", "sort_key", "summary", "department", "stage", "seeks_partners",
        "seeks_test_area", "topics", "navigators", "reusable", "lessons", "links", "found",
    ),
    m.NavigatorTopic: ("navigator_id", "topic", "listed_public", "sort_network"),
    m.ProjectTopic: ("topic", "sort_key", "project_id"),
    m.ProjectNavigator: ("project_id", "navigator_id"),
}  # fmt: skip
"""What a publication writes; the other columns have defaults."""
DATED = {m.City: "published_at = now(), confirmed_on = current_date",
         m.Navigator: "changed_on = current_date", m.Project: "changed_on = current_date"}  # fmt: skip


@dataclass
class Batch:
    """Rows to write and to remove, of one city or of many; values as `projection` makes them."""

    cities: list[dict[str, Any]] = field(default_factory=list)
    departments: list[dict[str, Any]] = field(default_factory=list)
    navigators: list[dict[str, Any]] = field(default_factory=list)
    navigator_topics: list[dict[str, Any]] = field(default_factory=list)
    projects: list[dict[str, Any]] = field(default_factory=list)
    project_topics: list[dict[str, Any]] = field(default_factory=list)
    project_navigators: list[dict[str, Any]] = field(default_factory=list)
    gone_departments: list[dict[str, str]] = field(default_factory=list)
    gone_navigators: list[uuid.UUID] = field(default_factory=list)
    gone_projects: list[uuid.UUID] = field(default_factory=list)
    new: set[uuid.UUID] = field(default_factory=set)
    """Navigators and projects that are known to have no links yet."""


async def write(session: Writer, batch: Batch) -> None:
    """Make the batch true. The links of each navigator and project in it are replaced by those in it."""
    connection = await driver(session)
    gone = (batch.gone_projects, batch.gone_navigators, batch.gone_departments)
    rows = (batch.cities, batch.departments, batch.navigators, batch.projects)
    if any((*gone, *rows)):
        departments = _encode(batch.gone_departments).decode()
        texts = [_encode(part).decode() for part in rows]
        await connection.execute(_rows_statement(), *texts, batch.gone_projects, batch.gone_navigators, departments)
    # In a statement of its own: the policies of links ask whose row it is, and see only what was there before.
    if batch.navigators or batch.projects:
        links = (batch.navigator_topics, batch.project_topics, batch.project_navigators)
        known = (
            [row["id"] for row in rows if row["id"] not in batch.new] for rows in (batch.navigators, batch.projects)
        )
        await connection.execute(_links_statement(), *(_encode(part).decode() for part in links), *known)


@cache
def _rows_statement() -> str:
    return f"""
WITH c AS ({_upsert(m.City, "ags", "$1")}), d AS ({_upsert(m.Department, "ags, key", "$2")}),
n AS ({_upsert(m.Navigator, "id", "$3")}), p AS ({_upsert(m.Project, "id", "$4")}),
gp AS (DELETE FROM project WHERE id = ANY ($5::uuid[])), gn AS (DELETE FROM navigator WHERE id = ANY ($6::uuid[]))
DELETE FROM department d USING json_to_recordset($7::json) AS r(ags text, key text)
WHERE d.ags = r.ags AND d.key = r.key
"""  # noqa: S608 - our own models


def _upsert(model: type[m.Base], key: str, source: str) -> str:
    """Insert or change the rows of a JSON array."""
    columns = COLUMNS[model]
    changing = [f"{name} = excluded.{name}" for name in columns if name not in key.split(", ")]
    if model in DATED:
        changing.append(DATED[model])
    return f"{_insert(model, f'{source}::json')} ON CONFLICT ({key}) DO UPDATE SET {', '.join(changing)}"


def _insert(model: type[m.Base], source: str) -> str:
    columns = COLUMNS[model]
    values = ", ".join(f"array_to_tsvector(r.{name})" if name.startswith("found") else f"r.{name}" for name in columns)
    return f"INSERT INTO {model.__tablename__} ({', '.join(columns)}) SELECT {values} FROM {_rows(model, source)}"  # noqa: S608 - names of our own models


def _rows(model: type[m.Base], source: str) -> str:
    table = model.metadata.tables[f"directory.{model.__tablename__}"]
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # a class that SQLAlchemy leaves untyped

    def kind(name: str) -> str:
        return "text[]" if name.startswith("found") else table.c[name].type.compile(dialect)

    return f"json_to_recordset({source}) AS r({', '.join(f'{name} {kind(name)}' for name in COLUMNS[model])})"


def _no_longer(model: type[m.Base], owner: str, source: str, of: str) -> str:
    """Delete the links of the rows `of` that are not among those of a JSON array."""
    name = model.__tablename__
    same = " AND ".join(
        f"r.{column.name} = t.{column.name}" for column in m.Base.metadata.tables[f"directory.{name}"].primary_key
    )
    return f"""
DELETE FROM {name} t WHERE t.{owner} = ANY ({of}::uuid[])
    AND NOT EXISTS (SELECT FROM {_rows(model, f"{source}::json")} WHERE {same})"""  # noqa: S608 - our own models


@cache
def _links_statement() -> str:
    return f"""
WITH gone AS ({_no_longer(m.NavigatorTopic, "navigator_id", "$1", "$4")}),
known AS ({_insert(m.NavigatorTopic, "$1::json")} ON CONFLICT (navigator_id, topic) DO UPDATE
    SET listed_public = excluded.listed_public, sort_network = excluded.sort_network
    WHERE (navigator_topic.listed_public, navigator_topic.sort_network)
        IS DISTINCT FROM (excluded.listed_public, excluded.sort_network)),
over AS ({_no_longer(m.ProjectTopic, "project_id", "$2", "$5")}),
left_ AS ({_no_longer(m.ProjectNavigator, "project_id", "$3", "$5")}),
topics AS ({_insert(m.ProjectTopic, "$2::json")} ON CONFLICT DO NOTHING)
{_insert(m.ProjectNavigator, "$3::json")} ON CONFLICT DO NOTHING
"""  # noqa: S608 - our own models


# What was published -----------------------------------------------------------------------------------------------


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


async def newest(session: Reader, ags: str) -> tuple[int, bytes] | None:
    """The number of a city's newest publication and its snapshot in JSON."""
    row = await (await driver(session)).fetchrow(NEWEST, ags)
    return (row[0], zlib.decompress(row[1])) if row else None


NEWEST = (
    "SELECT s.publication_id, s.snapshot FROM city c JOIN source s ON s.publication_id = c.publication WHERE c.ags = $1"
)


def digest(snapshot: Snapshot) -> str:
    """The digest of a snapshot's JSON."""
    return sha256(_encode(snapshot)).hexdigest()


async def forget_navigator(session: Writer, ags: str, key: str) -> list[NavigatorRow]:
    """Take a navigator out of everything that the city sent and the hub still has; returns the rows, as they were.

    What the city published last changes too, without a publication.
    """
    gone = list[NavigatorRow]()
    rows = await session.stream(
        select(m.Source.publication_id, m.Source.snapshot, m.Source.changes).where(m.Source.ags == ags)
    )
    async for number, kept, changes in rows:
        before = unpacked(kept)
        gone += [row for row in before.navigators if row.key == key]
        after = without(before, (key,))
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


async def vocabulary(session: Reader, memory: dict[str, Any], newest: datetime | None = None) -> Vocabulary:
    """Every code with its path, as `projection` wants it; remembered in `memory` until a topic changes.

    `newest` is when one last did, for those who know it.
    """
    connection = await driver(session)
    newest = newest or await connection.fetchval("SELECT max(changed_at) FROM topic")
    known: tuple[Any, Vocabulary] | None = memory.get("vocabulary")
    if known is None or known[0] != newest:
        rows = await connection.fetch(
            "SELECT t.code, coalesce(i.path, t.path) FROM topic t LEFT JOIN topic i ON i.code = t.merged_into"
        )
        known = memory["vocabulary"] = (newest, {code: tuple(path) for code, path in rows})
    return known[1]


def resolved(codes: Sequence[str], known: Vocabulary) -> tuple[str, ...]:
    """The topics that `codes` stand for today, sorted: merged ones as those that took their place."""
    return tuple(sorted({known[code][-1] for code in codes}))
