"""Votes on ideas and results, for organisers and for whoever has a personal link."""

import datetime as dt
import uuid
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import msgspec
import strawberry
from strawberry import ID, Info

from services.events import access, trips, votes
from services.events import models as m
from services.events.graphql.changing import own_event
from services.events.graphql.linked import whose
from services.events.graphql.types import SERVICE, Event
from services.events.graphql.votes.types import MyVote, TieRule, Vote, VoteTurnout
from services.events.live.rooms import VOTES, rooms_of
from services.events.votes.drafts import MOST_CANDIDATES, Candidate, Criterion, Draft
from services.events.votes.ranking import Ties
from services.kit.broadcast import Follower
from services.kit.db import HUB
from services.kit.errors import NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, load, who


@strawberry.input(description="A person gives each candidate 0 to `most` points, and all together at most `budget`.")
class VoteCriterionInput:
    name: str
    most: int = 1
    budget: int | None = None


@strawberry.input(description="An idea of a table, a proposal with what came of it, or something else by its `title`.")
class VoteCandidateInput:
    title: str = ""
    city: ID | None = None
    idea: ID | None = None
    proposal: ID | None = None

    def as_candidate(self) -> Candidate:
        return Candidate(self.title, str(self.city or ""), str(self.idea or ""), str(self.proposal or ""))


@strawberry.input
class VoteInput:
    title: str
    criteria: list[VoteCriterionInput]
    candidates: list[VoteCandidateInput]
    tie_rule: TieRule
    tie_criteria: list[int] = strawberry.field(default_factory=list, description="Numbers of criteria, from 1.")
    closes_at: dt.datetime | None = None

    def as_draft(self) -> Draft:
        criteria = tuple(Criterion(one.name, one.most, one.budget) for one in self.criteria)
        candidates = tuple(one.as_candidate() for one in self.candidates)
        return Draft(self.title, criteria, candidates, _ties(self.tie_rule, self.tie_criteria))


@strawberry.input(description="A candidate with its points in each criterion, and what was printed beside them.")
class PrintedCandidateInput(VoteCandidateInput):
    figures: list[int]
    printed_total: int | None = None
    printed_rank: int | None = None

    def as_candidate(self) -> Candidate:
        plain = VoteCandidateInput.as_candidate(self)
        return msgspec.structs.replace(
            plain, figures=tuple(self.figures), printed_total=self.printed_total, printed_rank=self.printed_rank
        )


@strawberry.input(description="A result that was printed elsewhere, such as „Abb. 10“ of a report.")
class PrintedVoteInput:
    title: str
    criteria: list[str] = strawberry.field(description="The columns by their names.")
    candidates: list[PrintedCandidateInput]
    tie_rule: TieRule
    tie_criteria: list[int] = strawberry.field(default_factory=list, description="Numbers of criteria, from 1.")
    seed: str = strawberry.field(default="", description="Of the lot; drawn if it is not given.")
    source: str = ""
    entitled: int | None = None
    voted: int | None = None

    def as_draft(self) -> Draft:
        criteria = tuple(Criterion(name) for name in self.criteria)
        candidates = tuple(one.as_candidate() for one in self.candidates)
        ties = _ties(self.tie_rule, self.tie_criteria)._replace(seed=self.seed)
        return Draft(self.title, criteria, candidates, ties, self.source)


@strawberry.input(description="Points in each criterion, in their order. Candidates that are not named get none.")
class VotePointsInput:
    candidate: ID
    points: list[int]


def _ties(rule: TieRule, criteria: list[int]) -> Ties:
    return Ties(rule.value, tuple(number - 1 for number in criteria))


async def _shown(info: Info[Any, Any], rows: Sequence[m.Vote]) -> list[Vote]:
    """Read for the hub: whoever comes with a link is nobody to the database, and ballots are counted by nobody else."""
    async with here(info, SERVICE).db.read(HUB) as session:
        return [Vote.of(one) for one in await votes.found(session, rows)]


async def _own(info: Info[Any, Any], value: str) -> m.Vote:
    """A vote of an event that the caller organises. Raises NotFound or Forbidden."""
    runtime, asking = here(info, SERVICE), who(info)
    async with runtime.db.read(asking.acting) as session:
        found = await votes.by_id(session, as_uuid(value))
        event = (await trips.by_id(session, [found.event_id]))[0]
    if event is None:
        raise NotFound(_("There is no such vote."))
    access.may_change(asking, event)
    return found


