"""What cities send through GraphQL: inputs as the schema has them, and the rows that become of them."""

import datetime as dt
import enum
from collections.abc import Callable, Mapping
from typing import Any

import strawberry

from services.directory.graphql.words import Profile, Recruited, Stage, Task
from services.directory.snapshot import (
    CityRow,
    Competences,
    DepartmentRow,
    Link,
    NavigatorRow,
    ProjectRow,
    Snapshot,
)


@strawberry.input(description="The city itself.")
class CityInput:
    ags: str
    name: str
    kind: str = ""
    population: int | None = None
    website: str | None = None
    logo: str | None = None
    contact: str = ""
    contact_email: str | None = None
    contact_phone: str | None = None


@strawberry.input(description="A department; `target` is how many navigators it shall have.")
class DepartmentInput:
    key: str
    name: str
    target: int = 1
    employees: int | None = None


@strawberry.input(description="What somebody can do, in the four areas of competence.")
class CompetencesInput:
    professional: list[str] = strawberry.field(default_factory=list)
    methodical: list[str] = strawberry.field(default_factory=list)
    social: list[str] = strawberry.field(default_factory=list)
    personal: list[str] = strawberry.field(default_factory=list)


@strawberry.enum(description="Who sees a field.")
class Visibility(enum.Enum):
    PUBLIC = "PUBLIC"
    NETWORK = "NETWORK"
    CITY = "CITY"
    PRIVATE = "PRIVATE"


@strawberry.input(description="Who sees one field of a navigator; the field `entry` stands for the whole row.")
class VisibilityInput:
    field: str
    audience: Visibility


@strawberry.input(description="A navigator; `key` is the city's own, stable name of the row.")
class NavigatorInput:
    key: str
    name: str
    title: str = ""
    department: str = strawberry.field(default="", description="Its name, or the key of one in the snapshot.")
    profile: Profile | None = None
    hours_share: int | None = None
    offers: list[str] = strawberry.field(default_factory=list)
    seeks: list[str] = strawberry.field(default_factory=list)
    works_on: list[str] = strawberry.field(default_factory=list)
    competences: CompetencesInput | None = None
    languages: list[str] = strawberry.field(default_factory=list)
    email: str | None = None
    phone: str | None = None
    chat: str | None = None
    room: str = ""
    photo: str | None = None
    photo_consent: dt.date | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    mentor: str | None = strawberry.field(
        default=None, description="The key of another navigator of the snapshot, or the id of one elsewhere."
    )
    recruited: Recruited | None = None
    tasks: list[Task] = strawberry.field(default_factory=list)
    coordinator: bool = False
    funded: bool = False
    visibility: list[VisibilityInput] = strawberry.field(
        default_factory=list, description="Only what shall differ from the defaults."
    )
    city: str | None = strawberry.field(default=None, description="AGS; if given, it must be the publishing city's.")


@strawberry.input
class LinkInput:
    url: str
    label: str = ""


@strawberry.input(description="A project; `navigators` are keys of the same snapshot.")
class ProjectInput:
    key: str
    title: str
    summary: str = ""
    stage: Stage = Stage.IDEA
    department: str = ""
    seeks_partners: bool = False
    seeks_test_area: bool = False
    topics: list[str] = strawberry.field(default_factory=list)
    navigators: list[str] = strawberry.field(default_factory=list)
    reusable: str = ""
    lessons: str = ""
    links: list[LinkInput] = strawberry.field(default_factory=list)


@strawberry.input(description="Everything a city publishes; what it leaves out is withdrawn.")
class SnapshotInput:
    city: CityInput
    departments: list[DepartmentInput] = strawberry.field(default_factory=list)
    navigators: list[NavigatorInput] = strawberry.field(default_factory=list)
    projects: list[ProjectInput] = strawberry.field(default_factory=list)


# An input never becomes an instance of its class, which says only what the schema has: Strawberry would look up each
# field's name and type again for each row. What a resolver gets is the row, made of what graphql-core has coerced.

Given = Mapping[str, Any]
"""An input by GraphQL's names; enums are ours."""
NAMES = {
    told: name
    for row in (CityRow, DepartmentRow, NavigatorRow, ProjectRow)
    for told, name in zip(row.__struct_encode_fields__, row.__struct_fields__, strict=True)
}


def _plain(given: Given) -> dict[str, Any]:
    """Fields as a row has them: enums as their names, lists as tuples."""
    return {NAMES[name]: _value(value) for name, value in given.items()}


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_value, value))
    return value.value if isinstance(value, enum.Enum) else value


def _navigator_row(given: Given) -> NavigatorRow:
    values, skills = _plain(given), given.get("competences") or {}
    values["competences"] = Competences(**{area: tuple(texts) for area, texts in skills.items()})
    values["visibility"] = {one["field"]: one["audience"].value for one in given.get("visibility", ())}
    return NavigatorRow(**values)


def _project_row(given: Given) -> ProjectRow:
    return ProjectRow(**_plain(given) | {"links": tuple(Link(**link) for link in given.get("links", ()))})


def _snapshot(given: Given) -> Snapshot:
    return Snapshot(
        city=CityRow(**_plain(given["city"])),
        departments=tuple(DepartmentRow(**_plain(row)) for row in given.get("departments", ())),
        navigators=tuple(map(_navigator_row, given.get("navigators", ()))),
        projects=tuple(map(_project_row, given.get("projects", ()))),
    )


def _becomes(kind: Any, row: Callable[[Given], Any]) -> None:
    kind.__strawberry_definition__.from_input = lambda _kind, given, _context: row(given)


_becomes(CityInput, lambda given: CityRow(**_plain(given)))
_becomes(DepartmentInput, lambda given: DepartmentRow(**_plain(given)))
_becomes(NavigatorInput, _navigator_row)
_becomes(ProjectInput, _project_row)
_becomes(SnapshotInput, _snapshot)
