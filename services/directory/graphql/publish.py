"""Publishing through GraphQL: the snapshot as an input, the difference as the answer."""

from typing import Any, cast

import msgspec
import strawberry
from strawberry import ID, Info

from services.directory import access, publishing
from services.directory.graphql.types import SERVICE, City, Stage, city_of
from services.directory.snapshot import CityRow, NavigatorRow, ProjectRow, Snapshot
from services.kit.resolvers import here, who


@strawberry.input(description="The city itself.")
class CityInput:
    ags: str
    name: str
    kind: str = ""
    population: int | None = None
    website: str | None = None


@strawberry.input(description="A navigator; `key` is the city's own, stable name of the row.")
class NavigatorInput:
    key: str
    name: str
    title: str = ""
    department: str = ""
    offers: list[str] = strawberry.field(default_factory=list)
    seeks: list[str] = strawberry.field(default_factory=list)
    works_on: list[str] = strawberry.field(default_factory=list)
    city: str | None = strawberry.field(default=None, description="AGS; if given, it must be the publishing city's.")


@strawberry.input(description="A project; `navigators` are keys of the same snapshot.")
class ProjectInput:
    key: str
    title: str
    summary: str = ""
    stage: Stage = Stage.IDEA
    seeks_partners: bool = False
    topics: list[str] = strawberry.field(default_factory=list)
    navigators: list[str] = strawberry.field(default_factory=list)


@strawberry.input(description="Everything a city publishes; what it leaves out is withdrawn.")
class SnapshotInput:
    city: CityInput
    navigators: list[NavigatorInput] = strawberry.field(default_factory=list)
    projects: list[ProjectInput] = strawberry.field(default_factory=list)

    def as_snapshot(self) -> Snapshot:
        return Snapshot(
            city=msgspec.convert(self.city, CityRow, from_attributes=True),
            navigators=msgspec.convert(self.navigators, tuple[NavigatorRow, ...], from_attributes=True),
            projects=tuple(
                ProjectRow(
                    key=p.key,
                    title=p.title,
                    summary=p.summary,
                    stage=p.stage.value,
                    seeks_partners=p.seeks_partners,
                    topics=tuple(p.topics),
                    navigators=tuple(p.navigators),
                )
                for p in self.projects
            ),
        )


@strawberry.type(description="What a publication did to one kind of rows, as the city's own keys.")
class Changes:
    added: list[str]
    changed: list[str]
    withdrawn: list[str]
    unchanged: list[str]


@strawberry.type(description="The answer to a published snapshot.")
class PublishResult:
    ags: strawberry.Private[str]
    publication: ID | None = strawberry.field(description="Null if the snapshot changed nothing.")
    city_changed: bool
    navigators: Changes
    projects: Changes

    @strawberry.field
    async def city(self, info: Info[Any, Any]) -> City:
        return cast(City, await city_of(info, self.ags))


@strawberry.type
class Mutation:
    @strawberry.mutation(
        description="Make the snapshot the whole truth about your city. One wrong row refuses all of it."
    )
    async def publish_directory(self, info: Info[Any, Any], snapshot: SnapshotInput) -> PublishResult:
        runtime, asking = here(info, SERVICE), who(info)
        access.may_publish(asking, access.checked_ags(snapshot.city.ags))
        secret = runtime.settings.derived("identities")
        async with runtime.db.begin(asking.acting) as session:
            outcome = await publishing.publish(session, asking.subject, snapshot.as_snapshot(), secret)
            await runtime.say(session, outcome.messages)
        difference = outcome.difference
        return PublishResult(
            ags=outcome.ags,
            publication=ID(str(outcome.publication)) if outcome.publication else None,
            city_changed=difference.city_changed,
            navigators=_changes(difference.navigators),
            projects=_changes(difference.projects),
        )


def _changes(change: Any) -> Changes:
    return Changes(
        added=[row.key for row in change.added],
        changed=[row.key for row in change.changed],
        withdrawn=[row.key for row in change.withdrawn],
        unchanged=list(change.unchanged),
    )
