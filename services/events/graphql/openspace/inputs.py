"""What people write for an open space."""

import datetime as dt
import enum

import strawberry
from strawberry import ID

from services.events.graphql.openspace.types import ActionState, Wish
from services.events.graphql.parts import RoomFeature
from services.events.openspace import interests
from services.events.openspace.adjusting import Change
from services.events.openspace.drafts import ActionDraft, HarvestDraft, ProposalDraft, RoomDraft, SlotDraft
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid


@strawberry.input(description="A topic to talk about; a title is enough.")
class ProposalInput:
    title: str
    text: str = ""
    topics: list[ID] = strawberry.field(default_factory=list)
    needs: list[RoomFeature] = strawberry.field(default_factory=list, description="Features that its room must have.")
    anonymous: bool = strawberry.field(default=False, description="Nothing is kept that says who proposed it.")
    convene: bool = strawberry.field(default=False, description="Whether the person hosts the session too.")

    def as_draft(self, source: str = "") -> ProposalDraft:
        return ProposalDraft(
            title=self.title,
            text=self.text,
            topics=tuple(str(code) for code in self.topics),
            needs=tuple(one.value for one in self.needs),
            anonymous=self.anonymous,
            convene=self.convene,
            source=source,
        )


@strawberry.input(description="An idea of the morning that becomes a topic of the afternoon.")
class IdeaInput:
    title: str
    text: str = ""
    topics: list[ID] = strawberry.field(default_factory=list)
    source: str = strawberry.field(description="Where it was noted, such as „Runde 2, Tisch 3“.")

    def as_draft(self) -> ProposalDraft:
        return ProposalDraft(self.title, self.text, tuple(str(code) for code in self.topics), source=self.source)


@strawberry.input
class WishInput:
    proposal: ID
    wish: Wish = Wish.WOULD_LIKE

    @property
    def weight(self) -> int:
        return interests.MUST if self.wish == Wish.MUST else interests.LIKE


@strawberry.input(description="A room; with the `id` of one that is there, it is changed.")
class OpenSpaceRoomInput:
    name: str
    capacity: int
    features: list[RoomFeature] = strawberry.field(default_factory=list)
    id: ID | None = None

    def as_draft(self) -> RoomDraft:
        return RoomDraft(self.name, self.capacity, tuple(one.value for one in self.features), str(self.id or ""))


@strawberry.input(description="A time for sessions; with the `id` of one that is there, it is changed.")
class SlotInput:
    starts: dt.datetime
    ends: dt.datetime
    id: ID | None = None

    def as_draft(self) -> SlotDraft:
        return SlotDraft(self.starts, self.ends, str(self.id or ""))


@strawberry.input
class SessionHarvestInput:
    results: str = ""
    decisions: str = ""
    minutes: str = ""

    def as_draft(self) -> HarvestDraft:
        return HarvestDraft(self.results, self.decisions, self.minutes)


@strawberry.input(description="Who does what until when; `navigator` or, in words, `owner`.")
class ActionItemInput:
    text: str
    navigator: ID | None = None
    owner: str = ""
    city: ID | None = None
    due: dt.date | None = None
    state: ActionState = ActionState.OPEN
    idea: ID | None = strawberry.field(default=None, description="The idea of a table that it follows from.")
    candidate: ID | None = strawberry.field(default=None, description="What was voted on that it follows from.")

    def as_draft(self) -> ActionDraft:
        return ActionDraft(
            self.text, str(self.navigator or ""), self.owner, str(self.city or ""), self.due, self.state.value,
            str(self.idea or ""), str(self.candidate or ""),
        )  # fmt: skip


@strawberry.enum
class SessionChangeKind(enum.Enum):
    MOVE = "move"
    SWAP = "swap"
    PIN = "pin"
    UNPIN = "unpin"


@strawberry.input(
    description="MOVE: to `slot` and `room`, both null to leave it out. SWAP: with `other`. PIN, UNPIN: whether later "
    "plans keep its place."
)
class SessionChange:
    kind: SessionChangeKind
    proposal: ID
    part: int = 1
    slot: ID | None = None
    room: ID | None = None
    other: ID | None = None
    other_part: int = 1


def changes_of(given: list[SessionChange]) -> list[Change]:
    """Raises Refused for a swap without another session, and for one of slot and room alone."""
    problems = [
        Problem(_("Name the session to change places with."), row=f"changes[{i}]", field="other")
        for i, one in enumerate(given)
        if one.kind == SessionChangeKind.SWAP and one.other is None
    ]
    problems += [
        Problem(_("Name both slot and room, or none."), row=f"changes[{i}]", field="room")
        for i, one in enumerate(given)
        if (one.slot is None) != (one.room is None)
    ]
    if problems:
        raise Refused(_("The plan cannot be changed like this."), problems)
    return [
        Change(
            kind=one.kind.value,
            topic=_same(one.proposal),
            part=one.part,
            slot=_same(one.slot) if one.slot else None,
            room=_same(one.room) if one.room else None,
            other=(_same(one.other), one.other_part) if one.kind == SessionChangeKind.SWAP and one.other else None,
        )
        for one in given
    ]


def _same(value: str) -> str:
    """An id as we write it."""
    key = as_uuid(value)
    return str(key) if key else value