@strawberry.type
class VoteQuery:
    @strawberry.field(
        description="The votes of whoever has the link, newest first: of all events with a personal link, of one with "
        "the link to it."
    )
    async def my_votes(self, info: Info[Any, Any], link: str) -> list[MyVote]:
        mine = await whose(info, link)
        async with here(info, SERVICE).db.read(HUB) as session:
            found = await votes.of_person(session, mine.person, mine.event)
        shown = await _shown(info, [row for row, _voted in found])
        return [MyVote(vote=vote, voted=voted) for vote, (_row, voted) in zip(shown, found, strict=True)]


@strawberry.type
class VoteMutation:
    @strawberry.mutation(description="Put ideas and results to the vote; open at once.")
    async def create_vote(self, info: Info[Any, Any], event: ID, vote: VoteInput) -> Vote:
        async with here(info, SERVICE).db.begin(who(info).acting) as session:
            row = await votes.create(session, await own_event(info, session, event), vote.as_draft(), vote.closes_at)
        return (await _shown(info, [row]))[0]

    @strawberry.mutation(description="Bring in a printed result. What was printed wrong stays beside what is right.")
    async def import_vote(self, info: Info[Any, Any], event: ID, vote: PrintedVoteInput) -> Vote:
        async with here(info, SERVICE).db.begin(who(info).acting) as session:
            turnout = votes.Turnout(vote.entitled, vote.voted)
            row = await votes.bring_in(session, await own_event(info, session, event), vote.as_draft(), turnout)
        return (await _shown(info, [row]))[0]

    @strawberry.mutation(description="End a vote: it is counted, and who voted what is forgotten.")
    async def close_vote(self, info: Info[Any, Any], id: ID) -> Vote:
        found = await _own(info, id)
        async with here(info, SERVICE).db.begin(HUB) as session:
            await votes.close(session, found.id)
        return (await _shown(info, [await _own(info, id)]))[0]

    @strawberry.mutation(description="Delete a vote with its result.")
    async def delete_vote(self, info: Info[Any, Any], id: ID) -> bool:
        found = await _own(info, id)
        async with here(info, SERVICE).db.begin(HUB) as session:
            await votes.remove(session, found)
        return True

    @strawberry.mutation(
        description="Vote, once: with the link to the event or a personal one, or as the organiser for the `navigator` "
        "whose paper it is."
    )
    async def cast_vote(
        self,
        info: Info[Any, Any],
        vote: ID,
        points: list[VotePointsInput],
        link: str | None = None,
        navigator: ID | None = None,
    ) -> VoteTurnout:
        if (link is None) == (navigator is None):
            raise Refused(_("Send a link or, as the organiser, the navigator who votes."))
        key, event = as_uuid(vote), None
        if link is not None:
            mine = await whose(info, link)
            voter, event = mine.person, mine.event
        else:
            access.ORGANISER.check(who(info))
            key = (await _own(info, vote)).id
            voter = as_uuid(navigator or "") or uuid.UUID(int=0)
        given = [(_same(one.candidate), one.points) for one in points[: MOST_CANDIDATES + 1]]
        async with here(info, SERVICE).db.begin(HUB) as session:
            if event is not None and (await votes.by_id(session, key)).event_id != event:
                raise NotFound(_("There is no such vote."))
            row = await votes.cast(session, key or uuid.UUID(int=0), voter, given)
            return VoteTurnout.of((await votes.turnouts(session, [row]))[0])


def _same(value: str) -> str:
    """An id as we write it."""
    key = as_uuid(value)
    return str(key) if key else value


@strawberry.type
class VoteSubscription:
    @strawberry.subscription(description="How many have voted, now and as it moves; ends when the vote is over.")
    async def vote_turnout(self, info: Info[Any, Any], id: ID) -> AsyncGenerator[VoteTurnout, None]:
        runtime = here(info, SERVICE)
        async with runtime.db.read(HUB) as session:
            row = await votes.by_id(session, as_uuid(id))
        room = await rooms_of(runtime).open(row.event_id)
        if not access.may_see_people(who(info), room.event):
            raise NotFound(_("There is no such vote."))
        follower = Follower(room.rooms.audience)
        room.look(follower, VOTES)
        async for _moved in follower.steps():
            async with runtime.db.read(HUB) as session:
                row = await votes.by_id(session, row.id)
                (now,) = await votes.turnouts(session, [row])
            yield VoteTurnout.of(now)
            if row.closed_at is not None:
                return


async def votes_of(info: Info[Any, Any], event: Event) -> list[Vote]:
    if not access.may_see_people(who(info), event.row):
        return []
    return await _shown(info, await load(info, SERVICE, votes.of_events, event.row.id))
