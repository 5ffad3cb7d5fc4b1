"""The directory's subgraph: it owns City, Navigator, Project and Topic."""

import asyncio
import enum
import uuid
from contextlib import AbstractAsyncContextManager
from typing import Any, Self, cast

import msgspec
import strawberry
from strawberry import ID, Info
from strawberry.federation import Schema

from services.directory import access, publishing, search
from services.directory import models as m
from services.directory.snapshot import CityRow, NavigatorRow, ProjectRow, Snapshot
from services.kit import i18n
from services.kit.auth import Principal
from services.kit.db import Reader
from services.kit.errors import Refused
from services.kit.graphql import FEDERATION_VERSION, Connection, Context, decode_cursor, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.service import Runtime


def _here(info: Info[Any, Any]) -> Runtime:
    return cast(Context, info.context).services["directory"]


def _who(info: Info[Any, Any]) -> Principal:
    return cast(Context, info.context).principal


def _read(info: Info[Any, Any]) -> AbstractAsyncContextManager[Reader]:
    return cast(Context, info.context).read(_here(info))


async def _load(info: Info[Any, Any], by: Any, key: Any) -> Any:
    return await cast(Context, info.context).load(_here(info), by, key)


def _uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None


@strawberry.enum(description="Where a project stands.")
class Stage(enum.Enum):
    IDEA = "IDEA"
    PLANNED = "PLANNED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    STOPPED = "STOPPED"


@strawberry.federation.type(keys=["code"], description="A topic of the shared vocabulary.")
class Topic:
    code: ID
    parent_code: strawberry.Private[str | None]
    de: str = strawberry.field(description="The German label.")
    en: str = strawberry.field(description="The English label.")
    synonyms: list[str]

    @classmethod
    def of(cls, row: m.Topic) -> Self:
        return cls(code=ID(row.code), parent_code=row.parent, de=row.de, en=row.en, synonyms=list(row.synonyms))

    @strawberry.field(description="The label in the language of the request.")
    def label(self) -> str:
        return self.en if i18n.language() == "en" else self.de

    @strawberry.field(description="The wider topic; null for a field.")
    async def parent(self, info: Info[Any, Any]) -> "Topic | None":
        return await _topic(info, self.parent_code) if self.parent_code else None

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], code: ID) -> "Topic | None":
        return await _topic(info, code)


async def _topic(info: Info[Any, Any], code: str) -> Topic | None:
    row = await _load(info, search.topics_by_code, str(code))
    return Topic.of(row) if row else None


async def _topics(info: Info[Any, Any], codes: list[str]) -> list[Topic]:
    found = await asyncio.gather(*(_topic(info, code) for code in codes))  # all at once, so that one batch has them
    return [topic for topic in found if topic is not None]


@strawberry.federation.type(keys=["ags"], description="A municipality that takes part.")
class City:
    ags: ID = strawberry.field(description="Amtlicher Gemeindeschlüssel, 8 digits.")
    name: str
    kind: str
    population: int | None
    website: str | None
    sort_key: strawberry.Private[str]

    @classmethod
    def of(cls, row: m.City) -> Self:
        return cls(
            ags=ID(row.ags),
            name=row.name,
            kind=row.kind,
            population=row.population,
            website=row.website,
            sort_key=row.sort_key,
        )

    @strawberry.field
    async def navigators(
        self, info: Info[Any, Any], topic: ID | None = None, first: int = 50, after: str | None = None
    ) -> "Connection[Navigator]":
        return await _navigators(info, first, after, city=str(self.ags), topic=topic)

    @strawberry.field
    async def projects(
        self, info: Info[Any, Any], topic: ID | None = None, first: int = 50, after: str | None = None
    ) -> "Connection[Project]":
        return await _projects(info, first, after, city=str(self.ags), topic=topic)

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], ags: ID) -> "City | None":
        return await _city(info, ags)


async def _city(info: Info[Any, Any], ags: str) -> City | None:
    row = await _load(info, search.cities_by_ags, str(ags))
    return City.of(row) if row else None


@strawberry.federation.type(keys=["id"], description="A digital navigator, as their city published them.")
class Navigator:
    id: ID
    row: strawberry.Private[m.Navigator]
    title: str = strawberry.field(description="What the city calls the role.")
    department: str

    @classmethod
    def of(cls, row: m.Navigator) -> Self:
        return cls(id=ID(str(row.id)), row=row, title=row.title, department=row.department)

    @strawberry.field(description="For clients within the network (directory:read); null for everybody else.")
    def name(self, info: Info[Any, Any]) -> str | None:
        return self.row.name if access.in_network(_who(info)) else None

    @strawberry.field
    async def city(self, info: Info[Any, Any]) -> City:
        return cast(City, await _city(info, self.row.ags))

    @strawberry.field(description="Topics on which they help others.")
    async def offers(self, info: Info[Any, Any]) -> list[Topic]:
        return await _topics(info, self.row.offers)

    @strawberry.field(description="Topics on which they look for help.")
    async def seeks(self, info: Info[Any, Any]) -> list[Topic]:
        return await _topics(info, self.row.seeks)

    @strawberry.field(description="Topics they work on now.")
    async def works_on(self, info: Info[Any, Any]) -> list[Topic]:
        return await _topics(info, self.row.works_on)

    @strawberry.field(description="All their topics: offered, sought and worked on.")
    async def topics(self, info: Info[Any, Any]) -> list[Topic]:
        return await _topics(info, sorted({*self.row.offers, *self.row.seeks, *self.row.works_on}))

    @strawberry.field
    async def projects(self, info: Info[Any, Any]) -> "list[Project]":
        return [Project.of(row) for row in await _load(info, search.projects_of_navigators, self.row.id)]

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], id: ID) -> "Navigator | None":
        return await _navigator(info, id)


