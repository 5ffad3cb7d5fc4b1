"""What the graph shows of an open space."""

import datetime as dt
import enum
from collections.abc import Iterable
from typing import Any, Self, cast

import strawberry
from strawberry import ID, Info

from services.events import models as m
from services.events.graphql.parts import Navigator, RoomFeature, Topic
from services.events.graphql.types import City, Event, event_of
from services.events.openspace import board as boards
from services.events.openspace import overview
from services.events.openspace.interests import MUST


@strawberry.enum(description="OPEN and ACCEPTED wait for the plan; ACCEPTED may not be left out of it.")
class ProposalState(enum.Enum):
    OPEN = "open"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"
    ACCEPTED = "accepted"
    PLANNED = "planned"
    CANCELLED = "cancelled"


@strawberry.enum
class ProposalOrigin(enum.Enum):
    PERSON = "person"
    ORGANISER = "organiser"
    IDEA = "idea"


@strawberry.enum(description="How much somebody cares for a topic.")
class Wish(enum.Enum):
    WOULD_LIKE = "like"
    MUST = "must"

    @classmethod
    def of(cls, weight: int) -> Self:
        return cls("must" if weight >= MUST else "like")


@strawberry.enum
class ActionState(enum.Enum):
    OPEN = "open"
    DOING = "doing"
    DONE = "done"
    DROPPED = "dropped"


@strawberry.enum(description="CLOSED: the room cannot be used then. AWAY: somebody who hosts it is not there.")
class SessionTrouble(enum.Enum):
    CLOSED = "closed"
    AWAY = "away"


@strawberry.type(description="Somebody who proposed a topic or hosts its session, as they stand on the event's papers.")
class ProposalPerson:
    navigator: Navigator
    name: str
    city: City

    @classmethod
    def of(cls, rows: Iterable[m.Navigator]) -> list[Self]:
        return [cls(navigator=Navigator(id=ID(str(row.id))), name=row.name, city=City(ags=ID(row.ags))) for row in rows]


@strawberry.type(description="How many people care for a topic, each counted once however much was merged into it.")
class InterestCount:
    interested: int
    must: int


@strawberry.type(description="Who does what until when.")
class ActionItem:
    row: strawberry.Private[m.ActionItem]
    id: ID
    text: str
    navigator: Navigator | None
    owner: str = strawberry.field(description="In words, where nobody of the directory is meant.")
    city: City | None
    due: dt.date | None
    state: ActionState
    proposal: ID | None = strawberry.field(description="The topic whose session agreed on it.")
    idea: ID | None = strawberry.field(description="The idea of a table that it follows from.")
    candidate: ID | None = strawberry.field(description="What was voted on that it follows from.")

    @strawberry.field
    async def event(self, info: Info[Any, Any]) -> Event:
        return cast(Event, await event_of(info, str(self.row.event_id)))

    @classmethod
    def of(cls, row: m.ActionItem) -> Self:
        return cls(
            row=row,
            id=ID(str(row.id)),
            text=row.text,
            navigator=Navigator(id=ID(str(row.owner_id))) if row.owner_id else None,
            owner=row.owner,
            city=City(ags=ID(row.city)) if row.city else None,
            due=row.due,
            state=ActionState(row.status),
            proposal=ID(str(row.proposal_id)) if row.proposal_id else None,
            idea=ID(str(row.idea_id)) if row.idea_id else None,
            candidate=ID(str(row.candidate_id)) if row.candidate_id else None,
        )


@strawberry.type(description="A photo or document; fetch it from `url` with an access token, or with `?link=`.")
class SessionFile:
    id: ID
    name: str
    media_type: str
    alt: str = strawberry.field(description="What is to be seen, for those who do not see it.")
    caption: str
    consent: bool = strawberry.field(description="Whether all who are to be seen agreed that minutes print it.")
    size: int = strawberry.field(description="In bytes.")
    url: str


@strawberry.type(description="What came of a session. `version` is 0 before anything was written.")
class SessionHarvest:
    version: int
    results: str
    decisions: str
    minutes: str
    action_items: list[ActionItem]
    files: list[SessionFile]


