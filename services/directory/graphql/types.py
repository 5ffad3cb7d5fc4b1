"""What the directory's graph is made of, and how each thing is found."""

import asyncio
import enum
from typing import Any, Self, cast

import strawberry
from strawberry import ID, Info

from services.directory import access, search
from services.directory import models as m
from services.kit import i18n
from services.kit.errors import Refused
from services.kit.graphql import Connection, decode_cursor, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, load, read, who

SERVICE = "directory"


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
    position: strawberry.Private[int]
    de: str = strawberry.field(description="The German label.")
    en: str = strawberry.field(description="The English label.")
    synonyms: list[str]

    @classmethod
    def of(cls, row: m.Topic) -> Self:
        return cls(
            code=ID(row.code),
            parent_code=row.parent,
            position=row.position,
            de=row.de,
            en=row.en,
            synonyms=list(row.synonyms),
        )

    @strawberry.field(description="The label in the language of the request.")
    def label(self) -> str:
        return self.en if i18n.language() == "en" else self.de

    @strawberry.field(description="The wider topic; null for a field.")
    async def parent(self, info: Info[Any, Any]) -> "Topic | None":
        return await topic_of(info, self.parent_code) if self.parent_code else None

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], code: ID) -> "Topic | None":
        return await topic_of(info, code)


async def topic_of(info: Info[Any, Any], code: str) -> Topic | None:
    row = await load(info, SERVICE, search.topics_by_code, str(code))
    return Topic.of(row) if row else None


async def topics_of(info: Info[Any, Any], codes: list[str]) -> list[Topic]:
    found = await asyncio.gather(*(topic_of(info, code) for code in codes))  # all at once, so that one batch has them
    return [topic for topic in found if topic is not None]


@strawberry.type(description="A municipality of the official register, whether it takes part or not.")
class Municipality:
    ags: ID
    name: str = strawberry.field(description="The official name, such as „Konstanz, Universitätsstadt“.")
    kind: str
    state: str
    district: str
    population: int
    postal_code: str
    sort_key: strawberry.Private[str]

    @classmethod
    def of(cls, row: m.Municipality) -> Self:
        return cls(
            ags=ID(row.ags),
            name=row.name,
            kind=row.kind,
            state=row.state,
            district=row.district,
            population=row.population,
            postal_code=row.postal_code,
            sort_key=row.sort_key,
        )

    @strawberry.field(description="What it publishes here; null if it does not take part.")
    async def city(self, info: Info[Any, Any]) -> "City | None":
        return await city_of(info, self.ags)


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
        return await navigator_page(info, first, after, city=str(self.ags), topic=topic)

    @strawberry.field
    async def projects(
        self, info: Info[Any, Any], topic: ID | None = None, first: int = 50, after: str | None = None
    ) -> "Connection[Project]":
        return await project_page(info, first, after, city=str(self.ags), topic=topic)

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], ags: ID) -> "City | None":
        return await city_of(info, ags)


async def city_of(info: Info[Any, Any], ags: str) -> City | None:
    row = await load(info, SERVICE, search.cities_by_ags, str(ags))
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
    def name(self) -> str | None:
        return self.row.name

    @strawberry.field
    async def city(self, info: Info[Any, Any]) -> City:
        return cast(City, await city_of(info, self.row.ags))

    @strawberry.field(description="Topics on which they help others.")
    async def offers(self, info: Info[Any, Any]) -> list[Topic]:
        return await topics_of(info, self.row.offers)

    @strawberry.field(description="Topics on which they look for help.")
    async def seeks(self, info: Info[Any, Any]) -> list[Topic]:
        return await topics_of(info, self.row.seeks)

    @strawberry.field(description="Topics they work on now.")
    async def works_on(self, info: Info[Any, Any]) -> list[Topic]:
        return await topics_of(info, self.row.works_on)

    @strawberry.field(description="All their topics: offered, sought and worked on.")
    async def topics(self, info: Info[Any, Any]) -> list[Topic]:
        return await topics_of(info, sorted({*self.row.offers, *self.row.seeks, *self.row.works_on}))

    @strawberry.field
    async def projects(self, info: Info[Any, Any]) -> "list[Project]":
        return [Project.of(row) for row in await load(info, SERVICE, search.projects_of_navigators, self.row.id)]

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], id: ID) -> "Navigator | None":
        return await navigator_of(info, id)


async def navigator_of(info: Info[Any, Any], value: str) -> Navigator | None:
    key = as_uuid(value)
    row = await load(info, SERVICE, search.navigators_by_id, key) if key else None
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
        return cast(City, await city_of(info, self.row.ags))

    @strawberry.field
    async def topics(self, info: Info[Any, Any]) -> list[Topic]:
        return await topics_of(info, self.row.topics)

    @strawberry.field
    async def navigators(self, info: Info[Any, Any]) -> list[Navigator]:
        return [Navigator.of(row) for row in await load(info, SERVICE, search.navigators_of_projects, self.row.id)]

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], id: ID) -> "Project | None":
        return await project_of(info, id)


async def project_of(info: Info[Any, Any], value: str) -> Project | None:
    key = as_uuid(value)
    row = await load(info, SERVICE, search.projects_by_id, key) if key else None
    return Project.of(row) if row else None


async def navigator_page(
    info: Info[Any, Any],
    first: int,
    after: str | None,
    *,
    topic: str | None = None,
    city: str | None = None,
    text: str | None = None,
) -> Connection[Navigator]:
    by_name = access.in_network(who(info))
    place = place_of(after)
    await _known(info, topic, city)
    async with read(info, SERVICE) as session:
        rows = await search.navigators(
            session, page_size(first) + 1, after=place, topic=topic, city=city, text=text, by_name=by_name
        )

    def cursor(node: Navigator) -> str:
        return encode_cursor(node.row.sort_key if by_name else "", str(node.id))

    return Connection.of([Navigator.of(row) for row in rows], cursor, first, after)


async def project_page(info: Info[Any, Any], first: int, after: str | None, **filters: Any) -> Connection[Project]:
    place = place_of(after)
    async with read(info, SERVICE) as session:
        rows = await search.projects(session, page_size(first) + 1, after=place, **filters)
    return Connection.of(
        [Project.of(row) for row in rows], lambda node: encode_cursor(node.row.sort_key, str(node.id)), first, after
    )


async def _known(info: Info[Any, Any], topic: str | None, city: str | None) -> None:
    """Raises Refused for a filter that can find nothing: a typing error must not look like an empty town."""
    if city is not None:
        access.checked_ags(city)
    if topic is not None and await topic_of(info, topic) is None:
        raise Refused(_("The topic „{topic}“ is not in the vocabulary.", topic=topic[:60]))


def place_of(after: str | None) -> list[str] | None:
    """A cursor of a list whose rows have a UUID at the end."""
    place = decode_cursor(after, 2)
    if place is not None and as_uuid(place[1]) is None:
        raise Refused(_("„after“ is not a cursor of this list."))
    return place
