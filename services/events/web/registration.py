"""Pages that links in mails open, without an account: a person's registration, a superior's release, no invitations.

Opening a page changes nothing, because programs that look into mails open every link; buttons do.
"""

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, post

from services.events import access, certificates, daylinks
from services.events.live.rooms import ANNOUNCEMENTS, CLOCK, PEOPLE, rooms_of
from services.events.models import Event
from services.events.registration import links, own, reading, release, transport, wording
from services.events.registration.reading import Key
from services.events.registration.rules import ends
from services.kit import forms, pages
from services.kit.db import HUB, Reader
from services.kit.errors import Conflict, HubError, NotFound, Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.links import CHANGES, LOOKS, counted
from services.kit.pages import AnyRequest
from services.kit.rates import Rate
from services.kit.service import Runtime

Email = Annotated[str, msgspec.Meta(max_length=254)]


class Registering(msgspec.Struct, frozen=True):
    superior: Email = ""
    direct: bool = False


class Asking(msgspec.Struct, frozen=True):
    superior: Email


class Needing(msgspec.Struct, frozen=True):
    diet: Annotated[str, msgspec.Meta(max_length=own.LONGEST_NEED)] = ""
    access: Annotated[str, msgspec.Meta(max_length=own.LONGEST_NEED)] = ""
    step_free: bool = False
    hearing_loop: bool = False


class Seating(msgspec.Struct, frozen=True):
    point: uuid.UUID


class Alighting(msgspec.Struct, frozen=True):
    leg: Literal["there", "back"]


class Replacing(msgspec.Struct, frozen=True):
    to: uuid.UUID


class Nothing(msgspec.Struct, frozen=True):
    pass


class Decision(msgspec.Struct, frozen=True):
    decision: Literal["given", "refused"]


def here(request: AnyRequest) -> Runtime:
    runtime: Runtime = request.app.state.hub.runtimes["events"]
    return runtime


async def _counted(runtime: Runtime, rate: Rate, token: str) -> None:
    await runtime.rates.take(rate, counted(token))


# One's own registration -----------------------------------------------------------------------------------------------


@get("/events/registration/{token:str}", page=True, right=access.BY_LINK)
async def mine(request: AnyRequest, token: str) -> Response[Any]:
    """Where the person stands, and what they can do about it; on the day, at which tables they sit."""
    return await _mine(request, token, EMPTY)


async def _mine(request: AnyRequest, token: str, shown: Form, status: int = 200) -> Response[Any]:
    runtime = here(request)
    await _counted(runtime, LOOKS, token)
    key = await daylinks.of_event(runtime, token)
    event, person, need = await own.known(runtime, key)
    async with runtime.db.read(HUB) as session:
        (standing,), (rules,) = await reading.standings(session, [key]), await reading.rules(session, [event.id])
        hours = wording.hours(event, *await reading.hours(session, event.id, person.ags))
        theirs = await _theirs(session, event, key, placed=standing is not None and standing.state == "registered")
    room = await rooms_of(runtime).open(event.id, PEOPLE, CLOCK, ANNOUNCEMENTS)
    day = room.mine(person.id) if room.takes_part(person.id) else None
    if standing is None and day is None:
        raise NotFound(_("This link is not valid any more."))
    return await pages.page(
        request, "events/registration.html", secret=True, status=status, token=token, event=event,
        date=wording.day(event), hours=hours, person=person, day=day, standing=standing,
        lines=wording.now(event, standing) if standing else [_("You take part.")],
        release=rules is not None and rules.release_needed, shown=shown, need=need,
        open=dt.datetime.now(dt.UTC) < ends(event.last_day, event.timezone), **theirs,
    )  # fmt: skip


async def _theirs(session: Reader, event: Event, key: Key, *, placed: bool) -> dict[str, Any]:
    """What a person finds on their page beside where they stand; seats and a substitute if they have a place."""
    attested = await certificates.of_person(session, key[1])
    return {
        "attested": any(one.event.id == event.id for one in attested),
        "missing": await own.missing_modules(session, key),
        "rides": await _rides(session, event, key) if placed else [],
        "colleagues": [(str(one.id), one.name) for one in await own.colleagues(session, key)] if placed else [],
    }


Ride = tuple[str, str, str, list[tuple[str, str]]]
"""Leg, what it is called, the seat that the person has (or nothing), and where they may board."""


async def _rides(session: Reader, event: Event, key: Key) -> list[Ride]:
    (vehicles,), (seats,) = await transport.vehicles(session, [event.id]), await transport.mine(session, [key])
    points = await transport.points(session, [one.id for one in vehicles])
    stops = [(vehicle, point) for vehicle, some in zip(vehicles, points, strict=True) for point in some]
    mine = {seat.leg: seat for seat in seats}

    def seat(leg: str) -> str:
        found = [one for one in stops if leg in mine and one[1].id == mine[leg].point_id]
        words = [wording.ride(event, *one) for one in found]
        return f"{words[0]} {_('Your seat: {number}', number=mine[leg].seat)}" if words else ""

    return [
        (
            leg,
            label,
            seat(leg),
            [(str(point.id), wording.ride(event, one, point)) for one, point in stops if one.leg == leg],
        )
        for leg, label in (("there", _("Journey there")), ("back", _("Journey back")))
        if any(one.leg == leg for one, _point in stops)
    ]


