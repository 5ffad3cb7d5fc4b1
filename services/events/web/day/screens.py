"""Screens that everybody may look at: the clock of the rounds for the hall, the board of the open space."""

import uuid
from collections.abc import Callable
from typing import Any, Final

import msgspec
from litestar import Response, get

from services.events.live.rooms import ANNOUNCEMENTS, CLOCK, rooms_of
from services.events.models import Event
from services.events.openspace import board as boards
from services.events.openspace.board import Board, BoardSession
from services.events.web.day.phone import WORKER, clock_in, moment_in
from services.events.web.registration import here
from services.kit import assets, pages
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest
from services.kit.resolvers import as_uuid
from services.kit.rights import ANYBODY
from services.kit.service import Runtime

MOST_CELLS: Final = 1_000
"""Rooms times slots on one page: what a wall has is far below it."""


@get("/events/{event_id:str}/screen", page=True, right=ANYBODY)
async def screen(request: AnyRequest, event_id: str) -> Response[Any]:
    """The clock of the rounds, to be read from the last row; 404 where there is no such event."""
    room = await rooms_of(here(request)).open(as_uuid(event_id), CLOCK, ANNOUNCEMENTS)
    live, said = room.state(), room.announced()
    return await pages.page(
        request, "events/day/screen.html", event=room.event, live=live, announcements=said,
        state=msgspec.json.encode({"live": live, "announcements": said}).decode(), path=f"/events/{room.event_id}",
        time=clock_in(room.event.timezone), worker=WORKER,
    )  # fmt: skip


@get("/events/{event_id:str}/board", page=True, right=ANYBODY)
async def board(request: AnyRequest, event_id: str) -> Response[Any]:
    """Rooms and slots as they are published; 404 where there is no such event."""
    runtime = here(request)
    room = await rooms_of(runtime).open(as_uuid(event_id), CLOCK)
    found = await now_on(runtime, room.event_id)
    if len(found.rooms) * len(found.slots) > MOST_CELLS:
        raise NotFound(_("This board is too large for one page."))
    return await pages.page(
        request, "events/day/board.html", event=room.event, board=found, cells=cells(found),
        was=place_before(found, room.event),
        state=msgspec.json.encode({"live": room.state()}).decode(), path=f"/events/{room.event_id}",
        time=clock_in(room.event.timezone), begins=moment_in(room.event), worker=WORKER,
        tall="screen" in request.query_params,
    )  # fmt: skip


async def now_on(runtime: Runtime, event_id: uuid.UUID) -> Board:
    """The board as everybody sees it."""
    async with runtime.db.read(HUB) as session:
        return boards.public(await boards.read(session, event_id))


def place_before(board: Board, event: Event) -> Callable[[BoardSession], str]:
    """Says where a session that was moved had been."""
    rooms = {one.id: one.name for one in board.rooms}
    slots = {one.id: one.starts for one in board.slots}
    written = moment_in(event)

    def said(one: BoardSession) -> str:
        return ", ".join(filter(None, (written(slots.get(one.was_slot or "")), rooms.get(one.was_room or "", ""))))

    return said


def cells(board: Board) -> dict[tuple[str, str], list[BoardSession]]:
    """The sessions by room and slot; usually one each."""
    found: dict[tuple[str, str], list[BoardSession]] = {}
    for one in board.sessions:
        found.setdefault((one.room, one.slot), []).append(one)
    return found


@get(WORKER, right=ANYBODY, sync_to_thread=False, api=None)
def worker() -> Response[bytes]:
    """The service worker of a day's pages, at an address above theirs: browsers let it see nothing else."""
    found = assets.assets()["day-worker.js"]
    headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
    return Response(found.content, media_type=found.media_type, headers=headers)


routes = [screen, board, worker]
