"""Announcements through GraphQL."""

import datetime as dt
from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.events import access
from services.events import models as m
from services.events.graphql.changing import own_event, unit
from services.events.graphql.types import SERVICE, City
from services.events.live import announcing
from services.kit.db import Writer
from services.kit.resolvers import here, load, who


@strawberry.type(description="What the organiser announced: to everybody unless a city, vehicle or session is named.")
class Announcement:
    id: ID
    text: str
    at: dt.datetime
    city: City | None
    vehicle: ID | None
    session: ID | None

    @classmethod
    def of(cls, row: m.Announcement) -> Self:
        return cls(
            id=ID(str(row.id)),
            text=row.text,
            at=row.at,
            city=City(ags=ID(row.city)) if row.city else None,
            vehicle=ID(str(row.vehicle_id)) if row.vehicle_id else None,
            session=ID(str(row.session_id)) if row.session_id else None,
        )


@strawberry.type(description="An announcement that was made.")
class Announced:
    announcement: Announcement
    people: int = strawberry.field(description="For how many it is.")


@strawberry.input(description="For one city, one vehicle or one session of an open space; for all if none is named.")
class AnnouncementInput:
    text: str
    city: ID | None = None
    vehicle: ID | None = None
    session: ID | None = None
    mail: bool = strawberry.field(default=True, description="Write it to them as well, not only onto screens.")

    def as_draft(self) -> announcing.Draft:
        city, vehicle, session = (str(one or "") for one in (self.city, self.vehicle, self.session))
        return announcing.Draft(self.text, city, vehicle, session, self.mail)


@strawberry.type
class AnnouncementMutation:
    @strawberry.mutation(
        description="Announce something: on live screens, in the days of those whom it is for, and by mail. What is "
        "for everybody, everybody reads."
    )
    async def announce(self, info: Info[Any, Any], event: ID, announcement: AnnouncementInput) -> Announced:
        wanted, rates = announcement.as_draft(), here(info, SERVICE).rates

        async def work(session: Writer, row: m.Event) -> tuple[m.Announcement, int]:
            await rates.take(announcing.OFTEN, f"event:{row.id}")
            return await announcing.announce(session, row, wanted)

        row, people = await unit(info, event, work, say=False)
        return Announced(announcement=Announcement.of(row), people=people)

    @strawberry.mutation(description="Take an announcement off the screens; mails that were written stay so.")
    async def withdraw_announcement(self, info: Info[Any, Any], id: ID) -> bool:
        async with here(info, SERVICE).db.begin(who(info).acting) as session:
            row = await announcing.by_id(session, id)
            await own_event(info, session, str(row.event_id))
            await announcing.withdraw(session, row)
        return True


async def announcements_of(info: Info[Any, Any], event: m.Event) -> list[Announcement]:
    if not access.may_see_people(who(info), event):
        return []
    return [Announcement.of(row) for row in await load(info, SERVICE, announcing.of_events, event.id)]
