"""What people do in an open space: most of it from a telephone, with a link and no account."""

import uuid
from typing import Any

import strawberry
from strawberry import ID, Info

from services.events.graphql.linked import at
from services.events.graphql.openspace.inputs import ActionItemInput, ProposalInput, SessionHarvestInput, WishInput
from services.events.graphql.openspace.types import ActionItem, MyWish, Wish
from services.events.graphql.openspace.working import OpenSpace, link_of, shown, working
from services.events.graphql.types import SERVICE
from services.events.openspace import board, callers, interests, proposals, venue
from services.events.openspace import harvest as harvests
from services.kit.errors import Forbidden, NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here


@strawberry.type(description="What was proposed, and the link with which it can be changed or withdrawn.")
class Proposed:
    id: ID
    number: int
    title: str
    change_link: str = strawberry.field(description="The only way back to a proposal without a name: keep it.")


@strawberry.type
class TakingPart:
    @strawberry.mutation(
        description="Propose a topic: with a personal link, with the event's link (nobody is known then), or as the "
        "organiser with a token."
    )
    async def propose_session(
        self, info: Info[Any, Any], event: ID, proposal: ProposalInput, link: str | None = None
    ) -> Proposed:
        runtime = here(info, SERVICE)
        async with working(info, event, link) as work:
            if work.caller.proposal or work.caller.notes:
                raise Forbidden(_("This link is for something else."))
            if not work.caller.organiser:
                rate = proposals.PERSONS if work.caller.key else proposals.SHARED
                await runtime.rates.take(rate, work.caller.key or f"event:{work.event.id}")
            (row,) = await proposals.propose(work.session, work.event, work.caller, [proposal.as_draft()])
            await board.tell(work.session, work.event.id)
        change = callers.write(runtime.settings, callers.PROPOSAL, row.id, work.event.date)
        return Proposed(id=ID(str(row.id)), number=row.number, title=row.title, change_link=change)

    @strawberry.mutation(
        description="Replace a proposal's texts, topics and needs while it waits: by who proposed it or the organiser."
    )
    async def change_proposal(
        self, info: Info[Any, Any], event: ID, id: ID, proposal: ProposalInput, link: str | None = None
    ) -> OpenSpace:
        async with working(info, event, link) as work:
            row = await proposals.of_event(work.session, work.event, id)
            await proposals.change(work.session, work.event, work.caller, row, proposal.as_draft())
        return await shown(info, event, link)

    @strawberry.mutation(description="Withdraw a proposal that is not planned yet.")
    async def withdraw_proposal(self, info: Info[Any, Any], event: ID, id: ID, link: str | None = None) -> OpenSpace:
        async with working(info, event, link) as work:
            row = await proposals.of_event(work.session, work.event, id)
            await proposals.withdraw(work.session, work.event, work.caller, row)
        return await shown(info, event, link)

    @strawberry.mutation(
        description="What the person would like to hear, instead of all they said before; until the plan is made."
    )
    async def set_wishes(self, info: Info[Any, Any], event: ID, link: str, wishes: list[WishInput]) -> list[MyWish]:
        wanted: dict[uuid.UUID, int] = {}
        for one in wishes:
            if (key := as_uuid(one.proposal)) is None:
                raise NotFound(_("This event has no such proposal."))
            wanted[key] = max(one.weight, wanted.get(key, 0))
        said = link_of(info, link)
        if said is None or said.theirs is None:
            raise Forbidden(_("Only who takes part in this event can do this."))
        event_id, person = await at(info, link, event)
        kept = await interests.wish(here(info, SERVICE), event_id, person, wanted)
        # Not the whole open space: everybody does this within the same minutes.
        return [MyWish(proposal=ID(str(key)), wish=Wish.of(weight)) for key, weight in kept.items()]

    @strawberry.mutation(description="Offer to host a topic's session, or not to any more.")
    async def convene(self, info: Info[Any, Any], event: ID, link: str, proposal: ID, wanted: bool = True) -> OpenSpace:
        async with working(info, event, link) as work:
            if work.caller.person is None:
                raise Forbidden(_("Only who takes part in this event can do this."))
            row = await proposals.of_event(work.session, work.event, proposal)
            await proposals.convene(work.session, work.event, row, work.caller.person, wanted=wanted)
            await board.tell(work.session, work.event.id)
        return await shown(info, event, link)

    @strawberry.mutation(
        description="The slots in which somebody hosts nothing: the person themselves with their link, or whom the "
        "organiser names."
    )
    async def set_away(
        self, info: Info[Any, Any], event: ID, slots: list[ID], navigator: ID | None = None, link: str | None = None
    ) -> OpenSpace:
        async with working(info, event, link) as work:
            person = work.caller.person or (as_uuid(navigator or "") if work.caller.organiser else None)
            if person is None:
                raise Forbidden(_("Only who takes part in this event can do this."))
            keys = [as_uuid(slot) for slot in slots]
            if None in keys:
                raise NotFound(_("This event has no such room or slot."))
            await venue.set_away(work.session, work.event, person, [key for key in keys if key])
            await board.tell(work.session, work.event.id)
        return await shown(info, event, link)

    # Harvest --------------------------------------------------------------------------------------------------------

    @strawberry.mutation(
        description="Write what came of a session: by who hosts it, by whoever has the link for its notes, or by the "
        "organiser. `expected` is the version that was looked at; whoever comes second gets a conflict."
    )
    async def write_harvest(
        self,
        info: Info[Any, Any],
        event: ID,
        proposal: ID,
        harvest: SessionHarvestInput,
        expected: int = 0,
        link: str | None = None,
    ) -> OpenSpace:
        async with working(info, event, link) as work:
            row = await proposals.of_event(work.session, work.event, proposal)
            await harvests.write(work.session, work.event, work.caller, row, harvest.as_draft(), expected)
        return await shown(info, event, link)

    @strawberry.mutation(
        description="Say who does what until when; with `id`, instead of what stood there. Without a proposal it is an "
        "item of the event, by the organiser."
    )
    async def put_action_item(
        self,
        info: Info[Any, Any],
        event: ID,
        item: ActionItemInput,
        proposal: ID | None = None,
        id: ID | None = None,
        link: str | None = None,
    ) -> ActionItem:
        async with working(info, event, link) as work:
            row = await proposals.of_event(work.session, work.event, proposal) if proposal else None
            found = await harvests.put_action(work.session, work.event, work.caller, row, item.as_draft(), id)
        return ActionItem.of(found)

    @strawberry.mutation
    async def remove_action_item(
        self, info: Info[Any, Any], event: ID, id: ID, proposal: ID | None = None, link: str | None = None
    ) -> bool:
        async with working(info, event, link) as work:
            row = await proposals.of_event(work.session, work.event, proposal) if proposal else None
            await harvests.remove_action(work.session, work.event, work.caller, row, id)
        return True

    @strawberry.mutation(
        description="Say what a photo shows, its caption, and whether all who are to be seen agree that minutes print "
        "it. Null leaves it as it is."
    )
    async def describe_session_file(
        self,
        info: Info[Any, Any],
        event: ID,
        proposal: ID,
        id: ID,
        alt: str | None = None,
        caption: str | None = None,
        consent: bool | None = None,
        link: str | None = None,
    ) -> bool:
        async with working(info, event, link) as work:
            row = await proposals.of_event(work.session, work.event, proposal)
            await harvests.describe(
                work.session, work.event, work.caller, row, id, alt=alt, caption=caption, consent=consent
            )
        return True

    @strawberry.mutation(description="Remove a photo or document of a session.")
    async def remove_session_file(
        self, info: Info[Any, Any], event: ID, proposal: ID, id: ID, link: str | None = None
    ) -> bool:
        async with working(info, event, link) as work:
            row = await proposals.of_event(work.session, work.event, proposal)
            await harvests.detach(work.session, work.event, work.caller, row, id)
        return True

    @strawberry.mutation(
        description="A link with which somebody without an account takes the notes of a session: from who hosts it or "
        "the organiser."
    )
    async def make_notes_link(self, info: Info[Any, Any], event: ID, proposal: ID, link: str | None = None) -> str:
        async with working(info, event, link) as work:
            row = await proposals.of_event(work.session, work.event, proposal)
            await harvests.may_write(work.session, work.caller, row)
            return callers.write(here(info, SERVICE).settings, callers.NOTES, row.root, work.event.date)
