"""An idea becomes the project of a city: proposed here, decided in the directory, which says what became of it.

Each idea, proposal or result is proposed to one city at a time; after a no, another city can be asked.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import func, insert, select, update

from services.contracts.directory import ProjectCardDecided
from services.contracts.events import ProjectCardProposed
from services.events.models import (
    Base,
    Event,
    Harvest,
    Idea,
    Navigator,
    ProjectCard,
    Proposal,
    ProposalPerson,
    Table,
    Topic,
    VoteCandidate,
)
from services.kit import log
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _

PROPOSED: Final = "proposed"
ACCEPTED: Final = "accepted"
DECLINED: Final = "declined"
WITHDRAWN: Final = "withdrawn"
MOST_CARDS: Final = 300
"""Of one event."""
LONGEST_TITLE: Final = 200
LONGEST_SUMMARY: Final = 2_000
SHORT: Final = 80
"""Characters of a title that is made of a longer text."""


class Source(NamedTuple):
    """Where a card comes from: the column that says it, its words, and whose city it is by itself."""

    column: str
    key: uuid.UUID
    title: str
    summary: str
    topics: Sequence[str]
    city: str


class Wanted(NamedTuple):
    """What somebody says of a card; all empty for what the source gives by itself. Ids are those of the source."""

    idea: uuid.UUID | None = None
    proposal: uuid.UUID | None = None
    candidate: uuid.UUID | None = None
    city: str = ""
    title: str = ""
    summary: str = ""


async def source(session: Reader, event: Event, wanted: Wanted) -> Source:
    """Raises NotFound for what the event does not have (any more), Refused where not exactly one thing is named."""
    named = {name: key for name, key in wanted._asdict().items() if name in {"idea", "proposal", "candidate"} and key}
    if len(named) != 1:
        raise Refused(_("Name one idea, one proposal or one candidate of a vote."))
    ((kind, key),) = named.items()
    if kind == "candidate":
        found = await session.scalar(
            select(VoteCandidate).where(VoteCandidate.id == key, VoteCandidate.event_id == event.id)
        )
        if found is None:
            raise NotFound(_("This event has no such idea or proposal."))
        if found.idea_id is None and found.proposal_id is None:
            return Source("candidate_id", key, *_headed(found.title), (), found.city or event.host)
        kind, key = ("idea", found.idea_id) if found.idea_id else ("proposal", found.proposal_id)
        assert key is not None
    made = await (_of_idea if kind == "idea" else _of_proposal)(session, event, key)
    if made is None:
        raise NotFound(_("This event has no such idea or proposal."))
    return made


async def _of_idea(session: Reader, event: Event, key: uuid.UUID) -> Source | None:
    topic = Table.topic
    query = (
        select(Idea, topic, Navigator.ags)
        .outerjoin(
            Table,
            (Table.event_id == Idea.event_id) & (Table.round == Idea.round) & (Table.number == Idea.number),
        )
        .outerjoin(Navigator, Navigator.id == Idea.navigator_id)
        .where(Idea.event_id == event.id, Idea.id == key, ~Idea.withdrawn, ~Idea.hidden)
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        return None
    idea, code, ags = found
    return Source("idea_id", key, *_headed(idea.text), [code] if code else [], ags or event.host)


async def _of_proposal(session: Reader, event: Event, key: uuid.UUID) -> Source | None:
    """What came of it, if something did; merged proposals are those under which they took place."""
    there = select(Proposal.root).where(Proposal.id == key, Proposal.event_id == event.id)
    query = select(Proposal, Harvest.results).outerjoin(Harvest, Harvest.proposal_id == Proposal.id)
    found = (await session.execute(query.where(Proposal.id.in_(there)))).one_or_none()
    if found is None:
        return None
    row, results = found
    hosts = select(Navigator.ags).join(ProposalPerson, ProposalPerson.navigator_id == Navigator.id)
    hosts = hosts.join(Proposal, Proposal.id == ProposalPerson.proposal_id).where(Proposal.root == row.id)
    ags = await session.scalar(hosts.order_by(ProposalPerson.role.desc(), Navigator.sort_key).limit(1))
    return Source("proposal_id", row.id, row.title, results or row.text, row.topics, ags or event.host)


def _headed(text: str) -> tuple[str, str]:
    """A title and a summary of one text: the beginning stands for a long one."""
    if len(text) <= SHORT:
        return text, ""
    return text[:SHORT].rsplit(" ", 1)[0].rstrip(" ,;:–-") + " …", text


async def make(session: Writer, event: Event, wanted: Wanted, of: Source) -> tuple[ProjectCard, bool]:
    """The card of the source `of`, and whether it is new: asked for again, it is the one that is there.

    The event's turn is taken. Raises Refused, and Conflict where another city has it or this one declined it.
    """
    ags = wanted.city or of.city
    if ags not in {event.host, *event.guests}:
        raise Refused(_("The city {city} takes no part in this event.", city=ags[:20]))
    column = getattr(ProjectCard, of.column)
    there = select(ProjectCard).where(ProjectCard.event_id == event.id, column == of.key)
    for card in await session.scalars(there.where(ProjectCard.status != WITHDRAWN)):
        if card.city == ags and card.status != DECLINED:
            return card, False
        if card.city == ags:
            raise Conflict(_("The city has declined this already. Another city can be asked."))
        if card.status != DECLINED:
            raise Conflict(_("This has been proposed to another city already."))
    count = select(func.count()).select_from(ProjectCard).where(ProjectCard.event_id == event.id)
    if (await session.scalar(count) or 0) >= MOST_CARDS:
        raise Conflict(_("An event has at most {most} project cards.", most=MOST_CARDS))
    checks = Checks()
    title = checks.text("card", "title", wanted.title or of.title, LONGEST_TITLE)
    words = wanted.summary or of.summary[:LONGEST_SUMMARY]
    summary = checks.text("card", "summary", words, LONGEST_SUMMARY, required=False)
    checks.done(_("Nothing was stored. Please correct the text and send it again."))
    known = set(await session.scalars(select(Topic.code).where(Topic.code.in_(of.topics))))
    values: dict[str, Any] = {
        "id": uuid.uuid4(), "event_id": event.id, "city": ags, of.column: of.key, "title": title, "summary": summary,
        "topics": [code for code in of.topics if code in known], "status": PROPOSED, "project_id": None,
    }  # fmt: skip
    return (await session.scalars(insert(ProjectCard).values(values).returning(ProjectCard))).one(), True


async def withdraw(session: Writer, card: ProjectCard) -> ProjectCard:
    """Take a card back that waits for its city. Raises Conflict for one that was decided."""
    if card.status == WITHDRAWN:
        return card
    if card.status != PROPOSED:
        raise Conflict(_("The city has decided about this already."))
    gone = update(ProjectCard).where(ProjectCard.id == card.id).values(status=WITHDRAWN).returning(ProjectCard)
    return (await session.scalars(gone.execution_options(populate_existing=True))).one()


async def message(session: Reader, card: ProjectCard, event: Event) -> ProjectCardProposed:
    """The card as the directory hears of it; with those of the city by name who noted or propose it."""
    people = list[uuid.UUID]()
    theirs = select(Navigator.id).where(Navigator.ags == card.city)
    if card.idea_id:
        noted = theirs.join(Idea, Idea.navigator_id == Navigator.id).where(Idea.id == card.idea_id)
        people = list(await session.scalars(noted))
    elif card.proposal_id:
        by = theirs.join(ProposalPerson, ProposalPerson.navigator_id == Navigator.id)
        by = by.join(Proposal, Proposal.id == ProposalPerson.proposal_id).where(Proposal.root == card.proposal_id)
        people = sorted(set(await session.scalars(by)))
    return ProjectCardProposed(
        id=str(card.id),
        ags=card.city,
        event=str(event.id),
        event_title=event.title,
        title=card.title,
        summary=card.summary,
        topics=tuple(card.topics),
        navigators=tuple(map(str, people)),
        withdrawn=card.status == WITHDRAWN,
    )


async def decided(session: Writer, said: ProjectCardDecided) -> None:
    """What the city decided counts, also where the card was withdrawn at the same moment."""
    values = {
        "status": ACCEPTED if said.accepted else DECLINED,
        "project_id": uuid.UUID(said.project) if said.project else None,
        "decided_at": dt.datetime.now(dt.UTC),
    }
    await session.execute(update(ProjectCard).where(ProjectCard.id == uuid.UUID(said.id)).values(**values))


async def say_anew(session: Writer, keys: Sequence[uuid.UUID]) -> None:
    """The log forgets the words of cards that were rewritten, and says them in their new words."""
    found = select(ProjectCard, Event).join(Event, Event.id == ProjectCard.event_id).where(ProjectCard.id.in_(keys))
    for card, event in (await session.execute(found.execution_options(populate_existing=True))).all():
        await log.forget(session, Base.metadata, str(card.id))
        said = msgspec.structs.replace(await message(session, card, event), decided=card.status != PROPOSED)
        await log.say(session, Base.metadata, [said])


async def of_events(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[ProjectCard]]:
    """The cards of each event, oldest first."""
    found: dict[uuid.UUID, list[ProjectCard]] = {key: [] for key in keys}
    query = select(ProjectCard).where(ProjectCard.event_id.in_(keys))
    for card in await session.scalars(query.order_by(ProjectCard.proposed_at, ProjectCard.id)):
        found[card.event_id].append(card)
    return [found[key] for key in keys]


async def by_id(session: Reader, key: uuid.UUID | None) -> ProjectCard:
    """Raises NotFound."""
    found = await session.get(ProjectCard, key, populate_existing=True) if key else None
    if found is None:
        raise NotFound(_("There is no such project card."))
    return found
