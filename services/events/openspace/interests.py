"""What people would like to hear: one set of wishes for each person, until the plan is made."""

import uuid
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any, Final

import msgspec
from sqlalchemy import func as sql
from sqlalchemy import select

from services.events.models import ABSENT, Event, Interest, OpenSpace, Participant, Proposal
from services.events.openspace.proposals import ALIVE
from services.kit import i18n
from services.kit.batches import Batches
from services.kit.db import HUB, Database, Reader, Writer, driver
from services.kit.errors import Conflict, Forbidden, HubError, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.service import Runtime

LIKE: Final = 1
MUST: Final = 3
MOST_WISHES: Final = 50


class Count(msgspec.Struct, frozen=True):
    """How many people care for a topic, and how many of them must be there."""

    interested: int = 0
    must: int = 0


class Wishes(msgspec.Struct, frozen=True):
    """What somebody wishes for instead of all they did before: weights by proposal."""

    person: uuid.UUID
    wanted: dict[uuid.UUID, int]
    language: str


async def wish(
    runtime: Runtime, event_id: uuid.UUID, person: uuid.UUID, wanted: dict[uuid.UUID, int]
) -> dict[uuid.UUID, int]:
    """The person's wishes (weights by proposal) instead of those before; returns them by topic.

    Everybody does this within the same minutes, so it is stored for many together. A wish for one that was merged
    counts for what it was merged into. Where the person already wished for a part of it, that wish keeps its place, so
    that it is still theirs when the merge is undone. Raises Forbidden for whoever does not take part, Conflict when it
    is too late.
    """
    if len(wanted) > MOST_WISHES:
        raise Refused(_("At most {most} wishes, please.", most=MOST_WISHES))
    desk: Batches[uuid.UUID, Wishes, dict[uuid.UUID, int]] | None = runtime.memory.get("open space wishes")
    if desk is None:
        desk = runtime.memory["open space wishes"] = Batches(partial(_batch, runtime.db))
    return await desk.ask(event_id, Wishes(person, wanted, i18n.language()))


async def _batch(db: Database, event_id: uuid.UUID, batch: Sequence[Wishes]) -> list[dict[uuid.UUID, int] | Exception]:
    async with db.begin(HUB) as session:
        # The wishes of one person take turns, in other processes too; those of others do not wait for them.
        part = select(Participant.navigator_id).where(
            Participant.event_id == event_id, Participant.navigator_id.in_({one.person for one in batch})
        )
        there = set((await session.scalars(part.order_by(Participant.navigator_id).with_for_update())).all())
        opened = select(Event.status, OpenSpace.wishes_open).outerjoin(OpenSpace, OpenSpace.event_id == Event.id)
        said = (await session.execute(opened.where(Event.id == event_id))).one_or_none()
        proposals = select(Proposal.id, Proposal.root, Proposal.status).where(Proposal.event_id == event_id)
        found = (await session.execute(proposals)).all()
        root = {key: top for key, top, _status in found}
        alive = {key for key, _root, status in found if status in ALIVE}
        query = select(Interest.navigator_id, Interest.proposal_id, Interest.weight)
        before: dict[tuple[uuid.UUID, uuid.UUID], int] = {
            (person, key): weight
            for person, key, weight in await session.execute(
                query.where(Interest.event_id == event_id, Interest.navigator_id.in_(there))
            )
        }
        held: dict[uuid.UUID, dict[uuid.UUID, int]] = {person: {} for person in there}
        for (person, key), weight in before.items():
            held[person][key] = weight
        answers: list[dict[uuid.UUID, int] | Exception] = []
        for one in batch:
            with i18n.speaking(one.language):
                try:
                    _may_wish(said, taking_part=one.person in there)
                    wishes = _by_topic(one.wanted, root, alive)
                except HubError as problem:
                    answers.append(problem)
                    continue
            held[one.person] = _kept(held[one.person], wishes, root)
            answers.append(wishes)
        after = {(person, key): weight for person, mine in held.items() for key, weight in mine.items()}
        await _store(session, event_id, before, after)
    return answers


def _may_wish(said: Any, *, taking_part: bool) -> None:
    """Raises NotFound, Forbidden or Conflict; `said`: the event's status, and whether wishes are open."""
    if said is None:
        raise NotFound(_("There is no such event."))
    if not taking_part:
        raise Forbidden(_("Only who takes part in this event can do this."))
    if said[0] == "cancelled":
        raise Conflict(_("This event was called off."))
    if said[1] is False:
        raise Conflict(_("The plan is made: wishes cannot be changed any more."))


def _by_topic(
    wanted: Mapping[uuid.UUID, int], root: Mapping[uuid.UUID, uuid.UUID], alive: AbstractSet[uuid.UUID]
) -> dict[uuid.UUID, int]:
    """Wishes by what they take place under. Raises NotFound."""
    wishes: dict[uuid.UUID, int] = {}
    for key, weight in wanted.items():
        if key not in root or root[key] not in alive:
            raise NotFound(_("This event has no such proposal."))
        wishes[root[key]] = max(weight, wishes.get(root[key], 0))
    return wishes


def _kept(
    before: Mapping[uuid.UUID, int], wishes: Mapping[uuid.UUID, int], root: Mapping[uuid.UUID, uuid.UUID]
) -> dict[uuid.UUID, int]:
    """One person's rows: those before keep their place where their topic is wished for."""
    kept = {key: wishes[root[key]] for key in before if root[key] in wishes}
    covered = {root[key] for key in kept}
    return kept | {key: weight for key, weight in wishes.items() if key not in covered}


# Not as a join with what goes: of a guarded table the planner expects the policy to let a single row through, and would
# compare all wishes of the event with every one that goes.
LESS = """
DELETE FROM interest WHERE event_id = $1 AND navigator_id = ANY ($2::uuid[]) AND (navigator_id, proposal_id) NOT IN (
  SELECT navigator_id, proposal_id FROM json_to_recordset($3::json) AS r(navigator_id uuid, proposal_id uuid))
"""
_MORE = """
INSERT INTO interest (event_id, navigator_id, proposal_id, weight)
SELECT $1, navigator_id, proposal_id, weight
FROM json_to_recordset($2::json) AS r(navigator_id uuid, proposal_id uuid, weight int)
ON CONFLICT (event_id, navigator_id, proposal_id) DO UPDATE SET weight = excluded.weight
"""


async def _store(
    session: Writer,
    event_id: uuid.UUID,
    before: Mapping[tuple[uuid.UUID, uuid.UUID], int],
    after: Mapping[tuple[uuid.UUID, uuid.UUID], int],
) -> None:
    """Write what differs, of all people in two statements."""
    connection = await driver(session)
    if less := {person for person, key in before if (person, key) not in after}:
        kept = [{"navigator_id": person, "proposal_id": key} for person, key in after if person in less]
        await connection.execute(LESS, event_id, sorted(less), msgspec.json.encode(kept).decode())
    more = [
        {"navigator_id": person, "proposal_id": key, "weight": weight}
        for (person, key), weight in sorted(after.items())
        if before.get((person, key)) != weight
    ]
    if more:
        await connection.execute(_MORE, event_id, msgspec.json.encode(more).decode())


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
