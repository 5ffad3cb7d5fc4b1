"""Circulars to the coordinators of a state's cities, through GraphQL."""

import datetime as dt
from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.directory import access, models
from services.directory.graphql.types import SERVICE
from services.directory.graphql.words import SizeClass
from services.directory.stateview import circulars
from services.directory.stateview.circulars import Audience, Letter, To
from services.directory.stateview.ground import checked_state
from services.kit.graphql import Connection, encode_cursor, page_size
from services.kit.resolvers import here, moment_of, read, who

strawberry.enum(
    Audience,
    name="CircularAudience",
    description="To whose coordinators: of all cities of the state, a district, a size class, your own case load, or "
    "a list.",
)


@strawberry.input(description="`district` takes five digits, `cities` keys (AGS); each only where it is asked for.")
class CircularTo:
    audience: Audience
    district: ID | None = None
    size_class: SizeClass | None = None
    cities: list[ID] | None = None

    def meant(self) -> To:
        if self.audience is Audience.LIST:
            return circulars.listed([str(one) for one in self.cities or []])
        about = {Audience.DISTRICT: self.district, Audience.SIZE_CLASS: self.size_class and self.size_class.value}
        return To(self.audience, str(about.get(self.audience) or ""))


@strawberry.type(description="Whom a circular would reach.")
class CircularReach:
    cities: int
    recipients: int = strawberry.field(description="Coordinators; who coordinates two cities counts once.")
    unreached: list[ID] = strawberry.field(description="Cities without a coordinator who has an e-mail address.")
    declined: int = strawberry.field(description="Who wants no circulars but those about their duties.")


@strawberry.type(description="What was written to the coordinators of a state's cities.")
class Circular:
    id: ID
    at: dt.datetime
    writer: str = strawberry.field(description="Their name; empty once their account is erased.")
    subject: str
    text: str
    duty: bool = strawberry.field(description="About the recipients' duties: it went to all of them.")
    audience: Audience
    district: ID | None
    size_class: SizeClass | None
    cities: list[ID]
    recipients: int
    written: int = strawberry.field(description="Mails that are on their way or have arrived.")
    finished_at: dt.datetime | None

    @classmethod
    def of(cls, row: models.Circular, writer: str) -> Self:
        audience = Audience(row.audience)
        return cls(
            id=ID(str(row.id)),
            at=row.at,
            writer=writer,
            subject=row.subject,
            text=row.text,
            duty=row.duty,
            audience=audience,
            district=ID(row.about) if audience is Audience.DISTRICT else None,
            size_class=SizeClass(row.about) if audience is Audience.SIZE_CLASS else None,
            cities=[ID(one) for one in row.cities],
            recipients=row.recipients,
            written=row.written,
            finished_at=row.finished_at,
        )


@strawberry.type
class CircularQuery:
    @strawberry.field(description="Whom a circular to these cities of the state would reach.")
    async def circular_reach(self, info: Info[Any, Any], state: ID, to: CircularTo, duty: bool) -> CircularReach:
        code, asking = checked_state(str(state)), who(info)
        access.may_steer(asking, code)
        async with read(info, SERVICE) as session:
            found = await circulars.reach(session, asking, code, to.meant(), duty=duty)
        return CircularReach(
            cities=len(found.cities),
            recipients=found.recipients,
            unreached=[ID(one) for one in found.unreached],
            declined=found.declined,
        )

    @strawberry.field(description="Circulars to cities of the state, newest first.")
    async def circulars(
        self, info: Info[Any, Any], state: ID, first: int = 20, after: str | None = None
    ) -> Connection[Circular]:
        code, place = checked_state(str(state)), moment_of(after)
        access.may_steer(who(info), code)
        async with read(info, SERVICE) as session:
            rows = await circulars.page(session, code, page_size(first) + 1, before=place)
        return Connection.of(
            [Circular.of(row, writer) for row, writer in rows],
            lambda node: encode_cursor(node.at.isoformat(), str(node.id)),
            first,
            after,
        )


@strawberry.type
class CircularMutation:
    @strawberry.mutation(
        description="Write to the coordinators of the chosen cities of the state, one mail to each. With the same "
        "`idempotencyKey` again, the answer is the one of the first time, and nothing is sent."
    )
    async def send_circular(
        self,
        info: Info[Any, Any],
        state: ID,
        subject: str,
        text: str,
        duty: bool,
        to: CircularTo,
        idempotency_key: str | None = None,
    ) -> Circular:
        code, asking, runtime = checked_state(str(state)), who(info), here(info, SERVICE)
        access.may_steer(asking, code)
        letter = Letter(subject, text, duty, to.meant())
        id = await circulars.deliver(runtime, asking, code, letter, idempotency_key)
        async with runtime.db.read(asking.acting) as session:
            return Circular.of(*await circulars.one(session, code, id))
