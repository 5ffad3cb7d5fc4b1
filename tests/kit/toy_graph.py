"""A small world that is cut like ours: directory owns people and places, events extends them (and a test both).

It holds every shape the one graph must answer like a router: stubs that need another subgraph, keys that need none,
references that lead nowhere, shared inputs, enums and shareable types, an interface, a union, hidden fields, an error
with a code, mutations, a subscription. `gone` is a navigator that events still knows.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any

import strawberry
from graphql import GraphQLError
from strawberry.dataloader import DataLoader
from strawberry.federation import Schema
from strawberry.types.info import Info

HERE, THERE, NOWHERE = strawberry.ID("09564"), strawberry.ID("14713"), strawberry.ID("00000")
CITIES = {HERE: "Nürnberg", THERE: "Leipzig"}
TOPICS = {"it": "Computer", "phone": "Telefon"}
NAVIGATORS = {strawberry.ID(f"n{i}"): f"Lotse {i}" for i in range(60)}


@dataclass
class Asked:
    """What one request carries; the tests count its `batches` and `kept` may outlive it."""

    language: str = ""
    token: str = ""
    kept: "EventsNavigator | None" = None
    batches: list[list[strawberry.ID]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.navigators: DataLoader[strawberry.ID, Navigator | None] = DataLoader(self._navigators)

    async def _navigators(self, ids: list[strawberry.ID]) -> list["Navigator | None"]:
        self.batches.append(list(ids))
        return [find_navigator(id) for id in ids]


@strawberry.enum(description="The language of an answer")
class Language(Enum):
    DE = "de"
    EN = "en"


@strawberry.input(name="Page", description="A slice of a list")
class DirectoryPage:
    first: int = 2
    after: strawberry.ID | None = None


@strawberry.federation.type(shareable=True)
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.interface(description="Has a name")
class Named:
    name: str


# directory ----------------------------------------------------------------------------------------------------------
@strawberry.federation.type(keys=["code"])
class Topic:
    code: strawberry.ID

    @strawberry.field
    def title(self, language: Language = Language.DE) -> str:
        return f"{TOPICS[self.code]} ({language.value})"

    @classmethod
    def resolve_reference(cls, code: strawberry.ID) -> "Topic | None":
        return cls(code=code) if code in TOPICS else None


@strawberry.federation.type(keys=["ags"], description="A municipality")
class City(Named):
    ags: strawberry.ID

    @strawberry.field
    def navigators(self) -> list["Navigator"]:
        return [found for n in NAVIGATORS if (found := find_navigator(n)) and found.home == self.ags][:3]

    @classmethod
    async def resolve_reference(cls, ags: strawberry.ID) -> "City | None":
        return find_city(ags)


@strawberry.federation.type(keys=["id"])
class Navigator(Named):
    id: strawberry.ID
    nickname: str | None
    home: strawberry.Private[strawberry.ID]
    secret: str = strawberry.federation.field(inaccessible=True, default="hidden")
    city: City | None = strawberry.field(resolver=lambda self: find_city(self.home))
    topics: list[Topic] = strawberry.field(resolver=lambda self: [Topic(code=strawberry.ID(c)) for c in TOPICS])

    @strawberry.field
    def phone(self) -> str | None:
        raise GraphQLError("not for you", extensions={"code": "FORBIDDEN", "status": 403})

    @classmethod
    async def resolve_reference(cls, info: Info[Any, None], id: strawberry.ID) -> "Navigator | None":
        found = await info.context.navigators.load(id)
        return found if isinstance(found, Navigator) else None


@strawberry.type
class NavigatorConnection:
    nodes: list[Navigator]
    page_info: PageInfo


Found = Annotated[City | Navigator | Topic, strawberry.union("Found")]


def find_city(ags: strawberry.ID) -> City | None:
    return City(ags=ags, name=CITIES[ags]) if ags in CITIES else None


def find_navigator(id: strawberry.ID) -> Navigator | None:
    if id not in NAVIGATORS:
        return None
    even = int(id[1:]) % 2 == 0
    home = HERE if even else THERE
    return Navigator(id=id, name=NAVIGATORS[id], nickname="Lo" if even else None, home=home)


@strawberry.type(name="Query")
class DirectoryQuery:
    navigator: Navigator | None = strawberry.field(resolver=find_navigator)
    city: City | None = strawberry.field(resolver=find_city)

    @strawberry.field
    def navigators(self, page: DirectoryPage | None = None) -> NavigatorConnection:
        first = page.first if page else 3
        nodes = [found for n in list(NAVIGATORS)[:first] if (found := find_navigator(n))]
        return NavigatorConnection(nodes=nodes, page_info=PageInfo(has_next_page=True, end_cursor=nodes[-1].id))

    @strawberry.field
    def search(self, text: str) -> list[Found]:
        found = find_city(HERE), find_navigator(strawberry.ID("n1")), Topic(code=strawberry.ID("it"))
        return [one for one in found if one]

    @strawberry.field
    def named(self) -> list[Named]:
        return [one for one in (find_city(THERE), find_navigator(strawberry.ID("n2"))) if one]

    @strawberry.field
    def greeting(self, info: Info[Any, None]) -> str:
        return f"{info.context.language} {info.context.token}"


@strawberry.type(name="Mutation")
class DirectoryMutation:
    @strawberry.mutation
    def rename_navigator(self, id: strawberry.ID, name: str) -> Navigator:
        if not name:
            raise GraphQLError("a name is needed", extensions={"code": "REFUSED", "status": 422})
        found = find_navigator(id)
        assert found
        found.name = name
        return found


# events -------------------------------------------------------------------------------------------------------------
@strawberry.enum
class Kind(Enum):
    TRIP = "trip"
    SPEED_DATING = "speed"


@strawberry.federation.type(name="Navigator", keys=["id"])
class EventsNavigator:
    id: strawberry.ID


@strawberry.federation.type(name="Topic", keys=["code"])
class EventsTopic:
    code: strawberry.ID


@strawberry.federation.type(name="City", keys=["ags"])
class EventsCity:
    ags: strawberry.ID

    @strawberry.field
    def events(self, kind: Kind | None = None) -> list["Event"]:
        return [event for event in all_events() if event.place == self.ags and kind in (None, event.kind)]


@strawberry.type
class Participant:
    role: str
    navigator: EventsNavigator
    buddy: EventsNavigator | None


@strawberry.federation.type(keys=["id"])
class Event:
    id: strawberry.ID
    title: str
    kind: Kind
    place: strawberry.Private[strawberry.ID]
    old_title: str | None = strawberry.field(default=None, deprecation_reason="use title")
    city: EventsCity = strawberry.field(resolver=lambda self: EventsCity(ags=self.place))

    @strawberry.field
    def topics(self) -> list[EventsTopic]:
        return [EventsTopic(code=strawberry.ID(c)) for c in ("it", "phone")]

    @strawberry.field
    async def participants(self, first: int = 3) -> list[Participant]:
        return [
            Participant(role=f"r{i}", navigator=seat(f"n{i}"), buddy=seat("gone") if i == 1 else None)
            for i in range(first)
        ]

    lead: EventsNavigator | None = strawberry.field(resolver=lambda self: seat("gone" if self.id == "e2" else "n5"))

    @strawberry.field
    def waiting(self) -> list[EventsNavigator | None]:
        return [seat("n1"), seat("gone"), None, seat("n2")]

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> "Event | None":
        return find_event(id)


@strawberry.type
class EventConnection:
    nodes: list[Event]
    page_info: PageInfo


def seat(id: str) -> EventsNavigator:
    return EventsNavigator(id=strawberry.ID(id))


def all_events() -> list[Event]:
    made = ("Reise", Kind.TRIP, HERE), ("Tag", Kind.SPEED_DATING, THERE), ("Fern", Kind.TRIP, NOWHERE)
    return [Event(id=strawberry.ID(f"e{n}"), title=t, kind=k, place=p) for n, (t, k, p) in enumerate(made, 1)]


def find_event(id: strawberry.ID) -> Event | None:
    return next((event for event in all_events() if event.id == id), None)


@strawberry.type(name="Query")
class EventsQuery:
    event: Event | None = strawberry.field(resolver=find_event)

    @strawberry.field
    def kept(self, info: Info[Any, None]) -> EventsNavigator | None:
        found = info.context.kept
        return found if isinstance(found, EventsNavigator) else None

    @strawberry.field
    def events(self, page: DirectoryPage | None = None, kinds: list[Kind] | None = None) -> EventConnection:
        nodes = [event for event in all_events() if kinds is None or event.kind in kinds][: page.first if page else 9]
        return EventConnection(nodes=nodes, page_info=PageInfo(has_next_page=False, end_cursor=None))


@strawberry.type(name="Mutation")
class EventsMutation:
    @strawberry.mutation
    def move_event(self, id: strawberry.ID, to: strawberry.ID) -> Event:
        moved = find_event(id)
        assert moved
        moved.place = to
        return moved


@strawberry.type(name="Subscription")
class EventsSubscription:
    @strawberry.subscription
    async def event_changed(self, times: int) -> AsyncIterator[Event]:
        for event in all_events()[:times]:
            yield event


DIRECTORY = Schema(query=DirectoryQuery, mutation=DirectoryMutation, federation_version="2.9")
EVENTS = Schema(query=EventsQuery, mutation=EventsMutation, subscription=EventsSubscription, federation_version="2.9")
