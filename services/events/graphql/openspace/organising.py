"""What the organiser of an open space does: rooms and times, merging, planning, publishing, changing the day."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import strawberry
from sqlalchemy import update
from strawberry import ID, Info

from services.events import jobs
from services.events import models as m
from services.events.graphql.openspace.inputs import (
    IdeaInput,
    OpenSpaceRoomInput,
    ProposalInput,
    SessionChange,
    SlotInput,
    changes_of,
)
from services.events.graphql.openspace.plans import OpenSpacePlan, plans_of
from services.events.graphql.openspace.types import ProposalState
from services.events.graphql.openspace.working import OpenSpace, Work, shown, working
from services.events.graphql.types import SERVICE
from services.events.openspace import adjusting, board, merging, planning, proposals, venue
from services.events.openspace.question import Question
from services.kit.db import HUB
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here

MOST_DRAFTS = 5
MOST_SECONDS = 60.0
MOST_ITERATIONS = 50_000_000


@asynccontextmanager
async def organising(info: Info[Any, Any], event: str) -> AsyncIterator[Work]:
    """A unit of work of the organiser, in turn with others, of which the boards hear."""
    async with working(info, event) as work:
        await proposals.turn(work.session, work.event)
        yield work
        await board.tell(work.session, work.event.id)


@asynccontextmanager
async def _draft(info: Info[Any, Any], plan: str) -> AsyncIterator[tuple[Work, m.AgendaPlan]]:
    """The same on one draft, whose row is held."""
    async with here(info, SERVICE).db.read(HUB) as session:
        event = (await planning.plan_by_id(session, plan)).event_id
    async with organising(info, str(event)) as work:
        row = await planning.plan_by_id(work.session, plan)
        await work.session.refresh(row, with_for_update=True)
        yield work, row


def _budget(seed: int, seconds: float | None, iterations: int | None) -> dict[str, Any]:
    """Raises Refused for a budget that is none."""
    if seconds is not None and not 0 < seconds <= MOST_SECONDS:
        raise Refused(_("Choose a number from {least} to {most}.", least=0, most=MOST_SECONDS))
    if iterations is not None and not 1 <= iterations <= MOST_ITERATIONS:
        raise Refused(_("Choose a number from {least} to {most}.", least=1, most=MOST_ITERATIONS))
    if not 0 <= seed < 2**31:
        raise Refused(_("Choose a number from {least} to {most}.", least=0, most=2**31 - 1))
    return {"seed": seed, "seconds": None if iterations else seconds, "iterations": iterations}


@strawberry.type
class Organising:
    @strawberry.mutation(description="Make topics of ideas, such as those noted at the tables of the morning.")
    async def propose_ideas(self, info: Info[Any, Any], event: ID, ideas: list[IdeaInput]) -> OpenSpace:
        async with organising(info, event) as work:
            await proposals.propose(work.session, work.event, work.caller, [idea.as_draft() for idea in ideas])
        return await shown(info, event)

    @strawberry.mutation(description="Several proposals at once, all or none.")
    async def propose_sessions(self, info: Info[Any, Any], event: ID, topics: list[ProposalInput]) -> OpenSpace:
        async with organising(info, event) as work:
            drafts = [one.as_draft() for one in topics]
            await proposals.propose(work.session, work.event, work.caller, drafts)
        return await shown(info, event)

    @strawberry.mutation(
        description="Accept a proposal (it must be planned), open it again, or cancel it: it leaves the plan then. "
        "`times`: how often it takes place."
    )
    async def decide_proposal(
        self, info: Info[Any, Any], event: ID, id: ID, state: ProposalState, times: int | None = None
    ) -> OpenSpace:
        if state not in {ProposalState.ACCEPTED, ProposalState.OPEN, ProposalState.CANCELLED}:
            raise Refused(_("A proposal can be accepted, opened again or cancelled."))
        async with organising(info, event) as work:
            row = await proposals.of_event(work.session, work.event, id)
            now = dt.datetime.now(dt.UTC)
            await planning.decide(work.session, work.event, row, state.value, times, now)
        return await shown(info, event)

    @strawberry.mutation(description="Who hosts a topic's session.")
    async def set_conveners(self, info: Info[Any, Any], event: ID, proposal: ID, navigators: list[ID]) -> OpenSpace:
        async with organising(info, event) as work:
            row = await proposals.of_event(work.session, work.event, proposal)
            await proposals.set_conveners(work.session, work.event, row, navigators)
        return await shown(info, event)

    @strawberry.mutation(
        description="Let proposals take place as one. Their authors stay authors, their conveners host together, and "
        "who wished for several counts once."
    )
    async def merge_proposals(self, info: Info[Any, Any], event: ID, into: ID, proposals: list[ID]) -> OpenSpace:
        async with organising(info, event) as work:
            await merging.merge(work.session, work.event, into, proposals)
        return await shown(info, event)

    @strawberry.mutation(description="Undo the merge of a proposal: everything that was its own is again.")
    async def take_proposal_apart(self, info: Info[Any, Any], event: ID, id: ID) -> OpenSpace:
        async with organising(info, event) as work:
            await merging.take_apart(work.session, work.event, id)
        return await shown(info, event)

    @strawberry.mutation(description="The rooms and times; what is not given stays. Rows without an `id` are new.")
    async def set_open_space(
        self,
        info: Info[Any, Any],
        event: ID,
        rooms: list[OpenSpaceRoomInput] | None = None,
        slots: list[SlotInput] | None = None,
        wishes_open: bool | None = None,
    ) -> OpenSpace:
        async with organising(info, event) as work:
            if rooms is not None:
                await venue.set_rooms(work.session, work.event, [room.as_draft() for room in rooms])
            if slots is not None:
                await venue.set_slots(work.session, work.event, [slot.as_draft() for slot in slots])
            if wishes_open is not None:
                await planning.open_wishes(work.session, work.event, wanted=wishes_open)
        return await shown(info, event)

    @strawberry.mutation(
        description="Say that a room cannot be used in these slots, or can again. Sessions in it wait for a new plan."
    )
    async def close_room(
        self, info: Info[Any, Any], event: ID, room: ID, slots: list[ID], closed: bool = True
    ) -> OpenSpace:
        key, keys = as_uuid(room), [as_uuid(slot) for slot in slots]
        async with organising(info, event) as work:
            if key is None or None in keys:
                raise NotFound(_("This event has no such room or slot."))
            await venue.close(work.session, work.event, key, [one for one in keys if one], closed=closed)
        return await shown(info, event)

    # Plans ----------------------------------------------------------------------------------------------------------

    @strawberry.mutation(
        description="Ask for drafts of the agenda, each from another seed; follow them by `openSpace { plans }`. "
        "`basis`: a draft whose pinned sessions keep their places. Without a budget it is one of iterations, so that "
        "the same draft can be computed again."
    )
    async def plan_open_space(
        self,
        info: Info[Any, Any],
        event: ID,
        drafts: int = 1,
        seed: int = 1,
        seconds: float | None = None,
        iterations: int | None = None,
        basis: ID | None = None,
    ) -> list[OpenSpacePlan]:
        if not 1 <= drafts <= MOST_DRAFTS:
            raise Refused(_("Choose a number from {least} to {most}.", least=1, most=MOST_DRAFTS))
        async with organising(info, event) as work:
            parent = await planning.plan_by_id(work.session, basis) if basis else None
            asked, _titles = await planning.question(work.session, work.event, work.now)
            pinned = tuple(planning.pinned(parent, asked)) if parent else ()
            keys = []
            for number in range(drafts):
                budget = _budget(seed + number, seconds, iterations)
                wanted = msgspec.structs.replace(asked, pinned=pinned, **budget)
                keys.append(await _ask(info, work, wanted, parent))
            return [(await plans_of(work.session, work.event, key))[0] for key in keys]

    @strawberry.mutation(
        description="Ask for a plan of what is left of the day, after a room was lost or somebody does not come: at "
        "most `mostMoved` sessions move, and none that has begun."
    )
    async def replan_open_space(
        self,
        info: Info[Any, Any],
        event: ID,
        most_moved: int = planning.MOST_MOVED,
        seed: int = 1,
        seconds: float | None = None,
        iterations: int | None = None,
    ) -> OpenSpacePlan:
        if not 0 <= most_moved <= 300:
            raise Refused(_("Choose a number from {least} to {most}.", least=0, most=300))
        budget = _budget(seed, seconds, iterations)
        async with organising(info, event) as work:
            asked, _titles = await planning.question(work.session, work.event, work.now)
            if not asked.was:
                raise Conflict(_("There is no published plan yet."))
            wanted = msgspec.structs.replace(asked, most_moved=most_moved, **budget)
            key = await _ask(info, work, wanted, None)
            return (await plans_of(work.session, work.event, key))[0]

    @strawberry.mutation(
        description="Change a draft by hand, all changes or none. `expected` is the version that was looked at. "
        "Changes that break rules are kept and shown in `brokenRules`; such a draft cannot be published."
    )
    async def adjust_open_space_plan(
        self, info: Info[Any, Any], plan: ID, expected: int, changes: list[SessionChange]
    ) -> OpenSpacePlan:
        wanted = changes_of(changes)
        async with _draft(info, plan) as (work, row):
            adjusting.may_change(row, expected)
            made = adjusting.after(row, wanted)
            await adjusting.store(work.session, row, await adjusting.scored(row, made))
            return (await plans_of(work.session, work.event, row.id))[0]

    @strawberry.mutation(
        description="Make a draft the event's agenda, unless it breaks rules as things are now. Wishes close then."
    )
    async def publish_open_space_plan(self, info: Info[Any, Any], plan: ID) -> OpenSpace:
        async with _draft(info, plan) as (work, row):
            revision = await planning.publish(work.session, work.event, planning.agenda(row.answer), work.now)
            mine = m.AgendaPlan.id == row.id
            await work.session.execute(update(m.AgendaPlan).where(mine).values(revision=revision))
        return await shown(info, str(work.event.id))

    @strawberry.mutation(
        description="Move sessions of the published agenda by hand, at once: all changes or none, and none that books "
        "a room or a person twice or touches what has begun."
    )
    async def move_sessions(self, info: Info[Any, Any], event: ID, changes: list[SessionChange]) -> OpenSpace:
        wanted = changes_of(changes)
        async with organising(info, event) as work:
            before = await planning.published(work.session, work.event)
            after = adjusting.changed(before, frozenset(), wanted).agenda
            await planning.publish(work.session, work.event, after, work.now)
        return await shown(info, event)


async def _ask(info: Info[Any, Any], work: Work, asked: Question, parent: m.AgendaPlan | None) -> uuid.UUID:
    planning.check(asked)
    row = await planning.keep(work.session, work.event, asked, parent=parent.id if parent else None)
    await jobs.begin(work.session, here(info, SERVICE).queue, work.event, row)
    await work.session.flush()
    return row.id
