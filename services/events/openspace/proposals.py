"""Proposals: made, changed, withdrawn, accepted, and who hosts their sessions."""

import uuid
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import insert as upsert

from services.events.models import Event, Navigator, Participant, Proposal, ProposalPerson, Session, Topic
from services.events.openspace import drafts
from services.events.openspace.callers import Caller
from services.events.openspace.drafts import ProposalDraft
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, Forbidden, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.rates import Rate
from services.kit.resolvers import as_uuid

OPEN: Final = "open"
MERGED: Final = "merged"
WITHDRAWN: Final = "withdrawn"
ACCEPTED: Final = "accepted"
PLANNED: Final = "planned"
CANCELLED: Final = "cancelled"
WAITING: Final = frozenset({OPEN, ACCEPTED})
"""Not in the plan yet: may still be changed, merged and withdrawn."""
ALIVE: Final = frozenset({OPEN, ACCEPTED, PLANNED})
AUTHOR: Final = "author"
CONVENER: Final = "convener"
MOST_KEPT: Final = 1_000
"""With those that were withdrawn or cancelled."""
PERSONS: Final = Rate("proposals", 20, per=600)
"""Proposals of one person."""
SHARED: Final = Rate("proposals by the event's link", 300, per=600)


async def turn(session: Writer, event: Event) -> None:
    """Changes of one event take turns. Raises Conflict where it was called off."""
    status = await session.scalar(select(Event.status).where(Event.id == event.id).with_for_update())
    if status == "cancelled":
        raise Conflict(_("This event was called off."))


async def propose(session: Writer, event: Event, caller: Caller, given: Sequence[ProposalDraft]) -> list[Proposal]:
    """New proposals, in their order. Raises Refused, with nothing stored, when anything in any is wrong.

    Of one without a name nothing is kept that says who made it. Ideas, which name a `source`, come from the organiser.
    """
    drafts.few(given, drafts.MOST_AT_ONCE, "proposals")
    checks = Checks()
    vocabulary = frozenset((await session.scalars(select(Topic.code))).all())
    rows = ["proposal"] if len(given) == 1 else [f"proposals[{i}]" for i in range(len(given))]
    clean = [drafts.proposal(one, vocabulary, checks, row) for one, row in zip(given, rows, strict=True)]
    for one, row in zip(clean, rows, strict=True):
        if one.convene and caller.person is None:
            checks.add(row, "convene", _("Only who takes part can host a session: open your personal link."))
    checks.done(_("The proposal was not stored. Please correct the fields named and send it again."))
    await turn(session, event)
    known = (await session.execute(select(Proposal.status, Proposal.number).where(Proposal.event_id == event.id))).all()
    if len(known) + len(clean) > MOST_KEPT or (
        sum(status in ALIVE for status, _number in known) + len(clean) > drafts.MOST_PROPOSALS
    ):
        raise Conflict(_("There are {most} proposals already. Please merge some first.", most=drafts.MOST_PROPOSALS))
    first = 1 + max((number for _status, number in known), default=0)
    made: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    for number, one in enumerate(clean, first):
        key = uuid.uuid4()
        origin = "idea" if one.source else "organiser" if caller.organiser else "person"
        named = caller.person is not None and not one.anonymous
        made.append(
            {
                "id": key, "event_id": event.id, "number": number, "title": one.title, "text": one.text,
                "topics": list(one.topics), "needs": list(one.needs), "origin": origin, "source": one.source,
                "anonymous": origin == "person" and not named, "status": OPEN, "merged_into": None, "root": key,
            }
        )  # fmt: skip
        roles = (AUTHOR, CONVENER) if one.convene else (AUTHOR,)
        ids = {"event_id": event.id, "proposal_id": key, "navigator_id": caller.person}
        people += [{**ids, "role": role} for role in roles if named]
    if made:
        await session.execute(insert(Proposal), made)
    if people:
        await session.execute(insert(ProposalPerson), people)
    found = await session.scalars(select(Proposal).where(Proposal.id.in_([row["id"] for row in made])))
    return sorted(found, key=lambda one: one.number)


async def of_event(session: Reader, event: Event, value: str) -> Proposal:
    """Raises NotFound where the event has no such proposal."""
    key = as_uuid(value)
    query = select(Proposal).where(Proposal.id == key, Proposal.event_id == event.id)
    found = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none() if key else None
    if found is None:
        raise NotFound(_("This event has no such proposal."))
    return found


async def _own(session: Reader, caller: Caller, row: Proposal) -> None:
    """Raises Forbidden unless it is the caller's own proposal, or the caller organises the event."""
    if caller.organiser or caller.proposal == row.id:
        return
    mine = select(ProposalPerson.role).where(
        ProposalPerson.proposal_id == row.id,
        ProposalPerson.navigator_id == caller.person,
        ProposalPerson.role == AUTHOR,
    )
    if caller.person is None or await session.scalar(mine) is None:
        raise Forbidden(_("Only who proposed this and the organiser may change it."))


async def change(session: Writer, event: Event, caller: Caller, row: Proposal, draft: ProposalDraft) -> None:
    """Replace title, text, topics and needs while it waits. Whether it has a name stays as it is."""
    await _own(session, caller, row)
    checks = Checks()
    clean = drafts.proposal(draft, frozenset((await session.scalars(select(Topic.code))).all()), checks)
    checks.done(_("The proposal was not stored. Please correct the fields named and send it again."))
    await turn(session, event)
    values = {"title": clean.title, "text": clean.text, "topics": list(clean.topics), "needs": list(clean.needs)}
    done = await session.execute(
        update(Proposal)
        .where(Proposal.id == row.id, Proposal.status.in_([*WAITING, MERGED]))
        .values(**values)
        .returning(Proposal.id)
    )
    if done.scalar_one_or_none() is None:
        raise Conflict(_("This proposal is planned or gone and cannot be changed any more."))


