"""What the directory's graph is made of, and how each thing is found.

What is said here is also compiled to SQL (`directory.reads`): a field that both know must answer alike in both.
"""

import asyncio
import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Self, cast

import strawberry
from strawberry import ID, Info

from services.directory import access, partnerships, search
from services.directory import models as m
from services.directory.access import Viewer
from services.directory.fields import FIELDS, Audience
from services.directory.filters import NO_FILTERS, Filters
from services.directory.graphql.asked import alike, checked, offering
from services.directory.graphql.parts import Competences, Department, DepartmentCoverage, Link
from services.directory.graphql.shown import shown
from services.directory.graphql.words import Profile, Recruited, SizeClass, Stage, Task
from services.directory.snapshot import AREAS
from services.directory.stateview.coverage import departments
from services.kit import i18n
from services.kit.graphql import Connection, encode_cursor, page_size
from services.kit.resolvers import as_uuid, load, read, who

if TYPE_CHECKING:
    from services.directory.graphql.partnerships import Partnership
    from services.directory.graphql.projects import ProjectPartner

SERVICE = "directory"
Shared = Annotated["Partnership", strawberry.lazy("services.directory.graphql.partnerships")]
Joined = Annotated["ProjectPartner", strawberry.lazy("services.directory.graphql.projects")]


@strawberry.federation.type(keys=["code"], description="A topic of the shared vocabulary.")
class Topic:
    code: ID
    row: strawberry.Private[m.Topic]
    de: str = strawberry.field(description="The German label.")
    en: str = strawberry.field(description="The English label.")
    synonyms: list[str]
    ozg: list[str] = strawberry.field(description="Fields of the Onlinezugangsgesetz it belongs to.")

    @classmethod
    def of(cls, row: m.Topic) -> Self:
        return cls(code=ID(row.code), row=row, de=row.de, en=row.en, synonyms=list(row.synonyms), ozg=list(row.ozg))

    @strawberry.field(description="The label in the language of the request.")
    def label(self) -> str:
        return self.en if i18n.language() == "en" else self.de

    @strawberry.field(description="The wider topic; null for a field.")
    async def parent(self, info: Info[Any, Any]) -> "Topic | None":
        return await topic_of(info, self.row.parent) if self.row.parent else None

    @strawberry.field(description="The topics right below it.")
    async def narrower(self, info: Info[Any, Any]) -> "list[Topic]":
        return [Topic.of(row) for row in await load(info, SERVICE, search.narrower_topics, self.row.code)]

    @strawberry.field(description="The topic that took its place; null while it counts itself.")
    async def merged_into(self, info: Info[Any, Any]) -> "Topic | None":
        return await topic_of(info, self.row.merged_into) if self.row.merged_into else None

    @strawberry.field(description="Navigators with this topic or a narrower one.")
    async def navigators(
        self, info: Info[Any, Any], first: int = 50, after: str | None = None
    ) -> "Connection[Navigator]":
        return await navigator_page(info, first, after, topic=self.row.code)

    @strawberry.field(description="Projects with this topic or a narrower one.")
    async def projects(self, info: Info[Any, Any], first: int = 50, after: str | None = None) -> "Connection[Project]":
        return await project_page(info, first, after, topic=self.row.code)

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], code: ID) -> "Topic | None":
        return await topic_of(info, code)


async def topic_of(info: Info[Any, Any], code: str) -> Topic | None:
    row = await load(info, SERVICE, search.topics_by_code, str(code))
    return Topic.of(row) if row else None


async def topics_of(info: Info[Any, Any], codes: list[str]) -> list[Topic]:
    found = await asyncio.gather(*(topic_of(info, code) for code in codes))  # all at once, so that one batch has them
    return [topic for topic in found if topic is not None]