async def _navigator(info: Info[Any, Any], value: str) -> Navigator | None:
    key = _uuid(value)
    row = await _load(info, search.navigators_by_id, key) if key else None
    return Navigator.of(row) if row else None


@strawberry.federation.type(keys=["id"], description="A project that a city makes visible to others.")
class Project:
    id: ID
    row: strawberry.Private[m.Project]
    title: str
    summary: str
    stage: Stage
    seeks_partners: bool = strawberry.field(description="The city looks for partners or for a place to test.")

    @classmethod
    def of(cls, row: m.Project) -> Self:
        return cls(
            id=ID(str(row.id)),
            row=row,
            title=row.title,
            summary=row.summary,
            stage=Stage(row.stage),
            seeks_partners=row.seeks_partners,
        )

    @strawberry.field
    async def city(self, info: Info[Any, Any]) -> City:
        return cast(City, await _city(info, self.row.ags))

    @strawberry.field
    async def topics(self, info: Info[Any, Any]) -> list[Topic]:
        return await _topics(info, self.row.topics)

    @strawberry.field
    async def navigators(self, info: Info[Any, Any]) -> list[Navigator]:
        return [Navigator.of(row) for row in await _load(info, search.navigators_of_projects, self.row.id)]

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], id: ID) -> "Project | None":
        return await _project(info, id)


async def _project(info: Info[Any, Any], value: str) -> Project | None:
    key = _uuid(value)
    row = await _load(info, search.projects_by_id, key) if key else None
    return Project.of(row) if row else None


async def _navigators(
    info: Info[Any, Any],
    first: int,
    after: str | None,
    *,
    topic: str | None = None,
    city: str | None = None,
    text: str | None = None,
) -> Connection[Navigator]:
    by_name = access.in_network(_who(info))
    place = _place(after)
    async with _read(info) as session:
        rows = await search.navigators(
            session, page_size(first) + 1, after=place, topic=topic, city=city, text=text, by_name=by_name
        )

    def cursor(node: Navigator) -> str:
        return encode_cursor(node.row.sort_key if by_name else "", str(node.id))

    return Connection.of([Navigator.of(row) for row in rows], cursor, first, after)


async def _projects(info: Info[Any, Any], first: int, after: str | None, **filters: Any) -> Connection[Project]:
    place = _place(after)
    async with _read(info) as session:
        rows = await search.projects(session, page_size(first) + 1, after=place, **filters)
    return Connection.of(
        [Project.of(row) for row in rows], lambda node: encode_cursor(node.row.sort_key, str(node.id)), first, after
    )


def _place(after: str | None) -> list[str] | None:
    """A cursor of a list whose rows have a UUID at the end."""
    place = decode_cursor(after, 2)
    if place is not None and _uuid(place[1]) is None:
        raise Refused(_("„after“ is not a cursor of this list."))
    return place


@strawberry.type
class Query:
    @strawberry.field(description="The city with this AGS; null if it has not published.")
    async def city(self, info: Info[Any, Any], ags: ID) -> City | None:
        return await _city(info, access.checked_ags(ags))

    @strawberry.field(description="Cities by name.")
    async def cities(
        self, info: Info[Any, Any], text: str | None = None, first: int = 50, after: str | None = None
    ) -> Connection[City]:
        place = decode_cursor(after, 2)
        async with _read(info) as session:
            rows = await search.cities(session, page_size(first) + 1, after=place, text=text)
        return Connection.of(
            [City.of(row) for row in rows], lambda node: encode_cursor(node.sort_key, str(node.ags)), first, after
        )

    @strawberry.field
    async def navigator(self, info: Info[Any, Any], id: ID) -> Navigator | None:
        return await _navigator(info, id)

    @strawberry.field(description="Navigators by topic (narrower ones too), city (AGS) and words.")
    async def navigators(
        self,
        info: Info[Any, Any],
        topic: ID | None = None,
        city: ID | None = None,
        text: str | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> Connection[Navigator]:
        return await _navigators(info, first, after, topic=topic, city=city, text=text)

    @strawberry.field
    async def project(self, info: Info[Any, Any], id: ID) -> Project | None:
        return await _project(info, id)

    @strawberry.field(
        description="Projects by topic (narrower ones too), city (AGS), words, and whether they seek partners."
    )
    async def projects(
        self,
        info: Info[Any, Any],
        topic: ID | None = None,
        city: ID | None = None,
        text: str | None = None,
        seeks_partners: bool | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> Connection[Project]:
        return await _projects(info, first, after, topic=topic, city=city, text=text, seeks_partners=seeks_partners)

    @strawberry.field(description="The whole vocabulary in the order of its tree.")
    async def topics(self, info: Info[Any, Any]) -> list[Topic]:
        async with _read(info) as session:
            return [Topic.of(row) for row in await search.topics(session)]


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
        return cast(City, await _city(info, self.ags))


@strawberry.type
class Mutation:
    @strawberry.mutation(
        description="Make the snapshot the whole truth about your city. One wrong row refuses all of it."
    )
    async def publish_directory(self, info: Info[Any, Any], snapshot: SnapshotInput) -> PublishResult:
        here, who = _here(info), _who(info)
        who.need(access.WRITE)
        access.may_publish(who, access.checked_ags(snapshot.city.ags))
        async with here.db.begin() as session:
            outcome = await publishing.publish(session, who.client, snapshot.as_snapshot())
            await here.say(session, outcome.messages)
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


schema = Schema(query=Query, mutation=Mutation, types=[Topic], federation_version=FEDERATION_VERSION)
