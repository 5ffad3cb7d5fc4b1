"""Who is there: no-shows and late-comers by a search for their names, and the roll-call of buses."""

import uuid
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post

from services.events import access, trips
from services.events.registration import attendance, transport
from services.events.web.day import ground
from services.events.web.day.ground import BASE, SERVICE
from services.events.web.registration import here
from services.kit import forms
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, ask

ATTEND: Final = """mutation ($event: ID!, $people: [ID!]!, $state: AttendanceState!) {
  setAttendance(event: $event, navigators: $people, attendance: $state) { id } }"""
ROLL: Final = """mutation ($event: ID!, $vehicle: ID!, $present: [ID!]!, $absent: [ID!]!) {
  callRoll(event: $event, vehicle: $vehicle, present: $present, absent: $absent) { id } }"""
DELAY: Final = """mutation ($event: ID!, $vehicle: ID!, $minutes: Int!) {
  delayVehicle(event: $event, vehicle: $vehicle, minutes: $minutes) { id } }"""
MOST_FOUND: Final = 40
MOST_ABOARD: Final = 150
"""Of a vehicle on one page: a form has so many fields."""


class Noted(msgspec.Struct, frozen=True):
    """`q` and `only` are what was looked for, to go on there."""

    navigator: str
    state: Literal["EXPECTED", "PRESENT", "LATE", "NO_SHOW", "LEFT"]
    name: Annotated[str, msgspec.Meta(max_length=300)] = ""
    q: Annotated[str, msgspec.Meta(max_length=100)] = ""
    only: Annotated[str, msgspec.Meta(max_length=20)] = ""


class Called(msgspec.Struct, frozen=True):
    """`shown` are those whose boxes the form had; who of them is not `present`, is not there."""

    shown: Annotated[list[str], msgspec.Meta(max_length=MOST_ABOARD)]
    present: Annotated[list[str], msgspec.Meta(max_length=MOST_ABOARD)] = msgspec.field(default_factory=list)


class Late(msgspec.Struct, frozen=True):
    minutes: Annotated[int, msgspec.Meta(ge=0, le=transport.MOST_DELAY)] = 0


def states() -> dict[str, str]:
    """How attendance is called, in the order of the buttons."""
    return {
        "present": _("is there"),
        "late": _("comes later"),
        "no_show": _("does not come"),
        "left": _("has left"),
        "expected": _("expected"),
    }


@get(f"{BASE}/people", page=True, right=access.ORGANISER)
async def people(request: AnyRequest, id: uuid.UUID, q: str = "", only: str = "") -> Response[Any]:
    return await _people(request, id, q=q[:100], only=only)


async def _people(
    request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200, *, q: str = "", only: str = ""
) -> Response[Any]:
    event = await ground.organised(request, id)
    only = only if only in states() else ""
    async with here(request).db.read(HUB) as session:
        counts = await attendance.counts(session, id)
        found = await attendance.search(session, id, q, only, MOST_FOUND + 1)
        cities = await trips.names(session, [event])
    return await ground.page(
        request, "people", event, "/day/people", status, found=found[:MOST_FOUND], more=len(found) > MOST_FOUND,
        counts=counts, states=states(), cities=cities, q=q, only=only, shown=shown,
    )  # fmt: skip


@post(f"{BASE}/people", page=True, status_code=303, right=access.ORGANISER)
async def attend(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """Whether one person came. What was noted can be noted otherwise at any time."""
    onward = f"/organise/{id}/day/people"
    said = await forms.read(request, Noted)
    looked = {name: value for name, value in (("q", said.q), ("only", said.only)) if value}

    async def change() -> str:
        await ask(request, SERVICE, ATTEND, event=str(id), people=[said.navigator], state=said.state)
        return f"{said.name}: {states()[said.state.lower()]}" if said.name else _("This is noted.")

    async def again(shown: Form, status: int) -> Response[Any]:
        return await _people(request, id, shown, status, q=said.q, only=said.only)

    return await ground.changed(request, change, onward + (f"?{urlencode(looked)}" if looked else ""), again)


# Buses --------------------------------------------------------------------------------------------------------------


@get(f"{BASE}/buses", page=True, right=access.ORGANISER)
async def buses(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    event = await ground.organised(request, id)
    async with here(request).db.read(HUB) as session:
        (vehicles,) = await transport.vehicles(session, [id])
        seats = await transport.aboard(session, [one.id for one in vehicles])
    rows = [
        (one, len(aboard), sum(seat.present is True for seat in aboard), sum(seat.present is None for seat in aboard))
        for one, aboard in zip(vehicles, seats, strict=True)
    ]
    return await ground.page(request, "buses", event, "/day/buses", rows=rows)


@get(f"{BASE}/buses/{{vehicle:uuid}}", page=True, right=access.ORGANISER)
async def roll(request: AnyRequest, id: uuid.UUID, vehicle: uuid.UUID, page: int = 1) -> Response[Any]:
    return await _roll(request, id, vehicle, page=page)


async def _roll(
    request: AnyRequest, id: uuid.UUID, vehicle: uuid.UUID, shown: Form = EMPTY, status: int = 200, *, page: int = 1
) -> Response[Any]:
    event = await ground.organised(request, id)
    async with here(request).db.read(HUB) as session:
        (vehicles,) = await transport.vehicles(session, [id])
        row = next((one for one in vehicles if one.id == vehicle), None)
        if row is None:
            raise NotFound(_("There is no such vehicle."))
        (aboard,), (points,) = (
            await transport.aboard(session, [vehicle]),
            await transport.points(session, [vehicle]),
        )
        names = await trips.names_of(session, [one.navigator_id for one in aboard])
    pages = max(1, -(-len(aboard) // MOST_ABOARD))
    number = min(max(page, 1), pages)
    return await ground.page(
        request, "roll", event, "/day/buses", status, vehicle=row, names=names, shown=shown, number=number, pages=pages,
        aboard=aboard[(number - 1) * MOST_ABOARD : number * MOST_ABOARD], points={one.id: one for one in points},
    )  # fmt: skip


@post(f"{BASE}/buses/{{vehicle:uuid}}", page=True, status_code=303, right=access.ORGANISER)
async def call(request: AnyRequest, id: uuid.UUID, vehicle: uuid.UUID) -> Response[Any]:
    """The roll-call: who is ticked is there, everybody else who was shown is not."""

    async def change() -> str:
        said = await forms.read(request, Called, most=ground.MOST_BYTES)
        absent = [one for one in said.shown if one not in said.present]
        await ask(request, SERVICE, ROLL, event=str(id), vehicle=str(vehicle), present=said.present, absent=absent)
        return _("{present} are there, {absent} are missing.", present=len(said.present), absent=len(absent))

    async def again(shown: Form, status: int) -> Response[Any]:
        return await _roll(request, id, vehicle, shown, status)

    return await ground.changed(request, change, f"/organise/{id}/day/buses", again)


@post(f"{BASE}/buses/{{vehicle:uuid}}/delay", page=True, status_code=303, right=access.ORGANISER)
async def delay(request: AnyRequest, id: uuid.UUID, vehicle: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        said = await forms.read(request, Late)
        await ask(request, SERVICE, DELAY, event=str(id), vehicle=str(vehicle), minutes=said.minutes)
        return _("Everybody who sits in it is told.")

    async def again(shown: Form, status: int) -> Response[Any]:
        return await _roll(request, id, vehicle, shown, status)

    return await ground.changed(request, change, f"/organise/{id}/day/buses/{vehicle}", again, "minutes")


routes = [people, attend, buses, roll, call, delay]
