"""Who takes part, who waits in which place, who was let in against the rules and why, and what they need."""

import datetime as dt
import uuid
from collections.abc import Awaitable
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from sqlalchemy import select

from services.events import access, trips
from services.events.models import Event, Navigator, Registration
from services.events.registration import organising, reading, transport
from services.events.registration.reading import Standing
from services.events.registration.rules import ends
from services.events.web.organise import ground
from services.events.web.organise.ground import BASE, PAGE, REFUSALS, path_of
from services.events.web.registration import here
from services.kit import forms, pages
from services.kit.db import HUB, Reader, Writer
from services.kit.errors import NotFound
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest

MOST_COLLEAGUES: Final = 300
MOST_EXCEPTIONS: Final = 200
MOST_NEEDS: Final = 300
MOST_UNPREPARED: Final = 200
Reason = Annotated[str, msgspec.Meta(max_length=organising.LONGEST_REASON)]


class Admitting(msgspec.Struct, frozen=True):
    reason: Reason = ""
    without_release: bool = False


class Replacing(msgspec.Struct, frozen=True):
    comes: uuid.UUID


class Seating(msgspec.Struct, frozen=True):
    point: uuid.UUID


class Removing(msgspec.Struct, frozen=True):
    step: Literal["remove"] = "remove"


def states() -> dict[str, str]:
    """Where somebody stands, as people call it."""
    return {
        "invited": _("invited"),
        "registered": _("has a place"),
        "waiting": _("on the waiting list"),
        "offered": _("a place is offered"),
        "declined": _("declined"),
        "cancelled": _("cancelled"),
        "substituted": _("replaced by a colleague"),
    }


def releases() -> dict[str, str]:
    return {"pending": _("requested"), "given": _("given"), "refused": _("refused")}


@get(f"{BASE}/{{id:uuid}}/people", page=True, right=access.ORGANISER)
async def listed(
    request: AnyRequest,
    id: uuid.UUID,
    standing: str = "",
    release: str = "",
    city: str = "",
    q: str = "",
    after: str = "",
) -> Response[str]:
    """Registrations by name, those who wait in their order; without a registration, who takes part."""
    who = await ground.organiser(request)
    asked = {
        "standing": standing if standing in states() else "", "release": release if release in releases() else "",
        "city": city[:8], "q": q.strip()[:100].replace("\0", ""),
    }  # fmt: skip
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        cities = await ground.cities_of(session, event)
        (rules,) = await reading.rules(session, [event.id])
        counts = await reading.counts(session, event, rules) if rules else []
        exceptions = (await reading.exceptions(session, [event.id]))[0]
        rows, more = await _rows(session, event, asked, ground.cursor(after), opened=rules is not None)
        keys = [*(one.navigator_id for one in rows), *(one.navigator_id for one in exceptions if one.navigator_id)]
        names = await trips.names_of(session, keys)
    async with here(request).db.read(HUB) as session:
        unprepared = await reading.unprepared(session, event)
        names |= await trips.names_of(session, [key for key, _modules in unprepared[:MOST_UNPREPARED]])

    def at(**changes: str) -> str:
        query = urlencode({name: value for name, value in {**asked, **changes}.items() if value})
        return path_of(event, f"/people?{query}" if query else "/people")

    return await ground.page(
        request, "people", event, "/people", asked=asked, rows=rows, names=names, rules=rules, counts=counts,
        cities=cities, states=states(), releases=releases(), exceptions=exceptions[-MOST_EXCEPTIONS:],
        unprepared=unprepared[:MOST_UNPREPARED],
        first=at() if after else "", following=at(after=more) if more else "", filtered=any(asked.values()),
        went_against={"order": _("the order of the waiting list"), "quota": _("the city's quota"),
                      "places": _("the number of places"), "release": _("the superior's release")},
    )  # fmt: skip


async def _rows(
    session: Reader, event: Event, asked: dict[str, str], after: list[str] | None, *, opened: bool
) -> tuple[list[Standing], str]:
    """One page, and where the next begins."""
    city, name = asked["city"] or None, asked["q"]
    if opened:
        found, more = ground.following(
            await reading.page(
                session, event.id, PAGE + 1, after=after, city=city, name=name,
                states=[asked["standing"]] if asked["standing"] else [],
                releases=[asked["release"]] if asked["release"] else [],
            ),
            PAGE, lambda one: (one[1], str(one[0].navigator_id)),
        )  # fmt: skip
        return [one for one, _key in found], more
    people = await reading.participants(session, event.id, PAGE + 1, after=after, city=city, name=name)
    some, more = ground.following(people, PAGE, lambda one: (one.sort_key, str(one.id)))
    return [_there(event, one) for one in some], more


def _there(event: Event, one: Navigator) -> Standing:
    """Somebody who takes part without a registration."""
    return Standing(event.id, one.id, one.ags, "registered", "none", False, None, None, "")


# One person -----------------------------------------------------------------------------------------------------------


@get(f"{BASE}/{{id:uuid}}/people/{{person:uuid}}", page=True, right=access.ORGANISER)
async def one(request: AnyRequest, id: uuid.UUID, person: uuid.UUID) -> Response[str]:
    return await _one(request, id, person)


