"""Writing the projection: a whole batch is one JSON parameter of one statement, however many its rows.

A statement for each row, or the mapper's merge, is what makes publishing slow; what is written here is the same for a
city of ten navigators and for all cities of a state. A statement has parts for those tables only that a batch changes:
each table that is named costs its triggers and tells others that it moved.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec
from sqlalchemy.dialects import postgresql

from services.directory import models as m
from services.kit.db import Writer, driver

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
}  # fmt: skip
"""What a publication writes; the other columns have defaults."""
LINKED: dict[type[m.Base], tuple[str, ...]] = {
    m.Navigator: ("above text[]", "above_public text[]"),
    m.Project: ("above text[]",),
}
"""What stands in a row for its links beside its columns, see `projection`."""
DATED = {m.City: "published_at = now(), confirmed_on = current_date",
         m.Navigator: "changed_on = current_date", m.Project: "changed_on = current_date"}  # fmt: skip


@dataclass
class Batch:
    """Rows to write and to remove, of one city or of many; values as `projection` makes them."""

    cities: list[dict[str, Any]] = field(default_factory=list)
    departments: list[dict[str, Any]] = field(default_factory=list)
    navigators: list[dict[str, Any]] = field(default_factory=list)
    """With their links, as `projection.navigator_links` tells them."""
    projects: list[dict[str, Any]] = field(default_factory=list)
    """With `above`: their topics and those above them."""
    gone_departments: list[dict[str, str]] = field(default_factory=list)
    gone_navigators: list[uuid.UUID] = field(default_factory=list)
    gone_projects: list[uuid.UUID] = field(default_factory=list)
    publications: list[dict[str, Any]] = field(default_factory=list)
    """One for each city that published: what `models.Publication` and `models.Source` say of it."""
    sources: list[bytes] = field(default_factory=list)
    """The packed snapshot of each of them, in the same order."""
    new: set[uuid.UUID] = field(default_factory=set)
    """Navigators and projects that are known to have no links yet."""


async def write(session: Writer, batch: Batch) -> dict[str, int]:
    """Make the batch true; returns the numbers of the publications, by city. The links of each navigator and project
    in it are replaced by those in it, and those that are the same are not touched.
    """
    rows = [part for part in ("cities", "departments", "navigators", "projects", *GONE) if getattr(batch, part)]
    ends = [f"{part} links" for part in ("navigators", "projects") if getattr(batch, part)]
    if ends and all(row["id"] in batch.new for row in (*batch.navigators, *batch.projects)):
        ends = [f"new {part}" for part in ends]
    ends += ["publications"] if batch.publications else []
    # Two statements where one would not see what it needs: the policies of links ask whose row it is, of what was
    # there before; and no statement changes a row twice, as a city's would be.
    steps = [rows, ends] if batch.new or batch.cities else [[*rows, *ends]]
    connection, numbers = await driver(session), dict[str, int]()
    for parts in filter(None, steps):
        statement, wanted = _statement(tuple(parts))
        numbers |= dict(await connection.fetch(statement, *_values(batch, wanted)))
    return numbers


GONE = ("gone_departments", "gone_navigators", "gone_projects")
PLAIN = frozenset({"gone_navigators", "gone_projects", "sources"})


def _values(batch: Batch, wanted: tuple[str, ...]) -> Iterator[Any]:
    """The parameters of a statement: ids and bytes as they are, all else as JSON."""
    for name in wanted:
        if name == "published":
            yield [row["ags"] for row in batch.publications]
        elif name in PLAIN:
            yield getattr(batch, name)
        else:
            rows = getattr(batch, name)
            yield msgspec.json.encode(list(map(_short, rows)) if name == "navigators" else rows).decode()


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """A navigator without what is null and what follows from the rest (`VALUES`): reading it takes as long as writing
    the row does.
    """
    sent = {name: value for name, value in row.items() if value is not None}
    if row["topics_city"] == row["topics_network"]:
        del sent["topics_city"]
    if row["topics_network"] == row["topics_public"]:
        del sent["topics_network"]
    if row["above_public"] == row["above"]:
        del sent["above_public"]
    public = set(row["found_public"])
    sent["found_network"] = [word for word in row["found_network"] if word not in public]
    return sent


VALUES: dict[str, str] = {
    "topics_network": "coalesce(topics_network, topics_public)",
    "topics_city": "coalesce(topics_city, topics_network, topics_public)",
    "found_network": "array_to_tsvector(found_public || found_network)",
}
"""The values of columns that `_short` leaves out or shortens. The network finds people by whatever the public does."""


@cache
def _statement(parts: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """One statement for these parts, and the fields of a batch that are its parameters, in order."""
    wanted = dict[str, str]()

    def of(name: str) -> str:
        return wanted.setdefault(name, f"${len(wanted) + 1}")

    steps = dict[str, str]()
    for name, model, key in KINDS:
        rows, links = name in parts, f"{name} links"
        if rows or {links, f"new {links}"} & set(parts):
            steps[name] = f"SELECT * FROM {_recordset(model, of(name), links=not rows)}"  # noqa: S608 - our own models
        if rows:
            steps[f"put_{name}"] = _upsert(model, key, name)
        if links in parts:
            steps |= _links(name, known=True)
        elif f"new {links}" in parts:
            steps |= _links(name, known=False)
    if "gone_departments" in parts:
        steps["no_departments"] = f"""