async def withdraw(session: Writer, event: Event, caller: Caller, row: Proposal) -> None:
    """Raises Conflict for one that is planned, or into which others were merged: their authors count on it."""
    await _own(session, caller, row)
    await turn(session, event)
    row = await of_event(session, event, str(row.id))
    if row.status not in WAITING:
        raise Conflict(_("Only a proposal that is not planned or merged yet can be withdrawn; ask the organiser."))
    if await session.scalar(select(Proposal.id).where(Proposal.merged_into == row.id).limit(1)) is not None:
        raise Conflict(_("Other proposals were merged into this one: the organiser takes them out first."))
    await session.execute(update(Proposal).where(Proposal.id == row.id).values(status=WITHDRAWN))


async def decide(session: Writer, event: Event, row: Proposal, status: str, times: int | None) -> None:
    """The organiser's word: `accepted` (must be planned), `open` again, or `cancelled`; and how often it takes place.

    What is planned and cancelled leaves the plan; `planning.decide` tells of it.
    """
    checks = Checks()
    if times is not None:
        checks.number("proposal", "times", times, 1, drafts.MOST_TIMES)
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))
    await turn(session, event)
    row = await of_event(session, event, str(row.id))
    if row.status == MERGED:
        raise Conflict(_("This proposal was merged: take it out first."))
    if row.status == PLANNED and status != CANCELLED:
        raise Conflict(_("This proposal is planned. It can be cancelled, or left out of the next plan."))
    values: dict[str, Any] = {"status": status} | ({"times": times} if times is not None else {})
    await session.execute(update(Proposal).where(Proposal.id == row.id).values(**values))
    if status == CANCELLED:
        await session.execute(delete(Session).where(Session.proposal_id == row.id))


# Conveners --------------------------------------------------------------------------------------------------------


async def set_conveners(session: Writer, event: Event, row: Proposal, navigators: Sequence[str]) -> None:
    """Who hosts the session: people who take part. Raises Refused, or Conflict where one hosts another at that time."""
    drafts.few(navigators, drafts.MOST_CONVENERS, "navigators")
    wanted = {key for one in navigators if (key := as_uuid(one)) is not None}
    part = select(Participant.navigator_id).where(
        Participant.event_id == event.id, Participant.navigator_id.in_(wanted)
    )
    if len(set((await session.scalars(part)).all())) < len(set(navigators)):
        raise Refused(_("The person does not take part in this event."))
    await turn(session, event)
    role = ProposalPerson.proposal_id == row.id, ProposalPerson.role == CONVENER
    await session.execute(delete(ProposalPerson).where(*role))
    for navigator in sorted(wanted):
        await _convene(session, event, row, navigator)


async def convene(session: Writer, event: Event, row: Proposal, navigator: uuid.UUID, *, wanted: bool) -> None:
    """Somebody offers to host the session, or does no more. Raises as `set_conveners`."""
    await turn(session, event)
    if row.status not in {*ALIVE, MERGED}:
        raise Conflict(_("This proposal is planned or gone and cannot be changed any more."))
    if wanted:
        await _convene(session, event, row, navigator)
        return
    mine = ProposalPerson.navigator_id == navigator, ProposalPerson.role == CONVENER
    group = select(Proposal.id).where(Proposal.root == row.root)
    await session.execute(delete(ProposalPerson).where(ProposalPerson.proposal_id.in_(group), *mine))


async def may_host(session: Reader, event: Event, row: Proposal, navigator: uuid.UUID) -> None:
    """Raises Conflict where somebody already hosts another session at the time of this one."""
    mine = select(Session.slot_id).where(Session.proposal_id == row.root)
    hosted = (
        select(Session.title)
        .join(Proposal, Proposal.root == Session.proposal_id)
        .join(ProposalPerson, ProposalPerson.proposal_id == Proposal.id)
        .where(ProposalPerson.role == CONVENER, ProposalPerson.navigator_id == navigator)
        .where(Session.event_id == event.id, Session.proposal_id != row.root, Session.slot_id.in_(mine))
        .limit(1)
    )
    if (title := await session.scalar(hosted)) is not None:
        name = await session.scalar(select(Navigator.name).where(Navigator.id == navigator)) or "…"
        raise Conflict(_("{name} already hosts „{title}“ at that time.", name=name, title=title))


async def _convene(session: Writer, event: Event, row: Proposal, navigator: uuid.UUID) -> None:
    """`conveners` of a whole group count together: who hosts one merged into this hosts this."""
    await may_host(session, event, row, navigator)
    count = select(sql.count()).where(ProposalPerson.proposal_id == row.id, ProposalPerson.role == CONVENER)
    if int(await session.scalar(count) or 0) >= drafts.MOST_CONVENERS:
        raise Refused(_("At most {most} people can host one session.", most=drafts.MOST_CONVENERS))
    ids = {"event_id": event.id, "proposal_id": row.id, "navigator_id": navigator, "role": CONVENER}
    await session.execute(upsert(ProposalPerson).values(ids).on_conflict_do_nothing())