@post("/events/registration/{token:str}/register", page=True, status_code=303, right=access.BY_LINK)
async def register(request: AnyRequest, token: str) -> Response[Any]:
    async def act(runtime: Runtime, key: Key) -> str:
        said = await forms.read(request, Registering)
        done = await own.register(runtime, key, said.superior, direct=said.direct)
        if done.state != "registered":
            return _("You are on the waiting list.")
        return _("A place is kept for you.") if done.release == "pending" else _("You have a place.")

    return await _act(request, token, act)


@post("/events/registration/{token:str}/decline", page=True, status_code=303, right=access.BY_LINK)
async def decline(request: AnyRequest, token: str) -> Response[Any]:
    async def act(runtime: Runtime, key: Key) -> str:
        await forms.read(request, Nothing)
        await own.decline(runtime, key)
        return _("Thank you for telling us.")

    return await _act(request, token, act)


@post("/events/registration/{token:str}/superior", page=True, status_code=303, right=access.BY_LINK)
async def superior(request: AnyRequest, token: str) -> Response[Any]:
    async def act(runtime: Runtime, key: Key) -> str:
        await release.ask(runtime, *key, (await forms.read(request, Asking)).superior)
        return _("Your superior is asked by mail.")

    return await _act(request, token, act)


@post("/events/registration/{token:str}/needs", page=True, status_code=303, right=access.BY_LINK)
async def needs(request: AnyRequest, token: str) -> Response[Any]:
    async def act(runtime: Runtime, key: Key) -> str:
        said = await forms.read(request, Needing)
        await own.set_needs(
            runtime, key, said.diet, said.access, step_free=said.step_free, hearing_loop=said.hearing_loop
        )
        return _("The organiser knows what you need.")

    return await _act(request, token, act)


@post("/events/registration/{token:str}/seat", page=True, status_code=303, right=access.BY_LINK)
async def seat(request: AnyRequest, token: str) -> Response[Any]:
    async def act(runtime: Runtime, key: Key) -> str:
        await transport.board(runtime, key, (await forms.read(request, Seating)).point)
        return _("The seat is yours.")

    return await _act(request, token, act)


@post("/events/registration/{token:str}/leave-seat", page=True, status_code=303, right=access.BY_LINK)
async def leave_seat(request: AnyRequest, token: str) -> Response[Any]:
    async def act(runtime: Runtime, key: Key) -> str:
        await transport.alight(runtime, key, (await forms.read(request, Alighting)).leg)
        return _("The seat is free for others.")

    return await _act(request, token, act)


@post("/events/registration/{token:str}/hand-over", page=True, status_code=303, right=access.BY_LINK)
async def hand_over(request: AnyRequest, token: str) -> Response[Any]:
    async def act(runtime: Runtime, key: Key) -> str:
        await own.hand_over(runtime, key, (await forms.read(request, Replacing)).to)
        return _("Your colleague has taken over the place.")

    return await _act(request, token, act)


async def _act(request: AnyRequest, token: str, act: Any) -> Response[Any]:
    runtime = here(request)
    await _counted(runtime, CHANGES, token)
    key = await daylinks.of_event(runtime, token)
    try:
        done = await act(runtime, key)
    except (Refused, Conflict) as problem:
        return await _mine(request, token, _beside(request, problem), problem.status)
    return pages.redirect(request, f"/events/registration/{token}", flash=done)


def _beside(request: AnyRequest, problem: HubError) -> Form:
    """The form with what is wrong; what was refused without a field is about the address, where there was one."""
    if isinstance(problem, Refused) and not problem.problems and request.url.path.endswith(("/register", "/superior")):
        problem = Refused(problem.message, [Problem(problem.message, field="superior")])
    return forms.again(request, problem)


# The superior's release -----------------------------------------------------------------------------------------------


@get("/events/release/{token:str}", page=True, right=access.BY_LINK)
async def asked(request: AnyRequest, token: str) -> Response[Any]:
    """What is asked. Nothing is decided by looking."""
    await _counted(here(request), LOOKS, token)
    found = await release.asked(here(request), token)
    return await pages.page(
        request, "events/release.html", secret=True, token=token, found=found, date=wording.day(found.event)
    )


@post("/events/release/{token:str}", page=True, status_code=303, right=access.BY_LINK)
async def decide(request: AnyRequest, token: str) -> Response[Any]:
    """The decision, once; afterwards the page says what was decided."""
    await _counted(here(request), CHANGES, token)
    said = await forms.read(request, Decision)
    await release.decide(here(request), token, given=said.decision == "given")
    return pages.redirect(request, f"/events/release/{token}", flash=_("Thank you. Your decision is stored."))


# No invitations -------------------------------------------------------------------------------------------------------


@get("/events/invitations/{token:str}", page=True, right=access.BY_LINK)
async def invitations(request: AnyRequest, token: str) -> Response[Any]:
    await _counted(here(request), LOOKS, token)
    links.of_invitations(here(request).settings, token)
    return await pages.page(request, "events/invitations.html", secret=True, token=token, done=False)


@post("/events/invitations/{token:str}", page=True, status_code=200, right=access.BY_LINK)
async def end_invitations(request: AnyRequest, token: str) -> Response[Any]:
    """By our own page, and by mail programs, which send no cookies and read no page (RFC 8058): the link is enough."""
    runtime = here(request)
    await _counted(runtime, CHANGES, token)
    await own.no_invitations(runtime, links.of_invitations(runtime.settings, token))
    return await pages.page(request, "events/invitations.html", secret=True, token=token, done=True)


routes = [
    mine,
    register,
    decline,
    superior,
    needs,
    seat,
    leave_seat,
    hand_over,
    asked,
    decide,
    invitations,
    end_invitations,
]
