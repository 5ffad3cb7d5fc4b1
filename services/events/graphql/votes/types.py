"""What the graph shows of votes."""

import datetime as dt
import enum
from typing import Self

import strawberry
from strawberry import ID

from services.events import models as m
from services.events import votes
from services.events.graphql.types import City
from services.events.votes.ranking import Place


@strawberry.enum(
    description="What decides between the same totals. SHARED: the same rank for all. CRITERION: the points in "
    "`tieCriteria`, the first of them first; who has the same there too shares a rank. LOT: the same, and then a lot."
)
class TieRule(enum.Enum):
    SHARED = "SHARED"
    CRITERION = "CRITERION"
    LOT = "LOT"


@strawberry.enum(description="What gave a rank: the total alone, a criterion, the lot, or nothing: it is shared.")
class RankDecision(enum.Enum):
    TOTAL = "TOTAL"
    CRITERION = "CRITERION"
    LOT = "LOT"
    SHARED = "SHARED"


@strawberry.enum
class VoteState(enum.Enum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


@strawberry.type(description="What candidates are judged by.")
class VoteCriterion:
    name: str
    most: int = strawberry.field(description="A person gives each candidate 0 to so many points.")
    budget: int | None = strawberry.field(description="So many points a person has for all candidates together.")


@strawberry.type(description="How many could vote, and how many have; null where an imported result does not say it.")
class VoteTurnout:
    entitled: int | None
    voted: int | None

    @classmethod
    def of(cls, now: votes.Turnout) -> Self:
        return cls(entitled=now.entitled, voted=now.voted)


@strawberry.type(description="What is voted on. Points, total and rank are empty while there is no result.")
class VoteCandidate:
    id: ID
    title: str
    city: City | None
    idea: ID | None
    proposal: ID | None
    figures: list[int] = strawberry.field(description="Points in each criterion, in their order.")
    total: int | None = strawberry.field(description="Computed, whatever was printed.")
    rank: int | None
    decided_by: RankDecision | None
    printed_total: int | None = strawberry.field(description="As an imported result has it.")
    printed_rank: int | None
    flagged: bool = strawberry.field(description="What was printed is not what the points give.")
    remark: str = strawberry.field(description="Why it is flagged, in words; else empty.")

    @classmethod
    def of(cls, row: m.VoteCandidate, place: Place | None) -> Self:
        remark = votes.remark(row, place)
        return cls(
            id=ID(str(row.id)),
            title=row.title,
            city=City(ags=ID(row.city)) if row.city else None,
            idea=ID(str(row.idea_id)) if row.idea_id else None,
            proposal=ID(str(row.proposal_id)) if row.proposal_id else None,
            figures=list(row.figures or ()) if place else [],
            total=place.total if place else None,
            rank=place.rank if place else None,
            decided_by=RankDecision(place.decided) if place else None,
            printed_total=row.printed_total,
            printed_rank=row.printed_rank,
            flagged=bool(remark),
            remark=remark,
        )


@strawberry.type(description="A secret vote among those who take part in an event: nobody learns who voted what.")
class Vote:
    id: ID
    title: str
    source: str = strawberry.field(description="Where an imported result was printed.")
    imported: bool
    state: VoteState
    criteria: list[VoteCriterion]
    tie_rule: TieRule
    tie_criteria: list[int] = strawberry.field(description="Numbers of criteria, from 1.")
    seed: str = strawberry.field(
        description="Of the lot, drawn at the closing: the candidate whose SHA-256 of `seed:id` is the smallest wins."
    )
    closes_at: dt.datetime | None
    closed_at: dt.datetime | None
    turnout: VoteTurnout
    candidates: list[VoteCandidate] = strawberry.field(
        description="Best first as soon as there is a result; before, as they were put to the vote."
    )
    withheld: bool = strawberry.field(
        description="Too few voted for a result that says nothing about single people: five are needed."
    )

    @classmethod
    def of(cls, found: votes.Found) -> Self:
        row, places = found.vote, votes.places(found.vote, found.candidates)
        by_key = {str(one.id): one for one in found.candidates}
        shown: list[tuple[m.VoteCandidate, Place | None]] = [(one, None) for one in found.candidates]
        if places is not None:
            shown = [(by_key[place.key], place) for place in places]
        return cls(
            id=ID(str(row.id)),
            title=row.title,
            source=row.source,
            imported=row.imported,
            state=VoteState.OPEN if row.closed_at is None else VoteState.CLOSED,
            criteria=[VoteCriterion(name=c.name, most=c.most, budget=c.budget) for c in votes.criteria_of(row)],
            tie_rule=TieRule(row.tie_rule),
            tie_criteria=[number + 1 for number in row.tie_criteria],
            seed=row.seed,
            closes_at=row.closes_at,
            closed_at=row.closed_at,
            turnout=VoteTurnout.of(found.turnout),
            candidates=[VoteCandidate.of(*one) for one in shown],
            withheld=row.closed_at is not None and places is None,
        )


@strawberry.type(description="A vote for whoever has a personal link.")
class MyVote:
    vote: Vote
    voted: bool = strawberry.field(description="Whether you have, while it is open; afterwards nobody knows.")