@strawberry.type(description="A topic that somebody would like to talk about.")
class Proposal:
    id: ID
    number: int = strawberry.field(description="What people call it on the wall: counts from 1 within the event.")
    title: str
    text: str
    topics: list[Topic]
    needs: list[RoomFeature] = strawberry.field(description="Features that its room must have.")
    origin: ProposalOrigin
    source: str = strawberry.field(description="Where an idea was noted, in words.")
    anonymous: bool
    state: ProposalState
    times: int
    merged_into: ID | None
    merged: list[ID] = strawberry.field(description="What was merged into it; its authors, conveners and wishes count.")
    authors: list[ProposalPerson]
    conveners: list[ProposalPerson]
    interest: InterestCount
    harvest: SessionHarvest

    @classmethod
    def of(cls, topic: overview.Topic, files_at: str, *, people: bool) -> Self:
        row, said = topic.row, topic.harvest
        return cls(
            id=ID(str(row.id)),
            number=row.number,
            title=row.title,
            text=row.text,
            topics=[Topic(code=ID(code)) for code in row.topics],
            needs=[RoomFeature(one) for one in row.needs],
            origin=ProposalOrigin(row.origin),
            source=row.source,
            anonymous=row.anonymous,
            state=ProposalState(row.status),
            times=row.times,
            merged_into=ID(str(row.merged_into)) if row.merged_into else None,
            merged=[ID(str(key)) for key in topic.merged],
            authors=ProposalPerson.of(topic.authors if people else ()),
            conveners=ProposalPerson.of(topic.conveners if people else ()),
            interest=InterestCount(interested=topic.interest.interested, must=topic.interest.must),
            harvest=SessionHarvest(
                version=said.version if said else 0,
                results=said.results if said else "",
                decisions=said.decisions if said else "",
                minutes=said.minutes if said else "",
                action_items=[ActionItem.of(item) for item in topic.actions],
                files=[
                    SessionFile(
                        id=ID(str(file.id)), name=file.name, media_type=file.media_type, alt=file.alt,
                        caption=file.caption, consent=file.consent, size=file.size,
                        url=f"{files_at}/{file.id}",
                    )
                    for file in topic.files
                ],
            ),
        )  # fmt: skip


@strawberry.type(description="A time in which sessions run beside each other.")
class OpenSpaceSlot:
    id: ID
    starts: dt.datetime
    ends: dt.datetime


@strawberry.type
class OpenSpaceRoom:
    id: ID
    name: str
    capacity: int | None
    features: list[RoomFeature]
    closed: list[ID] = strawberry.field(description="The slots in which it cannot be used.")


@strawberry.type(description="A topic in a room at a time, as published.")
class OpenSpaceSession:
    id: ID
    proposal: ID
    number: int
    part: int = strawberry.field(description="Counts from 1 where a topic takes place several times.")
    title: str
    slot: ID
    room: ID
    interest: InterestCount
    moved_in: int | None = strawberry.field(description="The revision that moved it last.")
    was_slot: ID | None
    was_room: ID | None
    trouble: SessionTrouble | None

    @classmethod
    def of(cls, row: boards.BoardSession) -> Self:
        return cls(
            id=ID(row.id),
            proposal=ID(row.proposal),
            number=row.number,
            part=row.part,
            title=row.title,
            slot=ID(row.slot),
            room=ID(row.room),
            interest=InterestCount(interested=row.interested, must=row.must),
            moved_in=row.moved_in,
            was_slot=ID(row.was_slot) if row.was_slot else None,
            was_room=ID(row.was_room) if row.was_room else None,
            trouble=SessionTrouble(row.trouble) if row.trouble else None,
        )


@strawberry.type(description="The published agenda as everybody sees it. It names nobody.")
class OpenSpaceBoard:
    revision: int = strawberry.field(description="Rises with every published change; 0 before the first.")
    cancelled: bool
    changed_at: dt.datetime | None
    slots: list[OpenSpaceSlot]
    rooms: list[OpenSpaceRoom]
    sessions: list[OpenSpaceSession]
    moved: list[ID] = strawberry.field(description="The sessions that the newest revision moved.")

    @classmethod
    def of(cls, board: boards.Board) -> Self:
        return cls(
            revision=board.revision,
            cancelled=board.cancelled,
            changed_at=board.changed_at,
            slots=[OpenSpaceSlot(id=ID(slot.id), starts=slot.starts, ends=slot.ends) for slot in board.slots],
            rooms=[
                OpenSpaceRoom(
                    id=ID(room.id), name=room.name, capacity=room.capacity,
                    features=[RoomFeature(one) for one in room.features],
                    closed=[ID(slot) for slot in room.closed],
                )
                for room in board.rooms
            ],
            sessions=[OpenSpaceSession.of(session) for session in board.sessions],
            moved=[ID(one) for one in board.moved],
        )  # fmt: skip


@strawberry.type(description="A session for the person whose link it is.")
class MySession:
    session: ID
    wish: Wish | None
    hosts: bool
    suggested: bool = strawberry.field(description="The one to go to in its slot: hosted, or with a seat.")

    @classmethod
    def of(cls, row: overview.Choice) -> Self:
        wish = Wish.of(row.strength) if row.strength else None
        return cls(session=ID(str(row.session.id)), wish=wish, hosts=row.hosts, suggested=row.suggested)


@strawberry.type
class MyWish:
    proposal: ID
    wish: Wish


@strawberry.type(description="What an open space is for the person whose link it is.")
class MyOpenSpace:
    wishes: list[MyWish]
    sessions: list[MySession]
    proposed: list[ID]
    hosted: list[ID]
    away: list[ID] = strawberry.field(description="The slots in which the person hosts nothing.")
