"""Self-assessments through GraphQL: one's own by one's personal link, and what people share with their coordinators."""

import datetime as dt
import enum
from collections.abc import Mapping
from typing import Any

import strawberry
from strawberry import ID, Info

from services.directory import access
from services.directory.graphql.types import SERVICE, Navigator, navigator_of
from services.directory.protection import assessment
from services.directory.protection import person as who_is
from services.kit.db import HUB, Reader
from services.kit.errors import NotFound
from services.kit.resolvers import as_uuid, here, read, who

MOST_LEVELS = 50


@strawberry.enum(description="The four areas of competence.")
class CompetenceArea(enum.Enum):
    PROFESSIONAL = "professional"
    METHODICAL = "methodical"
    SOCIAL = "social"
    PERSONAL = "personal"


@strawberry.type(description="How somebody sees themselves in one statement.")
class AssessedLevel:
    statement: str = strawberry.field(description="A code, such as `tools`.")
    area: CompetenceArea
    text: str = strawberry.field(description="The statement in words.")
    level: int | None = strawberry.field(description="From 1 (not yet) to 4 (I can show others); null: not said.")


@strawberry.type(description="A navigator's self-assessment, which nobody else reads.")
class SelfAssessment:
    levels: list[AssessedLevel] = strawberry.field(description="Every statement there is.")
    notes: str = strawberry.field(description="What they want to learn next.")
    changed_at: dt.datetime | None
    shared_at: dt.datetime | None = strawberry.field(
        description="Since when the city's coordinators can read a copy; later changes are not in it."
    )


@strawberry.type(description="A copy of a self-assessment that its person lets their city's coordinators read.")
class SharedAssessment:
    at: dt.datetime
    person: strawberry.Private[str]

    @strawberry.field
    async def navigator(self, info: Info[Any, Any]) -> Navigator | None:
        return await navigator_of(info, self.person)


@strawberry.type(description="As SharedAssessment, with what it says.")
class ReadAssessment(SharedAssessment):
    levels: list[AssessedLevel]
    notes: str


@strawberry.input
class AssessedLevelInput:
    statement: str
    level: int


def _levels(said: Mapping[str, int]) -> list[AssessedLevel]:
    words = assessment.in_words()
    return [
        AssessedLevel(statement=one, area=CompetenceArea(area), text=words[one], level=said.get(one))
        for area, statements in assessment.STATEMENTS.items()
        for one in statements
    ]


@strawberry.type
class AssessmentQuery:
    @strawberry.field(description="The self-assessment of the person whose personal link it is.")
    async def my_assessment(self, info: Info[Any, Any], link: str) -> SelfAssessment:
        runtime = here(info, SERVICE)
        async with runtime.db.read(HUB) as session:
            return await _own(session, (await who_is.of_link(session, runtime.settings, said(link))).id)

    @strawberry.field(description="Who of your city shares a self-assessment with its coordinators; newest first.")
    async def shared_assessments(self, info: Info[Any, Any]) -> list[SharedAssessment]:
        ags = access.choosing_for(who(info))
        async with read(info, SERVICE) as session:
            return [SharedAssessment(at=at, person=str(key)) for key, at in await assessment.shared(session, ags)]

    @strawberry.field(
        description="What a navigator of your city shares with its coordinators. That you read it is noted in the "
        "audit log, which the person sees; null if they share nothing."
    )
    async def shared_assessment(self, info: Info[Any, Any], navigator: ID) -> ReadAssessment | None:
        asking, key = who(info), as_uuid(navigator)
        ags = access.choosing_for(asking)
        if key is None:
            return None
        try:
            async with here(info, SERVICE).db.begin(asking.acting) as session:
                row = await assessment.read(session, asking.subject, ags, key)
        except NotFound:
            return None
        return ReadAssessment(at=row.at, person=str(key), levels=_levels(row.levels), notes=row.notes)


@strawberry.type
class AssessmentMutation:
    @strawberry.mutation(
        description="Store the self-assessment of the person whose personal link it is, in place of the one before. "
        "Nobody else reads it; a copy that was shared stays as it was."
    )
    async def assess_myself(
        self, info: Info[Any, Any], link: str, levels: list[AssessedLevelInput], notes: str = ""
    ) -> SelfAssessment:
        runtime = here(info, SERVICE)
        async with runtime.db.begin(HUB) as session:
            person = await who_is.of_link(session, runtime.settings, said(link), lock=True)
            chosen = {one.statement: one.level for one in levels[:MOST_LEVELS]}
            await assessment.keep(session, person, chosen, notes)
            return await _own(session, person.id)

    @strawberry.mutation(
        description="Let the coordinators of one's city read the self-assessment as it is now, or take that back."
    )
    async def share_my_assessment(self, info: Info[Any, Any], link: str, shared: bool = True) -> SelfAssessment:
        runtime = here(info, SERVICE)
        async with runtime.db.begin(HUB) as session:
            person = await who_is.of_link(session, runtime.settings, said(link), lock=True)
            await (assessment.share if shared else assessment.take_back)(session, person)
            return await _own(session, person.id)

    @strawberry.mutation(description="Forget one's self-assessment, and the shared copy with it.")
    async def erase_my_assessment(self, info: Info[Any, Any], link: str) -> bool:
        runtime = here(info, SERVICE)
        async with runtime.db.begin(HUB) as session:
            await assessment.erase(session, await who_is.of_link(session, runtime.settings, said(link), lock=True))
        return True


def said(link: str) -> str:
    """The token of a link that may be a whole address."""
    return link.rstrip("/").rpartition("/")[2]


async def _own(session: Reader, key: Any) -> SelfAssessment:
    own = await assessment.of(session, key)
    return SelfAssessment(
        levels=_levels(own.levels), notes=own.notes, changed_at=own.changed_at, shared_at=own.shared_at
    )
