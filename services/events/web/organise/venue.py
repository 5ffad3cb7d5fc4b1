"""Where it takes place: the venue, its rooms, and the link for those who join from elsewhere."""

import uuid
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.events import access, timetable
from services.events.draft import FEATURES, Draft, Room
from services.events.web.organise import ground
from services.events.web.organise.ground import BASE, REFUSALS, path_of
from services.events.web.registration import here
from services.kit import forms, pages
from services.kit.errors import NotFound
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest

replace = msgspec.structs.replace
FIELDS: Final = ("venue", "address", "onlineLink")
ROOM: Final = ("name", "capacity", "features", "rooms")


class Placing(msgspec.Struct, frozen=True, rename="camel"):
    venue: Annotated[str, msgspec.Meta(max_length=200)] = ""
    address: Annotated[str, msgspec.Meta(max_length=300)] = ""
    online_link: Annotated[str, msgspec.Meta(max_length=1_000)] = ""


class Furnishing(msgspec.Struct, frozen=True):
    """A room; `room` is the id of the one that is changed."""

    name: Annotated[str, msgspec.Meta(max_length=120)]
    room: str = ""
    capacity: int | None = None
    features: list[str] = []


class Clearing(msgspec.Struct, frozen=True):
    room: str
    step: Literal["remove"] = "remove"


def features() -> dict[str, str]:
    """What a room may have, as people call it."""
    return {
        "STEP_FREE": _("step-free"),
        "ACCESSIBLE_TOILET": _("accessible toilet"),
        "HEARING_LOOP": _("hearing loop"),
        "QUIET": _("quiet"),
        "DAYLIGHT": _("daylight"),
        "PROJECTOR": _("projector"),
        "VIDEO_CONFERENCE": _("video conference"),
        "PIN_BOARDS": _("pin boards"),
        "WIFI": _("wifi"),
        "MOVABLE_SEATS": _("movable seats"),
    }


@get(f"{BASE}/{{id:uuid}}/venue", page=True, right=access.ORGANISER)
async def show(request: AnyRequest, id: uuid.UUID, room: str = "") -> Response[str]:
    return await _show(request, id, room=room)


async def _show(
    request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200, *, room: str = "", of_room: bool = False
) -> Response[str]:
    """`of_room` says which of the two forms `shown` is of."""
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        now = await timetable.draft_of(session, event)
    words = features()
    return await ground.page(
        request, "venue", event, "/venue", status=status, shown=EMPTY if of_room else shown,
        furnishing=shown if of_room else EMPTY, draft=now, features=[(name, words[name]) for name in FEATURES],
        words=words, chosen=next((one for one in now.rooms or () if one.id == room), None),
    )  # fmt: skip


@post(f"{BASE}/{{id:uuid}}/venue", page=True, status_code=303, right=access.ORGANISER)
async def place(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    try:
        said = await forms.read(request, Placing)
        await ground.rewrite(
            request, id,
            lambda before: replace(before, venue=said.venue, address=said.address, online=said.online_link),
        )  # fmt: skip
    except REFUSALS as problem:
        return await _show(request, id, ground.beside(request, problem, *FIELDS), problem.status)
    return pages.redirect(request, path_of(id, "/venue"), flash=_("This is stored."))


@post(f"{BASE}/{{id:uuid}}/venue/room", page=True, status_code=303, right=access.ORGANISER)
async def furnish(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """A further room, or one that is changed."""
    room = ""
    try:
        said = await forms.read(request, Furnishing)
        room = said.room
        wanted = Room(said.name, said.capacity, tuple(said.features), said.room or None)
        await ground.rewrite(request, id, lambda before: _with_room(before, wanted))
    except REFUSALS as problem:
        shown = ground.beside(request, problem, *ROOM)
        return await _show(request, id, shown, problem.status, room=room or shown.value("room"), of_room=True)
    return pages.redirect(request, path_of(id, "/venue"), flash=_("This is stored."))


@post(f"{BASE}/{{id:uuid}}/venue/remove", page=True, status_code=303, right=access.ORGANISER)
async def clear(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """The room is gone; a session of an open space in it stands against that."""
    try:
        said = await forms.read(request, Clearing)
        await ground.rewrite(request, id, lambda before: _without_room(before, said.room))
    except REFUSALS as problem:
        shown = ground.beside(request, problem)._replace(sent={})
        return await _show(request, id, shown, problem.status, of_room=True)
    return pages.redirect(request, path_of(id, "/venue"), flash=_("The room is gone."))


def _with_room(before: Draft, room: Room) -> Draft:
    rooms = before.rooms or ()
    if room.id is None:
        return replace(before, rooms=(*rooms, room))
    if room.id not in {one.id for one in rooms}:
        raise NotFound(_("This event has no such entry."))
    return replace(before, rooms=tuple(room if one.id == room.id else one for one in rooms))


def _without_room(before: Draft, id: str) -> Draft:
    rooms = tuple(one for one in before.rooms or () if one.id != id)
    if len(rooms) == len(before.rooms or ()):
        raise NotFound(_("This event has no such entry."))
    return replace(before, rooms=rooms)


routes = [show, place, furnish, clear]
