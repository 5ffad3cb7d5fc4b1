"""How the directory's graph reads in SQL: the same answers as `directory.graphql.types` and `directory.search`.

What may be seen is part of every statement: the masks of a navigator (`fields`), whom a viewer learns of at all, and
the order and the links that do not tell more. A field that the graph has and that is missing here is answered by the
executor.
"""

import uuid
from functools import partial
from typing import Any, Final

from services.directory import access, conditions, listing
from services.directory.conditions import (
    CITY,
    NETWORK,
    OF_CITIES,
    OF_NAVIGATORS,
    OF_PROJECTS,
    PUBLIC,
    listed,
    own,
    sees,
)
from services.directory.fields import Audience
from services.kit.auth import Principal
from services.kit.compiled.shapes import (
    Argument,
    Arguments,
    Described,
    Given,
    Keyed,
    Leaf,
    Many,
    Nested,
    One,
    Page,
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


def viewer(who: Principal, language: str) -> Viewer:
    found = access.viewer(who)
    if found.audience is Audience.PUBLIC:
        return Viewer(PUBLIC, language)
    return Viewer(CITY if found.city else NETWORK, language, found.city)


# Navigators -------------------------------------------------------------------------------------------------------


def _shown(name: str, leaf: Leaf, empty: str = "null") -> Leaf:
    return only(lambda at: sees(at, name), leaf, empty)


def _topics(column: str, seen: str = "") -> Keyed:
    """The topics of an array of codes, in its order; none unless the viewer sees the field."""

    def keys(at: Scope) -> str:
        return f"CASE WHEN {sees(at, seen)} THEN {at.row}.{column} END" if seen else f"{at.row}.{column}"

    return Keyed("Topic", "code", keys, few=True)


def _all_topics(at: Scope) -> str:
    if at.viewer.audience != CITY:
        return f"{at.row}.topics_{at.viewer.audience}"
    return f"CASE WHEN {at.row}.ags = {own(at)} THEN {at.row}.topics_city ELSE {at.row}.topics_network END"


def _mentor(at: Scope, row: str, _arguments: Arguments) -> str:
    return f"{row}.id = {at.row}.mentor AND {sees(at, 'mentor')} AND {listed(at, row)}"


def _competence(area: str) -> Leaf:
    texts = "ARRAY(SELECT jsonb_array_elements_text({row}.competences->'{area}'))"
    return Leaf(lambda at: (f"array_to_json({texts.format(row=at.row, area=area)})",))


def _identifier(read: Argument, given: Given) -> uuid.UUID:
    try:
        return listing.identifier(conditions.text(read, given))
    except ValueError as problem:
        raise Unfit from problem


def _label(at: Scope) -> tuple[str, ...]:
    return (f"to_json({at.row}.{'en' if at.viewer.language == 'en' else 'de'})",)


def _where(column: str, check: Any, argument: str) -> Any:
    """The row whose `column` is the argument of Query's field."""

    def where(at: Scope, row: str, arguments: Arguments) -> str:
        kind = "uuid" if check is _identifier else "text"
        return f"{row}.{column} = {at.values.put(partial(check, arguments[argument]), kind)}"

    return where


def _navigator_where(at: Scope, row: str, arguments: Arguments) -> str:
    return f"{_where('id', _identifier, 'id')(at, row, arguments)} AND {listed(at, row)}"


def _here(at: Scope) -> dict[str, str]:
    return {"city": f"{at.row}.ags"}


def _today(at: Scope) -> dict[str, str]:
    """The topic that stands for this one: itself, or what it was merged into.

    As a value of its own: an expression would not let the planner take the rows in the order of their index.
    """
    return {"topic": f"(SELECT coalesce({at.row}.merged_into, {at.row}.code))"}


PAGED: Final = frozenset({"topic"})
TOPIC_FIELDS: Final[dict[str, Described]] = {
    "code": plain("code"),
    "de": text("de"),
    "en": text("en"),
    "label": Leaf(_label),
    "synonyms": texts("synonyms"),
    "ozg": texts("ozg"),
    "parent": One("Topic", lambda at, row, _a: f"{row}.code = {at.row}.parent"),
    "narrower": Many("Topic", listing.narrower),
    "mergedInto": One("Topic", lambda at, row, _a: f"{row}.code = {at.row}.merged_into"),
    "navigators": Page("Navigator", lambda at, row, a: listing.navigators(at, row, a, _today(at)), wide=True),
    "projects": Page("Project", lambda at, row, a: listing.projects(at, row, a, _today(at)), wide=True),
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
    "departments": Many("Department", listing.departments),
    "coverage": Many("DepartmentCoverage", listing.coverage),
    "navigators": Page(
        "Navigator", lambda at, row, a: listing.navigators(at, row, a, {"city": f"{at.row}.ags"}), PAGED
    ),
    "projects": Page("Project", lambda at, row, a: listing.projects(at, row, a, _here(at)), PAGED),
}
NAVIGATOR_FIELDS: Final[dict[str, Described]] = {
    "id": plain("id"),
    "coordinator": boolean("coordinator"),
    "name": _shown("name", text_or_null("name")),
    "title": _shown("title", text("title"), '""'),
    "department": _shown("department", text("department"), '""'),
    "profile": _shown("profile", plain_or_null("profile")),
    "hoursShare": _shown("hours_share", number_or_null("hours_share")),
    "competences": Nested("Competences", lambda at: f"{sees(at, 'competences')} AND {at.row}.competences IS NOT NULL"),
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
    "projects": Many("Project", listing.projects_of_navigator),
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
    "navigators": Many("Navigator", listing.navigators_of_project),
    "links": Many("Link", listing.links),
    "partners": Many("ProjectPartner", listing.partners),
}
QUERY_FIELDS: Final[dict[str, Described]] = {
    "city": One("City", _where("ags", conditions.ags, "ags"), frozenset({"ags"})),
    "cities": Page("City", listing.cities, OF_CITIES),
    "navigator": One("Navigator", _navigator_where, frozenset({"id"})),
    "navigators": Page("Navigator", listing.navigators, OF_NAVIGATORS, wide=True),
    "project": One("Project", _where("id", _identifier, "id"), frozenset({"id"})),
    "projects": Page("Project", listing.projects, OF_PROJECTS, wide=True),
    "topic": One("Topic", _where("code", conditions.text, "code"), frozenset({"code"})),
    "topics": Page("Topic", listing.topics, most=500),
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
        "DepartmentCoverage": Shape(
            "DepartmentCoverage",
            "department",
            "key",
            {"key": plain("key"), "name": text("name"), "target": number("target"), "actual": number("actual")},
        ),
        "Navigator": Shape("Navigator", "navigator", "id", NAVIGATOR_FIELDS),
        "Competences": Shape(
            "Competences",
            "navigator",
            "id",
            {area: _competence(area) for area in ("professional", "methodical", "social", "personal")},
        ),
        "Project": Shape("Project", "project", "id", PROJECT_FIELDS),
        "Link": Shape("Link", "project", "url", {"url": text("url"), "label": text("label")}),
        "ProjectPartner": Shape(
            "ProjectPartner",
            "project_partner",
            "ags",
            {
                "note": text("note"),
                "since": plain("since"),
                "city": One("City", lambda at, row, _a: f"{row}.ags = {at.row}.ags", by="ags"),
                "navigators": Many("Navigator", listing.navigators_of_partner),
            },
        ),
        "Topic": Shape("Topic", "topic", "code", TOPIC_FIELDS),
    },
)
"""Left to the executor: what works with more than one statement (`City.similar`, `Navigator.matches`), what is not the
same for everybody in an audience (`City.partnerships`), and topics by words.
"""
