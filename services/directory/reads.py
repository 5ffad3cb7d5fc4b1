"""How the directory's graph reads in SQL: the same answers as `directory.graphql.types` and `directory.search`.

What may be seen is part of every statement: the masks of a navigator (`fields`), whom a viewer learns of at all, and
the order and the links that do not tell more. A field that the graph has and that is missing here is answered by the
executor.
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from services.directory import access
from services.directory.fields import FIELDS, Audience
from services.kit.auth import Principal
from services.kit.compiled.shapes import (
    Argument,
    Arguments,
    Described,
    Given,
    Key,
    Keyed,
    Leaf,
    Many,
    Nested,
    One,
    Page,
    Rows,
    Scope,
    Shape,
    Shapes,
    Unfit,
    Viewer,
    boolean,
    number,
    number_or_null,
    only,
    plain,
    plain_or_null,
    text,
    text_or_null,
    texts,
)
from services.kit.errors import Refused

PUBLIC, NETWORK, CITY = "public", "network", "city"
"""The audiences as which plans are made; „city“ is the network as seen by somebody with a city of their own."""
QUOTED, ESCAPED = """'"' || {} || '"'""", "to_json({})::text"
"""How parts of cursors are written."""


def viewer(who: Principal, language: str) -> Viewer:
    found = access.viewer(who)
    if found.audience is Audience.PUBLIC:
        return Viewer(PUBLIC, language)
    return Viewer(CITY if found.city else NETWORK, language, found.city)


def _own(at: Scope) -> str:
    return at.values.put(lambda given: given.viewer.own, "text")


# Navigators -------------------------------------------------------------------------------------------------------


def _mask(at: Scope) -> str:
    """The flags of the row that the viewer sees: as `access.Viewer.mask`."""
    if at.viewer.audience == PUBLIC:
        return f"{at.row}.shown_public"
    if at.viewer.audience == NETWORK:
        return f"{at.row}.shown_network"
    return f"CASE WHEN {at.row}.ags = {_own(at)} THEN {at.row}.shown_city ELSE {at.row}.shown_network END"


def _sees(at: Scope, name: str) -> str:
    return f"({_mask(at)} & {FIELDS[name].flag}) <> 0"


def _listed(at: Scope, row: str) -> str:
    """Whether the viewer learns of a navigator at all: as `access.Viewer.sees`."""
    if at.viewer.audience == PUBLIC:
        return f"{row}.listed = 0"
    if at.viewer.audience == NETWORK:
        return f"{row}.listed <= 1"
    return f"({row}.listed <= 1 OR {row}.ags = {_own(at)})"


def _shown(name: str, leaf: Leaf, empty: str = "null") -> Leaf:
    return only(lambda at: _sees(at, name), leaf, empty)


def _topics(column: str, seen: str = "") -> Keyed:
    """The topics of an array of codes, in its order; none unless the viewer sees the field."""

    def keys(at: Scope) -> str:
        return f"CASE WHEN {_sees(at, seen)} THEN {at.row}.{column} END" if seen else f"{at.row}.{column}"

    return Keyed("Topic", "code", keys, few=True)


def _all_topics(at: Scope) -> str:
    if at.viewer.audience != CITY:
        return f"{at.row}.topics_{at.viewer.audience}"
    return f"CASE WHEN {at.row}.ags = {_own(at)} THEN {at.row}.topics_city ELSE {at.row}.topics_network END"


def _mentor(at: Scope, row: str, _arguments: Arguments) -> str:
    return f"{row}.id = {at.row}.mentor AND {_sees(at, 'mentor')} AND {_listed(at, row)}"


def _competence(area: str) -> Leaf:
    texts = "ARRAY(SELECT jsonb_array_elements_text({row}.competences->'{area}'))"
    return Leaf(lambda at: (f"array_to_json({texts.format(row=at.row, area=area)})",))


def _id(row: str) -> Key:
    return Key(QUOTED, f"{row}.id", f"{row}.id", "uuid", _uuid)


def _uuid(value: object) -> uuid.UUID:
    """Raises ValueError for what is no id."""
    return uuid.UUID(str(value))


def _navigator_order(at: Scope, row: str) -> list[Key]:
    """The public gets people by id, because an order by name would tell names."""
    if at.viewer.audience == PUBLIC:
        return [Key("'\"\"'"), _id(row)]
    return [Key(ESCAPED, f"{row}.sort_network", f"{row}.sort_network"), _id(row)]


def navigator_rows(at: Scope, row: str, arguments: Arguments) -> Rows:
    """A page of navigators: by topic (the argument, or the outer row's), city and who looks."""
    return _navigator_rows(at, row, arguments, {})


def _navigator_rows(at: Scope, row: str, arguments: Arguments, outer: Mapping[str, str]) -> Rows:
    topic = outer.get("topic") or _topic(at, arguments)
    city = outer.get("city") or _city(at, arguments)
    conditions, keys = [_listed(at, row)], _navigator_order(at, row)
    source = f"navigator {row}"
    if topic:
        source = f"navigator_topic {row}_ JOIN navigator {row} ON {row}.id = {row}_.navigator_id"
        conditions.append(f"{row}_.topic = {topic}")
        if at.viewer.audience == PUBLIC:
            conditions.append(f"{row}_.listed_public")
            keys = [keys[0], replace(keys[1], column=f"{row}_.navigator_id")]
        else:
            keys = [replace(keys[0], column=f"{row}_.sort_network"), replace(keys[1], column=f"{row}_.navigator_id")]
    if city:
        conditions.append(f"{row}.ags = {city}")
    return Rows(f"{source} WHERE {' AND '.join(conditions)}", keys)


def _topic(at: Scope, arguments: Arguments) -> str | None:
    """The topic asked for; the executor refuses one that is not in the vocabulary."""
    read = arguments.get("topic")
    if read is None:
        return None
    code = at.values.put(partial(_text, read), "text")
    at.values.need(f"EXISTS (SELECT FROM topic WHERE code = {code})")
    return code


def _city(at: Scope, arguments: Arguments) -> str | None:
    read = arguments.get("city")
    return at.values.put(partial(_ags, read), "text") if read else None


def _text(read: Argument, given: Given) -> str:
    value = read(given)
    if not isinstance(value, str) or "\0" in value:
        raise Unfit
    return value


def _ags(read: Argument, given: Given) -> str:
    """Raises Unfit for a key that the executor refuses."""
    try:
        return access.checked_ags(_text(read, given))
    except Refused as problem:
        raise Unfit from problem


def _identifier(read: Argument, given: Given) -> uuid.UUID:
    try:
        return _uuid(_text(read, given))
    except ValueError as problem:
        raise Unfit from problem


# Projects ---------------------------------------------------------------------------------------------------------


def project_rows(at: Scope, row: str, arguments: Arguments) -> Rows:
    return _project_rows(at, row, arguments, {})


def _project_rows(at: Scope, row: str, arguments: Arguments, outer: Mapping[str, str]) -> Rows:
    topic = outer.get("topic") or _topic(at, arguments)
    city = outer.get("city") or _city(at, arguments)
    conditions, order = ["true"], (f"{row}.sort_key", f"{row}.id")
    source = f"project {row}"
    if topic:
        source = f"project_topic {row}_ JOIN project {row} ON {row}.id = {row}_.project_id"
        conditions.append(f"{row}_.topic = {topic}")
        order = (f"{row}_.sort_key", f"{row}_.project_id")
    if city:
        conditions.append(f"{row}.ags = {city}")
    if seeks := arguments.get("seeksPartners"):
        conditions.append(f"{row}.seeks_partners = {at.values.put(seeks, 'boolean')}")
    keys = [
        Key(ESCAPED, f"{row}.sort_key", order[0]),
        Key(QUOTED, f"{row}.id", order[1], "uuid", _uuid),
    ]
    return Rows(f"{source} WHERE {' AND '.join(conditions)}", keys)


def _projects_of_navigator(at: Scope, row: str, _arguments: Arguments) -> Rows:
    source = f"project_navigator {row}_ JOIN project {row} ON {row}.id = {row}_.project_id"
    order = [Key(column=f"{row}.sort_key"), Key(column=f"{row}.id")]
    return Rows(f"{source} WHERE {row}_.navigator_id = {at.row}.id", order)


def _navigators_of_project(at: Scope, row: str, _arguments: Arguments) -> Rows:
    where = f"{row}.id = ANY ({at.row}.navigators) AND {_listed(at, row)}"
    return Rows(f"navigator {row} WHERE {where}", [Key(column=f"{row}.id")])


# Cities and topics ------------------------------------------------------------------------------------------------


def _by_name(row: str) -> list[Key]:
    return [
        Key(ESCAPED, f"{row}.sort_key", f"{row}.sort_key"),
        Key(ESCAPED, f"{row}.ags", f"{row}.ags"),
    ]


def _cities(at: Scope, row: str, _arguments: Arguments) -> Rows:
    return Rows(f"city {row} WHERE true", _by_name(row))


def _departments(at: Scope, row: str, _arguments: Arguments) -> Rows:
    order = [Key(column=f"{row}.sort_key"), Key(column=f"{row}.key")]
    return Rows(f"department {row} WHERE {row}.ags = {at.row}.ags", order)


def _position(value: str) -> int:
    if not value.isdecimal():
        raise Unfit
    return int(value[:9])


def _all(at: Scope, row: str, _arguments: Arguments) -> Rows:
    key = Key(QUOTED, f"{row}.position", f"{row}.position", "int", _position)
    return Rows(f"topic {row} WHERE {row}.merged_into IS NULL", [key])


def _narrower(at: Scope, row: str, _arguments: Arguments) -> Rows:
    where = f"{row}.parent = {at.row}.code AND {row}.merged_into IS NULL"
    return Rows(f"topic {row} WHERE {where}", [Key(column=f"{row}.position")])


def _label(at: Scope) -> tuple[str, ...]:
    return (f"to_json({at.row}.{'en' if at.viewer.language == 'en' else 'de'})",)


def _where(column: str, check: Any, argument: str) -> Any:
    """The row whose `column` is the argument of Query's field."""

    def where(at: Scope, row: str, arguments: Arguments) -> str:
        kind = "uuid" if check is _identifier else "text"
        return f"{row}.{column} = {at.values.put(partial(check, arguments[argument]), kind)}"

    return where


def _navigator_where(at: Scope, row: str, arguments: Arguments) -> str:
    return f"{_where('id', _identifier, 'id')(at, row, arguments)} AND {_listed(at, row)}"


PAGED: Final = frozenset({"topic"})
TOPIC_FIELDS: Final[dict[str, Described]] = {
    "code": plain("code"),
    "de": text("de"),
    "en": text("en"),
    "label": Leaf(_label),
    "synonyms": texts("synonyms"),
    "ozg": texts("ozg"),
    "parent": One("Topic", lambda at, row, _a: f"{row}.code = {at.row}.parent"),
    "narrower": Many("Topic", _narrower),
    "navigators": Page(
        "Navigator", lambda at, row, a: _navigator_rows(at, row, a, {"topic": f"{at.row}.code"}), wide=True
    ),
    "projects": Page("Project", lambda at, row, a: _project_rows(at, row, a, {"topic": f"{at.row}.code"}), wide=True),
}
CITY_FIELDS: Final[dict[str, Described]] = {
    "ags": plain("ags"),
    "name": text("name"),
    "kind": text("kind"),
    "population": number_or_null("population"),
    "website": text_or_null("website"),
    "logo": text_or_null("logo"),
    "contact": text("contact"),
    "contactEmail": text_or_null("contact_email"),
    "contactPhone": text_or_null("contact_phone"),
    "state": text("state"),
    "district": text("district"),
    "sizeClass": plain_or_null("size_class"),
    "confirmedOn": plain("confirmed_on"),
    "departments": Many("Department", _departments),
    "navigators": Page("Navigator", lambda at, row, a: _navigator_rows(at, row, a, {"city": f"{at.row}.ags"}), PAGED),
    "projects": Page("Project", lambda at, row, a: _project_rows(at, row, a, {"city": f"{at.row}.ags"}), PAGED),
}
NAVIGATOR_FIELDS: Final[dict[str, Described]] = {
    "id": plain("id"),
    "coordinator": boolean("coordinator"),
    "name": _shown("name", text_or_null("name")),
    "title": _shown("title", text("title"), '""'),
    "department": _shown("department", text("department"), '""'),
    "profile": _shown("profile", plain_or_null("profile")),
    "hoursShare": _shown("hours_share", number_or_null("hours_share")),
    "competences": Nested("Competences", lambda at: f"{_sees(at, 'competences')} AND {at.row}.competences IS NOT NULL"),
    "languages": _shown("languages", texts("languages"), "[]"),
    "email": _shown("email", text_or_null("email")),
    "phone": _shown("phone", text_or_null("phone")),
    "chat": _shown("chat", text_or_null("chat")),
    "room": _shown("room", text_or_null("room")),
    "photo": _shown("photo", text_or_null("photo")),
    "since": _shown("since", plain_or_null("since")),
    "until": _shown("until", plain_or_null("until")),
    "recruited": _shown("recruited", plain_or_null("recruited")),
    "tasks": _shown("tasks", texts("tasks"), "[]"),
    "funded": _shown("funded", boolean("funded")),
    "city": One("City", lambda at, row, _a: f"{row}.ags = {at.row}.ags", by="ags"),
    "offers": _topics("offers", "offers"),
    "seeks": _topics("seeks", "seeks"),
    "worksOn": _topics("works_on", "works_on"),
    "topics": Keyed("Topic", "code", _all_topics, few=True),
    "mentor": One("Navigator", _mentor),
    "projects": Many("Project", _projects_of_navigator),
}
PROJECT_FIELDS: Final[dict[str, Described]] = {
    "id": plain("id"),
    "title": text("title"),
    "summary": text("summary"),
    "department": text("department"),
    "stage": plain("stage"),
    "seeksPartners": boolean("seeks_partners"),
    "seeksTestArea": boolean("seeks_test_area"),
    "reusable": text("reusable"),
    "lessons": text("lessons"),
    "changedOn": plain("changed_on"),
    "city": One("City", lambda at, row, _a: f"{row}.ags = {at.row}.ags", by="ags"),
    "topics": _topics("topics"),
    "navigators": Many("Navigator", _navigators_of_project),
}
QUERY_FIELDS: Final[dict[str, Described]] = {
    "city": One("City", _where("ags", _ags, "ags"), frozenset({"ags"})),
    "cities": Page("City", _cities),
    "navigator": One("Navigator", _navigator_where, frozenset({"id"})),
    "navigators": Page("Navigator", navigator_rows, frozenset({"topic", "city"}), wide=True),
    "project": One("Project", _where("id", _identifier, "id"), frozenset({"id"})),
    "projects": Page("Project", project_rows, frozenset({"topic", "city", "seeksPartners"}), wide=True),
    "topic": One("Topic", _where("code", _text, "code"), frozenset({"code"})),
    "topics": Page("Topic", _all, most=500),
}
SHAPES: Final = Shapes(
    service="directory",
    viewer=viewer,
    shared=PUBLIC,
    types={
        "Query": Shape("Query", "", "", QUERY_FIELDS),
        "City": Shape("City", "city", "ags", CITY_FIELDS),
        "Department": Shape(
            "Department",
            "department",
            "key",
            {
                "key": plain("key"),
                "name": text("name"),
                "target": number("target"),
                "employees": number_or_null("employees"),
            },
        ),
        "Navigator": Shape("Navigator", "navigator", "id", NAVIGATOR_FIELDS),
        "Competences": Shape(
            "Competences",
            "navigator",
            "id",
            {area: _competence(area) for area in ("professional", "methodical", "social", "personal")},
        ),
        "Project": Shape("Project", "project", "id", PROJECT_FIELDS),
        "Topic": Shape("Topic", "topic", "code", TOPIC_FIELDS),
    },
)
"""`Project.links` and `Project.partners` are left to the executor: few ask for them."""
