"""Buses and cars: seats, where and when people board, who sits in them."""

import uuid
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post

from services.events import access, trips
from services.events.models import BoardingPoint, Event, Vehicle
from services.events.registration import transport
from services.events.web.organise import ground
from services.events.web.organise.ground import BASE, REFUSALS, path_of
from services.events.web.registration import here
from services.kit import forms, pages, seen
from services.kit.db import Writer
from services.kit.errors import Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest
from services.kit.seen import Seen

FIELDS: Final = ("name", "seats", "leg", "points")
MOST_ABOARD: Final = 120
"""Of one vehicle on the page; the bus list has all."""


class Running(msgspec.Struct, frozen=True):
    """`points` are lines: `07:00 Station`; `vehicle` is the id of the one that is changed."""

    name: Annotated[str, msgspec.Meta(max_length=100)]
    seats: int
    points: Annotated[str, msgspec.Meta(max_length=4_000)]
    leg: Literal["there", "back"] = "there"
    vehicle: uuid.UUID | None = None
    seen: Seen = ""


class Removing(msgspec.Struct, frozen=True):
    vehicle: uuid.UUID


@get(f"{BASE}/{{id:uuid}}/people/buses", page=True, right=access.ORGANISER)
async def show(request: AnyRequest, id: uuid.UUID, vehicle: str = "") -> Response[str]:
    return await _show(request, id, vehicle=vehicle)


async def _show(
    request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200, *, vehicle: str = ""
) -> Response[str]:
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        (vehicles,) = await transport.vehicles(session, [event.id])
        keys = [one.id for one in vehicles]
        points, aboard = await transport.points(session, keys), await transport.aboard(session, keys)
        names = await trips.names_of(session, [one.navigator_id for some in aboard for one in some[:MOST_ABOARD]])
    rows = [
        (one, [(point.id, _clock(event, point), point.name) for point in some], people[:MOST_ABOARD], len(people))
        for one, some, people in zip(vehicles, points, aboard, strict=True)
    ]
    chosen = next((row for row in rows if str(row[0].id) == vehicle), None)
    written = [(clock, name) for _id, clock, name in chosen[1]] if chosen else []
    return await ground.page(
        request, "buses", event, "/people/buses", status=status, shown=shown, rows=rows, names=names,
        chosen=chosen[0] if chosen else None, seen=seen.tag(_written(chosen[0], written) if chosen else None),
        points="\n".join(f"{clock} {name}" for clock, name in written),
        legs={"there": _("way there"), "back": _("way back")},
    )  # fmt: skip


def _clock(event: Event, point: BoardingPoint) -> str:
    return f"{point.leaves.astimezone(ZoneInfo(event.timezone)):%H:%M}"


@post(f"{BASE}/{{id:uuid}}/people/buses", page=True, status_code=303, right=access.ORGANISER)
async def run(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """A further vehicle, or one that is changed; who boards at a point that keeps its name keeps the seat."""

    async def work(session: Writer, event: Event) -> Event:
        await trips.lock(session, event.id)
        before, wanted = dict[str, uuid.UUID](), _points(said.points)
        if said.vehicle is not None:
            (there,) = await transport.vehicles(session, [event.id])
            now = next((one for one in there if one.id == said.vehicle), None)
            known = (await transport.points(session, [said.vehicle]))[0] if now else []
            before = {point.name: point.id for point in known}
            written = now and _written(now, [(_clock(event, point), point.name) for point in known])
            seen.check(said.seen, written, _written(said, sorted(wanted)))
        points = tuple(transport.Point(name, clock, before.pop(name, None)) for clock, name in wanted)
        return await transport.set_vehicle(
            session, event, transport.Draft(said.name, said.leg, said.seats, points, said.vehicle)
        )

    vehicle = ""
    try:
        said = await forms.read(request, Running)
        vehicle = str(said.vehicle or "")
        await ground.change(request, id, work, say=False)
    except REFUSALS as problem:
        shown = ground.beside(request, problem, *FIELDS)
        return await _show(request, id, shown, problem.status, vehicle=vehicle or shown.value("vehicle"))
    return pages.redirect(request, path_of(id, "/people/buses"), flash=_("This is stored."))


def _written(one: Vehicle | Running, points: list[tuple[str, str]]) -> tuple[object, ...]:
    """What the form is about."""
    return one.name, one.leg, one.seats, points


def _points(text: str) -> list[tuple[str, str]]:
    """Raises Refused, with the line, for one that has no time and place."""
    found = []
    for number, line in enumerate(forms.lines(text), start=1):
        clock, _blank, name = line.partition(" ")
        if not name.strip():
            words = _("Line {number}: please write it like this: {example}", number=number, example=_("07:00 Station"))
            raise Refused(_("Please look at the fields that are named."), [Problem(words, field="points")])
        found.append((clock.zfill(5), name.strip()))
    return found


@post(f"{BASE}/{{id:uuid}}/people/buses/remove", page=True, status_code=303, right=access.ORGANISER)
async def remove(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    try:
        vehicle = (await forms.read(request, Removing)).vehicle
        await ground.change(
            request, id, lambda session, event: transport.remove_vehicle(session, event, vehicle), say=False
        )
    except REFUSALS as problem:
        return await _show(request, id, ground.beside(request, problem)._replace(sent={}), problem.status)
    return pages.redirect(request, path_of(id, "/people/buses"), flash=_("It is gone. Who had a seat is told."))


routes = [show, run, remove]
