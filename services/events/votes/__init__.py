"""Votes on ideas and results: opened, cast once by each who takes part, closed, counted; or imported from print."""

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.events import asking
from services.events.models import (
    Event,
    Idea,
    Participant,
    Proposal,
    Vote,
    VoteBallot,
    VoteCandidate,
    VoteTurnout,
)
from services.events.surveys.results import LEAST
from services.events.votes.drafts import Candidate, Criterion, Draft, ballot, validate
from services.events.votes.ranking import LOT, Entry, Place, Ties, counted, ranked
from services.kit.checks import Checks
from services.kit.db import Database, Reader, Writer
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.jobs import every
from services.kit.resolvers import as_uuid

MOST_VOTES = 50
"""Of one event."""
CLOSE_SECONDS = 30.0
CHANNEL = "lotsennetz_events_live"
"""Where the screens of a day hear that somebody voted (`live.rooms`)."""


class Turnout(NamedTuple):
    """How many could vote and how many have; None where an imported result does not say it."""

    entitled: int | None
    voted: int | None


class Found(NamedTuple):
    """A vote with its candidates in the order in which they were put to it."""

    vote: Vote
    candidates: list[VoteCandidate]
    turnout: Turnout


async def create(session: Writer, event: Event, draft: Draft, closes_at: dt.datetime | None) -> Vote:
    """A vote that is open at once. Raises Refused, with nothing stored, for what is wrong in the draft."""
    if closes_at is not None and closes_at <= dt.datetime.now(dt.UTC):
        raise Refused(_("The vote would be over before it begins: choose a later moment."))
    return await _store(session, event, validate(draft), closes_at=closes_at)


async def bring_in(session: Writer, event: Event, draft: Draft, turnout: Turnout) -> Vote:
    """A result that was printed elsewhere, with its figures as they stand there. Raises Refused."""
    clean = validate(draft, printed=True)
    checks = Checks()
    for field, number in zip(turnout._fields, turnout, strict=True):
        if number is not None:
            checks.number("vote", field, number, 0, 1_000_000)
    if turnout.entitled is not None and (turnout.voted or 0) > turnout.entitled:
        checks.add("vote", "voted", _("More have voted than could."))
    checks.done(_("The vote was not stored. Please correct the fields named and send it again."))
    seed = clean.ties.seed or (secrets.token_hex(8) if clean.ties.rule == LOT else "")
    now = {"closed_at": func.now(), "imported": True, "entitled": turnout.entitled, "voted": turnout.voted}
    return await _store(session, event, clean, seed=seed, **now)


async def _store(session: Writer, event: Event, clean: Draft, **values: Any) -> Vote:
    await session.execute(select(Event.id).where(Event.id == event.id).with_for_update())
    there = await session.scalar(select(func.count()).select_from(Vote).where(Vote.event_id == event.id))
    if (there or 0) >= MOST_VOTES:
        raise Conflict(_("An event has at most {most} votes.", most=MOST_VOTES))
    candidates = await _candidates(session, event, clean.candidates)
    row = {
        "id": uuid.uuid4(), "event_id": event.id, "title": clean.title, "source": clean.source, "imported": False,
        "criteria": msgspec.to_builtins(clean.criteria), "tie_rule": clean.ties.rule,
        "tie_criteria": list(clean.ties.criteria), "seed": "", "closed_at": None, "entitled": None, "voted": None,
    } | values  # fmt: skip
    made = (await session.scalars(insert(Vote).values(row).returning(Vote))).one()
    await session.execute(insert(VoteCandidate), [one | {"vote_id": made.id} for one in candidates])
    return made


async def _candidates(session: Reader, event: Event, given: Sequence[Candidate]) -> list[dict[str, Any]]:
    """The rows of candidates, with the words of ideas and proposals where they have none of their own."""
    keys = {one for candidate in given for one in (as_uuid(candidate.idea), as_uuid(candidate.proposal)) if one}
    ideas = select(Idea.id, Idea.text).where(Idea.event_id == event.id, Idea.id.in_(keys))
    proposals = select(Proposal.id, Proposal.title).where(Proposal.event_id == event.id, Proposal.id.in_(keys))
    words = {
        "idea": dict((await session.execute(ideas.where(~Idea.withdrawn, ~Idea.hidden))).all()),
        "proposal": dict((await session.execute(proposals)).all()),
    }
    checks, rows, cities = Checks(), [], {event.host, *event.guests, ""}
    for i, one in enumerate(given):
        found: dict[str, uuid.UUID | None] = {"idea": as_uuid(one.idea), "proposal": as_uuid(one.proposal)}
        for field, key in found.items():
            if getattr(one, field) and key not in words[field]:
                checks.add(f"candidates[{i}]", field, _("This event has no such idea or proposal."))
        if one.city not in cities:
            words_of = _("The city {city} takes no part in this event.", city=one.city[:20])
            checks.add(f"candidates[{i}]", "city", words_of)
        own = words["idea"].get(found["idea"]) or words["proposal"].get(found["proposal"])  # type: ignore[arg-type]
        rows.append(
            {"id": uuid.uuid4(), "event_id": event.id, "position": i, "title": one.title or own or "",
             "city": one.city, "idea_id": found["idea"], "proposal_id": found["proposal"],
             "figures": list(one.figures) or None, "printed_total": one.printed_total,
             "printed_rank": one.printed_rank}
        )  # fmt: skip
    checks.done(_("The vote was not stored. Please correct the fields named and send it again."))
    return rows