@strawberry.federation.type(keys=["ags"], description="A municipality that takes part.")
class City:
    ags: ID = strawberry.field(description="Amtlicher Gemeindeschlüssel, 8 digits.")
    row: strawberry.Private[m.City]
    name: str
    kind: str
    population: int | None
    website: str | None
    logo: str | None
    contact: str = strawberry.field(description="The contact point: an office, no person.")
    contact_email: str | None
    contact_phone: str | None
    state: str = strawberry.field(description="The state's name.")
    district: str
    size_class: SizeClass | None
    confirmed_on: dt.date = strawberry.field(description="When it last published, changed or unchanged.")

    @classmethod
    def of(cls, row: m.City) -> Self:
        return cls(
            ags=ID(row.ags),
            row=row,
            name=row.name,
            kind=row.kind,
            population=row.population,
            website=row.website,
            logo=row.logo,
            contact=row.contact,
            contact_email=row.contact_email,
            contact_phone=row.contact_phone,
            state=row.state,
            district=row.district,
            size_class=SizeClass(row.size_class) if row.size_class else None,
            confirmed_on=row.confirmed_on,
        )

    @strawberry.field
    async def departments(self, info: Info[Any, Any]) -> list[Department]:
        rows = await load(info, SERVICE, search.departments_of_cities, self.row.ags)
        return [Department(key=row.key, name=row.name, target=row.target, employees=row.employees) for row in rows]

    @strawberry.field(description="Each department beside the navigators it shall have.")
    async def coverage(self, info: Info[Any, Any]) -> list[DepartmentCoverage]:
        rows = await load(info, SERVICE, departments, (self.row.ags, access.viewer(who(info))))
        return [DepartmentCoverage(key=r.key, name=r.name, target=r.target, actual=r.actual) for r in rows]

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

    @strawberry.field(description="„Städte wie meine“: of like size, with people and projects on the same topics.")
    async def similar(self, info: Info[Any, Any], first: int = 5) -> "list[City]":
        keys = await alike(info, SERVICE, self.row.ags, first)
        return [city for city in await asyncio.gather(*(city_of(info, key) for key in keys)) if city]

    @strawberry.field(description="Whom it works with; its own people and programs see proposals as well.")
    async def partnerships(self, info: Info[Any, Any]) -> list[Shared]:
        from services.directory.graphql.partnerships import Partnership

        return [Partnership.of(row) for row in await load(info, SERVICE, partnerships.of_cities, self.row.ags)]

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], ags: ID) -> "City | None":
        return await city_of(info, ags)


async def city_of(info: Info[Any, Any], ags: str) -> City | None:
    row = await load(info, SERVICE, search.cities_by_ags, str(ags))
    return City.of(row) if row else None


@strawberry.federation.type(
    keys=["id"],
    description="A digital navigator, as their city published them. Each person and city chooses who sees which field; "
    "what the asker may not see is null or empty.",
)
class Navigator:
    id: ID
    row: strawberry.Private[m.Navigator]
    viewer: strawberry.Private[Viewer]
    coordinator: bool = strawberry.field(description="Looks after the city's navigators.")

    @classmethod
    def of(cls, row: m.Navigator, viewer: Viewer) -> Self:
        return cls(id=ID(str(row.id)), row=row, viewer=viewer, coordinator=row.coordinator)

    @shown(None)
    def name(self) -> str | None:
        return self.row.name

    @shown("", "What the city calls the role.")
    def title(self) -> str:
        return self.row.title

    @shown("")
    def department(self) -> str:
        return self.row.department

    @shown(None)
    def profile(self) -> Profile | None:
        return Profile(self.row.profile) if self.row.profile else None

    @shown(None, "Percent of a full post.")
    def hours_share(self) -> int | None:
        return self.row.hours_share

    @shown(None)
    def competences(self) -> Competences | None:
        told = self.row.competences
        return Competences(**{area: list(told.get(area, ())) for area in AREAS}) if told else None

    @shown([], "Language codes (BCP 47).")
    def languages(self) -> list[str]:
        return list(self.row.languages)

    @shown(None)
    def email(self) -> str | None:
        return self.row.email

    @shown(None)
    def phone(self) -> str | None:
        return self.row.phone

    @shown(None, "A Matrix address or a link to a room.")
    def chat(self) -> str | None:
        return self.row.chat

    @shown(None)
    def room(self) -> str | None:
        return self.row.room

    @shown(None, "The address of a picture, with the person's consent.")
    def photo(self) -> str | None:
        return self.row.photo

    @shown(None)
    def since(self) -> dt.date | None:
        return self.row.since

    @shown(None)
    def until(self) -> dt.date | None:
        return self.row.until

    @shown(None)
    def recruited(self) -> Recruited | None:
        return Recruited(self.row.recruited) if self.row.recruited else None

    @shown([])
    def tasks(self) -> list[Task]:
        return [Task(task) for task in self.row.tasks]

    @shown(None, "Holds one of the places that the state pays for.")
    def funded(self) -> bool | None:
        return self.row.funded

    @strawberry.field
    async def city(self, info: Info[Any, Any]) -> City:
        return cast(City, await city_of(info, self.row.ags))

    @strawberry.field(description="Topics on which they help others.")
    async def offers(self, info: Info[Any, Any]) -> list[Topic]:
        return await topics_of(info, self._topics("offers"))

    @strawberry.field(description="Topics on which they look for help.")
    async def seeks(self, info: Info[Any, Any]) -> list[Topic]:
        return await topics_of(info, self._topics("seeks"))

    @strawberry.field(description="Topics they work on now.")
    async def works_on(self, info: Info[Any, Any]) -> list[Topic]:
        return await topics_of(info, self._topics("works_on"))

    @strawberry.field(description="All their topics: offered, sought and worked on.")
    async def topics(self, info: Info[Any, Any]) -> list[Topic]:
        if self.viewer.audience is Audience.PUBLIC:
            return await topics_of(info, self.row.topics_public)
        own = self.row.ags == self.viewer.city
        return await topics_of(info, self.row.topics_city if own else self.row.topics_network)

    @strawberry.field(description="The navigator who helps them to settle in.")
    async def mentor(self, info: Info[Any, Any]) -> "Navigator | None":
        seen = self.viewer.mask(self.row) & FIELDS["mentor"].flag
        return await navigator_of(info, str(self.row.mentor)) if seen and self.row.mentor else None

    @strawberry.field
    async def projects(self, info: Info[Any, Any]) -> "list[Project]":
        return [Project.of(row) for row in await load(info, SERVICE, search.projects_of_navigators, self.row.id)]

    @strawberry.field(description="Who offers what they seek, people of other cities first; see `whoOffers`.")
    async def matches(self, info: Info[Any, Any], first: int = 10) -> "list[Navigator]":
        keys = await offering(info, SERVICE, self.row, self._topics("seeks"), first)
        return [one for one in await asyncio.gather(*(navigator_of(info, key) for key in keys)) if one]

    def _topics(self, name: str) -> list[str]:
        return list(getattr(self.row, name)) if self.viewer.mask(self.row) & FIELDS[name].flag else []

    @classmethod
    async def resolve_reference(cls, info: Info[Any, Any], id: ID) -> "Navigator | None":
        return await navigator_of(info, id)


