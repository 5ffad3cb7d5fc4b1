"""Which rows the lists of the directory's graph have, in which order, in SQL: as `search` finds them.

For the compiled reads (`directory.reads`).
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace

from services.directory import conditions
from services.directory.conditions import PUBLIC, listed, of_cities, of_navigators, of_projects, sees
from services.kit.compiled.shapes import Arguments, Key, Rows, Scope, Unfit

QUOTED, ESCAPED = """'"' || {} || '"'""", "to_json({})::text"
"""How parts of cursors are written."""
NOTHING: Mapping[str, str] = {}


# Navigators -------------------------------------------------------------------------------------------------------


def _id(row: str) -> Key:
    return Key(QUOTED, f"{row}.id", f"{row}.id", "uuid", identifier)


def identifier(value: object) -> uuid.UUID:
    """Raises ValueError for what is no id."""
    return uuid.UUID(str(value))


def _navigator_order(at: Scope, row: str) -> list[Key]:
    """The public gets people by id, because an order by name would tell names."""
    if at.viewer.audience == PUBLIC:
        return [Key("'\"\"'"), _id(row)]
    return [Key(ESCAPED, f"{row}.sort_network", f"{row}.sort_network"), _id(row)]


def navigators(at: Scope, row: str, arguments: Arguments, outer: Mapping[str, str] = NOTHING) -> Rows:
    """A page of navigators: by the arguments, by the topic or city of an `outer` row, and who looks."""
    topic = outer.get("topic") or conditions.topic(at, arguments)
    city = outer.get("city") or conditions.city(at, arguments)
    where, keys = [listed(at, row), *of_navigators(at, row, arguments)], _navigator_order(at, row)
    source = f"navigator {row}"
    if topic:
        source = f"navigator_topic {row}_ JOIN navigator {row} ON {row}.id = {row}_.navigator_id"
        where.append(f"{row}_.topic = {topic}")
        if at.viewer.audience == PUBLIC:
            where.append(f"{row}_.listed_public")
            keys = [keys[0], replace(keys[1], column=f"{row}_.navigator_id")]
        else:
            keys = [replace(keys[0], column=f"{row}_.sort_network"), replace(keys[1], column=f"{row}_.navigator_id")]
    if city:
        where.append(f"{row}.ags = {city}")
    return Rows(f"{source} WHERE {' AND '.join(where)}", keys)


# Projects ---------------------------------------------------------------------------------------------------------


def projects(at: Scope, row: str, arguments: Arguments, outer: Mapping[str, str] = NOTHING) -> Rows:
    topic = outer.get("topic") or conditions.topic(at, arguments)
    city = outer.get("city") or conditions.city(at, arguments)
    where, order = ["true", *of_projects(at, row, arguments)], (f"{row}.sort_key", f"{row}.id")
    source = f"project {row}"
    if topic:
        source = f"project_topic {row}_ JOIN project {row} ON {row}.id = {row}_.project_id"
        where.append(f"{row}_.topic = {topic}")
        order = (f"{row}_.sort_key", f"{row}_.project_id")
    if city:
        where.append(f"{row}.ags = {city}")
    keys = [
        Key(ESCAPED, f"{row}.sort_key", order[0]),
        Key(QUOTED, f"{row}.id", order[1], "uuid", identifier),
    ]
    return Rows(f"{source} WHERE {' AND '.join(where)}", keys)


def projects_of_navigator(at: Scope, row: str, _arguments: Arguments) -> Rows:
    source = f"project_navigator {row}_ JOIN project {row} ON {row}.id = {row}_.project_id"
    order = [Key(column=f"{row}.sort_key"), Key(column=f"{row}.id")]
    return Rows(f"{source} WHERE {row}_.navigator_id = {at.row}.id", order)


def navigators_of_project(at: Scope, row: str, _arguments: Arguments) -> Rows:
    where = f"{row}.id = ANY ({at.row}.navigators) AND {listed(at, row)}"
    return Rows(f"navigator {row} WHERE {where}", [Key(column=f"{row}.id")])


def links(at: Scope, row: str, _arguments: Arguments) -> Rows:
    columns = "one.value->>'url' AS url, coalesce(one.value->>'label', '') AS label, one.place"
    listing = f"jsonb_array_elements({at.row}.links) WITH ORDINALITY one(value, place)"
    return Rows(f"(SELECT {columns} FROM {listing}) {row} WHERE true", [Key(column=f"{row}.place")])  # noqa: S608


def partners(at: Scope, row: str, _arguments: Arguments) -> Rows:
    return Rows(f"project_partner {row} WHERE {row}.project_id = {at.row}.id", [Key(column=f"{row}.ags")])


def navigators_of_partner(at: Scope, row: str, _arguments: Arguments) -> Rows:
    source = f"project_partner_navigator {row}_ JOIN navigator {row} ON {row}.id = {row}_.navigator_id"
    of = f"{row}_.project_id = {at.row}.project_id AND {row}_.ags = {at.row}.ags"
    return Rows(f"{source} WHERE {of} AND {listed(at, row)}", [Key(column=f"{row}.id")])


# Cities and topics ------------------------------------------------------------------------------------------------


def _by_name(row: str) -> list[Key]:
    return [
        Key(ESCAPED, f"{row}.sort_key", f"{row}.sort_key"),
        Key(ESCAPED, f"{row}.ags", f"{row}.ags"),
    ]


def cities(at: Scope, row: str, arguments: Arguments) -> Rows:
    return Rows(f"city {row} WHERE {' AND '.join(['true', *of_cities(at, row, arguments)])}", _by_name(row))


def departments(at: Scope, row: str, _arguments: Arguments) -> Rows:
    order = [Key(column=f"{row}.sort_key"), Key(column=f"{row}.key")]
    return Rows(f"department {row} WHERE {row}.ags = {at.row}.ags", order)


def coverage(at: Scope, row: str, _arguments: Arguments) -> Rows:
    """Departments beside the people whom the viewer sees in one of that name: as `stateview.coverage.departments`."""
    here = replace(at, row="n")
    people = (
        f"SELECT {_plain('n.department')} AS name, count(*) AS actual FROM navigator n "  # noqa: S608 - our own words
        f"WHERE n.ags = {at.row}.ags AND {listed(at, 'n')} AND {sees(here, 'department')} GROUP BY 1"
    )
    whole = (
        f"SELECT d.key, d.name, d.sort_key, d.target, coalesce(p.actual, 0) AS actual "  # noqa: S608
        f"FROM department d LEFT JOIN ({people}) p ON p.name = {_plain('d.name')} WHERE d.ags = {at.row}.ags"
    )
    return Rows(f"({whole}) {row} WHERE true", [Key(column=f"{row}.sort_key"), Key(column=f"{row}.key")])


def _plain(column: str) -> str:
    """As `stateview.ground.plain`."""
    bare = f"pg_catalog.normalize(replace({column}, 'ß', 'ss'), 'NFKD')"
    return f"regexp_replace(lower({bare}), '[\u0300-\u036f]', '', 'g')"


def _position(value: str) -> int:
    if not value.isdecimal():
        raise Unfit
    return int(value[:9])


def topics(at: Scope, row: str, _arguments: Arguments) -> Rows:
    key = Key(QUOTED, f"{row}.position", f"{row}.position", "int", _position)
    return Rows(f"topic {row} WHERE {row}.merged_into IS NULL", [key])


def narrower(at: Scope, row: str, _arguments: Arguments) -> Rows:
    where = f"{row}.parent = {at.row}.code AND {row}.merged_into IS NULL"
    return Rows(f"topic {row} WHERE {where}", [Key(column=f"{row}.position")])
