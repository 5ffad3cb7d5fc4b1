"""One's events and contacts, by one's link; through GraphQL."""

import enum
import uuid
from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.events import contacts
from services.events.graphql.linked import at, person
from services.events.graphql.types import SERVICE, Event
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here


@strawberry.enum(description="WANTED by oneself, ASKED by the other, AGREED by both, or OPEN.")
class ContactState(enum.Enum):
    OPEN = "OPEN"
    WANTED = "WANTED"
    ASKED = "ASKED"
    AGREED = "AGREED"


@strawberry.type(description="One's table in a round.")
class SharedTable:
    round: int
    table: int


@strawberry.type(description="Somebody with whom one shares a table, or is in contact.")
class DayContact:
    id: ID = strawberry.field(description="The navigator's id.")
    name: str
    city_name: str
    department: str
    email: str | None = strawberry.field(description="Null until both agreed, and where the network may not see it.")
    state: ContactState
    tables: list[SharedTable] = strawberry.field(description="Those that one shares with them.")

    @classmethod
    def of(cls, met: contacts.Met) -> Self:
        return cls(
            id=ID(str(met.id)), name=met.name, city_name=met.city, department=met.department, email=met.email or None,
            state=ContactState(met.state), tables=[SharedTable(round=a, table=b) for a, b in met.tables],
        )  # fmt: skip


@strawberry.type(description="An event of one's own.")
class MyEvent:
    event: Event
    state: str = strawberry.field(description="Of the registration: registered, waiting, invited, …")
    tables: list[SharedTable]


@strawberry.type(description="Somebody with whom one is in contact, and where one met them.")
class MyContact:
    contact: DayContact
    event: ID


@strawberry.type
class ContactQuery:
    @strawberry.field(description="The events of the person whose personal link it is, newest first.")
    async def my_events(self, info: Info[Any, Any], link: str) -> list[MyEvent]:
        key = await person(info, link)
        async with here(info, SERVICE).db.read(HUB) as session:
            return [
                MyEvent(
                    event=Event.of(one.event), state=one.state,
                    tables=[SharedTable(round=a, table=b) for a, b in one.tables],
                )
                for one in await contacts.events_of(session, key)
            ]  # fmt: skip

    @strawberry.field(description="With whom the person is in contact: both agreed.")
    async def my_contacts(self, info: Info[Any, Any], link: str) -> list[MyContact]:
        key = await person(info, link)
        async with here(info, SERVICE).db.read(HUB) as session:
            return [
                MyContact(contact=DayContact.of(met), event=ID(str(event)))
                for met, event in await contacts.agreed(session, key)
            ]

    @strawberry.field(description="With whom one shares a table at an event, and where that stands.")
    async def day_contacts(self, info: Info[Any, Any], link: str, event: ID) -> list[DayContact]:
        event_id, key = await at(info, link, event)
        async with here(info, SERVICE).db.read(HUB) as session:
            return [DayContact.of(met) for met in await contacts.of_event(session, event_id, key)]


@strawberry.type
class ContactMutation:
    @strawberry.mutation(
        description="Say that one wants to stay in contact with somebody of one's tables. As soon as both have, each "
        "sees the other's name, city and official address."
    )
    async def want_contact(self, info: Info[Any, Any], link: str, event: ID, navigator: ID) -> DayContact:
        event_id, key = await at(info, link, event)
        async with here(info, SERVICE).db.begin(HUB) as session:
            return DayContact.of(await contacts.want(session, event_id, key, _key(navigator)))

    @strawberry.mutation(description="Take that back: neither sees the other's address any more.")
    async def end_contact(self, info: Info[Any, Any], link: str, event: ID, navigator: ID) -> DayContact:
        event_id, key = await at(info, link, event)
        async with here(info, SERVICE).db.begin(HUB) as session:
            return DayContact.of(await contacts.end(session, event_id, key, _key(navigator)))


def _key(value: str) -> uuid.UUID:
    found = as_uuid(value)
    if found is None:
        raise NotFound(_("You shared no table with this person."))
    return found
