"""Ideas of events that become projects, and cities that join the projects of others; through GraphQL."""

import datetime as dt
import enum
import uuid
from typing import Any, Self, cast

import strawberry
from strawberry import ID, Info

from services.directory import access, cards, joining
from services.directory import models as m
from services.directory.graphql.publish import published
from services.directory.graphql.types import (
    SERVICE,
    City,
    Navigator,
    Project,
    Topic,
    city_of,
    navigator_of,
    project_of,
    topics_of,
)
from services.directory.snapshot import Identities
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.graphql import Connection, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, load, moment_of, read, who


@strawberry.enum(description="PROPOSED waits for the city. WITHDRAWN: whoever proposed it has taken it back.")
class ProposedProjectState(enum.Enum):
    PROPOSED = "PROPOSED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"


@strawberry.type(description="An idea of an event that your city may make its project.")
class ProposedProject:
    id: ID
    row: strawberry.Private[m.ProposedProject]
    event: ID = strawberry.field(description="The event's id.")
    event_title: str
    title: str
    summary: str
    state: ProposedProjectState
    proposed_at: dt.datetime

    @classmethod
    def of(cls, row: m.ProposedProject) -> Self:
        return cls(
            id=ID(str(row.id)),
            row=row,
            event=ID(str(row.event_id)),
            event_title=row.event_title,
            title=row.title,
            summary=row.summary,
            state=ProposedProjectState(row.status),
            proposed_at=row.at,
        )

    @strawberry.field
    async def topics(self, info: Info[Any, Any]) -> list[Topic]:
        return await topics_of(info, self.row.topics)

    @strawberry.field(description="People of your city who care for it, until it is decided.")
    async def navigators(self, info: Info[Any, Any]) -> list[Navigator]:
        found = [await navigator_of(info, str(key)) for key in self.row.navigators]
        return [one for one in found if one is not None]

    @strawberry.field(description="What it became; null too if a later snapshot of the city left it out.")
    async def project(self, info: Info[Any, Any]) -> Project | None:
        if not self.row.key:
            return None
        ids = Identities(here(info, SERVICE).settings.derived("identities"), self.row.ags)
        return await project_of(info, str(ids.project(self.row.key)))


@strawberry.type(description="A city that has joined a project of another.")
class ProjectPartner:
    row: strawberry.Private[m.ProjectPartner]
    navigators: list[Navigator] = strawberry.field(description="Whom the city has named.")
    note: str
    since: dt.date

    @classmethod
    def of(cls, partner: joining.Partner, viewer: access.Viewer) -> Self:
        people = [Navigator.of(one, viewer) for one in partner.navigators if viewer.sees(one)]
        return cls(row=partner.row, navigators=people, note=partner.row.note, since=partner.row.since)

    @strawberry.field
    async def city(self, info: Info[Any, Any]) -> City:
        return cast(City, await city_of(info, self.row.ags))


async def partners_of(info: Info[Any, Any], project: uuid.UUID) -> list[ProjectPartner]:
    viewer = access.viewer(who(info))
    return [ProjectPartner.of(one, viewer) for one in await load(info, SERVICE, joining.of_projects, project)]


@strawberry.type
class CardQuery:
    @strawberry.field(description="Ideas of events that were proposed to your city as its projects, newest first.")
    async def proposed_projects(
        self,
        info: Info[Any, Any],
        state: ProposedProjectState | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[ProposedProject]:
        ags, place = access.own_city(who(info)), moment_of(after)
        await here(info, SERVICE).refresh()
        async with read(info, SERVICE) as session:
            rows = await cards.page(
                session, ags, page_size(first) + 1, after=place, status=state.value if state else None
            )
        nodes = [ProposedProject.of(row) for row in rows]
        return Connection.of(nodes, lambda node: encode_cursor(node.row.at.isoformat(), str(node.id)), first, after)


@strawberry.type
class CardMutation:
    @strawberry.mutation(
        description="Make an idea of an event a project of your city with the stage IDEA, under a `key` of your own if "
        "given, with the people who care for it or those named. A city that publishes whole snapshots puts it among "
        "its projects under that key: what a snapshot leaves out is withdrawn. Accepted already, it stays as it is."
    )
    async def accept_proposed_project(
        self,
        info: Info[Any, Any],
        id: ID,
        key: str = "",
        navigators: list[ID] | None = None,
        seeks_partners: bool = True,
    ) -> ProposedProject:
        ags, card = access.own_city(who(info)), _key(id)
        people = tuple(map(str, navigators)) if navigators is not None else None
        said = cards.Accepted(key, people, seeks_partners)
        await published(
            info, ags, [ags, str(card)], None, lambda session, by: cards.accept(session, by, ags, card, said)
        )
        return await _shown(info, card)

    @strawberry.mutation(description="Decline an idea that was proposed to your city.")
    async def decline_proposed_project(self, info: Info[Any, Any], id: ID) -> ProposedProject:
        runtime, asking, card = here(info, SERVICE), who(info), _key(id)
        ags = access.own_city(asking)
        async with runtime.db.begin(asking.acting) as session:
            await runtime.say(session, await cards.decline(session, asking.subject, ags, card))
        return await _shown(info, card)

    # Below, the hub acts: the other city's contacts are told, whom no city sees. Whose it is, the logic asks.

    @strawberry.mutation(
        description="Let your city join a project that looks for partners, with these navigators of yours; asked for "
        "again, these take the place of those before. Everybody reads the note."
    )
    async def join_project(
        self, info: Info[Any, Any], project: ID, navigators: list[ID] | None = None, note: str = ""
    ) -> Project:
        runtime, asking = here(info, SERVICE), who(info)
        people = [as_uuid(one) for one in (navigators or ())[: joining.MOST_PEOPLE + 1]]
        async with runtime.db.begin(HUB) as session:
            row = await joining.join(session, runtime, asking, _project(project), people, note)
        return Project.of(row)

    @strawberry.mutation(description="Let your city leave a project, or a partner (AGS) leave a project of your city.")
    async def leave_project(self, info: Info[Any, Any], project: ID, partner: ID | None = None) -> Project:
        runtime, asking = here(info, SERVICE), who(info)
        async with runtime.db.begin(HUB) as session:
            row = await joining.leave(session, runtime, asking, _project(project), partner)
        return Project.of(row)


async def _shown(info: Info[Any, Any], card: uuid.UUID) -> ProposedProject:
    async with read(info, SERVICE) as session:
        return ProposedProject.of(await cards.by_id(session, card))


def _key(value: str) -> uuid.UUID:
    found = as_uuid(value)
    if found is None:
        raise NotFound(_("There is no such project card."))
    return found


def _project(value: str) -> uuid.UUID:
    found = as_uuid(value)
    if found is None:
        raise NotFound(_("There is no such project."))
    return found
