"""The organiser's hand on the open space: write down, move, merge, plan, publish, close rooms."""

import datetime as dt
import uuid
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.events import access
from services.events.openspace.drafts import LONGEST_TITLE, MOST_AT_ONCE
from services.events.web.day import ground
from services.events.web.day.ground import BASE, SERVICE
from services.events.web.day.phone import moment_in
from services.events.web.organise import times
from services.events.web.registration import here
from services.kit import forms
from services.kit.db import NOBODY
from services.kit.errors import Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.pages import AnyRequest, ask

SPACE: Final = """query ($event: ID!) { space: openSpace(event: $event) { wishesOpen eventLink
  board { revision slots { id starts ends } rooms { id name closed }
    sessions { id proposal number part title slot room trouble interest { interested } } }
  proposals { id number title state mergedInto merged interest { interested } }
  mergeSuggestions { one other reason }
  plans { id state percent error revision brokenRules quality { kept leftOut turnedAway } } } }"""
MOVE: Final = """mutation ($event: ID!, $changes: [SessionChange!]!) {
  moveSessions(event: $event, changes: $changes) { wishesOpen } }"""
MERGE: Final = """mutation ($event: ID!, $into: ID!, $others: [ID!]!) {
  mergeProposals(event: $event, into: $into, proposals: $others) { wishesOpen } }"""
APART: Final = "mutation ($event: ID!, $id: ID!) { takeProposalApart(event: $event, id: $id) { wishesOpen } }"
PROPOSE: Final = """mutation ($event: ID!, $topics: [ProposalInput!]!) {
  proposeSessions(event: $event, topics: $topics) { wishesOpen } }"""
PLAN: Final = "mutation ($event: ID!) { planOpenSpace(event: $event) { id } }"
REPLAN: Final = "mutation ($event: ID!) { replanOpenSpace(event: $event) { id } }"
PUBLISH: Final = "mutation ($plan: ID!) { publishOpenSpacePlan(plan: $plan) { wishesOpen } }"
CLOSE: Final = """mutation ($event: ID!, $room: ID!, $slots: [ID!]!, $closed: Boolean!) {
  closeRoom(event: $event, room: $room, slots: $slots, closed: $closed) { wishesOpen } }"""
WISHES: Final = (
    "mutation ($event: ID!, $open: Boolean!) { setOpenSpace(event: $event, wishesOpen: $open) { wishesOpen } }"
)
MOST_PLANS: Final = 5
MOST_SHOWN: Final = 20
"""Suggestions to merge, the most alike."""


class Moved(msgspec.Struct, frozen=True):
    """`to` is a slot and a room, `slot|room`."""

    proposal: str
    part: int
    to: str


class Merged(msgspec.Struct, frozen=True):
    into: str
    other: str


class Written(msgspec.Struct, frozen=True):
    """Topics that people called out or wrote on cards, one in a line."""

    titles: Annotated[str, msgspec.Meta(max_length=MOST_AT_ONCE * LONGEST_TITLE)]


class Done(msgspec.Struct, frozen=True):
    do: Literal["plan", "replan", "publish", "apart", "open", "close"]
    id: str = ""


class Room(msgspec.Struct, frozen=True):
    """`at` is a room and a slot, `room|slot`."""

    at: Annotated[str, msgspec.Meta(max_length=100)]
    closed: bool = False


