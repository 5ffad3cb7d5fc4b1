"""People who may become navigators, through GraphQL: the city asks and decides, people apply and answer by a link."""

import datetime as dt
import enum
import uuid
from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.directory import access
from services.directory import models as m
from services.directory.candidates import answering, choosing, rows
from services.directory.graphql.publish import publisher
from services.directory.graphql.types import SERVICE, Navigator, navigator_of
from services.directory.graphql.words import Recruited
from services.directory.snapshot import Identities
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.graphql import Connection, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, moment_of, read, who


@strawberry.enum(
    description="WAITING for the person, AGREED by the person and waiting for the city; DECLINED by the person; TAKEN "
    "as a navigator, REFUSED or WITHDRAWN by the city."
)
class CandidateState(enum.Enum):
    WAITING = "WAITING"
    AGREED = "AGREED"
    DECLINED = "DECLINED"
    TAKEN = "TAKEN"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


@strawberry.type(description="A question to somebody whether they want to become a navigator, or their application.")
class Candidacy:
    row: strawberry.Private[m.Candidate]
    state: CandidateState
    way: Recruited
    name: str
    email: str
    department: str
    nominator: str = strawberry.field(description="Who nominated the person; empty for the other ways.")
    hours: int = strawberry.field(description="What the role is expected to take, in hours a month.")
    words: str = strawberry.field(description="Of the city to whom it asks, or of the applicant to the city.")
    reason: str = strawberry.field(description="Why the person declined, or the city refused.")
    asked_at: dt.datetime
    answered_at: dt.datetime | None
    decided_at: dt.datetime | None

    @classmethod
    def of(cls, row: m.Candidate, **more: Any) -> Self:
        return cls(
            row=row,
            state=CandidateState(row.status),
            way=Recruited(row.way),
            reason=row.answer,
            **{
                name: getattr(row, name)
                for name in ("name", "email", "department", "nominator", "hours", "words", "asked_at", "answered_at",
                             "decided_at")
            },
            **more,
        )  # fmt: skip

    @strawberry.field(description="What the city is called.")
    async def city_name(self, info: Info[Any, Any]) -> str:
        async with read(info, SERVICE) as session:
            return await rows.town(session, self.row.ags)


@strawberry.type(description="Somebody who may become a navigator of your city.")
class Candidate(Candidacy):
    id: ID
    added_at: dt.datetime

    @classmethod
    def of(cls, row: m.Candidate, **more: Any) -> Self:
        return super().of(row, id=ID(str(row.id)), added_at=row.at, **more)

    @strawberry.field(description="What they became; null before, and if the city withdrew them later.")
    async def navigator(self, info: Info[Any, Any]) -> Navigator | None:
        if not self.row.key:
            return None
        ids = Identities(here(info, SERVICE).settings.derived("identities"), self.row.ags)
        return await navigator_of(info, str(ids.navigator(self.row.key)))


@strawberry.type(description="A city's call for navigators: while it stands, people can apply.")
class NavigatorCall:
    hours: int = strawberry.field(description="What the role is expected to take, in hours a month.")
    words: str
    until: dt.date | None = strawberry.field(description="The last day; null for no end.")

    @classmethod
    def of(cls, row: m.NavigatorCall) -> Self:
        return cls(hours=row.hours, words=row.words, until=row.until)


@strawberry.input(description="Whom you ask; with `nominated`, who was nominated, and by whom.")
class CandidateInput:
    name: str
    email: str
    hours: int = strawberry.field(description="What the role is expected to take, in hours a month.")
    department: str = ""
    nominated: bool = False
    nominator: str = ""
    words: str = strawberry.field(default="", description="For the person, who reads it in the mail.")


@strawberry.input
class ApplicationInput:
    name: str
    email: str
    department: str = ""
    words: str = strawberry.field(default="", description="For the city.")


@strawberry.type
class CandidateQuery:
    @strawberry.field(description="People whom your city asked, who were nominated or who applied; newest first.")
    async def candidates(
        self, info: Info[Any, Any], states: list[CandidateState] | None = None, first: int = 50,
        after: str | None = None,
    ) -> Connection[Candidate]:  # fmt: skip
        ags, place = access.choosing_for(who(info)), moment_of(after)
        wanted = sorted({one.value for one in states or ()})
        async with read(info, SERVICE) as session:
            found = await rows.page(session, ags, page_size(first) + 1, after=place, statuses=wanted)
        nodes = [Candidate.of(row) for row in found]
        return Connection.of(nodes, lambda node: encode_cursor(node.added_at.isoformat(), str(node.id)), first, after)

    @strawberry.field(description="One of them; null if there is no such person.")
    async def candidate(self, info: Info[Any, Any], id: ID) -> Candidate | None:
        ags, key = access.choosing_for(who(info)), as_uuid(id)
        if key is None:
            return None
        async with read(info, SERVICE) as session:
            found = await rows.one(session, ags, key)
        return Candidate.of(found) if found else None

    @strawberry.field(description="The call of the city with this AGS; null if none is open.")
    async def navigator_call(self, info: Info[Any, Any], city: ID) -> NavigatorCall | None:
        async with read(info, SERVICE) as session:
            found = await rows.call_of(session, access.checked_ags(city))
        return NavigatorCall.of(found) if found else None

    @strawberry.field(description="The question or application that a link from a mail is about.")
    async def candidacy(self, info: Info[Any, Any], link: str) -> Candidacy:
        runtime = here(info, SERVICE)
        async with runtime.db.read(HUB) as session:
            return Candidacy.of(await rows.of_link(session, runtime.settings, link))