DELETE FROM department d USING json_to_recordset({of("gone_departments")}::json) AS r(ags text, key text)
WHERE d.ags = r.ags AND d.key = r.key"""  # noqa: S608 - a number
    for name, table in (("gone_navigators", "navigator"), ("gone_projects", "project")):
        if name in parts:
            steps[f"no_{table}s"] = f"DELETE FROM {table} WHERE id = ANY ({of(name)}::uuid[])"  # noqa: S608 - our own tables
    if "publications" in parts:
        steps |= _publications(of)
    last = "SELECT ags, id FROM published" if "publications" in parts else "SELECT '', 0 WHERE false"
    return f"WITH {', '.join(f'{name} AS {_once(text)}' for name, text in steps.items())} {last}", tuple(wanted)


KINDS: tuple[tuple[str, type[m.Base], str], ...] = (
    ("cities", m.City, "ags"),
    ("departments", m.Department, "ags, key"),
    ("navigators", m.Navigator, "id"),
    ("projects", m.Project, "id"),
)


def _once(text: str) -> str:
    return f"MATERIALIZED ({text})" if text.lstrip().startswith("SELECT") else f"({text})"


def _recordset(model: type[m.Base], source: str, *, links: bool) -> str:
    """The rows of a JSON array; of those whose `links` alone are wanted, what these need."""
    table = model.metadata.tables[f"directory.{model.__tablename__}"]
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # a class that SQLAlchemy leaves untyped

    def kind(name: str) -> str:
        return "text[]" if name.startswith("found") else table.c[name].type.compile(dialect)

    names = [name for name in COLUMNS[model] if not links or name in {"id", "sort_key", "sort_network", "navigators"}]
    columns = [*(f"{name} {kind(name)}" for name in names), *LINKED.get(model, ())]
    return f"json_to_recordset({source}::json) AS r({', '.join(columns)})"


def _upsert(model: type[m.Base], key: str, source: str) -> str:
    """Insert or change the rows of `source`."""
    columns = COLUMNS[model]
    changing = [f"{name} = excluded.{name}" for name in columns if name not in key.split(", ")]
    if model in DATED:
        changing.append(DATED[model])
    words = {name: f"array_to_tsvector({name})" for name in columns if name.startswith("found")}
    values = ", ".join((words | VALUES).get(name, name) for name in columns)
    return (
        f"INSERT INTO {model.__tablename__} ({', '.join(columns)}) SELECT {values} FROM {source} "  # noqa: S608 - our own models
        f"ON CONFLICT ({key}) DO UPDATE SET {', '.join(changing)}"
    )


WANTED: dict[str, tuple[tuple[type[m.Base], str, str], ...]] = {
    "navigators": (
        (m.NavigatorTopic, "navigator_id",
         """SELECT id AS navigator_id, topic, topic = ANY (coalesce(above_public, above)) AS listed_public, sort_network
         FROM navigators, unnest(above) topic"""),
    ),
    "projects": (
        (m.ProjectTopic, "project_id",
         "SELECT id AS project_id, topic, sort_key FROM projects, unnest(above) topic"),
        (m.ProjectNavigator, "project_id",
         "SELECT id AS project_id, navigator_id FROM projects, unnest(navigators) navigator_id"),
    ),
}  # fmt: skip
"""The links of rows: their table, its column for the row, and those that there shall be."""


def _links(rows: str, *, known: bool) -> Iterator[tuple[str, str]]:
    """Put the links in place of the old ones, if any are `known`."""
    for model, owner, wanted in WANTED[rows]:
        name, columns = model.__tablename__, [column.name for column in model.__table__.columns]
        keys = [column.name for column in model.__table__.primary_key]

        def same(one: str, other: str, of: list[str] = keys) -> str:
            return " AND ".join(f"{one}.{column} = {other}.{column}" for column in of)

        yield f"{name}_wanted", wanted
        new = f"INSERT INTO {name} ({', '.join(columns)}) SELECT {', '.join(columns)} FROM {name}_wanted w"  # noqa: S608 - our own models
        if known:
            yield f"{name}_old", f"SELECT t.* FROM {rows} r JOIN {name} t ON t.{owner} = r.id"  # noqa: S608
            yield (
                f"{name}_out",
                f"SELECT * FROM {name}_old o WHERE NOT EXISTS (SELECT FROM {name}_wanted w WHERE {same('w', 'o')})",  # noqa: S608
            )
            yield f"{name}_gone", f"DELETE FROM {name} t USING {name}_out o WHERE {same('t', 'o')}"  # noqa: S608
            if rest := [column for column in columns if column not in keys]:
                mine, theirs = (", ".join(f"{of}.{column}" for column in rest) for of in "wo")
                yield (
                    f"{name}_moved",
                    (
                        f"UPDATE {name} t SET ({', '.join(rest)}) = ROW ({mine}) FROM {name}_wanted w, {name}_old o "  # noqa: S608
                        f"WHERE {same('t', 'o')} AND {same('w', 'o')} AND ({theirs}) IS DISTINCT FROM ({mine})"
                    ),
                )
            new += f" WHERE NOT EXISTS (SELECT FROM {name}_old o WHERE {same('w', 'o')})"
        # Of known ones no other stands there: whoever writes a city's has its turn.
        yield f"{name}_new", new if known else f"{new} ON CONFLICT DO NOTHING"


def _publications(of: Any) -> Iterator[tuple[str, str]]:
    """Note each publication, with its source and its line in the audit log; the city's newest one is this."""
    counts = "added, changed, withdrawn, unchanged"
    yield (
        "given",
        (
            f"SELECT * FROM json_to_recordset({of('publications')}::json) AS r(ags text, client text, via text, "  # noqa: S608
            "restored int, added int, changed int, withdrawn int, unchanged int, digest text, changes jsonb)"
        ),
    )
    yield (
        "published",
        (
            f"INSERT INTO publication (ags, client, via, restored, {counts}) "  # noqa: S608
            f"SELECT ags, client, via, restored, {counts} FROM given RETURNING id, ags, client"
        ),
    )
    yield (
        "kept",
        (
            "INSERT INTO source (publication_id, ags, snapshot, digest, changes) "  # noqa: S608
            "SELECT p.id, p.ags, one.snapshot, given.digest, given.changes FROM published p JOIN given USING (ags) "
            f"JOIN unnest({of('published')}::text[], {of('sources')}::bytea[]) one(ags, snapshot) USING (ags)"
        ),
    )
    yield (
        "newest",
        ("UPDATE city SET publication = p.id, confirmed_on = current_date FROM published p WHERE city.ags = p.ags"),
    )
    yield (
        "audited",
        (
            "INSERT INTO audit (actor, action, ags, state, subject, details) "
            "SELECT client, 'directory.published', ags, left(ags, 2), id::text, '{}' FROM published"
        ),
    )
