"""The day as it runs, for screens and phones: streams, and the state that they begin with."""

import datetime as dt
from functools import partial
from typing import Any

from litestar import Request, Response, get
from litestar.types import ASGIApp

from services.events import access
from services.events.live.rooms import ANNOUNCEMENTS, CLOCK, IDEAS, encoded, rooms_of
from services.events.live.screens import BoardScreen, ClockScreen
from services.events.live.state import Board, Mine, State
from services.events.web.day import phone
from services.events.web.linked import theirs
from services.events.web.registration import here
from services.kit.errors import NotFound
from services.kit.graphcall import EVENT_STREAM
from services.kit.i18n import gettext as _
from services.kit.openapi import BEARER, Answer, Api, json
from services.kit.pages import wanted
from services.kit.resolvers import as_uuid
from services.kit.rights import ANYBODY

LINK = {"token": "The end of a person's link to this event, as its QR code holds it."}
LIVE = Api(
    "The clock of the rounds, as Server-Sent Events: `live` at once and whenever it changes. Each says what follows by "
    "itself, and what time it is here, so that a screen goes on counting alone. `announcements` are what the organiser "
    "announced to everybody, newest first, whenever that changes",
    {200: Answer({EVENT_STREAM: State})},
    problems=(404,),
    headers={"Last-Event-ID": "Taken, and not needed: the present state comes at once."},
)
MINE = Api(
    "A person's own day: where they sit now and next, and with whom. Browsers get a page that says it",
    {200: json(Mine, "etag"), 304: Answer({}, ("etag",))},
    problems=(404, 429),
    described=LINK,
    headers={"If-None-Match": "The ETag of what one has; the time in an answer does not count."},
)
MINE_LIVE = Api(
    "As the clock of the event, and `mine` whenever the person's next table changes; `announcements` are also those "
    "for their city, vehicle or sessions",
    {200: Answer({EVENT_STREAM: State})},
    problems=(404, 429),
    described=LINK,
)
IDEAS_LIVE = Api(
    "The board of ideas, as Server-Sent Events: `ideas` at once, then `idea` for each that changed",
    {200: Answer({EVENT_STREAM: Board})},
    problems=(404, 429),
    described=LINK,
    headers={"Last-Event-ID": "The last event one has: what changed since is enough."},
)
BOARD_LIVE = Api(
    "The board of ideas for the event's cities and its organiser, who sees hidden ones too",
    {200: Answer({EVENT_STREAM: Board})},
    by=(BEARER,),
    problems=(401, 403, 404),
    headers={"Last-Event-ID": "The last event one has: what changed since is enough."},
)


@get("/events/{event_id:str}/live", right=ANYBODY, api=LIVE)
async def live(request: Request[Any, Any, Any], event_id: str) -> ASGIApp:
    """404 where there is no such event."""
    room = await rooms_of(here(request)).open(as_uuid(event_id), CLOCK, ANNOUNCEMENTS)
    return ClockScreen(room).answer()


@get("/events/{event_id:str}/mine/{token:str}", page=True, right=access.DAY_LINK, api=MINE)
async def mine(request: Request[Any, Any, Any], event_id: str, token: str) -> Response[Any]:
    """For a browser the page of one's day; for programs JSON, and 304 for whoever has it already."""
    if wanted(request):
        return await phone.now(request, event_id, token)
    room, person = await theirs(request, event_id, token, ANNOUNCEMENTS)
    content, tag = encoded(room.mine(person))
    headers = {
        "etag": tag, "cache-control": "private, no-cache", "referrer-policy": "no-referrer", "vary": "accept"
    }  # fmt: skip
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


@get("/events/{event_id:str}/mine/{token:str}/live", right=access.DAY_LINK, api=MINE_LIVE)
async def mine_live(request: Request[Any, Any, Any], event_id: str, token: str) -> ASGIApp:
    room, person = await theirs(request, event_id, token, CLOCK, ANNOUNCEMENTS)
    return ClockScreen(room, person).answer()


@get("/events/{event_id:str}/mine/{token:str}/ideas", right=access.DAY_LINK, api=IDEAS_LIVE)
async def ideas_live(request: Request[Any, Any, Any], event_id: str, token: str) -> ASGIApp:
    room, person = await theirs(request, event_id, token, IDEAS)
    counts = partial(room.takes_part, person)
    return BoardScreen(room, organiser=False, since=_since(request), counts=counts).answer()


@get("/events/{event_id:str}/ideas", right=access.BOARD, api=BOARD_LIVE)
async def board_live(request: Request[Any, Any, Any], event_id: str) -> ASGIApp:
    """401 or 403 without a token for events, 404 for whoever may not see this one's people."""
    hub = request.app.state.hub
    who = await hub.asking(request, "events")
    access.BOARD.check(who)
    room = await rooms_of(here(request)).open(as_uuid(event_id), IDEAS)
    if not access.may_see_people(who, room.event):
        raise NotFound(_("There is no such event."))
    organiser = access.organises(who, room.event)
    counts = partial(hub.verifier.counts, who)
    return BoardScreen(room, organiser=organiser, since=_since(request), counts=counts).answer()


def _since(request: Request[Any, Any, Any]) -> dt.datetime | None:
    """When the last idea changed that the client has."""
    try:
        found = dt.datetime.fromisoformat(request.headers.get("last-event-id", "")[:40])
    except ValueError:
        return None
    return found if found.tzinfo else None


routes = [live, mine, mine_live, ideas_live, board_live]