@strawberry.type
class CandidateMutation:
    # All of these act for the hub: nobody else writes here. Whose a row is, the logic asks.

    @strawberry.mutation(description="Ask somebody by mail whether they want to become a navigator of your city.")
    async def ask_candidate(self, info: Info[Any, Any], candidate: CandidateInput) -> Candidate:
        runtime = here(info, SERVICE)
        said = choosing.Asking(
            candidate.name, candidate.email, candidate.hours, candidate.department, candidate.nominator,
            candidate.words, candidate.nominated,
        )  # fmt: skip
        async with runtime.db.begin(HUB) as session:
            return Candidate.of(await choosing.ask(session, runtime, who(info), said))

    @strawberry.mutation(description="Send a new link to somebody who has not answered; the former one ends.")
    async def ask_candidate_again(self, info: Info[Any, Any], id: ID) -> Candidate:
        runtime = here(info, SERVICE)
        async with runtime.db.begin(HUB) as session:
            return Candidate.of(await choosing.ask_again(session, runtime, who(info), _key(id)))

    @strawberry.mutation(description="Take back a question that was not answered.")
    async def withdraw_candidate(self, info: Info[Any, Any], id: ID) -> Candidate:
        async with here(info, SERVICE).db.begin(HUB) as session:
            return Candidate.of(await choosing.withdraw(session, who(info), _key(id)))

    @strawberry.mutation(
        description="Publish somebody who said yes as a navigator; with `account`, they are invited to log in as one."
    )
    async def take_candidate(self, info: Info[Any, Any], id: ID, account: bool = True) -> Candidate:
        ags = access.choosing_for(who(info))
        runtime, by = publisher(info, ags)
        async with runtime.db.begin(HUB) as session:
            row, messages = await choosing.take(session, runtime, by, who(info), _key(id), account=account)
            await runtime.say(session, messages)
        return Candidate.of(row)

    @strawberry.mutation(description="Say no to somebody who said yes; they read the reason.")
    async def refuse_candidate(self, info: Info[Any, Any], id: ID, reason: str = "") -> Candidate:
        runtime = here(info, SERVICE)
        async with runtime.db.begin(HUB) as session:
            return Candidate.of(await choosing.refuse(session, runtime, who(info), _key(id), reason))

    @strawberry.mutation(description="Let people apply as navigators of your city, or say anew for what.")
    async def open_navigator_call(
        self, info: Info[Any, Any], hours: int, words: str = "", until: dt.date | None = None
    ) -> NavigatorCall:
        async with here(info, SERVICE).db.begin(HUB) as session:
            said = choosing.Call(hours, words, until)
            return NavigatorCall.of(await choosing.open_call(session, who(info), said))

    @strawberry.mutation(description="Whether your city had a call.")
    async def close_navigator_call(self, info: Info[Any, Any]) -> bool:
        async with here(info, SERVICE).db.begin(HUB) as session:
            return await choosing.close_call(session, who(info))

    @strawberry.mutation(
        description="Apply as a navigator of a city (AGS) that calls for some. A link to confirm it goes to the "
        "address; the city hears of it after that. The answer is the same for everybody."
    )
    async def apply_as_navigator(self, info: Info[Any, Any], city: ID, application: ApplicationInput) -> bool:
        runtime, said = here(info, SERVICE), application
        async with runtime.db.begin(HUB) as session:
            wanted = answering.Applying(said.name, said.email, said.department, said.words)
            await answering.apply(session, runtime, city, wanted)
        return True

    @strawberry.mutation(
        description="Say yes or no, with a reason if you want, with the link from a mail; confirm an application. Once."
    )
    async def answer_candidacy(self, info: Info[Any, Any], link: str, accept: bool, reason: str = "") -> Candidacy:
        runtime = here(info, SERVICE)
        async with runtime.db.begin(HUB) as session:
            return Candidacy.of(await answering.answer(session, runtime, link, accept=accept, reason=reason))

    @strawberry.mutation(description="Forget the person whose link it is, whatever was answered or decided.")
    async def erase_candidacy(self, info: Info[Any, Any], link: str) -> bool:
        runtime = here(info, SERVICE)
        async with runtime.db.begin(HUB) as session:
            await answering.erase(session, runtime.settings, link)
        return True


def _key(value: str) -> uuid.UUID:
    found = as_uuid(value)
    if found is None:
        raise NotFound(_("There is no such person."))
    return found
