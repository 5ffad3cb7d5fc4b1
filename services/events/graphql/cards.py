"""Project cards: one click proposes an idea to a city as its project; the directory says what became of it."""

import datetime as dt
import enum
import uuid
from typing import Any, Self

import strawberry
from strawberry import ID, Info
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from services.events import access, cards, trips
from services.events import models as m
from services.events.graphql.openspace.working import event_of
from services.events.graphql.parts import Topic
from services.events.graphql.types import SERVICE, City, Event
from services.kit.db import HUB
from services.kit.resolvers import as_uuid, here, load, read, who


@strawberry.federation.type(directives=[Key(fields=FieldSet("id"), resolvable=False)])
class Project:
    id: ID


@strawberry.enum(description="PROPOSED waits for the city.")
class CardState(enum.Enum):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@strawberry.type(description="An idea that was proposed to a city as its project.")
class ProjectCard:
    id: ID
    city: City
    title: str
    summary: str
    topics: list[Topic]
    idea: ID | None
    proposal: ID | None
    candidate: ID | None = strawberry.field(description="What was voted on, where it is neither idea nor proposal.")
    state: CardState
    project: Project | None = strawberry.field(description="The city's project, once it is accepted.")
    proposed_at: dt.datetime

    @classmethod
    def of(cls, row: m.ProjectCard) -> Self:
        return cls(
            id=ID(str(row.id)),
            city=City(ags=ID(row.city)),
            title=row.title,
            summary=row.summary,
            topics=[Topic(code=ID(code)) for code in row.topics],
            idea=ID(str(row.idea_id)) if row.idea_id else None,
            proposal=ID(str(row.proposal_id)) if row.proposal_id else None,
            candidate=ID(str(row.candidate_id)) if row.candidate_id else None,
            state=CardState(row.status),
            project=Project(id=ID(str(row.project_id))) if row.project_id else None,
            proposed_at=row.proposed_at,
        )


@strawberry.type
class CardMutation:
    @strawberry.mutation(
        description="Propose an idea, a proposal with what came of it, or what was voted on, to a city as its project. "
        "Without more words: to the city of who noted or hosts it (else the host), in the words it has. Asked for "
        "again, it is the same card. The organiser proposes to all cities of the event, a city to itself."
    )
    async def make_project_card(
        self,
        info: Info[Any, Any],
        event: ID,
        idea: ID | None = None,
        proposal: ID | None = None,
        candidate: ID | None = None,
        city: ID | None = None,
        title: str = "",
        summary: str = "",
    ) -> ProjectCard:
        runtime, asking = here(info, SERVICE), who(info)
        named = {"idea": idea, "proposal": proposal, "candidate": candidate}
        keys = {kind: as_uuid(one) or uuid.UUID(int=0) for kind, one in named.items() if one}
        wanted = cards.Wanted(**keys, city=str(city or ""), title=title, summary=summary)
        await runtime.refresh("directory")
        async with runtime.db.begin(HUB) as session:  # once it has looked who asks
            row = await event_of(session, event)
            access.may_see_board(asking, row)
            await trips.lock(session, row.id)
            of = await cards.source(session, row, wanted)
            access.may_propose(asking, row, wanted.city or of.city)
            card, new = await cards.make(session, row, wanted, of)
            if new:
                await runtime.say(session, [await cards.message(session, card, row)])
        return ProjectCard.of(card)

    @strawberry.mutation(description="Take a project card back that waits for its city.")
    async def withdraw_project_card(self, info: Info[Any, Any], id: ID) -> ProjectCard:
        runtime, asking = here(info, SERVICE), who(info)
        await runtime.refresh("directory")
        async with read(info, SERVICE) as seen:
            found = await cards.by_id(seen, as_uuid(id))
        async with runtime.db.begin(HUB) as session:
            row = await event_of(session, str(found.event_id))
            access.may_see_board(asking, row)
            access.may_propose(asking, row, found.city)
            await trips.lock(session, row.id)
            card = await cards.withdraw(session, await cards.by_id(session, found.id))
            await runtime.say(session, [await cards.message(session, card, row)])
        return ProjectCard.of(card)


async def cards_of(info: Info[Any, Any], event: Event) -> list[ProjectCard]:
    if not access.may_see_people(who(info), event.row):
        return []
    return [ProjectCard.of(row) for row in await load(info, SERVICE, cards.of_events, event.row.id)]
