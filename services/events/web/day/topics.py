"""The open space on the phone of whoever takes part: propose a topic, and say what one would like to attend."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post

from services.events import access
from services.events.web.day.phone import beside, shown_page
from services.events.web.linked import by_link, theirs
from services.kit import forms
from services.kit.errors import HubError
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, redirect

MOST_TEXT: Final = 2_000
SPACE: Final = """query ($link: String!, $event: ID!) { space: openSpace(event: $event, link: $link) { wishesOpen
  board { revision sessions { proposal } }
  proposals { id number title text state mergedInto authors { name } conveners { name } interest { interested } }
  me { wishes { proposal wish } proposed hosted } } }"""
PROPOSE: Final = """mutation ($link: String!, $event: ID!, $proposal: ProposalInput!) {
  proposeSession(event: $event, proposal: $proposal, link: $link) { number } }"""
WISH: Final = """mutation ($link: String!, $event: ID!, $wishes: [WishInput!]!) {
  setWishes(event: $event, link: $link, wishes: $wishes) { proposal } }"""
Keys = Annotated[list[str], msgspec.Meta(max_length=300)]


class Topic(msgspec.Struct, frozen=True):
    title: Annotated[str, msgspec.Meta(max_length=200)]
    text: Annotated[str, msgspec.Meta(max_length=MOST_TEXT)] = ""
    anonymous: bool = False
    convene: bool = False


class Wishes(msgspec.Struct, frozen=True):
    """Ids of topics; who must see one, would like to."""

    like: Keys = msgspec.field(default_factory=list)
    must: Keys = msgspec.field(default_factory=list)


@get("/events/{event_id:str}/mine/{token:str}/topics", page=True, right=access.DAY_LINK)
async def topics(request: AnyRequest, event_id: str, token: str) -> Response[Any]:
    return await _topics(request, event_id, token)


async def _topics(
    request: AnyRequest, event_id: str, token: str, *, proposing: Form = EMPTY, wishing: Form = EMPTY, status: int = 200
) -> Response[Any]:
    room, person = await theirs(request, event_id, token)
    found = (await by_link(request, token, SPACE, event=event_id))["space"]
    wishes = {one["proposal"]: one["wish"] for one in found["me"]["wishes"]}
    planned = {one["proposal"] for one in found["board"]["sessions"]} if found["board"]["revision"] else set()
    return await shown_page(
        request, "events/day/topics.html", event_id, token, room.mine(person), status=status, proposing=proposing,
        wishing=wishing, wishes=wishes, open=found["wishesOpen"], planned=planned, me=found["me"],
        proposals=[one for one in found["proposals"] if one["state"] in {"OPEN", "ACCEPTED", "PLANNED"}],
    )  # fmt: skip


@post("/events/{event_id:str}/mine/{token:str}/proposals", page=True, status_code=303, right=access.DAY_LINK)
async def propose(request: AnyRequest, event_id: str, token: str) -> Response[Any]:
    await theirs(request, event_id, token)
    try:
        said = await forms.read(request, Topic)
        wanted = {
            "title": said.title,
            "text": said.text,
            "anonymous": said.anonymous,
            "convene": said.convene and not said.anonymous,
        }
        done = (await by_link(request, token, PROPOSE, event=event_id, proposal=wanted))["proposeSession"]
    except HubError as problem:
        shown = beside(request, problem, "title")
        return await _topics(request, event_id, token, proposing=shown, status=problem.status)
    words = _("Your topic is on the wall as number {number}. Thank you!", number=done["number"])
    return redirect(request, f"/events/{event_id}/mine/{token}/topics", flash=words)


@post("/events/{event_id:str}/mine/{token:str}/wishes", page=True, status_code=303, right=access.DAY_LINK)
async def wish(request: AnyRequest, event_id: str, token: str) -> Response[Any]:
    """What is ticked, instead of all that was before."""
    await theirs(request, event_id, token)
    try:
        said = await forms.read(request, Wishes)
        wanted = [{"proposal": key, "wish": "MUST"} for key in said.must]
        wanted += [{"proposal": key} for key in said.like if key not in said.must]
        await by_link(request, token, WISH, event=event_id, wishes=wanted)
    except HubError as problem:
        shown = beside(request, problem)
        return await _topics(request, event_id, token, wishing=shown, status=problem.status)
    path = f"/events/{event_id}/mine/{token}/topics"
    return redirect(request, path, flash=_("Your wishes are stored. The plan goes by them."))


routes = [topics, propose, wish]
