"""Where it takes place: the venue, its rooms, when they are used, and the link for those who join from elsewhere."""

import uuid
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.events import access, rearranging, timetable
from services.events.draft import FEATURES, Draft, Room
from services.events.web.organise import ground, times, undoing
from services.events.web.organise.ground import BASE, REFUSALS, path_of
from services.events.web.registration import here
from services.kit import forms, pages, seen
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.pages import AnyRequest
from services.kit.seen import Seen

replace = msgspec.structs.replace
FIELDS: Final = ("venue", "address", "onlineLink")
ROOM: Final = ("name", "capacity", "features", "rooms")


class Placing(msgspec.Struct, frozen=True, rename="camel"):
    venue: Annotated[str, msgspec.Meta(max_length=200)] = ""
    address: Annotated[str, msgspec.Meta(max_length=300)] = ""
    online_link: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    seen: Seen = ""


class Furnishing(msgspec.Struct, frozen=True):
    """A room; `room` is the id of the one that is changed."""

    name: Annotated[str, msgspec.Meta(max_length=120)]
    room: str = ""
    seen: Seen = ""
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
    request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200, *,
    of: Literal["", "room", "times"] = "", room: str = "",
) -> Response[str]:  # fmt: skip
    """`of` says which of the three forms `shown` is of."""
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        now = await timetable.draft_of(session, event)
        slots = await times.shown(session, event)
    words, chosen = features(), rearranging.room(now, room)
    return await ground.page(
        request, "venue", event, "/venue", status=status, shown=EMPTY if of else shown,
        furnishing=shown if of == "room" else EMPTY, timing=shown if of == "times" else EMPTY, **slots, draft=now,
        features=[(name, words[name]) for name in FEATURES],
        words=words, chosen=chosen, seen=seen.tag(_place(now)), seen_room=seen.tag(chosen),
    )  # fmt: skip


@post(f"{BASE}/{{id:uuid}}/venue", page=True, status_code=303, right=access.ORGANISER)
async def place(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    try:
        said = await forms.read(request, Placing)
        await ground.rewrite(request, id, lambda before: _placed(before, said))
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
        await ground.rewrite(request, id, lambda before: _furnished(before, wanted, said.seen))
    except REFUSALS as problem:
        shown = ground.beside(request, problem, *ROOM)
        return await _show(request, id, shown, problem.status, room=room or shown.value("room"), of="room")
    return pages.redirect(request, path_of(id, "/venue"), flash=_("This is stored."))


@post(f"{BASE}/{{id:uuid}}/venue/remove", page=True, status_code=303, right=access.ORGANISER)
async def clear(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """The room is gone, and the page that follows offers to put it back; a session in it stands against that."""
    gone: list[Room] = []

    def edit(before: Draft) -> Draft:
        gone.extend(one for one in before.rooms or () if one.id == said.room)
        return rearranging.without_room(before, said.room)

    try:
        said = await forms.read(request, Clearing)
        await ground.rewrite(request, id, edit)
    except REFUSALS as problem:
        shown = ground.beside(request, problem)._replace(sent={})
        return await _show(request, id, shown, problem.status, of="room")
    there = undoing.address(request, id, path_of(id, "/venue"), replace(gone[0], id=None))
    return pages.redirect(request, there, flash=_("„{title}“ is gone.", title=gone[0].name))


@post(f"{BASE}/{{id:uuid}}/venue/times", page=True, status_code=303, right=access.ORGANISER)
async def add_times(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    try:
        said = await forms.read(request, times.Timing)
        count = await ground.change(request, id, lambda session, event: times.add(session, event, said), say=False)
    except REFUSALS as problem:
        shown = ground.beside(request, problem, *times.FIELDS)
        return await _show(request, id, shown, problem.status, of="times")
    words = ngettext("One time was added.", "{number} times were added.", count)
    return pages.redirect(request, path_of(id, said.back), flash=words)


@post(f"{BASE}/{{id:uuid}}/venue/times/remove", page=True, status_code=303, right=access.ORGANISER)
async def drop_time(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """The page that follows offers to put it back."""
    try:
        said = await forms.read(request, times.Dropping)
        gone = await ground.change(request, id, lambda session, event: times.drop(session, event, said.slot), say=False)
    except REFUSALS as problem:
        shown = ground.beside(request, problem)._replace(sent={})
        return await _show(request, id, shown, problem.status, of="times")
    there = undoing.address(request, id, path_of(id, "/venue"), gone)
    return pages.redirect(request, there, flash=_("The time is gone."))


def _placed(before: Draft, said: Placing) -> Draft:
    wanted = replace(before, venue=said.venue, address=said.address, online=said.online_link)
    seen.check(said.seen, _place(before), _place(wanted))
    return wanted


def _place(draft: Draft) -> tuple[str, str, str]:
    return draft.venue, draft.address, draft.online


def _furnished(before: Draft, room: Room, looked_at: str) -> Draft:
    seen.check(looked_at, rearranging.room(before, room.id), room)
    return rearranging.with_room(before, room)


routes = [show, place, furnish, clear, add_times, drop_time]
