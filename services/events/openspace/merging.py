"""Proposals about the same thing: found, merged by a person, taken apart again.

A merged proposal stays as it is and points at the other. Authors, conveners and wishes of both are read together
(`Proposal.root`), a person counted once; so taking it out gives everybody back what was theirs.
"""

import uuid
from collections.abc import Sequence

from sqlalchemy import select, update

from services.events.models import Event, Proposal, ProposalPerson
from services.events.openspace import drafts
from services.events.openspace.likeness import Likeness, Text, alike
from services.events.openspace.proposals import (
    ALIVE,
    CONVENER,
    MERGED,
    OPEN,
    PLANNED,
    WAITING,
    may_host,
    of_event,
    turn,
)
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict
from services.kit.i18n import gettext as _


async def texts(session: Reader, event: Event) -> list[Text]:
    """The proposals that could be merged, as they are compared; `likeness.alike` takes a moment and no session."""
    query = select(Proposal).where(Proposal.event_id == event.id, Proposal.status.in_(ALIVE)).order_by(Proposal.number)
    rows = (await session.scalars(query)).all()
    return [Text(str(row.id), row.title, row.text, frozenset(row.topics)) for row in rows]


def suggested(given: Sequence[Text]) -> list[Likeness]:
    return alike(given)


async def merge(session: Writer, event: Event, into: str, merged: Sequence[str]) -> None:
    """Let the proposals `merged` take place as part of `into`.

    Raises Conflict where one is planned or gone, or somebody who hosts one hosts another session at the time of `into`.
    """
    drafts.few(merged, drafts.MOST_AT_ONCE, "proposals")
    await turn(session, event)
    target = await of_event(session, event, into)
    if target.status not in ALIVE:
        raise Conflict(_("Proposals can only be merged into one that is open, accepted or planned."))
    for value in dict.fromkeys(merged):
        row = await of_event(session, event, value)
        if row.id == target.id:
            raise Conflict(_("A proposal cannot be merged into itself."))
        if row.status == PLANNED:
            raise Conflict(_("„{title}“ is planned already. Merge the other one into it.", title=row.title))
        if row.status not in WAITING:
            raise Conflict(_("„{title}“ is merged, withdrawn or cancelled already.", title=row.title))
        hosts = select(ProposalPerson.navigator_id).join(Proposal, Proposal.id == ProposalPerson.proposal_id)
        theirs = hosts.where(Proposal.root == row.id, ProposalPerson.role == CONVENER).distinct()
        for navigator in (await session.scalars(theirs)).all():
            await may_host(session, event, target, navigator)
        await session.execute(
            update(Proposal).where(Proposal.id == row.id).values(status=MERGED, merged_into=target.id)
        )
    await _roots(session, event)


async def take_apart(session: Writer, event: Event, value: str) -> None:
    """Undo the merge of one proposal: it is open again, with its own authors, conveners and wishes."""
    await turn(session, event)
    row = await of_event(session, event, value)
    if row.status != MERGED:
        raise Conflict(_("This proposal is not merged."))
    await session.execute(update(Proposal).where(Proposal.id == row.id).values(status=OPEN, merged_into=None))
    await _roots(session, event)


async def _roots(session: Writer, event: Event) -> None:
    """Say anew of each proposal under which it takes place: one may be merged into one that is merged itself."""
    query = select(Proposal.id, Proposal.merged_into, Proposal.root).where(Proposal.event_id == event.id)
    rows = (await session.execute(query)).all()
    above = {key: into for key, into, _root in rows}
    for key, _into, root in rows:
        top: uuid.UUID = key
        while (parent := above[top]) is not None:  # ends: only what is not merged yet is merged, so there is no ring
            top = parent
        if top != root:
            await session.execute(update(Proposal).where(Proposal.id == key).values(root=top))
