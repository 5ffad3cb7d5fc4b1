"""How an event gives its places: how many, to whom, until when, and whether a superior has to agree."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post

from services.events import access, trips
from services.events.draft import CLOCK
from services.events.models import Event, RegistrationRules
from services.events.registration import organising, reading, rules
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

FIELDS: Final = ("opensAt", "opensClock", "closesAt", "closesClock", "places", "sizes", "parties", "offerHours")
Clock = Annotated[str, msgspec.Meta(max_length=5)]
Lines = Annotated[str, msgspec.Meta(max_length=8_000)]


class Ruling(msgspec.Struct, frozen=True, rename="camel"):
    """`sizes` and `parties` are lines: `inhabitants = places` and `city = places`."""

    opens_at: dt.date | None = None
    opens_clock: Clock = ""
    closes_at: dt.date | None = None
    closes_clock: Clock = ""
    places: int | None = None
    sizes: Lines = ""
    parties: Lines = ""
    release_needed: bool = False
    offer_hours: int = rules.OFFER_HOURS
    seen: Seen = ""


@get(f"{BASE}/{{id:uuid}}/people/rules", page=True, right=access.ORGANISER)
async def show(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    return await _show(request, id)


async def _show(request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200) -> Response[str]:
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        (now,) = await reading.rules(session, [event.id])
        cities = await ground.cities_of(session, event)
    zone = ZoneInfo(event.timezone)
    return await ground.page(
        request, "rules", event, "/people/rules", status=status, shown=shown, rules=now, cities=cities,
        seen=seen.tag(_ruled(now)),
        opens=now.opens_at.astimezone(zone) if now and now.opens_at else None,
        closes=now.closes_at.astimezone(zone) if now and now.closes_at else None,
        sizes="\n".join(f"{least} = {places}" for least, places in now.sizes) if now else "",
        parties="\n".join(f"{cities.get(ags, ags)} = {n}" for ags, n in sorted(now.parties.items())) if now else "",
        released=now.release_needed if now else event.kind in rules.RELEASE_KINDS,
        offer_hours=now.offer_hours if now else rules.OFFER_HOURS,
    )  # fmt: skip


@post(f"{BASE}/{{id:uuid}}/people/rules", page=True, status_code=303, right=access.ORGANISER)
async def change(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def work(session: Writer, event: Event) -> bool:
        await trips.lock(session, event.id)
        (before,) = await reading.rules(session, [event.id])
        draft = _draft(said, event, await ground.cities_of(session, event))
        seen.check(said.seen, _ruled(before), _ruled(draft))
        await organising.set_rules(session, event, draft)
        return before is None

    try:
        said = await forms.read(request, Ruling)
        first = await ground.change(request, id, work)
    except REFUSALS as problem:
        return await _show(request, id, ground.beside(request, problem, *FIELDS), problem.status)
    # Whoever opens it invites next.
    path = path_of(id, "/people/invite" if first else "/people")
    return pages.redirect(request, path, flash=_("Registration gives its places like this from now on."))


def _draft(said: Ruling, event: Event, cities: dict[str, str]) -> rules.Draft:
    parties = tuple(
        (ground.keys_of(cities, [name], "parties")[0], places)
        for name, places in _lines(said.parties, "parties", _("Konstanz = 12"))
    )
    sizes = tuple((_number(name, "sizes"), places) for name, places in _lines(said.sizes, "sizes", _("20000 = 4")))
    return rules.Draft(
        _moment(event, said.opens_at, said.opens_clock or "00:00", "opensClock"),
        _moment(event, said.closes_at, said.closes_clock or "23:59", "closesClock"),
        said.places, sizes, parties, said.release_needed, said.offer_hours,
    )  # fmt: skip


def _ruled(now: RegistrationRules | rules.Draft | None) -> tuple[object, ...]:
    """What the form is about, also before registration is open."""
    if now is None:
        return ()
    opens_closes = now.opens_at, now.closes_at
    return (*opens_closes, now.places, now.sizes, dict(now.parties), now.release_needed, now.offer_hours)


def _moment(event: Event, day: dt.date | None, clock: str, field: str) -> dt.datetime | None:
    if day is None:
        return None
    if not CLOCK.fullmatch(clock):
        raise _wrong(field, _("A time looks like 09:30."))
    return dt.datetime.combine(day, dt.time.fromisoformat(clock), ZoneInfo(event.timezone)).astimezone(dt.UTC)


def _lines(text: str, field: str, example: str) -> Iterable[tuple[str, int]]:
    """What stands before and after the sign of equality in each line. Raises Refused."""
    found = []
    for number, line in enumerate(forms.lines(text), start=1):
        name, equals, places = (part.strip() for part in line.partition("="))
        if not (name and equals and places):
            raise _wrong(
                field, _("Line {number}: please write it like this: {example}", number=number, example=example)
            )
        found.append((name, _number(places, field)))
    return found


def _number(value: str, field: str) -> int:
    """Points and blanks that group digits are left out."""
    digits = value.replace(".", "").replace(" ", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        raise _wrong(field, _("Please write a number."))
    return int(digits)


def _wrong(field: str, words: str) -> Refused:
    return Refused(_("Please look at the fields that are named."), [Problem(words, field=field)])


routes = [show, change]
