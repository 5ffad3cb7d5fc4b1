"""An open space over HTTP beside GraphQL: its board as an event stream, the photos and documents of its sessions."""

import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing

import msgspec
from litestar import Response, get, post
from litestar.response import Stream
from sqlalchemy import select

from services.events import access
from services.events.models import Event, HarvestFile
from services.events.openspace import board, callers, harvest, media, proposals
from services.events.openspace.callers import Caller
from services.kit import eventstream, links
from services.kit.db import HUB, Reader
from services.kit.errors import NotFound
from services.kit.graphcall import EVENT_STREAM
from services.kit.graphql import read_body
from services.kit.i18n import gettext as _
from services.kit.openapi import BEARER, Answer, Api, json
from services.kit.pages import AnyRequest
from services.kit.rates import Rate, address_of
from services.kit.resolvers import as_uuid
from services.kit.rights import ANYBODY
from services.kit.service import Runtime

UPLOADS = Rate("harvest files", 60, per=600)
"""Files from one address: a whole event may share it."""
SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cache-control": "private, no-store",
}


class Sent(msgspec.Struct):
    """In the query: `alt` says what is to be seen, `link` who sends it without an account."""

    alt: str
    name: str = ""
    link: str = ""


class Asked(msgspec.Struct):
    link: str = ""


class Kept(msgspec.Struct):
    """A file that was stored, by its id; `size` in bytes, after what cameras write into photos was taken out."""

    id: str
    media_type: str
    size: int


BOARD = Api(
    "The published agenda of an open space, as Server-Sent Events: `board` now and whenever it changes",
    {200: Answer({EVENT_STREAM: board.Board})},
    problems=(404,),
)
SEND = Api(
    "Attach a photo or document to a session",
    {201: json(Kept)},
    media="application/octet-stream",
    query=Sent,
    by=(BEARER, ""),
    problems=(401, 403, 404, 409, 413, 422, 429),
)
FETCH = Api(
    "A photo or document of a session",
    {200: Answer(dict.fromkeys(media.ENDINGS))},
    query=Asked,
    by=(BEARER, ""),
    problems=(403, 404, 429),
)


async def _event(session: Reader, value: str) -> Event:
    key = as_uuid(value)
    found = (await session.scalars(select(Event).where(Event.id == key))).one_or_none() if key else None
    if found is None:
        raise NotFound(_("There is no such event."))
    return found


@get("/events/{event_id:str}/open-space/board", right=ANYBODY.to("the published agenda, which names nobody"), api=BOARD)
async def live_board(request: AnyRequest, event_id: str) -> Stream:
    """404 where there is no such event."""
    here: Runtime = request.app.state.hub.runtimes["events"]
    key = as_uuid(event_id)
    if key is None:
        raise NotFound(_("There is no such event."))
    source = board.of(here).follow(key)
    first = await anext(source)  # a 404 comes as one, before the stream begins

    async def lines() -> AsyncIterator[bytes]:
        yield first.line
        async with aclosing(eventstream.kept(source, here.closing)) as found:
            async for now in found:
                yield eventstream.SILENCE if now is None else now.line

    return eventstream.answer(lines())


@post("/events/{event_id:str}/open-space/proposals/{proposal_id:str}/files", right=access.LINKED, api=SEND)
async def send_file(request: AnyRequest, event_id: str, proposal_id: str) -> Response[bytes]:
    """The body is the file itself. 403 for whoever may not write the session's results."""
    hub = request.app.state.hub
    here: Runtime = hub.runtimes["events"]
    who, asked = await hub.asking(request, "events"), request.query_params
    link = callers.read(here.settings, asked["link"]) if asked.get("link") else None
    if link is None:
        access.ORGANISER.check(who)
    await here.rates.take(UPLOADS, address_of(request))
    async with here.db.read(callers.acting(who, link)) as session:  # before a large body is read
        event = await _event(session, event_id)
        caller = await callers.find(session, event, who, link)
        await harvest.may_write(session, caller, await proposals.of_event(session, event, proposal_id))
    file = media.cleaned(await read_body(request, media.MOST_BYTES))
    async with here.db.begin(callers.acting(who, link)) as session:
        row = await proposals.of_event(session, event, proposal_id)
        kept = await harvest.attach(session, event, caller, row, asked.get("name", ""), asked.get("alt", ""), file)
    body = msgspec.json.encode(Kept(str(kept.id), kept.media_type, kept.size))
    return Response(body, status_code=201, media_type="application/json")


@get("/events/{event_id:str}/open-space/files/{file_id:str}", right=access.LINKED, api=FETCH)
async def fetch_file(request: AnyRequest, event_id: str, file_id: str) -> Response[bytes]:
    """For those who take part (with their link) and those who see the event's people; 404 for everybody else."""
    hub = request.app.state.hub
    here: Runtime = hub.runtimes["events"]
    who, token = await hub.asking(request, "events"), request.query_params.get("link", "")
    if token:
        await here.rates.take(links.LOOKS, links.counted(token))
    link = callers.read(here.settings, token) if token else None
    async with here.db.read(HUB) as session:
        event = await _event(session, event_id)
        file = await harvest.file_of(session, event, file_id)
        if link is not None:
            seen = _sees(await callers.find(session, event, who, link), file)
        else:
            seen = access.may_see_people(who, event)
        if not seen:
            raise NotFound(_("There is no such file."))
        content = await harvest.content(session, file)
    kind = "attachment" if file.media_type == media.PDF else "inline"
    name = f"{file.id}.{media.ENDINGS[file.media_type]}"
    headers = {**SAFE, "content-disposition": f'{kind}; filename="{name}"'}
    return Response(content, media_type=file.media_type, headers=headers)


def _sees(caller: Caller, file: HarvestFile) -> bool:
    """The event's link is on the wall for everybody: pictures of people are for those who take part."""
    key: uuid.UUID = file.proposal_id
    return caller.person is not None or caller.notes == key


routes = [live_board, send_file, fetch_file]