async def _one(
    request: AnyRequest, id: uuid.UUID, person: uuid.UUID, shown: Form = EMPTY, status: int = 200
) -> Response[str]:
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        row = await session.get(Navigator, person)
        cities = await ground.cities_of(session, event)
        if row is None or row.ags not in cities:
            raise NotFound(_("The directory has no such navigator."))
        (standing,) = await reading.standings(session, [(event.id, person)])
        there = await reading.participates(session, event.id, person)
        (rules,) = await reading.rules(session, [event.id])
        needs = [need for need in (await reading.needs(session, [event.id]))[0] if need.navigator_id == person]
        (vehicles,) = await transport.vehicles(session, [event.id])
        points = await transport.points(session, [one.id for one in vehicles])
        seats = await transport.aboard(session, [one.id for one in vehicles])
        colleagues = await _colleagues(session, event, row)
        substitute = (await trips.names_of(session, [standing.substitute])) if standing and standing.substitute else {}
    return await ground.page(
        request, "person", event, "/people", status=status, person=row, city=cities[row.ags], standing=standing,
        there=there, rules=rules, need=needs[0] if needs else None, shown=shown, states=states(), releases=releases(),
        colleagues=colleagues, substitute=next(iter(substitute.values()), ""),
        seats=[(vehicle, seat) for vehicle, some in zip(vehicles, seats, strict=True) for seat in some
               if seat.navigator_id == person],
        points=[(str(point.id), vehicle, point) for vehicle, some in zip(vehicles, points, strict=True)
                for point in some],
        over=ends(event.last_day, event.timezone) < dt.datetime.now(dt.UTC),
    )  # fmt: skip


async def _colleagues(session: Reader, event: Event, person: Navigator) -> list[tuple[str, str]]:
    """Of the same city, who has no place yet, by name."""
    placed = select(Registration.navigator_id).where(
        Registration.event_id == event.id, Registration.state == "registered"
    )
    query = select(Navigator.id, Navigator.name, Navigator.department).where(
        Navigator.ags == person.ags, Navigator.id != person.id, Navigator.id.not_in(placed)
    )
    found = await session.execute(query.order_by(Navigator.sort_key, Navigator.id).limit(MOST_COLLEAGUES))
    return [(str(id), f"{name} ({department})" if department else name) for id, name, department in found]


@post(f"{BASE}/{{id:uuid}}/people/{{person:uuid}}/admit", page=True, status_code=303, right=access.ORGANISER)
async def admit(request: AnyRequest, id: uuid.UUID, person: uuid.UUID) -> Response[Any]:
    """A place; against quota, capacity or order, and without a release, with a reason, which is kept."""
    try:
        said = await forms.read(request, Admitting)

        def work(session: Writer, event: Event) -> Awaitable[Event]:
            return organising.add(session, event, [str(person)], said.reason, without_release=said.without_release)

        await ground.change(request, id, work)
    except REFUSALS as problem:
        shown = ground.beside(request, problem, "reason")
        shown = shown if shown.problems else shown.at("reason")
        return await _one(request, id, person, shown, problem.status)
    return pages.redirect(request, path_of(id, f"/people/{person}"), flash=_("This person has a place."))


@post(f"{BASE}/{{id:uuid}}/people/{{person:uuid}}/remove", page=True, status_code=303, right=access.ORGANISER)
async def remove(request: AnyRequest, id: uuid.UUID, person: uuid.UUID) -> Response[Any]:
    """Out of the event and off the seats; the page of the person has the way back in."""
    await forms.read(request, Removing)
    await ground.change(request, id, lambda session, event: organising.remove(session, event, [str(person)]))
    return pages.redirect(request, path_of(id, f"/people/{person}"), flash=_("This person takes part no more."))


@post(f"{BASE}/{{id:uuid}}/people/{{person:uuid}}/substitute", page=True, status_code=303, right=access.ORGANISER)
async def substitute(request: AnyRequest, id: uuid.UUID, person: uuid.UUID) -> Response[Any]:
    try:
        comes = (await forms.read(request, Replacing)).comes
        await ground.change(
            request, id, lambda session, event: organising.substitute(session, event, str(person), str(comes))
        )
    except REFUSALS as problem:
        return await _one(request, id, person, ground.beside(request, problem, "comes"), problem.status)
    return pages.redirect(request, path_of(id, f"/people/{comes}"), flash=_("The colleague has taken over the place."))


@post(f"{BASE}/{{id:uuid}}/people/{{person:uuid}}/seat", page=True, status_code=303, right=access.ORGANISER)
async def seat(request: AnyRequest, id: uuid.UUID, person: uuid.UUID) -> Response[Any]:
    try:
        point = (await forms.read(request, Seating)).point
        await ground.change(
            request, id, lambda session, event: transport.seat(session, event, point, [str(person)]), say=False
        )
    except REFUSALS as problem:
        return await _one(request, id, person, ground.beside(request, problem, "point"), problem.status)
    return pages.redirect(request, path_of(id, f"/people/{person}"), flash=_("The seat is taken."))


# Needs ----------------------------------------------------------------------------------------------------------------


@get(f"{BASE}/{{id:uuid}}/people/needs", page=True, right=access.ORGANISER)
async def needs(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    """What people need on the day, counted and one by one; it is deleted afterwards."""
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        (found,) = await reading.needs(session, [event.id])
        names = await trips.names_of(session, [one.navigator_id for one in found[:MOST_NEEDS]])
    diets: dict[str, int] = {}
    for one in found:
        if one.diet:
            diets[one.diet] = diets.get(one.diet, 0) + 1
    return await ground.page(
        request, "needs", event, "/people/needs", needs=found[:MOST_NEEDS], more=max(0, len(found) - MOST_NEEDS),
        names=names, diets=sorted(diets.items(), key=lambda one: (-one[1], one[0]))[:MOST_NEEDS],
        step_free=sum(one.step_free for one in found), hearing_loop=sum(one.hearing_loop for one in found),
    )  # fmt: skip


routes = [listed, needs, one, admit, remove, substitute, seat]
