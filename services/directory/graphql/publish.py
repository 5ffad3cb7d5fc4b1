"""Publishing through GraphQL: the snapshot as an input, the difference as the answer."""

import datetime as dt
import enum
from collections.abc import Awaitable, Callable
from typing import Any, cast

import strawberry
from strawberry import ID, Info

from services.directory import access, publishing
from services.directory.graphql.types import SERVICE, City, city_of
from services.directory.graphql.words import Profile, Recruited, Stage, Task
from services.directory.once import once
from services.directory.snapshot import (
    CityRow,
    Competences,
    DepartmentRow,
    Link,
    NavigatorRow,
    ProjectRow,
    Snapshot,
)
from services.kit.db import Writer
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.resolvers import here, who

LONGEST_NUMBER = 9
"""Digits of a publication's number."""


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

    def as_snapshot(self) -> Snapshot:
        return Snapshot(
            city=CityRow(**plain(self.city)),
            departments=tuple(DepartmentRow(**plain(row)) for row in self.departments),
            navigators=tuple(navigator_row(row) for row in self.navigators),
            projects=tuple(project_row(row) for row in self.projects),
        )


def plain(row: Any) -> dict[str, Any]:
    """An input's fields as a row has them: enums as their names, lists as tuples."""
    return {name: _value(value) for name, value in vars(row).items()}


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_value(one) for one in value)
    return value.value if isinstance(value, enum.Enum) else value


def navigator_row(row: NavigatorInput) -> NavigatorRow:
    values = plain(row)
    values["competences"] = Competences(**plain(row.competences)) if row.competences else Competences()
    values["visibility"] = {one.field: one.audience.value for one in row.visibility}
    return NavigatorRow(**values)


def project_row(row: ProjectInput) -> ProjectRow:
    return ProjectRow(**plain(row) | {"links": tuple(Link(link.url, link.label) for link in row.links)})


@strawberry.type(description="What a publication did to one kind of rows, as the city's own keys.")
class Changes:
    added: list[str]
    changed: list[str]
    withdrawn: list[str]
    unchanged: list[str]

    @classmethod
    def of(cls, changes: publishing.Changes) -> "Changes":
        return cls(
            added=list(changes.added),
            changed=list(changes.changed),
            withdrawn=list(changes.withdrawn),
            unchanged=list(changes.unchanged),
        )


@strawberry.type(description="The answer to a published snapshot.")
class PublishResult:
    ags: strawberry.Private[str]
    publication: ID | None = strawberry.field(description="Null if the snapshot changed nothing.")
    version: ID | None = strawberry.field(description="The city's newest publication now; for `expected`.")
    city_changed: bool
    departments: Changes
    navigators: Changes
    projects: Changes
    withheld: list[str] = strawberry.field(description="Keys of people who were erased here and do not come back.")

    @strawberry.field
    async def city(self, info: Info[Any, Any]) -> City:
        return cast(City, await city_of(info, self.ags))

    @classmethod
    def of(cls, report: publishing.Report) -> "PublishResult":
        return cls(
            ags=report.ags,
            publication=_id(report.publication),
            version=_id(report.version),
            city_changed=report.city_changed,
            departments=Changes.of(report.departments),
            navigators=Changes.of(report.navigators),
            projects=Changes.of(report.projects),
            withheld=list(report.withheld),
        )


def _id(number: int | None) -> ID | None:
    return ID(str(number)) if number else None


Work = Callable[[Writer, publishing.Publisher], Awaitable[publishing.Outcome]]


async def published(
    info: Info[Any, Any], ags: str, request: Any, idempotency_key: str | None, work: Work, via: str = "GRAPHQL"
) -> PublishResult:
    """What `work` publishes for the city `ags` in one unit of work, at most once for an idempotency key.

    `request` is all that was asked for. Raises Forbidden for another city than one's own.
    """
    runtime, asking = here(info, SERVICE), who(info)
    access.may_publish(asking, access.checked_ags(ags))
    by = publishing.Publisher(asking.subject, runtime.settings.derived("identities"), runtime.memory, via)
    async with runtime.db.begin(asking.acting) as session:
        said: list[Message] = []

        async def done() -> publishing.Report:
            outcome = await work(session, by)
            said.extend(outcome.messages)
            return publishing.Report.of(outcome)

        report = await once(
            session, asking.subject, idempotency_key, [info.field_name, request], publishing.Report, done
        )
        await runtime.say(session, said)
    return PublishResult.of(report)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        description="Make the snapshot the whole truth about your city. One wrong row refuses all of it. With "
        "`expected`, only if this publication is still the newest. With the same `idempotencyKey` again, the answer "
        "is the one of the first time."
    )
    async def publish_directory(
        self,
        info: Info[Any, Any],
        snapshot: SnapshotInput,
        expected: ID | None = None,
        idempotency_key: str | None = None,
    ) -> PublishResult:
        wanted, at = snapshot.as_snapshot(), version(expected)
        return await published(
            info,
            wanted.city.ags,
            [wanted, at],
            idempotency_key,
            lambda session, by: publishing.publish(session, by, wanted, expected=at),
        )


def version(expected: ID | None) -> int:
    """Raises Refused for what is no number of a publication."""
    if expected is None:
        return publishing.ANY_VERSION
    if not (expected.isascii() and expected.isdecimal()) or len(expected) > LONGEST_NUMBER:
        raise Refused(_("„expected“ takes the number of a publication."))
    return int(expected)