@get(f"{BASE}/board", page=True, right=access.ORGANISER)
async def market(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    return await _market(request, id)


async def _market(request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200) -> Response[Any]:
    event = await ground.organised(request, id)
    async with here(request).db.read(NOBODY) as session:
        suggested = (await times.shown(session, event))["times"]
    found = (await ask(request, SERVICE, SPACE, event=str(id)))["space"]
    board = found["board"]
    return await ground.page(
        request, "market", event, "/day/board", status, shown=shown, space=found, board=board,
        times=suggested, empty=EMPTY,
        titles={one["id"]: f"{one['number']} {one['title']}" for one in found["proposals"]},
        topics=[one for one in found["proposals"] if not one["mergedInto"] and one["state"] != "WITHDRAWN"],
        merged=[one for one in found["proposals"] if one["mergedInto"]],
        suggestions=found["mergeSuggestions"][:MOST_SHOWN], plans=found["plans"][:MOST_PLANS],
        places=[(slot, room) for slot in board["slots"] for room in board["rooms"]],
        moment=lambda value: moment_in(event)(dt.datetime.fromisoformat(value)),
        titles_of=lambda rows: [(one["id"], f"{one['number']} {one['title']}") for one in rows],
    )  # fmt: skip


def _pair(value: str, field: str) -> tuple[str, str]:
    """Raises Refused for what a list of places does not offer."""
    one, bar, other = value.partition("|")
    if not bar or not one or not other:
        message = _("Please choose one of those offered.")
        raise Refused(message, [Problem(message, field=field)])
    return one, other


@post(f"{BASE}/board/topics", page=True, status_code=303, right=access.ORGANISER)
async def write(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """All or none of them stand on the wall then."""

    async def change() -> str:
        said = await forms.read(request, Written)
        titles = forms.lines(said.titles)
        await ask(request, SERVICE, PROPOSE, event=str(id), topics=[{"title": title} for title in titles])
        return ngettext("One topic was written down.", "{number} topics were written down.", len(titles))

    return await _changed(request, id, change, "titles")


@post(f"{BASE}/board/move", page=True, status_code=303, right=access.ORGANISER)
async def move(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """At once and on all screens; where another session is, both change places."""

    async def change() -> str:
        said = await forms.read(request, Moved)
        slot, room = _pair(said.to, "to")
        found = (await ask(request, SERVICE, SPACE, event=str(id)))["space"]["board"]["sessions"]
        there = next((one for one in found if (one["slot"], one["room"]) == (slot, room)), None)
        wanted: dict[str, Any] = {"kind": "MOVE", "proposal": said.proposal, "part": said.part}
        if there is None:
            wanted |= {"slot": slot, "room": room}
        elif (there["proposal"], there["part"]) == (said.proposal, said.part):
            return _("The session is there already.")
        else:
            wanted |= {"kind": "SWAP", "other": there["proposal"], "otherPart": there["part"]}
        await ask(request, SERVICE, MOVE, event=str(id), changes=[wanted])
        return _("The session was moved. All screens show it.")

    return await _changed(request, id, change)


@post(f"{BASE}/board/merge", page=True, status_code=303, right=access.ORGANISER)
async def merge(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        said = await forms.read(request, Merged)
        await ask(request, SERVICE, MERGE, event=str(id), into=said.into, others=[said.other])
        return _("The topics take place as one. You can take them apart again.")

    return await _changed(request, id, change)


@post(f"{BASE}/board/do", page=True, status_code=303, right=access.ORGANISER)
async def do(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        said = await forms.read(request, Done)
        if said.do in {"plan", "replan"}:
            await ask(request, SERVICE, PLAN if said.do == "plan" else REPLAN, event=str(id))
            return _("A draft is being computed. It appears here in a few seconds.")
        if said.do == "publish":
            await ask(request, SERVICE, PUBLISH, plan=said.id)
            return _("The agenda is published. All screens show it.")
        if said.do == "apart":
            await ask(request, SERVICE, APART, event=str(id), id=said.id)
            return _("The topics are apart again.")
        await ask(request, SERVICE, WISHES, event=str(id), open=said.do == "open")
        return _("Wishes are open.") if said.do == "open" else _("Wishes are closed.")

    return await _changed(request, id, change)


@post(f"{BASE}/board/room", page=True, status_code=303, right=access.ORGANISER)
async def room(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """A room that cannot be used at a time, or can again."""

    async def change() -> str:
        said = await forms.read(request, Room)
        key, slot = _pair(said.at, "at")
        await ask(request, SERVICE, CLOSE, event=str(id), room=key, slots=[slot], closed=said.closed)
        if said.closed:
            return _("The room is closed then. Sessions in it wait for another place.")
        return _("The room can be used again.")

    return await _changed(request, id, change)


async def _changed(request: AnyRequest, id: uuid.UUID, change: Any, field: str = "") -> Response[Any]:
    async def again(shown: Form, status: int) -> Response[Any]:
        return await _market(request, id, shown, status)

    return await ground.changed(request, change, f"/organise/{id}/day/board", again, field)


routes = [market, write, move, merge, do, room]