def criteria_of(vote: Vote) -> list[Criterion]:
    return msgspec.convert(vote.criteria, list[Criterion])


# Voting -----------------------------------------------------------------------------------------------------------


async def cast(
    session: Writer, vote_id: uuid.UUID, navigator: uuid.UUID, given: Sequence[tuple[str, Sequence[int]]]
) -> Vote:
    """Count somebody's vote. Raises NotFound for who may not vote, Conflict where it is over or they have voted.

    Under HUB: what is stored is for nobody's eyes. Votes at once do not wait for each other, only for the closing.
    """
    vote = (await session.scalars(select(Vote).where(Vote.id == vote_id).with_for_update(read=True))).first()
    entitled = _entitled(vote.event_id).where(Participant.navigator_id == navigator) if vote else None
    if vote is None or entitled is None or not await session.scalar(entitled):
        raise NotFound(_("There is no such vote."))
    if vote.closed_at is not None or (vote.closes_at and vote.closes_at <= dt.datetime.now(dt.UTC)):
        raise Conflict(_("This vote is over."))
    keys = await session.scalars(select(VoteCandidate.id).where(VoteCandidate.vote_id == vote_id))
    points = ballot(criteria_of(vote), [str(key) for key in keys], given)
    turnout = upsert(VoteTurnout).values(vote_id=vote_id, navigator_id=navigator).on_conflict_do_nothing()
    if not (await session.execute(turnout.returning(VoteTurnout.vote_id))).first():
        raise Conflict(_("You have voted already. A vote cannot be changed: it bears no name."))
    await session.execute(insert(VoteBallot).values(id=uuid.uuid4(), vote_id=vote_id, points=points))
    await _tell(session, vote.event_id)
    return vote


def _entitled(event_id: uuid.UUID) -> Any:
    """How many may vote: who takes part, but for those who did not come."""
    mine = Participant.event_id == event_id, Participant.attendance != "no_show"
    return select(func.count()).select_from(Participant).where(*mine)


async def close(session: Writer, vote_id: uuid.UUID) -> None:
    """End a vote: count it, and forget who voted what. Fewer than `LEAST` votes are counted for nobody.

    Under HUB. Closed already: nothing.
    """
    vote = (await session.scalars(select(Vote).where(Vote.id == vote_id).with_for_update())).first()
    if vote is None or vote.closed_at is not None:
        return
    ballots = list(await session.scalars(select(VoteBallot.points).where(VoteBallot.vote_id == vote_id)))
    for model in (VoteTurnout, VoteBallot):
        await session.execute(delete(model).where(model.vote_id == vote_id))
    keys = list(await session.scalars(select(VoteCandidate.id).where(VoteCandidate.vote_id == vote_id)))
    if len(ballots) >= LEAST:
        sums = counted(ballots, [str(key) for key in keys], len(vote.criteria))
        await session.execute(update(VoteCandidate), [{"id": key, "figures": list(sums[str(key)])} for key in keys])
    entitled = await session.scalar(_entitled(vote.event_id)) or 0
    values = {
        "closed_at": func.now(),
        "entitled": max(entitled, len(ballots)),  # who has voted and left since could vote
        "voted": len(ballots),
        "seed": secrets.token_hex(8) if vote.tie_rule == LOT else "",
    }
    await session.execute(update(Vote).where(Vote.id == vote_id).values(**values))
    await _tell(session, vote.event_id)


async def _tell(session: Writer, event_id: uuid.UUID) -> None:
    told = {"channel": CHANNEL, "told": f"votes {event_id}"}
    await session.execute(text("SELECT pg_notify(:channel, :told)"), told)


