"""Partnerships between cities, through GraphQL."""

import datetime as dt
import enum
import uuid
from typing import Any, Self, cast

import strawberry
from strawberry import ID, Info

from services.directory import access, partnerships
from services.directory import models as m
from services.directory.graphql.types import SERVICE, City, Topic, city_of, topics_of
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, who


@strawberry.enum(description="Everybody sees active partnerships; the two cities see proposals as well.")
class PartnershipStatus(enum.Enum):
    PROPOSED = "PROPOSED"
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


@strawberry.type(description="Two cities that work together.")
class Partnership:
    id: ID
    row: strawberry.Private[m.Partnership]
    note: str
    status: PartnershipStatus
    proposed_at: dt.datetime
    since: dt.date | None
    ended_at: dt.datetime | None

    @classmethod
    def of(cls, row: m.Partnership) -> Self:
        return cls(
            id=ID(str(row.id)),
            row=row,
            note=row.note,
            status=PartnershipStatus(row.status),
            proposed_at=row.proposed_at,
            since=row.since,
            ended_at=row.ended_at,
        )

    @strawberry.field(description="The city that proposed it.")
    async def city(self, info: Info[Any, Any]) -> City:
        return cast(City, await city_of(info, self.row.ags))

    @strawberry.field(description="The city that it was proposed to.")
    async def other(self, info: Info[Any, Any]) -> City:
        return cast(City, await city_of(info, self.row.other))

    @strawberry.field(description="What it is about.")
    async def topics(self, info: Info[Any, Any]) -> list[Topic]:
        return await topics_of(info, self.row.topics)


@strawberry.type
class PartnershipMutation:
    # All of these act for the hub: the other city's contacts are told, whom no city sees. Whose it is, the logic asks.

    @strawberry.mutation(
        description="Propose to the city `other` (AGS) to work together; everybody reads the note once it is agreed."
    )
    async def propose_partnership(
        self, info: Info[Any, Any], other: ID, topics: list[ID] | None = None, note: str = ""
    ) -> Partnership:
        runtime, asking = here(info, SERVICE), who(info)
        access.own_city(asking)
        said = partnerships.Proposal(other, tuple(topics or ()), note)
        async with runtime.db.begin(HUB) as session:
            return Partnership.of(await partnerships.propose(session, runtime, asking, said))

    @strawberry.mutation(description="Your city's answer to a proposal.")
    async def answer_partnership(self, info: Info[Any, Any], id: ID, accept: bool) -> Partnership:
        runtime = here(info, SERVICE)
        async with runtime.db.begin(HUB) as session:
            return Partnership.of(await partnerships.answer(session, runtime, who(info), _key(id), accept=accept))

    @strawberry.mutation(description="End a partnership of your city, or take its proposal back.")
    async def end_partnership(self, info: Info[Any, Any], id: ID) -> Partnership:
        runtime = here(info, SERVICE)
        async with runtime.db.begin(HUB) as session:
            return Partnership.of(await partnerships.end(session, runtime, who(info), _key(id)))


def _key(value: str) -> uuid.UUID:
    found = as_uuid(value)
    if found is None:
        raise NotFound(_("There is no such partnership."))
    return found
