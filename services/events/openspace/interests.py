"""What people would like to hear: one set of wishes for each person, until the plan is made."""

import uuid
from collections.abc import Mapping
from typing import Final

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy import func as sql

from services.events.models import ABSENT, Event, Interest, OpenSpace, Participant, Proposal
from services.events.openspace.proposals import ALIVE
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _

LIKE: Final = 1
MUST: Final = 3
MOST_WISHES: Final = 50


class Count(msgspec.Struct, frozen=True):
    """How many people care for a topic, and how many of them must be there."""

    interested: int = 0
    must: int = 0


async def wish(
    session: Writer, event: Event, navigator: uuid.UUID, wanted: Mapping[uuid.UUID, int]
) -> dict[uuid.UUID, int]:
    """The person's wishes (weights by proposal) instead of those before; returns them by topic.

    A wish for one that was merged counts for what it was merged into. Where the person already wished for a part of it,
    that wish keeps its place, so that it is still theirs when the merge is undone. Raises Conflict when it is too late.
    """
    if len(wanted) > MOST_WISHES:
        raise Refused(_("At most {most} wishes, please.", most=MOST_WISHES))
    if event.status == "cancelled":
        raise Conflict(_("This event was called off."))
    # The wishes of one person take turns; those of others do not wait for them.
    part = select(Participant.navigator_id).where(
        Participant.event_id == event.id, Participant.navigator_id == navigator
    )
    await session.execute(part.with_for_update())
    opened = select(OpenSpace.wishes_open).where(OpenSpace.event_id == event.id).scalar_subquery()
    proposals = select(Proposal.id, Proposal.root, Proposal.status, opened).where(Proposal.event_id == event.id)
    found = (await session.execute(proposals)).all()
    if found and found[0][3] is False:
        raise Conflict(_("The plan is made: wishes cannot be changed any more."))
    root = {key: top for key, top, _status, _open in found}
    alive = {key for key, _root, status, _open in found if status in ALIVE}
    wishes: dict[uuid.UUID, int] = {}
    for key, weight in wanted.items():
        if key not in root or root[key] not in alive:
            raise NotFound(_("This event has no such proposal."))
        wishes[root[key]] = max(weight, wishes.get(root[key], 0))
    mine = Interest.event_id == event.id, Interest.navigator_id == navigator
    had = (await session.execute(select(Interest.proposal_id, Interest.weight).where(*mine))).all()
    for key, weight in had:
        if wishes.get(root[key], weight) != weight:
            await session.execute(
                update(Interest).where(*mine, Interest.proposal_id == key).values(weight=wishes[root[key]])
            )
    if gone := [key for key, _weight in had if root[key] not in wishes]:
        await session.execute(delete(Interest).where(*mine, Interest.proposal_id.in_(gone)))
    if new := wishes.keys() - {root[key] for key, _weight in had}:
        ids = {"event_id": event.id, "navigator_id": navigator}
        rows = [{**ids, "proposal_id": key, "weight": wishes[key]} for key in sorted(new)]
        await session.execute(insert(Interest).values(rows))
    return wishes


async def counts(session: Reader, event_id: uuid.UUID) -> dict[uuid.UUID, Count]:
    """By topic, a person once for each, whatever was merged into it."""
    each = (
        select(Proposal.root, Interest.navigator_id, sql.max(Interest.weight).label("weight"))
        .join(Proposal, Proposal.id == Interest.proposal_id)
        .where(Interest.event_id == event_id)
        .group_by(Proposal.root, Interest.navigator_id)
        .subquery()
    )
    query = select(each.c.root, sql.count(), sql.count().filter(each.c.weight >= MUST)).group_by(each.c.root)
    return {root: Count(people, must) for root, people, must in await session.execute(query)}


async def of_person(session: Reader, event_id: uuid.UUID, navigator: uuid.UUID) -> dict[uuid.UUID, int]:
    """The person's own wishes by topic."""
    query = (
        select(Proposal.root, sql.max(Interest.weight))
        .join(Proposal, Proposal.id == Interest.proposal_id)
        .where(Interest.event_id == event_id, Interest.navigator_id == navigator)
        .group_by(Proposal.root)
    )
    return {root: int(weight) for root, weight in await session.execute(query)}


async def all_of(session: Reader, event_id: uuid.UUID) -> dict[uuid.UUID, dict[uuid.UUID, int]]:
    """By person who is there or expected, their wishes by topic."""
    here = (Participant.event_id == Interest.event_id) & (Participant.navigator_id == Interest.navigator_id)
    query = (
        select(Interest.navigator_id, Proposal.root, sql.max(Interest.weight))
        .join(Proposal, Proposal.id == Interest.proposal_id)
        .join(Participant, here)
        .where(Interest.event_id == event_id, Participant.attendance.not_in(ABSENT))
        .group_by(Interest.navigator_id, Proposal.root)
    )
    found: dict[uuid.UUID, dict[uuid.UUID, int]] = {}
    for navigator, root, weight in await session.execute(query):
        found.setdefault(navigator, {})[root] = weight
    return found