@every(CLOSE_SECONDS)
async def closing(db: Database) -> None:
    await asking.close_due(db, Vote, close)


async def remove(session: Writer, vote: Vote) -> None:
    await session.execute(delete(Vote).where(Vote.id == vote.id))


# Reading ----------------------------------------------------------------------------------------------------------


async def of_events(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Vote]]:
    """The votes of each event, oldest first."""
    return await asking.of_events(session, Vote, keys)


async def by_id(session: Reader, key: uuid.UUID | None) -> Vote:
    """Raises NotFound."""
    found = await session.get(Vote, key, populate_existing=True) if key else None
    if found is None:
        raise NotFound(_("There is no such vote."))
    return found


async def turnouts(session: Reader, votes: Sequence[Vote]) -> list[Turnout]:
    """The turn-out of each vote now. Under HUB: nobody else counts ballots."""
    running = [vote for vote in votes if vote.closed_at is None]
    ballots = select(VoteBallot.vote_id, func.count()).where(VoteBallot.vote_id.in_([vote.id for vote in running]))
    voted = dict((await session.execute(ballots.group_by(VoteBallot.vote_id))).all()) if running else {}
    events = {vote.event_id for vote in running}
    could = {event: await session.scalar(_entitled(event)) or 0 for event in events}  # nearly always one

    def now(vote: Vote) -> Turnout:
        if vote.closed_at is not None:
            return Turnout(vote.entitled, vote.voted)
        count = voted.get(vote.id, 0)
        return Turnout(max(could[vote.event_id], count), count)

    return [now(vote) for vote in votes]


def places(vote: Vote, of: Sequence[VoteCandidate]) -> list[Place] | None:
    """The result, best first; None while the vote is open and where too few voted."""
    entries = [Entry(str(one.id), tuple(one.figures)) for one in of if one.figures is not None]
    if vote.closed_at is None or len(entries) < len(of):
        return None
    return ranked(entries, Ties(vote.tie_rule, tuple(vote.tie_criteria), vote.seed))  # type: ignore[arg-type]


async def found(session: Reader, votes: Sequence[Vote]) -> list[Found]:
    """The votes with what belongs to them. Under HUB."""
    of: dict[uuid.UUID, list[VoteCandidate]] = {vote.id: [] for vote in votes}
    query = select(VoteCandidate).where(VoteCandidate.vote_id.in_(of)).order_by(VoteCandidate.position)
    for one in await session.scalars(query):
        of[one.vote_id].append(one)
    return [Found(vote, of[vote.id], now) for vote, now in zip(votes, await turnouts(session, votes), strict=True)]


def remark(row: VoteCandidate, place: Place | None) -> str:
    """What an imported result prints otherwise than its own figures give; empty where all is well."""
    said = []
    if place is not None and row.printed_total not in {None, place.total}:
        parts = " + ".join(map(str, row.figures or ()))
        words = _("The total is printed as {printed}, but {parts} is {total}.", printed=row.printed_total,
                  parts=parts, total=place.total)  # fmt: skip
        said.append(words)
    if place is not None and row.printed_rank not in {None, place.rank}:
        words = _("The rank is printed as {printed}, but the figures give {rank}.", printed=row.printed_rank,
                  rank=place.rank)  # fmt: skip
        said.append(words)
    return " ".join(said)


async def of_person(session: Reader, navigator: uuid.UUID, event: uuid.UUID | None = None) -> list[tuple[Vote, bool]]:
    """The votes of somebody's events (or of one), newest first, and whether they have voted in it. Under HUB."""
    done = select(VoteTurnout.vote_id).where(VoteTurnout.navigator_id == navigator)
    query = (
        select(Vote, Vote.id.in_(done))
        .join(Participant, Participant.event_id == Vote.event_id)
        .where(Participant.navigator_id == navigator)
        .order_by(Vote.created_at.desc(), Vote.id)
        .limit(100)
    )
    if event is not None:
        query = query.where(Vote.event_id == event)
    return [(vote, bool(voted)) for vote, voted in await session.execute(query)]


async def about(session: Reader, navigator: uuid.UUID) -> list[dict[str, str]]:
    """What is held about one person: in which votes that are still open they voted; what, nobody knows."""
    query = select(Vote).join(VoteTurnout, VoteTurnout.vote_id == Vote.id).where(VoteTurnout.navigator_id == navigator)
    found = await session.scalars(query.order_by(Vote.created_at, Vote.id))
    return [{"event": str(one.event_id), "vote": str(one.id), "title": one.title} for one in found]