async def navigator_of(info: Info[Any, Any], value: str) -> Navigator | None:
    key, viewer = as_uuid(value), access.viewer(who(info))
    row = await load(info, SERVICE, search.navigators_by_id, key) if key else None
    return Navigator.of(row, viewer) if row and viewer.sees(row) else None


@strawberry.federation.type(keys=["id"], description="A project that a city makes visible to others.")
class Project:
    id: ID
    row: strawberry.Private[m.Project]
    title: str
    summary: str
    department: str
    stage: Stage
    seeks_partners: bool = strawberry.field(description="The city looks for partners.")
    seeks_test_area: bool = strawberry.field(description="The city looks for a place to test.")
    reusable: str = strawberry.field(description="What others can take over.")
    lessons: str = strawberry.field(description="What was learned, also from what failed.")
    changed_on: dt.date

    @classmethod
    def of(cls, row: m.Project) -> Self:
        return cls(
            id=ID(str(row.id)), row=row, title=row.title, summary=row.summary, department=row.department,
            stage=Stage(row.stage), seeks_partners=row.seeks_partners, seeks_test_area=row.seeks_test_area,
            reusable=row.reusable, lessons=row.lessons, changed_on=row.changed_on,
        )  # fmt: skip

    @strawberry.field
    def links(self) -> list[Link]:
        return [Link(url=link["url"], label=link.get("label", "")) for link in self.row.links]

    @strawberry.field
    async def city(self, info: Info[Any, Any]) -> City:
        return cast(City, await city_of(info, self.row.ags))

    @strawberry.field
    async def topics(self, info: Info[Any, Any]) -> list[Topic]:
        return await topics_of(info, self.row.topics)

    @strawberry.field
    async def navigators(self, info: Info[Any, Any]) -> list[Navigator]:
        rows, viewer = await load(info, SERVICE, search.navigators_of_projects, self.row.id), access.viewer(who(info))
        return [Navigator.of(row, viewer) for row in rows if viewer.sees(row)]

    @strawberry.field(description="The cities that have joined it.")
    async def partners(self, info: Info[Any, Any]) -> list[Joined]:
        from services.directory.graphql.projects import partners_of

        return await partners_of(info, self.row.id)

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
    more: Filters = NO_FILTERS,
) -> Connection[Navigator]:
    viewer = access.viewer(who(info))
    place, more = await checked(info, SERVICE, after, city, replace(more, topic=topic))
    async with read(info, SERVICE) as session:
        rows = await search.navigators(
            session, page_size(first) + 1, viewer, after=place, topic=more.topic, city=city, text=text, more=more
        )

    def cursor(node: Navigator) -> str:
        return encode_cursor("" if viewer.audience is Audience.PUBLIC else node.row.sort_network, str(node.id))

    return Connection.of([Navigator.of(row, viewer) for row in rows], cursor, first, after)


async def project_page(
    info: Info[Any, Any],
    first: int,
    after: str | None,
    *,
    topic: str | None = None,
    city: str | None = None,
    more: Filters = NO_FILTERS,
    **how: Any,
) -> Connection[Project]:
    (at, more), size = await checked(info, SERVICE, after, city, replace(more, topic=topic)), page_size(first)
    async with read(info, SERVICE) as session:
        rows = await search.projects(session, size + 1, after=at, topic=more.topic, city=city, more=more, **how)
    return Connection.of(
        [Project.of(row) for row in rows], lambda node: encode_cursor(node.row.sort_key, str(node.id)), first, after
    )
